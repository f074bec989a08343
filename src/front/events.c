/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A client notes down a callback's ID only after the call returned, and drops events
 * that come before; so ours are held for a moment after each registration.
 *
 * Where access control may keep a device from the client, polkit is asked about each
 * event, one at a time, so that they stay in order.
 */

#include "front/events.h"
#include "front/access.h"
#include "front/nodes.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <virtccw/error.h>

#define HOLD_TIME 50 /* milliseconds */
#define NO_ID     (-1)
#define IDS_MAX   1024 /* callbacks of one client */
#define ASKED_MAX 4096 /* events of one client that polkit has to be asked about */
#define ASKED_FEW 64   /* the same while clients together have too much waiting */

typedef struct {
    gint32 client; /* what the client was told */
    gint32 own;    /* our driver's; or NO_ID */
    gint32 stock;  /* the stock daemon's; or NO_ID */
} Ids;

struct _VccwEventIds {
    VccwRelay *relay;
    GPtrArray *all; /* of Ids */
    gint32 next;
    guint pending;    /* registrations that are not answered yet */
    guint hold;       /* the source that ends the moment */
    VccwBuffer held;  /* events of ours */
    GQueue asked;     /* of Event: polkit is being asked about the first */
    gsize asked_size; /* bytes that these take */
};

/* An event of ours. */
typedef struct {
    gint32 own; /* our driver's ID */
    char *name; /* of the device */
    gboolean lifecycle;
    gint32 event, detail;  /* of that; or a kind of metadata */
    VccwDomainRef *domain; /* it is of a domain of ours, and no device; or NULL */
    char *uri;             /* of its metadata, or NULL */
} Event;

/* A call to register that waits for the stock daemon. */
typedef struct {
    VccwMessage *message;
    Ids ids;
} Registration;

VccwEventIds *
vccw_event_ids_new(VccwRelay *relay)
{
    VccwEventIds *ids = g_new0(VccwEventIds, 1);

    ids->relay = relay;
    ids->all = g_ptr_array_new_with_free_func(g_free);
    g_queue_init(&ids->asked);
    return ids;
}

static void
event_free(gpointer data)
{
    Event *event = data;

    g_free(event->name);
    g_free(event->uri);
    vccw_domain_ref_free(event->domain);
    g_free(event);
}

void
vccw_event_ids_free(VccwEventIds *ids)
{
    if (!ids)
        return;
    g_clear_handle_id(&ids->hold, g_source_remove);
    g_ptr_array_unref(ids->all);
    vccw_buffer_clear(&ids->held);
    g_queue_clear_full(&ids->asked, event_free);
    g_free(ids);
}

/* With what the allocator needs for itself. A client may give metadata a long URI. */
static gsize
size_of(const Event *event)
{
    return sizeof(*event) + sizeof(GList) + 64 + (event->name ? strlen(event->name) : 0) +
           (event->uri ? strlen(event->uri) : 0) +
           (event->domain ? sizeof(*event->domain) + strlen(event->domain->name) : 0);
}

gsize
vccw_event_ids_waiting(const VccwEventIds *ids)
{
    return vccw_buffer_length(&ids->held) + ids->asked_size;
}

static VccwBuffer *
buffer_for_own(VccwEventIds *ids)
{
    return ids->pending || ids->hold ? &ids->held : vccw_relay_output(ids->relay);
}

static void
appended(VccwEventIds *ids)
{
    if (vccw_buffer_length(&ids->held) > vccw_relay_host(ids->relay)->max_output)
        vccw_relay_drop(ids->relay, "it does not read what it is sent");
    else
        vccw_relay_put(ids->relay);
}

/* While a registration is under way its client ID is known already, though not to the
 * client: see answer_registration(). */
static const Ids *
find_own(VccwEventIds *ids, gint32 own)
{
    for (guint i = 0; i < ids->all->len; i++) {
        const Ids *known = ids->all->pdata[i];

        if (known->own == own)
            return known;
    }
    return NULL;
}

