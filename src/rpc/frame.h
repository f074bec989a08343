/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Frames: the stream of bytes of a connection, cut into messages.
 *
 * A message is a length word that counts itself, a header of six words, for the types
 * "with file descriptors" the number of these, and the payload; after it, outside the
 * length, one byte for each file descriptor.
 */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_FRAME_LENGTH_MIN 28 /* length word and header */
#define VCCW_FRAME_LENGTH_MAX (32 * 1024 * 1024 + 4)
#define VCCW_FRAME_STORED_MAX (256 * 1024) /* a longer message is read but not kept */
#define VCCW_FRAME_SMALL_MAX  (4 * 1024)   /* a message this short is always kept */
#define VCCW_FRAME_FDS_MAX    32

/** VccwHeader: what a message is; the numbers are those of protocol.x. */
typedef struct {
    guint32 program;
    guint32 version;
    gint32 procedure;
    gint32 type;
    guint32 serial;
    gint32 status;
} VccwHeader;

/** VccwFrameFate: what became of a message's payload. */
typedef enum {
    VCCW_FRAME_KEPT,
    VCCW_FRAME_TOO_LARGE, /* dropped: longer than VCCW_FRAME_STORED_MAX */
    VCCW_FRAME_NO_ROOM,   /* dropped: the budget was spent */
} VccwFrameFate;

/** VccwFrame: a whole message. */
typedef struct {
    VccwHeader header;
    guint32 length; /* as announced */
    guint32 fds;    /* file descriptors that came with it (and were dropped) */
    VccwFrameFate fate;
    const guint8 *payload; /* not NUL-terminated, not aligned; NULL if it was dropped */
    gsize size;            /* bytes of @payload */
} VccwFrame;

/** vccw_frame_length_is_sane: Returns: whether a message may announce this length. */
gboolean vccw_frame_length_is_sane(guint32 length);

/**
 * vccw_frame_head_size: Returns: the bytes of a message before its payload, as far as
 * they are known.
 * @head: its first bytes
 * @have: how many there are
 */
guint32 vccw_frame_head_size(const guint8 *head, gsize have);

/**
 * vccw_frame_read_head: Fills in what a complete head tells: header, length, number of
 * file descriptors, and bytes of the payload.
 * @size: vccw_frame_head_size()
 *
 * Returns: FALSE if the head contradicts itself.
 */
gboolean vccw_frame_read_head(VccwFrame *frame, const guint8 *head, guint32 size);

/** VccwFrameBudget: bytes that the unfinished messages of many parsers may hold together.
 */
typedef struct {
    gsize used;
    gsize max;
} VccwFrameBudget;

/** VccwFrameStatus: what vccw_frame_parse() found. */
typedef enum {
    VCCW_FRAME_MORE,   /* all bytes are used, and no message is complete */
    VCCW_FRAME_READY,  /* a message is complete */
    VCCW_FRAME_BROKEN, /* the bytes are not this protocol: give the connection up */
} VccwFrameStatus;

/** VccwFrameParser: the state between two pieces of a message. Members are private. */
typedef struct {
    VccwFrameBudget *budget;
    guint8 head[VCCW_FRAME_LENGTH_MIN + 4]; /* up to the number of file descriptors */
    guint32 have;                           /* bytes of the message seen, fd bytes too */
    guint32 capacity;                       /* bytes of @body */
    guint8 *body;                           /* the payload so far */
    VccwFrame frame;                        /* valid once the head is complete */
    gboolean done;                          /* the frame was handed out */
} VccwFrameParser;

/**
 * vccw_frame_parser_init:
 * @budget: (nullable): shared; must outlive the parser
 */
void vccw_frame_parser_init(VccwFrameParser *parser, VccwFrameBudget *budget);

/** vccw_frame_parser_clear: Forgets an unfinished message and releases its memory. */
void vccw_frame_parser_clear(VccwFrameParser *parser);

/** vccw_frame_parser_begun: Returns: whether a message was begun and is not complete. */
gboolean vccw_frame_parser_begun(const VccwFrameParser *parser);

/**
 * vccw_frame_parse: Takes bytes until one message is complete.
 * @data: (inout): the bytes; advanced over those that were used
 * @size: (inout): the number of bytes; lowered likewise
 * @ret_frame: (out): set with VCCW_FRAME_READY; its payload lives until the parser is
 * used again or the bytes at @data are gone
 *
 * Memory grows only with the bytes that came.
 */
VccwFrameStatus vccw_frame_parse(VccwFrameParser *parser,
                                 const guint8 **data,
                                 gsize *size,
                                 VccwFrame *ret_frame);

G_END_DECLS
