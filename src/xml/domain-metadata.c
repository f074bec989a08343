/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Metadata of applications. An application hands its document without a namespace, with
 * the namespace's URI and a prefix beside it, and gets it back so; in the domain each of
 * its elements has the prefix, and the first one declares it. That is what libvirt does.
 */

#include "xml/domain-private.h"

#include "base/quote.h"
#include "xml/element.h"
#include "xml/reader.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

static gboolean
is_in(const xmlNode *node, const char *uri)
{
    return node->ns && g_strcmp0((const char *)node->ns->href, uri) == 0;
}

static xmlNode *
find_metadata(const VccwDomainXml *domain, const char *uri)
{
    const xmlNode *metadata = vccw_xml_element_first(domain->root, "metadata");
    xmlNode *node = metadata ? metadata->children : NULL;

    while (node && !(node->type == XML_ELEMENT_NODE && is_in(node, uri)))
        node = node->next;
    return node;
}

/* Takes the namespace from the elements; attributes keep it, and then it stays declared.
 */
static void
strip_namespace(xmlNode *root, const char *uri)
{
    xmlNs **place = &root->nsDef;
    gboolean used = FALSE;

    for (xmlNode *node = root; node; node = vccw_xml_tree_next(root, node)) {
        if (is_in(node, uri))
            node->ns = NULL;
        for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
            used |= attr->ns && g_strcmp0((const char *)attr->ns->href, uri) == 0;
    }
    while (*place && !used) {
        xmlNs *ns = *place;

        if (g_strcmp0((const char *)ns->href, uri) != 0) {
            place = &ns->next;
            continue;
        }
        *place = ns->next;
        xmlFreeNs(ns);
    }
}

/* Blanks between elements are those of the domain's layout; they are made anew. */
static void
strip_blanks(const xmlNode *node)
{
    xmlNode *next;

    if (!vccw_xml_tree_is_structured(node))
        return;
    for (xmlNode *child = node->children; child; child = next) {
        next = child->next;
        if (child->type == XML_ELEMENT_NODE)
            strip_blanks(child);
        else if (xmlIsBlankNode(child))
            vccw_xml_tree_remove(child);
    }
}

char *
vccw_domain_xml_metadata(const VccwDomainXml *domain, const char *uri)
{
    const xmlNode *node = find_metadata(domain, uri);
    g_autoptr(xmlDoc) doc = NULL;
    xmlBuffer *buffer;
    char *text;

    if (!node)
        return NULL;
    doc = xmlNewDoc(NULL);
    xmlDocSetRootElement(doc, xmlDocCopyNode((xmlNode *)node, doc, 1));
    strip_namespace(xmlDocGetRootElement(doc), uri);
    strip_blanks(xmlDocGetRootElement(doc));
    buffer = xmlBufferCreate();
    xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 1);
    text = g_strdup((const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}

static gboolean
check_prefix(const char *key, const char *uri, GError **error)
{
    g_autofree char *quoted = NULL;

    if (!uri || !*uri) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "the namespace of the metadata is empty; take a URI of your own");
        return FALSE;
    }
    if (key && xmlValidateNCName((const xmlChar *)key, 0) == 0 &&
        g_ascii_strncasecmp(key, "xml", 3) != 0)
        return TRUE;
    quoted = vccw_quote(key, VCCW_QUOTE_VALUE);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "%s cannot be the prefix of metadata; take a short word", quoted);
    return FALSE;
}

/* A prefix that means something else below would take elements away from @uri. */
static gboolean
check_declarations(const xmlNode *node, const char *uri, const char *key, GError **error)
{
    for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
        g_autofree char *quoted = NULL;

        if (g_strcmp0((const char *)ns->prefix, key) != 0 ||
            g_strcmp0((const char *)ns->href, uri) == 0)
            continue;
        quoted = vccw_quote((const char *)ns->href, VCCW_QUOTE_VALUE);
        vccw_xml_element_set_error(error, node, VCCW_ERROR_INVALID_ARG,
                                   "the prefix '%s' stands for %s in <%s>; take another "
                                   "prefix for the metadata",
                                   key, quoted, node->name);
        return FALSE;
    }
    return TRUE;
}

/* libxml2 leaves a prefix that nothing declares in the name; with a second one before it,
 * the name would be none. */
static gboolean
check_name(const xmlNode *node, GError **error)
{
    const char *colon = strchr((const char *)node->name, ':');

    if (node->ns || !colon)
        return TRUE;
    vccw_xml_element_set_error(error, node, VCCW_ERROR_INVALID_ARG,
                               "the prefix of <%s> is not declared; write xmlns:%.*s='…' "
                               "in the metadata, or leave the prefix out",
                               node->name, (int)(colon - (const char *)node->name),
                               node->name);
    return FALSE;
}

static xmlNs *
declare(xmlNode *root, const char *uri, const char *key)
{
    for (xmlNs *ns = root->nsDef; ns; ns = ns->next) {
        if (g_strcmp0((const char *)ns->prefix, key) == 0)
            return ns; /* the same: it has been checked */
    }
    return xmlNewNs(root, (const xmlChar *)uri, (const xmlChar *)key);
}

/* Puts all elements that have no namespace, or have this one, under the prefix. */
static gboolean
put_namespace(xmlNode *root, const char *uri, const char *key, GError **error)
{
    xmlNs *ns;

    if (root->ns && !is_in(root, uri)) {
        g_autofree char *quoted =
            vccw_quote((const char *)root->ns->href, VCCW_QUOTE_VALUE);

        vccw_xml_element_set_error(error, root, VCCW_ERROR_INVALID_ARG,
                                   "<%s> is in the namespace %s already; write the "
                                   "metadata without xmlns",
                                   root->name, quoted);
        return FALSE;
    }
    for (xmlNode *node = root; node; node = vccw_xml_tree_next(root, node)) {
        if (!check_name(node, error) || !check_declarations(node, uri, key, error))
            return FALSE;
    }
    ns = declare(root, uri, key);
    for (xmlNode *node = root; node; node = vccw_xml_tree_next(root, node)) {
        if (!node->ns || is_in(node, uri))
            xmlSetNs(node, ns);
    }
    return TRUE;
}

/* Returns: (transfer full): the element in @xml, as the domain is to have it. */
static xmlNode *
read_metadata(VccwDomainXml *domain,
              const char *uri,
              const char *key,
              const char *xml,
              GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;
    xmlNode *node;

    if (!check_prefix(key, uri, error))
        return NULL;
    doc = vccw_xml_reader_parse(xml, VCCW_DOMAIN_XML_MAX, error);
    if (!doc)
        return NULL;
    node = xmlDocGetRootElement(doc);
    return put_namespace(node, uri, key, error) ? xmlDocCopyNode(node, domain->doc, 1)
                                                : NULL;
}

gboolean
vccw_domain_xml_set_metadata(VccwDomainXml *domain,
                             const char *uri,
                             const char *key,
                             const char *xml,
                             GError **error)
{
    xmlNode *old = find_metadata(domain, uri);
    xmlNode *metadata = vccw_xml_element_first(domain->root, "metadata");
    xmlNode *node = NULL;

    if (xml) {
        node = read_metadata(domain, uri, key, xml, error);
        if (!node)
            return FALSE;
    }
    if (old)
        vccw_xml_tree_remove(old);
    if (node)
        xmlAddChild(metadata ? metadata : vccw_domain_add_child(domain, "metadata"),
                    node);
    else if (metadata && xmlChildElementCount(metadata) == 0)
        vccw_xml_tree_remove(metadata);
    return TRUE;
}
