/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which mediated device a guest is to have, and whether it is that one. */

#include "handover/holder-private.h"

#include "base/io.h"
#include "handover/identity.h"
#include "mdev/active.h"
#include "mdev/stored.h"

#include <fcntl.h>
#include <virtccw/error.h>

VccwMdevHost
vccw_holder_mdev_host(const VccwHolderHost *host)
{
    return (VccwMdevHost){ .sysfs = host->handover->sysfs,
                           .dev = host->handover->dev,
                           .proc = host->handover->proc };
}

char *
vccw_holder_mdev_name(const VccwUuid *uuid, const VccwBusId *parent)
{
    VccwNodeName name = vccw_node_name_mdev(uuid, parent);

    return vccw_node_name_to_string(&name);
}

static gboolean
is_here(const VccwHolderHost *host, const VccwBusId *parent)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *path =
        g_build_filename(host->handover->sysfs, "bus/css/devices", id, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

gboolean
vccw_holder_find_active(const VccwHolderHost *host,
                        const VccwUuid *uuid,
                        VccwBusId *ret_parent)
{
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->handover->sysfs, NULL);
    g_autofree char *parent = sysfs < 0 ? NULL : vccw_active_parent(sysfs, uuid);

    return parent && vccw_host_bus_id_parse(parent, ret_parent, NULL);
}

/* The definition whose subchannel is here and has the device that it is for. */
static gboolean
find_defined(const VccwHolderHost *host,
             const VccwUuid *uuid,
             VccwBusId *ret_parent,
             GError **error)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(AT_FDCWD, host->definitions, NULL);
    g_autofree char *text = vccw_uuid_to_string(uuid);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *path =
            g_build_filename(host->definitions, names->pdata[i], text, NULL);
        VccwBusId parent;

        if (vccw_stored_parse_folder(names->pdata[i], &parent) != VCCW_STORED_OURS ||
            !g_file_test(path, G_FILE_TEST_EXISTS) || !is_here(host, &parent))
            continue;
        g_clear_error(error);
        if (vccw_identity_check(host->handover, uuid, &parent, error)) {
            *ret_parent = parent;
            return TRUE;
        }
    }
    if (error && !*error)
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING,
                    "no mediated device %s is defined on a subchannel of this host; "
                    "define it (virsh nodedev-define), or have the guest name a device",
                    text);
    return FALSE;
}

static gboolean
find_named(const VccwHolderHost *host, const VccwNodeName *name, VccwBusId *ret_parent)
{
    if (name->kind == VCCW_NODE_CCW)
        return vccw_identity_find(host->handover, &name->id, ret_parent);
    *ret_parent = name->id;
    return is_here(host, &name->id);
}

/* Whether the guest gets what it names: under the lock, for numbers shift, and the UUID
 * may be active on what somebody else meant by it. */
gboolean
vccw_holder_check_right(const VccwHolderHost *host,
                        const VccwHolderRecord *record,
                        const VccwGuestSource *source,
                        GError **error)
{
    VccwBusId on = record->parent;
    VccwBusId behind = record->parent;
    g_autofree char *name = NULL;
    g_autofree char *active = NULL;

    if (vccw_holder_find_active(host, &record->mdev, &on) &&
        !vccw_bus_id_equal(&on, &record->parent)) {
        active = vccw_holder_mdev_name(&record->mdev, &on);
        name = vccw_holder_mdev_name(&record->mdev, &record->parent);
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "it is to have %s, but that UUID is active as %s, which may be "
                    "another disk; destroy that first (virsh nodedev-destroy)",
                    name, active);
        return FALSE;
    }
    if (!vccw_identity_check(host->handover, &record->mdev, &record->parent, error))
        return FALSE;
    if (!source->by_device || source->name.kind != VCCW_NODE_CCW ||
        (vccw_identity_find(host->handover, &source->name.id, &behind) &&
         vccw_bus_id_equal(&behind, &record->parent)))
        return TRUE;
    name = vccw_node_name_to_string(&source->name);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                "'%s' has just moved to another subchannel; try again", name);
    return FALSE;
}

gboolean
vccw_holder_find_parent(const VccwHolderHost *host,
                        const VccwGuestSource *source,
                        VccwBusId *ret_parent,
                        GError **error)
{
    gboolean named = source->by_device &&
                     (source->name.kind != VCCW_NODE_MDEV || source->name.has_parent);
    g_autofree char *text = NULL;

    if (!named)
        return vccw_holder_find_active(host, &source->uuid, ret_parent) ||
               find_defined(host, &source->uuid, ret_parent, error);
    if (find_named(host, &source->name, ret_parent))
        return TRUE;
    text = vccw_node_name_to_string(&source->name);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING,
                "'%s' is not on this host now; check cabling, channel paths and I/O "
                "configuration (lscss, lschp)",
                text);
    return FALSE;
}

gboolean
vccw_holder_is_active(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    VccwBusId parent;

    return vccw_holder_find_active(host, &record->mdev, &parent) &&
           vccw_bus_id_equal(&parent, &record->parent);
}
