/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names: every valid bus-ID goes round, and a table of bad ones of each kind is refused.
 * Each text is also read where the page ends behind its NUL, so that a parser that looks
 * one byte too far dies here.
 */

#include "base/hash.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <virtccw/address.h>
#include <virtccw/error.h>

#define UUID_CANONICAL "18e124fb-b2fc-47f6-a407-f256b6c49767"
#define UUID_NAME      "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767"
#define RANDOM_ROUNDS  20000

static const VccwUuid sample_uuid = { { 0x18, 0xe1, 0x24, 0xfb, 0xb2, 0xfc, 0x47, 0xf6,
                                        0xa4, 0x07, 0xf2, 0x56, 0xb6, 0xc4, 0x97,
                                        0x67 } };

/* A copy of @text whose NUL is the last byte before an unreadable page. */
static const char *
at_guard_page(const char *text)
{
    static char *pages;
    gsize page = sysconf(_SC_PAGESIZE);
    gsize size = strlen(text) + 1;

    if (!pages) {
        pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                     -1, 0);
        g_assert_true(pages != MAP_FAILED);
        g_assert_cmpint(mprotect(pages + 2 * page, page, PROT_NONE), ==, 0);
    }
    g_assert_cmpuint(size, <=, 2 * page);
    return memcpy(pages + 2 * page - size, text, size);
}

typedef gboolean (*ParseBusId)(const char *text, VccwBusId *ret_id, GError **error);
typedef gboolean (*ParseUuid)(const char *text, VccwUuid *ret_uuid, GError **error);

static void
assert_invalid(GError *error)
{
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
    g_test_message("%s", error->message);
    g_assert_cmpuint(strlen(error->message), <=, 300);
    for (const char *p = error->message; *p; p++)
        g_assert_true(g_ascii_isprint(*p));
    g_error_free(error);
}

static void
assert_bus_id(ParseBusId parse, const char *text, guint cssid, guint ssid, guint devno)
{
    g_autoptr(GError) error = NULL;
    VccwBusId id = { 0x55, 0x55, 0x5555 };

    g_assert_true(parse(at_guard_page(text), &id, &error));
    g_assert_no_error(error);
    g_assert_cmphex(id.cssid, ==, cssid);
    g_assert_cmphex(id.ssid, ==, ssid);
    g_assert_cmphex(id.devno, ==, devno);
}

static void
assert_bad_bus_id(ParseBusId parse, const char *text)
{
    GError *error = NULL;
    VccwBusId id = { 0x55, 0x55, 0x5555 };

    g_assert_false(parse(at_guard_page(text), &id, &error));
    assert_invalid(error);
    g_assert_cmphex(vccw_bus_id_key(&id), ==, 0x55555555);
}

/* None of these is a name of any kind, whatever the separator and the prefix. */
static const char *const bad_addresses[] = {
    "",
    "0",
    "0.",
    "0.0",
    "0.0.",
    "0.0.1",
    "0.0.12",
    "0.0.123",
    "0.0.12345",
    "0.0.99999",
    "0.0.0001 ",
    " 0.0.0001",
    "0.0.0001\n",
    "0.0.0001x",
    "0.0.0001.",
    "0.0.000g",
    "0.0.00-1",
    "0.0.+001",
    "0.0.0x01",
    "0.0. 001",
    "0x0.0.0001",
    "-1",
    "-1.0.0001",
    "+0.0.0001",
    "0.-1.0001",
    "0.4.0001",
    "0.f.0001",
    "0.00.0001",
    "0.10.0001",
    "0..0001",
    "..",
    ".0.0001",
    "00.0.0001",
    "0f.0.0001",
    "ff.0.0001",
    "FF.0.0001",
    "100.0.0001",
    "256.0.0001",
    "0:0:0001",
    "0,0,0001",
    "0-0-0001",
    "0.0_0001",
    "0_0.0001",
    "0 0 0001",
    "0/0/0001",
    "g.0.0001",
    "0.0.\xc3\xa9\xc3\xa9",
    "css_0_0_0001",
    "0.0.0001\xff",
    "..............................................................................."
    "...............................................................................",
};

