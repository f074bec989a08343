/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/mdevs.h"
#include "front/own.h"
#include "front/words.h"
#include "rpc/protocol.h"
#include <libvirt/virterror.h>

#define DEFINE 428 /* procedure of libvirt's remote program */

/* A document that nobody can define: libvirt looks at the rights first, and then at what
 * is to be defined. So its answer tells whether the client may define node devices. */
static const char probe[] =
    "<device><name>computer</name><capability type='system'><hardware><uuid>"
    "00000000-0000-0000-0000-000000000000</uuid></hardware></capability></device>";

typedef struct {
    GPtrArray *wanted;
    VccwMdevsDone done;
    gpointer data;
    GDestroyNotify destroy;
} Defining;

static char *
describe(VccwMdevFinder *finder, const VccwGuestSource *source)
{
    VccwFoundMdev found;
    VccwNodeName parent;
    g_autofree char *uuid = NULL;
    g_autofree char *name = NULL;

    if (!source->by_device || source->name.kind == VCCW_NODE_MDEV)
        return NULL;
    vccw_find_mdev(finder, &source->name, &found);
    if (found.exists || !found.has_parent)
        return NULL;
    parent = vccw_node_name_css(&found.parent);
    name = vccw_node_name_to_string(&parent);
    uuid = vccw_uuid_to_string(&source->uuid);
    return g_strdup_printf("<device><parent>%s</parent><capability type='mdev'>"
                           "<type id='vfio_ccw-io'/><uuid>%s</uuid></capability>"
                           "</device>",
                           name, uuid);
}

GPtrArray *
vccw_mdevs_wanted(VccwMdevFinder *finder, const GArray *sources)
{
    GPtrArray *wanted = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < sources->len; i++) {
        char *text = describe(finder, &g_array_index(sources, VccwGuestSource, i));

        if (text)
            g_ptr_array_add(wanted, text);
    }
    return wanted;
}

static void
defining_free(gpointer data)
{
    Defining *defining = data;

    if (defining->data && defining->destroy)
        defining->destroy(defining->data);
    g_ptr_array_unref(defining->wanted);
    g_free(defining);
}

static void
end(VccwRelay *relay, Defining *defining, const GError *error)
{
    defining->done(relay, error, g_steal_pointer(&defining->data));
    defining_free(defining);
}

static void define_next(VccwRelay *relay, Defining *defining);

static void
on_defined(VccwRelay *relay, const VccwResult *result, const GError *error, gpointer data)
{
    if (error)
        end(relay, data, error);
    else
        define_next(relay, data);
}

static void
define_next(VccwRelay *relay, Defining *defining)
{
    g_autofree char *text = NULL;
    VccwArgs args = { 0 };

    if (!defining->wanted->len) {
        end(relay, defining, NULL);
        return;
    }
    text = g_ptr_array_steal_index(defining->wanted, 0);
    args.name = text;
    vccw_own_ask(relay, DEFINE, &args, on_defined, defining, defining_free);
}

static void
on_probed(VccwRelay *relay, VccwMessage *reply, gpointer data)
{
    Defining *defining = data;
    gboolean failed = reply->header.status != VCCW_WIRE_OK;
    guint32 code = failed ? vccw_words_at(reply->payload, 0) : 0;

    vccw_message_free(reply);
    if (code == VIR_ERR_ACCESS_DENIED || code == VIR_ERR_OPERATION_DENIED ||
        code == VIR_ERR_AUTH_FAILED || code == VIR_ERR_AUTH_CANCELLED ||
        code == VIR_ERR_AUTH_UNAVAILABLE)
        end(relay, defining, NULL);
    else
        define_next(relay, defining);
}

void
vccw_mdevs_define(VccwRelay *relay,
                  const VccwHeader *call,
                  GPtrArray *wanted,
                  VccwMdevsDone done,
                  gpointer data,
                  GDestroyNotify destroy)
{
    Defining *defining = g_new(Defining, 1);
    VccwMessage *message;

    *defining = (Defining){ wanted, done, data, destroy };
    if (!wanted->len) {
        end(relay, defining, NULL);
        return;
    }
    message = vccw_message_new(call);
    message->header.type = VCCW_WIRE_CALL;
    message->header.status = VCCW_WIRE_OK;
    message->header.procedure = DEFINE;
    vccw_words_put_text(message->payload, probe);
    vccw_words_put(message->payload, 0);
    vccw_relay_ask(relay, message, on_probed, defining, defining_free);
}
