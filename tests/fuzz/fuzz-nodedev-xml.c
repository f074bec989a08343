/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Node-device documents: whatever the bytes are, reading ends with a document or an
 * error, and a document that was read, written and read again is written the same. What
 * the schema accepts, the parser without it accepts too.
 */

#include <string.h>
#include <virtccw/error.h>
#include <virtccw/nodedev-xml.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static char *
read_and_write(const char *text, gboolean validate)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_parse(text, validate, &error);

    if (!xml) {
        g_assert_nonnull(error);
        g_assert_true(error->domain == VCCW_ERROR);
        g_assert_cmpint(error->code, !=, VCCW_ERROR_INTERNAL);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_null(strchr(error->message, '\n'));
        return NULL;
    }
    g_assert_no_error(error);
    return vccw_nodedev_xml_format(xml);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *once = read_and_write(text, FALSE);
    g_autofree char *valid = read_and_write(text, TRUE);
    g_autofree char *twice = NULL;

    g_assert_true(!valid || once);
    if (!once)
        return 0;
    if (valid)
        g_assert_cmpstr(valid, ==, once);
    if (strlen(once) > VCCW_NODEDEV_XML_MAX) /* escaping made it longer */
        return 0;
    twice = read_and_write(once, FALSE);
    g_assert_cmpstr(twice, ==, once);
    return 0;
}
