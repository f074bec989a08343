/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Disks: one block node for where the bytes are, one for their format, one device that
 * the guest sees.
 */

#include "qemu/guest.h"

#include <string.h>

/* What <driver cache='…'> means. */
static const struct {
    const char *mode;
    gboolean direct, no_flush, write_cache;
} CACHES[] = {
    { "none", TRUE, FALSE, TRUE },           { "writeback", FALSE, FALSE, TRUE },
    { "writethrough", FALSE, FALSE, FALSE }, { "directsync", TRUE, FALSE, FALSE },
    { "unsafe", FALSE, TRUE, TRUE },
};

/* A disk on its way to the command line. */
typedef struct {
    const VccwDomainDevice *device;
    const xmlNode *node; /* of @device */
    const char *path;    /* NULL for an empty CD-ROM drive */
    gboolean block;      /* a block device, not a file */
    gboolean read_only;
    gboolean cdrom;
    const char *bus;
    const char *target;
    int cache; /* row of CACHES, or -1 */
    char *storage, *format;
} Disk;

static void
add_cache(VccwProps *props, const Disk *disk)
{
    if (disk->cache < 0) {
        return;
    }
    vccw_props_open(props, "cache");
    vccw_props_bool(props, "direct", CACHES[disk->cache].direct);
    vccw_props_bool(props, "no-flush", CACHES[disk->cache].no_flush);
    vccw_props_close(props);
}

static void
add_storage(VccwGuest *guest, const Disk *disk)
{
    g_autofree char *aio = vccw_guest_child(disk->node, "driver", "io");
    g_autofree char *discard = vccw_guest_child(disk->node, "driver", "discard");
    VccwProps props;

    vccw_guest_props(guest, &props, NULL, NULL);
    vccw_props_string(&props, "driver",
                      !disk->block  ? "file"
                      : disk->cdrom ? "host_cdrom"
                                    : "host_device");
    vccw_props_string(&props, "filename", disk->path);
    vccw_props_string(&props, "aio", aio);
    vccw_props_string(&props, "node-name", disk->storage);
    add_cache(&props, disk);
    vccw_props_bool(&props, "auto-read-only", TRUE);
    vccw_props_string(&props, "discard", discard ? discard : "unmap");
    vccw_guest_add_props(guest, "-blockdev", &props);
}

/* Whether images of that format may stand on others. */
static gboolean
has_backing(const char *format)
{
    static const char *const FORMATS[] = { "qcow", "qcow2", "qed", "vmdk", NULL };

    return format && g_strv_contains(FORMATS, format);
}

static void
add_format(VccwGuest *guest, const Disk *disk)
{
    g_autofree char *type = vccw_guest_child(disk->node, "driver", "type");
    g_autofree char *zeroes = vccw_guest_child(disk->node, "driver", "detect_zeroes");
    g_autofree char *discard = vccw_guest_child(disk->node, "driver", "discard");
    VccwProps props;

    vccw_guest_props(guest, &props, NULL, NULL);
    vccw_props_string(&props, "node-name", disk->format);
    vccw_props_bool(&props, "read-only", disk->read_only);
    vccw_props_string(&props, "discard", discard);
    vccw_props_string(&props, "detect-zeroes", zeroes);
    add_cache(&props, disk);
    vccw_props_string(&props, "driver", type ? type : "raw");
    vccw_props_string(&props, "file", disk->storage);
    /* An empty <backingStore/>: there is no image below, whatever this one says. */
    if (vccw_xml_element_first(disk->node, "backingStore") && has_backing(type)) {
        vccw_props_null(&props, "backing");
    }
    vccw_guest_add_props(guest, "-blockdev", &props);
}

/* "vda" is 0, "vdb" 1, "vdaa" 26. */
static guint
target_index(const char *target)
{
    guint index = 0;

    for (const char *p = target + 2; g_ascii_islower(*p) && index < 100000; p++) {
        index = index * 26 + (guint)(*p - 'a') + 1;
    }
    return index > 0 ? index - 1 : 0;
}

static void
add_behaviour(VccwProps *props, const Disk *disk)
{
    g_autofree char *serial = vccw_xml_element_text(disk->node, "serial");
    g_autofree char *werror = vccw_guest_child(disk->node, "driver", "error_policy");
    g_autofree char *rerror = vccw_guest_child(disk->node, "driver", "rerror_policy");

    vccw_props_string(props, "serial", serial);
    if (disk->cache >= 0) {
        vccw_props_string(props, "write-cache",
                          CACHES[disk->cache].write_cache ? "on" : "off");
    }
    if (werror) {
        vccw_props_string(props, "werror",
                          !strcmp(werror, "enospace") ? "enospc" : werror);
        vccw_props_string(props, "rerror",
                          rerror                        ? rerror
                          : !strcmp(werror, "enospace") ? "report"
                                                        : werror);
    } else {
        vccw_props_string(props, "rerror", rerror);
    }
}

