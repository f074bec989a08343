/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.freedesktop.PolicyKit1.Authority.CheckAuthorization: a subject, an action, no
 * details, flag 1 (the person may be asked), no cancellation ID; the answer says whether
 * it is authorized, whether it would be after a challenge, and details.
 */

#include "front/polkit.h"
#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NAME      "org.freedesktop.PolicyKit1"
#define PATH      "/org/freedesktop/PolicyKit1/Authority"
#define INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define ALLOW_INTERACTION 1
#define PATIENCE          120 /* seconds: a person has to find a password */

typedef struct {
    GSource source;
    VccwPolkit *polkit;
    gpointer tag;
} BusSource;

struct _VccwPolkit {
    sd_bus *bus;
    BusSource *source;
    GQueue asked; /* of VccwPolkitQuestion, by its link: without an answer yet */
};

struct _VccwPolkitQuestion {
    VccwPolkit *polkit;
    GList link;
    sd_bus_slot *slot;
    guint timer; /* tells of a question that is not answered */
    char *failure;
    VccwPolkitFunc func;
    gpointer data;
};

static GIOCondition
condition_of(int events)
{
    return events > 0 ? (GIOCondition)events : G_IO_HUP;
}

static gboolean
prepare(GSource *source, int *ret_timeout)
{
    BusSource *self = (BusSource *)source;
    sd_bus *bus = self->polkit->bus;
    uint64_t until = UINT64_MAX;
    gint64 left;

    g_source_modify_unix_fd(source, self->tag, condition_of(sd_bus_get_events(bus)));
    *ret_timeout = -1;
    if (sd_bus_get_timeout(bus, &until) < 0 || until == UINT64_MAX)
        return FALSE;
    left = (gint64)until - g_get_monotonic_time();
    *ret_timeout = left <= 0 ? 0 : (int)MIN(left / 1000 + 1, G_MAXINT);
    return left <= 0;
}

static gboolean
on_failure(gpointer data)
{
    VccwPolkitQuestion *question = data;

    question->timer = 0;
    question->func(VCCW_POLKIT_UNKNOWN,
                   question->failure ? question->failure : "it does not answer",
                   question->data);
    return G_SOURCE_REMOVE;
}

/* Whoever asks is told from the main loop, for here he may not know the question yet. */
static void
fail_later(VccwPolkitQuestion *question, int errnum)
{
    question->slot = sd_bus_slot_unref(question->slot);
    g_free(question->failure);
    question->failure = g_strdup(g_strerror(errnum));
    g_clear_handle_id(&question->timer, g_source_remove);
    question->timer = g_idle_add(on_failure, question);
}

static void
disconnect(VccwPolkit *polkit, int errnum)
{
    if (polkit->source) {
        g_source_destroy(&polkit->source->source);
        g_source_unref(&polkit->source->source);
    }
    polkit->source = NULL;
    for (GList *i = polkit->asked.head; i; i = i->next)
        if (((VccwPolkitQuestion *)i->data)->slot)
            fail_later(i->data, errnum);
    polkit->bus = sd_bus_close_unref(polkit->bus);
}

/* A bus that is lost would be ready for ever. */
static gboolean
dispatch(GSource *source, GSourceFunc func, gpointer data)
{
    VccwPolkit *polkit = ((BusSource *)source)->polkit;
    int r;

    do {
        r = sd_bus_process(polkit->bus, NULL);
    } while (r > 0);
    if (r == 0 && sd_bus_is_open(polkit->bus) > 0)
        return G_SOURCE_CONTINUE;
    disconnect(polkit, r < 0 ? -r : ECONNRESET);
    return G_SOURCE_REMOVE;
}

static int
connect_bus(VccwPolkit *polkit)
{
    static GSourceFuncs funcs = { .prepare = prepare, .dispatch = dispatch };
    int r;

    if (polkit->bus)
        return 0;
    r = sd_bus_open_system(&polkit->bus);
    if (r < 0)
        return r;
    polkit->source = (BusSource *)g_source_new(&funcs, sizeof(BusSource));
    polkit->source->polkit = polkit;
    polkit->source->tag = g_source_add_unix_fd(&polkit->source->source,
                                               sd_bus_get_fd(polkit->bus), G_IO_IN);
    g_source_set_static_name(&polkit->source->source, "virtccw system bus");
    g_source_attach(&polkit->source->source, g_main_context_get_thread_default());
    return 0;
}

