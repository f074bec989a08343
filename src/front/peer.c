/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A process number alone may be somebody else's by the time it is looked at; together
 * with the time the process started it names one process for ever.
 */

#include "front/peer.h"
#include "base/io.h"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#define STAT_MAX   4096
#define LABEL_MAX  256
#define START_TIME 22 /* field of /proc/PID/stat, see proc(5) */

/* The second field is the program's name in parentheses, which may hold anything. */
static guint64
start_of(const char *stat)
{
    const char *at = strrchr(stat, ')');

    for (guint field = 2; at && field < START_TIME; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at ? g_ascii_strtoull(at, NULL, 10) : 0;
}

static guint64
read_start(const char *proc, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("%s/%d/stat", proc, pid);
    g_autofree char *stat = vccw_read_file(AT_FDCWD, path, STAT_MAX, NULL, NULL, NULL);

    return stat ? start_of(stat) : 0;
}

static char *
read_label(int fd)
{
    char label[LABEL_MAX + 1] = { 0 };
    socklen_t size = LABEL_MAX;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &size) < 0 || label[0] == '\0')
        return NULL;
    return g_strdup(label);
}

gboolean
vccw_peer_of(int fd, const char *proc, VccwRelayPeer *peer)
{
    struct ucred cred = { .uid = (uid_t)-1 };
    socklen_t size = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
        return FALSE;
    peer->uid = cred.uid;
    peer->gid = cred.gid;
    peer->pid = cred.pid;
    peer->start = read_start(proc, cred.pid);
    peer->label = read_label(fd);
    return TRUE;
}
