/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Events of node devices. A client's one callback stands for two: one with our driver,
 * for the devices that are ours, and one with the stock daemon, for all others. IDs of
 * the two may be the same, so the client gets IDs of a third kind.
 */

#include "driver/session.h"
#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_event_ids_new: Returns: (transfer full): no callbacks yet. */
VccwEventIds *vccw_event_ids_new(VccwRelay *relay);

/** vccw_event_ids_free: NULL is fine. */
void vccw_event_ids_free(VccwEventIds *ids);

/** vccw_event_ids_waiting: Returns: the number of bytes of events that are held back. */
gsize vccw_event_ids_waiting(const VccwEventIds *ids);

/** vccw_event_ids_sink: Returns: where our driver's events go; its data is the IDs. */
const VccwSessionSink *vccw_event_ids_sink(void);

/** vccw_event_ids_from_stock: Passes an event of the stock daemon on, unless the device
 * is ours.
 * @message: (transfer full) */
void vccw_event_ids_from_stock(VccwEventIds *ids, VccwMessage *message);

/** vccw_events_register: Answers a call to register for events.
 * @message: (transfer full) */
void vccw_events_register(VccwRelay *relay, VccwMessage *message);

/** vccw_events_register_domain: Answers a call to register for events of domains, if
 * there is no stock daemon for it.
 * @message: (transfer full) */
void vccw_events_register_domain(VccwRelay *relay, VccwMessage *message);

/** vccw_events_deregister: Answers a call to hear no more.
 * @message: (transfer full) */
void vccw_events_deregister(VccwRelay *relay, VccwMessage *message);

G_END_DECLS
