/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server, its driver replaced by one that does as the test says, at the other end of
 * a socket from a client that does whatever it likes. */

#include "rpc-fixture.h"
#include <fcntl.h>

/* The answers that a stock client gets while it opens and closes a connection. */
static void
test_life(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(PeerReply) reply = NULL;
    g_autoptr(PeerReply) keepalive = NULL;

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    send_call(&peer, 66, 0, NULL);
    reply = receive(&peer);
    assert_reply(reply, 66, 0, 0);
    g_assert_cmpuint(reply->size, ==, 8);
    g_assert_cmpuint(get_word(reply->payload, 0), ==, 1);
    g_assert_cmpuint(get_word(reply->payload, 1), ==, 0);
    send_call(&peer, TEST_FEATURE, 1, WORDS(10));
    keepalive = receive(&peer);
    assert_reply(keepalive, TEST_FEATURE, 1, 0);
    g_assert_cmpuint(get_word(keepalive->payload, 0), ==, 1);
    g_assert_cmpuint(fixture.driver.calls, ==, 0);
    send_call(&peer, TEST_OPEN, 2, WORDS(1, 1, 0x61000000, 0));
    expect_ok(&peer, TEST_OPEN, 2);
    send_call(&peer, TEST_TYPE, 3, NULL);
    expect_ok(&peer, TEST_TYPE, 3);
    send_call(&peer, TEST_CLOSE, 4, NULL);
    expect_ok(&peer, TEST_CLOSE, 4);
    assert_closed(&peer);
    g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 0);
}

static void
test_feature_of_driver(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(PeerReply) reply = NULL;

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    send_call(&peer, TEST_FEATURE, 0, WORDS(14));
    expect_error(&peer, TEST_FEATURE, 0, 1, 22, "not open");
    open_connection(&peer);
    send_call(&peer, TEST_FEATURE, 1, WORDS(14));
    reply = receive(&peer);
    assert_reply(reply, TEST_FEATURE, 1, 0);
    g_assert_cmpuint(get_word(reply->payload, 0), ==, 1014);
    send_call(&peer, TEST_FEATURE, 2, NULL);
    expect_error(&peer, TEST_FEATURE, 2, 39, 7, "decode");
}

static void
test_auth(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    for (guint i = 67; i <= 70; i++) {
        send_call(&peer, i, i, NULL);
        expect_error(&peer, i, i, 45, 7, "authentication");
    }
    open_connection(&peer);
}

/* Procedures that do not exist, at the edges of int and in a row. */
static void
test_unknown_procedure(void)
{
    static const gint32 odd[] = { 0, -1, G_MININT32, G_MAXINT32, 376, 377, 65, 71, 448 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_autofree char *message = g_strdup_printf("unknown procedure: %d", odd[i]);

        send_call(&peer, odd[i], i, NULL);
        expect_error(&peer, odd[i], i, 39, 7, message);
    }
    for (gint32 i = 400; i < 1500; i++) {
        send_call(&peer, i, i, NULL);
        expect_error(&peer, i, i, 39, 7, "unknown procedure");
    }
}

