/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Disks of a command line as elements of a domain. */

#include "qemu/native-device.h"

#include <string.h>

/* Where the bytes of a disk are, from whichever options say it. */
typedef struct {
    VccwOption *format, *storage; /* claimed */
    const char *path, *type, *aio, *discard, *zeroes, *direct, *no_flush, *mode;
    gboolean block, read_only;
} Image;

static gboolean
is_block(const char *driver)
{
    return !g_strcmp0(driver, "host_device") || !g_strcmp0(driver, "host_cdrom");
}

static gboolean
find_drive(const VccwNativeDevice *device, Image *image)
{
    image->format =
        vccw_native_claim(device, "drive", "-drive",
                          "if id file format cache readonly read-only media aio discard "
                          "detect-zeroes");
    if (!image->format || (vccw_option_get(image->format, "if") &&
                           !vccw_option_is(image->format, "if", "none"))) {
        return FALSE;
    }
    image->path = vccw_option_get(image->format, "file");
    image->type = vccw_option_get(image->format, "format");
    image->aio = vccw_option_get(image->format, "aio");
    image->discard = vccw_option_get(image->format, "discard");
    image->zeroes = vccw_option_get(image->format, "detect-zeroes");
    image->mode = vccw_option_get(image->format, "cache");
    image->read_only = vccw_option_is(image->format, "readonly", "on") ||
                       vccw_option_is(image->format, "read-only", "on");
    image->block = image->path && g_str_has_prefix(image->path, "/dev/");
    return image->path && !strstr(image->path, "://");
}

static gboolean
find_blockdev(const VccwNativeDevice *device, Image *image)
{
    image->format =
        vccw_native_claim(device, "drive", "-blockdev",
                          "node-name driver file read-only discard detect-zeroes cache.");
    if (!image->format) {
        return FALSE;
    }
    image->storage = vccw_native_find(device->native, "-blockdev",
                                      vccw_option_get(image->format, "file"));
    if (!image->storage ||
        !vccw_option_has_only(image->storage, "driver filename aio node-name cache. "
                                              "auto-read-only discard read-only") ||
        (!vccw_option_is(image->storage, "driver", "file") &&
         !is_block(vccw_option_get(image->storage, "driver")))) {
        return FALSE;
    }
    image->path = vccw_option_get(image->storage, "filename");
    image->type = vccw_option_get(image->format, "driver");
    image->aio = vccw_option_get(image->storage, "aio");
    image->discard = vccw_option_get(image->format, "discard");
    image->zeroes = vccw_option_get(image->format, "detect-zeroes");
    image->direct = vccw_option_get(image->format, "cache.direct");
    image->no_flush = vccw_option_get(image->format, "cache.no-flush");
    image->read_only = vccw_option_is(image->format, "read-only", "on");
    image->block = is_block(vccw_option_get(image->storage, "driver"));
    return image->path != NULL;
}

static const char *
cache_mode(const VccwNativeDevice *device, const Image *image)
{
    gboolean writes = g_strcmp0(vccw_native_get(device, "write-cache"), "off") != 0;

    if (image->mode || !image->direct) {
        return image->mode;
    }
    if (!g_strcmp0(image->no_flush, "on")) {
        return "unsafe";
    }
    if (!strcmp(image->direct, "on")) {
        return writes ? "none" : "directsync";
    }
    return writes ? "writeback" : "writethrough";
}

/* What libvirt calls QEMU's word. */
static const char *
policy(const char *werror)
{
    return !g_strcmp0(werror, "enospc") ? "enospace" : werror;
}

static void
write_disk_driver(const VccwNativeDevice *device, const Image *image)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    vccw_native_add_key(pairs, "name", "qemu");
    vccw_native_add_key(pairs, "type", image->type ? image->type : "raw");
    vccw_native_add_key(pairs, "cache", cache_mode(device, image));
    vccw_native_add_key(pairs, "io", image->aio);
    vccw_native_add_key(pairs, "discard", image->discard);
    vccw_native_add_key(pairs, "detect_zeroes", image->zeroes);
    vccw_native_add_key(pairs, "error_policy", policy(vccw_native_get(device, "werror")));
    vccw_native_add_key(pairs, "rerror_policy", vccw_native_get(device, "rerror"));
    vccw_native_add_key(pairs, "iothread", vccw_native_thread(device));
    vccw_native_add_key(pairs, "queues", vccw_native_get(device, "num-queues"));
    vccw_native_add_key(pairs, "queue_size", vccw_native_get(device, "queue-size"));
    vccw_native_write_driver(device, pairs);
}

