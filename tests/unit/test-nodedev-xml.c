/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Node-device documents against golden files.
 *
 * In xmlfiles: canonical documents (those of guests have their own test); each matches
 * the schema and is written as read.
 *
 * In data/nodedev-stock: what stock libvirt 9.0.0 printed; the same is asked of them.
 *
 * In data/nodedev-read: other documents that are accepted, and NAME.out, how they are
 * written; those called unknown-… have something that only reading without the schema
 * overlooks.
 *
 * In data/nodedev-invalid: one fault each, and NAME.expected, the error without and with
 * the schema.
 *
 * With VIRTCCW_REGENERATE=1 in the environment .out and .expected are written, not
 * compared.
 */

#include "cost.h"
#include "error-name.h"
#include "source-file.h"
#include <string.h>
#include <sys/resource.h>
#include <virtccw/error.h>
#include <virtccw/nodedev-xml.h>

#define MIB (1024 * 1024)

static VccwNodedevXml *
parse(const char *text, gboolean validate)
{
    g_autoptr(GError) error = NULL;
    VccwNodedevXml *xml = vccw_nodedev_xml_parse(text, validate, &error);

    g_assert_no_error(error);
    g_assert_nonnull(xml);
    return xml;
}

static void
assert_written(const char *text, gboolean validate, const char *expected)
{
    g_autoptr(VccwNodedevXml) xml = parse(text, validate);
    g_autofree char *written = vccw_nodedev_xml_format(xml);

    g_assert_cmpstr(written, ==, expected);
}

/* Compares @actual with the file beside @path, or writes that. */
static void
assert_golden(const char *path, const char *extension, const char *actual)
{
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".xml"));
    g_autofree char *golden = g_strconcat(stem, extension, NULL);
    g_autofree char *expected = NULL;

    if (g_getenv("VIRTCCW_REGENERATE"))
        g_assert_true(g_file_set_contents(golden, actual, -1, NULL));
    expected = read_file(golden);
    g_assert_cmpstr(actual, ==, expected);
}

static void
test_canonical(gconstpointer path)
{
    g_autofree char *text = read_file(path);

    assert_written(text, FALSE, text);
    assert_written(text, TRUE, text);
}

static void
test_read(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(VccwNodedevXml) xml = parse(text, FALSE);
    g_autofree char *written = vccw_nodedev_xml_format(xml);

    assert_golden(path, ".out", written);
    assert_written(written, TRUE, written);
    if (!g_str_has_prefix(name, "unknown-"))
        assert_written(text, TRUE, written);
}

static void
describe(GString *out, const char *how, const char *text, gboolean validate)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_parse(text, validate, &error);

    g_assert_true(!xml == !!error);
    g_string_append_printf(out, "%s: %s%s%s\n", how,
                           error ? error_name(error) : "accepted", error ? ": " : "",
                           error ? error->message : "");
}

static void
test_invalid(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autoptr(GString) actual = g_string_new(NULL);

    describe(actual, "read", text, FALSE);
    describe(actual, "validate", text, TRUE);
    g_assert_null(strstr(actual->str, "validate: accepted"));
    assert_golden(path, ".expected", actual->str);
}

static void
test_values_css(void)
{
    g_autofree char *path = source_path("xmlfiles/css-vfio_ccw.xml");
    g_autofree char *text = read_file(path);
    g_autoptr(VccwNodedevXml) xml = parse(text, TRUE);
    const VccwXmlMdevType *type;

    g_assert_cmpint(xml->kind, ==, VCCW_NODE_CSS);
    g_assert_cmpstr(xml->name, ==, "css_0_0_0004");
    g_assert_cmpstr(xml->path, ==, "/sys/devices/css0/0.0.0004");
    g_assert_cmpstr(xml->parent, ==, "computer");
    g_assert_cmpstr(xml->driver, ==, "vfio_ccw");
    g_assert_cmpuint(vccw_bus_id_key(&xml->id), ==, 0x0004);
    g_assert_true(xml->has_channel_device);
    g_assert_cmpuint(vccw_bus_id_key(&xml->channel_device), ==, 0x3000);
    g_assert_cmpuint(xml->mdev_types->len, ==, 1);
    type = g_ptr_array_index(xml->mdev_types, 0);
    g_assert_cmpstr(type->id, ==, "vfio_ccw-io");
    g_assert_cmpstr(type->name, ==, "I/O subchannel (Non-QDIO)");
    g_assert_cmpstr(type->device_api, ==, "vfio-ccw");
    g_assert_cmpuint(type->available_instances, ==, 1);
}

