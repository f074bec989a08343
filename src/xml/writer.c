/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whatever a value holds, the document stays well-formed, and reading gives the value
 * back: the five special characters are escaped everywhere, as libvirt does; blanks that
 * a parser would change (tab and newline in an attribute, carriage return anywhere) are
 * character references. Bytes that XML cannot carry at all (they come from sysfs or a
 * stranger's file) become U+FFFD.
 */

#include "xml/writer.h"

#include <stdarg.h>

#define INDENT 2

void
vccw_xml_writer_init(VccwXmlWriter *writer)
{
    writer->out = g_string_new(NULL);
    writer->depth = 0;
}

char *
vccw_xml_writer_finish(VccwXmlWriter *writer)
{
    g_assert(writer->depth == 0);
    return g_string_free(g_steal_pointer(&writer->out), FALSE);
}

static void
indent(VccwXmlWriter *writer)
{
    g_string_append_printf(writer->out, "%*s", (int)writer->depth * INDENT, "");
}

static gboolean
is_xml_char(gunichar c)
{
    return c == '\t' || c == '\n' || c == '\r' ||
           (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

gboolean
vccw_xml_writer_can_carry(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return FALSE;
    for (; *text; text = g_utf8_next_char(text)) {
        if (!is_xml_char(g_utf8_get_char(text)))
            return FALSE;
    }
    return TRUE;
}

static void
append_char(GString *out, gunichar c, gboolean attribute)
{
    if (c == '&')
        g_string_append(out, "&amp;");
    else if (c == '<')
        g_string_append(out, "&lt;");
    else if (c == '>')
        g_string_append(out, "&gt;");
    else if (c == '\'')
        g_string_append(out, "&apos;");
    else if (c == '"')
        g_string_append(out, "&quot;");
    else if (c == '\r' || (attribute && (c == '\n' || c == '\t')))
        g_string_append_printf(out, "&#%u;", c);
    else
        g_string_append_unichar(out, is_xml_char(c) ? c : 0xfffd);
}

static void
escape(GString *out, const char *text, gboolean attribute)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *p = valid; *p; p = g_utf8_next_char(p))
        append_char(out, g_utf8_get_char(p), attribute);
}

static void
append_attribute(GString *out, const char *key, const char *value)
{
    g_string_append_printf(out, " %s='", key);
    escape(out, value ? value : "", TRUE);
    g_string_append_c(out, '\'');
}

static void
start(VccwXmlWriter *writer, const char *name, va_list attributes)
{
    const char *key;

    indent(writer);
    g_string_append_printf(writer->out, "<%s", name);
    while ((key = va_arg(attributes, const char *)))
        append_attribute(writer->out, key, va_arg(attributes, const char *));
}

void
vccw_xml_writer_open(VccwXmlWriter *writer, const char *name, ...)
{
    va_list attributes;

    va_start(attributes, name);
    start(writer, name, attributes);
    va_end(attributes);
    g_string_append(writer->out, ">\n");
    writer->depth++;
}

void
vccw_xml_writer_close(VccwXmlWriter *writer, const char *name)
{
    g_assert(writer->depth > 0);
    writer->depth--;
    indent(writer);
    g_string_append_printf(writer->out, "</%s>\n", name);
}

void
vccw_xml_writer_empty(VccwXmlWriter *writer, const char *name, ...)
{
    va_list attributes;

    va_start(attributes, name);
    start(writer, name, attributes);
    va_end(attributes);
    g_string_append(writer->out, "/>\n");
}

void
vccw_xml_writer_empty_of(VccwXmlWriter *writer, const char *name, const GPtrArray *pairs)
{
    indent(writer);
    g_string_append_printf(writer->out, "<%s", name);
    for (guint i = 0; i + 1 < pairs->len; i += 2)
        append_attribute(writer->out, pairs->pdata[i], pairs->pdata[i + 1]);
    g_string_append(writer->out, "/>\n");
}

void
vccw_xml_writer_text_with(VccwXmlWriter *writer,
                          const char *name,
                          const char *key,
                          const char *value,
                          const char *text)
{
    if (!text || !*text)
        return;
    indent(writer);
    g_string_append_printf(writer->out, "<%s", name);
    if (key)
        append_attribute(writer->out, key, value);
    g_string_append_c(writer->out, '>');
    escape(writer->out, text, FALSE);
    g_string_append_printf(writer->out, "</%s>\n", name);
}

void
vccw_xml_writer_text(VccwXmlWriter *writer, const char *name, const char *text)
{
    vccw_xml_writer_text_with(writer, name, NULL, NULL, text);
}

void
vccw_xml_writer_text_attributes(VccwXmlWriter *writer,
                                const char *name,
                                const char *text,
                                ...)
{
    va_list attributes;

    if (!text || !*text)
        return;
    va_start(attributes, text);
    start(writer, name, attributes);
    va_end(attributes);
    g_string_append_c(writer->out, '>');
    escape(writer->out, text, FALSE);
    g_string_append_printf(writer->out, "</%s>\n", name);
}

void
vccw_xml_writer_hex(VccwXmlWriter *writer, const char *name, int digits, guint value)
{
    indent(writer);
    g_string_append_printf(writer->out, "<%s>0x%0*x</%s>\n", name, digits, value, name);
}
