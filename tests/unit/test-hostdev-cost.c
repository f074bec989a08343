/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What documents of guests cost, made to cost much or just large: little, and no more
 * than in proportion to their length. */

#include "cost.h"
#include "many-hostdevs.h"
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

#define HEAD                                                                   \
    "<domain type='qemu'><name>g</name><memory>1</memory><os><type>hvm</type>" \
    "</os><devices>"
#define TAIL    "</devices></domain>"
#define LARGEST VCCW_DOMAIN_XML_MAX
#define TEN(a)                                                                        \
    a "0='' " a "1='' " a "2='' " a "3='' " a "4='' " a "5='' " a "6='' " a "7='' " a \
      "8='' " a "9='' "
#define WIDE "<a " TEN("a") TEN("b") TEN("c") TEN("d") TEN("e") TEN("f") TEN("g") "/>"

static char *
repeat(const char *unit, gsize total)
{
    GString *text = g_string_new(HEAD);

    while (text->len + strlen(unit) + strlen(TAIL) <= total)
        g_string_append(text, unit);
    g_string_append(text, TAIL);
    return g_string_free(text, FALSE);
}

/* Documents made to cost much. */
static const struct {
    const char *name;
    const char *unit;
    gsize size;
    int code; /* -1: accepted without the schema */
} bombs[] = {
    { "elements", "<a/>", LARGEST, VCCW_ERROR_XML_SYNTAX },
    { "devices", "<rng/>", LARGEST, VCCW_ERROR_XML_SYNTAX },
    { "devices-that-fit", "<rng/>", 400000, -1 },
    { "comments", "<!---->", LARGEST, VCCW_ERROR_XML_SYNTAX },
    { "comments-that-fit",
      "<!--012345678901234567890123456789012345678901234567890123456789-->", LARGEST,
      -1 },
    { "attributes", "<a b='' c='' d='' e='' f='' g='' h='' i='' j=''/>", LARGEST,
      VCCW_ERROR_XML_SYNTAX },
    { "attributes-in-a-row", WIDE, LARGEST, VCCW_ERROR_XML_SYNTAX },
    { "attributes-behind-a-comment", "<!-- a=' > -->" WIDE, LARGEST,
      VCCW_ERROR_XML_SYNTAX },
    { "attributes-behind-an-instruction", "<?a b='>?>" WIDE, LARGEST,
      VCCW_ERROR_XML_SYNTAX },
    { "attributes-behind-cdata", "<![CDATA[<a b='> \"]]>" WIDE, LARGEST,
      VCCW_ERROR_XML_SYNTAX },
    { "attributes-in-text", TEN("a") TEN("b") TEN("c") TEN("d") TEN("e"), LARGEST, -1 },
    { "references", "&amp;", LARGEST, VCCW_ERROR_XML_SYNTAX },
    { "references-that-fit", "&amp;", 740000, -1 },
    { "entities", "&a;", 200000, VCCW_ERROR_XML_SYNTAX },
    { "text", "0123456789abcde ", LARGEST, -1 },
    { "blanks", "\n", LARGEST, -1 },
    { "deep", "<a>", 200000, VCCW_ERROR_XML_SYNTAX },
    { "controllers", "<controller type='scsi'/>", 900000, -1 },
    { "more-devices", "</devices><devices>", 700000, -1 },
    { "more-devices-and-others", "</devices><a/><devices><b/>", 480000, -1 },
    { "more-devices-with-text", "</devices>a<devices>b", 700000, -1 },
    { "more-devices-that-declare", "</devices><devices xmlns:a='urn:a'><a:b/>", 2400,
      -1 },
    { "disks", "<disk><target dev='vda' bus='b'/></disk>", 700000, -1 },
    { "aliases", "<rng><alias name='ua-a'/></rng>", 600000, -1 },
    { "addresses", "<rng><address type='ccw' cssid='1' ssid='1' devno='1'/></rng>",
      700000, -1 },
    { "hostdevs",
      "<hostdev type='mdev' model='vfio-ccw'><source><address "
      "uuid='18e124fb-b2fc-47f6-a407-f256b6c49767'/></source></hostdev>",
      1500000, -1 },
    { "4-mib", "0123456789abcdef", LARGEST + 100, VCCW_ERROR_TOO_LARGE },
};

static double
cost_of(const char *text, gboolean validate, int *ret_code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) ignored = NULL;
    double ms = cpu_ms();
    g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, validate, &error);

    if (domain)
        vccw_domain_xml_check(domain, &ignored);
    ms = cpu_ms() - ms;
    *ret_code = error ? error->code : -1;
    return ms;
}

/* Answered or refused in 50 ms; a second try is for what disturbed the first. */
static void
test_bomb(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autofree char *text = repeat(bombs[i].unit, bombs[i].size);
    double max = cost_limit(50);

    for (int validate = 0; validate <= 1; validate++) {
        double best = G_MAXDOUBLE;
        int code = 0;

        for (int try = 0; try < 15 && best > max; try++)
            best = MIN(best, cost_of(text, validate, &code));
        g_test_message("%s: %.2f ms", bombs[i].name, best);
        g_assert_cmpfloat(best, <=, max);
        if (!validate)
            g_assert_cmpint(code, ==, bombs[i].code);
    }
}

