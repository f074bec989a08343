/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whatever a client does, it costs a bounded share of memory and time:
 *
 * - A call starts only if the client has fewer than max_client_requests unanswered
 *   ones and reads its answers. Other calls are held, and when too many are, nothing
 *   more is received. Keepalive messages are answered although calls are held.
 * - What was begun, in either direction, must go on within message_timeout.
 * - A client is never freed by what it causes itself, for that may happen deep inside the
 *   driver: it is marked broken or ending, and the server frees it when it is back in its
 *   own loop.
 */

#include "rpc/client.h"
#include "base/io.h"
#include "rpc/codec.h"
#include "rpc/dispatch.h"
#include "rpc/protocol.h"
#include <errno.h>
#include <sys/socket.h>

#define CALLS_PER_TURN 16
#define TIME_PER_TURN  500          /* microseconds; a call that was begun ends later */
#define HELD_MAX       (256 * 1024) /* bytes of calls that one client has held */
#define HELD_FEW       (4 * 1024)   /* the same while the budget of all is spent */
#define READ_CALLS     (4 * 1024)   /* bytes received at once, if calls may start */
#define READ_LITTLE    1024         /* bytes received at once while calls wait */
#define OUTPUT_SOON    (64 * 1024)  /* so much output is sent before the turn is over */
#define OUTPUT_HIGH    (256 * 1024) /* more output than this, and no call starts */
#define PONGS_MAX      (4 * 1024)   /* unread output that makes up for a pong */
#define HOLD_BYTES     (16 * 1024)  /* of events held, and no more time is added */
#define HOLD_TIME      (50 * G_TIME_SPAN_MILLISECOND)

/* Where an event goes that the client hears of; NULL if it hears of no more. */
static VccwBuffer *
events_to(VccwClient *client)
{
    if (client->over || client->ending || client->broken)
        return NULL;
    return client->hold_until ? &client->events : &client->out;
}

static void
on_lifecycle(gpointer data,
             gint32 callback_id,
             const char *name,
             gint32 event,
             gint32 detail)
{
    VccwClient *client = data;
    VccwBuffer *to = events_to(client);

    if (!to)
        return;
    vccw_codec_put_lifecycle(to, callback_id, name, event, detail);
    vccw_client_put(client);
}

static void
on_update(gpointer data, gint32 callback_id, const char *name)
{
    VccwClient *client = data;
    VccwBuffer *to = events_to(client);

    if (!to)
        return;
    vccw_codec_put_update(to, callback_id, name);
    vccw_client_put(client);
}

static void
on_domain_lifecycle(gpointer data,
                    gint32 callback_id,
                    const VccwDomainRef *domain,
                    gint32 event,
                    gint32 detail)
{
    VccwClient *client = data;
    VccwBuffer *to = events_to(client);

    if (!to)
        return;
    vccw_codec_put_domain_lifecycle(to, callback_id, domain, event, detail);
    vccw_client_put(client);
}

static void
on_domain_metadata(gpointer data,
                   gint32 callback_id,
                   const VccwDomainRef *domain,
                   gint32 type,
                   const char *uri)
{
    VccwClient *client = data;
    VccwBuffer *to = events_to(client);

    if (!to)
        return;
    vccw_codec_put_domain_metadata(to, callback_id, domain, type, uri);
    vccw_client_put(client);
}

VccwClient *
vccw_client_new(VccwClientHost *host,
                int fd,
                gboolean read_only,
                gboolean trusted,
                uid_t uid,
                pid_t pid)
{
    static const VccwSessionSink sink = { .lifecycle = on_lifecycle,
                                          .update = on_update,
                                          .domain_lifecycle = on_domain_lifecycle,
                                          .domain_metadata = on_domain_metadata };
    VccwClient *client = g_new0(VccwClient, 1);

    client->host = host;
    client->fd = fd;
    client->read_only = read_only;
    client->trusted = trusted;
    client->uid = uid;
    client->pid = pid;
    client->quota = CALLS_PER_TURN;
    client->link.data = client;
    client->work_link.data = client;
    vccw_frame_parser_init(&client->parser, &host->input);
    client->session = vccw_session_new(host->driver, read_only, &sink, client);
    return client;
}

