/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The serials of calls that were passed on, and that the stock daemon has not answered.
 *
 * A reply is known by its serial alone. So that the answer to one call is never taken for
 * the answer to another, we have to know which serials are in use. A client may use one
 * for several calls at once, as it may with the stock daemon itself.
 */

#include <glib.h>

G_BEGIN_DECLS

/** VccwSerials: begins as { 0 }. */
typedef struct {
    GHashTable *calls; /* of a serial: how many calls there are; NULL for none at all */
    guint n;           /* calls in all */
} VccwSerials;

/** vccw_serials_add: A call goes. */
void vccw_serials_add(VccwSerials *serials, guint32 serial);

/** vccw_serials_remove: A reply comes; one to no call is none of ours. */
void vccw_serials_remove(VccwSerials *serials, guint32 serial);

/** vccw_serials_contain: Returns: whether a call with this serial is unanswered. */
gboolean vccw_serials_contain(const VccwSerials *serials, guint32 serial);

/** vccw_serials_clear: Forgets all. */
void vccw_serials_clear(VccwSerials *serials);

G_END_DECLS
