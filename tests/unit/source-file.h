/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Files of the source, by their paths in it. */

#include <glib.h>

static inline char *
source_path(const char *relative)
{
    const char *root = g_getenv("VIRTCCW_SOURCE");

    g_assert_nonnull(root);
    return g_build_filename(root, relative, NULL);
}

static inline char *
read_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}
