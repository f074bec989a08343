/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Node-device names: how clients speak of subchannels, devices and mediated devices.
 * libvirt makes them of the subsystem and the sysfs name, every other character an
 * underscore.
 *
 * The name of a mediated device once was "mdev_UUID" alone. Old documents still have it,
 * so it is read; but one UUID may be defined on several parents, so nothing is found by
 * it that is not unique.
 */

#include "address/scan.h"
#include "base/quote.h"

#include <string.h>
#include <virtccw/error.h>

#define COMPUTER "computer"

static const struct {
    VccwNodeKind kind;
    const char *prefix;
    const char *form;
} kinds[] = {
    { VCCW_NODE_CSS, "css_", "write css_C_S_NNNN, such as css_0_0_1a2b" },
    { VCCW_NODE_CCW, "ccw_", "write ccw_C_S_NNNN, such as ccw_0_0_1a2b" },
    { VCCW_NODE_MDEV, "mdev_",
      "write mdev_UUID_C_S_NNNN with underscores in the UUID too" },
};

static const char *
scan_mdev(const char **cursor, VccwNodeName *name)
{
    const char *wrong = vccw_scan_uuid(cursor, '_', &name->uuid);

    if (wrong || **cursor == '\0')
        return wrong;
    if (*(*cursor)++ != '_')
        return "no underscore follows the UUID";
    name->has_parent = TRUE;
    return vccw_scan_bus_id(cursor, '_', &name->id);
}

static const char *
scan_rest(const char *cursor, VccwNodeName *name)
{
    const char *wrong = name->kind == VCCW_NODE_MDEV
                            ? scan_mdev(&cursor, name)
                            : vccw_scan_bus_id(&cursor, '_', &name->id);

    if (!wrong && *cursor)
        return "text follows its last digit";
    return wrong;
}

static gboolean
refuse(const char *text, const char *wrong, const char *form, GError **error)
{
    g_autofree char *quoted = vccw_quote(text, VCCW_QUOTE_VALUE);

    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "%s is not a node-device name: %s; %s", quoted, wrong, form);
    return FALSE;
}

gboolean
vccw_node_name_parse(const char *text, VccwNodeName *ret_name, GError **error)
{
    if (g_str_equal(text, COMPUTER)) {
        *ret_name = (VccwNodeName){ .kind = VCCW_NODE_COMPUTER };
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        VccwNodeName name = { .kind = kinds[i].kind };
        const char *wrong;

        if (!g_str_has_prefix(text, kinds[i].prefix))
            continue;
        wrong = scan_rest(text + strlen(kinds[i].prefix), &name);
        if (wrong)
            return refuse(text, wrong, kinds[i].form, error);
        *ret_name = name;
        return TRUE;
    }
    return refuse(text, "its kind is unknown here",
                  "names begin with css_, ccw_ or mdev_, or are '" COMPUTER "'", error);
}

static char *
bus_id_to_name(const char *prefix, const VccwBusId *id)
{
    return g_strdup_printf("%s_%x_%x_%04x", prefix, id->cssid, id->ssid, id->devno);
}

static char *
mdev_to_name(const VccwNodeName *name)
{
    g_autofree char *uuid = vccw_uuid_to_string(&name->uuid);
    g_autofree char *stem = g_strconcat("mdev_", g_strdelimit(uuid, "-", '_'), NULL);

    return name->has_parent ? bus_id_to_name(stem, &name->id) : g_steal_pointer(&stem);
}

char *
vccw_node_name_to_string(const VccwNodeName *name)
{
    switch (name->kind) {
    case VCCW_NODE_CSS:
        return bus_id_to_name("css", &name->id);
    case VCCW_NODE_CCW:
        return bus_id_to_name("ccw", &name->id);
    case VCCW_NODE_MDEV:
        return mdev_to_name(name);
    case VCCW_NODE_COMPUTER:
    default:
        return g_strdup(COMPUTER);
    }
}

/* The parts that @name does not have are zero, whatever its maker left in them. */
static VccwNodeName
normalized(const VccwNodeName *name)
{
    VccwNodeName parts = { .kind = name->kind };

    if (name->kind == VCCW_NODE_MDEV) {
        parts.uuid = name->uuid;
        parts.has_parent = name->has_parent != FALSE;
    }
    if (name->kind == VCCW_NODE_CSS || name->kind == VCCW_NODE_CCW || parts.has_parent)
        parts.id = name->id;
    return parts;
}

gboolean
vccw_node_name_equal(gconstpointer a, gconstpointer b)
{
    VccwNodeName x = normalized(a);
    VccwNodeName y = normalized(b);

    return x.kind == y.kind && x.has_parent == y.has_parent &&
           vccw_bus_id_equal(&x.id, &y.id) && vccw_uuid_equal(&x.uuid, &y.uuid);
}

guint
vccw_node_name_hash(gconstpointer name)
{
    VccwNodeName parts = normalized(name);
    guint hash = vccw_uuid_hash(&parts.uuid);

    hash = hash * 31 + vccw_bus_id_key(&parts.id);
    return hash * 31 + (guint)parts.kind;
}

VccwNodeName
vccw_node_name_css(const VccwBusId *id)
{
    return (VccwNodeName){ .kind = VCCW_NODE_CSS, .id = *id };
}

VccwNodeName
vccw_node_name_ccw(const VccwBusId *id)
{
    return (VccwNodeName){ .kind = VCCW_NODE_CCW, .id = *id };
}

VccwNodeName
vccw_node_name_mdev(const VccwUuid *uuid, const VccwBusId *parent)
{
    return (VccwNodeName){
        .kind = VCCW_NODE_MDEV, .id = *parent, .uuid = *uuid, .has_parent = TRUE
    };
}
