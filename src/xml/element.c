/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Getters for the tree that the reader made. Each error says the line, what was found and
 * what would be right. Numbers are read as libvirt reads them: devno is hexadecimal with
 * or without "0x", the others go by their prefix; signs and trailing text are refused.
 */

#include "xml/element.h"

#include "base/quote.h"
#include "xml/tree.h"
#include <stdarg.h>
#include <string.h>
#include <virtccw/error.h>

#define MESSAGE_MAX  1000 /* bytes */
#define MESSAGE_TAIL 400  /* of them at its end */

static gboolean
named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name);
}

gboolean
vccw_xml_element_is(const xmlNode *node, const char *name)
{
    return named(node, name) && !node->ns;
}

static xmlNode *
search(xmlNode *node, const char *name)
{
    while (node && !vccw_xml_element_is(node, name))
        node = node->next;
    return node;
}

xmlNode *
vccw_xml_element_first(const xmlNode *parent, const char *name)
{
    return search(parent->children, name);
}

xmlNode *
vccw_xml_element_next(const xmlNode *node)
{
    return search(node->next, (const char *)node->name);
}

static xmlNode *
search_ns(xmlNode *node, const char *uri, const char *name)
{
    for (; node; node = node->next) {
        if (named(node, name) && node->ns &&
            g_str_equal((const char *)node->ns->href, uri))
            return node;
    }
    return NULL;
}

xmlNode *
vccw_xml_element_first_ns(const xmlNode *parent, const char *uri, const char *name)
{
    return search_ns(parent->children, uri, name);
}

xmlNode *
vccw_xml_element_next_ns(const xmlNode *node)
{
    return search_ns(node->next, (const char *)node->ns->href, (const char *)node->name);
}

/* libxml2's strings are libxml2's to free. */
static char *
take(xmlChar *text)
{
    char *copy = g_strdup((const char *)text);

    xmlFree(text);
    return copy;
}

char *
vccw_xml_element_text(const xmlNode *parent, const char *name)
{
    xmlNode *node = vccw_xml_element_first(parent, name);
    g_autofree char *text = node ? take(xmlNodeGetContent(node)) : NULL;

    if (!text || !*text)
        return NULL;
    /* Comments only: the blanks around them are layout. */
    if (!text[strspn(text, " \t\r\n")] && vccw_xml_tree_is_structured(node))
        return NULL;
    return g_steal_pointer(&text);
}

char *
vccw_xml_element_attribute(const xmlNode *node, const char *name)
{
    return take(xmlGetNoNsProp(node, (const xmlChar *)name));
}

/* Names in a document may be long. What is to be done stands at the end of a message. */
static char *
shorten(char *message)
{
    gsize length = strlen(message);
    const char *behind = message + length - MESSAGE_TAIL;
    g_autofree char *long_one = NULL;
    const char *head;

    if (length <= MESSAGE_MAX)
        return message;
    long_one = message;
    head = g_utf8_find_prev_char(message, message + MESSAGE_MAX - MESSAGE_TAIL);
    return g_strdup_printf("%.*s...%s", (int)(head - message), message,
                           g_utf8_find_next_char(behind, NULL));
}

void
vccw_xml_element_set_error(GError **error,
                           const xmlNode *node,
                           int code,
                           const char *format,
                           ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = shorten(g_strdup_vprintf(format, args));
    va_end(args);
    g_set_error(error, VCCW_ERROR, code, "line %ld: %s", xmlGetLineNo(node), message);
}

gboolean
vccw_xml_element_need_text(const xmlNode *parent,
                           const char *name,
                           const char *example,
                           char **ret_text,
                           GError **error)
{
    g_autofree char *text = vccw_xml_element_text(parent, name);

    if (!text) {
        vccw_xml_element_set_error(error, parent, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "<%s> needs a <%s>, for example <%s>%s</%s>",
                                   parent->name, name, name, example, name);
        return FALSE;
    }
    *ret_text = g_steal_pointer(&text);
    return TRUE;
}

gboolean
vccw_xml_element_need_attribute(const xmlNode *node,
                                const char *name,
                                int code,
                                char **ret_value,
                                GError **error)
{
    g_autofree char *value = vccw_xml_element_attribute(node, name);

    if (!value || !*value) {
        vccw_xml_element_set_error(error, node, code, "<%s> needs an attribute '%s'",
                                   node->name, name);
        return FALSE;
    }
    *ret_value = g_steal_pointer(&value);
    return TRUE;
}

/* Strips what tells the base off @digits. */
static guint
base_of(const char **digits, guint base)
{
    gboolean prefixed = g_ascii_strncasecmp(*digits, "0x", 2) == 0;

    if (prefixed && base != 10) {
        *digits += 2;
        return 16;
    }
    if (base == 0)
        return **digits == '0' ? 8 : 10;
    return base;
}

gboolean
vccw_xml_element_number_try(const char *text, guint base, guint max, guint *ret_number)
{
    g_autofree char *stripped = NULL;
    const char *digits = text;
    guint64 number;
    guint radix;

    if (text[strcspn(text, " \t\n\v\f\r")])
        digits = stripped = g_strstrip(g_strdup(text));
    digits += *digits == '+';
    radix = base_of(&digits, base);
    if (!g_ascii_string_to_unsigned(digits, radix, 0, max, &number, NULL))
        return FALSE;
    *ret_number = (guint)number;
    return TRUE;
}

gboolean
vccw_xml_element_number_from(const xmlNode *node,
                             const char *what,
                             const char *text,
                             guint base,
                             guint max,
                             guint *ret_number,
                             GError **error)
{
    g_autofree char *quoted = NULL;

    if (vccw_xml_element_number_try(text, base, max, ret_number))
        return TRUE;
    quoted = vccw_quote(text, VCCW_QUOTE_VALUE);
    if (base == 16)
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "%s %s is not a hexadecimal number from 0x0 to 0x%x",
                                   what, quoted, max);
    else
        vccw_xml_element_set_error(
            error, node, VCCW_ERROR_XML_CONTENT, "%s %s is not a number from 0 to %u%s",
            what, quoted, max, base == 0 ? "; hexadecimal ones begin with 0x" : "");
    return FALSE;
}

gboolean
vccw_xml_element_need_number(const xmlNode *parent,
                             const char *name,
                             guint base,
                             guint max,
                             guint *ret_number,
                             GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *what = g_strdup_printf("<%s>", name);

    if (!vccw_xml_element_need_text(parent, name, base == 10 ? "1" : "0x0", &text, error))
        return FALSE;
    return vccw_xml_element_number_from(vccw_xml_element_first(parent, name), what, text,
                                        base, max, ret_number, error);
}
