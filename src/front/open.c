/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The steps, each begun by the answer to the one before:
 *
 * 1. connect to the stock daemon's socket;
 * 2. ask it for its ways of authentication, as it answers nobody who did not;
 * 3. hand it the client's own call;
 * 4. tell it who the client is, so that its access control sees the person and not us:
 *    without this no call of the client ever gets there;
 * 5. ask it whether it passes calls on to a further daemon, as virtproxyd does, for that
 *    one has been opened by us and would take every client for root; this is also the
 * first question that it answers to the client and not to us, so that access control has
 * a say in the opening;
 * 6. open the client's session with our own driver;
 * 7. hand the client the stock daemon's answer.
 *
 * While they last the client's input waits, so no other call is under way, and serials of
 * our own cannot be mistaken for the client's.
 */

#include "front/open.h"
#include "base/io.h"
#include "front/authorize.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <virtccw/error.h>

#define OPEN          1  /* procedure of libvirt's remote program */
#define CONNECT_PAUSE 20 /* milliseconds, when the stock daemon's queue is full */
#define CONNECT_TRIES 250

struct _VccwOpening {
    VccwRelay *relay;
    VccwMessage *call;  /* the client's */
    VccwMessage *reply; /* the stock daemon's answer to it */
    guint32 flags;
    gboolean own; /* our own driver is being asked */
    guint tries;
    guint retry;
};

void
vccw_opening_free(VccwOpening *opening)
{
    if (!opening)
        return;
    g_clear_handle_id(&opening->retry, g_source_remove);
    vccw_message_free(opening->call);
    vccw_message_free(opening->reply);
    g_free(opening);
}

static void
forget_opening(VccwRelay *relay)
{
    g_clear_pointer(vccw_relay_opening(relay), vccw_opening_free);
}

void
vccw_open_failed(VccwRelay *relay, const GError *error)
{
    VccwOpening *opening = *vccw_relay_opening(relay);
    g_autoptr(GError) gone = NULL;

    vccw_relay_connect(relay, -1);
    if (!opening)
        return;
    gone = g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                       "the daemon at '%s' ended the connection, or does not answer: see "
                       "its log",
                       vccw_relay_stock(relay)->path);
    vccw_relay_fail(relay, &opening->call->header, error ? error : gone);
    forget_opening(relay);
    vccw_relay_set_phase(relay, VCCW_RELAY_UNOPENED);
}

/* It was read before: it can be read again. */
static gboolean
read_call(const VccwOpening *opening, VccwArgs *ret_args)
{
    const GByteArray *payload = opening->call->payload;

    g_return_val_if_fail(vccw_codec_read_args(VCCW_ARGS_OPTNAME_FLAGS, payload->data,
                                              payload->len, ret_args, NULL),
                         FALSE);
    return TRUE;
}

static void
on_own_open(VccwRelay *relay,
            const VccwResult *result,
            const GError *error,
            gpointer data)
{
    VccwOpening *opening = *vccw_relay_opening(relay);
    static const VccwResult nothing = { 0 };

    if (!opening)
        return;
    if (error) {
        vccw_open_failed(relay, error);
        return;
    }
    if (opening->reply)
        vccw_relay_answer(relay, g_steal_pointer(&opening->reply));
    else
        vccw_own_return(relay, &opening->call->header, &nothing);
    forget_opening(relay);
    vccw_relay_set_phase(relay, VCCW_RELAY_OPEN);
}

/* Who has a stock daemon asks for what that one serves; else the name is ours to judge.
 */
static void
open_own(VccwRelay *relay)
{
    VccwOpening *opening = *vccw_relay_opening(relay);
    VccwArgs args = { .flags = opening->flags };

    opening->own = TRUE;
    if (vccw_relay_stock(relay)->path) {
        vccw_own_ask(relay, OPEN, &args, on_own_open, NULL, NULL);
    } else if (read_call(opening, &args)) {
        vccw_own_ask(relay, OPEN, &args, on_own_open, NULL, NULL);
        vccw_codec_clear_args(&args);
    }
}

static VccwMessage *
own_call(gint32 procedure)
{
    VccwHeader header = { .program = VCCW_WIRE_REMOTE,
                          .version = VCCW_WIRE_VERSION,
                          .procedure = procedure,
                          .type = VCCW_WIRE_CALL };

    return vccw_message_new(&header);
}

