/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/cutter.h"
#include <string.h>

/* Begins a message with its complete head. FALSE: the head contradicts itself. */
static gboolean
begin(VccwCutter *cutter, guint32 size)
{
    VccwFrame frame;

    if (!vccw_frame_read_head(&frame, cutter->head, size))
        return FALSE;
    cutter->header = frame.header;
    cutter->length = frame.length;
    cutter->carriers = frame.fds;
    cutter->payload = frame.size;
    cutter->inside = TRUE;
    return TRUE;
}

/* The length is the first word. */
static gboolean
length_is_sane(const VccwCutter *cutter)
{
    guint32 length;

    memcpy(&length, cutter->head, sizeof(length));
    return vccw_frame_length_is_sane(GUINT32_FROM_BE(length));
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

    while (cutter->have < (until = vccw_frame_head_size(cutter->head, cutter->have))) {
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
    if (!begin(cutter, until))
        return (VccwPiece){ .kind = VCCW_PIECE_BROKEN };
    return (VccwPiece){ VCCW_PIECE_HEAD, cutter->head, until };
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
