/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The first process of the simulated host: starts the command, reaps, passes signals on.
 */

#include <glib.h>
#include <sys/types.h>

/** VccwSimInit: the process, as its parent sees it. */
typedef struct {
    pid_t pid;
    int socket; /* "go" to it, later NUL-separated commands to run in the background */
} VccwSimInit;

/**
 * vccw_sim_init_start: starts it, in a process namespace of its own where that can be
 * had; it does nothing until vccw_sim_init_go(). Call it while there is only one thread.
 * @proc: folder where a /proc may be prepared, in a private mount namespace
 * @command: NULL-ended; must live as long as the process
 */
gboolean vccw_sim_init_start(VccwSimInit *init,
                             const char *proc,
                             char *const *command,
                             GError **error);

/** vccw_sim_init_go: the host is ready: lets the command run. */
void vccw_sim_init_go(VccwSimInit *init);

/** vccw_sim_init_wait: passes SIGTERM and SIGHUP on until the command has ended, and all
 * that it left is killed. Returns: its status as a shell says it. */
int vccw_sim_init_wait(VccwSimInit *init);

/** vccw_sim_init_kill: ends it early. */
void vccw_sim_init_kill(VccwSimInit *init);
