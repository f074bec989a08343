/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Listings. The flags of virConnectListAllNodeDevices come in groups: capabilities,
 * active or inactive, persistent or transient. Within a group any match will do, a group
 * of which nothing is asked for lets everything pass, and all groups must agree.
 */

#include "driver/call.h"
#include "driver/node.h"
#include "driver/nodedev.h"
#include <libvirt/libvirt.h>

/* Flags that came after libvirt 9.0, whose header need not know them. */
#define LIST_CAP_CCWGROUP        (1U << 22)
#define LIST_CAP_CCWGROUP_MEMBER (1U << 23)
#define LIST_PERSISTENT          (1U << 28)
#define LIST_TRANSIENT           (1U << 29)
#define LIST_INACTIVE            (1U << 30)
#define LIST_ACTIVE              (1U << 31)

#define LIST_CAPS (LIST_CAP_CCWGROUP_MEMBER | (LIST_CAP_CCWGROUP_MEMBER - 1))
#define LIST_KNOWN \
    (LIST_CAPS | LIST_PERSISTENT | LIST_TRANSIENT | LIST_INACTIVE | LIST_ACTIVE)

typedef struct {
    guint32 flags;
    const char *cap; /* filter of the older calls, or NULL */
    guint max;
    guint count;
    GPtrArray *names; /* NULL: only count */
} Listing;

static guint32
capabilities(const VccwNodeName *name, const VccwNodeState *state)
{
    switch (name->kind) {
    case VCCW_NODE_COMPUTER:
        return VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM;
    case VCCW_NODE_CSS:
        return VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV |
               (state->registered ? VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV_TYPES : 0);
    case VCCW_NODE_CCW:
        return VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV;
    case VCCW_NODE_MDEV:
        return VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV;
    }
    return 0;
}

static guint32
capability_by_name(const char *name)
{
    static const struct {
        const char *name;
        guint32 flag;
    } known[] = {
        { "system", VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM },
        { "css", VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV },
        { "mdev_types", VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV_TYPES },
        { "ccw", VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV },
        { "mdev", VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_str_equal(known[i].name, name))
            return known[i].flag;
    return 0;
}

static gboolean
group_agrees(guint32 asked, guint32 group, guint32 has)
{
    return (asked & group) == 0 || (asked & group & has) != 0;
}

static gboolean
matches(const Listing *listing, const VccwNodeName *name, const VccwNodeState *state)
{
    guint32 caps = capabilities(name, state);
    guint32 has = caps | (state->active ? LIST_ACTIVE : LIST_INACTIVE) |
                  (state->persistent ? LIST_PERSISTENT : LIST_TRANSIENT);

    if (listing->cap && !(capability_by_name(listing->cap) & caps))
        return FALSE;
    return group_agrees(listing->flags, LIST_CAPS, has) &&
           group_agrees(listing->flags, LIST_ACTIVE | LIST_INACTIVE, has) &&
           group_agrees(listing->flags, LIST_PERSISTENT | LIST_TRANSIENT, has);
}

static void
list_node(const VccwNodeName *name, const VccwNodeState *state, gpointer data)
{
    Listing *listing = data;

    if (listing->count >= listing->max || !matches(listing, name, state))
        return;
    listing->count++;
    if (listing->names)
        g_ptr_array_add(listing->names, vccw_node_name_to_string(name));
}

void
vccw_nodedev_num(VccwCall *call)
{
    Listing listing = { .cap = vccw_call_args(call)->name, .max = G_MAXUINT };

    if (!vccw_call_check_flags(call, 0))
        return;
    vccw_node_foreach(vccw_call_driver(call), list_node, &listing);
    vccw_call_return_number(call, listing.count);
}

void
vccw_nodedev_list(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    Listing listing = { .cap = args->name, .max = MAX(args->number, 0) };

    if (!vccw_call_check_flags(call, 0))
        return;
    listing.names = g_ptr_array_new_with_free_func(g_free);
    vccw_node_foreach(vccw_call_driver(call), list_node, &listing);
    vccw_call_return_names(call, listing.names, listing.count);
}

void
vccw_nodedev_list_all(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    Listing listing = { .flags = args->flags, .max = G_MAXUINT };

    if (!vccw_call_check_flags(call, LIST_KNOWN))
        return;
    if (args->number) /* else the client wants to know only how many there are */
        listing.names = g_ptr_array_new_with_free_func(g_free);
    vccw_node_foreach(vccw_call_driver(call), list_node, &listing);
    vccw_call_return_names(call, listing.names ? listing.names : g_ptr_array_new(),
                           listing.count);
}

void
vccw_nodedev_lookup(VccwCall *call)
{
    VccwNodeName name;
    GError *error = NULL;

    if (!vccw_node_lookup(vccw_call_driver(call), vccw_call_args(call)->name, &name, NULL,
                          &error))
        vccw_call_fail_take(call, error);
    else
        vccw_call_return_string(call, vccw_node_name_to_string(&name));
}
