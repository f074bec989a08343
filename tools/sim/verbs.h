/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the control socket can make happen: one table of verbs. */

#include "server.h"

/**
 * vccw_sim_verb_run:
 * @words: NULL-ended: the verb and its arguments
 * @fd: the connection, for "holding"
 * Returns: (transfer full): the answer's text; NULL with an error when it failed.
 */
char *vccw_sim_verb_run(VccwSimServer *server,
                        const char *const *words,
                        int fd,
                        GError **error);

/** vccw_sim_verb_wait_holder: until that holder's connection ends. */
void vccw_sim_verb_wait_holder(VccwSimServer *server, const char *uuid, int fd);

/** vccw_sim_verb_usage: Returns: (transfer full): a line for each verb. */
char *vccw_sim_verb_usage(void);
