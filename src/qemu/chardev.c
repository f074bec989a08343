/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Consoles and channels: a character device on the host's side, and what the guest has:
 * the SCLP console, a virtio console, or a named virtio port.
 */

#include "qemu/guest.h"

#include <string.h>

/* Where libvirt puts a channel's socket when the document does not say. */
#define CHANNEL_FOLDER "/var/lib/libvirt/qemu/channel/target/"

static const xmlNode *
source_with(const xmlNode *node, const char *attribute)
{
    const xmlNode *source = vccw_xml_element_first(node, "source");

    for (; source; source = vccw_xml_element_next(source)) {
        g_autofree char *value = vccw_xml_element_attribute(source, attribute);

        if (value) {
            return source;
        }
    }
    return NULL;
}

static char *
value_of(const xmlNode *node, const char *attribute)
{
    const xmlNode *source = source_with(node, attribute);

    return source ? vccw_xml_element_attribute(source, attribute) : NULL;
}

/* Whether QEMU listens there, rather than connects to it. */
static void
add_mode(VccwProps *props, const char *mode, gboolean listens)
{
    if (mode ? !strcmp(mode, "bind") : listens) {
        vccw_props_bool(props, "server", TRUE);
        vccw_props_bool(props, "wait", FALSE);
    }
}

static gboolean
add_path(VccwGuest *guest, VccwProps *props, const xmlNode *node, GError **error)
{
    g_autofree char *path = value_of(node, "path");

    if (!path) {
        return vccw_guest_refuse(node, error,
                                 "<%s> does not say where its output goes; write <source "
                                 "path='…'/>",
                                 (const char *)node->name);
    }
    vccw_props_string(props, "path", path);
    return TRUE;
}

static gboolean
add_file(VccwGuest *guest, VccwProps *props, const xmlNode *node, GError **error)
{
    g_autofree char *append = value_of(node, "append");

    if (!add_path(guest, props, node, error)) {
        return FALSE;
    }
    vccw_props_string(props, "append", append);
    return TRUE;
}

static gboolean
add_unix(VccwGuest *guest, VccwProps *props, const xmlNode *node, GError **error)
{
    g_autofree char *mode = value_of(node, "mode");
    g_autofree char *path = value_of(node, "path");
    g_autofree char *target = vccw_guest_child(node, "target", "name");

    if (!path && target) {
        path = g_strconcat(CHANNEL_FOLDER, vccw_domain_xml_name(guest->domain), ".",
                           target, NULL);
        vccw_props_string(props, "path", path);
        add_mode(props, NULL, TRUE);
        return TRUE;
    }
    if (!add_path(guest, props, node, error)) {
        return FALSE;
    }
    add_mode(props, mode, FALSE);
    return TRUE;
}

static gboolean
add_tcp(VccwGuest *guest, VccwProps *props, const xmlNode *node, GError **error)
{
    g_autofree char *mode = value_of(node, "mode");
    g_autofree char *host = value_of(node, "host");
    g_autofree char *service = value_of(node, "service");

    if (!service) {
        return vccw_guest_refuse(node, error,
                                 "<%s type='tcp'> has no port; write <source mode='bind' "
                                 "host='127.0.0.1' service='2323'/>",
                                 (const char *)node->name);
    }
    vccw_props_string(props, "host", host ? host : "127.0.0.1");
    vccw_props_string(props, "port", service);
    if (vccw_guest_child_is(node, "protocol", "type", "telnet")) {
        vccw_props_bool(props, "telnet", TRUE);
    }
    add_mode(props, mode, FALSE);
    return TRUE;
}

static const struct {
    const char *type;    /* of <console> and its like */
    const char *backend; /* of QEMU */
    gboolean (*add)(VccwGuest *guest,
                    VccwProps *props,
                    const xmlNode *node,
                    GError **error);
} BACKENDS[] = {
    { "pty", "pty", NULL },        { "null", "null", NULL },
    { "stdio", "stdio", NULL },    { "vc", "vc", NULL },
    { "file", "file", add_file },  { "pipe", "pipe", add_path },
    { "dev", "serial", add_path }, { "unix", "socket", add_unix },
    { "tcp", "socket", add_tcp },
};

static void
add_log(VccwProps *props, const xmlNode *node)
{
    g_autofree char *file = vccw_guest_child(node, "log", "file");
    g_autofree char *append = vccw_guest_child(node, "log", "append");

    vccw_props_string(props, "logfile", file);
    vccw_props_string(props, "logappend", file ? append : NULL);
}

static gboolean
add_chardev(VccwGuest *guest, const xmlNode *node, const char *id, GError **error)
{
    g_autofree char *type = vccw_xml_element_attribute(node, "type");
    g_autofree char *quoted = vccw_guest_quote(type);
    g_auto(VccwProps) props = { 0 };

    for (guint i = 0; i < G_N_ELEMENTS(BACKENDS); i++) {
        if (strcmp(BACKENDS[i].type, type ? type : "pty") != 0) {
            continue;
        }
        /* -chardev knows no JSON. */
        vccw_props_init(&props, VCCW_QEMU_FORM_LEGACY, "backend", BACKENDS[i].backend);
        vccw_props_string(&props, "id", id);
        if (BACKENDS[i].add && !BACKENDS[i].add(guest, &props, node, error)) {
            return FALSE;
        }
        add_log(&props, node);
        vccw_guest_add_props(guest, "-chardev", &props);
        return TRUE;
    }
    return vccw_guest_refuse(node, error,
                             "<%s type=%s> is not translated; pty, null, stdio, vc, "
                             "file, pipe, dev, unix and tcp are",
                             (const char *)node->name, quoted);
}

