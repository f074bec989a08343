/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/steps.h"

#include "base/io.h"
#include "handover/override.h"
#include "handover/use.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <virtccw/error.h>

#define LOOK_MSEC     20
#define BIND_MSEC     2000  /* until sysfs shows a driver that was bound, or unbound */
#define MODULE_SEC    20    /* until its module is loaded; less than a call may take */
#define OFFLINE_MSEC  3000  /* udev may have the disk open for a moment */
#define ONLINE_MSEC   10000 /* until the device is recognised and online */
#define MESSAGE_BYTES 300   /* of what another program said */

/* Where modprobe is, and what it calls: not where whoever started us would have it. */
#define PROGRAMS "/usr/sbin:/usr/bin:/sbin:/bin"

/* One step. What it fails with says what and why; the way adds who. */
typedef gboolean (*Step)(VccwHand *hand, GError **error);

/* What a step waits for. */
typedef gboolean (*Condition)(VccwHand *hand);

gboolean
vccw_hand_init(VccwHand *hand,
               const VccwHandoverHost *host,
               const VccwBusId *subchannel,
               gboolean lock,
               GError **error)
{
    VccwNodeName name = vccw_node_name_css(subchannel);

    *hand = (VccwHand){ .host = host, .id = *subchannel, .sysfs = -1, .lock = -1 };
    hand->bus_id = vccw_bus_id_to_string(subchannel);
    hand->name = vccw_node_name_to_string(&name);
    hand->sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, error);
    if (hand->sysfs < 0)
        return FALSE;
    if (lock) {
        hand->lock = vccw_taken_lock(host, subchannel, error);
        if (hand->lock < 0)
            return FALSE;
    }
    return vccw_taken_load(host, subchannel, &hand->taken, error);
}

void
vccw_hand_clear(VccwHand *hand)
{
    g_clear_pointer(&hand->bus_id, g_free);
    g_clear_pointer(&hand->name, g_free);
    g_clear_pointer(&hand->taken, vccw_taken_free);
    vccw_look_clear(&hand->look);
    vccw_fd_clear(&hand->sysfs);
    vccw_fd_clear(&hand->lock);
}

/* -- looking -- */

static char *
css_path(VccwHand *hand, const char *name)
{
    return g_build_filename("bus/css/devices", hand->bus_id, name, NULL);
}

gboolean
vccw_hand_exists(VccwHand *hand)
{
    g_autofree char *path = css_path(hand, NULL);

    return vccw_look_exists(&hand->look, hand->sysfs, path);
}

char *
vccw_hand_attr(VccwHand *hand, const char *name)
{
    g_autofree char *path = css_path(hand, name);

    return vccw_look_attr(&hand->look, hand->sysfs, path);
}

char *
vccw_hand_override(VccwHand *hand)
{
    g_autofree char *text = vccw_hand_attr(hand, "driver_override");

    if (!text || !*text || g_str_equal(text, "(null)"))
        return NULL;
    return g_steal_pointer(&text);
}

char *
vccw_hand_driver(VccwHand *hand)
{
    g_autofree char *path = css_path(hand, "driver");

    return vccw_look_link(&hand->look, hand->sysfs, path);
}

static gboolean
has_driver(VccwHand *hand)
{
    g_autofree char *driver = vccw_hand_driver(hand);

    return driver != NULL;
}

static gboolean
has_no_driver(VccwHand *hand)
{
    return !has_driver(hand);
}

gboolean
vccw_hand_is_with_vfio(VccwHand *hand)
{
    g_autofree char *driver = vccw_hand_driver(hand);

    return !g_strcmp0(driver, VCCW_HANDOVER_DRIVER);
}

GArray *
vccw_hand_mdevs(VccwHand *hand)
{
    g_autofree char *path = css_path(hand, NULL);
    g_autoptr(GPtrArray) names = vccw_look_list(&hand->look, hand->sysfs, path);
    GArray *uuids = g_array_new(FALSE, FALSE, sizeof(VccwUuid));
    VccwUuid uuid;

    for (guint i = 0; names && i < names->len; i++)
        if (vccw_uuid_parse_canonical(names->pdata[i], &uuid, NULL))
            g_array_append_val(uuids, uuid);
    return uuids;
}

