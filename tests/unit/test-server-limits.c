/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What clients may cost the server, whatever they do: calls, memory, time, places. */

#include "cost.h"
#include "rpc-fixture.h"
#include "rpc/peers.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/un.h>

/* Five calls run at most; the others wait for their turn, and pings do not. */
static void
test_requests_limit(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(PeerReply) pong = NULL;

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (guint i = 0; i < 26; i++)
        send_call(&peer, TEST_SLOW, i, named((char[]){ 'a' + i, 0 }, 1));
    put_ping(bytes);
    send_bytes(&peer, bytes);
    pong = receive(&peer);
    g_assert_cmphex(pong->program, ==, KEEPALIVE);
    g_assert_cmpuint(pong->procedure, ==, 2);
    for (guint i = 0; i < 26; i++) {
        g_assert_cmpuint(fixture.driver.waiting.length, ==, MIN(5, 26 - i));
        test_driver_answer(&fixture.driver, (char[]){ 'a' + i, 0 });
        expect_ok(&peer, TEST_SLOW, i);
    }
}

/* Much more than can be held: the rest stays with the sender until there is room again.
 */
static void
test_requests_flood(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const guint n = 40000;
    gsize at = 0, stalled;

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (guint i = 0; i < 5; i++) {
        g_autoptr(GByteArray) payload = named("x", 1);

        put_call(bytes, TEST_SLOW, i, payload);
    }
    for (guint i = 5; i < n; i++)
        put_call(bytes, TEST_TYPE, i, NULL);
    for (guint idle = 0; idle < 50; idle++) {
        ssize_t sent = send(peer.fd, bytes->data + at, bytes->len - at, MSG_NOSIGNAL);

        if (sent > 0) {
            at += sent;
            idle = 0;
        }
        spin();
    }
    stalled = at;
    g_assert_cmpuint(stalled, <, bytes->len);
    g_byte_array_remove_range(bytes, 0, stalled);
    for (guint i = 0; i < 5; i++)
        test_driver_answer(&fixture.driver, "x");
    for (guint i = 0; i < 5; i++)
        expect_ok(&peer, TEST_SLOW, i);
    for (guint i = 5; i < n; i++) {
        ssize_t sent = send(peer.fd, bytes->data, bytes->len, MSG_NOSIGNAL);

        if (sent > 0)
            g_byte_array_remove_range(bytes, 0, sent);
        expect_ok(&peer, TEST_TYPE, i);
    }
}

/* Who pings without end and reads nothing does not fill our memory with pongs. */
static void
test_ping_flood(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const guint n = 40000;
    guint pongs = 0;

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    for (guint i = 0; i < n; i++)
        put_ping(bytes);
    send_bytes(&peer, bytes); /* all are taken though nothing is read */
    run_for(50);
    for (;;) {
        g_autoptr(PeerReply) pong = NULL;

        receive_some(&peer);
        if (!(pong = take_reply(peer.in)))
            break;
        g_assert_cmphex(pong->program, ==, KEEPALIVE);
        pongs++;
    }
    g_assert_cmpuint(pongs, >, 100);
    g_assert_cmpuint(pongs, <, n / 2);
    g_byte_array_set_size(bytes, 0);
    put_ping(bytes);
    send_bytes(&peer, bytes); /* now that it reads it is answered again */
    peer_reply_free(receive(&peer));
}

static void
test_oversized(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    GByteArray *payload = g_byte_array_new();

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    g_byte_array_set_size(payload, 5 * 1024 * 1024);
    memset(payload->data, 0, payload->len);
    send_call(&peer, TEST_LOOKUP, 1, payload);
    expect_error(&peer, TEST_LOOKUP, 1, 74, 22, "5242908 bytes");
    send_call(&peer, TEST_TYPE, 2, NULL);
    expect_ok(&peer, TEST_TYPE, 2);
}

/* Strangers' unfinished messages take a bounded share; small ones are served even then.
 */
