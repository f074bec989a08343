/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A document that may hold what nobody here knows is kept as libxml2's tree, and each
 * change is made in that tree; so whatever was not changed is still there.
 *
 * Its layout is libvirt's, and the same for the same content: text that is only blanks is
 * layout when the element has children other than text, and made new; anywhere else it
 * belongs to the document.
 */

#include "xml/tree.h"

#include <string.h>

#define INDENT 2

typedef struct {
    GString *out;
    VccwXmlTreeFilter filter;
    guint flags;
} Printer;

static xmlAttr *
find_attribute(const xmlNode *node, const char *name)
{
    for (xmlAttr *attr = node->properties; attr; attr = attr->next) {
        if (!attr->ns && strcmp((const char *)attr->name, name) == 0)
            return attr;
    }
    return NULL;
}

/* A value that libxml2 holds in several pieces becomes one. */
static void
join(xmlAttr *attr)
{
    xmlChar *value = xmlNodeListGetString(attr->doc, attr->children, 1);

    xmlFreeNodeList(attr->children);
    attr->children = xmlNewDocText(attr->doc, value);
    attr->last = attr->children;
    attr->children->parent = (xmlNode *)attr;
    xmlFree(value);
}

const char *
vccw_xml_tree_attribute(const xmlNode *node, const char *name)
{
    xmlAttr *attr = find_attribute(node, name);

    if (!attr)
        return NULL;
    if (!attr->children)
        return "";
    if (attr->children->next || attr->children->type != XML_TEXT_NODE)
        join(attr);
    return attr->children->content ? (const char *)attr->children->content : "";
}

void
vccw_xml_tree_set(xmlNode *node, const char *name, const char *value)
{
    const char *old = vccw_xml_tree_attribute(node, name);

    if (g_strcmp0(old, value) != 0)
        xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

static void
append_attribute(xmlNode *node, xmlAttr **last, xmlAttr *attr)
{
    attr->prev = *last;
    attr->next = NULL;
    if (*last)
        (*last)->next = attr;
    else
        node->properties = attr;
    *last = attr;
}

/* Takes @attr out of the list that begins at @first. */
static xmlAttr *
take_attribute(xmlAttr *first, const xmlAttr *attr)
{
    if (attr->prev)
        attr->prev->next = attr->next;
    if (attr->next)
        attr->next->prev = attr->prev;
    return attr == first ? attr->next : first;
}

void
vccw_xml_tree_order(xmlNode *node, const char *const *names)
{
    xmlNode ordered = { .properties = NULL };
    xmlAttr *last = NULL;
    xmlAttr *next;

    for (; *names; names++) {
        xmlAttr *attr = find_attribute(node, *names);

        if (!attr)
            continue;
        node->properties = take_attribute(node->properties, attr);
        append_attribute(&ordered, &last, attr);
    }
    for (xmlAttr *attr = node->properties; attr; attr = next) {
        next = attr->next;
        append_attribute(&ordered, &last, attr);
    }
    node->properties = ordered.properties;
}

xmlNode *
vccw_xml_tree_next(const xmlNode *root, xmlNode *node)
{
    do {
        if (node->type == XML_ELEMENT_NODE && node->children)
            node = node->children;
        else {
            while (node != root && !node->next)
                node = node->parent;
            if (node == root)
                return NULL;
            node = node->next;
        }
    } while (node->type != XML_ELEMENT_NODE);
    return node;
}

xmlNode *
vccw_xml_tree_add(xmlNode *parent, xmlNode *before, const char *name)
{
    xmlNode *node = xmlNewDocNode(parent->doc, NULL, (const xmlChar *)name, NULL);

    if (before)
        xmlAddPrevSibling(before, node);
    else
        xmlAddChild(parent, node);
    return node;
}

void
vccw_xml_tree_remove(xmlNode *node)
{
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

void
vccw_xml_tree_set_text(xmlNode *node, const char *text)
{
    xmlFreeNodeList(node->children);
    node->children = NULL;
    node->last = NULL;
    xmlAddChild(node, xmlNewDocText(node->doc, (const xmlChar *)text));
}

static const char *
escaped(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\'':
        return "&apos;";
    case '"':
        return "&quot;";
    case '\n':
        return "&#10;";
    case '\t':
        return "&#9;";
    case '\r':
        return "&#13;";
    default:
        g_assert_not_reached();
    }
}

/* @special: the characters that cannot stand there as they are. */
static void
escape(GString *out, const xmlChar *content, const char *special)
{
    const char *text = (const char *)content;

    while (text && *text) {
        gsize plain = strcspn(text, special);

        g_string_append_len(out, text, (gssize)plain);
        text += plain;
        if (*text)
            g_string_append(out, escaped(*text++));
    }
}

static void
print_text(GString *out, const xmlChar *content)
{
    escape(out, content, "&<>\r");
}

static void
print_value(GString *out, const xmlChar *content)
{
    g_string_append(out, "='");
    escape(out, content, "&<>'\"\n\t\r");
    g_string_append_c(out, '\'');
}

static void
print_name(GString *out, const xmlNs *ns, const xmlChar *name)
{
    if (ns && ns->prefix) {
        g_string_append(out, (const char *)ns->prefix);
        g_string_append_c(out, ':');
    }
    g_string_append(out, (const char *)name);
}

static void
print_namespaces(GString *out, const xmlNode *node)
{
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
        g_string_append(out, " xmlns");
        if (ns->prefix) {
            g_string_append_c(out, ':');
            g_string_append(out, (const char *)ns->prefix);
        }
        print_value(out, ns->href);
    }
}

