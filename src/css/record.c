/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading nodes from sysfs.
 *
 * A bus lists its nodes as links, /sys/bus/css/devices/0.0.0004 to the node's folder. The
 * link's target is the node's path, and the path tells what it hangs off. The folder is
 * opened once and all else is read relative to it, so that all comes from the same
 * incarnation of the node even if it goes and comes back meanwhile; it is also quicker.
 *
 * A node may vanish between any two system calls, and any attribute may be absent. What
 * does not have the form that the kernel gives it is not a node. Only when this process
 * itself lacks the means to look (descriptors, memory) nothing can be said.
 *
 * Drivers and types are few and nodes are many: their names are shared (GRefString).
 */

#include "css/record.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

/* A set of records is searched by key: the key must be the first member of each. */
G_STATIC_ASSERT(offsetof(VccwSubchannelRecord, shown.id) == 0);
G_STATIC_ASSERT(offsetof(VccwDevice, id) == 0);
G_STATIC_ASSERT(offsetof(VccwMdev, uuid) == 0);

static VccwRecordResult
result_of(const GError *error)
{
    switch (vccw_error_errno(error)) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return VCCW_RECORD_UNKNOWN;
    default:
        return VCCW_RECORD_ABSENT;
    }
}

/* Returns: (nullable): the shared last component of the link @name. */
static char *
read_shared_link_name(int dir, const char *name)
{
    g_autofree char *text = vccw_read_link_name(dir, name, NULL);

    return text ? g_ref_string_new_intern(text) : NULL;
}

static void
shared_free(char *text)
{
    if (text)
        g_ref_string_release(text);
}

/*
 * "../../../devices/css0/0.0.0004" becomes "/devices/css0/0.0.0004".
 *
 * Returns: (nullable): the path inside @target; NULL if it is not one of node @name.
 */
static const char *
path_of_target(const char *target, const char *name)
{
    const char *path;

    if (!g_str_has_prefix(target, "../"))
        return NULL;
    while (g_str_has_prefix(target, "../"))
        target += 3;
    path = target - 1; /* the last slash of the dots */
    if (!g_str_has_prefix(path, "/devices/") || strstr(path, "/../"))
        return NULL;
    return g_str_equal(strrchr(path, '/') + 1, name) ? path : NULL;
}

/* Whether the folder that @path is in is named like a bus-ID. */
static gboolean
parent_of_path(const char *path, VccwBusId *ret_parent)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(folder);

    return vccw_host_bus_id_parse(name, ret_parent, NULL);
}

static gboolean
parse_bus_id(const char *name, VccwRecordKey *ret_key)
{
    g_autofree char *canonical = NULL;
    VccwBusId id;

    if (!vccw_host_bus_id_parse(name, &id, NULL))
        return FALSE;
    canonical = vccw_bus_id_to_string(&id);
    if (!g_str_equal(canonical, name))
        return FALSE;
    ret_key->id = id;
    return TRUE;
}

static char *
format_bus_id(const VccwRecordKey *key)
{
    return vccw_bus_id_to_string(&key->id);
}

static guint
hash_bus_id(gconstpointer id)
{
    return vccw_bus_id_key(id);
}

static gboolean
equal_bus_id(gconstpointer a, gconstpointer b)
{
    return vccw_bus_id_equal(a, b);
}

static int
compare_bus_id(gconstpointer a, gconstpointer b)
{
    guint32 key_a = vccw_bus_id_key(a);
    guint32 key_b = vccw_bus_id_key(b);

    return (key_a > key_b) - (key_a < key_b);
}

/* Subchannels ---------------------------------------------------------------------- */

static void
subchannel_free(gpointer data)
{
    VccwSubchannelRecord *record = data;

    if (!record)
        return;
    g_free(record->shown.path);
    shared_free(record->shown.driver);
    g_free(record);
}

static guint64
inode_of(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
}

static VccwRecordResult
subchannel_read(int dir, const VccwRecordKey *key, const char *path, gpointer *ret_record)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *type = vccw_read_attr(dir, "type", &error);
    VccwSubchannelRecord *record;

    if (!type)
        return result_of(error);
    if (!g_str_equal(type, "0")) /* neither CHSC nor message nor ADM subchannels */
        return VCCW_RECORD_ABSENT;
    record = g_new0(VccwSubchannelRecord, 1);
    record->shown.id = key->id;
    record->shown.path = g_strdup(path);
    record->shown.driver = read_shared_link_name(dir, "driver");
    record->types_inode = inode_of(dir, "mdev_supported_types");
    record->shown.registered = record->types_inode != 0;
    *ret_record = record;
    return VCCW_RECORD_READ;
}

