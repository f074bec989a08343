/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The codec against bytes that were written down by hand from RFC 4506 and the protocol.
 */

#include "rpc-peer.h"
#include "rpc/codec.h"
#include <virtccw/error.h>

/* "00000001 62" → bytes; blanks do not count. */
static GByteArray *
bytes_of(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();

    for (; *hex; hex++) {
        guint8 byte;

        if (*hex == ' ')
            continue;
        byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);
        g_byte_array_append(bytes, &byte, 1);
        hex++;
    }
    return bytes;
}

static char *
hex_of(const guint8 *data, gsize size)
{
    GString *hex = g_string_new(NULL);

    for (gsize i = 0; i < size; i++)
        g_string_append_printf(hex, "%s%02x", i && i % 4 == 0 ? " " : "", data[i]);
    return g_string_free(hex, FALSE);
}

typedef struct {
    const char *name;
    VccwArgsShape shape;
    const char *hex;
    gboolean good;
    VccwArgs expected;
} ArgsRow;

static const ArgsRow args_rows[] = {
    { "none", VCCW_ARGS_NONE, "", TRUE, { 0 } },
    { "none-and-more", VCCW_ARGS_NONE, "00000001", TRUE, { 0 } },
    { "number", VCCW_ARGS_NUMBER, "fffffffe", TRUE, { .number = -2 } },
    { "number-and-more", VCCW_ARGS_NUMBER, "00000007 00000001", TRUE, { .number = 7 } },
    { "number-short", VCCW_ARGS_NUMBER, "000000", FALSE, { 0 } },
    { "number-empty", VCCW_ARGS_NUMBER, "", FALSE, { 0 } },
    { "name", VCCW_ARGS_NAME, "00000003 61626300", TRUE, { .name = "abc" } },
    { "name-empty", VCCW_ARGS_NAME, "00000000", TRUE, { .name = "" } },
    { "name-of-four", VCCW_ARGS_NAME, "00000004 61626364", TRUE, { .name = "abcd" } },
    { "name-padding", VCCW_ARGS_NAME, "00000001 61ffffff", TRUE, { .name = "a" } },
    { "name-without-padding", VCCW_ARGS_NAME, "00000001 61", FALSE, { 0 } },
    { "name-cut", VCCW_ARGS_NAME, "00000005 61626364", FALSE, { 0 } },
    { "name-nul", VCCW_ARGS_NAME, "00000003 61006300", FALSE, { 0 } },
    { "name-huge", VCCW_ARGS_NAME, "00400000 61626364", FALSE, { 0 } },
    { "name-above-limit", VCCW_ARGS_NAME, "00400001 61626364", FALSE, { 0 } },
    { "name-negative", VCCW_ARGS_NAME, "ffffffff 61626364", FALSE, { 0 } },
    { "name-sign", VCCW_ARGS_NAME, "80000000 61626364", FALSE, { 0 } },
    { "name-wraps", VCCW_ARGS_NAME, "fffffffd 61626364", FALSE, { 0 } },
    { "name-flags",
      VCCW_ARGS_NAME_FLAGS,
      "00000002 61620000 80000001",
      TRUE,
      { .name = "ab", .flags = 0x80000001 } },
    { "name-flags-cut", VCCW_ARGS_NAME_FLAGS, "00000002 61620000", FALSE, { 0 } },
    { "name-number",
      VCCW_ARGS_NAME_NUMBER,
      "00000001 61000000 ffffffff",
      TRUE,
      { .name = "a", .number = -1 } },
    { "name-text-flags",
      VCCW_ARGS_NAME_TEXT_FLAGS,
      "00000001 61000000 00000002 3c3e0000 00000003",
      TRUE,
      { .name = "a", .text = "<>", .flags = 3 } },
    { "name-text-cut",
      VCCW_ARGS_NAME_TEXT_FLAGS,
      "00000001 61000000 00000009 3c3e0000 00000003",
      FALSE,
      { 0 } },
    { "optname-flags",
      VCCW_ARGS_OPTNAME_FLAGS,
      "00000001 0000000e 6363773a 2f2f2f73 79737465 6d000000 00000000",
      FALSE, /* one byte of padding too many: flags would be beyond the end */
      { 0 } },
    { "optname-flags-uri",
      VCCW_ARGS_OPTNAME_FLAGS,
      "00000001 0000000d 6363773a 2f2f2f73 79737465 6d000000 00000001",
      TRUE,
      { .name = "ccw:///system", .flags = 1 } },
    { "optname-absent",
      VCCW_ARGS_OPTNAME_FLAGS,
      "00000000 00000006",
      TRUE,
      { .flags = 6 } },
    { "optname-any-one",
      VCCW_ARGS_OPTNAME_FLAGS,
      "00000002 00000001 61000000 00000006",
      TRUE,
      { .name = "a", .flags = 6 } },
    { "optname-number-flags",
      VCCW_ARGS_OPTNAME_NUMBER_FLAGS,
      "00000001 00000001 61000000 00010000 00000004",
      TRUE,
      { .name = "a", .number = 65536, .flags = 4 } },
    { "number-flags",
      VCCW_ARGS_NUMBER_FLAGS,
      "00000001 80000000",
      TRUE,
      { .number = 1, .flags = 0x80000000 } },
    { "number-optname",
      VCCW_ARGS_NUMBER_OPTNAME,
      "00000000 00000000",
      TRUE,
      { .number = 0 } },
    { "number-optname-name",
      VCCW_ARGS_NUMBER_OPTNAME,
      "00000001 00000001 00000001 61000000",
      TRUE,
      { .number = 1, .name = "a" } },
};

