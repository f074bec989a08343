/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Guests and their hostdevs against golden files.
 *
 * In xmlfiles, guest-….xml and hostdev-….xml: canonical documents; each matches its
 * schema, passes all checks and is written as read. data/guest-assigned/NAME.out has the
 * guest with what assigning adds.
 *
 * In xmlfiles/invalid: twins of them with one fault each, and in
 * data/guest-invalid/NAME.expected the error without and with the schema.
 *
 * In data/guest-read: other documents that are accepted, and NAME.out, how they are
 * written after assigning; those called unknown-… have something that the schema refuses.
 *
 * With VIRTCCW_REGENERATE=1 in the environment .out and .expected are written, not
 * compared.
 */

#include "error-name.h"
#include "source-file.h"
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

#define INACTIVE (VCCW_DOMAIN_XML_INACTIVE | VCCW_DOMAIN_XML_SECURE)

static char *
read_sample(const char *name)
{
    g_autofree char *relative = g_strdup_printf("xmlfiles/%s.xml", name);
    g_autofree char *path = source_path(relative);

    return read_file(path);
}

static VccwDomainXml *
parse(const char *text, gboolean validate)
{
    g_autoptr(GError) error = NULL;
    VccwDomainXml *domain = vccw_domain_xml_parse(text, validate, &error);

    g_assert_no_error(error);
    g_assert_nonnull(domain);
    return domain;
}

static VccwHostdevXml *
parse_hostdev(const char *text, gboolean validate)
{
    g_autoptr(GError) error = NULL;
    VccwHostdevXml *hostdev = vccw_hostdev_xml_parse(text, validate, &error);

    g_assert_no_error(error);
    g_assert_nonnull(hostdev);
    return hostdev;
}

static void
check(const VccwDomainXml *domain)
{
    g_autoptr(GError) error = NULL;

    vccw_domain_xml_check(domain, &error);
    g_assert_no_error(error);
}

static void
assign(VccwDomainXml *domain)
{
    g_autoptr(GError) error = NULL;

    vccw_domain_xml_assign(domain, &error);
    g_assert_no_error(error);
}

static void
assert_written(const VccwDomainXml *domain, guint flags, const char *expected)
{
    g_autofree char *written = vccw_domain_xml_format(domain, flags);

    g_assert_cmpstr(written, ==, expected);
}

/* Compares @actual with data/@folder/NAME@extension of the document @path. */
static void
assert_golden(const char *folder,
              const char *path,
              const char *extension,
              const char *actual)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *stem = g_strndup(base, strlen(base) - strlen(".xml"));
    g_autofree char *relative =
        g_strdup_printf("tests/unit/data/%s/%s%s", folder, stem, extension);
    g_autofree char *golden = source_path(relative);
    g_autofree char *expected = NULL;

    if (g_getenv("VIRTCCW_REGENERATE"))
        g_assert_true(g_file_set_contents(golden, actual, -1, NULL));
    expected = read_file(golden);
    g_assert_cmpstr(actual, ==, expected);
}

/* What was assigned once stays, whatever is done with the document. */
static void
assert_stable(const char *text)
{
    g_autoptr(VccwDomainXml) domain = parse(text, FALSE);

    check(domain);
    assert_written(domain, INACTIVE, text);
    assign(domain);
    assert_written(domain, INACTIVE, text);
}

static void
test_guest(gconstpointer path)
{
    g_autofree char *text = read_file(path);

    for (int validate = 0; validate <= 1; validate++) {
        g_autoptr(VccwDomainXml) domain = parse(text, validate);
        g_autofree char *assigned = NULL;

        check(domain);
        assert_written(domain, INACTIVE, text);
        assign(domain);
        assigned = vccw_domain_xml_format(domain, INACTIVE);
        assert_golden("guest-assigned", path, ".out", assigned);
        assert_stable(assigned);
    }
}

