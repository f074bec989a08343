/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading node-device documents, with libvirt's tolerance: elements in any order, unknown
 * ones ignored, an empty element counts as absent, and no element's text is trimmed. A
 * number or UUID that cannot be read is an error even in an element that the caller will
 * not use: a document that was misunderstood must not be acted upon.
 */

#include "base/quote.h"
#include "xml/channel-xml.h"
#include "xml/element.h"
#include "xml/nodedev-private.h"
#include "xml/reader.h"
#include "xml/schema.h"
#include <string.h>
#include <virtccw/error.h>

static gboolean
parse_address(const xmlNode *node, VccwBusId *ret_id, GError **error)
{
    guint cssid, ssid, devno;

    if (!vccw_xml_element_need_number(node, "cssid", 0, VCCW_CSSID_MAX, &cssid, error) ||
        !vccw_xml_element_need_number(node, "ssid", 0, VCCW_SSID_MAX, &ssid, error) ||
        !vccw_xml_element_need_number(node, "devno", 16, G_MAXUINT16, &devno, error))
        return FALSE;
    ret_id->cssid = (guint8)cssid;
    ret_id->ssid = (guint8)ssid;
    ret_id->devno = (guint16)devno;
    return TRUE;
}

/* @node is the <uuid> whose text is @text. */
static gboolean
parse_uuid(const xmlNode *node, const char *text, VccwUuid *ret_uuid, GError **error)
{
    if (!vccw_uuid_parse(text, ret_uuid, NULL)) {
        g_autofree char *quoted = vccw_quote(text, VCCW_QUOTE_VALUE);

        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "<uuid> %s is not a UUID; it has 32 hexadecimal "
                                   "digits, as in 18e124fb-b2fc-47f6-a407-f256b6c49767",
                                   quoted);
        return FALSE;
    }
    return TRUE;
}

static gboolean
parse_hardware(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    g_autofree char *text = NULL;
    VccwUuid uuid;

    xml->system_vendor = vccw_xml_element_text(node, "vendor");
    xml->system_version = vccw_xml_element_text(node, "version");
    xml->system_serial = vccw_xml_element_text(node, "serial");
    if (!vccw_xml_element_need_text(node, "uuid", "00000000-0000-0000-0000-000000000000",
                                    &text, error) ||
        !parse_uuid(vccw_xml_element_first(node, "uuid"), text, &uuid, error))
        return FALSE;
    xml->system_uuid = vccw_uuid_to_string(&uuid);
    return TRUE;
}

static gboolean
parse_system(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    const xmlNode *hardware = vccw_xml_element_first(node, "hardware");
    const xmlNode *firmware = vccw_xml_element_first(node, "firmware");

    xml->system_product = vccw_xml_element_text(node, "product");
    if (!hardware) {
        vccw_xml_element_set_error(
            error, node, VCCW_ERROR_CONFIG_UNSUPPORTED,
            "<capability type='system'> needs <hardware> with a <uuid>");
        return FALSE;
    }
    if (firmware) {
        xml->firmware_vendor = vccw_xml_element_text(firmware, "vendor");
        xml->firmware_version = vccw_xml_element_text(firmware, "version");
        xml->firmware_date = vccw_xml_element_text(firmware, "release_date");
    }
    return parse_hardware(hardware, xml, error);
}

static gboolean
parse_type(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    g_autofree char *id = NULL;
    g_autofree char *name = vccw_xml_element_text(node, "name");
    g_autofree char *api = NULL;
    guint available;

    if (!vccw_xml_element_need_attribute(node, "id", VCCW_ERROR_CONFIG_UNSUPPORTED, &id,
                                         error) ||
        !vccw_xml_element_need_text(node, "deviceAPI", "vfio-ccw", &api, error) ||
        !vccw_xml_element_need_number(node, "availableInstances", 10, G_MAXUINT,
                                      &available, error))
        return FALSE;
    vccw_nodedev_xml_add_type(xml, id, name, api, available);
    return TRUE;
}