static gboolean
was_dismissed(sd_bus_message *reply)
{
    const char *key, *value;
    gboolean dismissed = FALSE;

    if (sd_bus_message_enter_container(reply, 'a', "{ss}") < 0)
        return FALSE;
    while (sd_bus_message_read(reply, "{ss}", &key, &value) > 0)
        dismissed |= g_str_equal(key, "polkit.dismissed");
    return dismissed;
}

static VccwPolkitAnswer
read_answer(sd_bus_message *reply)
{
    int authorized, challenge;

    if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
        sd_bus_message_read(reply, "bb", &authorized, &challenge) < 0)
        return VCCW_POLKIT_UNKNOWN;
    if (authorized)
        return VCCW_POLKIT_YES;
    if (was_dismissed(reply))
        return VCCW_POLKIT_DISMISSED;
    return challenge ? VCCW_POLKIT_NO_AGENT : VCCW_POLKIT_NO;
}

static int
on_reply(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
    VccwPolkitQuestion *question = data;
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    VccwPolkitAnswer answer = error ? VCCW_POLKIT_UNKNOWN : read_answer(reply);

    question->slot = sd_bus_slot_unref(question->slot);
    question->func(answer, error ? error->message : NULL, question->data);
    return 0;
}

static int
append_details(sd_bus_message *call, const VccwPolkitDetail *details)
{
    int r = sd_bus_message_open_container(call, 'a', "{ss}");

    for (; r >= 0 && details && details->key; details++)
        r = sd_bus_message_append(call, "{ss}", details->key, details->value);
    return r < 0 ? r : sd_bus_message_close_container(call);
}

static int
send_question(VccwPolkit *polkit,
              VccwPolkitQuestion *question,
              pid_t pid,
              guint64 start,
              uid_t uid,
              const char *action,
              const VccwPolkitDetail *details)
{
    sd_bus_message *call = NULL;
    int r = connect_bus(polkit);

    if (r >= 0)
        r = sd_bus_message_new_method_call(polkit->bus, &call, NAME, PATH, INTERFACE,
                                           "CheckAuthorization");
    if (r >= 0)
        r = sd_bus_message_append(call, "(sa{sv})s", "unix-process", 3, "pid", "u",
                                  (guint32)pid, "start-time", "t", start, "uid", "i",
                                  (gint32)uid, action);
    if (r >= 0)
        r = append_details(call, details);
    if (r >= 0)
        r = sd_bus_message_append(call, "us", details ? 0 : ALLOW_INTERACTION, "");
    if (r >= 0)
        r = sd_bus_call_async(polkit->bus, &question->slot, call, on_reply, question,
                              UINT64_MAX);
    sd_bus_message_unref(call);
    return r;
}

VccwPolkitQuestion *
vccw_polkit_ask(VccwPolkit *polkit,
                pid_t pid,
                guint64 start,
                uid_t uid,
                const char *action,
                const VccwPolkitDetail *details,
                VccwPolkitFunc func,
                gpointer data)
{
    VccwPolkitQuestion *question = g_new0(VccwPolkitQuestion, 1);
    int r;

    question->polkit = polkit;
    question->func = func;
    question->data = data;
    question->link.data = question;
    g_queue_push_tail_link(&polkit->asked, &question->link);
    question->timer = g_timeout_add_seconds(PATIENCE, on_failure, question);
    r = send_question(polkit, question, pid, start, uid, action, details);
    if (r < 0)
        fail_later(question, -r);
    return question;
}

void
vccw_polkit_question_free(VccwPolkitQuestion *question)
{
    if (!question)
        return;
    g_queue_unlink(&question->polkit->asked, &question->link);
    sd_bus_slot_unref(question->slot);
    g_clear_handle_id(&question->timer, g_source_remove);
    g_free(question->failure);
    g_free(question);
}

VccwPolkit *
vccw_polkit_new(void)
{
    return g_new0(VccwPolkit, 1);
}

void
vccw_polkit_free(VccwPolkit *polkit)
{
    if (!polkit)
        return;
    disconnect(polkit, ECONNRESET);
    g_free(polkit);
}
