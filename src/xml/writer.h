/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writes documents in libvirt's layout: two blanks of indentation for each level, single
 * quotes around attributes, one line for an element with text.
 */

#include <glib.h>

G_BEGIN_DECLS

/** VccwXmlWriter: a document being written. */
typedef struct {
    GString *out;
    guint depth;
} VccwXmlWriter;

/** vccw_xml_writer_can_carry: Returns: whether @text is UTF-8 and has only characters
 * that a document may have; the writer replaces all others. */
gboolean vccw_xml_writer_can_carry(const char *text);

/** vccw_xml_writer_init: Begins an empty document. */
void vccw_xml_writer_init(VccwXmlWriter *writer);

/**
 * vccw_xml_writer_finish:
 *
 * Returns: (transfer full): the document; every element must have been closed.
 */
char *vccw_xml_writer_finish(VccwXmlWriter *writer);

/** vccw_xml_writer_open: "<name key='value'>"; pairs of key and value, then NULL. */
void
vccw_xml_writer_open(VccwXmlWriter *writer, const char *name, ...) G_GNUC_NULL_TERMINATED;

/** vccw_xml_writer_close: "</name>". */
void vccw_xml_writer_close(VccwXmlWriter *writer, const char *name);

/** vccw_xml_writer_empty: "<name key='value'/>"; pairs of key and value, then NULL. */
void vccw_xml_writer_empty(VccwXmlWriter *writer,
                           const char *name,
                           ...) G_GNUC_NULL_TERMINATED;

/** vccw_xml_writer_empty_of: The same with @pairs, of const char *, in an array. */
void
vccw_xml_writer_empty_of(VccwXmlWriter *writer, const char *name, const GPtrArray *pairs);

/** vccw_xml_writer_text: "<name>text</name>"; nothing when @text is NULL or empty. */
void vccw_xml_writer_text(VccwXmlWriter *writer, const char *name, const char *text);

/** vccw_xml_writer_text_with: "<name key='value'>text</name>"; as vccw_xml_writer_text().
 */
void vccw_xml_writer_text_with(VccwXmlWriter *writer,
                               const char *name,
                               const char *key,
                               const char *value,
                               const char *text);

/** vccw_xml_writer_text_attributes: "<name key='value'>text</name>"; pairs of key and
 * value, then NULL; as vccw_xml_writer_text(). */
void vccw_xml_writer_text_attributes(VccwXmlWriter *writer,
                                     const char *name,
                                     const char *text,
                                     ...) G_GNUC_NULL_TERMINATED;

/** vccw_xml_writer_hex: "<name>0x00ab</name>", with at least @digits digits. */
void
vccw_xml_writer_hex(VccwXmlWriter *writer, const char *name, int digits, guint value);

G_END_DECLS
