/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A call passes, in this order: program and version, status, whether its payload was
 * kept, procedure, file descriptors, permission, arguments. So nothing of a payload is
 * looked at before the caller's right to call is known.
 *
 * Authentication is a matter of the sockets' modes: there is none on the wire, and a
 * client that asks for it first (as all of libvirt's do) is told so.
 */

#include "rpc/dispatch.h"
#include "driver/unsupported.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <libvirt/virterror.h>
#include <virtccw/error.h>

/* A call that the driver has not answered yet. */
typedef struct {
    VccwClient *client;
    const VccwOperation *operation;
    VccwHeader header;
} Pending;

static void
reply_error(VccwClient *client, const VccwHeader *header, const GError *error)
{
    vccw_codec_put_gerror(&client->out, header, error);
    vccw_client_put(client);
}

G_GNUC_PRINTF(4, 5)
static void
reply_failure(VccwClient *client,
              const VccwHeader *header,
              int code,
              const char *format,
              ...)
{
    g_autofree char *message = NULL;
    VccwVirError failure = { .code = code,
                             .domain = VIR_FROM_RPC,
                             .level = VIR_ERR_ERROR };
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    failure.message = message;
    failure.detail = message;
    vccw_codec_put_error(&client->out, header, &failure);
    vccw_client_put(client);
}

static void
reply(VccwClient *client,
      const VccwHeader *header,
      VccwResultShape shape,
      const VccwResult *result,
      const GError *error)
{
    vccw_codec_put_answer(&client->out, header, shape, result, error,
                          client->host->limits.max_output);
    vccw_client_put(client);
}

/* VccwCallDone; may run inside vccw_session_free(), when nobody is left to be answered.
 */
static void
call_done(const VccwResult *result, const GError *error, gpointer data)
{
    g_autofree Pending *pending = data;
    VccwClient *client = pending->client;

    client->in_flight--;
    if (client->over)
        return;
    reply(client, &pending->header, pending->operation->result, result, error);
    if ((pending->header.procedure == VCCW_WIRE_EVENT_REGISTER ||
         pending->header.procedure == VCCW_WIRE_DOMAIN_EVENT_REGISTER) &&
        !error)
        vccw_client_hold_events(client);
    if (pending->header.procedure == VCCW_WIRE_CLOSE) {
        vccw_client_forget_calls(client);
        vccw_client_end(client);
    }
}

static void
log_denial(VccwClient *client, const VccwOperation *operation, const GError *error)
{
    if (g_error_matches(error, VCCW_ERROR, VCCW_ERROR_READ_ONLY))
        vccw_quiet_message(&client->host->denials,
                           "user %u, process %d, may not call vir%s on its read-only "
                           "connection",
                           client->uid, client->pid, operation->name);
}

static void
call_operation(VccwClient *client, const VccwFrame *frame, const VccwOperation *operation)
{
    g_autoptr(GError) error = NULL;
    VccwArgs args;
    Pending *pending;

    if (!vccw_session_check(client->session, operation, &error))
        log_denial(client, operation, error);
    if (error || !vccw_codec_read_args(operation->args, frame->payload, frame->size,
                                       &args, &error)) {
        reply_error(client, &frame->header, error);
        return;
    }
    pending = g_new(Pending, 1);
    *pending = (Pending){ client, operation, frame->header };
    client->in_flight++;
    vccw_session_call(client->session, operation, &args, call_done, pending);
    vccw_codec_clear_args(&args);
}

/* The features that the connection itself has; the driver answers for the others. */
static gboolean
answer_feature(VccwClient *client, const VccwFrame *frame)
{
    static const VccwResult yes = { .number = 1 };
    VccwArgs args;

    if (frame->header.procedure != VCCW_WIRE_FEATURE ||
        !vccw_codec_read_args(VCCW_ARGS_NUMBER, frame->payload, frame->size, &args,
                              NULL) ||
        args.number != VCCW_WIRE_FEATURE_KEEPALIVE)
        return FALSE;
    client->keepalive = TRUE;
    reply(client, &frame->header, VCCW_RESULT_NUMBER, &yes, NULL);
    return TRUE;
}

static gboolean
answer_auth(VccwClient *client, const VccwHeader *header)
{
    if (header->procedure == VCCW_WIRE_AUTH_LIST) {
        vccw_codec_put_auth_list(&client->out, header, VCCW_WIRE_AUTH_NONE);
        vccw_client_put(client);
        return TRUE;
    }
    if (header->procedure >= VCCW_WIRE_AUTH_SASL_INIT &&
        header->procedure <= VCCW_WIRE_AUTH_POLKIT) {
        reply_failure(client, header, VIR_ERR_AUTH_FAILED,
                      "authentication failed: this server asks for none; go on without");
        return TRUE;
    }
    return FALSE;
}

/* Whether the message can be acted upon; if not, it has been answered. */
static gboolean
message_is_usable(VccwClient *client, const VccwFrame *frame)
{
    const VccwHeader *header = &frame->header;
    g_autoptr(GError) error = NULL;

    if (header->program != VCCW_WIRE_REMOTE || header->version != VCCW_WIRE_VERSION) {
        reply_failure(client, header, VIR_ERR_RPC, "Cannot find program %u version %u",
                      header->program, header->version);
        return FALSE;
    }
    if (header->status != VCCW_WIRE_OK) {
        reply_failure(client, header, VIR_ERR_RPC, "a call of status %d makes no sense",
                      header->status);
        return FALSE;
    }
    if (frame->fate == VCCW_FRAME_TOO_LARGE)
        g_set_error(&error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
                    "a message of %u bytes exceeds the limit of %d; send less at once",
                    frame->length, VCCW_FRAME_STORED_MAX + VCCW_FRAME_LENGTH_MIN);
    else if (frame->fate == VCCW_FRAME_NO_ROOM)
        g_set_error(&error, VCCW_ERROR, VCCW_ERROR_BUSY,
                    "no room for a message of %u bytes while other clients' messages are "
                    "unfinished; try again later",
                    frame->length);
    if (error)
        reply_error(client, header, error);
    return error == NULL;
}

static void
refuse_unknown(VccwClient *client, const VccwHeader *header)
{
    g_autoptr(GError) error = vccw_unsupported_error(header->procedure, "");

    reply_error(client, header, error);
}

void
vccw_dispatch_call(VccwClient *client, const VccwFrame *frame)
{
    const VccwHeader *header = &frame->header;
    const VccwOperation *operation;

    if (!message_is_usable(client, frame) || answer_auth(client, header) ||
        answer_feature(client, frame))
        return;
    operation = vccw_operation_find(header->procedure);
    if (!operation)
        refuse_unknown(client, header);
    else if (frame->fds)
        reply_failure(client, header, VIR_ERR_RPC,
                      "procedure %d takes no file descriptors, but %u came with it",
                      header->procedure, frame->fds);
    else
        call_operation(client, frame, operation);
}