static void
test_bus_id_good(void)
{
    assert_bus_id(vccw_bus_id_parse, "0.0.0000", 0, 0, 0);
    assert_bus_id(vccw_bus_id_parse, "0.0.0313", 0, 0, 0x313);
    assert_bus_id(vccw_bus_id_parse, "0.3.ffff", 0, 3, 0xffff);
    assert_bus_id(vccw_bus_id_parse, "f.1.C60c", 0xf, 1, 0xc60c);
    assert_bus_id(vccw_bus_id_parse, "10.1.16CA", 0x10, 1, 0x16ca);
    assert_bus_id(vccw_bus_id_parse, "Fe.2.aBcD", 0xfe, 2, 0xabcd);
    assert_bus_id(vccw_host_bus_id_parse, "0.3.16CA", 0, 3, 0x16ca);
    assert_bus_id(vccw_guest_address_parse, "fe.0.1a2B", 0xfe, 0, 0x1a2b);
    assert_bus_id(vccw_guest_address_parse, "FE.3.ffff", 0xfe, 3, 0xffff);
}

static void
test_bus_id_bad(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad_addresses); i++) {
        assert_bad_bus_id(vccw_bus_id_parse, bad_addresses[i]);
        assert_bad_bus_id(vccw_host_bus_id_parse, bad_addresses[i]);
        assert_bad_bus_id(vccw_guest_address_parse, bad_addresses[i]);
    }
    assert_bad_bus_id(vccw_bus_id_parse, "0_0_0001");
}

static void
test_bus_id_other_side(void)
{
    GError *error = NULL;
    VccwBusId id;

    assert_bad_bus_id(vccw_host_bus_id_parse, "1.0.0001");
    assert_bad_bus_id(vccw_host_bus_id_parse, "fe.0.0001");
    assert_bad_bus_id(vccw_guest_address_parse, "0.0.0001");
    assert_bad_bus_id(vccw_guest_address_parse, "fd.0.0001");
    g_assert_false(vccw_guest_address_parse("0.0.0001", &id, &error));
    g_assert_nonnull(strstr(error->message, "guest only sees"));
    g_assert_nonnull(strstr(error->message, "fe.S.NNNN"));
    g_clear_error(&error);
    g_assert_false(vccw_host_bus_id_parse("fe.0.0001", &id, &error));
    g_assert_nonnull(strstr(error->message, "host only has"));
    g_clear_error(&error);
}

/* What is wrong must be right: the person goes by it. */
static void
test_bus_id_messages(void)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        { "ff.0.0001", "channel-subsystem ID" },
        { "00.0.0001", "channel-subsystem ID" },
        { "0.4.0001", "subchannel-set ID" },
        { "0.0.001", "four hexadecimal digits" },
        { "0.0.00012", "text follows" },
        { "0:0:0001", "right separators" },
        { "0\n", "'0\\x0a'" },
        { "it's", "'it\\x27s'" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        VccwBusId id;

        g_assert_false(vccw_bus_id_parse(rows[i].text, &id, &error));
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, rows[i].says));
        g_assert_nonnull(strstr(error->message, "write C.S.NNNN"));
    }
}

static void
assert_name_goes_round(const VccwNodeName *name, const char *expected)
{
    g_autofree char *text = vccw_node_name_to_string(name);
    g_autoptr(GError) error = NULL;
    VccwNodeName back = { 0 };

    g_assert_cmpstr(text, ==, expected);
    g_assert_true(vccw_node_name_parse(text, &back, &error));
    g_assert_no_error(error);
    g_assert_true(vccw_node_name_equal(name, &back));
    g_assert_cmpuint(vccw_node_name_hash(name), ==, vccw_node_name_hash(&back));
}

static void
assert_bus_id_goes_round(const VccwBusId *id)
{
    char expected[32];
    g_autofree char *text = vccw_bus_id_to_string(id);
    VccwNodeName css = vccw_node_name_css(id);
    VccwNodeName ccw = vccw_node_name_ccw(id);
    VccwBusId back;

    g_snprintf(expected, sizeof expected, "%x.%x.%04x", id->cssid, id->ssid, id->devno);
    g_assert_cmpstr(text, ==, expected);
    g_assert_true(vccw_bus_id_parse(text, &back, NULL));
    g_assert_true(vccw_bus_id_equal(id, &back));
    g_snprintf(expected, sizeof expected, "css_%x_%x_%04x", id->cssid, id->ssid,
               id->devno);
    assert_name_goes_round(&css, expected);
    expected[1] = 'c';
    expected[2] = 'w';
    assert_name_goes_round(&ccw, expected);
    g_assert_false(vccw_node_name_equal(&css, &ccw));
}

