/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Node-device documents as stock libvirt 9.0.0 prints them, byte for byte; beyond it:
 * <state> of a ccw device as libvirt prints it since 10.5, values of <attr> escaped, and
 * <virtccw:channel> and <virtccw:autostart>, which are not there unless something is to
 * be told. docs/differences.md lists this for users.
 */

#include "xml/channel-xml.h"
#include "xml/nodedev-private.h"
#include "xml/writer.h"

/* What libvirt prints when the machine does not tell its UUID. */
#define UUID_UNKNOWN "00000000-0000-0000-0000-000000000000"

static void
write_address(VccwXmlWriter *writer, const VccwBusId *id)
{
    vccw_xml_writer_hex(writer, "cssid", 1, id->cssid);
    vccw_xml_writer_hex(writer, "ssid", 1, id->ssid);
    vccw_xml_writer_hex(writer, "devno", 4, id->devno);
}

static void
write_system(VccwXmlWriter *writer, const VccwNodedevXml *xml)
{
    vccw_xml_writer_text(writer, "product", xml->system_product);
    vccw_xml_writer_open(writer, "hardware", NULL);
    vccw_xml_writer_text(writer, "vendor", xml->system_vendor);
    vccw_xml_writer_text(writer, "version", xml->system_version);
    vccw_xml_writer_text(writer, "serial", xml->system_serial);
    vccw_xml_writer_text(writer, "uuid",
                         xml->system_uuid ? xml->system_uuid : UUID_UNKNOWN);
    vccw_xml_writer_close(writer, "hardware");
    vccw_xml_writer_open(writer, "firmware", NULL);
    vccw_xml_writer_text(writer, "vendor", xml->firmware_vendor);
    vccw_xml_writer_text(writer, "version", xml->firmware_version);
    vccw_xml_writer_text(writer, "release_date", xml->firmware_date);
    vccw_xml_writer_close(writer, "firmware");
}

static void
write_types(VccwXmlWriter *writer, const GPtrArray *types)
{
    if (types->len == 0)
        return;
    vccw_xml_writer_open(writer, "capability", "type", "mdev_types", NULL);
    for (guint i = 0; i < types->len; i++) {
        const VccwXmlMdevType *type = g_ptr_array_index(types, i);
        g_autofree char *n = g_strdup_printf("%u", type->available_instances);

        vccw_xml_writer_open(writer, "type", "id", type->id, NULL);
        vccw_xml_writer_text(writer, "name", type->name);
        vccw_xml_writer_text(writer, "deviceAPI", type->device_api);
        vccw_xml_writer_text(writer, "availableInstances", n);
        vccw_xml_writer_close(writer, "type");
    }
    vccw_xml_writer_close(writer, "capability");
}

static void
write_css(VccwXmlWriter *writer, const VccwNodedevXml *xml)
{
    write_address(writer, &xml->id);
    if (xml->has_channel_device) {
        vccw_xml_writer_open(writer, "channel_dev_addr", NULL);
        write_address(writer, &xml->channel_device);
        vccw_xml_writer_close(writer, "channel_dev_addr");
    }
    write_types(writer, xml->mdev_types);
}

static void
write_ccw(VccwXmlWriter *writer, const VccwNodedevXml *xml)
{
    vccw_xml_writer_text(writer, "state", xml->state);
    write_address(writer, &xml->id);
}

static void
write_mdev(VccwXmlWriter *writer, const VccwNodedevXml *xml)
{
    vccw_xml_writer_empty(writer, "type", "id", xml->type, NULL);
    if (xml->has_uuid) {
        g_autofree char *uuid = vccw_uuid_to_string(&xml->uuid);
        vccw_xml_writer_text(writer, "uuid", uuid);
    }
    vccw_xml_writer_text(writer, "parent_addr", xml->parent_addr);
    if (xml->iommu_group >= 0) {
        g_autofree char *group = g_strdup_printf("%d", xml->iommu_group);
        vccw_xml_writer_empty(writer, "iommuGroup", "number", group, NULL);
    }
    for (guint i = 0; i < xml->attrs->len; i++) {
        const VccwXmlAttr *attr = g_ptr_array_index(xml->attrs, i);

        vccw_xml_writer_empty(writer, "attr", "name", attr->name, "value", attr->value,
                              NULL);
    }
}

static void
write_capability(VccwXmlWriter *writer, const VccwNodedevXml *xml)
{
    vccw_xml_writer_open(writer, "capability", "type",
                         vccw_nodedev_xml_capability(xml->kind), NULL);
    switch (xml->kind) {
    case VCCW_NODE_COMPUTER:
        write_system(writer, xml);
        break;
    case VCCW_NODE_CSS:
        write_css(writer, xml);
        break;
    case VCCW_NODE_CCW:
        write_ccw(writer, xml);
        break;
    case VCCW_NODE_MDEV:
        write_mdev(writer, xml);
        break;
    }
    vccw_xml_writer_close(writer, "capability");
}

/* The namespace is declared here, so that the line "<device>" is the same with and
 * without. */
static void
write_autostart(VccwXmlWriter *writer, const VccwNodedevXml *xml)
{
    if (!xml->autostart_result)
        return;
    if (xml->autostart_reason)
        vccw_xml_writer_empty(writer, "virtccw:autostart", "xmlns:virtccw",
                              VCCW_NODEDEV_XML_NS, "result", xml->autostart_result,
                              "reason", xml->autostart_reason, NULL);
    else
        vccw_xml_writer_empty(writer, "virtccw:autostart", "xmlns:virtccw",
                              VCCW_NODEDEV_XML_NS, "result", xml->autostart_result, NULL);
}

char *
vccw_nodedev_xml_format(const VccwNodedevXml *xml)
{
    VccwXmlWriter writer;

    vccw_xml_writer_init(&writer);
    vccw_xml_writer_open(&writer, "device", NULL);
    vccw_xml_writer_text(&writer, "name", xml->name);
    vccw_xml_writer_text(&writer, "path", xml->path);
    for (guint i = 0; i < xml->devnodes->len; i++) {
        vccw_xml_writer_text_with(&writer, "devnode", "type", "dev",
                                  g_ptr_array_index(xml->devnodes, i));
    }
    vccw_xml_writer_text(&writer, "parent", xml->parent);
    if (xml->driver && *xml->driver) {
        vccw_xml_writer_open(&writer, "driver", NULL);
        vccw_xml_writer_text(&writer, "name", xml->driver);
        vccw_xml_writer_close(&writer, "driver");
    }
    write_capability(&writer, xml);
    vccw_channel_xml_write(&writer, xml->channel);
    write_autostart(&writer, xml);
    vccw_xml_writer_close(&writer, "device");
    return vccw_xml_writer_finish(&writer);
}
