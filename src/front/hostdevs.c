/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The steps of a change, each begun by the answer to the one before:
 *
 * 1. ask the stock daemon for the guest's metadata, of each state that is affected;
 * 2. to attach, have it note there what the person wrote: it refuses whom it would refuse
 *    to attach;
 * 3. hand it the call itself, with a UUID in it;
 * 4. after a refusal, have it undo the note; after a detach, have it drop the note.
 *
 * All go under the serial of the client's call, which nobody else uses until that is
 * answered.
 */

#include "front/hostdevs.h"
#include "driver/find-mdev.h"
#include "front/domains.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/protocol.h"
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

#define ATTACH       8 /* procedures of libvirt's remote program */
#define DETACH       13
#define ATTACH_FLAGS 160
#define DETACH_FLAGS 161
#define SET_METADATA 264
#define GET_METADATA 265
#define DEFINE_MDEV  428

#define UUID_SIZE 16
#define STATES    2 /* a guest has: running, and defined */

/* A call on its way. */
typedef struct {
    VccwMessage *call;
    VccwMessage *reply; /* the stock daemon's */
    gsize document_at;  /* behind what names the guest */
    VccwDriver *driver;
    char *text; /* the document as the person wrote it */
    VccwSource source;
    gboolean attach;
    guint n; /* states that are affected */
    guint at;
    guint32 affect[STATES];
    char *before[STATES]; /* (nullable): the metadata */
    char *mdev;           /* (nullable): document of the mediated device to be defined */
} Change;

static void
change_free(gpointer data)
{
    Change *change = data;

    vccw_message_free(change->call);
    vccw_message_free(change->reply);
    for (guint i = 0; i < STATES; i++)
        g_free(change->before[i]);
    g_free(change->text);
    g_free(change->mdev);
    g_free(change);
}

/* -- questions of our own -- */

static VccwMessage *
own_question(const Change *change, gint32 procedure)
{
    VccwHeader header = change->call->header;
    VccwMessage *message;

    header.procedure = procedure;
    message = vccw_message_new(&header);
    g_byte_array_append(message->payload, change->call->payload->data,
                        change->document_at);
    vccw_words_put(message->payload, VIR_DOMAIN_METADATA_ELEMENT);
    return message;
}

static void
ask_metadata(VccwRelay *relay, Change *change, VccwRelayReply func)
{
    VccwMessage *message = own_question(change, GET_METADATA);

    vccw_words_put_opttext(message->payload, VCCW_SOURCE_NS);
    vccw_words_put(message->payload, change->affect[change->at]);
    vccw_relay_ask(relay, message, func, change, change_free);
}

static void
set_metadata(VccwRelay *relay, Change *change, const char *text, VccwRelayReply func)
{
    VccwMessage *message = own_question(change, SET_METADATA);

    vccw_words_put_opttext(message->payload, text);
    vccw_words_put_opttext(message->payload, VCCW_SOURCE_KEY);
    vccw_words_put_opttext(message->payload, VCCW_SOURCE_NS);
    vccw_words_put(message->payload, change->affect[change->at]);
    vccw_relay_ask(relay, message, func, change, change_free);
}

/* The client's answer is @reply, whatever it was asked. */
static void
end_with(VccwRelay *relay, Change *change, VccwMessage *reply)
{
    reply->header.procedure = change->call->header.procedure;
    vccw_relay_answer(relay, reply);
    change_free(change);
}

static void
answer(VccwRelay *relay, Change *change)
{
    end_with(relay, change, g_steal_pointer(&change->reply));
}

/* -- 4. afterwards -- */

static void settle_notes(VccwRelay *relay, Change *change);

static void
on_settled(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    vccw_message_free(reply); /* what is noted in vain harms nobody */
    settle_notes(relay, data);
}

