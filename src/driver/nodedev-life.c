/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Operations that change the host. What they find there is judged by the worker, at the
 * moment of the change, and not by the view of the moment in which the call came.
 */

#include "driver/call.h"
#include "driver/mdev-call.h"
#include "driver/nodedev.h"
#include "driver/request.h"
#include "driver/task.h"
#include <virtccw/error.h>

#define CREATE_VALIDATE (1U << 0)

static gboolean
start_work(VccwTask *task, GError **error)
{
    return vccw_mdev_start(&task->host, task->config, error);
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
    task = vccw_task_new(call, config, "create", start_work);
    task->answer_name = TRUE;
    vccw_task_run(task);
}

void
vccw_nodedev_start(VccwCall *call)
{
    VccwDriver *driver = vccw_call_driver(call);
    const VccwMdevConfig *config;
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
    vccw_task_run(
        vccw_task_new(call, vccw_mdev_config_copy(config), "start", start_work));
}

static gboolean
destroy_work(VccwTask *task, GError **error)
{
    return vccw_mdev_stop(&task->host, &task->config->uuid, &task->config->parent, error);
}

void
vccw_nodedev_destroy(VccwCall *call)
{
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
    vccw_task_run(vccw_task_new(call, vccw_mdev_config_new(&name.uuid, &name.id, ""),
                                "destroy", destroy_work));
}
