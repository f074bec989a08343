/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What of a guest is no device: machine, processor, memory, and what it boots. */

#include "base/hash.h"
#include "qemu/guest.h"

#include <string.h>

#define MEMORY_ID   "s390.ram" /* what the machine type itself calls its memory */
#define SECURITY_ID "lsec0"

static char *
text_of(const VccwGuest *guest, const char *name)
{
    return vccw_xml_element_text(guest->root, name);
}

static void
add_name(VccwGuest *guest)
{
    g_autofree char *name = text_of(guest, "name");
    VccwProps props;

    vccw_props_init(&props, VCCW_QEMU_FORM_LEGACY, NULL, NULL);
    vccw_props_string(&props, "guest", name);
    vccw_props_string(&props, "debug-threads", "on");
    vccw_guest_add_props(guest, "-name", &props);
}

static const xmlNode *
path(const xmlNode *node, const char *first, const char *second)
{
    const xmlNode *found = vccw_xml_element_first(node, first);

    return found ? vccw_xml_element_first(found, second) : NULL;
}

/* Protected keys: "aes-key-wrap" and "dea-key-wrap". */
static void
add_key_wrapping(const VccwGuest *guest, VccwProps *props)
{
    const xmlNode *cipher = path(guest->root, "keywrap", "cipher");

    for (; cipher; cipher = vccw_xml_element_next(cipher)) {
        g_autofree char *name = vccw_xml_element_attribute(cipher, "name");
        g_autofree char *state = vccw_xml_element_attribute(cipher, "state");

        if (!g_strcmp0(name, "aes")) {
            vccw_props_string(props, "aes-key-wrap", state);
        } else if (!g_strcmp0(name, "dea")) {
            vccw_props_string(props, "dea-key-wrap", state);
        }
    }
}

/* Where no device can have a loadparm, the machine has the one of what boots first. */
static void
add_loadparm(const VccwGuest *guest, VccwProps *props)
{
    const GPtrArray *devices = vccw_domain_devices(guest->domain);

    if (vccw_qemu_has_property(guest->qemu, "virtio-blk-ccw", "loadparm") ||
        !vccw_qemu_has_property(guest->qemu, "machine", "loadparm")) {
        return;
    }
    for (guint i = 0; i < devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(devices, i);
        const char *loadparm =
            device->hostdev ? device->hostdev->loadparm : device->loadparm;

        if (loadparm && device->boot_order == 1) {
            g_autofree char *upper = g_ascii_strup(loadparm, -1);
            vccw_props_string(props, "loadparm", upper);
            return;
        }
    }
}

static gboolean
add_machine(VccwGuest *guest, GError **error)
{
    const xmlNode *type = path(guest->root, "os", "type");
    g_autofree char *name = type ? vccw_xml_element_attribute(type, "machine") : NULL;
    const char *machine = vccw_qemu_machine(guest->qemu, name);
    g_autofree char *dump = vccw_guest_child(guest->root, "memory", "dumpCore");
    g_auto(VccwProps) props = { 0 };

    if (!machine) {
        g_autofree char *quoted = vccw_guest_quote(name);

        return vccw_guest_refuse(type ? type : guest->root, error,
                                 "'%s' has no machine type %s; '%s -M help' lists them",
                                 vccw_qemu_program(guest->qemu), quoted,
                                 vccw_qemu_program(guest->qemu));
    }
    vccw_props_init(&props, VCCW_QEMU_FORM_LEGACY, "", machine);
    vccw_props_string(&props, "usb", "off");
    add_key_wrapping(guest, &props);
    vccw_props_string(&props, "dump-guest-core", dump ? dump : "off");
    if (path(guest->root, "memoryBacking", "nosharepages")) {
        vccw_props_string(&props, "mem-merge", "off");
    }
    if (vccw_xml_element_first(guest->root, "launchSecurity")) {
        vccw_props_string(&props, "confidential-guest-support", SECURITY_ID);
    }
    vccw_props_string(&props, "memory-backend", MEMORY_ID);
    add_loadparm(guest, &props);
    vccw_guest_add_props(guest, "-machine", &props);
    return TRUE;
}