static void
test_values_mdev(void)
{
    g_autofree char *path = source_path("xmlfiles/mdev-active-attrs.xml");
    g_autofree char *text = read_file(path);
    g_autoptr(VccwNodedevXml) xml = parse(text, TRUE);
    g_autofree char *uuid = vccw_uuid_to_string(&xml->uuid);
    const VccwXmlAttr *attr;

    g_assert_cmpint(xml->kind, ==, VCCW_NODE_MDEV);
    g_assert_cmpstr(xml->parent, ==, "css_0_0_0004");
    g_assert_cmpstr(xml->driver, ==, "vfio_ccw_mdev");
    g_assert_cmpstr(xml->type, ==, "vfio_ccw-io");
    g_assert_true(xml->has_uuid);
    g_assert_cmpstr(uuid, ==, "18e124fb-b2fc-47f6-a407-f256b6c49767");
    g_assert_cmpstr(xml->parent_addr, ==, "0.0.0004");
    g_assert_cmpint(xml->iommu_group, ==, 7);
    g_assert_cmpuint(xml->attrs->len, ==, 3);
    attr = g_ptr_array_index(xml->attrs, 1);
    g_assert_cmpstr(attr->name, ==, "two");
    g_assert_cmpstr(attr->value, ==, "");
    g_assert_null(xml->autostart_result);
}

/* What a person writes: everything that is left out is marked so. */
static void
test_values_absent(void)
{
    g_autofree char *path = source_path("xmlfiles/my_dasd_mdev-without-uuid.xml");
    g_autofree char *text = read_file(path);
    g_autoptr(VccwNodedevXml) xml = parse(text, TRUE);

    g_assert_null(xml->name);
    g_assert_null(xml->path);
    g_assert_null(xml->driver);
    g_assert_false(xml->has_uuid);
    g_assert_null(xml->parent_addr);
    g_assert_cmpint(xml->iommu_group, ==, -1);
    g_assert_cmpuint(xml->attrs->len, ==, 0);
    g_assert_cmpuint(xml->devnodes->len, ==, 0);
}

static void
test_values_ccw_and_autostart(void)
{
    g_autofree char *ccw_path = source_path("xmlfiles/ccw-offline.xml");
    g_autofree char *ccw_text = read_file(ccw_path);
    g_autoptr(VccwNodedevXml) ccw = parse(ccw_text, TRUE);
    g_autofree char *mdev_path = source_path("xmlfiles/mdev-autostart-waiting.xml");
    g_autofree char *mdev_text = read_file(mdev_path);
    g_autoptr(VccwNodedevXml) mdev = parse(mdev_text, TRUE);

    g_assert_cmpint(ccw->kind, ==, VCCW_NODE_CCW);
    g_assert_cmpstr(ccw->state, ==, "offline");
    g_assert_cmpuint(vccw_bus_id_key(&ccw->id), ==, 0x3000);
    g_assert_cmpstr(mdev->autostart_result, ==, "waiting");
    g_assert_cmpstr(mdev->autostart_reason, ==, "there is no subchannel 0.0.0004");
}

