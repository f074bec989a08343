/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Devices, on bus ccw. Every one is shown, also while it is offline or disconnected.
 */

#include "css/record-private.h"

#include "base/io.h"

#include <stddef.h>

/* A set of records is searched by key: the key must be the first member. */
G_STATIC_ASSERT(offsetof(VccwDevice, id) == 0);

static void
device_free(gpointer data)
{
    VccwDevice *device = data;

    if (!device)
        return;
    g_free(device->path);
    vccw_record_free_name(device->driver);
    g_free(device);
}

static VccwRecordResult
device_read(int dir, const VccwRecordKey *key, const char *path, gpointer *ret_record)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *online = vccw_read_attr(dir, "online", &error);
    VccwDevice *device;

    if (!online && vccw_record_result_of(error) == VCCW_RECORD_UNKNOWN)
        return VCCW_RECORD_UNKNOWN;
    device = g_new0(VccwDevice, 1);
    device->id = key->id;
    device->path = g_strdup(path);
    device->driver = vccw_record_read_name(dir, "driver");
    /* A disconnected device hangs off a folder of another name, "defunct". */
    device->has_subchannel = vccw_record_parent_of_path(path, &device->subchannel);
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
    .read = device_read,
    .same = device_same,
    .name = device_name,
    .free = device_free,
    VCCW_RECORD_KEYED_BY_BUS_ID,
};