/* Calls that users of other drivers know, with what they can do here instead. */
static void
test_unsupported(void)
{
    static const gint32 devices[] = { 8, 13, 160, 161, 174, 392 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (gsize i = 0; i < G_N_ELEMENTS(devices); i++) {
        send_call(&peer, devices[i], i, NULL);
        expect_error(&peer, devices[i], i, 3, 20, "'virsh edit'");
    }
}

typedef struct {
    const char *name;
    guint32 program, version, procedure, type, status;
    const char *message; /* of the error; NULL for silence */
} OddHeader;

static const OddHeader odd_headers[] = {
    { "program", 0x20008087, 1, 1, CALL, 0, "Cannot find program 536903815 version 1" },
    { "program-zero", 0, 1, 3, CALL, 0, "Cannot find program 0 version 1" },
    { "version", REMOTE, 2, 3, CALL, 0, "Cannot find program 536903814 version 2" },
    { "version-zero", REMOTE, 0, 3, CALL, 0, "Cannot find program 536903814 version 0" },
    { "status", REMOTE, 1, 3, CALL, 1, "status 1" },
    { "status-continue", REMOTE, 1, 3, CALL, 2, "status 2" },
    { "reply", REMOTE, 1, 3, REPLY, 0, NULL },
    { "message", REMOTE, 1, 376, MESSAGE, 0, NULL },
    { "stream", REMOTE, 1, 3, STREAM, 2, NULL },
    { "hole", REMOTE, 1, 3, STREAM_HOLE, 2, NULL },
    { "type", REMOTE, 1, 3, 7, 0, NULL },
    { "type-negative", REMOTE, 1, 3, 0xffffffff, 0, NULL },
    { "pong", KEEPALIVE, 1, 2, MESSAGE, 0, NULL },
    { "keepalive-procedure", KEEPALIVE, 1, 3, MESSAGE, 0, NULL },
    { "keepalive-call", KEEPALIVE, 1, 1, CALL, 0, NULL },
    { "keepalive-version", KEEPALIVE, 2, 1, MESSAGE, 0, NULL },
};

static void
test_odd_header(gconstpointer data)
{
    const OddHeader *row = data;
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    put_message(bytes, row->program, row->version, row->procedure, row->type, 77,
                row->status, NULL);
    send_bytes(&peer, bytes);
    if (row->message) {
        g_autoptr(PeerReply) reply = receive(&peer);
        g_autofree char *message = NULL;

        g_assert_nonnull(reply);
        message = error_message(reply);
        g_assert_cmphex(reply->program, ==, row->program);
        g_assert_cmpuint(reply->version, ==, row->version);
        g_assert_cmpuint(reply->serial, ==, 77);
        g_assert_cmpuint(get_word(reply->payload, 0), ==, 39);
        g_assert_cmpuint(get_word(reply->payload, 1), ==, 7);
        g_assert_nonnull(strstr(message, row->message));
    }
    /* The connection lives on, and nothing else was sent. */
    send_call(&peer, TEST_TYPE, 78, NULL);
    expect_ok(&peer, TEST_TYPE, 78);
}

/* Sends 64 calls at once, each to a name of its own. */
static void
test_pipelined(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (guint i = 0; i < 64; i++) {
        g_autofree char *name = g_strdup_printf("%sdev%u", i % 3 == 0 ? "no" : "", i);
        g_autoptr(GByteArray) payload = named(name, 0);

        put_call(bytes, TEST_LOOKUP, 1000 + i, payload);
    }
    send_bytes(&peer, bytes);
    for (guint i = 0; i < 64; i++) {
        g_autofree char *name = g_strdup_printf("%sdev%u", i % 3 == 0 ? "no" : "", i);
        g_autoptr(PeerReply) reply = NULL;

        if (i % 3 == 0) {
            expect_error(&peer, TEST_LOOKUP, 1000 + i, 53, 22, name);
            continue;
        }
        reply = receive(&peer);
        assert_reply(reply, TEST_LOOKUP, 1000 + i, 0);
        g_assert_cmpuint(get_word(reply->payload, 0), ==, strlen(name));
        g_assert_cmpmem(reply->payload + 4, strlen(name), name, strlen(name));
    }
}

static void
test_out_of_order(void)
{
    static const char *const order[] = { "c", "a", "b" };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    send_call(&peer, TEST_SLOW, 'a', named("a", 1));
    send_call(&peer, TEST_SLOW, 'b', named("b", 1));
    send_call(&peer, TEST_SLOW, 'c', named("c", 1));
    send_call(&peer, TEST_TYPE, 'd', NULL);
    expect_ok(&peer, TEST_TYPE, 'd');
    for (guint i = 0; i < 3; i++) {
        test_driver_answer(&fixture.driver, order[i]);
        expect_ok(&peer, TEST_SLOW, order[i][0]);
    }
}

/* Every way to cut a stream of calls gives the same answers. */
static void
test_cut(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) payload = named("device", 0);

    put_call(bytes, TEST_LOOKUP, 1, payload);
    put_ping(bytes);
    put_call(bytes, TEST_LOOKUP, 2, payload);
    for (gsize cut = 0; cut <= bytes->len; cut++) {
        g_auto(Fixture) fixture = { 0 };
        g_auto(Peer) peer = { 0 };
        g_autoptr(GByteArray) first = g_byte_array_new();
        g_autoptr(GByteArray) second = g_byte_array_new();
        g_autoptr(PeerReply) pong = NULL;

        set_up(&fixture, NULL);
        peer = connect_peer(&fixture, FALSE);
        open_connection(&peer);
        g_byte_array_append(first, bytes->data, cut);
        g_byte_array_append(second, bytes->data + cut, bytes->len - cut);
        send_bytes(&peer, first);
        send_bytes(&peer, second);
        expect_ok(&peer, TEST_LOOKUP, 1);
        pong = receive(&peer);
        g_assert_cmphex(pong->program, ==, KEEPALIVE);
        expect_ok(&peer, TEST_LOOKUP, 2);
    }
}

