/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the daemon's messages go: the journal when it started us, else standard error. */

#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_log_open: Sets the process's log writer; once.
 * @level: 1 debug, 2 info, 3 warning, 4 error: nothing below is written
 */
void vccw_log_open(guint level);

G_END_DECLS
