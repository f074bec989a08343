/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Attributes that only a closer look needs, read at that moment.
 *
 * Path masks and available instances change without any uevent, so keeping them would be
 * keeping something wrong. An attribute is either of the form that the kernel gives it,
 * or it is treated as absent.
 */

#include <virtccw/css.h>

#include "base/io.h"
#include "css/paths.h"

#include <string.h>

/* Reads an attribute of the entry @id of the bus whose devices are in @folder. */
static char *
read_attr(VccwInventory *inventory,
          const char *folder,
          const VccwBusId *id,
          const char *attribute)
{
    g_autofree char *name = vccw_bus_id_to_string(id);
    g_autofree char *path = g_build_filename(folder, name, attribute, NULL);

    return vccw_read_attr(vccw_inventory_sysfs_fd(inventory), path, NULL);
}

static char *
read_subchannel_attr(VccwInventory *inventory, const VccwBusId *id, const char *attribute)
{
    return read_attr(inventory, "bus/css/devices", id, attribute);
}

gboolean
vccw_subchannel_read_dev_busid(VccwInventory *inventory,
                               const VccwBusId *id,
                               VccwBusId *ret_device)
{
    g_autofree char *text = read_subchannel_attr(inventory, id, "dev_busid");

    return text && vccw_host_bus_id_parse(text, ret_device, NULL);
}

/* Quicker than by the bus's link to it, where it is known. */
static int
open_subchannel(VccwInventory *inventory, const VccwBusId *id, const char **ret_driver)
{
    const VccwSubchannel *known = vccw_inventory_get_subchannel(inventory, id);
    int root = vccw_inventory_sysfs_fd(inventory);
    g_autofree char *name = NULL;
    g_autofree char *path = NULL;

    *ret_driver = known ? known->driver : NULL;
    if (known)
        return vccw_open_dir(root, known->path + 1, NULL);
    name = vccw_bus_id_to_string(id);
    path = g_build_filename("bus/css/devices", name, NULL);
    return vccw_open_dir(root, path, NULL);
}

gboolean
vccw_subchannel_read_paths(VccwInventory *inventory,
                           const VccwBusId *id,
                           VccwChannelPaths *ret_paths)
{
    const char *driver;
    g_auto(VccwFd) dir = open_subchannel(inventory, id, &driver);

    return dir >= 0 && vccw_paths_read(dir, driver, ret_paths);
}

static char *
read_override(int dir)
{
    g_autofree char *text = vccw_read_attr(dir, "driver_override", NULL);

    return text && *text && !g_str_equal(text, "(null)") ? g_steal_pointer(&text) : NULL;
}

gboolean
vccw_subchannel_look(VccwInventory *inventory,
                     const VccwBusId *id,
                     VccwSubchannelView *ret_view)
{
    const char *driver;
    g_auto(VccwFd) dir = open_subchannel(inventory, id, &driver);
    g_autofree char *device = NULL;

    if (dir < 0)
        return FALSE;
    device = vccw_read_attr(dir, "dev_busid", NULL);
    *ret_view = (VccwSubchannelView){ .override = read_override(dir) };
    ret_view->knows_device = device != NULL;
    ret_view->has_device =
        device && vccw_host_bus_id_parse(device, &ret_view->device, NULL);
    ret_view->has_paths = vccw_paths_read(dir, driver, &ret_view->paths);
    return TRUE;
}

void
vccw_subchannel_view_clear(VccwSubchannelView *view)
{
    g_clear_pointer(&view->override, g_free);
}

char *
vccw_subchannel_read_override(VccwInventory *inventory, const VccwBusId *id)
{
    const char *driver;
    g_auto(VccwFd) dir = open_subchannel(inventory, id, &driver);

    return dir < 0 ? NULL : read_override(dir);
}

void
vccw_mdev_type_free(VccwMdevType *type)
{
    if (!type)
        return;
    g_free(type->id);
    g_free(type->name);
    g_free(type->device_api);
    g_free(type);
}

/* Returns: (nullable): the type in the folder @id, NULL if it is going or no type. */
static VccwMdevType *
read_type(int types, const char *id)
{
    g_auto(VccwFd) dir = vccw_open_dir(types, id, NULL);
    g_autofree char *api = dir < 0 ? NULL : vccw_read_attr(dir, "device_api", NULL);
    g_autofree char *available = NULL;
    VccwMdevType *type;
    guint64 number = 0;

    if (!api)
        return NULL;
    type = g_new0(VccwMdevType, 1);
    type->id = g_strdup(id);
    type->name = vccw_read_attr(dir, "name", NULL);
    type->device_api = g_steal_pointer(&api);
    available = vccw_read_attr(dir, "available_instances", NULL);
    if (available)
        g_ascii_string_to_unsigned(available, 10, 0, G_MAXUINT, &number, NULL);
    type->available_instances = number;
    return type;
}

static int
compare_types(gconstpointer a, gconstpointer b)
{
    const VccwMdevType *const *x = a;
    const VccwMdevType *const *y = b;

    return strcmp((*x)->id, (*y)->id);
}

GPtrArray *
vccw_subchannel_read_types(VccwInventory *inventory, const VccwBusId *id)
{
    GPtrArray *types =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_mdev_type_free);
    g_autofree char *name = vccw_bus_id_to_string(id);
    g_autofree char *path =
        g_build_filename("bus/css/devices", name, "mdev_supported_types", NULL);
    g_auto(VccwFd) dir = vccw_open_dir(vccw_inventory_sysfs_fd(inventory), path, NULL);
    g_autoptr(GPtrArray) ids = dir < 0 ? NULL : vccw_list_dir(dir, ".", NULL);

    for (guint i = 0; ids && i < ids->len; i++) {
        VccwMdevType *type = read_type(dir, ids->pdata[i]);

        if (type)
            g_ptr_array_add(types, type);
    }
    g_ptr_array_sort(types, compare_types);
    return types;
}

gboolean
vccw_device_read_model(VccwInventory *inventory,
                       const VccwBusId *id,
                       char **ret_cutype,
                       char **ret_devtype)
{
    g_autofree char *cutype = read_attr(inventory, "bus/ccw/devices", id, "cutype");
    g_autofree char *devtype = read_attr(inventory, "bus/ccw/devices", id, "devtype");

    if (!cutype || !devtype)
        return FALSE;
    if (ret_cutype)
        *ret_cutype = g_steal_pointer(&cutype);
    if (ret_devtype)
        *ret_devtype = g_steal_pointer(&devtype);
    return TRUE;
}
