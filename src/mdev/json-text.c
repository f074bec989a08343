/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One walk over the text does it all: it checks the grammar and, where asked, notes the
 * parts of the value that it begins with. The walk calls itself for nested values, at
 * most VCCW_JSON_DEPTH_MAX deep, and looks at each byte once.
 */

#include "mdev/json-text.h"

#include <string.h>
#include <virtccw/error.h>

/* Where the walk is. After a failure @problem says what was wrong at @at. */
typedef struct {
    const char *at;
    const char *end;
    const char *problem;
} Walk;

static gboolean walk_value(Walk *walk, guint depth);

static gboolean
fail(Walk *walk, const char *problem)
{
    walk->problem = problem;
    return FALSE;
}

/* The byte to come, or 0 at the end: the text has no 0 of its own. */
static char
peek(const Walk *walk)
{
    return walk->at < walk->end ? *walk->at : '\0';
}

static gboolean
take(Walk *walk, char byte)
{
    if (peek(walk) != byte)
        return FALSE;
    walk->at++;
    return TRUE;
}

static void
skip_blanks(Walk *walk)
{
    while (walk->at < walk->end && strchr(" \t\n\r", *walk->at))
        walk->at++;
}

static gboolean
walk_word(Walk *walk, const char *word)
{
    gsize length = strlen(word);

    if ((gsize)(walk->end - walk->at) < length || memcmp(walk->at, word, length) != 0)
        return fail(walk, "neither a value nor a literal name of JSON");
    walk->at += length;
    return TRUE;
}

static gboolean
walk_digits(Walk *walk)
{
    if (!g_ascii_isdigit(peek(walk)))
        return fail(walk, "a digit is missing");
    while (g_ascii_isdigit(peek(walk)))
        walk->at++;
    return TRUE;
}

static gboolean
walk_number(Walk *walk)
{
    take(walk, '-');
    if (!take(walk, '0') && !walk_digits(walk))
        return FALSE;
    if (take(walk, '.') && !walk_digits(walk))
        return FALSE;
    if (take(walk, 'e') || take(walk, 'E')) {
        if (!take(walk, '+'))
            take(walk, '-');
        return walk_digits(walk);
    }
    return TRUE;
}

/* The four hexadecimal digits of a \u escape; -1 unless all are there. */
static int
take_unit(Walk *walk)
{
    int unit = 0;

    for (guint i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(peek(walk));

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
        walk->at++;
    }
    return unit;
}

/* The character after "\u", which may take a second escape (a surrogate pair); 0 if it is
 * none, or is U+0000. */
