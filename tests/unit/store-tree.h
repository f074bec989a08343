/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A store of definitions in a temporary folder, for tests, written the way that mdevctl
 * writes: in place.
 */

#include "sysfs-tree.h"
#include <sys/stat.h>
#include <virtccw/mdev.h>

#define STORE_GOOD \
    "{\n  \"mdev_type\": \"vfio_ccw-io\",\n  \"start\": \"manual\",\n  \"attrs\": []\n}"
#define STORE_AUTO \
    "{\n  \"mdev_type\": \"vfio_ccw-io\",\n  \"start\": \"auto\",\n  \"attrs\": []\n}"

/* Writes @length bytes in place; -1: a string. */
static inline void
store_write_bytes(const char *path, const char *bytes, gssize length)
{
    gsize size = length < 0 ? strlen(bytes) : (gsize)length;
    FILE *file;

    tree_make_parent(path);
    file = fopen(path, "we");
    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(bytes, 1, size, file), ==, size);
    g_assert_cmpint(fclose(file), ==, 0);
}

static inline void
store_write(const char *dir, const char *parent, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, parent, name, NULL);

    store_write_bytes(path, text, -1);
}

static inline char *
store_read(const char *dir, const char *parent, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(dir, parent, name, NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static inline VccwMdevConfig *
store_config(const char *uuid, const char *parent, const char *type)
{
    VccwUuid u = tree_uuid(uuid);
    VccwBusId p = tree_id(parent);

    return vccw_mdev_config_new(&u, &p, type);
}
