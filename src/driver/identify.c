/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One job at a time works through all that have come together meanwhile: at the start of
 * a daemon that may be thousands.
 */

#include "driver/identify.h"

#include "handover/identity.h"

struct _VccwIdentify {
    VccwJobs *jobs;
    const VccwHandoverHost *host;
    GArray *waiting; /* VccwNodeName */
    gboolean working;
};

/* One job. It may outlive the list at the end of the process, but then is never done. */
typedef struct {
    VccwIdentify *identify; /* main loop only */
    VccwHandoverHost host;
    GArray *names;
} Batch;

static void begin(VccwIdentify *identify);

VccwIdentify *
vccw_identify_new(VccwJobs *jobs, const VccwHandoverHost *host)
{
    VccwIdentify *identify = g_new0(VccwIdentify, 1);

    identify->jobs = jobs;
    identify->host = host;
    identify->waiting = g_array_new(FALSE, FALSE, sizeof(VccwNodeName));
    return identify;
}

void
vccw_identify_free(VccwIdentify *identify)
{
    if (!identify)
        return;
    g_array_unref(identify->waiting);
    g_free(identify);
}

/* The first failure stands for all: they share the disk. */
static gboolean
work(gpointer data, GError **error)
{
    Batch *batch = data;
    GError *first = NULL;

    for (guint i = 0; i < batch->names->len; i++) {
        const VccwNodeName *name = &g_array_index(batch->names, VccwNodeName, i);

        vccw_identity_remember(&batch->host, &name->uuid, &name->id, FALSE,
                               first ? NULL : &first);
    }
    if (first)
        g_propagate_error(error, first);
    return first == NULL;
}

static void
done(gpointer data, const GError *error)
{
    Batch *batch = data;

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

    g_array_unref(batch->names);
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
    batch->names = identify->waiting;
    identify->waiting = g_array_new(FALSE, FALSE, sizeof(VccwNodeName));
    identify->working = TRUE;
    vccw_jobs_push(identify->jobs, "identify", 0, work, done, NULL, batch, batch_free);
}

void
vccw_identify_definition(VccwIdentify *identify,
                         const VccwUuid *uuid,
                         const VccwBusId *parent)
{
    VccwNodeName name = vccw_node_name_mdev(uuid, parent);

    g_array_append_val(identify->waiting, name);
    begin(identify);
}
