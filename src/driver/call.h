/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A call under way. It is answered exactly once; later answers (of work that went on
 * after its deadline, or after its client left) are ignored.
 */

#include "driver/driver.h"
#include "driver/session.h"
#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_call_new:
 * @args: copied, strings included
 *
 * Returns: (transfer full): a call with one reference, which belongs to who answers it.
 */
VccwCall *vccw_call_new(VccwSession *session,
                        const VccwOperation *operation,
                        const VccwArgs *args,
                        VccwCallDone done,
                        gpointer data);

/** vccw_call_ref: Returns: @call with one reference more. */
VccwCall *vccw_call_ref(VccwCall *call);

/** vccw_call_unref: Gives up a reference. NULL is fine. */
void vccw_call_unref(VccwCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwCall, vccw_call_unref)

/** vccw_call_session: Returns: the session; only valid until the call is answered. */
VccwSession *vccw_call_session(VccwCall *call);

/** vccw_call_driver: Returns: the driver; valid for as long as the call. */
VccwDriver *vccw_call_driver(VccwCall *call);

/** vccw_call_args: Returns: the arguments; valid for as long as the call. */
const VccwArgs *vccw_call_args(VccwCall *call);

/** vccw_call_return: Answers with nothing. */
void vccw_call_return(VccwCall *call);

/** vccw_call_return_number: Answers with a number. */
void vccw_call_return_number(VccwCall *call, gint64 number);

/** vccw_call_return_string: Answers with @string, which is taken over; may be NULL where
 * the shape allows it. */
void vccw_call_return_string(VccwCall *call, char *string);

/** vccw_call_return_names: Answers with @names, which is taken over, and @number. */
void vccw_call_return_names(VccwCall *call, GPtrArray *names, gint64 number);

/** vccw_call_return_numbers: Answers with two numbers. */
void vccw_call_return_numbers(VccwCall *call, gint32 number, gint32 second);

/** vccw_call_return_domain: Answers with a domain that does not run. */
void vccw_call_return_domain(VccwCall *call, const char *name, const VccwUuid *uuid);

/** vccw_call_return_domains: Answers with @domains (VccwDomainRef), which is taken over,
 * and @number. */
void vccw_call_return_domains(VccwCall *call, GPtrArray *domains, gint64 number);

/** vccw_call_return_info: Answers with @info, which stays the caller's. */
void vccw_call_return_info(VccwCall *call, const VccwDomainInfo *info);

/** vccw_call_fail: Answers with an error, which stays the caller's. */
void vccw_call_fail(VccwCall *call, const GError *error);

/** vccw_call_fail_take: Answers with an error, which is taken over. */
void vccw_call_fail_take(VccwCall *call, GError *error);

/**
 * vccw_call_check_flags: Answers with an error if flags other than @known are set.
 *
 * Returns: FALSE if it did.
 */
gboolean vccw_call_check_flags(VccwCall *call, guint32 known);

G_END_DECLS
