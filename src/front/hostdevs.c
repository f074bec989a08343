/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which calls change what channel devices a guest has, and how they say it. */

#include "front/hostdevs.h"
#include "driver/nodedev-guest.h"
#include "front/domains.h"
#include "front/hostdev-change.h"
#include "front/mdevs.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/protocol.h"
#include <libvirt/libvirt.h>
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

#define ATTACH       8 /* procedures of libvirt's remote program */
#define DETACH       13
#define ATTACH_FLAGS 160
#define DETACH_FLAGS 161
#define GET_XML_DESC 14

#define UUID_SIZE 16

/* Reads what names the guest: its name, UUID and ID. */
static gboolean
read_guest(const GByteArray *payload, gsize *at, char **ret_name, VccwUuid *ret_uuid)
{
    g_autofree char *name = vccw_words_text(payload, at);

    if (!name || payload->len < *at + UUID_SIZE + 4)
        return FALSE;
    memcpy(ret_uuid->bytes, payload->data + *at, UUID_SIZE);
    *at += UUID_SIZE + 4;
    *ret_name = g_steal_pointer(&name);
    return TRUE;
}

static void
find_states(VccwHostdevChange *change, gsize flags_at)
{
    gint32 procedure = change->call->header.procedure;
    gboolean has_flags = procedure != ATTACH && procedure != DETACH;
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
      const VccwGuestSourceResult *result,
      char **text,
      gsize at,
      gsize behind)
{
    const VccwGuestSource *source = &g_array_index(result->sources, VccwGuestSource, 0);
    gint32 procedure = message->header.procedure;
    gboolean attach = is_one_of(procedure, ATTACH, ATTACH_FLAGS);
    g_auto(VccwMdevFinder) finder = { vccw_relay_host(relay)->driver };
    gsize guest_at = 0;
    VccwHostdevChange *change;

    if (!result->sources->len || !(attach ? source->by_device || source->managed
                                          : is_one_of(procedure, DETACH, DETACH_FLAGS)))
        return FALSE;
    change = g_new0(VccwHostdevChange, 1);
    change->call = message;
    change->document_at = at;
    read_guest(message->payload, &guest_at, &change->guest, &change->guest_uuid);
    change->driver = vccw_relay_host(relay)->driver;
    change->text = g_steal_pointer(text);
    change->source = *source;
    change->attach = attach;
    find_states(change, behind);
    if (attach && change->affect[0] != VIR_DOMAIN_AFFECT_LIVE)
        change->wanted = vccw_mdevs_wanted(&finder, result->sources);
    vccw_hostdev_change_begin(relay, change);
    return TRUE;
}

static gboolean
check(const VccwGuestSourceResult *result, const char *text, GError **error)
{
    g_autoptr(VccwHostdevXml) hostdev =
        vccw_hostdev_xml_parse(result->text ? result->text : text, FALSE, error);

    return hostdev != NULL;
}

/* Returns: whether the call has been taken care of; else it is to be passed on. */
static gboolean
look_at(VccwRelay *relay, VccwMessage *message, GError **error)
{
    g_auto(VccwMdevFinder) finder = { vccw_relay_host(relay)->driver };
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;
    g_autofree char *guest = NULL;
    VccwUuid uuid;
    gsize at = 0, behind;

    if (!read_guest(message->payload, &at, &guest, &uuid))
        return FALSE;
    behind = at;
    text = vccw_words_text(message->payload, &behind);
    if (!text)
        return FALSE;
    if (!vccw_guest_source_resolve(text, vccw_domains_resolve, &finder, &result,
                                   &problem)) {
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

/* -- by alias -- */

static void
on_document(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    VccwHostdevChange *change = data;
    gsize at = change->document_at, from = 0;
    g_autofree char *alias = vccw_words_text(change->call->payload, &at);
    g_autofree char *text = NULL;

    if (reply->header.status == VCCW_WIRE_OK)
        text = vccw_words_text(reply->payload, &from);
    vccw_message_free(reply);
    if (text && vccw_guest_source_by_alias(text, alias, &change->source.uuid)) {
        vccw_hostdev_change_begin(relay, change);
        return;
    }
    /* Not ours, or the stock daemon will say why not. */
    vccw_relay_forward(relay, g_steal_pointer(&change->call));
    vccw_hostdev_change_free(change);
}

/* Moves @at behind the alias. */
static gboolean
read_alias(const GByteArray *payload, VccwHostdevChange *change, gsize *at)
{
    g_autofree char *alias = NULL;

    if (!read_guest(payload, at, &change->guest, &change->guest_uuid))
        return FALSE;
    change->document_at = *at;
    alias = vccw_words_text(payload, at);
    return alias != NULL;
}

void
vccw_hostdevs_detach_alias(VccwRelay *relay, VccwMessage *message)
{
    VccwHostdevChange *change = NULL;
    gsize at = 0;

    if (!vccw_relay_has_stock(relay)) {
        vccw_own_call(relay, message);
        return;
    }
    change = g_new0(VccwHostdevChange, 1);
    if (!vccw_session_check(vccw_relay_session(relay), &vccw_nodedev_guest_give, NULL) ||
        !read_alias(message->payload, change, &at)) {
        vccw_relay_forward(relay, message);
        vccw_hostdev_change_free(change);
        return;
    }
    change->call = message;
    change->driver = vccw_relay_host(relay)->driver;
    find_states(change, at);
    message = vccw_hostdev_change_question(change, GET_XML_DESC);
    vccw_words_put(message->payload, vccw_hostdev_change_affects_running(change)
                                         ? 0
                                         : VIR_DOMAIN_XML_INACTIVE);
    vccw_relay_ask(relay, message, on_document, change, vccw_hostdev_change_free);
}
