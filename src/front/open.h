/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How a relayed connection is opened: who the client is, which stock daemon it gets, and
 * that this one knows for whom it works.
 */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_open_call: Answers a message that came before the connection was open.
 * @message: (transfer full) */
void vccw_open_call(VccwRelay *relay, VccwMessage *message);

/** vccw_open_failed: Tells the client that the stock daemon does not open its connection.
 * @error: (nullable): why; NULL if the stock daemon went away */
void vccw_open_failed(VccwRelay *relay, const GError *error);

/** vccw_open_lost: The stock daemon went away, or does not answer, while it was asked to
 * open the connection: the client is told, or goes on without it. */
void vccw_open_lost(VccwRelay *relay);

/** vccw_open_again: Answers a call to open a connection that is open.
 * @message: (transfer full) */
void vccw_open_again(VccwRelay *relay, VccwMessage *message);

/** vccw_open_feature: Answers a question for a feature, or passes it on.
 * @message: (transfer full) */
void vccw_open_feature(VccwRelay *relay, VccwMessage *message);

/** vccw_open_close: Answers a call to close the connection, and does, or passes it on.
 * @message: (transfer full) */
void vccw_open_close(VccwRelay *relay, VccwMessage *message);

/** vccw_open_auth: Answers a call about authentication.
 * @message: (transfer full) */
void vccw_open_auth(VccwRelay *relay, VccwMessage *message);

/** vccw_opening_free: Forgets a call to open a connection. NULL is fine. */
void vccw_opening_free(VccwOpening *opening);

G_END_DECLS
