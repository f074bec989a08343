/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Programs that answer as a QEMU does, from what a real one said (tests/unit/data/qemu).
 */

#include <glib.h>
#include <glib/gstdio.h>
#include <virtccw/qemu.h>

/* Writes the program @name into @folder. Returns: its path. */
static inline char *
fake_program(const char *folder, const char *name, const char *script)
{
    char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents_full(path, script, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0755,
                             &error);
    g_assert_no_error(error);
    return path;
}

/* A program that answers as QEMU @version does, and notes each start in the file "asked"
 * of its folder. Returns: its path. */
static inline char *
fake_qemu(const char *folder, const char *version)
{
    g_autofree char *file = g_strdup_printf("%s.replies", version);
    g_autofree char *replies =
        g_test_build_filename(G_TEST_DIST, "unit", "data", "qemu", file, NULL);
    g_autofree char *script = g_strdup_printf(
        "#!/bin/sh\necho asked >> '%s/asked'\ncat '%s'\n", folder, replies);
    g_autofree char *name = g_strdup_printf("qemu-%s", version);

    return fake_program(folder, name, script);
}

/* How often the programs of @folder were started. */
static inline guint
fake_asked(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "asked", NULL);
    g_autofree char *text = NULL;
    gsize length = 0;

    g_file_get_contents(path, &text, &length, NULL);
    return length / 6;
}
