/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The rules: a part of all places is reserved for trusted peers that come to administer,
 * and a user that is not trusted gets at most half of all places. So one user's flood
 * leaves room for other users, and all users' floods leave room for root.
 */

#include "rpc/peers.h"
#include "rpc/quiet.h"
#include <unistd.h>

struct _VccwPeers {
    guint max;
    guint reserved;
    guint total;
    GHashTable *by_uid; /* uid → its connections; without zeros */
    VccwQuiet refusals;
};

VccwPeers *
vccw_peers_new(guint max, guint reserved)
{
    VccwPeers *peers = g_new0(VccwPeers, 1);

    peers->max = max;
    peers->reserved = MIN(reserved, max / 2);
    peers->by_uid = g_hash_table_new(NULL, NULL);
    return peers;
}

void
vccw_peers_free(VccwPeers *peers)
{
    if (!peers)
        return;
    g_hash_table_unref(peers->by_uid);
    g_free(peers);
}

static guint
count_of(VccwPeers *peers, uid_t uid)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(peers->by_uid, GUINT_TO_POINTER(uid)));
}

static void
set_count(VccwPeers *peers, uid_t uid, guint count)
{
    if (count)
        g_hash_table_insert(peers->by_uid, GUINT_TO_POINTER(uid),
                            GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(peers->by_uid, GUINT_TO_POINTER(uid));
}

static gboolean
is_ours(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

gboolean
vccw_peers_trusts(uid_t uid, gboolean read_only)
{
    return is_ours(uid) && !read_only;
}

static gboolean
has_place(VccwPeers *peers, uid_t uid, gboolean read_only)
{
    if (!is_ours(uid) && count_of(peers, uid) >= peers->max / 2)
        return FALSE;
    if (vccw_peers_trusts(uid, read_only))
        return peers->total < peers->max;
    return peers->total < peers->max - peers->reserved;
}

gboolean
vccw_peers_enter(VccwPeers *peers, uid_t uid, gboolean read_only)
{
    if (!has_place(peers, uid, read_only)) {
        vccw_quiet_message(
            &peers->refusals,
            "a client of user %u is refused: there are %u clients, %u of them "
            "are of this user; close some, or raise max_clients",
            uid, peers->total, count_of(peers, uid));
        return FALSE;
    }
    peers->total++;
    set_count(peers, uid, count_of(peers, uid) + 1);
    return TRUE;
}

void
vccw_peers_leave(VccwPeers *peers, uid_t uid)
{
    peers->total--;
    set_count(peers, uid, count_of(peers, uid) - 1);
}
