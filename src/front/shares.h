/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Shares of something that there is a bounded amount of, such as memory for messages: how
 * much of it each user has, so that no user can have it all.
 */

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _VccwShares VccwShares;

/** vccw_shares_new: Returns: (transfer full): shares of @max, nothing of it taken. */
VccwShares *vccw_shares_new(gsize max);

/** vccw_shares_free: NULL is fine. */
void vccw_shares_free(VccwShares *shares);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwShares, vccw_shares_free)

/**
 * vccw_shares_take: Takes some for a user.
 *
 * A user whose connection vccw_peers_trusts() may take all that is left; another one may
 * have no more than is left for others then.
 *
 * Returns: FALSE if the user may not have so much; then nothing is taken.
 */
gboolean
vccw_shares_take(VccwShares *shares, uid_t uid, gboolean read_only, gsize amount);

/** vccw_shares_give: Gives some back that the user has taken. */
void vccw_shares_give(VccwShares *shares, uid_t uid, gsize amount);

/** vccw_shares_taken: Returns: what all users have. */
gsize vccw_shares_taken(const VccwShares *shares);

G_END_DECLS
