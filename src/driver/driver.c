/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The inventory and the store tell the driver of each change exactly once, whoever caused
 * it: a client, the kernel, mdevctl. That one stream feeds the clients' events, the
 * autostarter and the log, so none of them can disagree with what a listing shows.
 */

#include "driver/driver.h"
#include "driver/domain-task.h"
#include "driver/identify.h"
#include "driver/node.h"
#include "driver/session-private.h"
#include "driver/uses.h"
#include "handover/handover.h"
#include "handover/identity.h"
#include <libvirt/libvirt.h>
#include <virtccw/error.h>

#define RETRY_SECONDS 5
#define RETRIES       120 /* then at the guest's end, or when somebody wants the device */

struct _VccwDriver {
    VccwInventory *inventory;
    VccwStore *store;
    VccwDomainStore *domains;
    VccwJobs *jobs;
    VccwAutostart *autostart;
    VccwMdevHost host;
    VccwHandoverHost handover;
    VccwHolderHost holders;
    char *definitions, *runs;
    VccwIdentify *identify; /* NULL if nothing is handed over */
    VccwVolumes *volumes;   /* the same */
    VccwGlance *glance;
    VccwUses *uses;     /* once somebody has listened */
    VccwGuests *guests; /* or NULL */
    guint retry;        /* the timer of what guests have not let go of yet */
    guint retries;      /* that are left */
    char *sysfs, *dev, *proc, *overrides, *rules, *state;
    gboolean take_parents;
    gboolean privileged;
    gboolean autostart_enabled;
    gboolean autostart_over;
    gboolean started; /* host and definitions have been read once */
    guint operation_timeout_ms;
    GPtrArray *sessions; /* of VccwSession *, not owned; NULL for one that ended while
                            they are told */
    guint telling;       /* events that the sessions are being told, within each other */
    gint32 next_callback_id;
};

/* News: what the sessions are told; the functions below take of it what they need. */
typedef struct {
    const char *name; /* of a node device */
    const VccwDomainRef *domain;
    gint32 event; /* or the type of metadata */
    gint32 detail;
    const char *uri;
} News;

/* A session may end, or another begin, while one is told; and there may be thousands. */
static void
tell(VccwDriver *driver, void (*func)(VccwSession *session, const News *news), News news)
{
    guint n = driver->sessions->len;

    driver->telling++;
    for (guint i = 0; i < n; i++)
        if (driver->sessions->pdata[i])
            func(driver->sessions->pdata[i], &news);
    if (--driver->telling == 0)
        while (g_ptr_array_remove_fast(driver->sessions, NULL))
            continue;
}

static void
lifecycle_session(VccwSession *session, const News *news)
{
    vccw_session_lifecycle(session, news->name, news->event);
}

static void
tell_lifecycle(VccwDriver *driver, const VccwNodeName *name, gint32 event)
{
    g_autofree char *text = vccw_node_name_to_string(name);

    tell(driver, lifecycle_session, (News){ .name = text, .event = event });
}

static void
update_session(VccwSession *session, const News *news)
{
    vccw_session_update(session, news->name);
}

static void
tell_update(VccwDriver *driver, const VccwNodeName *name)
{
    g_autofree char *text = vccw_node_name_to_string(name);

    tell(driver, update_session, (News){ .name = text });
}

static void
domain_session(VccwSession *session, const News *news)
{
    vccw_session_domain_lifecycle(session, news->domain, news->event, news->detail);
}

void
vccw_driver_tell_domain(VccwDriver *driver,
                        const VccwDomainRef *domain,
                        gint32 event,
                        gint32 detail)
{
    tell(driver, domain_session,
         (News){ .domain = domain, .event = event, .detail = detail });
}

static void
metadata_session(VccwSession *session, const News *news)
{
    vccw_session_domain_metadata(session, news->domain, news->event, news->uri);
}

void
vccw_driver_tell_metadata(VccwDriver *driver,
                          const VccwDomainRef *domain,
                          gint32 type,
                          const char *uri)
{
    tell(driver, metadata_session, (News){ .domain = domain, .event = type, .uri = uri });
}

