/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A call outlives its session when work goes on in a worker thread after the client has
 * left; so it is counted, and its session is gone as soon as it has been answered.
 */

#include "driver/call.h"
#include "driver/session-private.h"
#include <virtccw/error.h>

struct _VccwCall {
    guint refs; /* main loop only: a worker thread never touches a call */
    VccwSession *session;
    VccwDriver *driver;
    const VccwOperation *operation;
    VccwArgs args;
    char *name, *text, *third, *fourth;
    VccwCallDone done; /* NULL once answered */
    gpointer data;
};

VccwCall *
vccw_call_new(VccwSession *session,
              const VccwOperation *operation,
              const VccwArgs *args,
              VccwCallDone done,
              gpointer data)
{
    VccwCall *call = g_new0(VccwCall, 1);

    call->refs = 1;
    call->session = session;
    call->driver = vccw_session_driver(session);
    call->operation = operation;
    call->name = g_strdup(args->name);
    call->text = g_strdup(args->text);
    call->third = g_strdup(args->third);
    call->fourth = g_strdup(args->fourth);
    call->args = *args;
    call->args.name = call->name;
    call->args.text = call->text;
    call->args.third = call->third;
    call->args.fourth = call->fourth;
    call->done = done;
    call->data = data;
    return call;
}

VccwCall *
vccw_call_ref(VccwCall *call)
{
    call->refs++;
    return call;
}

void
vccw_call_unref(VccwCall *call)
{
    if (!call || --call->refs > 0)
        return;
    g_free(call->name);
    g_free(call->text);
    g_free(call->third);
    g_free(call->fourth);
    g_free(call);
}

VccwSession *
vccw_call_session(VccwCall *call)
{
    return call->session;
}

VccwDriver *
vccw_call_driver(VccwCall *call)
{
    return call->driver;
}

const VccwArgs *
vccw_call_args(VccwCall *call)
{
    return &call->args;
}

static void
answer(VccwCall *call, const VccwResult *result, const GError *error)
{
    VccwCallDone done = call->done;

    if (!done)
        return;
    call->done = NULL;
    vccw_session_forget_call(call->session, call);
    call->session = NULL;
    done(result, error, call->data);
}

void
vccw_call_return(VccwCall *call)
{
    VccwResult result = { 0 };

    answer(call, &result, NULL);
}

void
vccw_call_return_number(VccwCall *call, gint64 number)
{
    VccwResult result = { .number = number };

    answer(call, &result, NULL);
}

void
vccw_call_return_string(VccwCall *call, char *string)
{
    g_autofree char *owned = string;
    VccwResult result = { .string = owned };

    answer(call, &result, NULL);
}

void
vccw_call_return_names(VccwCall *call, GPtrArray *names, gint64 number)
{
    g_autoptr(GPtrArray) owned = names;
    VccwResult result = { .names = owned, .number = number };

    answer(call, &result, NULL);
}

void
vccw_call_return_numbers(VccwCall *call, gint32 number, gint32 second)
{
    VccwResult result = { .number = number, .second = second };

    answer(call, &result, NULL);
}

void
vccw_call_return_domain(VccwCall *call, const char *name, const VccwUuid *uuid)
{
    g_autoptr(GPtrArray) domains =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_domain_ref_free);
    VccwResult result = { .domains = domains };

    g_ptr_array_add(domains, vccw_domain_ref_new(name, uuid, -1));
    answer(call, &result, NULL);
}

void
vccw_call_return_domains(VccwCall *call, GPtrArray *domains, gint64 number)
{
    g_autoptr(GPtrArray) owned = domains;
    VccwResult result = { .domains = owned, .number = number };

    answer(call, &result, NULL);
}

void
vccw_call_return_info(VccwCall *call, const VccwDomainInfo *info)
{
    VccwResult result = { .info = info };

    answer(call, &result, NULL);
}

void
vccw_call_fail(VccwCall *call, const GError *error)
{
    answer(call, NULL, error);
}

void
vccw_call_fail_take(VccwCall *call, GError *error)
{
    g_autoptr(GError) owned = error;

    answer(call, NULL, owned);
}

gboolean
vccw_call_check_flags(VccwCall *call, guint32 known)
{
    guint32 unknown = call->args.flags & ~known;

    if (unknown == 0)
        return TRUE;
    vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                                          "unsupported flags (0x%x) in function vir%s",
                                          unknown, call->operation->name));
    return FALSE;
}
