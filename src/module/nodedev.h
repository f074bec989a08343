/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The entries for node devices. */

#include "module/layout.h"

G_BEGIN_DECLS

/** vccw_module_nodedev: Returns: (transfer none): the entries. */
const VccwEntry *vccw_module_nodedev(gsize *ret_n);

/** vccw_module_hand: Returns: (transfer none): the entries of the hypervisor's table that
 * are about node devices: handing them over and back. */
const VccwEntry *vccw_module_hand(gsize *ret_n);

G_END_DECLS
