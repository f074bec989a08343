/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Peers: how many connections each user may have, so that no user can take them all.
 */

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _VccwPeers VccwPeers;

/**
 * vccw_peers_new:
 * @max: connections at once
 * @reserved: of these, kept free for trusted peers, see vccw_peers_trusts(); half of them
 *   at most
 *
 * Returns: (transfer full): the account, empty.
 */
VccwPeers *vccw_peers_new(guint max, guint reserved);

/** vccw_peers_free: NULL is fine. */
void vccw_peers_free(VccwPeers *peers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwPeers, vccw_peers_free)

/**
 * vccw_peers_trusts: Returns: whether a connection of user @uid has the rights of those
 * that administer: root, or the user that this process runs as, on the read-write socket.
 */
gboolean vccw_peers_trusts(uid_t uid, gboolean read_only);

/**
 * vccw_peers_enter: Counts a connection of user @uid. A refusal is logged, not too often.
 *
 * Returns: FALSE if there is no place for it; then it is not counted.
 */
gboolean vccw_peers_enter(VccwPeers *peers, uid_t uid, gboolean read_only);

/** vccw_peers_leave: Counts the end of a connection of user @uid. */
void vccw_peers_leave(VccwPeers *peers, uid_t uid);

G_END_DECLS
