/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From a client's document to what is to be defined or started: read and checked. */

#include "driver/driver.h"
#include <glib.h>
#include <virtccw/mdev.h>

G_BEGIN_DECLS

/**
 * vccw_request_parse: Reads the document of a mediated device.
 * @validate: whether to check it against the schema first
 * @ret_has_uuid: (out) (optional): whether the document names a UUID; if not, a new
 * random one is made
 *
 * Returns: (transfer full): what it asks for; NULL with the errors of
 *   vccw_nodedev_xml_parse(), or
 *   VCCW_ERROR_CONFIG_UNSUPPORTED: not a mediated device, parent and parent_addr
 * disagree, or a type or attribute name that no kernel could have;
 *   VCCW_ERROR_XML_CONTENT: no parent;
 *   VCCW_ERROR_NO_NODE_DEVICE: the parent is not the name of a subchannel.
 */
VccwMdevConfig *vccw_request_parse(const char *text,
                                   gboolean validate,
                                   gboolean *ret_has_uuid,
                                   GError **error);

G_END_DECLS
