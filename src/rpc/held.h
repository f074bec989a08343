/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls that a client sent ahead, held until it is their turn. */

#include "rpc/frame.h"

G_BEGIN_DECLS

/** VccwHeldCall: a call with its payload; to be released with g_free(). */
typedef struct {
    VccwFrame frame;
    gsize size; /* of this struct and the payload behind it */
    guint8 payload[];
} VccwHeldCall;

/** VccwHeld: the calls in the order of their coming. Zeroed memory is an empty one. */
typedef struct {
    GQueue calls; /* of VccwHeldCall */
    gsize bytes;  /* memory of these */
} VccwHeld;

/** vccw_held_push: Holds a copy of a call, at the expense of @budget, which may be
 * exceeded thereby. */
void vccw_held_push(VccwHeld *held, const VccwFrame *frame, VccwFrameBudget *budget);

/**
 * vccw_held_pop: Takes the first call out.
 * @budget: as it was given to vccw_held_push()
 *
 * Returns: (transfer full) (nullable): the call; NULL if there is none.
 */
VccwHeldCall *vccw_held_pop(VccwHeld *held, VccwFrameBudget *budget);

/** vccw_held_is_empty: Returns: whether no call is held. */
gboolean vccw_held_is_empty(const VccwHeld *held);

G_END_DECLS
