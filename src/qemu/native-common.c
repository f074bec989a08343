/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the devices of a command line have in common when they are written as elements. */

#include "qemu/native-device.h"

#include <string.h>
#include <virtccw/address.h>

const char *
vccw_native_get(const VccwNativeDevice *device, const char *key)
{
    return vccw_option_get(device->option, key);
}

VccwOption *
vccw_native_claim(const VccwNativeDevice *device,
                  const char *key,
                  const char *kind,
                  const char *keys)
{
    VccwOption *option =
        vccw_native_find(device->native, kind, vccw_native_get(device, key));

    return option && vccw_option_has_only(option, keys) ? option : NULL;
}

/* Whether an order can express the boot index; -1 is none. */
static gboolean
has_good_boot_index(const VccwNativeDevice *device)
{
    const char *index = vccw_native_get(device, "bootindex");
    guint64 number;

    return !index || !strcmp(index, "-1") ||
           g_ascii_string_to_unsigned(index, 10, 0, G_MAXINT - 1, &number, NULL);
}

void
vccw_native_write_boot(const VccwNativeDevice *device)
{
    const char *index = vccw_native_get(device, "bootindex");
    const char *own = vccw_native_get(device, "loadparm");
    const char *loadparm;
    guint order;
    char text[16];

    if (!index || *index == '-') {
        return;
    }
    order = g_ascii_strtoull(index, NULL, 10) + device->native->boot_shift;
    /* The machine's is that of what boots first. */
    loadparm = own ? own : order == 1 ? device->native->loadparm : NULL;
    g_snprintf(text, sizeof text, "%u", order);
    vccw_xml_writer_empty(device->writer, "boot", "order", text,
                          loadparm ? "loadparm" : NULL, loadparm, NULL);
}

void
vccw_native_write_alias(const VccwNativeDevice *device)
{
    const char *id = vccw_native_get(device, "id");

    if (id && g_str_has_prefix(id, "ua-")) {
        vccw_xml_writer_empty(device->writer, "alias", "name", id, NULL);
    }
}

static gboolean
has_good_address(const VccwNativeDevice *device)
{
    const char *devno = vccw_native_get(device, "devno");
    VccwBusId address;

    return !devno || vccw_guest_address_parse(devno, &address, NULL);
}

void
vccw_native_write_address(const VccwNativeDevice *device)
{
    const char *devno = vccw_native_get(device, "devno");
    VccwBusId address;
    char cssid[8], ssid[8], number[8];

    if (!devno || !vccw_guest_address_parse(devno, &address, NULL)) {
        return;
    }
    g_snprintf(cssid, sizeof cssid, "0x%x", address.cssid);
    g_snprintf(ssid, sizeof ssid, "0x%x", address.ssid);
    g_snprintf(number, sizeof number, "0x%04x", address.devno);
    vccw_xml_writer_empty(device->writer, "address", "type", "ccw", "cssid", cssid,
                          "ssid", ssid, "devno", number, NULL);
}

void
vccw_native_add_key(GPtrArray *pairs, const char *key, const char *value)
{
    if (value) {
        g_ptr_array_add(pairs, (gpointer)key);
        g_ptr_array_add(pairs, (gpointer)value);
    }
}

/* What any virtio device may have in <driver>. */
static void
add_virtio(const VccwNativeDevice *device, GPtrArray *pairs)
{
    vccw_native_add_key(pairs, "iommu", vccw_native_get(device, "iommu_platform"));
    vccw_native_add_key(pairs, "packed", vccw_native_get(device, "packed"));
}

void
vccw_native_write_driver(const VccwNativeDevice *device, GPtrArray *pairs)
{
    add_virtio(device, pairs);
    if (pairs->len > 0) {
        vccw_xml_writer_empty_of(device->writer, "driver", pairs);
    }
}

/* Whether <driver> can express it: its switches are on or off, its thread has a number.
 */
static gboolean
has_good_driver(const VccwNativeDevice *device)
{
    static const char *const SWITCHES[] = { "iommu_platform", "packed" };
    const char *thread = vccw_native_get(device, "iothread");
    guint64 number;

    for (guint i = 0; i < G_N_ELEMENTS(SWITCHES); i++) {
        const char *value = vccw_native_get(device, SWITCHES[i]);

        if (value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
            return FALSE;
        }
    }
    return !thread || (g_str_has_prefix(thread, "iothread") &&
                       g_ascii_string_to_unsigned(thread + strlen("iothread"), 10, 1,
                                                  G_MAXINT, &number, NULL) &&
                       number <= device->native->iothreads);
}

const char *
vccw_native_thread(const VccwNativeDevice *device)
{
    const char *thread = vccw_native_get(device, "iothread");

    return thread ? thread + strlen("iothread") : NULL;
}

gboolean
vccw_native_bus_number(const VccwNativeDevice *device,
                       const char *prefix,
                       char **ret_number)
{
    const char *bus = vccw_native_get(device, "bus");
    gsize length = strlen(prefix);
    guint digits;

    if (!bus) {
        *ret_number = g_strdup("0");
        return TRUE;
    }
    if (!g_str_has_prefix(bus, prefix)) {
        return FALSE;
    }
    digits = strspn(bus + length, "0123456789");
    if (digits == 0 || digits > 4 || strcmp(bus + length + digits, ".0") != 0) {
        return FALSE;
    }
    *ret_number = g_strndup(bus + length, digits);
    return TRUE;
}

gboolean
vccw_native_is_expressible(const VccwNativeDevice *device)
{
    return has_good_address(device) && has_good_boot_index(device) &&
           has_good_driver(device);
}