/* A subchannel that has gone, or no longer offers mediated devices. */
static void
note_unregistered(VccwDriver *driver, const VccwNodeName *name)
{
    const VccwSubchannel *subchannel;

    if (name->kind != VCCW_NODE_CSS)
        return;
    subchannel = vccw_inventory_get_subchannel(driver->inventory, &name->id);
    if (!subchannel || !subchannel->registered)
        vccw_autostart_unregistered(driver->autostart, &name->id);
}

static void
on_registered(VccwDriver *driver, const VccwBusId *parent)
{
    if (!driver->autostart_enabled || !driver->started)
        return;
    /* What was defined before the parent was bound counts, also if we would hear of it
     * only after this. */
    vccw_store_refresh_parent(driver->store, parent);
    vccw_autostart_registered(driver->autostart, parent);
}

/* What was defined for a parent that was not there is for what is behind it now. */
static void
identify_definitions(VccwDriver *driver, const VccwBusId *parent)
{
    g_autoptr(GPtrArray) configs = vccw_store_list_parent(driver->store, parent);

    for (guint i = 0; i < configs->len; i++) {
        const VccwMdevConfig *config = configs->pdata[i];

        vccw_identify_definition(driver->identify, &config->uuid, &config->parent);
    }
}

static void
on_inventory_change(const VccwNodeName *name, VccwChange change, gpointer data)
{
    VccwDriver *driver = data;

    if (driver->volumes && name->kind == VCCW_NODE_CCW && change != VCCW_CHANGE_REMOVED)
        vccw_volumes_look(driver->volumes, vccw_inventory_sysfs_fd(driver->inventory),
                          &name->id);
    switch (change) {
    case VCCW_CHANGE_ADDED:
        if (driver->identify && driver->started && name->kind == VCCW_NODE_CSS)
            identify_definitions(driver, &name->id);
        tell_lifecycle(driver, name, VIR_NODE_DEVICE_EVENT_CREATED);
        break;
    case VCCW_CHANGE_REMOVED:
        note_unregistered(driver, name);
        tell_lifecycle(driver, name, VIR_NODE_DEVICE_EVENT_DELETED);
        break;
    case VCCW_CHANGE_UPDATED:
        note_unregistered(driver, name);
        tell_update(driver, name);
        break;
    case VCCW_CHANGE_REGISTERED:
        on_registered(driver, &name->id);
        break;
    }
}

static void
on_store_change(VccwStoreChange change,
                const VccwUuid *uuid,
                const VccwBusId *parent,
                const GError *problem,
                gpointer data)
{
    VccwDriver *driver = data;
    VccwNodeName name;

    if (change == VCCW_STORE_UNUSABLE) {
        g_warning("ignoring a definition: %s", problem->message);
        return;
    }
    name = vccw_node_name_mdev(uuid, parent);
    switch (change) {
    case VCCW_STORE_DEFINED:
        if (driver->identify)
            vccw_identify_definition(driver->identify, uuid, parent);
        tell_lifecycle(driver, &name, VIR_NODE_DEVICE_EVENT_DEFINED);
        break;
    case VCCW_STORE_UNDEFINED:
        if (driver->identify)
            vccw_identify_undefined(driver->identify, uuid, parent);
        vccw_autostart_forget(driver->autostart, uuid, parent);
        tell_lifecycle(driver, &name, VIR_NODE_DEVICE_EVENT_UNDEFINED);
        break;
    case VCCW_STORE_CHANGED:
        tell_update(driver, &name);
        break;
    case VCCW_STORE_UNUSABLE:
        break;
    }
}

static void
on_identity(const VccwUuid *uuid, const VccwBusId *parent, gpointer data)
{
    VccwNodeName name = vccw_node_name_mdev(uuid, parent);

    tell_update(data, &name);
}

