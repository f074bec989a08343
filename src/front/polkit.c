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
#define PATIENCE          (G_TIME_SPAN_MINUTE * 5) /* a person has to find a password */

typedef struct {
    GSource source;
    sd_bus *bus;
    gpointer tag;
} BusSource;

struct _VccwPolkit {
    sd_bus *bus;
    BusSource *source;
};

struct _VccwPolkitQuestion {
    sd_bus_slot *slot;
    guint failing; /* the source that tells of a question that could not be asked */
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
    uint64_t until = UINT64_MAX;
    gint64 left;

    g_source_modify_unix_fd(source, self->tag,
                            condition_of(sd_bus_get_events(self->bus)));
    *ret_timeout = -1;
    if (sd_bus_get_timeout(self->bus, &until) < 0 || until == UINT64_MAX)
        return FALSE;
    left = (gint64)until - g_get_monotonic_time();
    *ret_timeout = left <= 0 ? 0 : (int)MIN(left / 1000 + 1, G_MAXINT);
    return left <= 0;
}

static gboolean
dispatch(GSource *source, GSourceFunc func, gpointer data)
{
    BusSource *self = (BusSource *)source;

    while (sd_bus_process(self->bus, NULL) > 0)
        ;
    return G_SOURCE_CONTINUE;
}

static void
disconnect(VccwPolkit *polkit)
{
    if (polkit->source) {
        g_source_destroy(&polkit->source->source);
        g_source_unref(&polkit->source->source);
    }
    polkit->source = NULL;
    polkit->bus = sd_bus_close_unref(polkit->bus);
}

static int
connect_bus(VccwPolkit *polkit)
{
    static GSourceFuncs funcs = { .prepare = prepare, .dispatch = dispatch };
    int r;

    if (polkit->bus && sd_bus_is_open(polkit->bus) > 0)
        return 0;
    disconnect(polkit);
    r = sd_bus_open_system(&polkit->bus);
    if (r < 0)
        return r;
    polkit->source = (BusSource *)g_source_new(&funcs, sizeof(BusSource));
    polkit->source->bus = polkit->bus;
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

static gboolean
on_failure(gpointer data)
{
    VccwPolkitQuestion *question = data;

    question->failing = 0;
    question->func(VCCW_POLKIT_UNKNOWN, question->failure, question->data);
    return G_SOURCE_REMOVE;
}

static int
send_question(VccwPolkit *polkit,
              VccwPolkitQuestion *question,
              pid_t pid,
              guint64 start,
              uid_t uid,
              const char *action)
{
    sd_bus_message *call = NULL;
    int r = connect_bus(polkit);

    if (r >= 0)
        r = sd_bus_message_new_method_call(polkit->bus, &call, NAME, PATH, INTERFACE,
                                           "CheckAuthorization");
    if (r >= 0)
        r = sd_bus_message_append(call, "(sa{sv})sa{ss}us", "unix-process", 3, "pid", "u",
                                  (guint32)pid, "start-time", "t", start, "uid", "i",
                                  (gint32)uid, action, 0, ALLOW_INTERACTION, "");
    if (r >= 0)
        r = sd_bus_call_async(polkit->bus, &question->slot, call, on_reply, question,
                              PATIENCE);
    sd_bus_message_unref(call);
    return r;
}

VccwPolkitQuestion *
vccw_polkit_ask(VccwPolkit *polkit,
                pid_t pid,
                guint64 start,
                uid_t uid,
                const char *action,
                VccwPolkitFunc func,
                gpointer data)
{
    VccwPolkitQuestion *question = g_new0(VccwPolkitQuestion, 1);
    int r;

    question->func = func;
    question->data = data;
    r = send_question(polkit, question, pid, start, uid, action);
    if (r < 0) {
        question->failure = g_strdup(g_strerror(-r));
        question->failing = g_idle_add(on_failure, question);
    }
    return question;
}

void
vccw_polkit_question_free(VccwPolkitQuestion *question)
{
    if (!question)
        return;
    sd_bus_slot_unref(question->slot);
    g_clear_handle_id(&question->failing, g_source_remove);
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
    disconnect(polkit);
    g_free(polkit);
}
