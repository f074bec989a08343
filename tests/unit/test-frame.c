/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The frame parser, fed in every way in which a socket may cut a stream. */

#include "rpc-peer.h"
#include "rpc/frame.h"

typedef struct {
    guint frames;
    guint32 serials[8];
    gsize sizes[8];
    guint8 first[8]; /* byte of each payload */
    VccwFrameFate fates[8];
    VccwFrameStatus last;
    gsize left;
} Outcome;

static VccwFrameStatus
feed(VccwFrameParser *parser, const guint8 *data, gsize size, Outcome *outcome)
{
    VccwFrame frame;

    while ((outcome->last = vccw_frame_parse(parser, &data, &size, &frame)) ==
           VCCW_FRAME_READY) {
        guint n = outcome->frames++ % 8;

        outcome->serials[n] = frame.header.serial;
        outcome->sizes[n] = frame.size;
        outcome->fates[n] = frame.fate;
        outcome->first[n] = frame.payload && frame.size ? frame.payload[0] : 0;
        /* Every byte must be readable. */
        for (gsize i = 0; frame.payload && i < frame.size; i++)
            g_assert_cmpuint(frame.payload[i], ==, outcome->first[n]);
    }
    outcome->left = size;
    return outcome->last;
}

static GByteArray *
filled(guint8 byte, gsize size)
{
    GByteArray *payload = g_byte_array_new();

    g_byte_array_set_size(payload, size);
    memset(payload->data, byte, size);
    return payload;
}

/* A call without payload, one with, one with two fds, one large, one empty. */
static GByteArray *
sample(void)
{
    GByteArray *stream = g_byte_array_new();
    g_autoptr(GByteArray) some = filled('a', 13);
    g_autoptr(GByteArray) large = filled('b', 3000);
    guint8 carriers[2] = { 0, 0 };

    put_call(stream, 1, 0, NULL);
    put_call(stream, 2, 1, some);
    put_word(stream, 28 + 4 + 4);
    for (guint i = 0; i < 6; i++)
        put_word(stream, (guint32[]){ REMOTE, 1, 3, CALL_WITH_FDS, 2, 0 }[i]);
    put_word(stream, 2);
    put_word(stream, 0x63636363);
    g_byte_array_append(stream, carriers, 2);
    put_call(stream, 4, 3, large);
    put_call(stream, 5, 4, NULL);
    return stream;
}

static void
assert_sample(const Outcome *outcome)
{
    static const gsize sizes[] = { 0, 13, 4, 3000, 0 };
    static const guint8 first[] = { 0, 'a', 'c', 'b', 0 };

    g_assert_cmpint(outcome->last, ==, VCCW_FRAME_MORE);
    g_assert_cmpuint(outcome->left, ==, 0);
    g_assert_cmpuint(outcome->frames, ==, 5);
    for (guint i = 0; i < 5; i++) {
        g_assert_cmpuint(outcome->serials[i], ==, i);
        g_assert_cmpuint(outcome->sizes[i], ==, sizes[i]);
        g_assert_cmpuint(outcome->first[i], ==, first[i]);
        g_assert_cmpint(outcome->fates[i], ==, VCCW_FRAME_KEPT);
    }
}

/* The stream is cut into pieces of each size from one byte to all. */
static void
test_pieces(void)
{
    g_autoptr(GByteArray) stream = sample();

    for (gsize piece = 1; piece <= stream->len; piece++) {
        VccwFrameBudget budget = { .max = 1 << 20 };
        VccwFrameParser parser;
        Outcome outcome = { 0 };

        vccw_frame_parser_init(&parser, &budget);
        for (gsize at = 0; at < stream->len; at += piece) {
            /* A copy of its own, so that a read beyond it is seen by a sanitizer. */
            gsize n = MIN(piece, stream->len - at);
            g_autofree guint8 *copy = g_memdup2(stream->data + at, n);

            feed(&parser, copy, n, &outcome);
        }
        assert_sample(&outcome);
        g_assert_false(vccw_frame_parser_begun(&parser));
        g_assert_cmpuint(budget.used, ==, 0);
        vccw_frame_parser_clear(&parser);
    }
}

static void
test_header(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    VccwFrameParser parser;
    VccwFrame frame;
    const guint8 *data;
    gsize size;

    put_message(stream, 0x01020304, 0x05060708, 0xfffffffe, 0xfffffffd, 0xffffffff,
                0x80000000, NULL);
    data = stream->data;
    size = stream->len;
    vccw_frame_parser_init(&parser, NULL);
    g_assert_cmpint(vccw_frame_parse(&parser, &data, &size, &frame), ==,
                    VCCW_FRAME_READY);
    g_assert_cmphex(frame.header.program, ==, 0x01020304);
    g_assert_cmphex(frame.header.version, ==, 0x05060708);
    g_assert_cmpint(frame.header.procedure, ==, -2);
    g_assert_cmpint(frame.header.type, ==, -3);
    g_assert_cmphex(frame.header.serial, ==, 0xffffffff);
    g_assert_cmpint(frame.header.status, ==, G_MININT32);
    g_assert_cmpuint(frame.length, ==, 28);
}

typedef struct {
    const char *name;
    guint32 length;
    guint32 type;
    guint32 fds; /* the word after the header */
    VccwFrameStatus expected;
} Bad;

static const Bad bad[] = {
    { "zero", 0, CALL, 0, VCCW_FRAME_BROKEN },
    { "four", 4, CALL, 0, VCCW_FRAME_BROKEN },
    { "below-header", 27, CALL, 0, VCCW_FRAME_BROKEN },
    { "header", 28, CALL, 0, VCCW_FRAME_READY },
    { "largest", 33554436, CALL, 0, VCCW_FRAME_MORE },
    { "too-large", 33554437, CALL, 0, VCCW_FRAME_BROKEN },
    { "negative", 0xffffffff, CALL, 0, VCCW_FRAME_BROKEN },
    { "sign-bit", 0x80000000, CALL, 0, VCCW_FRAME_BROKEN },
    { "no-room-for-fds", 31, CALL_WITH_FDS, 0, VCCW_FRAME_BROKEN },
    { "no-fds", 32, CALL_WITH_FDS, 0, VCCW_FRAME_READY },
    { "all-fds", 32, CALL_WITH_FDS, 32, VCCW_FRAME_READY },
    { "too-many-fds", 32, CALL_WITH_FDS, 33, VCCW_FRAME_BROKEN },
    { "negative-fds", 32, CALL_WITH_FDS, 0xffffffff, VCCW_FRAME_BROKEN },
    { "reply-fds", 32, REPLY_WITH_FDS, 33, VCCW_FRAME_BROKEN },
};

static void
test_length(gconstpointer data)
{
    const Bad *row = data;

    /* In one piece, and byte by byte. */
    for (guint piece = 1; piece <= 64; piece += 63) {
        g_autoptr(GByteArray) stream = g_byte_array_new();
        VccwFrameStatus status = VCCW_FRAME_MORE;
        VccwFrameParser parser;

        put_word(stream, row->length);
        for (guint i = 0; i < 6; i++)
            put_word(stream, (guint32[]){ REMOTE, 1, 3, row->type, 2, 0 }[i]);
        put_word(stream, row->fds);
        g_byte_array_set_size(stream, 64);
        memset(stream->data + 32, 0, 32);
        vccw_frame_parser_init(&parser, NULL);
        for (gsize at = 0; at < stream->len && status == VCCW_FRAME_MORE; at += piece) {
            const guint8 *from = stream->data + at;
            gsize size = MIN(piece, stream->len - at);
            VccwFrame frame;

            status = vccw_frame_parse(&parser, &from, &size, &frame);
        }
        g_assert_cmpint(status, ==, row->expected);
        vccw_frame_parser_clear(&parser);
    }
}

/* A bad length is seen as soon as it is there: no more bytes are waited for. */
static void
test_early(void)
{
    const guint8 bytes[] = { 0, 0, 0, 27 };
    VccwFrameParser parser;
    Outcome outcome = { 0 };

    vccw_frame_parser_init(&parser, NULL);
    g_assert_cmpint(feed(&parser, bytes, 3, &outcome), ==, VCCW_FRAME_MORE);
    g_assert_cmpint(feed(&parser, bytes + 3, 1, &outcome), ==, VCCW_FRAME_BROKEN);
}

