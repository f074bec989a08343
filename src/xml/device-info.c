/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Numbers of an address are read as libvirt reads them: by their prefix, so that
 * devno='0010' is 8 and devno='10' is ten; a message shows the hexadecimal value. They
 * are written with 0x and as many digits as libvirt has, and then mean the same.
 */

#include "xml/device-info.h"

#include "base/quote.h"
#include "xml/element.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

#define LOADPARM_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789. "

static const char *const address_types[] = {
    "none", "pci",       "drive",       "virtio-serial", "ccid",
    "usb",  "spapr-vio", "virtio-s390", "ccw",           "virtio-mmio",
    "isa",  "dimm",      "unassigned",
};

static gboolean
check_type(const xmlNode *node, const char *type, GError **error)
{
    g_autofree char *quoted = NULL;

    if (!type) {
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "<address> needs a type, for example type='ccw'");
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(address_types); i++) {
        if (g_str_equal(type, address_types[i]))
            return TRUE;
    }
    quoted = vccw_quote(type, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(error, node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                               "an <address> of type %s is not known; channel devices "
                               "have type='ccw'",
                               quoted);
    return FALSE;
}

static gboolean
read_part(const xmlNode *node, const char *name, guint max, guint *ret, GError **error)
{
    const char *text = vccw_xml_tree_attribute(node, name);
    g_autofree char *what = NULL;

    if (!text) {
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "the ccw address has no %s; give cssid, ssid and "
                                   "devno, or none of them to have one assigned",
                                   name);
        return FALSE;
    }
    if (vccw_xml_element_number_try(text, 0, max, ret))
        return TRUE;
    what = g_strdup_printf("the %s of <address>", name);
    return vccw_xml_element_number_from(node, what, text, 0, max, ret, error);
}

/* @node is an <address type='ccw'>; without any part it is still to be assigned. */
static gboolean
read_ccw(xmlNode *node, VccwXmlDeviceInfo *info, GError **error)
{
    guint cssid, ssid, devno;

    if (!vccw_xml_tree_attribute(node, "cssid") &&
        !vccw_xml_tree_attribute(node, "ssid") && !vccw_xml_tree_attribute(node, "devno"))
        return TRUE;
    if (!read_part(node, "cssid", VCCW_CSSID_MAX, &cssid, error) ||
        !read_part(node, "ssid", VCCW_SSID_MAX, &ssid, error) ||
        !read_part(node, "devno", G_MAXUINT16, &devno, error))
        return FALSE;
    info->ccw.cssid = (guint8)cssid;
    info->ccw.ssid = (guint8)ssid;
    info->ccw.devno = (guint16)devno;
    info->has_ccw = TRUE;
    return TRUE;
}

static gboolean
read_address(xmlNode *device, xmlNode *node, VccwXmlDeviceInfo *info, GError **error)
{
    const char *type = vccw_xml_tree_attribute(node, "type");

    if (!check_type(node, type, error))
        return FALSE;
    if (!g_str_equal(type, "none"))
        info->address_type = type;
    if (!g_str_equal(type, "ccw"))
        return TRUE;
    if (!read_ccw(node, info, error))
        return FALSE;
    if (info->has_ccw)
        vccw_xml_device_info_write_ccw(device, &info->ccw);
    return TRUE;
}

static gboolean
check_loadparm(const xmlNode *node, const char *loadparm, GError **error)
{
    gsize length = strlen(loadparm);
    g_autofree char *quoted = NULL;

    if (strspn(loadparm, " ") < length && length <= VCCW_LOADPARM_MAX &&
        strspn(loadparm, LOADPARM_CHARS) == length)
        return TRUE;
    quoted = vccw_quote(loadparm, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                               "the loadparm %s is not 1 to %d of the characters A to Z, "
                               "0 to 9, '.' and blank, and not all blank",
                               quoted, VCCW_LOADPARM_MAX);
    return FALSE;
}

static gboolean
read_loadparm(xmlNode *node, char **ret_loadparm, GError **error)
{
    const char *text = vccw_xml_tree_attribute(node, "loadparm");
    g_autofree char *upper = text ? g_ascii_strup(text, -1) : NULL;

    if (!text)
        return TRUE;
    if (!check_loadparm(node, upper, error))
        return FALSE;
    vccw_xml_tree_set(node, "loadparm", upper);
    *ret_loadparm = g_steal_pointer(&upper);
    return TRUE;
}

