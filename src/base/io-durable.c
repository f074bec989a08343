/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Changes on a disk that are there or not there, never half, and that stay once they are
 * reported: each ends with an fsync of the folder.
 *
 * A file is written under a temporary name, ".NAME.virtccw-XXXXXX", which no reader of
 * such a folder takes for a definition. Its writer holds a lock (flock) on it from before
 * the first byte until it has its real name. So a lock that can be had means a writer
 * that was killed, and that is how vccw_sweep_dir() knows what is litter.
 */

#include "base/io-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TEMP_MARK     ".virtccw-"
#define TEMP_RANDOM   6
#define TEMP_ATTEMPTS 100
#define NEW_FILE_MODE 0644

/* A temporary file; as long as it has a name, it goes away with the struct. */
typedef struct {
    int dirfd;
    char *name;
    VccwFd fd;
} TempFile;

static void
temp_file_clear(TempFile *temp)
{
    int saved = errno;

    if (temp->name)
        unlinkat(temp->dirfd, temp->name, 0);
    g_clear_pointer(&temp->name, g_free);
    vccw_fd_clear(&temp->fd);
    errno = saved;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TempFile, temp_file_clear)

static char *
temp_name_new(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char random[TEMP_RANDOM + 1] = "";

    for (guint i = 0; i < TEMP_RANDOM; i++)
        random[i] = letters[g_random_int_range(0, sizeof letters - 1)];
    return g_strconcat(".", name, TEMP_MARK, random, NULL);
}

static gboolean
is_temp_name(const char *name)
{
    gsize tail = strlen(TEMP_MARK) + TEMP_RANDOM;
    gsize length = strlen(name);

    if (length < 1 + 1 + tail || name[0] != '.')
        return FALSE;
    name += length - tail;
    if (!g_str_has_prefix(name, TEMP_MARK))
        return FALSE;
    for (name += strlen(TEMP_MARK); *name; name++)
        if (!g_ascii_isalnum(*name))
            return FALSE;
    return TRUE;
}

/* Whether a sweeper took the file for litter, between its making and its locking. */
static gboolean
temp_file_was_swept(TempFile *temp)
{
    struct stat st;

    return fstat(temp->fd, &st) == 0 && st.st_nlink == 0;
}

/* FALSE if somebody else has the lock. It is not waited for: whoever may read the file
 * may lock it, and keep it for ever. Where locks are not to be had, no sweeper gets one.
 */
static gboolean
lock_temp_file(int fd)
{
    return TEMP_FAILURE_RETRY(flock(fd, LOCK_EX | LOCK_NB)) == 0 || errno != EWOULDBLOCK;
}

