/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls a daemon as fast as it answers, from many connections at once, and tells the rate
 * and the latency. It speaks the remote protocol itself, so that no client library's cost
 * is measured, and so that it measures stock daemons the same way.
 *
 * Each connection keeps a number of calls in flight. A bystander may be added: a
 * connection that makes one call every millisecond, to see what the load does to others.
 */

#include "rpc-peer.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

static struct {
    int connections;
    int calls;
    int depth;
    int procedure;
    int idle;
    gboolean bystander;
    const char *name;
    const char *uri;
} options = { .connections = 1,
              .calls = 20000,
              .depth = 1,
              .procedure = 3,
              .uri = "ccw:///system" };

static const GOptionEntry entries[] = {
    { "connections", 'c', 0, G_OPTION_ARG_INT, &options.connections, "that call", "N" },
    { "calls", 'n', 0, G_OPTION_ARG_INT, &options.calls, "of each connection", "N" },
    { "depth", 'd', 0, G_OPTION_ARG_INT, &options.depth, "calls in flight of each", "N" },
    { "procedure", 'p', 0, G_OPTION_ARG_INT, &options.procedure,
      "3, or one with a name (113, 115) or a name and flags (114), or 285", "N" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &options.name, "a node device", "NAME" },
    { "idle", 'i', 0, G_OPTION_ARG_INT, &options.idle, "connections that only exist",
      "N" },
    { "bystander", 'b', 0, G_OPTION_ARG_NONE, &options.bystander,
      "measure the latency of another connection that calls now and then", NULL },
    { "uri", 'u', 0, G_OPTION_ARG_STRING, &options.uri, "to open", "URI" },
    { NULL }
};

typedef struct {
    int fd;
    GByteArray *in;
    GByteArray *out;
    guint32 serial;    /* of the next call */
    guint32 answered;  /* calls that were answered */
    gint64 *sent;      /* when each call was sent, by serial modulo depth */
    gint64 next_at;    /* of a bystander: when to call again */
    GArray *latencies; /* microseconds */
    int calls;         /* to make; -1 for a bystander */
    int depth;
} Connection;

static G_NORETURN void
fail(const char *what)
{
    fprintf(stderr, "bench-load: %s: %s\n", what, g_strerror(errno));
    exit(1);
}

static int
connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(path);
    return fd;
}

static void
put_next_call(Connection *connection)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    if (options.procedure == 285) {
        put_word(payload, 1);
        put_word(payload, 0);
    } else if (options.name) {
        put_text(payload, options.name);
        put_word(payload, 0);
    }
    connection->sent[connection->serial % connection->depth] = g_get_monotonic_time();
    put_call(connection->out, options.procedure, connection->serial++, payload);
}

static void
flush(Connection *connection)
{
    ssize_t n;

    while (connection->out->len) {
        n = send(connection->fd, connection->out->data, connection->out->len,
                 MSG_NOSIGNAL);
        if (n < 0)
            fail("send");
        g_byte_array_remove_range(connection->out, 0, n);
    }
}

static void
receive(Connection *connection)
{
    guint8 bytes[65536];
    ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);

    if (n <= 0)
        fail("the daemon hung up");
    g_byte_array_append(connection->in, bytes, n);
}

/* Makes one call and waits for its answer. */
static void
call_and_wait(Connection *connection, guint32 procedure, const GByteArray *payload)
{
    PeerReply *reply;

    put_call(connection->out, procedure, 0, payload);
    flush(connection);
    while (!(reply = take_reply(connection->in)))
        receive(connection);
    if (reply->status != 0) {
        g_autofree char *message = error_message(reply);

        fprintf(stderr, "bench-load: procedure %u: %s\n", procedure, message);
        exit(1);
    }
    peer_reply_free(reply);
}

static void
open_connection(Connection *connection, const char *path, int calls, int depth)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    *connection = (Connection){ .fd = connect_to(path),
                                .in = g_byte_array_new(),
                                .out = g_byte_array_new(),
                                .sent = g_new0(gint64, depth),
                                .latencies = g_array_new(FALSE, FALSE, sizeof(gint64)),
                                .calls = calls,
                                .depth = depth };
    call_and_wait(connection, 66, NULL);
    put_word(payload, 1);
    put_text(payload, options.uri);
    put_word(payload, 0);
    call_and_wait(connection, 1, payload);
}

