/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * libxml2's tree as it is: looking into it without copies, changing single values, and
 * writing all of it in libvirt's layout.
 */

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/** VccwXmlTreeFilter: Returns: whether to leave out @node, an element or attribute. */
typedef gboolean (*VccwXmlTreeFilter)(const xmlNode *node, guint flags);

/**
 * vccw_xml_tree_attribute:
 *
 * Returns: (transfer none) (nullable): the value of the attribute @name without
 *   namespace, maybe empty; it lives until the attribute changes.
 */
const char *vccw_xml_tree_attribute(const xmlNode *node, const char *name);

/** vccw_xml_tree_set: Sets the attribute @name of @node; a new one comes last. */
void vccw_xml_tree_set(xmlNode *node, const char *name, const char *value);

/**
 * vccw_xml_tree_order:
 * @names: attributes, NULL-terminated
 *
 * Puts those attributes of @node first, in this order; the others stay behind them.
 */
void vccw_xml_tree_order(xmlNode *node, const char *const *names);

/** vccw_xml_tree_next: Returns: (transfer none) (nullable): the element behind @node in
 * the order of the document; NULL when @node is the last one within @root. */
xmlNode *vccw_xml_tree_next(const xmlNode *root, xmlNode *node);

/** vccw_xml_tree_is_structured: Returns: whether blanks in the element @node are layout:
 * it has children, and no other text. */
gboolean vccw_xml_tree_is_structured(const xmlNode *node);

/**
 * vccw_xml_tree_add:
 * @before: (nullable): a child of @parent; NULL: at the end
 *
 * Returns: (transfer none): a new child element @name of @parent.
 */
xmlNode *vccw_xml_tree_add(xmlNode *parent, xmlNode *before, const char *name);

/** vccw_xml_tree_remove: Takes @node out of its tree and releases it. */
void vccw_xml_tree_remove(xmlNode *node);

/** vccw_xml_tree_set_text: Makes @text the only content of @node. */
void vccw_xml_tree_set_text(xmlNode *node, const char *text);

/**
 * vccw_xml_tree_format:
 * @node: an element
 * @filter: (nullable): tells what to leave out
 * @flags: for @filter
 *
 * Blanks between elements are made new; where an element has text of its own, everything
 * in it stays as it is.
 *
 * Returns: (transfer full): @node as text, and a final newline.
 */
char *vccw_xml_tree_format(const xmlNode *node, VccwXmlTreeFilter filter, guint flags);

/**
 * vccw_xml_tree_format_document:
 *
 * Returns: (transfer full): as vccw_xml_tree_format(), with the comments and processing
 *   instructions around the root element of @doc.
 */
char *
vccw_xml_tree_format_document(const xmlDoc *doc, VccwXmlTreeFilter filter, guint flags);

G_END_DECLS
