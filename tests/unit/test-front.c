/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The relay's cutter, port and words: no byte and no descriptor is lost or joined. */

#include "front/cutter.h"
#include "front/documents.h"
#include "front/message.h"
#include "front/port.h"
#include "front/words.h"
#include "rpc-peer.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A call with a payload of @size bytes, and @fds announced descriptors. */
static void
put_sample(GByteArray *stream, guint32 serial, guint32 size, guint32 fds)
{
    guint32 head = 28 + (fds ? 4 : 0);

    put_word(stream, head + size);
    put_word(stream, 0x20008086);
    put_word(stream, 1);
    put_word(stream, 77);
    put_word(stream, fds ? 4 : 0);
    put_word(stream, serial);
    put_word(stream, 0);
    if (fds)
        put_word(stream, fds);
    for (guint32 i = 0; i < size + fds; i++)
        g_byte_array_append(stream, (const guint8 *)"abc" + i % 3, 1);
}

typedef struct {
    GByteArray *bytes; /* heads, payloads and carriers, as they were handed out */
    guint heads, ends, carriers;
    gboolean broken;
} Cut;

static void
cut(VccwCutter *cutter, const guint8 *data, gsize size, Cut *ret)
{
    for (;;) {
        VccwPiece piece = vccw_cutter_next(cutter, &data, &size);

        if (piece.size)
            g_byte_array_append(ret->bytes, piece.data, piece.size);
        ret->heads += piece.kind == VCCW_PIECE_HEAD;
        ret->ends += piece.kind == VCCW_PIECE_END;
        ret->carriers += piece.kind == VCCW_PIECE_CARRIER;
        ret->broken |= piece.kind == VCCW_PIECE_BROKEN;
        if (piece.kind == VCCW_PIECE_MORE || ret->broken)
            return;
    }
}

static void
test_every_cut(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    put_sample(stream, 1, 0, 0);
    put_sample(stream, 2, 17, 0);
    put_sample(stream, 3, 5, 2);
    put_sample(stream, 4, 0, 1);
    for (gsize step = 1; step <= stream->len; step++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        VccwCutter cutter = { 0 };
        Cut got = { .bytes = bytes };

        for (gsize at = 0; at < stream->len; at += step)
            cut(&cutter, stream->data + at, MIN(step, stream->len - at), &got);
        g_assert_false(got.broken);
        g_assert_cmpuint(got.heads, ==, 4);
        g_assert_cmpuint(got.ends, ==, 4);
        g_assert_cmpuint(got.carriers, ==, 3);
        g_assert_cmpmem(bytes->data, bytes->len, stream->data, stream->len);
        g_assert_false(cutter.inside);
    }
}

static void
test_not_the_protocol(void)
{
    static const guint32 lengths[] = { 0, 4, 27, 33554437, 0xffffffff };

    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GByteArray) stream = g_byte_array_new();
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        VccwCutter cutter = { 0 };
        Cut got = { .bytes = bytes };

        put_word(stream, lengths[i]);
        cut(&cutter, stream->data, stream->len, &got);
        g_assert_true(got.broken);
    }
}

static void
test_too_many_fds(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    VccwCutter cutter = { 0 };
    Cut got = { .bytes = bytes };

    put_sample(stream, 1, 0, 33);
    cut(&cutter, stream->data, stream->len, &got);
    g_assert_true(got.broken);
}

typedef struct {
    VccwPort a, b;
} Pair;

static void
pair_init(Pair *pair)
{
    int fds[2];

    *pair = (Pair){ 0 };
    g_assert_cmpint(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
    pair->a.fd = fds[0];
    pair->b.fd = fds[1];
}

/* Descriptors arrive with the very byte they were sent with, whatever is around it. */
static void
test_port_fds(void)
{
    VccwHeader header = { 0x20008086, 1, 77, 4, 9, 0 };
    g_autoptr(VccwMessage) message = vccw_message_new(&header);
    guint8 buffer[4096];
    Pair pair;
    gsize got = 0;
    guint fds = 0;

    pair_init(&pair);
    for (guint i = 0; i < 3; i++)
        message->fds[message->n_fds++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_byte_array_append(message->payload, (const guint8 *)"payload!", 8);
    vccw_message_send(message, &pair.a);
    vccw_port_append(&pair.a, (const guint8 *)"after", 5);
    vccw_port_flush(&pair.a);
    g_assert_cmpuint(vccw_port_waiting(&pair.a), ==, 0);

    while (got < 28 + 4 + 8 + 3 + 5) {
        int fd;
        gssize n = vccw_port_receive(&pair.b, buffer, sizeof(buffer), &fd);

        g_assert_cmpint(n, >, 0);
        got += n;
        if (fd >= 0) {
            fds++;
            g_assert_cmpuint(got, ==, 28 + 4 + 8 + fds);
            close(fd);
        }
    }
    g_assert_cmpuint(fds, ==, 3);
    g_assert_cmpint(vccw_port_receive(&pair.b, buffer, sizeof(buffer), &(int){ 0 }), ==,
                    -1);
    vccw_port_clear(&pair.a);
    g_assert_cmpint(vccw_port_receive(&pair.b, buffer, sizeof(buffer), &(int){ 0 }), ==,
                    0);
    g_assert_true(pair.b.broken);
    vccw_port_clear(&pair.b);
}

/* What does not fit waits, and nothing of it is lost. */
static void
test_port_slow_reader(void)
{
    g_autofree guint8 *sent = g_malloc(4 * 1024 * 1024);
    g_autoptr(GByteArray) got = g_byte_array_new();
    guint8 buffer[64 * 1024];
    Pair pair;

    for (gsize i = 0; i < 4 * 1024 * 1024; i++)
        sent[i] = i * 7;
    pair_init(&pair);
    vccw_port_append(&pair.a, sent, 4 * 1024 * 1024);
    while (got->len < 4 * 1024 * 1024) {
        int fd;
        gssize n;

        vccw_port_flush(&pair.a);
        n = vccw_port_receive(&pair.b, buffer, sizeof(buffer), &fd);
        g_assert_cmpint(n, >, 0);
        g_byte_array_append(got, buffer, n);
    }
    g_assert_cmpmem(got->data, got->len, sent, 4 * 1024 * 1024);
    vccw_port_clear(&pair.a);
    vccw_port_clear(&pair.b);
}

static void
test_words(void)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(GPtrArray) texts = NULL;
    g_autofree char *text = NULL;
    gsize at = 4;

    vccw_words_put(payload, 2);
    vccw_words_put_text(payload, "abcde");
    vccw_words_put_text(payload, "");
    g_assert_cmpuint(payload->len, ==, 4 + 4 + 8 + 4);
    texts = vccw_words_texts(payload);
    g_assert_cmpuint(texts->len, ==, 2);
    g_assert_cmpstr(texts->pdata[0], ==, "abcde");
    text = vccw_words_text(payload, &at);
    g_assert_cmpstr(text, ==, "abcde");
    g_assert_cmpuint(at, ==, 16);
    vccw_words_set(payload, 0, 3);
    g_assert_cmpuint(vccw_words_at(payload, 0), ==, 3);
    g_assert_cmpuint(vccw_words_at(payload, 99), ==, 0);
    g_assert_null(vccw_words_texts(payload)); /* it announces more than it has */
}

/* Lengths that lie must not be believed. */
static void
test_words_lies(void)
{
    static const guint32 lengths[] = { 9, 0x7fffffff, 0xfffffffc, 0xffffffff };

    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GByteArray) payload = g_byte_array_new();
        gsize at = 0;

        vccw_words_put(payload, lengths[i]);
        g_byte_array_append(payload, (const guint8 *)"12345678", 8);
        g_assert_null(vccw_words_text(payload, &at));
        g_assert_cmpuint(at, ==, 0);
    }
}

/* Typed parameters of each type, two of them documents. */
static void
test_documents_in_params(void)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(GArray) places = NULL;

    vccw_words_put(payload, 7);
    for (guint32 type = 1; type <= 6; type++) {
        vccw_words_put_text(payload, "number");
        vccw_words_put(payload, type);
        vccw_words_put(payload, 7);
        if (type >= 3 && type <= 5)
            vccw_words_put(payload, 7);
    }
    vccw_words_put_text_param(payload, "dxml", "<a/>");
    places = vccw_documents_find(441, payload);
    g_assert_cmpuint(places->len, ==, 1);
    g_assert_cmpuint(g_array_index(places, gsize, 0), ==, payload->len - 8);
}

/* In ascending order, and a document that is not there is none. */
static void
test_documents_optional(void)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(GArray) places = NULL;

    vccw_words_put_text(payload, "/image");
    vccw_words_put_opttext(payload, NULL);
    places = vccw_documents_find(233, payload);
    g_assert_cmpuint(places->len, ==, 0);
    g_array_unref(places);
    g_byte_array_set_size(payload, 0);
    vccw_words_put(payload, 2);
    vccw_words_put_text_param(payload, "destination_xml", "<first/>");
    vccw_words_put_text_param(payload, "persistent_xml", "<second/>");
    places = vccw_documents_find(303, payload);
    g_assert_cmpuint(places->len, ==, 2);
    for (guint i = 0; i < 2; i++) {
        gsize at = g_array_index(places, gsize, i);
        g_autofree char *text = vccw_words_text(payload, &at);

        g_assert_cmpstr(text, ==, i ? "<second/>" : "<first/>");
    }
}

/* Cut off anywhere, or with numbers that cannot be: nothing is found, nothing is read. */
static void
test_documents_lies(void)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    static const gint32 procedures[] = { 108, 148, 185, 213, 214, 215, 216,
                                         232, 302, 305, 411, 440, 441 };

    for (guint size = 0; size < 60; size += 4) {
        for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
            g_autoptr(GArray) places = vccw_documents_find(procedures[i], payload);

            g_assert_true(!places || places->len == 0);
        }
        vccw_words_put(payload, size ? G_MAXUINT32 : 1);
    }
    g_assert_null(vccw_documents_find(441, payload));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cutter/every-cut", test_every_cut);
    g_test_add_func("/cutter/not-the-protocol", test_not_the_protocol);
    g_test_add_func("/cutter/too-many-fds", test_too_many_fds);
    g_test_add_func("/port/fds", test_port_fds);
    g_test_add_func("/port/slow-reader", test_port_slow_reader);
    g_test_add_func("/words/write-and-read", test_words);
    g_test_add_func("/words/lies", test_words_lies);
    g_test_add_func("/documents/in-params", test_documents_in_params);
    g_test_add_func("/documents/optional", test_documents_optional);
    g_test_add_func("/documents/lies", test_documents_lies);
    return g_test_run();
}
