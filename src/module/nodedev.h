/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The entries of the table of node devices. */

#include "module/layout.h"

G_BEGIN_DECLS

/** vccw_module_nodedev: Returns: (transfer none): the entries. */
const VccwEntry *vccw_module_nodedev(gsize *ret_n);

G_END_DECLS
