/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Character devices of a command line as elements of a domain. */

#include "qemu/native-device.h"

#include <string.h>

static const struct {
    const char *backend, *keys, *type;
} CHARDEVS[] = {
    { "pty", "backend id logfile logappend", "pty" },
    { "null", "backend id logfile logappend", "null" },
    { "stdio", "backend id mux signal logfile logappend", "stdio" },
    { "vc", "backend id", "vc" },
    { "file", "backend id path append logfile logappend", "file" },
    { "pipe", "backend id path logfile logappend", "pipe" },
    { "serial", "backend id path logfile logappend", "dev" },
    { "socket", "backend id path server wait logfile logappend", "unix" },
    { "socket", "backend id host port server wait telnet logfile logappend", "tcp" },
};

/* The backend of a character device and its row. */
static VccwOption *
find_chardev(const VccwNativeDevice *device, guint *ret_row)
{
    VccwOption *chardev =
        vccw_native_find(device->native, "-chardev", vccw_native_get(device, "chardev"));
    const char *backend = chardev ? vccw_option_get(chardev, "backend") : NULL;

    for (guint i = 0; backend && i < G_N_ELEMENTS(CHARDEVS); i++) {
        if (!strcmp(CHARDEVS[i].backend, backend) &&
            vccw_option_has_only(chardev, CHARDEVS[i].keys)) {
            *ret_row = i;
            return chardev;
        }
    }
    return NULL;
}

static void
write_chardev(const VccwNativeDevice *device, VccwOption *chardev, guint row)
{
    const char *type = CHARDEVS[row].type;
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    gboolean socket = !strcmp(type, "unix") || !strcmp(type, "tcp");
    gboolean server = vccw_option_is(chardev, "server", "on");

    vccw_native_add_key(pairs, "mode", socket ? (server ? "bind" : "connect") : NULL);
    vccw_native_add_key(pairs, "host", vccw_option_get(chardev, "host"));
    vccw_native_add_key(pairs, "service", vccw_option_get(chardev, "port"));
    vccw_native_add_key(pairs, "path", vccw_option_get(chardev, "path"));
    vccw_native_add_key(pairs, "append", vccw_option_get(chardev, "append"));
    if (pairs->len > 0) {
        vccw_xml_writer_empty_of(device->writer, "source", pairs);
    }
    if (!strcmp(type, "tcp")) {
        vccw_xml_writer_empty(device->writer, "protocol", "type",
                              vccw_option_is(chardev, "telnet", "on") ? "telnet" : "raw",
                              NULL);
    }
    if (vccw_option_get(chardev, "logfile")) {
        const char *append = vccw_option_get(chardev, "logappend");
        vccw_xml_writer_empty(device->writer, "log", "file",
                              vccw_option_get(chardev, "logfile"),
                              append ? "append" : NULL, append, NULL);
    }
    chardev->used = TRUE;
}

/* On the SCLP: a <console>, as every Linux distribution's guest has it. */
gboolean
vccw_native_write_sclp(VccwNativeDevice *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);

    if (!chardev) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "console", "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_empty(device->writer, "target", "type", device->what, NULL);
    vccw_native_write_alias(device);
    vccw_xml_writer_close(device->writer, "console");
    return TRUE;
}

gboolean
vccw_native_write_3270(VccwNativeDevice *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);

    if (!chardev) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "serial", "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_open(device->writer, "target", NULL);
    vccw_xml_writer_empty(device->writer, "model", "name", "x-terminal3270", NULL);
    vccw_xml_writer_close(device->writer, "target");
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "serial");
    return TRUE;
}

gboolean
vccw_native_write_port(VccwNativeDevice *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);
    g_autofree char *controller = NULL;
    const char *port = vccw_native_get(device, "nr");
    const char *name = vccw_native_get(device, "name");

    if (!chardev || !vccw_native_bus_number(device, "virtio-serial", &controller)) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, device->what, "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_empty(device->writer, "target", "type", "virtio",
                          name ? "name" : NULL, name, NULL);
    vccw_native_write_alias(device);
    if (vccw_native_get(device, "bus") && port) {
        vccw_xml_writer_empty(device->writer, "address", "type", "virtio-serial",
                              "controller", controller, "bus", "0", "port", port, NULL);
    }
    vccw_xml_writer_close(device->writer, device->what);
    return TRUE;
}
