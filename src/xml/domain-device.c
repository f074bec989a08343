/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The devices of a domain: what each one is, and whether it stands on the guest's channel
 * subsystem. libvirt lets every virtio device of such a guest stand there that has no
 * address of another type; the model is often implied, so the table says for each kind by
 * what one can tell.
 *
 * In libvirt's order disks are sorted by target within their bus, and controllers by
 * index within their type, where a controller without index stands behind those before
 * it. Each bus and type stands where its first device is.
 */

#include "xml/domain-private.h"

#include "base/hash.h"
#include "xml/element.h"
#include "xml/hostdev.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

typedef gboolean (*IsVirtio)(const VccwDomainDevice *device);

typedef struct {
    const char *element;
    VccwDeviceKind kind;
    IsVirtio is_virtio; /* NULL: never without an address that says so */
} Kind;

/* Returns: (transfer none) (nullable): the attribute @name of the child @element. */
static const char *
child_attribute(const xmlNode *node, const char *element, const char *name)
{
    const xmlNode *child = vccw_xml_element_first(node, element);

    return child ? vccw_xml_tree_attribute(child, name) : NULL;
}

static gboolean
is_virtio_name(const char *model)
{
    return g_str_equal(model, "virtio") || g_str_equal(model, "virtio-transitional") ||
           g_str_equal(model, "virtio-non-transitional");
}

static gboolean
always(const VccwDomainDevice *device G_GNUC_UNUSED)
{
    return TRUE;
}

const char *
vccw_domain_device_bus(const VccwDomainDevice *device)
{
    static const struct {
        const char *prefix, *bus;
    } prefixes[] = {
        { "vd", "virtio" }, { "sd", "scsi" }, { "hd", "ide" },
        { "xvd", "xen" },   { "ubd", "uml" },
    };
    const char *bus = child_attribute(device->node, "target", "bus");
    const char *target = child_attribute(device->node, "target", "dev");

    if (bus)
        return bus;
    if (g_strcmp0(vccw_xml_tree_attribute(device->node, "device"), "floppy") == 0)
        return "fdc";
    for (guint i = 0; target && i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(target, prefixes[i].prefix))
            return prefixes[i].bus;
    }
    return "ide";
}

static gboolean
is_virtio_disk(const VccwDomainDevice *device)
{
    return g_str_equal(vccw_domain_device_bus(device), "virtio");
}

/* An interface without model is virtio on s390x, but for one that passes a PCI device. */
static gboolean
is_virtio_interface(const VccwDomainDevice *device)
{
    const char *model = child_attribute(device->node, "model", "type");

    if (model)
        return is_virtio_name(model);
    return g_strcmp0(vccw_xml_tree_attribute(device->node, "type"), "hostdev") != 0;
}

static gboolean
is_virtio_video(const VccwDomainDevice *device)
{
    const char *model = child_attribute(device->node, "model", "type");

    return !model || g_str_equal(model, "virtio");
}

static gboolean
is_virtio_input(const VccwDomainDevice *device)
{
    const char *bus = vccw_xml_tree_attribute(device->node, "bus");

    return !bus || g_str_equal(bus, "virtio");
}

static gboolean
is_virtio_controller(const VccwDomainDevice *device)
{
    const char *type = vccw_xml_tree_attribute(device->node, "type");

    return g_strcmp0(type, "virtio-serial") == 0 || g_strcmp0(type, "scsi") == 0;
}

static gboolean
is_ccw_hostdev(const VccwDomainDevice *device)
{
    return device->hostdev ||
           g_strcmp0(vccw_xml_tree_attribute(device->node, "type"), "scsi_host") == 0;
}

static gboolean
is_virtio_memballoon(const VccwDomainDevice *device)
{
    return g_strcmp0(vccw_xml_tree_attribute(device->node, "model"), "none") != 0;
}

static gboolean
is_virtio_memory(const VccwDomainDevice *device)
{
    const char *model = vccw_xml_tree_attribute(device->node, "model");

    return g_strcmp0(model, "virtio-pmem") == 0 || g_strcmp0(model, "virtio-mem") == 0;
}

/* A 3270 terminal, which stock libvirt does not have. */
static gboolean
is_3270(const VccwDomainDevice *device)
{
    const xmlNode *target = vccw_xml_element_first(device->node, "target");
    const char *model = target ? child_attribute(target, "model", "name") : NULL;

    return g_strcmp0(model, "x-terminal3270") == 0;
}

