/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A side is one of the two peers of a relay: what comes in from it, and what it is sent.
 *
 * Messages of other origin than the other side never fall into the middle of one that is
 * being passed on: they wait until it has ended.
 */

#include "front/message.h"

G_BEGIN_DECLS

/** VccwSide: see vccw_side_init(). */
typedef struct {
    VccwPort port;  /* first: a port is its side */
    VccwBuffer own; /* our messages for it, to be followed by vccw_side_settle() */
    GQueue delayed; /* of VccwMessage: passed on after @own */
    gboolean mid;   /* the end of what it was sent is not the end of a message */

    VccwCutter cutter;
    VccwMessage *message; /* that is being kept, or NULL: it is being passed on */
    gboolean swallow;     /* the message under way goes nowhere */
    gint64 begun_at;      /* of the message under way; 0 if there is none */
    gint64 heard_at;      /* something came, or was not listened to */
    guint pings;          /* sent since */
    guint generation;     /* counts its connections */
    gboolean stalled;     /* it had something to read at the last tick, */
    guint64 sent;         /* having read so much */
} VccwSide;

/** vccw_side_init:
 * @owner: of the port
 * @fd: (transfer full): a connected non-blocking socket, or -1 */
void vccw_side_init(VccwSide *side, gpointer owner, int fd);

/** vccw_side_connect: Forgets all of the connection before.
 * @fd: (transfer full): a connected non-blocking socket, or -1 */
void vccw_side_connect(VccwSide *side, int fd);

/** vccw_side_clear: Closes the socket and forgets all that waits. */
void vccw_side_clear(VccwSide *side);

/** vccw_side_forget: Forgets our messages that wait for the end of another one. */
void vccw_side_forget(VccwSide *side);

/** vccw_side_settle: Lets what is ours follow, unless a message is being passed on. */
void vccw_side_settle(VccwSide *side);

/** vccw_side_waiting: Returns: the number of bytes that it has yet to be sent. */
gsize vccw_side_waiting(const VccwSide *side);

/** vccw_side_has_stalled: To be called about once in a second. Returns: whether it has
 * read nothing since the last time, though there was something all the time. */
gboolean vccw_side_has_stalled(VccwSide *side);

G_END_DECLS
