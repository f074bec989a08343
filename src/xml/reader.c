/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading a document that a stranger wrote.
 *
 * A document costs at most what its size allows: the size is checked first, then, still
 * on the bytes, what libxml2 is known to be slow with. It compares each attribute of an
 * element with all others, so 60,000 of them take half a minute; and it searches all
 * namespaces in scope for each prefix. So the attributes behind each '<' are counted, up
 * to a '>' that is not in one's value. Where the '<' begins a tag, that is what libxml2
 * sees in it, too, or else what it stops at: a value ends with the quote that it began
 * with, and there is no '<' in it. Where it does not (in a comment, say), it does no harm
 * to count what is none, for the next '<' begins anew.
 *
 * libxml2 stops at the first error, and at a DOCTYPE before it looks inside. Everything
 * is reported through the context of the one parse; no handler of the process is touched.
 */

#include "xml/reader.h"

#include "xml/tree.h"
#include <libxml/parser.h>
#include <string.h>
#include <virtccw/error.h>

#define NO_ELEMENT "no element; the document is empty"
#define CAUSE_MAX  120
#define BLANKS     " \t\r\n"

/* Without XML_PARSE_NOENT, DTDLOAD, DTDATTR, XINCLUDE and HUGE. */
#define PARSE_OPTIONS                                                                \
    (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | \
     XML_PARSE_IGNORE_ENC)

/* One parse: the first thing that went wrong, and where. */
typedef struct {
    GError *error;
} Parse;

static void
parser_init(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        xmlInitParser();
        g_once_init_leave(&done, 1);
    }
}

char *
vccw_xml_reader_cause(const char *text)
{
    g_autofree char *valid = g_strstrip(g_utf8_make_valid(text ? text : "", -1));
    GString *line = g_string_new(NULL);
    guint n = 0;

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (n++ == CAUSE_MAX) {
            g_string_append(line, "...");
            break;
        }
        g_string_append_unichar(line, g_unichar_isprint(c) ? c : ' ');
    }
    return g_string_free(line, FALSE);
}

/* The position of @at in @text, as editors count: both from 1, the column in characters.
 */
static void
position(const char *text, const char *at, guint *ret_line, guint *ret_column)
{
    guint line = 1;
    guint column = 1;

    for (const char *p = text; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((guchar)*p & 0xc0) != 0x80) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

static void
refuse_at(GError **error, const char *text, const char *at, const char *cause)
{
    guint line, column;

    position(text, at, &line, &column);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX, "line %u, column %u: %s", line,
                column, cause);
}

/* Whether an attribute's value begins behind the '=' at @p. */
static gboolean
starts_value(const char *p)
{
    p += 1 + strspn(p + 1, BLANKS);
    return *p == '"' || *p == '\'';
}

static gboolean
refuse_many(GError **error, const char *text, const char *at, const char *what, guint max)
{
    g_autofree char *cause = g_strdup_printf("more than %u %s", max, what);

    refuse_at(error, text, at, cause);
    return FALSE;
}

/* What was counted so far. */
typedef struct {
    const char *text;
    guint tags, values, namespaces;
    guint attributes; /* of the tag at hand */
} Count;

static gboolean
check_count(const Count *count, const char *at, GError **error)
{
    const struct {
        guint n, max;
        const char *what;
    } limits[] = {
        { count->attributes, VCCW_XML_READER_ATTRIBUTES_MAX, "attributes in an element" },
        { count->tags, VCCW_XML_READER_TAGS_MAX, "tags" },
        { count->values, VCCW_XML_READER_VALUES_MAX, "attributes and references" },
        { count->namespaces, VCCW_XML_READER_NAMESPACES_MAX, "namespace declarations" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        if (limits[i].n > limits[i].max)
            return refuse_many(error, count->text, at, limits[i].what, limits[i].max);
    }
    return TRUE;
}

/* Behind the value that begins with the quote at @p, or at the '<' that it cannot have.
 */
static const char *
count_value(Count *count, const char *p)
{
    const char stops[] = { *p++, '<', '&', '\0' };

    while (*(p += strcspn(p, stops)) == '&') {
        count->values++;
        p++;
    }
    return *p == stops[0] ? p + 1 : p;
}

/* Returns: (nullable): behind the tag whose '<' is before @p, or at the '<' that it
 * cannot have; NULL when there is too much in it. */
static const char *
count_tag(Count *count, const char *p, GError **error)
{
    count->tags++;
    count->attributes = 0;
    for (const char *begin = p; *(p += strcspn(p, "<>=&")) && *p != '<';) {
        const char *behind = p + 1;

        if (*p == '>')
            return behind;
        if (*p == '=' && starts_value(p)) {
            count->attributes++;
            count->values++;
            count->namespaces += g_strstr_len(begin, p - begin, "xmlns") != NULL;
            begin = behind = count_value(count, behind + strspn(behind, BLANKS));
        } else if (*p == '&') {
            count->values++;
        }
        if (!check_count(count, p, error))
            return NULL;
        p = behind;
    }
    return p;
}

/* Whatever costs libxml2 an allocation begins with one of these characters. */
static gboolean
check_numbers(const char *text, GError **error)
{
    Count count = { .text = text };

    for (const char *p = text; *(p += strcspn(p, "<&"));) {
        const char *at = p++;

        if (*at == '&')
            count.values++;
        else
            p = count_tag(&count, p, error);
        if (!p || !check_count(&count, at, error))
            return FALSE;
    }
    return TRUE;
}

/* What can be told from the bytes alone. */
static gboolean
check_bytes(const char *text, gsize max, gsize *ret_size, GError **error)
{
    gsize size = strnlen(text, max + 1);
    const char *end;

    if (size > max) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
                    "the document is larger than %" G_GSIZE_FORMAT
                    " bytes; leave out what virtccw does not need",
                    max);
        return FALSE;
    }
    if (!g_utf8_validate_len(text, size, &end)) {
        refuse_at(error, text, end,
                  "a byte that is not UTF-8; save the document as UTF-8");
        return FALSE;
    }
    if (!check_numbers(text, error))
        return FALSE;
    *ret_size = size;
    return TRUE;
}

