/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/find-mdev.h"
#include <string.h>

#define TYPE "vfio_ccw-io"

/* A UUID of the name of a device (RFC 4122, section 4.3), within a namespace of ours. */
static void
make_uuid(const VccwNodeName *name, VccwUuid *ret_uuid)
{
    static const guint8 space[16] = { 0x3b, 0x6d, 0x0f, 0x5e, 0x52, 0x0c, 0x4e, 0x1f,
                                      0x9c, 0x57, 0x1d, 0x80, 0x6a, 0x2f, 0xe4, 0x91 };
    g_autofree char *text = vccw_node_name_to_string(name);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize size = sizeof(digest);

    g_checksum_update(sum, space, sizeof(space));
    g_checksum_update(sum, (const guchar *)text, strlen(text));
    g_checksum_get_digest(sum, digest, &size);
    memcpy(ret_uuid->bytes, digest, sizeof(ret_uuid->bytes));
    ret_uuid->bytes[6] = (ret_uuid->bytes[6] & 0x0f) | 0x50;
    ret_uuid->bytes[8] = (ret_uuid->bytes[8] & 0x3f) | 0x80;
}

void
vccw_mdev_finder_clear(VccwMdevFinder *finder)
{
    g_clear_pointer(&finder->behind, g_hash_table_unref);
}

/* Which device is behind a subchannel only sysfs tells, and of all at once, for a
 * document may name many. Of two with the same device the first one has it. */
static GHashTable *
read_behind(VccwInventory *inventory)
{
    GHashTable *behind = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GPtrArray) all = vccw_inventory_subchannels(inventory);
    VccwBusId device;

    for (guint i = all->len; i-- > 0;) {
        const VccwSubchannel *subchannel = all->pdata[i];

        if (vccw_subchannel_read_dev_busid(inventory, &subchannel->id, &device))
            g_hash_table_insert(behind, GUINT_TO_POINTER(vccw_bus_id_key(&device)),
                                g_memdup2(&subchannel->id, sizeof(subchannel->id)));
    }
    return behind;
}

/* The subchannel that @device is behind, whoever has it. */
static gboolean
find_subchannel(VccwMdevFinder *finder, const VccwBusId *device, VccwBusId *ret_id)
{
    VccwInventory *inventory = vccw_driver_inventory(finder->driver);
    const VccwDevice *known = vccw_inventory_get_device(inventory, device);
    const VccwBusId *id;

    if (known && known->has_subchannel) {
        *ret_id = known->subchannel;
        return TRUE;
    }
    if (!finder->behind)
        finder->behind = read_behind(inventory);
    id = g_hash_table_lookup(finder->behind, GUINT_TO_POINTER(vccw_bus_id_key(device)));
    if (id)
        *ret_id = *id;
    return id != NULL;
}

static gboolean
find_active(VccwDriver *driver, VccwFoundMdev *found)
{
    g_autoptr(GPtrArray) all = vccw_inventory_mdevs(vccw_driver_inventory(driver));

    for (guint i = 0; i < all->len; i++) {
        const VccwMdev *mdev = all->pdata[i];

        if (!vccw_bus_id_equal(&mdev->parent, &found->parent) ||
            g_strcmp0(mdev->type, TYPE) != 0)
            continue;
        found->uuid = mdev->uuid;
        return TRUE;
    }
    return FALSE;
}

static gboolean
find_defined(VccwDriver *driver, VccwFoundMdev *found)
{
    VccwStore *store = vccw_driver_store(driver);
    g_autoptr(GPtrArray) all = NULL;

    vccw_store_refresh_parent(store, &found->parent);
    all = vccw_store_list_parent(store, &found->parent);
    for (guint i = 0; i < all->len; i++) {
        const VccwMdevConfig *config = all->pdata[i];

        if (g_strcmp0(config->type, TYPE) != 0)
            continue;
        found->uuid = config->uuid;
        return TRUE;
    }
    return FALSE;
}

static void
find_named(VccwDriver *driver, const VccwNodeName *name, VccwFoundMdev *found)
{
    g_autoptr(GPtrArray) all =
        vccw_store_list_uuid(vccw_driver_store(driver), &name->uuid);

    found->uuid = name->uuid;
    found->has_parent = name->has_parent;
    found->parent = name->id;
    found->exists = all->len > 0 || vccw_inventory_get_mdev(vccw_driver_inventory(driver),
                                                            &name->uuid) != NULL;
}

void
vccw_find_mdev(VccwMdevFinder *finder, const VccwNodeName *name, VccwFoundMdev *ret_found)
{
    VccwDriver *driver = finder->driver;
    VccwInventory *inventory = vccw_driver_inventory(driver);
    VccwFoundMdev found = { .exists = FALSE };
    VccwNodeName device = *name;
    VccwBusId id;

    if (name->kind == VCCW_NODE_MDEV) {
        find_named(driver, name, &found);
        *ret_found = found;
        return;
    }
    found.parent = name->id;
    found.has_parent = name->kind == VCCW_NODE_CSS
                           ? vccw_inventory_get_subchannel(inventory, &name->id) != NULL
                           : find_subchannel(finder, &name->id, &found.parent);
    found.exists =
        found.has_parent && (find_active(driver, &found) || find_defined(driver, &found));
    if (!found.exists) {
        if (name->kind == VCCW_NODE_CSS &&
            vccw_subchannel_read_dev_busid(inventory, &name->id, &id))
            device = vccw_node_name_ccw(&id);
        make_uuid(&device, &found.uuid);
    }
    *ret_found = found;
}
