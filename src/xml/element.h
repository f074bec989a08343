/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Values of elements and attributes, with errors that have the line. Elements are those
 * without a namespace unless a function says otherwise; where several have the same name,
 * the first one counts, as in libvirt.
 */

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/** vccw_xml_element_is: Returns: whether @node is the element @name without a namespace.
 */
gboolean vccw_xml_element_is(const xmlNode *node, const char *name);

/**
 * vccw_xml_element_first:
 *
 * Returns: (transfer none) (nullable): the first child element @name of @parent.
 */
xmlNode *vccw_xml_element_first(const xmlNode *parent, const char *name);

/**
 * vccw_xml_element_next:
 *
 * Returns: (transfer none) (nullable): the next sibling of @node that is called like it.
 */
xmlNode *vccw_xml_element_next(const xmlNode *node);

/**
 * vccw_xml_element_first_ns:
 *
 * Returns: (transfer none) (nullable): the first child @name of @parent in the namespace
 *   @uri.
 */
xmlNode *
vccw_xml_element_first_ns(const xmlNode *parent, const char *uri, const char *name);

/** vccw_xml_element_next_ns: Returns: (transfer none) (nullable): the next sibling of
 * @node that is called like it, in the same namespace. */
xmlNode *vccw_xml_element_next_ns(const xmlNode *node);

/**
 * vccw_xml_element_text:
 *
 * Returns: (transfer full) (nullable): the text of the first child @name of @parent, as
 * it stands; NULL when there is none or it is empty.
 */
char *vccw_xml_element_text(const xmlNode *parent, const char *name);

/**
 * vccw_xml_element_attribute:
 *
 * Returns: (transfer full) (nullable): the value of the attribute @name, maybe empty;
 * NULL when there is none.
 */
char *vccw_xml_element_attribute(const xmlNode *node, const char *name);

/**
 * vccw_xml_element_need_text:
 * @example: a value, for the message
 * @ret_text: (out) (transfer full): the text
 *
 * Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED when @parent has no child @name or an
 *   empty one.
 */
gboolean vccw_xml_element_need_text(const xmlNode *parent,
                                    const char *name,
                                    const char *example,
                                    char **ret_text,
                                    GError **error);

/**
 * vccw_xml_element_need_attribute:
 * @code: the VccwError of a missing attribute
 * @ret_value: (out) (transfer full): the value, never empty
 *
 * Returns: FALSE with @code when @node has no attribute @name or an empty one.
 */
gboolean vccw_xml_element_need_attribute(const xmlNode *node,
                                         const char *name,
                                         int code,
                                         char **ret_value,
                                         GError **error);

/**
 * vccw_xml_element_need_number:
 * @base: 10; 16, with or without "0x"; or 0: by its prefix, as in C
 * @max: the highest value
 * @ret_number: (out): the number
 *
 * Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED when @parent has no child @name, or
 *   VCCW_ERROR_XML_CONTENT when that is not a number from 0 to @max.
 */
gboolean vccw_xml_element_need_number(const xmlNode *parent,
                                      const char *name,
                                      guint base,
                                      guint max,
                                      guint *ret_number,
                                      GError **error);

/**
 * vccw_xml_element_number_from:
 * @what: how the message calls it, e.g. "<devno>"
 * @text: the number; a "+" may lead, as may blanks, which may trail, too
 *
 * As vccw_xml_element_need_number(), of a text that was found at @node.
 */
gboolean vccw_xml_element_number_from(const xmlNode *node,
                                      const char *what,
                                      const char *text,
                                      guint base,
                                      guint max,
                                      guint *ret_number,
                                      GError **error);

/**
 * vccw_xml_element_number_try: As vccw_xml_element_number_from(), quickly and without an
 * error. Returns: FALSE when @text is no such number.
 */
gboolean
vccw_xml_element_number_try(const char *text, guint base, guint max, guint *ret_number);

/**
 * vccw_xml_element_set_error:
 *
 * Sets @error in VCCW_ERROR to a message that begins with the line of @node.
 */
void vccw_xml_element_set_error(GError **error,
                                const xmlNode *node,
                                int code,
                                const char *format,
                                ...) G_GNUC_PRINTF(4, 5);

G_END_DECLS
