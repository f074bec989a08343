/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From documents that name devices to those that name UUIDs, and back: nothing else may
 * change, wherever in the text it stands.
 */

#include "cost.h"
#include "xml/guest-source.h"
#include <string.h>
#include <virtccw/error.h>

#define UUID "18e124fb-b2fc-47f6-a407-f256b6c49767"
#define HOSTDEV(source) \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>" source "</hostdev>"
#define BY_UUID "<source><address uuid='" UUID "'/></source>"
#define BY_ADDRESS \
    "<source><address type='ccw' cssid='0x0' ssid='0x0' devno='0x3000'/></source>"
#define BY_NAME "<source dev='css_0_0_0004'/>"
#define NOTE(how)                                                 \
    "<virtccw:hostdevs xmlns:virtccw='" VCCW_GUEST_SOURCE_NS "'>" \
    "<virtccw:source uuid='" UUID "' " how "/></virtccw:hostdevs>"
/* What must not be mistaken for a tag. */
#define ODD                                                                        \
    "<!-- <hostdev><domain> ' --><?p <a ' ?><![CDATA[ <b> ' ]]><d a='>' b=\"'\"/>" \
    "<description>it's \"so\" &lt;</description>"
#define GUEST(metadata, source) \
    "<domain>\n" metadata ODD "<devices>" HOSTDEV(source) "</devices></domain>\n"

static void
resolve(const VccwNodeName *name, VccwUuid *ret_uuid, gpointer data)
{
    guint *calls = data;

    g_assert_cmpint(name->kind, !=, VCCW_NODE_COMPUTER);
    g_assert_true(vccw_uuid_parse(UUID, ret_uuid, NULL));
    if (calls)
        ++*calls;
}

static void
check_resolved(const char *text, const char *expected)
{
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };
    g_autoptr(GError) error = NULL;

    g_assert_true(vccw_guest_source_resolve(text, resolve, NULL, &result, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(result.text, ==, expected);
}

/* There and back. */
static void
test_ways(void)
{
    static const char *const pairs[][2] = {
        { GUEST("", BY_ADDRESS),
          "<domain><metadata>" NOTE(
              "device='0.0.3000'") "</metadata>\n" ODD
                                   "<devices>" HOSTDEV(BY_UUID) "</devices></domain>\n" },
        { GUEST("", BY_NAME),
          "<domain><metadata>" NOTE(
              "dev='css_0_0_0004'") "</metadata>\n" ODD
                                    "<devices>" HOSTDEV(
                                        BY_UUID) "</devices></domain>\n" },
        { "<domain><devices/>" ODD "<devices><disk/></devices><devices><a/>" HOSTDEV(
              BY_NAME) "</devices></domain>",
          "<domain><metadata>" NOTE("dev='css_0_0_0004'") "</metadata><devices/>" ODD
                                                          "<devices><disk/></devices>"
                                                          "<devices><a/>" HOSTDEV(
                                                              BY_UUID) "</devices></"
                                                                       "domain>" },
        { GUEST("<metadata><k:a xmlns:k='u:k'/></metadata>", BY_NAME),
          GUEST("<metadata>" NOTE("dev='css_0_0_0004'") "<k:a xmlns:k='u:k'/></metadata>",
                BY_UUID) },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *back = vccw_guest_source_restore(pairs[i][1]);

        check_resolved(pairs[i][0], pairs[i][1]);
        g_assert_cmpstr(back, ==, pairs[i][0]);
        /* What has been resolved is not resolved again. */
        check_resolved(pairs[i][1], pairs[i][1]);
    }
    check_resolved(HOSTDEV(BY_ADDRESS), HOSTDEV(BY_UUID));
    check_resolved(HOSTDEV(BY_NAME), HOSTDEV(BY_UUID));
}

static void
test_untouched(void)
{
    static const char *const texts[] = {
        GUEST("", BY_UUID),
        GUEST("<metadata/>", BY_UUID),
        GUEST("", "<source/>"),
        "<domain/>",
        "<disk/>",
        "<a><domain/></a>",
        HOSTDEV(BY_UUID),
        "<hostdev mode='subsystem' type='mdev' model='vfio-ap'>" BY_ADDRESS "</hostdev>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *restored = vccw_guest_source_restore(texts[i]);

        check_resolved(texts[i], NULL);
        g_assert_null(restored);
    }
}

static void
test_empty_metadata(void)
{
    check_resolved(GUEST("<metadata />", BY_NAME),
                   GUEST("<metadata>" NOTE("dev='css_0_0_0004'") "</metadata>", BY_UUID));
    /* A note of what the guest no longer has. */
    check_resolved(GUEST("<metadata>\n  " NOTE("dev='css_0_0_0004'") "</metadata>", ""),
                   GUEST("<metadata></metadata>", ""));
}

static void
test_snapshot(void)
{
    static const char inner[] = GUEST("", BY_NAME);
    g_autofree char *text = g_strdup_printf("<domainsnapshot>%s</domainsnapshot>", inner);
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };
    g_autofree char *back = NULL;

    g_assert_true(vccw_guest_source_resolve(text, resolve, NULL, &result, NULL));
    g_assert_false(result.is_domain);
    g_assert_cmpuint(result.hostdevs, ==, 1);
    back = vccw_guest_source_restore(result.text);
    g_assert_cmpstr(back, ==, text);
}