static void
test_input_budget(void)
{
    const VccwServerLimits limits = { .max_input = 100 * 1024 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) hog = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) half = g_byte_array_new();
    g_autofree char *name = g_strnfill(20000, 'x');

    set_up(&fixture, &limits);
    hog = connect_peer(&fixture, FALSE);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    put_message(half, REMOTE, 1, TEST_LOOKUP, CALL, 1, 0, NULL);
    half->data[1] = 0x01; /* 64 KiB and 28 bytes are announced */
    g_byte_array_set_size(half, 65536);
    send_bytes(&hog, half);
    send_call(&peer, TEST_LOOKUP, 1, named(name, 0));
    expect_ok(&peer, TEST_LOOKUP, 1);
    /* A second half message exceeds the budget when it needs room of its own. */
    {
        g_auto(Peer) second = connect_peer(&fixture, FALSE);
        g_autoptr(GByteArray) rest = g_byte_array_new();

        open_connection(&second);
        send_bytes(&second, half);
        g_byte_array_set_size(rest, 28);
        memset(rest->data, 0, 28);
        send_bytes(&second, rest);
        expect_error(&second, TEST_LOOKUP, 1, 87, 22, "65564 bytes");
        send_call(&second, TEST_TYPE, 2, NULL);
        expect_ok(&second, TEST_TYPE, 2);
    }
}

static void
test_half_message(void)
{
    const VccwServerLimits limits = { .message_timeout = 1 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) late = { 0 };
    g_auto(Peer) idle = { 0 };
    g_autoptr(GByteArray) half = WORDS(28, REMOTE, 1);
    gint64 start = g_get_monotonic_time();

    set_up(&fixture, &limits);
    late = connect_peer(&fixture, FALSE);
    idle = connect_peer(&fixture, FALSE);
    open_connection(&idle);
    send_bytes(&late, half);
    assert_closed(&late);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, G_TIME_SPAN_SECOND);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 3 * G_TIME_SPAN_SECOND);
    send_call(&idle, TEST_TYPE, 2, NULL);
    expect_ok(&idle, TEST_TYPE, 2);
}

/* One byte now and then does not help. */
static void
test_dripping(void)
{
    const VccwServerLimits limits = { .message_timeout = 1 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gint64 start = g_get_monotonic_time();

    set_up(&fixture, &limits);
    peer = connect_peer(&fixture, FALSE);
    put_call(bytes, TEST_TYPE, 1, NULL);
    for (guint i = 0; i < 27 && !peer.eof; i++) {
        send(peer.fd, bytes->data + i, 1, MSG_NOSIGNAL);
        run_for(100);
        receive_some(&peer);
    }
    g_assert_true(peer.eof);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 2 * G_TIME_SPAN_SECOND);
}

/* A client that asks and never reads is asked no more work for, then dropped. */
static void
test_never_reading(void)
{
    const VccwServerLimits limits = { .message_timeout = 1 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) payload = WORDS(1, 2000);
    guint calls;

    set_up(&fixture, &limits);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (guint i = 0; i < 3000; i++)
        put_call(bytes, TEST_LIST, i, payload);
    for (gsize at = 0, idle = 0; at < bytes->len && idle < 100; idle++) {
        ssize_t n = send(peer.fd, bytes->data + at, bytes->len - at, MSG_NOSIGNAL);

        if (n > 0) {
            at += n;
            idle = 0;
        }
        spin();
    }
    calls = fixture.driver.calls;
    g_assert_cmpuint(calls, <, 100); /* 40 KB each: a little more than 1 MiB */
    run_for(200);
    g_assert_cmpuint(fixture.driver.calls, ==, calls);
    g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 1);
    run_for(1200);
    g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 0);
}

/* A slow reader gets everything. */
static void
test_slow_reader(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) payload = WORDS(1, 2000);

    set_up(&fixture, NULL);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    for (guint i = 0; i < 200; i++)
        put_call(bytes, TEST_LIST, i, payload);
    send_bytes(&peer, bytes);
    run_for(100);
    g_assert_cmpuint(fixture.driver.calls, <, 100);
    for (guint i = 0; i < 200; i++) {
        g_autoptr(PeerReply) reply = receive(&peer);

        assert_reply(reply, TEST_LIST, i, 0);
        g_assert_cmpuint(get_word(reply->payload, 0), ==, 2000);
    }
}

