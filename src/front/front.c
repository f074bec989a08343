/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A turn of the loop is: see which sockets are ready; let each of them receive once; send
 * what that led to; and only then free the relays that are over, for the list of ready
 * sockets may still name them before.
 */

#include "front/front.h"
#include "base/io.h"
#include "front/authorize.h"
#include "front/intake.h"
#include "front/peer.h"
#include "rpc/listeners.h"
#include "rpc/peers.h"
#include "rpc/watcher.h"
#include <malloc.h>
#include <sys/epoll.h>

#define TICK        G_TIME_SPAN_SECOND
#define MEMORY_MUCH (8 * 1024 * 1024)
#define FDS_MAX     256 /* file descriptors that may wait to be sent */

/* A listening socket, with what is behind it. */
typedef struct {
    VccwFront *front;
    VccwListeners *listeners;
    VccwStock stock;
    gboolean polkit;
} Gate;

/* What the front knows of a relay. */
typedef struct {
    VccwRelay *relay;
    GList link;         /* in the list of all */
    GList touched_link; /* in the list of those to look at */
    gboolean touched;
} Entry;

struct _VccwFront {
    VccwRelayHost host;
    VccwPeers *peers;
    VccwWatcher *watcher;
    GPtrArray *gates; /* of Gate */
    GQueue entries;
    GQueue touched;
    GHashTable *by_relay; /* of VccwRelay: Entry */
    gint64 tick_at;
    gsize peak; /* bytes that relays held, since memory was given back */
    void (*func)(guint clients, gpointer data);
    gpointer func_data;
};

static void
on_touched(VccwRelay *relay, gpointer data)
{
    VccwFront *front = data;
    Entry *entry = g_hash_table_lookup(front->by_relay, relay);

    if (!entry || entry->touched)
        return;
    entry->touched = TRUE;
    g_queue_push_tail_link(&front->touched, &entry->touched_link);
    vccw_watcher_wake(front->watcher);
}

/* A port that hung up is reported for ever, whatever epoll is asked to watch. */
static int
next_operation(const VccwPort *port, guint32 interest)
{
    gboolean gone = port->broken || (port->hung_up && !interest);

    if (!port->watched)
        return gone ? 0 : EPOLL_CTL_ADD;
    if (gone)
        return EPOLL_CTL_DEL;
    return interest == port->interest ? 0 : EPOLL_CTL_MOD;
}

static void
update_interest(VccwFront *front, VccwRelay *relay, VccwPort *port)
{
    guint32 interest = (vccw_intake_wants(relay, port) ? EPOLLIN : 0) |
                       (vccw_port_waiting(port) ? EPOLLOUT : 0);
    int operation = port->fd < 0 ? 0 : next_operation(port, interest);

    if (operation == 0)
        return;
    port->watched = operation != EPOLL_CTL_DEL;
    port->interest = interest;
    if (!vccw_watcher_watch(front->watcher, operation, port->fd, interest, port))
        vccw_relay_drop(relay, "its socket cannot be watched");
}

static void
remove_entry(VccwFront *front, Entry *entry)
{
    g_hash_table_remove(front->by_relay, entry->relay);
    if (entry->touched)
        g_queue_unlink(&front->touched, &entry->touched_link);
    g_queue_unlink(&front->entries, &entry->link);
    vccw_peers_leave(front->peers, vccw_relay_peer(entry->relay)->uid);
    vccw_relay_free(entry->relay);
    g_free(entry);
    if (front->func && front->entries.length == 0)
        front->func(0, front->func_data);
}

static void
add_relay(VccwFront *front, VccwRelay *relay)
{
    Entry *entry = g_new0(Entry, 1);

    entry->relay = relay;
    entry->link.data = entry;
    entry->touched_link.data = entry;
    g_queue_push_tail_link(&front->entries, &entry->link);
    g_hash_table_insert(front->by_relay, relay, entry);
    on_touched(relay, front);
    if (front->func && front->entries.length == 1)
        front->func(1, front->func_data);
}

static void
on_connection(int fd, gboolean read_only, gpointer data)
{
    Gate *gate = data;
    VccwFront *front = gate->front;
    VccwRelayPeer peer = { .read_only = read_only };

    if (!vccw_peer_of(fd, vccw_driver_host(front->host.driver)->proc, &peer) ||
        !vccw_peers_enter(front->peers, peer.uid, read_only)) {
        g_free(peer.label);
        vccw_fd_clear(&fd);
        return;
    }
    peer.polkit = gate->polkit && peer.uid != 0;
    add_relay(front, vccw_relay_new(&front->host, &gate->stock, fd, &peer));
}

static gboolean
is_of_gate(VccwFront *front, gpointer what)
{
    for (guint i = 0; i < front->gates->len; i++)
        if (vccw_listeners_handle(((Gate *)front->gates->pdata[i])->listeners, what))
            return TRUE;
    return FALSE;
}

static void
on_ready(gpointer what, guint32 events, gpointer data)
{
    VccwFront *front = data;
    VccwPort *port = what;

    if (is_of_gate(front, what))
        return;
    if (events & EPOLLIN)
        vccw_intake_receive(port->owner, port);
    else if (events & (EPOLLHUP | EPOLLERR))
        vccw_intake_hung_up(port->owner, port);
    on_touched(port->owner, front);
}

static void
settle_entry(VccwFront *front, Entry *entry)
{
    VccwRelay *relay = entry->relay;

    vccw_relay_flush(relay);
    if (vccw_intake_resume(relay))
        vccw_relay_flush(relay);
    if (vccw_relay_is_over(relay)) {
        remove_entry(front, entry);
        return;
    }
    update_interest(front, relay, vccw_relay_client_port(relay));
    update_interest(front, relay, vccw_relay_stock_port(relay));
}

