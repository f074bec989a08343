/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What of a document reaches the command line. Whatever is in neither list is refused by
 * name: a guest that silently lacks what its document asks for is worse than none.
 *
 * A word of a list is a name; "NAME=A|B" is an attribute that may only have these values;
 * "*NAME" is an element that is passed with all that it has, for it is about the manager
 * or the host (cgroups, security labels, limits of a tap device, what to do when the
 * guest ends), and is no argument of QEMU's in libvirt either. An element without a row
 * may have neither attributes nor elements. Namespaces of others are theirs.
 */

#include "base/quote.h"
#include "qemu/guest.h"

#include <string.h>

#define DEVICES     "domain/devices/"
#define ON_OFF      "=on|off"
#define YES_NO      "=yes|no"
#define VIRTIO      "iommu" ON_OFF " packed" ON_OFF
#define COMMON      "*alias address "
#define CCW_ADDRESS "type cssid ssid devno"
#define BACKENDS    "source protocol log target "

/* What serial devices, consoles and channels have in common. */
#define BACKEND(kind)                                                         \
    { DEVICES kind "/source", "mode path host service append", "*seclabel" }, \
        { DEVICES kind "/protocol", "type=raw|telnet", "" },                  \
        { DEVICES kind "/log", "file append" ON_OFF, "" },                    \
    {                                                                         \
        DEVICES kind "/address", CCW_ADDRESS " controller bus port", ""       \
    }

typedef struct {
    const char *path;
    const char *attributes;
    const char *elements;
} Row;