char *
vccw_hand_other_device(VccwHand *hand)
{
    g_autofree char *device = vccw_hand_attr(hand, "dev_busid");

    if (!device || !hand->taken || !hand->taken->device || g_str_equal(device, "none") ||
        g_str_equal(device, hand->taken->device))
        return NULL;
    return g_steal_pointer(&device);
}

gboolean
vccw_hand_check_device(VccwHand *hand, GError **error)
{
    g_autofree char *other = NULL;

    if (!hand->taken || hand->taken->step != VCCW_TAKEN_TAKING)
        return TRUE;
    other = vccw_hand_other_device(hand);
    if (!other)
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFLICT,
                "the I/O configuration has changed meanwhile: it was to be taken for "
                "device %s, but now has device %s; look which one is meant",
                hand->taken->device, other);
    return FALSE;
}

static char *
online_path(VccwHand *hand)
{
    g_autofree char *device = vccw_use_device(&hand->look, hand->sysfs, &hand->id);

    return device ? g_build_filename("bus/ccw/devices", device, "online", NULL) : NULL;
}

static gboolean
is_online(VccwHand *hand)
{
    g_autofree char *path = online_path(hand);
    g_autofree char *text = path ? vccw_look_attr(&hand->look, hand->sysfs, path) : NULL;

    return !g_strcmp0(text, "1");
}

static gboolean
wait_until(VccwHand *hand, Condition condition, guint msec)
{
    gint64 end = g_get_monotonic_time() + msec * (gint64)1000;

    while (!condition(hand)) {
        if (g_get_monotonic_time() > end || !vccw_hand_exists(hand))
            return condition(hand);
        g_usleep(LOOK_MSEC * 1000);
    }
    return TRUE;
}

/* -- the way to vfio_ccw -- */

/* Told now, while nothing is lost yet, rather than after the device is offline. */
static gboolean
store_override(VccwHand *hand, GError **error)
{
    if (hand->taken->by_start)
        return TRUE;
    return vccw_override_store(hand->host, &hand->id, VCCW_HANDOVER_DRIVER, error);
}

static gboolean
has_vfio(VccwHand *hand)
{
    return vccw_look_exists(&hand->look, hand->sysfs,
                            "bus/css/drivers/" VCCW_HANDOVER_DRIVER);
}

/* In the child: it keeps no signals blocked that whoever started us has blocked, and does
 * not keep the subchannel's lock for ever. */
static void
limit_child(gpointer data)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGALRM, SIG_DFL);
    alarm(MODULE_SEC);
}

static gboolean
load_module(VccwHand *hand, GError **error)
{
    const char *argv[] = { hand->host->modprobe, VCCW_HANDOVER_DRIVER, NULL };
    g_auto(GStrv) envp = g_environ_setenv(g_get_environ(), "PATH", PROGRAMS, TRUE);
    g_autofree char *said = NULL;
    g_autoptr(GError) problem = NULL;
    int status = 0;

    if (has_vfio(hand))
        return TRUE;
    if (argv[0] &&
        g_spawn_sync(NULL, (char **)argv, envp,
                     G_SPAWN_SEARCH_PATH_FROM_ENVP | G_SPAWN_STDOUT_TO_DEV_NULL,
                     limit_child, NULL, NULL, &said, &status, &problem) &&
        g_spawn_check_wait_status(status, &problem) &&
        wait_until(hand, has_vfio, BIND_MSEC))
        return TRUE;
    if (said)
        g_strdelimit(g_strstrip(said), "\n", ' ');
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                "the kernel has no driver vfio_ccw, and its module could not be loaded "
                "(%.*s); try 'modprobe vfio_ccw'",
                MESSAGE_BYTES,
                said && *said ? said
                : problem     ? problem->message
                              : "none is to be loaded here");
    return FALSE;
}

static void
explain_offline(VccwHand *hand, const GError *problem, GError **error)
{
    g_autoptr(GPtrArray) users = vccw_use_find_openers(hand->host, &hand->id);
    g_autofree char *names = vccw_use_join(users);

    if (vccw_error_errno(problem) == EBUSY)
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                    "the device does not go offline, for it is in use (%s); end that "
                    "first",
                    users->len ? names : "by whom cannot be found; see 'lsof'");
    else
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                    "the device does not go offline: %s", problem->message);
}