void
vccw_client_forget_calls(VccwClient *client)
{
    VccwHeldCall *call;

    while ((call = vccw_held_pop(&client->held, &client->host->input)))
        g_free(call);
}

void
vccw_client_free(VccwClient *client)
{
    if (!client)
        return;
    client->over = TRUE;
    vccw_session_free(client->session);
    vccw_client_forget_calls(client);
    vccw_frame_parser_clear(&client->parser);
    client->host->output -= client->counted;
    vccw_buffer_clear(&client->out);
    vccw_buffer_clear(&client->events);
    vccw_fd_clear(&client->fd);
    g_free(client);
}

void
vccw_client_drop(VccwClient *client, const char *reason)
{
    if (!client->broken)
        vccw_quiet_message(&client->host->drops,
                           "a client of user %u, process %d, is dropped: %s", client->uid,
                           client->pid, reason);
    client->broken = TRUE;
}

static void
count_output(VccwClient *client)
{
    client->host->output -= client->counted;
    client->counted =
        vccw_buffer_length(&client->out) + vccw_buffer_length(&client->events);
    client->host->output += client->counted;
}

void
vccw_client_put(VccwClient *client)
{
    count_output(client);
    if (client->counted > client->host->limits.max_output)
        vccw_client_drop(client, "it does not read what it is sent");
    client->host->touched(client, client->host->data);
}

void
vccw_client_hold_events(VccwClient *client)
{
    /* One that registers again and again must not make them pile up. */
    if (vccw_buffer_length(&client->events) <= HOLD_BYTES)
        client->hold_until = g_get_monotonic_time() + HOLD_TIME;
}

void
vccw_client_end(VccwClient *client)
{
    client->ending = TRUE;
    client->host->touched(client, client->host->data);
}

gboolean
vccw_client_host_is_pressed(const VccwClientHost *host)
{
    return host->output > VCCW_CLIENT_OUTPUT_ALL || host->input.used > host->input.max;
}

/* Whether the client reads what it is sent as fast as can be asked. */
static gboolean
reads_well(const VccwClient *client)
{
    gsize all = client->host->output;
    gsize max = all > VCCW_CLIENT_OUTPUT_ALL ? 0 : OUTPUT_HIGH;

    /* Those who answer for the trouble must wait until it is over. */
    if (all > 2 * VCCW_CLIENT_OUTPUT_ALL && !client->trusted)
        return FALSE;
    return client->output_at == 0 || vccw_buffer_length(&client->out) <= max;
}

static gboolean
can_start_call(const VccwClient *client)
{
    return client->in_flight < client->host->limits.max_client_requests &&
           vccw_buffer_length(&client->out) <= OUTPUT_HIGH && reads_well(client);
}

gboolean
vccw_client_wants_input(const VccwClient *client)
{
    const VccwFrameBudget *budget = &client->host->input;
    gsize held_max = budget->used > budget->max ? HELD_FEW : HELD_MAX;

    return !client->ending && !client->broken && client->held.bytes <= held_max &&
           vccw_buffer_length(&client->out) <= OUTPUT_HIGH;
}

/* Sends what the socket takes. */
static void
flush(VccwClient *client)
{
    VccwBuffer *out = &client->out;
    ssize_t n;

    while (vccw_buffer_length(out)) {
        n = send(client->fd, out->data + out->start, vccw_buffer_length(out),
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN)
                client->broken = TRUE;
            else if (client->output_at == 0)
                client->output_at = g_get_monotonic_time();
            return;
        }
        vccw_buffer_consume(out, n);
        client->output_at = vccw_buffer_length(out) ? g_get_monotonic_time() : 0;
        count_output(client);
    }
}

/* Starts a call, and ends the client's turn when it took long enough. */
static void
start_call(VccwClient *client, const VccwFrame *frame)
{
    gint64 start = g_get_monotonic_time();

    vccw_dispatch_call(client, frame);
    client->spent += g_get_monotonic_time() - start;
    client->quota = client->spent > TIME_PER_TURN ? 0 : client->quota - 1;
    if (vccw_buffer_length(&client->out) > OUTPUT_SOON && !client->broken)
        flush(client);
}

