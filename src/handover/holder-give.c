/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Giving back what a guest had, and who still has something. */

#include "handover/holder-private.h"

#include "base/io.h"
#include "base/process.h"
#include "base/quote.h"
#include "handover/handover.h"
#include "handover/state.h"

#include <fcntl.h>
#include <virtccw/error.h>
#include <virtccw/mdev.h>

#define STOP_MSEC 5000 /* for the guest to close the device */
#define STOP_STEP 50

int
vccw_holder_lock(const VccwHolderHost *host, const VccwBusId *parent, GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *name = g_strconcat(VCCW_STATE_LOCK_GUEST, id, NULL);

    return vccw_state_lock(host->handover, name, id, error);
}

/* A guest that ends closes the device, but not in the same moment. */
static gboolean
stop(const VccwHolderHost *host, const VccwHolderRecord *record, GError **error)
{
    gint64 end = g_get_monotonic_time() + STOP_MSEC * (gint64)1000;
    VccwMdevHost mdev = vccw_holder_mdev_host(host);

    for (;;) {
        g_autoptr(GError) problem = NULL;

        if (vccw_mdev_stop(&mdev, &record->mdev, &record->parent, &problem) ||
            g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID))
            return TRUE;
        if (!g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_BUSY) ||
            g_get_monotonic_time() > end) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
        g_usleep(STOP_STEP * 1000);
    }
}

static gboolean
has_mdevs(const VccwHolderHost *host, const VccwBusId *parent)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *path =
        g_build_filename(host->handover->sysfs, "bus/css/devices", id, NULL);
    g_autoptr(GPtrArray) names = vccw_list_dir(AT_FDCWD, path, NULL);
    VccwUuid uuid;

    for (guint i = 0; names && i < names->len; i++)
        if (vccw_uuid_parse_canonical(names->pdata[i], &uuid, NULL))
            return TRUE;
    return FALSE;
}

/* A subchannel that has gone need not be given back; and one on which somebody else has
 * something active is given back by whoever ends that. */
gboolean
vccw_holder_give_parent(const VccwHolderHost *host,
                        const VccwBusId *parent,
                        GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (vccw_handover_give(host->handover, parent, NULL, VCCW_HANDOVER_BY_START, NULL,
                           &problem) ||
        g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING) ||
        (g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_BUSY) &&
         has_mdevs(host, parent)))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

gboolean
vccw_holder_is_with_host(const VccwHolderHost *host, const VccwBusId *parent)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *path =
        g_build_filename(host->handover->sysfs, "bus/css/devices", id, "driver", NULL);
    g_autofree char *driver = vccw_read_link_name(AT_FDCWD, path, NULL);

    return driver && !g_str_equal(driver, VCCW_HANDOVER_DRIVER);
}

/* What cannot be given back now is nobody's any more: whoever wants it next, or the next
 * start of virtccwd, tries again. */
void
vccw_holder_forsake(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    VccwHolderRecord left = *record;

    left.runs = FALSE;
    left.pid = 0;
    left.since = 0;
    vccw_holder_record_save(host->handover, &left, FALSE, NULL);
}

/* To be called with the lock. */
gboolean
vccw_holder_give_record(const VccwHolderHost *host,
                        const VccwHolderRecord *record,
                        GError **error)
{
    if (!record->started || (stop(host, record, error) &&
                             vccw_holder_give_parent(host, &record->parent, error)))
        return vccw_holder_record_drop(host->handover, &record->mdev, error);
    /* That its device does not go online is no reason to keep guests away from it. */
    if (vccw_holder_is_with_host(host, &record->parent))
        vccw_holder_record_drop(host->handover, &record->mdev, NULL);
    else
        vccw_holder_forsake(host, record);
    return FALSE;
}

/* What was read before the lock may be over, or another guest's. */
VccwHolderRecord *
vccw_holder_read_again(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    g_autoptr(VccwHolderRecord) now =
        vccw_holder_record_load(host->handover, &record->mdev);

    return now && !now->damaged && vccw_bus_id_equal(&now->parent, &record->parent) &&
                   vccw_uuid_equal(&now->uuid, &record->uuid)
               ? g_steal_pointer(&now)
               : NULL;
}

static gboolean
give_locked(const VccwHolderHost *host, const VccwHolderRecord *record, GError **error)
{
    g_auto(VccwFd) fd = vccw_holder_lock(host, &record->parent, error);
    g_autoptr(VccwHolderRecord) now =
        fd < 0 ? NULL : vccw_holder_read_again(host, record);

    return fd >= 0 && (!now || vccw_holder_give_record(host, now, error));
}

gboolean
vccw_holder_give(const VccwHolderHost *host,
                 const VccwUuid *guest,
                 const VccwUuid *mdev,
                 GError **error)
{
    g_autoptr(GPtrArray) records = vccw_holder_record_list(host->handover);
    g_autoptr(GError) first = NULL;

    for (guint i = 0; i < records->len; i++) {
        const VccwHolderRecord *record = records->pdata[i];

        if (!record->damaged && vccw_uuid_equal(&record->uuid, guest) &&
            (!mdev || vccw_uuid_equal(&record->mdev, mdev)))
            give_locked(host, record, first ? NULL : &first);
    }
    if (!first)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}