static void
test_round_trip_all(gconstpointer data)
{
    guint cssid = GPOINTER_TO_UINT(data);
    /* An emulated processor would take a minute; this, too, ends with ffff. */
    guint step = g_getenv("VIRTCCW_LAB") ? 17 : 1;
    guint32 last = 0;

    for (guint ssid = 0; ssid <= VCCW_SSID_MAX; ssid++)
        for (guint devno = 0; devno <= 0xffff; devno += step) {
            VccwBusId id = { .cssid = cssid, .ssid = ssid, .devno = devno };

            assert_bus_id_goes_round(&id);
            g_assert_true(ssid + devno == 0 || vccw_bus_id_key(&id) > last);
            last = vccw_bus_id_key(&id);
        }
}

static void
test_round_trip_cssids(void)
{
    for (guint cssid = 0; cssid <= VCCW_CSSID_MAX; cssid++) {
        VccwBusId id = { .cssid = cssid, .ssid = cssid % 4, .devno = 0xa5c3 };

        assert_bus_id_goes_round(&id);
    }
}

static void
assert_uuid(ParseUuid parse, const char *text, const VccwUuid *expected)
{
    g_autoptr(GError) error = NULL;
    VccwUuid uuid = { { 0x55 } };

    g_assert_true(parse(at_guard_page(text), &uuid, &error));
    g_assert_no_error(error);
    g_assert_true(vccw_uuid_equal(&uuid, expected));
}

static void
assert_bad_uuid(ParseUuid parse, const char *text)
{
    GError *error = NULL;
    VccwUuid uuid = { { 0x55 } };
    const VccwUuid untouched = uuid;

    g_assert_false(parse(at_guard_page(text), &uuid, &error));
    assert_invalid(error);
    g_assert_true(vccw_uuid_equal(&uuid, &untouched));
}

static const char *const free_uuids[] = {
    "18e124fbb2fc47f6a407f256b6c49767",
    "18E124FBB2FC47F6A407F256B6C49767",
    "  18e124fb-b2fc-47f6-a407-f256b6c49767\n\t ",
    "\t\n\r\f18e124fb-b2fc-47f6-a407-f256b6c49767",
    "18-e1-24-fb-b2-fc-47-f6-a4-07-f2-56-b6-c4-97-67",
    "18 e1 24 fb b2 fc 47 f6 a4 07 f2 56 b6 c4 97 67",
    "18e124fb--b2fc- -47f6 - a407----f256b6c49767",
    "-18e124fb-b2fc-47f6-a407-f256b6c49767",
    " - 18e124fb-b2fc-47f6-a407-f256b6c49767",
};

static const char *const bad_uuids[] = {
    "",
    " ",
    "-",
    "1",
    "18",
    "18e124fb",
    "18e124fb-b2fc-47f6-a407-f256b6c4976",
    "18e124fb-b2fc-47f6-a407-f256b6c49767-",
    "18e124fb-b2fc-47f6-a407-f256b6c497670",
    "18e124fb-b2fc-47f6-a407-f256b6c49767 0",
    "18e124fb-b2fc-47f6-a407-f256b6c4976g",
    "18e124fb-b2fc-47f6-a407-f256b6c497 67x",
    "18e124fb_b2fc_47f6_a407_f256b6c49767",
    "1-8e124fb-b2fc-47f6-a407-f256b6c49767",
    "1 8e124fb-b2fc-47f6-a407-f256b6c49767",
    "18e124fb\nb2fc-47f6-a407-f256b6c49767",
    "18e124fb\tb2fc-47f6-a407-f256b6c49767",
    "0x18e124fb-b2fc-47f6-a407-f256b6c49767",
    "{18e124fb-b2fc-47f6-a407-f256b6c49767}",
    "urn:uuid:18e124fb-b2fc-47f6-a407-f256b6c49767",
    "18e124fb-b2fc-47f6-a407-f256b6c49767\x01",
    "\xc2\xa0" UUID_CANONICAL,
};

static void
test_uuid_good(void)
{
    assert_uuid(vccw_uuid_parse, UUID_CANONICAL, &sample_uuid);
    assert_uuid(vccw_uuid_parse_canonical, UUID_CANONICAL, &sample_uuid);
    assert_uuid(vccw_uuid_parse, "18E124FB-B2FC-47f6-A407-F256B6C49767", &sample_uuid);
    for (guint i = 0; i < G_N_ELEMENTS(free_uuids); i++)
        assert_uuid(vccw_uuid_parse, free_uuids[i], &sample_uuid);
}

