/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A mountinfo that is kept open, and /proc/swaps, are ready for poll(2) with POLLPRI when
 * they have changed. What has changed is told by none: the lines are compared with those
 * of the last time. Of each only those count that name a block device; which channel
 * device that belongs to is looked up when the line comes, for when it goes the block
 * device may have gone, too.
 */

#include "handover/use-watch.h"

#include "base/io.h"
#include "base/source.h"
#include "handover/fs-types.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SETTLE_MSEC 100
#define PAUSE       10 /* times as long as the last reading took, before the next */
#define DEPTH_MAX   10 /* of device-mapper devices on each other */

/* A file of /proc. */
typedef struct {
    int fd;
    GSource *source;
} Table;

enum { MOUNTS, SWAPS, TABLES };

struct _VccwUseWatch {
    VccwHandoverHost host;
    VccwUseWatchFunc func;
    gpointer data;
    GMainContext *context;
    Table tables[TABLES];
    GSource *settle;
    guint pause_msec; /* at least, between two readings */
    GHashTable
        *lines; /* line → GArray of VccwBusId: the channel devices that it is about */
};

/* -- which channel device a block device belongs to -- */

/* "../../devices/css0/0.0.0004/0.0.3000/block/dasda", however it begins */
static gboolean
parse_path(const char *path, VccwBusId *ret_device)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    VccwBusId subchannel;

    for (char **part = parts; *part && part[1] && part[2]; part++)
        if (g_str_has_prefix(*part, "css") &&
            vccw_host_bus_id_parse(part[1], &subchannel, NULL) &&
            vccw_host_bus_id_parse(part[2], ret_device, NULL))
            return TRUE;
    return FALSE;
}

static void
add_devices(int sysfs, const char *block, guint depth, GArray *devices)
{
    g_autofree char *path = vccw_read_link(sysfs, block, NULL);
    g_autofree char *slaves = g_build_filename(block, "slaves", NULL);
    g_autoptr(GPtrArray) names = NULL;
    VccwBusId device;

    if (path && parse_path(path, &device)) {
        g_array_append_val(devices, device);
        return;
    }
    names = path && depth ? vccw_list_dir(sysfs, slaves, NULL) : NULL;
    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *below = g_build_filename(slaves, names->pdata[i], NULL);

        add_devices(sysfs, below, depth - 1, devices);
    }
}

/* Returns: (transfer full): the link to it in sysfs. */
static char *
link_by_number(guint major, guint minor)
{
    return g_strdup_printf("dev/block/%u:%u", major, minor);
}