/* A guest whose memory the host cannot read: IBM Secure Execution. */
static gboolean
add_security(VccwGuest *guest, GError **error)
{
    const xmlNode *node = vccw_xml_element_first(guest->root, "launchSecurity");
    g_autofree char *type = NULL;
    VccwProps props;

    type = node ? vccw_xml_element_attribute(node, "type") : NULL;
    if (!node) {
        return TRUE;
    }
    if (g_strcmp0(type, "s390-pv") != 0) {
        g_autofree char *quoted = vccw_guest_quote(type);

        return vccw_guest_refuse(node, error,
                                 "<launchSecurity type=%s> is not for s390x; write "
                                 "type='s390-pv', or remove it",
                                 quoted);
    }
    if (!vccw_guest_need(guest, node, "s390-pv-guest", error)) {
        return FALSE;
    }
    vccw_guest_props(guest, &props, "qom-type", "s390-pv-guest");
    vccw_props_string(&props, "id", SECURITY_ID);
    vccw_guest_add_props(guest, "-object", &props);
    return TRUE;
}

/* KVM where it can be had, else QEMU's own emulation. */
static gboolean
has_kvm(const VccwGuest *guest)
{
    g_autofree char *type = vccw_xml_element_attribute(guest->root, "type");

    return g_strcmp0(type, "qemu") != 0 && vccw_qemu_has_kvm(guest->qemu);
}

static gboolean
add_cpu_features(GString *out, const xmlNode *cpu, GError **error)
{
    const xmlNode *feature = vccw_xml_element_first(cpu, "feature");

    for (; feature; feature = vccw_xml_element_next(feature)) {
        g_autofree char *name = vccw_xml_element_attribute(feature, "name");
        g_autofree char *policy = vccw_xml_element_attribute(feature, "policy");
        gboolean off = !g_strcmp0(policy, "disable");

        if (!name || strpbrk(name, ",=")) {
            return vccw_guest_refuse(feature, error,
                                     "<feature> has no usable name; write e.g. "
                                     "<feature policy='require' name='vx'/>");
        }
        g_string_append_printf(out, ",%s=%s", name, off ? "off" : "on");
    }
    return TRUE;
}

static gboolean
add_cpu(VccwGuest *guest, GError **error)
{
    const xmlNode *cpu = vccw_xml_element_first(guest->root, "cpu");
    g_autofree char *mode = cpu ? vccw_xml_element_attribute(cpu, "mode") : NULL;
    g_autofree char *model = cpu ? vccw_xml_element_text(cpu, "model") : NULL;
    gboolean host =
        !g_strcmp0(mode, "host-passthrough") || !g_strcmp0(mode, "host-model");
    g_autoptr(GString) out = g_string_new(NULL);

    if (host && !has_kvm(guest)) {
        return vccw_guest_refuse(cpu, error,
                                 "<cpu mode='%s'> needs KVM, which '%s' cannot use here; "
                                 "write <cpu mode='maximum'/>",
                                 mode, vccw_qemu_program(guest->qemu));
    }
    if (host) {
        g_string_append(out, "host");
    } else if (!g_strcmp0(mode, "maximum")) {
        g_string_append(out, "max");
    } else {
        g_string_append(out, model ? model : has_kvm(guest) ? "host" : "qemu");
    }
    if (strpbrk(out->str, ", ")) {
        g_autofree char *quoted = vccw_guest_quote(out->str);

        return vccw_guest_refuse(cpu, error,
                                 "%s is no CPU model; '%s -cpu help' lists them", quoted,
                                 vccw_qemu_program(guest->qemu));
    }
    if (cpu && !add_cpu_features(out, cpu, error)) {
        return FALSE;
    }
    vccw_guest_add(guest, "-cpu", out->str);
    return TRUE;
}

/* Returns: bytes, a whole number of MiB as the machine wants it; 0 when there is none, or
 * more than any machine has. */
static guint64
memory_of(const VccwGuest *guest)
{
    guint64 kib = vccw_domain_xml_memory(guest->domain);

    return kib > G_GUINT64_CONSTANT(1) << 50 ? 0 : (kib + 1023) >> 10 << 20;
}

/* Only "restrictive" is done by cgroups; the others bind the memory itself. */
static gboolean
check_placement(const VccwGuest *guest, GError **error)
{
    const xmlNode *memory = path(guest->root, "numatune", "memory");
    g_autofree char *mode = memory ? vccw_xml_element_attribute(memory, "mode") : NULL;
    g_autofree char *quoted = vccw_guest_quote(mode ? mode : "strict");

    if (!memory || !g_strcmp0(mode, "restrictive")) {
        return TRUE;
    }
    return vccw_guest_refuse(memory, error,
                             "<memory mode=%s> of <numatune> is not translated; start "
                             "QEMU by numactl, or remove it",
                             quoted);
}

