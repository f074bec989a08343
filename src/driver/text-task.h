/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A text task is a call that changes nothing and is answered with a text, whose making
 * takes time or may block: a document is read, an emulator is asked what it can do. What
 * only computes runs one after another; so does what asks the same emulator, but one that
 * hangs delays only those who want to know of it.
 */

#include "driver/call.h"

G_BEGIN_DECLS

typedef struct _VccwTextTask VccwTextTask;

/**
 * VccwTextWork: runs in a worker thread.
 *
 * Returns: (transfer full): the answer; NULL with an error, or without one after
 *   vccw_text_task_ask().
 */
typedef char *(*VccwTextWork)(VccwTextTask *task, GError **error);

struct _VccwTextTask {
    const VccwArgs *args; /* the call's */
    gpointer data;        /* the work's own; or NULL */
    GDestroyNotify free_data;

    /*< private >*/
    VccwCall *call; /* for the main loop */
    const char *what;
    VccwTextWork work;
    char *line; /* where it stands in line next; or NULL */
    char *answer;
    gint64 deadline;
};

/**
 * vccw_text_task_run: Queues the work; the call is answered by it.
 * @what: what is being done, for messages: "read the command line"
 */
void vccw_text_task_run(VccwCall *call, const char *what, VccwTextWork work);

/**
 * vccw_text_task_run_with: As vccw_text_task_run().
 * @data: (transfer full): for the work
 * @free_data: releases it
 */
void vccw_text_task_run_with(VccwCall *call,
                             const char *what,
                             VccwTextWork work,
                             gpointer data,
                             GDestroyNotify free_data);

/**
 * vccw_text_task_run_asking: As vccw_text_task_run(), for work that asks an emulator.
 * @emulator: (nullable): its path, or NULL for that of the host
 */
void vccw_text_task_run_asking(VccwCall *call,
                               const char *what,
                               const char *emulator,
                               VccwTextWork work);

/**
 * vccw_text_task_ask: For work that finds out only now which emulator it has to ask: has
 * @then run when it is its turn there.
 * @emulator: (nullable): as above
 */
void vccw_text_task_ask(VccwTextTask *task, const char *emulator, VccwTextWork then);

G_END_DECLS
