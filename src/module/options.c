/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/options.h"
#include "base/io.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <virtccw/error.h>

typedef struct {
    const char *name;
    gsize offset; /* in VccwOptions */
} Known;

static const Known known[] = {
    { "root", G_STRUCT_OFFSET(VccwOptions, root) },
    { "sysfs", G_STRUCT_OFFSET(VccwOptions, sysfs) },
    { "etc", G_STRUCT_OFFSET(VccwOptions, etc) },
};

gboolean
vccw_options_is_ours(const char *uri)
{
    g_autoptr(GUri) parsed = uri ? g_uri_parse(uri, G_URI_FLAGS_NONE, NULL) : NULL;

    return parsed && g_str_equal(g_uri_get_path(parsed), "/embed");
}

static gboolean
set_option(VccwOptions *options, const char *name, const char *value, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        char **member = G_STRUCT_MEMBER_P(options, known[i].offset);

        if (!g_str_equal(known[i].name, name))
            continue;
        if (!g_path_is_absolute(value)) {
            g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                        "'%s=%s' in the URI is not an absolute path: begin it with '/'",
                        name, value);
            return FALSE;
        }
        g_free(*member);
        *member = g_canonicalize_filename(value, "/");
        return TRUE;
    }
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "unknown option '%s' in the URI: there are root, sysfs and etc", name);
    return FALSE;
}

static gboolean
read_query(VccwOptions *options, const char *uri, GError **error)
{
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_ENCODED_QUERY, error);
    GUriParamsIter iter;
    GError *local = NULL;

    if (!parsed)
        return FALSE;
    g_uri_params_iter_init(&iter, g_uri_get_query(parsed) ? g_uri_get_query(parsed) : "",
                           -1, "&;", G_URI_PARAMS_NONE);
    while (TRUE) {
        g_autofree char *name = NULL;
        g_autofree char *value = NULL;

        if (!g_uri_params_iter_next(&iter, &name, &value, &local))
            break;
        if (!set_option(options, name, value, error))
            return FALSE;
    }
    if (local)
        g_propagate_error(error, local);
    return local == NULL;
}

/* One root is one root, by whatever way it is named. */
static gboolean
make_root(VccwOptions *options, GError **error)
{
    char *real;

    if (g_mkdir_with_parents(options->root, 0755) < 0 ||
        !(real = realpath(options->root, NULL))) {
        vccw_set_errno(error, errno, "cannot make the root folder '%s'", options->root);
        return FALSE;
    }
    g_free(options->root);
    options->root = g_strdup(real);
    free(real);
    return TRUE;
}

VccwOptions *
vccw_options_new(const char *uri, GError **error)
{
    g_autoptr(VccwOptions) options = g_new0(VccwOptions, 1);

    if (!read_query(options, uri, error))
        return NULL;
    if (!options->root) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "the URI has no root folder: write ccw:///embed?root=/DIR");
        return NULL;
    }
    if (!options->sysfs)
        options->sysfs = g_strdup("/sys");
    if (!make_root(options, error))
        return NULL;
    return g_steal_pointer(&options);
}

void
vccw_options_free(VccwOptions *options)
{
    if (!options)
        return;
    g_free(options->root);
    g_free(options->sysfs);
    g_free(options->etc);
    g_free(options);
}

gboolean
vccw_options_equal(const VccwOptions *a, const VccwOptions *b)
{
    return g_str_equal(a->root, b->root) && g_str_equal(a->sysfs, b->sysfs) &&
           g_strcmp0(a->etc, b->etc) == 0;
}