static gboolean
set_offline(VccwHand *hand, GError **error)
{
    gint64 end = g_get_monotonic_time() + OFFLINE_MSEC * (gint64)1000;

    while (is_online(hand)) {
        g_autofree char *path = online_path(hand);
        g_autoptr(GError) problem = NULL;
        gboolean again;

        if (!path || vccw_write_attr(hand->sysfs, path, "0", &problem))
            break;
        again = vccw_error_errno(problem) == EBUSY || vccw_error_errno(problem) == EAGAIN;
        if (!again || g_get_monotonic_time() > end) {
            explain_offline(hand, problem, error);
            return FALSE;
        }
        g_usleep(LOOK_MSEC * 1000);
    }
    if (!is_online(hand))
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                "the device has been set offline, but shows online still");
    return FALSE;
}

static gboolean
write_override(VccwHand *hand, const char *driver, GError **error)
{
    g_autofree char *path = css_path(hand, "driver_override");
    g_autofree char *now = vccw_hand_override(hand);

    if (!g_strcmp0(now, driver))
        return TRUE;
    return vccw_write_attr(hand->sysfs, path, driver ? driver : "\n", error);
}

static gboolean
set_override(VccwHand *hand, GError **error)
{
    return write_override(hand, VCCW_HANDOVER_DRIVER, error);
}

static gboolean
unbind_driver(VccwHand *hand, GError **error)
{
    g_autofree char *path = css_path(hand, "driver/unbind");
    g_autoptr(GError) problem = NULL;

    if (!has_driver(hand))
        return TRUE;
    if (!vccw_write_attr(hand->sysfs, path, hand->bus_id, &problem) && has_driver(hand)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (wait_until(hand, has_no_driver, BIND_MSEC))
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                "its driver has been unbound, but is shown still");
    return FALSE;
}

/* The kernel would take even a disk that is mounted away. */
static gboolean
unbind_host(VccwHand *hand, GError **error)
{
    if (vccw_hand_is_with_vfio(hand))
        return TRUE;
    if (!is_online(hand) && !hand->look.problem)
        return unbind_driver(hand, error);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                "somebody has set the device online again; find out who needs it");
    return FALSE;
}

/* Somebody else (a udev rule) may bind it at the same moment. */
static gboolean
bind_vfio(VccwHand *hand, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (vccw_hand_is_with_vfio(hand))
        return TRUE;
    vccw_write_attr(hand->sysfs, "bus/css/drivers/" VCCW_HANDOVER_DRIVER "/bind",
                    hand->bus_id, &problem);
    if (wait_until(hand, problem ? vccw_hand_is_with_vfio : has_driver,
                   problem ? 0 : BIND_MSEC) &&
        vccw_hand_is_with_vfio(hand))
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                "vfio_ccw does not take it: %s; see the kernel's log",
                problem ? problem->message : "another driver has taken it");
    return FALSE;
}

/* -- the way to the host -- */

/* Only what says vfio_ccw is ours to take back. */
static gboolean
restore_store(VccwHand *hand, GError **error)
{
    g_autofree char *now = NULL;

    if (!vccw_override_load(hand->host, &hand->id, &now, error))
        return FALSE;
    if (g_strcmp0(now, VCCW_HANDOVER_DRIVER))
        return TRUE;
    return vccw_override_store(hand->host, &hand->id, hand->taken->stored, error);
}

static gboolean
restore_override(VccwHand *hand, GError **error)
{
    g_autofree char *now = vccw_hand_override(hand);

    if (g_strcmp0(now, VCCW_HANDOVER_DRIVER))
        return TRUE;
    return write_override(hand, hand->taken->override, error);
}

/* The kernel would wait for a user of a mediated device, and throw the others out. */
static gboolean
unbind_vfio(VccwHand *hand, GError **error)
{
    g_autoptr(GArray) uuids = vccw_hand_mdevs(hand);

    if (!vccw_hand_is_with_vfio(hand))
        return TRUE;
    if (!uuids->len)
        return unbind_driver(hand, error);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                "a mediated device is active on it; stop that first");
    return FALSE;
}

