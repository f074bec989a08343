/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls of libvirt's remote program that carry documents of guests to the stock daemon,
 * and where in them these are. */

#include "front/message.h"

G_BEGIN_DECLS

/** vccw_documents_carries: Returns: whether a call of this procedure may carry documents
 * of guests. Those of single devices, for attach and its like, do not count. */
gboolean vccw_documents_carries(gint32 procedure);

/** vccw_documents_defines: Returns: whether they become a guest's definition as soon as
 * the call succeeds. */
gboolean vccw_documents_defines(gint32 procedure);

/**
 * vccw_documents_find: Looks for the documents in a call.
 *
 * Returns: (transfer full) (nullable): of gsize: where the text of each begins in the
 * payload, in ascending order; NULL if the call is not as it should be.
 */
GArray *vccw_documents_find(gint32 procedure, const GByteArray *payload);

G_END_DECLS
