/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel says no with a bare number. What it means follows from that number and from
 * what sysfs shows right afterwards, which is why the state is read back here.
 */

#include "mdev/refusal.h"

#include "base/io.h"
#include "base/quote.h"
#include "mdev/active.h"

#include <errno.h>
#include <string.h>
#include <virtccw/error.h>

#define EXIST_MSEC 1000 /* for a device that somebody else is just making */

/* Where the words alone do not say what to do. */
static const struct {
    int errnum;
    const char *meaning;
} meanings[] = {
    { EINVAL, "the kernel does not accept the UUID, or the driver does not accept this "
              "subchannel; see the kernel's log" },
    { ENODEV, "the subchannel is not operational or is being removed; check its channel "
              "paths with lscss and try again" },
    { ENXIO, "the subchannel is not operational; check its channel paths with lscss" },
    { ENOENT, "the subchannel stopped offering the type just now; try again" },
    { ENOMEM, "the kernel has no memory for it; free some and try again" },
    { ENOSPC, "the kernel has no room for it; stop other devices and try again" },
    { EIO, "the subchannel had an I/O error; see the kernel's log" },
    { EBUSY, "the subchannel is busy; wait until its I/O is over and try again" },
    { EAGAIN, "the subchannel is busy; try again" },
    { ETIMEDOUT, "the subchannel did not answer in time; check its channel paths" },
    { EACCES, "it is not allowed; run the service as root and check its sandbox" },
    { EPERM, "it is not allowed; run the service as root and check its sandbox" },
    { EROFS, "sysfs is mounted read-only here; let the service write to it" },
};

void
vccw_refusal_set(GError **error,
                 int code,
                 const VccwMdevConfig *config,
                 const char *format,
                 ...)
{
    VccwNodeName name = vccw_node_name_mdev(&config->uuid, &config->parent);
    g_autofree char *device = vccw_node_name_to_string(&name);
    g_autofree char *why = NULL;
    va_list args;

    va_start(args, format);
    why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, VCCW_ERROR, code, "cannot start %s: %s", device, why);
}

static char *
subchannel_path(const char *id, const char *attr)
{
    return g_build_filename("bus/css/devices", id, attr, NULL);
}

static char *
type_path(const char *id, const char *type, const char *attr)
{
    return g_build_filename("bus/css/devices", id, "mdev_supported_types", type, attr,
                            NULL);
}

static void
set_missing(GError **error, const VccwMdevConfig *config, const char *id)
{
    VccwNodeName css = vccw_node_name_css(&config->parent);
    g_autofree char *name = vccw_node_name_to_string(&css);

    vccw_refusal_set(error, VCCW_ERROR_DEVICE_MISSING, config,
                     "the host has no subchannel %s (%s); look whether its channel paths "
                     "are online (lschp) and whether cio_ignore hides its device",
                     id, name);
}

void
vccw_refusal_offer_undefine(GError **error)
{
    g_autoptr(GError) first = NULL;

    if (!error || !g_error_matches(*error, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING))
        return;
    first = g_steal_pointer(error);
    g_set_error(error, first->domain, first->code, "%s, or undefine the mediated device",
                first->message);
}

/* The subchannel is there; is it one that could ever offer mediated devices? */
static gboolean
check_kind(int sysfs, const VccwMdevConfig *config, const char *id, GError **error)
{
    g_autofree char *path = subchannel_path(id, "type");
    g_autofree char *type = vccw_read_attr(sysfs, path, NULL);
    g_autofree char *quoted = NULL;

    if (!type || g_str_equal(type, "0"))
        return TRUE;
    quoted = vccw_quote(type, VCCW_QUOTE_VALUE);
    vccw_refusal_set(error, VCCW_ERROR_CONFIG_UNSUPPORTED, config,
                     "%s is no I/O subchannel (its type is %s, not '0'); use the "
                     "subchannel of a device",
                     id, quoted);
    return FALSE;
}

