/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Passed-through devices. QEMU reaches a mediated device by its path in sysfs, and takes
 * the subchannel's own number from where that path leads; so the path is needed even
 * where iommufd does the rest.
 */

#include "qemu/guest.h"

#include <string.h>
#include <virtccw/address.h>
#include <virtccw/error.h>

#define MDEV_FOLDER "/sys/bus/mdev/devices/"
#define IOMMUFD_ID  "iommufd0"

/* The path in sysfs of the mediated device that <source> names. */
static char *
sysfs_path(const VccwDomainDevice *device, GError **error)
{
    const xmlNode *source = vccw_xml_element_first(device->node, "source");
    g_autofree char *text = NULL;
    g_autofree char *plain = NULL;
    VccwUuid uuid;

    if (device->hostdev) {
        uuid = device->hostdev->uuid;
    } else {
        text = source ? vccw_guest_child(source, "address", "uuid") : NULL;
        if (!text || !vccw_uuid_parse(text, &uuid, NULL)) {
            vccw_guest_refuse(device->node, error,
                              "<hostdev> does not say which mediated device it is; write "
                              "<source><address uuid='…'/></source>");
            return NULL;
        }
    }
    plain = vccw_uuid_to_string(&uuid);
    return g_strconcat(MDEV_FOLDER, plain, NULL);
}

static gboolean
add_iommufd(VccwGuest *guest,
            VccwProps *props,
            const VccwDomainDevice *device,
            GError **error)
{
    if (!device->hostdev || device->hostdev->iommufd != VCCW_SWITCH_ON) {
        return TRUE;
    }
    if (!vccw_qemu_has(guest->qemu, "iommufd") ||
        !vccw_qemu_has_property(guest->qemu, "vfio-ccw", "iommufd")) {
        return vccw_guest_refuse(device->node, error,
                                 "'%s' cannot use iommufd with vfio-ccw; use QEMU 9.0 or "
                                 "newer, or leave iommufd out of <driver>",
                                 vccw_qemu_program(guest->qemu));
    }
    if (!guest->iommufd) {
        VccwProps object;

        vccw_guest_props(guest, &object, "qom-type", "iommufd");
        vccw_props_string(&object, "id", IOMMUFD_ID);
        vccw_guest_add_props(guest, "-object", &object);
        guest->iommufd = TRUE;
    }
    vccw_props_string(props, "iommufd", IOMMUFD_ID);
    return TRUE;
}

static gboolean
add_mdev(VccwGuest *guest,
         const VccwDomainDevice *device,
         const char *model,
         GError **error)
{
    g_autofree char *path = NULL;
    g_autofree char *alias = NULL;
    g_auto(VccwProps) props = { 0 };
    guint by_os = 0;

    if (!vccw_guest_need(guest, device->node, model, error)) {
        return FALSE;
    }
    path = sysfs_path(device, error);
    if (!path) {
        return FALSE;
    }
    alias = vccw_guest_alias(device, "hostdev%u", guest->n_hostdevs);
    if (!g_str_has_prefix(alias, "ua-")) {
        guest->n_hostdevs++;
    }
    vccw_guest_props(guest, &props, "driver", model);
    vccw_props_string(&props, "id", alias);
    vccw_props_string(&props, "sysfsdev", path);
    if (!add_iommufd(guest, &props, device, error)) {
        return FALSE;
    }
    vccw_guest_add_boot(guest, &props, device, model, &by_os);
    vccw_guest_add_devno(&props, device);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

gboolean
vccw_guest_hostdev(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *type = vccw_xml_element_attribute(device->node, "type");
    g_autofree char *model = vccw_xml_element_attribute(device->node, "model");

    if (g_strcmp0(type, "mdev") != 0 ||
        (g_strcmp0(model, "vfio-ccw") != 0 && g_strcmp0(model, "vfio-ap") != 0)) {
        g_autofree char *quoted_type = vccw_guest_quote(type);
        g_autofree char *quoted_model = vccw_guest_quote(model);

        return vccw_guest_refuse(device->node, error,
                                 "<hostdev type=%s model=%s> is not translated; "
                                 "mediated devices of vfio-ccw and vfio-ap are",
                                 quoted_type, quoted_model);
    }
    return add_mdev(guest, device, model, error);
}
