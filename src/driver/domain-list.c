/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Listings. The flags of virConnectListAllDomains come in groups, as those of node
 * devices (driver/nodedev-list.c) do.
 */

#include "base/quote.h"
#include "driver/call.h"
#include "driver/domain.h"
#include <libvirt/libvirt.h>
#include <virtccw/error.h>

#define HAS(name) VIR_CONNECT_LIST_DOMAINS_##name

/* What every domain here has. */
#define ALWAYS                                                              \
    (HAS(INACTIVE) | HAS(PERSISTENT) | HAS(SHUTOFF) | HAS(NO_MANAGEDSAVE) | \
     HAS(NO_SNAPSHOT) | HAS(NO_CHECKPOINT))

static const guint32 groups[] = {
    HAS(ACTIVE) | HAS(INACTIVE),
    HAS(PERSISTENT) | HAS(TRANSIENT),
    HAS(RUNNING) | HAS(PAUSED) | HAS(SHUTOFF) | HAS(OTHER),
    HAS(MANAGEDSAVE) | HAS(NO_MANAGEDSAVE),
    HAS(AUTOSTART) | HAS(NO_AUTOSTART),
    HAS(HAS_SNAPSHOT) | HAS(NO_SNAPSHOT),
    HAS(HAS_CHECKPOINT) | HAS(NO_CHECKPOINT),
};

static guint32
known_flags(void)
{
    guint32 known = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
        known |= groups[i];
    return known;
}

static gboolean
matches(const VccwDomainDefinition *domain, guint32 asked)
{
    guint32 has = ALWAYS | (domain->autostart ? HAS(AUTOSTART) : HAS(NO_AUTOSTART));

    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
        if ((asked & groups[i]) && !(asked & groups[i] & has))
            return FALSE;
    return TRUE;
}

static VccwDomainStore *
store_of(VccwCall *call)
{
    return vccw_driver_domains(vccw_call_driver(call));
}

void
vccw_domain_list_all(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    g_autoptr(GPtrArray) all = vccw_domain_store_list(store_of(call));
    GPtrArray *refs;
    guint count = 0;

    if (!vccw_call_check_flags(call, known_flags()))
        return;
    refs = g_ptr_array_new_with_free_func((GDestroyNotify)vccw_domain_ref_free);
    for (guint i = 0; i < all->len; i++) {
        const VccwDomainDefinition *domain = all->pdata[i];

        if (!matches(domain, args->flags))
            continue;
        count++;
        if (args->number) /* else the client wants to know only how many there are */
            g_ptr_array_add(refs, vccw_domain_ref_new(domain->name, &domain->uuid, -1));
    }
    vccw_call_return_domains(call, refs, count);
}

void
vccw_domain_num_active(VccwCall *call)
{
    vccw_call_return_number(call, 0);
}

/* The answer is an array of numbers; but empty ones are all the same. */
void
vccw_domain_list_active(VccwCall *call)
{
    vccw_call_return_names(call, g_ptr_array_new(), 0);
}

void
vccw_domain_num_defined(VccwCall *call)
{
    vccw_call_return_number(call, vccw_domain_store_count(store_of(call)));
}

void
vccw_domain_list_defined(VccwCall *call)
{
    guint max = MAX(vccw_call_args(call)->number, 0);
    g_autoptr(GPtrArray) all = vccw_domain_store_list(store_of(call));
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < MIN(all->len, max); i++)
        g_ptr_array_add(names, g_strdup(((VccwDomainDefinition *)all->pdata[i])->name));
    vccw_call_return_names(call, names, names->len);
}

static void
answer(VccwCall *call, const VccwDomainDefinition *domain, const char *by)
{
    if (domain)
        vccw_call_return_domain(call, domain->name, &domain->uuid);
    else
        vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_NO_DOMAIN,
                                              "no domain with matching %s", by));
}

void
vccw_domain_by_name(VccwCall *call)
{
    const char *name = vccw_call_args(call)->name;
    g_autofree char *quoted = vccw_quote(name, VCCW_DOMAIN_NAME_MAX);
    g_autofree char *by = g_strconcat("name ", quoted, NULL);

    answer(call, vccw_domain_store_by_name(store_of(call), name), by);
}

void
vccw_domain_by_uuid(VccwCall *call)
{
    const VccwUuid *uuid = &vccw_call_args(call)->uuid;
    g_autofree char *text = vccw_uuid_to_string(uuid);
    g_autofree char *by = g_strdup_printf("uuid '%s'", text);

    answer(call, vccw_domain_store_by_uuid(store_of(call), uuid), by);
}

void
vccw_domain_by_id(VccwCall *call)
{
    g_autofree char *by =
        g_strdup_printf("id %d: only running domains have one, and none runs here",
                        vccw_call_args(call)->number);

    answer(call, NULL, by);
}

const VccwDomainDefinition *
vccw_domain_find(const VccwDomainStore *store, const VccwArgs *args, GError **error)
{
    const VccwDomainDefinition *domain = vccw_domain_store_by_uuid(store, &args->uuid);
    g_autofree char *uuid = NULL;
    g_autofree char *quoted = NULL;

    if (domain)
        return domain;
    uuid = vccw_uuid_to_string(&args->uuid);
    quoted = vccw_quote(args->name, VCCW_DOMAIN_NAME_MAX);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_DOMAIN,
                "no domain with matching uuid '%s' (%s)", uuid, quoted);
    return NULL;
}

const VccwDomainDefinition *
vccw_domain_call_lookup(VccwCall *call)
{
    GError *error = NULL;
    const VccwDomainDefinition *domain =
        vccw_domain_find(store_of(call), vccw_call_args(call), &error);

    if (!domain)
        vccw_call_fail_take(call, error);
    return domain;
}
