/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The record comes before what it is about and goes after it, under a lock of the
 * subchannel. So there is always somebody who can tell what is to be undone: the guest's
 * end, or whoever wants the device next, or the next start of virtccwd.
 */

#include "handover/holder-private.h"

#include "base/io.h"
#include "base/process.h"
#include "base/quote.h"
#include "handover/handover.h"
#include "mdev/document.h"
#include "mdev/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/mdev.h>

#define TYPE "vfio_ccw-io"

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

    if (locked ? vccw_holder_give_record(host, record, &problem)
               : vccw_holder_give_left_over(host, record, &problem))
        return TRUE;
    if (vccw_holder_is_with_host(host, &record->parent) &&
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
            if (!vccw_holder_check_damaged(host, record, &wanted->parent, error))
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
        } else if (!vccw_holder_is_left_over(host, record)) {
            return vccw_holder_refuse(record, error);
        } else if (!clear_away(host, record, wanted, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

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
start(const VccwHolderHost *host,
      const VccwHolderRecord *record,
      const VccwGuestSource *source,
      GError **error)
{
    g_autoptr(VccwMdevConfig) config =
        load_definition(host, &record->mdev, &record->parent);
    VccwMdevHost mdev = vccw_holder_mdev_host(host);
    gboolean by_number = source->by_device && source->name.kind == VCCW_NODE_CCW;

    if (!config)
        config = vccw_mdev_config_new(&record->mdev, &record->parent, TYPE);
    if (host->take_parents &&
        !vccw_handover_take(host->handover, &record->parent,
                            by_number ? &source->name.id : NULL, VCCW_HANDOVER_BY_START,
                            NULL, NULL, error))
        return FALSE;
    return vccw_holder_check_right(host, record, source, error) &&
           vccw_mdev_start(&mdev, config, error);
}

/* Nothing has been made: what is active under that UUID now is somebody else's. */
static void
undo_start(const VccwHolderHost *host, const VccwHolderRecord *record)
{
    if (vccw_holder_give_parent(host, &record->parent, NULL))
        vccw_holder_record_drop(host->handover, &record->mdev, NULL);
    else
        vccw_holder_forsake(host, record);
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
        return vccw_holder_refuse(other, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* The stock daemon would miss a UUID that nobody has written. */
static gboolean
refuse_inactive(const VccwHolderRecord *record, GError **error)
{
    g_autofree char *name = vccw_holder_mdev_name(&record->mdev, &record->parent);

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
        !vccw_holder_check_right(host, record, source, error))
        return FALSE;
    active = vccw_holder_is_active(host, record);
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
    g_auto(VccwFd) fd = -1;
    g_autoptr(GError) problem = NULL;

    record->mdev = source->uuid;
    record->guest = g_strdup(guest->name);
    record->uuid = guest->uuid;
    record->pid = pid;
    record->since = vccw_process_start(host->handover->proc, pid);
    if (check_name(guest->name, &problem) &&
        vccw_holder_find_parent(host, source, &record->parent, &problem) &&
        (fd = vccw_holder_lock(host, &record->parent, &problem)) >= 0 &&
        take(host, guest, record, source, &problem))
        return TRUE;
    /* What is not ours to start is the stock daemon's to miss; but it looks at the UUID
     * only. */
    if (!source->managed &&
        g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING) &&
        !vccw_holder_find_active(host, &record->mdev, &record->parent))
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
    g_autoptr(VccwHolderRecord) now =
        fd < 0 ? NULL : vccw_holder_read_again(host, record);

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
