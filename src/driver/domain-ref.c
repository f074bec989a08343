/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/operation.h"

VccwDomainRef *
vccw_domain_ref_new(const char *name, const VccwUuid *uuid, gint32 id)
{
    VccwDomainRef *ref = g_new(VccwDomainRef, 1);

    *ref = (VccwDomainRef){ g_strdup(name), *uuid, id };
    return ref;
}

void
vccw_domain_ref_free(VccwDomainRef *ref)
{
    if (!ref)
        return;
    g_free(ref->name);
    g_free(ref);
}
