/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Most messages are never held: their bytes are appended to what the other side is sent,
 * piece by piece. A message is kept whole only if the route says that it has to be looked
 * at. When one side does not read, nothing more is received from the other, so a slow
 * reader costs its own connection's speed and a bounded amount of memory.
 *
 * What is ours never falls into the middle of a message that is being passed on: it waits
 * in @own or @delayed until that message has ended.
 *
 * While the stock daemon is being asked to open the connection, nothing that came after
 * the client's call is looked at; what had been received already waits in @early.
 *
 * A relay is never freed by what it causes itself: it is marked, and the front frees it.
 */

#include "front/relay.h"
#include "base/io.h"
#include "front/authorize.h"
#include "front/events.h"
#include "front/open.h"
#include "front/own.h"
#include "front/route.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <string.h>
#include <virtccw/error.h>

#define WAITING_HIGH (256 * 1024) /* more than this to send, and the source must wait */
#define BEGUN_MAX    (30 * G_TIME_SPAN_SECOND) /* for a message that was begun */
#define OPEN_MAX \
    (60 * G_TIME_SPAN_SECOND) /* for the client, or the stock daemon, to open it */
#define END_MAX     (30 * G_TIME_SPAN_SECOND) /* for the client to read the last answers */
#define CARRIED_MAX 64                        /* file descriptors that wait on one side */

typedef struct {
    VccwRelayReply func;
    gpointer data;
    GDestroyNotify destroy;
} Awaited;

/* One side: what comes in from it, and what it is sent. */
typedef struct {
    VccwPort port;  /* first: a port is its side */
    VccwBuffer own; /* our messages for it */
    GQueue delayed; /* of VccwMessage: passed on after @own */
    gboolean mid;   /* the end of what it was sent is not the end of a message */
    VccwCutter cutter;
    VccwMessage *message; /* that is being kept, or NULL: it is being passed on */
    gboolean swallow;     /* the message under way goes nowhere */
    gint64 begun_at;      /* of the message under way; 0 if there is none */
    gint64 heard_at;
    guint pings;
} Side;

struct _VccwRelay {
    Side client;
    Side stock;
    VccwRelayHost *host;
    const VccwStock *behind;
    VccwRelayPeer peer;
    VccwRelayPhase phase;
    gint64 phase_at;
    VccwSession *session;
    VccwEventIds *events;
    VccwOpening *opening;
    VccwAuthorizing *authorizing;
    GHashTable *awaited; /* of a call's serial: Awaited */
    GByteArray *early;   /* received, but not to be looked at yet; or NULL */
    int early_fd;        /* that came with its last byte */
    gboolean keepalive;
    gboolean ending; /* over when all is sent */
    gint64 ended_at;
    gboolean over;
};

static void
awaited_free(gpointer data)
{
    Awaited *awaited = data;

    if (awaited->data && awaited->destroy)
        awaited->destroy(awaited->data);
    g_free(awaited);
}

static void
side_init(Side *side, VccwRelay *relay, int fd)
{
    side->port.fd = fd;
    side->port.owner = relay;
    side->heard_at = g_get_monotonic_time();
}

VccwRelay *
vccw_relay_new(VccwRelayHost *host,
               const VccwStock *stock,
               int fd,
               const VccwRelayPeer *peer)
{
    VccwRelay *relay = g_new0(VccwRelay, 1);

    relay->host = host;
    relay->behind = stock;
    relay->peer = *peer;
    relay->phase = peer->polkit ? VCCW_RELAY_AUTH : VCCW_RELAY_UNOPENED;
    relay->phase_at = g_get_monotonic_time();
    relay->early_fd = -1;
    relay->awaited =
        g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, awaited_free);
    side_init(&relay->client, relay, fd);
    side_init(&relay->stock, relay, -1);
    relay->events = vccw_event_ids_new(relay);
    relay->session = vccw_session_new(host->driver, peer->read_only,
                                      vccw_event_ids_sink(), relay->events);
    return relay;
}

static void
forget_message(VccwRelay *relay, Side *side)
{
    if (side->message)
        relay->host->kept -= side->message->payload->len;
    g_clear_pointer(&side->message, vccw_message_free);
}