static void
test_values_channel(void)
{
    g_autofree char *path = source_path("xmlfiles/css-channel.xml");
    g_autofree char *text = read_file(path);
    g_autoptr(VccwNodedevXml) xml = parse(text, TRUE);
    const VccwXmlChannel *channel = xml->channel;
    const VccwXmlUser *user;

    g_assert_nonnull(channel);
    g_assert_cmpstr(channel->device, ==, "0.0.3000");
    g_assert_cmpstr(channel->cutype, ==, "3990/e9");
    g_assert_cmpstr(channel->devtype, ==, "3390/0c");
    g_assert_cmpstr(channel->uid, ==, "IBM.750000000BELG1.3000.00");
    g_assert_true(channel->has_paths);
    g_assert_false(channel->has_vpm);
    g_assert_cmpuint(channel->pom, ==, 0xff);
    g_assert_cmpuint(channel->has_chpid, ==, 0xc0);
    g_assert_cmpuint(channel->chpids[1], ==, 0x35);
    g_assert_cmpstr(channel->override, ==, "vfio_ccw");
    g_assert_cmpuint(channel->users->len, ==, 1);
    user = channel->users->pdata[0];
    g_assert_cmpstr(user->by, ==, "domain");
    g_assert_cmpstr(user->what, ==, "guest1");
}

static void
test_values_computer(void)
{
    g_autofree char *path = source_path("xmlfiles/computer.xml");
    g_autofree char *text = read_file(path);
    g_autoptr(VccwNodedevXml) xml = parse(text, TRUE);

    g_assert_cmpint(xml->kind, ==, VCCW_NODE_COMPUTER);
    g_assert_cmpstr(xml->system_product, ==, "8561 T01");
    g_assert_cmpstr(xml->system_vendor, ==, "IBM");
    g_assert_cmpstr(xml->system_version, ==, "LPAR 4");
    g_assert_cmpstr(xml->system_serial, ==, "00000000000A1B28");
    g_assert_cmpstr(xml->system_uuid, ==, "9a7e4f3c-51d0-4c8e-b6a2-3d0f1e2c4b5a");
    g_assert_cmpstr(xml->firmware_vendor, ==, "IBM");
    g_assert_cmpstr(xml->firmware_version, ==, "D41C");
    g_assert_cmpstr(xml->firmware_date, ==, "02/11/2023");
}

/* A document of the machine that tells nothing about itself. */
static void
test_computer_unknown(void)
{
    g_autofree char *path = source_path("xmlfiles/computer-unknown.xml");
    g_autofree char *expected = read_file(path);
    g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_new(VCCW_NODE_COMPUTER);
    g_autofree char *written = NULL;

    xml->name = g_strdup("computer");
    written = vccw_nodedev_xml_format(xml);
    g_assert_cmpstr(written, ==, expected);
}

