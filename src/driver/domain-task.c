/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/domain-task.h"
#include "base/quote.h"
#include "domain/files.h"
#include "driver/domain.h"
#include "driver/driver.h"
#include <libvirt/libvirt.h>
#include <virtccw/error.h>

#define WAITING_MAX 1000 /* changes that are not over */

static void
tell(VccwDriver *driver, const VccwDomainDefinition *domain, gint32 event, gint32 detail)
{
    VccwDomainRef ref = { domain->name, domain->uuid, -1 };

    vccw_driver_tell_domain(driver, &ref, event, detail);
}

/* Puts a definition into the store and tells of it. @definition: (transfer full) */
static void
put(VccwDriver *driver, VccwDomainDefinition *definition, gint32 detail)
{
    VccwDomainStore *store = vccw_driver_domains(driver);
    const VccwDomainDefinition *before =
        vccw_domain_store_by_name(store, definition->name);
    g_autofree char *name = g_strdup(definition->name);
    g_autoptr(GError) error = NULL;

    if (detail < 0)
        detail =
            before ? VIR_DOMAIN_EVENT_DEFINED_UPDATED : VIR_DOMAIN_EVENT_DEFINED_ADDED;
    if (vccw_domain_store_put(store, definition, &error))
        tell(driver, vccw_domain_store_by_name(store, name), VIR_DOMAIN_EVENT_DEFINED,
             detail);
    else
        g_warning("%s", error->message);
}

static void
take(VccwDriver *driver, const char *name, gint32 detail)
{
    g_autoptr(VccwDomainDefinition) gone =
        vccw_domain_store_take(vccw_driver_domains(driver), name);

    if (gone)
        tell(driver, gone, VIR_DOMAIN_EVENT_UNDEFINED, detail);
}

