/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Stands in for libFuzzer's main(): feeds each file of the given folders to the target
 * once. A finding shows itself as a crash; an empty corpus is a failure, for it would
 * test nothing.
 */

#include <glib.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static guint
replay_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    guint n = 0;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *data = NULL;
        gsize size;

        if (g_file_get_contents(path, &data, &size, NULL)) {
            LLVMFuzzerTestOneInput((const guint8 *)data, size);
            n++;
        }
    }
    return n;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        guint n = replay_folder(argv[i]);

        printf("%s: %u inputs\n", argv[i], n);
        if (n == 0)
            return 1;
    }
    return 0;
}
