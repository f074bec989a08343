/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/message.h"
#include "rpc/protocol.h"
#include <string.h>
#include <unistd.h>

VccwMessage *
vccw_message_new(const VccwHeader *header)
{
    VccwMessage *message = g_new0(VccwMessage, 1);

    message->header = *header;
    message->payload = g_byte_array_new();
    return message;
}

VccwMessage *
vccw_message_keep(const VccwHeader *header, VccwAccount *account, gboolean call)
{
    VccwMessage *message = vccw_message_new(header);

    message->account = g_rc_box_acquire(account);
    message->call = call;
    account->calls += call ? 1 : 0;
    return message;
}

gboolean
vccw_message_append(VccwMessage *message, const guint8 *data, gsize size)
{
    VccwAccount *account = message->account;

    if (vccw_shares_take(account->bytes, account->uid, account->read_only, size))
        message->counted += size;
    else if (message->payload->len + size > VCCW_FRAME_SMALL_MAX)
        return FALSE;
    g_byte_array_append(message->payload, data, size);
    return TRUE;
}

void
vccw_message_append_fd(VccwMessage *message, int fd)
{
    message->account->fds++;
    message->fds[message->n_fds++] = fd;
}

static void
forget_fds(VccwMessage *message)
{
    if (message->account)
        message->account->fds -= message->n_fds;
    message->n_fds = 0;
}

static void
settle_account(VccwMessage *message)
{
    VccwAccount *account = message->account;

    if (!account)
        return;
    account->calls -= message->call ? 1 : 0;
    vccw_shares_give(account->bytes, account->uid, message->counted);
    g_rc_box_release(account);
}

void
vccw_message_free(VccwMessage *message)
{
    if (!message)
        return;
    for (guint i = 0; i < message->n_fds; i++)
        close(message->fds[i]);
    forget_fds(message);
    settle_account(message);
    g_byte_array_unref(message->payload);
    g_free(message);
}

/* What is still borne of a message that is in a port. */
typedef struct {
    VccwAccount *account;
    gsize counted;
} Borne;

static void
borne_free(gpointer data)
{
    Borne *borne = data;
    VccwAccount *account = borne->account;

    vccw_shares_give(account->bytes, account->uid, borne->counted);
    g_rc_box_release(account);
    g_free(borne);
}

static void
hand_account_over(VccwMessage *message, VccwPort *port)
{
    Borne *borne;

    if (!message->counted)
        return;
    borne = g_new(Borne, 1);
    *borne = (Borne){ g_rc_box_acquire(message->account), message->counted };
    message->counted = 0;
    vccw_port_append_end(port, borne, borne_free);
}

static gboolean
has_fd_count(const VccwHeader *header)
{
    return header->type == VCCW_WIRE_CALL_WITH_FDS ||
           header->type == VCCW_WIRE_REPLY_WITH_FDS;
}

void
vccw_message_send(VccwMessage *message, VccwPort *port)
{
    const VccwHeader *header = &message->header;
    gboolean counted = has_fd_count(header);
    guint32 length = VCCW_FRAME_LENGTH_MIN + (counted ? 4 : 0) + message->payload->len;
    guint32 head[8] = { g_htonl(length),          g_htonl(header->program),
                        g_htonl(header->version), g_htonl(header->procedure),
                        g_htonl(header->type),    g_htonl(header->serial),
                        g_htonl(header->status),  g_htonl(message->n_fds) };

    vccw_port_append(port, (const guint8 *)head,
                     VCCW_FRAME_LENGTH_MIN + (counted ? 4 : 0));
    if (message->payload->len)
        vccw_port_append(port, message->payload->data, message->payload->len);
    for (guint i = 0; i < message->n_fds; i++)
        vccw_port_append_fd(port, message->fds[i]);
    forget_fds(message);
    hand_account_over(message, port);
}

gboolean
vccw_header_is_call(const VccwHeader *header)
{
    return header->program == VCCW_WIRE_REMOTE && header->version == VCCW_WIRE_VERSION &&
           (header->type == VCCW_WIRE_CALL || header->type == VCCW_WIRE_CALL_WITH_FDS);
}

gboolean
vccw_header_is_reply(const VccwHeader *header)
{
    return header->type == VCCW_WIRE_REPLY || header->type == VCCW_WIRE_REPLY_WITH_FDS;
}
