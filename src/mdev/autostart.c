/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * For each registration of a parent there is a Round: the UUIDs to be started on it, of
 * which at most one is at work. A new registration begins a new round; what an attempt of
 * an older one brings no longer counts. An attempt holds the autostarter, for it may hang
 * in the kernel until after the end of that.
 *
 * The worker reads the definition anew: between the registration and its turn, the
 * definition may have been changed or removed, by whomever.
 */

#include "mdev/autostart.h"

#include "base/io.h"
#include "mdev/active.h"
#include "mdev/refusal.h"
#include "mdev/stored.h"

#include <fcntl.h>
#include <virtccw/error.h>

#define DEADLINE_MSEC 60000

struct _VccwAutostart {
    VccwInventory *inventory; /* these three are NULL once it was freed */
    VccwStore *store;
    VccwJobs *jobs;
    char *sysfs;
    char *dev;
    char *proc;
    VccwAutostartFunc func;
    gpointer data;
    GHashTable *rounds; /* bus-ID's key → Round */
    guint64 n_rounds;
    VccwAutostartCheck check; /* or NULL */
    gpointer check_data;
};

typedef struct {
    guint64 number;
    VccwBusId parent;
    GArray *uuids; /* VccwUuid: not attempted yet, the last one first */
    gboolean working;
    VccwUuid at_work;     /* if working */
    gboolean forgotten;   /* the one at work: its outcome is of no interest */
    GHashTable *outcomes; /* VccwUuid → VccwAutostartOutcome */
} Round;

/* One job. The worker writes @is_void and reads the rest. */
typedef struct {
    VccwAutostart *autostart; /* a reference */
    guint64 round;
    VccwMdevConfig *config; /* as the view had it */
    char *dir;
    VccwMdevHost host;
    gboolean is_void;         /* it was not to be started after all */
    VccwAutostartCheck check; /* or NULL */
    gpointer check_data;
} Attempt;

static void begin_next(VccwAutostart *autostart, Round *round);

void
vccw_autostart_outcome_clear(VccwAutostartOutcome *outcome)
{
    g_clear_pointer(&outcome->reason, g_free);
}

static void
outcome_free(gpointer data)
{
    vccw_autostart_outcome_clear(data);
    g_free(data);
}

static void
round_free(gpointer data)
{
    Round *round = data;

    g_array_unref(round->uuids);
    g_hash_table_unref(round->outcomes);
    g_free(round);
}

static gpointer
round_key(const VccwBusId *parent)
{
    return GUINT_TO_POINTER(vccw_bus_id_key(parent));
}

static Round *
find_round(VccwAutostart *autostart, const VccwBusId *parent)
{
    return g_hash_table_lookup(autostart->rounds, round_key(parent));
}

VccwAutostart *
vccw_autostart_new(VccwInventory *inventory,
                   VccwStore *store,
                   VccwJobs *jobs,
                   const VccwMdevHost *host)
{
    VccwAutostart *autostart = g_rc_box_new0(VccwAutostart);

    autostart->inventory = inventory;
    autostart->store = store;
    autostart->jobs = jobs;
    autostart->sysfs = g_strdup(host->sysfs);
    autostart->dev = g_strdup(host->dev);
    autostart->proc = g_strdup(host->proc);
    autostart->rounds = g_hash_table_new_full(NULL, NULL, NULL, round_free);
    return autostart;
}

static void
clear(gpointer data)
{
    VccwAutostart *autostart = data;

    g_free(autostart->sysfs);
    g_free(autostart->dev);
    g_free(autostart->proc);
    g_hash_table_unref(autostart->rounds);
}

void
vccw_autostart_free(VccwAutostart *autostart)
{
    if (!autostart)
        return;
    autostart->inventory = NULL;
    autostart->store = NULL;
    autostart->jobs = NULL;
    autostart->func = NULL;
    g_hash_table_remove_all(autostart->rounds);
    g_rc_box_release_full(autostart, clear);
}

void
vccw_autostart_set_func(VccwAutostart *autostart, VccwAutostartFunc func, gpointer data)
{
    autostart->func = func;
    autostart->data = data;
}

