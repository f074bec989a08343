/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A refusal is worth something only before the action; what is done after it must not
 * fail, for mdevctl does not look at that.
 */

#include "callout/callout.h"

#include "base/io.h"
#include "handover/handover.h"
#include "handover/identity.h"
#include "mdev/refusal.h"
#include "mdev/user.h"

#include <fcntl.h>
#include <virtccw/error.h>
#include <virtccw/mdev.h>

#define TYPE "vfio_ccw-io"

/* A call-out whose words have been read. */
typedef struct {
    const VccwCallout *callout;
    VccwUuid uuid;
    VccwBusId parent;
} Device;

/* Returns: FALSE with an error that is shown; before an action that stops it. */
typedef gboolean (*Handler)(const Device *device, GError **error);

static void
prefix_start(const Device *device, GError **error)
{
    VccwNodeName mdev = vccw_node_name_mdev(&device->uuid, &device->parent);
    g_autofree char *name = vccw_node_name_to_string(&mdev);

    g_prefix_error(error, "cannot start %s: ", name);
}

/* Whoever took the parent for a start wants the only device that there can be on it. */
static gboolean
leave_to_start(const Device *device, GError **error)
{
    if (!vccw_handover_is_for_start(device->callout->host, &device->parent))
        return TRUE;
    g_set_error(
        error, VCCW_ERROR, VCCW_ERROR_BUSY,
        "its parent has been taken from the host for a start, and not for what is "
        "to be started automatically");
    prefix_start(device, error);
    return FALSE;
}

static gboolean give_back(const Device *device, GError **error);

static gboolean
before_start(const Device *device, GError **error)
{
    const VccwCallout *callout = device->callout;

    if (!vccw_identity_check(callout->host, &device->uuid, &device->parent, error))
        return FALSE;
    if (callout->by_udev)
        return leave_to_start(device, error);
    if (!callout->take_parents)
        return TRUE;
    if (!vccw_handover_take(callout->host, &device->parent, NULL, VCCW_HANDOVER_BY_START,
                            NULL, NULL, error)) {
        prefix_start(device, error);
        return FALSE;
    }
    /* Another one may have come behind it before it was taken. */
    if (vccw_identity_check(callout->host, &device->uuid, &device->parent, error))
        return TRUE;
    give_back(device, NULL);
    return FALSE;
}

/* Only what a start has taken is given back, and not while a device is active on it: so
 * it does no harm when it was another start. */
static gboolean
give_back(const Device *device, GError **error)
{
    return vccw_handover_give(device->callout->host, &device->parent, NULL,
                              VCCW_HANDOVER_BY_START, NULL, error);
}

static gboolean
after_start(const Device *device, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (g_str_equal(device->callout->state, "success") || device->callout->by_udev ||
        give_back(device, &problem) ||
        g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_BUSY))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* The kernel would pull a device away from under the guest that has it. */
static gboolean
check_unused(const Device *device, GError **error)
{
    const VccwCallout *callout = device->callout;
    VccwMdevHost host = { callout->host->sysfs, callout->host->dev, callout->host->proc };
    g_auto(VccwFd) lock = vccw_holder_lock(callout->holders, &device->parent, error);
    g_autofree char *user = NULL;

    if (lock < 0 || !vccw_holder_check(callout->holders, &device->parent, error))
        return FALSE;
    if (!vccw_user_find_stranger(&host, &device->uuid, &user))
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                "it is in use by %s; detach it there, or end its user, first", user);
    return FALSE;
}

static gboolean
before_stop(const Device *device, GError **error)
{
    VccwNodeName mdev = vccw_node_name_mdev(&device->uuid, &device->parent);
    g_autofree char *name = vccw_node_name_to_string(&mdev);

    if (check_unused(device, error))
        return TRUE;
    g_prefix_error(error, "cannot stop %s: ", name);
    return FALSE;
}

static gboolean
after_stop(const Device *device, GError **error)
{
    if (!g_str_equal(device->callout->state, "success") || give_back(device, error))
        return TRUE;
    g_prefix_error(error, "the device is stopped, but its parent is not back: ");
    return FALSE;
}

/* Whether a start would get as far as making the device. */
static gboolean
check_start(const Device *device, GError **error)
{
    const VccwHandoverHost *host = device->callout->host;
    g_autoptr(VccwMdevConfig) config =
        vccw_mdev_config_new(&device->uuid, &device->parent, TYPE);
    g_auto(VccwFd) sysfs = -1;

    if (device->callout->take_parents)
        return vccw_handover_check(host, &device->parent, VCCW_HANDOVER_BY_START, error);
    sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, error);
    return sysfs >= 0 && vccw_refusal_check(sysfs, config, error);
}

/* Whoever defines it means what is behind its parent now. */
static gboolean
after_define(const Device *device, GError **error)
{
    if (!g_str_equal(device->callout->state, "success"))
        return TRUE;
    if (!vccw_identity_remember(device->callout->host, &device->uuid, &device->parent,
                                TRUE, error)) {
        g_prefix_error(error, "warning: which device it is for cannot be remembered: ");
        return FALSE;
    }
    if (check_start(device, error))
        return TRUE;
    g_prefix_error(error, "warning: it is defined, but a start would fail now: ");
    return FALSE;
}

/* Changing when it is started, or an attribute, is no word on which device is meant. */
static gboolean
after_modify(const Device *device, GError **error)
{
    return !g_str_equal(device->callout->state, "success") ||
           vccw_identity_remember(device->callout->host, &device->uuid, &device->parent,
                                  FALSE, error);
}

static gboolean
after_undefine(const Device *device, GError **error)
{
    return !g_str_equal(device->callout->state, "success") ||
           vccw_identity_forget(device->callout->host, &device->uuid, &device->parent,
                                error);
}

static const struct {
    const char *event;
    const char *action;
    Handler run;
} handlers[] = {
    { "pre", "start", before_start },
    { "post", "start", after_start },
    { "pre", "stop", before_stop },
    { "post", "stop", after_stop },
    { "post", "define", after_define },
    { "post", "modify", after_modify },
    { "post", "undefine", after_undefine },
    { "pre", NULL, NULL },
    { "post", NULL, NULL },
    { "notify", NULL, NULL },
};

gboolean
vccw_callout_is_ours(const VccwCallout *callout)
{
    VccwUuid uuid;
    VccwBusId parent;

    return g_str_equal(callout->type, TYPE) &&
           vccw_uuid_parse(callout->uuid, &uuid, NULL) &&
           vccw_host_bus_id_parse(callout->parent, &parent, NULL);
}

int
vccw_callout_run(const VccwCallout *callout, char **ret_said)
{
    Device device = { .callout = callout };
    g_autoptr(GError) error = NULL;

    if (!vccw_callout_is_ours(callout))
        return VCCW_CALLOUT_NOT_OURS;
    vccw_uuid_parse(callout->uuid, &device.uuid, NULL);
    vccw_host_bus_id_parse(callout->parent, &device.parent, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(handlers); i++) {
        if (!g_str_equal(handlers[i].event, callout->event) ||
            (handlers[i].action && !g_str_equal(handlers[i].action, callout->action)))
            continue;
        if (!handlers[i].run || handlers[i].run(&device, &error))
            return VCCW_CALLOUT_FINE;
        *ret_said = g_strdup(error->message);
        return g_str_equal(callout->event, "pre") ? VCCW_CALLOUT_REFUSED
                                                  : VCCW_CALLOUT_FINE;
    }
    return VCCW_CALLOUT_NOT_OURS;
}
