/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The cutter follows a stream of messages without keeping them: it tells where a message
 * begins, what of the bytes at hand belongs to it, which bytes carry a file descriptor,
 * and where it ends. So a relay can pass on a message of any length that it has not yet
 * seen the end of.
 */

#include "rpc/frame.h"

G_BEGIN_DECLS

/** VccwPieceKind: what vccw_cutter_next() found. */
typedef enum {
    VCCW_PIECE_MORE,    /* all bytes are used */
    VCCW_PIECE_HEAD,    /* a message begins: its head, which may be of an earlier call */
    VCCW_PIECE_PAYLOAD, /* some of its payload */
    VCCW_PIECE_CARRIER, /* a byte with which a file descriptor came */
    VCCW_PIECE_END,     /* the message is complete; no bytes */
    VCCW_PIECE_BROKEN,  /* the bytes are not this protocol: give the connection up */
} VccwPieceKind;

/** VccwPiece: some bytes of a message. */
typedef struct {
    VccwPieceKind kind;
    const guint8 *data; /* valid until the cutter is used again or its input is gone */
    gsize size;
} VccwPiece;

/** VccwCutter: zeroed memory is the start of a stream. */
typedef struct {
    VccwHeader header; /* of the message under way; valid from its head to its end */
    guint32 length;    /* of all of it, without the carriers */
    gboolean inside;   /* its head was handed out, and its end not yet */
    /* private: */
    guint8 head[VCCW_FRAME_LENGTH_MIN + 4];
    guint32 have;     /* bytes of the head */
    guint32 payload;  /* bytes of the payload still to come */
    guint32 carriers; /* bytes with file descriptors still to come */
} VccwCutter;

/**
 * vccw_cutter_next: Takes the next piece off the bytes.
 * @data: (inout): the bytes; advanced over those that were used
 * @size: (inout): the number of bytes; lowered likewise
 */
VccwPiece vccw_cutter_next(VccwCutter *cutter, const guint8 **data, gsize *size);

G_END_DECLS
