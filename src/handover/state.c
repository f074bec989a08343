/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/state.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>

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
    static const char *const folders[] = { "taken", "device" };

    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(host->state, folders[i], NULL);
        g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, path, NULL);

        if (dir >= 0)
            vccw_sweep_dir(dir);
    }
}
