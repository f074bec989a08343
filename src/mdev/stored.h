/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of mdevctl's store: how they are named, and how they are read.
 *
 * DIR/PARENT/UUID, each in its canonical form, is a definition. DIR itself may be a
 * symbolic link; below it none is followed. Folders of other names are not ours (parents
 * that are no subchannels, mdevctl's own scripts.d), and neither are hidden files and
 * editors' backups.
 */

#include "base/io.h"
#include <virtccw/mdev.h>

G_BEGIN_DECLS

/** VccwStoredName: what a name in the store is. */
typedef enum {
    VCCW_STORED_OURS,    /* the folder of a parent; the file of a definition */
    VCCW_STORED_FOREIGN, /* somebody else's: not looked at */
    VCCW_STORED_ODD,     /* where a definition should be, but not named like one */
} VccwStoredName;

/**
 * vccw_stored_parse_folder:
 * @name: a name in DIR
 * @ret_parent: (out): for OURS, which parent it is
 */
VccwStoredName vccw_stored_parse_folder(const char *name, VccwBusId *ret_parent);

/**
 * vccw_stored_parse_file:
 * @name: a name in the folder of a parent
 * @ret_uuid: (out): for OURS, whose definition it is
 */
VccwStoredName vccw_stored_parse_file(const char *name, VccwUuid *ret_uuid);

/**
 * vccw_stored_path:
 * @uuid: (nullable): NULL for the folder of the parent
 *
 * Returns: (transfer full): the path of a definition, for messages.
 */
char *vccw_stored_path(const char *dir, const VccwUuid *uuid, const VccwBusId *parent);

/**
 * vccw_stored_open_folder: Opens the folder of a parent.
 * @dirfd: the store's folder
 *
 * Returns: a descriptor; -1 with G_UNIX_ERROR: ENOENT if it is absent, ENOTDIR or ELOOP
 * if it is no folder.
 */
int vccw_stored_open_folder(int dirfd, const VccwBusId *parent, GError **error);

/**
 * vccw_stored_open: vccw_stored_open_folder() from the store's path.
 */
int vccw_stored_open(const char *dir, const VccwBusId *parent, GError **error);

/**
 * vccw_stored_stamp:
 * @dirfd: the folder that @name is in
 * @ret_stamp: (out): which version of it is there; of a folder only which one it is, not
 *   what is in it; all zero if that cannot be told
 *
 * Returns: FALSE if there is nothing.
 */
gboolean vccw_stored_stamp(int dirfd, const char *name, VccwFileStamp *ret_stamp);

/**
 * vccw_stored_read: Reads the text of a definition.
 * @folder: the folder of its parent
 * @ret_text: (out) (transfer full): the file's bytes
 * @ret_length: (out): how many
 * @ret_stamp: (out): which version it is
 *
 * Returns: FALSE with VCCW_ERROR_STORE if what is there cannot be a definition (no
 * regular file, too large), or G_UNIX_ERROR.
 */
gboolean vccw_stored_read(int folder,
                          const char *name,
                          char **ret_text,
                          gsize *ret_length,
                          VccwFileStamp *ret_stamp,
                          GError **error);

/**
 * vccw_stored_read_config: Reads one definition.
 * @dir: the store's folder
 *
 * Returns: (transfer full): what is defined; NULL with VCCW_ERROR_NO_NODE_DEVICE if it is
 *   not, VCCW_ERROR_STORE, or G_UNIX_ERROR.
 */
VccwMdevConfig *vccw_stored_read_config(const char *dir,
                                        const VccwUuid *uuid,
                                        const VccwBusId *parent,
                                        GError **error);

G_END_DECLS
