/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The document of a command line. Nothing of the command is lost: what no element can
 * express stands in <qemu:commandline>, from where it reaches QEMU again.
 */

#include "qemu/native.h"
#include "qemu/quote.h"

#include <string.h>
#include <virtccw/error.h>

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

/* What libvirt gives to every guest that it starts. */
static gboolean
is_managers(const VccwOption *option)
{
    return (!strcmp(option->name, "-chardev") &&
            vccw_option_is(option, "id", "charmonitor")) ||
           !strcmp(option->name, "-S") || !strcmp(option->name, "-no-shutdown");
}

static gboolean
keeps(const VccwNative *native, const VccwOption *option)
{
    return !option->used && !(native->managed && is_managers(option)) &&
           !(!strcmp(option->name, "-audiodev") &&
             vccw_option_is(option, "driver", "none"));
}

static gboolean
keeps_any(const VccwNative *native)
{
    for (guint i = 0; i < native->options->len; i++) {
        if (keeps(native, g_ptr_array_index(native->options, i))) {
            return TRUE;
        }
    }
    return native->env->len > 0;
}

static void
write_own(const VccwNative *native, VccwXmlWriter *writer)
{
    vccw_xml_writer_open(writer, "qemu:commandline", NULL);
    for (guint i = 0; i < native->options->len; i++) {
        const VccwOption *option = g_ptr_array_index(native->options, i);

        if (!keeps(native, option)) {
            continue;
        }
        vccw_xml_writer_empty(writer, "qemu:arg", "value", option->name, NULL);
        if (option->text) {
            vccw_xml_writer_empty(writer, "qemu:arg", "value", option->text, NULL);
        }
    }
    for (guint i = 0; i < native->env->len; i++) {
        const char *assignment = g_ptr_array_index(native->env, i);
        const char *equals = strchr(assignment, '=');
        g_autofree char *name = g_strndup(assignment, equals - assignment);

        vccw_xml_writer_empty(writer, "qemu:env", "name", name, "value", equals + 1,
                              NULL);
    }
    vccw_xml_writer_close(writer, "qemu:commandline");
}

static void
write_memory(const VccwNative *native, VccwXmlWriter *writer)
{
    /* QEMU's own default is 128 MiB. */
    g_autofree char *size =
        g_strdup_printf("%" G_GUINT64_FORMAT, native->memory ? native->memory : 131072);

    vccw_xml_writer_text_attributes(
        writer, "memory", size, native->dump_core ? "dumpCore" : "unit",
        native->dump_core ? "on" : "KiB", native->dump_core ? "unit" : NULL, "KiB", NULL);
    vccw_xml_writer_text_with(writer, "currentMemory", "unit", "KiB", size);
    if (!native->memfd && !native->shared && !native->locked && !native->prealloc &&
        !native->no_merge) {
        return;
    }
    vccw_xml_writer_open(writer, "memoryBacking", NULL);
    if (native->no_merge) {
        vccw_xml_writer_empty(writer, "nosharepages", NULL);
    }
    if (native->locked) {
        vccw_xml_writer_empty(writer, "locked", NULL);
    }
    if (native->memfd) {
        vccw_xml_writer_empty(writer, "source", "type", "memfd", NULL);
    }
    if (native->shared) {
        vccw_xml_writer_empty(writer, "access", "mode", "shared", NULL);
    }
    if (native->prealloc) {
        vccw_xml_writer_empty(writer, "allocation", "mode", "immediate", NULL);
    }
    vccw_xml_writer_close(writer, "memoryBacking");
}

static void
write_cpus(const VccwNative *native, VccwXmlWriter *writer)
{
    guint most = MAX(native->cpus_max, 1);
    g_autofree char *count = g_strdup_printf("%u", most);
    g_autofree char *current = g_strdup_printf("%u", native->cpus);
    g_autofree char *threads = g_strdup_printf("%u", native->iothreads);

    if (native->cpus && native->cpus < most) {
        vccw_xml_writer_text_with(writer, "vcpu", "current", current, count);
    } else {
        vccw_xml_writer_text(writer, "vcpu", count);
    }
    if (native->iothreads > 0) {
        vccw_xml_writer_text(writer, "iothreads", threads);
    }
}