static void
test_read(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(VccwDomainXml) domain = parse(text, FALSE);
    g_autofree char *written = NULL;

    check(domain);
    assign(domain);
    written = vccw_domain_xml_format(domain, INACTIVE);
    assert_golden("guest-read", path, ".out", written);
    assert_stable(written);
    if (!g_str_has_prefix(name, "unknown-"))
        vccw_domain_xml_free(parse(text, TRUE));
}

static void
test_hostdev(gconstpointer path)
{
    g_autofree char *text = read_file(path);

    for (int validate = 0; validate <= 1; validate++) {
        g_autoptr(VccwHostdevXml) hostdev = parse_hostdev(text, validate);
        g_autofree char *written = vccw_hostdev_xml_format(hostdev);

        g_assert_cmpstr(written, ==, text);
    }
}

static void
try_guest(const char *text, gboolean validate, GError **error)
{
    g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, validate, error);

    g_assert_true(!domain == !!*error);
    if (domain && vccw_domain_xml_check(domain, error))
        vccw_domain_xml_assign(domain, error);
}

static void
try_hostdev(const char *text, gboolean validate, GError **error)
{
    vccw_hostdev_xml_free(vccw_hostdev_xml_parse(text, validate, error));
}

static void
test_invalid(gconstpointer path)
{
    g_autofree char *text = read_file(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GString) actual = g_string_new(NULL);

    for (int validate = 0; validate <= 1; validate++) {
        g_autoptr(GError) error = NULL;

        if (g_str_has_prefix(name, "hostdev-"))
            try_hostdev(text, validate, &error);
        else
            try_guest(text, validate, &error);
        g_assert_nonnull(error);
        g_string_append_printf(actual, "%s: %s: %s\n", validate ? "validate" : "read",
                               error_name(error), error->message);
    }
    assert_golden("guest-invalid", path, ".expected", actual->str);
}

static void
test_values(void)
{
    g_autofree char *text = read_sample("guest-boot-dasd");
    g_autoptr(VccwDomainXml) domain = parse(text, TRUE);
    const VccwHostdevXml *hostdev = vccw_domain_xml_hostdev(domain, 0);
    g_autofree char *uuid = vccw_uuid_to_string(vccw_domain_xml_uuid(domain));
    g_autofree char *title = vccw_domain_xml_text(domain, "title");

    g_assert_cmpstr(vccw_domain_xml_name(domain), ==, "boot-dasd");
    g_assert_cmpstr(vccw_domain_xml_type(domain), ==, "kvm");
    g_assert_cmpstr(vccw_domain_xml_arch(domain), ==, "s390x");
    g_assert_cmpstr(vccw_domain_xml_machine(domain), ==, "s390-ccw-virtio");
    g_assert_null(vccw_domain_xml_emulator(domain));
    g_assert_cmpstr(uuid, ==, "6c1e4a3e-6a0e-4d0b-9f3c-5a4a5f0c1d03");
    g_assert_true(vccw_domain_xml_has_uuid(domain));
    g_assert_cmpstr(title, ==, "Boots Linux from a DASD of the host");
    g_assert_cmpuint(vccw_domain_xml_memory(domain), ==, 4 * 1024 * 1024);
    g_assert_cmpuint(vccw_domain_xml_current_memory(domain), ==, 2 * 1024 * 1024);
    g_assert_cmpuint(vccw_domain_xml_vcpus(domain), ==, 4);
    g_assert_cmpuint(vccw_domain_xml_current_vcpus(domain), ==, 2);
    g_assert_cmpuint(vccw_domain_xml_n_hostdevs(domain), ==, 1);
    g_assert_cmpint(hostdev->managed, ==, VCCW_SWITCH_OFF);
    g_assert_cmpint(hostdev->iommufd, ==, VCCW_SWITCH_ABSENT);
    g_assert_true(hostdev->has_address);
    g_assert_cmpuint(vccw_bus_id_key(&hostdev->address), ==, 0xfe003000);
    g_assert_cmpuint(hostdev->boot_order, ==, 1);
    g_assert_cmpstr(hostdev->loadparm, ==, "2");
    g_assert_cmpstr(hostdev->alias, ==, "ua-dasd_3000");
}

