/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The control verbs. Each runs with the lock held and answers with text or an error. */

#include "verbs.h"

#include "mdev.h"
#include "module.h"
#include "spec.h"
#include "subchannel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELEASE_USEC (10 * G_USEC_PER_SEC)

G_GNUC_PRINTF(2, 3)
static char *
refuse(GError **error, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, text);
    return NULL;
}

static VccwSimSubchannel *
find_subchannel(VccwSimServer *server, const char *name, GError **error)
{
    VccwSimSubchannel *sch = vccw_sim_subchannel(server->sim, name);

    if (!sch)
        refuse(error, "there is no subchannel '%s'", name);
    return sch;
}

static VccwSimMdev *
find_mdev(VccwSimServer *server, const char *uuid, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(uuid, -1);
    VccwSimMdev *mdev = g_hash_table_lookup(server->sim->mdevs, lower);

    if (!mdev)
        refuse(error, "there is no active mediated device '%s'", uuid);
    return mdev;
}

static char *
verb_add_subchannel(VccwSimServer *server,
                    const char *const *words,
                    int fd,
                    GError **error)
{
    g_autoptr(VccwSimSpec) spec = vccw_sim_spec_parse(words, error);

    if (!spec)
        return NULL;
    if (!vccw_sim_subchannel_add(server->sim, spec))
        return refuse(error, "'%s' or the device behind it is there already",
                      spec->bus_id);
    return g_strdup("");
}

static char *
verb_remove_subchannel(VccwSimServer *server,
                       const char *const *words,
                       int fd,
                       GError **error)
{
    VccwSimSubchannel *sch = find_subchannel(server, words[0], error);

    if (!sch)
        return NULL;
    if (sch->dev.unplugged)
        return refuse(error, "'%s' is being removed already", words[0]);
    if (vccw_sim_subchannel_remove(server->sim, sch))
        return g_strdup("");
    return g_strdup_printf("'%s' goes when the user of its mediated device closes it\n",
                           words[0]);
}

static char *
verb_set(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    VccwSimSubchannel *sch = find_subchannel(server, words[0], error);
    guint64 vpm;

    if (!sch)
        return NULL;
    if (g_str_equal(words[1], "vpm")) {
        if (!g_ascii_string_to_unsigned(words[2], 16, 0, 0xff, &vpm, error))
            return NULL;
        sch->vpm = vpm;
        return g_strdup("");
    }
    if (!vccw_sim_spec_set(sch->spec, words[1], words[2], error))
        return NULL;
    vccw_sim_subchannel_update(server->sim, sch);
    return g_strdup("");
}

/* BUSID is the device's or its subchannel's. */
static char *
verb_online(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    VccwSimSubchannel *sch = g_hash_table_lookup(server->sim->behind, words[0]);
    int ret;

    if (!sch)
        sch = vccw_sim_subchannel(server->sim, words[0]);
    if (!sch || !sch->ccw)
        return refuse(error, "there is no ccw device '%s'", words[0]);
    if (!g_str_equal(words[1], "0") && !g_str_equal(words[1], "1"))
        return refuse(error, "write: online BUSID 0|1");
    if (sch->ccw->online == (*words[1] == '1'))
        return g_strdup("");
    ret = vccw_sim_ccw_set_online(server->sim, sch->ccw, *words[1] == '1');
    if (ret < 0)
        return refuse(error, "'%s': %s", words[0], g_strerror(-ret));
    return g_strdup("");
}

static char *
verb_fault(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    return vccw_sim_faults_add(&server->faults, words, error) ? g_strdup("") : NULL;
}

static char *
verb_unfault(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    guint lifted = vccw_sim_faults_lift(&server->faults, words[0]);

    server->wake = TRUE;
    if (words[0] && !lifted)
        return refuse(error, "there is no fault on '%s'", words[0]);
    return g_strdup_printf("%u lifted\n", lifted);
}

/* For the client's "hold": which group to open. */
static char *
verb_group(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    const VccwSimMdev *mdev = find_mdev(server, words[0], error);

    return mdev ? g_strdup_printf("%u", mdev->group) : NULL;
}

static char *
verb_holding(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    g_hash_table_replace(server->holders, g_strdup(words[0]), GINT_TO_POINTER(fd));
    return g_strdup("");
}

void
vccw_sim_verb_wait_holder(VccwSimServer *server, const char *uuid, int fd)
{
    char byte;

    while (recv(fd, &byte, 1, 0) > 0)
        ;
    vccw_sim_server_lock(server);
    if (g_hash_table_lookup(server->holders, uuid) == GINT_TO_POINTER(fd))
        g_hash_table_remove(server->holders, uuid);
    vccw_sim_server_unlock(server);
}

static char *
verb_release(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    gint64 end = g_get_monotonic_time() + RELEASE_USEC;
    g_autofree char *uuid = g_ascii_strdown(words[0], -1);
    const VccwSimMdev *mdev;
    gpointer holder;

    if (!g_hash_table_lookup_extended(server->holders, uuid, NULL, &holder))
        return refuse(error, "nobody holds '%s' by this program's 'hold'", words[0]);
    shutdown(GPOINTER_TO_INT(holder), SHUT_RDWR);
    while ((mdev = g_hash_table_lookup(server->sim->mdevs, uuid)) && mdev->open) {
        if (g_get_monotonic_time() > end)
            return refuse(error, "the holder of '%s' does not let go", words[0]);
        vccw_sim_server_wait(server, 0);
    }
    return g_strdup("");
}