/* libxml2's message, or a clearer one where there is one. */
static char *
cause_of(const xmlError *err)
{
    if (err->code == XML_ERR_UNDECLARED_ENTITY ||
        err->code == XML_WAR_UNDECLARED_ENTITY) {
        g_autofree char *name = vccw_xml_reader_cause(err->str1);

        return g_strdup_printf(
            "the entity &%s; is not known; write the character itself, "
            "or one of &lt; &gt; &amp; &apos; &quot;",
            name);
    }
    if (err->code == XML_ERR_DOCUMENT_EMPTY)
        return g_strdup(NO_ELEMENT);
    if (err->message && strstr(err->message, "Excessive depth"))
        return g_strdup("elements are nested too deeply");
    return vccw_xml_reader_cause(err->message);
}

static void
on_error(void *user_data, xmlErrorPtr err)
{
    xmlParserCtxt *context = user_data;
    Parse *parse = context->_private;
    g_autofree char *cause = NULL;

    if (err->level < XML_ERR_FATAL)
        return;
    if (!parse->error) {
        cause = cause_of(err);
        g_set_error(&parse->error, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX,
                    "line %d, column %d: %s", err->line, err->int2, cause);
    }
    xmlStopParser(context);
}

/* Called behind "<!DOCTYPE name", before any declaration in it is read. */
static void
on_doctype(void *user_data,
           const xmlChar *name,
           const xmlChar *external_id,
           const xmlChar *system_id)
{
    xmlParserCtxt *context = user_data;
    Parse *parse = context->_private;

    if (!parse->error) {
        g_set_error(&parse->error, VCCW_ERROR, VCCW_ERROR_XML_CONTENT,
                    "line %d: a DOCTYPE is not accepted; remove it",
                    xmlSAX2GetLineNumber(context));
    }
    xmlStopParser(context);
}

/* Without XML_PARSE_NOENT, libxml2 leaves an ampersand as a reference in the URI of a
 * namespace (and only there), so that it would be escaped once more when it is written.
 */
static void
mend_namespaces(xmlDoc *doc)
{
    xmlNode *root = xmlDocGetRootElement(doc);

    for (xmlNode *node = root; node; node = vccw_xml_tree_next(root, node)) {
        for (xmlNs *ns = node->nsDef; ns; ns = ns->next) {
            char *at = (char *)ns->href;

            while (at && (at = strstr(at, "&#38;"))) {
                at++;
                memmove(at, at + 4, strlen(at + 4) + 1);
            }
        }
    }
}

xmlDoc *
vccw_xml_reader_parse(const char *text, gsize max, GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;
    xmlParserCtxt *context;
    Parse parse = { NULL };
    gsize size;

    if (!check_bytes(text, max, &size, error))
        return NULL;
    parser_init();
    context = xmlNewParserCtxt();
    if (!context) {
        g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_INTERNAL,
                            "libxml2 cannot make a parser: out of memory");
        return NULL;
    }
    context->_private = &parse;
    context->sax->serror = on_error;
    context->sax->internalSubset = on_doctype;
    doc = xmlCtxtReadMemory(context, text, (int)size, NULL, NULL, PARSE_OPTIONS);
    xmlFreeParserCtxt(context);
    if (parse.error) {
        g_propagate_error(error, parse.error);
        return NULL;
    }
    if (!doc || !xmlDocGetRootElement(doc)) {
        g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX,
                            "line 1, column 1: " NO_ELEMENT);
        return NULL;
    }
    if (strstr(text, "xmlns") && strchr(text, '&'))
        mend_namespaces(doc);
    return g_steal_pointer(&doc);
}
