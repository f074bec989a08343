/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The entries of the hypervisor table that are about domains. */

#include "module/layout.h"

G_BEGIN_DECLS

/** vccw_module_domain: Returns: (transfer none): the entries that find domains, ask about
 * them and tell of them. */
const VccwEntry *vccw_module_domain(gsize *ret_n);

/** vccw_module_domain_life: Returns: (transfer none): the entries that change domains. */
const VccwEntry *vccw_module_domain_life(gsize *ret_n);

G_END_DECLS