static gboolean
add_iothread(VccwProps *props, const xmlNode *node, GError **error)
{
    const xmlNode *driver = vccw_xml_element_first(node, "driver");
    guint iothread = 0, queues = 0, size = 0;
    g_autofree char *id = NULL;

    if (!vccw_guest_number(driver, "iothread", G_MAXINT, &iothread, error) ||
        !vccw_guest_number(driver, "queues", 1024, &queues, error) ||
        !vccw_guest_number(driver, "queue_size", 1024, &size, error)) {
        return FALSE;
    }
    vccw_guest_add_virtio(props, node);
    if (iothread > 0) {
        id = g_strdup_printf("iothread%u", iothread);
        vccw_props_string(props, "iothread", id);
    }
    if (queues > 0) {
        vccw_props_number(props, "num-queues", queues);
    }
    if (size > 0) {
        vccw_props_number(props, "queue-size", size);
    }
    return TRUE;
}

static gboolean
add_block_sizes(VccwProps *props, const xmlNode *node, GError **error)
{
    const xmlNode *blockio = vccw_xml_element_first(node, "blockio");
    guint logical = 0, physical = 0;

    if (!vccw_guest_number(blockio, "logical_block_size", G_MAXINT, &logical, error) ||
        !vccw_guest_number(blockio, "physical_block_size", G_MAXINT, &physical, error)) {
        return FALSE;
    }
    if (logical > 0) {
        vccw_props_number(props, "logical_block_size", logical);
    }
    if (physical > 0) {
        vccw_props_number(props, "physical_block_size", physical);
    }
    return TRUE;
}

/* What only a virtio disk has. */
static gboolean
check_no_virtio(const xmlNode *node, GError **error)
{
    static const char *const ATTRIBUTES[] = { "iommu", "packed", "queues", "queue_size",
                                              "iothread" };
    const xmlNode *driver = vccw_xml_element_first(node, "driver");

    for (guint i = 0; driver && i < G_N_ELEMENTS(ATTRIBUTES); i++) {
        g_autofree char *value = vccw_xml_element_attribute(driver, ATTRIBUTES[i]);

        if (value) {
            return vccw_guest_refuse(
                driver, error,
                "%s of <driver> is for disks on the virtio bus only; "
                "a SCSI disk's is that of its <controller>",
                ATTRIBUTES[i]);
        }
    }
    return TRUE;
}

