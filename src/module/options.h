/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a URI of the module says: ccw:///embed?root=DIR&sysfs=DIR&etc=DIR. */

#include <glib.h>

G_BEGIN_DECLS

/** VccwOptions: the query of the URI. Strings are owned. */
typedef struct {
    char *root;  /* holds definitions and state; exists, without symbolic links */
    char *sysfs; /* "/sys" unless told otherwise */
    char *etc;   /* where the definitions are instead of in root, or NULL */
} VccwOptions;

/**
 * vccw_options_is_ours: Whether a URI's path is that of the module; others with the same
 * scheme are for virtccwd.
 */
gboolean vccw_options_is_ours(const char *uri);

/**
 * vccw_options_new: Reads a URI, and makes the root folder if it is not there.
 *
 * Returns: (transfer full): the options; NULL with VCCW_ERROR_INVALID_ARG for a folder
 * that is not absolute or an option that is not known, or G_UNIX_ERROR.
 */
VccwOptions *vccw_options_new(const char *uri, GError **error);

/** vccw_options_free: Releases @options. NULL is fine. */
void vccw_options_free(VccwOptions *options);

/** vccw_options_equal: Returns: whether both mean the same. */
gboolean vccw_options_equal(const VccwOptions *a, const VccwOptions *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwOptions, vccw_options_free)

G_END_DECLS