/* A client that leaves at any byte, with and without calls under way, harms nobody. */
static void
test_leave_anywhere(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) witness = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) payload = named("x", 1);
    g_autoptr(GByteArray) open = WORDS(0, 0);

    set_up(&fixture, NULL);
    witness = connect_peer(&fixture, FALSE);
    open_connection(&witness);
    put_call(bytes, 66, 0, NULL);
    put_call(bytes, TEST_OPEN, 1, open);
    for (guint i = 0; i < 7; i++)
        put_call(bytes, TEST_SLOW, 2 + i, payload);
    put_call(bytes, TEST_CLOSE, 9, NULL);
    for (gsize cut = 0; cut <= bytes->len; cut++) {
        Peer peer = connect_peer(&fixture, FALSE);
        g_autoptr(GByteArray) first = g_byte_array_new();

        g_byte_array_append(first, bytes->data, cut);
        send_bytes(&peer, first);
        if (cut % 2)
            shutdown(peer.fd, SHUT_WR);
        spin();
        peer_clear(&peer);
        spin();
        g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 1);
        g_assert_cmpuint(fixture.driver.waiting.length, ==, 0);
    }
    send_call(&witness, TEST_TYPE, 1, NULL);
    expect_ok(&witness, TEST_TYPE, 1);
}

/* A client that only stops sending still gets its answers. */
static void
test_half_close(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (guint i = 0; i < 7; i++)
        send_call(&peer, TEST_SLOW, i, named("x", 1));
    shutdown(peer.fd, SHUT_WR);
    for (guint i = 0; i < 7; i++) {
        spin();
        test_driver_answer(&fixture.driver, "x");
        expect_ok(&peer, TEST_SLOW, i);
    }
    assert_closed(&peer);
}

/* The reply to Close comes first, then that to the call before it, then the end. */
static void
test_close_flushes(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    send_call(&peer, TEST_SLOW, 1, named("x", 1));
    send_call(&peer, TEST_CLOSE, 2, NULL);
    send_call(&peer, TEST_TYPE, 3, NULL);
    expect_ok(&peer, TEST_CLOSE, 2);
    assert_silent(&peer);
    test_driver_answer(&fixture.driver, "x");
    expect_ok(&peer, TEST_SLOW, 1);
    assert_closed(&peer);
}