/* What the kernel or a stranger's file hands over need not be text. */
static void
test_bytes_not_xml(void)
{
    g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_new(VCCW_NODE_MDEV);
    g_autoptr(VccwNodedevXml) again = NULL;
    g_autofree char *written = NULL;
    const VccwXmlAttr *attr;

    xml->type = g_strdup("a\x01z");
    xml->parent = g_strdup("\xff\xef\xbf\xbf]]>\r");
    vccw_nodedev_xml_add_attr(xml, "<'\">", "\xc0\xaf\x1b\x7f &\n\t");
    vccw_nodedev_xml_add_attr(xml, "none", NULL);
    written = vccw_nodedev_xml_format(xml);
    again = parse(written, TRUE);
    g_assert_cmpstr(again->type, ==, "a\xef\xbf\xbdz");
    g_assert_cmpstr(again->parent, ==, "\xef\xbf\xbd\xef\xbf\xbd]]>\r");
    attr = g_ptr_array_index(again->attrs, 0);
    g_assert_cmpstr(attr->name, ==, "<'\">");
    g_assert_cmpstr(attr->value, ==, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x7f &\n\t");
    attr = g_ptr_array_index(again->attrs, 1);
    g_assert_cmpstr(attr->value, ==, "");
    assert_written(written, TRUE, written);
}

static char *
random_text(void)
{
    static const char *const pieces[] = { "a",   "Z",     "0",    "-",    " ",
                                          "<",   ">",     "&",    "'",    "\"",
                                          "]]>", "\n",    "\t",   "\r",   "ä",
                                          "😀",   "&amp;", "<!--", "\x7f", "\xc2\x85" };
    GString *text = g_string_new("x");
    int n = g_test_rand_int_range(0, 12);

    while (n-- > 0) {
        int piece = g_test_rand_int_range(0, (int)G_N_ELEMENTS(pieces));
        g_string_append(text, pieces[piece]);
    }
    return g_string_free(text, FALSE);
}

static VccwBusId
random_bus_id(void)
{
    VccwBusId id = { (guint8)g_test_rand_int_range(0, VCCW_CSSID_MAX + 1),
                     (guint8)g_test_rand_int_range(0, VCCW_SSID_MAX + 1),
                     (guint16)g_test_rand_int_range(0, G_MAXUINT16 + 1) };

    return id;
}

static char *
maybe(char *text)
{
    if (g_test_rand_bit())
        return text;
    g_free(text);
    return NULL;
}

/* Whatever is random in it, it says something. */
static VccwXmlChannel *
maybe_channel(void)
{
    VccwXmlChannel *channel;

    if (g_test_rand_bit())
        return NULL;
    channel = vccw_xml_channel_new();
    channel->device = random_text();
    channel->cutype = maybe(random_text());
    channel->uid = maybe(random_text());
    channel->override = maybe(random_text());
    channel->instead = maybe(random_text());
    channel->has_paths = g_test_rand_bit();
    if (channel->has_paths) {
        channel->pim = (guint8)g_test_rand_int();
        channel->pom = (guint8)g_test_rand_int();
        channel->has_vpm = g_test_rand_bit();
        channel->has_chpid = (guint8)g_test_rand_int();
        for (guint i = 0; i < 8; i++)
            channel->chpids[i] = (guint8)g_test_rand_int();
    }
    for (int n = g_test_rand_int_range(0, 3); n > 0; n--) {
        g_autofree char *what = random_text();

        vccw_xml_channel_add_user(channel, g_test_rand_bit() ? "host" : "domain", what);
    }
    return channel;
}

static VccwNodedevXml *
random_document(void)
{
    VccwNodeKind kind = (VccwNodeKind)g_test_rand_int_range(0, VCCW_NODE_MDEV + 1);
    VccwNodedevXml *xml = vccw_nodedev_xml_new(kind);

    xml->name = maybe(random_text());
    xml->parent = maybe(random_text());
    xml->driver = maybe(random_text());
    xml->id = random_bus_id();
    xml->channel_device = random_bus_id();
    xml->has_channel_device = g_test_rand_bit();
    xml->state = maybe(g_strdup(g_test_rand_bit() ? "online" : "offline"));
    xml->type = random_text();
    xml->has_uuid = g_test_rand_bit();
    vccw_uuid_random(&xml->uuid);
    xml->parent_addr = maybe(random_text());
    xml->iommu_group = g_test_rand_int_range(-1, G_MAXINT);
    xml->autostart_result = maybe(g_strdup(g_test_rand_bit() ? "failed" : "waiting"));
    xml->autostart_reason = maybe(random_text());
    xml->channel = maybe_channel();
    xml->system_product = maybe(random_text());
    xml->system_serial = maybe(random_text());
    xml->firmware_version = maybe(random_text());
    for (int n = g_test_rand_int_range(0, 4); n > 0; n--) {
        g_autofree char *name = random_text();
        g_autofree char *value = random_text();

        vccw_nodedev_xml_add_attr(xml, name, value);
        vccw_nodedev_xml_add_type(xml, name, value, "vfio-ccw", g_test_rand_int());
        g_ptr_array_add(xml->devnodes, g_strdup("/dev/vfio/7"));
    }
    return xml;
}

static void
test_random(void)
{
    for (int i = 0; i < 1000; i++) {
        g_autoptr(VccwNodedevXml) xml = random_document();
        g_autofree char *written = vccw_nodedev_xml_format(xml);

        assert_written(written, TRUE, written);
    }
}

/* Each valid address is written and read back; the printers are exercised at each bound.
 */
static void
test_addresses(void)
{
    for (guint i = 0; i <= G_MAXUINT16; i += 257) {
        g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_new(VCCW_NODE_CCW);
        g_autoptr(VccwNodedevXml) again = NULL;
        g_autofree char *written = NULL;

        xml->id.cssid = (guint8)(i >> 8 > VCCW_CSSID_MAX ? VCCW_CSSID_MAX : i >> 8);
        xml->id.ssid = i & VCCW_SSID_MAX;
        xml->id.devno = (guint16)i;
        written = vccw_nodedev_xml_format(xml);
        again = parse(written, TRUE);
        g_assert_true(vccw_bus_id_equal(&xml->id, &again->id));
    }
}

static char *
repeat(const char *head, const char *unit, gsize total, const char *tail)
{
    GString *text = g_string_new(head);

    while (text->len + strlen(unit) + strlen(tail) <= total)
        g_string_append(text, unit);
    g_string_append(text, tail);
    return g_string_free(text, FALSE);
}

static char *
numbered(const char *head, const char *format, guint n, const char *tail)
{
    GString *text = g_string_new(head);
    g_auto(GStrv) parts = g_strsplit(format, "#", 2);

    for (guint i = 0; i < n; i++)
        g_string_append_printf(text, "%s%u%s", parts[0], i, parts[1]);
    g_string_append(text, tail);
    return g_string_free(text, FALSE);
}

#define MDEV "<device><capability type='mdev'><type id='t'/>"
#define END  "</capability></device>"

/* Documents made to cost much: @unit up to @size bytes, or @n times, numbered at the '#'.
 */
static const struct {
    const char *name;
    const char *head;
    const char *unit;
    gsize size;
    guint n;
    const char *tail;
    int code; /* -1: accepted without the schema */
} bombs[] = {
    { "60000-attributes", "<device ", " a#=''", 0, 60000, "/>", VCCW_ERROR_TOO_LARGE },
    { "attributes", "<device ", " a#=''", 0, 6000, "/>", VCCW_ERROR_XML_SYNTAX },
    { "attributes-behind-comment", "<device><!-- ' > --><a ", " a#=''", 0, 6000,
      "/></device>", VCCW_ERROR_XML_SYNTAX },
    { "attributes-behind-error", "<device ' <a ", " a#=''", 0, 6000, "/>",
      VCCW_ERROR_XML_SYNTAX },
    { "attributes-behind-quote", "<device a='<a ", " a#=\"\"", 0, 6000, "/>",
      VCCW_ERROR_XML_SYNTAX },
    { "attributes-with-blanks", "<device ", " a# = ''", 0, 5000, "/>",
      VCCW_ERROR_XML_SYNTAX },
    { "namespaces", "<device ", " xmlns:a#=''", 0, 3000, "/>", VCCW_ERROR_XML_SYNTAX },
    { "namespaces-nested", "<device>", "<a xmlns:a#='u'>", 0, 200, "",
      VCCW_ERROR_XML_SYNTAX },
    { "deep", "<device>", "<a>", VCCW_NODEDEV_XML_MAX, 0, "", VCCW_ERROR_XML_SYNTAX },
    { "elements", MDEV, "<a/>", VCCW_NODEDEV_XML_MAX, 0, END, -1 },
    { "attrs", MDEV, "<attr name='a' value=''/>", VCCW_NODEDEV_XML_MAX, 0, END, -1 },
    { "comments", MDEV, "<!---->", VCCW_NODEDEV_XML_MAX, 0, END, -1 },
    { "instructions", MDEV, "<?a?>", VCCW_NODEDEV_XML_MAX, 0, END, -1 },
    { "cdata", MDEV "<uuid>", "<![CDATA[x]]>", VCCW_NODEDEV_XML_MAX, 0, "</uuid>" END,
      VCCW_ERROR_XML_CONTENT },
    { "references", MDEV "<uuid>", "&amp;", VCCW_NODEDEV_XML_MAX, 0, "</uuid>" END,
      VCCW_ERROR_XML_CONTENT },
    { "uuid-of-blanks", MDEV "<uuid>18", " ", VCCW_NODEDEV_XML_MAX, 0, "</uuid>" END,
      VCCW_ERROR_XML_CONTENT },
    { "uuid-of-dashes", MDEV "<uuid>18", "-", VCCW_NODEDEV_XML_MAX, 0, "</uuid>" END,
      VCCW_ERROR_XML_CONTENT },
    { "entities", "<device>", "&a;", VCCW_NODEDEV_XML_MAX, 0, "</device>",
      VCCW_ERROR_XML_SYNTAX },
    { "billion-laughs",
      "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
      "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]><device>",
      "&c;", 30000, 0, "</device>", VCCW_ERROR_XML_CONTENT },
    { "doctype-long", "<!DOCTYPE device [", "<!ENTITY a 'b'>", VCCW_NODEDEV_XML_MAX, 0,
      "]><device/>", VCCW_ERROR_XML_CONTENT },
    { "name", "<device><", "n", VCCW_NODEDEV_XML_MAX, 0, "/></device>",
      VCCW_ERROR_XML_SYNTAX },
    { "just-too-large", MDEV, " ", VCCW_NODEDEV_XML_MAX + 1, 0, END,
      VCCW_ERROR_TOO_LARGE },
    { "4-mib", "<device>", "0123456789abcdef", 4 * MIB, 0, "</device>",
      VCCW_ERROR_TOO_LARGE },
    { "4-mib-not-utf8", "<device>", "\xff", 4 * MIB, 0, "", VCCW_ERROR_TOO_LARGE },
};

static long
peak_kib(void)
{
    struct rusage usage;

    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return usage.ru_maxrss;
}

static void
test_bomb(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autofree char *text =
        bombs[i].size ? repeat(bombs[i].head, bombs[i].unit, bombs[i].size, bombs[i].tail)
                      : numbered(bombs[i].head, bombs[i].unit, bombs[i].n, bombs[i].tail);

    if (bombs[i].size)
        g_assert_cmpuint(strlen(text), <=, bombs[i].size);
    for (int validate = 0; validate <= 1; validate++) {
        g_autoptr(GError) error = NULL;
        long kib = peak_kib();
        double ms = cpu_ms();
        g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_parse(text, validate, &error);

        ms = cpu_ms() - ms;
        g_test_message("%s: %.2f ms", bombs[i].name, ms);
        g_assert_cmpfloat(ms, <=, cost_limit(50));
        if (!SANITIZED)
            g_assert_cmpint(peak_kib() - kib, <=, 16 * 1024);
        if (bombs[i].code < 0 && !validate)
            g_assert_no_error(error);
        else if (!validate)
            g_assert_error(error, VCCW_ERROR, bombs[i].code);
        g_assert_true(!xml == !!error);
        g_assert_true(!error || strlen(error->message) < 1000);
    }
}

static gpointer
parse_often(gpointer data)
{
    const char *text = data;

    for (int i = 0; i < 300; i++) {
        g_autoptr(GError) error = NULL;

        assert_written(text, i % 2, text);
        g_assert_null(vccw_nodedev_xml_parse("<device><a></device>", TRUE, &error));
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX);
        g_clear_error(&error);
        g_assert_null(vccw_nodedev_xml_parse("<device><a/></device>", TRUE, &error));
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_XML_SCHEMA);
    }
    return NULL;
}