static void
forget_early(VccwRelay *relay)
{
    g_clear_pointer(&relay->early, g_byte_array_unref);
    vccw_fd_clear(&relay->early_fd);
}

static void
side_clear(Side *side)
{
    vccw_port_clear(&side->port);
    vccw_buffer_clear(&side->own);
    g_queue_clear_full(&side->delayed, (GDestroyNotify)vccw_message_free);
}

void
vccw_relay_free(VccwRelay *relay)
{
    if (!relay)
        return;
    relay->over = TRUE;
    vccw_session_free(relay->session);
    vccw_event_ids_free(relay->events);
    vccw_opening_free(relay->opening);
    vccw_authorizing_free(relay->authorizing);
    g_hash_table_unref(relay->awaited);
    forget_message(relay, &relay->client);
    forget_message(relay, &relay->stock);
    forget_early(relay);
    side_clear(&relay->client);
    side_clear(&relay->stock);
    g_free(relay->peer.label);
    g_free(relay);
}

VccwPort *
vccw_relay_client_port(VccwRelay *relay)
{
    return &relay->client.port;
}

VccwPort *
vccw_relay_stock_port(VccwRelay *relay)
{
    return &relay->stock.port;
}

static void
touch(VccwRelay *relay)
{
    relay->host->touched(relay, relay->host->data);
}

/* Lets what is ours follow, if no message is being passed on. */
static void
settle(Side *side)
{
    VccwMessage *message;

    if (side->mid)
        return;
    vccw_port_appended(&side->port, vccw_buffer_length(&side->own));
    vccw_buffer_move(&side->port.out, &side->own);
    while ((message = g_queue_pop_head(&side->delayed))) {
        vccw_message_send(message, &side->port);
        vccw_message_free(message);
    }
}

static gsize
waiting(const Side *side)
{
    return vccw_port_waiting(&side->port) + vccw_buffer_length(&side->own);
}

void
vccw_relay_drop(VccwRelay *relay, const char *reason)
{
    if (!relay->over)
        vccw_quiet_message(&relay->host->drops,
                           "a relayed client of user %u, process %d, is dropped: %s",
                           relay->peer.uid, relay->peer.pid, reason);
    relay->over = TRUE;
    touch(relay);
}

void
vccw_relay_end(VccwRelay *relay)
{
    if (!relay->ending)
        relay->ended_at = g_get_monotonic_time();
    relay->ending = TRUE;
    touch(relay);
}

gboolean
vccw_relay_is_over(const VccwRelay *relay)
{
    return relay->over || relay->client.port.broken ||
           (relay->ending && waiting(&relay->client) == 0);
}

gboolean
vccw_relay_wants_input(const VccwRelay *relay, const VccwPort *port)
{
    const Side *other = port == &relay->client.port ? &relay->stock : &relay->client;

    if (relay->over || relay->ending || port->fd < 0)
        return FALSE;
    if (port == &relay->client.port &&
        (relay->phase == VCCW_RELAY_OPENING || relay->early ||
         waiting(&relay->client) > WAITING_HIGH))
        return FALSE;
    return waiting(other) <= WAITING_HIGH && other->port.carried.length < CARRIED_MAX;
}

void
vccw_relay_flush(VccwRelay *relay)
{
    vccw_port_flush(&relay->client.port);
    vccw_port_flush(&relay->stock.port);
}

VccwBuffer *
vccw_relay_output(VccwRelay *relay)
{
    return &relay->client.own;
}

void
vccw_relay_put(VccwRelay *relay)
{
    settle(&relay->client);
    if (waiting(&relay->client) > relay->host->max_output)
        vccw_relay_drop(relay, "it does not read what it is sent");
    touch(relay);
}

void
vccw_relay_answer(VccwRelay *relay, VccwMessage *message)
{
    g_queue_push_tail(&relay->client.delayed, message);
    vccw_relay_put(relay);
}

void
vccw_relay_fail(VccwRelay *relay, const VccwHeader *call, const GError *error)
{
    vccw_codec_put_gerror(&relay->client.own, call, error);
    vccw_relay_put(relay);
}

gboolean
vccw_relay_has_stock(const VccwRelay *relay)
{
    return relay->stock.port.fd >= 0;
}

