/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From the bytes of a document to libxml2's tree, safely.
 */

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

#define VCCW_XML_READER_ATTRIBUTES_MAX 64     /* attributes of one element */
#define VCCW_XML_READER_NAMESPACES_MAX 64     /* namespace declarations in one document */
#define VCCW_XML_READER_TAGS_MAX       75000  /* tags, comments and the like in one */
#define VCCW_XML_READER_VALUES_MAX     150000 /* attributes and references in one */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/**
 * vccw_xml_reader_parse:
 * @text: the document, UTF-8, NUL-terminated; an encoding that it declares is ignored
 * @max: the most bytes that it may have
 *
 * May be called from any thread. No file is opened, nothing is fetched, and no entity is
 * known beyond the five of XML.
 *
 * Returns: (transfer full): the tree, which has a root element; NULL with
 *   VCCW_ERROR_TOO_LARGE: over @max bytes;
 *   VCCW_ERROR_XML_SYNTAX: not well-formed, not UTF-8, nested too deeply, or with more
 *     of anything than the limits above; the message has line and column;
 *   VCCW_ERROR_XML_CONTENT: a DOCTYPE; the message has the line.
 */
xmlDoc *vccw_xml_reader_parse(const char *text, gsize max, GError **error);

/**
 * vccw_xml_reader_cause:
 * @text: (nullable): a message of libxml2's, or a name in a document
 *
 * Returns: (transfer full): @text fit for one line of a message: blanks at its ends
 *   stripped, control characters and bad bytes replaced, shortened to 120 characters.
 */
char *vccw_xml_reader_cause(const char *text);

G_END_DECLS
