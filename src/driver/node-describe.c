/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a node device to its document. The kernel is asked at this moment for what changes
 * without an event: free instances, the device behind a subchannel.
 */

#include "driver/node-channel.h"
#include "driver/node.h"
#include <virtccw/error.h>

static char *
syspath(VccwDriver *driver, const char *path)
{
    return g_strconcat(vccw_inventory_sysfs(vccw_driver_inventory(driver)), path, NULL);
}

static void
describe_css(VccwDriver *driver, const VccwNodeName *name, VccwNodedevXml *xml)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    const VccwSubchannel *subchannel =
        vccw_inventory_get_subchannel(inventory, &name->id);
    VccwNodeChannel channel = { .subchannel = &name->id, .of_subchannel = TRUE };
    g_auto(VccwSubchannelView) view = { 0 };
    g_autoptr(GPtrArray) types = NULL;

    xml->path = syspath(driver, subchannel->path);
    xml->driver = g_strdup(subchannel->driver);
    xml->id = name->id;
    if (vccw_subchannel_look(inventory, &name->id, &view))
        channel.view = &view;
    xml->has_channel_device = view.has_device;
    xml->channel_device = view.device;
    if (view.has_device)
        channel.device = &view.device;
    types = vccw_subchannel_read_types(inventory, &name->id);
    for (guint i = 0; i < types->len; i++) {
        const VccwMdevType *type = types->pdata[i];

        vccw_nodedev_xml_add_type(xml, type->id, type->name, type->device_api,
                                  type->available_instances);
        if (type->available_instances == 0)
            channel.may_have_mdev = TRUE;
    }
    vccw_node_channel_describe(driver, &channel, xml);
}

static void
describe_ccw(VccwDriver *driver, const VccwNodeName *name, VccwNodedevXml *xml)
{
    const VccwDevice *device =
        vccw_inventory_get_device(vccw_driver_inventory(driver), &name->id);
    VccwNodeChannel channel = { .device = &name->id, .of_subchannel = TRUE };
    g_auto(VccwSubchannelView) view = { 0 };

    if (device->has_subchannel &&
        vccw_subchannel_look(vccw_driver_inventory(driver), &device->subchannel, &view)) {
        channel.subchannel = &device->subchannel;
        channel.view = &view;
    }
    xml->path = syspath(driver, device->path);
    xml->driver = g_strdup(device->driver);
    xml->state = g_strdup(device->online ? "online" : "offline");
    xml->id = name->id;
    vccw_node_channel_describe(driver, &channel, xml);
}

static void
describe_mdev_config(const VccwMdevConfig *config, VccwNodedevXml *xml)
{
    g_free(xml->type);
    xml->type = g_strdup(config->type);
    for (guint i = 0; i < config->attrs->len; i++) {
        const VccwMdevAttr *attr = config->attrs->pdata[i];

        vccw_nodedev_xml_add_attr(xml, attr->name, attr->value);
    }
}

static void
describe_autostart(VccwDriver *driver, const VccwNodeName *name, VccwNodedevXml *xml)
{
    VccwAutostartOutcome outcome = { 0 };

    if (!vccw_autostart_outcome(vccw_driver_autostart(driver), &name->uuid, &name->id,
                                &outcome))
        return;
    if (outcome.result == VCCW_AUTOSTART_FAILED)
        xml->autostart_result = g_strdup("failed");
    else if (outcome.result == VCCW_AUTOSTART_WAITING)
        xml->autostart_result = g_strdup("waiting");
    if (xml->autostart_result)
        xml->autostart_reason = g_strdup(outcome.reason);
    vccw_autostart_outcome_clear(&outcome);
}

static void
describe_mdev_active(VccwDriver *driver, const VccwMdev *mdev, VccwNodedevXml *xml)
{
    xml->path = syspath(driver, mdev->path);
    xml->driver = g_strdup(mdev->driver);
    xml->type = g_strdup(mdev->type ? mdev->type : "");
    xml->iommu_group = MAX(mdev->iommu_group, 0);
}