/* Of domains there are events of ours only where no stock daemon is, and their callbacks
 * have the driver's own IDs. */
static void
pass_domain_event(VccwEventIds *ids, const Event *event)
{
    if (event->lifecycle)
        vccw_codec_put_domain_lifecycle(buffer_for_own(ids), event->own, event->domain,
                                        event->event, event->detail);
    else
        vccw_codec_put_domain_metadata(buffer_for_own(ids), event->own, event->domain,
                                       event->event, event->uri);
    appended(ids);
}

static void
pass_event(VccwEventIds *ids, const Event *event)
{
    const Ids *known = find_own(ids, event->own);

    if (event->domain) {
        pass_domain_event(ids, event);
        return;
    }
    if (!known)
        return;
    if (event->lifecycle)
        vccw_codec_put_lifecycle(buffer_for_own(ids), known->client, event->name,
                                 event->event, event->detail);
    else
        vccw_codec_put_update(buffer_for_own(ids), known->client, event->name);
    appended(ids);
}

static void ask_about_first(VccwEventIds *ids);

static void
on_sight(VccwRelay *relay, const GError *refusal, gpointer data)
{
    VccwEventIds *ids = data;
    Event *event = g_queue_pop_head(&ids->asked);

    ids->asked_size -= size_of(event);
    if (!refusal)
        pass_event(ids, event);
    event_free(event);
    ask_about_first(ids);
}

static void
ask_about_first(VccwEventIds *ids)
{
    const Event *event = g_queue_peek_head(&ids->asked);

    if (!event || vccw_relay_is_gone(ids->relay))
        return;
    if (event->domain)
        vccw_access_ask_sight_of_domain(ids->relay, event->domain, on_sight, ids, NULL);
    else
        vccw_access_ask_sight(ids->relay, event->name, on_sight, ids, NULL);
}

static void
on_event(VccwEventIds *ids, const Event *event)
{
    Event *copy;

    if (vccw_relay_is_gone(ids->relay) || (!event->domain && !find_own(ids, event->own)))
        return;
    if (vccw_access_sees_all(ids->relay)) {
        pass_event(ids, event);
        return;
    }
    if (ids->asked.length >=
        (vccw_relay_is_pressed(ids->relay) ? ASKED_FEW : ASKED_MAX)) {
        vccw_relay_drop(ids->relay, "polkit does not keep up with its events");
        return;
    }
    copy = g_memdup2(event, sizeof(*event));
    copy->name = g_strdup(event->name);
    copy->uri = g_strdup(event->uri);
    if (event->domain)
        copy->domain = vccw_domain_ref_new(event->domain->name, &event->domain->uuid,
                                           event->domain->id);
    g_queue_push_tail(&ids->asked, copy);
    ids->asked_size += size_of(copy);
    if (ids->asked.length == 1)
        ask_about_first(ids);
    vccw_relay_touch(ids->relay); /* which counts what waits */
}

static void
on_lifecycle(gpointer data, gint32 own, const char *name, gint32 event, gint32 detail)
{
    const Event told = { own, (char *)name, TRUE, event, detail, NULL, NULL };

    on_event(data, &told);
}

static void
on_update(gpointer data, gint32 own, const char *name)
{
    const Event told = { own, (char *)name, FALSE, 0, 0, NULL, NULL };

    on_event(data, &told);
}

static void
on_domain_lifecycle(gpointer data,
                    gint32 id,
                    const VccwDomainRef *domain,
                    gint32 event,
                    gint32 detail)
{
    const Event told = { id, NULL, TRUE, event, detail, (VccwDomainRef *)domain, NULL };

    on_event(data, &told);
}

static void
on_domain_metadata(gpointer data,
                   gint32 id,
                   const VccwDomainRef *domain,
                   gint32 type,
                   const char *uri)
{
    const Event told = { id, NULL, FALSE, type, 0, (VccwDomainRef *)domain, (char *)uri };

    on_event(data, &told);
}