/* Many who do not read are given less time, and others are served meanwhile. */
static void
test_many_never_reading(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) witness = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) open = WORDS(0, 0);
    g_autoptr(GByteArray) payload = WORDS(1, 2000);
    Peer peers[80];
    gint64 end;

    set_up(&fixture, NULL);
    witness = connect_peer(&fixture, FALSE);
    open_connection(&witness);
    put_call(bytes, TEST_OPEN, 0, open);
    for (guint i = 0; i < 50; i++)
        put_call(bytes, TEST_LIST, i, payload);
    for (guint i = 0; i < G_N_ELEMENTS(peers); i++) {
        peers[i] = connect_peer(&fixture, TRUE);
        send_bytes(&peers[i], bytes);
    }
    end = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    while (vccw_server_clients(fixture.server) > 60) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        run_for(20);
        send_call(&witness, TEST_TYPE, 1, NULL);
        expect_ok(&witness, TEST_TYPE, 1);
    }
    for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
        peer_clear(&peers[i]);
}

/* Whoever is not listened to because of others is listened to again when they are gone.
 */
static void
test_relief(void)
{
    const VccwServerLimits limits = { .max_input = 16 * 1024 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    Peer hog;
    g_autoptr(GByteArray) many = g_byte_array_new();
    g_autoptr(GByteArray) ping = g_byte_array_new();
    g_autoptr(GByteArray) slow = named("x", 1);
    g_autoptr(PeerReply) pong = NULL;

    set_up(&fixture, &limits);
    peer = connect_peer(&fixture, FALSE);
    hog = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    open_connection(&hog);
    put_ping(ping);
    for (guint i = 0; i < 5 + 70; i++)
        put_call(many, TEST_SLOW, i, slow);
    send_bytes(&peer, many);
    for (guint i = 0; i < 4; i++)
        send_bytes(&hog, many);
    spin();
    send_bytes(&peer, ping);
    assert_silent(&peer);
    peer_clear(&hog);
    pong = receive(&peer);
    g_assert_nonnull(pong);
    g_assert_cmphex(pong->program, ==, KEEPALIVE);
}

/* Events for a client that does not read are bounded too. */
static void
test_event_flood(void)
{
    const VccwServerLimits limits = { .max_output = 1024 * 1024 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };
    guint events = 0;

    set_up(&fixture, &limits);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    while (vccw_server_clients(fixture.server) == 1 && events < 100000) {
        for (guint i = 0; i < 100; i++, events++)
            test_driver_event(&fixture.driver, "css_0_0_0001", 0);
        spin();
    }
    g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 0);
    g_assert_cmpuint(events, <, 40000);
}

static void
test_large_result(void)
{
    const VccwServerLimits limits = { .max_output = 1024 * 1024 };
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) peer = { 0 };

    set_up(&fixture, &limits);
    peer = connect_peer(&fixture, FALSE);
    open_connection(&peer);
    send_call(&peer, TEST_LIST, 1, WORDS(1, 65536));
    expect_error(&peer, TEST_LIST, 1, 74, 22, "procedure 285");
    send_call(&peer, TEST_LIST, 2, WORDS(1, 1000));
    expect_ok(&peer, TEST_LIST, 2);
}

static void
count_changes(guint clients, gpointer data)
{
    GString *log = data;

    g_string_append_printf(log, "%u ", clients);
}

static void
test_max_clients(void)
{
    const VccwServerLimits limits = { .max_clients = 4, .reserved_clients = 1 };
    g_autoptr(GString) log = g_string_new(NULL);
    g_auto(Fixture) fixture = { 0 };
    Peer peers[6];

    set_up(&fixture, &limits);
    vccw_server_set_func(fixture.server, count_changes, log);
    /* Read-only ones may have three of four places. */
    for (guint i = 0; i < 4; i++)
        peers[i] = connect_peer(&fixture, TRUE);
    for (guint i = 0; i < 3; i++)
        open_connection(&peers[i]);
    assert_closed(&peers[3]);
    peers[4] = connect_peer(&fixture, FALSE);
    open_connection(&peers[4]);
    peers[5] = connect_peer(&fixture, FALSE);
    assert_closed(&peers[5]);
    g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 4);
    for (guint i = 0; i < 6; i++)
        peer_clear(&peers[i]);
    spin();
    g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 0);
    g_assert_cmpstr(log->str, ==, "1 0 ");
}

