/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The limit of a user moves with what all have: one alone gets half, each of two a third,
 * each of n one part in n + 1. So whoever comes later finds as much as anybody has, and
 * nothing has to be set aside for users that never come.
 */

#include "front/shares.h"
#include "rpc/peers.h"

struct _VccwShares {
    gsize max;
    gsize taken;
    GHashTable *by_uid; /* uid → what it has; without zeros */
};

VccwShares *
vccw_shares_new(gsize max)
{
    VccwShares *shares = g_new0(VccwShares, 1);

    shares->max = max;
    shares->by_uid = g_hash_table_new(NULL, NULL);
    return shares;
}

void
vccw_shares_free(VccwShares *shares)
{
    if (!shares)
        return;
    g_hash_table_unref(shares->by_uid);
    g_free(shares);
}

static gsize
has(VccwShares *shares, uid_t uid)
{
    return GPOINTER_TO_SIZE(g_hash_table_lookup(shares->by_uid, GUINT_TO_POINTER(uid)));
}

static void
set(VccwShares *shares, uid_t uid, gsize amount)
{
    if (amount)
        g_hash_table_insert(shares->by_uid, GUINT_TO_POINTER(uid),
                            GSIZE_TO_POINTER(amount));
    else
        g_hash_table_remove(shares->by_uid, GUINT_TO_POINTER(uid));
}

gboolean
vccw_shares_take(VccwShares *shares, uid_t uid, gboolean read_only, gsize amount)
{
    gsize wanted = has(shares, uid) + amount;
    gsize left = shares->max - shares->taken;

    if (amount > left)
        return FALSE;
    if (!vccw_peers_trusts(uid, read_only) && wanted > left - amount)
        return FALSE;
    shares->taken += amount;
    set(shares, uid, wanted);
    return TRUE;
}

void
vccw_shares_give(VccwShares *shares, uid_t uid, gsize amount)
{
    g_return_if_fail(amount <= has(shares, uid));
    shares->taken -= amount;
    set(shares, uid, has(shares, uid) - amount);
}

gsize
vccw_shares_taken(const VccwShares *shares)
{
    return shares->taken;
}
