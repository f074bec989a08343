/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Command lines. In tests/unit/data, each with a document NAME.xml:
 *
 * - qemu-args: a guest, and what it becomes for QEMU 7.2 (NAME.7.2.args), in the legacy
 *   form (NAME.legacy.args), and for QEMU 10.0 (NAME.10.0.args)
 * - qemu-refused: a guest that cannot be had from QEMU 7.2, and why (NAME.expected)
 * - qemu-native: a command line NAME.args, and the document NAME.out that it becomes
 *
 * And in xmlfiles, for each guest-NAME.xml: what it becomes for QEMU 10.0 with KVM, in
 * data/guest-arguments.
 *
 * With VIRTCCW_REGENERATE=1 in the environment what is expected is written, not compared.
 */

#include "cost.h"
#include "many-hostdevs.h"
#include "qemu/answers.h"
#include "qemu/quote.h"
#include "source-file.h"

#include <string.h>
#include <virtccw/error.h>

#define PROGRAM "/usr/bin/qemu-system-s390x"
#define MANUAL  "7e270a25-e163-4922-af60-757fc8ed48c6"

/* What a real QEMU of that version can do.
 * @more: (nullable): a type that it has besides */
static VccwQemu *
qemu_with(const char *version, const char *more)
{
    g_autofree char *name = g_strconcat(version, ".replies", NULL);
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "unit", "data", "qemu", name, NULL);
    g_autofree char *replies = read_file(path);
    g_autofree char *reply =
        more ? g_strdup_printf("%s\n{\"return\":[{\"name\":\"%s\"}],\"id\":\"types\"}\n",
                               replies, more)
             : g_strdup(replies);
    g_autoptr(GError) error = NULL;
    VccwQemu *qemu = vccw_understand_qemu(PROGRAM, reply, &error);

    g_assert_no_error(error);
    return qemu;
}

static VccwQemu *
qemu_of(const char *version)
{
    return qemu_with(version, NULL);
}

static VccwDomainXml *
domain_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, FALSE, &error);

    g_assert_no_error(error);
    vccw_domain_xml_check(domain, &error);
    g_assert_no_error(error);
    vccw_domain_xml_assign(domain, &error);
    g_assert_no_error(error);
    return g_steal_pointer(&domain);
}

static void
assert_golden(const char *path, const char *extension, const char *actual)
{
    const char *dot = strrchr(path, '.');
    g_autofree char *stem = g_strndup(path, dot - path);
    g_autofree char *golden = g_strconcat(stem, extension, NULL);
    g_autofree char *expected = NULL;

    if (g_getenv("VIRTCCW_REGENERATE")) {
        g_assert_true(g_file_set_contents(golden, actual, -1, NULL));
    }
    expected = read_file(golden);
    g_assert_cmpstr(actual, ==, expected);
}

