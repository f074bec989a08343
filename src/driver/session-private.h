/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the driver and its operations, but not its faces, do with a session. */

#include "driver/session.h"
#include <glib.h>

G_BEGIN_DECLS

/** vccw_session_driver: Returns: the driver that the session belongs to. */
VccwDriver *vccw_session_driver(VccwSession *session);

/** vccw_session_read_only: Returns: whether writes are refused. */
gboolean vccw_session_read_only(VccwSession *session);

/**
 * vccw_session_open: Marks the session open.
 * @read_only: whether the client asked for a read-only connection; it cannot undo that of
 *   its socket
 *
 * Returns: FALSE with VCCW_ERROR_OPERATION_INVALID if it is open already.
 */
gboolean vccw_session_open(VccwSession *session, gboolean read_only, GError **error);

/** vccw_session_close: Ends the session's registrations and marks it closed. */
void vccw_session_close(VccwSession *session);

/**
 * vccw_session_subscribe:
 * @event: VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE or _UPDATE
 * @device: (nullable): a node-device name, or NULL for all
 *
 * Returns: the callback ID; -1 with VCCW_ERROR_INVALID_ARG for an unknown event or one
 *   that the session listens to already, VCCW_ERROR_NO_NODE_DEVICE if @device is not a
 *   name of any device, present or not, or VCCW_ERROR_BUSY if the session has too many.
 */
gint32 vccw_session_subscribe(VccwSession *session,
                              gint32 event,
                              const char *device,
                              GError **error);

/**
 * vccw_session_subscribe_domain:
 * @event: VIR_DOMAIN_EVENT_ID_*; most of them never happen here
 * @uuid: (nullable): of a domain, or NULL for all
 *
 * Returns: the callback ID; -1 with the errors of vccw_session_subscribe().
 */
gint32 vccw_session_subscribe_domain(VccwSession *session,
                                     gint32 event,
                                     const VccwUuid *uuid,
                                     GError **error);

/**
 * vccw_session_unsubscribe:
 * @of_domain: whether it is one of vccw_session_subscribe_domain()
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG if the session has no such callback ID.
 */
gboolean vccw_session_unsubscribe(VccwSession *session,
                                  gboolean of_domain,
                                  gint32 callback_id,
                                  GError **error);

/** vccw_session_lifecycle: Hands an event to the subscriptions that match. */
void vccw_session_lifecycle(VccwSession *session, const char *name, gint32 event);

/** vccw_session_update: Hands an event to the subscriptions that match. */
void vccw_session_update(VccwSession *session, const char *name);

/** vccw_session_domain_lifecycle: Hands an event to the subscriptions that match. */
void vccw_session_domain_lifecycle(VccwSession *session,
                                   const VccwDomainRef *domain,
                                   gint32 event,
                                   gint32 detail);

/** vccw_session_domain_metadata: Hands an event to the subscriptions that match. */
void vccw_session_domain_metadata(VccwSession *session,
                                  const VccwDomainRef *domain,
                                  gint32 type,
                                  const char *uri);

/** vccw_session_forget_call: Takes a call that was answered off the session's list. */
void vccw_session_forget_call(VccwSession *session, VccwCall *call);

G_END_DECLS