static gunichar
take_escaped_char(Walk *walk)
{
    int high = take_unit(walk);
    int low;

    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
        return 0;
    if (high < 0xd800 || high > 0xdbff)
        return high;
    if (!take(walk, '\\') || !take(walk, 'u'))
        return 0;
    low = take_unit(walk);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* After a backslash. Both strings must be of one length: what is written, what is meant.
 */
static const char escape_letters[] = "\"\\/bfnrt";
static const char escape_meanings[] = "\"\\/\b\f\n\r\t";

G_STATIC_ASSERT(sizeof escape_letters == sizeof escape_meanings);

static gboolean
walk_escape(Walk *walk, GString *out)
{
    char letter = peek(walk);
    const char *known = letter ? strchr(escape_letters, letter) : NULL;
    gunichar c;

    walk->at++;
    if (known) {
        if (out)
            g_string_append_c(out, escape_meanings[known - escape_letters]);
        return TRUE;
    }
    c = letter == 'u' ? take_escaped_char(walk) : 0;
    if (c == 0)
        return fail(walk, "an escape in a string that stands for no character");
    if (out)
        g_string_append_unichar(out, c);
    return TRUE;
}

/* @out: (nullable): receives what the string says. */
static gboolean
walk_string(Walk *walk, GString *out)
{
    if (!take(walk, '"'))
        return fail(walk, "a string in quotation marks is missing");
    while (walk->at < walk->end && *walk->at != '"') {
        if ((guint8)*walk->at < 0x20)
            return fail(walk, "a control character in a string");
        if (take(walk, '\\')) {
            if (walk->at == walk->end)
                break;
            if (!walk_escape(walk, out))
                return FALSE;
            continue;
        }
        if (out)
            g_string_append_c(out, *walk->at);
        walk->at++;
    }
    return take(walk, '"') || fail(walk, "the text ends within a string");
}

/* @elements: (nullable): receives a VccwJsonText for each. */
static gboolean
walk_array(Walk *walk, guint depth, GArray *elements)
{
    walk->at++;
    skip_blanks(walk);
    if (take(walk, ']'))
        return TRUE;
    do {
        VccwJsonText element;

        skip_blanks(walk);
        element.start = walk->at;
        if (!walk_value(walk, depth + 1))
            return FALSE;
        element.length = walk->at - element.start;
        if (elements)
            g_array_append_val(elements, element);
        skip_blanks(walk);
    } while (take(walk, ','));
    return take(walk, ']') || fail(walk, "',' or ']' is missing");
}

static gboolean
walk_member(Walk *walk, guint depth, VccwJsonMember *member)
{
    skip_blanks(walk);
    member->name.start = walk->at;
    if (!walk_string(walk, NULL))
        return FALSE;
    member->name.length = walk->at - member->name.start;
    skip_blanks(walk);
    if (!take(walk, ':'))
        return fail(walk, "':' is missing");
    skip_blanks(walk);
    member->value.start = walk->at;
    if (!walk_value(walk, depth + 1))
        return FALSE;
    member->value.length = walk->at - member->value.start;
    return TRUE;
}

/* @members: (nullable): receives a VccwJsonMember for each. */
static gboolean
walk_object(Walk *walk, guint depth, GArray *members)
{
    walk->at++;
    skip_blanks(walk);
    if (take(walk, '}'))
        return TRUE;
    do {
        VccwJsonMember member;

        if (!walk_member(walk, depth, &member))
            return FALSE;
        if (members)
            g_array_append_val(members, member);
        skip_blanks(walk);
    } while (take(walk, ','));
    return take(walk, '}') || fail(walk, "',' or '}' is missing");
}

static gboolean
walk_value(Walk *walk, guint depth)
{
    char first = peek(walk);

    if (depth >= VCCW_JSON_DEPTH_MAX && (first == '{' || first == '['))
        return fail(walk, "nested too deeply");
    switch (first) {
    case '{':
        return walk_object(walk, depth, NULL);
    case '[':
        return walk_array(walk, depth, NULL);
    case '"':
        return walk_string(walk, NULL);
    case 't':
        return walk_word(walk, "true");
    case 'f':
        return walk_word(walk, "false");
    case 'n':
        return walk_word(walk, "null");
    case '\0':
        return fail(walk, "the text ends where a value should be");
    default:
        return first == '-' || g_ascii_isdigit(first) ? walk_number(walk)
                                                      : fail(walk, "not a value of JSON");
    }
}

/* Checks the whole; on failure @walk says where and why. */
static gboolean
walk_document(Walk *walk, VccwJsonText *ret_value)
{
    const char *start = walk->at;
    VccwJsonText value;

    if (!g_utf8_validate_len(start, walk->end - start, &walk->at))
        return fail(walk, "not UTF-8 text");
    walk->at = start;
    skip_blanks(walk);
    value.start = walk->at;
    if (!walk_value(walk, 0))
        return FALSE;
    value.length = walk->at - value.start;
    skip_blanks(walk);
    if (walk->at < walk->end)
        return fail(walk, "something follows the value");
    *ret_value = value;
    return TRUE;
}

gboolean
vccw_json_check(const char *text, gsize length, VccwJsonText *ret_value, GError **error)
{
    Walk walk = { .at = text, .end = text + length };

    if (walk_document(&walk, ret_value))
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_STORE, "not JSON: %s (at byte %zu)",
                walk.problem, (gsize)(walk.at - text));
    return FALSE;
}

/* Checked text cannot fail: the walks below are for their notes only. */
static Walk
walk_of(const VccwJsonText *value)
{
    return (Walk){ .at = value->start, .end = value->start + value->length };
}

GArray *
vccw_json_members(const VccwJsonText *value)
{
    g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(VccwJsonMember));
    Walk walk = walk_of(value);

    if (peek(&walk) != '{' || !walk_object(&walk, 0, members))
        return NULL;
    return g_steal_pointer(&members);
}

GArray *
vccw_json_elements(const VccwJsonText *value)
{
    g_autoptr(GArray) elements = g_array_new(FALSE, FALSE, sizeof(VccwJsonText));
    Walk walk = walk_of(value);

    if (peek(&walk) != '[' || !walk_array(&walk, 0, elements))
        return NULL;
    return g_steal_pointer(&elements);
}

char *
vccw_json_string(const VccwJsonText *value)
{
    g_autoptr(GString) string = g_string_new(NULL);
    Walk walk = walk_of(value);

    if (!walk_string(&walk, string))
        return NULL;
    return g_string_free(g_steal_pointer(&string), FALSE);
}

gboolean
vccw_json_is_null(const VccwJsonText *value)
{
    return peek(&(Walk){ value->start, value->start + value->length }) == 'n';
}

void
vccw_json_append_string(GString *out, const char *string)
{
    g_string_append_c(out, '"');
    for (const char *p = string; *p; p++) {
        const char *known = strchr(escape_meanings, *p);

        if (known && *p != '/')
            g_string_append_printf(out, "\\%c", escape_letters[known - escape_meanings]);
        else if ((guint8)*p < 0x20)
            g_string_append_printf(out, "\\u%04x", (guint8)*p);
        else
            g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}
