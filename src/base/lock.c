/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/lock.h"
#include "base/io.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
read_holder(int fd)
{
    char text[16] = { 0 };

    if (read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    return g_strdup(g_strstrip(text));
}

int
vccw_lock_file(const char *path, char **ret_holder, GError **error)
{
    g_autofree char *pid = g_strdup_printf("%d\n", getpid());
    g_auto(VccwFd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || fchmod(fd, 0600) < 0) {
        vccw_set_errno(error, errno, "cannot open '%s'", path);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int errnum = errno;

        if (errnum == EWOULDBLOCK)
            *ret_holder = read_holder(fd);
        vccw_set_errno(error, errnum, "cannot lock '%s'", path);
        return -1;
    }
    if (ftruncate(fd, 0) < 0 || write(fd, pid, strlen(pid)) < 0) {
        vccw_set_errno(error, errno, "cannot write '%s'", path);
        return -1;
    }
    return vccw_fd_steal(&fd);
}