/* The capabilities nested in a subchannel's; libvirt knows one kind, mdev_types. */
static gboolean
parse_nested(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    const xmlNode *nested = vccw_xml_element_first(node, "capability");

    for (; nested; nested = vccw_xml_element_next(nested)) {
        g_autofree char *kind = vccw_xml_element_attribute(nested, "type");
        const xmlNode *type = vccw_xml_element_first(nested, "type");

        if (g_strcmp0(kind, "mdev_types") != 0)
            continue;
        for (; type; type = vccw_xml_element_next(type)) {
            if (!parse_type(type, xml, error))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean
parse_css(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    const xmlNode *device = vccw_xml_element_first(node, "channel_dev_addr");

    if (!parse_address(node, &xml->id, error))
        return FALSE;
    if (device) {
        if (!parse_address(device, &xml->channel_device, error))
            return FALSE;
        xml->has_channel_device = TRUE;
    }
    return parse_nested(node, xml, error);
}

static gboolean
parse_ccw(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    xml->state = vccw_xml_element_text(node, "state");
    if (xml->state && !g_str_equal(xml->state, "online") &&
        !g_str_equal(xml->state, "offline")) {
        g_autofree char *quoted = vccw_quote(xml->state, VCCW_QUOTE_VALUE);

        vccw_xml_element_set_error(
            error, vccw_xml_element_first(node, "state"), VCCW_ERROR_XML_CONTENT,
            "<state> %s is neither 'online' nor 'offline'", quoted);
        return FALSE;
    }
    return parse_address(node, &xml->id, error);
}

static gboolean
parse_iommu_group(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    g_autofree char *text = NULL;
    guint group;

    if (!vccw_xml_element_need_attribute(node, "number", VCCW_ERROR_XML_CONTENT, &text,
                                         error) ||
        !vccw_xml_element_number_from(node, "the number of <iommuGroup>", text, 10,
                                      G_MAXINT, &group, error))
        return FALSE;
    xml->iommu_group = (int)group;
    return TRUE;
}

static gboolean
parse_attrs(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    const xmlNode *attr = vccw_xml_element_first(node, "attr");

    for (; attr; attr = vccw_xml_element_next(attr)) {
        g_autofree char *name = NULL;
        g_autofree char *value = vccw_xml_element_attribute(attr, "value");

        if (!vccw_xml_element_need_attribute(attr, "name", VCCW_ERROR_XML_CONTENT, &name,
                                             error))
            return FALSE;
        if (!value) {
            vccw_xml_element_set_error(
                error, attr, VCCW_ERROR_XML_CONTENT,
                "<attr> needs an attribute 'value'; write value='' "
                "for an empty one");
            return FALSE;
        }
        vccw_nodedev_xml_add_attr(xml, name, value);
    }
    return TRUE;
}

static gboolean
parse_mdev_type(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    const xmlNode *type = vccw_xml_element_first(node, "type");

    if (!type) {
        vccw_xml_element_set_error(error, node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "<capability type='mdev'> needs a type, "
                                   "<type id='vfio_ccw-io'/>");
        return FALSE;
    }
    return vccw_xml_element_need_attribute(type, "id", VCCW_ERROR_CONFIG_UNSUPPORTED,
                                           &xml->type, error);
}

static gboolean
parse_mdev(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    const xmlNode *group = vccw_xml_element_first(node, "iommuGroup");
    g_autofree char *uuid = vccw_xml_element_text(node, "uuid");

    if (!parse_mdev_type(node, xml, error))
        return FALSE;
    if (uuid) {
        if (!parse_uuid(vccw_xml_element_first(node, "uuid"), uuid, &xml->uuid, error))
            return FALSE;
        xml->has_uuid = TRUE;
    }
    xml->parent_addr = vccw_xml_element_text(node, "parent_addr");
    if (group && !parse_iommu_group(group, xml, error))
        return FALSE;
    return parse_attrs(node, xml, error);
}

static gboolean
parse_capability(const xmlNode *node, VccwNodedevXml *xml, GError **error)
{
    switch (xml->kind) {
    case VCCW_NODE_COMPUTER:
        return parse_system(node, xml, error);
    case VCCW_NODE_CSS:
        return parse_css(node, xml, error);
    case VCCW_NODE_CCW:
        return parse_ccw(node, xml, error);
    case VCCW_NODE_MDEV:
        return parse_mdev(node, xml, error);
    }
    g_assert_not_reached();
}

/* Returns: (transfer none): the one capability of the device. */
static xmlNode *
find_capability(const xmlNode *root, VccwNodeKind *ret_kind, GError **error)
{
    xmlNode *node = vccw_xml_element_first(root, "capability");
    xmlNode *second = node ? vccw_xml_element_next(node) : NULL;
    g_autofree char *type = NULL;

    if (!node) {
        vccw_xml_element_set_error(error, root, VCCW_ERROR_XML_CONTENT,
                                   "<device> needs a <capability>, for example "
                                   "<capability type='mdev'>");
        return NULL;
    }
    if (second) {
        vccw_xml_element_set_error(error, second, VCCW_ERROR_XML_CONTENT,
                                   "a second <capability>; write one document for each "
                                   "device");
        return NULL;
    }
    if (!vccw_xml_element_need_attribute(node, "type", VCCW_ERROR_XML_CONTENT, &type,
                                         error))
        return NULL;
    if (!vccw_nodedev_xml_kind(type, ret_kind)) {
        g_autofree char *quoted = vccw_quote(type, VCCW_QUOTE_VALUE);

        vccw_xml_element_set_error(error, node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "devices of type %s are not virtccw's; only those of "
                                   "type 'mdev' can be defined or created here",
                                   quoted);
        return NULL;
    }
    return node;
}

static void
parse_devnodes(const xmlNode *root, VccwNodedevXml *xml)
{
    const xmlNode *node = vccw_xml_element_first(root, "devnode");

    for (; node; node = vccw_xml_element_next(node)) {
        g_autofree char *type = vccw_xml_element_attribute(node, "type");
        xmlChar *content = xmlNodeGetContent(node);

        if (g_strcmp0(type, "dev") == 0 && content && *content)
            g_ptr_array_add(xml->devnodes, g_strdup((const char *)content));
        xmlFree(content);
    }
}

static gboolean
parse_autostart(const xmlNode *root, VccwNodedevXml *xml, GError **error)
{
    const xmlNode *node =
        vccw_xml_element_first_ns(root, VCCW_NODEDEV_XML_NS, "autostart");
    g_autofree char *result = NULL;

    if (!node)
        return TRUE;
    if (!vccw_xml_element_need_attribute(node, "result", VCCW_ERROR_XML_CONTENT, &result,
                                         error))
        return FALSE;
    if (!g_str_equal(result, "failed") && !g_str_equal(result, "waiting")) {
        g_autofree char *quoted = vccw_quote(result, VCCW_QUOTE_VALUE);

        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "the result %s of <autostart> is neither 'failed' nor "
                                   "'waiting'",
                                   quoted);
        return FALSE;
    }
    xml->autostart_result = g_steal_pointer(&result);
    xml->autostart_reason = vccw_xml_element_attribute(node, "reason");
    return TRUE;
}

static VccwNodedevXml *
parse_device(const xmlNode *root, GError **error)
{
    g_autoptr(VccwNodedevXml) xml = NULL;
    const xmlNode *driver = vccw_xml_element_first(root, "driver");
    xmlNode *capability;
    VccwNodeKind kind;

    capability = find_capability(root, &kind, error);
    if (!capability)
        return NULL;
    xml = vccw_nodedev_xml_new(kind);
    xml->name = vccw_xml_element_text(root, "name");
    xml->path = vccw_xml_element_text(root, "path");
    parse_devnodes(root, xml);
    xml->parent = vccw_xml_element_text(root, "parent");
    xml->driver = driver ? vccw_xml_element_text(driver, "name") : NULL;
    if (!parse_capability(capability, xml, error) ||
        !vccw_channel_xml_parse(root, &xml->channel, error) ||
        !parse_autostart(root, xml, error))
        return NULL;
    return g_steal_pointer(&xml);
}

static gboolean
check_root(const xmlNode *root, GError **error)
{
    g_autofree char *quoted = NULL;

    if (vccw_xml_element_is(root, "device"))
        return TRUE;
    quoted = vccw_xml_reader_cause((const char *)root->name);
    vccw_xml_element_set_error(error, root, VCCW_ERROR_XML_CONTENT,
                               "the document's element is <%s>%s; a node device is a "
                               "<device> without xmlns",
                               quoted, root->ns ? " in a namespace" : "");
    return FALSE;
}

/* libxml2 tells little about why a document does not match; the parser often knows more.
 */
static gboolean
check_schema(xmlDoc *doc, GError **error)
{
    g_autoptr(GError) schema = NULL;
    g_autoptr(GError) detail = NULL;
    g_autoptr(VccwNodedevXml) xml = NULL;

    if (vccw_xml_schema_check(VCCW_XML_SCHEMA_NODEDEV, doc, &schema))
        return TRUE;
    xml = parse_device(xmlDocGetRootElement(doc), &detail);
    vccw_xml_schema_refuse(error, schema, detail);
    return FALSE;
}

VccwNodedevXml *
vccw_nodedev_xml_parse(const char *text, gboolean validate, GError **error)
{
    g_autoptr(xmlDoc) doc = vccw_xml_reader_parse(text, VCCW_NODEDEV_XML_MAX, error);
    const xmlNode *root;

    if (!doc)
        return NULL;
    root = xmlDocGetRootElement(doc);
    if (!check_root(root, error))
        return NULL;
    if (validate && !check_schema(doc, error))
        return NULL;
    return parse_device(root, error);
}