static char *
verb_uevent(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    g_autofree char **env =
        g_memdup2(words + 2, sizeof *words * (g_strv_length((char **)words) - 1));
    VccwSimUevent uevent = { (char *)words[0], (char *)words[1], env };

    for (char **variable = env; *variable; variable++)
        if (!strchr(*variable, '='))
            return refuse(error, "'%s' is not KEY=VALUE", *variable);
    if (!vccw_sim_netlink_send(&server->netlink, &uevent, error))
        return NULL;
    return g_strdup("");
}

/* Change events of one subchannel after the other, as fast as it goes. */
static char *
verb_storm(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    static const char *env[] = { "SUBSYSTEM=css", "ST=0", "MODALIAS=css:t0", NULL };
    g_autoptr(GList) subchannels = g_hash_table_get_values(server->sim->subchannels);
    GList *item = subchannels;
    guint64 count;

    if (!g_ascii_string_to_unsigned(words[0], 10, 1, G_MAXUINT, &count, error))
        return NULL;
    if (!item)
        return refuse(error, "there is no subchannel");
    for (guint64 i = 0; i < count; i++) {
        const VccwSimDev *dev = item->data;
        VccwSimUevent uevent = { (char *)"change", dev->devpath, (char **)env };

        if (!vccw_sim_netlink_send(&server->netlink, &uevent, error))
            return NULL;
        item = item->next ? item->next : subchannels;
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT " sent\n", count);
}

static char *
verb_reboot(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    vccw_sim_reboot(server->sim);
    return g_strdup("");
}

static char *
verb_dump(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    return vccw_sim_dump(server->sim);
}

static char *
verb_log(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    GString *text = g_string_new(NULL);

    if (g_strcmp0(words[0], "clear") == 0)
        g_queue_clear_full(&server->log, g_free);
    else if (words[0])
        return refuse(error, "write: log [clear]");
    for (GList *item = server->log.head; item; item = item->next)
        g_string_append_printf(text, "%s\n", (char *)item->data);
    return g_string_free(text, FALSE);
}

static char *
verb_autostart(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    if (!g_str_equal(words[0], "on") && !g_str_equal(words[0], "off"))
        return refuse(error, "write: autostart-udev on|off");
    server->autostart = g_str_equal(words[0], "on");
    return g_strdup("");
}

static char *
verb_module(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    if (!g_str_equal(words[0], "load") && !g_str_equal(words[0], "unload"))
        return refuse(error, "write: module load|unload");
    if (!vccw_sim_module_set(server->sim, g_str_equal(words[0], "load")))
        return refuse(error, "vfio_ccw is in use");
    return g_strdup("");
}

typedef struct {
    const char *name;
    guint min, max; /* number of arguments */
    char *(*run)(VccwSimServer *server, const char *const *words, int fd, GError **error);
    const char *arguments;
    const char *purpose; /* NULL: not for users */
} Verb;

static const Verb verbs[] = {
    { "add-subchannel", 1, 32, verb_add_subchannel, "BUSID [KEY=VALUE ...]", "hot-plug" },
    { "remove-subchannel", 1, 1, verb_remove_subchannel, "BUSID", "hot-unplug" },
    { "set", 3, 3, verb_set, "BUSID KEY VALUE", "the hardware says otherwise" },
    { "online", 2, 2, verb_online, "BUSID 0|1", "set a ccw device online or offline" },
    { "fault", 3, 8, verb_fault,
      "PATHGLOB read|write|open [errno=NAME] [count=N] [delay=S] | hang",
      "make an operation fail, slow or hang" },
    { "unfault", 0, 1, verb_unfault, "[PATHGLOB]", "lift faults" },
    { "hold", 1, 1, NULL, "UUID", "open the device as a QEMU would" },
    { "release", 1, 1, verb_release, "UUID", "close it again" },
    { "group", 1, 1, verb_group, "UUID", NULL },
    { "holding", 1, 1, verb_holding, "UUID", NULL },
    { "uevent", 2, 64, verb_uevent, "ACTION DEVPATH [KEY=VALUE ...]",
      "inject a raw uevent" },
    { "storm", 1, 1, verb_storm, "N", "emit N uevents fast" },
    { "reboot", 0, 0, verb_reboot, "", "all kernel state back to the spec" },
    { "dump", 0, 0, verb_dump, "", "print the state" },
    { "log", 0, 1, verb_log, "[clear]", "print every write seen" },
    { "module", 1, 1, verb_module, "load|unload", "vfio_ccw and what it needs" },
    { "autostart-udev", 1, 1, verb_autostart, "on|off", "be mdevctl's udev rule" },
};

char *
vccw_sim_verb_run(VccwSimServer *server, const char *const *words, int fd, GError **error)
{
    guint count = g_strv_length((char **)words);
    char *text;

    for (guint i = 0; count && i < G_N_ELEMENTS(verbs); i++) {
        if (!g_str_equal(verbs[i].name, words[0]) || !verbs[i].run)
            continue;
        if (count - 1 < verbs[i].min || count - 1 > verbs[i].max)
            return refuse(error, "write: %s%s%s", verbs[i].name,
                          *verbs[i].arguments ? " " : "", verbs[i].arguments);
        vccw_sim_server_lock(server);
        text = verbs[i].run(server, words + 1, fd, error);
        vccw_sim_server_unlock(server);
        return text;
    }
    return refuse(error, "'%s' is not a verb: see 'virtccw-sim ctl --help'",
                  count ? words[0] : "");
}

char *
vccw_sim_verb_usage(void)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (verbs[i].purpose)
            g_string_append_printf(text, "  %s%s%s\n        %s\n", verbs[i].name,
                                   *verbs[i].arguments ? " " : "", verbs[i].arguments,
                                   verbs[i].purpose);
    return g_string_free(text, FALSE);
}
