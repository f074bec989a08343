/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Any bytes as a definition. One that is understood survives each edit: what the edit
 * says is there afterwards, everything else is as before, and an edit that changes
 * nothing keeps every byte.
 */

#include "mdev/document.h"
#include "mdev/json-text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static const VccwUuid uuid;
static const VccwBusId parent;

static gboolean
is_ours(const char *name)
{
    return g_str_equal(name, "mdev_type") || g_str_equal(name, "start") ||
           g_str_equal(name, "attrs");
}

/* The members that are not ours, in their order, as they are written. */
static char *
strangers(const char *text, gsize length)
{
    GString *all = g_string_new(NULL);
    g_autoptr(GArray) members = NULL;
    VccwJsonText document;

    g_assert_true(vccw_json_check(text, length, &document, NULL));
    members = vccw_json_members(&document);
    for (guint i = 0; i < members->len; i++) {
        const VccwJsonMember *member = &g_array_index(members, VccwJsonMember, i);
        g_autofree char *name = vccw_json_string(&member->name);

        if (is_ours(name))
            continue;
        g_string_append_len(all, member->name.start, member->name.length);
        g_string_append_c(all, ':');
        g_string_append_len(all, member->value.start, member->value.length);
        g_string_append_c(all, '\n');
    }
    return g_string_free(all, FALSE);
}

/* @edited: NULL if the edit failed, which only a text that grows too large may. */
static void
check_edit(const char *text,
           gsize size,
           const char *edited,
           const GError *error,
           const VccwMdevConfig *expected)
{
    g_autoptr(VccwMdevConfig) again = NULL;
    g_autofree char *before = strangers(text, size);
    g_autofree char *after = NULL;

    if (!edited) {
        g_assert_cmpuint(size, >, VCCW_DOCUMENT_MAX - 1000);
        g_assert_nonnull(error);
        return;
    }
    again = vccw_document_parse(&uuid, &parent, edited, strlen(edited), NULL);
    g_assert_nonnull(again);
    g_assert_true(vccw_mdev_config_equal(again, expected));
    after = strangers(edited, strlen(edited));
    g_assert_cmpstr(after, ==, before);
}

static void
try_autostart(const char *text, gsize size, const VccwMdevConfig *config)
{
    g_autoptr(VccwMdevConfig) expected = vccw_mdev_config_copy(config);
    g_autoptr(GError) error = NULL;
    g_autofree char *same =
        vccw_document_set_autostart(text, size, config->autostart, NULL);
    g_autofree char *edited = NULL;

    g_assert_nonnull(same);
    g_assert_cmpmem(same, strlen(same), text, size);
    expected->autostart = !config->autostart;
    edited = vccw_document_set_autostart(text, size, expected->autostart, &error);
    check_edit(text, size, edited, error, expected);
}

static void
try_config(const char *text, gsize size, const VccwMdevConfig *config)
{
    g_autoptr(VccwMdevConfig) expected =
        vccw_mdev_config_new(&uuid, &parent, "another \"type\"");
    g_autoptr(GError) error = NULL;
    g_autofree char *same = vccw_document_set_config(text, size, config, NULL);
    g_autofree char *edited = NULL;

    g_assert_nonnull(same);
    g_assert_cmpmem(same, strlen(same), text, size);
    vccw_mdev_config_add_attr(expected, "a\n", "\x7f");
    vccw_mdev_config_add_attr(expected, "", "b");
    expected->autostart = config->autostart;
    edited = vccw_document_set_config(text, size, expected, &error);
    check_edit(text, size, edited, error, expected);
}

/* What was read can be written anew, and says the same. */
static void
try_new(const VccwMdevConfig *config)
{
    g_autoptr(VccwMdevConfig) again = NULL;
    g_autofree char *text = vccw_document_new(config, NULL);

    if (!text) /* many attributes take more room in mdevctl's layout */
        return;
    again = vccw_document_parse(&uuid, &parent, text, strlen(text), NULL);
    g_assert_nonnull(again);
    g_assert_true(vccw_mdev_config_equal(again, config));
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    /* A copy of the exact size, so that a sanitizer sees a read beyond the end. */
    g_autofree char *text = g_memdup2(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwMdevConfig) config =
        vccw_document_parse(&uuid, &parent, text, size, &error);

    g_assert_true(!config == (error != NULL));
    if (config) {
        try_autostart(text, size, config);
        try_config(text, size, config);
        try_new(config);
    }
    return 0;
}
