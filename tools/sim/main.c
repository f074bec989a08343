/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* virtccw-sim: the command line. */

#include "config.h"

#include "control.h"
#include "hold.h"
#include "host.h"
#include "spec.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAILED 125 /* as env(1), chroot(1) … say that they themselves failed */

static const char usage[] =
    "Usage: virtccw-sim run [OPTION...] [--] [COMMAND [ARGUMENT...]]\n"
    "       virtccw-sim ctl VERB [ARGUMENT...]\n"
    "\n"
    "Runs COMMAND (or a shell) on a simulated host: its /sys shows a channel subsystem.\n"
    "\n"
    "Options of run:\n"
    "  --spec FILE   the channel subsystem to show (default: IBM's example)\n"
    "  --etc DIR     what DIR holds takes the place of the same entries of /etc; "
    "mdevctl's\n"
    "                and driverctl's folders are kept there\n"
    "  --root        use the real root's rights; fail unless run by root\n"
    "  --user        use a user namespace even when run by root\n"
    "\n"
    "  --help, --version\n";

static int
report(const GError *error)
{
    g_printerr("virtccw-sim: %s\n", error->message);
    return FAILED;
}

/* The default spec: named by the environment, beside an uninstalled program, installed.
 */
static char *
default_spec(void)
{
    const char *named = g_getenv("VIRTCCW_SIM_SPEC");
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;
    g_autofree char *beside = NULL;

    if (named)
        return g_strdup(named);
    beside = g_build_filename(folder ? folder : ".", "default.spec", NULL);
    if (g_file_test(beside, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&beside);
    return g_strdup(PKGDATADIR "/sim/default.spec");
}

/* Returns: how many words of @argv were options of run; negative when they are wrong. */
static int
parse_run(int argc, char **argv, VccwSimHostOptions *options, char **spec, GError **error)
{
    int i;

    for (i = 0; i < argc && g_str_has_prefix(argv[i], "-"); i++) {
        if (g_str_equal(argv[i], "--"))
            return i + 1;
        if (g_str_equal(argv[i], "--root"))
            options->root = TRUE;
        else if (g_str_equal(argv[i], "--user"))
            options->user = TRUE;
        else if (g_str_equal(argv[i], "--spec") && i + 1 < argc)
            *spec = g_strdup(argv[++i]);
        else if (g_str_equal(argv[i], "--etc") && i + 1 < argc)
            options->etc = argv[++i];
        else {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                        "'%s' is not an option of run, or lacks its value: see --help",
                        argv[i]);
            return -1;
        }
    }
    return i;
}

static int
print_version(void)
{
    g_print("virtccw-sim %s\n", PACKAGE_VERSION);
    return EXIT_SUCCESS;
}

static int
print_usage(void)
{
    g_print("%s", usage);
    return EXIT_SUCCESS;
}

static int
run(int argc, char **argv)
{
    VccwSimHostOptions options = { 0 };
    g_autofree char *spec = NULL;
    g_autoptr(GError) error = NULL;
    const char *shell = g_getenv("SHELL");
    char *interactive[] = { (char *)(shell && *shell ? shell : "/bin/sh"), NULL };
    VccwSim *sim;
    int used, status;

    if (argc && g_str_equal(argv[0], "--help"))
        return print_usage();
    if (argc && g_str_equal(argv[0], "--version"))
        return print_version();
    used = parse_run(argc, argv, &options, &spec, &error);
    if (used < 0)
        return report(error);
    options.command = used < argc ? argv + used : interactive;
    if (!spec)
        spec = default_spec();
    sim = vccw_sim_new();
    if (!vccw_sim_spec_load(sim, spec, &error)) {
        vccw_sim_free(sim);
        return report(error);
    }
    if (!vccw_sim_host_run(sim, &options, &status, &error))
        return report(error);
    return status;
}

static int
control(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gboolean ok;

    if (!*words || g_str_equal(*words, "--help")) {
        text = vccw_sim_verb_usage();
        g_print("Usage: virtccw-sim ctl VERB [ARGUMENT...]\n\n%s", text);
        return *words ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (g_str_equal(*words, "hold") && words[1] && !words[2])
        ok = vccw_sim_hold(words[1], &error);
    else
        ok = vccw_sim_control_call((const char *const *)words, &text, NULL, &error);
    if (!ok) {
        g_printerr("virtccw-sim: %s\n", error->message);
        return EXIT_FAILURE;
    }
    if (text)
        g_print("%s", text);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int status;

    if (g_str_equal(what, "run")) {
        status = run(argc - 2, argv + 2);
        /* Threads still serve; nothing of theirs is worth an orderly end. */
        fflush(NULL);
        _exit(status);
    }
    if (g_str_equal(what, "ctl"))
        return control(argv + 2);
    if (g_str_equal(what, "--version"))
        return print_version();
    if (g_str_equal(what, "--help"))
        return print_usage();
    if (*what)
        g_printerr("virtccw-sim: '%s' is neither 'run' nor 'ctl'\n", what);
    g_printerr("%s", usage);
    return FAILED;
}
