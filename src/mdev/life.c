/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Starting and stopping: writes to "create" and "remove", each of which may block in the
 * kernel for seconds and, when a user holds the device, for ever.
 *
 * The kernel is the truth. Its answer is looked up in sysfs before it is passed on: a
 * device counts as started when sysfs shows it, and as stopped when it no longer does.
 */

#include "base/io.h"
#include "base/quote.h"
#include "mdev/active.h"
#include "mdev/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <virtccw/error.h>

#define START_MSEC 5000  /* until sysfs shows a device that was made */
#define STOP_MSEC  10000 /* until it shows no more one that is being removed */

static gboolean
is_attr_name(const char *name)
{
    return *name && !strchr(name, '/') && !g_str_equal(name, ".") &&
           !g_str_equal(name, "..");
}

/* Names come from a file: none may lead out of the device's folder. */
static gboolean
check_attr_names(const VccwMdevConfig *config, GError **error)
{
    for (guint i = 0; i < config->attrs->len; i++) {
        const VccwMdevAttr *attr = config->attrs->pdata[i];
        g_autofree char *quoted = NULL;

        if (is_attr_name(attr->name))
            continue;
        quoted = vccw_quote(attr->name, VCCW_QUOTE_VALUE);
        vccw_refusal_set(error, VCCW_ERROR_CONFIG_UNSUPPORTED, config,
                         "%s is not the name of an attribute; remove it from the "
                         "definition",
                         quoted);
        return FALSE;
    }
    return TRUE;
}

static gboolean
create(int sysfs, const VccwMdevConfig *config, GError **error)
{
    g_autofree char *uuid = vccw_uuid_to_string(&config->uuid);
    g_autofree char *id = vccw_bus_id_to_string(&config->parent);
    g_autofree char *path = g_build_filename(
        "bus/css/devices", id, "mdev_supported_types", config->type, "create", NULL);
    g_autoptr(GError) problem = NULL;

    if (vccw_write_attr(sysfs, path, uuid, &problem))
        return TRUE;
    vccw_refusal_explain(sysfs, config, vccw_error_errno(problem), error);
    return FALSE;
}

/* It was made, and is no more: the subchannel has gone, or somebody removed the device.
 */
static void
set_vanished(GError **error, int sysfs, const VccwMdevConfig *config)
{
    if (vccw_refusal_check(sysfs, config, error))
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_FAILED, config,
                         "the kernel made it, but does not show it (any more); somebody "
                         "else may have removed it, try again");
}

static gboolean
write_attr(int sysfs,
           const VccwMdevConfig *config,
           const VccwMdevAttr *attr,
           GError **error)
{
    g_autofree char *path = vccw_active_path(&config->uuid, attr->name);
    g_autofree char *name = vccw_quote(attr->name, VCCW_QUOTE_VALUE);
    g_autofree char *value = vccw_quote(attr->value, VCCW_QUOTE_VALUE);
    g_autoptr(GError) problem = NULL;

    if (vccw_write_attr(sysfs, path, attr->value, &problem))
        return TRUE;
    if (!vccw_active_exists(sysfs, &config->uuid))
        set_vanished(error, sysfs, config);
    else if (!vccw_exists(sysfs, path))
        vccw_refusal_set(error, VCCW_ERROR_CONFIG_UNSUPPORTED, config,
                         "devices of type %s have no attribute %s; remove it from the "
                         "definition",
                         config->type, name);
    else
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_FAILED, config,
                         "the attribute %s does not take the value %s: %s", name, value,
                         g_strerror(vccw_error_errno(problem)));
    return FALSE;
}

/* Removes what was made and adds to @error what has become of it. */
static void
roll_back(int sysfs, const VccwMdevConfig *config, GError **error)
{
    g_autofree char *path = vccw_active_path(&config->uuid, "remove");
    g_autoptr(GError) problem = NULL;
    g_autoptr(GError) first = g_steal_pointer(error);
    g_autofree char *name = NULL;
    g_autofree char *id = vccw_bus_id_to_string(&config->parent);

    vccw_write_attr(sysfs, path, "1", &problem);
    if (vccw_active_wait(sysfs, &config->uuid, FALSE, problem ? 0 : STOP_MSEC)) {
        g_set_error(error, first->domain, first->code,
                    "%s; what was made has been removed again", first->message);
        return;
    }
    name = vccw_active_name(&config->uuid, id);
    g_set_error(error, first->domain, first->code,
                "%s; and %s could not be removed again (%s): it is active without its "
                "attributes, destroy it",
                first->message, name, problem ? problem->message : "it does not go away");
}