const VccwSessionSink *
vccw_event_ids_sink(void)
{
    static const VccwSessionSink sink = { .lifecycle = on_lifecycle,
                                          .update = on_update,
                                          .domain_lifecycle = on_domain_lifecycle,
                                          .domain_metadata = on_domain_metadata };

    return &sink;
}

void
vccw_event_ids_from_stock(VccwEventIds *ids, VccwMessage *message)
{
    gint32 stock = vccw_words_at(message->payload, 0);
    gsize at = 4;
    g_autofree char *name = vccw_words_text(message->payload, &at);

    for (guint i = 0; name && i < ids->all->len; i++) {
        const Ids *known = ids->all->pdata[i];

        if (known->stock != stock)
            continue;
        if (vccw_nodes_is_ours(name))
            break;
        vccw_words_set(message->payload, 0, known->client);
        vccw_relay_answer(ids->relay, message);
        return;
    }
    vccw_message_free(message);
}

static gboolean
end_hold(gpointer data)
{
    VccwEventIds *ids = data;

    ids->hold = 0;
    if (ids->pending == 0)
        vccw_buffer_move(vccw_relay_output(ids->relay), &ids->held);
    vccw_relay_put(ids->relay);
    return G_SOURCE_REMOVE;
}

static void
hold_events(VccwEventIds *ids)
{
    if (!ids->hold)
        ids->hold = g_timeout_add(HOLD_TIME, end_hold, ids);
}

static void
remove_ids(VccwEventIds *ids, gint32 client)
{
    for (guint i = 0; i < ids->all->len; i++) {
        if (((const Ids *)ids->all->pdata[i])->client == client) {
            g_ptr_array_remove_index(ids->all, i);
            return;
        }
    }
}

static void
add_ids(VccwEventIds *ids, const Ids *added)
{
    remove_ids(ids, added->client);
    g_ptr_array_add(ids->all, g_memdup2(added, sizeof(*added)));
}

static void
registration_free(gpointer data)
{
    Registration *registration = data;

    vccw_message_free(registration->message);
    g_free(registration);
}

static void
ignore(const VccwResult *result, const GError *error, gpointer data)
{
}

/* What we have begun ourselves needs nobody's leave to end. */
static void
forget_own(VccwRelay *relay, gint32 own)
{
    VccwArgs args = { .number = own };

    if (own != NO_ID)
        vccw_session_call(vccw_relay_session(relay),
                          vccw_operation_find(VCCW_WIRE_EVENT_DEREGISTER), &args, ignore,
                          NULL);
}

static void
answer_registration(VccwRelay *relay, Registration *registration)
{
    VccwEventIds *ids = vccw_relay_events(relay);
    VccwResult result = { .number = registration->ids.client };

    ids->pending--;
    add_ids(ids, &registration->ids);
    hold_events(ids);
    vccw_own_return(relay, &registration->message->header, &result);
    registration_free(registration);
}

static void
on_stock_registered(VccwRelay *relay, VccwMessage *message, gpointer data)
{
    g_autoptr(VccwMessage) reply = message;
    Registration *registration = data;
    Ids *ids = &registration->ids;

    if (reply->header.status == VCCW_WIRE_OK)
        ids->stock = vccw_words_at(reply->payload, 0);
    if (ids->stock != NO_ID || (ids->own != NO_ID && vccw_nodes_is_unsupported(reply))) {
        answer_registration(relay, registration);
        return;
    }
    vccw_relay_events(relay)->pending--;
    remove_ids(vccw_relay_events(relay), ids->client);
    forget_own(relay, ids->own);
    vccw_relay_answer(relay, g_steal_pointer(&reply));
    hold_events(vccw_relay_events(relay));
    registration_free(registration);
}

static VccwMessage *
copy_call(const VccwMessage *message)
{
    VccwMessage *copy = vccw_message_new(&message->header);

    g_byte_array_append(copy->payload, message->payload->data, message->payload->len);
    return copy;
}