static void
write_block_sizes(const VccwNativeDevice *device)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    vccw_native_add_key(pairs, "logical_block_size",
                        vccw_native_get(device, "logical_block_size"));
    vccw_native_add_key(pairs, "physical_block_size",
                        vccw_native_get(device, "physical_block_size"));
    if (pairs->len > 0) {
        vccw_xml_writer_empty_of(device->writer, "blockio", pairs);
    }
}

/* "vda" for 0, "vdaa" for 26. */
static char *
target_name(const char *prefix, guint index)
{
    char letters[8] = "";
    guint at = sizeof letters - 1;

    do {
        letters[--at] = 'a' + index % 26;
        index = index / 26;
    } while (index-- > 0 && at > 0);
    return g_strconcat(prefix, letters + at, NULL);
}

static void
write_disk_head(const VccwNativeDevice *device, const Image *image, const char *kind)
{
    vccw_xml_writer_open(device->writer, "disk", "type", image->block ? "block" : "file",
                         "device", kind, NULL);
    if (image->path) {
        write_disk_driver(device, image);
        vccw_xml_writer_empty(device->writer, "source", image->block ? "dev" : "file",
                              image->path, NULL);
    }
}

static void
write_disk_tail(const VccwNativeDevice *device,
                const Image *image,
                const char *target,
                const char *bus,
                gboolean read_only)
{
    const char *serial = vccw_native_get(device, "serial");

    write_block_sizes(device);
    vccw_xml_writer_empty(device->writer, "target", "dev", target, "bus", bus, NULL);
    if (read_only) {
        vccw_xml_writer_empty(device->writer, "readonly", NULL);
    }
    if (vccw_option_is(device->option, "share-rw", "on")) {
        vccw_xml_writer_empty(device->writer, "shareable", NULL);
    }
    vccw_xml_writer_text(device->writer, "serial", serial);
    vccw_native_write_boot(device);
    vccw_native_write_alias(device);
    if (image->format) {
        image->format->used = TRUE;
    }
    if (image->storage) {
        image->storage->used = TRUE;
    }
}

/* The target's number: what libvirt put into the id, or else one after the other. */
static guint
disk_number(const VccwNativeDevice *device, const char *prefix, guint *next)
{
    const char *id = vccw_native_get(device, "id");
    guint64 number;

    if (id && g_str_has_prefix(id, prefix) &&
        g_ascii_string_to_unsigned(id + strlen(prefix), 10, *next, 17575, &number,
                                   NULL)) {
        *next = number + 1;
        return number;
    }
    return (*next)++;
}

gboolean
vccw_native_write_virtio_disk(VccwNativeDevice *device)
{
    g_autofree char *target = NULL;
    Image image = { NULL };

    if (!find_drive(device, &image) && !find_blockdev(device, &image)) {
        return FALSE;
    }
    target = target_name(
        "vd", disk_number(device, "virtio-disk", &device->native->n_virtio_disks));
    write_disk_head(device, &image, "disk");
    write_disk_tail(device, &image, target, "virtio", image.read_only);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "disk");
    return TRUE;
}

gboolean
vccw_native_write_scsi_disk(VccwNativeDevice *device)
{
    gboolean cdrom = !strcmp(device->what, "cdrom");
    g_autofree char *controller = NULL, *target = NULL;
    const char *channel = vccw_native_get(device, "channel");
    const char *id = vccw_native_get(device, "scsi-id");
    const char *lun = vccw_native_get(device, "lun");
    Image image = { NULL };

    if (!vccw_native_bus_number(device, "scsi", &controller) ||
        (channel && strcmp(channel, "0")) ||
        ((vccw_native_get(device, "drive") || !cdrom) && !find_drive(device, &image) &&
         !find_blockdev(device, &image))) {
        return FALSE;
    }
    target = target_name("sd", device->native->n_scsi_disks++);
    write_disk_head(device, &image, device->what);
    write_disk_tail(device, &image, target, "scsi", cdrom || image.read_only);
    vccw_xml_writer_empty(device->writer, "address", "type", "drive", "controller",
                          controller, "bus", "0", "target", id ? id : "0", "unit",
                          lun ? lun : "0", NULL);
    vccw_xml_writer_close(device->writer, "disk");
    return TRUE;
}
