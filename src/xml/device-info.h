/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What each device of a domain may have: a guest address, a place in the boot order, an
 * alias.
 */

#include <libxml/tree.h>
#include <virtccw/hostdev-xml.h>

G_BEGIN_DECLS

#define VCCW_LOADPARM_MAX 8 /* characters, as the firmware has room for */

/** VccwXmlDeviceInfo: what was read. */
typedef struct {
    const char *address_type; /* e.g. "ccw"; NULL without <address> or when "none" */
    gboolean has_ccw;         /* whether @ccw is filled */
    VccwBusId ccw;
    guint boot_order; /* 0: none */
    char *loadparm;   /* (owned) in upper case, or NULL */
    const char *alias;
} VccwXmlDeviceInfo;

/**
 * vccw_xml_device_info_read:
 * @node: a device; its ccw address and loadparm are put into canonical form
 * @ret_info: (out): what it has; strings live as long as @node, but for the loadparm
 *
 * Returns: FALSE with VCCW_ERROR_XML_CONTENT for a value that cannot be read, an address
 *   without type or a partial one; VCCW_ERROR_CONFIG_UNSUPPORTED for a type of address
 *   that is not known.
 */
gboolean
vccw_xml_device_info_read(xmlNode *node, VccwXmlDeviceInfo *ret_info, GError **error);

/**
 * vccw_xml_device_info_check_cssid:
 * @node: (transfer none): the device, for the message
 *
 * Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED when @ccw is not in the channel
 *   subsystem that a guest sees.
 */
gboolean vccw_xml_device_info_check_cssid(const xmlNode *node,
                                          const VccwBusId *ccw,
                                          GError **error);

/** vccw_xml_device_info_write_ccw: Makes @ccw the guest address of the device @node. */
void vccw_xml_device_info_write_ccw(xmlNode *node, const VccwBusId *ccw);

/**
 * vccw_xml_device_info_read_switch:
 * @name: an attribute of @node that is "yes" or "no", or with @on_off "on" or "off"
 *
 * Returns: FALSE with VCCW_ERROR_XML_CONTENT when it is anything else.
 */
gboolean vccw_xml_device_info_read_switch(const xmlNode *node,
                                          const char *name,
                                          gboolean on_off,
                                          VccwSwitch *ret_value,
                                          GError **error);

G_END_DECLS
