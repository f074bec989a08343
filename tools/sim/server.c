/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Locking, waiting, and what user space adds to the kernel's part: the udev rules of
 * mdevctl and driverctl, and those that chzdev writes, which a host without udevd would
 * otherwise lack.
 *
 * A writer that hangs is one thread that waits here. In the kernel it could not even be
 * killed; here it can, so that a test can end: as soon as a fatal signal is pending for
 * the thread that writes, its operation answers EINTR.
 */

#include "server.h"

#include "bus.h"
#include "subchannel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOG_MAX   100000
#define WAIT_USEC (G_USEC_PER_SEC / 20)

VccwSimServer *
vccw_sim_server_new(VccwSim *sim)
{
    VccwSimServer *server = g_new0(VccwSimServer, 1);

    server->sim = sim;
    g_mutex_init(&server->lock);
    g_cond_init(&server->changed);
    vccw_sim_faults_init(&server->faults);
    g_queue_init(&server->log);
    server->holders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    server->netlink.kernel = server->netlink.udev = -1;
    server->proc = server->spawn = -1;
    return server;
}

void
vccw_sim_server_free(VccwSimServer *server)
{
    if (!server)
        return;
    vccw_sim_netlink_close(&server->netlink);
    vccw_sim_faults_clear(&server->faults);
    g_queue_clear_full(&server->log, g_free);
    g_hash_table_unref(server->holders);
    g_free(server->overrides);
    g_free(server->rules);
    g_free(server->definitions);
    vccw_sim_free(server->sim);
    g_cond_clear(&server->changed);
    g_mutex_clear(&server->lock);
    g_free(server);
}

void
vccw_sim_server_lock(VccwSimServer *server)
{
    g_mutex_lock(&server->lock);
}

/* mdevctl's rule: definitions of a parent that has just registered are started. As udev
 * does, with the uevent's variables in the environment. */
static void
autostart(VccwSimServer *server, const VccwSimUevent *uevent)
{
    const char *name = strrchr(uevent->devpath, '/') + 1;
    g_autofree char *folder = NULL;
    g_autofree char *message = NULL;
    gsize length;

    if (server->spawn < 0 || !server->definitions || strlen(name) > 64)
        return;
    folder = g_build_filename(server->definitions, name, NULL);
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
        return;
    message = g_strdup_printf("env\nACTION=%s\nDEVPATH=%s\nSUBSYSTEM=css\n"
                              "MDEV_STATE=registered\nmdevctl\nstart-parent-mdevs\n%s",
                              uevent->action, uevent->devpath, name);
    length = strlen(message);
    g_strdelimit(message, "\n", '\0');
    if (send(server->spawn, message, length, MSG_NOSIGNAL) < 0)
        g_warning("cannot start mdevctl for %s: %s", name, g_strerror(errno));
}

/* Whether a file of udev's rules sets the device online, as chzdev has it written. */
static gboolean
has_rule(const VccwSimServer *server, const char *device)
{
    g_autoptr(GDir) dir = server->rules ? g_dir_open(server->rules, 0, NULL) : NULL;
    g_autofree char *words = g_strdup_printf("\nATTR{[ccw/%s]online}=\"1\"", device);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(server->rules, name, NULL);
        g_autofree char *text = NULL;

        if (g_str_has_suffix(name, ".rules") &&
            g_file_get_contents(path, &text, NULL, NULL) && strstr(text, words))
            return TRUE;
    }
    return FALSE;
}

static void
follow_rules(VccwSimServer *server, const char *device)
{
    const VccwSimSubchannel *sch = g_hash_table_lookup(server->sim->behind, device);

    if (sch && sch->ccw && !sch->ccw->online && has_rule(server, device))
        vccw_sim_ccw_set_online(server->sim, sch->ccw, TRUE);
}

static void
react(VccwSimServer *server, const VccwSimUevent *uevent)
{
    const char *const *env = (const char *const *)uevent->env;

    if (server->autostart && g_str_equal(uevent->action, "change") &&
        g_strv_contains(env, "MDEV_STATE=registered"))
        autostart(server, uevent);
    /* A synthetic one does not count: the unit is active already and is not run again. */
    if (g_str_equal(uevent->action, "add") && g_strv_contains(env, "SUBSYSTEM=css") &&
        !g_str_has_prefix(env[1] ? env[1] : "", "SYNTH_UUID="))
        vccw_sim_server_load_overrides(server, strrchr(uevent->devpath, '/') + 1);
    if (g_str_equal(uevent->action, "add") && g_strv_contains(env, "SUBSYSTEM=ccw"))
        follow_rules(server, strrchr(uevent->devpath, '/') + 1);
}

static void
emit_effects(VccwSimServer *server)
{
    VccwSimUevent *uevent;

    while ((uevent = g_queue_pop_head(&server->sim->effects))) {
        g_autoptr(VccwSimUevent) owned = uevent;
        g_autoptr(GError) error = NULL;

        if (!vccw_sim_netlink_send(&server->netlink, uevent, &error))
            g_warning("%s", error->message);
        react(server, uevent);
        server->wake = TRUE;
    }
    if (server->wake)
        g_cond_broadcast(&server->changed);
    server->wake = FALSE;
}

