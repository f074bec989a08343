/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Devices that others imply: libvirt adds them before it gives addresses, and theirs are
 * part of the same row, so they have to be the same, in the same order. They are the
 * memballoon, the controllers of SCSI devices and of ports, and the video of <graphics>.
 *
 * SCSI controllers are implied three times: by the hostdevs while the document is read,
 * then by the disks, and after the ports' controllers by hostdevs that found no free
 * unit.
 */

#include "xml/domain-private.h"

#include "base/hash.h"
#include "xml/element.h"
#include "xml/tree.h"
#include <virtccw/error.h>

#define CONTROLLERS_MAX 256 /* of one type; far more than a guest can use */
#define UNITS_PER_SCSI  7   /* as libvirt counts them to place disks and hostdevs */
#define ALL_UNITS       ((1 << UNITS_PER_SCSI) - 1)

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

/* The controllers of one type: by index, whether there is one, and which of its units are
 * taken. */
typedef struct {
    const char *type;
    gboolean have[CONTROLLERS_MAX];
    guint8 units[CONTROLLERS_MAX];
} Controllers;

static void
find_controllers(const VccwDomainXml *domain, Controllers *controllers)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);
        int index;

        if (device->kind != VCCW_DEVICE_CONTROLLER ||
            g_strcmp0(vccw_xml_tree_attribute(device->node, "type"), controllers->type) !=
                0)
            continue;
        index = vccw_domain_controller_index(device);
        if (index >= 0 && index < CONTROLLERS_MAX)
            controllers->have[index] = TRUE;
    }
}

static char *
controller_key(const VccwDomainDevice *device, guint index)
{
    const char *type = vccw_xml_tree_attribute(device->node, "type");

    return g_strdup_printf("%u %s", index, type ? type : "");
}

/* Gives @device the lowest index that no other of its type has.
 * @next: by type, an index below which all are taken */
static void
number_controller(VccwDomainDevice *device, GHashTable *taken, GHashTable *next)
{
    const char *type = vccw_xml_tree_attribute(device->node, "type");
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(next, type ? type : ""));
    g_autofree char *number = NULL;
    char *key = controller_key(device, index);

    while (!g_hash_table_add(taken, key))
        key = controller_key(device, ++index);
    g_hash_table_insert(next, (gpointer)(type ? type : ""), GUINT_TO_POINTER(index + 1));
    number = g_strdup_printf("%u", index);
    vccw_xml_tree_set(device->node, "index", number);
    device->unnumbered = TRUE;
}

static void
number_controllers(const VccwDomainXml *domain)
{
    const GPtrArray *walk = vccw_domain_walk(domain);
    g_autoptr(GHashTable) next = g_hash_table_new(vccw_hash_string, g_str_equal);
    g_autoptr(GHashTable) taken =
        g_hash_table_new_full(vccw_hash_string, g_str_equal, g_free, NULL);

    for (guint i = 0; i < walk->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(walk, i);
        int index = vccw_domain_controller_index(device);

        if (device->kind == VCCW_DEVICE_CONTROLLER && index >= 0)
            g_hash_table_add(taken, controller_key(device, (guint)index));
    }
    for (guint i = 0; i < walk->len; i++) {
        VccwDomainDevice *device = g_ptr_array_index(walk, i);

        if (device->kind == VCCW_DEVICE_CONTROLLER &&
            vccw_domain_controller_index(device) < 0)
            number_controller(device, taken, next);
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

/* A number in the address of @device, 0 without one. */
static guint64
address_number(const VccwDomainDevice *device, const char *name)
{
    const xmlNode *address = vccw_xml_element_first(device->node, "address");
    const char *text = address ? vccw_xml_tree_attribute(address, name) : NULL;
    guint64 number = 0;

    if (text)
        g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &number, NULL);
    return number;
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

/* Where libvirt places a SCSI disk: by its address, or else by its name. */
static void
place_disk(const VccwDomainDevice *device, guint64 *ret_controller, guint64 *ret_unit)
{
    const xmlNode *target = vccw_xml_element_first(device->node, "target");
    const char *name = target ? vccw_xml_tree_attribute(target, "dev") : NULL;
    int index = name ? vccw_domain_disk_index(name) : -1;

    if (device->address_type) {
        *ret_controller = address_number(device, "controller");
        *ret_unit = address_number(device, "unit");
    } else {
        *ret_controller = (guint)MAX(index, 0) / UNITS_PER_SCSI;
        *ret_unit = (guint)MAX(index, 0) % UNITS_PER_SCSI;
    }
}

/* Places a SCSI hostdev: by its address, or else in the first free unit. */
static guint64
place_hostdev(const VccwDomainDevice *device, Controllers *controllers)
{
    guint controller = 0;
    guint8 unit = 1;

    if (device->address_type)
        return address_number(device, "controller");
    while (controller < CONTROLLERS_MAX && controllers->units[controller] == ALL_UNITS)
        controller++;
    if (controller == CONTROLLERS_MAX)
        return controller;
    while (controllers->units[controller] & unit)
        unit = (guint8)(unit << 1);
    controllers->units[controller] |= unit;
    return controller;
}

/* Adds the controllers up to @highest that are not there. */
static void
add_up_to(VccwDomainXml *domain, Controllers *controllers, int highest)
{
    for (int index = 0; index <= highest; index++) {
        if (!controllers->have[index])
            add_controller(domain, controllers->type, (guint)index);
        controllers->have[index] = TRUE;
    }
}

/* While libvirt reads a document, controllers without index have none yet, and each SCSI
 * hostdev has the controller that it names, or 0. */
static gboolean
imply_for_hostdevs_read(VccwDomainXml *domain, GError **error)
{
    Controllers controllers = { .type = "scsi" };
    int highest = -1;

    find_controllers(domain, &controllers);
    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);
        guint64 index = address_number(device, "controller");

        if (!is_scsi_hostdev(device))
            continue;
        if (!check_index(&controllers, device, index, error))
            return FALSE;
        highest = MAX(highest, (int)index);
    }
    add_up_to(domain, &controllers, highest);
    return TRUE;
}

