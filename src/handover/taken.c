/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/taken.h"

#include "base/io.h"
#include "handover/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <virtccw/error.h>

#define FOLDER   "taken"
#define GROUP    "taken"
#define FILE_MAX (64 * 1024)

static const char *const steps[] = { "taking", "whole", "giving" };

G_STATIC_ASSERT(G_N_ELEMENTS(steps) == VCCW_TAKEN_GIVING + 1);

/* The members that are text, by their keys. */
static const struct {
    const char *key;
    gsize offset;
} texts[] = {
    { "device", G_STRUCT_OFFSET(VccwTaken, device) },
    { "override", G_STRUCT_OFFSET(VccwTaken, override) },
    { "stored", G_STRUCT_OFFSET(VccwTaken, stored) },
    { "uid", G_STRUCT_OFFSET(VccwTaken, uid) },
    { "cutype", G_STRUCT_OFFSET(VccwTaken, cutype) },
    { "devtype", G_STRUCT_OFFSET(VccwTaken, devtype) },
};

void
vccw_taken_free(VccwTaken *taken)
{
    if (!taken)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(G_STRUCT_MEMBER(char *, taken, texts[i].offset));
    g_free(taken);
}

static gboolean
parse_step(const char *text, VccwTakenStep *ret_step)
{
    for (guint i = 0; text && i < G_N_ELEMENTS(steps); i++)
        if (g_str_equal(text, steps[i])) {
            *ret_step = i;
            return TRUE;
        }
    return FALSE;
}

static VccwTaken *
parse(const char *text, gsize length)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(VccwTaken) taken = g_new0(VccwTaken, 1);
    g_autofree char *step = NULL;

    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL))
        return NULL;
    step = g_key_file_get_string(file, GROUP, "step", NULL);
    if (!parse_step(step, &taken->step))
        return NULL;
    taken->by_start = g_key_file_get_boolean(file, GROUP, "by_start", NULL);
    taken->online = g_key_file_get_boolean(file, GROUP, "online", NULL);
    taken->pid = g_key_file_get_integer(file, GROUP, "pid", NULL);
    taken->since = g_key_file_get_uint64(file, GROUP, "since", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        G_STRUCT_MEMBER(char *, taken, texts[i].offset) =
            g_key_file_get_string(file, GROUP, texts[i].key, NULL);
    return g_steal_pointer(&taken);
}

gboolean
vccw_taken_load(const VccwHandoverHost *host,
                const VccwBusId *subchannel,
                VccwTaken **ret_taken,
                GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(subchannel);
    g_autofree char *path = g_build_filename(host->state, FOLDER, id, NULL);
    g_autoptr(GError) problem = NULL;
    gsize length;
    g_autofree char *text =
        vccw_read_file(AT_FDCWD, path, FILE_MAX, &length, NULL, &problem);
    VccwTaken *taken;

    if (!text && vccw_error_errno(problem) == ENOENT) {
        *ret_taken = NULL;
        return TRUE;
    }
    if (!text) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    taken = parse(text, length);
    if (!taken) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_STORE,
                    "'%s' cannot be understood; look which driver subchannel %s has, and "
                    "remove the file",
                    path, id);
        return FALSE;
    }
    *ret_taken = taken;
    return TRUE;
}

gboolean
vccw_taken_save(const VccwHandoverHost *host,
                const VccwBusId *subchannel,
                const VccwTaken *taken,
                GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *id = vccw_bus_id_to_string(subchannel);
    g_auto(VccwFd) dir = vccw_state_open(host, FOLDER, error);
    g_autofree char *text = NULL;
    gsize length;

    if (dir < 0)
        return FALSE;
    g_key_file_set_string(file, GROUP, "step", steps[taken->step]);
    g_key_file_set_boolean(file, GROUP, "by_start", taken->by_start);
    g_key_file_set_boolean(file, GROUP, "online", taken->online);
    if (taken->pid) {
        g_key_file_set_integer(file, GROUP, "pid", taken->pid);
        g_key_file_set_uint64(file, GROUP, "since", taken->since);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *value = G_STRUCT_MEMBER(char *, taken, texts[i].offset);

        if (value)
            g_key_file_set_string(file, GROUP, texts[i].key, value);
    }
    text = g_key_file_to_data(file, &length, NULL);
    return vccw_write_file(dir, id, text, length, VCCW_WRITE_REPLACE, NULL, error);
}

gboolean
vccw_taken_drop(const VccwHandoverHost *host, const VccwBusId *subchannel, GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(subchannel);

    return vccw_state_remove(host, FOLDER, id, error);
}

GArray *
vccw_taken_list(const VccwHandoverHost *host)
{
    g_autofree char *path = g_build_filename(host->state, FOLDER, NULL);
    g_autoptr(GPtrArray) names = vccw_list_dir(AT_FDCWD, path, NULL);
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(VccwBusId));
    VccwBusId id;

    for (guint i = 0; names && i < names->len; i++)
        if (vccw_host_bus_id_parse(names->pdata[i], &id, NULL))
            g_array_append_val(ids, id);
    return ids;
}

int
vccw_taken_lock(const VccwHandoverHost *host, const VccwBusId *subchannel, GError **error)
{
    g_autofree char *id = vccw_bus_id_to_string(subchannel);

    return vccw_state_lock(host, id, id, error);
}
