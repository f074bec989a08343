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

const char *
vccw_native_get(const VccwNativeDevice *device, const char *key)
{
    return vccw_option_get(device->option, key);
}

VccwOption *
vccw_native_claim(const VccwNativeDevice *device,
                  const char *key,
                  const char *kind,
                  const char *keys)
{
    VccwOption *option =
        vccw_native_find(device->native, kind, vccw_native_get(device, key));

    return option && vccw_option_has_only(option, keys) ? option : NULL;
}

/* Whether an order can express the boot index; -1 is none. */
static gboolean
has_good_boot_index(const VccwNativeDevice *device)
{
    const char *index = vccw_native_get(device, "bootindex");
    guint64 number;

    return !index || !strcmp(index, "-1") ||
           g_ascii_string_to_unsigned(index, 10, 0, G_MAXINT - 1, &number, NULL);
}

void
vccw_native_write_boot(const VccwNativeDevice *device)
{
    const char *index = vccw_native_get(device, "bootindex");
    const char *own = vccw_native_get(device, "loadparm");
    const char *loadparm;
    guint order;
    char text[16];

    if (!index || *index == '-') {
        return;
    }
    order = g_ascii_strtoull(index, NULL, 10) + device->native->boot_shift;
    /* The machine's is that of what boots first. */
    loadparm = own ? own : order == 1 ? device->native->loadparm : NULL;
    g_snprintf(text, sizeof text, "%u", order);
    vccw_xml_writer_empty(device->writer, "boot", "order", text,
                          loadparm ? "loadparm" : NULL, loadparm, NULL);
}

void
vccw_native_write_alias(const VccwNativeDevice *device)
{
    const char *id = vccw_native_get(device, "id");

    if (id && g_str_has_prefix(id, "ua-")) {
        vccw_xml_writer_empty(device->writer, "alias", "name", id, NULL);
    }
}

static gboolean
has_good_address(const VccwNativeDevice *device)
{
    const char *devno = vccw_native_get(device, "devno");
    VccwBusId address;

    return !devno || vccw_guest_address_parse(devno, &address, NULL);
}

void
vccw_native_write_address(const VccwNativeDevice *device)
{
    const char *devno = vccw_native_get(device, "devno");
    VccwBusId address;
    char cssid[8], ssid[8], number[8];

    if (!devno || !vccw_guest_address_parse(devno, &address, NULL)) {
        return;
    }
    g_snprintf(cssid, sizeof cssid, "0x%x", address.cssid);
    g_snprintf(ssid, sizeof ssid, "0x%x", address.ssid);
    g_snprintf(number, sizeof number, "0x%04x", address.devno);
    vccw_xml_writer_empty(device->writer, "address", "type", "ccw", "cssid", cssid,
                          "ssid", ssid, "devno", number, NULL);
}

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

void
vccw_native_add_key(GPtrArray *pairs, const char *key, const char *value)
{
    if (value) {
        g_ptr_array_add(pairs, (gpointer)key);
        g_ptr_array_add(pairs, (gpointer)value);
    }
}

/* What any virtio device may have in <driver>. */
static void
add_virtio(const VccwNativeDevice *device, GPtrArray *pairs)
{
    vccw_native_add_key(pairs, "iommu", vccw_native_get(device, "iommu_platform"));
    vccw_native_add_key(pairs, "packed", vccw_native_get(device, "packed"));
}

void
vccw_native_write_driver(const VccwNativeDevice *device, GPtrArray *pairs)
{
    add_virtio(device, pairs);
    if (pairs->len > 0) {
        vccw_xml_writer_empty_of(device->writer, "driver", pairs);
    }
}

static void
write_virtio(const VccwNativeDevice *device)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    vccw_native_write_driver(device, pairs);
}

/* Whether <driver> can express it: its switches are on or off, its thread has a number.
 */
static gboolean
has_good_driver(const VccwNativeDevice *device)
{
    static const char *const SWITCHES[] = { "iommu_platform", "packed" };
    const char *thread = vccw_native_get(device, "iothread");
    guint64 number;

    for (guint i = 0; i < G_N_ELEMENTS(SWITCHES); i++) {
        const char *value = vccw_native_get(device, SWITCHES[i]);

        if (value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
            return FALSE;
        }
    }
    return !thread || (g_str_has_prefix(thread, "iothread") &&
                       g_ascii_string_to_unsigned(thread + strlen("iothread"), 10, 1,
                                                  G_MAXINT, &number, NULL) &&
                       number <= device->native->iothreads);
}

const char *
vccw_native_thread(const VccwNativeDevice *device)
{
    const char *thread = vccw_native_get(device, "iothread");

    return thread ? thread + strlen("iothread") : NULL;
}

