/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * For tests and tools/bench: what the library makes of guests.
 *
 * "guest-arguments [--legacy] FILE..." prints a line for each document: "ok", a tab and
 * the command line; or "error", a tab, the VccwError, a tab and the message.
 *
 * "guest-arguments --time N" prints milliseconds of CPU to read a guest with N hostdevs,
 * to give them addresses, and to translate them, each the best of five rounds.
 *
 * QEMU is qemu-system-s390x from $PATH.
 */

#include "cost.h"
#include "many-hostdevs.h"
#include <stdlib.h>
#include <time.h>
#include <virtccw/error.h>
#include <virtccw/qemu.h>

#define ROUNDS 5

static VccwQemu *qemu;
static VccwQemuForm form;

static char *
native_of(const char *text, GError **error)
{
    g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, FALSE, error);

    if (!domain || !vccw_domain_xml_check(domain, error) ||
        !vccw_domain_xml_assign(domain, error)) {
        return NULL;
    }
    return vccw_qemu_native(domain, qemu, form, error);
}

static void
print_native(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_autofree char *native = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        g_error("%s", error->message);
    }
    native = native_of(text, &error);
    if (native) {
        g_print("ok\t%s\n", g_strdelimit(native, "\n", ' '));
    } else {
        g_print("error\t%d\t%s\n", error->code, error->message);
    }
}

static void
print_times(guint count)
{
    g_autofree char *text = many_hostdevs(count);
    double parse = G_MAXDOUBLE, assign = G_MAXDOUBLE, translate = G_MAXDOUBLE;

    for (guint round = 0; round < ROUNDS; round++) {
        double begin = cpu_ms();
        g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, FALSE, NULL);
        g_auto(GStrv) words = NULL;

        parse = MIN(parse, cpu_ms() - begin);
        begin = cpu_ms();
        if (!domain || !vccw_domain_xml_assign(domain, NULL)) {
            g_error("no addresses");
        }
        assign = MIN(assign, cpu_ms() - begin);
        begin = cpu_ms();
        words = vccw_qemu_arguments(domain, qemu, vccw_qemu_form(qemu), NULL);
        translate = MIN(translate, cpu_ms() - begin);
        if (!words || g_strv_length(words) < 2 * count) {
            g_error("no arguments");
        }
    }
    g_print("%.2f %.2f %.2f\n", parse, assign, translate);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    qemu = vccw_qemu_probe("qemu-system-s390x", &error);
    if (!qemu) {
        g_printerr("guest-arguments: %s\n", error->message);
        return 1;
    }
    form = vccw_qemu_form(qemu);
    if (argc == 3 && g_str_equal(argv[1], "--time")) {
        print_times(strtoul(argv[2], NULL, 10));
    } else {
        for (int i = 1; i < argc; i++) {
            if (g_str_equal(argv[i], "--legacy")) {
                form = VCCW_QEMU_FORM_LEGACY;
            } else {
                print_native(argv[i]);
            }
        }
    }
    vccw_qemu_unref(qemu);
    return 0;
}