static gboolean
add_virtio(VccwGuest *guest, const Disk *disk, GError **error)
{
    g_autofree char *alias =
        vccw_guest_alias(disk->device, "virtio-disk%u", target_index(disk->target));
    g_auto(VccwProps) props = { 0 };

    if (disk->cdrom || !disk->path) {
        return vccw_guest_refuse(disk->node, error,
                                 "A CD-ROM drive cannot be on the virtio bus; write "
                                 "<target dev='sda' bus='scsi'/>");
    }
    vccw_guest_props(guest, &props, "driver", "virtio-blk-ccw");
    if (!add_iothread(&props, disk->node, error) ||
        !add_block_sizes(&props, disk->node, error)) {
        return FALSE;
    }
    vccw_guest_add_devno(&props, disk->device);
    if (vccw_xml_element_first(disk->node, "shareable")) {
        vccw_props_bool(&props, "share-rw", TRUE);
    }
    vccw_props_string(&props, "drive", disk->format);
    vccw_props_string(&props, "id", alias);
    vccw_guest_add_boot(guest, &props, disk->device, "virtio-blk-ccw", &guest->boot_disk);
    add_behaviour(&props, disk);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static gboolean
add_scsi(VccwGuest *guest, const Disk *disk, GError **error)
{
    const xmlNode *address = vccw_xml_element_first(disk->node, "address");
    guint index = target_index(disk->target);
    guint controller = index / 7, bus = 0, target = 0, unit = index % 7;
    g_autofree char *alias = NULL, *parent = NULL;
    g_auto(VccwProps) props = { 0 };

    if (!vccw_guest_number(address, "controller", 65535, &controller, error) ||
        !vccw_guest_number(address, "bus", 0, &bus, error) ||
        !vccw_guest_number(address, "target", 255, &target, error) ||
        !vccw_guest_number(address, "unit", 16383, &unit, error)) {
        return FALSE;
    }
    if (!check_no_virtio(disk->node, error)) {
        return FALSE;
    }
    alias =
        vccw_guest_alias(disk->device, "scsi%u-%u-%u-%u", controller, bus, target, unit);
    parent = vccw_guest_bus(guest, "scsi", controller);
    vccw_guest_props(guest, &props, "driver", disk->cdrom ? "scsi-cd" : "scsi-hd");
    vccw_props_string(&props, "bus", parent);
    if (!add_block_sizes(&props, disk->node, error)) {
        return FALSE;
    }
    vccw_props_number(&props, "channel", bus);
    vccw_props_number(&props, "scsi-id", target);
    vccw_props_number(&props, "lun", unit);
    if (vccw_xml_element_first(disk->node, "shareable")) {
        vccw_props_bool(&props, "share-rw", TRUE);
    }
    vccw_props_string(&props, "drive", disk->path ? disk->format : NULL);
    vccw_props_string(&props, "id", alias);
    vccw_guest_add_boot(guest, &props, disk->device, "scsi-hd",
                        disk->cdrom ? &guest->boot_cdrom : &guest->boot_disk);
    add_behaviour(&props, disk);
    vccw_guest_add_props(guest, "-device", &props);
    return TRUE;
}

static gboolean
add_disk(VccwGuest *guest, Disk *disk, GError **error)
{
    static const char *const UNKNOWN[] = { "iotune", "encryption", "auth", "mirror",
                                           "geometry" };
    g_autofree char *quoted = vccw_guest_quote(disk->bus);

    for (guint i = 0; i < G_N_ELEMENTS(UNKNOWN); i++) {
        if (vccw_xml_element_first(disk->node, UNKNOWN[i])) {
            return vccw_guest_refuse(disk->node, error,
                                     "<%s> of a disk is not translated; leave it out",
                                     UNKNOWN[i]);
        }
    }
    if (disk->path) {
        add_storage(guest, disk);
        add_format(guest, disk);
    }
    if (!g_strcmp0(disk->bus, "virtio")) {
        return add_virtio(guest, disk, error);
    }
    if (!g_strcmp0(disk->bus, "scsi")) {
        return add_scsi(guest, disk, error);
    }
    return vccw_guest_refuse(disk->node, error,
                             "A disk on bus %s is not for s390x; write <target "
                             "dev='vda' bus='virtio'/>",
                             quoted);
}

static int
cache_row(const char *mode)
{
    for (guint i = 0; mode && i < G_N_ELEMENTS(CACHES); i++) {
        if (!strcmp(CACHES[i].mode, mode)) {
            return i;
        }
    }
    return -1;
}

/* The bus that a target's name speaks of, when <target> does not say it. */
static const char *
bus_of(const char *target)
{
    return g_str_has_prefix(target, "sd") ? "scsi" : "virtio";
}

gboolean
vccw_guest_disk(VccwGuest *guest, const VccwDomainDevice *device, GError **error)
{
    const xmlNode *node = device->node;
    g_autofree char *type = vccw_xml_element_attribute(node, "type");
    g_autofree char *what = vccw_xml_element_attribute(node, "device");
    g_autofree char *target = vccw_guest_child(node, "target", "dev");
    g_autofree char *bus = vccw_guest_child(node, "target", "bus");
    g_autofree char *cache = vccw_guest_child(node, "driver", "cache");
    gboolean block = !g_strcmp0(type, "block");
    g_autofree char *path = vccw_guest_child(node, "source", block ? "dev" : "file");
    guint number = ++guest->n_storage;
    g_autofree char *storage = g_strdup_printf("libvirt-%u-storage", number);
    g_autofree char *format = g_strdup_printf("libvirt-%u-format", number);
    gboolean cdrom = !g_strcmp0(what, "cdrom");
    Disk disk = { .device = device,
                  .node = node,
                  .path = path && *path ? path : NULL,
                  .block = block,
                  .cdrom = cdrom,
                  .target = target,
                  .cache = cache_row(cache),
                  .storage = storage,
                  .format = format,
                  .read_only = cdrom || vccw_xml_element_first(node, "readonly") };

    if ((type && !block && strcmp(type, "file") != 0) ||
        (what && !cdrom && strcmp(what, "disk") != 0)) {
        g_autofree char *quoted_type = vccw_guest_quote(type);
        g_autofree char *quoted_what = vccw_guest_quote(what);

        return vccw_guest_refuse(node, error,
                                 "<disk type=%s device=%s> is not translated; disks "
                                 "and CD-ROMs in files and block devices are",
                                 quoted_type, quoted_what);
    }
    if (!target || strlen(target) < 3) {
        return vccw_guest_refuse(node, error,
                                 "<disk> has no target; write e.g. <target dev='vda' "
                                 "bus='virtio'/>");
    }
    disk.bus = bus ? bus : bus_of(target);
    return add_disk(guest, &disk, error);
}