/* Makes one more note say what is so now, or answers. */
static void
settle_notes(VccwRelay *relay, Change *change)
{
    g_autofree char *text = NULL;

    if (change->at == 0) {
        answer(relay, change);
        return;
    }
    change->at--;
    text = change->attach ? g_strdup(change->before[change->at])
                          : vccw_source_metadata(change->before[change->at], NULL,
                                                 &change->source.uuid);
    if (!change->attach && !change->before[change->at])
        settle_notes(relay, change);
    else
        set_metadata(relay, change, text, on_settled);
}

static void
on_mdev_defined(VccwRelay *relay,
                const VccwResult *result,
                const GError *error,
                gpointer data)
{
    Change *change = data;
    g_autoptr(GError) told = error ? g_error_copy(error) : NULL;

    if (!error) {
        answer(relay, change);
        return;
    }
    g_prefix_error(&told, "the device is attached, but its mediated device is not "
                          "defined: ");
    vccw_relay_fail(relay, &change->call->header, told);
    change_free(change);
}

static void
on_changed(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    Change *change = data;
    gboolean ok = reply->header.status == VCCW_WIRE_OK;
    VccwArgs args = { .name = change->mdev };

    change->reply = reply;
    change->at = change->n;
    if (ok != change->attach)
        settle_notes(relay, change);
    else if (ok && change->mdev)
        vccw_own_ask(relay, DEFINE_MDEV, &args, on_mdev_defined, change, change_free);
    else
        answer(relay, change);
}

/* -- 3. the call itself -- */

/* What stands in the notes is what the guest has, whatever is on the device now. */
static void
resolve(const VccwNodeName *name, VccwUuid *ret_uuid, gpointer data)
{
    Change *change = data;

    for (guint i = 0; !change->attach && i < change->n; i++)
        if (vccw_source_find(change->before[i], name, ret_uuid))
            return;
    vccw_domains_resolve(name, ret_uuid, change->driver);
}

static void
pass_on(VccwRelay *relay, Change *change)
{
    VccwMessage *message = vccw_message_new(&change->call->header);
    g_auto(VccwSourceResult) result = { .is_domain = FALSE };

    g_byte_array_append(message->payload, change->call->payload->data,
                        change->call->payload->len);
    if (vccw_source_resolve(change->text, resolve, change, &result, NULL) &&
        result.text) {
        change->source = g_array_index(result.sources, VccwSource, 0);
        vccw_words_replace_text(message->payload, change->document_at, result.text);
    }
    vccw_relay_ask(relay, message, on_changed, change, change_free);
}

/* -- 2. and 1. what is noted -- */

static void note(VccwRelay *relay, Change *change);

static void
on_noted(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    Change *change = data;

    if (reply->header.status == VCCW_WIRE_OK) {
        vccw_message_free(reply);
        change->at++;
        note(relay, change);
        return;
    }
    reply->header.procedure = change->call->header.procedure;
    change->reply = reply;
    settle_notes(relay, change);
}

static void
note(VccwRelay *relay, Change *change)
{
    g_autofree char *text = NULL;

    if (change->at == change->n) {
        pass_on(relay, change);
        return;
    }
    text = vccw_source_metadata(change->before[change->at], &change->source, NULL);
    set_metadata(relay, change, text, on_noted);
}

static void
on_metadata(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    Change *change = data;
    gsize at = 0;

    if (reply->header.status != VCCW_WIRE_OK &&
        vccw_words_at(reply->payload, 0) != VIR_ERR_NO_DOMAIN_METADATA) {
        end_with(relay, change, reply);
        return;
    }
    if (reply->header.status == VCCW_WIRE_OK)
        change->before[change->at] = vccw_words_text(reply->payload, &at);
    vccw_message_free(reply);
    if (++change->at < change->n) {
        ask_metadata(relay, change, on_metadata);
        return;
    }
    change->at = 0;
    if (change->attach)
        note(relay, change);
    else
        pass_on(relay, change);
}

/* -- whether there is anything to do -- */

