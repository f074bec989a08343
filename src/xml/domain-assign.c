/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Guest addresses. First those that are written down are taken out of the whole space,
 * fe.0.0000 to fe.3.ffff; then each device without one gets the lowest that is left, in
 * libvirt's order of devices. So the guest finds its devices at the same addresses
 * whoever starts it. libvirt stops at fe.0.ffff; the other subchannel sets are used when
 * that one is full.
 *
 * libvirt also adds the devices that others imply before it gives addresses, and so does
 * this: their addresses are part of the same row.
 */

#include "xml/domain-private.h"

#include "xml/device-info.h"
#include "xml/element.h"
#include "xml/hostdev.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

#define ADDRESSES       ((VCCW_SSID_MAX + 1) * (G_MAXUINT16 + 1))
#define CONTROLLERS_MAX 256 /* of one type; far more than a guest can use */
#define DISKS_PER_SCSI  15  /* on one controller, when libvirt places them by name */

/* The address space of one guest. */
typedef struct {
    guint8 used[ADDRESSES / 8];
    guint next; /* every address below is used */
} Space;

static guint
number_of(const VccwBusId *ccw)
{
    return (guint)ccw->ssid << 16 | ccw->devno;
}

static gboolean
is_used(const Space *space, guint number)
{
    return space->used[number / 8] >> (number % 8) & 1;
}

static void
use(Space *space, guint number)
{
    space->used[number / 8] |= (guint8)(1 << (number % 8));
}

/* Takes the address of @device, which has one, out of @space. */
static gboolean
reserve(Space *space, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *text = NULL;

    if (!vccw_xml_device_info_check_cssid(device->node, &device->ccw, error))
        return FALSE;
    if (!is_used(space, number_of(&device->ccw))) {
        use(space, number_of(&device->ccw));
        return TRUE;
    }
    text = vccw_bus_id_to_string(&device->ccw);
    vccw_xml_element_set_error(error, device->node, VCCW_ERROR_XML_CONTENT,
                               "the guest address %s is in use already; change it, or "
                               "leave it out to have one assigned",
                               text);
    return FALSE;
}

static gboolean
allocate(Space *space, VccwDomainDevice *device, GError **error)
{
    while (space->next < ADDRESSES && is_used(space, space->next))
        space->next++;
    if (space->next == ADDRESSES) {
        vccw_xml_element_set_error(error, device->node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "no guest address is left for this device: all from "
                                   "fe.0.0000 to fe.%x.ffff are in use",
                                   VCCW_SSID_MAX);
        return FALSE;
    }
    use(space, space->next);
    device->has_ccw = TRUE;
    device->address_type = "ccw";
    device->ccw.cssid = VCCW_GUEST_CSSID;
    device->ccw.ssid = (guint8)(space->next >> 16);
    device->ccw.devno = (guint16)space->next;
    if (device->hostdev)
        vccw_hostdev_set_address(device->hostdev, &device->ccw);
    else
        vccw_xml_device_info_write_ccw(device->node, &device->ccw);
    return TRUE;
}

static gboolean
assign_addresses(const VccwDomainXml *domain, GError **error)
{
    const GPtrArray *walk = vccw_domain_walk(domain);
    g_autofree Space *space = g_new0(Space, 1);

    for (guint i = 0; i < walk->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(walk, i);

        if (device->has_ccw && !reserve(space, device, error))
            return FALSE;
    }
    for (guint i = 0; i < walk->len; i++) {
        VccwDomainDevice *device = g_ptr_array_index(walk, i);

        if (device->wants_ccw && !device->has_ccw && !allocate(space, device, error))
            return FALSE;
    }
    return TRUE;
}

/* Returns: (transfer none) (nullable): the last device of one of two kinds. */
static const VccwDomainDevice *
last_of(const VccwDomainXml *domain, VccwDeviceKind kind, VccwDeviceKind other)
{
    const VccwDomainDevice *found = NULL;

    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);

        if (device->kind == kind ||
            (device->kind == other && (!found || found->kind == other)))
            found = device;
    }
    return found;
}

/* Whether a device of @kind is there. */
static gboolean
has_kind(const VccwDomainXml *domain, VccwDeviceKind kind)
{
    return last_of(domain, kind, kind) != NULL;
}