static const Row ROWS[] = {
    { "domain", "type id",
      "name uuid *title *description *metadata memory currentMemory memoryBacking vcpu "
      "vcpus iothreads iothreadids os features cpu clock *on_poweroff on_reboot "
      "*on_crash "
      "*on_lockfailure keywrap launchSecurity devices *cputune *blkiotune *memtune "
      "numatune *resource *seclabel *perf" },
    { "domain/memory", "unit dumpCore" ON_OFF, "" },
    { "domain/currentMemory", "unit", "" },
    { "domain/memoryBacking", "", "locked nosharepages source access allocation" },
    { "domain/memoryBacking/source", "type=memfd|anonymous", "" },
    { "domain/memoryBacking/access", "mode=shared|private", "" },
    { "domain/memoryBacking/allocation", "mode=immediate|ondemand", "" },
    { "domain/vcpu", "placement cpuset current", "" },
    { "domain/vcpus", "", "vcpu" },
    { "domain/vcpus/vcpu", "id enabled=yes hotpluggable order", "" },
    { "domain/iothreadids", "", "iothread" },
    { "domain/iothreadids/iothread", "id", "" },
    { "domain/numatune", "", "memory" },
    { "domain/numatune/memory", "mode placement=static nodeset", "" },
    { "domain/os", "", "type kernel initrd cmdline boot bootmenu" },
    { "domain/os/type", "arch machine", "" },
    { "domain/os/boot", "dev=hd|cdrom|network", "" },
    { "domain/os/bootmenu", "enable" YES_NO, "" },
    { "domain/features", "", "" },
    { "domain/cpu",
      "mode=custom|host-passthrough|host-model|maximum match=exact|strict check "
      "migratable=on",
      "model topology feature" },
    { "domain/cpu/model", "fallback", "" },
    { "domain/cpu/topology", "sockets dies=1 clusters=1 cores threads", "" },
    { "domain/cpu/feature", "name policy=require|disable", "" },
    { "domain/clock", "offset=utc|localtime", "" },
    { "domain/keywrap", "", "cipher" },
    { "domain/keywrap/cipher", "name=aes|dea state" ON_OFF, "" },
    { "domain/launchSecurity", "type=s390-pv", "" },
    { "domain/devices", "",
      "emulator disk controller filesystem interface serial channel console input audio "
      "graphics video watchdog hostdev memballoon rng panic vsock" },

    { DEVICES "disk", "type device snapshot model=virtio rawio=no",
      COMMON "driver source target readonly shareable serial boot backingStore blockio" },
    { DEVICES "disk/driver",
      "name=qemu type cache=default|none|writeback|writethrough|directsync|unsafe "
      "error_policy=stop|report|ignore|enospace rerror_policy=stop|report|ignore "
      "io=threads|native|io_uring discard=unmap|ignore detect_zeroes=on|off|unmap "
      "copy_on_read=off iothread queues queue_size " VIRTIO,
      "" },
    { DEVICES "disk/source", "file dev index startupPolicy", "*seclabel" },
    { DEVICES "disk/target", "dev bus tray=closed", "" },
    { DEVICES "disk/boot", "order loadparm", "" },
    { DEVICES "disk/address", CCW_ADDRESS " controller bus target unit", "" },
    { DEVICES "disk/blockio", "logical_block_size physical_block_size", "" },

    { DEVICES "controller", "type index model ports", COMMON "driver" },
    { DEVICES "controller/driver", "queues iothread cmd_per_lun max_sectors " VIRTIO,
      "" },
    { DEVICES "controller/address", CCW_ADDRESS, "" },

    { DEVICES "filesystem", "type=mount accessmode=passthrough|mapped|squash",
      COMMON "driver source target readonly" },
    { DEVICES "filesystem/driver", "type=path " VIRTIO, "" },
    { DEVICES "filesystem/source", "dir", "" },
    { DEVICES "filesystem/target", "dir", "" },
    { DEVICES "filesystem/address", CCW_ADDRESS, "" },

    { DEVICES "interface", "type managed trustGuestRxFilters",
      COMMON "mac source target script model mtu boot link driver *bandwidth *filterref "
             "*coalesce *guest" },
    { DEVICES "interface/mac", "address type check", "" },
    { DEVICES "interface/source", "bridge network portgroup portid", "" },
    { DEVICES "interface/target", "dev managed" YES_NO, "" },
    { DEVICES "interface/script", "path", "" },
    { DEVICES "interface/model", "type", "" },
    { DEVICES "interface/mtu", "size", "" },
    { DEVICES "interface/link", "state=up", "" },
    { DEVICES "interface/boot", "order loadparm", "" },
    { DEVICES "interface/driver", "name=qemu|vhost " VIRTIO, "" },
    { DEVICES "interface/address", CCW_ADDRESS, "" },

    { DEVICES "serial", "type tty", COMMON BACKENDS },
    { DEVICES "serial/target", "type=sclp-serial|serial port", "model" },
    { DEVICES "serial/target/model", "name=sclpconsole|sclplmconsole|x-terminal3270",
      "" },
    { DEVICES "console", "type tty", COMMON BACKENDS },
    { DEVICES "console/target", "type port", "" },
    { DEVICES "channel", "type", COMMON BACKENDS },
    { DEVICES "channel/target", "type name state", "" },
    BACKEND("serial"),
    BACKEND("console"),
    BACKEND("channel"),

    { DEVICES "input", "type bus model=virtio", COMMON "driver" },
    { DEVICES "input/driver", VIRTIO, "" },
    { DEVICES "input/address", CCW_ADDRESS, "" },

    { DEVICES "audio", "id type=none", "" },
    { DEVICES "graphics", "type port autoport listen", "listen *audio" },
    { DEVICES "graphics/listen", "type=address address", "" },
    { DEVICES "video", "", COMMON "model driver" },
    { DEVICES "video/driver", "name=qemu " VIRTIO, "" },
    { DEVICES "video/model", "type heads primary", "acceleration resolution" },
    { DEVICES "video/model/acceleration", "accel3d=no accel2d=no", "" },
    { DEVICES "video/model/resolution", "x y", "" },
    { DEVICES "video/address", CCW_ADDRESS, "" },

    { DEVICES "watchdog",
      "model=diag288 action=reset|shutdown|poweroff|pause|none|dump|inject-nmi",
      "*alias" },

    { DEVICES "hostdev", "mode type managed model", COMMON "source driver boot" },
    { DEVICES "hostdev/source", "", "address" },
    { DEVICES "hostdev/source/address", "uuid", "" },
    { DEVICES "hostdev/driver", "iommufd" YES_NO, "" },
    { DEVICES "hostdev/boot", "order loadparm", "" },
    { DEVICES "hostdev/address", CCW_ADDRESS, "" },

    { DEVICES "memballoon",
      "model=virtio|none autodeflate" ON_OFF " freePageReporting" ON_OFF,
      COMMON "driver *stats" },
    { DEVICES "memballoon/driver", VIRTIO, "" },
    { DEVICES "memballoon/address", CCW_ADDRESS, "" },

    { DEVICES "rng", "model=virtio", COMMON "rate backend driver" },
    { DEVICES "rng/rate", "bytes period", "" },
    { DEVICES "rng/backend", "model", "" },
    { DEVICES "rng/driver", VIRTIO, "" },
    { DEVICES "rng/address", CCW_ADDRESS, "" },

    { DEVICES "panic", "model=s390", "*alias" },

    { DEVICES "vsock", "model=virtio", COMMON "cid driver" },
    { DEVICES "vsock/cid", "auto address", "" },
    { DEVICES "vsock/driver", VIRTIO, "" },
    { DEVICES "vsock/address", CCW_ADDRESS, "" },
};

/* What to do instead, where it is not to remove the element. */
static const struct {
    const char *path;
    const char *hint;
} HINTS[] = {
    { "domain/numatune/memnode", "start QEMU by numactl, or remove it" },
    { "domain/devices/disk/backingStore",
      "QEMU finds the images below in the image itself; write <backingStore/> if there "
      "are none, or remove it" },
    { "domain/devices/disk/transient",
      "have QEMU start with -snapshot by <qemu:commandline>, or remove it" },
    { "domain/devices/interface/link", "take the link down in the guest, or remove it" },
};

/* Where the walk through a document is. */
typedef struct {
    GHashTable *rows; /* path → Row */
    GString *path;
} Walk;

