/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The RELAX NG schema of node-device documents, schemas/nodedev.rng, which is part of the
 * library: no path has to be found at run time.
 */

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/**
 * vccw_xml_schema_check_nodedev:
 *
 * May be called from any thread.
 *
 * Returns: FALSE with VCCW_ERROR_XML_SCHEMA when @doc does not match; the message has the
 *   line, the element and libxml2's cause.
 */
gboolean vccw_xml_schema_check_nodedev(xmlDoc *doc, GError **error);

G_END_DECLS
