/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Devices of a command line as elements of a domain. A row of the table says which
 * properties an element can express; a device that has another one stays as it was, and
 * with it everything that it stands on.
 */

#include "qemu/native-device.h"

#include <string.h>
#include <virtccw/address.h>

typedef gboolean (*Write)(VccwNativeDevice *device);

/* The UUID at the end of a path of a mediated device. */
static char *
uuid_of_path(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    VccwUuid uuid;

    return slash && vccw_uuid_parse_canonical(slash + 1, &uuid, NULL)
               ? vccw_uuid_to_string(&uuid)
               : NULL;
}

static gboolean
write_hostdev(VccwNativeDevice *device)
{
    g_autofree char *uuid = uuid_of_path(vccw_native_get(device, "sysfsdev"));
    VccwOption *iommufd =
        vccw_native_find(device->native, "-object", vccw_native_get(device, "iommufd"));

    if (!uuid || (vccw_native_get(device, "iommufd") && !iommufd)) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "hostdev", "mode", "subsystem", "type", "mdev",
                         "model", device->what, NULL);
    if (iommufd) {
        vccw_xml_writer_empty(device->writer, "driver", "iommufd", "yes", NULL);
    }
    vccw_xml_writer_open(device->writer, "source", NULL);
    vccw_xml_writer_empty(device->writer, "address", "uuid", uuid, NULL);
    vccw_xml_writer_close(device->writer, "source");
    vccw_native_write_boot(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "hostdev");
    return TRUE;
}

static void
write_virtio(const VccwNativeDevice *device)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    vccw_native_write_driver(device, pairs);
}

static const struct {
    const char *netdev, *keys, *interface;
} NETDEVS[] = {
    { "user", "type id", "user" },
    { "bridge", "type id br", "bridge" },
    { "tap", "type id fd fds vhost vhostfd ifname script downscript", "ethernet" },
};

static gboolean
write_interface(VccwNativeDevice *device)
{
    VccwOption *netdev =
        vccw_native_find(device->native, "-netdev", vccw_native_get(device, "netdev"));
    const char *type = netdev ? vccw_option_get(netdev, "type") : NULL;
    const char *script = netdev ? vccw_option_get(netdev, "script") : NULL;
    guint row = 0;

    while (type && row < G_N_ELEMENTS(NETDEVS) && strcmp(NETDEVS[row].netdev, type)) {
        row++;
    }
    if (!type || row == G_N_ELEMENTS(NETDEVS) ||
        !vccw_option_has_only(netdev, NETDEVS[row].keys)) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "interface", "type", NETDEVS[row].interface,
                         NULL);
    if (vccw_native_get(device, "mac")) {
        vccw_xml_writer_empty(device->writer, "mac", "address",
                              vccw_native_get(device, "mac"), NULL);
    }
    if (row == 1) {
        const char *bridge = vccw_option_get(netdev, "br");
        vccw_xml_writer_empty(device->writer, "source", "bridge", bridge ? bridge : "br0",
                              NULL);
    }
    if (script && strcmp(script, "no") != 0) {
        vccw_xml_writer_empty(device->writer, "script", "path", script, NULL);
    }
    if (vccw_option_get(netdev, "ifname")) {
        vccw_xml_writer_empty(device->writer, "target", "dev",
                              vccw_option_get(netdev, "ifname"), NULL);
    }
    vccw_xml_writer_empty(device->writer, "model", "type", "virtio", NULL);
    write_virtio(device);
    if (vccw_native_get(device, "host_mtu")) {
        vccw_xml_writer_empty(device->writer, "mtu", "size",
                              vccw_native_get(device, "host_mtu"), NULL);
    }
    vccw_native_write_boot(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "interface");
    netdev->used = TRUE;
    return TRUE;
}