static gboolean
left_out(const Printer *printer, const xmlNode *node)
{
    return printer->filter && printer->filter(node, printer->flags);
}

static void
print_attributes(const Printer *printer, const xmlNode *node)
{
    for (xmlAttr *attr = node->properties; attr; attr = attr->next) {
        if (left_out(printer, (const xmlNode *)attr))
            continue;
        if (attr->children && attr->children->next)
            join(attr);
        g_string_append_c(printer->out, ' ');
        print_name(printer->out, attr->ns, attr->name);
        print_value(printer->out, attr->children ? attr->children->content : NULL);
    }
}

static gboolean
is_text(const xmlNode *node)
{
    return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

gboolean
vccw_xml_tree_is_structured(const xmlNode *node)
{
    gboolean others = FALSE;

    for (const xmlNode *child = node->children; child; child = child->next) {
        if (!is_text(child))
            others = TRUE;
        else if (!xmlIsBlankNode(child))
            return FALSE;
    }
    return others;
}

static void
indent(GString *out, guint depth)
{
    static const char blanks[] = "                                ";

    for (guint left = depth * INDENT; left > 0;) {
        guint n = MIN(left, (guint)sizeof(blanks) - 1);

        g_string_append_len(out, blanks, n);
        left -= n;
    }
}

static void print_element(const Printer *printer, const xmlNode *node, int depth);

/* @depth: the level of @node; negative: inside of text, where nothing may be added. */
static void
print_node(const Printer *printer, const xmlNode *node, int depth)
{
    GString *out = printer->out;

    switch (node->type) {
    case XML_ELEMENT_NODE:
        print_element(printer, node, depth);
        break;
    case XML_TEXT_NODE:
    case XML_CDATA_SECTION_NODE:
        print_text(out, node->content);
        break;
    case XML_COMMENT_NODE:
        g_string_append_printf(out, "<!--%s-->", node->content);
        break;
    case XML_PI_NODE:
        g_string_append_printf(out, "<?%s%s%s?>", node->name, node->content ? " " : "",
                               node->content ? (const char *)node->content : "");
        break;
    default:
        break;
    }
}

static void
print_line(const Printer *printer, const xmlNode *node, guint depth)
{
    if (is_text(node) || left_out(printer, node))
        return;
    indent(printer->out, depth);
    print_node(printer, node, (int)depth);
    g_string_append_c(printer->out, '\n');
}

static void
print_content(const Printer *printer, const xmlNode *node, int depth)
{
    gboolean lines = depth >= 0 && vccw_xml_tree_is_structured(node);

    if (lines)
        g_string_append_c(printer->out, '\n');
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (lines)
            print_line(printer, child, (guint)depth + 1);
        else
            print_node(printer, child, -1);
    }
    if (lines)
        indent(printer->out, (guint)depth);
}

static gboolean
has_content(const Printer *printer, const xmlNode *node)
{
    gboolean structured = vccw_xml_tree_is_structured(node);

    for (const xmlNode *child = node->children; child; child = child->next) {
        if (!(structured && is_text(child)) && !left_out(printer, child))
            return TRUE;
    }
    return FALSE;
}

static void
print_element(const Printer *printer, const xmlNode *node, int depth)
{
    GString *out = printer->out;

    g_string_append_c(out, '<');
    print_name(out, node->ns, node->name);
    if (node->ns)
        print_namespaces(out, node);
    print_attributes(printer, node);
    if (!node->ns) /* as libvirt writes those of <domain> */
        print_namespaces(out, node);
    if (!has_content(printer, node)) {
        g_string_append(out, "/>");
        return;
    }
    g_string_append_c(out, '>');
    print_content(printer, node, depth);
    g_string_append(out, "</");
    print_name(out, node->ns, node->name);
    g_string_append_c(out, '>');
}

char *
vccw_xml_tree_format(const xmlNode *node, VccwXmlTreeFilter filter, guint flags)
{
    Printer printer = { g_string_new(NULL), filter, flags };

    print_line(&printer, node, 0);
    return g_string_free(printer.out, FALSE);
}

char *
vccw_xml_tree_format_document(const xmlDoc *doc, VccwXmlTreeFilter filter, guint flags)
{
    Printer printer = { g_string_new(NULL), filter, flags };

    for (const xmlNode *node = doc->children; node; node = node->next)
        print_line(&printer, node, 0);
    return g_string_free(printer.out, FALSE);
}