static const Kind kinds[] = {
    { "disk", VCCW_DEVICE_DISK, is_virtio_disk },
    { "interface", VCCW_DEVICE_INTERFACE, is_virtio_interface },
    { "sound", VCCW_DEVICE_SOUND, NULL },
    { "hostdev", VCCW_DEVICE_HOSTDEV, is_ccw_hostdev },
    { "video", VCCW_DEVICE_VIDEO, is_virtio_video },
    { "controller", VCCW_DEVICE_CONTROLLER, is_virtio_controller },
    { "smartcard", VCCW_DEVICE_SMARTCARD, NULL },
    { "serial", VCCW_DEVICE_SERIAL, is_3270 },
    { "parallel", VCCW_DEVICE_PARALLEL, NULL },
    { "channel", VCCW_DEVICE_CHANNEL, NULL },
    { "console", VCCW_DEVICE_CONSOLE, NULL },
    { "input", VCCW_DEVICE_INPUT, is_virtio_input },
    { "filesystem", VCCW_DEVICE_FILESYSTEM, always },
    { "watchdog", VCCW_DEVICE_WATCHDOG, NULL },
    { "memballoon", VCCW_DEVICE_MEMBALLOON, is_virtio_memballoon },
    { "rng", VCCW_DEVICE_RNG, always },
    { "nvram", VCCW_DEVICE_NVRAM, NULL },
    { "hub", VCCW_DEVICE_HUB, NULL },
    { "shmem", VCCW_DEVICE_SHMEM, NULL },
    { "tpm", VCCW_DEVICE_TPM, NULL },
    { "panic", VCCW_DEVICE_PANIC, NULL },
    { "memory", VCCW_DEVICE_MEMORY, is_virtio_memory },
    { "redirdev", VCCW_DEVICE_REDIRDEV, NULL },
    { "iommu", VCCW_DEVICE_IOMMU, NULL },
    { "vsock", VCCW_DEVICE_VSOCK, always },
    { "crypto", VCCW_DEVICE_CRYPTO, always },
    { "graphics", VCCW_DEVICE_GRAPHICS, NULL },
    { "audio", VCCW_DEVICE_AUDIO, NULL },
    { "lease", VCCW_DEVICE_LEASE, NULL },
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == VCCW_DEVICE_OTHER);

static const Kind *
find_kind(const xmlNode *node)
{
    static const Kind other = { NULL, VCCW_DEVICE_OTHER, NULL };

    for (guint i = 0; !node->ns && i < G_N_ELEMENTS(kinds); i++) {
        if (node->name[0] == (xmlChar)kinds[i].element[0] &&
            strcmp((const char *)node->name, kinds[i].element) == 0)
            return &kinds[i];
    }
    return &other;
}

/* An address of another type keeps a device off the channel subsystem. */
static gboolean
wants_ccw(const VccwDomainDevice *device, const Kind *kind)
{
    if (device->address_type)
        return g_str_equal(device->address_type, "ccw");
    return kind->is_virtio && kind->is_virtio(device);
}

static gboolean
read_hostdev(VccwDomainDevice *device, VccwXmlDeviceInfo *info, GError **error)
{
    if (!vccw_hostdev_check_model(device->node, error))
        return FALSE;
    if (!vccw_hostdev_is_vfio_ccw(device->node))
        return TRUE;
    device->hostdev = vccw_hostdev_read(device->node, info, error);
    return device->hostdev != NULL;
}

VccwDomainDevice *
vccw_domain_device_read(xmlNode *node, GError **error)
{
    const Kind *kind = find_kind(node);
    VccwDomainDevice *device = g_new0(VccwDomainDevice, 1);
    VccwXmlDeviceInfo info = { NULL };

    device->node = node;
    device->kind = kind->kind;
    if (kind->kind == VCCW_DEVICE_OTHER)
        return device;
    if (!vccw_xml_device_info_read(node, &info, error)) {
        vccw_domain_device_free(device);
        return NULL;
    }
    device->address_type = info.address_type;
    device->has_ccw = info.has_ccw;
    device->ccw = info.ccw;
    device->boot_order = info.boot_order;
    device->alias = g_strdup(info.alias);
    if (kind->kind == VCCW_DEVICE_HOSTDEV && !read_hostdev(device, &info, error)) {
        g_free(info.loadparm);
        vccw_domain_device_free(device);
        return NULL;
    }
    device->loadparm = info.loadparm;
    device->wants_ccw = wants_ccw(device, kind);
    return device;
}

void
vccw_domain_device_free(VccwDomainDevice *device)
{
    vccw_hostdev_xml_free(device->hostdev);
    g_free(device->loadparm);
    g_free(device->alias);
    g_free(device);
}

