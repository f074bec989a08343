/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Operations that change the host. What they find there is judged by the worker, at the
 * moment of the change, and not by the view of the moment in which the call came.
 */

#include "base/io.h"
#include "driver/call.h"
#include "driver/mdev-call.h"
#include "driver/nodedev.h"
#include "driver/request.h"
#include "driver/task.h"
#include "handover/handover.h"
#include "handover/identity.h"
#include "mdev/refusal.h"
#include <virtccw/error.h>

#define CREATE_VALIDATE (1U << 0)

static gboolean
create_work(VccwTask *task, GError **error)
{
    const VccwMdevConfig *config = task->config;

    /* It may be the pair of a definition. */
    if (task->handover &&
        !vccw_identity_check(task->handover, &config->uuid, &config->parent, error))
        return FALSE;
    return vccw_mdev_start(&task->host, task->config, error);
}

/* Puts the device before what is wrong with its parent. */
static void
prefix(VccwTask *task, const char *verb, GError **error)
{
    VccwNodeName mdev = vccw_node_name_mdev(&task->config->uuid, &task->config->parent);
    g_autofree char *name = vccw_node_name_to_string(&mdev);

    g_prefix_error(error, "cannot %s %s: ", verb, name);
}

/* A parent that the host does not have is told by the start itself. */
static gboolean
take_parent(VccwTask *task, gboolean *ret_taken, GError **error)
{
    const VccwMdevConfig *config = task->config;
    g_autoptr(GError) problem = NULL;

    if (!task->take_parent || !g_str_equal(config->type, "vfio_ccw-io") ||
        vccw_handover_take(task->handover, &config->parent, NULL, VCCW_HANDOVER_BY_START,
                           ret_taken, NULL, &problem) ||
        g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    prefix(task, "start", error);
    return FALSE;
}

/* Adds to @error what came of giving back what was taken for nothing. */
static void
give_back(VccwTask *task, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GError) first = NULL;

    if (vccw_handover_give(task->handover, &task->config->parent, NULL,
                           VCCW_HANDOVER_BY_START, NULL, &problem))
        return;
    first = g_steal_pointer(error);
    g_set_error(error, first->domain, first->code, "%s; and %s", first->message,
                problem->message);
}

static gboolean
check_identity(VccwTask *task, GError **error)
{
    const VccwMdevConfig *config = task->config;

    return !task->handover ||
           vccw_identity_check(task->handover, &config->uuid, &config->parent, error);
}

static gboolean
start_work(VccwTask *task, GError **error)
{
    GError *problem = NULL;
    gboolean taken = FALSE;

    if (!check_identity(task, error) || !take_parent(task, &taken, error))
        return FALSE;
    /* Another one may have come behind the parent before that was taken. */
    if (check_identity(task, &problem) &&
        vccw_mdev_start(&task->host, task->config, &problem))
        return TRUE;
    vccw_refusal_offer_undefine(&problem);
    if (taken)
        give_back(task, &problem);
    g_propagate_error(error, problem);
    return FALSE;
}

void
vccw_nodedev_create_xml(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    VccwMdevConfig *config;
    VccwTask *task;
    GError *error = NULL;

    if (!vccw_call_check_flags(call, CREATE_VALIDATE))
        return;
    config = vccw_request_parse(args->name, args->flags & CREATE_VALIDATE, NULL, &error);
    if (!config) {
        vccw_call_fail_take(call, error);
        return;
    }
    task = vccw_task_new(call, config, "create", create_work);
    task->answer_name = TRUE;
    vccw_task_run(task);
}

void
vccw_nodedev_start(VccwCall *call)
{
    VccwDriver *driver = vccw_call_driver(call);
    const VccwMdevConfig *config;
    VccwTask *task;
    VccwNodeName name;
    VccwNodeState state;

    if (!vccw_call_check_flags(call, 0) ||
        !vccw_mdev_call_lookup(call, "start", VCCW_ERROR_OPERATION_INVALID, &name,
                               &state))
        return;
    config = vccw_store_get(vccw_driver_store(driver), &name.uuid, &name.id);
    if (!config) {
        g_autofree char *text = vccw_node_name_to_string(&name);

        vccw_call_fail_take(call,
                            g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                                        "node device '%s' is active already", text));
        return;
    }
    vccw_autostart_forget(vccw_driver_autostart(driver), &name.uuid, &name.id);
    task = vccw_task_new(call, vccw_mdev_config_copy(config), "start", start_work);
    task->take_parent = task->parent_too = vccw_driver_takes_parents(driver);
    vccw_task_run(task);
}

static gboolean
destroy_work(VccwTask *task, GError **error)
{
    const VccwMdevConfig *config = task->config;
    g_auto(VccwFd) lock = -1;

    /* A guest that is starting has not opened the device yet. */
    if (task->holders &&
        ((lock = vccw_holder_lock(task->holders, &config->parent, error)) < 0 ||
         !vccw_holder_check(task->holders, &config->parent, error))) {
        prefix(task, "destroy", error);
        return FALSE;
    }
    if (!vccw_mdev_stop(&task->host, &config->uuid, &config->parent, error))
        return FALSE;
    if (!task->handover || vccw_handover_give(task->handover, &config->parent, NULL,
                                              VCCW_HANDOVER_BY_START, NULL, error))
        return TRUE;
    g_prefix_error(error, "the device is destroyed, but its parent is not back: ");
    return FALSE;
}

void
vccw_nodedev_destroy(VccwCall *call)
{
    VccwTask *task;
    VccwNodeName name;
    VccwNodeState state;

    if (!vccw_mdev_call_lookup(call, "destroy", VCCW_ERROR_CONFIG_UNSUPPORTED, &name,
                               &state))
        return;
    if (!state.active) {
        g_autofree char *text = vccw_node_name_to_string(&name);

        vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                                              "node device '%s' is not active", text));
        return;
    }
    task = vccw_task_new(call, vccw_mdev_config_new(&name.uuid, &name.id, ""), "destroy",
                         destroy_work);
    task->parent_too = task->handover != NULL;
    vccw_task_run(task);
}
