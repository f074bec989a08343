/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A queue of bytes: appended at its end, consumed at its start. Zeroed memory is an empty
 * one, and an empty one holds no memory. */

#include <glib.h>

G_BEGIN_DECLS

/** VccwBuffer: the bytes are data[start] to data[end - 1]. */
typedef struct {
    guint8 *data;
    gsize start;
    gsize end;
    gsize capacity;
} VccwBuffer;

/** vccw_buffer_length: Returns: the number of bytes waiting. */
gsize vccw_buffer_length(const VccwBuffer *buffer);

/**
 * vccw_buffer_append: Makes room for @size more bytes, which the caller must fill.
 *
 * Returns: (transfer none): the room, valid until the next append.
 */
guint8 *vccw_buffer_append(VccwBuffer *buffer, gsize size);

/** vccw_buffer_take_back: Takes back the last @size bytes that were appended. */
void vccw_buffer_take_back(VccwBuffer *buffer, gsize size);

/** vccw_buffer_consume: Drops the first @size bytes. */
void vccw_buffer_consume(VccwBuffer *buffer, gsize size);

/** vccw_buffer_move: Appends what @from holds to @to, and empties @from. */
void vccw_buffer_move(VccwBuffer *to, VccwBuffer *from);

/** vccw_buffer_clear: Empties the buffer and releases its memory. */
void vccw_buffer_clear(VccwBuffer *buffer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwBuffer, vccw_buffer_clear)

G_END_DECLS
