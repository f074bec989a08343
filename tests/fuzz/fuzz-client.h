/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A client for targets that fuzz whole sessions: it never waits, and holds each answer to
 * the form of a message. */

#include "../unit/rpc-peer.h"
#include "rpc/server.h"
#include <errno.h>

typedef struct {
    int fd;
    GByteArray *in;
    guint32 serial;
} Client;

static inline GLogWriterOutput
be_quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    return G_LOG_WRITER_HANDLED;
}

static inline void
spin(void)
{
    for (guint i = 0; i < 4; i++)
        if (!g_main_context_iteration(NULL, FALSE))
            return;
}

static inline void
receive(Client *client)
{
    guint8 bytes[16384];
    PeerReply *reply;
    ssize_t n;

    while ((n = recv(client->fd, bytes, sizeof(bytes), 0)) > 0)
        g_byte_array_append(client->in, bytes, n);
    while ((reply = take_reply(client->in))) {
        g_assert(reply->type == REPLY || reply->type == MESSAGE);
        g_assert(reply->status <= 1);
        peer_reply_free(reply);
    }
}

static inline void
transmit(Client *client, const guint8 *data, gsize size)
{
    while (size) {
        ssize_t n = send(client->fd, data, size, MSG_NOSIGNAL);

        if (n > 0) {
            data += n;
            size -= n;
        }
        spin();
        receive(client);
        if (n < 0)
            return;
    }
}

/* A new connection to @server. */
static inline Client
enter(VccwServer *server, gboolean read_only)
{
    int pair[2];

    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) ==
             0);
    vccw_server_adopt(server, pair[1], read_only);
    return (Client){ pair[0], g_byte_array_new(), 0 };
}

/* Hangs up, and waits until the server has noticed. */
static inline void
leave(VccwServer *server, Client *client)
{
    spin();
    receive(client);
    close(client->fd);
    g_byte_array_unref(client->in);
    while (vccw_server_clients(server))
        g_main_context_iteration(NULL, FALSE);
}
