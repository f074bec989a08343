/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake-qemu.h"
#include "qemu/answers.h"
#include "qemu/ask.h"
#include "qemu/props.h"
#include "qemu/quote.h"

#include <string.h>
#include <utime.h>
#include <virtccw/error.h>

typedef struct {
    char *folder;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    fixture->folder = g_dir_make_tmp("virtccw-qemu-XXXXXX", &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
}

static void
test_quote(void)
{
    static const struct {
        const char *word, *quoted;
    } WORDS[] = {
        { "qemu-system-s390x", "qemu-system-s390x" },
        { "", "''" },
        { "a b", "'a b'" },
        { "it's", "'it'\\''s'" },
        { "fe.0.0001,id=x", "fe.0.0001,id=x" },
        { "{\"driver\":\"vfio-ccw\"}", "'{\"driver\":\"vfio-ccw\"}'" },
        { "$HOME", "'$HOME'" },
        { "~", "'~'" },
        { "#no", "'#no'" },
        { "a\nb", "'a\nb'" },
        { "\xc3\xa4", "'\xc3\xa4'" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        g_autofree char *line =
            vccw_shell_quote((const char *[]){ "x", WORDS[i].word, NULL });
        g_autofree char *expected = g_strconcat("x ", WORDS[i].quoted, NULL);
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) words = vccw_shell_split(line, 10, &error);

        g_assert_cmpstr(line, ==, expected);
        g_assert_no_error(error);
        g_assert_cmpuint(g_strv_length(words), ==, 2);
        g_assert_cmpstr(words[1], ==, WORDS[i].word);
    }
}

/* Every word of bytes comes back, from us and from the shell. */
static void
test_quote_random(void)
{
    for (guint round = 0; round < 200; round++) {
        char text[12] = "";
        g_autofree char *line = NULL, *command = NULL, *output = NULL;
        g_auto(GStrv) words = NULL;

        for (guint i = 0; i + 1 < sizeof text; i++) {
            text[i] = " '\"\\$`#~*?[]a\n\t|&;<>()!{}=%^"[g_test_rand_int_range(0, 29)];
        }
        line = vccw_shell_quote((const char *[]){ "x", text, NULL });
        words = vccw_shell_split(line, 10, NULL);
        g_assert_cmpuint(g_strv_length(words), ==, 2);
        g_assert_cmpstr(words[1], ==, text);
        if (round < 20) {
            char *argv[] = { (char *)"/bin/sh", (char *)"-c", NULL, NULL };

            argv[2] = command = g_strdup_printf("printf %%s %s", line + 2);
            g_assert_true(
                g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &output, NULL, NULL, NULL));
            g_assert_cmpstr(output, ==, text);
        }
    }
}

static void
test_split(void)
{
    static const struct {
        const char *line;
        const char *words; /* with "|" between; NULL: refused */
    } LINES[] = {
        { "a b", "a|b" },
        { "  a \t b  \n", "a|b" },
        { "", "" },
        { "# a comment\na b # more", "a|b" },
        { "a#b", "a#b" },
        { "a \\\n  b", "a|b" },
        { "a\\ b", "a b" },
        { "'a b'\"c d\"e", "a bc de" },
        { "\"a\\\"b\\c\"", "a\"b\\c" },
        { "'' a", "|a" },
        { "a\r\nb", NULL },
        { "a; b", NULL },
        { "a | b", NULL },
        { "a $HOME", NULL },
        { "a \"$(b)\"", NULL },
        { "a `b`", NULL },
        { "a > b", NULL },
        { "a &", NULL },
        { "'a", NULL },
        { "\"a", NULL },
        { "a\\", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(LINES); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) words = vccw_shell_split(LINES[i].line, 10, &error);
        g_autofree char *joined = words ? g_strjoinv("|", words) : NULL;

        g_assert_cmpstr(joined, ==, LINES[i].words);
        if (!joined) {
            g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
        }
    }
}

