/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/domain-args.h"
#include "module/symbols.h"

VccwArgs
vccw_domain_args(virDomainPtr domain)
{
    VccwArgs args = { .name = virDomainGetName(domain), .has_domain = TRUE };

    virDomainGetUUID(domain, args.uuid.bytes);
    return args;
}

virDomainPtr
vccw_domain_of(virConnectPtr conn, const VccwDomainRef *ref)
{
    return vccw_libvirt.virGetDomain(conn, ref->name, ref->uuid.bytes, ref->id);
}

virDomainPtr
vccw_domain_make(virConnectPtr conn, gint32 procedure, const VccwArgs *args)
{
    VccwResult result = { 0 };
    virDomainPtr domain;

    if (!vccw_connection_call(conn, procedure, args, &result))
        return NULL;
    domain = vccw_domain_of(conn, result.domains->pdata[0]);
    vccw_connection_clear(&result);
    return domain;
}

int
vccw_domain_done(virDomainPtr domain, gint32 procedure, guint32 flags)
{
    VccwArgs args = vccw_domain_args(domain);

    args.flags = flags;
    return vccw_connection_done(vccw_connection_of(domain), procedure, &args);
}

gint64
vccw_domain_number(virDomainPtr domain, gint32 procedure, guint32 flags)
{
    VccwArgs args = vccw_domain_args(domain);

    args.flags = flags;
    return vccw_connection_number(vccw_connection_of(domain), procedure, &args);
}