/* An option and its value on a line. */
static char *
layout(char **words)
{
    GString *text = g_string_new(NULL);

    for (; *words; words++) {
        g_autofree char *word = vccw_shell_quote((const char *[]){ *words, NULL });

        g_string_append_printf(text, "%s%s",
                               text->len == 0   ? ""
                               : **words == '-' ? "\n"
                                                : " ",
                               word);
    }
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

static void
assert_arguments(const char *path,
                 const char *version,
                 VccwQemuForm form,
                 const char *extension)
{
    g_autofree char *text = read_file(path);
    g_autoptr(VccwDomainXml) domain = domain_of(text);
    g_autoptr(VccwQemu) qemu = qemu_of(version);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = vccw_qemu_arguments(domain, qemu, form, &error);
    g_autofree char *native = NULL;
    g_auto(GStrv) again = NULL;
    g_autofree char *laid = NULL;

    g_assert_no_error(error);
    laid = layout(words);
    assert_golden(path, extension, laid);
    native = vccw_qemu_native(domain, qemu, form, NULL);
    again = vccw_shell_split(native, VCCW_QEMU_WORDS_MAX, &error);
    g_assert_no_error(error);
    g_assert_true(g_strv_contains((const char *const *)again, PROGRAM));
}

static void
test_arguments(gconstpointer path)
{
    if (!g_str_has_suffix(path, "iommufd.xml")) {
        assert_arguments(path, "7.2", VCCW_QEMU_FORM_JSON, ".7.2.args");
        assert_arguments(path, "7.2", VCCW_QEMU_FORM_LEGACY, ".legacy.args");
    }
    assert_arguments(path, "10.0", VCCW_QEMU_FORM_JSON, ".10.0.args");
}

/* The samples that people read, on a host that can run all of them. */
static void
test_sample(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *golden =
        g_test_build_filename(G_TEST_DIST, "unit", "data", "guest-arguments", base, NULL);
    g_autoptr(VccwDomainXml) domain = domain_of(text);
    g_autoptr(VccwQemu) qemu = qemu_of("10.0");
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;
    g_autofree char *laid = NULL;

    qemu->kvm = TRUE;
    vccw_kvm_device = "/dev/null"; /* it can be opened */
    words = vccw_qemu_arguments(domain, qemu, VCCW_QEMU_FORM_JSON, &error);
    g_assert_no_error(error);
    laid = layout(words);
    assert_golden(golden, ".args", laid);
}

/* From arguments to XML to arguments: the same devices at the same addresses. */
static void
test_there_and_back(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autoptr(VccwDomainXml) domain = domain_of(text);
    g_autoptr(VccwDomainXml) back = NULL;
    g_autoptr(VccwQemu) qemu = qemu_of("10.0");
    g_autoptr(GError) error = NULL;

    for (VccwQemuForm form = VCCW_QEMU_FORM_JSON; form <= VCCW_QEMU_FORM_LEGACY; form++) {
        g_auto(GStrv) before = vccw_qemu_hostdev_arguments(domain, qemu, form, NULL);
        g_autofree char *native = vccw_qemu_native(domain, qemu, form, NULL);
        g_autofree char *document = vccw_qemu_from_native(native, &error);
        g_auto(GStrv) after = NULL;

        g_assert_no_error(error);
        back = domain_of(document);
        after = vccw_qemu_hostdev_arguments(back, qemu, form, NULL);
        g_assert_cmpint(g_strv_length(before), ==, g_strv_length(after));
        for (guint i = 0; before[i]; i++) {
            g_assert_true(g_strv_contains((const char *const *)after, before[i]));
        }
        g_clear_pointer(&back, vccw_domain_xml_free);
    }
}

static void
test_refused(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, FALSE, &error);
    g_autoptr(VccwQemu) qemu = qemu_of("7.2");
    g_auto(GStrv) words = NULL;
    g_autofree char *message = NULL;

    if (domain && vccw_domain_xml_check(domain, &error) &&
        vccw_domain_xml_assign(domain, &error)) {
        words = vccw_qemu_arguments(domain, qemu, VCCW_QEMU_FORM_JSON, &error);
    }
    g_assert_null(words);
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED);
    message = g_strconcat(error->message, "\n", NULL);
    assert_golden(path, ".expected", message);
}

static void
test_native(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autoptr(GError) error = NULL;
    g_autofree char *document = vccw_qemu_from_native(text, &error);
    g_autoptr(VccwDomainXml) domain = NULL;

    g_assert_no_error(error);
    assert_golden(path, ".out", document);
    domain = domain_of(document);
    g_assert_nonnull(domain);
}

static void
test_native_refused(void)
{
    static const struct {
        const char *text;
        int code;
    } LINES[] = {
        { "", VCCW_ERROR_INVALID_ARG },
        { "A=b", VCCW_ERROR_INVALID_ARG },
        { "ls -l", VCCW_ERROR_CONFIG_UNSUPPORTED },
        { "qemu-system-x86_64 -m 1", VCCW_ERROR_CONFIG_UNSUPPORTED },
        { "qemu-system-s390x -device", VCCW_ERROR_INVALID_ARG },
        { "qemu-system-s390x disk.img", VCCW_ERROR_INVALID_ARG },
        { "qemu-system-s390x -m 1 | tee", VCCW_ERROR_INVALID_ARG },
        { "qemu-system-s390x -append '\xff'", VCCW_ERROR_INVALID_ARG },
        { "qemu-system-s390x -append '\x01'", VCCW_ERROR_INVALID_ARG },
        { "qemu-system-s390x -append '\xef\xbf\xbe'", VCCW_ERROR_INVALID_ARG },
    };

    for (guint i = 0; i < G_N_ELEMENTS(LINES); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(vccw_qemu_from_native(LINES[i].text, &error));
        g_assert_error(error, VCCW_ERROR, LINES[i].code);
    }
}