/* Adds an element behind @behind, or at the end. */
static xmlNode *
add_element(VccwDomainXml *domain, const VccwDomainDevice *behind, const char *name)
{
    if (!domain->devices_node)
        domain->devices_node = vccw_xml_tree_add(domain->root, NULL, "devices");
    return vccw_xml_tree_add(domain->devices_node, behind ? behind->node->next : NULL,
                             name);
}

/* Makes a device of @node, which cannot fail, for the element is our own. */
static void
add_device(VccwDomainXml *domain, const VccwDomainDevice *behind, xmlNode *node)
{
    VccwDomainDevice *device = vccw_domain_device_read(node, NULL);
    guint index = domain->devices->len;

    g_assert(device);
    device->implied = TRUE;
    if (behind && g_ptr_array_find(domain->devices, behind, &index))
        index++;
    g_ptr_array_insert(domain->devices, (gint)index, device);
    g_clear_pointer(&domain->walk, g_ptr_array_unref);
}

static void
add_controller(VccwDomainXml *domain, const char *type, guint index)
{
    const VccwDomainDevice *behind =
        last_of(domain, VCCW_DEVICE_CONTROLLER, VCCW_DEVICE_DISK);
    xmlNode *node = add_element(domain, behind, "controller");
    g_autofree char *number = g_strdup_printf("%u", index);

    vccw_xml_tree_set(node, "type", type);
    vccw_xml_tree_set(node, "index", number);
    if (g_str_equal(type, "scsi"))
        vccw_xml_tree_set(node, "model", "virtio-scsi");
    add_device(domain, behind, node);
}

/* The controllers of one type: by index, whether there is one. */
typedef struct {
    const char *type;
    gboolean have[CONTROLLERS_MAX];
} Controllers;

/* A controller without index gets the lowest that no other of its type has. */
static void
find_controllers(const VccwDomainXml *domain, Controllers *controllers)
{
    guint unnumbered = 0;

    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);
        int index;

        if (device->kind != VCCW_DEVICE_CONTROLLER ||
            g_strcmp0(vccw_xml_tree_attribute(device->node, "type"), controllers->type) !=
                0)
            continue;
        index = vccw_domain_controller_index(device);
        if (index < 0)
            unnumbered++;
        else if (index < CONTROLLERS_MAX)
            controllers->have[index] = TRUE;
    }
    for (guint index = 0; index < CONTROLLERS_MAX && unnumbered > 0; index++) {
        if (!controllers->have[index]) {
            controllers->have[index] = TRUE;
            unnumbered--;
        }
    }
}

static gboolean
check_index(const Controllers *controllers,
            const VccwDomainDevice *device,
            guint64 index,
            GError **error)
{
    if (index < CONTROLLERS_MAX)
        return TRUE;
    vccw_xml_element_set_error(
        error, device->node, VCCW_ERROR_CONFIG_UNSUPPORTED,
        "this device would need a controller of type %s with index "
        "%" G_GUINT64_FORMAT "; the highest is %d",
        controllers->type, index, CONTROLLERS_MAX - 1);
    return FALSE;
}

/* The number of the controller in the address of @device, 0 without one. */
static guint64
controller_of(const VccwDomainDevice *device)
{
    const xmlNode *address = vccw_xml_element_first(device->node, "address");
    const char *text = address ? vccw_xml_tree_attribute(address, "controller") : NULL;
    guint64 index = 0;

    if (text)
        g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &index, NULL);
    return index;
}

/* libvirt places a SCSI disk without address by its name. */
static guint64
controller_of_disk(const VccwDomainDevice *device)
{
    const xmlNode *target = vccw_xml_element_first(device->node, "target");
    const char *name = target ? vccw_xml_tree_attribute(target, "dev") : NULL;
    int index = name ? vccw_domain_disk_index(name) : -1;

    if (device->address_type)
        return controller_of(device);
    return index < 0 ? 0 : (guint)index / DISKS_PER_SCSI;
}

static gboolean
is_scsi_disk(const VccwDomainDevice *device)
{
    return device->kind == VCCW_DEVICE_DISK &&
           g_str_equal(vccw_domain_device_bus(device), "scsi");
}

static gboolean
is_scsi_hostdev(const VccwDomainDevice *device)
{
    return device->kind == VCCW_DEVICE_HOSTDEV &&
           g_strcmp0(vccw_xml_tree_attribute(device->node, "type"), "scsi") == 0;
}

