/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is said to a call that has no row in the table of operations.
 */

#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_unsupported_error:
 * @procedure: a procedure number without a row
 * @why: more on it, such as ", and …", or ""
 *
 * Returns: (transfer full): VCCW_ERROR_NO_SUPPORT with what to do instead, for a call
 * that users come by; VCCW_ERROR_RPC for all others.
 */
GError *vccw_unsupported_error(gint32 procedure, const char *why);

G_END_DECLS