static gboolean
reply_is_error(const VccwMessage *reply)
{
    return reply->header.status != VCCW_WIRE_OK;
}

/* The stock daemon's refusal is the client's answer. */
static void
fail_with_reply(VccwRelay *relay, VccwMessage *reply)
{
    VccwOpening *opening = *vccw_relay_opening(relay);

    reply->header.procedure = opening->call->header.procedure;
    reply->header.serial = opening->call->header.serial;
    vccw_relay_connect(relay, -1);
    vccw_relay_answer(relay, reply);
    forget_opening(relay);
    vccw_relay_set_phase(relay, VCCW_RELAY_UNOPENED);
}

/* Our own devices are served without it. */
static void
go_alone(VccwRelay *relay)
{
    VccwOpening *opening = *vccw_relay_opening(relay);

    g_clear_handle_id(&opening->retry, g_source_remove);
    g_clear_pointer(&opening->reply, vccw_message_free);
    vccw_relay_connect(relay, -1);
    if (!opening->own)
        open_own(relay);
}

void
vccw_open_lost(VccwRelay *relay)
{
    if (vccw_relay_stock(relay)->spare && *vccw_relay_opening(relay))
        go_alone(relay);
    else
        vccw_open_failed(relay, NULL);
}

static void
refuse_proxy(VccwRelay *relay)
{
    g_autoptr(GError) error = g_error_new(
        VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
        "the daemon at '%s' passes this connection on to another one, which would take "
        "every client for root: have stock_qemu_socket and stock_nodedev_socket name the "
        "socket of libvirtd, or of virtqemud and virtnodedevd, and not virtproxyd's",
        vccw_relay_stock(relay)->path);

    vccw_quiet_message(&vccw_relay_host(relay)->drops, "%s", error->message);
    if (vccw_relay_stock(relay)->spare)
        go_alone(relay);
    else
        vccw_open_failed(relay, error);
}

static void
on_feature(VccwRelay *relay, VccwMessage *message, gpointer data)
{
    g_autoptr(VccwMessage) reply = message;

    if (reply_is_error(reply))
        fail_with_reply(relay, g_steal_pointer(&reply));
    else if (vccw_words_at(reply->payload, 0) != 0)
        refuse_proxy(relay);
    else
        open_own(relay);
}

static void
on_identity(VccwRelay *relay, VccwMessage *message, gpointer data)
{
    g_autoptr(VccwMessage) reply = message;
    VccwMessage *call;

    if (reply_is_error(reply)) {
        fail_with_reply(relay, g_steal_pointer(&reply));
        return;
    }
    call = own_call(VCCW_WIRE_FEATURE);
    vccw_words_put(call->payload, VCCW_WIRE_FEATURE_REMOTE);
    vccw_relay_ask(relay, call, on_feature, NULL, NULL);
}

/* Typed parameters, of the types that libvirt wants for each. Names of user and group are
 * left out: no access control asks for them, and to find them may take long. */
static void
tell_identity(VccwRelay *relay)
{
    const VccwRelayPeer *peer = vccw_relay_peer(relay);
    VccwMessage *call = own_call(VCCW_WIRE_SET_IDENTITY);
    GByteArray *to = call->payload;

    vccw_words_put(to, 3 + (peer->start ? 1 : 0) + (peer->label ? 1 : 0));
    vccw_words_put_number_param(to, "unix-user-id", VCCW_WORDS_ULLONG, peer->uid);
    vccw_words_put_number_param(to, "unix-group-id", VCCW_WORDS_ULLONG, peer->gid);
    vccw_words_put_number_param(to, "process-id", VCCW_WORDS_LLONG, peer->pid);
    if (peer->start)
        vccw_words_put_number_param(to, "process-time", VCCW_WORDS_ULLONG, peer->start);
    if (peer->label)
        vccw_words_put_text_param(to, "selinux-context", peer->label);
    vccw_words_put(to, 0); /* flags */
    vccw_relay_ask(relay, call, on_identity, NULL, NULL);
}

static void
on_open(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    if (reply_is_error(reply)) {
        fail_with_reply(relay, reply);
        return;
    }
    (*vccw_relay_opening(relay))->reply = reply;
    tell_identity(relay);
}

