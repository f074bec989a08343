/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Most messages are never held: their bytes are appended to what the other side is sent,
 * piece by piece. A message is kept whole only if the route says that it has to be looked
 * at. When one side does not read, nothing more is received from the other, so a slow
 * reader costs its own connection's speed and a bounded amount of memory.
 *
 * A client has to wait while the stock daemon is being asked to open its connection, and
 * while as many of its calls as it may have are unanswered, by us or by it: then nothing
 * that came after is looked at. What had been received already is kept for
 * vccw_intake_resume().
 */

#include "front/intake.h"
#include "base/io.h"
#include "front/relay-private.h"
#include "front/route.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <virtccw/error.h>

#define UNOPENED_MAX                                                                \
    (4 * 1024)              /* bytes received at once before the connection is open \
                             */
#define CARRIED_MAX    64   /* file descriptors that wait on one side */
#define PASSED_MAX     1024 /* calls that the stock daemon has not answered */
#define CALLS_PER_TURN 16   /* that are looked at, before others' */

static VccwSide *
other_side(VccwRelay *relay, const VccwSide *side)
{
    return side == &relay->client ? &relay->stock : &relay->client;
}

static gsize
high_mark(const VccwRelay *relay)
{
    return vccw_relay_is_pressed(relay) ? VCCW_RELAY_HIGH_ALL : VCCW_RELAY_HIGH;
}

/* In the middle of a message there is nothing to wait for. */
static gboolean
must_wait(const VccwRelay *relay)
{
    if (relay->client.cutter.inside)
        return FALSE;
    return relay->phase == VCCW_RELAY_OPENING || relay->calls >= CALLS_PER_TURN ||
           relay->account->calls >= relay->host->max_requests ||
           relay->passed.n >= PASSED_MAX ||
           vccw_side_waiting(&relay->client) > high_mark(relay);
}

gboolean
vccw_intake_wants(const VccwRelay *relay, const VccwPort *port)
{
    gboolean from_client = port == &relay->client.port;
    const VccwSide *other = from_client ? &relay->stock : &relay->client;

    if (relay->over || relay->ending || port->fd < 0)
        return FALSE;
    if (from_client && (must_wait(relay) || relay->early.bytes))
        return FALSE;
    return vccw_side_waiting(other) <= high_mark(relay) &&
           other->port.carried.length < CARRIED_MAX;
}

static void
take_keepalive(VccwRelay *relay, VccwSide *side)
{
    const VccwHeader *header = &side->cutter.header;

    /* Who has so much to read knows that we live. */
    if (header->type != VCCW_WIRE_MESSAGE || header->procedure != VCCW_WIRE_PING ||
        vccw_side_waiting(side) > VCCW_RELAY_HIGH_ALL)
        return;
    vccw_codec_put_pong(&side->own);
    vccw_side_settle(side);
    vccw_relay_touch(relay);
}

static void
refuse_message(VccwRelay *relay, VccwSide *side, const char *why)
{
    g_autoptr(GError) error =
        g_error_new(VCCW_ERROR, VCCW_ERROR_TOO_LARGE, "a message of %u bytes %s",
                    side->cutter.length, why);

    if (side != &relay->client) {
        vccw_relay_drop(relay, "the stock daemon's answer is too large for now");
        return;
    }
    vccw_relay_fail(relay, &side->cutter.header, error);
    g_clear_pointer(&side->message, vccw_message_free);
    side->swallow = TRUE;
}

/* What becomes of the message that begins with this head. */
static void
take_head(VccwRelay *relay, VccwSide *side, const VccwPiece *head)
{
    const VccwHeader *header = &side->cutter.header;
    gboolean from_client = side == &relay->client;
    VccwSide *other = other_side(relay, side);

    side->begun_at = side->heard_at;
    side->swallow = header->program == VCCW_WIRE_KEEPALIVE;
    if (side->swallow) {
        take_keepalive(relay, side);
        return;
    }
    if (from_client && !vccw_relay_may_send(relay, header))
        return;
    if (from_client ? vccw_route_keeps(relay, header)
                    : vccw_relay_awaits(relay, header)) {
        side->message = vccw_message_keep(header, relay->account, from_client);
        if (side->cutter.carriers &&
            !(from_client && vccw_route_takes_fds(relay, header)))
            refuse_message(relay, side,
                           "comes with file descriptors, which none of ours takes");
        return;
    }
    side->swallow = other->port.fd < 0;
    if (side->swallow)
        return;
    if (from_client)
        vccw_relay_note_call(relay, header);
    else
        vccw_relay_note_reply(relay, header);
    vccw_port_append(&other->port, head->data, head->size);
    other->mid = TRUE;
    vccw_relay_touch(relay);
}

static void
take_payload(VccwRelay *relay, VccwSide *side, const VccwPiece *piece)
{
    if (side->swallow)
        return;
    if (!side->message)
        vccw_port_append(&other_side(relay, side)->port, piece->data, piece->size);
    else if (side == &relay->client &&
             side->cutter.length > vccw_route_longest(relay, &side->cutter.header))
        refuse_message(relay, side, "is too long for this call; send less at once");
    else if (!vccw_message_append(side->message, piece->data, piece->size))
        refuse_message(relay, side,
                       "has no room while others are unfinished; try again later");
}

/* Each that waits costs this process one of those that it may have. */
static gboolean
may_hold_fd(VccwRelay *relay)
{
    if (!vccw_shares_take(relay->host->fds, relay->peer.uid, relay->peer.read_only, 1)) {
        vccw_relay_drop(relay, "too many file descriptors of its user wait to be sent");
        return FALSE;
    }
    relay->carried++;
    return TRUE;
}

