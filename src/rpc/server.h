/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A server of libvirt's remote protocol over UNIX stream sockets, for one driver.
 * It belongs to the main loop and never blocks.
 */

#include "driver/session.h"
#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwServer VccwServer;

#define VCCW_SERVER_CLIENTS 5000 /* max_clients where nothing else is said */

/** VccwServerLimits: what clients may cost. Zeroed members mean the default. */
typedef struct {
    guint max_clients;         /* connections at once, read-write and read-only */
    guint reserved_clients;    /* of these, kept free for peers with uid 0 on the
                                  read-write socket; 100 */
    guint max_client_requests; /* calls of one client in flight; 5 */
    gsize max_input;           /* bytes that all clients' unfinished messages may hold
                                  together; 32 MiB */
    gsize max_output;          /* bytes that wait to be read by one client; 16 MiB */
    guint message_timeout;     /* seconds in which a message that was begun must be
                                  complete; 30 */
    guint keepalive_interval;  /* seconds; 5; -1 means never */
    guint keepalive_count;     /* 5 */
} VccwServerLimits;

/** VccwServerFunc: told when the number of clients becomes zero, or one again. */
typedef void (*VccwServerFunc)(guint clients, gpointer data);

/**
 * vccw_server_new:
 * @driver: must outlive the server
 * @limits: (nullable): copied
 *
 * Returns: (transfer full): a server without sockets.
 */
VccwServer *vccw_server_new(VccwDriver *driver, const VccwServerLimits *limits);

/** vccw_server_free: Closes every connection and socket at once. NULL is fine. */
void vccw_server_free(VccwServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwServer, vccw_server_free)

/**
 * vccw_server_listen: Accepts clients on a socket that is listening already.
 * @fd: (transfer full): the socket
 * @read_only: whether its clients may only read
 */
void vccw_server_listen(VccwServer *server, int fd, gboolean read_only);

/**
 * vccw_server_adopt: Serves a connected socket, as if it had been accepted.
 * @fd: (transfer full): the socket
 * @read_only: whether the client may only read
 */
void vccw_server_adopt(VccwServer *server, int fd, gboolean read_only);

/** vccw_server_stop: Accepts no one any more and closes each client as soon as its calls
 * are answered and flushed. */
void vccw_server_stop(VccwServer *server);

/** vccw_server_clients: Returns: the number of connections. */
guint vccw_server_clients(VccwServer *server);

/** vccw_server_set_func: Has @func called when the number of clients changes. */
void vccw_server_set_func(VccwServer *server, VccwServerFunc func, gpointer data);

G_END_DECLS
