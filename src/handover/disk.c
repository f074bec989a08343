/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/disk.h"

#include "base/io.h"

#include <stdio.h>

#define DEPTH_MAX 10 /* folders below a device; a SCSI disk behind an adapter is at 7 */
#define DISKS_MAX 4096

static void
disk_free(gpointer data)
{
    VccwDisk *disk = data;

    g_free(disk->name);
    g_free(disk->mapper);
    g_free(disk->purpose);
    g_free(disk->below);
    g_free(disk);
}

static gboolean
is_known(GPtrArray *disks, const char *name)
{
    for (guint i = 0; i < disks->len; i++)
        if (g_str_equal(((VccwDisk *)disks->pdata[i])->name, name))
            return TRUE;
    return FALSE;
}

/* A search, with what it has found. */
typedef struct {
    VccwLook *look;
    GPtrArray *disks;
} Search;

static gboolean
has(GPtrArray *folders, const char *name)
{
    return folders && g_ptr_array_find_with_equal_func(folders, name, g_str_equal, NULL);
}

/* What a device-mapper device is. */
static char *
read_mapper(const Search *search, int dir, char **ret_mapper)
{
    static const struct {
        const char *prefix;
        const char *kind;
    } kinds[] = {
        { "LVM-", "LVM volume" },
        { "mpath-", "multipath device" },
        { "CRYPT-", "encrypted device" },
        { "", "device-mapper device" },
    };
    g_autofree char *mapper = vccw_look_attr(search->look, dir, "dm/name");
    g_autofree char *uuid = vccw_look_attr(search->look, dir, "dm/uuid");
    gsize i = 0;

    if (!mapper)
        return NULL;
    while (!g_str_has_prefix(uuid ? uuid : "", kinds[i].prefix))
        i++;
    *ret_mapper = g_strdup(mapper);
    return g_strdup_printf("%s '%s'", kinds[i].kind, mapper);
}

/* What a device that is built on others is; NULL if it is built on none. */
static char *
read_purpose(const Search *search,
             int dir,
             GPtrArray *folders,
             const char *name,
             char **ret_mapper)
{
    if (has(folders, "dm"))
        return read_mapper(search, dir, ret_mapper);
    return has(folders, "md") ? g_strdup_printf("MD array '%s'", name) : NULL;
}

static void add_disk(const Search *search, int dir, const char *name, const char *below);

/* Whatever holds the disk @name, whose folder is @dir. */
static void
add_holders(const Search *search, int dir, const char *name)
{
    g_autoptr(GPtrArray) holders = vccw_look_list(search->look, dir, "holders");

    for (guint i = 0; holders && i < holders->len; i++) {
        g_autofree char *path = g_build_filename("holders", holders->pdata[i], NULL);
        g_auto(VccwFd) holder = vccw_look_dir(search->look, dir, path);

        if (holder >= 0)
            add_disk(search, holder, holders->pdata[i], name);
    }
}

/* The name of a disk's partition begins with that of the disk. */
static void
add_partitions(const Search *search, int dir, GPtrArray *folders, const char *disk)
{
    for (guint i = 0; folders && i < folders->len; i++) {
        const char *name = folders->pdata[i];
        g_autofree char *partition = g_build_filename(name, "partition", NULL);
        g_auto(VccwFd) child = -1;

        if (!g_str_has_prefix(name, disk) ||
            !vccw_look_exists(search->look, dir, partition))
            continue;
        child = vccw_look_dir(search->look, dir, name);
        if (child >= 0)
            add_disk(search, child, name, NULL);
    }
}

/* @dir: the folder of the block device @name */
static void
add_disk(const Search *search, int dir, const char *name, const char *below)
{
    g_autofree char *number = vccw_look_attr(search->look, dir, "dev");
    g_autoptr(GPtrArray) folders = NULL;
    VccwDisk *disk;
    guint major, minor;

    if (is_known(search->disks, name) || search->disks->len >= DISKS_MAX || !number ||
        sscanf(number, "%u:%u", &major, &minor) != 2)
        return;
    folders = vccw_look_folders(search->look, dir, ".");
    disk = g_new0(VccwDisk, 1);
    disk->name = g_strdup(name);
    disk->below = g_strdup(below);
    disk->major = major;
    disk->minor = minor;
    disk->purpose = read_purpose(search, dir, folders, name, &disk->mapper);
    g_ptr_array_add(search->disks, disk);
    if (has(folders, "holders"))
        add_holders(search, dir, name);
    add_partitions(search, dir, folders, name);
}

static void
add_disks_in(const Search *search, int dir)
{
    g_autoptr(GPtrArray) names = vccw_look_list(search->look, dir, "block");

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_build_filename("block", names->pdata[i], NULL);
        g_auto(VccwFd) disk = vccw_look_dir(search->look, dir, path);

        if (disk >= 0)
            add_disk(search, disk, names->pdata[i], NULL);
    }
}

/* The disks of a DASD are right below it; those of virtio and SCSI further down. */
static void
search_below(const Search *search, int dir, guint depth)
{
    g_autoptr(GPtrArray) names = vccw_look_folders(search->look, dir, ".");

    for (guint i = 0; names && i < names->len; i++) {
        g_auto(VccwFd) child = -1;

        if (g_str_equal(names->pdata[i], "block")) {
            add_disks_in(search, dir);
            continue;
        }
        if (!depth || g_str_equal(names->pdata[i], "power")) /* each device has one */
            continue;
        child = vccw_look_dir(search->look, dir, names->pdata[i]);
        if (child >= 0)
            search_below(search, child, depth - 1);
    }
}

GPtrArray *
vccw_disk_list(VccwLook *look, int sysfs, const char *device)
{
    Search search = { look, g_ptr_array_new_with_free_func(disk_free) };
    g_auto(VccwFd) dir = vccw_look_dir(look, sysfs, device);

    if (dir >= 0)
        search_below(&search, dir, DEPTH_MAX);
    return search.disks;
}
