/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A hostdev is read from its element, and the element put into canonical form on the way;
 * so to write it is to print the element. What QEMU's vfio-ccw device does not have is
 * refused here with the reason, where libvirt only has QEMU fail when the guest starts.
 */

#include "xml/hostdev.h"

#include "base/quote.h"
#include "xml/element.h"
#include "xml/reader.h"
#include "xml/schema.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

#define EXAMPLE_UUID "18e124fb-b2fc-47f6-a407-f256b6c49767"

static const char *const types[] = { "usb", "pci", "scsi", "scsi_host", "mdev" };
static const char *const mdev_models[] = { "vfio-ccw", "vfio-ap", "vfio-pci" };

static gboolean
attribute_is(const xmlNode *node, const char *name, const char *value)
{
    return g_strcmp0(vccw_xml_tree_attribute(node, name), value) == 0;
}

gboolean
vccw_hostdev_is_vfio_ccw(const xmlNode *node)
{
    return attribute_is(node, "type", "mdev") && attribute_is(node, "model", "vfio-ccw");
}

static gboolean
known(const char *value, const char *const *values, guint n)
{
    for (guint i = 0; i < n; i++) {
        if (g_str_equal(value, values[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean
refuse_value(const xmlNode *node,
             const char *name,
             const char *right,
             int code,
             GError **error)
{
    const char *value = vccw_xml_tree_attribute(node, name);
    g_autofree char *quoted = vccw_quote(value, VCCW_QUOTE_VALUE);

    if (value)
        vccw_xml_element_set_error(error, node, code,
                                   "the %s of <%s> is %s; channel devices have %s='%s'",
                                   name, node->name, quoted, name, right);
    else
        vccw_xml_element_set_error(error, node, code,
                                   "<%s> has no %s; channel devices have %s='%s'",
                                   node->name, name, name, right);
    return FALSE;
}

static gboolean
check_mdev_model(const xmlNode *node, GError **error)
{
    const char *model = vccw_xml_tree_attribute(node, "model");

    if (!model || !known(model, mdev_models, G_N_ELEMENTS(mdev_models)))
        return refuse_value(node, "model", "vfio-ccw", VCCW_ERROR_XML_CONTENT, error);
    return TRUE;
}

gboolean
vccw_hostdev_check_model(const xmlNode *node, GError **error)
{
    const char *mode = vccw_xml_tree_attribute(node, "mode");
    const char *type = vccw_xml_tree_attribute(node, "type");

    if (mode && !g_str_equal(mode, "subsystem"))
        return refuse_value(node, "mode", "subsystem", VCCW_ERROR_CONFIG_UNSUPPORTED,
                            error);
    if (!type)
        return refuse_value(node, "type", "mdev", VCCW_ERROR_XML_CONTENT, error);
    if (!known(type, types, G_N_ELEMENTS(types)))
        return refuse_value(node, "type", "mdev", VCCW_ERROR_CONFIG_UNSUPPORTED, error);
    if (g_str_equal(type, "mdev"))
        return check_mdev_model(node, error);
    if (vccw_xml_tree_attribute(node, "model") && !g_str_equal(type, "scsi_host")) {
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "a <hostdev> of type '%s' has no model; write "
                                   "type='mdev' for model='vfio-ccw'",
                                   type);
        return FALSE;
    }
    return TRUE;
}

/* What other hostdevs have and a vfio-ccw device has not. */
static gboolean
check_foreign(const xmlNode *node, GError **error)
{
    static const struct {
        const char *attribute;
        int code;
        const char *reason;
    } foreign[] = {
        { "display", VCCW_ERROR_CONFIG_UNSUPPORTED, "a channel device has no display" },
        { "ramfb", VCCW_ERROR_CONFIG_UNSUPPORTED, "a channel device has no display" },
        { "sgio", VCCW_ERROR_XML_CONTENT, "only SCSI devices have it" },
        { "rawio", VCCW_ERROR_XML_CONTENT, "only SCSI devices have it" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(foreign); i++) {
        if (vccw_xml_tree_attribute(node, foreign[i].attribute)) {
            vccw_xml_element_set_error(
                error, node, foreign[i].code,
                "a <hostdev> of model vfio-ccw cannot have %s: %s; remove it",
                foreign[i].attribute, foreign[i].reason);
            return FALSE;
        }
    }
    if (vccw_xml_element_first(node, "teaming")) {
        vccw_xml_element_set_error(error, vccw_xml_element_first(node, "teaming"),
                                   VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "a <hostdev> of model vfio-ccw cannot have <teaming>: "
                                   "only PCI network devices have it; remove it");
        return FALSE;
    }
    return TRUE;
}

/* Whether the source is one that the front would replace by a UUID. */
static gboolean
names_device(const xmlNode *source, const xmlNode *address)
{
    const char *type = address ? vccw_xml_tree_attribute(address, "type") : NULL;

    return vccw_xml_tree_attribute(source, "dev") || !g_strcmp0(type, "ccw");
}

static void
set_no_uuid(GError **error, const xmlNode *source, const xmlNode *address)
{
    vccw_xml_element_set_error(
        error, address ? address : source, VCCW_ERROR_CONFIG_UNSUPPORTED,
        "<source> has no UUID; write <address uuid='" EXAMPLE_UUID
        "'/> with the mediated device's UUID%s",
        names_device(source, address)
            ? ", or turn the front on (virtccw-front on): with it a guest of "
              "qemu:///system or ccw:///system may name a device of the host"
            : "");
}

/* Returns: (transfer none): the <address> in <source>. */
static xmlNode *
find_source_address(const xmlNode *node, GError **error)
{
    const xmlNode *source = vccw_xml_element_first(node, "source");
    xmlNode *address = source ? vccw_xml_element_first(source, "address") : NULL;

    if (!source) {
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "<hostdev> has no <source>; write "
                                   "<source><address uuid='" EXAMPLE_UUID
                                   "'/></source> with the mediated device's UUID");
        return NULL;
    }
    if (vccw_xml_tree_attribute(source, "startupPolicy")) {
        vccw_xml_element_set_error(error, source, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "only USB devices have a startupPolicy; remove it");
        return NULL;
    }
    if (!address || !vccw_xml_tree_attribute(address, "uuid")) {
        set_no_uuid(error, source, address);
        return NULL;
    }
    return address;
}

static gboolean
read_source(VccwHostdevXml *hostdev, GError **error)
{
    xmlNode *address = find_source_address(hostdev->node, error);
    g_autofree char *canonical = NULL;

    if (!address)
        return FALSE;
    if (!vccw_uuid_parse(vccw_xml_tree_attribute(address, "uuid"), &hostdev->uuid,
                         NULL)) {
        g_autofree char *quoted =
            vccw_quote(vccw_xml_tree_attribute(address, "uuid"), VCCW_QUOTE_VALUE);

        vccw_xml_element_set_error(error, address, VCCW_ERROR_XML_CONTENT,
                                   "%s is not a UUID; it has 32 hexadecimal digits, as "
                                   "in " EXAMPLE_UUID,
                                   quoted);
        return FALSE;
    }
    canonical = vccw_uuid_to_string(&hostdev->uuid);
    vccw_xml_tree_set(address, "uuid", canonical);
    return TRUE;
}

static gboolean
read_switches(VccwHostdevXml *hostdev, GError **error)
{
    const xmlNode *driver = vccw_xml_element_first(hostdev->node, "driver");

    if (!vccw_xml_device_info_read_switch(hostdev->node, "managed", FALSE,
                                          &hostdev->managed, error))
        return FALSE;
    return !driver || vccw_xml_device_info_read_switch(driver, "iommufd", FALSE,
                                                       &hostdev->iommufd, error);
}

static gboolean
read_info(VccwHostdevXml *hostdev, VccwXmlDeviceInfo *info, GError **error)
{
    if (info->address_type && !g_str_equal(info->address_type, "ccw")) {
        vccw_xml_element_set_error(
            error, vccw_xml_element_first(hostdev->node, "address"),
            VCCW_ERROR_XML_CONTENT,
            "a <hostdev> of model vfio-ccw cannot have an address of type '%s'; write "
            "type='ccw', or leave the address out to have one assigned",
            info->address_type);
        return FALSE;
    }
    if (info->has_ccw &&
        !vccw_xml_device_info_check_cssid(hostdev->node, &info->ccw, error))
        return FALSE;
    hostdev->has_address = info->has_ccw;
    hostdev->address = info->ccw;
    hostdev->boot_order = info->boot_order;
    hostdev->loadparm = g_steal_pointer(&info->loadparm);
    hostdev->alias = g_strdup(info->alias);
    return TRUE;
}

VccwHostdevXml *
vccw_hostdev_read(xmlNode *node, VccwXmlDeviceInfo *info, GError **error)
{
    static const char *const order[] = { "mode", "type", "managed", "model", NULL };
    g_autoptr(VccwHostdevXml) hostdev = g_new0(VccwHostdevXml, 1);

    hostdev->node = node;
    if (!check_foreign(node, error) || !read_switches(hostdev, error) ||
        !read_source(hostdev, error) || !read_info(hostdev, info, error))
        return NULL;
    vccw_xml_tree_order(node, order);
    return g_steal_pointer(&hostdev);
}

void
vccw_hostdev_set_address(VccwHostdevXml *hostdev, const VccwBusId *ccw)
{
    hostdev->has_address = TRUE;
    hostdev->address = *ccw;
    vccw_xml_device_info_write_ccw(hostdev->node, ccw);
}

void
vccw_hostdev_xml_free(VccwHostdevXml *hostdev)
{
    if (!hostdev)
        return;
    g_free(hostdev->loadparm);
    g_free(hostdev->alias);
    xmlFreeDoc(hostdev->doc);
    g_free(hostdev);
}

static VccwHostdevXml *
read_alone(xmlNode *root, GError **error)
{
    VccwXmlDeviceInfo info = { NULL };
    VccwHostdevXml *hostdev;

    if (!vccw_xml_element_is(root, "hostdev")) {
        g_autofree char *name = vccw_xml_reader_cause((const char *)root->name);

        vccw_xml_element_set_error(error, root, VCCW_ERROR_XML_CONTENT,
                                   "the document's element is <%s>%s; expected is a "
                                   "<hostdev> without xmlns",
                                   name, root->ns ? " in a namespace" : "");
        return NULL;
    }
    if (!vccw_hostdev_check_model(root, error))
        return NULL;
    if (!vccw_hostdev_is_vfio_ccw(root)) {
        vccw_xml_element_set_error(error, root, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "not a channel device; those have "
                                   "mode='subsystem' type='mdev' model='vfio-ccw'");
        return NULL;
    }
    if (!vccw_xml_device_info_read(root, &info, error))
        return NULL;
    hostdev = vccw_hostdev_read(root, &info, error);
    g_free(info.loadparm);
    return hostdev;
}

VccwHostdevXml *
vccw_hostdev_xml_parse(const char *text, gboolean validate, GError **error)
{
    g_autoptr(xmlDoc) doc = vccw_xml_reader_parse(text, VCCW_HOSTDEV_XML_MAX, error);
    g_autoptr(GError) schema = NULL;
    g_autoptr(GError) detail = NULL;
    g_autoptr(VccwHostdevXml) hostdev = NULL;

    if (!doc)
        return NULL;
    if (validate)
        vccw_xml_schema_check(VCCW_XML_SCHEMA_HOSTDEV, doc, &schema);
    hostdev = read_alone(xmlDocGetRootElement(doc), &detail);
    if (schema) {
        vccw_xml_schema_refuse(error, schema, detail);
        return NULL;
    }
    if (!hostdev) {
        g_propagate_error(error, g_steal_pointer(&detail));
        return NULL;
    }
    hostdev->doc = g_steal_pointer(&doc);
    return g_steal_pointer(&hostdev);
}

char *
vccw_hostdev_xml_format(const VccwHostdevXml *hostdev)
{
    return vccw_xml_tree_format(hostdev->node, NULL, 0);
}