static gboolean
imply_for_disks(VccwDomainXml *domain, Controllers *controllers, GError **error)
{
    int highest = -1;

    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);
        guint64 index, unit;

        if (!is_scsi_disk(device))
            continue;
        place_disk(device, &index, &unit);
        if (!check_index(controllers, device, index, error))
            return FALSE;
        if (unit < UNITS_PER_SCSI)
            controllers->units[index] |= (guint8)(1 << unit);
        highest = MAX(highest, (int)index);
    }
    add_up_to(domain, controllers, highest);
    return TRUE;
}

static gboolean
imply_for_hostdevs(VccwDomainXml *domain, Controllers *controllers, GError **error)
{
    int highest = -1;

    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);
        guint64 index;

        if (!is_scsi_hostdev(device))
            continue;
        index = place_hostdev(device, controllers);
        if (!check_index(controllers, device, index, error))
            return FALSE;
        highest = MAX(highest, (int)index);
    }
    add_up_to(domain, controllers, highest);
    return TRUE;
}

static gboolean
is_virtio_port(const VccwDomainDevice *device, VccwDeviceKind kind)
{
    const xmlNode *target = vccw_xml_element_first(device->node, "target");

    return device->kind == kind && target &&
           g_strcmp0(vccw_xml_tree_attribute(target, "type"), "virtio") == 0;
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
        guint64 wanted = address_number(device, "controller");
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
    Controllers controllers = { .type = "virtio-serial" };
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

static void
complete_memory_of(VccwDomainXml *domain, const char *name, guint64 kib)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, kib);
    xmlNode *node = vccw_xml_element_first(domain->root, name);

    if (!node)
        node = vccw_domain_add_child(domain, name);
    vccw_xml_tree_set(node, "unit", "KiB");
    vccw_xml_tree_set_text(node, text);
}

/* As libvirt writes it; some programs do not look at the unit. */
static void
complete_memory(VccwDomainXml *domain)
{
    if (domain->memory == 0)
        return;
    complete_memory_of(domain, "memory", domain->memory);
    complete_memory_of(domain, "currentMemory", domain->current_memory);
}

/* As libvirt makes them: its own prefix, and three bytes at random. Without one, QEMU
 * would give all guests the same. */
static void
complete_interface(const VccwDomainDevice *device)
{
    xmlNode *mac = vccw_xml_element_first(device->node, "mac");
    guint32 number = g_random_int();
    g_autofree char *address = NULL;

    if (mac && vccw_xml_tree_attribute(mac, "address"))
        return;
    address = g_strdup_printf("52:54:00:%02x:%02x:%02x", number >> 16 & 0xff,
                              number >> 8 & 0xff, number & 0xff);
    if (!mac)
        mac = vccw_xml_tree_add(device->node, device->node->children, "mac");
    vccw_xml_tree_set(mac, "address", address);
}

static void
complete_interfaces(const VccwDomainXml *domain)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(domain->devices, i);

        if (device->kind == VCCW_DEVICE_INTERFACE)
            complete_interface(device);
    }
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
vccw_domain_imply(VccwDomainXml *domain, GError **error)
{
    Controllers scsi = { .type = "scsi" };

    complete_machine(domain);
    complete_memory(domain);
    complete_interfaces(domain);
    imply_memballoon(domain);
    if (!imply_for_hostdevs_read(domain, error))
        return FALSE;
    number_controllers(domain);
    find_controllers(domain, &scsi);
    if (!imply_for_disks(domain, &scsi, error) || !imply_virtio_serial(domain, error) ||
        !imply_for_hostdevs(domain, &scsi, error))
        return FALSE;
    imply_video(domain);
    return TRUE;
}