static void
test_threads(void)
{
    static const char *const files[] = { "css-vfio_ccw", "mdev-active-attrs",
                                         "ccw-online", "mdev-autostart-failed" };
    char *texts[G_N_ELEMENTS(files)];
    GThread *threads[G_N_ELEMENTS(files)];

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *relative = g_strdup_printf("xmlfiles/%s.xml", files[i]);
        g_autofree char *path = source_path(relative);

        texts[i] = read_file(path);
        threads[i] = g_thread_new(files[i], parse_often, texts[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_thread_join(threads[i]);
        g_free(texts[i]);
    }
}

/* libxml2 prints to stderr when asked wrongly; nothing may come from a client's document.
 */
static void
test_silent(void)
{
    if (g_test_subprocess()) {
        for (gsize i = 0; i < G_N_ELEMENTS(bombs); i++)
            test_bomb(GSIZE_TO_POINTER(i));
        return;
    }
    g_test_trap_subprocess(NULL, 60 * G_USEC_PER_SEC, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("");
}

/* Each example in the manual is a document as we print it. */
static void
test_manual(void)
{
    g_autofree char *path = source_path("docs/xml.md");
    g_autofree char *manual = read_file(path);
    guint n = 0;

    for (char *p = manual; (p = strstr(p, "```xml\n")); n++) {
        char *text = p + strlen("```xml\n");

        p = strstr(text, "```");
        g_assert_nonnull(p);
        *p++ = '\0';
        assert_written(text, TRUE, text);
    }
    g_assert_cmpuint(n, >=, 6);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

/* A test for each NAME.xml in @folder; at least @min of them. */
static void
add_folder(const char *folder, const char *subject, GTestDataFunc function, guint min)
{
    g_autofree char *path = source_path(folder);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".xml") && !g_str_has_prefix(name, "guest-") &&
            !g_str_has_prefix(name, "hostdev-"))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, by_name);
    g_assert_cmpuint(names->len, >=, min);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *test =
            g_strdup_printf("/nodedev-xml/%s/%.*s", subject,
                            (int)strlen(names->pdata[i]) - 4, (char *)names->pdata[i]);

        g_test_add_data_func_full(test, g_build_filename(path, names->pdata[i], NULL),
                                  function, g_free);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_folder("xmlfiles", "sample", test_canonical, 15);
    add_folder("tests/unit/data/nodedev-stock", "stock", test_canonical, 10);
    add_folder("tests/unit/data/nodedev-read", "read", test_read, 15);
    add_folder("tests/unit/data/nodedev-invalid", "invalid", test_invalid, 60);
    g_test_add_func("/nodedev-xml/values/css", test_values_css);
    g_test_add_func("/nodedev-xml/values/mdev", test_values_mdev);
    g_test_add_func("/nodedev-xml/values/absent", test_values_absent);
    g_test_add_func("/nodedev-xml/values/ccw-and-autostart",
                    test_values_ccw_and_autostart);
    g_test_add_func("/nodedev-xml/values/channel", test_values_channel);
    g_test_add_func("/nodedev-xml/values/computer", test_values_computer);
    g_test_add_func("/nodedev-xml/values/computer-unknown", test_computer_unknown);
    g_test_add_func("/nodedev-xml/written/bytes-not-xml", test_bytes_not_xml);
    g_test_add_func("/nodedev-xml/written/random", test_random);
    g_test_add_func("/nodedev-xml/written/addresses", test_addresses);
    for (gsize i = 0; i < G_N_ELEMENTS(bombs); i++) {
        g_autofree char *test = g_strconcat("/nodedev-xml/bomb/", bombs[i].name, NULL);
        g_test_add_data_func(test, GSIZE_TO_POINTER(i), test_bomb);
    }
    g_test_add_func("/nodedev-xml/manual", test_manual);
    g_test_add_func("/nodedev-xml/silent", test_silent);
    g_test_add_func("/nodedev-xml/threads", test_threads);
    return g_test_run();
}
