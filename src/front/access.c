/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The actions are libvirt's, "org.libvirt.api.OBJECT.VERB", and so are the details that a
 * rule of an administrator may look at.
 */

#include "front/access.h"
#include "base/quote.h"
#include "config.h"
#include "driver/domain.h"
#include "driver/driver.h"
#include "driver/node.h"
#include "driver/virerror.h"
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>
#ifdef HAVE_SYSTEMD
#include "front/polkit.h"
#endif

#define PREFIX "org.libvirt.api."

/* What a question is about: a node device, a domain, or neither. */
typedef struct {
    const char *device;
    char *domain, *uuid;
} About;

typedef struct {
    GList link; /* in the relay's list */
    VccwRelay *relay;
    char *action;
    guint refusal; /* where polkit cannot be asked */
    GError *cause; /* of that; or NULL */
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
    g_clear_error(&asking->cause);
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

    if (asking->cause)
        refusal = g_steal_pointer(&asking->cause);
    else if (!allowed)
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
ask(Asking *asking, const About *about)
{
    const VccwActor *actor = vccw_relay_actor(asking->relay);
    const VccwStock *stock = vccw_relay_stock(asking->relay);
    gboolean nodedev = stock->spare && !stock->scheme;
    g_autofree char *name =
        about->device ? name_device(asking->relay, about->device) : NULL;
    const VccwPolkitDetail details[] = {
        { "connect_driver", nodedev ? "nodedev" : "QEMU" },
        { name            ? "node_device_name"
          : about->domain ? "domain_name"
                          : NULL,
          name ? name : about->domain },
        { about->uuid ? "domain_uuid" : NULL, about->uuid },
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
ask(Asking *asking, const About *about)
{
    refuse_later(asking);
}
#endif

static void
name_domain(About *about, const char *name, const VccwUuid *uuid)
{
    about->domain = g_strdup(name);
    about->uuid = vccw_uuid_to_string(uuid);
}

static gboolean
read_document(const char *text, About *ret_about, GError **error)
{
    g_autoptr(VccwDomainXml) xml = vccw_domain_xml_parse(text, FALSE, error);

    if (xml)
        name_domain(ret_about, vccw_domain_xml_name(xml), vccw_domain_xml_uuid(xml));
    return xml != NULL;
}

static const VccwDomainDefinition *
find_named(const VccwDomainStore *store, const char *name, GError **error)
{
    const VccwDomainDefinition *found = vccw_domain_store_by_name(store, name);
    g_autofree char *quoted = found ? NULL : vccw_quote(name, VCCW_DOMAIN_NAME_MAX);

    if (!found)
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_DOMAIN,
                    "no domain with matching name %s", quoted);
    return found;
}

/* Like libvirt's daemons: what is not there, or no document of a domain, is told of
 * without a question. So no call reaches a domain that polkit was not asked about. */
static gboolean
find_domain(VccwRelay *relay,
            const VccwOperation *operation,
            const VccwArgs *args,
            About *ret_about,
            GError **error)
{
    const VccwDomainStore *store = vccw_driver_domains(vccw_relay_host(relay)->driver);
    const VccwDomainDefinition *domain;

    if (operation->args == VCCW_ARGS_NUMBER) /* an ID, which no domain here has */
        return TRUE;
    if (operation->handler == vccw_domain_by_name)
        domain = find_named(store, args->name, error);
    else if (args->name && (operation->args == VCCW_ARGS_NAME ||
                            operation->args == VCCW_ARGS_NAME_FLAGS))
        return read_document(args->name, ret_about, error);
    else
        domain = vccw_domain_find(store, args, error);
    if (domain)
        name_domain(ret_about, domain->name, &domain->uuid);
    return domain != NULL;
}

static Asking *
asking_new(VccwRelay *relay,
           const char *permission,
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
    return asking;
}

void
vccw_access_ask(VccwRelay *relay,
                const VccwOperation *operation,
                const char *permission,
                const VccwArgs *args,
                VccwAccessFunc func,
                gpointer data,
                GDestroyNotify destroy)
{
    Asking *asking = asking_new(relay, permission, func, data, destroy);
    About about = { 0 };

    if (g_str_has_prefix(permission, "node-device."))
        about.device = args->name;
    if (g_str_has_prefix(permission, "domain.") &&
        !find_domain(relay, operation, args, &about, &asking->cause))
        refuse_later(asking);
    else
        ask(asking, &about);
    g_free(about.domain);
    g_free(about.uuid);
}

void
vccw_access_ask_sight(VccwRelay *relay,
                      gconstpointer device,
                      VccwAccessFunc func,
                      gpointer data,
                      GDestroyNotify destroy)
{
    const About about = { .device = device };

    ask(asking_new(relay, "node-device.getattr", func, data, destroy), &about);
}

void
vccw_access_ask_sight_of_domain(VccwRelay *relay,
                                gconstpointer domain,
                                VccwAccessFunc func,
                                gpointer data,
                                GDestroyNotify destroy)
{
    const VccwDomainRef *ref = domain;
    About about = { 0 };

    name_domain(&about, ref->name, &ref->uuid);
    ask(asking_new(relay, "domain.getattr", func, data, destroy), &about);
    g_free(about.domain);
    g_free(about.uuid);
}

/* -- lists -- */

typedef struct {
    GPtrArray *list;
    guint at;   /* the one that is asked about */
    guint kept; /* so many of those before it may be seen, and stand at the beginning */
    VccwAccessSight sight;
    VccwAccessList func;
    gpointer data;
    GDestroyNotify destroy;
} Filter;

static void
filter_free(gpointer data)
{
    Filter *filter = data;

    if (filter->data && filter->destroy)
        filter->destroy(filter->data);
    g_ptr_array_unref(filter->list);
    g_free(filter);
}

static void on_sight(VccwRelay *relay, const GError *refusal, gpointer data);

static void
filter_next(VccwRelay *relay, Filter *filter)
{
    if (filter->at < filter->list->len) {
        filter->sight(relay, filter->list->pdata[filter->at], on_sight, filter,
                      filter_free);
        return;
    }
    g_ptr_array_set_size(filter->list, filter->kept);
    filter->func(relay, filter->list, g_steal_pointer(&filter->data));
    filter_free(filter);
}

static void
on_sight(VccwRelay *relay, const GError *refusal, gpointer data)
{
    Filter *filter = data;
    gpointer *list = filter->list->pdata;

    if (!refusal) {
        gpointer seen = list[filter->at];

        list[filter->at] = list[filter->kept];
        list[filter->kept++] = seen;
    }
    filter->at++;
    filter_next(relay, filter);
}

void
vccw_access_filter(VccwRelay *relay,
                   GPtrArray *list,
                   VccwAccessSight sight,
                   VccwAccessList func,
                   gpointer data,
                   GDestroyNotify destroy)
{
    Filter *filter = g_new0(Filter, 1);

    *filter = (Filter){ list, 0, 0, sight, func, data, destroy };
    if (vccw_access_sees_all(relay))
        filter->at = filter->kept = list->len;
    filter_next(relay, filter);
}
