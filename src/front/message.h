/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A message that a relay keeps whole, because it has to look at it. */

#include "front/cutter.h"
#include "front/port.h"
#include "front/shares.h"

G_BEGIN_DECLS

/** VccwAccount: what the messages that are kept for one client cost. A GLib box that is
 * counted by reference: g_rc_box_acquire(). */
typedef struct {
    VccwShares *bytes; /* of all clients' messages; must outlive the account */
    uid_t uid;
    gboolean read_only;
    guint calls; /* messages of the client that there are: it has no answer to them yet */
    guint fds;   /* file descriptors that came with kept messages */
} VccwAccount;

/** VccwMessage: a whole message, or the part of it that has come. */
typedef struct {
    VccwHeader header;
    GByteArray *payload;
    int fds[VCCW_FRAME_FDS_MAX]; /* that came with it; owned */
    guint n_fds;
    /* private: */
    VccwAccount *account; /* that bears it, or NULL */
    gsize counted;        /* bytes of it */
    gboolean call;        /* whether it is one of the account's calls */
} VccwMessage;

/** vccw_message_new: Returns: (transfer full): a message without payload, that nobody
 * bears the cost of. */
VccwMessage *vccw_message_new(const VccwHeader *header);

/**
 * vccw_message_keep:
 * @account: what it costs as long as it lives
 * @call: whether the client itself sent it
 *
 * Returns: (transfer full): a message without payload.
 */
VccwMessage *
vccw_message_keep(const VccwHeader *header, VccwAccount *account, gboolean call);

/** vccw_message_append: Appends to the payload of a message that is kept.
 *
 * Returns: FALSE if its user has no share left; then nothing was appended. A payload that
 * stays below VCCW_FRAME_SMALL_MAX always fits. */
gboolean vccw_message_append(VccwMessage *message, const guint8 *data, gsize size);

/** vccw_message_append_fd: Appends to the file descriptors of a message that is kept,
 * which are VCCW_FRAME_FDS_MAX at most.
 * @fd: (transfer full) */
void vccw_message_append_fd(VccwMessage *message, int fd);

/** vccw_message_free: Closes the file descriptors that are still there. NULL is fine. */
void vccw_message_free(VccwMessage *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwMessage, vccw_message_free)

/** vccw_message_send: Appends the message, file descriptors too, to what @port sends. The
 * account bears the bytes until they are gone. */
void vccw_message_send(VccwMessage *message, VccwPort *port);

/** vccw_header_is_call: Returns: whether it is a call of libvirt's remote program. */
gboolean vccw_header_is_call(const VccwHeader *header);

/** vccw_header_is_reply: Returns: whether it is a reply, of whichever program. */
gboolean vccw_header_is_reply(const VccwHeader *header);

G_END_DECLS
