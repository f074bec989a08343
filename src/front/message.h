/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A message that a relay keeps whole, because it has to look at it. */

#include "front/cutter.h"
#include "front/port.h"

G_BEGIN_DECLS

/** VccwMessage: a whole message, or the part of it that has come. */
typedef struct {
    VccwHeader header;
    GByteArray *payload;
    int fds[VCCW_FRAME_FDS_MAX]; /* that came with it; owned */
    guint n_fds;
} VccwMessage;

/** vccw_message_new: Returns: (transfer full): a message without payload. */
VccwMessage *vccw_message_new(const VccwHeader *header);

/** vccw_message_free: Closes the file descriptors that are still there. NULL is fine. */
void vccw_message_free(VccwMessage *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwMessage, vccw_message_free)

/** vccw_message_send: Appends the message, file descriptors too, to what @port sends. */
void vccw_message_send(VccwMessage *message, VccwPort *port);

/** vccw_header_is_call: Returns: whether it is a call of libvirt's remote program. */
gboolean vccw_header_is_call(const VccwHeader *header);

/** vccw_header_is_reply: Returns: whether it is a reply, of whichever program. */
gboolean vccw_header_is_reply(const VccwHeader *header);

G_END_DECLS
