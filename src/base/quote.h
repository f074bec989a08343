/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text from outside, made fit to stand in a message of one line.
 */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_QUOTE_VALUE 80   /* bytes of a name, number or other value worth showing */
#define VCCW_QUOTE_PATH  1024 /* bytes of a path worth showing */

/**
 * vccw_quote:
 * @text: (nullable): bytes of any kind, NUL-terminated
 * @max: stop after about this many bytes of result
 *
 * Returns: (transfer full): @text between apostrophes in printable ASCII, every other
 * byte as "\xNN", and "..." where it was cut; "(none)" for NULL.
 */
char *vccw_quote(const char *text, gsize max);

G_END_DECLS