static void
take_carrier(VccwRelay *relay, VccwSide *side, int *fd)
{
    if (*fd < 0)
        vccw_relay_drop(relay, "it announced file descriptors and sent none");
    else if (side->swallow)
        vccw_fd_clear(fd);
    else if (!may_hold_fd(relay))
        return;
    else if (side->message)
        vccw_message_append_fd(side->message, vccw_fd_steal(fd));
    else
        vccw_port_append_fd(&other_side(relay, side)->port, vccw_fd_steal(fd));
}

static void
take_end(VccwRelay *relay, VccwSide *side)
{
    VccwMessage *message = g_steal_pointer(&side->message);
    VccwSide *other = other_side(relay, side);

    side->begun_at = 0;
    if (!message && !side->swallow) {
        other->mid = FALSE;
        vccw_side_settle(other);
    }
    side->swallow = FALSE;
    if (!message)
        return;
    if (side == &relay->stock) {
        vccw_relay_take_reply(relay, message);
        return;
    }
    relay->calls++;
    vccw_route_call(relay, message);
}

static void
take_piece(VccwRelay *relay, VccwSide *side, const VccwPiece *piece, int *fd)
{
    switch (piece->kind) {
    case VCCW_PIECE_HEAD:
        take_head(relay, side, piece);
        break;
    case VCCW_PIECE_PAYLOAD:
        take_payload(relay, side, piece);
        break;
    case VCCW_PIECE_CARRIER:
        take_carrier(relay, side, fd);
        break;
    case VCCW_PIECE_END:
        take_end(relay, side);
        break;
    case VCCW_PIECE_BROKEN:
        vccw_relay_drop(relay, "it does not speak libvirt's remote protocol");
        break;
    case VCCW_PIECE_MORE:
        break;
    }
}

/*
 * Takes bytes until the client has to wait. What a message leads to may end the
 * connection that it came by, and even begin the next: then the rest is nobody's.
 */
static void
take_bytes(VccwRelay *relay, VccwSide *side, const guint8 **data, gsize *size, int *fd)
{
    guint generation = side->generation;
    gboolean from_client = side == &relay->client;
    VccwPiece piece;

    do {
        if (relay->over || relay->ending || side->generation != generation) {
            *size = 0;
            vccw_fd_clear(fd);
            return;
        }
        if (from_client && must_wait(relay))
            return;
        piece = vccw_cutter_next(&side->cutter, data, size);
        take_piece(relay, side, &piece, fd);
    } while (piece.kind != VCCW_PIECE_MORE);
}

/* A descriptor that no byte was announced to carry is a breach of the protocol. */
static void
check_unclaimed(VccwRelay *relay, int *fd)
{
    if (*fd < 0)
        return;
    vccw_fd_clear(fd);
    vccw_relay_drop(relay, "it sent a file descriptor that it had not announced");
}

static void
take_received(VccwRelay *relay, VccwSide *side, const guint8 *data, gsize size, int *fd)
{
    VccwEarly *early = &relay->early;

    take_bytes(relay, side, &data, &size, fd);
    if (size == 0) {
        check_unclaimed(relay, fd);
        return;
    }
    early->bytes = g_byte_array_append(g_byte_array_new(), data, size);
    early->at = 0;
    early->fd = vccw_fd_steal(fd);
}

static void
take_early(VccwRelay *relay)
{
    VccwEarly *early = &relay->early;
    const guint8 *data = early->bytes->data + early->at;
    gsize size = early->bytes->len - early->at;

    take_bytes(relay, &relay->client, &data, &size, &early->fd);
    early->at = early->bytes->len - size;
    if (size)
        return;
    check_unclaimed(relay, &early->fd);
    g_clear_pointer(&early->bytes, g_byte_array_unref);
}

gboolean
vccw_intake_resume(VccwRelay *relay)
{
    gboolean resumes;

    relay->calls = 0;
    resumes = relay->early.bytes && !must_wait(relay);
    if (resumes)
        take_early(relay);
    if (relay->calls >= CALLS_PER_TURN)
        vccw_relay_touch(relay);
    return resumes;
}

/* A stranger's first words are short; and who shares what is scarce gets less at once. */
static gsize
most_at_once(const VccwRelay *relay)
{
    if (relay->phase != VCCW_RELAY_OPEN)
        return UNOPENED_MAX;
    return vccw_relay_is_pressed(relay) ? VCCW_RELAY_HIGH_ALL : VCCW_INTAKE_MAX;
}

void
vccw_intake_receive(VccwRelay *relay, VccwPort *port)
{
    VccwSide *side = (VccwSide *)port;
    int fd = -1;
    gssize n;

    if (!vccw_intake_wants(relay, port))
        return;
    n = vccw_port_receive(port, relay->host->scratch, most_at_once(relay), &fd);
    if (n > 0) {
        side->heard_at = g_get_monotonic_time();
        side->pings = 0;
        /* Until it is counted it is taken to wait for the other side. */
        relay->waiting += n;
        relay->host->waiting += n;
        take_received(relay, side, relay->host->scratch, n, &fd);
    }
    if (port == &relay->stock.port && port->broken)
        vccw_relay_lose_stock(relay);
}

void
vccw_intake_hung_up(VccwRelay *relay, VccwPort *port)
{
    /* What the stock daemon sent before it went is still to be passed on. */
    if (port == &relay->stock.port)
        port->hung_up = TRUE;
    else
        relay->over = TRUE;
}