/* As libvirt reads numbers, but that it takes no blanks behind them. */
static void
test_numbers(void)
{
    static const char *const good[] = { "1", "0x1", "0X0001", "01", "+1", "+0x1", " 1 " };
    static const char *const bad[] = { "",   "+",  "-1",  "+-1", "-0x1", "++1", "+ 1",
                                       "0x", "08", "1e0", "1 1", "0x 1", "0x+1" };

    for (guint i = 0; i < G_N_ELEMENTS(good) + G_N_ELEMENTS(bad); i++) {
        gboolean is_good = i < G_N_ELEMENTS(good);
        const char *number = is_good ? good[i] : bad[i - G_N_ELEMENTS(good)];
        g_autofree char *text = g_strdup_printf(
            "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address "
            "uuid='6c1e4a3e-6a0e-4d0b-9f3c-5a4a5f0c1d03'/></source><address type='ccw' "
            "cssid='0xfe' ssid='0' devno='%s'/></hostdev>",
            number);
        g_autoptr(GError) error = NULL;
        g_autoptr(VccwHostdevXml) hostdev = vccw_hostdev_xml_parse(text, FALSE, &error);

        g_test_message("'%s'", number);
        g_assert_true((hostdev != NULL) == is_good);
        g_assert_cmpuint(hostdev ? hostdev->address.devno : 1, ==, 1);
    }
}

#define HEAD                                                                   \
    "<domain type='qemu'><name>g</name><memory>1</memory><os><type>hvm</type>" \
    "</os><devices>"
#define TAIL "</devices></domain>"

/* A guest of @n hostdevs; every @explicit-th has the address of its number. */
static char *
guest_with_gaps(guint n, guint explicit)
{
    GString *text = g_string_new(HEAD);

    for (guint i = 0; i < n; i++) {
        g_string_append_printf(text,
                               "<hostdev mode='subsystem' type='mdev' "
                               "model='vfio-ccw'><source><address "
                               "uuid='00000000-0000-4000-8000-%012x'/></source>",
                               i);
        if (i % explicit == 0)
            g_string_append_printf(text,
                                   "<address type='ccw' cssid='0xfe' ssid='0x%x' "
                                   "devno='0x%04x'/>",
                                   i >> 16, i & 0xffff);
        g_string_append(text, "</hostdev>");
    }
    g_string_append(text, "<memballoon model='none'/>" TAIL);
    return g_string_free(text, FALSE);
}

/* Gaps are filled from below, and explicit addresses left alone. */
static void
test_gaps(void)
{
    g_autofree char *text = guest_with_gaps(1000, 7);
    g_autoptr(VccwDomainXml) domain = parse(text, TRUE);
    guint expected = 0;

    check(domain);
    assign(domain);
    for (guint i = 0; i < 1000; i++) {
        const VccwHostdevXml *hostdev = vccw_domain_xml_hostdev(domain, i);

        if (i % 7 == 0) {
            g_assert_cmpuint(vccw_bus_id_key(&hostdev->address), ==, 0xfe000000 + i);
            continue;
        }
        while (expected % 7 == 0)
            expected++;
        g_assert_cmpuint(vccw_bus_id_key(&hostdev->address), ==, 0xfe000000 + expected);
        expected++;
    }
}

/* When a subchannel set is full, the next is used, from its lowest free address. */
static void
test_next_set(void)
{
    GString *text = g_string_new(
        HEAD "<rng><address type='ccw' cssid='0xfe' ssid='0x1' devno='0x0000'/></rng>"
             "<memballoon model='none'/>");
    g_autofree char *guest = NULL;
    g_autofree char *written = NULL;
    g_autoptr(VccwDomainXml) domain = NULL;

    for (guint i = 0; i < 65536 + 1; i++)
        g_string_append(text, "<rng/>");
    g_string_append(text, TAIL);
    guest = g_string_free(text, FALSE);
    domain = parse(guest, FALSE);
    assign(domain);
    check(domain);
    written = vccw_domain_xml_format(domain, INACTIVE);
    g_assert_nonnull(strstr(written, "ssid='0x0' devno='0x0000'"));
    g_assert_nonnull(strstr(written, "ssid='0x0' devno='0xffff'"));
    g_assert_nonnull(strstr(written, "ssid='0x1' devno='0x0001'"));
    g_assert_null(strstr(written, "ssid='0x1' devno='0x0002'"));
}

