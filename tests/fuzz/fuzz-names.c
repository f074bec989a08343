/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names from outside. Whatever a parser takes must print to a text that it takes again,
 * with the same value and the same text; whatever it refuses must have a message.
 */

#include <string.h>
#include <virtccw/address.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

typedef gboolean (*ParseBusId)(const char *text, VccwBusId *ret_id, GError **error);
typedef gboolean (*ParseUuid)(const char *text, VccwUuid *ret_uuid, GError **error);

static void
check_error(const GError *error)
{
    g_assert_nonnull(error);
    g_assert_cmpuint(strlen(error->message), <, 400);
    g_assert_true(g_str_is_ascii(error->message));
    g_assert_null(strchr(error->message, '\n'));
}

static void
try_bus_id(ParseBusId parse, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *printed = NULL;
    VccwBusId id, back;

    if (!parse(text, &id, &error)) {
        check_error(error);
        return;
    }
    g_assert_null(error);
    printed = vccw_bus_id_to_string(&id);
    g_assert_cmpint(g_ascii_strcasecmp(printed, text), ==, 0);
    g_assert_true(parse(printed, &back, NULL));
    g_assert_true(vccw_bus_id_equal(&id, &back));
}

static void
try_uuid(ParseUuid parse, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *printed = NULL;
    VccwUuid uuid, back;

    if (!parse(text, &uuid, &error)) {
        check_error(error);
        return;
    }
    g_assert_null(error);
    printed = vccw_uuid_to_string(&uuid);
    g_assert_true(parse(printed, &back, NULL));
    g_assert_true(vccw_uuid_equal(&uuid, &back));
    g_assert_true(vccw_uuid_parse_canonical(printed, &back, NULL));
    g_assert_true(vccw_uuid_equal(&uuid, &back));
}

static void
try_node_name(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *printed = NULL;
    VccwNodeName name, back;

    if (!vccw_node_name_parse(text, &name, &error)) {
        check_error(error);
        return;
    }
    g_assert_null(error);
    printed = vccw_node_name_to_string(&name);
    g_assert_cmpint(g_ascii_strcasecmp(printed, text), ==, 0);
    g_assert_true(vccw_node_name_parse(printed, &back, NULL));
    g_assert_true(vccw_node_name_equal(&name, &back));
    g_assert_cmpuint(vccw_node_name_hash(&name), ==, vccw_node_name_hash(&back));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    /* Of the exact size: AddressSanitizer then sees a read behind the NUL. */
    g_autofree char *text = g_malloc(size + 1);

    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    try_bus_id(vccw_bus_id_parse, text);
    try_bus_id(vccw_host_bus_id_parse, text);
    try_bus_id(vccw_guest_address_parse, text);
    try_uuid(vccw_uuid_parse, text);
    try_uuid(vccw_uuid_parse_canonical, text);
    try_node_name(text);
    return 0;
}
