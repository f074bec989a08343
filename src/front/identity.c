/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/identity.h"
#include "front/words.h"
#include "rpc/protocol.h"

#define PARAMS_MAX 20 /* by libvirt's protocol */

/* Reads a typed parameter at @at, and moves that behind it. @ret_whole is FALSE for what
 * is no whole number of 64 bits; libvirt has these fields as nothing else. */
static gboolean
read_param(const GByteArray *payload,
           gsize *at,
           char **ret_field,
           gboolean *ret_whole,
           guint64 *ret_number)
{
    g_autofree char *field = vccw_words_text(payload, at);
    g_autofree char *text = NULL;
    guint32 type;
    gsize size;

    if (!field || payload->len - *at < 4)
        return FALSE;
    type = vccw_words_at(payload, *at / 4);
    *at += 4;
    *ret_number = 0;
    *ret_whole = type == VCCW_WORDS_LLONG || type == VCCW_WORDS_ULLONG;
    size = vccw_words_param_size(type);
    if (type == VCCW_WORDS_STRING)
        text = vccw_words_text(payload, at);
    if (type == VCCW_WORDS_STRING ? !text : !size || payload->len - *at < size)
        return FALSE;
    if (size == 8)
        *ret_number = (guint64)vccw_words_at(payload, *at / 4) << 32 |
                      vccw_words_at(payload, *at / 4 + 1);
    *at += size;
    *ret_field = g_steal_pointer(&field);
    return TRUE;
}

/* A number that does not fit is of nobody, too, and not of whom it looks like. */
static void
note(VccwActor *actor, const char *field, guint64 number)
{
    if (g_str_equal(field, "unix-user-id"))
        actor->uid = number < (uid_t)-1 ? (uid_t)number : (uid_t)-1;
    else if (g_str_equal(field, "process-id"))
        actor->pid = number <= G_MAXINT32 ? (pid_t)number : 0;
    else if (g_str_equal(field, "process-time"))
        actor->start = number;
}

/* Who is not told is nobody: with what is left out, polkit lets nobody do anything. */
static VccwActor
read_actor(const GByteArray *payload)
{
    static const VccwActor nobody = { .uid = (uid_t)-1 };
    VccwActor actor = nobody;
    guint32 n = MIN(vccw_words_at(payload, 0), PARAMS_MAX);
    gsize at = 4;

    for (guint32 i = 0; i < n; i++) {
        g_autofree char *field = NULL;
        gboolean whole;
        guint64 number;

        if (!read_param(payload, &at, &field, &whole, &number))
            return nobody;
        if (whole)
            note(&actor, field, number);
        else if (g_str_equal(field, "unix-user-id"))
            return nobody;
    }
    return actor;
}

static void
on_reply(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    g_autofree VccwActor *actor = data;

    if (reply->header.status == VCCW_WIRE_OK)
        vccw_relay_set_actor(relay, actor);
    vccw_relay_answer(relay, reply);
}

void
vccw_identity_call(VccwRelay *relay, VccwMessage *message)
{
    VccwActor actor = read_actor(message->payload);
    VccwMessage *reply;

    if (vccw_relay_peer(relay)->uid != 0) {
        vccw_relay_forward(relay, message);
        return;
    }
    if (vccw_relay_has_stock(relay)) {
        vccw_relay_ask(relay, message, on_reply, g_memdup2(&actor, sizeof(actor)),
                       g_free);
        return;
    }
    vccw_relay_set_actor(relay, &actor);
    reply = vccw_message_new(&message->header);
    reply->header.type = VCCW_WIRE_REPLY;
    vccw_relay_answer(relay, reply);
    vccw_message_free(message);
}