/* @path: "/dev/dasda1", "/dev/mapper/vg0-home" */
static char *
link_by_path(const VccwUseWatch *watch, int sysfs, const char *path)
{
    const char *name = path + strlen("/dev/");
    g_autofree char *link = NULL;
    g_autofree char *node = NULL;
    struct stat st;

    if (!g_str_has_prefix(path, "/dev/"))
        return NULL;
    link = g_build_filename("class/block", name, NULL);
    node = g_build_filename(watch->host.dev, name, NULL);
    if (!strchr(name, '/') && fstatat(sysfs, link, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return g_steal_pointer(&link);
    /* As in handover/mounted.c: where whoever named it wants us to look. */
    if (strstr(path, "/../") || stat(node, &st) < 0 || !S_ISBLK(st.st_mode))
        return NULL;
    return link_by_number(major(st.st_rdev), minor(st.st_rdev));
}

/* -- lines -- */

/* Two readings, compared. */
typedef struct {
    int sysfs;
    GHashTable *before; /* as VccwUseWatch.lines */
    GHashTable *after;
    GArray *changed; /* VccwBusId */
    char **types;    /* of file systems, once they are needed */
} Reading;

static gboolean
needs_device(const VccwUseWatch *watch, Reading *reading, const char *type)
{
    if (!reading->types)
        reading->types = vccw_fs_types_read(&watch->host);
    return vccw_fs_types_need_device(reading->types, type);
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE OPTIONS */
static char *
link_of_mount(const VccwUseWatch *watch, Reading *reading, const char *line)
{
    const char *end = strstr(line, " - ");
    g_autofree char *type = NULL;
    g_autofree char *source = NULL;
    guint major, minor;

    if (sscanf(line, "%*s %*s %u:%u", &major, &minor) != 2)
        return NULL;
    if (major)
        return link_by_number(major, minor);
    if (!end || sscanf(end, " - %ms %ms", &type, &source) != 2 ||
        !needs_device(watch, reading, type))
        return NULL;
    return link_by_path(watch, reading->sysfs, source);
}

static void
note(GArray *changed, const GArray *devices)
{
    g_array_append_vals(changed, devices->data, devices->len);
}

static void
read_line(const VccwUseWatch *watch, Reading *reading, guint table, char *line)
{
    g_autofree char *key = g_strdup_printf("%u %s", table, line);
    g_autofree char *link = NULL;
    GArray *devices;
    gpointer known, value;

    if (g_hash_table_steal_extended(reading->before, key, &known, &value)) {
        g_hash_table_insert(reading->after, known, value);
        return;
    }
    if (g_hash_table_contains(reading->after, key))
        return;
    link = table == MOUNTS ? link_of_mount(watch, reading, line)
                           : link_by_path(watch, reading->sysfs, line);
    if (!link)
        return;
    devices = g_array_new(FALSE, FALSE, sizeof(VccwBusId));
    add_devices(reading->sysfs, link, DEPTH_MAX, devices);
    note(reading->changed, devices);
    g_hash_table_insert(reading->after, g_steal_pointer(&key), devices);
}

/* Returns: whether all of it could be read. */
static gboolean
read_table(const VccwUseWatch *watch, Reading *reading, guint table)
{
    int fd = watch->tables[table].fd;
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    char part[16384];
    gssize length;

    if (fd < 0)
        return TRUE;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return FALSE;
    while ((length = TEMP_FAILURE_RETRY(read(fd, part, sizeof part))) > 0)
        g_string_append_len(text, part, length);
    if (length < 0)
        return FALSE;
    lines = g_strsplit(text->str, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        /* Of a swap area only which it is: how much of it is used is no news. */
        if (table == SWAPS)
            lines[i][strcspn(lines[i], " \t")] = '\0';
        read_line(watch, reading, table, lines[i]);
    }
    return TRUE;
}

static GHashTable *
new_lines(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                 (GDestroyNotify)g_array_unref);
}

/* What was not read is as it was. */
static void
finish(VccwUseWatch *watch, Reading *reading, gboolean complete)
{
    GHashTableIter iter;
    gpointer line, devices;

    g_hash_table_iter_init(&iter, watch->lines);
    while (g_hash_table_iter_next(&iter, &line, &devices)) {
        if (complete) {
            note(reading->changed, devices);
            continue;
        }
        g_hash_table_iter_steal(&iter);
        g_hash_table_insert(reading->after, line, devices);
    }
    g_hash_table_unref(watch->lines);
    watch->lines = reading->after;
    g_strfreev(reading->types);
}

static void settle(VccwUseWatch *watch);

/* Returns: (transfer full): VccwBusId of the devices about which anything has changed. */
static GArray *
read_tables(VccwUseWatch *watch)
{
    gint64 begin = g_get_monotonic_time();
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, watch->host.sysfs, NULL);
    Reading reading = { sysfs, watch->lines, new_lines(),
                        g_array_new(FALSE, FALSE, sizeof(VccwBusId)), NULL };
    gboolean complete = sysfs >= 0;

    for (guint i = 0; i < TABLES && complete; i++)
        complete = read_table(watch, &reading, i);
    finish(watch, &reading, complete);
    watch->pause_msec = MAX(SETTLE_MSEC, PAUSE * (g_get_monotonic_time() - begin) / 1000);
    if (!complete)
        settle(watch);
    return reading.changed;
}

/* -- noticing -- */

static gboolean
on_settled(gpointer data)
{
    VccwUseWatch *watch = data;
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) changed = NULL;

    vccw_source_clear(&watch->settle);
    changed = read_tables(watch);
    for (guint i = 0; i < changed->len; i++) {
        const VccwBusId *device = &g_array_index(changed, VccwBusId, i);

        if (g_hash_table_add(told, GUINT_TO_POINTER(vccw_bus_id_key(device))))
            watch->func(device, watch->data);
    }
    return G_SOURCE_REMOVE;
}

/* Many changes at once, and a host with very many mounts, leave time for others. */
static void
settle(VccwUseWatch *watch)
{
    if (!watch->settle)
        watch->settle = vccw_source_attach(g_timeout_source_new(watch->pause_msec),
                                           watch->context, on_settled, watch);
}

static gboolean
on_changed(int fd, GIOCondition condition, gpointer data)
{
    settle(data);
    return G_SOURCE_CONTINUE;
}

/* Only the kernel's own file tells; another one would for ever. */
static gboolean
tells(int fd)
{
    struct statfs fs;

    return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static void
open_table(VccwUseWatch *watch, guint i, const char *name)
{
    g_autofree char *path = g_build_filename(watch->host.proc, name, NULL);
    Table *table = &watch->tables[i];

    table->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (tells(table->fd))
        table->source =
            vccw_source_attach(g_unix_fd_source_new(table->fd, G_IO_PRI), watch->context,
                               G_SOURCE_FUNC(on_changed), watch);
}

VccwUseWatch *
vccw_use_watch_new(const VccwHandoverHost *host, VccwUseWatchFunc func, gpointer data)
{
    VccwUseWatch *watch = g_new0(VccwUseWatch, 1);

    watch->host = *host;
    watch->func = func;
    watch->data = data;
    watch->context = g_main_context_ref_thread_default();
    watch->lines = new_lines();
    open_table(watch, MOUNTS, "self/mountinfo");
    open_table(watch, SWAPS, "swaps");
    g_array_unref(read_tables(watch));
    return watch;
}

void
vccw_use_watch_free(VccwUseWatch *watch)
{
    if (!watch)
        return;
    for (guint i = 0; i < TABLES; i++) {
        vccw_source_clear(&watch->tables[i].source);
        vccw_fd_clear(&watch->tables[i].fd);
    }
    vccw_source_clear(&watch->settle);
    g_hash_table_unref(watch->lines);
    g_main_context_unref(watch->context);
    g_free(watch);
}