static const char *
memory_kind(const VccwGuest *guest, GError **error)
{
    const xmlNode *backing = vccw_xml_element_first(guest->root, "memoryBacking");
    g_autofree char *source =
        backing ? vccw_guest_child(backing, "source", "type") : NULL;

    if (backing && (vccw_xml_element_first(backing, "hugepages") ||
                    (source && strcmp(source, "memfd") && strcmp(source, "anonymous")))) {
        vccw_guest_refuse(backing, error,
                          "Memory of this kind is not translated; anonymous memory and "
                          "memfd without huge pages are");
        return NULL;
    }
    return !g_strcmp0(source, "memfd") ? "memory-backend-memfd" : "memory-backend-ram";
}

static gboolean
add_memory(VccwGuest *guest, GError **error)
{
    const xmlNode *backing = vccw_xml_element_first(guest->root, "memoryBacking");
    guint64 bytes = memory_of(guest);
    const char *kind = memory_kind(guest, error);
    VccwProps props;

    if (!kind || !check_placement(guest, error)) {
        return FALSE;
    }
    if (bytes == 0) {
        return vccw_guest_refuse(guest->root, error,
                                 "<memory> is no size; write e.g. <memory "
                                 "unit='GiB'>2</memory>");
    }
    vccw_guest_take(guest, "-m",
                    g_strdup_printf("size=%" G_GUINT64_FORMAT "k", bytes >> 10));
    vccw_guest_props(guest, &props, "qom-type", kind);
    vccw_props_string(&props, "id", MEMORY_ID);
    if (backing && vccw_guest_child_is(backing, "access", "mode", "shared")) {
        vccw_props_bool(&props, "share", TRUE);
    }
    if (backing && vccw_guest_child_is(backing, "allocation", "mode", "immediate")) {
        vccw_props_bool(&props, "prealloc", TRUE);
    }
    vccw_props_number(&props, "size", bytes);
    vccw_guest_add_props(guest, "-object", &props);
    vccw_guest_add(guest, "-overcommit",
                   backing && vccw_xml_element_first(backing, "locked") ? "mem-lock=on"
                                                                        : "mem-lock=off");
    return TRUE;
}

static gboolean
add_cpus(VccwGuest *guest, GError **error)
{
    const xmlNode *vcpu = vccw_xml_element_first(guest->root, "vcpu");
    const xmlNode *topology = path(guest->root, "cpu", "topology");
    g_autofree char *text = text_of(guest, "vcpu");
    guint most = 1, current, sockets, cores = 1, threads = 1;
    g_autoptr(GString) out = g_string_new(NULL);

    if (text &&
        !vccw_xml_element_number_from(vcpu, "<vcpu>", text, 10, 16384, &most, error)) {
        return FALSE;
    }
    current = sockets = most;
    if (!vccw_guest_number(vcpu, "current", most, &current, error) ||
        !vccw_guest_number(topology, "sockets", 16384, &sockets, error) ||
        !vccw_guest_number(topology, "cores", 16384, &cores, error) ||
        !vccw_guest_number(topology, "threads", 16384, &threads, error)) {
        return FALSE;
    }
    if (most == 0 || current == 0 || (guint64)sockets * cores * threads != most) {
        return vccw_guest_refuse(
            vcpu ? vcpu : guest->root, error,
            "%u CPUs, %u of them at the start, do not fit %u sockets "
            "of %u cores of %u threads",
            most, current, sockets, cores, threads);
    }
    g_string_append_printf(out, "%u", current);
    if (current != most) {
        g_string_append_printf(out, ",maxcpus=%u", most);
    }
    g_string_append_printf(out, ",sockets=%u,cores=%u,threads=%u", sockets, cores,
                           threads);
    vccw_guest_add(guest, "-smp", out->str);
    return TRUE;
}

static void
add_iothread(VccwGuest *guest, guint number)
{
    g_autofree char *id = g_strdup_printf("iothread%u", number);
    VccwProps props;

    vccw_guest_props(guest, &props, "qom-type", "iothread");
    vccw_props_string(&props, "id", id);
    vccw_guest_add_props(guest, "-object", &props);
}

/* Those that <iothreadids> numbers. @numbers: a set */
static gboolean
add_numbered_iothreads(VccwGuest *guest, GHashTable *numbers, GError **error)
{
    const xmlNode *node = path(guest->root, "iothreadids", "iothread");

    for (; node; node = vccw_xml_element_next(node)) {
        guint number = 0;

        if (!vccw_guest_number(node, "id", G_MAXINT, &number, error)) {
            return FALSE;
        }
        if (number == 0 || !g_hash_table_add(numbers, GUINT_TO_POINTER(number))) {
            return vccw_guest_refuse(node, error,
                                     "<iothread> needs an id from 1 that no other one "
                                     "has");
        }
        add_iothread(guest, number);
    }
    return TRUE;
}

