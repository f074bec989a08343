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

#include "css/record-private.h"

#include "base/io.h"

#include <errno.h>
#include <string.h>

VccwRecordResult
vccw_record_result_of(const GError *error)
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

char *
vccw_record_read_name(int dir, const char *link)
{
    g_autofree char *text = vccw_read_link_name(dir, link, NULL);

    return text ? g_ref_string_new_intern(text) : NULL;
}

void
vccw_record_free_name(char *text)
{
    if (text)
        g_ref_string_release(text);
}

gboolean
vccw_record_parent_of_path(const char *path, VccwBusId *ret_parent)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(folder);

    return vccw_host_bus_id_parse(name, ret_parent, NULL);
}

gboolean
vccw_record_parse_bus_id(const char *name, VccwRecordKey *ret_key)
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

char *
vccw_record_format_bus_id(const VccwRecordKey *key)
{
    return vccw_bus_id_to_string(&key->id);
}

guint
vccw_record_hash_bus_id(gconstpointer id)
{
    return vccw_bus_id_key(id);
}

gboolean
vccw_record_equal_bus_id(gconstpointer a, gconstpointer b)
{
    return vccw_bus_id_equal(a, b);
}

int
vccw_record_compare_bus_id(gconstpointer a, gconstpointer b)
{
    guint32 key_a = vccw_bus_id_key(a);
    guint32 key_b = vccw_bus_id_key(b);

    return (key_a > key_b) - (key_a < key_b);
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
        return vccw_record_result_of(error);
    if (!path)
        return VCCW_RECORD_ABSENT;
    dir = vccw_open_dir(root, path + 1, &error); /* quicker than through the link */
    if (dir < 0)
        return vccw_record_result_of(error);
    return kind->read(dir, key, path, ret_record);
}

VccwRecordResult
vccw_record_list(const VccwRecordKind *kind, int root, GArray **ret_keys)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = vccw_list_dir(root, kind->folder, &error);
    g_autoptr(GArray) keys = NULL;

    if (!names)
        return vccw_record_result_of(error);
    keys = g_array_sized_new(FALSE, FALSE, sizeof(VccwRecordKey), names->len);
    for (guint i = 0; i < names->len; i++) {
        VccwRecordKey key;

        if (kind->parse(names->pdata[i], &key))
            g_array_append_val(keys, key);
    }
    *ret_keys = g_steal_pointer(&keys);
    return VCCW_RECORD_READ;
}
