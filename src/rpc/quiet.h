/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Log lines that strangers can cause, at a rate that they cannot choose. */

#include <glib.h>

G_BEGIN_DECLS

/** VccwQuiet: one kind of line. Zeroed memory is its start; members are private. */
typedef struct {
    gint64 next_at;
    guint suppressed;
} VccwQuiet;

/**
 * vccw_quiet_message: As g_message(), but at most once in five seconds; a line that
 * follows suppressed ones tells their number.
 */
void vccw_quiet_message(VccwQuiet *quiet, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS
