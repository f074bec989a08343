/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The control socket: one request, words to an answer. */

#include "server.h"

#define VCCW_SIM_CONTROL_ENV "VIRTCCW_SIM_CONTROL" /* holds the socket's path */

/** vccw_sim_control_listen: listens at @path in a thread of its own from now on. */
gboolean vccw_sim_control_listen(VccwSimServer *server, const char *path, GError **error);

/**
 * vccw_sim_control_call: the other end.
 * @words: NULL-ended: a verb and its arguments
 * @ret_text: (out) (transfer full): the answer
 * @ret_socket: (out) (optional): kept open; otherwise closed
 * Returns: TRUE when the verb succeeded; FALSE with an error otherwise.
 */
gboolean vccw_sim_control_call(const char *const *words,
                               char **ret_text,
                               int *ret_socket,
                               GError **error);
