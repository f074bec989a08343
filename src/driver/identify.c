/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One job at a time works through all that have come together meanwhile: at the start of
 * a daemon that may be thousands.
 */

#include "driver/identify.h"

#include "handover/identity.h"

#include <errno.h>
#include <sys/stat.h>

/* What has become of a definition. */
typedef struct {
    VccwUuid uuid;
    VccwBusId parent;
    gboolean undefined;
    gboolean has_device; /* what came of it */
    VccwBusId device;
} Change;

struct _VccwIdentify {
    VccwJobs *jobs;
    const VccwHandoverHost *host;
    const char *dir;
    GArray *waiting;     /* Change, in their order */
    GHashTable *devices; /* VccwNodeName * → VccwBusId * */
    gboolean working;
    VccwIdentifyFunc func; /* or NULL */
    gpointer data;
};

/* One job. It may outlive the list at the end of the process, but then is never done. */
typedef struct {
    VccwIdentify *identify; /* main loop only */
    VccwHandoverHost host;
    char *dir;
    GArray *changes;
} Batch;

static void begin(VccwIdentify *identify);

VccwIdentify *
vccw_identify_new(VccwJobs *jobs, const VccwHandoverHost *host, const char *dir)
{
    VccwIdentify *identify = g_new0(VccwIdentify, 1);

    identify->jobs = jobs;
    identify->host = host;
    identify->dir = dir;
    identify->waiting = g_array_new(FALSE, FALSE, sizeof(Change));
    identify->devices =
        g_hash_table_new_full(vccw_node_name_hash, vccw_node_name_equal, g_free, g_free);
    return identify;
}

void
vccw_identify_free(VccwIdentify *identify)
{
    if (!identify)
        return;
    g_array_unref(identify->waiting);
    g_hash_table_unref(identify->devices);
    g_free(identify);
}

static gboolean
is_gone(const Batch *batch, const Change *change)
{
    g_autofree char *uuid = vccw_uuid_to_string(&change->uuid);
    g_autofree char *parent = vccw_bus_id_to_string(&change->parent);
    g_autofree char *path = g_build_filename(batch->dir, parent, uuid, NULL);
    struct stat st;

    return lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static void
follow(const Batch *batch, Change *change, GError **error)
{
    if (!change->undefined)
        vccw_identity_remember(&batch->host, &change->uuid, &change->parent, FALSE,
                               error);
    else if (is_gone(batch, change))
        vccw_identity_forget(&batch->host, &change->uuid, &change->parent, error);
    change->has_device =
        vccw_identity_get(&batch->host, &change->uuid, &change->parent, &change->device);
}

/* The first failure stands for all: they share the disk. */
static gboolean
work(gpointer data, GError **error)
{
    Batch *batch = data;
    GError *first = NULL;

    for (guint i = 0; i < batch->changes->len; i++)
        follow(batch, &g_array_index(batch->changes, Change, i), first ? NULL : &first);
    if (first)
        g_propagate_error(error, first);
    return first == NULL;
}

static void
note(VccwIdentify *identify, const Change *change)
{
    VccwNodeName name = vccw_node_name_mdev(&change->uuid, &change->parent);
    const VccwBusId *known = g_hash_table_lookup(identify->devices, &name);
    gboolean other =
        known && change->has_device && !vccw_bus_id_equal(known, &change->device);

    if (change->has_device)
        g_hash_table_replace(identify->devices, g_memdup2(&name, sizeof name),
                             g_memdup2(&change->device, sizeof change->device));
    else
        g_hash_table_remove(identify->devices, &name);
    if (other && identify->func)
        identify->func(&change->uuid, &change->parent, identify->data);
}

static void
done(gpointer data, const GError *error)
{
    Batch *batch = data;

    for (guint i = 0; i < batch->changes->len; i++)
        note(batch->identify, &g_array_index(batch->changes, Change, i));

    if (error)
        g_warning("which device a definition is for cannot be remembered: %s",
                  error->message);
    batch->identify->working = FALSE;
    begin(batch->identify);
}

static void
batch_free(gpointer data)
{
    Batch *batch = data;

    g_array_unref(batch->changes);
    g_free(batch->dir);
    g_free(batch);
}

static void
begin(VccwIdentify *identify)
{
    Batch *batch;

    if (identify->working || identify->waiting->len == 0)
        return;
    batch = g_new0(Batch, 1);
    batch->identify = identify;
    batch->host = *identify->host;
    batch->dir = g_strdup(identify->dir);
    batch->changes = identify->waiting;
    identify->waiting = g_array_new(FALSE, FALSE, sizeof(Change));
    identify->working = TRUE;
    vccw_jobs_push(identify->jobs, "identify", 0, work, done, NULL, batch, batch_free);
}

static void
add(VccwIdentify *identify,
    const VccwUuid *uuid,
    const VccwBusId *parent,
    gboolean undefined)
{
    Change change = { .uuid = *uuid, .parent = *parent, .undefined = undefined };

    g_array_append_val(identify->waiting, change);
    begin(identify);
}

void
vccw_identify_set_func(VccwIdentify *identify, VccwIdentifyFunc func, gpointer data)
{
    identify->func = func;
    identify->data = data;
}

const VccwBusId *
vccw_identify_get(VccwIdentify *identify, const VccwUuid *uuid, const VccwBusId *parent)
{
    VccwNodeName name = vccw_node_name_mdev(uuid, parent);

    return g_hash_table_lookup(identify->devices, &name);
}

void
vccw_identify_definition(VccwIdentify *identify,
                         const VccwUuid *uuid,
                         const VccwBusId *parent)
{
    add(identify, uuid, parent, FALSE);
}

void
vccw_identify_undefined(VccwIdentify *identify,
                        const VccwUuid *uuid,
                        const VccwBusId *parent)
{
    add(identify, uuid, parent, TRUE);
}
