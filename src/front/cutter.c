/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/cutter.h"
#include "rpc/protocol.h"
#include <string.h>

static guint32
word(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_BE(value);
}

/* The bytes before the payload; known once the type has been seen. */
static guint32
head_size(const VccwCutter *cutter)
{
    gint32 type;

    if (cutter->have < VCCW_FRAME_LENGTH_MIN)
        return VCCW_FRAME_LENGTH_MIN;
    type = (gint32)word(cutter->head + 16);
    return type == VCCW_WIRE_CALL_WITH_FDS || type == VCCW_WIRE_REPLY_WITH_FDS
               ? VCCW_FRAME_LENGTH_MIN + 4
               : VCCW_FRAME_LENGTH_MIN;
}

static gboolean
length_is_sane(const VccwCutter *cutter)
{
    guint32 length = word(cutter->head);

    return length >= VCCW_FRAME_LENGTH_MIN && length <= VCCW_FRAME_LENGTH_MAX;
}

/* Fills in what a complete head tells. FALSE: it contradicts itself. */
static gboolean
read_head(VccwCutter *cutter, guint32 size)
{
    const guint8 *head = cutter->head;

    cutter->header = (VccwHeader){ .program = word(head + 4),
                                   .version = word(head + 8),
                                   .procedure = (gint32)word(head + 12),
                                   .type = (gint32)word(head + 16),
                                   .serial = word(head + 20),
                                   .status = (gint32)word(head + 24) };
    cutter->length = word(head);
    cutter->carriers =
        size > VCCW_FRAME_LENGTH_MIN ? word(head + VCCW_FRAME_LENGTH_MIN) : 0;
    if (cutter->length < size || cutter->carriers > VCCW_FRAME_FDS_MAX)
        return FALSE;
    cutter->payload = cutter->length - size;
    return TRUE;
}

static VccwPiece
take(VccwPieceKind kind, const guint8 **data, gsize *size, gsize n)
{
    VccwPiece piece = { kind, *data, n };

    *data += n;
    *size -= n;
    return piece;
}

static VccwPiece
next_head(VccwCutter *cutter, const guint8 **data, gsize *size)
{
    guint32 until;

    while (cutter->have < (until = head_size(cutter))) {
        gsize n = MIN(*size, until - cutter->have);

        memcpy(cutter->head + cutter->have, *data, n);
        take(VCCW_PIECE_HEAD, data, size, n);
        cutter->have += n;
        /* A stranger's first bytes are judged as soon as they can be. */
        if (cutter->have >= 4 && !length_is_sane(cutter))
            return (VccwPiece){ .kind = VCCW_PIECE_BROKEN };
        if (cutter->have < until)
            return (VccwPiece){ .kind = VCCW_PIECE_MORE };
    }
    if (!read_head(cutter, until))
        return (VccwPiece){ .kind = VCCW_PIECE_BROKEN };
    cutter->inside = TRUE;
    return (VccwPiece){ VCCW_PIECE_HEAD, cutter->head, until };
}

gboolean
vccw_cutter_is_inside(const VccwCutter *cutter)
{
    return cutter->inside || cutter->have > 0;
}

VccwPiece
vccw_cutter_next(VccwCutter *cutter, const guint8 **data, gsize *size)
{
    VccwPiece piece;

    if (!cutter->inside)
        return *size ? next_head(cutter, data, size)
                     : (VccwPiece){ .kind = VCCW_PIECE_MORE };
    if (cutter->payload == 0 && cutter->carriers == 0) {
        cutter->inside = FALSE;
        cutter->have = 0;
        return (VccwPiece){ .kind = VCCW_PIECE_END };
    }
    if (*size == 0)
        return (VccwPiece){ .kind = VCCW_PIECE_MORE };
    if (cutter->payload) {
        piece = take(VCCW_PIECE_PAYLOAD, data, size, MIN(*size, cutter->payload));
        cutter->payload -= piece.size;
        return piece;
    }
    cutter->carriers--;
    return take(VCCW_PIECE_CARRIER, data, size, 1);
}
