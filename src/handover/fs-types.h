/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kinds of file system, as /proc/filesystems tells them.
 */

#include "handover/host.h"

G_BEGIN_DECLS

/** vccw_fs_types_read: Returns: (transfer full): what the kernel knows at this moment;
 * g_strfreev() releases it. */
char **vccw_fs_types_read(const VccwHandoverHost *host);

/**
 * vccw_fs_types_need_device:
 * @type: as mountinfo has it: "btrfs", or with a subtype, "fuse.sshfs"
 *
 * Of a file system that needs none the source is a word that whoever mounted it chose,
 * which may be anybody: such a word is not to be looked up.
 *
 * Returns: whether @type is on a block device; also if it is not among @types.
 */
gboolean vccw_fs_types_need_device(char *const *types, const char *type);

G_END_DECLS
