/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * No state of a connection may last for ever at the client's will: a message that was
 * begun must be finished, and what was sent must be read. A client that wanted keepalive
 * messages must show from time to time that it is there.
 *
 * Whatever is late because the server itself does not listen is not held against the
 * client.
 */

#include "rpc/deadline.h"
#include "rpc/codec.h"

static gint64
after(gint64 since, guint seconds)
{
    return since ? since + seconds * G_TIME_SPAN_SECOND : G_MAXINT64;
}

static gboolean
is_pinged(const VccwClient *client)
{
    return client->keepalive && !client->ending &&
           client->host->limits.keepalive_interval != G_MAXUINT;
}

/* How long a client may read nothing: less if many do so. */
static guint
patience(const VccwClient *client)
{
    if (client->host->output > VCCW_CLIENT_OUTPUT_ALL)
        return 1;
    return client->host->limits.message_timeout;
}

gint64
vccw_deadline_of(const VccwClient *client)
{
    const VccwServerLimits *limits = &client->host->limits;
    gint64 due = G_MAXINT64;

    due = MIN(due, after(client->begun_at, limits->message_timeout));
    due = MIN(due, after(client->output_at, patience(client)));
    if (is_pinged(client))
        due = MIN(due, after(client->input_at, limits->keepalive_interval));
    if (client->hold_until)
        due = MIN(due, client->hold_until);
    return due;
}

static void
ping(VccwClient *client, gint64 now)
{
    if (client->pings++ >= client->host->limits.keepalive_count) {
        vccw_client_drop(client, "it does not answer keepalive messages");
        return;
    }
    client->input_at = now;
    vccw_codec_put_ping(&client->out);
    vccw_client_put(client);
}

void
vccw_deadline_expire(VccwClient *client, gint64 now)
{
    const VccwServerLimits *limits = &client->host->limits;

    if (vccw_deadline_of(client) > now)
        return;
    /* While nothing is received, it is not the client that is late. */
    if (!vccw_client_wants_input(client)) {
        if (client->begun_at)
            client->begun_at = now;
        client->input_at = now;
        client->pings = 0;
    }
    if (client->hold_until && client->hold_until <= now) {
        client->hold_until = 0;
        vccw_buffer_move(&client->out, &client->events);
    }
    if (after(client->begun_at, limits->message_timeout) <= now)
        vccw_client_drop(client, "it began a message and did not finish it");
    else if (after(client->output_at, patience(client)) <= now)
        vccw_client_drop(client, "it stopped reading");
    else if (is_pinged(client) &&
             after(client->input_at, limits->keepalive_interval) <= now)
        ping(client, now);
    client->host->touched(client, client->host->data);
}
