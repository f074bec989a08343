/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the composers of all kinds of elements share. */

#include "base/hash.h"
#include "base/quote.h"
#include "qemu/guest.h"

#include <string.h>
#include <virtccw/address.h>
#include <virtccw/error.h>

void
vccw_guest_take(VccwGuest *guest, const char *option, char *value)
{
    g_ptr_array_add(guest->args, g_strdup(option));
    if (value) {
        g_ptr_array_add(guest->args, value);
    }
}

void
vccw_guest_add(VccwGuest *guest, const char *option, const char *value)
{
    vccw_guest_take(guest, option, g_strdup(value));
}

void
vccw_guest_props(const VccwGuest *guest,
                 VccwProps *props,
                 const char *key,
                 const char *value)
{
    vccw_props_init(props, guest->form, key, value);
}

void
vccw_guest_add_props(VccwGuest *guest, const char *option, VccwProps *props)
{
    vccw_guest_take(guest, option, vccw_props_finish(props));
}

gboolean
vccw_guest_refuse(const xmlNode *node, GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    vccw_xml_element_set_error(error, node, VCCW_ERROR_CONFIG_UNSUPPORTED, "%s", text);
    return FALSE;
}

char *
vccw_guest_quote(const char *value)
{
    return vccw_quote(value ? value : "", VCCW_QUOTE_VALUE);
}

gboolean
vccw_guest_need(const VccwGuest *guest,
                const xmlNode *node,
                const char *type,
                GError **error)
{
    if (vccw_qemu_has(guest->qemu, type)) {
        return TRUE;
    }
    return vccw_guest_refuse(node, error,
                             "'%s' has no %s; use a newer QEMU for s390x, or leave the "
                             "<%s> out",
                             vccw_qemu_program(guest->qemu), type,
                             (const char *)node->name);
}

char *
vccw_guest_alias(const VccwDomainDevice *device, const char *format, ...)
{
    const char *alias = device->hostdev ? device->hostdev->alias : device->alias;
    va_list args;
    char *made;

    if (alias && g_str_has_prefix(alias, "ua-")) {
        return g_strdup(alias);
    }
    va_start(args, format);
    made = g_strdup_vprintf(format, args);
    va_end(args);
    return made;
}

static void
note_controllers(VccwGuest *guest)
{
    const GPtrArray *devices = vccw_domain_devices(guest->domain);

    guest->controllers =
        g_hash_table_new_full(vccw_hash_string, g_str_equal, g_free, g_free);
    for (guint i = 0; i < devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(devices, i);
        g_autofree char *type = NULL, *index = NULL;

        if (device->kind != VCCW_DEVICE_CONTROLLER || !device->alias ||
            !g_str_has_prefix(device->alias, "ua-")) {
            continue;
        }
        type = vccw_xml_element_attribute(device->node, "type");
        index = vccw_xml_element_attribute(device->node, "index");
        g_hash_table_insert(
            guest->controllers,
            g_strdup_printf("%s %s", type ? type : "", index ? index : "0"),
            g_strdup(device->alias));
    }
}

char *
vccw_guest_bus(VccwGuest *guest, const char *type, guint index)
{
    g_autofree char *key = g_strdup_printf("%s %u", type, index);
    const char *alias;

    if (!guest->controllers) {
        note_controllers(guest);
    }
    alias = g_hash_table_lookup(guest->controllers, key);
    return alias ? g_strconcat(alias, ".0", NULL)
                 : g_strdup_printf("%s%u.0", type, index);
}

char *
vccw_guest_child(const xmlNode *node, const char *child, const char *name)
{
    const xmlNode *found = vccw_xml_element_first(node, child);

    return found ? vccw_xml_element_attribute(found, name) : NULL;
}

gboolean
vccw_guest_child_is(const xmlNode *node,
                    const char *child,
                    const char *name,
                    const char *value)
{
    g_autofree char *found = vccw_guest_child(node, child, name);

    return !g_strcmp0(found, value);
}

gboolean
vccw_guest_number(const xmlNode *node,
                  const char *name,
                  guint max,
                  guint *ret_number,
                  GError **error)
{
    g_autofree char *text = node ? vccw_xml_element_attribute(node, name) : NULL;

    return !text ||
           vccw_xml_element_number_from(node, name, text, 10, max, ret_number, error);
}

void
vccw_guest_add_devno(VccwProps *props, const VccwDomainDevice *device)
{
    char text[16];

    if (device->has_ccw) {
        g_snprintf(text, sizeof text, "%x.%x.%04x", device->ccw.cssid, device->ccw.ssid,
                   device->ccw.devno);
        vccw_props_string(props, "devno", text);
    }
}

void
vccw_guest_add_virtio(VccwProps *props, const xmlNode *node)
{
    g_autofree char *iommu = vccw_guest_child(node, "driver", "iommu");
    g_autofree char *packed = vccw_guest_child(node, "driver", "packed");

    if (iommu) {
        vccw_props_bool(props, "iommu_platform", !strcmp(iommu, "on"));
    }
    if (packed) {
        vccw_props_bool(props, "packed", !strcmp(packed, "on"));
    }
}

static const char *
loadparm_of(const VccwDomainDevice *device)
{
    return device->hostdev ? device->hostdev->loadparm : device->loadparm;
}

void
vccw_guest_add_boot(VccwGuest *guest,
                    VccwProps *props,
                    const VccwDomainDevice *device,
                    const char *type,
                    guint *by_os)
{
    const char *loadparm = loadparm_of(device);
    guint order = device->boot_order ? device->boot_order : *by_os;

    if (device->boot_order == 0) {
        *by_os = 0;
    }
    if (order == 0) {
        return;
    }
    vccw_props_number(props, "bootindex", order);
    /* QEMU refuses a loadparm that comes before the boot index. */
    if (loadparm && vccw_qemu_has_property(guest->qemu, type, "loadparm")) {
        g_autofree char *upper = g_ascii_strup(loadparm, -1);
        vccw_props_string(props, "loadparm", upper);
    }
}
