/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The emulator of guests, and what it can do. */

#include <glib.h>
#include <virtccw/qemu.h>

G_BEGIN_DECLS

/**
 * vccw_emulator_probe: Asks an emulator what it can do. For workers: it blocks.
 * @program: (nullable): its path, as a client named it; NULL for that of the host
 *
 * Returns: (transfer full): what it can do; NULL with the errors of vccw_qemu_probe(), or
 *   VCCW_ERROR_CONFIG_UNSUPPORTED if it is not called as QEMU is, or if others than root
 *   and its user could put something else in its place: it is run with all rights of this
 *   process.
 */
VccwQemu *vccw_emulator_probe(const char *program, GError **error);

/** vccw_emulator_capabilities: Returns: (transfer full): the answer to
 * virConnectGetCapabilities. For workers: it blocks. */
char *vccw_emulator_capabilities(void);

G_END_DECLS
