/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The RELAX NG schemas in schemas/, which are part of the library: no path has to be
 * found at run time.
 */

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/** VccwXmlSchema: the schemas. */
typedef enum {
    VCCW_XML_SCHEMA_NODEDEV, /* nodedev.rng */
    VCCW_XML_SCHEMA_HOSTDEV, /* hostdev-vfio-ccw.rng */
    VCCW_XML_SCHEMA_DOMAIN,  /* domain-s390x.rng */
} VccwXmlSchema;

/**
 * vccw_xml_schema_check:
 *
 * May be called from any thread.
 *
 * Returns: FALSE with VCCW_ERROR_XML_SCHEMA when @doc does not match; the message has the
 *   line, the element and libxml2's cause.
 */
gboolean vccw_xml_schema_check(VccwXmlSchema schema, xmlDoc *doc, GError **error);

/**
 * vccw_xml_schema_refuse:
 * @schema: what vccw_xml_schema_check() said
 * @detail: (nullable): what reading without the schema says, which is often clearer
 *
 * Sets @error to both in one message.
 */
void vccw_xml_schema_refuse(GError **error, const GError *schema, const GError *detail);

G_END_DECLS
