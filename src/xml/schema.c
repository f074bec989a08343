/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The schema is compiled at its first use and kept. libxml2 promises nothing about one
 * compiled RELAX NG schema in several threads, so a lock is held for the length of one
 * check; a document is small (VCCW_NODEDEV_XML_MAX).
 */

#include "xml/schema.h"

#include "xml/nodedev-rng.h"
#include "xml/reader.h"
#include <libxml/relaxng.h>
#include <string.h>
#include <virtccw/error.h>

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
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL, "nodedev.rng, line %d: %s",
                    err->line, cause);
}

/* Called with the lock held. Returns: (transfer none) (nullable): NULL is a bug of ours.
 */
static xmlRelaxNG *
nodedev_schema(GError **error)
{
    static xmlRelaxNG *schema;
    g_autoptr(GError) local = NULL;
    xmlRelaxNGParserCtxt *context;

    if (!schema) {
        context = xmlRelaxNGNewMemParserCtxt(nodedev_rng, (int)strlen(nodedev_rng));
        xmlRelaxNGSetParserStructuredErrors(context, on_schema_error, &local);
        schema = xmlRelaxNGParse(context);
        xmlRelaxNGFreeParserCtxt(context);
    }
    if (!schema && !local)
        g_set_error_literal(&local, VCCW_ERROR, VCCW_ERROR_INTERNAL,
                            "nodedev.rng cannot be compiled");
    if (!schema)
        g_propagate_error(error, g_steal_pointer(&local));
    return schema;
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
check_with(xmlRelaxNG *schema, xmlDoc *doc, GError **error)
{
    Check check = { doc, NULL, FALSE };
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
    int result;

    xmlRelaxNGSetValidStructuredErrors(context, on_error, &check);
    result = xmlRelaxNGValidateDoc(context, doc);
    xmlRelaxNGFreeValidCtxt(context);
    if (result == 0) {
        g_clear_error(&check.error);
        return TRUE;
    }
    if (!check.error)
        g_set_error_literal(&check.error, VCCW_ERROR, VCCW_ERROR_XML_SCHEMA,
                            "the document does not match the schema nodedev.rng");
    g_propagate_error(error, check.error);
    return FALSE;
}

gboolean
vccw_xml_schema_check_nodedev(xmlDoc *doc, GError **error)
{
    xmlRelaxNG *compiled;
    gboolean ok;

    G_LOCK(schema);
    compiled = nodedev_schema(error);
    ok = compiled && check_with(compiled, doc, error);
    xmlResetLastError();
    G_UNLOCK(schema);
    return ok;
}
