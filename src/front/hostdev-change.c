/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The steps of a change, each begun by the answer to the one before:
 *
 * 1. ask the stock daemon for the guest's metadata, of each state that is affected;
 * 2. to attach, have it note there what the person wrote: it refuses whom it would refuse
 *    to attach;
 * 3. for a running guest and managed='yes', ask the stock daemon for the guest's name,
 * for what the client calls it need not be true; then take the device and start its
 * mediated device;
 * 4. hand it the call itself, with a UUID in it;
 * 5. after a refusal, or a detach, give the device back, if need be later: a guest lets
 * go of it when it likes;
 * 6. after a refusal, have it undo the note; after a detach, have it drop the note.
 *
 * All go under the serial of the client's call. A client that uses it for another call
 * meanwhile is dropped, before anything is taken for the answer to a step (relay.c).
 */

#include "front/hostdev-change.h"
#include "driver/nodedev-guest.h"
#include "front/domains.h"
#include "front/mdevs.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/protocol.h"
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <virtccw/error.h>

#define IS_ACTIVE    150 /* procedures of libvirt's remote program */
#define SET_METADATA 264
#define GET_METADATA 265
#define BY_UUID      24

void
vccw_hostdev_change_free(gpointer data)
{
    VccwHostdevChange *change = data;

    /* The client went in the middle. */
    if (change->taken)
        vccw_nodedev_guest_forsake(change->driver, &change->guest_uuid,
                                   &change->source.uuid);
    vccw_message_free(change->call);
    vccw_message_free(change->reply);
    for (guint i = 0; i < VCCW_HOSTDEV_CHANGE_STATES; i++)
        g_free(change->before[i]);
    g_clear_error(&change->error);
    g_free(change->text);
    g_free(change->guest);
    if (change->wanted)
        g_ptr_array_unref(change->wanted);
    g_free(change);
}

/* -- questions of our own -- */

VccwMessage *
vccw_hostdev_change_question(const VccwHostdevChange *change, gint32 procedure)
{
    VccwHeader header = change->call->header;
    VccwMessage *message;

    header.procedure = procedure;
    message = vccw_message_new(&header);
    g_byte_array_append(message->payload, change->call->payload->data,
                        change->document_at);
    return message;
}

static void
ask_metadata(VccwRelay *relay, VccwHostdevChange *change, VccwRelayReply func)
{
    VccwMessage *message = vccw_hostdev_change_question(change, GET_METADATA);

    vccw_words_put(message->payload, VIR_DOMAIN_METADATA_ELEMENT);
    vccw_words_put_opttext(message->payload, VCCW_GUEST_SOURCE_NS);
    vccw_words_put(message->payload, change->affect[change->at]);
    vccw_relay_ask(relay, message, func, change, vccw_hostdev_change_free);
}

static void
set_metadata(VccwRelay *relay,
             VccwHostdevChange *change,
             const char *text,
             VccwRelayReply func)
{
    VccwMessage *message = vccw_hostdev_change_question(change, SET_METADATA);

    vccw_words_put(message->payload, VIR_DOMAIN_METADATA_ELEMENT);
    vccw_words_put_opttext(message->payload, text);
    vccw_words_put_opttext(message->payload, VCCW_GUEST_SOURCE_KEY);
    vccw_words_put_opttext(message->payload, VCCW_GUEST_SOURCE_NS);
    vccw_words_put(message->payload, change->affect[change->at]);
    vccw_relay_ask(relay, message, func, change, vccw_hostdev_change_free);
}

/* The client's answer is @reply, whatever it was asked. */
static void
end_with(VccwRelay *relay, VccwHostdevChange *change, VccwMessage *reply)
{
    reply->header.procedure = change->call->header.procedure;
    vccw_relay_answer(relay, reply);
    vccw_hostdev_change_free(change);
}

static void
answer(VccwRelay *relay, VccwHostdevChange *change)
{
    if (!change->error) {
        end_with(relay, change, g_steal_pointer(&change->reply));
        return;
    }
    vccw_relay_fail(relay, &change->call->header, change->error);
    vccw_hostdev_change_free(change);
}

/* -- 6. what is noted afterwards -- */

static void settle_notes(VccwRelay *relay, VccwHostdevChange *change);

static void
on_settled(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    vccw_message_free(reply); /* what is noted in vain harms nobody */
    settle_notes(relay, data);
}

