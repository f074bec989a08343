/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/task.h"
#include "driver/node.h"
#include <virtccw/error.h>

#define WAITING_MAX 64    /* operations on one UUID that are not over */
#define BUSY_MAX    10000 /* the same on all */

VccwTask *
vccw_task_new(VccwCall *call, VccwMdevConfig *config, const char *verb, VccwTaskWork work)
{
    VccwDriver *driver = vccw_call_driver(call);
    VccwTask *task = g_new0(VccwTask, 1);

    task->call = vccw_call_ref(call);
    task->config = config;
    task->host = *vccw_driver_host(driver);
    task->dir = g_strdup(vccw_store_dir(vccw_driver_store(driver)));
    task->handover = vccw_driver_handover(driver);
    task->holders = vccw_driver_holders(driver);
    task->verb = verb;
    task->work = work;
    return task;
}

static void
task_free(gpointer data)
{
    VccwTask *task = data;

    vccw_call_unref(task->call);
    vccw_mdev_config_free(task->config);
    g_free(task->dir);
    g_free(task->guest);
    g_free(task->note);
    g_free(task);
}

static VccwNodeName
task_name(const VccwTask *task)
{
    if (task->on_parent)
        return vccw_node_name_css(&task->config->parent);
    return vccw_node_name_mdev(&task->config->uuid, &task->config->parent);
}

static gboolean
work(gpointer data, GError **error)
{
    VccwTask *task = data;

    return task->work(task, error);
}

static void
done(gpointer data, const GError *error)
{
    VccwTask *task = data;
    VccwDriver *driver = vccw_call_driver(task->call);
    VccwNodeName name = task_name(task);
    VccwNodeName parent = vccw_node_name_css(&task->config->parent);

    /* Also after a failure: part of it may have happened. */
    if (!task->on_parent) {
        vccw_store_refresh(vccw_driver_store(driver), &name.uuid, &name.id);
        vccw_inventory_refresh(vccw_driver_inventory(driver), &name);
    }
    if (task->on_parent || task->parent_too)
        vccw_inventory_refresh(vccw_driver_inventory(driver), &parent);
    if (task->identified)
        vccw_identify_definition(vccw_driver_identify(driver), &name.uuid, &name.id);
    if (task->note)
        g_warning("%s", task->note);
    if (error)
        vccw_call_fail(task->call, error);
    else if (task->answer_name)
        vccw_call_return_string(task->call, vccw_node_name_to_string(&name));
    else
        vccw_call_return(task->call);
}

static void
late(gpointer data)
{
    VccwTask *task = data;
    guint seconds = vccw_driver_timeout_ms(vccw_call_driver(task->call)) / 1000;
    VccwNodeName name = task_name(task);
    g_autofree char *text = vccw_node_name_to_string(&name);

    g_warning("the host has not answered to '%s' of '%s' for %u seconds", task->verb,
              text, seconds);
    vccw_call_fail_take(
        task->call,
        g_error_new(
            VCCW_ERROR, VCCW_ERROR_TIMEOUT,
            "cannot %s '%s' within %u seconds: it is still in progress; look at its "
            "state again later",
            task->verb, text, seconds));
}

/* Whoever leaves without waiting for the answer may come again and ask for more. */
static gboolean
has_room(VccwTask *task, const char *key, GError **error)
{
    VccwJobs *jobs = vccw_driver_jobs(vccw_call_driver(task->call));
    VccwNodeName name = task_name(task);
    g_autofree char *text = vccw_node_name_to_string(&name);

    if (vccw_jobs_waiting(jobs, key) < WAITING_MAX && vccw_jobs_busy(jobs) < BUSY_MAX)
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                "cannot %s '%s': too many operations wait already, %u of them for this "
                "device; try again later",
                task->verb, text, vccw_jobs_waiting(jobs, key));
    return FALSE;
}

void
vccw_task_run(VccwTask *task)
{
    VccwDriver *driver = vccw_call_driver(task->call);
    g_autofree char *uuid = vccw_uuid_to_string(&task->config->uuid);
    g_autofree char *id = vccw_bus_id_to_string(&task->config->parent);
    g_autofree char *key = task->on_parent ? g_strconcat("css:", id, NULL)
                                           : g_strconcat("mdev:", uuid, NULL);
    GError *error = NULL;

    if (!has_room(task, key, &error)) {
        vccw_call_fail_take(task->call, error);
        task_free(task);
        return;
    }
    vccw_jobs_push(vccw_driver_jobs(driver), key, vccw_driver_timeout_ms(driver), work,
                   done, late, task, task_free);
}
