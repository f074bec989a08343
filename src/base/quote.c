/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names, documents and files may hold anything: line feeds that forge a log line, escape
 * sequences, megabytes. A message repeats what it is about only through vccw_quote().
 */

#include "base/quote.h"

char *
vccw_quote(const char *text, gsize max)
{
    GString *quoted;

    if (!text)
        return g_strdup("(none)");
    quoted = g_string_new("'");
    for (const char *p = text; *p; p++) {
        if (quoted->len > max) {
            g_string_append(quoted, "...");
            break;
        }
        if (g_ascii_isprint(*p) && *p != '\'' && *p != '\\')
            g_string_append_c(quoted, *p);
        else
            g_string_append_printf(quoted, "\\x%02x", (guint8)*p);
    }
    g_string_append_c(quoted, '\'');
    return g_string_free(quoted, FALSE);
}
