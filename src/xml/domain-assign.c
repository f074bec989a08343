/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Guest addresses. First those that are written down are taken out of the whole space,
 * fe.0.0000 to fe.3.ffff; then each device without one gets the lowest that is left, in
 * libvirt's order of devices. So the guest finds its devices at the same addresses
 * whoever starts it. libvirt stops at fe.0.ffff; the other subchannel sets are used when
 * that one is full.
 */

#include "xml/domain-private.h"

#include "xml/device-info.h"
#include "xml/element.h"
#include "xml/hostdev.h"
#include <virtccw/error.h>

#define ADDRESSES ((VCCW_SSID_MAX + 1) * (G_MAXUINT16 + 1))

/* The address space of one guest. */
typedef struct {
    guint8 used[ADDRESSES / 8];
    guint next; /* every address below is used */
} Space;

static guint
number_of(const VccwBusId *ccw)
{
    return (guint)ccw->ssid << 16 | ccw->devno;
}

static gboolean
is_used(const Space *space, guint number)
{
    return space->used[number / 8] >> (number % 8) & 1;
}

static void
use(Space *space, guint number)
{
    space->used[number / 8] |= (guint8)(1 << (number % 8));
}

/* Takes the address of @device, which has one, out of @space. */
static gboolean
reserve(Space *space, const VccwDomainDevice *device, GError **error)
{
    g_autofree char *text = NULL;

    if (!vccw_xml_device_info_check_cssid(device->node, &device->ccw, error))
        return FALSE;
    if (!is_used(space, number_of(&device->ccw))) {
        use(space, number_of(&device->ccw));
        return TRUE;
    }
    text = vccw_bus_id_to_string(&device->ccw);
    vccw_xml_element_set_error(error, device->node, VCCW_ERROR_XML_CONTENT,
                               "the guest address %s is in use already; change it, or "
                               "leave it out to have one assigned",
                               text);
    return FALSE;
}

static gboolean
allocate(Space *space, VccwDomainDevice *device, GError **error)
{
    while (space->next < ADDRESSES && is_used(space, space->next))
        space->next++;
    if (space->next == ADDRESSES) {
        vccw_xml_element_set_error(error, device->node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "no guest address is left for this device: all from "
                                   "fe.0.0000 to fe.%x.ffff are in use",
                                   VCCW_SSID_MAX);
        return FALSE;
    }
    use(space, space->next);
    device->has_ccw = TRUE;
    device->address_type = "ccw";
    device->ccw.cssid = VCCW_GUEST_CSSID;
    device->ccw.ssid = (guint8)(space->next >> 16);
    device->ccw.devno = (guint16)space->next;
    if (device->hostdev)
        vccw_hostdev_set_address(device->hostdev, &device->ccw);
    else
        vccw_xml_device_info_write_ccw(device->node, &device->ccw);
    return TRUE;
}

static gboolean
assign_addresses(const VccwDomainXml *domain, GError **error)
{
    const GPtrArray *walk = vccw_domain_walk(domain);
    g_autofree Space *space = g_new0(Space, 1);

    for (guint i = 0; i < walk->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(walk, i);

        if (device->has_ccw && !reserve(space, device, error))
            return FALSE;
    }
    for (guint i = 0; i < walk->len; i++) {
        VccwDomainDevice *device = g_ptr_array_index(walk, i);

        if (device->wants_ccw && !device->has_ccw && !allocate(space, device, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
vccw_domain_xml_assign(VccwDomainXml *domain, GError **error)
{
    return vccw_domain_imply(domain, error) && assign_addresses(domain, error);
}