static gboolean
write_controller(VccwNativeDevice *device)
{
    gboolean scsi = !strcmp(device->what, "scsi");
    guint *next = scsi ? &device->native->n_scsi : &device->native->n_serial;
    g_autofree char *index = g_strdup_printf("%u", *next);
    g_autofree char *id = g_strconcat(device->what, index, NULL);
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    const char *ports = vccw_native_get(device, "max_ports");

    /* Buses are found by the controller's id, so another id cannot be expressed. */
    if (g_strcmp0(vccw_native_get(device, "id"), id) != 0) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "controller", "type", device->what, "index",
                         index,
                         scsi    ? "model"
                         : ports ? "ports"
                                 : NULL,
                         scsi ? "virtio-scsi" : ports, NULL);
    vccw_native_add_key(pairs, "queues", vccw_native_get(device, "num_queues"));
    vccw_native_add_key(pairs, "cmd_per_lun", vccw_native_get(device, "cmd_per_lun"));
    vccw_native_add_key(pairs, "max_sectors", vccw_native_get(device, "max_sectors"));
    vccw_native_add_key(pairs, "iothread", vccw_native_thread(device));
    vccw_native_write_driver(device, pairs);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "controller");
    (*next)++;
    return TRUE;
}

static gboolean
write_memballoon(VccwNativeDevice *device)
{
    const char *deflate = vccw_native_get(device, "deflate-on-oom");
    const char *pages = vccw_native_get(device, "free-page-reporting");

    if (device->native->balloon) {
        return FALSE;
    }
    device->native->balloon = TRUE;
    vccw_xml_writer_open(device->writer, "memballoon", "model", "virtio",
                         deflate ? "autodeflate"
                         : pages ? "freePageReporting"
                                 : NULL,
                         deflate ? deflate : pages,
                         deflate && pages ? "freePageReporting" : NULL, pages, NULL);
    write_virtio(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "memballoon");
    return TRUE;
}

static gboolean
write_rng(VccwNativeDevice *device)
{
    VccwOption *object =
        vccw_native_claim(device, "rng", "-object", "qom-type id filename");
    gboolean builtin = object && vccw_option_is(object, "qom-type", "rng-builtin");
    const char *path = object ? vccw_option_get(object, "filename") : NULL;

    if (!object || (!builtin && !vccw_option_is(object, "qom-type", "rng-random"))) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "rng", "model", "virtio", NULL);
    if (vccw_native_get(device, "max-bytes")) {
        const char *period = vccw_native_get(device, "period");
        vccw_xml_writer_empty(device->writer, "rate", "bytes",
                              vccw_native_get(device, "max-bytes"),
                              period ? "period" : NULL, period, NULL);
    }
    if (builtin) {
        vccw_xml_writer_empty(device->writer, "backend", "model", "builtin", NULL);
    } else {
        vccw_xml_writer_text_with(device->writer, "backend", "model", "random",
                                  path ? path : "/dev/random");
    }
    write_virtio(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "rng");
    object->used = TRUE;
    return TRUE;
}

static gboolean
write_video(VccwNativeDevice *device)
{
    const char *heads = vccw_native_get(device, "max_outputs");

    vccw_xml_writer_open(device->writer, "video", NULL);
    if (vccw_native_get(device, "xres") && vccw_native_get(device, "yres")) {
        vccw_xml_writer_open(device->writer, "model", "type", "virtio", "heads",
                             heads ? heads : "1", NULL);
        vccw_xml_writer_empty(device->writer, "resolution", "x",
                              vccw_native_get(device, "xres"), "y",
                              vccw_native_get(device, "yres"), NULL);
        vccw_xml_writer_close(device->writer, "model");
    } else {
        vccw_xml_writer_empty(device->writer, "model", "type", "virtio", "heads",
                              heads ? heads : "1", NULL);
    }
    write_virtio(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "video");
    return TRUE;
}

static gboolean
write_input(VccwNativeDevice *device)
{
    vccw_xml_writer_open(device->writer, "input", "type", device->what, "bus", "virtio",
                         NULL);
    write_virtio(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "input");
    return TRUE;
}