static void
test_told(void)
{
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };
    const char *text = "<domain><uuid>" UUID "</uuid><metadata>" NOTE(
        "device='0.0.3000'") "</metadata><devices><hostdev managed='yes' type='mdev' "
                             "model='vfio-ccw'>" BY_UUID "</hostdev></devices></domain>";
    const VccwGuestSource *source;

    g_assert_true(vccw_guest_source_resolve(text, NULL, NULL, &result, NULL));
    g_assert_true(result.is_domain && result.has_guest);
    g_assert_cmpuint(result.sources->len, ==, 1);
    source = &g_array_index(result.sources, VccwGuestSource, 0);
    g_assert_true(source->managed && source->by_device && source->by_address);
    g_assert_cmpuint(source->name.id.devno, ==, 0x3000);
}

static void
test_metadata(void)
{
    VccwGuestSource source = { .by_device = TRUE };
    g_autofree char *one = NULL, *none = NULL;
    VccwUuid uuid;

    g_assert_true(vccw_uuid_parse(UUID, &source.uuid, NULL));
    g_assert_true(vccw_node_name_parse("css_0_0_0004", &source.name, NULL));
    one = vccw_guest_source_metadata(NULL, &source, NULL);
    g_assert_cmpstr(one, ==,
                    "<hostdevs><source uuid='" UUID "' dev='css_0_0_0004'/></hostdevs>");
    g_assert_true(vccw_guest_source_find(one, &source.name, &uuid));
    g_assert_true(vccw_uuid_equal(&uuid, &source.uuid));
    none = vccw_guest_source_metadata(one, NULL, &uuid);
    g_assert_null(none);
    g_assert_false(vccw_guest_source_find(NULL, &source.name, &uuid));
    g_assert_false(vccw_guest_source_find("<broken", &source.name, &uuid));
}

