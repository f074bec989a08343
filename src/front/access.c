/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The actions are libvirt's, "org.libvirt.api.OBJECT.VERB", and so are the details that a
 * rule of an administrator may look at.
 */

#include "front/access.h"
#include "config.h"
#include "driver/node.h"
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
    guint refusal; /* where polkit cannot be asked */
#ifdef HAVE_SYSTEMD
    VccwPolkitQuestion *question;
#endif
    VccwAccessFunc func;
    gpointer data;
    GDestroyNotify destroy;
} Asking;

gboolean
vccw_access_sees_all(const VccwRelay *relay)
{
    return !vccw_relay_host((VccwRelay *)relay)->access_control ||
           vccw_relay_actor(relay)->uid == 0;
}

gboolean
vccw_access_is_free(const VccwRelay *relay, const VccwOperation *operation)
{
    /* What is in no table is a step of a change that the stock daemon is asked about, and
     * so is the opening; without it, to open gives nothing yet. */
    return vccw_access_sees_all(relay) || !operation->permission ||
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

static gboolean
refuse(gpointer data)
{
    Asking *asking = data;

    asking->refusal = 0;
    answer(asking, FALSE, "it cannot be asked");
    return G_SOURCE_REMOVE;
}

static void
refuse_later(Asking *asking)
{
    asking->refusal = g_idle_add(refuse, asking);
}

#ifdef HAVE_SYSTEMD
/* This permission came to libvirt later than the others. A host's libvirt without it has
 * no such action, and asks nobody. */
static gboolean
is_unknown_to_libvirt(const Asking *asking, VccwPolkitAnswer said, const char *detail)
{
    return said == VCCW_POLKIT_UNKNOWN && detail &&
           g_str_equal(asking->action, PREFIX "node-device.save") &&
           g_str_has_suffix(detail, " is not registered");
}

static void
on_answer(VccwPolkitAnswer said, const char *detail, gpointer data)
{
    Asking *asking = data;

    answer(asking, said == VCCW_POLKIT_YES || is_unknown_to_libvirt(asking, said, detail),
           detail);
}

/* What is missing polkit would look up by the rest, and that may be somebody else's. */
static gboolean
is_known(const VccwActor *actor)
{
    return actor->uid != (uid_t)-1 && actor->pid > 0 && actor->start > 0;
}

/* A rule of an administrator names a device in one way, and clients may in several. What
 * is yet to be made, libvirt calls a new device. */
static char *
name_device(VccwRelay *relay, const char *device)
{
    VccwNodeName name;

    if (vccw_node_lookup(vccw_relay_host(relay)->driver, device, &name, NULL, NULL) ||
        vccw_node_name_parse(device, &name, NULL))
        return vccw_node_name_to_string(&name);
    return g_strdup("new device");
}

/* What the stock daemon would tell of the connection, and of the device. */
static void
ask(Asking *asking, const char *device)
{
    const VccwActor *actor = vccw_relay_actor(asking->relay);
    const VccwStock *stock = vccw_relay_stock(asking->relay);
    gboolean nodedev = stock->spare && !stock->scheme;
    g_autofree char *name = device ? name_device(asking->relay, device) : NULL;
    const VccwPolkitDetail details[] = {
        { "connect_driver", nodedev ? "nodedev" : "QEMU" },
        { name ? "node_device_name" : NULL, name },
        { NULL, NULL },
    };

    if (!is_known(actor)) {
        refuse_later(asking);
        return;
    }
    asking->question = vccw_polkit_ask(
        (VccwPolkit *)vccw_relay_host(asking->relay)->authority, actor->pid, actor->start,
        actor->uid, asking->action, details, on_answer, asking);
}
#else
static void
ask(Asking *asking, const char *device)
{
    refuse_later(asking);
}
#endif

static void
begin(VccwRelay *relay,
      const char *permission,
      const char *device,
      VccwAccessFunc func,
      gpointer data,
      GDestroyNotify destroy)
{
    Asking *asking = g_new0(Asking, 1);

    asking->link.data = asking;
    asking->relay = relay;
    asking->action = g_strconcat(PREFIX, permission, NULL);
    asking->func = func;
    asking->data = data;
    asking->destroy = destroy;
    g_queue_push_tail_link(vccw_relay_asking(relay), &asking->link);
    ask(asking, device);
}

void
vccw_access_ask(VccwRelay *relay,
                const VccwOperation *operation,
                const VccwArgs *args,
                VccwAccessFunc func,
                gpointer data,
                GDestroyNotify destroy)
{
    gboolean device = g_str_has_prefix(operation->permission, "node-device.");

    begin(relay, operation->permission, device ? args->name : NULL, func, data, destroy);
}

void
vccw_access_ask_also(VccwRelay *relay,
                     const VccwOperation *operation,
                     const VccwArgs *args,
                     VccwAccessFunc func,
                     gpointer data,
                     GDestroyNotify destroy)
{
    const char *permission = vccw_operation_also(operation, args->flags);
    gboolean device = g_str_has_prefix(permission, "node-device.");

    begin(relay, permission, device ? args->name : NULL, func, data, destroy);
}

void
vccw_access_ask_sight(VccwRelay *relay,
                      const char *device,
                      VccwAccessFunc func,
                      gpointer data,
                      GDestroyNotify destroy)
{
    begin(relay, "node-device.getattr", device, func, data, destroy);
}

/* -- lists -- */

typedef struct {
    GPtrArray *names;
    guint at;   /* the one that is asked about */
    guint kept; /* so many of those before it may be seen, and stand at the beginning */
    VccwAccessNames func;
    gpointer data;
    GDestroyNotify destroy;
} Filter;

static void
filter_free(gpointer data)
{
    Filter *filter = data;

    if (filter->data && filter->destroy)
        filter->destroy(filter->data);
    g_ptr_array_unref(filter->names);
    g_free(filter);
}

static void on_sight(VccwRelay *relay, const GError *refusal, gpointer data);

static void
filter_next(VccwRelay *relay, Filter *filter)
{
    if (filter->at < filter->names->len) {
        vccw_access_ask_sight(relay, filter->names->pdata[filter->at], on_sight, filter,
                              filter_free);
        return;
    }
    g_ptr_array_set_size(filter->names, filter->kept);
    filter->func(relay, filter->names, g_steal_pointer(&filter->data));
    filter_free(filter);
}

static void
on_sight(VccwRelay *relay, const GError *refusal, gpointer data)
{
    Filter *filter = data;
    gpointer *names = filter->names->pdata;

    if (!refusal) {
        gpointer seen = names[filter->at];

        names[filter->at] = names[filter->kept];
        names[filter->kept++] = seen;
    }
    filter->at++;
    filter_next(relay, filter);
}

void
vccw_access_filter(VccwRelay *relay,
                   GPtrArray *names,
                   VccwAccessNames func,
                   gpointer data,
                   GDestroyNotify destroy)
{
    Filter *filter = g_new0(Filter, 1);

    *filter = (Filter){ names, 0, 0, func, data, destroy };
    if (vccw_access_sees_all(relay))
        filter->at = filter->kept = names->len;
    filter_next(relay, filter);
}