/* Moves @at behind what names the guest: its name, UUID and ID. */
static gboolean
skip_guest(const GByteArray *payload, gsize *at)
{
    g_autofree char *name = vccw_words_text(payload, at);

    *at += UUID_SIZE + 4;
    return name && *at < payload->len;
}

static void
find_states(Change *change, gsize flags_at)
{
    gint32 procedure = change->call->header.procedure;
    gboolean has_flags = procedure == ATTACH_FLAGS || procedure == DETACH_FLAGS;
    guint32 flags = has_flags ? vccw_words_at(change->call->payload, flags_at / 4)
                              : VIR_DOMAIN_AFFECT_LIVE;

    if (flags & VIR_DOMAIN_AFFECT_CONFIG)
        change->affect[change->n++] = VIR_DOMAIN_AFFECT_CONFIG;
    if (flags & VIR_DOMAIN_AFFECT_LIVE)
        change->affect[change->n++] = VIR_DOMAIN_AFFECT_LIVE;
    if (!change->n)
        change->affect[change->n++] = VIR_DOMAIN_AFFECT_CURRENT;
}

static gboolean
is_one_of(gint32 procedure, gint32 one, gint32 other)
{
    return procedure == one || procedure == other;
}

/* Begins, if there is more to do than to pass the call on. */
static gboolean
begin(VccwRelay *relay,
      VccwMessage *message,
      const VccwSourceResult *result,
      char **text,
      gsize at,
      gsize behind)
{
    const VccwSource *source = &g_array_index(result->sources, VccwSource, 0);
    gint32 procedure = message->header.procedure;
    gboolean attach = is_one_of(procedure, ATTACH, ATTACH_FLAGS);
    Change *change;

    if (!source->by_device || !(attach || is_one_of(procedure, DETACH, DETACH_FLAGS)))
        return FALSE;
    change = g_new0(Change, 1);
    change->call = message;
    change->document_at = at;
    change->driver = vccw_relay_host(relay)->driver;
    change->text = g_steal_pointer(text);
    change->source = *source;
    change->attach = attach;
    find_states(change, behind);
    if (attach && change->affect[0] != VIR_DOMAIN_AFFECT_LIVE)
        change->mdev = vccw_domains_describe_mdev(change->driver, source);
    ask_metadata(relay, change, on_metadata);
    return TRUE;
}

static gboolean
check(const VccwSourceResult *result, const char *text, GError **error)
{
    g_autoptr(VccwHostdevXml) hostdev =
        vccw_hostdev_xml_parse(result->text ? result->text : text, FALSE, error);

    return hostdev != NULL;
}

/* Returns: whether the call has been taken care of; else it is to be passed on. */
static gboolean
look_at(VccwRelay *relay, VccwMessage *message, GError **error)
{
    VccwDriver *driver = vccw_relay_host(relay)->driver;
    g_auto(VccwSourceResult) result = { .is_domain = FALSE };
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;
    gsize at = 0, behind;

    if (!skip_guest(message->payload, &at))
        return FALSE;
    behind = at;
    text = vccw_words_text(message->payload, &behind);
    if (!text)
        return FALSE;
    if (!vccw_source_resolve(text, vccw_domains_resolve, driver, &result, &problem)) {
        if (!g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX))
            g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (result.is_domain || !result.hostdevs || !check(&result, text, error))
        return FALSE;
    if (begin(relay, message, &result, &text, at, behind))
        return TRUE;
    if (result.text)
        vccw_words_replace_text(message->payload, at, result.text);
    return FALSE;
}

void
vccw_hostdevs_change(VccwRelay *relay, VccwMessage *message)
{
    g_autoptr(GError) error = NULL;

    if (!vccw_relay_has_stock(relay)) {
        vccw_own_call(relay, message);
        return;
    }
    if (vccw_domains_concern(relay, message) && look_at(relay, message, &error))
        return;
    if (!error) {
        vccw_relay_forward(relay, message);
        return;
    }
    vccw_relay_fail(relay, &message->header, error);
    vccw_message_free(message);
}
