/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A session keeps a list of its unanswered calls: when the client leaves, each of them is
 * answered with an error at once, so that whoever waits can let go, while the work itself
 * goes on to its end.
 */

#include "base/quote.h"
#include "driver/call.h"
#include "driver/driver.h"
#include "driver/session-private.h"
#include <libvirt/libvirt.h>
#include <virtccw/address.h>
#include <virtccw/error.h>

/* Up to VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE, of libvirt 12.4. */
#define DOMAIN_EVENT_MAX  29
#define SUBSCRIPTIONS_MAX 256 /* of one client: each costs a little for every event */

typedef struct {
    gint32 callback_id;
    gint32 event;
    gboolean of_domain;
    char *device; /* canonical name of a node device, UUID of a domain; NULL for all */
} Subscription;

struct _VccwSession {
    VccwDriver *driver;
    gboolean read_only;
    gboolean opened;
    VccwSessionSink sink;
    gpointer data;
    GPtrArray *calls;         /* of VccwCall *, not owned */
    GPtrArray *subscriptions; /* of Subscription * */
};

static void
subscription_free(gpointer data)
{
    Subscription *subscription = data;

    g_free(subscription->device);
    g_free(subscription);
}

VccwSession *
vccw_session_new(VccwDriver *driver,
                 gboolean read_only,
                 const VccwSessionSink *sink,
                 gpointer data)
{
    VccwSession *session = g_new0(VccwSession, 1);

    session->driver = driver;
    session->read_only = read_only;
    session->sink = *sink;
    session->data = data;
    session->calls = g_ptr_array_new();
    session->subscriptions = g_ptr_array_new_with_free_func(subscription_free);
    vccw_driver_add_session(driver, session);
    return session;
}

void
vccw_session_free(VccwSession *session)
{
    g_autoptr(GError) gone = NULL;

    if (!session)
        return;
    vccw_driver_remove_session(session->driver, session);
    gone = g_error_new_literal(VCCW_ERROR, VCCW_ERROR_RPC, "the client has left");
    while (session->calls->len > 0)
        vccw_call_fail(session->calls->pdata[session->calls->len - 1], gone);
    g_ptr_array_unref(session->calls);
    g_ptr_array_unref(session->subscriptions);
    g_free(session);
}

VccwDriver *
vccw_session_driver(VccwSession *session)
{
    return session->driver;
}

gboolean
vccw_session_read_only(VccwSession *session)
{
    return session->read_only;
}

gboolean
vccw_session_open(VccwSession *session, gboolean read_only, GError **error)
{
    if (session->opened) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "this connection is open already");
        return FALSE;
    }
    session->opened = TRUE;
    session->read_only |= read_only;
    return TRUE;
}

void
vccw_session_close(VccwSession *session)
{
    session->opened = FALSE;
    g_ptr_array_set_size(session->subscriptions, 0);
}

gboolean
vccw_session_check(VccwSession *session, const VccwOperation *operation, GError **error)
{
    if (!session->opened && !operation->before_open) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL,
                    "the connection is not open: call virConnectOpen before vir%s",
                    operation->name);
        return FALSE;
    }
    if (session->read_only && !operation->read_only) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_READ_ONLY,
                    "read only access prevents vir%s", operation->name);
        return FALSE;
    }
    return TRUE;
}

void
vccw_session_call(VccwSession *session,
                  const VccwOperation *operation,
                  const VccwArgs *args,
                  VccwCallDone done,
                  gpointer data)
{
    g_autoptr(VccwCall) call = vccw_call_new(session, operation, args, done, data);
    GError *error = NULL;

    g_ptr_array_add(session->calls, call);
    if (!vccw_session_check(session, operation, &error))
        vccw_call_fail_take(call, error);
    else
        operation->handler(call);
}

void
vccw_session_forget_call(VccwSession *session, VccwCall *call)
{
    g_ptr_array_remove_fast(session->calls, call);
}

/* Devices may be named in any form that a lookup takes; events carry the canonical one.
 * What is no name of any device is not kept: it may be long, and no event ever has it.
 */
static gboolean
canonical_device(const char *device, char **ret_canonical, GError **error)
{
    g_autofree char *quoted = NULL;
    VccwNodeName name;

    if (!device) {
        *ret_canonical = NULL;
        return TRUE;
    }
    if (vccw_node_name_parse(device, &name, NULL)) {
        *ret_canonical = vccw_node_name_to_string(&name);
        return TRUE;
    }
    quoted = vccw_quote(device, VCCW_QUOTE_VALUE);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE,
                "no node device with matching name %s", quoted);
    return FALSE;
}

/* Each event is told once to each client, so nobody can multiply what it costs. */
static gboolean
is_subscribed(const VccwSession *session,
              gboolean of_domain,
              gint32 event,
              const char *device)
{
    for (guint i = 0; i < session->subscriptions->len; i++) {
        const Subscription *known = session->subscriptions->pdata[i];

        if (known->of_domain == of_domain && known->event == event &&
            g_strcmp0(known->device, device) == 0)
            return TRUE;
    }
    return FALSE;
}