/* What is not said of the CPUs follows from the rest, as in QEMU. */
static void
test_native_cpus(void)
{
    static const struct {
        const char *smp, *vcpu;
    } SMP[] = {
        { "4", "<vcpu>4</vcpu>" },
        { "maxcpus=8", "<vcpu>8</vcpu>" },
        { "2,maxcpus=8", "<vcpu current='2'>8</vcpu>" },
        { "sockets=2,cores=3,threads=1", "<vcpu>6</vcpu>" },
        { "cores=3", "<vcpu>3</vcpu>" },
        { "0", "<qemu:arg value='0'/>" },
        { "70000", "<qemu:arg value='70000'/>" },
        { "sockets=x", "<qemu:arg value='sockets=x'/>" },
        { "sockets=65535,cores=65535", "<vcpu>65535</vcpu>" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(SMP); i++) {
        g_autofree char *line = g_strconcat("qemu-system-s390x -smp ", SMP[i].smp, NULL);
        g_autofree char *document = vccw_qemu_from_native(line, NULL);

        g_test_message("%s", line);
        g_assert_nonnull(document);
        g_assert_nonnull(strstr(document, SMP[i].vcpu));
    }
}

/* The example of QEMU's manual, in libvirt's order and with libvirt's id. */
static void
test_manual(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "unit", "data",
                                                  "qemu-args", "manual.xml", NULL);
    g_autofree char *text = read_file(path);
    g_autoptr(VccwDomainXml) domain = domain_of(text);
    g_autoptr(VccwQemu) qemu = qemu_of("7.2");
    g_auto(GStrv) json =
        vccw_qemu_hostdev_arguments(domain, qemu, VCCW_QEMU_FORM_JSON, NULL);
    g_auto(GStrv) legacy =
        vccw_qemu_hostdev_arguments(domain, qemu, VCCW_QEMU_FORM_LEGACY, NULL);

    g_assert_cmpstr(json[0], ==, "-device");
    g_assert_cmpstr(json[1], ==,
                    "{\"driver\":\"vfio-ccw\",\"id\":\"hostdev0\",\"sysfsdev\":"
                    "\"/sys/bus/mdev/devices/" MANUAL "\",\"devno\":\"fe.0.1234\"}");
    g_assert_null(json[2]);
    g_assert_cmpstr(legacy[1], ==,
                    "vfio-ccw,id=hostdev0,sysfsdev=/sys/bus/mdev/devices/" MANUAL
                    ",devno=fe.0.1234");
}

/* IBM Secure Execution; QEMU has it where it was built for a mainframe. */
static void
test_secure(void)
{
    g_autofree char *path = g_test_build_filename(
        G_TEST_DIST, "unit", "data", "qemu-refused", "launch-security-none.xml", NULL);
    g_autofree char *text = read_file(path);
    g_autoptr(VccwDomainXml) domain = domain_of(text);
    g_autoptr(VccwQemu) qemu = qemu_with("7.2", "s390-pv-guest");
    g_autoptr(GError) error = NULL;
    g_autofree char *back = NULL;
    g_autofree char *native = vccw_qemu_native(domain, qemu, VCCW_QEMU_FORM_JSON, &error);

    g_assert_no_error(error);
    g_assert_nonnull(strstr(native, ",confidential-guest-support=lsec0,"));
    back = vccw_qemu_from_native(native, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(back, "  <launchSecurity type='s390-pv'/>\n</domain>"));
    g_assert_nonnull(
        strstr(native, "-object '{\"qom-type\":\"s390-pv-guest\",\"id\":\"lsec0\"}'"));
}

