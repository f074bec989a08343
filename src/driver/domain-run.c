/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * This driver keeps definitions and runs nothing. Whoever asks for more learns who does.
 */

#include "base/quote.h"
#include "driver/call.h"
#include "driver/domain.h"
#include <virtccw/error.h>

void
vccw_domain_create(VccwCall *call)
{
    const VccwDomainDefinition *domain = vccw_domain_call_lookup(call);
    const char *uri = vccw_driver_uri(vccw_call_driver(call));
    g_autofree char *quoted = NULL;

    if (!domain)
        return;
    quoted = vccw_quote(domain->name, VCCW_DOMAIN_NAME_MAX);
    vccw_call_fail_take(
        call,
        g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_UNSUPPORTED,
                    "cannot start domain %s: a QEMU driver is needed to run it, and %s "
                    "has none; define it with qemu:///system (virsh -c %s dumpxml "
                    "--security-info DOMAIN gives the document) and start it there",
                    quoted, uri, uri));
}

void
vccw_domain_create_xml(VccwCall *call)
{
    const char *uri = vccw_driver_uri(vccw_call_driver(call));

    vccw_call_fail_take(
        call,
        g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_UNSUPPORTED,
                    "cannot create a domain: a QEMU driver is needed to run it, and %s "
                    "has none; create it with qemu:///system, or define it here",
                    uri));
}

void
vccw_domain_needs_running(VccwCall *call)
{
    if (vccw_domain_call_lookup(call))
        vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                                              "domain is not running"));
}