/* @device: (transfer full) (nullable) */
static gint32
subscribe(VccwSession *session,
          gboolean of_domain,
          gint32 event,
          char *device,
          GError **error)
{
    g_autofree char *owned = device;
    Subscription *subscription;

    if (session->subscriptions->len >= SUBSCRIPTIONS_MAX) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                    "this connection listens to %d events already: deregister some first",
                    SUBSCRIPTIONS_MAX);
        return -1;
    }
    if (is_subscribed(session, of_domain, event, device)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "event callback already tracked: this connection listens to this "
                    "event already");
        return -1;
    }
    subscription = g_new0(Subscription, 1);
    subscription->callback_id = vccw_driver_next_callback_id(session->driver);
    subscription->of_domain = of_domain;
    subscription->event = event;
    subscription->device = g_steal_pointer(&owned);
    g_ptr_array_add(session->subscriptions, subscription);
    return subscription->callback_id;
}

gint32
vccw_session_subscribe(VccwSession *session,
                       gint32 event,
                       const char *device,
                       GError **error)
{
    char *canonical;

    if (event != VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE &&
        event != VIR_NODE_DEVICE_EVENT_ID_UPDATE) {
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
            "unknown node device event %d: there are 0 (lifecycle) and 1 (update)",
            event);
        return -1;
    }
    if (!canonical_device(device, &canonical, error))
        return -1;
    if (event == VIR_NODE_DEVICE_EVENT_ID_UPDATE)
        vccw_driver_watch_uses(session->driver);
    return subscribe(session, FALSE, event, canonical, error);
}

gint32
vccw_session_subscribe_domain(VccwSession *session,
                              gint32 event,
                              const VccwUuid *uuid,
                              GError **error)
{
    if (event < 0 || event > DOMAIN_EVENT_MAX) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "unknown domain event %d: there are 0 (lifecycle) to %d", event,
                    DOMAIN_EVENT_MAX);
        return -1;
    }
    return subscribe(session, TRUE, event, uuid ? vccw_uuid_to_string(uuid) : NULL,
                     error);
}

gboolean
vccw_session_unsubscribe(VccwSession *session,
                         gboolean of_domain,
                         gint32 callback_id,
                         GError **error)
{
    for (guint i = 0; i < session->subscriptions->len; i++) {
        Subscription *subscription = session->subscriptions->pdata[i];

        if (subscription->callback_id == callback_id &&
            subscription->of_domain == of_domain) {
            g_ptr_array_remove_index(session->subscriptions, i);
            return TRUE;
        }
    }
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "%s event callback %d is not registered",
                of_domain ? "domain" : "node device", callback_id);
    return FALSE;
}

static gboolean
wants(const Subscription *subscription, gint32 event, const char *name)
{
    return !subscription->of_domain && subscription->event == event &&
           (!subscription->device || g_str_equal(subscription->device, name));
}

void
vccw_session_lifecycle(VccwSession *session, const char *name, gint32 event)
{
    for (guint i = 0; i < session->subscriptions->len; i++) {
        Subscription *subscription = session->subscriptions->pdata[i];

        if (wants(subscription, VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, name))
            session->sink.lifecycle(session->data, subscription->callback_id, name, event,
                                    0);
    }
}

void
vccw_session_update(VccwSession *session, const char *name)
{
    for (guint i = 0; i < session->subscriptions->len; i++) {
        Subscription *subscription = session->subscriptions->pdata[i];

        if (wants(subscription, VIR_NODE_DEVICE_EVENT_ID_UPDATE, name))
            session->sink.update(session->data, subscription->callback_id, name);
    }
}

static gboolean
wants_domain(const Subscription *subscription, gint32 event, const char *uuid)
{
    return subscription->of_domain && subscription->event == event &&
           (!subscription->device || g_str_equal(subscription->device, uuid));
}

void
vccw_session_domain_lifecycle(VccwSession *session,
                              const VccwDomainRef *domain,
                              gint32 event,
                              gint32 detail)
{
    g_autofree char *uuid = vccw_uuid_to_string(&domain->uuid);

    for (guint i = 0; session->sink.domain_lifecycle && i < session->subscriptions->len;
         i++) {
        Subscription *subscription = session->subscriptions->pdata[i];

        if (wants_domain(subscription, VIR_DOMAIN_EVENT_ID_LIFECYCLE, uuid))
            session->sink.domain_lifecycle(session->data, subscription->callback_id,
                                           domain, event, detail);
    }
}

void
vccw_session_domain_metadata(VccwSession *session,
                             const VccwDomainRef *domain,
                             gint32 type,
                             const char *uri)
{
    g_autofree char *uuid = vccw_uuid_to_string(&domain->uuid);

    for (guint i = 0; session->sink.domain_metadata && i < session->subscriptions->len;
         i++) {
        Subscription *subscription = session->subscriptions->pdata[i];

        if (wants_domain(subscription, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, uuid))
            session->sink.domain_metadata(session->data, subscription->callback_id,
                                          domain, type, uri);
    }
}