static gboolean
bind_host(VccwHand *hand, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (has_driver(hand))
        return TRUE;
    vccw_write_attr(hand->sysfs, "bus/css/drivers_probe", hand->bus_id, &problem);
    if (wait_until(hand, has_driver, problem ? 0 : BIND_MSEC))
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                "the host's driver does not take it: %s; see the kernel's log",
                problem ? problem->message : "none wants it");
    return FALSE;
}

/* Not even behind the subchannel, where recognising it does not count. */
static gboolean
has_no_device(VccwHand *hand)
{
    g_autofree char *device = vccw_hand_attr(hand, "dev_busid");

    return !g_strcmp0(device, "none");
}

gboolean
vccw_hand_is_online(VccwHand *hand)
{
    return is_online(hand);
}

/* The kernel recognises the device, and udev loads its driver, some time after the bind;
 * until then it cannot go online. */
static gboolean
set_online(VccwHand *hand, GError **error)
{
    gint64 end = g_get_monotonic_time() + ONLINE_MSEC * (gint64)1000;
    g_autofree char *other = vccw_hand_other_device(hand);
    g_autoptr(GError) problem = NULL;

    if (!hand->taken->online || other || hand->may_stay_offline)
        return TRUE;
    while (!is_online(hand)) {
        g_autofree char *path = online_path(hand);

        g_clear_error(&problem);
        if (path && vccw_write_attr(hand->sysfs, path, "1", &problem) && is_online(hand))
            break;
        if (!vccw_hand_exists(hand))
            return TRUE;
        if (g_get_monotonic_time() > end || has_no_device(hand)) {
            g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                        "the host has the subchannel, but the device does not go online "
                        "again: %s; check its channel paths, then try again",
                        problem ? problem->message : "the kernel does not show it");
            return FALSE;
        }
        g_usleep(LOOK_MSEC * 1000);
    }
    return TRUE;
}

/* -- both -- */

/* FALSE also if that cannot be known. */
static gboolean
has_gone(VccwHand *hand)
{
    gboolean exists = vccw_hand_exists(hand);

    return vccw_look_done(&hand->look, NULL) && !exists;
}

/* What a step did by what it could not see properly is no success, and what it says of it
 * is not the cause. It is tried once more, for steps may be. */
static gboolean
run_step(VccwHand *hand, Step step, GError **error)
{
    g_autoptr(GError) problem = NULL;
    gboolean ok = step(hand, &problem);

    if (!vccw_look_done(&hand->look, NULL)) {
        g_clear_error(&problem);
        ok = step(hand, &problem);
    }
    if (!vccw_look_done(&hand->look, error))
        return FALSE;
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&problem));
    return ok;
}

/* A subchannel that goes on the way makes every step fail, in ways that do not say so. */
static gboolean
go(VccwHand *hand, const Step *way, gsize n, GError **error)
{
    for (gsize i = 0; i < n; i++) {
        g_autoptr(GError) problem = NULL;
        int code = VCCW_ERROR_OPERATION_FAILED;

        if (run_step(hand, way[i], &problem))
            continue;
        if (has_gone(hand)) {
            g_set_error(error, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING,
                        "the host has no subchannel %s any more", hand->bus_id);
            return FALSE;
        }
        if (problem->domain == VCCW_ERROR)
            code = problem->code;
        g_set_error_literal(error, VCCW_ERROR, code, problem->message);
        return FALSE;
    }
    return TRUE;
}

gboolean
vccw_hand_to_vfio(VccwHand *hand, GError **error)
{
    static const Step way[] = { store_override, load_module,  vccw_hand_check_device,
                                set_offline,    set_override, vccw_hand_check_device,
                                unbind_host,    bind_vfio };

    return go(hand, way, G_N_ELEMENTS(way), error);
}

gboolean
vccw_hand_to_host(VccwHand *hand, GError **error)
{
    static const Step way[] = { restore_override, unbind_vfio, bind_host, set_online };

    if (!restore_store(hand, error))
        return FALSE;
    if (has_gone(hand) || go(hand, way, G_N_ELEMENTS(way), error))
        return TRUE;
    if (!has_gone(hand))
        return FALSE;
    g_clear_error(error);
    return TRUE;
}
