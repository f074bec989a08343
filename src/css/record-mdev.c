/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Active mediated devices, on bus mdev, which those of PCI and other devices share: only
 * those on a subchannel are shown.
 */

#include "css/record-private.h"

#include "base/io.h"

#include <stddef.h>
#include <string.h>

/* A set of records is searched by key: the key must be the first member. */
G_STATIC_ASSERT(offsetof(VccwMdev, uuid) == 0);

static gboolean
parse_uuid(const char *name, VccwRecordKey *ret_key)
{
    return vccw_uuid_parse_canonical(name, &ret_key->uuid, NULL);
}

static char *
format_uuid(const VccwRecordKey *key)
{
    return vccw_uuid_to_string(&key->uuid);
}

static int
compare_uuid(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(VccwUuid));
}

static void
mdev_free(gpointer data)
{
    VccwMdev *mdev = data;

    if (!mdev)
        return;
    g_free(mdev->path);
    vccw_record_free_name(mdev->type);
    vccw_record_free_name(mdev->driver);
    g_free(mdev);
}

/* Returns: the number that the link iommu_group ends with, or -1. */
static int
read_iommu_group(int dir)
{
    g_autofree char *text = vccw_read_link_name(dir, "iommu_group", NULL);
    guint64 number;

    if (!text || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL))
        return -1;
    return number;
}

static VccwRecordResult
mdev_read(int dir, const VccwRecordKey *key, const char *path, gpointer *ret_record)
{
    VccwBusId parent;
    VccwMdev *mdev;

    if (!vccw_record_parent_of_path(path, &parent)) /* of a PCI or matrix device */
        return VCCW_RECORD_ABSENT;
    mdev = g_new0(VccwMdev, 1);
    mdev->uuid = key->uuid;
    mdev->parent = parent;
    mdev->path = g_strdup(path);
    mdev->type = vccw_record_read_name(dir, "mdev_type");
    mdev->driver = vccw_record_read_name(dir, "driver");
    mdev->iommu_group = read_iommu_group(dir);
    *ret_record = mdev;
    return VCCW_RECORD_READ;
}

static gboolean
mdev_same(gconstpointer a, gconstpointer b)
{
    const VccwMdev *x = a;
    const VccwMdev *y = b;

    /* The parent follows from the path. */
    return x->type == y->type && x->driver == y->driver &&
           x->iommu_group == y->iommu_group && g_str_equal(x->path, y->path);
}

/* The kernel binds it after its "add", and links the type last; that goes first. */
static gboolean
mdev_in_flux(gconstpointer record)
{
    const VccwMdev *mdev = record;

    return !mdev->type || !mdev->driver;
}

static VccwNodeName
mdev_name(gconstpointer record)
{
    const VccwMdev *mdev = record;

    return vccw_node_name_mdev(&mdev->uuid, &mdev->parent);
}

const VccwRecordKind vccw_record_mdev = {
    .node = VCCW_NODE_MDEV,
    .folder = "bus/mdev/devices",
    .parse = parse_uuid,
    .format = format_uuid,
    .read = mdev_read,
    .same = mdev_same,
    .in_flux = mdev_in_flux,
    .name = mdev_name,
    .free = mdev_free,
    .hash = vccw_uuid_hash,
    .equal = vccw_uuid_equal,
    .compare = compare_uuid,
};
