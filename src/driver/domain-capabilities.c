/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * virConnectGetDomainCapabilities: what one emulator gives the guests of one machine
 * type. Beyond libvirt's own elements, the hostdev has an <enum name='model'>.
 */

#include "base/quote.h"
#include "driver/call.h"
#include "driver/domain.h"
#include "driver/emulator.h"
#include "driver/text-task.h"
#include "xml/writer.h"
#include <virtccw/error.h>

static gboolean G_GNUC_PRINTF(2, 3) refuse(GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list values;

    va_start(values, format);
    message = g_strdup_vprintf(format, values);
    va_end(values);
    g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG, message);
    return FALSE;
}

static gboolean
check_guest(const VccwArgs *args, const VccwQemu *qemu, GError **error)
{
    const char *program = vccw_qemu_program(qemu);
    const char *arch = args->text;
    const char *machine = args->third;
    g_autofree char *quoted = NULL;

    if (arch && !g_str_equal(arch, vccw_qemu_arch(qemu))) {
        quoted = vccw_quote(arch, VCCW_QUOTE_VALUE);
        return refuse(error, "'%s' has no guests of architecture %s: its guests are %s",
                      program, quoted, vccw_qemu_arch(qemu));
    }
    if (vccw_qemu_machine(qemu, machine))
        return TRUE;
    quoted = vccw_quote(machine ? machine : "default", VCCW_QUOTE_VALUE);
    return refuse(error, "the machine %s is not supported by emulator '%s'", quoted,
                  program);
}

static gboolean
check_type(const char *type, const VccwQemu *qemu, GError **error)
{
    const char *program = vccw_qemu_program(qemu);
    g_autofree char *quoted = NULL;

    if (!type || g_str_equal(type, "qemu"))
        return TRUE;
    if (g_str_equal(type, "kvm"))
        return vccw_qemu_has_kvm(qemu) ||
               refuse(error, "KVM is not supported by '%s' on this host", program);
    quoted = vccw_quote(type, VCCW_QUOTE_VALUE);
    return refuse(error, "unknown virttype %s: '%s' has 'kvm' and 'qemu'", quoted,
                  program);
}

/* @values: separated by blanks */
static void
put_enum(VccwXmlWriter *writer, const char *name, const char *values)
{
    g_auto(GStrv) all = g_strsplit(values, " ", -1);

    if (!all[0]) {
        vccw_xml_writer_empty(writer, "enum", "name", name, NULL);
        return;
    }
    vccw_xml_writer_open(writer, "enum", "name", name, NULL);
    for (guint i = 0; all[i]; i++)
        vccw_xml_writer_text(writer, "value", all[i]);
    vccw_xml_writer_close(writer, "enum");
}

static void
put_supported(VccwXmlWriter *writer, const char *name, gboolean supported)
{
    if (supported)
        vccw_xml_writer_open(writer, name, "supported", "yes", NULL);
    else
        vccw_xml_writer_empty(writer, name, "supported", "no", NULL);
}

static void
put_disk(VccwXmlWriter *writer, const VccwQemu *qemu)
{
    gboolean scsi = vccw_qemu_has(qemu, "virtio-scsi-ccw");
    gboolean virtio = vccw_qemu_has(qemu, "virtio-blk-ccw");

    put_supported(writer, "disk", scsi || virtio);
    if (!scsi && !virtio)
        return;
    put_enum(writer, "diskDevice", scsi ? "disk cdrom" : "disk");
    put_enum(writer, "bus", scsi && virtio ? "virtio scsi" : virtio ? "virtio" : "scsi");
    vccw_xml_writer_close(writer, "disk");
}

static void
put_hostdev(VccwXmlWriter *writer, const VccwQemu *qemu)
{
    gboolean has = vccw_qemu_has(qemu, "vfio-ccw");

    put_supported(writer, "hostdev", has);
    if (!has)
        return;
    put_enum(writer, "mode", "subsystem");
    put_enum(writer, "startupPolicy", "");
    put_enum(writer, "subsysType", "mdev");
    put_enum(writer, "model", "vfio-ccw");
    put_enum(writer, "capsType", "");
    put_enum(writer, "pciBackend", "");
    vccw_xml_writer_close(writer, "hostdev");
}

static void
put_rng(VccwXmlWriter *writer, const VccwQemu *qemu)
{
    gboolean has = vccw_qemu_has(qemu, "virtio-rng-ccw");

    put_supported(writer, "rng", has);
    if (!has)
        return;
    put_enum(writer, "model", "virtio");
    put_enum(writer, "backendModel", "random builtin");
    vccw_xml_writer_close(writer, "rng");
}

static void
put_cpu(VccwXmlWriter *writer, const VccwQemu *qemu, gboolean kvm)
{
    const char *const *models = vccw_qemu_cpu_models(qemu);

    vccw_xml_writer_open(writer, "cpu", NULL);
    vccw_xml_writer_empty(writer, "mode", "name", "host-passthrough", "supported",
                          kvm ? "yes" : "no", NULL);
    vccw_xml_writer_open(writer, "mode", "name", "custom", "supported", "yes", NULL);
    for (guint i = 0; models[i]; i++)
        vccw_xml_writer_text(writer, "model", models[i]);
    vccw_xml_writer_close(writer, "mode");
    vccw_xml_writer_close(writer, "cpu");
}

static char *
describe(const VccwQemu *qemu, const char *machine, gboolean kvm)
{
    g_autofree char *cpus = g_strdup_printf("%u", vccw_qemu_cpus_max(qemu, machine));
    VccwXmlWriter writer;

    vccw_xml_writer_init(&writer);
    vccw_xml_writer_open(&writer, "domainCapabilities", NULL);
    vccw_xml_writer_text(&writer, "path", vccw_qemu_program(qemu));
    vccw_xml_writer_text(&writer, "domain", kvm ? "kvm" : "qemu");
    vccw_xml_writer_text(&writer, "machine", machine);
    vccw_xml_writer_text(&writer, "arch", vccw_qemu_arch(qemu));
    vccw_xml_writer_empty(&writer, "vcpu", "max", cpus, NULL);
    vccw_xml_writer_empty(&writer, "os", "supported", "yes", NULL);
    put_cpu(&writer, qemu, kvm);
    vccw_xml_writer_open(&writer, "devices", NULL);
    put_disk(&writer, qemu);
    put_hostdev(&writer, qemu);
    put_rng(&writer, qemu);
    vccw_xml_writer_close(&writer, "devices");
    vccw_xml_writer_close(&writer, "domainCapabilities");
    return vccw_xml_writer_finish(&writer);
}

static char *
capabilities(VccwTextTask *task, GError **error)
{
    const VccwArgs *args = task->args;
    g_autoptr(VccwQemu) qemu = vccw_emulator_probe(args->name, error);
    gboolean kvm;

    if (!qemu || !check_guest(args, qemu, error) ||
        !check_type(args->fourth, qemu, error))
        return NULL;
    kvm = args->fourth ? g_str_equal(args->fourth, "kvm") : vccw_qemu_has_kvm(qemu);
    return describe(qemu, vccw_qemu_machine(qemu, args->third), kvm);
}

void
vccw_domain_capabilities(VccwCall *call)
{
    if (vccw_call_check_flags(call, 0))
        vccw_text_task_run_asking(call, "describe the emulator",
                                  vccw_call_args(call)->name, capabilities);
}
