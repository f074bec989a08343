/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/sockets.h"
#include "base/io.h"
#include "base/lock.h"
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <virtccw/error.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

static gboolean
make_dir(const char *path, mode_t mode, GError **error)
{
    if (g_mkdir_with_parents(path, mode) == 0)
        return TRUE;
    vccw_set_errno(error, errno, "cannot make the folder '%s'", path);
    return FALSE;
}

int
vccw_lock_instance(const char *state_dir, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, "virtccwd.pid", NULL);
    g_autofree char *holder = NULL;
    g_autoptr(GError) local = NULL;
    int fd;

    if (!make_dir(state_dir, 0755, error))
        return -1;
    fd = vccw_lock_file(path, &holder, &local);
    if (fd >= 0)
        return fd;
    if (holder)
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
            "virtccwd is running already, as process %s ('%s' is locked): stop it "
            "first, or give this one a --state-dir of its own",
            holder, path);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return -1;
}

/* Whether somebody listens there, though he may be too busy to let anybody in now. */
static gboolean
is_served(const struct sockaddr_un *address)
{
    g_auto(VccwFd) probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return probe >= 0 &&
           (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
            errno == EAGAIN);
}

/* A socket file whose daemon was killed refuses connections and may be replaced. */
static gboolean
clear_stale(const struct sockaddr_un *address, GError **error)
{
    if (is_served(address)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "another daemon answers at '%s': stop it first", address->sun_path);
        return FALSE;
    }
    if (g_unlink(address->sun_path) < 0 && errno != ENOENT) {
        vccw_set_errno(error, errno, "cannot remove the old socket '%s'",
                       address->sun_path);
        return FALSE;
    }
    return TRUE;
}

/* Nobody can connect before listen(), so owner and mode are set in between. */
static gboolean
hand_out(const char *path, const char *group, mode_t mode, GError **error)
{
    const struct group *entry = group ? getgrnam(group) : NULL;

    if (group && !entry) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "unix_sock_group: there is no group '%s'", group);
        return FALSE;
    }
    if ((entry && chown(path, -1, entry->gr_gid) < 0) || chmod(path, mode) < 0) {
        vccw_set_errno(error, errno, "cannot set owner and mode of '%s'", path);
        return FALSE;
    }
    return TRUE;
}

static int
listen_at(const char *path, const char *group, mode_t mode, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_auto(VccwFd) fd = -1;

    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
        sizeof(address.sun_path)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "the socket's path '%s' is too long: give a shorter --socket-dir",
                    path);
        return -1;
    }
    if (!clear_stale(&address, error))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        vccw_set_errno(error, errno, "cannot make the socket '%s'", path);
        return -1;
    }
    if (!hand_out(path, group, mode, error))
        return -1;
    if (listen(fd, SOMAXCONN) < 0) {
        vccw_set_errno(error, errno, "cannot listen at '%s'", path);
        return -1;
    }
    return vccw_fd_steal(&fd);
}

/* The part of a socket's name that tells its kind. */
static const char *const daemons[] = { "virtccwd", "virtqemud", "virtnodedevd" };

static void
add(VccwSockets *sockets, VccwSocketKind kind, gboolean read_only, int fd, char *path)
{
    sockets->all[sockets->n++] = (VccwSocket){ kind, read_only, fd, path };
}

/* Where polkit is asked about each client, as at a stock daemon's socket, all may come.
 */
static mode_t
mode_of(const VccwSettings *settings, VccwSocketKind kind, gboolean read_only)
{
    if (read_only)
        return settings->unix_sock_ro_perms;
    if (kind != VCCW_SOCKET_CCW && g_str_equal(settings->auth_unix_rw, "polkit"))
        return 0777;
    return settings->unix_sock_rw_perms;
}

static gboolean
open_one(VccwSockets *sockets,
         const VccwSettings *settings,
         VccwSocketKind kind,
         gboolean read_only,
         GError **error)
{
    mode_t mode = mode_of(settings, kind, read_only);
    g_autofree char *name =
        g_strconcat(daemons[kind], "-sock", read_only ? "-ro" : "", NULL);
    g_autofree char *path = g_build_filename(settings->socket_dir, name, NULL);
    int fd = listen_at(path, settings->unix_sock_group, mode, error);

    if (fd < 0)
        return FALSE;
    add(sockets, kind, read_only, fd, g_steal_pointer(&path));
    return TRUE;
}

static gboolean
is_wanted(const VccwSettings *settings, VccwSocketKind kind)
{
    switch (kind) {
    case VCCW_SOCKET_QEMU:
        return settings->front_qemu;
    case VCCW_SOCKET_NODEDEV:
        return settings->front_nodedev;
    default:
        return TRUE;
    }
}

static gboolean
open_own(VccwSockets *sockets, const VccwSettings *settings, GError **error)
{
    if (!make_dir(settings->socket_dir, settings->privileged ? 0755 : 0700, error))
        return FALSE;
    /* Our own socket for reading and writing comes last: who finds it finds the others.
     */
    for (int kind = VCCW_SOCKET_KINDS - 1; kind >= 0; kind--) {
        if (!is_wanted(settings, kind))
            continue;
        /* A user's clients read by the same socket. */
        if (settings->privileged && !open_one(sockets, settings, kind, TRUE, error))
            return FALSE;
        if (!open_one(sockets, settings, kind, FALSE, error))
            return FALSE;
    }
    return TRUE;
}

#ifdef HAVE_SYSTEMD
static gboolean
has(const VccwSockets *sockets, VccwSocketKind kind, gboolean read_only)
{
    for (guint i = 0; i < sockets->n; i++)
        if (sockets->all[i].kind == kind && sockets->all[i].read_only == read_only)
            return TRUE;
    return FALSE;
}

/* Never takes a socket for read-write whose name does not say so. */
static void
take_one(VccwSockets *sockets, const char *name, int fd)
{
    static const char *const units[] = { "virtccwd", "virtccwd-qemu",
                                         "virtccwd-nodedev" };

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    for (guint i = 0; i < 2 * VCCW_SOCKET_KINDS; i++) {
        VccwSocketKind kind = i / 2;
        gboolean read_only = i % 2;
        g_autofree char *unit =
            g_strconcat(units[kind], read_only ? "-ro" : "", ".socket", NULL);

        if (g_str_equal(name, unit) && !has(sockets, kind, read_only)) {
            add(sockets, kind, read_only, fd, NULL);
            return;
        }
    }
    close(fd);
}

static gboolean
take_activated(VccwSockets *sockets)
{
    g_auto(GStrv) names = NULL;
    int n = sd_listen_fds_with_names(1, &names);

    for (int i = 0; i < n; i++)
        take_one(sockets, names[i], SD_LISTEN_FDS_START + i);
    return sockets->n > 0;
}
#else
static gboolean
take_activated(VccwSockets *sockets)
{
    return FALSE;
}
#endif

VccwSockets *
vccw_sockets_open(const VccwSettings *settings, GError **error)
{
    g_autoptr(VccwSockets) sockets = g_new0(VccwSockets, 1);

    if (!take_activated(sockets) && !open_own(sockets, settings, error))
        return NULL;
    return g_steal_pointer(&sockets);
}

void
vccw_sockets_free(VccwSockets *sockets)
{
    if (!sockets)
        return;
    for (guint i = 0; i < sockets->n; i++) {
        VccwSocket *one = &sockets->all[i];

        vccw_fd_clear(&one->fd);
        if (one->path)
            g_unlink(one->path);
        g_free(one->path);
    }
    g_free(sockets);
}