/* Every device once, each at an address of its own, in the order of the document. */
static void
test_many(void)
{
    g_autofree char *text = many_hostdevs(10000);
    g_autoptr(VccwDomainXml) domain = domain_of(text);
    g_autoptr(VccwQemu) qemu = qemu_of("7.2");
    double begin = cpu_ms();
    g_auto(GStrv) words =
        vccw_qemu_hostdev_arguments(domain, qemu, VCCW_QEMU_FORM_JSON, NULL);

    g_test_message("10,000 hostdevs to arguments: %.1f ms", cpu_ms() - begin);
    g_assert_cmpuint(g_strv_length(words), ==, 20000);
    for (guint i = 0; i < 10000; i++) {
        g_autofree char *end = g_strdup_printf("\"devno\":\"fe.0.%04x\"}", i);
        g_assert_true(g_str_has_suffix(words[2 * i + 1], end));
    }
}

/* Milliseconds of CPU for a command line of that size made of @piece, the best of some.
 */
static double
time_native(const char *piece, gsize size)
{
    GString *text = g_string_new("qemu-system-s390x ");
    double best = G_MAXDOUBLE;

    while (text->len < size) {
        g_string_append(text, piece);
    }
    g_string_truncate(text, size);
    for (guint round = g_getenv("VIRTCCW_LAB") ? 4 : 0; round < 5; round++) {
        double begin = cpu_ms();
        g_autofree char *document = vccw_qemu_from_native(text->str, NULL);
        best = MIN(best, cpu_ms() - begin);
    }
    g_string_free(text, TRUE);
    return best;
}

/* Whatever a stranger sends: answered or refused in little time. */
static void
test_native_large(void)
{
    static const char *const PIECES[] = {
        "-device a ",
        "-a ",
        "'",
        "\"\\",
        "a=b,",
        "{",
        "-device {\"a\":{\"b\":{}}} ",
        "\\\n",
        "#\n",
        "-device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/" MANUAL ",id=hostdev0 ",
    };
    static const gsize SIZES[] = { 2 * 1024 * 1024, 4 * 1024 * 1024 };

    for (guint i = 0; i < G_N_ELEMENTS(PIECES); i++) {
        for (guint k = 0; k < G_N_ELEMENTS(SIZES); k++) {
            double ms = time_native(PIECES[i], SIZES[k]);

            g_test_message("%s: %.1f ms", PIECES[i], ms);
            g_assert_cmpfloat(ms, <, cost_limit(50));
        }
    }
}

/* @path: (transfer full): a folder, whose files with @suffix are tested */
static void
add_files(char *path,
          const char *begin,
          const char *suffix,
          GTestDataFunc test,
          const char *prefix)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    guint count = 0;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, begin) && g_str_has_suffix(name, suffix)) {
            g_autofree char *title = g_strdup_printf("/qemu/%s/%s", prefix, name);

            g_test_add_data_func_full(title, g_build_filename(path, name, NULL), test,
                                      g_free);
            count++;
        }
    }
    g_assert_cmpuint(count, >, 0);
    g_dir_close(dir);
    g_free(path);
}

static void
add_folder(const char *folder, const char *suffix, GTestDataFunc test, const char *prefix)
{
    add_files(g_test_build_filename(G_TEST_DIST, "unit", "data", folder, NULL), "",
              suffix, test, prefix);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_folder("qemu-args", ".xml", test_arguments, "arguments");
    add_files(g_build_filename(g_getenv("VIRTCCW_SOURCE"), "xmlfiles", NULL), "guest-",
              ".xml", test_sample, "sample");
    add_folder("qemu-args", ".xml", test_there_and_back, "there-and-back");
    add_folder("qemu-refused", ".xml", test_refused, "refused");
    add_folder("qemu-native", ".args", test_native, "native");
    g_test_add_func("/qemu/native-refused", test_native_refused);
    g_test_add_func("/qemu/native-large", test_native_large);
    g_test_add_func("/qemu/native-cpus", test_native_cpus);
    g_test_add_func("/qemu/manual", test_manual);
    g_test_add_func("/qemu/secure", test_secure);
    g_test_add_func("/qemu/many", test_many);
    return g_test_run();
}
