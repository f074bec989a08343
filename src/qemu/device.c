/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Devices of one line or two. */

#include "qemu/guest.h"

#include <string.h>

/* A device that has only its driver's name, its alias and its address. */
static gboolean
add_simple(VccwGuest *guest,
           const VccwDomainDevice *device,
           const char *driver,
           const char *alias,
           GError **error)
{
    VccwProps props;

    if (!vccw_guest_need(guest, device->node, driver, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", driver);
    vccw_guest_add_virtio(&props, device->node);
    vccw_props_string(&props, "id", alias);
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static gboolean
add_scsi_controller(VccwGuest *guest,
                    const VccwDomainDevice *device,
                    const char *alias,
                    GError **error)
{
    const xmlNode *driver = vccw_xml_element_first(device->node, "driver");
    guint queues = 0, iothread = 0, commands = 0, sectors = 0;
    g_autofree char *thread = NULL;
    VccwProps props;

    if (!vccw_guest_number(driver, "queues", 1024, &queues, error) ||
        !vccw_guest_number(driver, "iothread", G_MAXINT, &iothread, error) ||
        !vccw_guest_number(driver, "cmd_per_lun", G_MAXINT, &commands, error) ||
        !vccw_guest_number(driver, "max_sectors", G_MAXINT, &sectors, error)) {
        return FALSE;
    }
    thread = iothread > 0 ? g_strdup_printf("iothread%u", iothread) : NULL;
    vccw_guest_props(guest, &props, "driver", "virtio-scsi-ccw");
    vccw_guest_add_virtio(&props, device->node);
    vccw_props_string(&props, "iothread", thread);
    vccw_props_string(&props, "id", alias);
    if (queues > 0) {
        vccw_props_number(&props, "num_queues", queues);
    }
    if (commands > 0) {
        vccw_props_number(&props, "cmd_per_lun", commands);
    }
    if (sectors > 0) {
        vccw_props_number(&props, "max_sectors", sectors);
    }
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static gboolean
add_serial_controller(VccwGuest *guest,
                      const VccwDomainDevice *device,
                      const char *alias,
                      GError **error)
{
    static const char *const FOREIGN[] = { "queues", "iothread", "cmd_per_lun",
                                           "max_sectors" };
    const xmlNode *driver = vccw_xml_element_first(device->node, "driver");
    guint ports = 0;
    VccwProps props;

    for (guint i = 0; driver && i < G_N_ELEMENTS(FOREIGN); i++) {
        g_autofree char *value = vccw_xml_element_attribute(driver, FOREIGN[i]);

        if (value) {
            return vccw_guest_refuse(driver, error,
                                     "%s of <driver> is for controllers of type scsi "
                                     "only; remove it",
                                     FOREIGN[i]);
        }
    }
    if (!vccw_guest_number(device->node, "ports", 511, &ports, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", "virtio-serial-ccw");
    vccw_guest_add_virtio(&props, device->node);
    vccw_props_string(&props, "id", alias);
    if (ports > 0) {
        vccw_props_number(&props, "max_ports", ports);
    }
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

gboolean
vccw_guest_controller(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *type = vccw_xml_element_attribute(device->node, "type");
    g_autofree char *model = vccw_xml_element_attribute(device->node, "model");
    g_autofree char *quoted_type = vccw_guest_quote(type);
    g_autofree char *quoted_model = vccw_guest_quote(model);
    g_autofree char *alias = NULL;
    guint index = 0;

    if (!vccw_guest_number(device->node, "index", 65535, &index, error)) {
        return FALSE;
    }
    alias = vccw_guest_alias(device, "%s%u", type ? type : "", index);
    if (!g_strcmp0(type, "scsi") && (!model || !strcmp(model, "virtio-scsi"))) {
        return add_scsi_controller(guest, device, alias, error);
    }
    if (!g_strcmp0(type, "virtio-serial")) {
        return add_serial_controller(guest, device, alias, error);
    }
    if ((!g_strcmp0(type, "usb") && (!model || !strcmp(model, "none"))) ||
        (!g_strcmp0(type, "pci") && !g_strcmp0(model, "pci-root"))) {
        return TRUE; /* the machine has it, or none */
    }
    return vccw_guest_refuse(device->node, error,
                             "<controller type=%s model=%s> is not for s390x; "
                             "virtio-scsi and virtio-serial are",
                             quoted_type, quoted_model);
}

gboolean
vccw_guest_memballoon(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *model = vccw_xml_element_attribute(device->node, "model");
    g_autofree char *deflate = vccw_xml_element_attribute(device->node, "autodeflate");
    g_autofree char *pages =
        vccw_xml_element_attribute(device->node, "freePageReporting");
    g_autofree char *alias = vccw_guest_alias(device, "balloon0");
    VccwProps props;

    if (!g_strcmp0(model, "none")) {
        return TRUE;
    }
    vccw_guest_props(guest, &props, "driver", "virtio-balloon-ccw");
    vccw_guest_add_virtio(&props, device->node);
    vccw_props_string(&props, "id", alias);
    if (deflate) {
        vccw_props_bool(&props, "deflate-on-oom", !strcmp(deflate, "on"));
    }
    if (pages) {
        vccw_props_bool(&props, "free-page-reporting", !strcmp(pages, "on"));
    }
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static gboolean
add_source_of_random(VccwGuest *guest,
                     const xmlNode *node,
                     const char *id,
                     GError **error)
{
    g_autofree char *model = vccw_guest_child(node, "backend", "model");
    g_autofree char *path = vccw_xml_element_text(node, "backend");
    gboolean builtin = !g_strcmp0(model, "builtin");
    VccwProps props;

    if (!builtin && g_strcmp0(model, "random") != 0) {
        g_autofree char *quoted = vccw_guest_quote(model);

        return vccw_guest_refuse(node, error,
                                 "A random number generator with backend %s is not "
                                 "translated; random and builtin are",
                                 quoted);
    }
    vccw_guest_props(guest, &props, "qom-type", builtin ? "rng-builtin" : "rng-random");
    vccw_props_string(&props, "id", id);
    if (!builtin) {
        vccw_props_string(&props, "filename", path ? path : "/dev/random");
    }
    vccw_guest_add_props(guest, "-object", &props);
    return TRUE;
}

gboolean
vccw_guest_rng(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    const xmlNode *rate = vccw_xml_element_first(device->node, "rate");
    g_autofree char *alias = vccw_guest_alias(device, "rng%u", guest->n_rngs);
    g_autofree char *object = g_strconcat("obj", alias, NULL);
    guint bytes = 0, period = 1000;
    VccwProps props;

    guest->n_rngs++;
    if (!vccw_guest_number(rate, "bytes", G_MAXINT, &bytes, error) ||
        !vccw_guest_number(rate, "period", G_MAXINT, &period, error) ||
        !add_source_of_random(guest, device->node, object, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", "virtio-rng-ccw");
    vccw_guest_add_virtio(&props, device->node);
    vccw_props_string(&props, "rng", object);
    vccw_props_string(&props, "id", alias);
    if (bytes > 0) {
        vccw_props_number(&props, "max-bytes", bytes);
        vccw_props_number(&props, "period", period);
    }
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

gboolean
vccw_guest_video(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    const xmlNode *model = vccw_xml_element_first(device->node, "model");
    g_autofree char *type = model ? vccw_xml_element_attribute(model, "type") : NULL;
    g_autofree char *alias = vccw_guest_alias(device, "video%u", guest->n_videos);
    const xmlNode *size = model ? vccw_xml_element_first(model, "resolution") : NULL;
    guint heads = 1, width = 0, height = 0;
    VccwProps props;

    guest->n_videos++;
    if (!g_strcmp0(type, "none")) {
        return TRUE;
    }
    if (g_strcmp0(type, "virtio") != 0) {
        g_autofree char *quoted = vccw_guest_quote(type);

        return vccw_guest_refuse(device->node, error,
                                 "A screen of type %s is not for s390x; write <model "
                                 "type='virtio'/>",
                                 quoted);
    }
    if (!vccw_guest_need(guest, device->node, "virtio-gpu-ccw", error) ||
        !vccw_guest_number(model, "heads", 16, &heads, error) ||
        !vccw_guest_number(size, "x", 65535, &width, error) ||
        !vccw_guest_number(size, "y", 65535, &height, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", "virtio-gpu-ccw");
    vccw_guest_add_virtio(&props, device->node);
    vccw_props_string(&props, "id", alias);
    vccw_props_number(&props, "max_outputs", heads);
    if (width > 0 && height > 0) {
        vccw_props_number(&props, "xres", width);
        vccw_props_number(&props, "yres", height);
    }
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

/* Where VNC listens: what <listen> says, or listen=. A comma would end it. */
static char *
listen_address(const xmlNode *node)
{
    const xmlNode *child = vccw_xml_element_first(node, "listen");
    g_autofree char *inner = child ? vccw_xml_element_attribute(child, "address") : NULL;
    g_autofree char *outer = vccw_xml_element_attribute(node, "listen");
    const char *address = inner ? inner : outer ? outer : "127.0.0.1";
    g_auto(GStrv) parts = g_strsplit(address, ",", -1);
    g_autofree char *plain = g_strjoinv(",,", parts);

    return strchr(plain, ':') && *plain != '[' ? g_strdup_printf("[%s]", plain)
                                               : g_steal_pointer(&plain);
}

gboolean
vccw_guest_graphics(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    const xmlNode *listen = vccw_xml_element_first(device->node, "listen");
    g_autofree char *type = vccw_xml_element_attribute(device->node, "type");
    g_autofree char *password = vccw_xml_element_attribute(device->node, "passwd");
    g_autofree char *port = vccw_xml_element_attribute(device->node, "port");
    g_autofree char *address = NULL;
    guint number = 5900;

    if (g_strcmp0(type, "vnc") != 0 || password) {
        g_autofree char *quoted = vccw_guest_quote(type);

        return vccw_guest_refuse(device->node, error,
                                 "<graphics type=%s>%s is not translated; VNC without a "
                                 "password is",
                                 quoted, password ? " with a password" : "");
    }
    if (listen && vccw_xml_element_next(listen)) {
        return vccw_guest_refuse(device->node, error,
                                 "VNC listens at one address; remove one <listen>");
    }
    if (port && strcmp(port, "-1") != 0 &&
        !vccw_guest_number(device->node, "port", 65535, &number, error)) {
        return FALSE;
    }
    if (number < 5900) {
        return vccw_guest_refuse(device->node, error, "VNC's ports begin at 5900");
    }
    address = listen_address(device->node);
    vccw_guest_take(guest, "-vnc", g_strdup_printf("%s:%u", address, number - 5900));
    return TRUE;
}

gboolean
vccw_guest_input(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    static const char *const TYPES[] = { "keyboard", "mouse", "tablet" };
    g_autofree char *type = vccw_xml_element_attribute(device->node, "type");
    g_autofree char *bus = vccw_xml_element_attribute(device->node, "bus");
    g_autofree char *alias = vccw_guest_alias(device, "input%u", guest->n_inputs);
    g_autofree char *quoted_type = vccw_guest_quote(type);
    g_autofree char *quoted_bus = vccw_guest_quote(bus);

    guest->n_inputs++;
    for (guint i = 0; type && i < G_N_ELEMENTS(TYPES); i++) {
        g_autofree char *driver = g_strdup_printf("virtio-%s-ccw", TYPES[i]);

        if (!strcmp(TYPES[i], type) && (!bus || !strcmp(bus, "virtio"))) {
            return add_simple(guest, device, driver, alias, error);
        }
    }
    return vccw_guest_refuse(device->node, error,
                             "<input type=%s bus=%s> is not for s390x; keyboard, mouse "
                             "and tablet with bus='virtio' are",
                             quoted_type, quoted_bus);
}

gboolean
vccw_guest_filesystem(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    const xmlNode *node = device->node;
    g_autofree char *driver = vccw_guest_child(node, "driver", "type");
    g_autofree char *mode = vccw_xml_element_attribute(node, "accessmode");
    g_autofree char *from = vccw_guest_child(node, "source", "dir");
    g_autofree char *tag = vccw_guest_child(node, "target", "dir");
    g_autofree char *alias = vccw_guest_alias(device, "fs%u", guest->n_filesystems);
    g_autofree char *fsdev = g_strconcat("fsdev-", alias, NULL);
    VccwProps props;

    guest->n_filesystems++;
    if (!from || !tag || (driver && strcmp(driver, "path") != 0)) {
        return vccw_guest_refuse(
            node, error,
            "Only a <filesystem> with a source dir, a target dir and "
            "9p is translated");
    }
    vccw_props_init(&props, VCCW_QEMU_FORM_LEGACY, "driver", "local");
    vccw_props_string(&props, "security_model",
                      !g_strcmp0(mode, "mapped")   ? "mapped"
                      : !g_strcmp0(mode, "squash") ? "none"
                                                   : "passthrough");
    vccw_props_string(&props, "id", fsdev);
    vccw_props_string(&props, "path", from);
    if (vccw_xml_element_first(node, "readonly")) {
        vccw_props_bool(&props, "readonly", TRUE);
    }
    vccw_guest_add_props(guest, "-fsdev", &props);
    vccw_guest_props(guest, &props, "driver", "virtio-9p-ccw");
    vccw_guest_add_virtio(&props, node);
    vccw_props_string(&props, "id", alias);
    vccw_props_string(&props, "fsdev", fsdev);
    vccw_props_string(&props, "mount_tag", tag);
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

gboolean
vccw_guest_watchdog(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *action = vccw_xml_element_attribute(device->node, "action");
    g_autofree char *alias = vccw_guest_alias(device, "watchdog0");

    if (!add_simple(guest, device, "diag288", alias, error)) {
        return FALSE;
    }
    /* A dump is taken by the manager, of a guest that stands still. */
    vccw_guest_add(guest, "-watchdog-action",
                   !action                   ? "reset"
                   : !strcmp(action, "dump") ? "pause"
                                             : action);
    return TRUE;
}

gboolean
vccw_guest_vsock(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    const xmlNode *cid = vccw_xml_element_first(device->node, "cid");
    g_autofree char *alias = vccw_guest_alias(device, "vsock0");
    guint number = 3;
    VccwProps props;

    if (!vccw_guest_need(guest, device->node, "vhost-vsock-ccw", error) ||
        !vccw_guest_number(cid, "address", G_MAXINT, &number, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", "vhost-vsock-ccw");
    vccw_guest_add_virtio(&props, device->node);
    vccw_props_string(&props, "id", alias);
    vccw_props_number(&props, "guest-cid", number);
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}
