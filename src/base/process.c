/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/process.h"
#include "base/io.h"
#include <fcntl.h>
#include <string.h>

#define STAT_MAX   4096
#define PARENT     4
#define START_TIME 22 /* field of /proc/PID/stat, see proc(5) */

/* The second field is the program's name in parentheses, which may hold anything. */
static guint64
read_field(const char *stat, guint wanted)
{
    const char *at = strrchr(stat, ')');

    for (guint field = 2; at && field < wanted; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at ? g_ascii_strtoull(at, NULL, 10) : 0;
}

static guint64
field_of(const char *proc, pid_t pid, guint field)
{
    g_autofree char *path = g_strdup_printf("%s/%d/stat", proc, pid);
    g_autofree char *stat = vccw_read_file(AT_FDCWD, path, STAT_MAX, NULL, NULL, NULL);

    return stat ? read_field(stat, field) : 0;
}

guint64
vccw_process_start(const char *proc, pid_t pid)
{
    return field_of(proc, pid, START_TIME);
}

pid_t
vccw_process_parent(const char *proc, pid_t pid)
{
    return field_of(proc, pid, PARENT);
}
