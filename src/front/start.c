/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/start.h"
#include "driver/virerror.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/protocol.h"
#include <string.h>

#define MARK    "virtccw-hook: "
#define TEXT_AT 12 /* the message of an error, behind its code, its domain and a flag */

/* Returns: (transfer full) (nullable): what the hook said. */
static GError *
read_hook(const VccwMessage *reply)
{
    gsize at = TEXT_AT;
    g_autofree char *text = NULL;
    char *said;

    if (reply->header.status == VCCW_WIRE_OK || !vccw_words_at(reply->payload, 2))
        return NULL;
    text = vccw_words_text(reply->payload, &at);
    said = text ? strstr(text, MARK) : NULL;
    return said ? vccw_virerror_read(g_strchomp(said + strlen(MARK))) : NULL;
}

static void
on_reply(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    g_autoptr(GError) error = read_hook(reply);

    if (!error) {
        vccw_relay_answer(relay, reply);
        return;
    }
    vccw_relay_fail(relay, &reply->header, error);
    vccw_message_free(reply);
}

void
vccw_start_call(VccwRelay *relay, VccwMessage *message)
{
    if (vccw_relay_has_stock(relay))
        vccw_relay_ask(relay, message, on_reply, NULL, NULL);
    else
        vccw_own_call(relay, message);
}
