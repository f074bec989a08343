/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A server with the tests' driver, and peers at the other end of its sockets. Server and
 * peers live in one thread: whoever waits lets the server's loop turn meanwhile.
 */

#include "rpc-driver.h"
#include "rpc-peer.h"
#include "rpc/server.h"

#define PATIENCE (10 * G_TIME_SPAN_SECOND)

typedef struct {
    VccwDriver driver;
    VccwServer *server;
} Fixture;

typedef struct {
    int fd;
    gboolean eof;
    GByteArray *in;
} Peer;

static inline void
set_up(Fixture *fixture, const VccwServerLimits *limits)
{
    *fixture = (Fixture){ 0 };
    g_queue_init(&fixture->driver.sessions);
    g_queue_init(&fixture->driver.waiting);
    fixture->server = vccw_server_new(&fixture->driver, limits);
}

static inline void
tear_down(Fixture *fixture)
{
    vccw_server_free(fixture->server);
    g_assert_cmpuint(fixture->driver.sessions.length, ==, 0);
    g_assert_cmpuint(fixture->driver.waiting.length, ==, 0);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, tear_down)

static inline void
peer_clear(Peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    g_byte_array_unref(peer->in);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Peer, peer_clear)

static inline Peer
connect_peer(Fixture *fixture, gboolean read_only)
{
    int pair[2];

    g_assert_cmpint(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==, 0);
    vccw_server_adopt(fixture->server, pair[1], read_only);
    return (Peer){ pair[0], FALSE, g_byte_array_new() };
}

static inline void
spin(void)
{
    for (guint i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);
}

/* Lets the server run for some time. */
static inline void
run_for(guint ms)
{
    gint64 end = g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;

    while (g_get_monotonic_time() < end) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(500);
    }
}

static inline void
send_bytes(Peer *peer, const GByteArray *bytes)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;
    gsize at = 0;

    while (at < bytes->len) {
        ssize_t n = send(peer->fd, bytes->data + at, bytes->len - at, MSG_NOSIGNAL);

        if (n > 0)
            at += n;
        else if (errno != EAGAIN)
            return; /* the server has closed: the test will see what it gets */
        spin();
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

static inline void
receive_some(Peer *peer)
{
    guint8 bytes[65536];
    ssize_t n;

    spin();
    while ((n = recv(peer->fd, bytes, sizeof(bytes), 0)) > 0)
        g_byte_array_append(peer->in, bytes, n);
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        peer->eof = TRUE;
}

/* The next message; NULL if the server has closed the connection. */
static inline PeerReply *
receive(Peer *peer)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;
    PeerReply *reply;

    while (!(reply = take_reply(peer->in)) && !peer->eof) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        receive_some(peer);
        if (peer->in->len == 0)
            g_usleep(200);
    }
    return reply;
}

static inline void
assert_closed(Peer *peer)
{
    g_autoptr(PeerReply) reply = receive(peer);

    g_assert_null(reply);
    g_assert_cmpuint(peer->in->len, ==, 0);
}

/* Nothing is waiting for the peer, and it is still connected. */
static inline void
assert_silent(Peer *peer)
{
    receive_some(peer);
    g_assert_cmpuint(peer->in->len, ==, 0);
    g_assert_false(peer->eof);
}

static inline GByteArray *
words(guint n, const guint32 *values)
{
    GByteArray *payload = g_byte_array_new();

    for (guint i = 0; i < n; i++)
        put_word(payload, values[i]);
    return payload;
}

#define WORDS(...) \
    words(sizeof((guint32[]){ __VA_ARGS__ }) / 4, (const guint32[]){ __VA_ARGS__ })

static inline GByteArray *
named(const char *name, guint n_words)
{
    GByteArray *payload = g_byte_array_new();

    put_text(payload, name);
    while (n_words--)
        put_word(payload, 0);
    return payload;
}

/* Takes @payload. */
static inline void
send_call(Peer *peer, guint32 procedure, guint32 serial, GByteArray *payload)
{
    g_autoptr(GByteArray) owned = payload;
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    put_call(bytes, procedure, serial, owned);
    send_bytes(peer, bytes);
}

static inline void
assert_reply(const PeerReply *reply, guint32 procedure, guint32 serial, guint32 status)
{
    g_assert_nonnull(reply);
    g_assert_cmphex(reply->program, ==, REMOTE);
    g_assert_cmpuint(reply->version, ==, 1);
    g_assert_cmpint(reply->procedure, ==, procedure);
    g_assert_cmpuint(reply->type, ==, REPLY);
    g_assert_cmphex(reply->serial, ==, serial);
    g_assert_cmpuint(reply->status, ==, status);
}

static inline void
expect_ok(Peer *peer, guint32 procedure, guint32 serial)
{
    g_autoptr(PeerReply) reply = receive(peer);

    assert_reply(reply, procedure, serial, 0);
}

/* @message: what the error's message must hold. */
static inline void
expect_error(Peer *peer,
             guint32 procedure,
             guint32 serial,
             guint32 code,
             guint32 domain,
             const char *message)
{
    g_autoptr(PeerReply) reply = receive(peer);
    g_autofree char *got = NULL;

    assert_reply(reply, procedure, serial, 1);
    got = error_message(reply);
    g_assert_cmpuint(get_word(reply->payload, 0), ==, code);
    g_assert_cmpuint(get_word(reply->payload, 1), ==, domain);
    if (!strstr(got, message))
        g_error("'%s' does not contain '%s'", got, message);
}

static inline void
open_connection(Peer *peer)
{
    send_call(peer, TEST_OPEN, 0, WORDS(0, 0));
    expect_ok(peer, TEST_OPEN, 0);
}
