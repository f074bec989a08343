/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Nothing is done before the stock daemon has said yes: a mediated device for what a
 * document names is defined only after that, and with the client's own rights. So who may
 * not define a guest causes nothing, and hears what the stock daemon says.
 */

#include "front/domains.h"
#include "driver/find-mdev.h"
#include "front/documents.h"
#include "front/mdevs.h"
#include "front/own.h"
#include "front/start.h"
#include "front/words.h"
#include "rpc/protocol.h"
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

#define DEFINE_MDEV 428 /* procedures of libvirt's remote program */
#define TEXT_MAX    (4 * 1024 * 1024)

/* A call whose document defines a guest, on its way. */
typedef struct {
    VccwMessage *reply; /* the stock daemon's */
    GPtrArray *wanted;  /* of char *: documents of mediated devices to be defined */
} Defining;

static gboolean
contains(const GByteArray *payload, const char *text)
{
    return payload->data &&
           memmem(payload->data, payload->len, text, strlen(text)) != NULL;
}

/* Who may change nothing here is told so by the stock daemon. */
gboolean
vccw_domains_concern(VccwRelay *relay, const VccwMessage *message)
{
    return vccw_relay_has_stock(relay) && contains(message->payload, "vfio-ccw") &&
           vccw_session_check(vccw_relay_session(relay), vccw_operation_find(DEFINE_MDEV),
                              NULL);
}

/* -- documents on their way in -- */

void
vccw_domains_resolve(const VccwNodeName *name, VccwUuid *ret_uuid, gpointer data)
{
    VccwFoundMdev found;

    vccw_find_mdev(data, name, &found);
    *ret_uuid = found.uuid;
}

/* A guest without hostdevs of ours is the stock daemon's alone. */
static gboolean
check(const VccwGuestSourceResult *result, const char *text, GError **error)
{
    g_autoptr(VccwDomainXml) domain = NULL;

    if (result->text && strlen(result->text) > TEXT_MAX) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
                    "the document is longer than 4 MiB with the UUIDs of its devices");
        return FALSE;
    }
    if (!result->is_domain || result->hostdevs == 0)
        return TRUE;
    domain = vccw_domain_xml_parse(result->text ? result->text : text, FALSE, error);
    return domain && vccw_domain_xml_check(domain, error);
}

static void
defining_free(gpointer data)
{
    Defining *defining = data;

    vccw_message_free(defining->reply);
    if (defining->wanted)
        g_ptr_array_unref(defining->wanted);
    g_free(defining);
}

static void
on_mdevs_defined(VccwRelay *relay, const GError *error, gpointer data)
{
    Defining *defining = data;
    g_autoptr(GError) told = error ? g_error_copy(error) : NULL;

    if (error) {
        g_prefix_error(&told, "the guest is defined, but the mediated device for its "
                              "<hostdev> is not: ");
        vccw_relay_fail(relay, &defining->reply->header, told);
    } else {
        vccw_relay_answer(relay, g_steal_pointer(&defining->reply));
    }
    defining_free(defining);
}

static void
on_guest_defined(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    Defining *defining = data;

    if (reply->header.status != VCCW_WIRE_OK) {
        vccw_relay_answer(relay, reply);
        defining_free(defining);
        return;
    }
    defining->reply = reply;
    vccw_mdevs_define(relay, &reply->header, g_steal_pointer(&defining->wanted),
                      on_mdevs_defined, defining, defining_free);
}

static void
pass_on(VccwRelay *relay,
        VccwMessage *message,
        VccwMdevFinder *finder,
        const GArray *sources)
{
    Defining *defining = g_new0(Defining, 1);

    defining->wanted = vccw_mdevs_wanted(finder, sources);
    if (vccw_documents_defines(message->header.procedure) && defining->wanted->len) {
        vccw_relay_ask(relay, message, on_guest_defined, defining, defining_free);
        return;
    }
    defining_free(defining);
    vccw_start_call(relay, message);
}

/* One document, the text at byte @at. Appends what it names to @sources. @error is set if
 * and only if the call is to be refused; FALSE without: pass it on as it is. */
static gboolean
rewrite_one(VccwMdevFinder *finder,
            VccwMessage *message,
            gsize at,
            GArray *sources,
            GError **error)
{
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };
    g_autoptr(GError) problem = NULL;
    gsize behind = at;
    g_autofree char *text = vccw_words_text(message->payload, &behind);

    if (!text)
        return FALSE;
    if (!vccw_guest_source_resolve(text, vccw_domains_resolve, finder, &result,
                                   &problem)) {
        /* What is no XML is refused by the stock daemon in its own words. */
        if (!g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX))
            g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (!check(&result, text, error))
        return FALSE;
    g_array_append_vals(sources, result.sources->data, result.sources->len);
    if (result.text)
        vccw_words_replace_text(message->payload, at, result.text);
    return TRUE;
}

/* All documents, the last one first, so that the places of the others stay. The result is
 * as above. */
static gboolean
rewrite(VccwMessage *message, VccwMdevFinder *finder, GArray *sources, GError **error)
{
    g_autoptr(GArray) places =
        vccw_documents_find(message->header.procedure, message->payload);

    if (!places || !places->len)
        return FALSE;
    for (guint i = places->len; i-- > 0;)
        if (!rewrite_one(finder, message, g_array_index(places, gsize, i), sources,
                         error))
            return FALSE;
    return TRUE;
}

void
vccw_domains_in(VccwRelay *relay, VccwMessage *message)
{
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(VccwGuestSource));
    g_auto(VccwMdevFinder) finder = { vccw_relay_host(relay)->driver };
    g_autoptr(GError) error = NULL;

    if (!vccw_relay_has_stock(relay)) {
        vccw_own_call(relay, message);
    } else if (vccw_domains_concern(relay, message) &&
               rewrite(message, &finder, sources, &error)) {
        pass_on(relay, message, &finder, sources);
    } else if (!error) {
        vccw_relay_forward(relay, message);
    } else {
        vccw_relay_fail(relay, &message->header, error);
        vccw_message_free(message);
    }
}

/* -- documents on their way out -- */

static void
on_document(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    gsize behind = 0;
    g_autofree char *text = NULL;
    g_autofree char *restored = NULL;

    if (reply->header.status == VCCW_WIRE_OK &&
        contains(reply->payload, VCCW_GUEST_SOURCE_NS))
        text = vccw_words_text(reply->payload, &behind);
    restored = text ? vccw_guest_source_restore(text) : NULL;
    if (restored)
        vccw_words_replace_text(reply->payload, 0, restored);
    vccw_relay_answer(relay, reply);
}

void
vccw_domains_out(VccwRelay *relay, VccwMessage *message)
{
    if (vccw_relay_has_stock(relay))
        vccw_relay_ask(relay, message, on_document, NULL, NULL);
    else
        vccw_own_call(relay, message);
}