/* The others get the lowest free numbers. */
static gboolean
add_iothreads(VccwGuest *guest, GError **error)
{
    const xmlNode *node = vccw_xml_element_first(guest->root, "iothreads");
    g_autoptr(GHashTable) numbers = g_hash_table_new(vccw_hash_number, NULL);
    g_autofree char *text = text_of(guest, "iothreads");
    guint count = 0;

    if (text && !vccw_xml_element_number_from(node, "<iothreads>", text, 10, 1024, &count,
                                              error)) {
        return FALSE;
    }
    if (!add_numbered_iothreads(guest, numbers, error)) {
        return FALSE;
    }
    for (guint i = 1; g_hash_table_size(numbers) < count; i++) {
        if (g_hash_table_add(numbers, GUINT_TO_POINTER(i))) {
            add_iothread(guest, i);
        }
    }
    return TRUE;
}

/* Which device boots, when <os> says it and not the device. */
static void
note_boot_order(VccwGuest *guest, const xmlNode *os)
{
    const xmlNode *boot = vccw_xml_element_first(os, "boot");

    for (guint order = 1; boot; boot = vccw_xml_element_next(boot), order++) {
        g_autofree char *kind = vccw_xml_element_attribute(boot, "dev");

        if (!g_strcmp0(kind, "hd")) {
            guest->boot_disk = order;
        } else if (!g_strcmp0(kind, "cdrom")) {
            guest->boot_cdrom = order;
        } else if (!g_strcmp0(kind, "network")) {
            guest->boot_network = order;
        }
    }
}

/* A guest that does not say what to boot, boots its first disk. */
static void
note_boot_default(VccwGuest *guest)
{
    const GPtrArray *devices = vccw_domain_devices(guest->domain);

    for (guint i = 0; i < devices->len; i++) {
        if (((const VccwDomainDevice *)g_ptr_array_index(devices, i))->boot_order > 0) {
            return;
        }
    }
    guest->boot_disk = 1;
}

static void
add_boot(VccwGuest *guest)
{
    static const struct {
        const char *element, *option;
    } FILES[] = { { "kernel", "-kernel" },
                  { "initrd", "-initrd" },
                  { "cmdline", "-append" } };
    const xmlNode *os = vccw_xml_element_first(guest->root, "os");
    gboolean menu = os && vccw_guest_child_is(os, "bootmenu", "enable", "yes");

    if (os) {
        note_boot_order(guest, os);
    }
    if (!os || !vccw_xml_element_first(os, "boot")) {
        note_boot_default(guest);
    }
    vccw_guest_add(guest, "-boot", menu ? "menu=on,strict=on" : "strict=on");
    for (guint i = 0; os && i < G_N_ELEMENTS(FILES); i++) {
        char *text = vccw_xml_element_text(os, FILES[i].element);

        if (text) {
            vccw_guest_take(guest, FILES[i].option, text);
        }
    }
}

static void
add_defaults(VccwGuest *guest)
{
    const xmlNode *devices = vccw_xml_element_first(guest->root, "devices");
    gboolean local = vccw_guest_child_is(guest->root, "clock", "offset", "localtime");
    g_autofree char *reboot = text_of(guest, "on_reboot");
    g_autofree char *uuid = text_of(guest, "uuid");

    if (uuid) {
        vccw_guest_add(guest, "-uuid", uuid);
    }
    if (!devices || !vccw_xml_element_first(devices, "graphics")) {
        vccw_guest_add(guest, "-display", "none");
    }
    vccw_guest_add(guest, "-no-user-config", NULL);
    vccw_guest_add(guest, "-nodefaults", NULL);
    vccw_guest_add(guest, "-rtc", local ? "base=localtime" : "base=utc");
    if (!g_strcmp0(reboot, "destroy")) {
        vccw_guest_add(guest, "-no-reboot", NULL);
    }
}

gboolean
vccw_guest_machine(VccwGuest *guest, GError **error)
{
    add_name(guest);
    if (!add_machine(guest, error)) {
        return FALSE;
    }
    vccw_guest_add(guest, "-accel", has_kvm(guest) ? "kvm" : "tcg");
    if (!add_cpu(guest, error) || !add_memory(guest, error) || !add_cpus(guest, error) ||
        !add_iothreads(guest, error) || !add_security(guest, error)) {
        return FALSE;
    }
    add_defaults(guest);
    add_boot(guest);
    return TRUE;
}