void
vccw_relay_forward(VccwRelay *relay, VccwMessage *message)
{
    if (!vccw_relay_has_stock(relay)) {
        vccw_own_refuse(relay, &message->header);
        vccw_message_free(message);
        return;
    }
    g_queue_push_tail(&relay->stock.delayed, message);
    settle(&relay->stock);
    touch(relay);
}

void
vccw_relay_ask(VccwRelay *relay,
               VccwMessage *message,
               VccwRelayReply func,
               gpointer data,
               GDestroyNotify destroy)
{
    Awaited *awaited = g_new(Awaited, 1);

    *awaited = (Awaited){ func, data, destroy };
    g_hash_table_replace(relay->awaited, GUINT_TO_POINTER(message->header.serial),
                         awaited);
    vccw_relay_forward(relay, message);
}

/* Whether a message from the stock daemon has to be looked at. */
static gboolean
is_awaited(VccwRelay *relay, const VccwHeader *header)
{
    if (vccw_header_is_reply(header))
        return g_hash_table_contains(relay->awaited, GUINT_TO_POINTER(header->serial));
    return header->program == VCCW_WIRE_REMOTE && header->type == VCCW_WIRE_MESSAGE &&
           (header->procedure == VCCW_WIRE_EVENT_LIFECYCLE ||
            header->procedure == VCCW_WIRE_EVENT_UPDATE);
}

static Side *
other_side(VccwRelay *relay, const Side *side)
{
    return side == &relay->client ? &relay->stock : &relay->client;
}

static void
take_keepalive(VccwRelay *relay, Side *side)
{
    const VccwHeader *header = &side->cutter.header;

    /* Who has so much to read knows that we live. */
    if (header->type != VCCW_WIRE_MESSAGE || header->procedure != VCCW_WIRE_PING ||
        waiting(side) > WAITING_HIGH)
        return;
    vccw_codec_put_pong(&side->own);
    settle(side);
    touch(relay);
}

static void
refuse_message(VccwRelay *relay, Side *side, const char *why)
{
    g_autoptr(GError) error =
        g_error_new(VCCW_ERROR, VCCW_ERROR_TOO_LARGE, "a message of %u bytes %s",
                    side->cutter.length, why);

    if (side != &relay->client) {
        vccw_relay_drop(relay, "the stock daemon's answer is too large for now");
        return;
    }
    vccw_relay_fail(relay, &side->cutter.header, error);
    forget_message(relay, side);
    side->swallow = TRUE;
}

/* What becomes of the message that begins with this head. */
static void
take_head(VccwRelay *relay, Side *side, const VccwPiece *head)
{
    const VccwHeader *header = &side->cutter.header;
    gboolean from_client = side == &relay->client;
    Side *other = other_side(relay, side);

    side->swallow = header->program == VCCW_WIRE_KEEPALIVE;
    if (side->swallow) {
        take_keepalive(relay, side);
        return;
    }
    if (from_client ? vccw_route_keeps(relay, header) : is_awaited(relay, header)) {
        side->message = vccw_message_new(header);
        if (side->cutter.carriers &&
            !(from_client && vccw_route_takes_fds(relay, header)))
            refuse_message(relay, side,
                           "comes with file descriptors, which none of ours takes");
        return;
    }
    side->swallow = other->port.fd < 0;
    if (side->swallow)
        return;
    vccw_port_append(&other->port, head->data, head->size);
    other->mid = TRUE;
    touch(relay);
}

static void
take_payload(VccwRelay *relay, Side *side, const VccwPiece *piece)
{
    Side *other = other_side(relay, side);

    if (side->swallow)
        return;
    if (!side->message) {
        vccw_port_append(&other->port, piece->data, piece->size);
        return;
    }
    if (side == &relay->client &&
        side->cutter.length > vccw_route_longest(relay, &side->cutter.header)) {
        refuse_message(relay, side, "is too long for this call; send less at once");
    } else if (relay->host->kept + piece->size > relay->host->kept_max) {
        refuse_message(relay, side,
                       "has no room while others are unfinished; try again later");
    } else {
        g_byte_array_append(side->message->payload, piece->data, piece->size);
        relay->host->kept += piece->size;
    }
}

