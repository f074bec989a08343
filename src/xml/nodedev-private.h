/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What reading and writing node-device documents share.
 */

#include <virtccw/nodedev-xml.h>

G_BEGIN_DECLS

/* The namespace of <virtccw:channel> and <virtccw:autostart>; the number changes when its
 * meaning does. */
#define VCCW_NODEDEV_XML_NS "urn:virtccw:nodedev:1"

/**
 * vccw_nodedev_xml_capability:
 *
 * Returns: (transfer none): the type attribute of @kind's capability, e.g. "css".
 */
const char *vccw_nodedev_xml_capability(VccwNodeKind kind);

/**
 * vccw_nodedev_xml_kind:
 * @capability: the type attribute of a capability
 * @ret_kind: (out): its kind
 *
 * Returns: FALSE if it is of no kind that virtccw knows.
 */
gboolean vccw_nodedev_xml_kind(const char *capability, VccwNodeKind *ret_kind);

G_END_DECLS
