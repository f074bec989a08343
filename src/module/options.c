/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/options.h"
#include "base/io.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
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
    g_autoptr(GUri) parsed =
        uri ? g_uri_parse(uri, G_URI_FLAGS_ENCODED_QUERY, NULL) : NULL;

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
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_ENCODED_QUERY, NULL);
    GUriParamsIter iter;
    g_autoptr(GError) local = NULL;

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
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
            "the options in the URI cannot be read (%s): write what is not a letter, "
            "digit or '/' as %%, and two digits",
            local->message);
    return local == NULL;
}

/* One folder is one folder, by whatever way it is named; what is not there, is not. */
static void
resolve(char **path)
{
    char *real = *path ? realpath(*path, NULL) : NULL;

    if (!real)
        return;
    g_free(*path);
    *path = g_strdup(real);
    free(real);
}

/* Whether nobody but this user and root can put anything in the folder's place or, unless
 * it is only on the way (such as /tmp), into it. */
static gboolean
is_own(const char *folder, gboolean on_the_way)
{
    mode_t others = geteuid() == 0 ? 0022 : 0002;
    struct stat info;

    if (lstat(folder, &info) < 0 || (info.st_uid != 0 && info.st_uid != geteuid()))
        return FALSE;
    return !(info.st_mode & others) || (on_the_way && (info.st_mode & S_ISVTX));
}

/* What is found in the root folder is done with this user's rights. */
static gboolean
check_own(const char *root, GError **error)
{
    for (const char *slash = root; slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *folder = g_strndup(root, slash == root ? 1 : slash - root);

        if (is_own(folder, TRUE) && (strchr(slash + 1, '/') || is_own(root, FALSE)))
            continue;
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "the root folder '%s' is not used: other users could change it, or a "
                    "folder above it; name one that only you can write to",
                    root);
        return FALSE;
    }
    return TRUE;
}

static gboolean
make_root(VccwOptions *options, GError **error)
{
    if (g_mkdir_with_parents(options->root, 0755) < 0) {
        vccw_set_errno(error, errno, "cannot make the root folder '%s'", options->root);
        return FALSE;
    }
    resolve(&options->root);
    return check_own(options->root, error);
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
    resolve(&options->sysfs);
    resolve(&options->etc);
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
