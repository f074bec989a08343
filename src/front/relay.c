/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a relay is in whole, and what others may do with it; what comes in by its two
 * sides is in intake.c.
 *
 * A relay is never freed by what it causes itself: it is marked, and the front frees it.
 */

#include "front/relay.h"
#include "base/io.h"
#include "front/access.h"
#include "front/authorize.h"
#include "front/events.h"
#include "front/intake.h"
#include "front/open.h"
#include "front/own.h"
#include "front/relay-private.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"

#define BEGUN_MAX (30 * G_TIME_SPAN_SECOND) /* for a message that was begun */
#define OPEN_MAX \
    (60 * G_TIME_SPAN_SECOND) /* for the client, or the stock daemon, to open it */
#define SPARE_MAX (3 * G_TIME_SPAN_SECOND)  /* the same, if we can serve without it */
#define END_MAX   (30 * G_TIME_SPAN_SECOND) /* for the client to read the last answers */

typedef struct {
    VccwRelayReply func;
    gpointer data;
    GDestroyNotify destroy;
} Awaited;

static void
awaited_free(gpointer data)
{
    Awaited *awaited = data;

    if (awaited->data && awaited->destroy)
        awaited->destroy(awaited->data);
    g_free(awaited);
}

static VccwAccount *
new_account(VccwRelayHost *host, const VccwRelayPeer *peer)
{
    VccwAccount *account = g_rc_box_new0(VccwAccount);

    account->bytes = host->kept;
    account->uid = peer->uid;
    account->read_only = peer->read_only;
    return account;
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
    relay->actor = (VccwActor){ peer->uid, peer->pid, peer->start };
    relay->phase = peer->polkit ? VCCW_RELAY_AUTH : VCCW_RELAY_UNOPENED;
    relay->phase_at = g_get_monotonic_time();
    relay->account = new_account(host, peer);
    relay->early.fd = -1;
    relay->awaited =
        g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, awaited_free);
    vccw_side_init(&relay->client, relay, fd);
    vccw_side_init(&relay->stock, relay, -1);
    relay->events = vccw_event_ids_new(relay);
    relay->session = vccw_session_new(host->driver, peer->read_only,
                                      vccw_event_ids_sink(), relay->events);
    return relay;
}

/* Brings what the relay has in the sums of all up to date. */
static void
count(VccwRelay *relay)
{
    VccwRelayHost *host = relay->host;
    gsize carried = relay->client.port.carried.length + relay->stock.port.carried.length +
                    relay->account->fds;
    gsize waiting = vccw_side_waiting(&relay->client) + vccw_side_waiting(&relay->stock) +
                    vccw_event_ids_waiting(relay->events);

    vccw_shares_give(host->fds, relay->peer.uid, relay->carried - carried);
    relay->carried = carried;
    host->waiting += waiting - relay->waiting;
    relay->waiting = waiting;
}

