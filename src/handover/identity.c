/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/identity.h"

#include "base/io.h"
#include "handover/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <virtccw/error.h>

#define FOLDER   "device"
#define FILE_MAX 4096

static char *
file_name(const VccwUuid *uuid, const VccwBusId *parent)
{
    g_autofree char *text = vccw_uuid_to_string(uuid);
    g_autofree char *id = vccw_bus_id_to_string(parent);

    return g_strdup_printf("%s@%s", text, id);
}

/* What a subchannel says of the device behind it.
 * @ret_device: a bus-ID, "none", or NULL if the kernel has no word on it
 * Returns: FALSE if it could not be read, which says nothing. */
static gboolean
read_device(int sysfs, const char *subchannel, char **ret_device, GError **error)
{
    g_autofree char *path =
        g_build_filename("bus/css/devices", subchannel, "dev_busid", NULL);
    g_autoptr(GError) problem = NULL;
    char *device = vccw_read_attr(sysfs, path, &problem);

    if (!device && vccw_error_errno(problem) != ENOENT) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    *ret_device = device;
    return TRUE;
}

/* What cannot be understood is not the same as nothing: it was for some device. */
static gboolean
load(const VccwHandoverHost *host, const char *name, char **ret_device, GError **error)
{
    g_autofree char *path = g_build_filename(host->state, FOLDER, name, NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *text =
        vccw_read_file(AT_FDCWD, path, FILE_MAX, NULL, NULL, &problem);
    VccwBusId device;

    if (!text && vccw_error_errno(problem) != ENOENT) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (text && !vccw_host_bus_id_parse(g_strstrip(text), &device, NULL)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_STORE,
                    "'%s' is damaged, so nobody knows which device the definition is "
                    "for; see that its parent has the right one, and define it again "
                    "(virsh nodedev-define)",
                    path);
        return FALSE;
    }
    *ret_device = g_steal_pointer(&text);
    return TRUE;
}

/* Returns: (transfer full) (nullable): the subchannel that has @device now. */
static char *
find_device(int sysfs, const char *device)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(sysfs, "bus/css/devices", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *behind = NULL;
        VccwBusId id;

        if (read_device(sysfs, names->pdata[i], &behind, NULL) &&
            !g_strcmp0(behind, device) &&
            vccw_host_bus_id_parse(names->pdata[i], &id, NULL))
            return g_strdup(names->pdata[i]);
    }
    return NULL;
}

gboolean
vccw_identity_find(const VccwHandoverHost *host,
                   const VccwBusId *device,
                   VccwBusId *ret_subchannel)
{
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, NULL);
    g_autofree char *text = vccw_bus_id_to_string(device);
    g_autofree char *found = sysfs < 0 ? NULL : find_device(sysfs, text);

    return found && vccw_host_bus_id_parse(found, ret_subchannel, NULL);
}

static void
set_moved(GError **error,
          int sysfs,
          const VccwNodeName *mdev,
          const char *wanted,
          const char *found)
{
    VccwNodeName css = vccw_node_name_css(&mdev->id);
    g_autofree char *name = vccw_node_name_to_string(mdev);
    g_autofree char *parent = vccw_node_name_to_string(&css);
    g_autofree char *where = find_device(sysfs, wanted);
    g_autofree char *there =
        where ? g_strdup_printf("is behind subchannel %s: define it there", where)
              : g_strdup("cannot be found on this host");

    g_set_error(
        error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
        "cannot start %s: it is defined for device %s, but its parent %s now has "
        "%s%s; %s %s, or define it again for what is here (virsh nodedev-define FILE; or "
        "nodedev-update %s FILE, where virsh has it)",
        name, wanted, parent, g_str_equal(found, "none") ? "no device" : "device ",
        g_str_equal(found, "none") ? "" : found, wanted, there, name);
}

gboolean
vccw_identity_check(const VccwHandoverHost *host,
                    const VccwUuid *uuid,
                    const VccwBusId *parent,
                    GError **error)
{
    VccwNodeName mdev = vccw_node_name_mdev(uuid, parent);
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, error);
    g_autofree char *name = file_name(uuid, parent);
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *wanted = NULL;
    g_autofree char *found = NULL;

    if (sysfs < 0 || !load(host, name, &wanted, error) ||
        !read_device(sysfs, id, &found, error)) {
        g_autofree char *device = vccw_node_name_to_string(&mdev);

        g_prefix_error(error, "cannot start %s: ", device);
        return FALSE;
    }
    if (!wanted || !found || g_str_equal(wanted, found))
        return TRUE;
    set_moved(error, sysfs, &mdev, wanted, found);
    return FALSE;
}

gboolean
vccw_identity_remember(const VccwHandoverHost *host,
                       const VccwUuid *uuid,
                       const VccwBusId *parent,
                       gboolean replace,
                       GError **error)
{
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, error);
    g_autofree char *name = file_name(uuid, parent);
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *wanted = NULL;
    g_autofree char *found = NULL;
    g_autofree char *line = NULL;
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) dir = -1;
    VccwBusId device;

    if (sysfs < 0)
        return FALSE;
    if (!load(host, name, &wanted, &problem) &&
        !(replace && g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_STORE))) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (!read_device(sysfs, id, &found, error))
        return FALSE;
    if (!found || !vccw_host_bus_id_parse(found, &device, NULL) ||
        !g_strcmp0(found, wanted) || (wanted && !replace))
        return TRUE;
    dir = vccw_state_open(host, FOLDER, error);
    if (dir < 0)
        return FALSE;
    line = g_strconcat(found, "\n", NULL);
    return vccw_write_file(dir, name, line, strlen(line), VCCW_WRITE_REPLACE, NULL,
                           error);
}

gboolean
vccw_identity_get(const VccwHandoverHost *host,
                  const VccwUuid *uuid,
                  const VccwBusId *parent,
                  VccwBusId *ret_device)
{
    g_autofree char *name = file_name(uuid, parent);
    g_autofree char *wanted = NULL;

    return load(host, name, &wanted, NULL) && wanted &&
           vccw_host_bus_id_parse(wanted, ret_device, NULL);
}

gboolean
vccw_identity_forget(const VccwHandoverHost *host,
                     const VccwUuid *uuid,
                     const VccwBusId *parent,
                     GError **error)
{
    g_autofree char *name = file_name(uuid, parent);

    return vccw_state_remove(host, FOLDER, name, error);
}
