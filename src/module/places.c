/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/places.h"
#include "base/io.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

gboolean
vccw_places_make_folder(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0755) == 0)
        return TRUE;
    vccw_set_errno(error, errno, "cannot make the folder '%s'", path);
    return FALSE;
}

void
vccw_places_clear(VccwPlaces *places)
{
    g_free(places->definitions);
    g_free(places->domains);
    g_free(places->overrides);
    g_free(places->rules);
    g_free(places->state);
    g_free(places->runs);
}

/* Nobody makes these for us, and without them each later call would fail for itself. */
static gboolean
check_those_of_host(const char *etc, const char *lib, GError **error)
{
    const char *const folders[] = { etc, lib };

    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, folders[i], error);

        if (dir >= 0)
            continue;
        g_prefix_error(error, "'etc=%s' in the URI needs the folder '%s': ", etc,
                       folders[i]);
        return FALSE;
    }
    return TRUE;
}

/* What was taken is remembered, and locked, where virtccwd does it. */
static gboolean
name_those_of_host(VccwPlaces *places, const char *etc, GError **error)
{
    g_autofree char *beside = g_path_get_dirname(etc);
    g_autofree char *lib = g_build_filename(beside, "var", "lib", NULL);

    places->definitions = g_build_filename(etc, "mdevctl.d", NULL);
    places->domains = g_build_filename(etc, "libvirt", "ccw", NULL);
    places->overrides = g_build_filename(etc, "driverctl.d", NULL);
    places->rules = g_build_filename(etc, "udev", "rules.d", NULL);
    places->state = g_build_filename(lib, "virtccw", NULL);
    places->runs = geteuid() == 0 ? g_strdup("/run/libvirt/qemu") : NULL;
    return check_those_of_host(etc, lib, error);
}

static gboolean
make_those_of_root(VccwPlaces *places, const char *root, GError **error)
{
    g_autofree char *lib = g_build_filename(root, "lib", NULL);

    places->definitions = g_build_filename(root, "etc", "mdevctl.d", NULL);
    places->domains = g_build_filename(root, "etc", "ccw", NULL);
    places->overrides = g_build_filename(root, "etc", "driverctl.d", NULL);
    places->rules = g_strdup("/etc/udev/rules.d");
    places->state = g_build_filename(lib, "ccw", NULL);
    return vccw_places_make_folder(places->definitions, error) &&
           vccw_places_make_folder(lib, error);
}

gboolean
vccw_places_init(VccwPlaces *places, const VccwOptions *options, GError **error)
{
    if (!options->etc)
        return make_those_of_root(places, options->root, error);
    return name_those_of_host(places, options->etc, error);
}