/* The device, on the virtio-serial controller that <address> names. */
static gboolean
add_port(VccwGuest *guest,
         const VccwDomainDevice *device,
         const char *driver,
         const char *alias,
         const char *chardev,
         GError **error)
{
    const xmlNode *address = vccw_xml_element_first(device->node, "address");
    g_autofree char *name = vccw_guest_child(device->node, "target", "name");
    g_autofree char *bus = NULL;
    guint controller = 0, port = 0;
    VccwProps props;

    if (!vccw_guest_number(address, "controller", 65535, &controller, error) ||
        !vccw_guest_number(address, "port", 65535, &port, error)) {
        return FALSE;
    }
    bus = vccw_guest_bus(guest, "virtio-serial", controller);
    vccw_guest_props(guest, &props, "driver", driver);
    vccw_props_string(&props, "bus", bus);
    if (port > 0) {
        vccw_props_number(&props, "nr", port);
    }
    vccw_props_string(&props, "chardev", chardev);
    vccw_props_string(&props, "id", alias);
    vccw_props_string(&props, "name",
                      strcmp(driver, "virtserialport") == 0 ? name : NULL);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static gboolean
add_sclp(VccwGuest *guest,
         const VccwDomainDevice *device,
         const char *driver,
         const char *alias,
         GError **error)
{
    g_autofree char *chardev = g_strconcat("char", alias, NULL);
    VccwProps props;

    if (!add_chardev(guest, device->node, chardev, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", driver);
    vccw_props_string(&props, "chardev", chardev);
    vccw_props_string(&props, "id", alias);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

/* An IBM 3270 terminal, which telnet clients reach. */
static gboolean
add_3270(VccwGuest *guest,
         const VccwDomainDevice *device,
         const char *alias,
         GError **error)
{
    g_autofree char *chardev = g_strconcat("char", alias, NULL);
    VccwProps props;

    if (!vccw_guest_need(guest, device->node, "x-terminal3270", error) ||
        !add_chardev(guest, device->node, chardev, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", "x-terminal3270");
    vccw_props_string(&props, "chardev", chardev);
    vccw_props_string(&props, "id", alias);
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static const char *
sclp_driver(const char *kind)
{
    return kind && g_str_has_prefix(kind, "sclplm") ? "sclplmconsole" : "sclpconsole";
}

gboolean
vccw_guest_serial(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    const xmlNode *target = vccw_xml_element_first(device->node, "target");
    g_autofree char *model = target ? vccw_guest_child(target, "model", "name") : NULL;
    g_autofree char *alias = vccw_guest_alias(device, "serial%u", guest->n_serials);

    guest->n_serials++;
    if (!g_strcmp0(model, "x-terminal3270")) {
        return add_3270(guest, device, alias, error);
    }
    guest->n_sclp++;
    return add_sclp(guest, device, sclp_driver(model), alias, error);
}

/* The first console is the first serial device seen from another side. */
static gboolean
mirrors_serial(const VccwGuest *guest, const char *kind)
{
    return guest->n_sclp > 0 && guest->n_consoles == 1 &&
           (!kind || !strcmp(kind, "serial"));
}

gboolean
vccw_guest_console(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *kind = vccw_guest_child(device->node, "target", "type");
    g_autofree char *alias = vccw_guest_alias(device, "console%u", guest->n_consoles);
    g_autofree char *chardev = g_strconcat("char", alias, NULL);

    guest->n_consoles++;
    if (mirrors_serial(guest, kind)) {
        return TRUE;
    }
    if (!g_strcmp0(kind, "virtio")) {
        return add_chardev(guest, device->node, chardev, error) &&
               add_port(guest, device, "virtconsole", alias, chardev, error);
    }
    if (kind && strcmp(kind, "serial") && strcmp(kind, "sclp") &&
        strcmp(kind, "sclplm")) {
        g_autofree char *quoted = vccw_guest_quote(kind);

        return vccw_guest_refuse(device->node, error,
                                 "A console of type %s is not for s390x; write <target "
                                 "type='sclp'/> or <target type='virtio'/>",
                                 quoted);
    }
    return add_sclp(guest, device, sclp_driver(kind), alias, error);
}

gboolean
vccw_guest_channel(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *alias = vccw_guest_alias(device, "channel%u", guest->n_channels);
    g_autofree char *chardev = g_strconcat("char", alias, NULL);

    guest->n_channels++;
    if (!vccw_guest_child_is(device->node, "target", "type", "virtio")) {
        return vccw_guest_refuse(
            device->node, error,
            "Only a channel with <target type='virtio' name='…'/> is "
            "translated");
    }
    return add_chardev(guest, device->node, chardev, error) &&
           add_port(guest, device, "virtserialport", alias, chardev, error);
}