/* "ccw:///system?a=b" asks the stock daemon for "qemu:///system?a=b". */
static char *
stock_uri(const VccwStock *stock, const char *name)
{
    if (!name || !stock->scheme || !g_str_has_prefix(name, "ccw:"))
        return g_strdup(name);
    return g_strconcat(stock->scheme, name + strlen("ccw"), NULL);
}

static void
ask_to_open(VccwRelay *relay)
{
    VccwOpening *opening = *vccw_relay_opening(relay);
    VccwMessage *call = vccw_message_new(&opening->call->header);
    g_autofree char *uri = NULL;
    VccwArgs args;

    if (!read_call(opening, &args))
        return;
    uri = stock_uri(vccw_relay_stock(relay), args.name);
    vccw_words_put_opttext(call->payload, uri);
    vccw_words_put(call->payload, args.flags);
    vccw_codec_clear_args(&args);
    vccw_relay_ask(relay, call, on_open, NULL, NULL);
}

static void
on_polkit(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    if (reply_is_error(reply)) {
        fail_with_reply(relay, reply);
        return;
    }
    vccw_message_free(reply);
    ask_to_open(relay);
}

static gboolean
offers(const VccwMessage *reply, guint32 type)
{
    guint32 n = vccw_words_at(reply->payload, 0);

    for (guint32 i = 1; i <= MIN(n, 20); i++)
        if (vccw_words_at(reply->payload, i) == type)
            return TRUE;
    return n == 0 && type == VCCW_WIRE_AUTH_NONE;
}

static void
on_auth_list(VccwRelay *relay, VccwMessage *message, gpointer data)
{
    g_autoptr(VccwMessage) reply = message;
    g_autoptr(GError) error = NULL;

    if (reply_is_error(reply) || offers(reply, VCCW_WIRE_AUTH_NONE)) {
        ask_to_open(relay);
    } else if (offers(reply, VCCW_WIRE_AUTH_BY_POLKIT)) {
        vccw_relay_ask(relay, own_call(VCCW_WIRE_AUTH_POLKIT), on_polkit, NULL, NULL);
    } else {
        g_set_error(&error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                    "the daemon at '%s' wants SASL from us: set auth_unix_rw and "
                    "auth_unix_ro to \"polkit\" or \"none\" in its configuration",
                    vccw_relay_stock(relay)->path);
        vccw_open_failed(relay, error);
    }
}

static void
on_connected(VccwRelay *relay, int fd)
{
    vccw_relay_connect(relay, fd);
    vccw_relay_ask(relay, own_call(VCCW_WIRE_AUTH_LIST), on_auth_list, NULL, NULL);
}

static int
connect_to(const char *path, int *ret_errnum)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_auto(VccwFd) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    *ret_errnum = ENAMETOOLONG;
    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
        sizeof(address.sun_path))
        return -1;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return vccw_fd_steal(&fd);
    *ret_errnum = errno;
    return -1;
}

static gboolean try_to_connect(gpointer data);

static void
cannot_connect(VccwRelay *relay, int errnum)
{
    VccwOpening *opening = *vccw_relay_opening(relay);
    const VccwStock *stock = vccw_relay_stock(relay);
    g_autoptr(GError) error = NULL;

    if (errnum == EAGAIN && opening->tries++ < CONNECT_TRIES) {
        opening->retry = g_timeout_add(CONNECT_PAUSE, try_to_connect, opening);
        return;
    }
    if (stock->spare) {
        open_own(relay);
        return;
    }
    vccw_set_errno(&error, errnum, "Failed to connect socket to '%s'", stock->path);
    vccw_open_failed(relay, error);
}

static gboolean
try_to_connect(gpointer data)
{
    VccwOpening *opening = data;
    int errnum;
    int fd = connect_to(vccw_relay_stock(opening->relay)->path, &errnum);

    opening->retry = 0;
    if (fd >= 0)
        on_connected(opening->relay, fd);
    else
        cannot_connect(opening->relay, errnum);
    return G_SOURCE_REMOVE;
}

