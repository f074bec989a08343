/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/nodedev-guest.h"
#include "driver/call.h"
#include "driver/find-mdev.h"
#include "driver/task.h"
#include <unistd.h>
#include <virtccw/error.h>

static gboolean
take_work(VccwTask *task, GError **error)
{
    VccwHolder guest = { task->guest, task->guest_uuid };

    return vccw_holder_take(task->holders, &guest, &task->source, getpid(), error);
}

static gboolean
runs_work(VccwTask *task, GError **error)
{
    vccw_holder_runs(task->holders, &task->guest_uuid);
    return TRUE;
}

static gboolean
give_work(VccwTask *task, GError **error)
{
    return vccw_holder_give(task->holders, &task->guest_uuid, &task->source.uuid, error);
}

/* FALSE: the call has been answered. */
static gboolean
read_source(VccwCall *call, VccwGuestSource *source)
{
    const VccwArgs *args = vccw_call_args(call);
    GError *error = NULL;

    *source = (VccwGuestSource){ .managed = args->number != 0,
                                 .by_device = args->third != NULL };
    if (vccw_uuid_parse(args->text, &source->uuid, &error) &&
        (!args->third || vccw_node_name_parse(args->third, &source->name, &error)))
        return TRUE;
    vccw_call_fail_take(call, error);
    return FALSE;
}

/* Where it is, or will be, as far as is known now. */
static VccwBusId
find_parent(VccwDriver *driver, const VccwGuestSource *source)
{
    VccwNodeName name = source->name;
    g_auto(VccwMdevFinder) finder = { driver };
    VccwFoundMdev found;
    const VccwMdev *mdev =
        vccw_inventory_get_mdev(vccw_driver_inventory(driver), &source->uuid);

    if (mdev)
        return mdev->parent;
    if (!source->by_device)
        return (VccwBusId){ 0 };
    vccw_find_mdev(&finder, &name, &found);
    return found.parent;
}

static void
run(VccwCall *call, const char *verb, VccwTaskWork work)
{
    const VccwArgs *args = vccw_call_args(call);
    VccwDriver *driver = vccw_call_driver(call);
    VccwGuestSource source;
    VccwBusId parent;
    VccwTask *task;

    if (!vccw_driver_holders(driver)) {
        vccw_call_return(call);
        return;
    }
    if (!read_source(call, &source))
        return;
    parent = find_parent(driver, &source);
    task =
        vccw_task_new(call, vccw_mdev_config_new(&source.uuid, &parent, ""), verb, work);
    task->guest = g_strdup(args->name);
    task->guest_uuid = args->uuid;
    task->source = source;
    task->parent_too = TRUE;
    vccw_task_run(task);
}

static void
take(VccwCall *call)
{
    run(call, "give to a guest", take_work);
}

static void
runs(VccwCall *call)
{
    run(call, "note the guest of", runs_work);
}

static void
give(VccwCall *call)
{
    run(call, "take away from a guest", give_work);
}

#define OPERATION(label, function)                                                  \
    {                                                                               \
        .name = (label), .permission = "node-device.start", .args = VCCW_ARGS_NONE, \
        .result = VCCW_RESULT_NONE, .handler = (function)                           \
    }

const VccwOperation vccw_nodedev_guest_take = OPERATION("GuestTake", take);
const VccwOperation vccw_nodedev_guest_runs = OPERATION("GuestRuns", runs);
const VccwOperation vccw_nodedev_guest_give = OPERATION("GuestGive", give);

/* -- with nobody waiting -- */

typedef struct {
    const VccwHolderHost *holders;
    VccwUuid guest;
    VccwUuid mdev;
} Forsaken;

static gboolean
forsake_work(gpointer data, GError **error)
{
    Forsaken *forsaken = data;

    return vccw_holder_give(forsaken->holders, &forsaken->guest, &forsaken->mdev, error);
}

static void
forsake_done(gpointer data, const GError *error)
{
    if (error)
        g_warning("what was meant for a guest is not given back: %s", error->message);
}

void
vccw_nodedev_guest_forsake(VccwDriver *driver,
                           const VccwUuid *guest,
                           const VccwUuid *mdev)
{
    g_autofree char *uuid = vccw_uuid_to_string(mdev);
    g_autofree char *key = g_strconcat("mdev:", uuid, NULL);
    Forsaken *forsaken;

    if (!vccw_driver_holders(driver))
        return;
    forsaken = g_new(Forsaken, 1);
    *forsaken = (Forsaken){ vccw_driver_holders(driver), *guest, *mdev };
    vccw_jobs_push(vccw_driver_jobs(driver), key, 0, forsake_work, forsake_done, NULL,
                   forsaken, g_free);
}