static char *
some_props(VccwQemuForm form)
{
    VccwProps props;

    vccw_props_init(&props, form, "driver", "a,b");
    vccw_props_string(&props, "id", "x\"y,z");
    vccw_props_string(&props, "none", NULL);
    vccw_props_number(&props, "n", 42);
    vccw_props_open(&props, "cache");
    vccw_props_bool(&props, "direct", TRUE);
    vccw_props_bool(&props, "no-flush", FALSE);
    vccw_props_close(&props);
    vccw_props_bool(&props, "last", TRUE);
    return vccw_props_finish(&props);
}

static void
test_props(void)
{
    g_autofree char *json = some_props(VCCW_QEMU_FORM_JSON);
    g_autofree char *legacy = some_props(VCCW_QEMU_FORM_LEGACY);

    g_assert_cmpstr(json, ==,
                    "{\"driver\":\"a,b\",\"id\":\"x\\\"y,z\",\"n\":42,"
                    "\"cache\":{\"direct\":true,\"no-flush\":false},\"last\":true}");
    g_assert_cmpstr(legacy, ==,
                    "a,,b,id=x\"y,,z,n=42,cache.direct=on,cache.no-flush=off,last=on");
}

/* What Debian's QEMU 7.2 says of itself. */
static void
test_old(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = fake_qemu(fixture->folder, "7.2");
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwQemu) qemu = vccw_qemu_probe(path, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(vccw_qemu_program(qemu), ==, path);
    g_assert_cmpuint(vccw_qemu_version(qemu), ==, 7002022);
    g_assert_cmpstr(vccw_qemu_arch(qemu), ==, "s390x");
    g_assert_false(vccw_qemu_has_kvm(qemu));
    g_assert_cmpstr(vccw_qemu_machine(qemu, NULL), ==, "s390-ccw-virtio-7.2");
    g_assert_cmpstr(vccw_qemu_machine(qemu, "s390-ccw-virtio"), ==,
                    "s390-ccw-virtio-7.2");
    g_assert_cmpstr(vccw_qemu_machine(qemu, "s390-ccw-virtio-4.0"), ==,
                    "s390-ccw-virtio-4.0");
    g_assert_null(vccw_qemu_machine(qemu, "pc"));
    g_assert_cmpstr(vccw_qemu_machines(qemu)[0], ==, "s390-ccw-virtio-7.2");
    g_assert_cmpstr(vccw_qemu_machines(qemu)[1], ==, "s390-ccw-virtio-7.1");
    g_assert_cmpstr(vccw_qemu_machine_alias(qemu, "s390-ccw-virtio-7.2"), ==,
                    "s390-ccw-virtio");
    g_assert_cmpuint(vccw_qemu_cpus_max(qemu, "s390-ccw-virtio"), ==, 248);
    g_assert_true(g_strv_contains(vccw_qemu_cpu_models(qemu), "z14"));
    g_assert_true(vccw_qemu_has(qemu, "vfio-ccw"));
    g_assert_false(vccw_qemu_has(qemu, "iommufd"));
    g_assert_true(vccw_qemu_has_property(qemu, "vfio-ccw", "sysfsdev"));
    g_assert_false(vccw_qemu_has_property(qemu, "vfio-ccw", "loadparm"));
    g_assert_true(vccw_qemu_has_property(qemu, "machine", "loadparm"));
    g_assert_cmpint(vccw_qemu_form(qemu), ==, VCCW_QEMU_FORM_JSON);
}

/* And QEMU 10.0, which can give each device its own loadparm, and has iommufd. */
static void
test_new(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = fake_qemu(fixture->folder, "10.0");
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwQemu) qemu = vccw_qemu_probe(path, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(vccw_qemu_version(qemu) / 1000, ==, 10000);
    g_assert_cmpstr(vccw_qemu_machines(qemu)[0], ==, "s390-ccw-virtio-10.0");
    g_assert_true(vccw_qemu_has(qemu, "iommufd"));
    g_assert_true(vccw_qemu_has_property(qemu, "vfio-ccw", "iommufd"));
    g_assert_true(vccw_qemu_has_property(qemu, "vfio-ccw", "loadparm"));
    g_assert_true(vccw_qemu_has_property(qemu, "virtio-blk-ccw", "loadparm"));
}

