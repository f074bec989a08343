/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A turn of the loop is: see which sockets are ready; do what is due; then let the
 * clients that were touched work, and only here may a client be freed. Trusted clients
 * and others stand in two queues, and each queue has some time in each turn: so root is
 * served while strangers ask for all that there is.
 *
 * Deadlines are lazy. A client's may move away at any time; the server's is only ever too
 * early, and is counted anew when it passes.
 */

#include "rpc/server.h"
#include "base/io.h"
#include "rpc/client.h"
#include "rpc/deadline.h"
#include "rpc/listeners.h"
#include "rpc/peers.h"
#include "rpc/watcher.h"
#include <errno.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define TIME_PER_TURN (5 * G_TIME_SPAN_MILLISECOND) /* for each kind of clients */
#define PRESSED_PAUSE (100 * G_TIME_SPAN_MILLISECOND)
#define MEMORY_MUCH   (8 * 1024 * 1024)
#define EXPIRE_PAUSE  (10 * G_TIME_SPAN_MILLISECOND) /* between looks at all */

struct _VccwServer {
    VccwClientHost host;
    VccwPeers *peers;
    VccwWatcher *watcher;
    VccwListeners *listeners;
    GQueue clients;    /* of VccwClient, by its link */
    GQueue work[2];    /* of those that were touched, by its work_link: trusted ones,
                          and others */
    gsize peak;        /* bytes that clients held, since memory was given back */
    gint64 deadline;   /* not later than that of any client */
    gint64 expired_at; /* when all clients were looked at */
    gboolean pressed;  /* clients were put off: see vccw_client_host_is_pressed() */
    gboolean stopped;
    VccwServerFunc func;
    gpointer func_data;
};

static GQueue *
work_of(VccwServer *server, const VccwClient *client)
{
    return &server->work[client->trusted ? 0 : 1];
}

static void
on_touched(VccwClient *client, gpointer data)
{
    VccwServer *server = data;

    if (client->working || client->over)
        return;
    client->working = TRUE;
    g_queue_push_tail_link(work_of(server, client), &client->work_link);
    vccw_watcher_wake(server->watcher);
}

static void
update_interest(VccwServer *server, VccwClient *client)
{
    guint32 interest = (vccw_client_wants_input(client) ? EPOLLIN : 0) |
                       (vccw_buffer_length(&client->out) ? EPOLLOUT : 0);

    if (interest == client->interest)
        return;
    client->interest = interest;
    if (!vccw_watcher_watch(server->watcher, EPOLL_CTL_MOD, client->fd, interest, client))
        vccw_client_drop(client, "its socket cannot be watched");
}

static void
remove_client(VccwServer *server, VccwClient *client)
{
    /* Ending the session may still cause events for others, but none for this one. */
    client->over = TRUE;
    if (client->working)
        g_queue_unlink(work_of(server, client), &client->work_link);
    g_queue_unlink(&server->clients, &client->link);
    vccw_peers_leave(server->peers, client->uid);
    vccw_client_free(client);
    if (server->func && server->clients.length == 0)
        server->func(0, server->func_data);
}

void
vccw_server_adopt(VccwServer *server, int fd, gboolean read_only)
{
    struct ucred peer = { .uid = (uid_t)-1 };
    socklen_t size = sizeof(peer);
    VccwClient *client;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || server->stopped ||
        !vccw_peers_enter(server->peers, peer.uid, read_only)) {
        vccw_fd_clear(&fd);
        return;
    }
    client = vccw_client_new(&server->host, fd, read_only,
                             vccw_peers_trusts(peer.uid, read_only), peer.uid, peer.pid);
    client->interest = EPOLLIN;
    if (!vccw_watcher_watch(server->watcher, EPOLL_CTL_ADD, fd, client->interest,
                            client)) {
        vccw_peers_leave(server->peers, peer.uid);
        vccw_client_free(client);
        return;
    }
    g_queue_push_tail_link(&server->clients, &client->link);
    if (server->func && server->clients.length == 1)
        server->func(1, server->func_data);
}

static void
on_ready(gpointer what, guint32 events, gpointer data)
{
    VccwServer *server = data;
    VccwClient *client = what;

    if (vccw_listeners_handle(server->listeners, what))
        return;
    if (events & EPOLLIN)
        client->readable = TRUE;
    else if (events & (EPOLLHUP | EPOLLERR))
        client->broken = TRUE;
    on_touched(client, server);
}

static void
touch_all(VccwServer *server)
{
    for (GList *i = server->clients.head; i; i = i->next)
        on_touched(i->data, server);
}

static void
expire_all(VccwServer *server, gint64 now)
{
    server->deadline = G_MAXINT64;
    server->expired_at = now;
    for (GList *i = server->clients.head; i; i = i->next) {
        vccw_deadline_expire(i->data, now);
        server->deadline = MIN(server->deadline, vccw_deadline_of(i->data));
    }
    if (vccw_client_host_is_pressed(&server->host)) {
        touch_all(server);
        server->deadline = MIN(server->deadline, now + PRESSED_PAUSE);
    }
}