/* No user takes all places, and all users together leave some for root. */
static void
test_peers(void)
{
    g_autoptr(VccwPeers) peers = vccw_peers_new(10, 2);
    const uid_t one = geteuid() + 1000, other = geteuid() + 1001;

    for (guint i = 0; i < 5; i++)
        g_assert_true(vccw_peers_enter(peers, one, i % 2));
    g_assert_false(vccw_peers_enter(peers, one, FALSE));
    for (guint i = 0; i < 3; i++)
        g_assert_true(vccw_peers_enter(peers, other, FALSE));
    g_assert_false(vccw_peers_enter(peers, other, FALSE));
    g_assert_false(vccw_peers_enter(peers, 0, TRUE));
    g_assert_true(vccw_peers_enter(peers, 0, FALSE));
    g_assert_true(vccw_peers_enter(peers, geteuid(), FALSE));
    g_assert_false(vccw_peers_enter(peers, 0, FALSE));
    vccw_peers_leave(peers, one);
    g_assert_false(vccw_peers_enter(peers, one, FALSE));
    vccw_peers_leave(peers, 0);
    vccw_peers_leave(peers, geteuid());
    g_assert_true(vccw_peers_enter(peers, one, FALSE));
}

static void
test_stop(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) idle = { 0 };
    g_auto(Peer) busy = { 0 };
    g_auto(Peer) late = { 0 };

    set_up(&fixture, NULL);
    idle = connect_peer(&fixture, FALSE);
    busy = connect_peer(&fixture, FALSE);
    open_connection(&busy);
    for (guint i = 0; i < 6; i++)
        send_call(&busy, TEST_SLOW, i, named("x", 1));
    spin();
    vccw_server_stop(fixture.server);
    assert_closed(&idle);
    late = connect_peer(&fixture, FALSE);
    assert_closed(&late);
    for (guint i = 0; i < 6; i++) {
        assert_silent(&busy);
        test_driver_answer(&fixture.driver, "x");
        expect_ok(&busy, TEST_SLOW, i);
    }
    assert_closed(&busy);
    g_assert_cmpuint(vccw_server_clients(fixture.server), ==, 0);
}

typedef struct {
    char *folder;
    struct sockaddr_un address;
    int fd;
} Door;

static Door
make_door(void)
{
    Door door = { .folder = g_dir_make_tmp("virtccw-XXXXXX", NULL),
                  .address = { .sun_family = AF_UNIX } };

    g_assert_nonnull(door.folder);
    g_snprintf(door.address.sun_path, sizeof(door.address.sun_path), "%s/sock",
               door.folder);
    door.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(door.fd, (struct sockaddr *)&door.address, sizeof(door.address)),
                    ==, 0);
    g_assert_cmpint(listen(door.fd, 100), ==, 0);
    return door;
}

static Peer
knock(const Door *door)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    g_assert_cmpint(
        connect(fd, (const struct sockaddr *)&door->address, sizeof(door->address)), ==,
        0);
    return (Peer){ fd, FALSE, g_byte_array_new() };
}

static void
close_door(Door *door)
{
    unlink(door->address.sun_path);
    rmdir(door->folder);
    g_free(door->folder);
}

static void
test_listen(void)
{
    g_auto(Fixture) fixture = { 0 };
    Door door = make_door();
    g_auto(Peer) first = { 0 };
    g_auto(Peer) second = { 0 };

    set_up(&fixture, NULL);
    vccw_server_listen(fixture.server, door.fd, TRUE);
    first = knock(&door);
    second = knock(&door);
    open_connection(&first);
    open_connection(&second);
    send_call(&second, TEST_DESTROY, 1, named("x", 0));
    expect_error(&second, TEST_DESTROY, 1, 29, 22, "read only");
    vccw_server_stop(fixture.server);
    assert_closed(&first);
    close_door(&door);
}

/* Without free descriptors clients are refused, the server does not spin, and serves on.
 */
