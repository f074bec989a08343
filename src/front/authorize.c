/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clients know the outcomes by libvirt's codes: with one of them virsh starts an agent
 * that asks the person, and tries again.
 */

#include "front/authorize.h"
#include "config.h"
#include "driver/virerror.h"
#include "front/words.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <libvirt/virterror.h>
#ifdef HAVE_SYSTEMD
#include "front/polkit.h"
#endif

struct _VccwAuthorizing {
    VccwRelay *relay;
    VccwMessage *call;
#ifdef HAVE_SYSTEMD
    VccwPolkitQuestion *question;
#endif
};

static void
refuse(VccwRelay *relay, const VccwHeader *call, int code, const char *text)
{
    VccwVirError failure = { .code = code,
                             .domain = VIR_FROM_POLKIT,
                             .level = VIR_ERR_ERROR,
                             .message = (char *)text,
                             .detail = (char *)text };

    vccw_codec_put_error(vccw_relay_output(relay), call, &failure);
    vccw_relay_put(relay);
}

void
vccw_authorizing_free(VccwAuthorizing *authorizing)
{
    if (!authorizing)
        return;
#ifdef HAVE_SYSTEMD
    vccw_polkit_question_free(authorizing->question);
#endif
    vccw_message_free(authorizing->call);
    g_free(authorizing);
}

#ifdef HAVE_SYSTEMD
VccwAuthority *
vccw_authority_new(void)
{
    return (VccwAuthority *)vccw_polkit_new();
}

void
vccw_authority_free(VccwAuthority *authority)
{
    vccw_polkit_free((VccwPolkit *)authority);
}

static const char *
action_of(const VccwRelay *relay)
{
    return vccw_relay_peer(relay)->read_only ? "org.libvirt.unix.monitor"
                                             : "org.libvirt.unix.manage";
}

static void
let_in(VccwRelay *relay, VccwMessage *call)
{
    VccwMessage *reply = vccw_message_new(&call->header);

    reply->header.type = VCCW_WIRE_REPLY;
    vccw_words_put(reply->payload, 1); /* complete */
    vccw_relay_answer(relay, reply);
    vccw_relay_set_phase(relay, VCCW_RELAY_UNOPENED);
}

static void
refuse_with(VccwRelay *relay,
            const VccwHeader *call,
            VccwPolkitAnswer answer,
            const char *detail)
{
    g_autofree char *text = NULL;

    if (answer == VCCW_POLKIT_DISMISSED) {
        refuse(relay, call, VIR_ERR_AUTH_CANCELLED,
               "authentication cancelled: user cancelled authentication process");
    } else if (answer == VCCW_POLKIT_NO_AGENT) {
        text = g_strdup_printf("authentication unavailable: no polkit agent available to "
                               "authenticate action '%s'",
                               action_of(relay));
        refuse(relay, call, VIR_ERR_AUTH_UNAVAILABLE, text);
    } else if (answer == VCCW_POLKIT_NO) {
        refuse(relay, call, VIR_ERR_AUTH_FAILED,
               "authentication failed: access denied by policy");
    } else {
        text = g_strdup_printf("authentication failed: polkit cannot be asked about '%s' "
                               "(%s): see whether polkit.service runs",
                               action_of(relay), detail ? detail : "its answer is odd");
        refuse(relay, call, VIR_ERR_AUTH_FAILED, text);
    }
}

static void
on_answer(VccwPolkitAnswer answer, const char *detail, gpointer data)
{
    VccwAuthorizing *authorizing = data;
    VccwRelay *relay = authorizing->relay;
    g_autoptr(VccwMessage) call = g_steal_pointer(&authorizing->call);

    if (answer == VCCW_POLKIT_YES)
        let_in(relay, call);
    else
        refuse_with(relay, &call->header, answer, detail);
    g_clear_pointer(vccw_relay_authorizing(relay), vccw_authorizing_free);
}

void
vccw_authorize(VccwRelay *relay, VccwMessage *message)
{
    VccwAuthorizing **place = vccw_relay_authorizing(relay);
    const VccwRelayPeer *peer = vccw_relay_peer(relay);
    VccwAuthorizing *authorizing;

    if (*place || peer->start == 0) {
        refuse(relay, &message->header, VIR_ERR_AUTH_FAILED,
               *place ? "authentication failed: it is under way already"
                      : "authentication failed: the process that asks is gone");
        vccw_message_free(message);
        return;
    }
    *place = authorizing = g_new0(VccwAuthorizing, 1);
    authorizing->relay = relay;
    authorizing->call = message;
    authorizing->question = vccw_polkit_ask(
        (VccwPolkit *)vccw_relay_host(relay)->authority, peer->pid, peer->start,
        peer->uid, action_of(relay), NULL, on_answer, authorizing);
}
#else
VccwAuthority *
vccw_authority_new(void)
{
    return NULL;
}

void
vccw_authority_free(VccwAuthority *authority)
{
}

void
vccw_authorize(VccwRelay *relay, VccwMessage *message)
{
    refuse(relay, &message->header, VIR_ERR_AUTH_UNAVAILABLE,
           "authentication unavailable: virtccwd was built without polkit");
    vccw_message_free(message);
}
#endif
