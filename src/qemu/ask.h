/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Runs a QEMU program that starts no guest, and asks it questions over QMP.
 */

#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_ask_qemu:
 * @program: the path of a QEMU program
 * @questions: QMP commands, a line each
 * @timeout_ms: how long all of it may take
 *
 * Blocks. The program is killed when it takes longer, or says more than anybody could
 * need; it never outlives this function.
 *
 * Returns: (transfer full): all that it wrote to QMP: the greeting, answers and events, a
 *   line each; NULL with VCCW_ERROR_OPERATION_FAILED, which has the last line of its
 *   error output, or VCCW_ERROR_TIMEOUT.
 */
char *vccw_ask_qemu(const char *program,
                    const char *questions,
                    guint timeout_ms,
                    GError **error);

G_END_DECLS