static void
test_args(gconstpointer data)
{
    const ArgsRow *row = data;
    g_autoptr(GByteArray) whole = bytes_of(row->hex);
    /* At an odd address and with its exact size, as the parser may hand it out. */
    g_autofree guint8 *block = g_malloc(whole->len + 1);
    g_autoptr(GError) error = NULL;
    VccwArgs args = { .number = 42 };

    if (whole->len)
        memcpy(block + 1, whole->data, whole->len);
    g_assert_cmpint(
        vccw_codec_read_args(row->shape, block + 1, whole->len, &args, &error), ==,
        row->good);
    if (!row->good) {
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_RPC);
        g_assert_cmpint(args.number, ==, 42);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(args.name, ==, row->expected.name);
    g_assert_cmpstr(args.text, ==, row->expected.text);
    g_assert_cmpint(args.number, ==, row->expected.number);
    g_assert_cmphex(args.flags, ==, row->expected.flags);
    vccw_codec_clear_args(&args);
    g_assert_null(args.name);
}

/* Every prefix of good arguments is refused, and none reads beyond its end or leaks. */
static void
test_prefixes(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(args_rows); i++) {
        g_autoptr(GByteArray) whole = bytes_of(args_rows[i].hex);

        if (!args_rows[i].good || strstr(args_rows[i].name, "-and-more"))
            continue;
        for (gsize size = 0; size < whole->len; size++) {
            g_autofree guint8 *cut = size ? g_memdup2(whole->data, size) : g_malloc(1);
            VccwArgs args;

            g_assert_false(
                vccw_codec_read_args(args_rows[i].shape, cut, size, &args, NULL));
        }
    }
}

#define CALL_HEADER                                                        \
    {                                                                      \
        .program = REMOTE, .version = 1, .procedure = 0x11d, .type = CALL, \
        .serial = 0xfffffff0, .status = 0                                  \
    }

typedef struct {
    const char *name;
    VccwResultShape shape;
    gint64 number;
    const char *string;
    const char *names[4];
    const char *hex; /* length word, then what follows the header */
} ResultRow;

static const ResultRow result_rows[] = {
    { "none", VCCW_RESULT_NONE, .hex = "0000001c" },
    { "number", VCCW_RESULT_NUMBER, .number = -1, .hex = "00000020 ffffffff" },
    { "huge", VCCW_RESULT_HUGE, .number = 0x123456789abcdef0,
      .hex = "00000024 12345678 9abcdef0" },
    { "string", VCCW_RESULT_STRING, .string = "QEMU",
      .hex = "00000024 00000004 51454d55" },
    { "string-empty", VCCW_RESULT_STRING, .string = "", .hex = "00000020 00000000" },
    { "optstring", VCCW_RESULT_OPTSTRING, .string = "a",
      .hex = "00000028 00000001 00000001 61000000" },
    { "optstring-absent", VCCW_RESULT_OPTSTRING, .hex = "00000020 00000000" },
    { "names-none", VCCW_RESULT_NAMES, .hex = "00000020 00000000" },
    { "names", VCCW_RESULT_NAMES, .names = { "a", "bcde", NULL },
      .hex = "00000030 00000002 00000001 61000000 00000004 62636465" },
    { "names-count", VCCW_RESULT_NAMES_COUNT, .number = 9, .names = { "a", NULL },
      .hex = "0000002c 00000001 00000001 61000000 00000009" },
};

