/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * I/O subchannels, on bus css. Those of other types (CHSC, message, ADM) hang off the
 * same bus; they have no device and are not shown.
 */

#include "css/record-private.h"

#include "base/io.h"
#include "css/paths.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

/* A set of records is searched by key: the key must be the first member. */
G_STATIC_ASSERT(offsetof(VccwSubchannelRecord, shown.id) == 0);

static void
subchannel_free(gpointer data)
{
    VccwSubchannelRecord *record = data;

    if (!record)
        return;
    g_free(record->shown.path);
    vccw_record_free_name(record->shown.driver);
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
        return vccw_record_result_of(error);
    if (!g_str_equal(type, "0")) /* neither CHSC nor message nor ADM subchannels */
        return VCCW_RECORD_ABSENT;
    record = g_new0(VccwSubchannelRecord, 1);
    record->shown.id = key->id;
    record->shown.path = g_strdup(path);
    record->shown.driver = vccw_record_read_name(dir, "driver");
    record->types_inode = inode_of(dir, "mdev_supported_types");
    record->shown.registered = record->types_inode != 0;
    record->shown.has_paths =
        vccw_paths_read(dir, record->shown.driver, &record->shown.paths);
    *ret_record = record;
    return VCCW_RECORD_READ;
}

static gboolean
subchannel_same(gconstpointer a, gconstpointer b)
{
    const VccwSubchannel *x = a;
    const VccwSubchannel *y = b;

    return x->driver == y->driver && x->registered == y->registered &&
           x->has_paths == y->has_paths && vccw_paths_equal(&x->paths, &y->paths) &&
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
    .read = subchannel_read,
    .same = subchannel_same,
    .name = subchannel_name,
    .free = subchannel_free,
    VCCW_RECORD_KEYED_BY_BUS_ID,
};
