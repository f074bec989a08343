/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/own.h"
#include "driver/unsupported.h"
#include "front/access.h"
#include "front/guests.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <virtccw/error.h>

typedef struct {
    VccwRelay *relay;
    VccwOwnDone done;
    gpointer data;
    GDestroyNotify destroy;
} Asked;

/* Also called when the session ends, and nobody is left to be told. */
static void
on_done(const VccwResult *result, const GError *error, gpointer data)
{
    g_autofree Asked *asked = data;

    if (!vccw_relay_is_gone(asked->relay))
        asked->done(asked->relay, result, error, asked->data);
    else if (asked->data && asked->destroy)
        asked->destroy(asked->data);
}

/* -- whether the client may -- */

typedef struct {
    const VccwOperation *operation;
    VccwArgs args;
    char *name, *text, *third, *fourth; /* of these */
    gboolean second; /* it is the second permission that is asked for */
    Asked *asked;
} Waiting;

static void
waiting_free(gpointer data)
{
    Waiting *waiting = data;

    if (waiting->asked && waiting->asked->data && waiting->asked->destroy)
        waiting->asked->destroy(waiting->asked->data);
    g_free(waiting->asked);
    g_free(waiting->name);
    g_free(waiting->text);
    g_free(waiting->third);
    g_free(waiting->fourth);
    g_free(waiting);
}

static void
on_allowed(VccwRelay *relay, const GError *refusal, gpointer data)
{
    Waiting *waiting = data;
    const char *also = vccw_operation_also(waiting->operation, waiting->args.flags);
    Asked *asked;

    if (!refusal && !waiting->second && also) {
        waiting->second = TRUE;
        vccw_access_ask(relay, waiting->operation, also, &waiting->args, on_allowed,
                        waiting, waiting_free);
        return;
    }
    asked = g_steal_pointer(&waiting->asked);
    if (refusal)
        on_done(NULL, refusal, asked);
    else
        vccw_session_call(vccw_relay_session(relay), waiting->operation, &waiting->args,
                          on_done, asked);
    waiting_free(waiting);
}

static Waiting *
waiting_new(const VccwOperation *operation, const VccwArgs *args, Asked *asked)
{
    Waiting *waiting = g_new0(Waiting, 1);

    waiting->operation = operation;
    waiting->args = *args;
    waiting->args.name = waiting->name = g_strdup(args->name);
    waiting->args.text = waiting->text = g_strdup(args->text);
    waiting->args.third = waiting->third = g_strdup(args->third);
    waiting->args.fourth = waiting->fourth = g_strdup(args->fourth);
    waiting->asked = asked;
    return waiting;
}

void
vccw_own_run(VccwRelay *relay,
             const VccwOperation *operation,
             const VccwArgs *args,
             VccwOwnDone done,
             gpointer data,
             GDestroyNotify destroy)
{
    Asked *asked = g_new(Asked, 1);

    *asked = (Asked){ relay, done, data, destroy };
    if (vccw_access_is_free(relay, operation))
        vccw_session_call(vccw_relay_session(relay), operation, args, on_done, asked);
    else
        vccw_access_ask(relay, operation, operation->permission, args, on_allowed,
                        waiting_new(operation, args, asked), waiting_free);
}

void
vccw_own_ask(VccwRelay *relay,
             gint32 procedure,
             const VccwArgs *args,
             VccwOwnDone done,
             gpointer data,
             GDestroyNotify destroy)
{
    vccw_own_run(relay, vccw_operation_find(procedure), args, done, data, destroy);
}

void
vccw_own_refuse(VccwRelay *relay, const VccwHeader *call)
{
    gboolean lacks = vccw_relay_stock(relay)->path != NULL;
    g_autoptr(GError) error = vccw_unsupported_error(
        call->procedure,
        lacks ? ", and there is no stock daemon behind this connection" : "");

    vccw_relay_fail(relay, call, error);
}

static void
reply(VccwRelay *relay,
      const VccwHeader *call,
      const VccwResult *result,
      const GError *error)
{
    vccw_codec_put_answer(vccw_relay_output(relay), call,
                          vccw_operation_find(call->procedure)->result, result, error,
                          vccw_relay_host(relay)->max_output);
    vccw_relay_put(relay);
}

void
vccw_own_return(VccwRelay *relay, const VccwHeader *call, const VccwResult *result)
{
    reply(relay, call, result, NULL);
}

gboolean
vccw_own_read(VccwRelay *relay, const VccwMessage *message, VccwArgs *ret_args)
{
    const VccwOperation *operation = vccw_operation_find(message->header.procedure);
    g_autoptr(GError) error = NULL;

    /* The right to call comes before the arguments. */
    if (vccw_session_check(vccw_relay_session(relay), operation, &error) &&
        vccw_codec_read_args(operation->args, message->payload->data,
                             message->payload->len, ret_args, &error))
        return TRUE;
    vccw_relay_fail(relay, &message->header, error);
    return FALSE;
}

static void
answer(VccwRelay *relay, const VccwResult *result, const GError *error, gpointer data)
{
    g_autoptr(VccwMessage) message = data;

    reply(relay, &message->header, result, error);
}

void
vccw_own_call(VccwRelay *relay, VccwMessage *message)
{
    const VccwHeader *header = &message->header;
    VccwArgs args;

    if (!vccw_header_is_call(header) || !vccw_operation_find(header->procedure)) {
        vccw_own_refuse(relay, header);
        vccw_message_free(message);
    } else if (!vccw_own_read(relay, message, &args)) {
        vccw_message_free(message);
    } else if (vccw_guests_is_list(header->procedure) && !vccw_access_sees_all(relay)) {
        vccw_guests_list(relay, message, &args);
        vccw_codec_clear_args(&args);
    } else {
        vccw_own_ask(relay, header->procedure, &args, answer, message,
                     (GDestroyNotify)vccw_message_free);
        vccw_codec_clear_args(&args);
    }
}
