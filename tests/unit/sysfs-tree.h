/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A sysfs tree in a temporary folder, for tests: what the kernel would show after it has
 * added, bound, registered. Only the files; nothing reacts to a write.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <virtccw/css.h>

#define TREE_UUID_1 "18e124fb-b2fc-47f6-a407-f256b6c49767"
#define TREE_UUID_2 "2e4f2b0a-9d4c-4c55-8d3f-0a1b2c3d4e5f"

static inline void tree_remove(const char *root, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
static inline void
tree_link(const char *root, const char *target, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static inline void tree_write(const char *root, const char *text, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Makes @name the path that the arguments after format give. */
#define TREE_PATH(name)                                  \
    g_autofree char *name = NULL;                        \
    g_autofree char *name##_rest = NULL;                 \
    va_list name##_args;                                 \
    va_start(name##_args, format);                       \
    name##_rest = g_strdup_vprintf(format, name##_args); \
    va_end(name##_args);                                 \
    name = g_build_filename(root, name##_rest, NULL)

static inline void
tree_make_parent(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
}

static inline int
tree_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

/* Removes the file, link or folder with all that is in it; it need not be there. */
static inline void
tree_remove(const char *root, const char *format, ...)
{
    TREE_PATH(path);

    if (nftw(path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
        g_assert_cmpint(errno, ==, ENOENT);
}

/* Makes a link, in place of what is there. */
static inline void
tree_link(const char *root, const char *target, const char *format, ...)
{
    TREE_PATH(path);

    tree_make_parent(path);
    unlink(path);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

/* Writes an attribute; a newline is added. */
static inline void
tree_write(const char *root, const char *text, const char *format, ...)
{
    FILE *file;
    TREE_PATH(path);

    tree_make_parent(path);
    file = fopen(path, "we");
    g_assert_nonnull(file);
    g_assert_cmpint(fprintf(file, "%s\n", text), >, 0);
    g_assert_cmpint(fclose(file), ==, 0);
}

static inline char *
tree_new(void)
{
    g_autoptr(GError) error = NULL;
    char *root = g_dir_make_tmp("virtccw-sysfs-XXXXXX", &error);

    g_assert_no_error(error);
    return root;
}

static inline void
tree_free(char *root)
{
    tree_remove(root, "%s", "");
    g_free(root);
}

/* A subchannel of type 0 without driver. */
static inline void
tree_add_subchannel(const char *root, const char *id)
{
    g_autofree char *target = g_strconcat("../../../devices/css0/", id, NULL);

    tree_write(root, "0", "devices/css0/%s/type", id);
    tree_write(root, "css:t0", "devices/css0/%s/modalias", id);
    tree_link(root, target, "bus/css/devices/%s", id);
}

static inline void
tree_remove_subchannel(const char *root, const char *id)
{
    tree_remove(root, "bus/css/devices/%s", id);
    tree_remove(root, "devices/css0/%s", id);
}

static inline void
tree_unbind(const char *root, const char *id)
{
    tree_remove(root, "devices/css0/%s/driver", id);
    tree_remove(root, "devices/css0/%s/mdev_supported_types", id);
}

static inline void
tree_add_type(const char *root, const char *id, const char *type)
{
    g_autofree char *folder =
        g_strdup_printf("devices/css0/%s/mdev_supported_types/%s", id, type);

    tree_write(root, "I/O subchannel (Non-QDIO)", "%s/name", folder);
    tree_write(root, "vfio-ccw", "%s/device_api", folder);
    tree_write(root, "1", "%s/available_instances", folder);
    tree_write(root, "", "%s/create", folder);
}

/* Binds a driver; vfio_ccw registers. */
static inline void
tree_bind(const char *root, const char *id, const char *driver)
{
    g_autofree char *target = g_strconcat("../../../bus/css/drivers/", driver, NULL);

    tree_unbind(root, id);
    tree_link(root, target, "devices/css0/%s/driver", id);
    if (g_str_equal(driver, "vfio_ccw"))
        tree_add_type(root, id, "vfio_ccw-io");
}

/* An offline DASD; @parent is a subchannel's bus-ID or "defunct". */
static inline void
tree_add_device(const char *root, const char *parent, const char *id)
{
    g_autofree char *target = g_strdup_printf("../../../devices/css0/%s/%s", parent, id);

    tree_write(root, "0", "devices/css0/%s/%s/online", parent, id);
    tree_write(root, "3990/e9", "devices/css0/%s/%s/cutype", parent, id);
    tree_write(root, "3390/0c", "devices/css0/%s/%s/devtype", parent, id);
    tree_link(root, "../../../../bus/ccw/drivers/dasd-eckd", "devices/css0/%s/%s/driver",
              parent, id);
    tree_link(root, target, "bus/ccw/devices/%s", id);
}

static inline void
tree_remove_device(const char *root, const char *parent, const char *id)
{
    tree_remove(root, "bus/ccw/devices/%s", id);
    tree_remove(root, "devices/css0/%s/%s", parent, id);
}

/* An mdev just after its folder has appeared: no type, driver or group yet. */
static inline void
tree_add_bare_mdev(const char *root, const char *parent, const char *uuid)
{
    g_autofree char *target =
        g_strdup_printf("../../../devices/css0/%s/%s", parent, uuid);

    tree_write(root, "", "devices/css0/%s/%s/remove", parent, uuid);
    tree_link(root, target, "bus/mdev/devices/%s", uuid);
}

static inline void
tree_complete_mdev(const char *root, const char *parent, const char *uuid)
{
    tree_link(root, "../mdev_supported_types/vfio_ccw-io", "devices/css0/%s/%s/mdev_type",
              parent, uuid);
    tree_link(root, "../../../../bus/mdev/drivers/vfio_ccw_mdev",
              "devices/css0/%s/%s/driver", parent, uuid);
    tree_link(root, "../../../../kernel/iommu_groups/7", "devices/css0/%s/%s/iommu_group",
              parent, uuid);
}

static inline void
tree_add_mdev(const char *root, const char *parent, const char *uuid)
{
    tree_add_bare_mdev(root, parent, uuid);
    tree_complete_mdev(root, parent, uuid);
}

static inline void
tree_remove_mdev(const char *root, const char *parent, const char *uuid)
{
    tree_remove(root, "bus/mdev/devices/%s", uuid);
    tree_remove(root, "devices/css0/%s/%s", parent, uuid);
}

static inline VccwBusId
tree_id(const char *text)
{
    VccwBusId id;

    g_assert_true(vccw_bus_id_parse(text, &id, NULL));
    return id;
}

static inline VccwUuid
tree_uuid(const char *text)
{
    VccwUuid uuid;

    g_assert_true(vccw_uuid_parse(text, &uuid, NULL));
    return uuid;
}

static inline VccwNodeName
tree_name(const char *text)
{
    VccwNodeName name;

    g_assert_true(vccw_node_name_parse(text, &name, NULL));
    return name;
}

/* A VccwInventoryFunc that appends "CHANGE NAME;" to the GString @data. */
static inline void
tree_log(const VccwNodeName *name, VccwChange change, gpointer data)
{
    static const char *const words[] = {
        [VCCW_CHANGE_ADDED] = "added",
        [VCCW_CHANGE_REMOVED] = "removed",
        [VCCW_CHANGE_UPDATED] = "updated",
        [VCCW_CHANGE_REGISTERED] = "registered",
    };
    g_autofree char *text = vccw_node_name_to_string(name);

    g_string_append_printf(data, "%s %s;", words[change], text);
}

/* Compares what was logged since the last time. */
#define tree_assert_log(log, expected)               \
    G_STMT_START                                     \
    {                                                \
        g_assert_cmpstr((log)->str, ==, (expected)); \
        g_string_truncate((log), 0);                 \
    }                                                \
    G_STMT_END