static void
register_with_stock(VccwRelay *relay, Registration *registration)
{
    vccw_relay_ask(relay, copy_call(registration->message), on_stock_registered,
                   registration, registration_free);
}

static void
on_own_registered(VccwRelay *relay,
                  const VccwResult *result,
                  const GError *error,
                  gpointer data)
{
    Registration *registration = data;

    if (error) {
        vccw_relay_events(relay)->pending--;
        hold_events(vccw_relay_events(relay));
        vccw_relay_fail(relay, &registration->message->header, error);
        registration_free(registration);
        return;
    }
    registration->ids.own = result->number;
    add_ids(vccw_relay_events(relay), &registration->ids);
    if (vccw_relay_has_stock(relay) &&
        !vccw_nodes_is_about_ours(registration->message, 4))
        register_with_stock(relay, registration);
    else
        answer_registration(relay, registration);
}

static void
refuse_registration(VccwRelay *relay, VccwMessage *message)
{
    g_autoptr(GError) error = g_error_new(
        VCCW_ERROR, VCCW_ERROR_BUSY,
        "this connection listens to %d events already: deregister some first", IDS_MAX);

    vccw_relay_fail(relay, &message->header, error);
    vccw_message_free(message);
}

void
vccw_events_register(VccwRelay *relay, VccwMessage *message)
{
    VccwEventIds *ids = vccw_relay_events(relay);
    Registration *registration;
    VccwArgs args;

    if (ids->all->len + ids->pending >= IDS_MAX) {
        refuse_registration(relay, message);
        return;
    }
    if (!vccw_own_read(relay, message, &args)) {
        vccw_message_free(message);
        return;
    }
    registration = g_new(Registration, 1);
    *registration = (Registration){ message, { ids->next++, NO_ID, NO_ID } };
    ids->pending++;
    if (!args.name || vccw_nodes_is_ours(args.name))
        vccw_own_ask(relay, VCCW_WIRE_EVENT_REGISTER, &args, on_own_registered,
                     registration, registration_free);
    else
        register_with_stock(relay, registration);
    vccw_codec_clear_args(&args);
}

/* polkit may have been asked, for long: the moment begins with the answer. */
static void
on_domain_registered(VccwRelay *relay,
                     const VccwResult *result,
                     const GError *error,
                     gpointer data)
{
    g_autoptr(VccwMessage) message = data;

    vccw_relay_events(relay)->pending--;
    hold_events(vccw_relay_events(relay));
    if (error)
        vccw_relay_fail(relay, &message->header, error);
    else
        vccw_own_return(relay, &message->header, result);
}

void
vccw_events_register_domain(VccwRelay *relay, VccwMessage *message)
{
    VccwArgs args;

    if (vccw_relay_has_stock(relay)) {
        vccw_relay_forward(relay, message);
        return;
    }
    if (!vccw_own_read(relay, message, &args)) {
        vccw_message_free(message);
        return;
    }
    vccw_relay_events(relay)->pending++;
    vccw_own_ask(relay, message->header.procedure, &args, on_domain_registered, message,
                 (GDestroyNotify)vccw_message_free);
    vccw_codec_clear_args(&args);
}

void
vccw_events_deregister(VccwRelay *relay, VccwMessage *message)
{
    VccwEventIds *ids = vccw_relay_events(relay);
    gint32 client = vccw_words_at(message->payload, 0);
    static const VccwResult nothing = { 0 };

    for (guint i = 0; i < ids->all->len; i++) {
        const Ids known = *(const Ids *)ids->all->pdata[i];

        if (known.client != client)
            continue;
        g_ptr_array_remove_index(ids->all, i);
        forget_own(relay, known.own);
        if (known.stock != NO_ID) {
            vccw_words_set(message->payload, 0, known.stock);
            vccw_relay_forward(relay, message);
        } else {
            vccw_own_return(relay, &message->header, &nothing);
            vccw_message_free(message);
        }
        return;
    }
    vccw_own_call(relay, message); /* which says that there is no such callback */
}