static gboolean
subchannel_same(gconstpointer a, gconstpointer b)
{
    const VccwSubchannel *x = a;
    const VccwSubchannel *y = b;

    return x->driver == y->driver && x->registered == y->registered &&
           g_str_equal(x->path, y->path);
}

static VccwNodeName
subchannel_name(gconstpointer record)
{
    return vccw_node_name_css(&((const VccwSubchannel *)record)->id);
}

const VccwRecordKind vccw_record_subchannel = {
    .node = VCCW_NODE_CSS,
    .folder = "bus/css/devices",
    .parse = parse_bus_id,
    .format = format_bus_id,
    .read = subchannel_read,
    .same = subchannel_same,
    .name = subchannel_name,
    .free = subchannel_free,
    .hash = hash_bus_id,
    .equal = equal_bus_id,
    .compare = compare_bus_id,
};

/* Devices -------------------------------------------------------------------------- */

static void
device_free(gpointer data)
{
    VccwDevice *device = data;

    if (!device)
        return;
    g_free(device->path);
    shared_free(device->driver);
    g_free(device);
}

static VccwRecordResult
device_read(int dir, const VccwRecordKey *key, const char *path, gpointer *ret_record)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *online = vccw_read_attr(dir, "online", &error);
    VccwDevice *device;

    if (!online && result_of(error) == VCCW_RECORD_UNKNOWN)
        return VCCW_RECORD_UNKNOWN;
    device = g_new0(VccwDevice, 1);
    device->id = key->id;
    device->path = g_strdup(path);
    device->driver = read_shared_link_name(dir, "driver");
    /* A disconnected device hangs off a folder of another name, "defunct". */
    device->has_subchannel = parent_of_path(path, &device->subchannel);
    device->online = g_strcmp0(online, "1") == 0;
    *ret_record = device;
    return VCCW_RECORD_READ;
}

static gboolean
device_same(gconstpointer a, gconstpointer b)
{
    const VccwDevice *x = a;
    const VccwDevice *y = b;

    /* The subchannel follows from the path. */
    return x->driver == y->driver && x->online == y->online &&
           g_str_equal(x->path, y->path);
}

static VccwNodeName
device_name(gconstpointer record)
{
    return vccw_node_name_ccw(&((const VccwDevice *)record)->id);
}

const VccwRecordKind vccw_record_device = {
    .node = VCCW_NODE_CCW,
    .folder = "bus/ccw/devices",
    .parse = parse_bus_id,
    .format = format_bus_id,
    .read = device_read,
    .same = device_same,
    .name = device_name,
    .free = device_free,
    .hash = hash_bus_id,
    .equal = equal_bus_id,
    .compare = compare_bus_id,
};

/* Mediated devices ----------------------------------------------------------------- */

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
    shared_free(mdev->type);
    shared_free(mdev->driver);
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

    if (!parent_of_path(path, &parent)) /* of a PCI or matrix device */
        return VCCW_RECORD_ABSENT;
    mdev = g_new0(VccwMdev, 1);
    mdev->uuid = key->uuid;
    mdev->parent = parent;
    mdev->path = g_strdup(path);
    mdev->type = read_shared_link_name(dir, "mdev_type");
    mdev->driver = read_shared_link_name(dir, "driver");
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
    .name = mdev_name,
    .free = mdev_free,
    .hash = vccw_uuid_hash,
    .equal = vccw_uuid_equal,
    .compare = compare_uuid,
};

/* All kinds ------------------------------------------------------------------------ */

VccwRecordResult
vccw_record_read(const VccwRecordKind *kind,
                 int root,
                 const VccwRecordKey *key,
                 gpointer *ret_record)
{
    g_autofree char *name = kind->format(key);
    g_autofree char *link = g_strconcat(kind->folder, "/", name, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *target = vccw_read_link(root, link, &error);
    const char *path = target ? path_of_target(target, name) : NULL;
    g_auto(VccwFd) dir = -1;

    if (!target)
        return result_of(error);
    if (!path)
        return VCCW_RECORD_ABSENT;
    dir = vccw_open_dir(root, path + 1, &error); /* quicker than through the link */
    if (dir < 0)
        return result_of(error);
    return kind->read(dir, key, path, ret_record);
}

VccwRecordResult
vccw_record_list(const VccwRecordKind *kind, int root, GArray **ret_keys)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = vccw_list_dir(root, kind->folder, &error);
    g_autoptr(GArray) keys = NULL;

    if (!names)
        return result_of(error);
    keys = g_array_sized_new(FALSE, FALSE, sizeof(VccwRecordKey), names->len);
    for (guint i = 0; i < names->len; i++) {
        VccwRecordKey key;

        if (kind->parse(names->pdata[i], &key))
            g_array_append_val(keys, key);
    }
    *ret_keys = g_steal_pointer(&keys);
    return VCCW_RECORD_READ;
}
