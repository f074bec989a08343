/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a client may come in at all: by libvirt's own two polkit actions. */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_authority_new: Returns: (transfer full): whom to ask. */
VccwAuthority *vccw_authority_new(void);

/** vccw_authority_free: NULL is fine. */
void vccw_authority_free(VccwAuthority *authority);

/** vccw_authorize: Answers a client's call to be authenticated by polkit.
 * @message: (transfer full) */
void vccw_authorize(VccwRelay *relay, VccwMessage *message);

/** vccw_authorizing_free: Ends a question that is under way. NULL is fine. */
void vccw_authorizing_free(VccwAuthorizing *authorizing);

G_END_DECLS