static void
test_out_of_descriptors(void)
{
    g_auto(Fixture) fixture = { 0 };
    Door door = make_door();
    g_auto(Peer) before = { 0 };
    g_auto(Peer) refused = { 0 };
    g_auto(Peer) after = { 0 };
    struct rlimit limit, none;
    int lowest_free;
    guint turns = 0;
    gint64 end;

    set_up(&fixture, NULL);
    vccw_server_listen(fixture.server, door.fd, FALSE);
    before = knock(&door);
    open_connection(&before);
    refused = knock(&door);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    lowest_free = dup(refused.fd);
    close(lowest_free);
    none = (struct rlimit){ lowest_free, limit.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    end = g_get_monotonic_time() + 90 * G_TIME_SPAN_MILLISECOND;
    while (g_get_monotonic_time() < end) {
        turns += g_main_context_iteration(NULL, FALSE);
        g_usleep(100);
    }
    g_assert_cmpuint(turns, <, 20);
    assert_closed(&refused);
    send_call(&before, TEST_TYPE, 1, NULL);
    expect_ok(&before, TEST_TYPE, 1);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    after = knock(&door);
    open_connection(&after);
    close_door(&door);
}

/* Random bytes, random changes of good bytes: whatever happens, others are served. */
static void
test_garbage(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_auto(Peer) witness = { 0 };
    g_autoptr(GRand) random = g_rand_new_with_seed(20);

    set_up(&fixture, NULL);
    witness = connect_peer(&fixture, FALSE);
    open_connection(&witness);
    for (guint round = 0; round < 500; round++) {
        g_auto(Peer) peer = connect_peer(&fixture, round % 2);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autoptr(GByteArray) open = WORDS(0, 0);
        g_autoptr(GByteArray) payload = named("x", 3);

        put_call(bytes, TEST_OPEN, 0, open);
        for (guint i = 0; i < 20; i++)
            put_call(bytes, test_operations[i % G_N_ELEMENTS(test_operations)].procedure,
                     i, payload);
        for (guint i = 0; i < round % 40; i++)
            bytes->data[g_rand_int_range(random, 0, bytes->len)] = g_rand_int(random);
        send_bytes(&peer, bytes);
        receive_some(&peer);
    }
    send_call(&witness, TEST_TYPE, 1, NULL);
    expect_ok(&witness, TEST_TYPE, 1);
}

/* Thousands of idle connections: little memory each. */
static void
test_idle_memory(void)
{
    g_auto(Fixture) fixture = { 0 };
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    gulong pages[2];

    set_up(&fixture, NULL);
    for (guint i = 0; i < 200; i++) {
        Peer peer = connect_peer(&fixture, FALSE);

        open_connection(&peer);
        g_array_append_val(fds, peer.fd);
        g_byte_array_unref(peer.in);
        if (i == 99)
            g_file_get_contents("/proc/self/statm", &before, NULL, NULL);
    }
    g_file_get_contents("/proc/self/statm", &after, NULL, NULL);
    pages[0] = g_ascii_strtoull(strchr(before, ' '), NULL, 10);
    pages[1] = g_ascii_strtoull(strchr(after, ' '), NULL, 10);
    /* One hundred at two KiB each are fifty pages. */
    if (!SANITIZED)
        g_assert_cmpuint(pages[1] - pages[0], <=, 50);
    for (guint i = 0; i < fds->len; i++)
        close(g_array_index(fds, int, i));
    spin();
    g_assert_cmpuint(vccw_server_clients(fixture.server), <, 200);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server-limits/requests-limit", test_requests_limit);
    g_test_add_func("/server-limits/requests-flood", test_requests_flood);
    g_test_add_func("/server-limits/ping-flood", test_ping_flood);
    g_test_add_func("/server-limits/oversized", test_oversized);
    g_test_add_func("/server-limits/input-budget", test_input_budget);
    g_test_add_func("/server-limits/half-message", test_half_message);
    g_test_add_func("/server-limits/dripping", test_dripping);
    g_test_add_func("/server-limits/never-reading", test_never_reading);
    g_test_add_func("/server-limits/slow-reader", test_slow_reader);
    g_test_add_func("/server-limits/many-never-reading", test_many_never_reading);
    g_test_add_func("/server-limits/relief", test_relief);
    g_test_add_func("/server-limits/event-flood", test_event_flood);
    g_test_add_func("/server-limits/large-result", test_large_result);
    g_test_add_func("/server-limits/max-clients", test_max_clients);
    g_test_add_func("/server-limits/peers", test_peers);
    g_test_add_func("/server-limits/stop", test_stop);
    g_test_add_func("/server-limits/listen", test_listen);
    g_test_add_func("/server-limits/out-of-descriptors", test_out_of_descriptors);
    g_test_add_func("/server-limits/garbage", test_garbage);
    g_test_add_func("/server-limits/idle-memory", test_idle_memory);
    return g_test_run();
}
