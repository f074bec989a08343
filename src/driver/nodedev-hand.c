/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Detaching gives a subchannel to vfio_ccw, now and at each boot; reattaching gives it
 * back to the host. A device stands for the subchannel that it is behind.
 */

#include "driver/call.h"
#include "driver/node.h"
#include "driver/nodedev.h"
#include "driver/task.h"
#include "handover/handover.h"
#include <virtccw/error.h>

static gboolean
fail(VccwCall *call, const char *verb, VccwNodeName name, int code, const char *why)
{
    g_autofree char *text = vccw_node_name_to_string(&name);

    vccw_call_fail_take(
        call, g_error_new(VCCW_ERROR, code, "cannot %s '%s': %s", verb, text, why));
    return FALSE;
}

/* The subchannel that a call is about, and its device if that was named. FALSE: the call
 * has been answered. */
static gboolean
find_subchannel(VccwCall *call,
                const char *verb,
                VccwNodeName *ret_name,
                VccwBusId *ret_id)
{
    VccwDriver *driver = vccw_call_driver(call);
    const VccwDevice *device;
    VccwNodeName name;
    GError *error = NULL;

    if (!vccw_node_lookup(driver, vccw_call_args(call)->name, &name, NULL, &error)) {
        vccw_call_fail_take(call, error);
        return FALSE;
    }
    if (name.kind != VCCW_NODE_CSS && name.kind != VCCW_NODE_CCW)
        return fail(call, verb, name, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "it is neither a subchannel nor a channel-attached device");
    if (!vccw_driver_handover(driver))
        return fail(call, verb, name, VCCW_ERROR_OPERATION_UNSUPPORTED,
                    "this connection hands nothing over");
    device = name.kind == VCCW_NODE_CCW
                 ? vccw_inventory_get_device(vccw_driver_inventory(driver), &name.id)
                 : NULL;
    if (device && !device->has_subchannel)
        return fail(call, verb, name, VCCW_ERROR_OPERATION_INVALID,
                    "it is behind no subchannel now; check its channel paths (lschp)");
    *ret_name = name;
    *ret_id = device ? device->subchannel : name.id;
    return TRUE;
}

static void
run(VccwCall *call,
    const char *verb,
    const VccwNodeName *name,
    const VccwBusId *id,
    VccwTaskWork work)
{
    static const VccwUuid none;
    VccwTask *task = vccw_task_new(call, vccw_mdev_config_new(&none, id, ""), verb, work);

    task->on_parent = TRUE;
    task->has_device = name->kind == VCCW_NODE_CCW;
    task->device = name->id;
    vccw_task_run(task);
}

static gboolean
detach_work(VccwTask *task, GError **error)
{
    return vccw_handover_take(task->handover, &task->config->parent,
                              task->has_device ? &task->device : NULL,
                              VCCW_HANDOVER_BY_ADMIN, NULL, &task->note, error);
}

void
vccw_nodedev_detach(VccwCall *call)
{
    VccwNodeName name;
    VccwBusId id;

    if (find_subchannel(call, "detach", &name, &id))
        run(call, "detach", &name, &id, detach_work);
}

void
vccw_nodedev_detach_flags(VccwCall *call)
{
    const char *driver = vccw_call_args(call)->text;

    if (!vccw_call_check_flags(call, 0))
        return;
    if (driver && !g_str_equal(driver, VCCW_HANDOVER_DRIVER) &&
        !g_str_equal(driver, "vfio-ccw"))
        vccw_call_fail_take(
            call, g_error_new(VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                              "cannot detach '%s': its driver can be 'vfio_ccw' "
                              "only, or none given",
                              vccw_call_args(call)->name));
    else
        vccw_nodedev_detach(call);
}

static gboolean
reattach_work(VccwTask *task, GError **error)
{
    if (task->holders &&
        !vccw_holder_check(task->holders, &task->config->parent, error)) {
        g_prefix_error(error, "cannot reattach the device: ");
        return FALSE;
    }
    return vccw_handover_give(task->handover, &task->config->parent,
                              task->has_device ? &task->device : NULL,
                              VCCW_HANDOVER_BY_ADMIN, NULL, error);
}

void
vccw_nodedev_reattach(VccwCall *call)
{
    VccwNodeName name;
    VccwBusId id;

    if (find_subchannel(call, "reattach", &name, &id))
        run(call, "reattach", &name, &id, reattach_work);
}

void
vccw_nodedev_reset(VccwCall *call)
{
    VccwNodeName name;
    GError *error = NULL;

    if (!vccw_node_lookup(vccw_call_driver(call), vccw_call_args(call)->name, &name, NULL,
                          &error))
        vccw_call_fail_take(call, error);
    else
        fail(call, "reset", name, VCCW_ERROR_OPERATION_UNSUPPORTED,
             "channel-attached devices have no reset of their own; vfio_ccw quiets the "
             "device when a guest closes it");
}
