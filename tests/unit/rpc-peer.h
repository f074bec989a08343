/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The other end of a connection, for tests of the server: builds messages word by word
 * from the protocol's description, with none of the server's own code, and reads the
 * answers.
 */

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REMOTE    0x20008086u
#define KEEPALIVE 0x6b656570u

enum { CALL, REPLY, MESSAGE, STREAM, CALL_WITH_FDS, REPLY_WITH_FDS, STREAM_HOLE };

/** PeerReply: a message from the server; words() reads its payload. */
typedef struct {
    guint32 length, program, version, procedure, type, serial, status;
    guint8 *payload;
    gsize size;
} PeerReply;

static inline void
put_word(GByteArray *to, guint32 value)
{
    guint32 wire = GUINT32_TO_BE(value);

    g_byte_array_append(to, (guint8 *)&wire, sizeof(wire));
}

static inline void
put_text(GByteArray *to, const char *text)
{
    static const guint8 padding[4] = { 0 };
    gsize size = strlen(text);

    put_word(to, size);
    g_byte_array_append(to, (const guint8 *)text, size);
    g_byte_array_append(to, padding, (4 - size % 4) % 4);
}

static inline guint32
get_word(const guint8 *from, gsize index)
{
    guint32 wire;

    memcpy(&wire, from + 4 * index, sizeof(wire));
    return GUINT32_FROM_BE(wire);
}

/* Appends a message with header members in the wire's order. */
static inline void
put_message(GByteArray *to,
            guint32 program,
            guint32 version,
            guint32 procedure,
            guint32 type,
            guint32 serial,
            guint32 status,
            const GByteArray *payload)
{
    put_word(to, 28 + (payload ? payload->len : 0));
    put_word(to, program);
    put_word(to, version);
    put_word(to, procedure);
    put_word(to, type);
    put_word(to, serial);
    put_word(to, status);
    if (payload)
        g_byte_array_append(to, payload->data, payload->len);
}

static inline void
put_call(GByteArray *to, guint32 procedure, guint32 serial, const GByteArray *payload)
{
    put_message(to, REMOTE, 1, procedure, CALL, serial, 0, payload);
}

static inline void
put_ping(GByteArray *to)
{
    put_message(to, KEEPALIVE, 1, 1, MESSAGE, 0, 0, NULL);
}

static inline void
peer_reply_free(PeerReply *reply)
{
    if (reply)
        g_free(reply->payload);
    g_free(reply);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PeerReply, peer_reply_free)

/* Takes one whole message from the front of @from; NULL if there is none. */
static inline PeerReply *
take_reply(GByteArray *from)
{
    PeerReply *reply;
    guint32 length;

    if (from->len < 28 || from->len < (length = get_word(from->data, 0)))
        return NULL;
    g_assert_cmpuint(length, >=, 28);
    reply = g_new0(PeerReply, 1);
    reply->length = length;
    reply->program = get_word(from->data, 1);
    reply->version = get_word(from->data, 2);
    reply->procedure = get_word(from->data, 3);
    reply->type = get_word(from->data, 4);
    reply->serial = get_word(from->data, 5);
    reply->status = get_word(from->data, 6);
    reply->size = length - 28;
    reply->payload = g_malloc(reply->size + 1);
    memcpy(reply->payload, from->data + 28, reply->size);
    reply->payload[reply->size] = '\0';
    g_byte_array_remove_range(from, 0, length);
    return reply;
}

/* The message of an error reply, which lies behind code, domain and a one. */
static inline char *
error_message(const PeerReply *reply)
{
    guint32 size;

    g_assert_cmpuint(reply->status, ==, 1);
    g_assert_cmpuint(get_word(reply->payload, 2), ==, 1);
    size = get_word(reply->payload, 3);
    g_assert_cmpuint(16 + size, <=, reply->size);
    return g_strndup((const char *)reply->payload + 16, size);
}
