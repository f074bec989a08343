/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The frame parser: a stream must give the same messages however it is cut. The first
 * byte says into pieces of which size; the rest is the stream.
 */

#include "rpc/frame.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* What a stream was cut into, as one checksum, and what is left of the budget. */
typedef struct {
    guint frames;
    guint32 sum;
    gboolean broken;
} Outcome;

static void
add(Outcome *outcome, const void *data, gsize size)
{
    const guint8 *bytes = data;

    for (gsize i = 0; i < size; i++)
        outcome->sum = outcome->sum * 31 + bytes[i];
}

static void
add_frame(Outcome *outcome, const VccwFrame *frame)
{
    g_assert(frame->length >= VCCW_FRAME_LENGTH_MIN);
    g_assert(frame->length <= VCCW_FRAME_LENGTH_MAX);
    g_assert(frame->fds <= VCCW_FRAME_FDS_MAX);
    g_assert(frame->size <= frame->length - VCCW_FRAME_LENGTH_MIN);
    outcome->frames++;
    add(outcome, &frame->header, sizeof(frame->header));
    add(outcome, &frame->fds, sizeof(frame->fds));
    add(outcome, &frame->fate, sizeof(frame->fate));
    if (frame->fate == VCCW_FRAME_KEPT && frame->size)
        add(outcome, frame->payload, frame->size);
    else
        g_assert(frame->fate == VCCW_FRAME_KEPT || frame->payload == NULL);
}

static Outcome
parse(const guint8 *data, gsize size, gsize piece)
{
    VccwFrameBudget budget = { .max = 1024 * 1024 };
    VccwFrameParser parser;
    Outcome outcome = { 0 };

    vccw_frame_parser_init(&parser, &budget);
    for (gsize at = 0; at < size && !outcome.broken; at += piece) {
        gsize left = MIN(piece, size - at);
        g_autofree guint8 *copy = g_memdup2(data + at, left);
        const guint8 *from = copy;
        VccwFrameStatus status;
        VccwFrame frame;

        while ((status = vccw_frame_parse(&parser, &from, &left, &frame)) ==
               VCCW_FRAME_READY)
            add_frame(&outcome, &frame);
        outcome.broken = status == VCCW_FRAME_BROKEN;
        g_assert(outcome.broken || left == 0);
        g_assert(budget.used <= 2 * (at + piece) + 1024);
    }
    vccw_frame_parser_clear(&parser);
    g_assert(budget.used == 0);
    return outcome;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    Outcome whole, pieces;

    if (size < 2)
        return 0;
    whole = parse(data + 1, size - 1, size - 1);
    pieces = parse(data + 1, size - 1, data[0] + 1);
    g_assert(whole.frames == pieces.frames && whole.sum == pieces.sum);
    g_assert(whole.broken == pieces.broken);
    return 0;
}