static void
begin(VccwRelay *relay, VccwMessage *message)
{
    VccwOpening *opening;
    VccwArgs args;

    if (!vccw_own_read(relay, message, &args)) {
        vccw_message_free(message);
        return;
    }
    opening = g_new0(VccwOpening, 1);
    opening->relay = relay;
    opening->call = message;
    opening->flags = args.flags;
    vccw_codec_clear_args(&args);
    forget_opening(relay);
    *vccw_relay_opening(relay) = opening;
    vccw_relay_set_phase(relay, VCCW_RELAY_OPENING);
    if (vccw_relay_stock(relay)->path)
        try_to_connect(opening);
    else
        open_own(relay);
}

static void
fail_call(VccwRelay *relay, VccwMessage *message, int code, const char *text)
{
    g_autoptr(GError) error = g_error_new_literal(VCCW_ERROR, code, text);

    vccw_relay_fail(relay, &message->header, error);
    vccw_message_free(message);
}

static void
return_number(VccwRelay *relay, VccwMessage *message, gint64 number)
{
    VccwResult result = { .number = number };

    vccw_own_return(relay, &message->header, &result);
    vccw_message_free(message);
}

void
vccw_open_feature(VccwRelay *relay, VccwMessage *message)
{
    gboolean keepalive =
        vccw_words_at(message->payload, 0) == VCCW_WIRE_FEATURE_KEEPALIVE;

    /* Each of the two connections has keepalive messages of its own. */
    if (keepalive) {
        vccw_relay_set_keepalive(relay);
        return_number(relay, message, 1);
    } else if (vccw_relay_phase(relay) != VCCW_RELAY_OPEN) {
        fail_call(relay, message, VCCW_ERROR_INTERNAL, "hypervisor connection not open");
    } else if (vccw_relay_has_stock(relay)) {
        vccw_relay_forward(relay, message);
    } else {
        vccw_own_call(relay, message);
    }
}

void
vccw_open_close(VccwRelay *relay, VccwMessage *message)
{
    if (vccw_relay_has_stock(relay)) {
        vccw_relay_forward(relay, message);
        return;
    }
    return_number(relay, message, 0);
    vccw_relay_end(relay);
}

void
vccw_open_auth(VccwRelay *relay, VccwMessage *message)
{
    gboolean polkit = vccw_relay_phase(relay) == VCCW_RELAY_AUTH;

    if (message->header.procedure == VCCW_WIRE_AUTH_LIST) {
        vccw_codec_put_auth_list(vccw_relay_output(relay), &message->header,
                                 polkit ? VCCW_WIRE_AUTH_BY_POLKIT : VCCW_WIRE_AUTH_NONE);
        vccw_relay_put(relay);
        vccw_message_free(message);
    } else if (polkit && message->header.procedure == VCCW_WIRE_AUTH_POLKIT) {
        vccw_authorize(relay, message);
    } else {
        fail_call(relay, message, VCCW_ERROR_RPC,
                  "authentication failed: this way of authentication is not offered");
    }
}

void
vccw_open_again(VccwRelay *relay, VccwMessage *message)
{
    fail_call(relay, message, VCCW_ERROR_INTERNAL, "connection already open");
}

static void
call_unopened(VccwRelay *relay, VccwMessage *message)
{
    switch (message->header.procedure) {
    case OPEN:
        begin(relay, message);
        break;
    case VCCW_WIRE_CLOSE:
        vccw_open_close(relay, message);
        break;
    default:
        fail_call(relay, message, VCCW_ERROR_INTERNAL, "hypervisor connection not open");
    }
}

void
vccw_open_call(VccwRelay *relay, VccwMessage *message)
{
    const VccwHeader *header = &message->header;

    if (header->type != VCCW_WIRE_CALL && header->type != VCCW_WIRE_CALL_WITH_FDS)
        vccw_message_free(message);
    else if (!vccw_header_is_call(header) || header->status != VCCW_WIRE_OK)
        fail_call(relay, message, VCCW_ERROR_RPC, "Cannot find program");
    else if (header->procedure >= VCCW_WIRE_AUTH_LIST &&
             header->procedure <= VCCW_WIRE_AUTH_POLKIT)
        vccw_open_auth(relay, message);
    else if (header->procedure == VCCW_WIRE_FEATURE)
        vccw_open_feature(relay, message);
    else if (vccw_relay_phase(relay) == VCCW_RELAY_AUTH)
        fail_call(relay, message, VCCW_ERROR_RPC, "authentication required");
    else
        call_unopened(relay, message);
}