gboolean
vccw_native_bus_number(const VccwNativeDevice *device,
                       const char *prefix,
                       char **ret_number)
{
    const char *bus = vccw_native_get(device, "bus");
    gsize length = strlen(prefix);
    guint digits;

    if (!bus) {
        *ret_number = g_strdup("0");
        return TRUE;
    }
    if (!g_str_has_prefix(bus, prefix)) {
        return FALSE;
    }
    digits = strspn(bus + length, "0123456789");
    if (digits == 0 || digits > 4 || strcmp(bus + length + digits, ".0") != 0) {
        return FALSE;
    }
    *ret_number = g_strndup(bus + length, digits);
    return TRUE;
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

static const struct {
    const char *backend, *keys, *type;
} CHARDEVS[] = {
    { "pty", "backend id logfile logappend", "pty" },
    { "null", "backend id logfile logappend", "null" },
    { "stdio", "backend id mux signal logfile logappend", "stdio" },
    { "vc", "backend id", "vc" },
    { "file", "backend id path append logfile logappend", "file" },
    { "pipe", "backend id path logfile logappend", "pipe" },
    { "serial", "backend id path logfile logappend", "dev" },
    { "socket", "backend id path server wait logfile logappend", "unix" },
    { "socket", "backend id host port server wait telnet logfile logappend", "tcp" },
};

/* The backend of a character device and its row. */
static VccwOption *
find_chardev(const VccwNativeDevice *device, guint *ret_row)
{
    VccwOption *chardev =
        vccw_native_find(device->native, "-chardev", vccw_native_get(device, "chardev"));
    const char *backend = chardev ? vccw_option_get(chardev, "backend") : NULL;

    for (guint i = 0; backend && i < G_N_ELEMENTS(CHARDEVS); i++) {
        if (!strcmp(CHARDEVS[i].backend, backend) &&
            vccw_option_has_only(chardev, CHARDEVS[i].keys)) {
            *ret_row = i;
            return chardev;
        }
    }
    return NULL;
}

static void
write_chardev(const VccwNativeDevice *device, VccwOption *chardev, guint row)
{
    const char *type = CHARDEVS[row].type;
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    gboolean socket = !strcmp(type, "unix") || !strcmp(type, "tcp");
    gboolean server = vccw_option_is(chardev, "server", "on");

    vccw_native_add_key(pairs, "mode", socket ? (server ? "bind" : "connect") : NULL);
    vccw_native_add_key(pairs, "host", vccw_option_get(chardev, "host"));
    vccw_native_add_key(pairs, "service", vccw_option_get(chardev, "port"));
    vccw_native_add_key(pairs, "path", vccw_option_get(chardev, "path"));
    vccw_native_add_key(pairs, "append", vccw_option_get(chardev, "append"));
    if (pairs->len > 0) {
        vccw_xml_writer_empty_of(device->writer, "source", pairs);
    }
    if (!strcmp(type, "tcp")) {
        vccw_xml_writer_empty(device->writer, "protocol", "type",
                              vccw_option_is(chardev, "telnet", "on") ? "telnet" : "raw",
                              NULL);
    }
    if (vccw_option_get(chardev, "logfile")) {
        const char *append = vccw_option_get(chardev, "logappend");
        vccw_xml_writer_empty(device->writer, "log", "file",
                              vccw_option_get(chardev, "logfile"),
                              append ? "append" : NULL, append, NULL);
    }
    chardev->used = TRUE;
}

/* On the SCLP: a <console>, as every Linux distribution's guest has it. */
static gboolean
write_sclp(VccwNativeDevice *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);

    if (!chardev) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "console", "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_empty(device->writer, "target", "type", device->what, NULL);
    vccw_native_write_alias(device);
    vccw_xml_writer_close(device->writer, "console");
    return TRUE;
}

static gboolean
write_3270(VccwNativeDevice *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);

    if (!chardev) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "serial", "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_open(device->writer, "target", NULL);
    vccw_xml_writer_empty(device->writer, "model", "name", "x-terminal3270", NULL);
    vccw_xml_writer_close(device->writer, "target");
    vccw_native_write_alias(device);
    vccw_native_write_address(device);
    vccw_xml_writer_close(device->writer, "serial");
    return TRUE;
}

static gboolean
write_port(VccwNativeDevice *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);
    g_autofree char *controller = NULL;
    const char *port = vccw_native_get(device, "nr");
    const char *name = vccw_native_get(device, "name");

    if (!chardev || !vccw_native_bus_number(device, "virtio-serial", &controller)) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, device->what, "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_empty(device->writer, "target", "type", "virtio",
                          name ? "name" : NULL, name, NULL);
    vccw_native_write_alias(device);
    if (vccw_native_get(device, "bus") && port) {
        vccw_xml_writer_empty(device->writer, "address", "type", "virtio-serial",
                              "controller", controller, "bus", "0", "port", port, NULL);
    }
    vccw_xml_writer_close(device->writer, device->what);
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
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
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
    { "x-terminal3270", COMMON "chardev", write_3270, NULL },
    { "virtserialport", "driver id bus nr chardev name", write_port, "channel" },
    { "sclpconsole", "driver id chardev", write_sclp, "sclp" },
    { "sclplmconsole", "driver id chardev", write_sclp, "sclplm" },
    { "virtconsole", "driver id bus nr chardev", write_port, "console" },
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
    option->used = has_good_address(device) && has_good_boot_index(device) &&
                   has_good_driver(device) && DRIVERS[row].write(device);
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
