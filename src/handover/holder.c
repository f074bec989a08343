/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The record comes before what it is about and goes after it, under a lock of the
 * subchannel. So there is always somebody who can tell what is to be undone: the guest's
 * end, or whoever wants the device next, or the next start of virtccwd.
 */

#include "handover/holder.h"

#include "base/io.h"
#include "base/process.h"
#include "base/quote.h"
#include "handover/handover.h"
#include "handover/holder-record.h"
#include "handover/identity.h"
#include "handover/state.h"
#include "mdev/active.h"
#include "mdev/document.h"
#include "mdev/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/mdev.h>

#define TYPE      "vfio_ccw-io"
#define STOP_MSEC 5000 /* for the guest to close the device */
#define STOP_STEP 50

static VccwMdevHost
mdev_host(const VccwHolderHost *host)
{
    return (VccwMdevHost){ .sysfs = host->handover->sysfs,
                           .dev = host->handover->dev,
                           .proc = host->handover->proc };
}

static char *
mdev_name(const VccwUuid *uuid, const VccwBusId *parent)
{
    VccwNodeName name = vccw_node_name_mdev(uuid, parent);

    return vccw_node_name_to_string(&name);
}

int
vccw_holder_lock(const VccwHolderHost *host, const VccwBusId *parent, GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *name = g_strconcat(VCCW_STATE_LOCK_GUEST, id, NULL);

    return vccw_state_lock(host->handover, name, id, error);
}

/* -- which mediated device it is -- */

static VccwMdevConfig *
load_definition(const VccwHolderHost *host, const VccwUuid *uuid, const VccwBusId *parent)
{
    g_autofree char *path = vccw_stored_path(host->definitions, uuid, parent);
    gsize length;
    g_autofree char *text =
        vccw_read_file(AT_FDCWD, path, VCCW_DOCUMENT_MAX, &length, NULL, NULL);

    return text ? vccw_document_parse(uuid, parent, text, length, NULL) : NULL;
}