static void
on_autostart(const VccwUuid *uuid,
             const VccwBusId *parent,
             const VccwAutostartOutcome *outcome,
             gpointer data)
{
    VccwDriver *driver = data;
    VccwNodeName name = vccw_node_name_mdev(uuid, parent);
    g_autofree char *text = vccw_node_name_to_string(&name);

    if (outcome->result == VCCW_AUTOSTART_STARTED) {
        g_message("autostarted '%s'", text);
    } else if (outcome->result == VCCW_AUTOSTART_FAILED) {
        g_warning("cannot autostart '%s': %s", text, outcome->reason);
        tell_update(driver, &name);
    }
}

/* In a worker thread. A parent that a start has taken, by virtccwd or by mdevctl with its
 * call-out, has room for one device, and is for that one. */
static gboolean
check_autostart(const VccwMdevConfig *config, gpointer data, GError **error)
{
    if (vccw_handover_is_for_start(data, &config->parent)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFLICT,
                    "its parent was taken for another start");
        return FALSE;
    }
    return vccw_identity_check(data, &config->uuid, &config->parent, error);
}

VccwDriver *
vccw_driver_new(const VccwDriverOptions *options, GError **error)
{
    g_autoptr(VccwInventory) inventory = vccw_inventory_new(options->sysfs, error);
    VccwDriver *driver;

    if (!inventory)
        return NULL;
    driver = g_new0(VccwDriver, 1);
    driver->sysfs = g_strdup(options->sysfs);
    driver->dev = g_strdup(options->dev);
    driver->proc = g_strdup(options->proc);
    driver->host = (VccwMdevHost){ .sysfs = driver->sysfs,
                                   .dev = driver->dev,
                                   .proc = driver->proc };
    driver->overrides = g_strdup(options->overrides);
    driver->rules = g_strdup(options->rules);
    driver->state = g_strdup(options->state);
    driver->handover =
        (VccwHandoverHost){ .sysfs = driver->sysfs,
                            .dev = driver->dev,
                            .proc = driver->proc,
                            .overrides = driver->overrides,
                            .rules = driver->rules,
                            .state = driver->state,
                            /* That of this kernel. */
                            .modprobe =
                                g_str_equal(driver->sysfs, "/sys") ? "modprobe" : NULL };
    driver->take_parents = options->take_parents;
    driver->definitions = g_strdup(options->definitions);
    driver->runs = g_strdup(options->runs);
    driver->holders = (VccwHolderHost){ .handover = &driver->handover,
                                        .definitions = driver->definitions,
                                        .runs = driver->runs,
                                        .take_parents = driver->take_parents };
    driver->privileged = options->privileged;
    driver->autostart_enabled = options->autostart;
    driver->autostart_over = options->autostart_over;
    driver->operation_timeout_ms = options->operation_timeout_ms;
    driver->sessions = g_ptr_array_new();
    driver->next_callback_id = 1;
    driver->inventory = g_steal_pointer(&inventory);
    driver->store = vccw_store_new(options->definitions);
    driver->domains = vccw_domain_store_new(options->domains);
    driver->jobs = vccw_jobs_new();
    driver->autostart =
        vccw_autostart_new(driver->inventory, driver->store, driver->jobs, &driver->host);
    driver->glance = vccw_glance_new(&driver->handover);
    driver->guests = options->runs ? vccw_guests_new(options->runs) : NULL;
    if (driver->state) {
        driver->volumes = vccw_volumes_new(driver->jobs, &driver->handover);
        driver->identify = vccw_identify_new(driver->jobs, &driver->handover,
                                             vccw_store_dir(driver->store));
        vccw_identify_set_func(driver->identify, on_identity, driver);
        vccw_autostart_set_check(driver->autostart, check_autostart, &driver->handover);
    }
    vccw_inventory_set_func(driver->inventory, on_inventory_change, driver);
    vccw_store_set_func(driver->store, on_store_change, driver);
    vccw_autostart_set_func(driver->autostart, on_autostart, driver);
    return driver;
}

static void
autostart_all(VccwDriver *driver)
{
    g_autoptr(GPtrArray) subchannels = vccw_inventory_subchannels(driver->inventory);

    for (guint i = 0; driver->autostart_enabled && i < subchannels->len; i++) {
        const VccwSubchannel *subchannel = subchannels->pdata[i];

        if (subchannel->registered)
            vccw_autostart_registered(driver->autostart, &subchannel->id);
    }
}