void
vccw_autostart_set_check(VccwAutostart *autostart,
                         VccwAutostartCheck check,
                         gpointer data)
{
    autostart->check = check;
    autostart->check_data = data;
}

static gboolean
is_active_on(VccwAutostart *autostart, const VccwUuid *uuid, const VccwBusId *parent)
{
    const VccwMdev *mdev = vccw_inventory_get_mdev(autostart->inventory, uuid);

    return mdev && vccw_bus_id_equal(&mdev->parent, parent);
}

static const VccwMdevConfig *
get_autostarted(VccwAutostart *autostart, const VccwUuid *uuid, const VccwBusId *parent)
{
    const VccwMdevConfig *config = vccw_store_get(autostart->store, uuid, parent);

    return config && config->autostart ? config : NULL;
}

static gboolean
is_registered(VccwAutostart *autostart, const VccwBusId *parent)
{
    const VccwSubchannel *subchannel =
        vccw_inventory_get_subchannel(autostart->inventory, parent);

    return subchannel && subchannel->registered;
}

/* @reason: NULL if it was started. The receiver may change or end the round. */
static void
record(VccwAutostart *autostart,
       Round *round,
       const VccwUuid *uuid,
       VccwAutostartResult result,
       const char *reason)
{
    VccwAutostartOutcome *kept = g_new0(VccwAutostartOutcome, 1);
    g_auto(VccwAutostartOutcome) told = { result, g_strdup(reason) };
    VccwBusId parent = round->parent;
    VccwUuid copy = *uuid;

    kept->result = result;
    kept->reason = g_strdup(reason);
    g_hash_table_replace(round->outcomes, g_memdup2(uuid, sizeof *uuid), kept);
    if (autostart->func)
        autostart->func(&copy, &parent, &told, autostart->data);
}

/* Runs in a worker thread. */
static gboolean
work(gpointer data, GError **error)
{
    Attempt *attempt = data;
    const VccwMdevConfig *known = attempt->config;
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) sysfs = -1;
    g_autoptr(VccwMdevConfig) read =
        vccw_stored_read_config(attempt->dir, &known->uuid, &known->parent, &problem);

    /* A file that is half written just now is no reason to give up. */
    if (g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE) ||
        (read && !read->autostart)) {
        attempt->is_void = TRUE;
        return TRUE;
    }
    g_clear_error(&problem);
    if (read)
        known = read;
    if (attempt->check && !attempt->check(known, attempt->check_data, &problem)) {
        attempt->is_void = g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_CONFLICT);
        if (!attempt->is_void)
            g_propagate_error(error, g_steal_pointer(&problem));
        return attempt->is_void;
    }
    if (vccw_mdev_start(&attempt->host, known, &problem))
        return TRUE;
    sysfs = vccw_open_dir(AT_FDCWD, attempt->host.sysfs, NULL);
    if (sysfs >= 0 && vccw_active_is(sysfs, &known->uuid, &known->parent, known->type))
        return TRUE; /* somebody else was faster */
    vccw_refusal_offer_undefine(&problem);
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* The round that an attempt belongs to; NULL if that is over. */
static Round *
round_of(const Attempt *attempt)
{
    Round *round = find_round(attempt->autostart, &attempt->config->parent);

    return round && round->number == attempt->round ? round : NULL;
}

static void
done(gpointer data, const GError *error)
{
    Attempt *attempt = data;
    VccwAutostart *autostart = attempt->autostart;
    const VccwUuid *uuid = &attempt->config->uuid;
    const VccwBusId *parent = &attempt->config->parent;
    VccwNodeName mdev = vccw_node_name_mdev(uuid, parent);
    VccwNodeName css = vccw_node_name_css(parent);
    Round *round;

    if (!autostart->inventory)
        return;
    /* These may end the round: the subchannel may have gone. */
    vccw_inventory_refresh(autostart->inventory, &mdev);
    if (error)
        vccw_inventory_refresh(autostart->inventory, &css);
    round = round_of(attempt);
    if (!round)
        return;
    round->working = FALSE;
    if (!error && !attempt->is_void && !round->forgotten)
        record(autostart, round, uuid, VCCW_AUTOSTART_STARTED, NULL);
    else if (error && !round->forgotten && is_registered(autostart, parent))
        record(autostart, round, uuid, VCCW_AUTOSTART_FAILED, error->message);
    round = round_of(attempt);
    if (round && !round->working)
        begin_next(autostart, round);
}

