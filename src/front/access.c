/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The actions are libvirt's, "org.libvirt.api.OBJECT.VERB", and so are the details that a
 * rule of an administrator may look at.
 */

#include "front/access.h"
#include "config.h"
#include "driver/virerror.h"
#include <string.h>
#ifdef HAVE_SYSTEMD
#include "front/polkit.h"
#endif

#define PREFIX "org.libvirt.api."

typedef struct {
    GList link; /* in the relay's list */
    VccwRelay *relay;
    char *action;
    guint refusal; /* where there is no polkit to ask */
#ifdef HAVE_SYSTEMD
    VccwPolkitQuestion *question;
#endif
    VccwAccessFunc func;
    gpointer data;
    GDestroyNotify destroy;
} Asking;

gboolean
vccw_access_is_free(const VccwRelay *relay, const VccwOperation *operation)
{
    /* What is in no table is a step of a change that the stock daemon is asked about, and
     * so is the opening; without it, to open gives nothing yet. */
    return !vccw_relay_host((VccwRelay *)relay)->access_control ||
           vccw_relay_peer(relay)->uid == 0 || !operation->permission ||
           !operation->procedure || operation->before_open;
}

/* Returns: (transfer full): what it is about; it is the caller's to free. */
static Asking *
take_out(Asking *asking)
{
    g_queue_unlink(vccw_relay_asking(asking->relay), &asking->link);
#ifdef HAVE_SYSTEMD
    vccw_polkit_question_free(asking->question);
#endif
    g_clear_handle_id(&asking->refusal, g_source_remove);
    return asking;
}

static void
asking_free(Asking *asking)
{
    if (asking->data && asking->destroy)
        asking->destroy(asking->data);
    g_free(asking->action);
    g_free(asking);
}

void
vccw_access_end(VccwRelay *relay)
{
    GQueue *all = vccw_relay_asking(relay);

    while (all->head)
        asking_free(take_out(all->head->data));
}

static void
answer(Asking *asking, gboolean allowed, const char *detail)
{
    VccwRelay *relay = asking->relay;
    g_autoptr(GError) refusal = NULL;

    if (!allowed)
        refusal = g_error_new(VCCW_ACCESS_ERROR, 0, "polkit does not allow '%s'%s%s",
                              asking->action, detail ? ": " : "", detail ? detail : "");
    take_out(asking);
    asking->func(relay, refusal, g_steal_pointer(&asking->data));
    asking_free(asking);
    vccw_relay_touch(relay);
}

#ifdef HAVE_SYSTEMD
static void
on_answer(VccwPolkitAnswer said, const char *detail, gpointer data)
{
    answer(data, said == VCCW_POLKIT_YES, detail);
}

/* What the stock daemon would tell of the connection, and of the device. */
static void
ask(Asking *asking, const VccwArgs *args)
{
    const VccwRelayPeer *peer = vccw_relay_peer(asking->relay);
    const VccwStock *stock = vccw_relay_stock(asking->relay);
    gboolean nodedev = stock->spare && !stock->scheme;
    gboolean device = strstr(asking->action, ".node-device.") && args->name;
    VccwNodeName name;
    g_autofree char *canonical = device && vccw_node_name_parse(args->name, &name, NULL)
                                     ? vccw_node_name_to_string(&name)
                                     : NULL;
    const VccwPolkitDetail details[] = {
        { "connect_driver", nodedev ? "nodedev" : "QEMU" },
        { canonical ? "node_device_name" : NULL, canonical },
        { NULL, NULL },
    };

    asking->question = vccw_polkit_ask(
        (VccwPolkit *)vccw_relay_host(asking->relay)->authority, peer->pid, peer->start,
        peer->uid, asking->action, details, on_answer, asking);
}
#else
static gboolean
refuse(gpointer data)
{
    Asking *asking = data;

    asking->refusal = 0;
    answer(asking, FALSE, "virtccwd was built without it");
    return G_SOURCE_REMOVE;
}

static void
ask(Asking *asking, const VccwArgs *args)
{
    asking->refusal = g_idle_add(refuse, asking);
}
#endif

void
vccw_access_ask(VccwRelay *relay,
                const VccwOperation *operation,
                const VccwArgs *args,
                VccwAccessFunc func,
                gpointer data,
                GDestroyNotify destroy)
{
    Asking *asking = g_new0(Asking, 1);

    asking->link.data = asking;
    asking->relay = relay;
    asking->action = g_strconcat(PREFIX, operation->permission, NULL);
    asking->func = func;
    asking->data = data;
    asking->destroy = destroy;
    g_queue_push_tail_link(vccw_relay_asking(relay), &asking->link);
    ask(asking, args);
}