/* vfio_ccw was asked for, and is not there. */
static gboolean
is_overridden(int sysfs, const char *id)
{
    g_autofree char *path = subchannel_path(id, "driver_override");
    g_autofree char *override = vccw_read_attr(sysfs, path, NULL);

    return !g_strcmp0(override, "vfio_ccw");
}

static gboolean
check_driver(int sysfs, const VccwMdevConfig *config, const char *id, GError **error)
{
    g_autofree char *types = subchannel_path(id, "mdev_supported_types");
    g_autofree char *link = subchannel_path(id, "driver");
    g_autofree char *driver = NULL;

    if (vccw_exists(sysfs, types))
        return TRUE;
    driver = vccw_read_link_name(sysfs, link, NULL);
    if (!g_strcmp0(driver, "vfio_ccw"))
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_INVALID, config,
                         "subchannel %s is bound to vfio_ccw, but offers no mediated "
                         "devices now; wait until it has registered, and see the "
                         "kernel's log if it does not",
                         id);
    else if (!driver && is_overridden(sysfs, id))
        vccw_refusal_set(
            error, VCCW_ERROR_OPERATION_INVALID, config,
            "subchannel %s is not bound to any driver, though its driver "
            "override is vfio_ccw; if it is a QDIO device it cannot be, else "
            "see the kernel's log",
            id);
    else
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_INVALID, config,
                         "subchannel %s is %s%s, and so offers no mediated devices; bind "
                         "it to vfio_ccw: driverctl -b css set-override %s vfio_ccw",
                         id, driver ? "bound to " : "not bound to any driver",
                         driver ? driver : "", id);
    return FALSE;
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of a folder as a phrase: "a, b and c" without "and". */
static char *
join(GPtrArray *names)
{
    GString *joined = g_string_new(NULL);

    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(joined, "%s%s", i ? ", " : "", (char *)names->pdata[i]);
    return g_string_free(joined, FALSE);
}

static gboolean
check_type(int sysfs, const VccwMdevConfig *config, const char *id, GError **error)
{
    g_autofree char *path = subchannel_path(id, "mdev_supported_types");
    g_autoptr(GPtrArray) types = vccw_list_dir(sysfs, path, NULL);
    g_autofree char *wanted = NULL;
    g_autofree char *offered = NULL;

    if (!types) /* it was there: the subchannel is just leaving its driver */
        return check_driver(sysfs, config, id, error);
    if (g_ptr_array_find_with_equal_func(types, config->type, g_str_equal, NULL))
        return TRUE;
    wanted = vccw_quote(config->type, VCCW_QUOTE_VALUE);
    offered = join(types);
    vccw_refusal_set(error, VCCW_ERROR_CONFIG_UNSUPPORTED, config,
                     "subchannel %s does not offer the type %s, but only: %s", id, wanted,
                     types->len ? offered : "none");
    return FALSE;
}

gboolean
vccw_refusal_check(int sysfs, const VccwMdevConfig *config, GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(&config->parent);
    g_autofree char *path = subchannel_path(id, NULL);

    if (!vccw_exists(sysfs, path)) {
        set_missing(error, config, id);
        return FALSE;
    }
    return check_kind(sysfs, config, id, error) &&
           check_driver(sysfs, config, id, error) && check_type(sysfs, config, id, error);
}

/* The UUID is active on the very subchannel. */
static void
explain_active(int sysfs, const VccwMdevConfig *config, GError **error)
{
    g_autofree char *type = vccw_active_wait_type(sysfs, &config->uuid, EXIST_MSEC);
    g_autofree char *quoted = vccw_quote(type, VCCW_QUOTE_VALUE);

    if (!g_strcmp0(type, config->type))
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_INVALID, config,
                         "it is active already");
    else
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_INVALID, config,
                         "it is active already, with the type %s; stop it first", quoted);
}

