/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/use.h"

#include "base/io.h"
#include "handover/disk.h"
#include "handover/mounted.h"

#include <fcntl.h>
#include <string.h>

#define NET_DEPTH 3 /* a virtio device's interfaces are at 2 */

char *
vccw_use_join(GPtrArray *users)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    for (guint i = 0; i < users->len; i++)
        g_ptr_array_add(all, users->pdata[i]);
    g_ptr_array_add(all, NULL);
    return g_strjoinv(", ", (char **)all->pdata);
}

static char *
attr(int sysfs, const char *device, const char *name)
{
    g_autofree char *path = g_build_filename("bus/ccw/devices", device, name, NULL);

    return vccw_read_attr(sysfs, path, NULL);
}

/* The subchannel's folder has the device's folder in it, and no other of that form. */
char *
vccw_use_device(int sysfs, const VccwBusId *subchannel)
{
    g_autofree char *id = vccw_bus_id_to_string(subchannel);
    g_autofree char *path = g_build_filename("bus/css/devices", id, NULL);
    g_autoptr(GPtrArray) names = vccw_list_dir(sysfs, path, NULL);

    for (guint i = 0; names && i < names->len; i++) {
        VccwBusId device;

        if (vccw_host_bus_id_parse(names->pdata[i], &device, NULL))
            return vccw_bus_id_to_string(&device);
    }
    return NULL;
}

static gboolean
is_one_of(const char *text, const char *const *words)
{
    for (; text && *words; words++)
        if (g_str_has_prefix(text, *words))
            return TRUE;
    return FALSE;
}

gboolean
vccw_use_is_qdio(const VccwHandoverHost *host,
                 const VccwBusId *subchannel,
                 char **ret_kind)
{
    static const char *const control_units[] = { "1731/", "1732/", NULL };
    static const char *const drivers[] = { "qeth", "zfcp", NULL };
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, NULL);
    g_autofree char *device = sysfs < 0 ? NULL : vccw_use_device(sysfs, subchannel);
    g_autofree char *link =
        device ? g_build_filename("bus/ccw/devices", device, "driver", NULL) : NULL;
    g_autofree char *driver = link ? vccw_read_link_name(sysfs, link, NULL) : NULL;
    g_autofree char *kind = device ? attr(sysfs, device, "cutype") : NULL;

    if (!is_one_of(kind, control_units) && !is_one_of(driver, drivers))
        return FALSE;
    *ret_kind = kind ? g_steal_pointer(&kind) : g_steal_pointer(&driver);
    return TRUE;
}

char *
vccw_use_find_rule(const VccwHandoverHost *host, const VccwBusId *device)
{
    g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, host->rules, NULL);
    g_autoptr(GPtrArray) names = dir < 0 ? NULL : vccw_list_dir(dir, ".", NULL);
    g_autofree char *id = vccw_bus_id_to_string(device);
    g_autofree char *tail = g_strconcat("-", id, ".rules", NULL);

    for (guint i = 0; names && i < names->len; i++)
        if (g_str_has_prefix(names->pdata[i], "41-") &&
            g_str_has_suffix(names->pdata[i], tail))
            return g_build_filename(host->rules, names->pdata[i], NULL);
    return NULL;
}

/* -- each kind of use -- */

/* What is built on its disks: the top of each pile is named, and what it lies on. */
static void
find_holders(GPtrArray *disks, GPtrArray *users)
{
    for (guint i = 0; i < disks->len; i++) {
        const VccwDisk *disk = disks->pdata[i];

        if (disk->purpose || disk->below)
            g_ptr_array_add(users,
                            g_strdup_printf("%s on %s",
                                            disk->purpose ? disk->purpose : disk->name,
                                            disk->below ? disk->below : "it"));
    }
}

static void
find_interfaces(int dir, guint depth, GPtrArray *users)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(dir, ".", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *target = vccw_read_link(dir, names->pdata[i], NULL);
        g_auto(VccwFd) child = target ? -1 : vccw_open_dir(dir, names->pdata[i], NULL);
        g_autoptr(GPtrArray) interfaces = NULL;

        if (child < 0)
            continue;
        if (!g_str_equal(names->pdata[i], "net")) {
            if (depth)
                find_interfaces(child, depth - 1, users);
            continue;
        }
        interfaces = vccw_list_dir(child, ".", NULL);
        for (guint k = 0; interfaces && k < interfaces->len; k++)
            g_ptr_array_add(users, g_strdup_printf("network interface %s",
                                                   (char *)interfaces->pdata[k]));
    }
}