static void
test_setters(void)
{
    g_autofree char *text = read_sample("guest-manual");
    g_autoptr(VccwDomainXml) domain = parse(text, TRUE);
    g_autoptr(GError) error = NULL;
    g_autofree char *written = NULL;
    VccwUuid uuid = { { 1, 2, 3 } };

    g_assert_true(vccw_domain_xml_set_name(domain, "a<b", &error));
    g_assert_cmpstr(vccw_domain_xml_name(domain), ==, "a<b");
    g_assert_false(vccw_domain_xml_set_name(domain, "a/b", &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_XML_CONTENT);
    vccw_domain_xml_set_uuid(domain, &uuid);
    vccw_domain_xml_set_text(domain, "description", "d & e");
    vccw_domain_xml_set_text(domain, "title", "t");
    written = vccw_domain_xml_format(domain, INACTIVE);
    g_assert_true(g_str_has_prefix(written,
                                   "<domain type='kvm'>\n"
                                   "  <name>a&lt;b</name>\n"
                                   "  <uuid>01020300-0000-0000-0000-000000000000</uuid>\n"
                                   "  <title>t</title>\n"
                                   "  <description>d &amp; e</description>\n"
                                   "  <memory "));
    vccw_domain_xml_set_text(domain, "title", NULL);
    vccw_domain_xml_set_text(domain, "description", "");
    g_assert_null(vccw_domain_xml_text(domain, "title"));
    g_assert_null(vccw_domain_xml_text(domain, "description"));
}

static void
test_metadata(void)
{
    g_autofree char *text = read_sample("guest-manual");
    g_autoptr(VccwDomainXml) domain = parse(text, TRUE);
    g_autoptr(GError) error = NULL;
    g_autofree char *found = NULL;
    const char *uri = "https://example.com/app";

    g_assert_null(vccw_domain_xml_metadata(domain, uri));
    g_assert_true(vccw_domain_xml_set_metadata(domain, uri, "app",
                                               "<own><child a='1'/></own>", &error));
    found = vccw_domain_xml_metadata(domain, uri);
    g_assert_cmpstr(found, ==, "<own>\n  <child a=\"1\"/>\n</own>");
    g_assert_false(vccw_domain_xml_set_metadata(domain, uri, "app", "<own>", &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX);
    g_clear_error(&error);
    g_assert_true(vccw_domain_xml_set_metadata(domain, uri, NULL, NULL, &error));
    assert_written(domain, INACTIVE, text);
}

/* What is handed in, what the domain then has, and what is handed out; as libvirt, but
 * for what it refuses, or loses, where the prefix is declared already. */
static void
test_metadata_namespaces(void)
{
    static const struct {
        const char *key, *xml, *kept, *out; /* no out: refused */
    } sets[] = {
        { "o", "<who>me</who>", "<o:who xmlns:o='urn:a'>me</o:who>", "<who>me</who>" },
        { "o", "<a><b>x</b><c/></a>", "<o:c/>", "<a><b>x</b><c/></a>" },
        { "o", "<o:who xmlns:o='urn:a'><o:sub/></o:who>", "<o:sub/>",
          "<who><sub/></who>" },
        { "o", "<who xmlns='urn:a'/>", NULL, "<who/>" },
        { "o", "<a xmlns:z='urn:z'><z:b/></a>", "<o:a xmlns:z='urn:z' xmlns:o='urn:a'>",
          "<a xmlns:z=\"urn:z\"><z:b/></a>" },
        { "o", "<a xmlns:x='urn:a' x:b='1'/>", NULL,
          "<a xmlns:x=\"urn:a\" xmlns:o=\"urn:a\" x:b=\"1\"/>" },
        { "o", "<o:who xmlns:o='urn:b'/>", NULL, NULL },
        { "o", "<who xmlns='urn:b'/>", NULL, NULL },
        { "o", "<a><b xmlns:o='urn:b'/></a>", NULL, NULL },
        { "o", "<a><z:0b/></a>", NULL, NULL },
        { "xml", "<a/>", NULL, NULL },
        { "xmlns", "<a/>", NULL, NULL },
        { "a b", "<a/>", NULL, NULL },
        { "a:b", "<a/>", NULL, NULL },
        { "", "<a/>", NULL, NULL },
        { NULL, "<a/>", NULL, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(VccwDomainXml) domain = parse(HEAD TAIL, FALSE);
        g_autoptr(GError) error = NULL;
        gboolean set = vccw_domain_xml_set_metadata(domain, "urn:a", sets[i].key,
                                                    sets[i].xml, &error);
        g_autofree char *text = vccw_domain_xml_format(domain, INACTIVE);
        g_autoptr(VccwDomainXml) again = parse(text, FALSE);
        g_autofree char *out = vccw_domain_xml_metadata(again, "urn:a");
        g_auto(GStrv) lines = out ? g_strsplit(out, "\n", -1) : NULL;
        g_autofree char *line = NULL;

        for (guint k = 0; lines && lines[k]; k++)
            g_strchug(lines[k]);
        line = lines ? g_strjoinv("", lines) : NULL;
        g_test_message("%s", sets[i].xml);
        g_assert_cmpint(set, ==, sets[i].out != NULL);
        if (!set)
            g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
        g_assert_cmpstr(line, ==, sets[i].out);
        g_assert_true(!sets[i].kept || strstr(text, sets[i].kept));
    }
}

/* Blanks that are an element's content are not those between elements. */
static void
test_metadata_blanks(void)
{
    g_autoptr(VccwDomainXml) domain = parse(HEAD TAIL, FALSE);
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;

    vccw_domain_xml_set_metadata(domain, "urn:a", "a",
                                 "<own><to> </to>\n  <say>x <b> <c/></b></say></own>",
                                 &error);
    g_assert_no_error(error);
    out = vccw_domain_xml_metadata(domain, "urn:a");
    g_assert_cmpstr(out, ==, "<own>\n  <to> </to>\n  <say>x <b> <c/></b></say>\n</own>");
}

/* An interface gets a MAC address of libvirt's prefix, each another one, once. */
static void
test_mac(void)
{
    static const char interface[] = "<interface type='user'><model type='virtio'/>"
                                    "</interface>";
    g_autofree char *document = g_strconcat(HEAD, interface, interface, TAIL, NULL);
    g_autoptr(VccwDomainXml) domain = parse(document, FALSE);
    g_autofree char *written = NULL;
    const char *one, *two;

    assign(domain);
    written = vccw_domain_xml_format(domain, INACTIVE);
    one = strstr(written, "<mac address='52:54:00:");
    g_assert_nonnull(one);
    two = strstr(one + 1, "<mac address='52:54:00:");
    g_assert_nonnull(two);
    g_assert_null(strstr(two + 1, "<mac"));
    g_assert_true(strncmp(one, two, strlen("<mac address='52:54:00:xx:xx:xx'/>")) != 0);
    assert_stable(written);
}

/* A new child comes behind those that libvirt writes before it, also where these are the
 * last. */
static void
test_place_of_children(void)
{
    g_autoptr(VccwDomainXml) domain =
        parse("<domain type='qemu'><memory>1</memory><name>g</name></domain>", FALSE);
    static const char *const order[] = { "<memory", "<currentMemory", "<name",
                                         "<uuid",   "<title",         "<devices" };
    g_autofree char *written = NULL;

    vccw_domain_xml_set_text(domain, "title", "t");
    assign(domain);
    written = vccw_domain_xml_format(domain, INACTIVE);
    for (guint i = 1; i < G_N_ELEMENTS(order); i++)
        g_assert_true(strstr(written, order[i - 1]) < strstr(written, order[i]));
}

/* What belongs to a run, and what is secret, is only written when asked for. */
static void
test_flags(void)
{
    static const char text[] = "<domain type='kvm' id='7'>\n"
                               "  <name>g</name>\n"
                               "  <uuid>6c1e4a3e-6a0e-4d0b-9f3c-5a4a5f0c1d04</uuid>\n"
                               "  <devices>\n"
                               "    <disk>\n"
                               "      <target dev='vda'/>\n"
                               "      <alias name='virtio-disk0'/>\n"
                               "    </disk>\n"
                               "    <graphics type='vnc' passwd='secret'/>\n"
                               "    <rng>\n"
                               "      <alias name='ua-mine'/>\n"
                               "    </rng>\n"
                               "  </devices>\n"
                               "</domain>\n";
    g_autoptr(VccwDomainXml) domain = parse(text, FALSE);
    g_autofree char *plain = vccw_domain_xml_format(domain, 0);
    g_autofree char *inactive = vccw_domain_xml_format(domain, VCCW_DOMAIN_XML_INACTIVE);

    assert_written(domain, VCCW_DOMAIN_XML_SECURE, text);
    g_assert_null(strstr(plain, "secret"));
    g_assert_nonnull(strstr(plain, "virtio-disk0"));
    g_assert_nonnull(strstr(plain, "id='7'"));
    g_assert_null(strstr(inactive, "secret"));
    g_assert_null(strstr(inactive, "virtio-disk0"));
    g_assert_null(strstr(inactive, "id='7'"));
    g_assert_nonnull(strstr(inactive, "ua-mine"));
}

static void
test_uuid_made(void)
{
    g_autoptr(VccwDomainXml) one = parse(HEAD TAIL, FALSE);
    g_autoptr(VccwDomainXml) two = parse(HEAD TAIL, FALSE);
    g_autofree char *written = vccw_domain_xml_format(one, INACTIVE);

    g_assert_false(vccw_domain_xml_has_uuid(one));
    g_assert_false(vccw_uuid_equal(vccw_domain_xml_uuid(one), vccw_domain_xml_uuid(two)));
    g_assert_nonnull(strstr(written, "<uuid>"));
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

/* A test for each @prefix….xml in @folder; at least @min of them. */
static void
add_folder(const char *folder,
           const char *prefix,
           const char *subject,
           GTestDataFunc function,
           guint min)
{
    g_autofree char *path = source_path(folder);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, prefix) && g_str_has_suffix(name, ".xml"))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, by_name);
    g_assert_cmpuint(names->len, >=, min);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *test =
            g_strdup_printf("/hostdev-xml/%s/%.*s", subject,
                            (int)strlen(names->pdata[i]) - 4, (char *)names->pdata[i]);

        g_test_add_data_func_full(test, g_build_filename(path, names->pdata[i], NULL),
                                  function, g_free);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_folder("xmlfiles", "guest-", "guest", test_guest, 4);
    add_folder("xmlfiles", "hostdev-", "hostdev", test_hostdev, 2);
    add_folder("xmlfiles/invalid", "", "invalid", test_invalid, 70);
    add_folder("tests/unit/data/guest-read", "", "read", test_read, 15);
    g_test_add_func("/hostdev-xml/values", test_values);
    g_test_add_func("/hostdev-xml/numbers", test_numbers);
    g_test_add_func("/hostdev-xml/gaps", test_gaps);
    g_test_add_func("/hostdev-xml/next-set", test_next_set);
    g_test_add_func("/hostdev-xml/setters", test_setters);
    g_test_add_func("/hostdev-xml/metadata", test_metadata);
    g_test_add_func("/hostdev-xml/metadata-namespaces", test_metadata_namespaces);
    g_test_add_func("/hostdev-xml/metadata-blanks", test_metadata_blanks);
    g_test_add_func("/hostdev-xml/mac", test_mac);
    g_test_add_func("/hostdev-xml/place-of-children", test_place_of_children);
    g_test_add_func("/hostdev-xml/flags", test_flags);
    g_test_add_func("/hostdev-xml/uuid-made", test_uuid_made);
    return g_test_run();
}