void
vccw_sim_server_unlock(VccwSimServer *server)
{
    emit_effects(server);
    g_mutex_unlock(&server->lock);
}

/* Whether a fatal signal waits for that thread, or it is gone. */
static gboolean
is_killed(const VccwSimServer *server, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("%d/status", pid);
    char text[4096];
    const char *pending;
    gssize len;
    int fd;

    if (!pid || server->proc < 0)
        return FALSE;
    fd = openat(server->proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return TRUE;
    len = read(fd, text, sizeof text - 1);
    close(fd);
    if (len <= 0)
        return TRUE;
    text[len] = '\0';
    pending = strstr(text, "\nSigPnd:");
    return pending &&
           strtoull(pending + strlen("\nSigPnd:"), NULL, 16) & (1ull << (SIGKILL - 1));
}

gboolean
vccw_sim_server_wait(VccwSimServer *server, pid_t pid)
{
    emit_effects(server);
    return g_cond_wait_until(&server->changed, &server->lock,
                             g_get_monotonic_time() + WAIT_USEC) ||
           !is_killed(server, pid);
}

int
vccw_sim_server_fault(VccwSimServer *server,
                      guint64 number,
                      const char *operation,
                      const char *text,
                      gsize len,
                      pid_t pid)
{
    g_autoptr(VccwSimFault) fault = NULL;
    g_autoptr(GPtrArray) paths = NULL;
    gint64 end;
    VccwSimNode node;

    if (!server->faults.rules->len || !vccw_sim_tree_node(server->sim, number, &node))
        return 0;
    paths = vccw_sim_tree_aliases(server->sim, node, text, len);
    fault = vccw_sim_faults_match(&server->faults, operation, paths);
    if (!fault)
        return 0;
    end = g_get_monotonic_time() + fault->delay;
    while (!fault->lifted && (fault->hang || g_get_monotonic_time() < end))
        if (!vccw_sim_server_wait(server, pid))
            return -EINTR;
    return fault->lifted ? 0 : -fault->errnum;
}

static void
log_write(VccwSimServer *server,
          const char *path,
          const char *text,
          gsize len,
          int result)
{
    g_autofree char *raw = g_strndup(text, len);
    g_autofree char *shown = g_strescape(g_strchomp(raw), NULL);
    const char *name = result < 0 ? strerrorname_np(-result) : NULL;

    g_queue_push_tail(&server->log, g_strdup_printf("write %s '%s' %s", path, shown,
                                                    name ? name : "ok"));
    if (server->log.length > LOG_MAX)
        g_free(g_queue_pop_head(&server->log));
}

int
vccw_sim_server_write(VccwSimServer *server,
                      guint64 number,
                      const char *text,
                      gsize len,
                      pid_t pid)
{
    g_autoptr(VccwSimTicket) ticket = NULL;
    g_autofree char *path = NULL;
    VccwSimNode node;
    int ret;

    if (!vccw_sim_tree_node(server->sim, number, &node))
        return -ENODEV;
    path = vccw_sim_tree_path(node);
    ret = vccw_sim_server_fault(server, number, "write", text, len, pid);
    /* Things may have changed while the fault lasted. */
    if (ret == 0)
        ret = vccw_sim_tree_node(server->sim, number, &node)
                  ? vccw_sim_tree_write(server->sim, node, text, len, &ticket)
                  : -ENODEV;
    while (ticket && !ticket->done && ret == 0)
        if (!vccw_sim_server_wait(server, pid))
            ret = -EINTR;
    if (ticket && ticket->done)
        ret = ticket->result;
    log_write(server, path, text, len, ret);
    return ret;
}

static void
load_override(VccwSimServer *server, const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/css-%s", server->overrides, name);
    g_autofree char *driver = NULL;
    VccwSimSubchannel *sch = vccw_sim_subchannel(server->sim, name);
    gsize len;

    if (!sch || !g_file_get_contents(path, &driver, &len, NULL) || !len)
        return;
    g_strchomp(driver);
    if (vccw_sim_subchannel_on(sch, driver))
        return;
    vccw_sim_dev_detach(server->sim, &sch->dev);
    vccw_sim_subchannel_override(sch, driver, strlen(driver));
    vccw_sim_dev_probe(server->sim, &sch->dev);
}

void
vccw_sim_server_load_overrides(VccwSimServer *server, const char *name)
{
    g_autoptr(GDir) dir = NULL;
    const char *entry;

    if (!server->overrides)
        return;
    if (name) {
        load_override(server, name);
        return;
    }
    dir = g_dir_open(server->overrides, 0, NULL);
    while (dir && (entry = g_dir_read_name(dir)))
        if (g_str_has_prefix(entry, "css-"))
            load_override(server, entry + strlen("css-"));
}
