/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * System calls on files, each wrapped once: relative to a folder's descriptor,
 * close-on-exec, safe against EINTR, and reporting G_UNIX_ERROR with the path and errno's
 * meaning.
 */

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VccwFd: a descriptor that closes itself when it goes out of scope; -1 is none. */
typedef int VccwFd;

/** vccw_fd_clear: Closes *@fd unless it is negative, and sets it to -1. Keeps errno. */
void vccw_fd_clear(int *fd);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwFd, vccw_fd_clear)

/** vccw_fd_steal: Returns: *@fd, which becomes -1: the caller now owns the descriptor. */
int vccw_fd_steal(int *fd);

/**
 * vccw_set_errno: Sets @error to G_UNIX_ERROR with @errnum as its code.
 * @errnum: an errno value
 * @format: what was tried, printf-style; ": " and errno's text are appended
 */
void vccw_set_errno(GError **error, int errnum, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** vccw_error_errno: Returns: errno if @error is of G_UNIX_ERROR, else 0. */
int vccw_error_errno(const GError *error);

/**
 * vccw_open_dir:
 * @dirfd: the folder that @path is relative to, or AT_FDCWD
 *
 * Returns: a new descriptor of the folder @path; -1 with G_UNIX_ERROR.
 */
int vccw_open_dir(int dirfd, const char *path, GError **error);

/**
 * vccw_list_dir:
 * @dirfd: the folder that @path is relative to, or AT_FDCWD
 *
 * Returns: (transfer full): the names in folder @path without "." and "..", unsorted, as
 *   a GPtrArray of char * with a free function; NULL with G_UNIX_ERROR.
 */
GPtrArray *vccw_list_dir(int dirfd, const char *path, GError **error);

/** vccw_list_folders: As vccw_list_dir(), but only of folders; a link to one is none. */
GPtrArray *vccw_list_folders(int dirfd, const char *path, GError **error);

/**
 * vccw_read_attr: Reads a sysfs attribute.
 * @dirfd: the folder that @path is relative to
 *
 * Returns: (transfer full): its text without trailing white space, at most 4,096 bytes;
 *   NULL with G_UNIX_ERROR (ENOENT and ENODEV are normal: a device may be going).
 */
char *vccw_read_attr(int dirfd, const char *path, GError **error);

/**
 * vccw_write_attr: Writes @text to a sysfs attribute in one write(2). May block.
 * @dirfd: the folder that @path is relative to
 *
 * Returns: FALSE with G_UNIX_ERROR.
 */
gboolean vccw_write_attr(int dirfd, const char *path, const char *text, GError **error);

/**
 * vccw_read_link:
 * @dirfd: the folder that @path is relative to
 *
 * Returns: (transfer full): the target of the symbolic link @path as it stands there;
 *   NULL with G_UNIX_ERROR.
 */
char *vccw_read_link(int dirfd, const char *path, GError **error);

/**
 * vccw_read_link_name: as vccw_read_link(), but only the last component of the target:
 *   the name of a driver or of a type.
 */
char *vccw_read_link_name(int dirfd, const char *path, GError **error);

/** vccw_exists: Returns: whether @path exists below @dirfd, a dangling link included. */
gboolean vccw_exists(int dirfd, const char *path);

/**
 * VccwFileStamp: tells one version of a file from another, also where the clock is
 * coarse.
 */
typedef struct {
    dev_t device;
    ino_t inode;
    gint64 mtime_ns;
    gint64 ctime_ns;
    gint64 size;
} VccwFileStamp;

/** vccw_file_stamp_equal: Returns: whether both stamps are of the same version. */
gboolean vccw_file_stamp_equal(const VccwFileStamp *a, const VccwFileStamp *b);

/**
 * vccw_read_file: Reads a regular file that somebody else may have made.
 * @dirfd: the folder that @name is relative to
 * @max: refuse a file of more than @max bytes (EFBIG)
 * @ret_length: (out) (optional): the number of bytes
 * @ret_stamp: (out) (optional): the version that was read
 *
 * Never follows a symbolic link (ELOOP), never blocks on a FIFO, and refuses what is not
 * a regular file (EINVAL).
 *
 * Returns: (transfer full): the content, NUL-terminated; NULL with G_UNIX_ERROR.
 */
char *vccw_read_file(int dirfd,
                     const char *name,
                     gsize max,
                     gsize *ret_length,
                     VccwFileStamp *ret_stamp,
                     GError **error);

/**
 * VccwWriteMode: what vccw_write_file() expects to find.
 */
typedef enum {
    VCCW_WRITE_NEW,         /* nothing: EEXIST if the file is there */
    VCCW_WRITE_NEW_PRIVATE, /* the same, for a file that only its owner may read */
    VCCW_WRITE_REPLACE,     /* whatever is there is replaced */
} VccwWriteMode;

/**
 * vccw_write_file: Writes a file whole or not at all, and durably: a temporary file
 *   beside it, fsync, rename, fsync of the folder. Blocks on the disk.
 * @dirfd: the folder that @name is in (from vccw_open_dir(), for it is fsynced)
 * @name: the file's name, without a slash
 * @data: its content
 * @length: bytes of @data
 * @mode: what is expected to be there
 * @expected: (nullable): with VCCW_WRITE_REPLACE, the version that is to be replaced;
 *   another one, or none, found just before the rename is EBUSY, and nothing is changed
 *
 * A new file gets the permissions 0644, a private one 0600, less the umask. A regular
 * file that is replaced hands on its permissions and, as far as this process may set
 * them, its owner and group. A symbolic link is replaced itself, not what it points to.
 *
 * Returns: FALSE with G_UNIX_ERROR; then the old content is intact. If only the last
 *   fsync of the folder failed, the new content is there but may not survive a power cut:
 *   that is reported as a failure too.
 */
gboolean vccw_write_file(int dirfd,
                         const char *name,
                         const char *data,
                         gsize length,
                         VccwWriteMode mode,
                         const VccwFileStamp *expected,
                         GError **error);

/**
 * vccw_remove_file: Removes a file durably (fsync of the folder). Blocks on the disk.
 * @dirfd: the folder that @name is in (from vccw_open_dir(), for it is fsynced)
 *
 * Returns: FALSE with G_UNIX_ERROR.
 */
gboolean vccw_remove_file(int dirfd, const char *name, GError **error);

/**
 * vccw_rename_file: Gives a file another name in its folder, durably. Blocks on the disk.
 * @dirfd: the folder of both names (from vccw_open_dir(), for it is fsynced)
 *
 * Returns: FALSE with G_UNIX_ERROR: EEXIST if the new name is taken.
 */
gboolean
vccw_rename_file(int dirfd, const char *name, const char *new_name, GError **error);

/**
 * vccw_make_link: Makes a symbolic link durably; one that is there with the same target
 *   is fine. Blocks on the disk.
 * @dirfd: the folder to make it in (from vccw_open_dir(), for it is fsynced)
 *
 * Returns: FALSE with G_UNIX_ERROR: EEXIST if something else has that name.
 */
gboolean vccw_make_link(int dirfd, const char *name, const char *target, GError **error);

/**
 * vccw_make_dir: Makes the folder @name durably (fsync of @dirfd); one that is there is
 *   fine.
 * @dirfd: the folder to make it in (from vccw_open_dir(), for it is fsynced)
 * @mode: permission bits, less the umask
 *
 * Returns: FALSE with G_UNIX_ERROR: ENOTDIR if something else has that name.
 */
gboolean vccw_make_dir(int dirfd, const char *name, mode_t mode, GError **error);

/**
 * vccw_sweep_dir: Removes temporary files that vccw_write_file() left in a folder when
 *   its process was killed. Those of a running process are left alone (they are locked).
 * @dirfd: the folder, from vccw_open_dir()
 */
void vccw_sweep_dir(int dirfd);

G_END_DECLS
