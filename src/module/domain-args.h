/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How libvirt hands domains over, and takes them. */

#include "module/connection.h"

G_BEGIN_DECLS

/** vccw_domain_args: Returns: arguments that name @domain; valid as long as it is. */
VccwArgs vccw_domain_args(virDomainPtr domain);

/** vccw_domain_of: Returns: (transfer full): libvirt's own for a domain of ours; NULL if
 * it failed, with the error raised. */
virDomainPtr vccw_domain_of(virConnectPtr conn, const VccwDomainRef *ref);

/** vccw_domain_make: Calls an operation that answers with a domain. Returns: (transfer
 * full): it; NULL if it failed, with the error raised. */
virDomainPtr vccw_domain_make(virConnectPtr conn, gint32 procedure, const VccwArgs *args);

/** vccw_domain_done: Calls an operation on @domain whose result nobody wants. Returns: 0;
 * -1 if it failed. */
int vccw_domain_done(virDomainPtr domain, gint32 procedure, guint32 flags);

/** vccw_domain_number: Calls an operation on @domain. Returns: the number; -1 if it
 * failed. */
gint64 vccw_domain_number(virDomainPtr domain, gint32 procedure, guint32 flags);

G_END_DECLS
