/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What relay.c shares with intake.c, and with nobody else. */

#include "front/relay.h"
#include "front/serials.h"
#include "front/side.h"

G_BEGIN_DECLS

#define VCCW_RELAY_HIGH     (256 * 1024) /* more to send, and the source must wait */
#define VCCW_RELAY_HIGH_ALL (16 * 1024)  /* the same while all have too much */

/** VccwEarly: what was received, but may not be looked at yet. */
typedef struct {
    GByteArray *bytes; /* NULL if there is nothing */
    gsize at;          /* of these, what has been looked at since */
    int fd;            /* that came with the last byte; -1 if none did */
} VccwEarly;

struct _VccwRelay {
    VccwSide client;
    VccwSide stock;
    VccwRelayHost *host;
    const VccwStock *behind;
    VccwRelayPeer peer;
    VccwActor actor;
    VccwAccount *account;
    VccwRelayPhase phase;
    gint64 phase_at;
    VccwSession *session;
    VccwEventIds *events;
    VccwOpening *opening;
    VccwAuthorizing *authorizing;
    GQueue asking;       /* of access.c */
    GHashTable *awaited; /* of a call's serial: what is to be done with the reply */
    VccwSerials passed;  /* calls whose replies are not looked at */
    VccwEarly early;     /* of the client */
    guint calls;         /* of the client that were looked at in this turn */
    gsize waiting;       /* bytes of both sides in the host's sum */
    gsize carried;       /* file descriptors of both sides in the host's sum */
    gboolean keepalive;
    gboolean ending; /* over when all is sent */
    gint64 ended_at;
    gboolean over;
};

/** vccw_relay_awaits: Returns: whether a message from the stock daemon has to be looked
 * at. */
gboolean vccw_relay_awaits(VccwRelay *relay, const VccwHeader *header);

/** vccw_relay_may_send: Returns: whether a message of the client can be told from those
 * whose replies are awaited here; if not, the relay is over. */
gboolean vccw_relay_may_send(VccwRelay *relay, const VccwHeader *header);

/** vccw_relay_note_call: A message is passed on as it is. */
void vccw_relay_note_call(VccwRelay *relay, const VccwHeader *header);

/** vccw_relay_note_reply: A message that was not awaited is passed on as it is. */
void vccw_relay_note_reply(VccwRelay *relay, const VccwHeader *header);

/** vccw_relay_take_reply: Takes a message that was awaited.
 * @message: (transfer full) */
void vccw_relay_take_reply(VccwRelay *relay, VccwMessage *message);

/** vccw_relay_lose_stock: The stock daemon is gone: the client is told as it would be by
 * the daemon itself, by the end of the connection, after what came before. */
void vccw_relay_lose_stock(VccwRelay *relay);

G_END_DECLS