/* EEXIST: the UUID is taken on this host. Where? */
static void
explain_exists(int sysfs, const VccwMdevConfig *config, const char *id, GError **error)
{
    g_autofree char *on = NULL;
    g_autofree char *name = NULL;
    g_autofree char *quoted = NULL;

    vccw_active_wait(sysfs, &config->uuid, TRUE, EXIST_MSEC);
    on = vccw_active_parent(sysfs, &config->uuid);
    if (!on) {
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_FAILED, config,
                         "the kernel says that the UUID is in use, but does not show "
                         "where; somebody else starts or stops it just now, try again");
    } else if (g_str_equal(on, id)) {
        explain_active(sysfs, config, error);
    } else {
        name = vccw_active_name(&config->uuid, on);
        quoted = vccw_quote(on, VCCW_QUOTE_VALUE);
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_FAILED, config,
                         "its UUID is active on another parent, %s (%s); stop that "
                         "device first, or use another UUID",
                         quoted, name);
    }
}

/* Those that have the instances of a type, by their names as node devices. */
static GPtrArray *
list_holders(int sysfs, const VccwMdevConfig *config, const char *id)
{
    g_autofree char *path = type_path(id, config->type, "devices");
    g_autoptr(GPtrArray) names = vccw_list_dir(sysfs, path, NULL);
    GPtrArray *holders = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; names && i < names->len; i++) {
        VccwUuid uuid;

        if (vccw_uuid_parse_canonical(names->pdata[i], &uuid, NULL))
            g_ptr_array_add(holders, vccw_active_name(&uuid, id));
    }
    return holders;
}

static void
explain_full(int sysfs, const VccwMdevConfig *config, const char *id, GError **error)
{
    g_autoptr(GPtrArray) holders = list_holders(sysfs, config, id);
    g_autofree char *names = join(holders);

    if (vccw_active_is(sysfs, &config->uuid, &config->parent, config->type))
        vccw_refusal_set(error, VCCW_ERROR_OPERATION_INVALID, config,
                         "it is active already");
    else if (holders->len)
        vccw_refusal_set(error, VCCW_ERROR_BUSY, config,
                         "no instance of %s on subchannel %s is free: %s has it; stop "
                         "that device first",
                         config->type, id, names);
    else
        vccw_refusal_set(error, VCCW_ERROR_BUSY, config,
                         "no instance of %s on subchannel %s is free; stop the device "
                         "that has it first",
                         config->type, id);
}

/* Kernels before 6.1 say EPERM where later ones say EUSERS. */
static gboolean
is_full(int sysfs, const VccwMdevConfig *config, const char *id, int errnum)
{
    g_autofree char *path = type_path(id, config->type, "available_instances");
    g_autofree char *free_ones = NULL;

    if (errnum == EUSERS)
        return TRUE;
    if (errnum != EPERM)
        return FALSE;
    free_ones = vccw_read_attr(sysfs, path, NULL);
    return !g_strcmp0(free_ones, "0");
}

static const char *
meaning_of(int errnum)
{
    for (gsize i = 0; i < G_N_ELEMENTS(meanings); i++)
        if (meanings[i].errnum == errnum)
            return meanings[i].meaning;
    return "the kernel refused; see its log";
}

void
vccw_refusal_explain(int sysfs, const VccwMdevConfig *config, int errnum, GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(&config->parent);

    if (errnum == EEXIST) {
        explain_exists(sysfs, config, id, error);
        return;
    }
    if (is_full(sysfs, config, id, errnum)) {
        explain_full(sysfs, config, id, error);
        return;
    }
    /* The subchannel may have gone since it was checked. */
    if (errnum == ENODEV || errnum == ENOENT)
        if (!vccw_refusal_check(sysfs, config, error))
            return;
    vccw_refusal_set(error, VCCW_ERROR_OPERATION_FAILED, config, "%s (subchannel %s: %s)",
                     meaning_of(errnum), id, g_strerror(errnum));
}
