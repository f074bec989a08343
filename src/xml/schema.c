/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A schema is compiled at its first use and kept. libxml2 promises nothing about one
 * compiled RELAX NG schema in several threads, so a lock is held for the length of one
 * check. A schema that is a part of another is put into it here, for libxml2 would look
 * for a file.
 */

#include "xml/schema.h"

#include "xml/domain-s390x-rng.h"
#include "xml/hostdev-vfio-ccw-rng.h"
#include "xml/nodedev-rng.h"
#include "xml/reader.h"
#include <libxml/relaxng.h>
#include <string.h>
#include <virtccw/error.h>

/* What libxml2 means by an "extra element in interleave". */
#define EXTRA "; it is not known there, or one too many, or its value is wrong"

G_LOCK_DEFINE_STATIC(schema);

/* One check of a document: its first error. */
typedef struct {
    xmlDoc *doc;
    GError *error;
    gboolean missing; /* whether it says that an element is missing */
} Check;

static void
on_schema_error(void *user_data, xmlErrorPtr err)
{
    GError **error = user_data;
    g_autofree char *cause = vccw_xml_reader_cause(err->message);

    if (!*error)
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL, "schema, line %d: %s",
                    err->line, cause);
}

typedef struct {
    const char *name;
    const char *text;
    const char *part; /* the text of the schema that it includes, or NULL */
    xmlRelaxNG *compiled;
} Schema;

/* Changed with the lock held. */
static Schema schemas[] = {
    [VCCW_XML_SCHEMA_NODEDEV] = { "nodedev.rng", nodedev_rng, NULL, NULL },
    [VCCW_XML_SCHEMA_HOSTDEV] = { "hostdev-vfio-ccw.rng", hostdev_vfio_ccw_rng, NULL,
                                  NULL },
    [VCCW_XML_SCHEMA_DOMAIN] = { "domain-s390x.rng", domain_s390x_rng,
                                 hostdev_vfio_ccw_rng, NULL },
};

static xmlNode *
first_named(const xmlNode *parent, const char *name)
{
    xmlNode *node = parent->children;

    while (node && !(node->type == XML_ELEMENT_NODE &&
                     g_str_equal((const char *)node->name, name)))
        node = node->next;
    return node;
}

static void
copy_children(const xmlNode *from, const char *name, xmlNode *behind)
{
    for (xmlNode *node = from->children; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name))
            xmlAddNextSibling(behind, xmlDocCopyNode(node, behind->doc, 1));
    }
}

/* Puts the definitions in @part, and the start that replaces its own, in place of the one
 * <include> of @doc. */
static void
include_part(xmlDoc *doc, const char *part)
{
    g_autoptr(xmlDoc) from = xmlReadDoc((const xmlChar *)part, NULL, NULL, 0);
    xmlNode *include = first_named(xmlDocGetRootElement(doc), "include");

    copy_children(xmlDocGetRootElement(from), "define", include);
    copy_children(include, "start", include);
    xmlUnlinkNode(include);
    xmlFreeNode(include);
}

static void
compile(Schema *schema, GError **error)
{
    g_autoptr(xmlDoc) doc = xmlReadDoc((const xmlChar *)schema->text, NULL, NULL, 0);
    xmlRelaxNGParserCtxt *context;

    if (schema->part)
        include_part(doc, schema->part);
    context = xmlRelaxNGNewDocParserCtxt(doc);
    xmlRelaxNGSetParserStructuredErrors(context, on_schema_error, error);
    schema->compiled = xmlRelaxNGParse(context);
    xmlRelaxNGFreeParserCtxt(context);
}

/* Called with the lock held. Returns: (transfer none) (nullable): NULL is a bug of ours.
 */
static xmlRelaxNG *
compiled_schema(Schema *schema, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!schema->compiled)
        compile(schema, &local);
    if (!schema->compiled && !local)
        g_set_error(&local, VCCW_ERROR, VCCW_ERROR_INTERNAL, "%s cannot be compiled",
                    schema->name);
    if (!schema->compiled)
        g_propagate_error(error, g_steal_pointer(&local));
    return schema->compiled;
}

/* The last of the nearest descendants called @name: what is extra comes last. */
static const xmlNode *
find_named(const xmlNode *parent, const char *name)
{
    const xmlNode *found = NULL;

    for (const xmlNode *node = parent->last; node && !found; node = node->prev) {
        if (node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name))
            found = node;
    }
    for (const xmlNode *node = parent->children; node && !found; node = node->next) {
        if (node->type == XML_ELEMENT_NODE)
            found = find_named(node, name);
    }
    return found;
}

/* The element an error is about; some have only its name. */
static const xmlNode *
place_of(const xmlError *err, xmlDoc *doc)
{
    const xmlNode *node = err->node;

    if (node && node->type == XML_ELEMENT_NODE)
        return node;
    if (err->str1)
        node = find_named((const xmlNode *)doc, err->str1);
    return node && node->type == XML_ELEMENT_NODE ? node : xmlDocGetRootElement(doc);
}

/*
 * The first error is the nearest to the cause; the others tell of its parents. But that
 * an element is missing libxml2 also says of one that may well be missing: then the next
 * counts.
 */
static void
on_error(void *user_data, xmlErrorPtr err)
{
    Check *check = user_data;
    const xmlNode *node = place_of(err, check->doc);
    g_autofree char *cause = vccw_xml_reader_cause(err->message);
    g_autofree char *name = vccw_xml_reader_cause((const char *)node->name);
    gboolean missing = g_str_has_prefix(cause, "Expecting an element");

    if (check->error && (missing || !check->missing))
        return;
    g_clear_error(&check->error);
    check->missing = missing;
    g_set_error(&check->error, VCCW_ERROR, VCCW_ERROR_XML_SCHEMA,
                "line %ld, element <%s>: %s", xmlGetLineNo(node), name, cause);
}

/* Called with the lock held. */
static gboolean
check_with(const Schema *schema, xmlDoc *doc, GError **error)
{
    Check check = { doc, NULL, FALSE };
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema->compiled);
    int result;

    xmlRelaxNGSetValidStructuredErrors(context, on_error, &check);
    result = xmlRelaxNGValidateDoc(context, doc);
    xmlRelaxNGFreeValidCtxt(context);
    if (result == 0) {
        g_clear_error(&check.error);
        return TRUE;
    }
    if (!check.error)
        g_set_error(&check.error, VCCW_ERROR, VCCW_ERROR_XML_SCHEMA,
                    "the document does not match the schema %s", schema->name);
    g_propagate_error(error, check.error);
    return FALSE;
}

gboolean
vccw_xml_schema_check(VccwXmlSchema schema, xmlDoc *doc, GError **error)
{
    gboolean ok;

    G_LOCK(schema);
    ok = compiled_schema(&schemas[schema], error) &&
         check_with(&schemas[schema], doc, error);
    xmlResetLastError();
    G_UNLOCK(schema);
    return ok;
}

void
vccw_xml_schema_refuse(GError **error, const GError *schema, const GError *detail)
{
    if (detail)
        g_set_error(error, VCCW_ERROR, schema->code, "%s (schema: %s)", detail->message,
                    schema->message);
    else
        g_set_error(error, VCCW_ERROR, schema->code, "%s%s", schema->message,
                    strstr(schema->message, " in interleave") ? EXTRA : "");
}