static gboolean
write_filesystem(VccwNativeDevice *device)
{
    VccwOption *fsdev = vccw_native_claim(device, "fsdev", "-fsdev",
                                          "fsdriver id path security_model readonly");
    const char *path = fsdev ? vccw_option_get(fsdev, "path") : NULL;
    const char *model = fsdev ? vccw_option_get(fsdev, "security_model") : NULL;
    const char *mode = !g_strcmp0(model, "passthrough") ? "passthrough"
                       : !g_strcmp0(model, "mapped")    ? "mapped"
                       : !g_strcmp0(model, "none")      ? "squash"
                                                        : NULL;

    if (!path || !mode || !vccw_option_is(fsdev, "fsdriver", "local") ||
        !vccw_native_get(device, "mount_tag")) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "filesystem", "type", "mount", "accessmode",
                         mode, NULL);
    vccw_xml_writer_empty(device->writer, "source", "dir", path, NULL);
    vccw_xml_writer_empty(device->writer, "target", "dir",
                          vccw_native_get(device, "mount_tag"), NULL);
    if (vccw_option_is(fsdev, "readonly", "on")) {
        vccw_xml_writer_empty(device->writer, "readonly", NULL);
    }
    write_virtio(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "filesystem");
    fsdev->used = TRUE;
    return TRUE;
}

static gboolean
write_watchdog(VccwNativeDevice *device)
{
    const char *action = device->native->watchdog_action;

    vccw_xml_writer_empty(device->writer, "watchdog", "model", "diag288", "action",
                          action ? action : "reset", NULL);
    return TRUE;
}

static gboolean
write_vsock(VccwNativeDevice *device)
{
    const char *cid = vccw_native_get(device, "guest-cid");

    vccw_xml_writer_open(device->writer, "vsock", "model", "virtio", NULL);
    vccw_xml_writer_empty(device->writer, "cid", "auto", cid ? "no" : "yes",
                          cid ? "address" : NULL, cid, NULL);
    write_virtio(device);
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "vsock");
    return TRUE;
}

#define COMMON "driver id devno "
#define VIRTIO COMMON "iommu_platform packed "

/* In libvirt's order of elements. */
static const struct {
    const char *driver;
    const char *keys; /* that the element can express */
    Write write;
    const char *what; /* a word for write */
} DRIVERS[] = {
    { "virtio-blk-ccw",
      VIRTIO "drive bootindex loadparm serial write-cache share-rw num-queues "
             "queue-size iothread werror rerror logical_block_size physical_block_size",
      vccw_native_write_virtio_disk, NULL },
    { "scsi-hd",
      "driver id bus channel scsi-id lun drive bootindex loadparm serial "
      "write-cache share-rw device_id werror rerror logical_block_size "
      "physical_block_size",
      vccw_native_write_scsi_disk, "disk" },
    { "scsi-cd",
      "driver id bus channel scsi-id lun drive bootindex loadparm serial "
      "write-cache share-rw device_id werror rerror logical_block_size "
      "physical_block_size",
      vccw_native_write_scsi_disk, "cdrom" },
    { "virtio-scsi-ccw", VIRTIO "num_queues cmd_per_lun max_sectors iothread",
      write_controller, "scsi" },
    { "virtio-serial-ccw", VIRTIO "max_ports", write_controller, "virtio-serial" },
    { "virtio-9p-ccw", VIRTIO "fsdev mount_tag", write_filesystem, NULL },
    { "virtio-net-ccw", VIRTIO "netdev mac bootindex loadparm host_mtu", write_interface,
      NULL },
    { "x-terminal3270", COMMON "chardev", vccw_native_write_3270, NULL },
    { "virtserialport", "driver id bus nr chardev name", vccw_native_write_port,
      "channel" },
    { "sclpconsole", "driver id chardev", vccw_native_write_sclp, "sclp" },
    { "sclplmconsole", "driver id chardev", vccw_native_write_sclp, "sclplm" },
    { "virtconsole", "driver id bus nr chardev", vccw_native_write_port, "console" },
    { "virtio-keyboard-ccw", VIRTIO, write_input, "keyboard" },
    { "virtio-mouse-ccw", VIRTIO, write_input, "mouse" },
    { "virtio-tablet-ccw", VIRTIO, write_input, "tablet" },
    { "virtio-gpu-ccw", VIRTIO "max_outputs xres yres", write_video, NULL },
    { "vfio-ccw", COMMON "sysfsdev bootindex loadparm iommufd", write_hostdev,
      "vfio-ccw" },
    { "vfio-ap", "driver id sysfsdev", write_hostdev, "vfio-ap" },
    { "diag288", "driver id", write_watchdog, NULL },
    { "virtio-balloon-ccw", VIRTIO "deflate-on-oom free-page-reporting", write_memballoon,
      NULL },
    { "virtio-rng-ccw", VIRTIO "rng max-bytes period", write_rng, NULL },
    { "vhost-vsock-ccw", VIRTIO "guest-cid vhostfd", write_vsock, NULL },
};

