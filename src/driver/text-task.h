/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A text task is a call that changes nothing and is answered with a text, whose making
 * may block: an emulator is asked what it can do. These run one after another.
 */

#include "driver/call.h"

G_BEGIN_DECLS

/**
 * VccwTextWork: runs in a worker thread.
 * @args: the call's
 *
 * Returns: (transfer full): the answer; NULL with an error.
 */
typedef char *(*VccwTextWork)(const VccwArgs *args, GError **error);

/**
 * vccw_text_task_run: Queues the work; the call is answered by it.
 * @what: what is being done, for messages: "describe the emulator"
 */
void vccw_text_task_run(VccwCall *call, const char *what, VccwTextWork work);

G_END_DECLS