static void
test_cache(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = fake_qemu(fixture->folder, "7.2");
    g_autoptr(VccwQemu) first = vccw_qemu_probe(path, NULL);
    g_autoptr(VccwQemu) second = vccw_qemu_probe(path, NULL);
    g_autoptr(VccwQemu) third = NULL;
    struct utimbuf times = { 1000, 1000 };

    g_assert_true(first == second);
    g_assert_cmpuint(fake_asked(fixture->folder), ==, 1);
    g_assert_cmpint(utime(path, &times), ==, 0);
    third = vccw_qemu_probe(path, NULL);
    g_assert_nonnull(third);
    g_assert_cmpuint(fake_asked(fixture->folder), ==, 2);
}

/* As above, but QEMU is one that was built with KVM.
 * @enabled: whether it could use it when it was asked */
static VccwQemu *
qemu_with_kvm(const char *folder, const char *name, gboolean enabled)
{
    g_autofree char *replies =
        g_test_build_filename(G_TEST_DIST, "unit", "data", "qemu", "7.2.replies", NULL);
    g_autofree char *script =
        g_strdup_printf("#!/bin/sh\nsed '/\"id\": *\"kvm\"/d' '%s'\n"
                        "echo '{\"return\":{\"enabled\":%s,\"present\":true},"
                        "\"id\":\"kvm\"}'\n",
                        replies, enabled ? "true" : "false");
    g_autofree char *path = fake_program(folder, name, script);
    g_autoptr(GError) error = NULL;
    VccwQemu *qemu = vccw_qemu_probe(path, &error);

    g_assert_no_error(error);
    return qemu;
}

/* KVM comes and goes with its device; that of a QEMU that cannot use it does not count.
 */
static void
test_kvm(Fixture *fixture, gconstpointer data)
{
    g_autofree char *device = g_build_filename(fixture->folder, "kvm", NULL);
    const char *real = vccw_kvm_device;
    g_autoptr(VccwQemu) early = NULL, late = NULL, broken = NULL;

    vccw_kvm_device = device;
    early = qemu_with_kvm(fixture->folder, "qemu-early", FALSE);
    g_assert_false(vccw_qemu_has_kvm(early));
    g_assert_true(g_file_set_contents(device, "", 0, NULL));
    g_assert_true(vccw_qemu_has_kvm(early));
    broken = qemu_with_kvm(fixture->folder, "qemu-broken", FALSE);
    g_assert_false(vccw_qemu_has_kvm(broken));
    late = qemu_with_kvm(fixture->folder, "qemu-late", TRUE);
    g_assert_true(vccw_qemu_has_kvm(late));
    g_remove(device);
    g_assert_false(vccw_qemu_has_kvm(late));
    g_assert_false(vccw_qemu_has_kvm(early));
    vccw_kvm_device = real;
}

/* One that fails as QEMU does where memory is not for writing and execution both. */
static void
test_denied_memory(Fixture *fixture, gconstpointer data)
{
    g_autofree char *replies =
        g_test_build_filename(G_TEST_DIST, "unit", "data", "qemu", "7.2.replies", NULL);
    g_autofree char *script = g_strdup_printf("#!/bin/sh\n"
                                              "case \"$*\" in\n"
                                              "*split-wx=on*) cat '%s' ;;\n"
                                              "*) echo 'mprotect failed' >&2; exit 1 ;;\n"
                                              "esac\n",
                                              replies);
    g_autofree char *path = fake_program(fixture->folder, "qemu", script);
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwQemu) qemu = vccw_qemu_probe(path, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(vccw_qemu_version(qemu), ==, 7002022);
}