static gboolean
is_virtio_port(const VccwDomainDevice *device, VccwDeviceKind kind)
{
    const xmlNode *target = vccw_xml_element_first(device->node, "target");

    return device->kind == kind && target &&
           g_strcmp0(vccw_xml_tree_attribute(target, "type"), "virtio") == 0;
}

/* All SCSI controllers up to the highest one that is wanted. */
static gboolean
imply_scsi(VccwDomainXml *domain, GError **error)
{
    Controllers controllers = { "scsi", { FALSE } };
    int highest = -1;

    find_controllers(domain, &controllers);
    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);
        guint64 index;

        if (!is_scsi_disk(device) && !is_scsi_hostdev(device))
            continue;
        index = is_scsi_disk(device) ? controller_of_disk(device) : controller_of(device);
        if (!check_index(&controllers, device, index, error))
            return FALSE;
        highest = MAX(highest, (int)index);
    }
    for (int index = 0; index <= highest; index++) {
        if (!controllers.have[index])
            add_controller(domain, controllers.type, (guint)index);
    }
    return TRUE;
}

/* Collects in @missing the controllers that the ports of @kind name and that are not
 * there. */
static gboolean
find_missing(const VccwDomainXml *domain,
             VccwDeviceKind kind,
             Controllers *controllers,
             GArray *missing,
             GError **error)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);
        guint64 wanted = controller_of(device);
        guint index = (guint)wanted;

        if (!is_virtio_port(device, kind))
            continue;
        if (!check_index(controllers, device, wanted, error))
            return FALSE;
        if (!controllers->have[index])
            g_array_append_val(missing, index);
        controllers->have[index] = TRUE;
    }
    return TRUE;
}

/* In libvirt's order: those of channels first. */
static gboolean
imply_virtio_serial(VccwDomainXml *domain, GError **error)
{
    Controllers controllers = { "virtio-serial", { FALSE } };
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));

    find_controllers(domain, &controllers);
    if (!find_missing(domain, VCCW_DEVICE_CHANNEL, &controllers, missing, error) ||
        !find_missing(domain, VCCW_DEVICE_CONSOLE, &controllers, missing, error))
        return FALSE;
    for (guint i = 0; i < missing->len; i++)
        add_controller(domain, controllers.type, g_array_index(missing, guint, i));
    return TRUE;
}

static void
imply_memballoon(VccwDomainXml *domain)
{
    xmlNode *node;

    if (has_kind(domain, VCCW_DEVICE_MEMBALLOON))
        return;
    node = add_element(domain, NULL, "memballoon");
    vccw_xml_tree_set(node, "model", "virtio");
    add_device(domain, NULL, node);
}

static void
imply_video(VccwDomainXml *domain)
{
    const VccwDomainDevice *behind;
    xmlNode *node, *model;

    if (!has_kind(domain, VCCW_DEVICE_GRAPHICS) || has_kind(domain, VCCW_DEVICE_VIDEO))
        return;
    behind = last_of(domain, VCCW_DEVICE_GRAPHICS, VCCW_DEVICE_GRAPHICS);
    node = add_element(domain, behind, "video");
    model = vccw_xml_tree_add(node, NULL, "model");
    vccw_xml_tree_set(model, "type", "virtio");
    vccw_xml_tree_set(model, "heads", "1");
    vccw_xml_tree_set(model, "primary", "yes");
    add_device(domain, behind, node);
}

/* Writes down which machine it is, for another host has other defaults. */
static void
complete_machine(const VccwDomainXml *domain)
{
    const xmlNode *os = vccw_xml_element_first(domain->root, "os");
    xmlNode *type = os ? vccw_xml_element_first(os, "type") : NULL;

    if (!type)
        return;
    vccw_xml_tree_set(type, "arch", vccw_domain_xml_arch(domain));
    vccw_xml_tree_set(type, "machine", vccw_domain_xml_machine(domain));
}

gboolean
vccw_domain_xml_assign(VccwDomainXml *domain, GError **error)
{
    complete_machine(domain);
    imply_memballoon(domain);
    if (!imply_scsi(domain, error) || !imply_virtio_serial(domain, error))
        return FALSE;
    imply_video(domain);
    return assign_addresses(domain, error);
}
