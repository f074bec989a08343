/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/emulator.h"
#include "base/quote.h"
#include "xml/writer.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <virtccw/error.h>

#define PROGRAM "qemu-system-s390x"

/*
 * Whoever may ask may name any program, and it is run with all rights of this process. So
 * it must be called as QEMU is, and nobody but root (or this process's own user) may be
 * able to put something else in its place: links are resolved first, and then the file
 * and every folder above it are looked at, from "/" downwards. As each is root's alone,
 * what was looked at stays what it is.
 */

static gboolean
is_called_qemu(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    return g_str_equal(name, "qemu-kvm") ||
           (g_str_has_prefix(name, "qemu-system-") && name[strlen("qemu-system-")]);
}

/* @kind: S_IFDIR or S_IFREG */
static gboolean
is_ours(const char *path, mode_t kind)
{
    struct stat st;

    return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind &&
           (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & S_IWOTH) &&
           (!(st.st_mode & S_IWGRP) || st.st_gid == 0);
}

/* Returns: (transfer full) (nullable): what of @path others could change. */
static char *
find_foreign(const char *path)
{
    for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *folder = g_strndup(path, slash == path ? 1 : slash - path);

        if (!is_ours(folder, S_IFDIR))
            return g_steal_pointer(&folder);
    }
    return is_ours(path, S_IFREG) ? NULL : g_strdup(path);
}

static gboolean
check_trusted(const char *path, GError **error)
{
    g_autofree char *quoted = vccw_quote(path, VCCW_QUOTE_PATH);
    g_autofree char *foreign = find_foreign(path);
    g_autofree char *culprit = vccw_quote(foreign, VCCW_QUOTE_PATH);

    if (!is_called_qemu(path)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "%s is not run: an emulator is called qemu-system-... or qemu-kvm; "
                    "name qemu-system-s390x in <emulator>",
                    quoted);
        return FALSE;
    }
    if (!foreign)
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                "%s is not run: others than root could change %s; it and every folder "
                "above it must be root's, and nobody else may write there",
                quoted, culprit);
    return FALSE;
}

/* Returns: (transfer full) (nullable): where @program really is. */
static char *
resolve(const char *program)
{
    g_autofree char *found =
        strchr(program, '/') ? NULL : g_find_program_in_path(program);
    const char *path = found ? found : *program == '/' ? program : NULL;
    char *real = path ? realpath(path, NULL) : NULL;
    char *copy = g_strdup(real);

    free(real);
    return copy;
}

VccwQemu *
vccw_emulator_probe(const char *program, GError **error)
{
    const char *named = program ? program : PROGRAM;
    g_autofree char *path = resolve(named);
    g_autofree char *quoted = NULL;

    if (path)
        return check_trusted(path, error) ? vccw_qemu_probe(path, error) : NULL;
    quoted = vccw_quote(named, VCCW_QUOTE_PATH);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                "there is no emulator %s: install QEMU for s390x, or name its path",
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
