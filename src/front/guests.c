/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/guests.h"
#include "front/access.h"
#include "front/own.h"

#define LIST_DEFINED   21 /* procedures of libvirt's remote program */
#define NUM_OF_DEFINED 25
#define LIST_ALL       273

typedef struct {
    VccwMessage *call;
    gint32 number; /* its argument: whether to list, or how many at most */
} Listing;

gboolean
vccw_guests_is_list(gint32 procedure)
{
    return procedure == LIST_DEFINED || procedure == NUM_OF_DEFINED ||
           procedure == LIST_ALL;
}

static void
listing_free(gpointer data)
{
    Listing *listing = data;

    vccw_message_free(listing->call);
    g_free(listing);
}

static void
on_seen(VccwRelay *relay, GPtrArray *domains, gpointer data)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    Listing *listing = data;
    guint max = MAX(listing->number, 0);
    VccwResult result = { .number = domains->len, .names = names, .domains = domains };

    for (guint i = 0; i < MIN(domains->len, max); i++)
        g_ptr_array_add(names, ((VccwDomainRef *)domains->pdata[i])->name);
    if (listing->number == 0) /* the client wants to know only how many there are */
        g_ptr_array_set_size(domains, 0);
    vccw_own_return(relay, &listing->call->header, &result);
    listing_free(listing);
}

static void
on_all(VccwRelay *relay, const VccwResult *result, const GError *error, gpointer data)
{
    Listing *listing = data;
    GPtrArray *domains;

    if (error) {
        vccw_relay_fail(relay, &listing->call->header, error);
        listing_free(listing);
        return;
    }
    domains = g_ptr_array_new_with_free_func((GDestroyNotify)vccw_domain_ref_free);
    for (guint i = 0; i < result->domains->len; i++) {
        const VccwDomainRef *domain = result->domains->pdata[i];

        g_ptr_array_add(domains,
                        vccw_domain_ref_new(domain->name, &domain->uuid, domain->id));
    }
    vccw_access_filter(relay, domains, vccw_access_ask_sight_of_domain, on_seen, listing,
                       listing_free);
}

/* All three need the same right, and have the same domains. */
void
vccw_guests_list(VccwRelay *relay, VccwMessage *message, const VccwArgs *args)
{
    Listing *listing = g_new0(Listing, 1);
    gboolean all = message->header.procedure == LIST_ALL;
    const VccwArgs whole = { .number = 1, .flags = all ? args->flags : 0 };

    listing->call = message;
    listing->number = args->number;
    vccw_own_ask(relay, LIST_ALL, &whole, on_all, listing, listing_free);
}