static double
completion_ms(const char *text)
{
    double best = G_MAXDOUBLE;

    for (int try = 0; try < 3; try++) {
        g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, FALSE, NULL);
        double ms = cpu_ms();

        if (domain)
            vccw_domain_xml_assign(domain, NULL);
        best = MIN(best, cpu_ms() - ms);
    }
    return best;
}

/* How long it takes is an ordinary machine's affair: an emulated processor would take
 * minutes. */
static gboolean
is_emulated(void)
{
    if (!g_getenv("VIRTCCW_LAB"))
        return FALSE;
    g_test_skip("measures time, and this processor is emulated");
    return TRUE;
}

/* To complete what a bomb leaves takes a little longer than to read it, but is linear: it
 * may take 32 times as long for eight times as much, which no longer fits into the
 * processor's caches. What is quadratic takes 64 times as long. */
static gboolean
is_linear(double eighth, double whole)
{
    g_test_message("an eighth: %.2f ms, the whole: %.2f ms", eighth, whole);
    return whole < MAX(32 * eighth, 10);
}

static void
test_bomb_completed(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autofree char *eighth = repeat(bombs[i].unit, bombs[i].size / 8);
    g_autofree char *whole = repeat(bombs[i].unit, bombs[i].size);
    gboolean linear = is_emulated();

    for (int try = 0; try < 5 && !linear; try++)
        linear = is_linear(completion_ms(eighth), completion_ms(whole));
    g_assert_true(linear);
}

static double
assign_ms(guint n)
{
    g_autofree char *text = many_hostdevs(n);
    double best = G_MAXDOUBLE;

    for (int try = 0; try < 3; try++) {
        g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, FALSE, NULL);
        double ms = cpu_ms();

        g_assert_true(vccw_domain_xml_check(domain, NULL));
        g_assert_true(vccw_domain_xml_assign(domain, NULL));
        best = MIN(best, cpu_ms() - ms);
    }
    return best;
}

static void
test_linear(void)
{
    double eighth, whole;

    if (is_emulated())
        return;
    eighth = assign_ms(1250);
    whole = assign_ms(10000);
    g_assert_cmpfloat(whole, <=, cost_limit(100));
    g_assert_true(is_linear(eighth, whole));
}

/* Adds a name that has the same g_str_hash() for each @number. */
static void
append_twin(GString *out, guint number)
{
    for (guint bit = 0; bit < 15; bit++)
        g_string_append(out, number >> bit & 1 ? "Ez" : "FY");
}

static void
append_flood(GString *out, guint kind, guint number)
{
    switch (kind) {
    case 0:
        g_string_append(out, "<rng><alias name='ua-");
        append_twin(out, number);
        g_string_append(out, "'/></rng>");
        break;
    case 1:
        g_string_append(out, "<controller type='");
        append_twin(out, number);
        g_string_append(out, "'/>");
        break;
    case 2: /* GLib's size of a table for that many */
        g_string_append_printf(out, "<rng><boot order='%u'/></rng>", 32749 * number);
        break;
    case 3: /* the exclusive or of all words is 0 */
        g_string_append_printf(out,
                               "<hostdev type='mdev' model='vfio-ccw'><source><address "
                               "uuid='%08x-%04x-%04x-0000-000000000000'/></source>"
                               "</hostdev>",
                               number, number >> 16, number & 0xffff);
        break;
    }
}

/* Thousands of names, orders or UUIDs that are one to a simple hash. */
static void
test_flood(gconstpointer data)
{
    static const guint counts[] = { 24000, 24000, 24000, 14000 };
    guint kind = GPOINTER_TO_UINT(data);
    g_autoptr(GString) text = g_string_new(HEAD);
    g_autoptr(VccwDomainXml) domain = NULL;
    double ms;

    for (guint i = 1; i <= counts[kind]; i++)
        append_flood(text, kind, i);
    g_string_append(text, TAIL);
    domain = vccw_domain_xml_parse(text->str, FALSE, NULL);
    ms = cpu_ms();
    g_assert_true(vccw_domain_xml_check(domain, NULL));
    g_assert_true(vccw_domain_xml_assign(domain, NULL));
    ms = cpu_ms() - ms;
    g_test_message("%.1f ms", ms);
    g_assert_cmpfloat(ms, <=, cost_limit(250));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostdev-cost/linear", test_linear);
    g_test_add_data_func("/hostdev-cost/flood/aliases", GUINT_TO_POINTER(0), test_flood);
    g_test_add_data_func("/hostdev-cost/flood/types", GUINT_TO_POINTER(1), test_flood);
    g_test_add_data_func("/hostdev-cost/flood/orders", GUINT_TO_POINTER(2), test_flood);
    g_test_add_data_func("/hostdev-cost/flood/uuids", GUINT_TO_POINTER(3), test_flood);
    for (gsize i = 0; i < G_N_ELEMENTS(bombs); i++) {
        g_autofree char *test = g_strconcat("/hostdev-cost/bomb/", bombs[i].name, NULL);
        g_autofree char *completed =
            g_strconcat("/hostdev-cost/bomb-completed/", bombs[i].name, NULL);
        g_test_add_data_func(test, GSIZE_TO_POINTER(i), test_bomb);
        g_test_add_data_func(completed, GSIZE_TO_POINTER(i), test_bomb_completed);
    }
    return g_test_run();
}
