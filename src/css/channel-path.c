/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The channel paths of the host, /sys/devices/css0/chp0.34: the channel subsystem's
 * number stands in both names, and they must agree. Channel paths are on no bus, so that
 * they are found by looking through the folders of the channel subsystems.
 */

#include <virtccw/css.h>

#include "base/io.h"

#include <string.h>

/*
 * Takes a number off @text: up to two hexadecimal digits, as the kernel writes them.
 *
 * Returns: (nullable): what follows; NULL if there is no number.
 */
static const char *
take_hex(const char *text, guint8 *ret_number)
{
    guint number = 0;
    guint n = 0;

    for (; n < 2 && g_ascii_isxdigit(text[n]) && !g_ascii_isupper(text[n]); n++)
        number = number << 4 | g_ascii_xdigit_value(text[n]);
    if (n == 0)
        return NULL;
    *ret_number = number;
    return text + n;
}

/* "css0" */
static gboolean
parse_css(const char *name, guint8 *ret_cssid)
{
    const char *end;

    if (!g_str_has_prefix(name, "css"))
        return FALSE;
    end = take_hex(name + 3, ret_cssid);
    return end && *end == '\0';
}

/* "chp0.34" in the channel subsystem @cssid */
static gboolean
parse_chp(const char *name, guint8 cssid, guint8 *ret_chpid)
{
    g_autofree char *prefix = g_strdup_printf("chp%x.", cssid);
    const char *end;

    if (!g_str_has_prefix(name, prefix) || strlen(name) != strlen(prefix) + 2)
        return FALSE;
    end = take_hex(name + strlen(prefix), ret_chpid);
    return end && *end == '\0';
}

static guint8
read_type(int dir)
{
    g_autofree char *text = vccw_read_attr(dir, "type", NULL);
    const char *end;
    guint8 type = 0;

    end = text ? take_hex(text, &type) : NULL;
    return end && *end == '\0' ? type : 0;
}

static gboolean
attr_is(int dir, const char *attribute, const char *value)
{
    g_autofree char *text = vccw_read_attr(dir, attribute, NULL);

    return g_strcmp0(text, value) == 0;
}

static void
add_path(GPtrArray *paths, int css, const char *name, guint8 cssid, guint8 chpid)
{
    g_auto(VccwFd) dir = vccw_open_dir(css, name, NULL);
    VccwChannelPath *path;

    if (dir < 0)
        return;
    path = g_new0(VccwChannelPath, 1);
    path->cssid = cssid;
    path->chpid = chpid;
    path->type = read_type(dir);
    path->online = attr_is(dir, "status", "online");
    path->configured = attr_is(dir, "configure", "1");
    g_ptr_array_add(paths, path);
}

static void
add_paths_of_css(GPtrArray *paths, int devices, const char *folder, guint8 cssid)
{
    g_auto(VccwFd) css = vccw_open_dir(devices, folder, NULL);
    g_autoptr(GPtrArray) names = css < 0 ? NULL : vccw_list_dir(css, ".", NULL);
    guint8 chpid;

    for (guint i = 0; names && i < names->len; i++)
        if (parse_chp(names->pdata[i], cssid, &chpid))
            add_path(paths, css, names->pdata[i], cssid, chpid);
}

static int
compare_paths(gconstpointer a, gconstpointer b)
{
    const VccwChannelPath *x = *(const VccwChannelPath *const *)a;
    const VccwChannelPath *y = *(const VccwChannelPath *const *)b;

    return (x->cssid << 8 | x->chpid) - (y->cssid << 8 | y->chpid);
}

GPtrArray *
vccw_inventory_read_channel_paths(VccwInventory *inventory)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_auto(VccwFd) devices =
        vccw_open_dir(vccw_inventory_sysfs_fd(inventory), "devices", NULL);
    g_autoptr(GPtrArray) names = devices < 0 ? NULL : vccw_list_dir(devices, ".", NULL);
    guint8 cssid;

    for (guint i = 0; names && i < names->len; i++)
        if (parse_css(names->pdata[i], &cssid))
            add_paths_of_css(paths, devices, names->pdata[i], cssid);
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}
