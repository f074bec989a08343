/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names are known of what users try on a domain because libvirt's own drivers have it;
 * everything else is a number.
 */

#include "driver/unsupported.h"
#include <virtccw/error.h>

static const struct {
    gint32 procedure; /* of libvirt's remote program */
    const char *name;
} known[] = {
    { 8, "virDomainAttachDevice" },        { 13, "virDomainDetachDevice" },
    { 160, "virDomainAttachDeviceFlags" }, { 161, "virDomainDetachDeviceFlags" },
    { 174, "virDomainUpdateDeviceFlags" }, { 392, "virDomainDetachDeviceAlias" },
};

static const char *
name_of(gint32 procedure)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].procedure == procedure)
            return known[i].name;
    return NULL;
}

GError *
vccw_unsupported_error(gint32 procedure, const char *why)
{
    const char *name = name_of(procedure);

    if (name)
        return g_error_new(VCCW_ERROR, VCCW_ERROR_NO_SUPPORT,
                           "%s (virtccwd runs no domain%s; change its definition with "
                           "'virsh edit', or use the front, virtccw-front(8))",
                           name, why);
    /* Clients know this beginning, with this code and domain, as "not supported". */
    return g_error_new(VCCW_ERROR, VCCW_ERROR_RPC,
                       "unknown procedure: %d (virtccwd does not have this call%s)",
                       procedure, why);
}
