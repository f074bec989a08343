/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "qemu/option.h"

#include "mdev/json-text.h"
#include "xml/writer.h"

#include <string.h>

#define NESTING_MAX 4

static void
clear_pair(gpointer data)
{
    VccwPair *pair = data;

    g_free(pair->key);
    g_free(pair->value);
}

static gboolean
add_pair(GArray *pairs, char *key, char *value)
{
    VccwPair pair = { key, value };
    gboolean fresh = pairs->len < VCCW_OPTION_PAIRS_MAX;

    for (guint i = 0; fresh && i < pairs->len; i++) {
        fresh = strcmp(g_array_index(pairs, VccwPair, i).key, key) != 0;
    }
    g_array_append_val(pairs, pair);
    return fresh;
}

static char *
scalar(const VccwJsonText *value)
{
    if (*value->start == '"') {
        return vccw_json_string(value);
    }
    if (value->length == 4 && !memcmp(value->start, "true", 4)) {
        return g_strdup("on");
    }
    if (value->length == 5 && !memcmp(value->start, "false", 5)) {
        return g_strdup("off");
    }
    return g_ascii_isdigit(*value->start) ? g_strndup(value->start, value->length) : NULL;
}

static gboolean
read_json(GArray *pairs, const VccwJsonText *object, const char *prefix, guint depth)
{
    g_autoptr(GArray) members = vccw_json_members(object);

    if (!members || depth > NESTING_MAX) {
        return FALSE;
    }
    for (guint i = 0; i < members->len; i++) {
        const VccwJsonMember *member = &g_array_index(members, VccwJsonMember, i);
        g_autofree char *name = vccw_json_string(&member->name);
        g_autofree char *key = g_strconcat(prefix, name, NULL);
        g_autofree char *value = NULL;

        if (*member->value.start == '{') {
            g_autofree char *inner = g_strconcat(key, ".", NULL);

            if (!read_json(pairs, &member->value, inner, depth + 1)) {
                return FALSE;
            }
            continue;
        }
        value = scalar(&member->value);
        /* No element can express it; the option as it was given can be kept. */
        if (value && !vccw_xml_writer_can_carry(value)) {
            return FALSE;
        }
        if (!value || !add_pair(pairs, g_steal_pointer(&key), g_steal_pointer(&value))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* One piece up to a comma that stands alone; two stand for one of the value. */
static char *
next_piece(const char **at)
{
    GString *piece = g_string_new(NULL);

    for (; **at; (*at)++) {
        if (**at == ',') {
            if ((*at)[1] != ',') {
                (*at)++;
                break;
            }
            (*at)++;
        }
        g_string_append_c(piece, **at);
    }
    return g_string_free(piece, FALSE);
}

static gboolean
read_legacy(GArray *pairs, const char *text, const char *first)
{
    while (*text) {
        g_autofree char *piece = next_piece(&text);
        char *equals = strchr(piece, '=');
        gboolean ok;

        if (equals) {
            ok = add_pair(pairs, g_strndup(piece, equals - piece), g_strdup(equals + 1));
        } else if (pairs->len == 0) {
            ok = add_pair(pairs, g_strdup(first), g_strdup(piece));
        } else {
            ok = add_pair(pairs, g_strdup(piece), g_strdup("on"));
        }
        if (!ok) {
            return FALSE;
        }
    }
    return TRUE;
}

VccwOption *
vccw_option_new(const char *name, const char *text, const char *first)
{
    VccwOption *option = g_new0(VccwOption, 1);
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(VccwPair));
    VccwJsonText object;
    gboolean ok;

    g_array_set_clear_func(pairs, clear_pair);
    option->name = name;
    option->text = text;
    if (*text == '{') {
        ok = vccw_json_check(text, strlen(text), &object, NULL) &&
             read_json(pairs, &object, "", 0);
    } else {
        ok = read_legacy(pairs, text, first ? first : "type");
    }
    if (ok) {
        option->pairs = g_steal_pointer(&pairs);
    }
    return option;
}

void
vccw_option_free(VccwOption *option)
{
    if (option) {
        g_clear_pointer(&option->pairs, g_array_unref);
        g_free(option);
    }
}

const char *
vccw_option_get(const VccwOption *option, const char *key)
{
    for (guint i = 0; option->pairs && i < option->pairs->len; i++) {
        const VccwPair *pair = &g_array_index(option->pairs, VccwPair, i);

        if (!strcmp(pair->key, key)) {
            return pair->value;
        }
    }
    return NULL;
}

gboolean
vccw_option_is(const VccwOption *option, const char *key, const char *value)
{
    return !g_strcmp0(vccw_option_get(option, key), value);
}

static gboolean
is_among(const char *key, const char *keys)
{
    for (const char *p = keys; *p;) {
        gsize length = strcspn(p, " ");

        if (p[length - 1] == '.' ? !strncmp(key, p, length)
                                 : strlen(key) == length && !memcmp(key, p, length)) {
            return TRUE;
        }
        p += length;
        p += strspn(p, " ");
    }
    return FALSE;
}

gboolean
vccw_option_has_only(const VccwOption *option, const char *keys)
{
    for (guint i = 0; option->pairs && i < option->pairs->len; i++) {
        if (!is_among(g_array_index(option->pairs, VccwPair, i).key, keys)) {
            return FALSE;
        }
    }
    return option->pairs != NULL;
}