static void
forget_early(VccwEarly *early)
{
    g_clear_pointer(&early->bytes, g_byte_array_unref);
    vccw_fd_clear(&early->fd);
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
    vccw_access_end(relay);
    g_hash_table_unref(relay->awaited);
    vccw_serials_clear(&relay->passed);
    forget_early(&relay->early);
    vccw_side_clear(&relay->client);
    vccw_side_clear(&relay->stock);
    vccw_shares_give(relay->host->fds, relay->peer.uid, relay->carried);
    relay->host->waiting -= relay->waiting;
    g_rc_box_release(relay->account);
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

void
vccw_relay_touch(VccwRelay *relay)
{
    relay->host->touched(relay, relay->host->data);
}

gboolean
vccw_relay_is_pressed(const VccwRelay *relay)
{
    return relay->host->waiting > relay->host->max_waiting;
}

void
vccw_relay_drop(VccwRelay *relay, const char *reason)
{
    if (!relay->over)
        vccw_quiet_message(&relay->host->drops,
                           "a relayed client of user %u, process %d, is dropped: %s",
                           relay->peer.uid, relay->peer.pid, reason);
    relay->over = TRUE;
    vccw_relay_touch(relay);
}

void
vccw_relay_end(VccwRelay *relay)
{
    if (!relay->ending)
        relay->ended_at = g_get_monotonic_time();
    relay->ending = TRUE;
    vccw_relay_touch(relay);
}

gboolean
vccw_relay_is_over(const VccwRelay *relay)
{
    return relay->over || relay->client.port.broken ||
           (relay->ending && vccw_side_waiting(&relay->client) == 0);
}

void
vccw_relay_flush(VccwRelay *relay)
{
    vccw_port_flush(&relay->client.port);
    vccw_port_flush(&relay->stock.port);
    count(relay);
}

VccwBuffer *
vccw_relay_output(VccwRelay *relay)
{
    return &relay->client.own;
}

void
vccw_relay_put(VccwRelay *relay)
{
    vccw_side_settle(&relay->client);
    if (vccw_side_waiting(&relay->client) > relay->host->max_output)
        vccw_relay_drop(relay, "it does not read what it is sent");
    vccw_relay_touch(relay);
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

static void
send_to_stock(VccwRelay *relay, VccwMessage *message)
{
    g_queue_push_tail(&relay->stock.delayed, message);
    vccw_side_settle(&relay->stock);
    vccw_relay_touch(relay);
}

void
vccw_relay_forward(VccwRelay *relay, VccwMessage *message)
{
    if (!vccw_relay_has_stock(relay)) {
        vccw_own_refuse(relay, &message->header);
        vccw_message_free(message);
        return;
    }
    vccw_relay_note_call(relay, &message->header);
    send_to_stock(relay, message);
}

/* -- whose reply is whose -- */

static gboolean
is_awaited(const VccwRelay *relay, guint32 serial)
{
    return g_hash_table_contains(relay->awaited, GUINT_TO_POINTER(serial));
}

static void
drop_for_serial(VccwRelay *relay)
{
    vccw_relay_drop(relay, "it gave two calls under way the same serial");
}

/* Else the reply to one of its calls could be taken for that to a question of ours. */
gboolean
vccw_relay_may_send(VccwRelay *relay, const VccwHeader *header)
{
    if (!is_awaited(relay, header->serial))
        return TRUE;
    drop_for_serial(relay);
    return FALSE;
}

static gboolean
wants_reply(const VccwHeader *header)
{
    return header->type == VCCW_WIRE_CALL || header->type == VCCW_WIRE_CALL_WITH_FDS;
}

void
vccw_relay_note_call(VccwRelay *relay, const VccwHeader *header)
{
    if (wants_reply(header))
        vccw_serials_add(&relay->passed, header->serial);
}

void
vccw_relay_note_reply(VccwRelay *relay, const VccwHeader *header)
{
    if (vccw_header_is_reply(header))
        vccw_serials_remove(&relay->passed, header->serial);
}

void
vccw_relay_ask(VccwRelay *relay,
               VccwMessage *message,
               VccwRelayReply func,
               gpointer data,
               GDestroyNotify destroy)
{
    guint32 serial = message->header.serial;
    Awaited *awaited = g_new(Awaited, 1);
    gboolean used =
        is_awaited(relay, serial) || vccw_serials_contain(&relay->passed, serial);

    *awaited = (Awaited){ func, data, destroy };
    g_hash_table_replace(relay->awaited, GUINT_TO_POINTER(serial), awaited);
    if (!used && vccw_relay_has_stock(relay)) {
        send_to_stock(relay, message);
        return;
    }
    if (used)
        drop_for_serial(relay);
    else
        vccw_own_refuse(relay, &message->header);
    vccw_message_free(message);
}

gboolean
vccw_relay_awaits(VccwRelay *relay, const VccwHeader *header)
{
    if (vccw_header_is_reply(header))
        return is_awaited(relay, header->serial);
    return header->program == VCCW_WIRE_REMOTE && header->type == VCCW_WIRE_MESSAGE &&
           (header->procedure == VCCW_WIRE_EVENT_LIFECYCLE ||
            header->procedure == VCCW_WIRE_EVENT_UPDATE);
}

void
vccw_relay_take_reply(VccwRelay *relay, VccwMessage *message)
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

void
vccw_relay_lose_stock(VccwRelay *relay)
{
    /* What would have followed the message that now never ends can go nowhere. */
    if (relay->client.mid)
        vccw_side_forget(&relay->client);
    if (relay->phase == VCCW_RELAY_OPENING)
        vccw_open_lost(relay);
    else
        vccw_relay_end(relay);
}

void
vccw_relay_set_phase(VccwRelay *relay, VccwRelayPhase phase)
{
    relay->phase = phase;
    relay->phase_at = g_get_monotonic_time();
    vccw_relay_touch(relay);
}

static void
tick_side(VccwRelay *relay, VccwSide *side, const char *silent, gint64 now)
{
    const VccwRelayHost *host = relay->host;

    /* While we do not listen, it is not the other side that is silent. */
    if (!vccw_intake_wants(relay, &side->port)) {
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
    vccw_side_settle(side);
    vccw_relay_touch(relay);
}

/* Who can do without the stock daemon does not wait for it so long. */
static gint64
opening_max(const VccwRelay *relay)
{
    return relay->behind->spare && vccw_relay_has_stock(relay) ? SPARE_MAX : OPEN_MAX;
}

void
vccw_relay_tick(VccwRelay *relay, gint64 now)
{
    if (relay->ending && now - relay->ended_at > END_MAX)
        vccw_relay_drop(relay, "it does not read the last answers");
    if (relay->phase < VCCW_RELAY_OPENING && !relay->authorizing &&
        now - relay->phase_at > OPEN_MAX)
        vccw_relay_drop(relay, "it did not open its connection");
    if (vccw_side_has_stalled(&relay->client) && vccw_relay_is_pressed(relay))
        vccw_relay_drop(relay, "it stopped reading while many others do not read");
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
    if (relay->phase == VCCW_RELAY_OPENING && now - relay->phase_at > opening_max(relay))
        vccw_open_lost(relay);
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

const VccwActor *
vccw_relay_actor(const VccwRelay *relay)
{
    return &relay->actor;
}

void
vccw_relay_set_actor(VccwRelay *relay, const VccwActor *actor)
{
    relay->actor = *actor;
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
    vccw_side_connect(&relay->stock, fd);
    g_hash_table_remove_all(relay->awaited);
    vccw_serials_clear(&relay->passed);
    vccw_relay_touch(relay);
}

VccwOpening **
vccw_relay_opening(VccwRelay *relay)
{
    return &relay->opening;
}

GQueue *
vccw_relay_asking(VccwRelay *relay)
{
    return &relay->asking;
}

VccwAuthorizing **
vccw_relay_authorizing(VccwRelay *relay)
{
    return &relay->authorizing;
}
