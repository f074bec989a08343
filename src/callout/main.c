/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * virtccw-callout: the program that mdevctl calls.
 *
 * Its settings are virtccwd's, and so are its places, for the two share what they
 * remember.
 */

#include "callout/callout.h"
#include "config.h"
#include "daemon/settings.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    VccwCallout callout;
    gboolean show_version;
    pid_t starter; /* mdevctl */
} Words;

static gboolean
parse(Words *words, int *argc, char ***argv, GError **error)
{
    VccwCallout *callout = &words->callout;
    const GOptionEntry entries[] = {
        { "type", 't', 0, G_OPTION_ARG_STRING, &callout->type, "Type of the device",
          "TYPE" },
        { "event", 'e', 0, G_OPTION_ARG_STRING, &callout->event,
          "The moment: pre, post or notify", "EVENT" },
        { "action", 'a', 0, G_OPTION_ARG_STRING, &callout->action,
          "What mdevctl does: start, stop, define, ...", "ACTION" },
        { "state", 's', 0, G_OPTION_ARG_STRING, &callout->state,
          "What came of it: none, success or failure", "STATE" },
        { "uuid", 'u', 0, G_OPTION_ARG_STRING, &callout->uuid, "UUID of the device",
          "UUID" },
        { "parent", 'p', 0, G_OPTION_ARG_STRING, &callout->parent, "Its subchannel",
          "BUSID" },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &words->show_version,
          "Print the version and end", NULL },
        G_OPTION_ENTRY_NULL
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(
        context, "Takes devices from the host and gives them back for mdevctl, which "
                 "calls this.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error) || words->show_version)
        return words->show_version;
    if (*argc == 1 && callout->type && callout->event && callout->action &&
        callout->state && callout->uuid && callout->parent)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "mdevctl calls this, with -t, -e, -a, -s, -u and -p: see --help");
    return FALSE;
}

/* mdevctl writes the definition; it takes a call-out that does not read for a broken one,
 * and passes it over. */
static void
drain(void)
{
    char text[4096];

    while (TEMP_FAILURE_RETRY(read(STDIN_FILENO, text, sizeof text)) > 0)
        continue;
}

static gboolean
is_by_udev(void)
{
    return g_getenv("DEVPATH") && g_getenv("ACTION") && g_getenv("SUBSYSTEM");
}

static int
run(Words *words, GError **error)
{
    char *config = (char *)g_getenv("VIRTCCWD_CONFIG");
    char *options[] = { (char *)"virtccw-callout", (char *)"--config", config, NULL };
    char **argv = options;
    int argc = config ? 3 : 1;
    g_autoptr(VccwSettings) settings =
        vccw_settings_new(&argc, &argv, geteuid() == 0, error);
    VccwHandoverHost host = { .modprobe = "modprobe" };
    VccwHolderHost holders = { .handover = &host };
    g_autofree char *runs = NULL;
    g_autofree char *said = NULL;
    int status;

    if (!settings) /* whether a start may take a parent is not known */
        return g_str_equal(words->callout.event, "pre") &&
                       g_str_equal(words->callout.action, "start")
                   ? VCCW_CALLOUT_REFUSED
                   : VCCW_CALLOUT_FINE;
    host.sysfs = settings->sysfs;
    host.dev = settings->dev;
    host.proc = settings->proc;
    host.overrides = settings->overrides;
    host.rules = settings->udev_rules;
    host.state = settings->var_dir;
    host.starter = words->starter;
    runs = g_build_filename(settings->socket_dir, "qemu", NULL);
    holders.definitions = settings->definitions;
    holders.runs = runs;
    holders.take_parents = settings->take_parents;
    words->callout.host = &host;
    words->callout.holders = &holders;
    words->callout.take_parents = settings->take_parents;
    words->callout.by_udev = is_by_udev();
    status = vccw_callout_run(&words->callout, &said);
    if (said)
        fprintf(stderr, "%s\n", said);
    return status;
}

int
main(int argc, char **argv)
{
    static Words words;
    g_autoptr(GError) error = NULL;
    int status = VCCW_CALLOUT_NOT_OURS;

    /* First of all: once mdevctl has ended, it would be whoever lives for ever. */
    words.starter = getppid();
    if (parse(&words, &argc, &argv, &error)) {
        if (words.show_version) {
            printf("virtccw-callout (virtccw) %s\n", PACKAGE_VERSION);
            return 0;
        }
        drain();
        if (vccw_callout_is_ours(&words.callout))
            status = run(&words, &error);
    }
    if (error)
        fprintf(stderr, "virtccw-callout: %s\n", error->message);
    return status;
}
