/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libvirt closes a connection when its last reference goes, and every call and every
 * registered event holds one: so nothing here has to fear that a connection closes while
 * it is used. The session is only touched in the root's thread.
 *
 * Events go into libvirt's own queue (module/feeder.h), which hands them out in the
 * application's event loop and does the bookkeeping of callbacks. The session listens to
 * each kind of event once, and libvirt's queue knows who wants which.
 */

#include "module/connection.h"
#include "module/feeder.h"
#include "module/layout.h"
#include "module/raise.h"
#include "module/root.h"
#include "module/symbols.h"
#include <pthread.h>
#include <string.h>
#include <virtccw/error.h>

#define PROCEDURE_OPEN 1
#define EVENTS         32 /* no more kinds of them, from 0, of each */

/* The procedures that register for events. */
static const gint32 procedures_of_events
    [] = { [VCCW_CONNECTION_NODE_DEVICES] = 374, [VCCW_CONNECTION_DOMAINS] = 316 };

typedef struct {
    VccwRoot *root;
    VccwSession *session; /* of the root's thread */
    gpointer queue;       /* libvirt's virObjectEventState */
    GMutex mutex;
    gboolean listens[VCCW_CONNECTION_EVENTS_LAST][EVENTS]; /* guarded by the mutex */
} Connection;

static GMutex lock;
static GHashTable *connections; /* virConnectPtr → Connection; guarded by the lock */

/* A fork must not find the lock held by a thread that the child does not have. */
static void
before_fork(void)
{
    g_mutex_lock(&lock);
}

static void
after_fork(void)
{
    g_mutex_unlock(&lock);
}

static Connection *
find(virConnectPtr conn)
{
    Connection *connection;

    g_mutex_lock(&lock);
    connection = connections ? g_hash_table_lookup(connections, conn) : NULL;
    g_mutex_unlock(&lock);
    return connection;
}

static void
add(virConnectPtr conn, Connection *connection)
{
    g_mutex_lock(&lock);
    if (!connections) {
        connections = g_hash_table_new(NULL, NULL);
        pthread_atfork(before_fork, after_fork, after_fork);
    }
    g_hash_table_insert(connections, conn, connection);
    g_mutex_unlock(&lock);
}

static Connection *
take(virConnectPtr conn)
{
    gpointer connection = NULL;

    g_mutex_lock(&lock);
    if (connections)
        g_hash_table_steal_extended(connections, conn, NULL, &connection);
    g_mutex_unlock(&lock);
    return connection;
}

virConnectPtr
vccw_connection_of(gconstpointer object)
{
    return ((const VccwLayoutDomain *)object)->connection;
}

/*
 * Events, in the root's thread
 */

static void
feed(Connection *connection, gpointer event)
{
    vccw_feeder_push(vccw_root_feeder(connection->root), connection->queue, event);
}

static void
on_lifecycle(gpointer data,
             gint32 callback_id,
             const char *name,
             gint32 event,
             gint32 detail)
{
    Connection *connection = data;

    feed(connection, vccw_libvirt.virNodeDeviceEventLifecycleNew(name, event, detail));
}

static void
on_update(gpointer data, gint32 callback_id, const char *name)
{
    Connection *connection = data;

    feed(connection, vccw_libvirt.virNodeDeviceEventUpdateNew(name));
}

static void
on_domain_lifecycle(gpointer data,
                    gint32 callback_id,
                    const VccwDomainRef *domain,
                    gint32 event,
                    gint32 detail)
{
    Connection *connection = data;

    feed(connection, vccw_libvirt.virDomainEventLifecycleNew(
                         domain->id, domain->name, domain->uuid.bytes, event, detail));
}

/* libvirt makes this event of a domain only, and reads no more of it than what is here. A
 * domain of its own would hold the connection: were it the last one to, the connection
 * would be closed in this thread, which has to be there for that. */
static void
on_domain_metadata(gpointer data,
                   gint32 callback_id,
                   const VccwDomainRef *ref,
                   gint32 type,
                   const char *uri)
{
    Connection *connection = data;
    VccwLayoutDomain domain = { .name = ref->name, .id = ref->id };

    memcpy(domain.uuid, ref->uuid.bytes, sizeof domain.uuid);
    feed(connection,
         vccw_libvirt.virDomainEventMetadataChangeNewFromDom(&domain, type, uri));
}

