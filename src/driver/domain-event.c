/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/call.h"
#include "driver/domain.h"
#include "driver/session-private.h"

void
vccw_domain_event_register(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    GError *error = NULL;
    gint32 callback_id =
        vccw_session_subscribe_domain(vccw_call_session(call), args->number,
                                      args->has_domain ? &args->uuid : NULL, &error);

    if (callback_id < 0)
        vccw_call_fail_take(call, error);
    else
        vccw_call_return_number(call, callback_id);
}

void
vccw_domain_event_deregister(VccwCall *call)
{
    GError *error = NULL;

    if (!vccw_session_unsubscribe(vccw_call_session(call), TRUE,
                                  vccw_call_args(call)->number, &error))
        vccw_call_fail_take(call, error);
    else
        vccw_call_return(call);
}
