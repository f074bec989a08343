/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Looking, so that "it is not there" and "it cannot be known" stay apart.
 *
 * Whoever takes a failed look for an answer gives away a disk in use, or believes that a
 * subchannel has gone which has not. So each look keeps what first went wrong, and what
 * was seen counts only after vccw_look_done().
 */

#include <glib.h>

G_BEGIN_DECLS

/** VccwLook: a number of looks. Begins as { 0 }. */
typedef struct {
    GError *problem; /* what could not be known, or NULL */
} VccwLook;

/** vccw_look_clear: Releases what @look has. */
void vccw_look_clear(VccwLook *look);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwLook, vccw_look_clear)

/**
 * vccw_look_done: Begins anew.
 *
 * Returns: FALSE with G_UNIX_ERROR if something could not be known since the last time.
 */
gboolean vccw_look_done(VccwLook *look, GError **error);

/** vccw_look_fail: Keeps @problem, unless one is kept already. @problem: (transfer full)
 */
void vccw_look_fail(VccwLook *look, GError *problem);

/** vccw_look_attr: Returns: (transfer full) (nullable): as vccw_read_attr(); NULL if it
 * is not there. */
char *vccw_look_attr(VccwLook *look, int dirfd, const char *path);

/** vccw_look_link: Returns: (transfer full) (nullable): the last component of a link's
 * target; NULL if there is no link. */
char *vccw_look_link(VccwLook *look, int dirfd, const char *path);

/** vccw_look_list: Returns: (transfer full) (nullable): as vccw_list_dir(); NULL if there
 * is no such folder. */
GPtrArray *vccw_look_list(VccwLook *look, int dirfd, const char *path);

/** vccw_look_folders: Returns: (transfer full) (nullable): as vccw_list_folders(); NULL
 * if there is no such folder. */
GPtrArray *vccw_look_folders(VccwLook *look, int dirfd, const char *path);

/** vccw_look_dir: Returns: a descriptor of a folder; -1 if there is none. */
int vccw_look_dir(VccwLook *look, int dirfd, const char *path);

/** vccw_look_exists: Returns: whether @path exists, a dangling link included. */
gboolean vccw_look_exists(VccwLook *look, int dirfd, const char *path);

G_END_DECLS
