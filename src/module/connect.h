/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The entries of the hypervisor table that are about the connection itself. */

#include "module/layout.h"

G_BEGIN_DECLS

/** vccw_module_connect: Returns: (transfer none): the entries. */
const VccwEntry *vccw_module_connect(gsize *ret_n);

G_END_DECLS