/* What a daemon that was killed has left half handed over. */
typedef struct {
    VccwDriver *driver; /* main loop only */
    VccwHandoverHost host;
    const VccwHolderHost *holders; /* or NULL */
    GPtrArray *said;
    gboolean left; /* something of a guest's could not be given back */
} Repair;

static gboolean
repair_work(gpointer data, GError **error)
{
    Repair *repair = data;

    /* What guests had comes first: their subchannels are given back with it. */
    if (repair->holders)
        repair->said = vccw_holder_repair(repair->holders, &repair->left);
    else
        repair->said = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_extend_and_steal(repair->said, vccw_handover_repair(&repair->host));
    return TRUE;
}

static void
repair_done(gpointer data, const GError *error)
{
    Repair *repair = data;

    for (guint i = 0; repair->said && i < repair->said->len; i++)
        g_warning("%s", (char *)repair->said->pdata[i]);
    if (repair->said && repair->said->len)
        vccw_inventory_scan(repair->driver->inventory);
    /* A hook that is still at work when its libvirtd has been killed ends soon. */
    if (repair->left)
        vccw_driver_retry_guests(repair->driver);
}

static void
repair_free(gpointer data)
{
    Repair *repair = data;

    g_clear_pointer(&repair->said, g_ptr_array_unref);
    g_free(repair);
}

static Repair *
repair_new(VccwDriver *driver)
{
    Repair *repair = g_new0(Repair, 1);

    repair->driver = driver;
    repair->host = driver->handover;
    repair->holders = vccw_driver_holders(driver);
    return repair;
}

/* -- what guests were asked to let go of -- */

static gboolean
retry_work(gpointer data, GError **error)
{
    Repair *repair = data;

    repair->said = vccw_holder_repair(repair->holders, NULL);
    return TRUE;
}

static void
retry_done(gpointer data, const GError *error)
{
    Repair *repair = data;

    for (guint i = 0; repair->said && i < repair->said->len; i++)
        g_message("%s", (char *)repair->said->pdata[i]);
    if (repair->said && repair->said->len)
        vccw_inventory_scan(repair->driver->inventory);
}

static gboolean
retry_guests(gpointer data)
{
    VccwDriver *driver = data;

    vccw_jobs_push(driver->jobs, "repair", 0, retry_work, retry_done, NULL,
                   repair_new(driver), repair_free);
    if (--driver->retries)
        return G_SOURCE_CONTINUE;
    driver->retry = 0;
    return G_SOURCE_REMOVE;
}

void
vccw_driver_retry_guests(VccwDriver *driver)
{
    if (!vccw_driver_holders(driver))
        return;
    driver->retries = RETRIES;
    if (!driver->retry)
        driver->retry = g_timeout_add_seconds(RETRY_SECONDS, retry_guests, driver);
}

static void
repair_handovers(VccwDriver *driver)
{
    Repair *repair;

    if (!driver->state || !driver->privileged)
        return;
    repair = repair_new(driver);
    vccw_jobs_push(driver->jobs, "repair", 0, repair_work, repair_done, NULL, repair,
                   repair_free);
}

void
vccw_driver_start(VccwDriver *driver)
{
    g_autoptr(GError) error = NULL;

    repair_handovers(driver);

    if (!vccw_inventory_listen(driver->inventory, &error))
        g_warning("changes of the host will go unnoticed: %s", error->message);
    g_clear_error(&error);
    vccw_inventory_scan(driver->inventory);

    vccw_definition_sweep(vccw_store_dir(driver->store));
    if (!vccw_store_watch(driver->store, &error))
        g_warning("changes by mdevctl will be noticed late: %s", error->message);
    vccw_store_load(driver->store);
    vccw_domain_load(driver->domains);

    /* In this order: whatever was defined before its parent was bound is known, if the
     * scan has seen the parent bound; and a parent that is bound from now on tells. */
    driver->started = TRUE;
    if (!driver->autostart_over)
        autostart_all(driver);
}