static void
test_result(gconstpointer data)
{
    const ResultRow *row = data;
    VccwHeader call = CALL_HEADER;
    g_auto(VccwBuffer) out = { 0 };
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *got = NULL;
    g_autofree char *expected = NULL;
    g_autoptr(GError) error = NULL;
    VccwResult result = { row->number, (char *)row->string, names };

    for (guint i = 0; row->names[i]; i++)
        g_ptr_array_add(names, (char *)row->names[i]);
    g_assert_true(
        vccw_codec_put_result(&out, &call, row->shape, &result, G_MAXSIZE, &error));
    g_assert_no_error(error);
    got = hex_of(out.data + out.start, vccw_buffer_length(&out));
    expected =
        g_strdup_printf("%.8s 20008086 00000001 0000011d 00000001 fffffff0 00000000%s",
                        row->hex, row->hex + 8);
    g_assert_cmpstr(got, ==, expected);
}

static void
assert_refused(VccwResultShape shape, const VccwResult *result, gsize max, int code)
{
    VccwHeader call = CALL_HEADER;
    g_auto(VccwBuffer) out = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_false(vccw_codec_put_result(&out, &call, shape, result, max, &error));
    g_assert_error(error, VCCW_ERROR, code);
    g_assert_cmpuint(vccw_buffer_length(&out), ==, 0);
}

static void
test_result_limits(void)
{
    g_autofree char *text = g_strnfill(4 * 1024 * 1024 + 1, 'x');
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    VccwHeader call = CALL_HEADER;
    g_auto(VccwBuffer) out = { 0 };
    VccwResult result = { 0, text, names };

    assert_refused(VCCW_RESULT_STRING, &result, G_MAXSIZE, VCCW_ERROR_TOO_LARGE);
    assert_refused(VCCW_RESULT_OPTSTRING, &result, G_MAXSIZE, VCCW_ERROR_TOO_LARGE);
    g_ptr_array_add(names, text);
    assert_refused(VCCW_RESULT_NAMES, &result, G_MAXSIZE, VCCW_ERROR_TOO_LARGE);
    text[4 * 1024 * 1024] = '\0';
    g_assert_true(
        vccw_codec_put_result(&out, &call, VCCW_RESULT_STRING, &result, G_MAXSIZE, NULL));
    g_assert_cmpuint(vccw_buffer_length(&out), ==, 28 + 4 + 4 * 1024 * 1024);
    assert_refused(VCCW_RESULT_STRING, &result, 1024 * 1024, VCCW_ERROR_TOO_LARGE);
    /* Eight of these are more than a message may hold, though each may be sent. */
    for (guint i = 1; i < 8; i++)
        g_ptr_array_add(names, text);
    assert_refused(VCCW_RESULT_NAMES, &result, G_MAXSIZE, VCCW_ERROR_TOO_LARGE);
    g_ptr_array_set_size(names, 65537);
    for (guint i = 0; i < names->len; i++)
        names->pdata[i] = (char *)"";
    assert_refused(VCCW_RESULT_NAMES_COUNT, &result, G_MAXSIZE, VCCW_ERROR_TOO_LARGE);
    g_ptr_array_set_size(names, 65536);
    g_assert_true(vccw_codec_put_result(&out, &call, VCCW_RESULT_NAMES_COUNT, &result,
                                        G_MAXSIZE, NULL));
}

/* A driver's bug becomes an error, not a crash. */
static void
test_result_missing(void)
{
    VccwResult empty = { 0 };

    assert_refused(VCCW_RESULT_STRING, &empty, G_MAXSIZE, VCCW_ERROR_INTERNAL);
    assert_refused(VCCW_RESULT_NAMES, &empty, G_MAXSIZE, VCCW_ERROR_INTERNAL);
    assert_refused(VCCW_RESULT_NAMES_COUNT, &empty, G_MAXSIZE, VCCW_ERROR_INTERNAL);
}

static void
assert_bytes(const VccwBuffer *out, const char *expected)
{
    g_autofree char *got = hex_of(out->data + out->start, vccw_buffer_length(out));

    g_assert_cmpstr(got, ==, expected);
}

