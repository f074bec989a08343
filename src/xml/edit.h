/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Changes in a document of somebody else's that keep every other byte: where an element
 * stands in the text is found, and only that is replaced.
 */

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/** VccwXmlPlace: where an element stands, in bytes. */
typedef struct {
    gsize start;   /* of its start tag */
    gsize content; /* behind its start tag */
    gsize end;     /* behind all of it */
} VccwXmlPlace;

/** VccwXmlEdit: a text, its tree, and what is to be changed. */
typedef struct _VccwXmlEdit VccwXmlEdit;

/**
 * vccw_xml_edit_new:
 * @text: must outlive the result
 * @doc: (transfer none): the tree of exactly this text, as vccw_xml_reader_parse() made
 *   it; it must outlive the result, and its elements' private data are used
 *
 * Returns: (transfer full): no change so far.
 */
VccwXmlEdit *vccw_xml_edit_new(const char *text, xmlDoc *doc);

/** vccw_xml_edit_free: NULL is fine. */
void vccw_xml_edit_free(VccwXmlEdit *edit);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwXmlEdit, vccw_xml_edit_free)

/** vccw_xml_edit_place: Returns: where the element @node stands in the text. */
VccwXmlPlace vccw_xml_edit_place(const VccwXmlEdit *edit, const xmlNode *node);

/** vccw_xml_edit_replace: Has the element @node replaced by @text. */
void vccw_xml_edit_replace(VccwXmlEdit *edit, const xmlNode *node, const char *text);

/** vccw_xml_edit_remove: Has the element @node removed, with the blanks before it. */
void vccw_xml_edit_remove(VccwXmlEdit *edit, const xmlNode *node);

/** vccw_xml_edit_insert: Has @text put behind the start tag of @node, which must not be
 * an empty-element tag. */
void vccw_xml_edit_insert(VccwXmlEdit *edit, const xmlNode *node, const char *text);

/** vccw_xml_edit_is_empty_tag: Returns: whether @node is written as "<a/>". */
gboolean vccw_xml_edit_is_empty_tag(const VccwXmlEdit *edit, const xmlNode *node);

/**
 * vccw_xml_edit_apply: Returns: (transfer full): the text with all changes, which must
 * not overlap; NULL if there are none.
 */
char *vccw_xml_edit_apply(VccwXmlEdit *edit);

G_END_DECLS