/* -- who has it -- */

static gboolean
is_known_to_run(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    g_autofree char *file = g_strconcat(record->guest, ".xml", NULL);
    g_autofree char *path = g_build_filename(host->runs, file, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static gboolean
is_on_its_way(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    return record->since != 0 &&
           vccw_process_start(host->handover->proc, record->pid) == record->since;
}

/* Nobody will come back for what it says: the guest has ended, or whoever wanted to bring
 * the device to it has. */
gboolean
vccw_holder_is_left_over(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    VccwMdevHost mdev = vccw_holder_mdev_host(host);
    g_autofree char *user = NULL;

    if (record->runs ? is_known_to_run(host, record) : is_on_its_way(host, record))
        return FALSE;
    return !vccw_mdev_find_user(&mdev, &record->mdev, &user);
}

gboolean
vccw_holder_refuse(const VccwHolderRecord *record, GError **error)
{
    g_autofree char *name = vccw_holder_mdev_name(&record->mdev, &record->parent);
    g_autofree char *guest = vccw_quote(record->guest, VCCW_QUOTE_VALUE);

    g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                "the guest %s has %s; shut it down, or detach the device from it, first",
                guest, name);
    return FALSE;
}

/* Without the lock: a guest may have come for it meanwhile. */
gboolean
vccw_holder_give_left_over(const VccwHolderHost *host,
                           const VccwHolderRecord *record,
                           GError **error)
{
    g_auto(VccwFd) fd = vccw_holder_lock(host, &record->parent, error);
    g_autoptr(VccwHolderRecord) now =
        fd < 0 ? NULL : vccw_holder_read_again(host, record);

    if (!now)
        return fd >= 0;
    return vccw_holder_is_left_over(host, now) ? vccw_holder_give_record(host, now, error)
                                               : vccw_holder_refuse(now, error);
}

static char *
describe_damaged(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    g_autofree char *uuid = vccw_uuid_to_string(&record->mdev);

    return g_strdup_printf("'%s/holder/%s' is damaged, so nobody knows which guest has "
                           "that device; see that none has, and remove the file",
                           host->handover->state, uuid);
}

/* A record that cannot be understood may be of a guest that has what is active on
 * @parent. */
gboolean
vccw_holder_check_damaged(const VccwHolderHost *host,
                          const VccwHolderRecord *record,
                          const VccwBusId *parent,
                          GError **error)
{
    g_autofree char *text = NULL;
    VccwBusId on;

    if (!vccw_holder_find_active(host, &record->mdev, &on) ||
        !vccw_bus_id_equal(&on, parent))
        return TRUE;
    text = describe_damaged(host, record);
    g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_BUSY, text);
    return FALSE;
}

gboolean
vccw_holder_check(const VccwHolderHost *host, const VccwBusId *parent, GError **error)
{
    g_autoptr(GPtrArray) records = vccw_holder_record_list(host->handover);

    for (guint i = 0; i < records->len; i++) {
        const VccwHolderRecord *record = records->pdata[i];

        if (record->damaged) {
            if (!vccw_holder_check_damaged(host, record, parent, error))
                return FALSE;
            continue;
        }
        if (vccw_bus_id_equal(&record->parent, parent) &&
            !vccw_holder_is_left_over(host, record))
            return vccw_holder_refuse(record, error);
    }
    return TRUE;
}

/* -- at the start of a daemon -- */

/* Returns: whether it is over. */
static gboolean
repair(const VccwHolderHost *host, const VccwHolderRecord *record, GPtrArray *said)
{
    g_autofree char *name = vccw_holder_mdev_name(&record->mdev, &record->parent);
    g_autoptr(GError) problem = NULL;

    if (record->damaged) {
        g_ptr_array_add(said, describe_damaged(host, record));
        return TRUE;
    }
    if (!vccw_holder_is_left_over(host, record))
        return TRUE;
    if (vccw_holder_give_left_over(host, record, &problem)) {
        g_ptr_array_add(said, g_strdup_printf("the guest '%s' is no more; what it had of "
                                              "%s is given back",
                                              record->guest, name));
        return TRUE;
    }
    g_ptr_array_add(said, g_strdup_printf("the guest '%s' is no more, but %s cannot be "
                                          "given back: %s",
                                          record->guest, name, problem->message));
    return FALSE;
}

GPtrArray *
vccw_holder_repair(const VccwHolderHost *host, gboolean *ret_left)
{
    GPtrArray *said = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) records = vccw_holder_record_list(host->handover);
    gboolean left = FALSE;

    for (guint i = 0; i < records->len; i++)
        if (!repair(host, records->pdata[i], said))
            left = TRUE;
    if (ret_left)
        *ret_left = left;
    return said;
}