static void
take_replies(Connection *connection, gint64 now)
{
    PeerReply *reply;

    while ((reply = take_reply(connection->in))) {
        gint64 latency = now - connection->sent[reply->serial % connection->depth];

        if (reply->type != REPLY || reply->status != 0) {
            fprintf(stderr, "bench-load: a call failed\n");
            exit(1);
        }
        g_array_append_val(connection->latencies, latency);
        connection->answered++;
        connection->next_at = now + G_TIME_SPAN_MILLISECOND;
        peer_reply_free(reply);
    }
}

/* Keeps as many calls in flight as there should be. */
static void
call_on(Connection *connection, gint64 now)
{
    if (connection->calls < 0) {
        if (connection->serial == connection->answered && now >= connection->next_at)
            put_next_call(connection);
    } else {
        while (connection->serial < (guint32)connection->calls &&
               connection->serial - connection->answered < (guint32)connection->depth)
            put_next_call(connection);
    }
    flush(connection);
}

static void
run(Connection *connections, guint n, guint flooders)
{
    g_autofree struct pollfd *fds = g_new0(struct pollfd, n);
    guint busy = flooders;

    for (guint i = 0; i < n; i++) {
        fds[i] = (struct pollfd){ .fd = connections[i].fd, .events = POLLIN };
        call_on(&connections[i], g_get_monotonic_time());
    }
    while (busy) {
        gint64 now;

        poll(fds, n, 1);
        now = g_get_monotonic_time();
        for (guint i = 0; i < n; i++) {
            gboolean was_busy = connections[i].answered < (guint32)connections[i].calls;

            if (fds[i].revents) {
                receive(&connections[i]);
                take_replies(&connections[i], g_get_monotonic_time());
            }
            if (fds[i].revents || connections[i].calls < 0)
                call_on(&connections[i], now);
            if (i < flooders && was_busy &&
                connections[i].answered >= (guint32)connections[i].calls)
                busy--;
        }
    }
}

static int
compare(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

static void
print_latencies(const char *what, GArray *all)
{
    g_array_sort(all, compare);
    if (all->len)
        printf("%s: p50 %" G_GINT64_FORMAT " us, p99 %" G_GINT64_FORMAT
               " us, max %" G_GINT64_FORMAT " us\n",
               what, g_array_index(all, gint64, all->len / 2),
               g_array_index(all, gint64, all->len * 99 / 100),
               g_array_index(all, gint64, all->len - 1));
}

static void
print_results(Connection *connections, guint flooders, gint64 elapsed)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(gint64));

    for (guint i = 0; i < flooders; i++)
        g_array_append_vals(all, connections[i].latencies->data,
                            connections[i].latencies->len);
    printf("%u calls by %u connections: %.0f calls/s\n", all->len, flooders,
           all->len * 1e6 / elapsed);
    print_latencies("latency", all);
    if (options.bystander)
        print_latencies("bystander", connections[flooders].latencies);
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("SOCKET");
    g_autoptr(GError) error = NULL;
    g_autofree Connection *connections = NULL;
    guint n;
    gint64 start;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 ||
        options.connections < 1 || options.depth < 1) {
        fprintf(stderr, "bench-load: %s\n", error ? error->message : "see --help");
        return 2;
    }
    n = options.connections + options.bystander;
    connections = g_new0(Connection, n);
    for (int i = 0; i < options.idle; i++)
        connect_to(argv[1]);
    for (guint i = 0; i < n; i++)
        open_connection(&connections[i], argv[1],
                        i < (guint)options.connections ? options.calls : -1,
                        i < (guint)options.connections ? options.depth : 1);
    start = g_get_monotonic_time();
    run(connections, n, options.connections);
    print_results(connections, options.connections, g_get_monotonic_time() - start);
    return 0;
}