static void
test_error(void)
{
    VccwHeader call = CALL_HEADER;
    g_auto(VccwBuffer) out = { 0 };
    g_auto(VccwBuffer) bare = { 0 };
    VccwVirError error = { .code = 38,
                           .domain = 22,
                           .level = 2,
                           .message = (char *)"oh dear",
                           .detail = (char *)"dear",
                           .errnum = 5 };
    VccwVirError least = { .code = 39, .domain = 7, .level = 2, .message = (char *)"m" };

    vccw_codec_put_error(&out, &call, &error);
    assert_bytes(&out, "0000005c 20008086 00000001 0000011d 00000001 fffffff0 00000001 "
                       "00000026 00000016 00000001 00000007 6f682064 65617200 00000002 "
                       "00000000 00000000 00000001 00000004 64656172 00000000 "
                       "00000005 ffffffff 00000000");
    vccw_codec_put_error(&bare, &call, &least);
    assert_bytes(&bare, "00000050 20008086 00000001 0000011d 00000001 fffffff0 00000001 "
                        "00000027 00000007 00000001 00000001 6d000000 00000002 "
                        "00000000 00000000 00000000 00000000 ffffffff ffffffff 00000000");
}

static void
test_auth_list(void)
{
    VccwHeader call = CALL_HEADER;
    g_auto(VccwBuffer) out = { 0 };

    vccw_codec_put_auth_list(&out, &call, 0);
    assert_bytes(&out, "00000024 20008086 00000001 0000011d 00000001 fffffff0 00000000 "
                       "00000001 00000000");
}

static void
test_events(void)
{
    g_auto(VccwBuffer) out = { 0 };

    vccw_codec_put_lifecycle(&out, 3, "css_0", 2, 0);
    assert_bytes(&out, "00000034 20008086 00000001 00000178 00000002 00000001 00000000 "
                       "00000003 00000005 6373735f 30000000 00000002 00000000");
    vccw_buffer_clear(&out);
    vccw_codec_put_update(&out, 4, "css_0");
    assert_bytes(&out, "0000002c 20008086 00000001 00000179 00000002 00000001 00000000 "
                       "00000004 00000005 6373735f 30000000");
}

static void
test_keepalive(void)
{
    g_auto(VccwBuffer) out = { 0 };

    vccw_codec_put_ping(&out);
    vccw_codec_put_pong(&out);
    assert_bytes(&out, "0000001c 6b656570 00000001 00000001 00000002 00000000 00000000 "
                       "0000001c 6b656570 00000001 00000002 00000002 00000000 00000000");
}

/* The queue of bytes keeps their order however it is used, and holds no memory if empty.
 */
static void
test_buffer(void)
{
    g_auto(VccwBuffer) buffer = { 0 };
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    guint32 in = 0, out = 0;

    for (guint i = 0; i < 20000; i++) {
        guint n = g_rand_int_range(random, 1, 200);

        if (g_rand_boolean(random)) {
            guint8 *room = vccw_buffer_append(&buffer, n);

            for (guint j = 0; j < n; j++)
                room[j] = in++;
        } else {
            n = MIN(n, vccw_buffer_length(&buffer));
            for (guint j = 0; j < n; j++)
                g_assert_cmpuint(buffer.data[buffer.start + j], ==, (guint8)out++);
            vccw_buffer_consume(&buffer, n);
        }
        g_assert_cmpuint(vccw_buffer_length(&buffer), ==, in - out);
        g_assert_cmpint(in == out, ==, buffer.data == NULL);
    }
}

static void
add_rows(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(args_rows); i++) {
        g_autofree char *path = g_strconcat("/codec/args/", args_rows[i].name, NULL);

        g_test_add_data_func(path, &args_rows[i], test_args);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(result_rows); i++) {
        g_autofree char *path = g_strconcat("/codec/result/", result_rows[i].name, NULL);

        g_test_add_data_func(path, &result_rows[i], test_result);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_rows();
    g_test_add_func("/codec/args-prefixes", test_prefixes);
    g_test_add_func("/codec/result-limits", test_result_limits);
    g_test_add_func("/codec/result-missing", test_result_missing);
    g_test_add_func("/codec/error", test_error);
    g_test_add_func("/codec/auth-list", test_auth_list);
    g_test_add_func("/codec/events", test_events);
    g_test_add_func("/codec/keepalive", test_keepalive);
    g_test_add_func("/codec/buffer", test_buffer);
    return g_test_run();
}
