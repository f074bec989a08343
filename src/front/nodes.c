/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The stock daemon sees subchannels and their devices, too. Its names of them are left
 * out of every list, so that each device is there once, with our word for its state.
 */

#include "front/nodes.h"
#include "front/access.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <libvirt/virterror.h>
#include <string.h>
#include <virtccw/address.h>
#include <virtccw/nodedev-xml.h>

#define LIST      112 /* procedures of libvirt's remote program */
#define LIST_ALL  285
#define NAMES_MAX 65536

/* A call for a list, on its way through both drivers. */
typedef struct {
    VccwMessage *call;  /* the client's */
    VccwMessage *reply; /* the stock daemon's; NULL if there is none */
    VccwArgs args;
} Listing;

gboolean
vccw_nodes_is_ours(const char *name)
{
    VccwNodeName parsed;

    return vccw_node_name_parse(name, &parsed, NULL) && parsed.kind != VCCW_NODE_COMPUTER;
}

gboolean
vccw_nodes_is_about_ours(const VccwMessage *message, gsize at)
{
    g_autofree char *name = NULL;

    if (vccw_words_at(message->payload, at / 4) == 0)
        return FALSE;
    at += 4;
    name = vccw_words_text(message->payload, &at);
    return name && vccw_nodes_is_ours(name);
}

/* An error begins with its code and its domain. */
gboolean
vccw_nodes_is_unsupported(const VccwMessage *reply)
{
    guint32 code = vccw_words_at(reply->payload, 0);
    gsize at = 12;
    g_autofree char *text = NULL;

    if (reply->header.status == VCCW_WIRE_OK || code == VIR_ERR_NO_SUPPORT)
        return reply->header.status != VCCW_WIRE_OK;
    text = vccw_words_text(reply->payload, &at);
    return code == VIR_ERR_RPC && text && g_str_has_prefix(text, "unknown procedure");
}

static void
call_one(VccwRelay *relay, VccwMessage *message, gboolean ours)
{
    if (ours || !vccw_relay_has_stock(relay))
        vccw_own_call(relay, message);
    else
        vccw_relay_forward(relay, message);
}

void
vccw_nodes_by_name(VccwRelay *relay, VccwMessage *message)
{
    gsize at = 0;
    g_autofree char *name = vccw_words_text(message->payload, &at);

    call_one(relay, message, name && vccw_nodes_is_ours(name));
}

static gboolean
document_is_ours(const char *text)
{
    g_autoptr(VccwNodedevXml) xml = vccw_nodedev_xml_parse(text, FALSE, NULL);

    return xml && xml->kind == VCCW_NODE_MDEV && xml->parent &&
           vccw_nodes_is_ours(xml->parent);
}

void
vccw_nodes_by_xml(VccwRelay *relay, VccwMessage *message)
{
    gsize at = 0;
    g_autofree char *text = vccw_words_text(message->payload, &at);

    call_one(relay, message, text && document_is_ours(text));
}

static void
listing_free(gpointer data)
{
    Listing *listing = data;

    vccw_message_free(listing->call);
    vccw_message_free(listing->reply);
    vccw_codec_clear_args(&listing->args);
    g_free(listing);
}

/* What the stock daemon has and we have not. */
static GPtrArray *
names_of_stock(const VccwMessage *reply)
{
    g_autoptr(GPtrArray) names = NULL;

    if (reply && reply->header.status == VCCW_WIRE_OK)
        names = vccw_words_texts(reply->payload);
    if (!names)
        return g_ptr_array_new_with_free_func(g_free);
    for (guint i = names->len; i-- > 0;)
        if (vccw_nodes_is_ours(names->pdata[i]))
            g_ptr_array_remove_index(names, i);
    return g_steal_pointer(&names);
}

/* Returns: (transfer full): without "computer", if the stock daemon tells of it. */
static GPtrArray *
ours_of(const GPtrArray *names, gboolean alone)
{
    GPtrArray *ours = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < names->len; i++)
        if (alone || vccw_nodes_is_ours(names->pdata[i]))
            g_ptr_array_add(ours, g_strdup(names->pdata[i]));
    return ours;
}

static void
answer_listing(VccwRelay *relay, const Listing *listing, GPtrArray *names)
{
    VccwResult result = { .number = names->len, .names = names };
    gint32 procedure = listing->call->header.procedure;

    if (procedure == LIST)
        g_ptr_array_set_size(names, MIN(names->len, (guint)MAX(listing->args.number, 0)));
    else if (procedure == LIST_ALL && listing->args.number == 0)
        g_ptr_array_set_size(names, 0);
    vccw_own_return(relay, &listing->call->header, &result);
}

static void
on_seen(VccwRelay *relay, GPtrArray *ours, gpointer data)
{
    Listing *listing = data;
    g_autoptr(GPtrArray) names = names_of_stock(listing->reply);

    for (guint i = 0; i < ours->len; i++)
        g_ptr_array_add(names, g_strdup(ours->pdata[i]));
    answer_listing(relay, listing, names);
    listing_free(listing);
}

static void
on_own_names(VccwRelay *relay,
             const VccwResult *result,
             const GError *error,
             gpointer data)
{
    Listing *listing = data;
    gboolean alone = !listing->reply || listing->reply->header.status != VCCW_WIRE_OK;

    if (error) {
        vccw_relay_fail(relay, &listing->call->header, error);
        listing_free(listing);
    } else {
        vccw_access_filter(relay, ours_of(result->names, alone), vccw_access_ask_sight,
                           on_seen, listing, listing_free);
    }
}

/* The same question, but always for the names, and all of them. */
static VccwArgs
whole_question(const Listing *listing)
{
    VccwArgs args = listing->args;

    args.number = listing->call->header.procedure == LIST_ALL ? 1 : NAMES_MAX;
    return args;
}

static void
ask_ourselves(VccwRelay *relay, Listing *listing)
{
    gboolean all = listing->call->header.procedure == LIST_ALL;
    VccwArgs args = whole_question(listing);

    vccw_own_ask(relay, all ? LIST_ALL : LIST, &args, on_own_names, listing,
                 listing_free);
}

static void
on_stock_names(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    Listing *listing = data;

    if (reply->header.status != VCCW_WIRE_OK && !vccw_nodes_is_unsupported(reply)) {
        reply->header.procedure = listing->call->header.procedure;
        vccw_relay_answer(relay, reply);
        listing_free(listing);
        return;
    }
    listing->reply = reply;
    ask_ourselves(relay, listing);
}

static VccwMessage *
question_for_stock(const Listing *listing)
{
    VccwMessage *message = vccw_message_new(&listing->call->header);
    VccwArgs args = whole_question(listing);

    if (message->header.procedure == LIST_ALL) {
        vccw_words_put(message->payload, args.number);
    } else {
        message->header.procedure = LIST;
        vccw_words_put_opttext(message->payload, args.name);
        vccw_words_put(message->payload, args.number);
    }
    vccw_words_put(message->payload, args.flags);
    return message;
}

void
vccw_nodes_list(VccwRelay *relay, VccwMessage *message)
{
    Listing *listing;
    VccwArgs args;

    if (!vccw_own_read(relay, message, &args)) {
        vccw_message_free(message);
        return;
    }
    listing = g_new0(Listing, 1);
    listing->call = message;
    listing->args = args;
    if (vccw_relay_has_stock(relay))
        vccw_relay_ask(relay, question_for_stock(listing), on_stock_names, listing,
                       listing_free);
    else
        ask_ourselves(relay, listing);
}