static GHashTable *
rows_by_path(void)
{
    static GHashTable *rows;

    if (g_once_init_enter(&rows)) {
        GHashTable *made = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < G_N_ELEMENTS(ROWS); i++) {
            g_hash_table_insert(made, (gpointer)ROWS[i].path, (gpointer)&ROWS[i]);
        }
        g_once_init_leave(&rows, made);
    }
    return rows;
}

/* Returns: (nullable): what stands behind the word @name of @list: "=A|B", or nothing. */
static const char *
find(const char *list, const char *name)
{
    gsize length = strlen(name);

    while (*list) {
        gsize word = strcspn(list, " ");

        if (word >= length && !memcmp(list, name, length) &&
            (word == length || list[length] == '=')) {
            return list + length;
        }
        list += word;
        list += *list == ' ';
    }
    return NULL;
}

/* @values: "=A|B" and maybe more words, or none: then all are good. */
static gboolean
is_among(const char *values, const char *value)
{
    gsize length = strlen(value);

    if (*values != '=') {
        return TRUE;
    }
    while (*values == '=' || *values == '|') {
        gsize one = strcspn(++values, "| ");

        if (one == length && !memcmp(values, value, length)) {
            return TRUE;
        }
        values += one;
    }
    return FALSE;
}

static gboolean
check_attribute(const xmlNode *node, const xmlAttr *attr, const Row *row, GError **error)
{
    const char *name = (const char *)attr->name;
    const char *values = row ? find(row->attributes, name) : NULL;
    g_autofree char *value = vccw_xml_element_attribute(node, name);
    g_autofree char *quoted = NULL;

    if (values && is_among(values, value ? value : "")) {
        return TRUE;
    }
    quoted = vccw_quote(value, VCCW_QUOTE_VALUE);
    if (values) {
        g_autofree char *good = g_strndup(values + 1, strcspn(values + 1, " "));

        return vccw_guest_refuse(
            node, error, "%s=%s of <%s> is not translated; it may be: %s", name, quoted,
            (const char *)node->name, g_strdelimit(good, "|", ' '));
    }
    return vccw_guest_refuse(node, error, "%s=%s of <%s> is not translated; remove it",
                             name, quoted, (const char *)node->name);
}

static const char *
hint_of(const Walk *walk)
{
    for (guint i = 0; i < G_N_ELEMENTS(HINTS); i++) {
        if (!strcmp(HINTS[i].path, walk->path->str)) {
            return HINTS[i].hint;
        }
    }
    return NULL;
}

static gboolean
refuse_element(const Walk *walk, const xmlNode *node, GError **error)
{
    const char *hint = hint_of(walk);

    return vccw_guest_refuse(node, error, "<%s> of <%s> is not translated; %s",
                             (const char *)node->name, (const char *)node->parent->name,
                             hint ? hint : "remove it");
}

static gboolean check_element(Walk *walk, const xmlNode *node, GError **error);

/* @elements: those that the parent, whose path is at hand, may have. */
static gboolean
check_child(Walk *walk, const xmlNode *node, const char *elements, GError **error)
{
    const char *name = (const char *)node->name;
    gsize length = walk->path->len;
    g_autofree char *starred = NULL;
    gboolean ok;

    g_string_append_printf(walk->path, "/%s", name);
    if (find(elements, name)) {
        ok = check_element(walk, node, error);
    } else {
        starred = g_strconcat("*", name, NULL);
        ok = find(elements, starred) || refuse_element(walk, node, error);
    }
    g_string_truncate(walk->path, length);
    return ok;
}

static gboolean
check_element(Walk *walk, const xmlNode *node, GError **error)
{
    const Row *row = g_hash_table_lookup(walk->rows, walk->path->str);

    if (!row && (node->properties || xmlChildElementCount((xmlNode *)node) > 0) &&
        hint_of(walk)) {
        return refuse_element(walk, node, error);
    }
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        if (!attr->ns && !check_attribute(node, attr, row, error)) {
            return FALSE;
        }
    }
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && !child->ns &&
            !check_child(walk, child, row ? row->elements : "", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Of libvirt's elements for QEMU's own arguments. */
static gboolean
check_own(const xmlNode *root, GError **error)
{
    static const char *const REFUSED[] = { "capabilities", "override" };

    for (guint i = 0; i < G_N_ELEMENTS(REFUSED); i++) {
        const xmlNode *node =
            vccw_xml_element_first_ns(root, VCCW_GUEST_QEMU_NAMESPACE, REFUSED[i]);

        if (node) {
            return vccw_guest_refuse(node, error,
                                     "<qemu:%s> is not translated; write what QEMU is to "
                                     "be given into <qemu:commandline>",
                                     REFUSED[i]);
        }
    }
    return TRUE;
}

gboolean
vccw_guest_check_understood(const xmlNode *root, GError **error)
{
    g_autoptr(GString) path = g_string_new("domain");
    Walk walk = { rows_by_path(), path };

    return check_element(&walk, root, error) && check_own(root, error);
}