static gboolean
is_here(const VccwHolderHost *host, const VccwBusId *parent)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *path =
        g_build_filename(host->handover->sysfs, "bus/css/devices", id, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static gboolean
find_active(const VccwHolderHost *host, const VccwUuid *uuid, VccwBusId *ret_parent)
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
static gboolean
check_right(const VccwHolderHost *host,
            const VccwHolderRecord *record,
            const VccwGuestSource *source,
            GError **error)
{
    VccwBusId on = record->parent;
    VccwBusId behind = record->parent;
    g_autofree char *name = NULL;
    g_autofree char *active = NULL;

    if (find_active(host, &record->mdev, &on) &&
        !vccw_bus_id_equal(&on, &record->parent)) {
        active = mdev_name(&record->mdev, &on);
        name = mdev_name(&record->mdev, &record->parent);
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

static gboolean
find_parent(const VccwHolderHost *host,
            const VccwGuestSource *source,
            VccwBusId *ret_parent,
            GError **error)
{
    gboolean named = source->by_device &&
                     (source->name.kind != VCCW_NODE_MDEV || source->name.has_parent);
    g_autofree char *text = NULL;

    if (!named)
        return find_active(host, &source->uuid, ret_parent) ||
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

/* -- giving back -- */

/* A guest that ends closes the device, but not in the same moment. */
static gboolean
stop(const VccwHolderHost *host, const VccwHolderRecord *record, GError **error)
{
    gint64 end = g_get_monotonic_time() + STOP_MSEC * (gint64)1000;
    VccwMdevHost mdev = mdev_host(host);

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
static gboolean
give_parent(const VccwHolderHost *host, const VccwBusId *parent, GError **error)
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

static gboolean
is_with_host(const VccwHolderHost *host, const VccwBusId *parent)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    g_autofree char *path =
        g_build_filename(host->handover->sysfs, "bus/css/devices", id, "driver", NULL);
    g_autofree char *driver = vccw_read_link_name(AT_FDCWD, path, NULL);

    return driver && !g_str_equal(driver, VCCW_HANDOVER_DRIVER);
}

/* What cannot be given back now is nobody's any more: whoever wants it next, or the next
 * start of virtccwd, tries again. */
static void
forsake(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    VccwHolderRecord left = *record;

    left.runs = FALSE;
    left.pid = 0;
    left.since = 0;
    vccw_holder_record_save(host->handover, &left, FALSE, NULL);
}

/* To be called with the lock. */
static gboolean
give(const VccwHolderHost *host, const VccwHolderRecord *record, GError **error)
{
    if (!record->started ||
        (stop(host, record, error) && give_parent(host, &record->parent, error)))
        return vccw_holder_record_drop(host->handover, &record->mdev, error);
    /* That its device does not go online is no reason to keep guests away from it. */
    if (is_with_host(host, &record->parent))
        vccw_holder_record_drop(host->handover, &record->mdev, NULL);
    else
        forsake(host, record);
    return FALSE;
}

/* What was read before the lock may be over, or another guest's. */
static VccwHolderRecord *
read_again(const VccwHolderHost *host, const VccwHolderRecord *record)
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
    g_autoptr(VccwHolderRecord) now = fd < 0 ? NULL : read_again(host, record);

    return fd >= 0 && (!now || give(host, now, error));
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
static gboolean
is_left_over(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    VccwMdevHost mdev = mdev_host(host);
    g_autofree char *user = NULL;

    if (record->runs ? is_known_to_run(host, record) : is_on_its_way(host, record))
        return FALSE;
    return !vccw_mdev_find_user(&mdev, &record->mdev, &user);
}

static gboolean
refuse(const VccwHolderRecord *record, GError **error)
{
    g_autofree char *name = mdev_name(&record->mdev, &record->parent);
    g_autofree char *guest = vccw_quote(record->guest, VCCW_QUOTE_VALUE);

    g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                "the guest %s has %s; shut it down, or detach the device from it, first",
                guest, name);
    return FALSE;
}

/* Without the lock: a guest may have come for it meanwhile. */
static gboolean
give_left_over(const VccwHolderHost *host, const VccwHolderRecord *record, GError **error)
{
    g_auto(VccwFd) fd = vccw_holder_lock(host, &record->parent, error);
    g_autoptr(VccwHolderRecord) now = fd < 0 ? NULL : read_again(host, record);

    if (!now)
        return fd >= 0;
    return is_left_over(host, now) ? give(host, now, error) : refuse(now, error);
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
static gboolean
check_damaged(const VccwHolderHost *host,
              const VccwHolderRecord *record,
              const VccwBusId *parent,
              GError **error)
{
    g_autofree char *text = NULL;
    VccwBusId on;

    if (!find_active(host, &record->mdev, &on) || !vccw_bus_id_equal(&on, parent))
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
            if (!check_damaged(host, record, parent, error))
                return FALSE;
            continue;
        }
        if (vccw_bus_id_equal(&record->parent, parent) && !is_left_over(host, record))
            return refuse(record, error);
    }
    return TRUE;
}

/* -- taking -- */

/* With the lock of what is wanted only. What the host has again, but not online, is no
 * obstacle. */
static gboolean
clear_away(const VccwHolderHost *host,
           const VccwHolderRecord *record,
           const VccwHolderRecord *wanted,
           GError **error)
{
    gboolean locked = vccw_bus_id_equal(&record->parent, &wanted->parent);
    g_autoptr(GError) problem = NULL;

    if (locked ? give(host, record, &problem) : give_left_over(host, record, &problem))
        return TRUE;
    if (is_with_host(host, &record->parent) &&
        !g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_BUSY))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* What an earlier guest has left behind is given back on the way. Says in @wanted whether
 * it was started for this guest before.
 * @ret_fresh: whether no record of it is to be replaced */
static gboolean
check_free(const VccwHolderHost *host,
           const VccwHolder *guest,
           VccwHolderRecord *wanted,
           gboolean *ret_fresh,
           GError **error)
{
    g_autoptr(GPtrArray) records = vccw_holder_record_list(host->handover);

    for (guint i = 0; i < records->len; i++) {
        const VccwHolderRecord *record = records->pdata[i];

        gboolean same = vccw_uuid_equal(&record->mdev, &wanted->mdev);

        if (record->damaged) {
            if (!check_damaged(host, record, &wanted->parent, error))
                return FALSE;
            *ret_fresh &= !same;
            continue;
        }
        if (!vccw_bus_id_equal(&record->parent, &wanted->parent) && !same)
            continue;
        if (vccw_uuid_equal(&record->uuid, &guest->uuid) && same &&
            vccw_bus_id_equal(&record->parent, &wanted->parent)) {
            wanted->started = record->started;
            *ret_fresh = FALSE;
        } else if (!is_left_over(host, record)) {
            return refuse(record, error);
        } else if (!clear_away(host, record, wanted, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
is_active(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    VccwBusId parent;

    return find_active(host, &record->mdev, &parent) &&
           vccw_bus_id_equal(&parent, &record->parent);
}

static gboolean
start(const VccwHolderHost *host,
      const VccwHolderRecord *record,
      const VccwGuestSource *source,
      GError **error)
{
    g_autoptr(VccwMdevConfig) config =
        load_definition(host, &record->mdev, &record->parent);
    VccwMdevHost mdev = mdev_host(host);
    gboolean by_number = source->by_device && source->name.kind == VCCW_NODE_CCW;

    if (!config)
        config = vccw_mdev_config_new(&record->mdev, &record->parent, TYPE);
    if (host->take_parents &&
        !vccw_handover_take(host->handover, &record->parent,
                            by_number ? &source->name.id : NULL, VCCW_HANDOVER_BY_START,
                            NULL, NULL, error))
        return FALSE;
    return check_right(host, record, source, error) &&
           vccw_mdev_start(&mdev, config, error);
}

/* Nothing has been made: what is active under that UUID now is somebody else's. */
static void
undo_start(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    if (give_parent(host, &record->parent, NULL))
        vccw_holder_record_drop(host->handover, &record->mdev, NULL);
    else
        forsake(host, record);
}

/* The lock is of one subchannel. Whoever wants the same UUID on another one at the same
 * moment finds nothing either; but only one of them can make the record. */
static gboolean
claim(const VccwHolderHost *host,
      const VccwHolderRecord *record,
      gboolean fresh,
      GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(VccwHolderRecord) other = NULL;

    if (vccw_holder_record_save(host->handover, record, fresh, &problem))
        return TRUE;
    if (vccw_error_errno(problem) == EEXIST)
        other = vccw_holder_record_load(host->handover, &record->mdev);
    if (other && !other->damaged)
        return refuse(other, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* The stock daemon would miss a UUID that nobody has written. */
static gboolean
refuse_inactive(const VccwHolderRecord *record, GError **error)
{
    g_autofree char *name = mdev_name(&record->mdev, &record->parent);

    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                "'%s' is not active; start it with 'virsh nodedev-start %s', or write "
                "managed='yes' in <hostdev> to have the guest's start do so",
                name, name);
    return FALSE;
}

/* To be called with the lock. */
static gboolean
take(const VccwHolderHost *host,
     const VccwHolder *guest,
     VccwHolderRecord *record,
     const VccwGuestSource *source,
     GError **error)
{
    gboolean active, fresh = TRUE;
    GError *problem = NULL;

    if (!check_free(host, guest, record, &fresh, error) ||
        !check_right(host, record, source, error))
        return FALSE;
    active = is_active(host, record);
    if (!active && !source->managed && source->by_device)
        return refuse_inactive(record, error);
    record->started = active ? record->started : source->managed;
    if (!claim(host, record, fresh, error))
        return FALSE;
    if (active || !source->managed || start(host, record, source, &problem))
        return TRUE;
    undo_start(host, record);
    g_propagate_error(error, problem);
    return FALSE;
}

/* Such a name no guest has; it would be no file's name, and could not be written down. */
static gboolean
check_name(const char *name, GError **error)
{
    if (*name && !strchr(name, '/') && g_utf8_validate(name, -1, NULL))
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "a guest's name is UTF-8 without '/'");
    return FALSE;
}

gboolean
vccw_holder_take(const VccwHolderHost *host,
                 const VccwHolder *guest,
                 const VccwGuestSource *source,
                 pid_t pid,
                 GError **error)
{
    g_autoptr(VccwHolderRecord) record = g_new0(VccwHolderRecord, 1);
    g_autofree char *quoted = vccw_quote(guest->name, VCCW_QUOTE_VALUE);
    g_autofree char *name = NULL;
    g_auto(VccwFd) fd = -1;
    g_autoptr(GError) problem = NULL;

    record->mdev = source->uuid;
    record->guest = g_strdup(guest->name);
    record->uuid = guest->uuid;
    record->pid = pid;
    record->since = vccw_process_start(host->handover->proc, pid);
    if (check_name(guest->name, &problem) &&
        find_parent(host, source, &record->parent, &problem) &&
        (fd = vccw_holder_lock(host, &record->parent, &problem)) >= 0 &&
        take(host, guest, record, source, &problem))
        return TRUE;
    /* What is not ours to start is the stock daemon's to miss; but it looks at the UUID
     * only. */
    if (!source->managed &&
        g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING) &&
        !find_active(host, &record->mdev, &record->parent))
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&problem),
                               "the guest %s cannot have its channel device: ", quoted);
    return FALSE;
}

/* A guest that has ended meanwhile does not get its record back. */
static gboolean
note_runs(const VccwHolderHost *host, const VccwHolderRecord *record, GError **error)
{
    g_auto(VccwFd) fd = vccw_holder_lock(host, &record->parent, error);
    g_autoptr(VccwHolderRecord) now = fd < 0 ? NULL : read_again(host, record);

    if (!now)
        return fd >= 0;
    now->runs = TRUE;
    return vccw_holder_record_save(host->handover, now, FALSE, error);
}

void
vccw_holder_runs(const VccwHolderHost *host, const VccwUuid *guest)
{
    g_autoptr(GPtrArray) records = vccw_holder_record_list(host->handover);

    for (guint i = 0; i < records->len; i++) {
        const VccwHolderRecord *record = records->pdata[i];
        g_autoptr(GError) problem = NULL;

        if (record->damaged || !vccw_uuid_equal(&record->uuid, guest) || record->runs)
            continue;
        if (!note_runs(host, record, &problem))
            g_warning("what the guest '%s' has cannot be remembered: %s", record->guest,
                      problem->message);
    }
}

/* -- at the start of a daemon -- */

/* Returns: whether it is over. */
static gboolean
repair(const VccwHolderHost *host, const VccwHolderRecord *record, GPtrArray *said)
{
    g_autofree char *name = mdev_name(&record->mdev, &record->parent);
    g_autoptr(GError) problem = NULL;

    if (record->damaged) {
        g_ptr_array_add(said, describe_damaged(host, record));
        return TRUE;
    }
    if (!is_left_over(host, record))
        return TRUE;
    if (give_left_over(host, record, &problem)) {
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