/* FALSE with errno. */
static gboolean
temp_file_open(TempFile *temp, const char *name, mode_t mode)
{
    for (guint i = 0; i < TEMP_ATTEMPTS; i++) {
        g_autofree char *candidate = temp_name_new(name);

        temp->fd = TEMP_FAILURE_RETRY(
            openat(temp->dirfd, candidate,
                   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
        if (temp->fd < 0) {
            if (errno == EEXIST)
                continue;
            return FALSE;
        }
        if (lock_temp_file(temp->fd) && !temp_file_was_swept(temp)) {
            temp->name = g_steal_pointer(&candidate);
            return TRUE;
        }
        unlinkat(temp->dirfd, candidate, 0);
        vccw_fd_clear(&temp->fd);
    }
    errno = EEXIST;
    return FALSE;
}

/* FALSE with errno. */
static gboolean
write_all(int fd, const char *data, gsize length)
{
    while (length > 0) {
        gssize n = TEMP_FAILURE_RETRY(write(fd, data, length));

        if (n < 0)
            return FALSE;
        data += n;
        length -= n;
    }
    return TRUE;
}

/* As far as it is allowed: the file keeps the owner and mode that its administrator
 * chose. */
static void
keep_owner_and_mode(int fd, const struct stat *old)
{
    if (fchown(fd, old->st_uid, old->st_gid) < 0)
        g_debug("cannot keep the owner of a file: %s", g_strerror(errno));
    if (fchmod(fd, old->st_mode & 07777) < 0)
        g_debug("cannot keep the mode of a file: %s", g_strerror(errno));
}

/* Gives the temporary file its name if that is free; FALSE with errno. */
static gboolean
publish_new(TempFile *temp, const char *name)
{
    int dirfd = temp->dirfd;

    if (renameat2(dirfd, temp->name, dirfd, name, RENAME_NOREPLACE) == 0) {
        g_clear_pointer(&temp->name, g_free);
        return TRUE;
    }
    if (errno != EINVAL && errno != ENOSYS)
        return FALSE;
    /* A file system that cannot: link refuses an existing name too. */
    return linkat(dirfd, temp->name, dirfd, name, 0) == 0;
}

/* Whether @name still is the version @expected; FALSE with errno. */
static gboolean
check_expected(int dirfd, const char *name, const VccwFileStamp *expected)
{
    struct stat st;
    VccwFileStamp found;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            errno = EBUSY;
        return FALSE;
    }
    found = vccw_file_stamp(&st);
    if (vccw_file_stamp_equal(&found, expected))
        return TRUE;
    errno = EBUSY;
    return FALSE;
}

/* Puts the temporary file in the place of @name; FALSE with errno. */
static gboolean
publish_over(TempFile *temp, const char *name, const VccwFileStamp *expected)
{
    if (expected && !check_expected(temp->dirfd, name, expected))
        return FALSE;
    if (renameat(temp->dirfd, temp->name, temp->dirfd, name) < 0)
        return FALSE;
    g_clear_pointer(&temp->name, g_free);
    return TRUE;
}

static gboolean
sync_folder(int dirfd, const char *what, const char *name, GError **error)
{
    if (TEMP_FAILURE_RETRY(fsync(dirfd)) == 0)
        return TRUE;
    vccw_set_path_errno(error, errno, what, dirfd, name);
    return FALSE;
}

/* FALSE with errno. */
static gboolean
replace_file(TempFile *temp,
             const char *name,
             const char *data,
             gsize length,
             VccwWriteMode mode,
             const VccwFileStamp *expected)
{
    struct stat old;
    mode_t bits = mode == VCCW_WRITE_NEW_PRIVATE ? 0600 : NEW_FILE_MODE;
    gboolean keep = mode == VCCW_WRITE_REPLACE &&
                    fstatat(temp->dirfd, name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(old.st_mode);

    /* Nobody may read in the temporary file what the old one kept to its owner. */
    if (!temp_file_open(temp, name, keep ? 0600 : bits))
        return FALSE;
    if (keep)
        keep_owner_and_mode(temp->fd, &old);
    if (!write_all(temp->fd, data, length) || TEMP_FAILURE_RETRY(fsync(temp->fd)) < 0)
        return FALSE;
    return mode == VCCW_WRITE_REPLACE ? publish_over(temp, name, expected)
                                      : publish_new(temp, name);
}

static gboolean
is_plain_name(const char *name)
{
    return *name && !strchr(name, '/') && !g_str_equal(name, ".") &&
           !g_str_equal(name, "..");
}

gboolean
vccw_write_file(int dirfd,
                const char *name,
                const char *data,
                gsize length,
                VccwWriteMode mode,
                const VccwFileStamp *expected,
                GError **error)
{
    g_auto(TempFile) temp = { .dirfd = dirfd, .fd = -1 };

    if (!is_plain_name(name)) {
        vccw_set_path_errno(error, EINVAL, "cannot write", dirfd, name);
        return FALSE;
    }
    if (!replace_file(&temp, name, data, length, mode, expected)) {
        vccw_set_path_errno(error, errno,
                            errno == EBUSY && expected
                                ? "will not overwrite what somebody else has changed:"
                                : "cannot write",
                            dirfd, name);
        return FALSE;
    }
    /* The name that is left over where linkat() did the work goes before the fsync. */
    temp_file_clear(&temp);
    return sync_folder(dirfd, "written, but may not survive a power cut:", name, error);
}

gboolean
vccw_remove_file(int dirfd, const char *name, GError **error)
{
    if (unlinkat(dirfd, name, 0) < 0) {
        vccw_set_path_errno(error, errno, "cannot remove", dirfd, name);
        return FALSE;
    }
    return sync_folder(dirfd, "removed, but may come back after a power cut:", name,
                       error);
}

/* FALSE with errno. A file system that cannot refuse a name that is taken is asked first:
 * all names in the folder are given by this process. */
static gboolean
rename_free(int dirfd, const char *name, const char *new_name)
{
    if (renameat2(dirfd, name, dirfd, new_name, RENAME_NOREPLACE) == 0)
        return TRUE;
    if (errno != EINVAL && errno != ENOSYS)
        return FALSE;
    if (!vccw_exists(dirfd, new_name))
        return renameat(dirfd, name, dirfd, new_name) == 0;
    errno = EEXIST;
    return FALSE;
}

gboolean
vccw_rename_file(int dirfd, const char *name, const char *new_name, GError **error)
{
    if (!is_plain_name(new_name))
        errno = EINVAL;
    if (!is_plain_name(new_name) || !rename_free(dirfd, name, new_name)) {
        vccw_set_path_errno(error, errno, "cannot make, by renaming another,", dirfd,
                            new_name);
        return FALSE;
    }
    return sync_folder(dirfd, "renamed, but may not survive a power cut:", new_name,
                       error);
}

gboolean
vccw_make_link(int dirfd, const char *name, const char *target, GError **error)
{
    if (symlinkat(target, dirfd, name) < 0) {
        int errnum = errno;
        g_autofree char *found =
            errnum == EEXIST ? vccw_read_link(dirfd, name, NULL) : NULL;

        if (g_strcmp0(found, target) != 0) {
            vccw_set_path_errno(error, errnum, "cannot make the link", dirfd, name);
            return FALSE;
        }
    }
    return sync_folder(dirfd, "linked, but may not survive a power cut:", name, error);
}

static gboolean
is_dir(int dirfd, const char *name)
{
    struct stat st;

    return fstatat(dirfd, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

gboolean
vccw_make_dir(int dirfd, const char *name, mode_t mode, GError **error)
{
    if (mkdirat(dirfd, name, mode) < 0) {
        int errnum = errno == EEXIST ? ENOTDIR : errno;

        if (errnum != ENOTDIR || !is_dir(dirfd, name)) {
            vccw_set_path_errno(error, errnum, "cannot make the folder", dirfd, name);
            return FALSE;
        }
    }
    /* Also if it was there: whoever made it may have been killed before the fsync. */
    return sync_folder(dirfd, "made, but may not survive a power cut:", name, error);
}

static void
sweep_file(int dirfd, const char *name)
{
    struct stat st;
    g_auto(VccwFd) fd = TEMP_FAILURE_RETRY(
        openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    if (TEMP_FAILURE_RETRY(flock(fd, LOCK_EX | LOCK_NB)) < 0)
        return;
    if (unlinkat(dirfd, name, 0) == 0)
        g_debug("removed the leftover temporary file %s", name);
}

void
vccw_sweep_dir(int dirfd)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(dirfd, ".", NULL);

    for (guint i = 0; names && i < names->len; i++)
        if (is_temp_name(names->pdata[i]))
            sweep_file(dirfd, names->pdata[i]);
}