static void
write_device(VccwNativeDevice *device, VccwOption *option, guint row)
{
    if (!vccw_option_has_only(option, DRIVERS[row].keys)) {
        return;
    }
    device->option = option;
    device->what = DRIVERS[row].what;
    option->used = vccw_native_is_expressible(device) && DRIVERS[row].write(device);
}

/* Objects that several devices share are used when one of them is in the XML. */
static void
use_iommufd(VccwNative *native)
{
    for (guint i = 0; i < native->options->len; i++) {
        VccwOption *option = g_ptr_array_index(native->options, i);
        VccwOption *object =
            option->used && vccw_option_is(option, "driver", "vfio-ccw")
                ? vccw_native_find(native, "-object", vccw_option_get(option, "iommufd"))
                : NULL;

        if (object && vccw_option_has_only(object, "qom-type id")) {
            object->used = TRUE;
        }
    }
}

/* The devices of each row of the table, in the command's order. */
static void
sort_devices(const VccwNative *native, GPtrArray **rows)
{
    for (guint row = 0; row < G_N_ELEMENTS(DRIVERS); row++) {
        rows[row] = g_ptr_array_new();
    }
    for (guint i = 0; i < native->options->len; i++) {
        VccwOption *option = g_ptr_array_index(native->options, i);
        const char *driver =
            strcmp(option->name, "-device") ? NULL : vccw_option_get(option, "driver");

        for (guint row = 0; driver && row < G_N_ELEMENTS(DRIVERS); row++) {
            if (!strcmp(DRIVERS[row].driver, driver)) {
                g_ptr_array_add(rows[row], option);
                break;
            }
        }
    }
}

/* QEMU's indexes begin with 0, orders with 1: one 0 moves them all. */
static void
find_boot_shift(VccwNative *native)
{
    for (guint i = 0; i < native->options->len; i++) {
        const VccwOption *option = g_ptr_array_index(native->options, i);

        if (!strcmp(option->name, "-device") &&
            vccw_option_is(option, "bootindex", "0")) {
            native->boot_shift = 1;
        }
    }
}

void
vccw_native_write_devices(VccwNative *native, VccwXmlWriter *writer)
{
    VccwNativeDevice device = { .native = native, .writer = writer };
    GPtrArray *rows[G_N_ELEMENTS(DRIVERS)];

    find_boot_shift(native);
    sort_devices(native, rows);
    for (guint row = 0; row < G_N_ELEMENTS(DRIVERS); row++) {
        for (guint i = 0; i < rows[row]->len; i++) {
            write_device(&device, g_ptr_array_index(rows[row], i), row);
        }
        g_ptr_array_unref(rows[row]);
    }
    use_iommufd(native);
}
