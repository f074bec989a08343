/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/node-channel.h"

#include "css/paths.h"
#include "driver/guests.h"
#include "driver/volumes.h"
#include "handover/glance.h"

/* What the host tells now, or has told while it had the device. */
static void
describe_device(VccwDriver *driver, const VccwBusId *device, VccwXmlChannel *channel)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    VccwVolumes *volumes = vccw_driver_volumes(driver);
    const VccwVolume *kept = volumes ? vccw_volumes_get(volumes, device) : NULL;
    g_autoptr(VccwVolume) now = NULL;
    g_autoptr(VccwVolume) all = g_new0(VccwVolume, 1);

    if (vccw_inventory_get_device(inventory, device))
        now = vccw_volume_read(vccw_inventory_sysfs_fd(inventory), device);
    if (kept)
        vccw_volume_merge(all, kept);
    if (now)
        vccw_volume_merge(all, now);
    channel->device = vccw_bus_id_to_string(device);
    channel->cutype = g_steal_pointer(&all->cutype);
    channel->devtype = g_steal_pointer(&all->devtype);
    channel->uid = g_steal_pointer(&all->uid);
}

static void
describe_paths(const VccwChannelPaths *paths, VccwXmlChannel *channel)
{
    channel->has_paths = TRUE;
    channel->pim = paths->pim;
    channel->pam = paths->pam;
    channel->pom = paths->pom;
    channel->has_vpm = paths->has_vpm;
    channel->vpm = paths->vpm;
    channel->has_chpid = paths->pim;
    for (guint i = 0; i < G_N_ELEMENTS(paths->chpids); i++)
        channel->chpids[i] = paths->chpids[i];
}

/* Whoever sees other paths than the inventory is the first to know. */
static void
note_paths(VccwDriver *driver, const VccwNodeChannel *node)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    const VccwSubchannel *known =
        vccw_inventory_get_subchannel(inventory, node->subchannel);
    VccwNodeName css = vccw_node_name_css(node->subchannel);

    if (known && !vccw_paths_equal(&known->paths, &node->view->paths))
        vccw_inventory_refresh(inventory, &css);
}

static void
describe_host(VccwDriver *driver, const VccwBusId *device, VccwXmlChannel *channel)
{
    VccwInventory *inventory = vccw_driver_inventory(driver);
    VccwGlance *glance = vccw_driver_glance(driver);
    const VccwDevice *known = vccw_inventory_get_device(inventory, device);
    g_autoptr(GPtrArray) users = NULL;

    if (!known || !known->online || !glance)
        return;
    users = vccw_glance_users(glance, vccw_inventory_sysfs_fd(inventory), device);
    for (guint i = 0; i < users->len; i++)
        vccw_xml_channel_add_user(channel, "host", users->pdata[i]);
}

typedef struct {
    VccwInventory *inventory;
    const VccwBusId *subchannel;
    VccwXmlChannel *channel;
} Search;

static void
note_guest(const VccwUuid *uuid, const char *name, gpointer data)
{
    Search *search = data;
    const VccwMdev *mdev = vccw_inventory_get_mdev(search->inventory, uuid);

    if (mdev && vccw_bus_id_equal(&mdev->parent, search->subchannel))
        vccw_xml_channel_add_user(search->channel, "domain", name);
}

static void
describe_guest(VccwDriver *driver, const VccwNodeChannel *node, VccwXmlChannel *channel)
{
    VccwGuests *guests = vccw_driver_guests(driver);
    Search search = { vccw_driver_inventory(driver), node->subchannel, channel };
    const char *name = NULL;

    if (guests && node->mdev)
        name = vccw_guests_find(guests, node->mdev);
    else if (guests && node->may_have_mdev && node->subchannel)
        vccw_guests_foreach(guests, note_guest, &search);
    if (name)
        vccw_xml_channel_add_user(channel, "domain", name);
}

void
vccw_node_channel_describe(VccwDriver *driver,
                           const VccwNodeChannel *node,
                           VccwNodedevXml *xml)
{
    VccwXmlChannel *channel = vccw_xml_channel_new();

    if (node->device)
        describe_device(driver, node->device, channel);
    channel->instead = g_strdup(node->instead);
    if (node->view && node->view->has_paths) {
        describe_paths(&node->view->paths, channel);
        note_paths(driver, node);
    }
    if (node->view && node->of_subchannel)
        channel->override = g_strdup(node->view->override);
    if (node->device && !node->instead)
        describe_host(driver, node->device, channel);
    describe_guest(driver, node, channel);
    xml->channel = channel;
}