static void
test_read_only(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, TRUE);
    open_connection(&peer);
    send_call(&peer, TEST_DESTROY, 1, named("x", 0));
    expect_error(&peer, TEST_DESTROY, 1, 29, 22, "read only");
    /* Permission comes first: arguments that cannot be decoded are not looked at. */
    send_call(&peer, TEST_DESTROY, 2, WORDS(0xffffffff));
    expect_error(&peer, TEST_DESTROY, 2, 29, 22, "read only");
    g_assert_cmpuint(fixture.driver.writes, ==, 0);
    send_call(&peer, TEST_LOOKUP, 3, WORDS(0xffffffff));
    expect_error(&peer, TEST_LOOKUP, 3, 39, 7, "decode");
}

static void
test_bad_length(void)
{
    static const guint32 lengths[] = { 0, 4, 27, 33554437, 0xffffffff };

    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_auto(Fixture) fixture = { 0 };
        g_auto(Peer) peer = { 0 };
        g_autoptr(GByteArray) bytes = WORDS(lengths[i]);

        set_up(&fixture, NULL);
        peer = connect_peer(&fixture, FALSE);
        open_connection(&peer);
        send_bytes(&peer, bytes);
        assert_closed(&peer);
    }
}

static void
expect_event(Peer *peer, const char *name)
{
    g_autoptr(PeerReply) reply = receive(peer);

    g_assert_nonnull(reply);
    g_assert_cmpuint(reply->procedure, ==, 376);
    g_assert_cmpuint(reply->type, ==, MESSAGE);
    g_assert_cmpuint(reply->serial, ==, 1);
    g_assert_cmpuint(get_word(reply->payload, 0), ==, 7);
    g_assert_cmpmem(reply->payload + 8, strlen(name), name, strlen(name));
}

/* Events come in order, and none in the same moment as the ID that it bears. */
static void
test_events(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    gint64 start;

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    start = g_get_monotonic_time(); /* the server may have read it before this goes on */
    send_call(&peer, TEST_REGISTER, 1, WORDS(0, 0));
    expect_ok(&peer, TEST_REGISTER, 1);
    test_driver_event(&fixture.driver, "first", 0);
    test_driver_event(&fixture.driver, "second", 1);
    send_call(&peer, TEST_TYPE, 2, NULL);
    expect_ok(&peer, TEST_TYPE, 2);
    expect_event(&peer, "first");
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 50 * G_TIME_SPAN_MILLISECOND);
    test_driver_event(&fixture.driver, "third", 0);
    expect_event(&peer, "second");
    expect_event(&peer, "third");
    assert_silent(&peer);
}

static void
test_pings(void)
{
    const VccwServerLimits limits = { .keepalive_interval = 1, .keepalive_count = 2 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_auto(Peer) unasked = { 0 };
    gint64 start;

    set_up(&fixture, &limits);
    unasked = connect_peer(&fixture, FALSE);
    open_connection(&unasked);
    peer = connect_peer(&fixture, FALSE);
    send_call(&peer, TEST_FEATURE, 0, WORDS(10));
    expect_ok(&peer, TEST_FEATURE, 0);
    start = g_get_monotonic_time();
    for (guint i = 0; i < 2; i++) {
        g_autoptr(PeerReply) ping = receive(&peer);

        g_assert_nonnull(ping);
        g_assert_cmphex(ping->program, ==, KEEPALIVE);
        g_assert_cmpuint(ping->procedure, ==, 1);
        g_assert_cmpuint(ping->type, ==, MESSAGE);
        g_assert_cmpint(g_get_monotonic_time() - start, >=, i * G_TIME_SPAN_SECOND);
    }
    assert_closed(&peer);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 2.9 * G_TIME_SPAN_SECOND);
    assert_silent(&unasked);
}

/* Whoever answers is pinged on and on. */
static void
test_pongs(void)
{
    const VccwServerLimits limits = { .keepalive_interval = 1, .keepalive_count = 1 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, &limits);
    peer = connect_peer(&fixture, FALSE);
    send_call(&peer, TEST_FEATURE, 0, WORDS(10));
    expect_ok(&peer, TEST_FEATURE, 0);
    for (guint i = 0; i < 3; i++) {
        g_autoptr(PeerReply) ping = receive(&peer);
        g_autoptr(GByteArray) pong = g_byte_array_new();

        g_assert_nonnull(ping);
        put_message(pong, KEEPALIVE, 1, 2, MESSAGE, 0, 0, NULL);
        send_bytes(&peer, pong);
    }
}

