/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * <virtccw:channel>: the part of a node-device document that is virtccw's own. See
 * docs/xml.md.
 */

#include "xml/writer.h"

#include <libxml/tree.h>
#include <virtccw/nodedev-xml.h>

G_BEGIN_DECLS

/** vccw_channel_xml_parse: Reads the element below @root, if it is there.
 * Returns: FALSE with VCCW_ERROR_XML_CONTENT. */
gboolean
vccw_channel_xml_parse(const xmlNode *root, VccwXmlChannel **ret_channel, GError **error);

/** vccw_channel_xml_write: Writes the element; nothing if @channel says nothing. */
void vccw_channel_xml_write(VccwXmlWriter *writer, const VccwXmlChannel *channel);

G_END_DECLS
