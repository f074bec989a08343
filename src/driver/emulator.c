/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/emulator.h"
#include "base/quote.h"
#include "xml/writer.h"
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <virtccw/error.h>

#define PROGRAM "qemu-system-s390x"

/* Whoever may ask may name any program: none that a stranger could have written is run.
 */
static gboolean
is_trusted(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           (st.st_uid == 0 || st.st_uid == geteuid()) &&
           !(st.st_mode & (S_IWGRP | S_IWOTH));
}

VccwQemu *
vccw_emulator_probe(const char *program, GError **error)
{
    g_autofree char *path = program && *program == '/'
                                ? g_strdup(program)
                                : g_find_program_in_path(program ? program : PROGRAM);
    g_autofree char *quoted = NULL;

    if (path && is_trusted(path))
        return vccw_qemu_probe(path, error);
    quoted = vccw_quote(path ? path : program ? program : PROGRAM, VCCW_QUOTE_PATH);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                path && access(path, F_OK) == 0
                    ? "%s is not run: it must be a file of root's that nobody else may "
                      "write"
                    : "there is no emulator %s: install QEMU for s390x, or name its path",
                quoted);
    return NULL;
}

static void
put_machine(VccwXmlWriter *writer, const VccwQemu *qemu, const char *name)
{
    const char *alias = vccw_qemu_machine_alias(qemu, name);
    g_autofree char *cpus = g_strdup_printf("%u", vccw_qemu_cpus_max(qemu, name));

    if (alias) {
        g_autofree char *text = g_markup_printf_escaped(
            "      <machine canonical='%s' maxCpus='%s'>%s</machine>\n", name, cpus,
            alias);

        g_string_append(writer->out, text);
    }
    vccw_xml_writer_text_with(writer, "machine", "maxCpus", cpus, name);
}

static void
put_guest(VccwXmlWriter *writer, const VccwQemu *qemu)
{
    const char *const *machines = vccw_qemu_machines(qemu);

    vccw_xml_writer_open(writer, "guest", NULL);
    vccw_xml_writer_text(writer, "os_type", "hvm");
    vccw_xml_writer_open(writer, "arch", "name", vccw_qemu_arch(qemu), NULL);
    vccw_xml_writer_text(writer, "wordsize", "64");
    vccw_xml_writer_text(writer, "emulator", vccw_qemu_program(qemu));
    for (guint i = 0; machines[i]; i++)
        put_machine(writer, qemu, machines[i]);
    vccw_xml_writer_empty(writer, "domain", "type", "qemu", NULL);
    if (vccw_qemu_has_kvm(qemu))
        vccw_xml_writer_empty(writer, "domain", "type", "kvm", NULL);
    vccw_xml_writer_close(writer, "arch");
    vccw_xml_writer_close(writer, "guest");
}

char *
vccw_emulator_capabilities(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwQemu) qemu = vccw_emulator_probe(NULL, &error);
    VccwXmlWriter writer;
    struct utsname host;

    if (!qemu)
        g_debug("no guests: %s", error->message);
    uname(&host); /* cannot fail: its only argument is ours */
    vccw_xml_writer_init(&writer);
    vccw_xml_writer_open(&writer, "capabilities", NULL);
    g_string_append_c(writer.out, '\n');
    vccw_xml_writer_open(&writer, "host", NULL);
    vccw_xml_writer_open(&writer, "cpu", NULL);
    vccw_xml_writer_text(&writer, "arch", host.machine);
    vccw_xml_writer_close(&writer, "cpu");
    vccw_xml_writer_close(&writer, "host");
    g_string_append_c(writer.out, '\n');
    if (qemu) {
        put_guest(&writer, qemu);
        g_string_append_c(writer.out, '\n');
    }
    vccw_xml_writer_close(&writer, "capabilities");
    return vccw_xml_writer_finish(&writer);
}