/* File descriptors are let go, those of a whole message and those that are out of place.
 */
static void
test_fds(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    int pipes[2];

    g_assert_cmpint(pipe(pipes), ==, 0);
    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    put_word(bytes, 32);
    for (guint i = 0; i < 6; i++)
        put_word(bytes, (guint32[]){ REMOTE, 1, TEST_TYPE, CALL_WITH_FDS, 5, 0 }[i]);
    put_word(bytes, 2);
    send_bytes(&peer, bytes);
    for (guint i = 0; i < 2; i++) {
        char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
        struct iovec vector = { &byte, 1 };
        struct msghdr message = { .msg_iov = &vector,
                                  .msg_iovlen = 1,
                                  .msg_control = control,
                                  .msg_controllen = sizeof(control) };
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);

        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &pipes[1], sizeof(int));
        g_assert_cmpint(sendmsg(peer.fd, &message, 0), ==, 1);
    }
    close(pipes[1]);
    expect_error(&peer, TEST_TYPE, 5, 39, 7, "file descriptors");
    /* The pipe's writing end is nowhere any more. */
    g_assert_cmpint(fcntl(pipes[0], F_SETFL, O_NONBLOCK), ==, 0);
    g_assert_cmpint(read(pipes[0], (char[1]){ 0 }, 1), ==, 0);
    close(pipes[0]);
    send_call(&peer, TEST_TYPE, 6, NULL);
    expect_ok(&peer, TEST_TYPE, 6);
}

static void
test_no_fds(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) none = g_byte_array_new();
    g_autoptr(GByteArray) many = g_byte_array_new();
    g_autoptr(GByteArray) zero = WORDS(0);
    g_autoptr(GByteArray) thirty_three = WORDS(33);

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    put_message(none, REMOTE, 1, TEST_TYPE, CALL_WITH_FDS, 5, 0, zero);
    send_bytes(&peer, none);
    expect_ok(&peer, TEST_TYPE, 5);
    put_message(many, REMOTE, 1, TEST_TYPE, CALL_WITH_FDS, 6, 0, thirty_three);
    send_bytes(&peer, many);
    assert_closed(&peer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server/life", test_life);
    g_test_add_func("/server/feature-of-driver", test_feature_of_driver);
    g_test_add_func("/server/auth", test_auth);
    g_test_add_func("/server/unknown-procedure", test_unknown_procedure);
    g_test_add_func("/server/unsupported", test_unsupported);
    g_test_add_func("/server/pipelined", test_pipelined);
    g_test_add_func("/server/out-of-order", test_out_of_order);
    g_test_add_func("/server/cut", test_cut);
    g_test_add_func("/server/leave-anywhere", test_leave_anywhere);
    g_test_add_func("/server/half-close", test_half_close);
    g_test_add_func("/server/close-flushes", test_close_flushes);
    g_test_add_func("/server/read-only", test_read_only);
    g_test_add_func("/server/bad-length", test_bad_length);
    g_test_add_func("/server/events", test_events);
    g_test_add_func("/server/pings", test_pings);
    g_test_add_func("/server/pongs", test_pongs);
    g_test_add_func("/server/fds", test_fds);
    g_test_add_func("/server/no-fds", test_no_fds);
    for (gsize i = 0; i < G_N_ELEMENTS(odd_headers); i++) {
        g_autofree char *path = g_strconcat("/server/header/", odd_headers[i].name, NULL);

        g_test_add_data_func(path, &odd_headers[i], test_odd_header);
    }
    return g_test_run();
}