static void
test_too_large(void)
{
    g_autoptr(GByteArray) at_limit = filled('x', VCCW_FRAME_STORED_MAX);
    g_autoptr(GByteArray) above = filled('y', VCCW_FRAME_STORED_MAX + 1);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    VccwFrameBudget budget = { .max = 1 << 20 };
    VccwFrameParser parser;
    Outcome outcome = { 0 };

    put_call(stream, 1, 7, at_limit);
    put_call(stream, 1, 8, above);
    put_call(stream, 1, 9, NULL);
    vccw_frame_parser_init(&parser, &budget);
    for (gsize at = 0; at < stream->len; at += 1000)
        feed(&parser, stream->data + at, MIN(1000, stream->len - at), &outcome);
    g_assert_cmpuint(outcome.frames, ==, 3);
    g_assert_cmpint(outcome.fates[0], ==, VCCW_FRAME_KEPT);
    g_assert_cmpuint(outcome.sizes[0], ==, VCCW_FRAME_STORED_MAX);
    g_assert_cmpint(outcome.fates[1], ==, VCCW_FRAME_TOO_LARGE);
    g_assert_cmpuint(outcome.serials[1], ==, 8);
    g_assert_cmpint(outcome.fates[2], ==, VCCW_FRAME_KEPT);
    g_assert_cmpuint(outcome.serials[2], ==, 9);
    g_assert_cmpuint(budget.used, ==, 0);
}

/* What is kept is in proportion to what came, whatever was announced. */
static void
test_memory(void)
{
    g_autoptr(GByteArray) large = filled('x', VCCW_FRAME_STORED_MAX);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    VccwFrameBudget budget = { .max = 1 << 20 };
    VccwFrameParser parser;
    Outcome outcome = { 0 };

    put_call(stream, 1, 7, large);
    vccw_frame_parser_init(&parser, &budget);
    for (gsize at = 0; at + 100 < stream->len; at += 100) {
        feed(&parser, stream->data + at, 100, &outcome);
        g_assert_cmpuint(budget.used, <=, 2 * (at + 100) + 1024);
    }
    g_assert_true(vccw_frame_parser_begun(&parser));
    g_assert_cmpuint(budget.used, >, 0);
    vccw_frame_parser_clear(&parser);
    g_assert_cmpuint(budget.used, ==, 0);
    g_assert_false(vccw_frame_parser_begun(&parser));
}

/* With the budget spent, small messages still pass and others are let go by. */
static void
test_budget(void)
{
    g_autoptr(GByteArray) small = filled('s', VCCW_FRAME_SMALL_MAX);
    g_autoptr(GByteArray) middle = filled('m', VCCW_FRAME_SMALL_MAX + 1);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    VccwFrameBudget budget = { .used = 5000, .max = 5000 };
    VccwFrameParser parser;
    Outcome outcome = { 0 };

    put_call(stream, 1, 1, small);
    put_call(stream, 1, 2, middle);
    put_call(stream, 1, 3, small);
    vccw_frame_parser_init(&parser, &budget);
    for (gsize at = 0; at < stream->len; at += 500)
        feed(&parser, stream->data + at, MIN(500, stream->len - at), &outcome);
    g_assert_cmpuint(outcome.frames, ==, 3);
    g_assert_cmpint(outcome.fates[0], ==, VCCW_FRAME_KEPT);
    g_assert_cmpint(outcome.fates[1], ==, VCCW_FRAME_NO_ROOM);
    g_assert_cmpint(outcome.fates[2], ==, VCCW_FRAME_KEPT);
    g_assert_cmpuint(budget.used, ==, 5000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/pieces", test_pieces);
    g_test_add_func("/frame/header", test_header);
    g_test_add_func("/frame/early", test_early);
    g_test_add_func("/frame/too-large", test_too_large);
    g_test_add_func("/frame/memory", test_memory);
    g_test_add_func("/frame/budget", test_budget);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strconcat("/frame/length/", bad[i].name, NULL);

        g_test_add_data_func(path, &bad[i], test_length);
    }
    return g_test_run();
}
