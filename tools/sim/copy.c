/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A copy of /etc, without overlayfs, which not every kernel allows in a user namespace.
 * It is a few megabytes into a tmpfs: some tens of milliseconds.
 */

#include "copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32

static void
copy_owner(int fd, const struct stat *st)
{
    if (fchown(fd, st->st_uid, st->st_gid) < 0)
        g_debug("an owner is not kept");
    fchmod(fd, st->st_mode & 07777);
}

static void
copy_file(int from, int to, const char *name, const struct stat *st)
{
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int out = -1;
    char buffer[65536];
    gssize len;

    if (in >= 0)
        out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out >= 0) {
        while ((len = read(in, buffer, sizeof buffer)) > 0)
            if (write(out, buffer, len) != len)
                break;
        copy_owner(out, st);
        close(out);
    }
    if (in >= 0)
        close(in);
}

static void
copy_link(int from, int to, const char *name)
{
    char target[PATH_MAX];
    gssize len = readlinkat(from, name, target, sizeof target - 1);

    if (len <= 0)
        return;
    target[len] = '\0';
    if (symlinkat(target, to, name) < 0)
        g_debug("a link is not kept");
}

static void
copy_below(int from, int to, const char *const *skip, guint depth)
{
    int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        struct stat st;
        int sub_from, sub_to;

        if (g_str_equal(name, ".") || g_str_equal(name, "..") ||
            (skip && g_strv_contains(skip, name)) ||
            fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISREG(st.st_mode))
            copy_file(fd, to, name, &st);
        else if (S_ISLNK(st.st_mode))
            copy_link(fd, to, name);
        if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX || mkdirat(to, name, 0700) < 0)
            continue;
        sub_from = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sub_from >= 0 && sub_to >= 0) {
            copy_below(sub_from, sub_to, NULL, depth + 1);
            copy_owner(sub_to, &st);
        }
        if (sub_from >= 0)
            close(sub_from);
        if (sub_to >= 0)
            close(sub_to);
    }
    if (dir)
        closedir(dir);
}

void
vccw_sim_copy_tree(int from, int to, const char *const *skip)
{
    copy_below(from, to, skip, 0);
}
