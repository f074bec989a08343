/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Operations that change the store. Defining a device that is defined already (same UUID
 * and parent) replaces type and attributes and keeps the rest, autostart above all.
 */

#include "driver/call.h"
#include "driver/mdev-call.h"
#include "driver/node.h"
#include "driver/nodedev.h"
#include "driver/request.h"
#include "driver/task.h"
#include "handover/identity.h"
#include <libvirt/libvirt.h>
#include <virtccw/error.h>

#define DEFINE_VALIDATE (1U << 0)

/* VIR_NODE_DEVICE_UPDATE_AFFECT_*, since libvirt 10.1 */
#define AFFECT_LIVE   (1U << 0)
#define AFFECT_CONFIG (1U << 1)

/* Whoever defines or updates a device means what is behind its parent now. The definition
 * stands even if that cannot be written down. */
static void
remember_device(VccwTask *task)
{
    g_autoptr(GError) error = NULL;

    task->identified = task->handover != NULL;
    if (task->handover && !vccw_identity_remember(task->handover, &task->config->uuid,
                                                  &task->config->parent, TRUE, &error))
        task->note = g_strdup_printf("which device a definition is for cannot be "
                                     "remembered: %s",
                                     error->message);
}

/* mdevctl may define or undefine the same device between our look and our write. */
static gboolean
define_work(VccwTask *task, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!vccw_definition_update(task->dir, task->config, &local)) {
        if (!g_error_matches(local, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
        if (!vccw_definition_create(task->dir, task->config, error))
            return FALSE;
    }
    remember_device(task);
    return TRUE;
}

void
vccw_nodedev_define(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    VccwMdevConfig *config;
    VccwTask *task;
    GError *error = NULL;

    if (!vccw_call_check_flags(call, DEFINE_VALIDATE))
        return;
    config = vccw_request_parse(args->name, args->flags & DEFINE_VALIDATE, NULL, &error);
    if (!config) {
        vccw_call_fail_take(call, error);
        return;
    }
    task = vccw_task_new(call, config, "define", define_work);
    task->answer_name = TRUE;
    vccw_task_run(task);
}

static gboolean
undefine_work(VccwTask *task, GError **error)
{
    const VccwMdevConfig *config = task->config;

    if (!vccw_definition_remove(task->dir, &config->uuid, &config->parent, error))
        return FALSE;
    if (task->handover)
        vccw_identity_forget(task->handover, &config->uuid, &config->parent, NULL);
    return TRUE;
}

void
vccw_nodedev_undefine(VccwCall *call)
{
    VccwNodeName name;

    if (!vccw_call_check_flags(call, 0) ||
        !vccw_mdev_call_persistent(call, "undefine", VCCW_ERROR_OPERATION_INVALID, &name))
        return;
    vccw_task_run(vccw_task_new(call, vccw_mdev_config_new(&name.uuid, &name.id, ""),
                                "undefine", undefine_work));
}

static gboolean
set_autostart_work(VccwTask *task, GError **error)
{
    return vccw_definition_set_autostart(task->dir, &task->config->uuid,
                                         &task->config->parent, task->config->autostart,
                                         error);
}

void
vccw_nodedev_set_autostart(VccwCall *call)
{
    gboolean autostart = vccw_call_args(call)->number != 0;
    VccwDriver *driver = vccw_call_driver(call);
    VccwNodeName name;
    VccwTask *task;

    if (!vccw_mdev_call_persistent(call, "autostart", VCCW_ERROR_OPERATION_UNSUPPORTED,
                                   &name))
        return;
    if (!autostart)
        vccw_autostart_forget(vccw_driver_autostart(driver), &name.uuid, &name.id);
    task = vccw_task_new(call, vccw_mdev_config_new(&name.uuid, &name.id, ""),
                         "set the autostart of", set_autostart_work);
    task->config->autostart = autostart;
    vccw_task_run(task);
}

static gboolean
update_work(VccwTask *task, GError **error)
{
    if (!vccw_definition_update(task->dir, task->config, error))
        return FALSE;
    remember_device(task);
    return TRUE;
}

/* A document that describes another device than the one it is to update. */
static gboolean
check_same_device(const VccwNodeName *name,
                  const VccwMdevConfig *config,
                  gboolean has_uuid,
                  GError **error)
{
    g_autofree char *text = vccw_node_name_to_string(name);

    if (has_uuid && !vccw_uuid_equal(&config->uuid, &name->uuid)) {
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
            "the document's <uuid> is not that of '%s': a UUID cannot be changed; "
            "define another device",
            text);
        return FALSE;
    }
    if (!vccw_bus_id_equal(&config->parent, &name->id)) {
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
            "the document's parent is not that of '%s': a parent cannot be changed; "
            "define the device on its new parent",
            text);
        return FALSE;
    }
    return TRUE;
}

/* vfio_ccw devices have no attributes that could change under a guest's feet; and which
 * ones another type was started with is known to nobody, for its definition may have
 * changed since. */
static gboolean
check_live(VccwDriver *driver,
           const VccwNodeName *name,
           const VccwMdevConfig *config,
           GError **error)
{
    const VccwMdev *mdev =
        vccw_inventory_get_mdev(vccw_driver_inventory(driver), &name->uuid);
    g_autofree char *text = vccw_node_name_to_string(name);

    if (mdev && g_strcmp0(mdev->type, config->type) != 0) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "the type of the active device '%s' is '%s' and cannot be changed: "
                    "destroy it first",
                    text, mdev->type ? mdev->type : "not known");
        return FALSE;
    }
    if (config->attrs->len > 0) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_UNSUPPORTED,
                    "attributes of the active device '%s' cannot be changed: update its "
                    "definition (--config), then destroy and start it",
                    text);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_affected(const VccwNodeName *name,
               const VccwNodeState *state,
               guint32 flags,
               GError **error)
{
    g_autofree char *text = vccw_node_name_to_string(name);

    if ((flags & AFFECT_LIVE) && !state->active) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "node device '%s' is not active: update its definition (--config)",
                    text);
        return FALSE;
    }
    if ((flags & AFFECT_CONFIG) && !state->persistent) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "node device '%s' is transient: it has no definition to update",
                    text);
        return FALSE;
    }
    return TRUE;
}

void
vccw_nodedev_update(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    VccwDriver *driver = vccw_call_driver(call);
    g_autoptr(VccwMdevConfig) config = NULL;
    guint32 flags = args->flags;
    gboolean has_uuid;
    VccwNodeName name;
    VccwNodeState state;
    GError *error = NULL;

    if (!vccw_call_check_flags(call, AFFECT_LIVE | AFFECT_CONFIG) ||
        !vccw_mdev_call_lookup(call, "update", VCCW_ERROR_OPERATION_UNSUPPORTED, &name,
                               &state))
        return;
    if (flags == 0)
        flags = state.active ? AFFECT_LIVE : AFFECT_CONFIG;
    config = vccw_request_parse(args->text, TRUE, &has_uuid, &error);
    if (!config || !check_affected(&name, &state, flags, &error) ||
        !check_same_device(&name, config, has_uuid, &error) ||
        ((flags & AFFECT_LIVE) && !check_live(driver, &name, config, &error))) {
        vccw_call_fail_take(call, error);
        return;
    }
    if (!(flags & AFFECT_CONFIG)) {
        vccw_call_return(call); /* the live device is as the document wants it */
        return;
    }
    config->uuid = name.uuid;
    vccw_task_run(vccw_task_new(call, g_steal_pointer(&config), "update", update_work));
}