static gboolean
is_on(int sysfs, const char *device, const char *name)
{
    g_autofree char *text = attr(sysfs, device, name);

    return text && g_str_equal(text, "1");
}

static void
find_network(int sysfs, const char *device, const char *driver, GPtrArray *users)
{
    static const char *const network[] = { "qeth", "lcs", "ctcm", "zfcp", NULL };
    g_autofree char *path = g_build_filename("bus/ccw/devices", device, NULL);
    g_autofree char *group = g_build_filename(path, "group_device", NULL);
    g_auto(VccwFd) dir = vccw_open_dir(sysfs, path, NULL);
    g_auto(VccwFd) group_dir = vccw_open_dir(sysfs, group, NULL);
    guint before = users->len;

    if (dir >= 0)
        find_interfaces(dir, NET_DEPTH, users);
    if (group_dir >= 0)
        find_interfaces(group_dir, NET_DEPTH, users);
    if (users->len == before && is_one_of(driver, network) &&
        (is_on(sysfs, device, "online") || is_on(sysfs, device, "group_device/online")))
        g_ptr_array_add(users, g_strdup_printf("%s device that is online", driver));
}

static void
find_tape(int sysfs, const char *device, const char *driver, GPtrArray *users)
{
    static const char *const tapes[] = { "tape", NULL };

    if (is_one_of(driver, tapes) && is_on(sysfs, device, "online"))
        g_ptr_array_add(users, g_strdup("tape that is online"));
}

static void
find_ipl(int sysfs, const char *device, GPtrArray *users)
{
    g_autofree char *ipl = vccw_read_attr(sysfs, "firmware/ipl/device", NULL);

    if (!g_strcmp0(ipl, device))
        g_ptr_array_add(users, g_strdup("the device that this system was started from"));
}

/* A parallel-access alias has the unique ID of its base; one of HyperPAV belongs to no
 * particular base. */
static void
find_alias(int sysfs, const char *device, GPtrArray *users)
{
    g_autofree char *uid = attr(sysfs, device, "uid");
    g_autoptr(GPtrArray) names = NULL;

    if (is_on(sysfs, device, "alias")) {
        g_ptr_array_add(users,
                        g_strdup_printf("PAV alias of %s", uid && *uid ? uid : "a base"));
        return;
    }
    names = uid && *uid ? vccw_list_dir(sysfs, "bus/ccw/devices", NULL) : NULL;
    for (guint i = 0; names && i < names->len; i++) {
        const char *other = names->pdata[i];
        g_autofree char *other_uid = attr(sysfs, other, "uid");

        if (!g_str_equal(other, device) && !g_strcmp0(uid, other_uid) &&
            is_on(sysfs, other, "alias"))
            g_ptr_array_add(users, g_strdup_printf("base of PAV alias %s", other));
    }
}

gboolean
vccw_use_find(const VccwHandoverHost *host,
              const VccwBusId *subchannel,
              GPtrArray **ret_users,
              GError **error)
{
    g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func(g_free);
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, error);
    g_autofree char *device = sysfs < 0 ? NULL : vccw_use_device(sysfs, subchannel);
    g_autofree char *path =
        device ? g_build_filename("bus/ccw/devices", device, NULL) : NULL;
    g_autofree char *link = device ? g_build_filename(path, "driver", NULL) : NULL;
    g_autofree char *driver = device ? vccw_read_link_name(sysfs, link, NULL) : NULL;
    g_autoptr(GPtrArray) disks = device ? vccw_disk_list(sysfs, path) : NULL;

    if (sysfs < 0)
        return FALSE;
    if (device) {
        if (disks->len && !vccw_mounted_find(host, disks, users, error))
            return FALSE;
        find_holders(disks, users);
        find_network(sysfs, device, driver, users);
        find_tape(sysfs, device, driver, users);
        find_ipl(sysfs, device, users);
        find_alias(sysfs, device, users);
        if (!users->len)
            vccw_mounted_find_exclusive(host, disks, users);
    }
    *ret_users = g_steal_pointer(&users);
    return TRUE;
}

GPtrArray *
vccw_use_find_openers(const VccwHandoverHost *host, const VccwBusId *subchannel)
{
    GPtrArray *users = g_ptr_array_new_with_free_func(g_free);
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, NULL);
    g_autofree char *device = sysfs < 0 ? NULL : vccw_use_device(sysfs, subchannel);
    g_autofree char *path =
        device ? g_build_filename("bus/ccw/devices", device, NULL) : NULL;
    g_autoptr(GPtrArray) disks = device ? vccw_disk_list(sysfs, path) : NULL;

    if (disks)
        vccw_mounted_find_openers(host, disks, users);
    return users;
}
