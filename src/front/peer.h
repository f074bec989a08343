/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who is at the other end of a socket, by the kernel's word. */

#include "front/relay.h"

G_BEGIN_DECLS

/**
 * vccw_peer_of: Fills in user, group, process, its start, and its security label.
 * @fd: a connected UNIX socket
 * @proc: folder of procfs, usually "/proc"
 * @peer: (inout): its other members stay as they are
 *
 * Returns: FALSE if the kernel does not tell; then nobody is to be served.
 */
gboolean vccw_peer_of(int fd, const char *proc, VccwRelayPeer *peer);

G_END_DECLS
