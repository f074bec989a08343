/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * virtccwd: the daemon face. It puts a driver and a server together, and ends cleanly.
 *
 * Order matters: first the lock, so that two daemons never work on one host; then the
 * sockets, so that clients can queue up; then the host is read; then it is "ready".
 */

#include "base/io.h"
#include "config.h"
#include "daemon/log.h"
#include "daemon/settings.h"
#include "daemon/sockets.h"
#include "driver/driver.h"
#include "front/front.h"
#include "rpc/server.h"
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#else
#define sd_notify(unset, state)
#endif

#define OWN_FILES    512 /* descriptors for all but clients */
#define STOP_SECONDS 5   /* how long calls under way may take when the daemon is to end */

typedef struct {
    const VccwSettings *settings;
    VccwDriver *driver;
    VccwServer *server;
    VccwFront *front;
    GMainLoop *loop;
    guint idle_source;
    gboolean stopping;
} Daemon;

static gboolean
quit_now(gpointer data)
{
    Daemon *daemon = data;

    g_main_loop_quit(daemon->loop);
    return G_SOURCE_REMOVE;
}

static void
stop(Daemon *daemon)
{
    if (daemon->stopping) {
        g_main_loop_quit(daemon->loop); /* asked twice: at once */
        return;
    }
    daemon->stopping = TRUE;
    sd_notify(0, "STOPPING=1");
    g_timeout_add_seconds(STOP_SECONDS, quit_now, daemon);
    vccw_server_stop(daemon->server);
    vccw_front_stop(daemon->front);
    if (vccw_server_clients(daemon->server) + vccw_front_clients(daemon->front) == 0)
        g_main_loop_quit(daemon->loop);
}

