/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A mountinfo that is kept open tells by poll(2) whether anything was mounted or
 * unmounted since the last poll. A file that is not the kernel's does not: it is read
 * each time.
 */

#include "handover/glance.h"

#include "base/io.h"
#include "handover/use.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/vfs.h>
#include <unistd.h>

struct _VccwGlance {
    VccwHandoverHost host;
    int fd;          /* mountinfo, or -1 */
    gboolean tells;  /* poll(2) works on it */
    GString *mounts; /* as it was read last, or NULL */
};

VccwGlance *
vccw_glance_new(const VccwHandoverHost *host)
{
    VccwGlance *glance = g_new0(VccwGlance, 1);

    glance->host = *host;
    glance->fd = -1;
    return glance;
}

void
vccw_glance_free(VccwGlance *glance)
{
    if (!glance)
        return;
    vccw_fd_clear(&glance->fd);
    if (glance->mounts)
        g_string_free(glance->mounts, TRUE);
    g_free(glance);
}

static void
open_mounts(VccwGlance *glance)
{
    g_autofree char *path = g_build_filename(glance->host.proc, "self/mountinfo", NULL);
    struct statfs fs;

    glance->fd = open(path, O_RDONLY | O_CLOEXEC);
    glance->tells =
        glance->fd >= 0 && fstatfs(glance->fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static gboolean
is_current(VccwGlance *glance)
{
    struct pollfd poll_fd = { .fd = glance->fd, .events = POLLPRI };

    return glance->mounts && glance->tells && poll(&poll_fd, 1, 0) == 0;
}

static void
read_mounts(VccwGlance *glance)
{
    char part[16384];
    gssize length;

    if (glance->fd < 0)
        open_mounts(glance);
    if (glance->fd < 0 || is_current(glance) || lseek(glance->fd, 0, SEEK_SET) < 0)
        return;
    if (!glance->mounts)
        glance->mounts = g_string_new(NULL);
    g_string_truncate(glance->mounts, 0);
    while ((length = TEMP_FAILURE_RETRY(read(glance->fd, part, sizeof part))) > 0)
        g_string_append_len(glance->mounts, part, length);
}

GPtrArray *
vccw_glance_users(VccwGlance *glance, int sysfs, const VccwBusId *device)
{
    g_autofree char *path = g_build_filename(glance->host.proc, "swaps", NULL);
    g_autofree char *swaps =
        vccw_read_file(AT_FDCWD, path, 1024 * 1024, NULL, NULL, NULL);

    read_mounts(glance);
    return vccw_use_glance(&glance->host, sysfs, device,
                           glance->mounts ? glance->mounts->str : "", swaps);
}
