/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/disk.h"

#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* A link to a folder is not a folder here: links lead out of the device. */
static gboolean
is_folder(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* What a device that is built on others is; NULL if it is built on none. */
static char *
read_purpose(int dir, const char *name, char **ret_mapper)
{
    g_autofree char *mapper = vccw_read_attr(dir, "dm/name", NULL);
    g_autofree char *uuid = vccw_read_attr(dir, "dm/uuid", NULL);
    char *purpose = NULL;

    if (mapper && uuid && g_str_has_prefix(uuid, "LVM-"))
        purpose = g_strdup_printf("LVM volume '%s'", mapper);
    else if (mapper && uuid && g_str_has_prefix(uuid, "mpath-"))
        purpose = g_strdup_printf("multipath device '%s'", mapper);
    else if (mapper && uuid && g_str_has_prefix(uuid, "CRYPT-"))
        purpose = g_strdup_printf("encrypted device '%s'", mapper);
    else if (mapper)
        purpose = g_strdup_printf("device-mapper device '%s'", mapper);
    else if (is_folder(dir, "md"))
        purpose = g_strdup_printf("MD array '%s'", name);
    *ret_mapper = g_steal_pointer(&mapper);
    return purpose;
}

static void
add_disk(GPtrArray *disks, int sysfs, int dir, const char *name, const char *below);

/* Whatever holds the disk @name, whose folder is @dir. */
static void
add_holders(GPtrArray *disks, int sysfs, int dir, const char *name)
{
    g_autoptr(GPtrArray) holders = vccw_list_dir(dir, "holders", NULL);

    for (guint i = 0; holders && i < holders->len; i++) {
        g_autofree char *path = g_build_filename("holders", holders->pdata[i], NULL);
        g_auto(VccwFd) holder = vccw_open_dir(dir, path, NULL);

        if (holder >= 0)
            add_disk(disks, sysfs, holder, holders->pdata[i], name);
    }
}

static void
add_partitions(GPtrArray *disks, int sysfs, int dir)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(dir, ".", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *partition = g_build_filename(names->pdata[i], "partition", NULL);
        g_auto(VccwFd) child = -1;

        if (!is_folder(dir, names->pdata[i]) || !vccw_exists(dir, partition))
            continue;
        child = vccw_open_dir(dir, names->pdata[i], NULL);
        if (child >= 0)
            add_disk(disks, sysfs, child, names->pdata[i], NULL);
    }
}

/* @dir: the folder of the block device @name */
static void
add_disk(GPtrArray *disks, int sysfs, int dir, const char *name, const char *below)
{
    g_autofree char *number = vccw_read_attr(dir, "dev", NULL);
    VccwDisk *disk;
    guint major, minor;

    if (is_known(disks, name) || disks->len >= DISKS_MAX || !number ||
        sscanf(number, "%u:%u", &major, &minor) != 2)
        return;
    disk = g_new0(VccwDisk, 1);
    disk->name = g_strdup(name);
    disk->below = g_strdup(below);
    disk->major = major;
    disk->minor = minor;
    disk->purpose = read_purpose(dir, name, &disk->mapper);
    g_ptr_array_add(disks, disk);
    add_holders(disks, sysfs, dir, name);
    add_partitions(disks, sysfs, dir);
}

static void
add_disks_in(GPtrArray *disks, int sysfs, int dir)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(dir, "block", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path = g_build_filename("block", names->pdata[i], NULL);
        g_auto(VccwFd) disk = vccw_open_dir(dir, path, NULL);

        if (disk >= 0)
            add_disk(disks, sysfs, disk, names->pdata[i], NULL);
    }
}

/* The disks of a DASD are right below it; those of virtio and SCSI further down. */
static void
search(GPtrArray *disks, int sysfs, int dir, guint depth)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(dir, ".", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        g_auto(VccwFd) child = -1;

        if (!is_folder(dir, names->pdata[i]))
            continue;
        if (g_str_equal(names->pdata[i], "block")) {
            add_disks_in(disks, sysfs, dir);
            continue;
        }
        child = depth ? vccw_open_dir(dir, names->pdata[i], NULL) : -1;
        if (child >= 0)
            search(disks, sysfs, child, depth - 1);
    }
}

GPtrArray *
vccw_disk_list(int sysfs, const char *device)
{
    GPtrArray *disks = g_ptr_array_new_with_free_func(disk_free);
    g_auto(VccwFd) dir = vccw_open_dir(sysfs, device, NULL);

    if (dir >= 0)
        search(disks, sysfs, dir, DEPTH_MAX);
    return disks;
}
