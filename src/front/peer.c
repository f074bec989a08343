/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A process number alone may be somebody else's by the time it is looked at; together
 * with the time the process started it names one process for ever.
 */

#include "front/peer.h"
#include "base/process.h"
#include <sys/socket.h>

#define LABEL_MAX 256

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
    peer->start = vccw_process_start(proc, cred.pid);
    peer->label = read_label(fd);
    return TRUE;
}
