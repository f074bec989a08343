/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/look.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

void
vccw_look_clear(VccwLook *look)
{
    g_clear_error(&look->problem);
}

gboolean
vccw_look_done(VccwLook *look, GError **error)
{
    if (!look->problem)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&look->problem));
    return FALSE;
}

void
vccw_look_fail(VccwLook *look, GError *problem)
{
    if (look->problem)
        g_error_free(problem);
    else
        look->problem = problem;
}

/* Devices go at any time, and with them the folder that was just opened. */
static gboolean
is_absent(int errnum)
{
    return errnum == ENOENT || errnum == ENODEV || errnum == ENOTDIR || errnum == ENXIO;
}

static void
judge(VccwLook *look, GError *problem)
{
    if (is_absent(vccw_error_errno(problem)))
        g_error_free(problem);
    else
        vccw_look_fail(look, problem);
}

char *
vccw_look_attr(VccwLook *look, int dirfd, const char *path)
{
    GError *problem = NULL;
    char *text = vccw_read_attr(dirfd, path, &problem);

    if (!text)
        judge(look, problem);
    return text;
}

char *
vccw_look_link(VccwLook *look, int dirfd, const char *path)
{
    GError *problem = NULL;
    char *name = vccw_read_link_name(dirfd, path, &problem);

    if (!name)
        judge(look, problem);
    return name;
}

GPtrArray *
vccw_look_list(VccwLook *look, int dirfd, const char *path)
{
    GError *problem = NULL;
    GPtrArray *names = vccw_list_dir(dirfd, path, &problem);

    if (!names)
        judge(look, problem);
    return names;
}

GPtrArray *
vccw_look_folders(VccwLook *look, int dirfd, const char *path)
{
    GError *problem = NULL;
    GPtrArray *names = vccw_list_folders(dirfd, path, &problem);

    if (!names)
        judge(look, problem);
    return names;
}

int
vccw_look_dir(VccwLook *look, int dirfd, const char *path)
{
    GError *problem = NULL;
    int fd = vccw_open_dir(dirfd, path, &problem);

    if (fd < 0)
        judge(look, problem);
    return fd;
}

gboolean
vccw_look_exists(VccwLook *look, int dirfd, const char *path)
{
    GError *problem = NULL;
    struct stat st;

    if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return TRUE;
    vccw_set_errno(&problem, errno, "cannot look at '%s'", path);
    judge(look, problem);
    return FALSE;
}
