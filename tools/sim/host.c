/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Making the host, in the order that namespaces dictate: user, mount and network
 * namespace while there is one thread; the first process, which waits; then the file
 * system with its threads; then the mounts over it; then "go".
 */

#include "host.h"

#include "control.h"
#include "fs.h"
#include "init.h"
#include "mounts.h"
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean
write_map(const char *path, const char *text, GError **error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean ok = fd >= 0 && write(fd, text, strlen(text)) == (gssize)strlen(text);

    if (!ok)
        g_set_error(error, G_UNIX_ERROR, errno, "cannot write '%s': %s", path,
                    g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

static gboolean
map_to_root(uid_t uid, gid_t gid, GError **error)
{
    g_autofree char *uids = g_strdup_printf("0 %u 1", uid);
    g_autofree char *gids = g_strdup_printf("0 %u 1", gid);

    /* Kernels before 3.19 do not have this one. */
    write_map("/proc/self/setgroups", "deny", NULL);
    return write_map("/proc/self/uid_map", uids, error) &&
           write_map("/proc/self/gid_map", gids, error);
}

static gboolean
enter_namespaces(const VccwSimHostOptions *options, GError **error)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    gboolean user = options->user || (uid != 0 && !options->root);

    if (unshare(CLONE_NEWNS | CLONE_NEWNET | (user ? CLONE_NEWUSER : 0)) == 0)
        return !user || map_to_root(uid, gid, error);
    g_set_error(error, G_UNIX_ERROR, errno, "cannot make private namespaces: %s%s",
                g_strerror(errno),
                options->root ? "; --root needs to be run by root"
                : user ? "; this system may forbid user namespaces to ordinary users"
                       : "");
    return FALSE;
}

static void
raise_loopback(void)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        g_warning("the loopback interface stays down: %s", g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* What the command sees; set before there are threads. */
static void
set_environment(void)
{
    static const char *const gone[] = { "DBUS_SESSION_BUS_ADDRESS",
                                        "DBUS_SYSTEM_BUS_ADDRESS",
                                        "NOTIFY_SOCKET",
                                        "LISTEN_FDS",
                                        "LISTEN_PID",
                                        "MDEVCTL_ENV_ROOT",
                                        "SUBSYSTEM",
                                        "DEVPATH" };
    g_auto(GStrv) names = g_listenv();
    const char *path = g_getenv("PATH");
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder =
        program ? g_path_get_dirname(program) : g_strdup("/usr/bin");
    g_autofree char *longer =
        g_strdup_printf("%s:/usr/local/sbin:/usr/sbin:/sbin:%s",
                        path ? path : "/usr/local/bin:/usr/bin:/bin", folder);

    for (char **name = names; *name; name++)
        if (g_str_has_prefix(*name, "LIBVIRT_") &&
            !g_str_equal(*name, "LIBVIRT_DRIVER_DIR")) /* ours, if it is not installed */
            g_unsetenv(*name);
    for (guint i = 0; i < G_N_ELEMENTS(gone); i++)
        g_unsetenv(gone[i]);
    g_setenv("PATH", longer, TRUE);
    g_setenv("XDG_RUNTIME_DIR", "/run/user/0", TRUE);
    g_setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", TRUE);
    g_setenv(VCCW_SIM_CONTROL_ENV, VCCW_SIM_STAGE "/control", TRUE);
}

/* The model boots before anybody listens, so its uevents are not sent. */
static void
boot(VccwSimServer *server)
{
    vccw_sim_server_lock(server);
    vccw_sim_boot(server->sim);
    g_queue_clear_full(&server->sim->effects, (GDestroyNotify)vccw_sim_uevent_free);
    vccw_sim_server_load_overrides(server, NULL);
    g_queue_clear_full(&server->sim->effects, (GDestroyNotify)vccw_sim_uevent_free);
    vccw_sim_server_unlock(server);
}

static gboolean
furnish(VccwSimServer *server, VccwSimMounts *mounts, GError **error)
{
    VccwSimFs *fs = vccw_sim_fs_new(server, error);

    if (!fs || !vccw_sim_netlink_open(&server->netlink, error) ||
        !vccw_sim_mounts_system(mounts, error))
        return FALSE;
    boot(server);
    return vccw_sim_fs_mount(fs, VCCW_SIM_STAGE "/fs", error) &&
           vccw_sim_mounts_sysfs(mounts, server, VCCW_SIM_STAGE "/fs", error) &&
           vccw_sim_control_listen(server, VCCW_SIM_STAGE "/control", error);
}

gboolean
vccw_sim_host_run(VccwSim *sim,
                  const VccwSimHostOptions *options,
                  int *ret_status,
                  GError **error)
{
    VccwSimServer *server = vccw_sim_server_new(sim);
    VccwSimMounts mounts;
    VccwSimInit init;

    if (!enter_namespaces(options, error) ||
        !vccw_sim_mounts_begin(&mounts, options->etc, error))
        return FALSE;
    server->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    raise_loopback();
    set_environment();
    if (!vccw_sim_init_start(&init, VCCW_SIM_STAGE "/proc", options->command, error))
        return FALSE;
    server->spawn = init.socket;
    server->overrides = g_strdup("/etc/driverctl.d");
    server->rules = g_strdup("/etc/udev/rules.d");
    server->definitions = g_strdup("/etc/mdevctl.d");
    if (!furnish(server, &mounts, error)) {
        vccw_sim_init_kill(&init);
        return FALSE;
    }
    vccw_sim_mounts_end(&mounts);
    vccw_sim_init_go(&init);
    *ret_status = vccw_sim_init_wait(&init);
    return TRUE;
}
