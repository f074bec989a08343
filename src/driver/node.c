/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A mediated device is one node device for each pair of UUID and parent: active if the
 * kernel has it there, persistent if a definition says so. The same UUID defined on
 * another parent is another node device.
 */

#include "driver/node.h"
#include "base/quote.h"
#include <virtccw/error.h>

static gboolean
mdev_state(VccwDriver *driver, const VccwNodeName *name, VccwNodeState *ret_state)
{
    const VccwMdev *mdev =
        vccw_inventory_get_mdev(vccw_driver_inventory(driver), &name->uuid);
    const VccwMdevConfig *config =
        vccw_store_get(vccw_driver_store(driver), &name->uuid, &name->id);

    ret_state->active = mdev && vccw_bus_id_equal(&mdev->parent, &name->id);
    ret_state->persistent = config != NULL;
    ret_state->autostart = config && config->autostart;
    return ret_state->active || ret_state->persistent;
}

gboolean
vccw_node_state(VccwDriver *driver, const VccwNodeName *name, VccwNodeState *ret_state)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    VccwNodeState state = { .active = TRUE };
    gboolean found = FALSE;

    switch (name->kind) {
    case VCCW_NODE_COMPUTER:
        /* as libvirt has it: the computer is always there */
        state.persistent = state.autostart = found = TRUE;
        break;
    case VCCW_NODE_CSS: {
        const VccwSubchannel *subchannel =
            vccw_inventory_get_subchannel(inventory, &name->id);

        found = subchannel != NULL;
        state.registered = subchannel && subchannel->registered;
        break;
    }
    case VCCW_NODE_CCW:
        found = vccw_inventory_get_device(inventory, &name->id) != NULL;
        break;
    case VCCW_NODE_MDEV:
        found = mdev_state(driver, name, &state);
        break;
    }
    if (found && ret_state)
        *ret_state = state;
    return found;
}

/* Names made by libvirt before 7.8 lack the parent: they mean the one that is meant. */
static void
complete_old_name(VccwDriver *driver, VccwNodeName *name)
{
    const VccwMdev *mdev =
        vccw_inventory_get_mdev(vccw_driver_inventory(driver), &name->uuid);
    g_autoptr(GPtrArray) configs =
        vccw_store_list_uuid(vccw_driver_store(driver), &name->uuid);

    if (mdev)
        name->id = mdev->parent;
    else if (configs->len == 1)
        name->id = ((const VccwMdevConfig *)configs->pdata[0])->parent;
    else
        return;
    name->has_parent = TRUE;
}

/* A device that vfio_ccw has is none of the host's; only its subchannel tells of it. */
static gboolean
find_given_away(VccwDriver *driver, const VccwBusId *device, VccwNodeName *ret_css)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    g_autoptr(GPtrArray) all = vccw_inventory_subchannels(inventory);
    VccwBusId behind;

    for (guint i = 0; i < all->len; i++) {
        const VccwSubchannel *subchannel = all->pdata[i];

        if (g_strcmp0(subchannel->driver, "vfio_ccw") != 0 ||
            !vccw_subchannel_read_dev_busid(inventory, &subchannel->id, &behind) ||
            !vccw_bus_id_equal(&behind, device))
            continue;
        *ret_css = vccw_node_name_css(&subchannel->id);
        return TRUE;
    }
    return FALSE;
}

/* @name: (nullable): what @text means */
static void
set_not_found(GError **error,
              VccwDriver *driver,
              const char *text,
              const VccwNodeName *name)
{
    g_autofree char *quoted = vccw_quote(text, VCCW_QUOTE_VALUE);
    g_autofree char *instead = NULL;
    VccwNodeName css;

    if (!error) /* and nothing is read for it */
        return;
    if (name && name->kind == VCCW_NODE_CCW && find_given_away(driver, &name->id, &css))
        instead = vccw_node_name_to_string(&css);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE,
                "no node device with matching name %s%s%s%s", quoted,
                instead ? "; its subchannel " : "", instead ? instead : "",
                instead ? " is with vfio_ccw: use that name" : "");
}

gboolean
vccw_node_lookup(VccwDriver *driver,
                 const char *text,
                 VccwNodeName *ret_name,
                 VccwNodeState *ret_state,
                 GError **error)
{
    VccwNodeName name;
    gboolean known = vccw_node_name_parse(text, &name, NULL);

    if (known) {
        if (name.kind == VCCW_NODE_MDEV && !name.has_parent)
            complete_old_name(driver, &name);
        if ((name.kind != VCCW_NODE_MDEV || name.has_parent) &&
            vccw_node_state(driver, &name, ret_state)) {
            *ret_name = name;
            return TRUE;
        }
    }
    set_not_found(error, driver, text, known ? &name : NULL);
    return FALSE;
}

static void
visit(VccwDriver *driver, const VccwNodeName *name, VccwNodeFunc func, gpointer data)
{
    VccwNodeState state;

    if (vccw_node_state(driver, name, &state))
        func(name, &state, data);
}

static void
visit_mdevs(VccwDriver *driver, VccwNodeFunc func, gpointer data)
{
    VccwStore *store = vccw_driver_store(driver);
    g_autoptr(GPtrArray) mdevs = vccw_inventory_mdevs(vccw_driver_inventory(driver));
    g_autoptr(GPtrArray) configs = vccw_store_list(store);

    for (guint i = 0; i < configs->len; i++) {
        const VccwMdevConfig *config = configs->pdata[i];
        VccwNodeName name = vccw_node_name_mdev(&config->uuid, &config->parent);

        visit(driver, &name, func, data);
    }
    for (guint i = 0; i < mdevs->len; i++) {
        const VccwMdev *mdev = mdevs->pdata[i];
        VccwNodeName name = vccw_node_name_mdev(&mdev->uuid, &mdev->parent);

        if (!vccw_store_get(store, &mdev->uuid, &mdev->parent))
            visit(driver, &name, func, data);
    }
}

void
vccw_node_foreach(VccwDriver *driver, VccwNodeFunc func, gpointer data)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    g_autoptr(GPtrArray) subchannels = vccw_inventory_subchannels(inventory);
    g_autoptr(GPtrArray) devices = vccw_inventory_devices(inventory);
    VccwNodeName name = { .kind = VCCW_NODE_COMPUTER };

    visit(driver, &name, func, data);
    for (guint i = 0; i < subchannels->len; i++) {
        const VccwSubchannel *subchannel = subchannels->pdata[i];

        name = vccw_node_name_css(&subchannel->id);
        visit(driver, &name, func, data);
    }
    for (guint i = 0; i < devices->len; i++) {
        const VccwDevice *device = devices->pdata[i];

        name = vccw_node_name_ccw(&device->id);
        visit(driver, &name, func, data);
    }
    visit_mdevs(driver, func, data);
}

char *
vccw_node_parent(VccwDriver *driver, const VccwNodeName *name)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    const VccwDevice *device;
    VccwNodeName parent = { .kind = VCCW_NODE_COMPUTER };

    switch (name->kind) {
    case VCCW_NODE_COMPUTER:
        return NULL;
    case VCCW_NODE_CSS:
        break;
    case VCCW_NODE_CCW:
        device = vccw_inventory_get_device(inventory, &name->id);
        if (device && device->has_subchannel &&
            vccw_inventory_get_subchannel(inventory, &device->subchannel))
            parent = vccw_node_name_css(&device->subchannel);
        break;
    case VCCW_NODE_MDEV:
        if (vccw_inventory_get_subchannel(inventory, &name->id))
            parent = vccw_node_name_css(&name->id);
        break;
    }
    return vccw_node_name_to_string(&parent);
}