static const VccwSessionSink sink = { .lifecycle = on_lifecycle,
                                      .update = on_update,
                                      .domain_lifecycle = on_domain_lifecycle,
                                      .domain_metadata = on_domain_metadata };

/*
 * Calls
 */

typedef struct {
    Connection *connection;
    const VccwOperation *operation;
    const VccwArgs *args;
    VccwResult *result; /* or NULL */
    VccwVirError *error;
    GMutex mutex;
    GCond cond;
    gboolean over; /* guarded by the mutex */
} Call;

static void
call_init(Call *call)
{
    g_mutex_init(&call->mutex);
    g_cond_init(&call->cond);
}

static void
call_over(Call *call)
{
    g_mutex_lock(&call->mutex);
    call->over = TRUE;
    g_cond_signal(&call->cond);
    g_mutex_unlock(&call->mutex);
}

static void
call_wait(Call *call)
{
    g_mutex_lock(&call->mutex);
    while (!call->over)
        g_cond_wait(&call->cond, &call->mutex);
    g_mutex_unlock(&call->mutex);
    g_mutex_clear(&call->mutex);
    g_cond_clear(&call->cond);
}

static void
keep_result(const VccwResult *result, VccwResult *ret_result)
{
    ret_result->number = result->number;
    ret_result->string = g_strdup(result->string);
    ret_result->names = result->names ? g_ptr_array_ref(result->names) : NULL;
    ret_result->second = result->second;
    ret_result->domains = result->domains ? g_ptr_array_ref(result->domains) : NULL;
    ret_result->info =
        result->info ? g_memdup2(result->info, sizeof *result->info) : NULL;
}

/* VccwCallDone, in the root's thread */
static void
call_done(const VccwResult *result, const GError *error, gpointer data)
{
    Call *call = data;

    if (error)
        call->error = vccw_virerror_new(error);
    else if (call->result)
        keep_result(result, call->result);
    call_over(call);
}

static void
start_call(VccwDriver *driver, gpointer data)
{
    Call *call = data;

    vccw_session_call(call->connection->session, call->operation, call->args, call_done,
                      call);
}

static gboolean
is_usable(Connection *connection)
{
    if (connection && vccw_root_is_alive(connection->root))
        return TRUE;
    vccw_raise_take(g_error_new(
        VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID, "%s",
        connection ? "this connection is of the process that this one was forked from: "
                     "open one after the fork"
                   : "this is no connection of libvirt_driver_ccw.so"));
    return FALSE;
}

static gboolean
call_connection(Connection *connection,
                gint32 procedure,
                const VccwArgs *args,
                VccwResult *ret_result)
{
    Call call = { .connection = connection,
                  .operation = vccw_operation_find(procedure),
                  .args = args,
                  .result = ret_result };

    if (!is_usable(connection))
        return FALSE;
    call_init(&call);
    vccw_root_invoke(connection->root, start_call, &call);
    call_wait(&call);
    if (!call.error)
        return TRUE;
    vccw_raise(call.error);
    vccw_virerror_free(call.error);
    return FALSE;
}

gboolean
vccw_connection_call(virConnectPtr conn,
                     gint32 procedure,
                     const VccwArgs *args,
                     VccwResult *ret_result)
{
    return call_connection(find(conn), procedure, args, ret_result);
}

void
vccw_connection_clear(VccwResult *result)
{
    g_clear_pointer(&result->string, g_free);
    g_clear_pointer(&result->names, g_ptr_array_unref);
    g_clear_pointer(&result->domains, g_ptr_array_unref);
    g_free((gpointer)result->info);
    result->info = NULL;
}

int
vccw_connection_done(virConnectPtr conn, gint32 procedure, const VccwArgs *args)
{
    return vccw_connection_call(conn, procedure, args, NULL) ? 0 : -1;
}

gint64
vccw_connection_number(virConnectPtr conn, gint32 procedure, const VccwArgs *args)
{
    VccwResult result = { 0 };

    if (!vccw_connection_call(conn, procedure, args, &result))
        return -1;
    vccw_connection_clear(&result);
    return result.number;
}