static void
late(gpointer data)
{
    Attempt *attempt = data;
    VccwAutostart *autostart = attempt->autostart;
    Round *round = autostart->inventory ? round_of(attempt) : NULL;
    VccwNodeName name =
        vccw_node_name_mdev(&attempt->config->uuid, &attempt->config->parent);
    g_autofree char *text = vccw_node_name_to_string(&name);
    g_autofree char *reason = NULL;

    if (!round || round->forgotten)
        return;
    reason = g_strdup_printf("the start of %s is not over after %d seconds and goes on; "
                             "look whether its subchannel is busy",
                             text, DEADLINE_MSEC / 1000);
    record(autostart, round, &attempt->config->uuid, VCCW_AUTOSTART_FAILED, reason);
}

static void
attempt_free(gpointer data)
{
    Attempt *attempt = data;

    g_rc_box_release_full(attempt->autostart, clear);
    vccw_mdev_config_free(attempt->config);
    g_free(attempt->dir);
    g_free((char *)attempt->host.sysfs);
    g_free((char *)attempt->host.dev);
    g_free((char *)attempt->host.proc);
    g_free(attempt);
}

static void
push(VccwAutostart *autostart, Round *round, const VccwMdevConfig *config)
{
    Attempt *attempt = g_new0(Attempt, 1);
    g_autofree char *uuid = vccw_uuid_to_string(&config->uuid);
    g_autofree char *key = g_strconcat("mdev:", uuid, NULL);

    attempt->autostart = g_rc_box_acquire(autostart);
    attempt->round = round->number;
    attempt->config = vccw_mdev_config_copy(config);
    attempt->dir = g_strdup(vccw_store_dir(autostart->store));
    attempt->check = autostart->check;
    attempt->check_data = autostart->check_data;
    attempt->host = (VccwMdevHost){ g_strdup(autostart->sysfs), g_strdup(autostart->dev),
                                    g_strdup(autostart->proc) };
    round->working = TRUE;
    round->forgotten = FALSE;
    round->at_work = config->uuid;
    vccw_jobs_push(autostart->jobs, key, DEADLINE_MSEC, work, done, late, attempt,
                   attempt_free);
}

static void
begin_next(VccwAutostart *autostart, Round *round)
{
    while (round->uuids->len) {
        VccwUuid uuid = g_array_index(round->uuids, VccwUuid, round->uuids->len - 1);
        const VccwMdevConfig *config = get_autostarted(autostart, &uuid, &round->parent);

        g_array_set_size(round->uuids, round->uuids->len - 1);
        if (config && !is_active_on(autostart, &uuid, &round->parent)) {
            push(autostart, round, config);
            return;
        }
    }
}

/* Returns: (transfer full): the UUIDs to be started on @parent, the last one first. */
static GArray *
list_autostarted(VccwAutostart *autostart, const VccwBusId *parent)
{
    g_autoptr(GPtrArray) configs = vccw_store_list_parent(autostart->store, parent);
    GArray *uuids = g_array_new(FALSE, FALSE, sizeof(VccwUuid));

    for (guint i = configs->len; i > 0; i--) {
        const VccwMdevConfig *config = configs->pdata[i - 1];

        if (config->autostart)
            g_array_append_val(uuids, config->uuid);
    }
    return uuids;
}

