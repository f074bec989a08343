/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libxml2 does not tell where in a text an element stands; but it has read the text
 * before, so the text is well-formed and has no DOCTYPE, and its start tags can be found
 * by looking for quotes, comments, CDATA and processing instructions alone. The n-th of
 * them is the n-th element of the tree.
 */

#include "xml/edit.h"

#include <string.h>

typedef struct {
    gsize start, end;
    char *text;
} Change;

struct _VccwXmlEdit {
    const char *text;
    GArray *places;  /* of VccwXmlPlace, by the order of start tags */
    GArray *changes; /* of Change */
};

static void
change_clear(gpointer change)
{
    g_free(((Change *)change)->text);
}

/* Behind the next @end; the end of the text if there is none. */
static const char *
skip(const char *p, const char *end)
{
    const char *found = strstr(p, end);

    return found ? found + strlen(end) : p + strlen(p);
}

/* Behind the tag that begins at @p. */
static const char *
skip_tag(const char *p)
{
    while (*p && *p != '>') {
        const char *close = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : p;

        p = close ? close + 1 : p + strlen(p);
    }
    return *p ? p + 1 : p;
}

/* Takes the tag at @p, which is one of an element. Returns: what is behind it. */
static const char *
take_tag(GArray *places, GArray *open, const char *text, const char *p)
{
    const char *behind = skip_tag(p);
    VccwXmlPlace place = { p - text, behind - text, behind - text };

    if (p[1] == '/') {
        if (open->len) {
            guint last = g_array_index(open, guint, open->len - 1);

            g_array_index(places, VccwXmlPlace, last).end = behind - text;
            g_array_set_size(open, open->len - 1);
        }
        return behind;
    }
    g_array_append_val(places, place);
    if (behind[-2] != '/') {
        guint index = places->len - 1;

        g_array_append_val(open, index);
    }
    return behind;
}

static GArray *
find_places(const char *text)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(VccwXmlPlace));
    g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));
    const char *p = text;

    while ((p = strchr(p, '<'))) {
        if (g_str_has_prefix(p, "<!--"))
            p = skip(p + 4, "-->");
        else if (g_str_has_prefix(p, "<![CDATA["))
            p = skip(p, "]]>");
        else if (p[1] == '?')
            p = skip(p, "?>");
        else
            p = take_tag(places, open, text, p);
    }
    return places;
}

/* Gives each element its number, in the order of start tags. */
static void
number(xmlNode *root)
{
    xmlNode *node = root;
    gsize n = 0;

    while (node) {
        if (node->type == XML_ELEMENT_NODE)
            node->_private = GSIZE_TO_POINTER(n++);
        if (node->type == XML_ELEMENT_NODE && node->children) {
            node = node->children;
            continue;
        }
        while (node != root && !node->next)
            node = node->parent;
        node = node == root ? NULL : node->next;
    }
}

VccwXmlEdit *
vccw_xml_edit_new(const char *text, xmlDoc *doc)
{
    VccwXmlEdit *edit = g_new0(VccwXmlEdit, 1);

    edit->text = text;
    edit->places = find_places(text);
    edit->changes = g_array_new(FALSE, FALSE, sizeof(Change));
    g_array_set_clear_func(edit->changes, change_clear);
    number(xmlDocGetRootElement(doc));
    return edit;
}

void
vccw_xml_edit_free(VccwXmlEdit *edit)
{
    if (!edit)
        return;
    g_array_unref(edit->places);
    g_array_unref(edit->changes);
    g_free(edit);
}

VccwXmlPlace
vccw_xml_edit_place(const VccwXmlEdit *edit, const xmlNode *node)
{
    gsize n = GPOINTER_TO_SIZE(node->_private);

    g_return_val_if_fail(n < edit->places->len, (VccwXmlPlace){ 0 });
    return g_array_index(edit->places, VccwXmlPlace, n);
}

static void
add_change(VccwXmlEdit *edit, gsize start, gsize end, const char *text)
{
    Change change = { start, end, g_strdup(text) };

    g_array_append_val(edit->changes, change);
}

void
vccw_xml_edit_replace(VccwXmlEdit *edit, const xmlNode *node, const char *text)
{
    VccwXmlPlace place = vccw_xml_edit_place(edit, node);

    add_change(edit, place.start, place.end, text);
}

void
vccw_xml_edit_remove(VccwXmlEdit *edit, const xmlNode *node)
{
    VccwXmlPlace place = vccw_xml_edit_place(edit, node);

    while (place.start > 0 && strchr(" \t\r\n", edit->text[place.start - 1]))
        place.start--;
    add_change(edit, place.start, place.end, "");
}

void
vccw_xml_edit_insert(VccwXmlEdit *edit, const xmlNode *node, const char *text)
{
    VccwXmlPlace place = vccw_xml_edit_place(edit, node);

    add_change(edit, place.content, place.content, text);
}

gboolean
vccw_xml_edit_is_empty_tag(const VccwXmlEdit *edit, const xmlNode *node)
{
    VccwXmlPlace place = vccw_xml_edit_place(edit, node);

    return place.content == place.end;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const Change *one = a, *other = b;

    return one->start < other->start ? -1 : one->start > other->start;
}

char *
vccw_xml_edit_apply(VccwXmlEdit *edit)
{
    GString *out = edit->changes->len ? g_string_new(NULL) : NULL;
    gsize at = 0;

    g_array_sort(edit->changes, compare);
    for (guint i = 0; i < edit->changes->len; i++) {
        const Change *change = &g_array_index(edit->changes, Change, i);

        g_string_append_len(out, edit->text + at, change->start - at);
        g_string_append(out, change->text);
        at = change->end;
    }
    if (!out)
        return NULL;
    g_string_append(out, edit->text + at);
    return g_string_free(out, FALSE);
}