char *
vccw_connection_string(virConnectPtr conn, gint32 procedure, const VccwArgs *args)
{
    VccwResult result = { 0 };
    char *string;

    if (!vccw_connection_call(conn, procedure, args, &result))
        return NULL;
    string = g_steal_pointer(&result.string);
    vccw_connection_clear(&result);
    return string;
}

int
vccw_connection_fill_names(virConnectPtr conn,
                           gint32 procedure,
                           const VccwArgs *args,
                           char **const ret_names,
                           int max)
{
    VccwResult result = { 0 };
    int n;

    if (!vccw_connection_call(conn, procedure, args, &result))
        return -1;
    n = MIN((int)result.names->len, max);
    for (int i = 0; i < n; i++)
        ret_names[i] = g_strdup(result.names->pdata[i]);
    vccw_connection_clear(&result);
    return n;
}

/*
 * Opening and closing
 */

static void
make_session(VccwDriver *driver, gpointer data)
{
    Call *call = data;

    call->connection->session = vccw_session_new(driver, FALSE, &sink, call->connection);
    call_over(call);
}

static void
free_session(VccwDriver *driver, gpointer data)
{
    Call *call = data;

    g_clear_pointer(&call->connection->session, vccw_session_free);
    call_over(call);
}

/* Has @func called with the connection in the root's thread, and waits for it. */
static void
invoke(Connection *connection, VccwRootFunc func)
{
    Call call = { .connection = connection };

    call_init(&call);
    vccw_root_invoke(connection->root, func, &call);
    call_wait(&call);
}

static void
connection_free(Connection *connection)
{
    if (!connection)
        return;
    if (connection->root && vccw_root_is_alive(connection->root))
        invoke(connection, free_session);
    if (connection->queue)
        vccw_libvirt.virObjectUnref(connection->queue);
    vccw_root_close(connection->root);
    g_mutex_clear(&connection->mutex);
    g_free(connection);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Connection, connection_free)

gboolean
vccw_connection_open(virConnectPtr conn,
                     const VccwOptions *options,
                     unsigned int flags,
                     GError **error)
{
    g_autoptr(Connection) connection = g_new0(Connection, 1);
    VccwArgs args = { .flags = flags & VIR_CONNECT_RO };

    g_mutex_init(&connection->mutex);
    connection->root = vccw_root_open(options, error);
    if (!connection->root)
        return FALSE;
    connection->queue = vccw_libvirt.virObjectEventStateNew();
    if (!connection->queue) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL,
                    "libvirt makes no event queue");
        return FALSE;
    }
    invoke(connection, make_session);
    if (!call_connection(connection, PROCEDURE_OPEN, &args, NULL)) {
        /* It cannot: the session is new, and no URI is handed on that could be wrong. */
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL, "the session does not open");
        return FALSE;
    }
    add(conn, g_steal_pointer(&connection));
    return TRUE;
}

void
vccw_connection_close(virConnectPtr conn)
{
    connection_free(take(conn));
}

/*
 * Events, in the application's threads
 */

gpointer
vccw_connection_events(virConnectPtr conn, VccwConnectionEvents of, gint32 event)
{
    Connection *connection = find(conn);
    VccwArgs args = { .number = event };
    gboolean known = event >= 0 && event < EVENTS;
    gboolean done = TRUE;

    if (!is_usable(connection))
        return NULL;
    g_mutex_lock(&connection->mutex);
    if (!known || !connection->listens[of][event])
        done = call_connection(connection, procedures_of_events[of], &args, NULL);
    if (known && done)
        connection->listens[of][event] = TRUE;
    g_mutex_unlock(&connection->mutex);
    return done ? connection->queue : NULL;
}

gpointer
vccw_connection_queue(virConnectPtr conn)
{
    Connection *connection = find(conn);

    return is_usable(connection) ? connection->queue : NULL;
}

/* The session goes on listening, and libvirt's queue drops what nobody wants; 317 and 375
 * are for faces that keep books of their own. */
int
vccw_connection_deregister(virConnectPtr conn, int callback_id)
{
    gpointer queue = vccw_connection_queue(conn);

    if (!queue ||
        vccw_libvirt.virObjectEventStateDeregisterID(conn, queue, callback_id, true) < 0)
        return -1;
    return 0;
}
