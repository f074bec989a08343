/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Bus-IDs of subchannels and devices, and the guest addresses that have the same form.
 *
 * The kernel prints a bus-ID as "%x.%x.%04x", so that exactly is what is read: stock
 * libvirt accepts more (any separator, trailing text, numbers out of range) and then
 * speaks of a device that does not exist.
 */

#include "address/scan.h"
#include "base/quote.h"

#include <virtccw/error.h>

#define BUS_ID_FORM "write C.S.NNNN, such as 0.0.1a2b"
#define HOST_FORM   "write 0.S.NNNN, such as 0.0.1a2b"
#define GUEST_FORM  "write fe.S.NNNN, such as fe.0.1a2b"

static gboolean
parse_whole(const char *text,
            const char *what,
            const char *form,
            VccwBusId *ret_id,
            GError **error)
{
    g_autofree char *quoted = NULL;
    const char *cursor = text;
    VccwBusId id;
    const char *wrong = vccw_scan_bus_id(&cursor, '.', &id);

    if (!wrong && *cursor)
        wrong = "text follows the four digits at its end";
    if (!wrong) {
        *ret_id = id;
        return TRUE;
    }
    quoted = vccw_quote(text, VCCW_QUOTE_VALUE);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG, "%s is not a %s: %s; %s",
                quoted, what, wrong, form);
    return FALSE;
}

gboolean
vccw_bus_id_parse(const char *text, VccwBusId *ret_id, GError **error)
{
    return parse_whole(text, "bus-ID", BUS_ID_FORM, ret_id, error);
}

gboolean
vccw_host_bus_id_parse(const char *text, VccwBusId *ret_id, GError **error)
{
    VccwBusId id;

    if (!parse_whole(text, "bus-ID of the host", HOST_FORM, &id, error))
        return FALSE;
    if (id.cssid != 0) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "'%s' is not a bus-ID of the host: a host only has channel "
                    "subsystem 0, not %x; " HOST_FORM,
                    text, id.cssid);
        return FALSE;
    }
    *ret_id = id;
    return TRUE;
}

gboolean
vccw_guest_address_parse(const char *text, VccwBusId *ret_id, GError **error)
{
    VccwBusId id;

    if (!parse_whole(text, "guest address", GUEST_FORM, &id, error))
        return FALSE;
    if (id.cssid != VCCW_GUEST_CSSID) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "'%s' is not a guest address: a Linux guest only sees channel "
                    "subsystem fe, not %x; " GUEST_FORM,
                    text, id.cssid);
        return FALSE;
    }
    *ret_id = id;
    return TRUE;
}

char *
vccw_bus_id_to_string(const VccwBusId *id)
{
    return g_strdup_printf("%x.%x.%04x", id->cssid, id->ssid, id->devno);
}

gboolean
vccw_bus_id_equal(const VccwBusId *a, const VccwBusId *b)
{
    return vccw_bus_id_key(a) == vccw_bus_id_key(b);
}

guint32
vccw_bus_id_key(const VccwBusId *id)
{
    return (guint32)id->cssid << 24 | (guint32)id->ssid << 16 | id->devno;
}
