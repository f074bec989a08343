/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/fs-types.h"

#include "base/io.h"

#include <fcntl.h>
#include <string.h>

#define TYPES_MAX (64 * 1024) /* bytes */

char **
vccw_fs_types_read(const VccwHandoverHost *host)
{
    g_autofree char *path = g_build_filename(host->proc, "filesystems", NULL);
    g_autofree char *text = vccw_read_file(AT_FDCWD, path, TYPES_MAX, NULL, NULL, NULL);

    return g_strsplit(text ? text : "", "\n", -1);
}

gboolean
vccw_fs_types_need_device(char *const *types, const char *type)
{
    g_autofree char *line = g_strdup_printf("nodev\t%s", type);

    line[strcspn(line, ".")] = '\0';
    return !g_strv_contains((const char *const *)types, line);
}