/* The device that a definition is for, also when its parent is not there or has another
 * one: then nothing else about the parent matters. */
static void
describe_mdev_channel(VccwDriver *driver,
                      const VccwNodeName *name,
                      gboolean active,
                      VccwNodedevXml *xml)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    VccwIdentify *identify = vccw_driver_identify(driver);
    const VccwBusId *meant =
        identify && !active ? vccw_identify_get(identify, &name->uuid, &name->id) : NULL;
    VccwNodeChannel channel = { .device = meant, .mdev = active ? &name->uuid : NULL };
    g_auto(VccwSubchannelView) view = { 0 };
    g_autofree char *there = NULL;

    if (vccw_inventory_get_subchannel(inventory, &name->id) &&
        vccw_subchannel_look(inventory, &name->id, &view)) {
        there = view.has_device ? vccw_bus_id_to_string(&view.device) : g_strdup("none");
        if (meant && view.knows_device &&
            !(view.has_device && vccw_bus_id_equal(meant, &view.device))) {
            channel.instead = there;
        } else {
            channel.subchannel = &name->id;
            channel.view = &view;
            if (view.has_device)
                channel.device = &view.device;
        }
    }
    vccw_node_channel_describe(driver, &channel, xml);
}

static void
describe_mdev(VccwDriver *driver,
              const VccwNodeName *name,
              const VccwNodeState *state,
              gboolean inactive,
              VccwNodedevXml *xml)
{
    const VccwMdevConfig *config =
        vccw_store_get(vccw_driver_store(driver), &name->uuid, &name->id);
    VccwNodeName parent = vccw_node_name_css(&name->id);

    /* The parent that is meant, also while the host does not have it: so that the
     * document can be defined again. */
    g_free(xml->parent);
    xml->parent = vccw_node_name_to_string(&parent);
    xml->has_uuid = TRUE;
    xml->uuid = name->uuid;
    xml->parent_addr = vccw_bus_id_to_string(&name->id);
    if (state->active && !inactive)
        describe_mdev_active(
            driver, vccw_inventory_get_mdev(vccw_driver_inventory(driver), &name->uuid),
            xml);
    else
        xml->iommu_group = 0; /* libvirt's word for none */
    if (config && (inactive || !state->active || g_strcmp0(config->type, xml->type) == 0))
        describe_mdev_config(config, xml);
    describe_mdev_channel(driver, name, state->active && !inactive, xml);
    if (!state->active && state->autostart)
        describe_autostart(driver, name, xml);
}

VccwNodedevXml *
vccw_node_describe(VccwDriver *driver,
                   const VccwNodeName *name,
                   gboolean inactive,
                   GError **error)
{
    g_autoptr(VccwNodedevXml) xml = NULL;
    g_autofree char *text = vccw_node_name_to_string(name);
    VccwNodeState state;

    /* Most device drivers go online and offline without a uevent. */
    if (name->kind == VCCW_NODE_CCW)
        vccw_inventory_refresh(vccw_driver_inventory(driver), name);
    if (!vccw_node_state(driver, name, &state)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE,
                    "no node device with matching name '%s'", text);
        return NULL;
    }
    if (inactive && !state.persistent) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "node device '%s' is not persistent: it has no inactive description",
                    text);
        return NULL;
    }
    xml = vccw_nodedev_xml_new(name->kind);
    xml->name = g_steal_pointer(&text);
    xml->parent = vccw_node_parent(driver, name);
    if (name->kind == VCCW_NODE_CSS)
        describe_css(driver, name, xml);
    else if (name->kind == VCCW_NODE_CCW)
        describe_ccw(driver, name, xml);
    else if (name->kind == VCCW_NODE_MDEV)
        describe_mdev(driver, name, &state, inactive, xml);
    return g_steal_pointer(&xml);
}