static gboolean
write_attrs(int sysfs, const VccwMdevConfig *config, GError **error)
{
    for (guint i = 0; i < config->attrs->len; i++)
        if (!write_attr(sysfs, config, config->attrs->pdata[i], error))
            return FALSE;
    return TRUE;
}

gboolean
vccw_mdev_start(const VccwMdevHost *host, const VccwMdevConfig *config, GError **error)
{
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, error);
    GError *problem = NULL;

    if (sysfs < 0 || !check_attr_names(config, error) ||
        !vccw_refusal_check(sysfs, config, error) || !create(sysfs, config, error))
        return FALSE;
    if (!vccw_active_wait(sysfs, &config->uuid, TRUE, START_MSEC)) {
        set_vanished(error, sysfs, config);
        return FALSE;
    }
    if (write_attrs(sysfs, config, &problem))
        return TRUE;
    roll_back(sysfs, config, &problem);
    g_propagate_error(error, problem);
    return FALSE;
}

/* What "remove" failed with, in words; the device is still there. */
static void
explain_remove(GError **error, const char *name, int errnum)
{
    const char *meaning = "the kernel refused; see its log";

    if (errnum == ETIMEDOUT)
        meaning = "the kernel removes it, but still shows it; look again later";
    else if (errnum == EAGAIN)
        meaning = "somebody else removes it already, and that is not over; it may be in "
                  "use";
    else if (errnum == ENODEV || errnum == ENOENT)
        meaning =
            "its subchannel is being removed, and that is not over; it may be in use";
    else if (errnum == EACCES || errnum == EPERM)
        meaning = "it is not allowed; run the service as root and check its sandbox";
    else if (errnum == EROFS)
        meaning = "sysfs is mounted read-only here; let the service write to it";
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED, "cannot stop %s: %s (%s)",
                name, meaning, g_strerror(errnum));
}

static gboolean
remove_device(int sysfs, const VccwUuid *uuid, const char *name, GError **error)
{
    g_autofree char *path = vccw_active_path(uuid, "remove");
    g_autoptr(GError) problem = NULL;
    gboolean written = vccw_write_attr(sysfs, path, "1", &problem);
    int errnum = written ? ETIMEDOUT : vccw_error_errno(problem);
    gboolean going = written || errnum == EAGAIN || errnum == ENODEV || errnum == ENOENT;

    if (vccw_active_wait(sysfs, uuid, FALSE, going ? STOP_MSEC : 0))
        return TRUE;
    explain_remove(error, name, errnum);
    return FALSE;
}

/* Whether the UUID is active on @parent, and not somewhere else. */
static gboolean
check_active(int sysfs,
             const VccwUuid *uuid,
             const VccwBusId *parent,
             const char *name,
             GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *on = vccw_active_parent(sysfs, uuid);
    g_autofree char *other = NULL;

    if (!g_strcmp0(on, id))
        return TRUE;
    other = on ? vccw_active_name(uuid, on) : NULL;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                "cannot stop %s: it is not active%s%s", name,
                other ? ", but its UUID is on another parent, as " : "",
                other ? other : "");
    return FALSE;
}

gboolean
vccw_mdev_stop(const VccwMdevHost *host,
               const VccwUuid *uuid,
               const VccwBusId *parent,
               GError **error)
{
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, error);
    VccwNodeName mdev = vccw_node_name_mdev(uuid, parent);
    g_autofree char *name = vccw_node_name_to_string(&mdev);
    g_autofree char *user = NULL;

    if (sysfs < 0 || !check_active(sysfs, uuid, parent, name, error))
        return FALSE;
    if (vccw_mdev_find_user(host, uuid, &user)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                    "cannot stop %s: it is in use by %s; detach it there, or end its "
                    "user, first",
                    name, user);
        return FALSE;
    }
    return remove_device(sysfs, uuid, name, error);
}
