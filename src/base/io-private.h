/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What io.c and io-durable.c share.
 */

#include "base/io.h"

#include <sys/stat.h>

G_BEGIN_DECLS

/**
 * vccw_set_path_errno: Sets @error to G_UNIX_ERROR: "@what 'PATH': errno's text".
 * @errnum: an errno value
 * @what: what could not be done, so that a path can follow
 * @dirfd: the folder that @path is relative to, or AT_FDCWD
 */
void vccw_set_path_errno(GError **error,
                         int errnum,
                         const char *what,
                         int dirfd,
                         const char *path);

/** vccw_file_stamp: Returns: the stamp of the version that @st describes. */
VccwFileStamp vccw_file_stamp(const struct stat *st);

G_END_DECLS