static gboolean
on_terminate(gpointer data)
{
    stop(data);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_hangup(gpointer data)
{
    Daemon *daemon = data;

    g_message("reading host and definitions anew");
    vccw_driver_reload(daemon->driver);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_idle(gpointer data)
{
    Daemon *daemon = data;

    if (vccw_driver_busy(daemon->driver) > 0)
        return G_SOURCE_CONTINUE;
    daemon->idle_source = 0;
    g_message("no client for %d seconds: ending", daemon->settings->timeout);
    stop(daemon);
    return G_SOURCE_REMOVE;
}

static void
on_clients(guint clients, gpointer data)
{
    Daemon *daemon = data;

    g_clear_handle_id(&daemon->idle_source, g_source_remove);
    if (vccw_server_clients(daemon->server) + vccw_front_clients(daemon->front) > 0)
        return;
    if (daemon->stopping)
        g_main_loop_quit(daemon->loop);
    else if (daemon->settings->timeout > 0)
        daemon->idle_source =
            g_timeout_add_seconds(daemon->settings->timeout, on_idle, daemon);
}

/* From now on a signal waits until the main loop runs: whoever finds a socket can already
 * end us cleanly. */
static void
watch_signals(Daemon *daemon)
{
    signal(SIGPIPE, SIG_IGN);
    g_unix_signal_add(SIGTERM, on_terminate, daemon);
    g_unix_signal_add(SIGINT, on_terminate, daemon);
    g_unix_signal_add(SIGHUP, on_hangup, daemon);
}

/* Each client costs a descriptor: use what the administrator allows. */
static void
raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static VccwDriver *
make_driver(const VccwSettings *settings, GError **error)
{
    g_autofree char *runs = g_build_filename(settings->socket_dir, "qemu", NULL);
    VccwDriverOptions options = {
        .sysfs = settings->sysfs,
        .dev = settings->dev,
        .proc = settings->proc,
        .definitions = settings->definitions,
        .domains = settings->domains,
        .overrides = settings->overrides,
        .rules = settings->udev_rules,
        .state = settings->var_dir,
        .runs = settings->privileged ? runs : NULL,
        .take_parents = settings->take_parents,
        .privileged = settings->privileged,
        .autostart = settings->privileged,
        .operation_timeout_ms = settings->operation_timeout * 1000,
    };

    return vccw_driver_new(&options, error);
}

/* Whether there may be clients of the front: those that are relayed, and those that
 * polkit is asked about. */
static gboolean
has_front(const VccwSettings *settings)
{
    return settings->stock_qemu_socket || settings->stock_nodedev_socket ||
           settings->access_polkit || g_str_equal(settings->auth_unix_rw, "polkit") ||
           g_str_equal(settings->auth_unix_ro, "polkit");
}

/* How many of the clients that are asked for there are descriptors for: without any left,
 * neither root gets in nor can host and store be read. A client that is relayed needs
 * two, and there may be as many of them as of others. */
static guint
affordable_clients(const VccwSettings *settings)
{
    guint wanted = settings->max_clients ? settings->max_clients : VCCW_SERVER_CLIENTS;
    guint each = has_front(settings) ? 3 : 1;
    struct rlimit limit;
    rlim_t most;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    most = (limit.rlim_cur - MIN(OWN_FILES, limit.rlim_cur / 2)) / each;
    if (most >= wanted)
        return wanted;
    g_message("serving %u clients at most%s, not %u: the limit of open files is %u",
              (guint)most, each > 1 ? ", and as many that are relayed" : "", wanted,
              (guint)limit.rlim_cur);
    return most;
}

static VccwServer *
make_server(const VccwSettings *settings, VccwDriver *driver, guint max_clients)
{
    VccwServerLimits limits = {
        .max_clients = max_clients,
        .max_client_requests = settings->max_client_requests,
        .keepalive_interval = settings->keepalive_interval,
        .keepalive_count = settings->keepalive_count,
    };

    return vccw_server_new(driver, &limits);
}

static VccwFront *
make_front(const VccwSettings *settings, VccwDriver *driver, guint max_clients)
{
    VccwFrontLimits limits = {
        .max_clients = max_clients,
        .max_client_requests = settings->max_client_requests,
        .keepalive_interval = settings->keepalive_interval,
        .keepalive_count = settings->keepalive_count,
        .access_control = settings->access_polkit,
    };

    return vccw_front_new(driver, &limits);
}

/* Clients of a socket with a stock daemon behind it are relayed. The front has the others
 * that polkit has to be asked about, too: it knows how. */
static void
serve_socket(Daemon *daemon, VccwSocket *socket)
{
    const VccwSettings *settings = daemon->settings;
    gboolean nodedev = socket->kind == VCCW_SOCKET_NODEDEV;
    const char *stock =
        nodedev ? settings->stock_nodedev_socket : settings->stock_qemu_socket;
    const char *auth =
        socket->read_only ? settings->auth_unix_ro : settings->auth_unix_rw;
    gboolean ro = socket->read_only && settings->privileged;
    g_autofree char *path = g_strconcat(stock ? stock : "", ro ? "-ro" : "", NULL);
    VccwFrontSocket front = { .read_only = socket->read_only,
                              .polkit = g_str_equal(auth, "polkit"),
                              .stock = stock ? path : NULL,
                              .scheme = socket->kind == VCCW_SOCKET_CCW ? "qemu" : NULL,
                              .spare = socket->kind != VCCW_SOCKET_QEMU };

    if (!stock && !front.polkit && !settings->access_polkit) {
        vccw_server_listen(daemon->server, vccw_fd_steal(&socket->fd), socket->read_only);
        return;
    }
    front.fd = vccw_fd_steal(&socket->fd);
    vccw_front_listen(daemon->front, &front);
}

static void
serve(Daemon *daemon, VccwSockets *sockets)
{
    for (guint i = 0; i < sockets->n; i++)
        serve_socket(daemon, &sockets->all[i]);
    vccw_server_set_func(daemon->server, on_clients, daemon);
    vccw_front_set_func(daemon->front, on_clients, daemon);
    on_clients(0, daemon);
    sd_notify(0, "READY=1");
    g_message("virtccwd %s serves %s", PACKAGE_VERSION, vccw_driver_uri(daemon->driver));
    g_main_loop_run(daemon->loop);
}

static gboolean
run(const VccwSettings *settings, GError **error)
{
    g_auto(VccwFd) lock = vccw_lock_instance(settings->state_dir, error);
    g_autoptr(VccwSockets) sockets = NULL;
    g_autoptr(VccwDriver) driver = NULL;
    g_autoptr(VccwServer) server = NULL;
    g_autoptr(VccwFront) front = NULL;
    g_autoptr(GMainLoop) loop = NULL;
    Daemon daemon = { .settings = settings };
    guint max_clients;

    watch_signals(&daemon);
    if (lock < 0)
        return FALSE;
    if (!(sockets = vccw_sockets_open(settings, error)) ||
        !(driver = make_driver(settings, error)))
        return FALSE;
    raise_limits();
    daemon.driver = driver;
    max_clients = affordable_clients(settings);
    daemon.server = server = make_server(settings, driver, max_clients);
    daemon.front = front = make_front(settings, driver, max_clients);
    daemon.loop = loop = g_main_loop_new(NULL, FALSE);
    vccw_driver_start(driver);
    serve(&daemon, sockets);
    if (vccw_driver_busy(driver) > 0) {
        /* Threads that hang in the kernel still use what would be released here. */
        g_warning("ending while %u operations are still under way",
                  vccw_driver_busy(driver));
        g_clear_pointer(&sockets, vccw_sockets_free);
        _exit(0);
    }
    return TRUE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwSettings) settings =
        vccw_settings_new(&argc, &argv, geteuid() == 0, &error);

    if (settings && settings->show_version) {
        printf("virtccwd (virtccw) %s\n", PACKAGE_VERSION);
        return 0;
    }
    if (settings) {
        vccw_log_open(settings->log_level);
        if (run(settings, &error))
            return 0;
    }
    fprintf(stderr, "virtccwd: %s\n", error->message);
    return 1;
}
