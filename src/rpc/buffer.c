/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A client that waits for nothing should cost nothing: the memory goes when the last byte
 * has gone. Growth doubles, so appending is cheap however long the queue becomes.
 */

#include "rpc/buffer.h"
#include <string.h>

#define FIRST_CAPACITY 512

gsize
vccw_buffer_length(const VccwBuffer *buffer)
{
    return buffer->end - buffer->start;
}

static void
make_room(VccwBuffer *buffer, gsize size)
{
    gsize length = vccw_buffer_length(buffer);
    gsize capacity = MAX(buffer->capacity, FIRST_CAPACITY);

    if (size <= buffer->capacity - buffer->end)
        return;
    /* Moving is worth it only if it frees at least as much as it copies. */
    if (buffer->start >= length && size <= buffer->capacity - length) {
        memmove(buffer->data, buffer->data + buffer->start, length);
    } else {
        guint8 *data;

        while (capacity - length < size)
            capacity *= 2;
        data = g_malloc(capacity);
        if (length)
            memcpy(data, buffer->data + buffer->start, length);
        g_free(buffer->data);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    buffer->start = 0;
    buffer->end = length;
}

guint8 *
vccw_buffer_append(VccwBuffer *buffer, gsize size)
{
    make_room(buffer, size);
    buffer->end += size;
    return buffer->data + buffer->end - size;
}

static void
release_if_empty(VccwBuffer *buffer)
{
    if (vccw_buffer_length(buffer) == 0)
        vccw_buffer_clear(buffer);
}

void
vccw_buffer_take_back(VccwBuffer *buffer, gsize size)
{
    g_return_if_fail(size <= vccw_buffer_length(buffer));
    buffer->end -= size;
    release_if_empty(buffer);
}

void
vccw_buffer_consume(VccwBuffer *buffer, gsize size)
{
    g_return_if_fail(size <= vccw_buffer_length(buffer));
    buffer->start += size;
    release_if_empty(buffer);
}

void
vccw_buffer_move(VccwBuffer *to, VccwBuffer *from)
{
    gsize length = vccw_buffer_length(from);

    if (length)
        memcpy(vccw_buffer_append(to, length), from->data + from->start, length);
    vccw_buffer_clear(from);
}

void
vccw_buffer_clear(VccwBuffer *buffer)
{
    g_free(buffer->data);
    *buffer = (VccwBuffer){ 0 };
}