static gpointer
probe_in_thread(gpointer path)
{
    return vccw_qemu_probe(path, NULL);
}

/* Of many who want to know the same at once, one asks. */
static void
test_threads(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = fake_qemu(fixture->folder, "7.2");
    GThread *threads[8];

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("probe", probe_in_thread, path);
    }
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_autoptr(VccwQemu) qemu = g_thread_join(threads[i]);
        g_assert_nonnull(qemu);
    }
    g_assert_cmpuint(fake_asked(fixture->folder), ==, 1);
}

static void
test_no_program(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->folder, "qemu", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(vccw_qemu_probe(path, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, path));
}

/* A program that is no QEMU; what it says is not kept, so a better one is found. */
static void
test_other_program(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *script;
        int code;
        const char *part;
    } PROGRAMS[] = {
        { "#!/bin/sh\necho one >&2; echo 'no such option' >&2; exit 1\n",
          VCCW_ERROR_OPERATION_FAILED, "no such option" },
        { "#!/bin/sh\necho hello\n", VCCW_ERROR_CONFIG_UNSUPPORTED, "does not answer" },
        { "#!/bin/sh\necho '{\"return\":[[[[' '{}'\necho '{\"id\":\"target\"}'\n",
          VCCW_ERROR_CONFIG_UNSUPPORTED, "does not answer" },
        { "#!/bin/sh\necho '{\"return\":{\"arch\":\"s390x\"},\"id\":\"target\"}'\n"
          "echo '{\"return\":{\"qemu\":{\"micro\":0,\"minor\":1,\"major\":4}},"
          "\"id\":\"version\"}'\n",
          VCCW_ERROR_CONFIG_UNSUPPORTED, "QEMU 4.1" },
        { "not a program", VCCW_ERROR_OPERATION_FAILED, "is it a QEMU" },
    };
    g_autofree char *path = NULL;
    g_autoptr(VccwQemu) qemu = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(PROGRAMS); i++) {
        g_autofree char *other =
            fake_program(fixture->folder, "qemu-7.2", PROGRAMS[i].script);
        g_autoptr(GError) error = NULL;

        g_assert_null(vccw_qemu_probe(other, &error));
        g_assert_error(error, VCCW_ERROR, PROGRAMS[i].code);
        if (!strstr(error->message, PROGRAMS[i].part)) {
            g_test_message("%s", error->message);
            g_test_fail();
        }
    }
    path = fake_qemu(fixture->folder, "7.2");
    qemu = vccw_qemu_probe(path, NULL);
    g_assert_nonnull(qemu);
}

static void
test_hangs(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path =
        fake_program(fixture->folder, "qemu", "#!/bin/sh\nexec sleep 60\n");
    g_autoptr(GError) error = NULL;
    gint64 begin = g_get_monotonic_time();

    g_assert_null(vccw_ask_qemu(path, "{}\n", 200, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_TIMEOUT);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_USEC_PER_SEC);
}

/* It closes its output, and stays. */
static void
test_talks_on(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path =
        fake_program(fixture->folder, "qemu", "#!/bin/sh\nexec yes '{\"a\":1}'\n");
    g_autoptr(GError) error = NULL;

    g_assert_null(vccw_ask_qemu(path, "{}\n", 20000, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_TIMEOUT);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu-probe/quote", test_quote);
    g_test_add_func("/qemu-probe/quote-random", test_quote_random);
    g_test_add_func("/qemu-probe/split", test_split);
    g_test_add_func("/qemu-probe/props", test_props);
#define ADD(name, func) \
    g_test_add("/qemu-probe/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("7.2", test_old);
    ADD("10.0", test_new);
    ADD("cache", test_cache);
    ADD("kvm", test_kvm);
    ADD("denied-memory", test_denied_memory);
    ADD("threads", test_threads);
    ADD("no-program", test_no_program);
    ADD("other-program", test_other_program);
    ADD("hangs", test_hangs);
    ADD("talks-on", test_talks_on);
    return g_test_run();
}