/* Makes one more note say what is so now, or answers. */
static void
settle_notes(VccwRelay *relay, VccwHostdevChange *change)
{
    g_autofree char *text = NULL;

    if (change->at == 0) {
        answer(relay, change);
        return;
    }
    change->at--;
    text = change->attach ? g_strdup(change->before[change->at])
                          : vccw_guest_source_metadata(change->before[change->at], NULL,
                                                       &change->source.uuid);
    if (!change->attach && !change->before[change->at])
        settle_notes(relay, change);
    else
        set_metadata(relay, change, text, on_settled);
}

/* -- 5. what becomes of the device -- */

static void
ask_own(VccwRelay *relay,
        VccwHostdevChange *change,
        const VccwOperation *operation,
        VccwOwnDone done)
{
    g_autofree char *mdev = vccw_uuid_to_string(&change->source.uuid);
    g_autofree char *name =
        change->source.by_device ? vccw_node_name_to_string(&change->source.name) : NULL;
    VccwArgs args = { .name = change->guest,
                      .uuid = change->guest_uuid,
                      .text = mdev,
                      .third = name,
                      .number = change->source.managed };

    vccw_own_run(relay, operation, &args, done, change, vccw_hostdev_change_free);
}

static void
fail(VccwRelay *relay, VccwHostdevChange *change, const char *prefix, const GError *error)
{
    g_autoptr(GError) told = g_error_copy(error);

    g_prefix_error(&told, "%s", prefix);
    vccw_relay_fail(relay, &change->call->header, told);
    vccw_hostdev_change_free(change);
}

static void
on_mdevs_defined(VccwRelay *relay, const GError *error, gpointer data)
{
    if (error)
        fail(relay, data,
             "the device is attached, but its mediated device is not defined: ", error);
    else
        answer(relay, data);
}

static void
on_runs(VccwRelay *relay, const VccwResult *result, const GError *error, gpointer data)
{
    VccwHostdevChange *change = data;

    if (change->wanted)
        vccw_mdevs_define(relay, &change->call->header, g_steal_pointer(&change->wanted),
                          on_mdevs_defined, change, vccw_hostdev_change_free);
    else
        answer(relay, change);
}

static void
on_given(VccwRelay *relay, const VccwResult *result, const GError *error, gpointer data)
{
    VccwHostdevChange *change = data;

    change->taken = FALSE;
    if (error)
        vccw_driver_retry_guests(change->driver);
    /* A detach is over for the client before the guest has let go, as without us. */
    if (error && !change->attach &&
        !g_error_matches(error, VCCW_ERROR, VCCW_ERROR_BUSY) &&
        !g_error_matches(error, VCCW_ERROR, VCCW_ERROR_TIMEOUT))
        fail(relay, change,
             "the device is detached, but the host does not have it back: ", error);
    else
        settle_notes(relay, change);
}

/* The first state that is affected is the definition, if that is. */
gboolean
vccw_hostdev_change_affects_running(const VccwHostdevChange *change)
{
    return change->n && change->affect[change->n - 1] != VIR_DOMAIN_AFFECT_CONFIG;
}

static void
on_changed(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    VccwHostdevChange *change = data;
    gboolean ok = reply->header.status == VCCW_WIRE_OK;
    gboolean taken = change->taken;

    change->reply = reply;
    change->at = change->n;
    change->taken = FALSE;
    if (!ok && !change->attach)
        answer(relay, change);
    else if (ok && change->attach && taken)
        ask_own(relay, change, &vccw_nodedev_guest_runs, on_runs);
    else if (ok && change->attach)
        on_runs(relay, NULL, NULL, change);
    else if (taken || (!change->attach && vccw_hostdev_change_affects_running(change)))
        ask_own(relay, change, &vccw_nodedev_guest_give, on_given);
    else
        settle_notes(relay, change);
}

/* -- 4. the call itself -- */

/* What stands in the notes is what the guest has, whatever is on the device now. */
static void
resolve(const VccwNodeName *name, VccwUuid *ret_uuid, gpointer data)
{
    VccwHostdevChange *change = data;
    g_auto(VccwMdevFinder) finder = { change->driver };

    for (guint i = 0; !change->attach && i < change->n; i++)
        if (vccw_guest_source_find(change->before[i], name, ret_uuid))
            return;
    vccw_domains_resolve(name, ret_uuid, &finder);
}