/* What is sent tells the client that we live, and it has yet to read much of that. */
static gboolean
has_news_enough(const VccwClient *client)
{
    return client->output_at != 0 && vccw_buffer_length(&client->out) > PONGS_MAX;
}

static void
take_keepalive(VccwClient *client, const VccwHeader *header)
{
    if (has_news_enough(client))
        return;
    if (header->version == VCCW_WIRE_VERSION && header->type == VCCW_WIRE_MESSAGE &&
        header->procedure == VCCW_WIRE_PING) {
        vccw_codec_put_pong(&client->out);
        vccw_client_put(client);
    }
}

static void
take_frame(VccwClient *client, const VccwFrame *frame)
{
    if (frame->header.program == VCCW_WIRE_KEEPALIVE) {
        take_keepalive(client, &frame->header);
        return;
    }
    if (frame->header.type != VCCW_WIRE_CALL &&
        frame->header.type != VCCW_WIRE_CALL_WITH_FDS)
        return;
    if (client->quota == 0 || !vccw_held_is_empty(&client->held) ||
        !can_start_call(client)) {
        vccw_held_push(&client->held, frame, &client->host->input);
        return;
    }
    start_call(client, frame);
}

static void
take_bytes(VccwClient *client, const guint8 *data, gsize size)
{
    while (!client->ending && !client->broken) {
        VccwFrame frame;

        switch (vccw_frame_parse(&client->parser, &data, &size, &frame)) {
        case VCCW_FRAME_READY:
            client->begun_at = 0;
            take_frame(client, &frame);
            break;
        case VCCW_FRAME_MORE:
            if (!vccw_frame_parser_begun(&client->parser))
                client->begun_at = 0;
            else if (client->begun_at == 0)
                client->begun_at = client->input_at;
            return;
        case VCCW_FRAME_BROKEN:
            vccw_client_drop(client, "it does not speak libvirt's remote protocol");
            return;
        }
    }
}

void
vccw_client_receive(VccwClient *client)
{
    guint8 *scratch = client->host->scratch;
    gsize max = READ_CALLS;
    ssize_t n;

    /* Calls that could start now come before those that are not even received. */
    if (!vccw_client_wants_input(client) ||
        (!vccw_held_is_empty(&client->held) && can_start_call(client)))
        return;
    /* What cannot be started now must be kept, and that costs more than it is long. */
    if (!can_start_call(client) || vccw_client_host_is_pressed(client->host))
        max = READ_LITTLE;
    else if (vccw_frame_parser_begun(&client->parser))
        max = VCCW_CLIENT_READ;
    do {
        n = recv(client->fd, scratch, max, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        client->input_at = g_get_monotonic_time();
        client->pings = 0;
        take_bytes(client, scratch, n);
    } else if (n == 0) {
        vccw_client_end(client);
    } else if (errno != EAGAIN) {
        client->broken = TRUE;
    }
    client->host->touched(client, client->host->data);
}

static void
start_held_calls(VccwClient *client)
{
    while (client->quota && !client->broken && can_start_call(client)) {
        g_autofree VccwHeldCall *call =
            vccw_held_pop(&client->held, &client->host->input);

        if (!call)
            return;
        start_call(client, &call->frame);
    }
}

VccwClientState
vccw_client_work(VccwClient *client)
{
    gboolean all_sent;

    start_held_calls(client);
    if (!client->broken)
        flush(client);
    client->quota = CALLS_PER_TURN;
    client->spent = 0;
    all_sent = vccw_buffer_length(&client->out) == 0;
    if (client->broken)
        return VCCW_CLIENT_OVER;
    if (client->ending && client->in_flight == 0 && all_sent &&
        vccw_held_is_empty(&client->held))
        return VCCW_CLIENT_OVER;
    if (!vccw_held_is_empty(&client->held) && can_start_call(client))
        return VCCW_CLIENT_AGAIN;
    return VCCW_CLIENT_IDLE;
}
