/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/holder-record.h"

#include "base/io.h"
#include "handover/state.h"

#include <errno.h>
#include <fcntl.h>

#define FOLDER   "holder"
#define GROUP    "guest"
#define FILE_MAX (64 * 1024)

void
vccw_holder_record_free(VccwHolderRecord *record)
{
    if (!record)
        return;
    g_free(record->guest);
    g_free(record);
}

gboolean
vccw_holder_record_save(const VccwHandoverHost *host,
                        const VccwHolderRecord *record,
                        gboolean fresh,
                        GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *name = vccw_uuid_to_string(&record->mdev);
    g_autofree char *parent = vccw_bus_id_to_string(&record->parent);
    g_autofree char *uuid = vccw_uuid_to_string(&record->uuid);
    g_auto(VccwFd) dir = vccw_state_open(host, FOLDER, error);
    g_autofree char *text = NULL;
    gsize length;

    if (dir < 0)
        return FALSE;
    g_key_file_set_string(file, GROUP, "parent", parent);
    g_key_file_set_string(file, GROUP, "guest", record->guest);
    g_key_file_set_string(file, GROUP, "uuid", uuid);
    g_key_file_set_boolean(file, GROUP, "started", record->started);
    g_key_file_set_boolean(file, GROUP, "runs", record->runs);
    g_key_file_set_integer(file, GROUP, "pid", record->pid);
    g_key_file_set_uint64(file, GROUP, "since", record->since);
    text = g_key_file_to_data(file, &length, NULL);
    return vccw_write_file(dir, name, text, length,
                           fresh ? VCCW_WRITE_NEW : VCCW_WRITE_REPLACE, NULL, error);
}

gboolean
vccw_holder_record_drop(const VccwHandoverHost *host,
                        const VccwUuid *mdev,
                        GError **error)
{
    g_autofree char *name = vccw_uuid_to_string(mdev);

    return vccw_state_remove(host, FOLDER, name, error);
}

static VccwHolderRecord *
parse(GKeyFile *file, const VccwUuid *mdev)
{
    g_autoptr(VccwHolderRecord) record = g_new0(VccwHolderRecord, 1);
    g_autofree char *parent = g_key_file_get_string(file, GROUP, "parent", NULL);
    g_autofree char *uuid = g_key_file_get_string(file, GROUP, "uuid", NULL);

    record->mdev = *mdev;
    record->guest = g_key_file_get_string(file, GROUP, "guest", NULL);
    record->started = g_key_file_get_boolean(file, GROUP, "started", NULL);
    record->runs = g_key_file_get_boolean(file, GROUP, "runs", NULL);
    record->pid = g_key_file_get_integer(file, GROUP, "pid", NULL);
    record->since = g_key_file_get_uint64(file, GROUP, "since", NULL);
    if (!record->guest || !parent || !uuid ||
        !vccw_host_bus_id_parse(parent, &record->parent, NULL) ||
        !vccw_uuid_parse(uuid, &record->uuid, NULL))
        return NULL;
    return g_steal_pointer(&record);
}

static VccwHolderRecord *
load(int dir, const char *name)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    VccwHolderRecord *record = NULL;
    VccwUuid mdev;
    gsize length;

    if (!vccw_uuid_parse_canonical(name, &mdev, NULL))
        return NULL;
    text = vccw_read_file(dir, name, FILE_MAX, &length, NULL, &problem);
    if (!text && vccw_error_errno(problem) == ENOENT)
        return NULL;
    if (text && g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        record = parse(file, &mdev);
    if (record)
        return record;
    record = g_new0(VccwHolderRecord, 1);
    record->mdev = mdev;
    record->damaged = TRUE;
    return record;
}

VccwHolderRecord *
vccw_holder_record_load(const VccwHandoverHost *host, const VccwUuid *mdev)
{
    g_autofree char *path = g_build_filename(host->state, FOLDER, NULL);
    g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, path, NULL);
    g_autofree char *name = vccw_uuid_to_string(mdev);

    return dir < 0 ? NULL : load(dir, name);
}

GPtrArray *
vccw_holder_record_list(const VccwHandoverHost *host)
{
    GPtrArray *records =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_holder_record_free);
    g_autofree char *path = g_build_filename(host->state, FOLDER, NULL);
    g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, path, NULL);
    g_autoptr(GPtrArray) names = dir < 0 ? NULL : vccw_list_dir(dir, ".", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        VccwHolderRecord *record = load(dir, names->pdata[i]);

        if (record)
            g_ptr_array_add(records, record);
    }
    return records;
}