static gboolean
read_boot(xmlNode *node, VccwXmlDeviceInfo *info, GError **error)
{
    static const char *const attributes[] = { "order", "loadparm", NULL };
    const char *order = vccw_xml_tree_attribute(node, "order");
    g_autofree char *canonical = NULL;

    if (!order) {
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "<boot> needs an order, for example order='1'");
        return FALSE;
    }
    if (!vccw_xml_element_number_from(node, "the order of <boot>", order, 10, G_MAXINT,
                                      &info->boot_order, error))
        return FALSE;
    if (info->boot_order == 0) {
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "the order of <boot> is 0; orders begin with 1");
        return FALSE;
    }
    canonical = g_strdup_printf("%u", info->boot_order);
    vccw_xml_tree_set(node, "order", canonical);
    vccw_xml_tree_order(node, attributes);
    return read_loadparm(node, &info->loadparm, error);
}

gboolean
vccw_xml_device_info_read(xmlNode *node, VccwXmlDeviceInfo *ret_info, GError **error)
{
    VccwXmlDeviceInfo info = { NULL };
    xmlNode *address = vccw_xml_element_first(node, "address");
    xmlNode *boot = vccw_xml_element_first(node, "boot");
    const xmlNode *alias = vccw_xml_element_first(node, "alias");

    if (alias)
        info.alias = vccw_xml_tree_attribute(alias, "name");
    if ((boot && !read_boot(boot, &info, error)) ||
        (address && !read_address(node, address, &info, error))) {
        g_free(info.loadparm);
        return FALSE;
    }
    *ret_info = info;
    return TRUE;
}

gboolean
vccw_xml_device_info_check_cssid(const xmlNode *node,
                                 const VccwBusId *ccw,
                                 GError **error)
{
    const xmlNode *address = vccw_xml_element_first(node, "address");

    if (ccw->cssid == VCCW_GUEST_CSSID)
        return TRUE;
    vccw_xml_element_set_error(
        error, address ? address : node, VCCW_ERROR_CONFIG_UNSUPPORTED,
        "a guest never sees a device in channel subsystem 0x%x; write cssid='0xfe' "
        "ssid='0x%x' devno='0x%04x', and the guest's Linux calls it 0.%x.%04x",
        ccw->cssid, ccw->ssid, ccw->devno, ccw->ssid, ccw->devno);
    return FALSE;
}

/* With at least @digits digits; a guest may have thousands, and printf is slow. */
static void
set_hex(xmlNode *address, const char *name, guint number, guint digits)
{
    char text[16];
    char *at = text + sizeof(text) - 1;

    *at = '\0';
    for (guint i = 0; i < digits || number > 0; i++, number >>= 4)
        *--at = "0123456789abcdef"[number & 0xf];
    *--at = 'x';
    *--at = '0';
    vccw_xml_tree_set(address, name, at);
}

void
vccw_xml_device_info_write_ccw(xmlNode *node, const VccwBusId *ccw)
{
    static const char *const order[] = { "type", "cssid", "ssid", "devno", NULL };
    xmlNode *address = vccw_xml_element_first(node, "address");

    if (!address)
        address = vccw_xml_tree_add(node, NULL, "address");
    vccw_xml_tree_set(address, "type", "ccw");
    set_hex(address, "cssid", ccw->cssid, 1);
    set_hex(address, "ssid", ccw->ssid, 1);
    set_hex(address, "devno", ccw->devno, 4);
    vccw_xml_tree_order(address, order);
}

gboolean
vccw_xml_device_info_read_switch(const xmlNode *node,
                                 const char *name,
                                 gboolean on_off,
                                 VccwSwitch *ret_value,
                                 GError **error)
{
    const char *text = vccw_xml_tree_attribute(node, name);
    const char *on = on_off ? "on" : "yes";
    const char *off = on_off ? "off" : "no";
    g_autofree char *quoted = NULL;

    if (!text || g_str_equal(text, on) || g_str_equal(text, off)) {
        *ret_value = !text                   ? VCCW_SWITCH_ABSENT
                     : g_str_equal(text, on) ? VCCW_SWITCH_ON
                                             : VCCW_SWITCH_OFF;
        return TRUE;
    }
    quoted = vccw_quote(text, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                               "the attribute %s of <%s> is %s, but may only be '%s' or "
                               "'%s'",
                               name, node->name, quoted, on, off);
    return FALSE;
}
