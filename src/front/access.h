/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * libvirt's access control, call by call, of what virtccwd answers itself: where the
 * stock daemon asks polkit about each call, our own answers must not be the way around.
 */

#include "front/relay.h"

G_BEGIN_DECLS

/** vccw_access_sees_all: Returns: whether a client may see each node device without
 * polkit being asked. */
gboolean vccw_access_sees_all(const VccwRelay *relay);

/** vccw_access_is_free: Returns: whether a client may call an operation without polkit
 * being asked: root may, and everybody where nothing else is set. */
gboolean vccw_access_is_free(const VccwRelay *relay, const VccwOperation *operation);

/** VccwAccessFunc: told once what polkit says.
 * @refusal: NULL if the client may
 * @data: now the callee's */
typedef void (*VccwAccessFunc)(VccwRelay *relay, const GError *refusal, gpointer data);

/**
 * vccw_access_ask: Asks polkit whether a client may call an operation.
 * @permission: the operation's own, or vccw_operation_also()
 * @func: never called before this function returns
 * @data: (transfer full): for @func, or for @destroy if the relay goes first
 */
void vccw_access_ask(VccwRelay *relay,
                     const VccwOperation *operation,
                     const char *permission,
                     const VccwArgs *args,
                     VccwAccessFunc func,
                     gpointer data,
                     GDestroyNotify destroy);

/** VccwAccessSight: Asks polkit whether a client may see something, as libvirt does for
 * each thing in a list and for each event. Otherwise as vccw_access_ask(). */
typedef void (*VccwAccessSight)(VccwRelay *relay,
                                gconstpointer what,
                                VccwAccessFunc func,
                                gpointer data,
                                GDestroyNotify destroy);

/** vccw_access_ask_sight: A VccwAccessSight.
 * @device: char *: a node device's name */
void vccw_access_ask_sight(VccwRelay *relay,
                           gconstpointer device,
                           VccwAccessFunc func,
                           gpointer data,
                           GDestroyNotify destroy);

/** vccw_access_ask_sight_of_domain: A VccwAccessSight.
 * @domain: VccwDomainRef *: a domain of ours */
void vccw_access_ask_sight_of_domain(VccwRelay *relay,
                                     gconstpointer domain,
                                     VccwAccessFunc func,
                                     gpointer data,
                                     GDestroyNotify destroy);

/** VccwAccessList: told of what is left of a list.
 * @list: stays the caller's
 * @data: now the callee's */
typedef void (*VccwAccessList)(VccwRelay *relay, GPtrArray *list, gpointer data);

/**
 * vccw_access_filter: Leaves out of a list what the client may not see.
 * @list: (transfer full): of what @sight asks about; it frees its members
 * @func: called before this function returns if nobody has to be asked
 * @data: (transfer full): for @func, or for @destroy if the relay goes first
 */
void vccw_access_filter(VccwRelay *relay,
                        GPtrArray *list,
                        VccwAccessSight sight,
                        VccwAccessList func,
                        gpointer data,
                        GDestroyNotify destroy);

/** vccw_access_end: Ends all questions of a relay. */
void vccw_access_end(VccwRelay *relay);

G_END_DECLS
