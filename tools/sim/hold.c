/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The user of a device. It is a process of its own with the group really open, so that
 * whoever looks through /proc for the user finds it, under the name of a QEMU.
 */

#include "hold.h"

#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The simulator closes the connection when the device shall be released. */
G_NORETURN static void
stay(int connection)
{
    char byte;
    int null = open("/dev/null", O_RDWR);

    setsid();
    prctl(PR_SET_NAME, "qemu-system-s39");
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    while (recv(connection, &byte, 1, 0) > 0)
        ;
    _exit(0);
}

gboolean
vccw_sim_hold(const char *uuid, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(uuid, -1);
    const char *ask[] = { "group", lower, NULL };
    const char *tell[] = { "holding", lower, NULL };
    g_autofree char *group = NULL;
    g_autofree char *path = NULL;
    g_autofree char *answer = NULL;
    int connection, fd;
    pid_t pid;

    if (!vccw_sim_control_call(ask, &group, NULL, error))
        return FALSE;
    path = g_strconcat("/dev/vfio/", group, NULL);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        g_set_error(error, G_UNIX_ERROR, errno, "cannot open '%s': %s", path,
                    g_strerror(errno));
        return FALSE;
    }
    if (!vccw_sim_control_call(tell, &answer, &connection, error)) {
        close(fd);
        return FALSE;
    }
    pid = fork();
    if (pid == 0)
        stay(connection);
    close(connection);
    close(fd);
    return pid > 0;
}