void
vccw_driver_reload(VccwDriver *driver)
{
    vccw_store_load(driver->store);
    vccw_inventory_scan(driver->inventory);
    vccw_domain_reload(driver);
}

void
vccw_driver_free(VccwDriver *driver)
{
    if (!driver)
        return;
    g_clear_handle_id(&driver->retry, g_source_remove);
    vccw_identify_free(driver->identify);
    vccw_autostart_free(driver->autostart);
    vccw_jobs_free(driver->jobs);
    vccw_volumes_free(driver->volumes);
    vccw_uses_free(driver->uses);
    vccw_glance_free(driver->glance);
    vccw_guests_free(driver->guests);
    vccw_domain_store_free(driver->domains);
    vccw_store_free(driver->store);
    vccw_inventory_free(driver->inventory);
    g_ptr_array_unref(driver->sessions);
    g_free(driver->sysfs);
    g_free(driver->dev);
    g_free(driver->proc);
    g_free(driver->overrides);
    g_free(driver->rules);
    g_free(driver->state);
    g_free(driver->definitions);
    g_free(driver->runs);
    g_free(driver);
}

guint
vccw_driver_busy(VccwDriver *driver)
{
    return vccw_jobs_busy(driver->jobs);
}

const char *
vccw_driver_uri(VccwDriver *driver)
{
    return driver->privileged ? "ccw:///system" : "ccw:///session";
}

VccwInventory *
vccw_driver_inventory(VccwDriver *driver)
{
    return driver->inventory;
}

VccwStore *
vccw_driver_store(VccwDriver *driver)
{
    return driver->store;
}

VccwDomainStore *
vccw_driver_domains(VccwDriver *driver)
{
    return driver->domains;
}

VccwJobs *
vccw_driver_jobs(VccwDriver *driver)
{
    return driver->jobs;
}

VccwAutostart *
vccw_driver_autostart(VccwDriver *driver)
{
    return driver->autostart;
}

const VccwMdevHost *
vccw_driver_host(VccwDriver *driver)
{
    return &driver->host;
}

const VccwHandoverHost *
vccw_driver_handover(VccwDriver *driver)
{
    return driver->state ? &driver->handover : NULL;
}

const VccwHolderHost *
vccw_driver_holders(VccwDriver *driver)
{
    return driver->state && driver->runs ? &driver->holders : NULL;
}

VccwIdentify *
vccw_driver_identify(VccwDriver *driver)
{
    return driver->identify;
}

VccwVolumes *
vccw_driver_volumes(VccwDriver *driver)
{
    return driver->volumes;
}

VccwGlance *
vccw_driver_glance(VccwDriver *driver)
{
    return driver->glance;
}

VccwGuests *
vccw_driver_guests(VccwDriver *driver)
{
    return driver->guests;
}

gboolean
vccw_driver_takes_parents(VccwDriver *driver)
{
    return driver->state && driver->take_parents;
}

guint
vccw_driver_timeout_ms(VccwDriver *driver)
{
    return driver->operation_timeout_ms;
}

void
vccw_driver_add_session(VccwDriver *driver, VccwSession *session)
{
    g_ptr_array_add(driver->sessions, session);
}

void
vccw_driver_remove_session(VccwDriver *driver, VccwSession *session)
{
    guint i;

    if (!g_ptr_array_find(driver->sessions, session, &i))
        return;
    if (driver->telling)
        driver->sessions->pdata[i] = NULL;
    else
        g_ptr_array_remove_index_fast(driver->sessions, i);
}

static void
on_use(const VccwNodeName *name, gpointer data)
{
    tell_update(data, name);
}

void
vccw_driver_watch_uses(VccwDriver *driver)
{
    if (!driver->uses)
        driver->uses = vccw_uses_new(&driver->handover, driver->inventory, driver->guests,
                                     on_use, driver);
}

gint32
vccw_driver_next_callback_id(VccwDriver *driver)
{
    gint32 id = driver->next_callback_id;

    driver->next_callback_id = id == G_MAXINT32 ? 1 : id + 1;
    return id;
}
