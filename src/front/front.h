/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The front: listens where a stock daemon's clients look for it, and relays each of them.
 * It is one source of the main loop, whatever the number of its clients.
 */

#include "driver/driver.h"
#include "front/relay.h"
#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwFront VccwFront;

/** VccwFrontLimits: what relayed clients may cost. Zeroed members mean the default. */
typedef struct {
    guint max_clients;         /* connections at once; 5000 */
    guint reserved_clients;    /* of these, kept free for root; 100 */
    guint max_client_requests; /* calls of one client that we have not answered; 5 */
    gsize max_kept;            /* bytes of messages kept whole, of all; 64 MiB */
    gsize max_waiting;         /* bytes that wait to be sent, of all; 64 MiB */
    gsize max_output;          /* bytes that wait to be read by one client; 16 MiB */
    int keepalive_interval;    /* seconds; 5; -1 means never */
    guint keepalive_count;     /* 5 */
    gboolean access_control;   /* whether polkit is asked about each call of ours */
} VccwFrontLimits;

/** VccwFrontSocket: one socket that the front listens at. */
typedef struct {
    int fd;             /* listening; the front's from now on */
    gboolean read_only; /* whether its clients may only read */
    gboolean polkit;    /* whether polkit is asked about clients that are not root */
    const char *stock;  /* path of the stock daemon's socket; NULL for none; copied */
    const char *scheme; /* that "ccw" stands for behind this socket, or NULL; copied */
    gboolean spare;     /* whether our own devices are served without the stock daemon */
} VccwFrontSocket;

/**
 * vccw_front_new:
 * @driver: must outlive the front
 * @limits: (nullable): copied
 *
 * Returns: (transfer full): a front without sockets.
 */
VccwFront *vccw_front_new(VccwDriver *driver, const VccwFrontLimits *limits);

/** vccw_front_free: Closes every connection and socket at once. NULL is fine. */
void vccw_front_free(VccwFront *front);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwFront, vccw_front_free)

/** vccw_front_listen: Accepts clients on a socket. */
void vccw_front_listen(VccwFront *front, const VccwFrontSocket *socket);

/** vccw_front_stop: Accepts no one any more, and closes each connection as soon as what
 * waits is sent. */
void vccw_front_stop(VccwFront *front);

/** vccw_front_clients: Returns: the number of connections. */
guint vccw_front_clients(VccwFront *front);

/** vccw_front_set_func: Has @func called when the number of clients becomes zero, or one
 * again. */
void vccw_front_set_func(VccwFront *front,
                         void (*func)(guint clients, gpointer data),
                         gpointer data);

G_END_DECLS