static void
pass_on(VccwRelay *relay, VccwHostdevChange *change)
{
    VccwMessage *message = vccw_message_new(&change->call->header);
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };

    g_byte_array_append(message->payload, change->call->payload->data,
                        change->call->payload->len);
    if (change->text &&
        vccw_guest_source_resolve(change->text, resolve, change, &result, NULL) &&
        result.text) {
        change->source.uuid = g_array_index(result.sources, VccwGuestSource, 0).uuid;
        vccw_words_replace_text(message->payload, change->document_at, result.text);
    }
    vccw_relay_ask(relay, message, on_changed, change, vccw_hostdev_change_free);
}

/* -- 3. the device -- */

static void
on_refused(VccwRelay *relay, const VccwResult *result, const GError *error, gpointer data)
{
    /* The client is told why it could not be taken; this is for later. */
    if (error)
        vccw_driver_retry_guests(((VccwHostdevChange *)data)->driver);
    on_given(relay, NULL, NULL, data);
}

/* Also when it took too long: then it is given back as soon as it has been taken. */
static void
on_taken(VccwRelay *relay, const VccwResult *result, const GError *error, gpointer data)
{
    VccwHostdevChange *change = data;

    if (!error) {
        pass_on(relay, change);
        return;
    }
    change->error = g_error_copy(error);
    change->at = change->n;
    ask_own(relay, change, &vccw_nodedev_guest_give, on_refused);
}

/* A guest that the stock daemon does not tell the client about is called by its UUID. */
static void
on_guest(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    VccwHostdevChange *change = data;
    gsize at = 0;

    g_free(change->guest);
    change->guest = reply->header.status == VCCW_WIRE_OK
                        ? vccw_words_text(reply->payload, &at)
                        : NULL;
    if (!change->guest)
        change->guest = vccw_uuid_to_string(&change->guest_uuid);
    vccw_message_free(reply);
    change->taken = TRUE;
    ask_own(relay, change, &vccw_nodedev_guest_take, on_taken);
}

static void
take(VccwRelay *relay, VccwHostdevChange *change)
{
    VccwHeader header = change->call->header;
    VccwMessage *message;

    header.procedure = BY_UUID;
    message = vccw_message_new(&header);
    g_byte_array_append(message->payload, change->guest_uuid.bytes,
                        sizeof(change->guest_uuid.bytes));
    vccw_relay_ask(relay, message, on_guest, change, vccw_hostdev_change_free);
}

static void
on_is_active(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    VccwHostdevChange *change = data;

    if (reply->header.status != VCCW_WIRE_OK) {
        change->reply = reply;
        reply->header.procedure = change->call->header.procedure;
        change->at = change->n;
        settle_notes(relay, change);
        return;
    }
    if (vccw_words_at(reply->payload, 0))
        take(relay, change);
    else
        pass_on(relay, change);
    vccw_message_free(reply);
}

static void
take_if_running(VccwRelay *relay, VccwHostdevChange *change)
{
    if (!change->source.managed)
        pass_on(relay, change);
    else if (change->affect[0] == VIR_DOMAIN_AFFECT_CURRENT)
        vccw_relay_ask(relay, vccw_hostdev_change_question(change, IS_ACTIVE),
                       on_is_active, change, vccw_hostdev_change_free);
    else if (vccw_hostdev_change_affects_running(change))
        take(relay, change);
    else
        pass_on(relay, change);
}

/* -- 2. and 1. what is noted -- */

static void note(VccwRelay *relay, VccwHostdevChange *change);

static void
on_noted(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    VccwHostdevChange *change = data;

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
note(VccwRelay *relay, VccwHostdevChange *change)
{
    g_autofree char *text = NULL;

    if (change->at == change->n) {
        take_if_running(relay, change);
        return;
    }
    text = vccw_guest_source_metadata(change->before[change->at],
                                      change->source.by_device ? &change->source : NULL,
                                      NULL);
    set_metadata(relay, change, text, on_noted);
}

static void
on_metadata(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    VccwHostdevChange *change = data;
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

void
vccw_hostdev_change_begin(VccwRelay *relay, VccwHostdevChange *change)
{
    ask_metadata(relay, change, on_metadata);
}