static void
write_key_wrapping(const VccwNative *native, VccwXmlWriter *writer)
{
    if (!native->aes && !native->dea) {
        return;
    }
    vccw_xml_writer_open(writer, "keywrap", NULL);
    if (native->aes) {
        vccw_xml_writer_empty(writer, "cipher", "name", "aes", "state", native->aes,
                              NULL);
    }
    if (native->dea) {
        vccw_xml_writer_empty(writer, "cipher", "name", "dea", "state", native->dea,
                              NULL);
    }
    vccw_xml_writer_close(writer, "keywrap");
}

static gboolean
has_boot_index(const VccwNative *native)
{
    for (guint i = 0; i < native->options->len; i++) {
        const VccwOption *option = g_ptr_array_index(native->options, i);

        if (!strcmp(option->name, "-device") && vccw_option_get(option, "bootindex")) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
write_os(const VccwNative *native, VccwXmlWriter *writer)
{
    static const struct {
        char letter;
        const char *name;
    } BOOT[] = { { 'c', "hd" }, { 'd', "cdrom" }, { 'n', "network" } };
    gboolean own = has_boot_index(native);

    vccw_xml_writer_open(writer, "os", NULL);
    vccw_xml_writer_text_attributes(writer, "type", "hvm", "arch", "s390x", "machine",
                                    native->machine ? native->machine : "s390-ccw-virtio",
                                    NULL);
    vccw_xml_writer_text(writer, "kernel", native->kernel);
    vccw_xml_writer_text(writer, "initrd", native->initrd);
    vccw_xml_writer_text(writer, "cmdline", native->append);
    for (const char *p = native->boot; !own && p && *p; p++) {
        for (guint i = 0; i < G_N_ELEMENTS(BOOT); i++) {
            if (BOOT[i].letter == *p && !strchr(p + 1, *p)) {
                vccw_xml_writer_empty(writer, "boot", "dev", BOOT[i].name, NULL);
            }
        }
    }
    if (native->boot_menu) {
        vccw_xml_writer_empty(writer, "bootmenu", "enable", "yes", NULL);
    }
    vccw_xml_writer_close(writer, "os");
}

static void
write_topology(const VccwNative *native, VccwXmlWriter *writer)
{
    g_autofree char *sockets = g_strdup_printf("%u", native->sockets);
    g_autofree char *cores = g_strdup_printf("%u", native->cores);
    g_autofree char *threads = g_strdup_printf("%u", native->threads);

    vccw_xml_writer_empty(writer, "topology", "sockets", sockets, "dies", "1", "cores",
                          cores, "threads", threads, NULL);
}

static void
write_features(char **features, VccwXmlWriter *writer)
{
    for (; *features; features++) {
        char *equals = strchr(*features, '=');
        gboolean off = equals && !strcmp(equals, "=off");

        if (equals) {
            *equals = '\0';
        }
        vccw_xml_writer_empty(writer, "feature", "policy", off ? "disable" : "require",
                              "name", *features, NULL);
    }
}

/* <cpu>; a topology of as many sockets as CPUs goes without saying. */
static void
write_cpu(const VccwNative *native, VccwXmlWriter *writer)
{
    g_auto(GStrv) parts = g_strsplit(native->cpu ? native->cpu : "", ",", -1);
    const char *model = parts[0] ? parts[0] : "";
    gboolean plain = !strcmp(model, native->kvm ? "host" : "qemu") && !parts[1];
    gboolean topology =
        native->sockets && native->cores && native->threads &&
        native->sockets != native->cpus_max &&
        (guint64)native->sockets * native->cores * native->threads == native->cpus_max;
    const char *mode = !strcmp(model, "host")  ? "host-passthrough"
                       : !strcmp(model, "max") ? "maximum"
                                               : "custom";

    if ((!*model || plain) && !topology) {
        return;
    }
    if (!*model || plain) {
        vccw_xml_writer_open(writer, "cpu", NULL);
    } else if (!strcmp(mode, "custom")) {
        vccw_xml_writer_open(writer, "cpu", "mode", mode, "match", "exact", "check",
                             "none", NULL);
        vccw_xml_writer_text_with(writer, "model", "fallback", "forbid", model);
    } else {
        vccw_xml_writer_open(writer, "cpu", "mode", mode, "check", "none", NULL);
    }
    if (topology) {
        write_topology(native, writer);
    }
    write_features(parts[0] ? parts + 1 : parts, writer);
    vccw_xml_writer_close(writer, "cpu");
}

static void
write_console(VccwXmlWriter *writer)
{
    vccw_xml_writer_open(writer, "console", "type", "pty", NULL);
    vccw_xml_writer_empty(writer, "target", "type", "sclp", NULL);
    vccw_xml_writer_close(writer, "console");
}

static gboolean
has_device(const VccwNative *native, const char *driver)
{
    for (guint i = 0; i < native->options->len; i++) {
        const VccwOption *option = g_ptr_array_index(native->options, i);

        if (!strcmp(option->name, "-serial") ||
            (!strcmp(option->name, "-device") &&
             vccw_option_is(option, "driver", driver))) {
            return TRUE;
        }
    }
    return FALSE;
}

/* "127.0.0.1:1" */
static void
write_graphics(const VccwNative *native, VccwXmlWriter *writer)
{
    const char *colon = native->vnc ? strrchr(native->vnc, ':') : NULL;
    g_autofree char *port = NULL, *listen = NULL;

    if (!colon) {
        return;
    }
    port = g_strdup_printf("%u", 5900 + (guint)g_ascii_strtoull(colon + 1, NULL, 10));
    listen = colon > native->vnc ? g_strndup(native->vnc, colon - native->vnc)
                                 : g_strdup("0.0.0.0");
    vccw_xml_writer_empty(writer, "graphics", "type", "vnc", "port", port, "autoport",
                          "no", "listen", listen, NULL);
}

static void
write_devices(VccwNative *native, VccwXmlWriter *writer)
{
    g_autofree char *emulator = NULL;

    vccw_xml_writer_open(writer, "devices", NULL);
    emulator = strchr(native->program, '/')
                   ? g_strdup(native->program)
                   : g_build_filename("/usr/bin", native->program, NULL);
    vccw_xml_writer_text(writer, "emulator", emulator);
    vccw_native_write_devices(native, writer);
    write_graphics(native, writer);
    /* QEMU gives a guest a console by itself, unless it is told not to. */
    if (!native->no_defaults && !has_device(native, "sclpconsole")) {
        write_console(writer);
    }
    if (!native->balloon) {
        vccw_xml_writer_empty(writer, "memballoon", "model", "none", NULL);
    }
    vccw_xml_writer_close(writer, "devices");
}

/* The devices come first, to know what is left for <qemu:commandline>. */
static char *
write_domain(VccwNative *native)
{
    VccwXmlWriter writer;
    g_autofree char *name = NULL;

    vccw_xml_writer_init(&writer);
    name = g_strdup(native->name && *native->name ? native->name : "unnamed");
    vccw_xml_writer_open(&writer, "domain", "type", native->kvm ? "kvm" : "qemu",
                         "xmlns:qemu", QEMU_NAMESPACE, NULL);
    vccw_xml_writer_text(&writer, "name", name);
    vccw_xml_writer_text(&writer, "uuid", native->uuid);
    write_memory(native, &writer);
    write_cpus(native, &writer);
    write_os(native, &writer);
    write_cpu(native, &writer);
    if (native->local_clock) {
        vccw_xml_writer_empty(&writer, "clock", "offset", "localtime", NULL);
    }
    if (native->no_reboot) {
        vccw_xml_writer_text(&writer, "on_reboot", "destroy");
    }
    write_key_wrapping(native, &writer);
    write_devices(native, &writer);
    if (native->secure) {
        vccw_xml_writer_empty(&writer, "launchSecurity", "type", "s390-pv", NULL);
    }
    if (keeps_any(native)) {
        write_own(native, &writer);
    }
    vccw_xml_writer_close(&writer, "domain");
    return vccw_xml_writer_finish(&writer);
}

char *
vccw_qemu_from_native(const char *text, GError **error)
{
    g_auto(VccwNative) native = { NULL };
    g_auto(GStrv) words = NULL;

    if (strlen(text) > VCCW_QEMU_NATIVE_MAX) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
                    "The command line has more than %d bytes, no program can be started "
                    "with so many",
                    VCCW_QEMU_NATIVE_MAX);
        return NULL;
    }
    if (!vccw_xml_writer_can_carry(text)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "The command line is not UTF-8 or has control characters; no XML can "
                    "hold it");
        return NULL;
    }
    words = vccw_shell_split(text, VCCW_QEMU_WORDS_MAX, error);
    if (!words || !vccw_native_read(&native, words, error)) {
        return NULL;
    }
    return write_domain(&native);
}
