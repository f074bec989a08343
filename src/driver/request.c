/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whether the parent exists, or is bound to the right driver, is not asked here: a
 * definition may precede its device, as mdevctl allows.
 */

#include "driver/request.h"
#include "base/quote.h"
#include <virtccw/error.h>
#include <virtccw/nodedev-xml.h>

/* Type and attribute names become file names in sysfs. */
static gboolean
is_sysfs_name(const char *name)
{
    return name && *name && *name != '.' && strlen(name) < 256 && !strchr(name, '/');
}

static gboolean
check_names(const VccwNodedevXml *xml, GError **error)
{
    if (!is_sysfs_name(xml->type)) {
        g_autofree char *quoted = vccw_quote(xml->type, VCCW_QUOTE_VALUE);

        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "%s cannot be a type of mediated device: write <type "
                    "id='vfio_ccw-io'/>",
                    quoted);
        return FALSE;
    }
    for (guint i = 0; i < xml->attrs->len; i++) {
        const VccwXmlAttr *attr = xml->attrs->pdata[i];

        if (!is_sysfs_name(attr->name)) {
            g_autofree char *quoted = vccw_quote(attr->name, VCCW_QUOTE_VALUE);

            g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                        "%s cannot be an attribute of a mediated device: write the "
                        "name of a file in the device's sysfs folder",
                        quoted);
            return FALSE;
        }
    }
    return TRUE;
}

/* libvirt calls an absent parent "computer"; then the address says which one is meant. */
static gboolean
find_parent(const VccwNodedevXml *xml, VccwBusId *ret_parent, GError **error)
{
    g_autofree char *quoted = vccw_quote(xml->parent, VCCW_QUOTE_VALUE);
    VccwNodeName name;
    VccwBusId address;

    if (xml->parent_addr && !vccw_host_bus_id_parse(xml->parent_addr, &address, error)) {
        g_prefix_error(error, "<parent_addr>: ");
        return FALSE;
    }
    if (!xml->parent && !xml->parent_addr) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_XML_CONTENT,
                    "the document has no <parent>: write the subchannel's name, such as "
                    "<parent>css_0_0_0004</parent>");
        return FALSE;
    }
    if (xml->parent_addr && (!xml->parent || g_str_equal(xml->parent, "computer"))) {
        *ret_parent = address;
        return TRUE;
    }
    if (!vccw_node_name_parse(xml->parent, &name, NULL) || name.kind != VCCW_NODE_CSS ||
        name.id.cssid != 0) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE,
                    "parent %s is not a subchannel of this host: name one of "
                    "'virsh nodedev-list --cap css'",
                    quoted);
        return FALSE;
    }
    if (xml->parent_addr && !vccw_bus_id_equal(&name.id, &address)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "parent %s and parent_addr '%s' are different subchannels: keep "
                    "one of them",
                    quoted, xml->parent_addr);
        return FALSE;
    }
    *ret_parent = name.id;
    return TRUE;
}

static VccwMdevConfig *
config_from_xml(const VccwNodedevXml *xml, const VccwBusId *parent)
{
    VccwMdevConfig *config;
    VccwUuid uuid = xml->uuid;

    if (!xml->has_uuid)
        vccw_uuid_random(&uuid);
    config = vccw_mdev_config_new(&uuid, parent, xml->type);
    for (guint i = 0; i < xml->attrs->len; i++) {
        const VccwXmlAttr *attr = xml->attrs->pdata[i];

        vccw_mdev_config_add_attr(config, attr->name, attr->value);
    }
    return config;
}

VccwMdevConfig *
vccw_request_parse(const char *text,
                   gboolean validate,
                   gboolean *ret_has_uuid,
                   GError **error)
{
    g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_parse(text, validate, error);
    VccwBusId parent;

    if (!xml)
        return NULL;
    if (xml->kind != VCCW_NODE_MDEV) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "only mediated devices can be defined or created: write <capability "
                    "type='mdev'>");
        return NULL;
    }
    if (!check_names(xml, error) || !find_parent(xml, &parent, error))
        return NULL;
    if (ret_has_uuid)
        *ret_has_uuid = xml->has_uuid;
    return config_from_xml(xml, &parent);
}