static void
test_uuid_bad(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad_uuids); i++) {
        assert_bad_uuid(vccw_uuid_parse, bad_uuids[i]);
        assert_bad_uuid(vccw_uuid_parse_canonical, bad_uuids[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(free_uuids); i++)
        assert_bad_uuid(vccw_uuid_parse_canonical, free_uuids[i]);
    assert_bad_uuid(vccw_uuid_parse_canonical, "18e124fb-b2fc-47f6-a407-f256b6c4976A");
    assert_bad_uuid(vccw_uuid_parse_canonical, "18E124fb-b2fc-47f6-a407-f256b6c49767");
}

static void
test_uuid_random(void)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(vccw_uuid_hash, vccw_uuid_equal, g_free, NULL);

    for (guint i = 0; i < RANDOM_ROUNDS; i++) {
        g_autofree VccwUuid *uuid = g_new0(VccwUuid, 1);
        g_autofree char *text = NULL;

        vccw_uuid_random(uuid);
        text = vccw_uuid_to_string(uuid);
        g_assert_true(g_uuid_string_is_valid(text));
        g_assert_cmpint(text[14], ==, '4');
        g_assert_nonnull(strchr("89ab", text[19]));
        assert_uuid(vccw_uuid_parse, text, uuid);
        assert_uuid(vccw_uuid_parse_canonical, text, uuid);
        g_assert_true(g_hash_table_add(seen, g_steal_pointer(&uuid)));
    }
}

static void
test_node_name_good(void)
{
    const VccwBusId id = { .cssid = 0, .ssid = 0, .devno = 4 };
    VccwNodeName computer = { .kind = VCCW_NODE_COMPUTER };
    VccwNodeName mdev = vccw_node_name_mdev(&sample_uuid, &id);
    VccwNodeName old = { .kind = VCCW_NODE_MDEV, .uuid = sample_uuid };
    VccwNodeName upper;

    assert_name_goes_round(&computer, "computer");
    assert_name_goes_round(&mdev, UUID_NAME "_0_0_0004");
    assert_name_goes_round(&old, UUID_NAME);
    g_assert_false(vccw_node_name_equal(&mdev, &old));
    g_assert_false(vccw_node_name_equal(&mdev, &computer));
    g_assert_true(vccw_node_name_parse(
        "mdev_18E124FB_B2FC_47F6_A407_F256B6C49767_0_0_0004", &upper, NULL));
    g_assert_true(vccw_node_name_equal(&mdev, &upper));
    g_assert_true(vccw_node_name_parse("css_FE_3_ABCD", &upper, NULL));
    g_assert_cmphex(vccw_bus_id_key(&upper.id), ==, 0xfe03abcd);
}

static void
test_node_name_random(void)
{
    for (guint i = 0; i < RANDOM_ROUNDS; i++) {
        VccwBusId id = { .cssid = g_test_rand_int_range(0, VCCW_CSSID_MAX + 1),
                         .ssid = g_test_rand_int_range(0, VCCW_SSID_MAX + 1),
                         .devno = g_test_rand_int_range(0, 0x10000) };
        g_autofree char *text = NULL;
        g_autofree char *expected = NULL;
        VccwUuid uuid;
        VccwNodeName name;

        vccw_uuid_random(&uuid);
        text = vccw_uuid_to_string(&uuid);
        g_strdelimit(text, "-", '_');
        expected =
            g_strdup_printf("mdev_%s_%x_%x_%04x", text, id.cssid, id.ssid, id.devno);
        name = vccw_node_name_mdev(&uuid, &id);
        assert_name_goes_round(&name, expected);
    }
}

static void
assert_bad_name(const char *text)
{
    GError *error = NULL;
    VccwNodeName name = { .kind = 77, .has_parent = 99 };

    g_assert_false(vccw_node_name_parse(at_guard_page(text), &name, &error));
    assert_invalid(error);
    g_assert_cmpint(name.kind, ==, 77);
    g_assert_cmpint(name.has_parent, ==, 99);
}

