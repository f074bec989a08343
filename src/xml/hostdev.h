/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A <hostdev> in a tree that somebody else owns.
 */

#include "xml/device-info.h"
#include <libxml/tree.h>
#include <virtccw/hostdev-xml.h>

G_BEGIN_DECLS

/** vccw_hostdev_is_vfio_ccw: Returns: whether @node is of type mdev and model vfio-ccw.
 */
gboolean vccw_hostdev_is_vfio_ccw(const xmlNode *node);

/**
 * vccw_hostdev_check_model:
 * @node: a <hostdev> of any type
 *
 * Returns: FALSE with VCCW_ERROR_XML_CONTENT or VCCW_ERROR_CONFIG_UNSUPPORTED when its
 *   mode, type and model do not fit together, or one is not known.
 */
gboolean vccw_hostdev_check_model(const xmlNode *node, GError **error);

/**
 * vccw_hostdev_read:
 * @node: (transfer none): a hostdev for which vccw_hostdev_is_vfio_ccw(); it is put into
 *   canonical form, and must outlive the result
 * @info: what vccw_xml_device_info_read() found; the loadparm is taken
 *
 * Returns: (transfer full): the hostdev, or NULL with the errors of
 *   vccw_hostdev_xml_parse() that concern its content.
 */
VccwHostdevXml *vccw_hostdev_read(xmlNode *node, VccwXmlDeviceInfo *info, GError **error);

/** vccw_hostdev_set_address: Makes @ccw its guest address, in the tree, too. */
void vccw_hostdev_set_address(VccwHostdevXml *hostdev, const VccwBusId *ccw);

G_END_DECLS