static void
test_refused(void)
{
    static const struct {
        const char *text;
        int code;
    } bad[] = {
        { "<domain>", VCCW_ERROR_XML_SYNTAX },
        { GUEST("", "<source dev='computer'/>"), VCCW_ERROR_XML_CONTENT },
        { GUEST("", "<source dev=''/>"), VCCW_ERROR_XML_CONTENT },
        { GUEST("", "<source dev='css_0_0_0004'><address/></source>"),
          VCCW_ERROR_XML_CONTENT },
        { GUEST("", "<source><address type='ccw' cssid='0' ssid='0'/></source>"),
          VCCW_ERROR_XML_CONTENT },
        { GUEST("",
                "<source><address type='ccw' cssid='0' ssid='4' devno='1'/></source>"),
          VCCW_ERROR_XML_CONTENT },
        { GUEST("",
                "<source><address type='ccw' cssid='1' ssid='0' devno='1'/></source>"),
          VCCW_ERROR_CONFIG_UNSUPPORTED },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        VccwGuestSourceResult result;
        g_autoptr(GError) error = NULL;
        guint calls = 0;

        g_assert_false(
            vccw_guest_source_resolve(bad[i].text, resolve, &calls, &result, &error));
        g_assert_error(error, VCCW_ERROR, bad[i].code);
        g_assert_cmpuint(calls, ==, 0);
    }
}

/* Each device that is named is looked for on the host. */
static void
test_too_many_named(void)
{
    for (guint n = VCCW_GUEST_SOURCE_MAX; n <= VCCW_GUEST_SOURCE_MAX + 1; n++) {
        g_autoptr(GString) text = g_string_new("<domain><devices>");
        g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };
        g_autoptr(GError) error = NULL;
        guint calls = 0;

        for (guint i = 0; i < n; i++)
            g_string_append_printf(text, HOSTDEV("<source dev='ccw_0_1_%04x'/>"), i);
        g_string_append(text, "</devices></domain>");
        vccw_guest_source_resolve(text->str, resolve, &calls, &result, &error);
        g_assert_cmpuint(calls, ==, VCCW_GUEST_SOURCE_MAX);
        if (n == VCCW_GUEST_SOURCE_MAX)
            g_assert_no_error(error);
        else
            g_assert_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED);
    }
}

/* As much of everything as a document may have, in a time that does not grow with the
 * square. */
static void
test_many(void)
{
    g_autoptr(GString) text =
        g_string_new("<domainsnapshot><domain><metadata>"
                     "<virtccw:hostdevs xmlns:virtccw='" VCCW_GUEST_SOURCE_NS "'>");
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };
    g_autoptr(GError) error = NULL;
    double ms;

    for (guint i = 0; i < 25000; i++)
        g_string_append_printf(text,
                               "<virtccw:source uuid='%08x-b2fc-47f6-a407-f256b6c49767' "
                               "dev='css_0_0_0004'/>",
                               i);
    g_string_append(text, "</virtccw:hostdevs></metadata><devices>");
    for (guint i = 20000; i < 25000; i++)
        g_string_append_printf(text,
                               HOSTDEV("<source><address uuid='%08x-b2fc-47f6-a407-"
                                       "f256b6c49767'/></source>"),
                               i);
    g_string_append(text, "</devices></domain>");
    for (guint i = 0; i < 20000; i++)
        g_string_append(text, "<domain/>");
    g_string_append(text, "</domainsnapshot>");
    ms = cpu_ms();
    g_assert_true(vccw_guest_source_resolve(text->str, resolve, NULL, &result, &error));
    ms = cpu_ms() - ms;
    g_assert_no_error(error);
    g_assert_cmpuint(result.sources->len, ==, 5000);
    g_assert_true(g_array_index(result.sources, VccwGuestSource, 4999).by_device);
    g_test_message("%.1f ms", ms);
    g_assert_cmpfloat(ms, <=, cost_limit(300));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest-source/ways", test_ways);
    g_test_add_func("/guest-source/untouched", test_untouched);
    g_test_add_func("/guest-source/empty-metadata", test_empty_metadata);
    g_test_add_func("/guest-source/snapshot", test_snapshot);
    g_test_add_func("/guest-source/told", test_told);
    g_test_add_func("/guest-source/metadata", test_metadata);
    g_test_add_func("/guest-source/refused", test_refused);
    g_test_add_func("/guest-source/too-many-named", test_too_many_named);
    g_test_add_func("/guest-source/many", test_many);
    return g_test_run();
}