static void
test_node_name_bad(void)
{
    static const char *const bad[] = {
        "",
        "c",
        "css",
        "css_",
        "CSS_0_0_0001",
        "css0_0_0001",
        "css__0_0001",
        "css_0.0.0001",
        "css-0-0-0001",
        " css_0_0_0001",
        "css_0_0_0001_",
        "css_0_0_0001 ",
        "cssx_0_0_0001",
        "ccwgroup_0_0_bd00",
        "chp0_4a",
        "computer ",
        "Computer",
        "computer_",
        "mdev_",
        "mdev_0_0_0001",
        "mdev_" UUID_CANONICAL,
        "mdev_" UUID_CANONICAL "_0_0_0001",
        "mdev_18e124fbb2fc47f6a407f256b6c49767_0_0_0001",
        "mdev_18e124fb_b2fc_47f6_a407_f256b6c4976",
        "mdev_ 18e124fb_b2fc_47f6_a407_f256b6c49767",
        UUID_NAME "_",
        UUID_NAME "0_0_0001",
        UUID_NAME "0",
        UUID_NAME "_0",
        UUID_NAME "_0_0",
        UUID_NAME "_0_0_",
        UUID_NAME "_0_0_001",
        UUID_NAME "_0_4_0001",
        UUID_NAME "_ff_0_0001",
        UUID_NAME "_0_0_00011",
        UUID_NAME "_0.0.0001",
        UUID_NAME "_0_0_0001_0_0_0001",
    };

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_bad_name(bad[i]);
}

/* The table of bad addresses, as they would stand in names. */
static void
test_node_name_bad_addresses(void)
{
    static const char *const prefixes[] = { "", "css_", "ccw_", UUID_NAME "_" };

    for (guint i = 0; i < G_N_ELEMENTS(bad_addresses); i++)
        for (guint k = 0; k < G_N_ELEMENTS(prefixes); k++) {
            g_autofree char *dotted = g_strconcat(prefixes[k], bad_addresses[i], NULL);
            g_autofree char *name = g_strdelimit(g_strdup(dotted), ".", '_');

            if (g_str_equal(name, "css_0_0_0001"))
                continue;
            assert_bad_name(dotted);
            if (!g_str_has_suffix(name, "_0_0_0001") || k == 0)
                assert_bad_name(name);
        }
}

/* The last vector of the paper on SipHash, and that a process has a key of its own. */
static void
test_hash(void)
{
    static const guint64 key[2] = { G_GUINT64_CONSTANT(0x0706050403020100),
                                    G_GUINT64_CONSTANT(0x0f0e0d0c0b0a0908) };
    guint8 data[15];

    for (guint i = 0; i < sizeof data; i++)
        data[i] = (guint8)i;
    g_assert_true(vccw_hash_with_key(key, data, sizeof data) ==
                  G_GUINT64_CONSTANT(0xa129ca6149be45e5));
    g_assert_cmpuint(vccw_hash_string("same"), ==, vccw_hash_string("same"));
    g_assert_cmpuint(g_str_hash("EzEz"), ==, g_str_hash("FYFY"));
    g_assert_cmpuint(vccw_hash_string("EzEz"), !=, vccw_hash_string("FYFY"));
    g_assert_cmpuint(vccw_hash_number(GUINT_TO_POINTER(7)), ==,
                     vccw_hash_number(GUINT_TO_POINTER(7)));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/bus-id/good", test_bus_id_good);
    g_test_add_func("/address/bus-id/bad", test_bus_id_bad);
    g_test_add_func("/address/bus-id/other-side", test_bus_id_other_side);
    g_test_add_func("/address/bus-id/messages", test_bus_id_messages);
    g_test_add_data_func("/address/round-trip/host", GUINT_TO_POINTER(0),
                         test_round_trip_all);
    g_test_add_data_func("/address/round-trip/guest", GUINT_TO_POINTER(VCCW_GUEST_CSSID),
                         test_round_trip_all);
    g_test_add_func("/address/round-trip/cssids", test_round_trip_cssids);
    g_test_add_func("/address/uuid/good", test_uuid_good);
    g_test_add_func("/address/uuid/bad", test_uuid_bad);
    g_test_add_func("/address/uuid/random", test_uuid_random);
    g_test_add_func("/address/node-name/good", test_node_name_good);
    g_test_add_func("/address/node-name/random", test_node_name_random);
    g_test_add_func("/address/node-name/bad", test_node_name_bad);
    g_test_add_func("/address/node-name/bad-addresses", test_node_name_bad_addresses);
    g_test_add_func("/address/hash", test_hash);
    return g_test_run();
}
