/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Devices of a command line as elements of a domain. A row of the table says which
 * properties an element can express; a device that has another one stays as it was, and
 * with it everything that it stands on.
 */

#include "qemu/native.h"

#include <string.h>
#include <virtccw/address.h>

/* A device that is being written. */
typedef struct {
    VccwNative *native;
    VccwXmlWriter *writer;
    const VccwOption *option;
    const char *what; /* of the table's row */
} Device;

typedef gboolean (*Write)(Device *device);

static const char *
get(const Device *device, const char *key)
{
    return vccw_option_get(device->option, key);
}

/* Claims the option that a property refers to, if XML can express all of it. */
static VccwOption *
claim(const Device *device, const char *key, const char *kind, const char *keys)
{
    VccwOption *option = vccw_native_find(device->native, kind, get(device, key));

    return option && vccw_option_has_only(option, keys) ? option : NULL;
}

/* Whether an order can express the boot index; -1 is none. */
static gboolean
has_good_boot_index(const Device *device)
{
    const char *index = get(device, "bootindex");
    guint64 number;

    return !index || !strcmp(index, "-1") ||
           g_ascii_string_to_unsigned(index, 10, 0, G_MAXINT - 1, &number, NULL);
}

static void
write_boot(const Device *device)
{
    const char *index = get(device, "bootindex");
    const char *own = get(device, "loadparm");
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

static void
write_alias(const Device *device)
{
    const char *id = get(device, "id");

    if (id && g_str_has_prefix(id, "ua-")) {
        vccw_xml_writer_empty(device->writer, "alias", "name", id, NULL);
    }
}

static gboolean
has_good_address(const Device *device)
{
    const char *devno = get(device, "devno");
    VccwBusId address;

    return !devno || vccw_guest_address_parse(devno, &address, NULL);
}

static void
write_address(const Device *device)
{
    const char *devno = get(device, "devno");
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
write_hostdev(Device *device)
{
    g_autofree char *uuid = uuid_of_path(get(device, "sysfsdev"));
    VccwOption *iommufd =
        vccw_native_find(device->native, "-object", get(device, "iommufd"));

    if (!uuid || (get(device, "iommufd") && !iommufd)) {
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
    write_boot(device);
    write_alias(device);
    write_address(device);
    vccw_xml_writer_close(device->writer, "hostdev");
    return TRUE;
}

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
find_drive(const Device *device, Image *image)
{
    image->format = claim(device, "drive", "-drive",
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
find_blockdev(const Device *device, Image *image)
{
    image->format = claim(device, "drive", "-blockdev",
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
cache_mode(const Device *device, const Image *image)
{
    gboolean writes = g_strcmp0(get(device, "write-cache"), "off") != 0;

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

static void
add_key(GPtrArray *pairs, const char *key, const char *value)
{
    if (value) {
        g_ptr_array_add(pairs, (gpointer)key);
        g_ptr_array_add(pairs, (gpointer)value);
    }
}

/* What any virtio device may have in <driver>. */
static void
add_virtio(const Device *device, GPtrArray *pairs)
{
    add_key(pairs, "iommu", get(device, "iommu_platform"));
    add_key(pairs, "packed", get(device, "packed"));
}

static void
write_driver(const Device *device, GPtrArray *pairs)
{
    add_virtio(device, pairs);
    if (pairs->len > 0) {
        vccw_xml_writer_empty_of(device->writer, "driver", pairs);
    }
}

static void
write_virtio(const Device *device)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    write_driver(device, pairs);
}

/* Whether <driver> can express it: its switches are on or off, its thread has a number.
 */
static gboolean
has_good_driver(const Device *device)
{
    static const char *const SWITCHES[] = { "iommu_platform", "packed" };
    const char *thread = get(device, "iothread");
    guint64 number;

    for (guint i = 0; i < G_N_ELEMENTS(SWITCHES); i++) {
        const char *value = get(device, SWITCHES[i]);

        if (value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
            return FALSE;
        }
    }
    return !thread || (g_str_has_prefix(thread, "iothread") &&
                       g_ascii_string_to_unsigned(thread + strlen("iothread"), 10, 1,
                                                  G_MAXINT, &number, NULL) &&
                       number <= device->native->iothreads);
}

static const char *
thread_number(const Device *device)
{
    const char *thread = get(device, "iothread");

    return thread ? thread + strlen("iothread") : NULL;
}

/* What libvirt calls QEMU's word. */
static const char *
policy(const char *werror)
{
    return !g_strcmp0(werror, "enospc") ? "enospace" : werror;
}

static void
write_disk_driver(const Device *device, const Image *image)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    add_key(pairs, "name", "qemu");
    add_key(pairs, "type", image->type ? image->type : "raw");
    add_key(pairs, "cache", cache_mode(device, image));
    add_key(pairs, "io", image->aio);
    add_key(pairs, "discard", image->discard);
    add_key(pairs, "detect_zeroes", image->zeroes);
    add_key(pairs, "error_policy", policy(get(device, "werror")));
    add_key(pairs, "rerror_policy", get(device, "rerror"));
    add_key(pairs, "iothread", thread_number(device));
    add_key(pairs, "queues", get(device, "num-queues"));
    add_key(pairs, "queue_size", get(device, "queue-size"));
    write_driver(device, pairs);
}

static void
write_block_sizes(const Device *device)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();

    add_key(pairs, "logical_block_size", get(device, "logical_block_size"));
    add_key(pairs, "physical_block_size", get(device, "physical_block_size"));
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
write_disk_head(const Device *device, const Image *image, const char *kind)
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
write_disk_tail(const Device *device,
                const Image *image,
                const char *target,
                const char *bus,
                gboolean read_only)
{
    const char *serial = get(device, "serial");

    write_block_sizes(device);
    vccw_xml_writer_empty(device->writer, "target", "dev", target, "bus", bus, NULL);
    if (read_only) {
        vccw_xml_writer_empty(device->writer, "readonly", NULL);
    }
    if (vccw_option_is(device->option, "share-rw", "on")) {
        vccw_xml_writer_empty(device->writer, "shareable", NULL);
    }
    vccw_xml_writer_text(device->writer, "serial", serial);
    write_boot(device);
    write_alias(device);
    if (image->format) {
        image->format->used = TRUE;
    }
    if (image->storage) {
        image->storage->used = TRUE;
    }
}

/* The target's number: what libvirt put into the id, or else one after the other. */
static guint
disk_number(const Device *device, const char *prefix, guint *next)
{
    const char *id = get(device, "id");
    guint64 number;

    if (id && g_str_has_prefix(id, prefix) &&
        g_ascii_string_to_unsigned(id + strlen(prefix), 10, *next, 17575, &number,
                                   NULL)) {
        *next = number + 1;
        return number;
    }
    return (*next)++;
}

static gboolean
write_virtio_disk(Device *device)
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
    write_address(device);
    vccw_xml_writer_close(device->writer, "disk");
    return TRUE;
}

/* The controller's number out of "scsi0.0". */
static gboolean
bus_number(const Device *device, const char *prefix, char **ret_number)
{
    const char *bus = get(device, "bus");
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

static gboolean
write_scsi_disk(Device *device)
{
    gboolean cdrom = !strcmp(device->what, "cdrom");
    g_autofree char *controller = NULL, *target = NULL;
    const char *channel = get(device, "channel");
    const char *id = get(device, "scsi-id");
    const char *lun = get(device, "lun");
    Image image = { NULL };

    if (!bus_number(device, "scsi", &controller) || (channel && strcmp(channel, "0")) ||
        ((get(device, "drive") || !cdrom) && !find_drive(device, &image) &&
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

static const struct {
    const char *netdev, *keys, *interface;
} NETDEVS[] = {
    { "user", "type id", "user" },
    { "bridge", "type id br", "bridge" },
    { "tap", "type id fd fds vhost vhostfd ifname script downscript", "ethernet" },
};

static gboolean
write_interface(Device *device)
{
    VccwOption *netdev =
        vccw_native_find(device->native, "-netdev", get(device, "netdev"));
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
    if (get(device, "mac")) {
        vccw_xml_writer_empty(device->writer, "mac", "address", get(device, "mac"), NULL);
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
    if (get(device, "host_mtu")) {
        vccw_xml_writer_empty(device->writer, "mtu", "size", get(device, "host_mtu"),
                              NULL);
    }
    write_boot(device);
    write_alias(device);
    write_address(device);
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
find_chardev(const Device *device, guint *ret_row)
{
    VccwOption *chardev =
        vccw_native_find(device->native, "-chardev", get(device, "chardev"));
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
write_chardev(const Device *device, VccwOption *chardev, guint row)
{
    const char *type = CHARDEVS[row].type;
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    gboolean socket = !strcmp(type, "unix") || !strcmp(type, "tcp");
    gboolean server = vccw_option_is(chardev, "server", "on");

    add_key(pairs, "mode", socket ? (server ? "bind" : "connect") : NULL);
    add_key(pairs, "host", vccw_option_get(chardev, "host"));
    add_key(pairs, "service", vccw_option_get(chardev, "port"));
    add_key(pairs, "path", vccw_option_get(chardev, "path"));
    add_key(pairs, "append", vccw_option_get(chardev, "append"));
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
write_sclp(Device *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);

    if (!chardev) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "console", "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_empty(device->writer, "target", "type", device->what, NULL);
    write_alias(device);
    vccw_xml_writer_close(device->writer, "console");
    return TRUE;
}

static gboolean
write_3270(Device *device)
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
    write_alias(device);
    write_address(device);
    vccw_xml_writer_close(device->writer, "serial");
    return TRUE;
}

static gboolean
write_port(Device *device)
{
    guint row;
    VccwOption *chardev = find_chardev(device, &row);
    g_autofree char *controller = NULL;
    const char *port = get(device, "nr");
    const char *name = get(device, "name");

    if (!chardev || !bus_number(device, "virtio-serial", &controller)) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, device->what, "type", CHARDEVS[row].type, NULL);
    write_chardev(device, chardev, row);
    vccw_xml_writer_empty(device->writer, "target", "type", "virtio",
                          name ? "name" : NULL, name, NULL);
    write_alias(device);
    if (get(device, "bus") && port) {
        vccw_xml_writer_empty(device->writer, "address", "type", "virtio-serial",
                              "controller", controller, "bus", "0", "port", port, NULL);
    }
    vccw_xml_writer_close(device->writer, device->what);
    return TRUE;
}

static gboolean
write_controller(Device *device)
{
    gboolean scsi = !strcmp(device->what, "scsi");
    guint *next = scsi ? &device->native->n_scsi : &device->native->n_serial;
    g_autofree char *index = g_strdup_printf("%u", *next);
    g_autofree char *id = g_strconcat(device->what, index, NULL);
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    const char *ports = get(device, "max_ports");

    /* Buses are found by the controller's id, so another id cannot be expressed. */
    if (g_strcmp0(get(device, "id"), id) != 0) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "controller", "type", device->what, "index",
                         index,
                         scsi    ? "model"
                         : ports ? "ports"
                                 : NULL,
                         scsi ? "virtio-scsi" : ports, NULL);
    add_key(pairs, "queues", get(device, "num_queues"));
    add_key(pairs, "cmd_per_lun", get(device, "cmd_per_lun"));
    add_key(pairs, "max_sectors", get(device, "max_sectors"));
    add_key(pairs, "iothread", thread_number(device));
    write_driver(device, pairs);
    write_address(device);
    vccw_xml_writer_close(device->writer, "controller");
    (*next)++;
    return TRUE;
}

static gboolean
write_memballoon(Device *device)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    const char *deflate = get(device, "deflate-on-oom");
    const char *pages = get(device, "free-page-reporting");

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
    write_alias(device);
    write_address(device);
    vccw_xml_writer_close(device->writer, "memballoon");
    return TRUE;
}

static gboolean
write_rng(Device *device)
{
    VccwOption *object = claim(device, "rng", "-object", "qom-type id filename");
    gboolean builtin = object && vccw_option_is(object, "qom-type", "rng-builtin");
    const char *path = object ? vccw_option_get(object, "filename") : NULL;

    if (!object || (!builtin && !vccw_option_is(object, "qom-type", "rng-random"))) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "rng", "model", "virtio", NULL);
    if (get(device, "max-bytes")) {
        const char *period = get(device, "period");
        vccw_xml_writer_empty(device->writer, "rate", "bytes", get(device, "max-bytes"),
                              period ? "period" : NULL, period, NULL);
    }
    if (builtin) {
        vccw_xml_writer_empty(device->writer, "backend", "model", "builtin", NULL);
    } else {
        vccw_xml_writer_text_with(device->writer, "backend", "model", "random",
                                  path ? path : "/dev/random");
    }
    write_virtio(device);
    write_alias(device);
    write_address(device);
    vccw_xml_writer_close(device->writer, "rng");
    object->used = TRUE;
    return TRUE;
}

static gboolean
write_video(Device *device)
{
    const char *heads = get(device, "max_outputs");

    vccw_xml_writer_open(device->writer, "video", NULL);
    if (get(device, "xres") && get(device, "yres")) {
        vccw_xml_writer_open(device->writer, "model", "type", "virtio", "heads",
                             heads ? heads : "1", NULL);
        vccw_xml_writer_empty(device->writer, "resolution", "x", get(device, "xres"), "y",
                              get(device, "yres"), NULL);
        vccw_xml_writer_close(device->writer, "model");
    } else {
        vccw_xml_writer_empty(device->writer, "model", "type", "virtio", "heads",
                              heads ? heads : "1", NULL);
    }
    write_virtio(device);
    write_alias(device);
    write_address(device);
    vccw_xml_writer_close(device->writer, "video");
    return TRUE;
}

static gboolean
write_input(Device *device)
{
    vccw_xml_writer_open(device->writer, "input", "type", device->what, "bus", "virtio",
                         NULL);
    write_virtio(device);
    write_alias(device);
    write_address(device);
    vccw_xml_writer_close(device->writer, "input");
    return TRUE;
}

static gboolean
write_filesystem(Device *device)
{
    VccwOption *fsdev =
        claim(device, "fsdev", "-fsdev", "fsdriver id path security_model readonly");
    const char *path = fsdev ? vccw_option_get(fsdev, "path") : NULL;
    const char *model = fsdev ? vccw_option_get(fsdev, "security_model") : NULL;
    const char *mode = !g_strcmp0(model, "passthrough") ? "passthrough"
                       : !g_strcmp0(model, "mapped")    ? "mapped"
                       : !g_strcmp0(model, "none")      ? "squash"
                                                        : NULL;

    if (!path || !mode || !vccw_option_is(fsdev, "fsdriver", "local") ||
        !get(device, "mount_tag")) {
        return FALSE;
    }
    vccw_xml_writer_open(device->writer, "filesystem", "type", "mount", "accessmode",
                         mode, NULL);
    vccw_xml_writer_empty(device->writer, "source", "dir", path, NULL);
    vccw_xml_writer_empty(device->writer, "target", "dir", get(device, "mount_tag"),
                          NULL);
    if (vccw_option_is(fsdev, "readonly", "on")) {
        vccw_xml_writer_empty(device->writer, "readonly", NULL);
    }
    write_virtio(device);
    write_alias(device);
    write_address(device);
    vccw_xml_writer_close(device->writer, "filesystem");
    fsdev->used = TRUE;
    return TRUE;
}

static gboolean
write_watchdog(Device *device)
{
    const char *action = device->native->watchdog_action;

    vccw_xml_writer_empty(device->writer, "watchdog", "model", "diag288", "action",
                          action ? action : "reset", NULL);
    return TRUE;
}

static gboolean
write_vsock(Device *device)
{
    const char *cid = get(device, "guest-cid");

    vccw_xml_writer_open(device->writer, "vsock", "model", "virtio", NULL);
    vccw_xml_writer_empty(device->writer, "cid", "auto", cid ? "no" : "yes",
                          cid ? "address" : NULL, cid, NULL);
    write_virtio(device);
    write_alias(device);
    write_address(device);
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
      write_virtio_disk, NULL },
    { "scsi-hd",
      "driver id bus channel scsi-id lun drive bootindex loadparm serial "
      "write-cache share-rw device_id werror rerror logical_block_size "
      "physical_block_size",
      write_scsi_disk, "disk" },
    { "scsi-cd",
      "driver id bus channel scsi-id lun drive bootindex loadparm serial "
      "write-cache share-rw device_id werror rerror logical_block_size "
      "physical_block_size",
      write_scsi_disk, "cdrom" },
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
write_device(Device *device, VccwOption *option, guint row)
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
    Device device = { .native = native, .writer = writer };
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
