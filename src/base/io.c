/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Looking at files and folders, and the one write that changes nothing on a disk: that of
 * a sysfs attribute. Changes that must survive a power cut are in io-durable.c.
 *
 * A message names the whole path. The folder's part of it is asked from the kernel only
 * when somebody wants the message: absent attributes are everyday life in sysfs.
 */

#include "base/io-private.h"

#include "base/quote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTR_MAX                                                                         \
    4096                /* bytes of a sysfs attribute: the kernel gives one page at most \
                         */
#define FIRST_PART 4096 /* bytes to be read of a file that does not tell its size */

void
vccw_fd_clear(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

int
vccw_fd_steal(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

void
vccw_set_errno(GError **error, int errnum, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    if (!error)
        return;
    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_UNIX_ERROR, errnum, "%s: %s", what, g_strerror(errnum));
}

int
vccw_error_errno(const GError *error)
{
    return error && error->domain == G_UNIX_ERROR ? error->code : 0;
}

void
vccw_set_path_errno(GError **error,
                    int errnum,
                    const char *what,
                    int dirfd,
                    const char *path)
{
    g_autofree char *folder = NULL;
    g_autofree char *whole = NULL;
    g_autofree char *quoted = NULL;

    if (!error)
        return;
    if (dirfd >= 0 && !g_path_is_absolute(path)) {
        g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", dirfd);

        folder = vccw_read_link(AT_FDCWD, link, NULL);
    }
    whole = folder ? g_build_filename(folder, path, NULL) : g_strdup(path);
    quoted = vccw_quote(whole, VCCW_QUOTE_PATH);
    vccw_set_errno(error, errnum, "%s %s", what, quoted);
}

int
vccw_open_dir(int dirfd, const char *path, GError **error)
{
    int fd = TEMP_FAILURE_RETRY(openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

    if (fd < 0)
        vccw_set_path_errno(error, errno, "cannot open the folder", dirfd, path);
    return fd;
}

static gboolean
is_self_or_parent(const char *name)
{
    return g_str_equal(name, ".") || g_str_equal(name, "..");
}

/* Returns: whether it is one; FALSE with errno if that cannot be known. */
static gboolean
is_folder(DIR *dir, const struct dirent *entry)
{
    struct stat st;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR(st.st_mode);
    if (errno == ENOENT) /* has gone meanwhile */
        errno = 0;
    return FALSE;
}

static GPtrArray *
list(int dirfd, const char *path, gboolean only_folders, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_auto(VccwFd) fd = vccw_open_dir(dirfd, path, error);
    struct dirent *entry;
    DIR *dir;
    int errnum;

    if (fd < 0)
        return NULL;
    dir = fdopendir(fd);
    if (!dir) {
        vccw_set_path_errno(error, errno, "cannot read the folder", dirfd, path);
        return NULL;
    }
    vccw_fd_steal(&fd);
    while ((errno = 0, entry = readdir(dir))) {
        if (is_self_or_parent(entry->d_name))
            continue;
        if (!only_folders || is_folder(dir, entry))
            g_ptr_array_add(names, g_strdup(entry->d_name));
        else if (errno)
            break;
    }
    errnum = errno;
    closedir(dir);
    if (errnum) {
        vccw_set_path_errno(error, errnum, "cannot read the folder", dirfd, path);
        return NULL;
    }
    return g_steal_pointer(&names);
}

GPtrArray *
vccw_list_dir(int dirfd, const char *path, GError **error)
{
    return list(dirfd, path, FALSE, error);
}

GPtrArray *
vccw_list_folders(int dirfd, const char *path, GError **error)
{
    return list(dirfd, path, TRUE, error);
}

/* Reads until the end or until @size bytes are there; -1 with errno. */
static gssize
read_up_to(int fd, char *buffer, gsize size)
{
    gsize length = 0;

    while (length < size) {
        gssize n = TEMP_FAILURE_RETRY(read(fd, buffer + length, size - length));

        if (n < 0)
            return -1;
        if (n == 0)
            break;
        length += n;
    }
    return length;
}

char *
vccw_read_attr(int dirfd, const char *path, GError **error)
{
    g_auto(VccwFd) fd = TEMP_FAILURE_RETRY(openat(dirfd, path, O_RDONLY | O_CLOEXEC));
    char text[ATTR_MAX + 1];
    gssize length = fd < 0 ? -1 : read_up_to(fd, text, ATTR_MAX);

    if (length < 0) {
        vccw_set_path_errno(error, errno, "cannot read", dirfd, path);
        return NULL;
    }
    text[length] = '\0';
    return g_strdup(g_strchomp(text));
}

gboolean
vccw_write_attr(int dirfd, const char *path, const char *text, GError **error)
{
    g_auto(VccwFd) fd = TEMP_FAILURE_RETRY(openat(dirfd, path, O_WRONLY | O_CLOEXEC));
    gssize n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(write(fd, text, strlen(text)));
    int errnum = errno;
    g_autofree char *value = NULL;
    g_autofree char *what = NULL;

    if (n >= 0 && (gsize)n == strlen(text))
        return TRUE;
    /* A driver that takes only part of a value has not understood it. */
    value = vccw_quote(text, VCCW_QUOTE_VALUE);
    what = g_strdup_printf("cannot write %s to", value);
    vccw_set_path_errno(error, n < 0 ? errnum : EIO, what, dirfd, path);
    return FALSE;
}

char *
vccw_read_link(int dirfd, const char *path, GError **error)
{
    char target[PATH_MAX + 1];
    gssize n = readlinkat(dirfd, path, target, PATH_MAX);

    if (n < 0) {
        vccw_set_path_errno(error, errno, "cannot read the link", dirfd, path);
        return NULL;
    }
    target[n] = '\0';
    return g_strdup(target);
}

char *
vccw_read_link_name(int dirfd, const char *path, GError **error)
{
    g_autofree char *target = vccw_read_link(dirfd, path, error);

    return target ? g_path_get_basename(target) : NULL;
}

gboolean
vccw_exists(int dirfd, const char *path)
{
    struct stat st;

    return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

VccwFileStamp
vccw_file_stamp(const struct stat *st)
{
    return (VccwFileStamp){
        .device = st->st_dev,
        .inode = st->st_ino,
        .mtime_ns =
            st->st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + st->st_mtim.tv_nsec,
        .ctime_ns =
            st->st_ctim.tv_sec * G_GINT64_CONSTANT(1000000000) + st->st_ctim.tv_nsec,
        .size = st->st_size,
    };
}

gboolean
vccw_file_stamp_equal(const VccwFileStamp *a, const VccwFileStamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/* Opens @name if it is a regular file of at most @max bytes; -1 with errno. */
static int
open_regular(int dirfd, const char *name, gsize max, struct stat *ret_st)
{
    g_auto(VccwFd) fd = TEMP_FAILURE_RETRY(
        openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));

    if (fd < 0) {
        if (errno == ENXIO) /* a socket */
            errno = EINVAL;
        return -1;
    }
    if (fstat(fd, ret_st) < 0)
        return -1;
    if (!S_ISREG(ret_st->st_mode)) {
        errno = EINVAL;
        return -1;
    }
    if ((guint64)ret_st->st_size > max) {
        errno = EFBIG;
        return -1;
    }
    return vccw_fd_steal(&fd);
}

/* Reads all of @fd, which may be growing; NULL with errno (EFBIG: more than @max bytes).
 */
static char *
read_all(int fd, gsize expected, gsize max, gsize *ret_length)
{
    g_autofree char *data = NULL;
    gsize length = 0;
    gsize room =
        expected ? expected : FIRST_PART; /* those of /proc say that they are empty */

    for (;;) {
        gssize n;

        room = MIN(room, max - length) + 1; /* one more byte tells the end */
        data = g_realloc(data, length + room + 1);
        n = read_up_to(fd, data + length, room);
        if (n < 0)
            return NULL;
        length += n;
        if ((gsize)n < room)
            break;
        if (length > max) {
            errno = EFBIG;
            return NULL;
        }
        room = length;
    }
    data[length] = '\0';
    *ret_length = length;
    return g_steal_pointer(&data);
}

static const char *
why_unreadable(int errnum)
{
    switch (errnum) {
    case EINVAL:
        return "will not read what is not a regular file:";
    case ELOOP:
        return "will not follow the symbolic link";
    case EFBIG:
        return "will not read more than is sensible from";
    default:
        return "cannot read";
    }
}

char *
vccw_read_file(int dirfd,
               const char *name,
               gsize max,
               gsize *ret_length,
               VccwFileStamp *ret_stamp,
               GError **error)
{
    struct stat st;
    g_auto(VccwFd) fd = -1;
    g_autofree char *data = NULL;
    gsize length;

    max = MIN(max, G_MAXSSIZE - 2);
    fd = open_regular(dirfd, name, max, &st);
    data = fd < 0 ? NULL : read_all(fd, st.st_size, max, &length);
    if (!data) {
        int errnum = errno;

        vccw_set_path_errno(error, errnum, why_unreadable(errnum), dirfd, name);
        return NULL;
    }
    if (ret_length)
        *ret_length = length;
    /* Of before the reading: a change meanwhile makes the stamp differ, as it should. */
    if (ret_stamp)
        *ret_stamp = vccw_file_stamp(&st);
    return g_steal_pointer(&data);
}
