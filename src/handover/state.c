/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/state.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <virtccw/error.h>

#define LOCKS     "lock"
#define LOCK_MSEC 10000
#define LOCK_STEP 20

int
vccw_state_open(const VccwHandoverHost *host, const char *folder, GError **error)
{
    g_autofree char *up = g_path_get_dirname(host->state);
    g_autofree char *name = g_path_get_basename(host->state);
    g_autofree char *path = g_build_filename(host->state, folder, NULL);
    g_auto(VccwFd) parent = -1;
    g_auto(VccwFd) state = -1;

    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return vccw_open_dir(AT_FDCWD, path, error);
    parent = vccw_open_dir(AT_FDCWD, up, error);
    if (parent < 0 || !vccw_make_dir(parent, name, 0755, error))
        return -1;
    state = vccw_open_dir(parent, name, error);
    if (state < 0 || !vccw_make_dir(state, folder, 0755, error))
        return -1;
    return vccw_open_dir(state, folder, error);
}

gboolean
vccw_state_remove(const VccwHandoverHost *host,
                  const char *folder,
                  const char *name,
                  GError **error)
{
    g_autofree char *path = g_build_filename(host->state, folder, NULL);
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, path, &problem);

    if (dir >= 0 && vccw_remove_file(dir, name, &problem))
        return TRUE;
    if (vccw_error_errno(problem) == ENOENT)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

void
vccw_state_sweep(const VccwHandoverHost *host)
{
    static const char *const folders[] = { "taken", "device", "holder" };

    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(host->state, folders[i], NULL);
        g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, path, NULL);

        if (dir >= 0)
            vccw_sweep_dir(dir);
    }
}

int
vccw_state_lock(const VccwHandoverHost *host,
                const char *name,
                const char *subchannel,
                GError **error)
{
    gint64 end = g_get_monotonic_time() + LOCK_MSEC * (gint64)1000;
    g_auto(VccwFd) dir = vccw_state_open(host, LOCKS, error);
    g_auto(VccwFd) fd = -1;

    if (dir < 0)
        return -1;
    fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        vccw_set_errno(error, errno, "cannot open '%s/" LOCKS "/%s'", host->state, name);
        return -1;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EINTR && g_get_monotonic_time() > end) {
            g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                        "subchannel %s is being handed over by somebody else, and that "
                        "is not over; try again later",
                        subchannel);
            return -1;
        }
        g_usleep(LOCK_STEP * 1000);
    }
    return vccw_fd_steal(&fd);
}
