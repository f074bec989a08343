/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Calls that carry a guest's document, or a device's, to the stock daemon, and those that
 * bring one back. What is not about channel devices passes unchanged. Hostdevs of model
 * vfio-ccw are checked, and those that name a device get the UUID of its mediated device;
 * on the way back the document is as the person wrote it.
 */

#include "front/relay.h"
#include "xml/guest-source.h"

G_BEGIN_DECLS

/* Bytes of such a message: two documents and a cookie, in a migration, and the rest. */
#define VCCW_DOMAINS_MAX (3 * 4 * 1024 * 1024 + 64 * 1024)

/** vccw_domains_in: Passes on a call with a document.
 * @message: (transfer full) */
void vccw_domains_in(VccwRelay *relay, VccwMessage *message);

/** vccw_domains_out: Passes on a call that is answered with a document.
 * @message: (transfer full) */
void vccw_domains_out(VccwRelay *relay, VccwMessage *message);

/** vccw_domains_resolve: A VccwGuestSourceResolve; @data is a
 * VccwMdevFinder. */
void vccw_domains_resolve(const VccwNodeName *name, VccwUuid *ret_uuid, gpointer data);

/** vccw_domains_concern: Returns: whether @message may be about hostdevs of ours, and the
 * client may change something. */
gboolean vccw_domains_concern(VccwRelay *relay, const VccwMessage *message);

G_END_DECLS