static void
take_carrier(VccwRelay *relay, Side *side, int *fd)
{
    Side *other = other_side(relay, side);

    if (*fd < 0) {
        vccw_relay_drop(relay, "it announced file descriptors and sent none");
    } else if (side->swallow) {
        vccw_fd_clear(fd);
    } else if (side->message) {
        side->message->fds[side->message->n_fds++] = vccw_fd_steal(fd);
    } else {
        vccw_port_append_fd(&other->port, vccw_fd_steal(fd));
    }
}

static void
take_reply(VccwRelay *relay, VccwMessage *message)
{
    gpointer serial = GUINT_TO_POINTER(message->header.serial);
    gpointer stolen = NULL;
    Awaited *awaited;

    if (!vccw_header_is_reply(&message->header)) {
        vccw_event_ids_from_stock(relay->events, message);
        return;
    }
    g_hash_table_steal_extended(relay->awaited, serial, NULL, &stolen);
    awaited = stolen;
    if (awaited)
        awaited->func(relay, message, awaited->data);
    else
        vccw_message_free(message);
    g_free(awaited);
}

static void
take_end(VccwRelay *relay, Side *side)
{
    VccwMessage *message = g_steal_pointer(&side->message);
    Side *other = other_side(relay, side);

    side->begun_at = 0;
    if (!message && !side->swallow) {
        other->mid = FALSE;
        settle(other);
    }
    side->swallow = FALSE;
    if (!message)
        return;
    relay->host->kept -= message->payload->len;
    if (side == &relay->client)
        vccw_route_call(relay, message);
    else
        take_reply(relay, message);
}

/* What is left of the bytes when the client has to wait for the connection to be open. */
static gboolean
put_aside(VccwRelay *relay, Side *side, const guint8 *data, gsize size, int *fd)
{
    if (side != &relay->client || relay->phase != VCCW_RELAY_OPENING || size == 0)
        return FALSE;
    relay->early = g_byte_array_append(g_byte_array_new(), data, size);
    relay->early_fd = vccw_fd_steal(fd);
    return TRUE;
}

static void
take_bytes(VccwRelay *relay, Side *side, const guint8 *data, gsize size, int *fd)
{
    while (!relay->over && !relay->ending && !put_aside(relay, side, data, size, fd)) {
        VccwPiece piece = vccw_cutter_next(&side->cutter, &data, &size);

        switch (piece.kind) {
        case VCCW_PIECE_MORE:
            return;
        case VCCW_PIECE_HEAD:
            side->begun_at = side->heard_at;
            take_head(relay, side, &piece);
            break;
        case VCCW_PIECE_PAYLOAD:
            take_payload(relay, side, &piece);
            break;
        case VCCW_PIECE_CARRIER:
            take_carrier(relay, side, fd);
            break;
        case VCCW_PIECE_END:
            take_end(relay, side);
            break;
        case VCCW_PIECE_BROKEN:
            vccw_relay_drop(relay, "it does not speak libvirt's remote protocol");
            return;
        }
    }
}

/* A descriptor that no byte was announced to carry is a breach of the protocol. */
static void
check_unclaimed(VccwRelay *relay, int *fd)
{
    if (*fd < 0)
        return;
    vccw_fd_clear(fd);
    if (!relay->over && !relay->ending)
        vccw_relay_drop(relay, "it sent a file descriptor that it had not announced");
}

/* The stock daemon is gone: the client is told as it would be by the daemon itself, by
 * the end of the connection, after what came before. */
static void
lose_stock(VccwRelay *relay)
{
    /* What would have followed the message that now never ends can go nowhere. */
    if (relay->client.mid) {
        vccw_buffer_clear(&relay->client.own);
        g_queue_clear_full(&relay->client.delayed, (GDestroyNotify)vccw_message_free);
    }
    if (relay->phase == VCCW_RELAY_OPENING)
        vccw_open_failed(relay, NULL);
    else
        vccw_relay_end(relay);
}

void
vccw_relay_receive(VccwRelay *relay, VccwPort *port)
{
    Side *side = (Side *)port;
    int fd = -1;
    gssize n;

    if (!vccw_relay_wants_input(relay, port))
        return;
    n = vccw_port_receive(port, relay->host->scratch, VCCW_RELAY_RECEIVE, &fd);
    if (n > 0) {
        side->heard_at = g_get_monotonic_time();
        side->pings = 0;
        take_bytes(relay, side, relay->host->scratch, n, &fd);
        check_unclaimed(relay, &fd);
    }
    if (port == &relay->stock.port && port->broken)
        lose_stock(relay);
}