/* Brings the store up to date with a file that was looked at. @found: (transfer full) */
static void
follow(VccwDriver *driver, const char *name, VccwDomainDefinition *found)
{
    const VccwDomainDefinition *known =
        vccw_domain_store_by_name(vccw_driver_domains(driver), name);

    if (!found)
        take(driver, name, VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
    else if (known && g_str_equal(known->text, found->text)) {
        ((VccwDomainDefinition *)known)->autostart = found->autostart;
        vccw_domain_definition_free(found);
    } else
        put(driver, found, -1);
}

VccwDomainTask *
vccw_domain_task_new(VccwCall *call,
                     const char *verb,
                     VccwDomainWork work,
                     VccwDomainAnswer answer,
                     VccwDomainNews news)
{
    VccwDomainTask *task = g_new0(VccwDomainTask, 1);

    task->call = vccw_call_ref(call);
    task->args = vccw_call_args(call);
    task->store = vccw_driver_domains(vccw_call_driver(call));
    task->dir = vccw_domain_store_dir(task->store);
    task->verb = verb;
    task->work = work;
    task->answer = answer;
    task->news = news;
    return task;
}

static void
task_free(gpointer data)
{
    VccwDomainTask *task = data;

    for (guint i = 0; i < G_N_ELEMENTS(task->touched); i++) {
        g_free(task->touched[i]);
        vccw_domain_definition_free(task->found[i]);
    }
    vccw_domain_definition_free(task->after);
    g_free(task->gone);
    vccw_call_unref(task->call);
    g_free(task);
}

const VccwDomainDefinition *
vccw_domain_task_find(VccwDomainTask *task, GError **error)
{
    return vccw_domain_find(task->store, task->args, error);
}

/* Part of what failed may have happened. */
static void
look_again(VccwDomainTask *task)
{
    for (guint i = 0; i < G_N_ELEMENTS(task->touched) && task->touched[i]; i++) {
        g_autoptr(GError) error = NULL;

        task->found[i] = vccw_domain_files_read_one(task->dir, task->touched[i], &error);
        task->looked[i] = error == NULL;
    }
}

static gboolean
work(gpointer data, GError **error)
{
    VccwDomainTask *task = data;

    if (task->work(task, error))
        return TRUE;
    look_again(task);
    return FALSE;
}

/* What is gone makes room for what takes its place. */
static void
follow_failure(VccwDriver *driver, VccwDomainTask *task)
{
    for (guint i = 0; i < G_N_ELEMENTS(task->touched); i++)
        if (task->looked[i] && !task->found[i])
            follow(driver, task->touched[i], NULL);
    for (guint i = 0; i < G_N_ELEMENTS(task->touched); i++)
        if (task->looked[i] && task->found[i])
            follow(driver, task->touched[i], g_steal_pointer(&task->found[i]));
}

static void
tell_metadata(VccwDriver *driver, const VccwDomainTask *task)
{
    VccwDomainRef ref = { task->after->name, task->after->uuid, -1 };
    gboolean element = task->args->number == VIR_DOMAIN_METADATA_ELEMENT;

    vccw_driver_tell_metadata(driver, &ref, task->args->number,
                              element ? task->args->fourth : NULL);
}

static void
follow_success(VccwDriver *driver, VccwDomainTask *task)
{
    gboolean renamed = task->news == VCCW_DOMAIN_NEWS_RENAMED;

    if (task->gone)
        take(driver, task->gone,
             renamed ? VIR_DOMAIN_EVENT_UNDEFINED_RENAMED
                     : VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
    if (task->news == VCCW_DOMAIN_NEWS_METADATA)
        tell_metadata(driver, task);
    if (!task->after)
        return;
    if (task->news == VCCW_DOMAIN_NEWS_DEFINED || renamed)
        put(driver, g_steal_pointer(&task->after),
            renamed ? VIR_DOMAIN_EVENT_DEFINED_RENAMED : -1);
    else /* as long as its name and UUID are the same, this cannot fail */
        vccw_domain_store_put(vccw_driver_domains(driver), g_steal_pointer(&task->after),
                              NULL);
}

static void
done(gpointer data, const GError *error)
{
    VccwDomainTask *task = data;
    VccwDriver *driver = vccw_call_driver(task->call);
    VccwDomainRef ref = { NULL };

    if (error) {
        follow_failure(driver, task);
        vccw_call_fail(task->call, error);
        return;
    }
    if (task->answer == VCCW_DOMAIN_ANSWER_DOMAIN)
        ref = (VccwDomainRef){ g_strdup(task->after->name), task->after->uuid, -1 };
    follow_success(driver, task);
    if (task->answer == VCCW_DOMAIN_ANSWER_DOMAIN)
        vccw_call_return_domain(task->call, ref.name, &ref.uuid);
    else if (task->answer == VCCW_DOMAIN_ANSWER_ZERO)
        vccw_call_return_number(task->call, 0);
    else
        vccw_call_return(task->call);
    g_free(ref.name);
}

static void
late(gpointer data)
{
    VccwDomainTask *task = data;
    guint seconds = vccw_driver_timeout_ms(vccw_call_driver(task->call)) / 1000;

    g_warning("the disk of %s has not answered for %u seconds, to '%s' of a domain",
              task->dir, seconds, task->verb);
    vccw_call_fail_take(
        task->call,
        g_error_new(VCCW_ERROR, VCCW_ERROR_TIMEOUT,
                    "cannot %s the domain within %u seconds: it is still in progress; "
                    "look at it again later",
                    task->verb, seconds));
}

void
vccw_domain_task_run(VccwDomainTask *task)
{
    VccwDriver *driver = vccw_call_driver(task->call);
    VccwJobs *jobs = vccw_driver_jobs(driver);
    GError *error = NULL;

    if (!task->dir)
        error = g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_UNSUPPORTED,
                            "cannot %s a domain: this connection keeps none", task->verb);
    else if (vccw_jobs_waiting(jobs, VCCW_DOMAIN_JOBS) >= WAITING_MAX)
        error = g_error_new(VCCW_ERROR, VCCW_ERROR_BUSY,
                            "cannot %s the domain: %d changes of domains wait already; "
                            "try again later",
                            task->verb, WAITING_MAX);
    if (error) {
        vccw_call_fail_take(task->call, error);
        task_free(task);
        return;
    }
    vccw_jobs_push(jobs, VCCW_DOMAIN_JOBS, vccw_driver_timeout_ms(driver), work, done,
                   late, task, task_free);
}

/*
 * Reading all
 */

typedef struct {
    VccwDriver *driver;
    char *dir;
    GPtrArray *all;
    GHashTable *named; /* a set: whose files are there, be they usable or not */
} Reload;

static void
warn(const GError *problem)
{
    g_warning("ignoring a domain's file: %s", problem->message);
}

static gboolean
reload_work(gpointer data, GError **error)
{
    Reload *reload = data;

    reload->all = vccw_domain_files_read(reload->dir, reload->named, warn, error);
    for (guint i = 0; reload->all && i < reload->all->len; i++) {
        const VccwDomainDefinition *found = reload->all->pdata[i];

        g_hash_table_add(reload->named, g_strdup(found->name));
    }
    return reload->all != NULL;
}

/* Whose file cannot be used stays what it was: only a file that is gone undefines. */
static void
reload_done(gpointer data, const GError *error)
{
    Reload *reload = data;
    VccwDomainStore *store = vccw_driver_domains(reload->driver);
    g_autoptr(GPtrArray) known = vccw_domain_store_list(store);

    if (error) {
        g_warning("domains are as they were: %s", error->message);
        return;
    }
    for (guint i = 0; i < known->len; i++) {
        g_autofree char *name = g_strdup(((VccwDomainDefinition *)known->pdata[i])->name);

        if (!g_hash_table_contains(reload->named, name))
            take(reload->driver, name, VIR_DOMAIN_EVENT_UNDEFINED_REMOVED);
    }
    g_ptr_array_set_free_func(reload->all, NULL);
    for (guint i = 0; i < reload->all->len; i++) {
        VccwDomainDefinition *found = reload->all->pdata[i];

        follow(reload->driver, found->name, found);
    }
}

static void
reload_free(gpointer data)
{
    Reload *reload = data;

    g_clear_pointer(&reload->all, g_ptr_array_unref);
    g_hash_table_unref(reload->named);
    g_free(reload->dir);
    g_free(reload);
}

void
vccw_domain_reload(VccwDriver *driver)
{
    const char *dir = vccw_domain_store_dir(vccw_driver_domains(driver));
    Reload *reload;

    if (!dir)
        return;
    reload = g_new0(Reload, 1);
    reload->driver = driver;
    reload->dir = g_strdup(dir);
    reload->named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    vccw_jobs_push(vccw_driver_jobs(driver), VCCW_DOMAIN_JOBS, 0, reload_work,
                   reload_done, NULL, reload, reload_free);
}

void
vccw_domain_load(VccwDomainStore *store)
{
    const char *dir = vccw_domain_store_dir(store);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all =
        dir ? vccw_domain_files_read(dir, NULL, warn, &error) : NULL;

    if (error)
        g_warning("there are no domains: %s", error->message);
    if (!all)
        return;
    g_ptr_array_set_free_func(all, NULL);
    for (guint i = 0; i < all->len; i++) {
        g_autoptr(GError) refused = NULL;

        if (!vccw_domain_store_put(store, all->pdata[i], &refused))
            g_warning("%s", refused->message);
    }
}
