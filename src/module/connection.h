/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * libvirt's connections to the module: each is a session of its root's driver. Calls come
 * in any thread, several at once; each waits for its answer.
 *
 * A connection is found by its pointer, in a list of ours: so nothing of how libvirt lays
 * out a connection in memory needs to be known.
 */

#include "driver/operation.h"
#include "module/options.h"
#include <glib.h>
#include <libvirt/libvirt.h>

G_BEGIN_DECLS

/**
 * vccw_connection_open: Opens the root and the session.
 * @conn: being opened by libvirt
 * @flags: as in virConnectOpenAuth()
 *
 * Returns: FALSE with an error.
 */
gboolean vccw_connection_open(virConnectPtr conn,
                              const VccwOptions *options,
                              unsigned int flags,
                              GError **error);

/** vccw_connection_close: The opposite; libvirt does it when nobody uses @conn any more.
 */
void vccw_connection_close(virConnectPtr conn);

/**
 * vccw_connection_of: Returns: (transfer none): the connection of a node device or
 * domain, as libvirt has it in memory.
 */
virConnectPtr vccw_connection_of(gconstpointer object);

/**
 * vccw_connection_call: Calls an operation, and waits for the answer. A failure is raised
 * as libvirt raises its own.
 * @procedure: a number in the driver's table of operations
 * @ret_result: (out) (optional): to be released by vccw_connection_clear()
 *
 * Returns: FALSE if it failed.
 */
gboolean vccw_connection_call(virConnectPtr conn,
                              gint32 procedure,
                              const VccwArgs *args,
                              VccwResult *ret_result);

/** vccw_connection_clear: Releases what a result has. */
void vccw_connection_clear(VccwResult *result);

/** vccw_connection_done: Calls an operation without a result. Returns: 0; -1 if it
 * failed. */
int vccw_connection_done(virConnectPtr conn, gint32 procedure, const VccwArgs *args);

/** vccw_connection_number: Calls an operation. Returns: the number; -1 if it failed. */
gint64 vccw_connection_number(virConnectPtr conn, gint32 procedure, const VccwArgs *args);

/** vccw_connection_string: Calls an operation. Returns: (transfer full): the string; NULL
 * if it failed, or if there is none. */
char *vccw_connection_string(virConnectPtr conn, gint32 procedure, const VccwArgs *args);

/**
 * vccw_connection_fill_names: Calls an operation for one of libvirt's old lists.
 * @ret_names: an array of the caller's, for @max names, which are to be released by
 * free()
 *
 * Returns: how many there are now; -1 if it failed.
 */
int vccw_connection_fill_names(virConnectPtr conn,
                               gint32 procedure,
                               const VccwArgs *args,
                               char **const ret_names,
                               int max);

/** VccwConnectionEvents: of what, with a kind of event for each number. */
typedef enum {
    VCCW_CONNECTION_NODE_DEVICES, /* VIR_NODE_DEVICE_EVENT_ID_* */
    VCCW_CONNECTION_DOMAINS,      /* VIR_DOMAIN_EVENT_ID_* */
    VCCW_CONNECTION_EVENTS_LAST
} VccwConnectionEvents;

/**
 * vccw_connection_events: Has libvirt's queue be fed with a kind of event, from now on.
 *
 * Returns: (transfer none): the queue, libvirt's virObjectEventState; NULL if it failed,
 *   with the error raised.
 */
gpointer
vccw_connection_events(virConnectPtr conn, VccwConnectionEvents of, gint32 event);

/** vccw_connection_queue: Returns: (transfer none): the same queue, fed or not. */
gpointer vccw_connection_queue(virConnectPtr conn);

/** vccw_connection_deregister: Ends a callback. Returns: 0; -1 if it failed. */
int vccw_connection_deregister(virConnectPtr conn, int callback_id);

G_END_DECLS