void
vccw_relay_hung_up(VccwRelay *relay, VccwPort *port)
{
    /* What the stock daemon sent before it went is still to be passed on. */
    if (port == &relay->stock.port)
        port->hung_up = TRUE;
    else
        relay->over = TRUE;
}

static void
take_early(VccwRelay *relay)
{
    GByteArray *early = g_steal_pointer(&relay->early);
    int fd = vccw_fd_steal(&relay->early_fd);

    if (!early)
        return;
    take_bytes(relay, &relay->client, early->data, early->len, &fd);
    check_unclaimed(relay, &fd);
    g_byte_array_unref(early);
}

void
vccw_relay_set_phase(VccwRelay *relay, VccwRelayPhase phase)
{
    relay->phase = phase;
    relay->phase_at = g_get_monotonic_time();
    if (phase != VCCW_RELAY_OPENING)
        take_early(relay);
    touch(relay);
}

static void
tick_side(VccwRelay *relay, Side *side, const char *silent, gint64 now)
{
    const VccwRelayHost *host = relay->host;

    /* While we do not listen, it is not the other side that is silent. */
    if (!vccw_relay_wants_input(relay, &side->port)) {
        side->heard_at = now;
        side->begun_at = side->begun_at && !side->message ? now : side->begun_at;
    }
    if (host->interval == 0 || now - side->heard_at < host->interval * G_TIME_SPAN_SECOND)
        return;
    if (side->pings++ >= host->count) {
        vccw_relay_drop(relay, silent);
        return;
    }
    side->heard_at = now;
    vccw_codec_put_ping(&side->own);
    settle(side);
    touch(relay);
}

void
vccw_relay_tick(VccwRelay *relay, gint64 now)
{
    if (relay->ending && now - relay->ended_at > END_MAX)
        vccw_relay_drop(relay, "it does not read the last answers");
    if (relay->phase < VCCW_RELAY_OPENING && !relay->authorizing &&
        now - relay->phase_at > OPEN_MAX)
        vccw_relay_drop(relay, "it did not open its connection");
    if (relay->over || relay->ending)
        return;
    if (relay->keepalive)
        tick_side(relay, &relay->client, "it does not answer keepalive messages", now);
    if (vccw_relay_has_stock(relay))
        tick_side(relay, &relay->stock,
                  "the stock daemon does not answer keepalive messages", now);
    if (relay->client.begun_at && now - relay->client.begun_at > BEGUN_MAX &&
        relay->client.message)
        vccw_relay_drop(relay, "it began a message and did not finish it");
    if (relay->phase == VCCW_RELAY_OPENING && now - relay->phase_at > OPEN_MAX)
        vccw_open_failed(relay, NULL);
}

gboolean
vccw_relay_is_gone(const VccwRelay *relay)
{
    return relay->over;
}

const VccwRelayPeer *
vccw_relay_peer(const VccwRelay *relay)
{
    return &relay->peer;
}

VccwSession *
vccw_relay_session(VccwRelay *relay)
{
    return relay->session;
}

VccwRelayHost *
vccw_relay_host(VccwRelay *relay)
{
    return relay->host;
}

VccwRelayPhase
vccw_relay_phase(const VccwRelay *relay)
{
    return relay->phase;
}

const VccwStock *
vccw_relay_stock(const VccwRelay *relay)
{
    return relay->behind;
}

void
vccw_relay_set_keepalive(VccwRelay *relay)
{
    relay->keepalive = TRUE;
}

VccwEventIds *
vccw_relay_events(VccwRelay *relay)
{
    return relay->events;
}

void
vccw_relay_connect(VccwRelay *relay, int fd)
{
    Side *side = &relay->stock;

    forget_message(relay, side);
    side_clear(side);
    g_hash_table_remove_all(relay->awaited);
    *side = (Side){ 0 };
    side_init(side, relay, fd);
    touch(relay);
}

VccwOpening **
vccw_relay_opening(VccwRelay *relay)
{
    return &relay->opening;
}

VccwAuthorizing **
vccw_relay_authorizing(VccwRelay *relay)
{
    return &relay->authorizing;
}
