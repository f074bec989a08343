/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * All devices, of whatever parent, are links in one folder: the kernel allows a UUID once
 * on a host. The link leads to a folder within that of the parent.
 */

#include "mdev/active.h"

#include "base/io.h"

#define WAIT_FIRST_USEC 1000
#define WAIT_LAST_USEC  50000

char *
vccw_active_path(const VccwUuid *uuid, const char *attr)
{
    g_autofree char *name = vccw_uuid_to_string(uuid);

    return g_build_filename("bus/mdev/devices", name, attr, NULL);
}

gboolean
vccw_active_exists(int sysfs, const VccwUuid *uuid)
{
    g_autofree char *path = vccw_active_path(uuid, NULL);

    return vccw_exists(sysfs, path);
}

char *
vccw_active_parent(int sysfs, const VccwUuid *uuid)
{
    g_autofree char *path = vccw_active_path(uuid, NULL);
    g_autofree char *target = vccw_read_link(sysfs, path, NULL);
    g_autofree char *folder = target ? g_path_get_dirname(target) : NULL;

    return folder ? g_path_get_basename(folder) : NULL;
}

char *
vccw_active_type(int sysfs, const VccwUuid *uuid)
{
    g_autofree char *path = vccw_active_path(uuid, "mdev_type");

    return vccw_read_link_name(sysfs, path, NULL);
}

char *
vccw_active_group(int sysfs, const VccwUuid *uuid)
{
    g_autofree char *path = vccw_active_path(uuid, "iommu_group");

    return vccw_read_link_name(sysfs, path, NULL);
}

char *
vccw_active_node(int sysfs, const VccwUuid *uuid)
{
    g_autofree char *path = vccw_active_path(uuid, "vfio-dev");
    g_autoptr(GPtrArray) names = vccw_list_dir(sysfs, path, NULL);

    return names && names->len ? g_strdup(names->pdata[0]) : NULL;
}

gboolean
vccw_active_is(int sysfs, const VccwUuid *uuid, const VccwBusId *parent, const char *type)
{
    g_autofree char *expected = vccw_bus_id_to_string(parent);
    g_autofree char *on = vccw_active_parent(sysfs, uuid);
    g_autofree char *of = vccw_active_type(sysfs, uuid);

    return !g_strcmp0(on, expected) && !g_strcmp0(of, type);
}

/* sysfs has no events of its own: it is looked at in growing steps. */
gboolean
vccw_active_wait(int sysfs, const VccwUuid *uuid, gboolean there, guint msec)
{
    gint64 end = g_get_monotonic_time() + msec * G_GINT64_CONSTANT(1000);
    gulong step = WAIT_FIRST_USEC;

    while (!vccw_active_exists(sysfs, uuid) == !!there) {
        if (g_get_monotonic_time() >= end)
            return FALSE;
        g_usleep(step);
        step = MIN(step * 2, WAIT_LAST_USEC);
    }
    return TRUE;
}

char *
vccw_active_wait_type(int sysfs, const VccwUuid *uuid, guint msec)
{
    gint64 end = g_get_monotonic_time() + msec * G_GINT64_CONSTANT(1000);
    gulong step = WAIT_FIRST_USEC;
    char *type;

    while (!(type = vccw_active_type(sysfs, uuid)) && vccw_active_exists(sysfs, uuid)) {
        if (g_get_monotonic_time() >= end)
            return NULL;
        g_usleep(step);
        step = MIN(step * 2, WAIT_LAST_USEC);
    }
    return type;
}

char *
vccw_active_name(const VccwUuid *uuid, const char *parent)
{
    VccwBusId id = { 0 };
    gboolean known = parent && vccw_host_bus_id_parse(parent, &id, NULL);
    VccwNodeName name = vccw_node_name_mdev(uuid, &id);

    name.has_parent = known;
    return vccw_node_name_to_string(&name);
}
