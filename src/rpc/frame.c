/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The parser is fed with whatever recv(2) gave and knows no socket. A message that lies
 * whole in the fed bytes is handed out where it is; only a message that is cut by the end
 * of the bytes is put together in memory of its own. That memory doubles as bytes come,
 * so what a client costs is in proportion to what it sent, not to what it announced.
 *
 * A message that is too long, or for which the shared budget has no room, is followed to
 * its end without being kept: the connection stays in step, and its serial can be
 * answered.
 *
 * File descriptors are not taken: a recv(2) without room for control data lets the kernel
 * drop them, so no client can ever place one in this process. Their bytes are skipped.
 */

#include "rpc/frame.h"
#include "rpc/protocol.h"
#include <string.h>

#define FIRST_CAPACITY 1024

static guint32
word(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_BE(value);
}

static void
read_header(VccwHeader *header, const guint8 *head)
{
    header->program = word(head + 4);
    header->version = word(head + 8);
    header->procedure = (gint32)word(head + 12);
    header->type = (gint32)word(head + 16);
    header->serial = word(head + 20);
    header->status = (gint32)word(head + 24);
}

static gboolean
type_has_fds(gint32 type)
{
    return type == VCCW_WIRE_CALL_WITH_FDS || type == VCCW_WIRE_REPLY_WITH_FDS;
}

gboolean
vccw_frame_length_is_sane(guint32 length)
{
    return length >= VCCW_FRAME_LENGTH_MIN && length <= VCCW_FRAME_LENGTH_MAX;
}

guint32
vccw_frame_head_size(const guint8 *head, gsize have)
{
    if (have < VCCW_FRAME_LENGTH_MIN || !type_has_fds((gint32)word(head + 16)))
        return VCCW_FRAME_LENGTH_MIN;
    return VCCW_FRAME_LENGTH_MIN + 4;
}

gboolean
vccw_frame_read_head(VccwFrame *frame, const guint8 *head, guint32 size)
{
    *frame = (VccwFrame){ .length = word(head) };
    read_header(&frame->header, head);
    if (frame->length < size)
        return FALSE;
    if (size > VCCW_FRAME_LENGTH_MIN)
        frame->fds = word(head + VCCW_FRAME_LENGTH_MIN);
    if (frame->fds > VCCW_FRAME_FDS_MAX)
        return FALSE;
    frame->size = frame->length - size;
    if (frame->size > VCCW_FRAME_STORED_MAX)
        frame->fate = VCCW_FRAME_TOO_LARGE;
    return TRUE;
}

void
vccw_frame_parser_init(VccwFrameParser *parser, VccwFrameBudget *budget)
{
    *parser = (VccwFrameParser){ .budget = budget };
}

static void
release_body(VccwFrameParser *parser)
{
    if (parser->budget)
        parser->budget->used -= parser->capacity;
    g_clear_pointer(&parser->body, g_free);
    parser->capacity = 0;
}

void
vccw_frame_parser_clear(VccwFrameParser *parser)
{
    release_body(parser);
    parser->have = 0;
    parser->done = FALSE;
}

gboolean
vccw_frame_parser_begun(const VccwFrameParser *parser)
{
    return parser->have > 0 && !parser->done;
}

/* Makes the body hold @need bytes. FALSE: the budget has no room for that. */
static gboolean
grow_body(VccwFrameParser *parser, gsize need)
{
    VccwFrameBudget *budget = parser->budget;
    gsize capacity = MAX(parser->capacity, FIRST_CAPACITY);
    gsize more;

    if (need <= parser->capacity)
        return TRUE;
    while (capacity < need)
        capacity *= 2;
    capacity = MIN(capacity, parser->frame.size);
    more = capacity - parser->capacity;
    if (budget && parser->frame.size > VCCW_FRAME_SMALL_MAX &&
        (budget->used > budget->max || more > budget->max - budget->used))
        return FALSE;
    if (budget)
        budget->used += more;
    parser->body = g_realloc(parser->body, capacity);
    parser->capacity = capacity;
    return TRUE;
}

static void
keep_payload(VccwFrameParser *parser, const guint8 *data, gsize size, gsize offset)
{
    if (size == 0 || parser->frame.fate != VCCW_FRAME_KEPT)
        return;
    if (grow_body(parser, offset + size)) {
        memcpy(parser->body + offset, data, size);
    } else {
        release_body(parser);
        parser->frame.fate = VCCW_FRAME_NO_ROOM;
    }
}

/* Takes bytes until @parser has @until of the message. */
static gsize
take(VccwFrameParser *parser, const guint8 **data, gsize *size, guint32 until)
{
    gsize n = MIN(*size, until - parser->have);

    *data += n;
    *size -= n;
    parser->have += n;
    return n;
}

static VccwFrameStatus
parse_head(VccwFrameParser *parser, const guint8 **data, gsize *size)
{
    guint32 until;

    while (parser->have < (until = vccw_frame_head_size(parser->head, parser->have))) {
        const guint8 *from = *data;
        guint32 have = parser->have;
        gsize n = take(parser, data, size, until);

        if (n)
            memcpy(parser->head + have, from, n);
        if (parser->have >= 4 && !vccw_frame_length_is_sane(word(parser->head)))
            return VCCW_FRAME_BROKEN;
        if (parser->have < until)
            return VCCW_FRAME_MORE;
        if (until == vccw_frame_head_size(parser->head, parser->have) &&
            !vccw_frame_read_head(&parser->frame, parser->head, until))
            return VCCW_FRAME_BROKEN;
    }
    return VCCW_FRAME_READY;
}

/* The common case: the message is there in one piece. */
static gboolean
parse_in_place(const guint8 **data, gsize *size, VccwFrame *ret_frame)
{
    VccwFrame frame;
    guint32 head;

    if (*size < VCCW_FRAME_LENGTH_MIN || !vccw_frame_length_is_sane(word(*data)))
        return FALSE;
    head = vccw_frame_head_size(*data, *size);
    if (*size < head || !vccw_frame_read_head(&frame, *data, head) ||
        frame.fate != VCCW_FRAME_KEPT || *size < (gsize)frame.length + frame.fds)
        return FALSE;
    frame.payload = *data + head;
    *data += frame.length + frame.fds;
    *size -= frame.length + frame.fds;
    *ret_frame = frame;
    return TRUE;
}

VccwFrameStatus
vccw_frame_parse(VccwFrameParser *parser,
                 const guint8 **data,
                 gsize *size,
                 VccwFrame *ret_frame)
{
    VccwFrame *frame = &parser->frame;
    const guint8 *from;
    VccwFrameStatus status;
    guint32 head;
    gsize n;

    if (parser->done)
        vccw_frame_parser_clear(parser);
    if (parser->have == 0 && parse_in_place(data, size, ret_frame))
        return VCCW_FRAME_READY;

    status = parse_head(parser, data, size);
    if (status != VCCW_FRAME_READY)
        return status;
    head = vccw_frame_head_size(parser->head, parser->have);
    if (parser->have < frame->length) {
        guint32 offset = parser->have - head;

        from = *data;
        n = take(parser, data, size, frame->length);
        keep_payload(parser, from, n, offset);
    }
    if (parser->have < frame->length)
        return VCCW_FRAME_MORE;
    take(parser, data, size, frame->length + frame->fds);
    if (parser->have < frame->length + frame->fds)
        return VCCW_FRAME_MORE;
    frame->payload = parser->body;
    parser->done = TRUE;
    *ret_frame = *frame;
    return VCCW_FRAME_READY;
}
