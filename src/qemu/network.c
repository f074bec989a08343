/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Network devices. libvirt opens a tap device and hands QEMU a descriptor of it; a
 * command line that is to run by itself names what QEMU opens or has opened: a bridge, by
 * QEMU's helper, or a tap device that is there.
 */

#include "qemu/guest.h"

#include <string.h>

static gboolean
add_bridge(VccwProps *props, const xmlNode *node, const char *id, GError **error)
{
    g_autofree char *bridge = vccw_guest_child(node, "source", "bridge");
    g_autofree char *network = vccw_guest_child(node, "source", "network");

    if (!bridge) {
        g_autofree char *quoted = vccw_guest_quote(network);

        return vccw_guest_refuse(node, error,
                                 "Which bridge the network %s has is known to libvirt's "
                                 "network driver only; write <interface "
                                 "type='bridge'><source bridge='virbr0'/>",
                                 quoted);
    }
    vccw_props_string(props, "br", bridge);
    return TRUE;
}

/* Only what opens a tap device by itself can be told of vhost. */
static void
add_vhost(VccwProps *props, const xmlNode *node)
{
    if (vccw_guest_child_is(node, "driver", "name", "vhost")) {
        vccw_props_bool(props, "vhost", TRUE);
    }
}

static gboolean
add_tap(VccwProps *props, const xmlNode *node, const char *id, GError **error)
{
    g_autofree char *name = vccw_guest_child(node, "target", "dev");
    g_autofree char *script = vccw_guest_child(node, "script", "path");

    vccw_props_string(props, "ifname", name);
    vccw_props_string(props, "script", script ? script : "no");
    vccw_props_string(props, "downscript", "no");
    add_vhost(props, node);
    return TRUE;
}

static const struct {
    const char *type;   /* of <interface> */
    const char *netdev; /* of QEMU */
    gboolean (*add)(VccwProps *props,
                    const xmlNode *node,
                    const char *id,
                    GError **error);
} TYPES[] = {
    { "user", "user", NULL },
    { "bridge", "bridge", add_bridge },
    { "network", "bridge", add_bridge },
    { "ethernet", "tap", add_tap },
};

static gboolean
add_netdev(VccwGuest *guest, const xmlNode *node, const char *id, GError **error)
{
    g_autofree char *type = vccw_xml_element_attribute(node, "type");
    g_autofree char *quoted = vccw_guest_quote(type);
    g_auto(VccwProps) props = { 0 };

    for (guint i = 0; type && i < G_N_ELEMENTS(TYPES); i++) {
        if (strcmp(TYPES[i].type, type) != 0) {
            continue;
        }
        vccw_guest_props(guest, &props, "type", TYPES[i].netdev);
        if (TYPES[i].add && !TYPES[i].add(&props, node, id, error)) {
            return FALSE;
        }
        vccw_props_string(&props, "id", id);
        vccw_guest_add_props(guest, "-netdev", &props);
        return TRUE;
    }
    return vccw_guest_refuse(node, error,
                             "<interface type=%s> is not translated; user, bridge, "
                             "network and ethernet are",
                             quoted);
}

static gboolean
add_device(VccwGuest *guest,
           const VccwDomainDevice *device,
           const char *alias,
           const char *netdev,
           GError **error)
{
    g_autofree char *mac = vccw_guest_child(device->node, "mac", "address");
    const xmlNode *mtu = vccw_xml_element_first(device->node, "mtu");
    guint size = 0;
    VccwProps props;

    if (!vccw_guest_number(mtu, "size", 65535, &size, error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "driver", "virtio-net-ccw");
    vccw_guest_add_virtio(&props, device->node);
    if (size > 0) {
        vccw_props_number(&props, "host_mtu", size);
    }
    vccw_props_string(&props, "netdev", netdev);
    vccw_props_string(&props, "id", alias);
    vccw_props_string(&props, "mac", mac);
    vccw_guest_add_boot(guest, &props, device, "virtio-net-ccw", &guest->boot_network);
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static gboolean
is_type(const VccwDomainDevice *device, const char *type)
{
    g_autofree char *found = vccw_xml_element_attribute(device->node, "type");

    return !g_strcmp0(found, type);
}

gboolean
vccw_guest_interface(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *alias = vccw_guest_alias(device, "net%u", guest->n_interfaces);
    g_autofree char *model = vccw_guest_child(device->node, "model", "type");
    g_autofree char *netdev = g_strconcat("host", alias, NULL);

    if (!g_str_has_prefix(alias, "ua-")) {
        guest->n_interfaces++; /* libvirt numbers only those that have no other name */
    }
    if (model && strcmp(model, "virtio") != 0) {
        g_autofree char *quoted = vccw_guest_quote(model);

        return vccw_guest_refuse(device->node, error,
                                 "A network device of model %s is not for s390x; write "
                                 "<model type='virtio'/>",
                                 quoted);
    }
    if (vccw_xml_element_first(device->node, "script") && !is_type(device, "ethernet")) {
        return vccw_guest_refuse(device->node, error,
                                 "<script> is for <interface type='ethernet'> only; "
                                 "remove it");
    }
    return add_netdev(guest, device->node, netdev, error) &&
           add_device(guest, device, alias, netdev, error);
}
