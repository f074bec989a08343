/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Devices are looked at in the main loop, as all else that the inventory tells of. What
 * was kept is read before anybody can ask: whoever finds the daemon's socket after a boot
 * must find the volumes, too. It is written by one job at a time; what changes meanwhile
 * is written by the next.
 */

#include "driver/volumes.h"

struct _VccwVolumes {
    VccwJobs *jobs;
    const VccwHandoverHost *host;
    GHashTable *known; /* key of the bus-ID → VccwVolume * */
    gboolean working, changed;
    gboolean lasting; /* the file may be replaced: what it had is known */
    gboolean failing; /* it could not be written the last time */
};

/* One job. It may outlive the rest at the end of the process, but then is never done. */
typedef struct {
    VccwVolumes *volumes; /* main loop only */
    VccwHandoverHost host;
    GString *text;
} Job;

static gpointer
key_of(const VccwBusId *id)
{
    return GUINT_TO_POINTER(vccw_bus_id_key(id));
}

/* @now: (transfer full) */
static void
take(VccwVolumes *volumes, VccwVolume *now)
{
    VccwVolume *known = g_hash_table_lookup(volumes->known, key_of(&now->id));

    if (!known) {
        g_hash_table_insert(volumes->known, key_of(&now->id), now);
        volumes->changed = TRUE;
        return;
    }
    if (vccw_volume_merge(known, now))
        volumes->changed = TRUE;
    vccw_volume_free(now);
}

static void
load(VccwVolumes *volumes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) kept =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_volume_free);

    volumes->lasting = vccw_volume_load(volumes->host, kept, &error);
    if (!volumes->lasting)
        g_warning("what devices were is not known, and nothing new is remembered until "
                  "virtccwd is restarted: %s",
                  error->message);
    for (guint i = 0; i < kept->len; i++)
        take(volumes, g_steal_pointer(&kept->pdata[i]));
    volumes->changed = FALSE;
}

VccwVolumes *
vccw_volumes_new(VccwJobs *jobs, const VccwHandoverHost *host)
{
    VccwVolumes *volumes = g_new0(VccwVolumes, 1);

    volumes->jobs = jobs;
    volumes->host = host;
    volumes->known = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
                                           (GDestroyNotify)vccw_volume_free);
    load(volumes);
    return volumes;
}

void
vccw_volumes_free(VccwVolumes *volumes)
{
    if (!volumes)
        return;
    g_hash_table_unref(volumes->known);
    g_free(volumes);
}

static void begin(VccwVolumes *volumes);

/* In a worker. */
static gboolean
work(gpointer data, GError **error)
{
    Job *job = data;

    return vccw_volume_save(&job->host, job->text, error);
}

static void
done(gpointer data, const GError *error)
{
    Job *job = data;
    VccwVolumes *volumes = job->volumes;

    volumes->working = FALSE;
    if (!error) {
        volumes->failing = FALSE;
        begin(volumes);
        return;
    }
    if (!volumes->failing)
        g_warning("what devices are cannot be remembered, and is tried again when one "
                  "changes: %s",
                  error->message);
    volumes->failing = volumes->changed = TRUE;
}

static void
job_free(gpointer data)
{
    Job *job = data;

    g_string_free(job->text, TRUE);
    g_free(job);
}

static int
compare_keys(gconstpointer a, gconstpointer b)
{
    guint x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);

    return (x > y) - (x < y);
}

static GString *
to_text(VccwVolumes *volumes)
{
    g_autoptr(GList) keys =
        g_list_sort(g_hash_table_get_keys(volumes->known), compare_keys);
    GString *text = g_string_new(NULL);

    for (GList *item = keys; item; item = item->next)
        vccw_volume_to_line(g_hash_table_lookup(volumes->known, item->data), text);
    return text;
}

static void
begin(VccwVolumes *volumes)
{
    Job *job;

    if (volumes->working || !volumes->changed || !volumes->lasting)
        return;
    job = g_new0(Job, 1);
    job->volumes = volumes;
    job->host = *volumes->host;
    job->text = to_text(volumes);
    volumes->changed = FALSE;
    volumes->working = TRUE;
    vccw_jobs_push(volumes->jobs, "volumes", 0, work, done, NULL, job, job_free);
}

void
vccw_volumes_look(VccwVolumes *volumes, int sysfs, const VccwBusId *device)
{
    VccwVolume *now = vccw_volume_read(sysfs, device);

    if (!now)
        return;
    take(volumes, now);
    begin(volumes);
}

const VccwVolume *
vccw_volumes_get(VccwVolumes *volumes, const VccwBusId *device)
{
    return g_hash_table_lookup(volumes->known, key_of(device));
}