void
vccw_autostart_registered(VccwAutostart *autostart, const VccwBusId *parent)
{
    g_autoptr(GArray) uuids = list_autostarted(autostart, parent);
    Round *round;

    if (uuids->len == 0) { /* as on most of what may be thousands */
        vccw_autostart_unregistered(autostart, parent);
        return;
    }
    round = g_new0(Round, 1);
    round->number = ++autostart->n_rounds;
    round->parent = *parent;
    round->uuids = g_steal_pointer(&uuids);
    round->outcomes =
        g_hash_table_new_full(vccw_uuid_hash, vccw_uuid_equal, g_free, outcome_free);
    g_hash_table_replace(autostart->rounds, round_key(&round->parent), round);
    begin_next(autostart, round);
}

void
vccw_autostart_unregistered(VccwAutostart *autostart, const VccwBusId *parent)
{
    g_hash_table_remove(autostart->rounds, round_key(parent));
}

void
vccw_autostart_forget(VccwAutostart *autostart,
                      const VccwUuid *uuid,
                      const VccwBusId *parent)
{
    Round *round = find_round(autostart, parent);

    if (!round)
        return;
    g_hash_table_remove(round->outcomes, uuid);
    if (round->working && vccw_uuid_equal(&round->at_work, uuid))
        round->forgotten = TRUE;
    for (guint i = 0; i < round->uuids->len; i++)
        if (vccw_uuid_equal(&g_array_index(round->uuids, VccwUuid, i), uuid)) {
            g_array_remove_index(round->uuids, i);
            return;
        }
}

/* Why a parent that is not registered keeps a definition waiting. */
static char *
explain_parent(VccwAutostart *autostart, const VccwBusId *parent)
{
    g_autofree char *id = vccw_bus_id_to_string(parent);
    const VccwSubchannel *subchannel =
        vccw_inventory_get_subchannel(autostart->inventory, parent);

    if (!subchannel)
        return g_strdup_printf("the host has no subchannel %s now; it is started when "
                               "that appears and is bound to vfio_ccw",
                               id);
    if (!g_strcmp0(subchannel->driver, "vfio_ccw"))
        return g_strdup_printf("subchannel %s does not offer mediated devices yet; it is "
                               "started when that does",
                               id);
    return g_strdup_printf("subchannel %s is bound to %s; it is started when that is "
                           "bound to vfio_ccw: driverctl -b css set-override %s vfio_ccw",
                           id, subchannel->driver ? subchannel->driver : "no driver", id);
}

/* Why a definition waits though its parent is registered; NULL if it does not. */
static char *
explain_turn(const Round *round, const VccwUuid *uuid)
{
    VccwNodeName name;
    g_autofree char *text = NULL;

    if (!round->working)
        return NULL;
    if (vccw_uuid_equal(&round->at_work, uuid))
        return round->forgotten ? NULL : g_strdup("it is being started now");
    name = vccw_node_name_mdev(&round->at_work, &round->parent);
    text = vccw_node_name_to_string(&name);
    for (guint i = 0; i < round->uuids->len; i++)
        if (vccw_uuid_equal(&g_array_index(round->uuids, VccwUuid, i), uuid))
            return g_strdup_printf("it waits for %s, which is being started now", text);
    return NULL;
}

gboolean
vccw_autostart_outcome(VccwAutostart *autostart,
                       const VccwUuid *uuid,
                       const VccwBusId *parent,
                       VccwAutostartOutcome *ret_outcome)
{
    Round *round = find_round(autostart, parent);
    const VccwAutostartOutcome *known =
        round ? g_hash_table_lookup(round->outcomes, uuid) : NULL;
    VccwAutostartOutcome outcome = { VCCW_AUTOSTART_WAITING, NULL };

    if (!get_autostarted(autostart, uuid, parent))
        return FALSE;
    if (!is_registered(autostart, parent)) {
        outcome.reason = explain_parent(autostart, parent);
    } else if (is_active_on(autostart, uuid, parent)) {
        outcome.result = VCCW_AUTOSTART_STARTED;
    } else if (known) {
        outcome.result = known->result;
        outcome.reason = g_strdup(known->reason);
    } else {
        outcome.reason = round ? explain_turn(round, uuid) : NULL;
        if (!outcome.reason)
            return FALSE;
    }
    *ret_outcome = outcome;
    return TRUE;
}
