/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls that our own driver answers, for a relay. */

#include "front/relay.h"

G_BEGIN_DECLS

/** VccwOwnDone: told of the driver's answer; exactly one of @result and @error is set.
 * @data: now the callee's */
typedef void (*VccwOwnDone)(VccwRelay *relay,
                            const VccwResult *result,
                            const GError *error,
                            gpointer data);

/**
 * vccw_own_ask: Calls an operation of our driver.
 * @procedure: an operation that there is
 * @done: called exactly once, unless the relay goes first
 * @data: (transfer full): for @done, or else for @destroy
 */
void vccw_own_ask(VccwRelay *relay,
                  gint32 procedure,
                  const VccwArgs *args,
                  VccwOwnDone done,
                  gpointer data,
                  GDestroyNotify destroy);

/** vccw_own_run: vccw_own_ask() of an operation that is in no table. */
void vccw_own_run(VccwRelay *relay,
                  const VccwOperation *operation,
                  const VccwArgs *args,
                  VccwOwnDone done,
                  gpointer data,
                  GDestroyNotify destroy);

/** vccw_own_call: Has our driver answer a call.
 * @message: (transfer full) */
void vccw_own_call(VccwRelay *relay, VccwMessage *message);

/** vccw_own_return: Answers a call of @procedure's shape. */
void vccw_own_return(VccwRelay *relay, const VccwHeader *call, const VccwResult *result);

/** vccw_own_refuse: Answers a call that nobody here knows. */
void vccw_own_refuse(VccwRelay *relay, const VccwHeader *call);

/**
 * vccw_own_read: Decodes a call's arguments, or answers it with an error.
 * @ret_args: (out): to be released with vccw_codec_clear_args()
 *
 * Returns: FALSE if it was answered.
 */
gboolean vccw_own_read(VccwRelay *relay, const VccwMessage *message, VccwArgs *ret_args);

G_END_DECLS