static void
settle_touched(VccwFront *front)
{
    for (guint n = front->touched.length; n && front->touched.head; n--) {
        Entry *entry = g_queue_pop_head_link(&front->touched)->data;

        entry->touched = FALSE;
        settle_entry(front, entry);
    }
}

static gsize
held(const VccwFront *front)
{
    return front->host.waiting + vccw_shares_taken(front->host.kept);
}

/* What many relays held together lies scattered, and would stay with this process. */
static void
give_memory_back(VccwFront *front)
{
    gsize now = held(front);

    if (front->peak < now + MEMORY_MUCH)
        return;
    malloc_trim(0);
    front->peak = now;
}

static void
tick(VccwFront *front, gint64 now)
{
    for (GList *i = front->entries.head; i; i = i->next)
        vccw_relay_tick(((Entry *)i->data)->relay, now);
    for (guint i = 0; i < front->gates->len; i++)
        vccw_listeners_resume(((Gate *)front->gates->pdata[i])->listeners, now);
    give_memory_back(front);
    front->tick_at = now + TICK;
}

static gint64
next_turn(VccwFront *front)
{
    gint64 next = front->entries.length ? front->tick_at : G_MAXINT64;

    if (front->touched.length)
        return 0;
    for (guint i = 0; i < front->gates->len; i++)
        next = MIN(next,
                   vccw_listeners_deadline(((Gate *)front->gates->pdata[i])->listeners));
    return next;
}

static gint64
take_turn(gint64 now, gpointer data)
{
    VccwFront *front = data;

    vccw_watcher_look(front->watcher, on_ready, front);
    if (now >= front->tick_at)
        tick(front, now);
    front->peak = MAX(front->peak, held(front));
    settle_touched(front);
    if (front->entries.length == 0)
        give_memory_back(front);
    return next_turn(front);
}

static void
gate_free(gpointer data)
{
    Gate *gate = data;

    vccw_listeners_free(gate->listeners);
    g_free(gate->stock.path);
    g_free(gate->stock.scheme);
    g_free(gate);
}

static void
init_host(VccwFront *front, VccwDriver *driver, const VccwFrontLimits *limits)
{
    VccwRelayHost *host = &front->host;
    int interval = limits->keepalive_interval;

    host->driver = driver;
    host->scratch = g_malloc(VCCW_INTAKE_MAX);
    host->kept = vccw_shares_new(limits->max_kept ? limits->max_kept : 64 * 1024 * 1024);
    host->fds = vccw_shares_new(FDS_MAX);
    host->max_waiting = limits->max_waiting ? limits->max_waiting : 64 * 1024 * 1024;
    host->max_requests = limits->max_client_requests ? limits->max_client_requests : 5;
    host->max_output = limits->max_output ? limits->max_output : 16 * 1024 * 1024;
    host->interval = interval < 0 ? 0 : interval ? interval : 5;
    host->count = limits->keepalive_count ? limits->keepalive_count : 5;
    host->access_control = limits->access_control;
    host->authority = vccw_authority_new();
    host->touched = on_touched;
    host->data = front;
}

VccwFront *
vccw_front_new(VccwDriver *driver, const VccwFrontLimits *given)
{
    VccwFrontLimits limits = given ? *given : (VccwFrontLimits){ 0 };
    VccwFront *front = g_new0(VccwFront, 1);

    init_host(front, driver, &limits);
    front->peers =
        vccw_peers_new(limits.max_clients ? limits.max_clients : 5000,
                       limits.reserved_clients ? limits.reserved_clients : 100);
    front->gates = g_ptr_array_new_with_free_func(gate_free);
    front->by_relay = g_hash_table_new(g_direct_hash, g_direct_equal);
    front->watcher = vccw_watcher_new("virtccw front", take_turn, front);
    return front;
}

void
vccw_front_free(VccwFront *front)
{
    if (!front)
        return;
    front->func = NULL;
    vccw_watcher_stop(front->watcher);
    g_ptr_array_unref(front->gates);
    while (front->entries.head)
        remove_entry(front, front->entries.head->data);
    vccw_watcher_free(front->watcher);
    g_hash_table_unref(front->by_relay);
    vccw_peers_free(front->peers);
    vccw_authority_free(front->host.authority);
    vccw_shares_free(front->host.kept);
    vccw_shares_free(front->host.fds);
    g_free(front->host.scratch);
    g_free(front);
}

void
vccw_front_listen(VccwFront *front, const VccwFrontSocket *socket)
{
    Gate *gate = g_new0(Gate, 1);

    gate->front = front;
    gate->stock.path = g_strdup(socket->stock);
    gate->stock.scheme = g_strdup(socket->scheme);
    gate->stock.spare = socket->spare;
    gate->polkit = socket->polkit;
    gate->listeners =
        vccw_listeners_new(vccw_watcher_epoll(front->watcher), on_connection, gate);
    vccw_listeners_add(gate->listeners, socket->fd, socket->read_only);
    g_ptr_array_add(front->gates, gate);
}

void
vccw_front_stop(VccwFront *front)
{
    for (guint i = 0; i < front->gates->len; i++)
        vccw_listeners_close(((Gate *)front->gates->pdata[i])->listeners);
    for (GList *i = front->entries.head; i; i = i->next)
        vccw_relay_end(((Entry *)i->data)->relay);
}

guint
vccw_front_clients(VccwFront *front)
{
    return front->entries.length;
}

void
vccw_front_set_func(VccwFront *front,
                    void (*func)(guint clients, gpointer data),
                    gpointer data)
{
    front->func = func;
    front->func_data = data;
}
