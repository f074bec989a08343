/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/call.h"
#include "driver/nodedev.h"
#include "driver/session-private.h"

void
vccw_nodedev_event_register(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    GError *error = NULL;
    gint32 callback_id =
        vccw_session_subscribe(vccw_call_session(call), args->number, args->name, &error);

    if (callback_id < 0)
        vccw_call_fail_take(call, error);
    else
        vccw_call_return_number(call, callback_id);
}

void
vccw_nodedev_event_deregister(VccwCall *call)
{
    GError *error = NULL;

    if (!vccw_session_unsubscribe(vccw_call_session(call), FALSE,
                                  vccw_call_args(call)->number, &error))
        vccw_call_fail_take(call, error);
    else
        vccw_call_return(call);
}