int
vccw_domain_disk_index(const char *target)
{
    static const char *const prefixes[] = { "fd", "hd", "vd", "sd", "xvd", "ubd" };
    const char *letters = NULL;
    gint64 index = -1;

    for (guint i = 0; i < G_N_ELEMENTS(prefixes) && !letters; i++) {
        if (g_str_has_prefix(target, prefixes[i]))
            letters = target + strlen(prefixes[i]);
    }
    if (!letters || !g_ascii_islower(*letters))
        return -1;
    for (; g_ascii_islower(*letters); letters++) {
        index = (index + 1) * 26 + (*letters - 'a');
        if (index > G_MAXINT)
            return -1;
    }
    return letters[strspn(letters, "0123456789")] ? -1 : (int)index;
}

int
vccw_domain_controller_index(const VccwDomainDevice *device)
{
    const char *text = vccw_xml_tree_attribute(device->node, "index");
    guint64 index;

    if (!text || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &index, NULL))
        return -1;
    return (int)index;
}

/* A place in the walk: by group, by key in it, and as in the document. */
typedef struct {
    VccwDomainDevice *device;
    guint group; /* of its kind: the first device of this bus or type */
    int key;
    guint position;
} Place;

/* What is known of a bus or type while the places are made. */
typedef struct {
    guint first;
    int highest;
} Group;

static int
compare_places(const void *left, const void *right)
{
    const Place *a = left;
    const Place *b = right;

    if (a->device->kind != b->device->kind)
        return a->device->kind < b->device->kind ? -1 : 1;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->position < b->position ? -1 : a->position > b->position;
}

static const char *
group_of(const VccwDomainDevice *device)
{
    if (device->kind ==
        VCCW_DEVICE_DISK) /* sorted before the bus is told by the target */
        return child_attribute(device->node, "target", "bus");
    return vccw_xml_tree_attribute(device->node, "type");
}

static int
key_of(const VccwDomainDevice *device, const Group *group)
{
    const char *target;
    int index;

    if (device->kind == VCCW_DEVICE_DISK) {
        target = child_attribute(device->node, "target", "dev");
        return target ? vccw_domain_disk_index(target) : -1;
    }
    index = device->unnumbered ? -1 : vccw_domain_controller_index(device);
    return index >= 0 ? index : group->highest;
}

/* @groups: by name, those of the kind of @place. */
static void
place_in_group(Place *place, GHashTable *groups)
{
    const char *name = group_of(place->device);
    Group *group = g_hash_table_lookup(groups, name ? name : "");

    if (!group) {
        group = g_new0(Group, 1);
        group->first = place->position;
        group->highest = -1;
        g_hash_table_insert(groups, (gpointer)(name ? name : ""), group);
    }
    place->group = group->first;
    place->key = key_of(place->device, group);
    group->highest = MAX(group->highest, place->key);
}

static Place *
make_places(const GPtrArray *devices)
{
    Place *places = g_new0(Place, MAX(devices->len, 1));
    g_autoptr(GHashTable) buses =
        g_hash_table_new_full(vccw_hash_string, g_str_equal, NULL, g_free);
    g_autoptr(GHashTable) types =
        g_hash_table_new_full(vccw_hash_string, g_str_equal, NULL, g_free);

    for (guint i = 0; i < devices->len; i++) {
        places[i].device = g_ptr_array_index(devices, i);
        places[i].position = i;
        if (places[i].device->implied)
            places[i].group = i; /* libvirt puts them behind all others */
        else if (places[i].device->kind == VCCW_DEVICE_DISK)
            place_in_group(&places[i], buses);
        else if (places[i].device->kind == VCCW_DEVICE_CONTROLLER)
            place_in_group(&places[i], types);
    }
    return places;
}

const GPtrArray *
vccw_domain_walk(const VccwDomainXml *domain)
{
    VccwDomainXml *cache = (VccwDomainXml *)domain;
    g_autofree Place *places = NULL;

    if (domain->walk)
        return domain->walk;
    places = make_places(domain->devices);
    qsort(places, domain->devices->len, sizeof(*places), compare_places);
    cache->walk = g_ptr_array_sized_new(domain->devices->len);
    for (guint i = 0; i < domain->devices->len; i++)
        g_ptr_array_add(cache->walk, places[i].device);
    return domain->walk;
}

const GPtrArray *
vccw_domain_devices(const VccwDomainXml *domain)
{
    return domain->devices;
}
