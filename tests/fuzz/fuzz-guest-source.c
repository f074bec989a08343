/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Guests whose hostdevs name devices: whatever the bytes are, they become a document with
 * UUIDs or an error. What was changed can be changed back, and then names the same again;
 * what needs no change is left alone.
 */

#include "sound.h"
#include "xml/guest-source.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* Another one for each device. */
static void
make_uuid(const VccwNodeName *name, VccwUuid *ret_uuid, gpointer data)
{
    guint32 key = vccw_bus_id_key(&name->id);

    *ret_uuid = name->uuid;
    ret_uuid->bytes[0] ^= 0x5a + name->kind * 2 + name->has_parent;
    memcpy(ret_uuid->bytes + 4, &key, sizeof(key));
}

/* Documents grow; those that are too large then are not looked at. */
static gboolean
resolve(const char *text, VccwGuestSourceResult *ret_result)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = vccw_guest_source_resolve(text, make_uuid, NULL, ret_result, &error);

    if (!ok)
        assert_sound(error);
    return ok;
}

static void
assert_same_sources(const GArray *a, const GArray *b)
{
    g_assert_cmpuint(a->len, ==, b->len);
    for (guint i = 0; i < a->len; i++) {
        const VccwGuestSource *one = &g_array_index(a, VccwGuestSource, i);
        const VccwGuestSource *other = &g_array_index(b, VccwGuestSource, i);

        g_assert_true(vccw_uuid_equal(&one->uuid, &other->uuid));
        g_assert_cmpint(one->managed, ==, other->managed);
        g_assert_cmpint(one->by_device, ==, other->by_device);
        g_assert_cmpint(one->by_address, ==, other->by_address);
        g_assert_true(!one->by_device || vccw_node_name_equal(&one->name, &other->name));
    }
}

/* Two hostdevs of one device share a UUID, and so a note. */
static gboolean
has_twins(const GArray *sources)
{
    for (guint i = 0; i < sources->len; i++)
        for (guint j = i + 1; j < sources->len; j++)
            if (vccw_uuid_equal(&g_array_index(sources, VccwGuestSource, i).uuid,
                                &g_array_index(sources, VccwGuestSource, j).uuid))
                return TRUE;
    return FALSE;
}

/* @text: as the person wrote it, without notes. */
static void
try_ways(const char *text)
{
    g_auto(VccwGuestSourceResult) there = { .is_domain = FALSE };
    g_auto(VccwGuestSourceResult) again = { .is_domain = FALSE };
    g_autofree char *back = NULL;
    g_autofree char *unchanged = NULL;

    if (!resolve(text, &there) || !there.text || has_twins(there.sources) ||
        !resolve(there.text, &again))
        return;
    g_assert_cmpuint(there.hostdevs, ==, again.hostdevs);
    g_assert_true(!again.text || g_str_equal(again.text, there.text));
    if (!there.is_domain)
        return;
    assert_same_sources(there.sources, again.sources);
    back = vccw_guest_source_restore(there.text);
    g_assert_nonnull(back);
    unchanged = vccw_guest_source_restore(back);
    g_assert_null(unchanged);
    vccw_guest_source_result_clear(&again);
    g_assert_true(resolve(back, &again));
    assert_same_sources(there.sources, again.sources);
}

static void
try_metadata(const char *text)
{
    VccwGuestSource add = { .by_device = TRUE };
    g_autofree char *more = NULL;
    g_autofree char *same = NULL;
    g_autofree char *less = NULL;
    VccwUuid found;

    g_assert_true(vccw_node_name_parse("css_0_0_0004", &add.name, NULL));
    make_uuid(&add.name, &add.uuid, NULL);
    more = vccw_guest_source_metadata(text, &add, NULL);
    g_assert_true(vccw_guest_source_find(more, &add.name, &found));
    same = vccw_guest_source_metadata(more, &add, NULL);
    g_assert_cmpstr(same, ==, more);
    less = vccw_guest_source_metadata(more, NULL, &add.uuid);
    g_assert_true(!less || !strstr(less, "css_0_0_0004") ||
                  vccw_guest_source_find(less, &add.name, &found));
}

/* Returns: (transfer full): the document without any notes; libvirt keeps one element of
 * a namespace only, but here there may be more. */
static char *
without_notes(const char *text)
{
    char *plain = g_strdup(text);

    for (char *next = vccw_guest_source_restore(plain); next;
         next = vccw_guest_source_restore(plain)) {
        g_free(plain);
        plain = next;
    }
    return plain;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *plain = without_notes(text);
    VccwUuid uuid;

    vccw_guest_source_by_alias(text, "ua-a", &uuid);
    try_ways(plain);
    try_metadata(text);
    return 0;
}
