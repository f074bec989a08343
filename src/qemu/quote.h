/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Command lines as text: words to what a shell reads, and back.
 */

#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_shell_quote:
 * @words: the program and its arguments
 *
 * Returns: (transfer full): one line that a POSIX shell splits into exactly @words again;
 *   a word that needs no quotation marks has none.
 */
char *vccw_shell_quote(const char *const *words);

/**
 * vccw_shell_split:
 * @text: what a person would type: words, quotation marks, backslashes, comments and
 *   continued lines as in a POSIX shell; nothing is expanded
 *
 * Runs in time linear in the length of @text.
 *
 * Returns: (transfer full): the words; NULL with VCCW_ERROR_TOO_LARGE when there are more
 *   than @max of them, with VCCW_ERROR_INVALID_ARG for a quotation mark that is not
 * closed, or for what a shell would act upon (pipes, redirections, expansions, two
 * commands).
 */
GStrv vccw_shell_split(const char *text, guint max, GError **error);

G_END_DECLS