static void
work_one(VccwServer *server, VccwClient *client)
{
    VccwClientState state;

    server->pressed |= vccw_client_host_is_pressed(&server->host);
    if (client->readable)
        vccw_client_receive(client);
    client->readable = FALSE;
    state = vccw_client_work(client);
    client->working = FALSE;
    server->pressed |= vccw_client_host_is_pressed(&server->host);
    if (state == VCCW_CLIENT_OVER) {
        remove_client(server, client);
        return;
    }
    update_interest(server, client);
    server->deadline = MIN(server->deadline, vccw_deadline_of(client));
    if (state == VCCW_CLIENT_AGAIN || client->broken)
        on_touched(client, server);
}

/* Lets each client in the queue work once, as far as the time reaches. */
static void
work_all(VccwServer *server, GQueue *queue)
{
    gint64 end = g_get_monotonic_time() + TIME_PER_TURN;

    for (guint n = queue->length; n && queue->head; n--) {
        work_one(server, g_queue_pop_head_link(queue)->data);
        if (g_get_monotonic_time() > end)
            return;
    }
}

static gint64
next_turn(VccwServer *server)
{
    gint64 next = server->deadline;

    if (server->work[0].length || server->work[1].length)
        return 0;
    if (next != G_MAXINT64)
        next = MAX(next, server->expired_at + EXPIRE_PAUSE);
    return MIN(next, vccw_listeners_deadline(server->listeners));
}

/* Those who were put off because of others must be asked again when that is over. */
static void
relieve(VccwServer *server, gint64 now)
{
    if (!server->pressed)
        return;
    server->pressed = vccw_client_host_is_pressed(&server->host);
    if (server->pressed)
        server->deadline = MIN(server->deadline, now + PRESSED_PAUSE);
    else
        touch_all(server);
}

/* What many clients held together lies scattered, and would stay with this process. */
static void
give_memory_back(VccwServer *server)
{
    gsize held = server->host.output + server->host.input.used;

    server->peak = MAX(server->peak, held);
    if (server->peak - held < MEMORY_MUCH)
        return;
    malloc_trim(0);
    server->peak = held;
}

static gint64
take_turn(gint64 now, gpointer data)
{
    VccwServer *server = data;

    vccw_watcher_look(server->watcher, on_ready, server);
    vccw_listeners_resume(server->listeners, now);
    if (now >= server->deadline && now >= server->expired_at + EXPIRE_PAUSE)
        expire_all(server, now);
    work_all(server, &server->work[0]);
    work_all(server, &server->work[1]);
    relieve(server, now);
    give_memory_back(server);
    return next_turn(server);
}

static guint
or_default(guint value, guint fallback)
{
    return value ? value : fallback;
}

static VccwServerLimits
complete_limits(const VccwServerLimits *given)
{
    VccwServerLimits limits = given ? *given : (VccwServerLimits){ 0 };

    limits.max_clients = or_default(limits.max_clients, VCCW_SERVER_CLIENTS);
    limits.reserved_clients = or_default(limits.reserved_clients, 100);
    limits.reserved_clients = MIN(limits.reserved_clients, limits.max_clients / 2);
    limits.max_client_requests = or_default(limits.max_client_requests, 5);
    if (limits.max_input == 0)
        limits.max_input = 32 * 1024 * 1024;
    if (limits.max_output == 0)
        limits.max_output = 16 * 1024 * 1024;
    limits.message_timeout = or_default(limits.message_timeout, 30);
    limits.keepalive_interval = or_default(limits.keepalive_interval, 5);
    limits.keepalive_count = or_default(limits.keepalive_count, 5);
    return limits;
}

static void
on_connection(int fd, gboolean read_only, gpointer data)
{
    vccw_server_adopt(data, fd, read_only);
}

VccwServer *
vccw_server_new(VccwDriver *driver, const VccwServerLimits *limits)
{
    VccwServer *server = g_new0(VccwServer, 1);

    server->host.driver = driver;
    server->host.limits = complete_limits(limits);
    server->host.input.max = server->host.limits.max_input;
    server->host.scratch = g_malloc(VCCW_CLIENT_READ);
    server->host.touched = on_touched;
    server->host.data = server;
    server->peers = vccw_peers_new(server->host.limits.max_clients,
                                   server->host.limits.reserved_clients);
    server->deadline = G_MAXINT64;
    server->watcher = vccw_watcher_new("virtccw server", take_turn, server);
    server->listeners =
        vccw_listeners_new(vccw_watcher_epoll(server->watcher), on_connection, server);
    return server;
}

void
vccw_server_free(VccwServer *server)
{
    if (!server)
        return;
    server->func = NULL;
    vccw_watcher_stop(server->watcher);
    vccw_listeners_free(server->listeners);
    while (server->clients.head)
        remove_client(server, server->clients.head->data);
    vccw_watcher_free(server->watcher);
    vccw_peers_free(server->peers);
    g_free(server->host.scratch);
    g_free(server);
}

void
vccw_server_listen(VccwServer *server, int fd, gboolean read_only)
{
    vccw_listeners_add(server->listeners, fd, read_only);
}

void
vccw_server_stop(VccwServer *server)
{
    server->stopped = TRUE;
    vccw_listeners_close(server->listeners);
    for (GList *i = server->clients.head; i; i = i->next)
        vccw_client_end(i->data);
}

guint
vccw_server_clients(VccwServer *server)
{
    return server->clients.length;
}

void
vccw_server_set_func(VccwServer *server, VccwServerFunc func, gpointer data)
{
    server->func = func;
    server->func_data = data;
}
