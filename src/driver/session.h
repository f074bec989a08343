/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A session is one client's connection as the driver sees it: whether it is open, what it
 * may do, and which events it listens to. Sessions, like the driver, belong to the main
 * loop.
 */

#include "driver/operation.h"
#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwDriver VccwDriver;
typedef struct _VccwSession VccwSession;

/** VccwSessionSink: where a session's events go. It may end other sessions, but not its
 * own. */
typedef struct {
    /**
     * lifecycle: a node device was created (0), deleted (1), defined (2), undefined (3).
     * @callback_id: what NodeDeviceEventRegisterAny answered
     */
    void (*lifecycle)(gpointer data,
                      gint32 callback_id,
                      const char *name,
                      gint32 event,
                      gint32 detail);
    /** update: a node device's description changed. */
    void (*update)(gpointer data, gint32 callback_id, const char *name);
    /** domain_lifecycle: (nullable): a domain was defined (0) or undefined (1).
     * @detail: VIR_DOMAIN_EVENT_DEFINED_* or VIR_DOMAIN_EVENT_UNDEFINED_* */
    void (*domain_lifecycle)(gpointer data,
                             gint32 callback_id,
                             const VccwDomainRef *domain,
                             gint32 event,
                             gint32 detail);
    /** domain_metadata: (nullable): a domain's metadata changed.
     * @type: VIR_DOMAIN_METADATA_*
     * @uri: (nullable): the namespace of VIR_DOMAIN_METADATA_ELEMENT */
    void (*domain_metadata)(gpointer data,
                            gint32 callback_id,
                            const VccwDomainRef *domain,
                            gint32 type,
                            const char *uri);
} VccwSessionSink;

/**
 * VccwCallDone: the answer to vccw_session_call(); exactly one of @result and @error is
 * set. Both stay the driver's.
 */
typedef void (*VccwCallDone)(const VccwResult *result,
                             const GError *error,
                             gpointer data);

/**
 * vccw_session_new:
 * @driver: must outlive the session
 * @read_only: whether the connection came in by the read-only socket
 * @sink: receives events; copied
 * @data: handed to @sink
 *
 * Returns: (transfer full): a session that is not open yet.
 */
VccwSession *vccw_session_new(VccwDriver *driver,
                              gboolean read_only,
                              const VccwSessionSink *sink,
                              gpointer data);

/**
 * vccw_session_free: Ends a session: calls that are still unanswered are answered with an
 * error first (their work goes on), events stop. NULL is fine.
 */
void vccw_session_free(VccwSession *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSession, vccw_session_free)

/**
 * vccw_session_check: Whether the session may call an operation now. To be asked before
 * any argument is decoded.
 *
 * Returns: FALSE with VCCW_ERROR_READ_ONLY, or VCCW_ERROR_INTERNAL if the connection is
 * not open.
 */
gboolean
vccw_session_check(VccwSession *session, const VccwOperation *operation, GError **error);

/**
 * vccw_session_call: Calls an operation, if vccw_session_check() allows it.
 * @args: as the operation's shape wants it; copied
 * @done: called exactly once, maybe before this function returns
 * @data: handed to @done
 */
void vccw_session_call(VccwSession *session,
                       const VccwOperation *operation,
                       const VccwArgs *args,
                       VccwCallDone done,
                       gpointer data);

G_END_DECLS
