/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The node-device document as a value: a plain structure that owns all its strings and
 * arrays. nodedev-parse.c makes it from text, nodedev-format.c makes text from it.
 */

#include "xml/nodedev-private.h"

static const char *const capabilities[] = {
    [VCCW_NODE_COMPUTER] = "system",
    [VCCW_NODE_CSS] = "css",
    [VCCW_NODE_CCW] = "ccw",
    [VCCW_NODE_MDEV] = "mdev",
};
G_STATIC_ASSERT(G_N_ELEMENTS(capabilities) == VCCW_NODE_MDEV + 1);

const char *
vccw_nodedev_xml_capability(VccwNodeKind kind)
{
    g_assert((guint)kind < G_N_ELEMENTS(capabilities));
    return capabilities[kind];
}

gboolean
vccw_nodedev_xml_kind(const char *capability, VccwNodeKind *ret_kind)
{
    for (guint i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        if (g_str_equal(capability, capabilities[i])) {
            *ret_kind = (VccwNodeKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

static void
type_free(gpointer data)
{
    VccwXmlMdevType *type = data;

    g_free(type->id);
    g_free(type->name);
    g_free(type->device_api);
    g_free(type);
}

static void
attr_free(gpointer data)
{
    VccwXmlAttr *attr = data;

    g_free(attr->name);
    g_free(attr->value);
    g_free(attr);
}

VccwNodedevXml *
vccw_nodedev_xml_new(VccwNodeKind kind)
{
    VccwNodedevXml *xml = g_new0(VccwNodedevXml, 1);

    xml->kind = kind;
    xml->devnodes = g_ptr_array_new_with_free_func(g_free);
    xml->mdev_types = g_ptr_array_new_with_free_func(type_free);
    xml->iommu_group = -1;
    xml->attrs = g_ptr_array_new_with_free_func(attr_free);
    return xml;
}

void
vccw_nodedev_xml_free(VccwNodedevXml *xml)
{
    if (!xml)
        return;
    g_free(xml->name);
    g_free(xml->path);
    g_ptr_array_unref(xml->devnodes);
    g_free(xml->parent);
    g_free(xml->driver);
    g_free(xml->state);
    g_ptr_array_unref(xml->mdev_types);
    g_free(xml->type);
    g_free(xml->parent_addr);
    g_ptr_array_unref(xml->attrs);
    g_free(xml->autostart_result);
    g_free(xml->autostart_reason);
    vccw_xml_channel_free(xml->channel);
    g_free(xml->system_product);
    g_free(xml->system_vendor);
    g_free(xml->system_version);
    g_free(xml->system_serial);
    g_free(xml->system_uuid);
    g_free(xml->firmware_vendor);
    g_free(xml->firmware_version);
    g_free(xml->firmware_date);
    g_free(xml);
}

void
vccw_nodedev_xml_add_type(VccwNodedevXml *xml,
                          const char *id,
                          const char *name,
                          const char *device_api,
                          guint available_instances)
{
    VccwXmlMdevType *type = g_new0(VccwXmlMdevType, 1);

    type->id = g_strdup(id);
    type->name = g_strdup(name);
    type->device_api = g_strdup(device_api);
    type->available_instances = available_instances;
    g_ptr_array_add(xml->mdev_types, type);
}

void
vccw_nodedev_xml_add_attr(VccwNodedevXml *xml, const char *name, const char *value)
{
    VccwXmlAttr *attr = g_new0(VccwXmlAttr, 1);

    attr->name = g_strdup(name);
    attr->value = g_strdup(value);
    g_ptr_array_add(xml->attrs, attr);
}
