/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/override.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_MAX 4096

static char *
file_name(const VccwBusId *subchannel)
{
    g_autofree char *id = vccw_bus_id_to_string(subchannel);

    return g_strconcat("css-", id, NULL);
}

gboolean
vccw_override_load(const VccwHandoverHost *host,
                   const VccwBusId *subchannel,
                   char **ret_driver,
                   GError **error)
{
    g_autofree char *name = file_name(subchannel);
    g_autofree char *path = g_build_filename(host->overrides, name, NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *text =
        vccw_read_file(AT_FDCWD, path, FILE_MAX, NULL, NULL, &problem);

    if (!text && vccw_error_errno(problem) != ENOENT) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (text)
        g_strstrip(text);
    *ret_driver = text && *text ? g_steal_pointer(&text) : NULL;
    return TRUE;
}

/* driverctl makes its folder at its first use. */
static int
open_store(const VccwHandoverHost *host, GError **error)
{
    g_autofree char *up = g_path_get_dirname(host->overrides);
    g_autofree char *name = g_path_get_basename(host->overrides);
    g_auto(VccwFd) parent = -1;

    if (g_file_test(host->overrides, G_FILE_TEST_IS_DIR))
        return vccw_open_dir(AT_FDCWD, host->overrides, error);
    parent = vccw_open_dir(AT_FDCWD, up, error);
    if (parent < 0 || !vccw_make_dir(parent, name, 0755, error))
        return -1;
    return vccw_open_dir(AT_FDCWD, host->overrides, error);
}

gboolean
vccw_override_store(const VccwHandoverHost *host,
                    const VccwBusId *subchannel,
                    const char *driver,
                    GError **error)
{
    g_autofree char *name = file_name(subchannel);
    g_autofree char *line = driver ? g_strconcat(driver, "\n", NULL) : NULL;
    g_autofree char *now = NULL;
    g_auto(VccwFd) dir = -1;

    if (!vccw_override_load(host, subchannel, &now, error))
        return FALSE;
    if (!g_strcmp0(now, driver))
        return TRUE;
    dir = open_store(host, error);
    if (dir < 0)
        return FALSE;
    if (driver)
        return vccw_write_file(dir, name, line, strlen(line), VCCW_WRITE_REPLACE, NULL,
                               error);
    return vccw_remove_file(dir, name, error);
}
