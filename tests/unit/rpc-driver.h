/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A driver for tests of the server, in place of the real one: its calls answer when the
 * test says so. It takes the driver's place by defining the same functions, so it must be
 * included by one source file of a program only.
 */

#include "driver/session.h"
#include <glib.h>
#include <virtccw/error.h>

enum {
    TEST_OPEN = 1,      /* answers nothing */
    TEST_CLOSE = 2,     /* answers nothing */
    TEST_TYPE = 3,      /* answers "TEST" */
    TEST_FEATURE = 60,  /* answers the feature's number plus 1000 */
    TEST_LOOKUP = 113,  /* answers the name; not found if it begins with "no" */
    TEST_SLOW = 114,    /* answers the name when the test says so */
    TEST_DESTROY = 124, /* a write */
    TEST_LIST = 285,    /* answers as many names as the flags say */
    TEST_REGISTER = 374 /* answers 7 */
};

struct _VccwDriver {
    GQueue sessions;
    GQueue waiting; /* of TestCall */
    guint list_max; /* names in a list; 0 is 100,000 */
    guint calls;
    guint writes;
};

struct _VccwSession {
    VccwDriver *driver;
    gboolean read_only;
    gboolean open;
    VccwSessionSink sink;
    gpointer data;
};

typedef struct {
    VccwSession *session;
    char *name;
    VccwCallDone done;
    gpointer data;
} TestCall;

static const VccwOperation test_operations[] = {
    { TEST_OPEN, "Open", TRUE, TRUE, NULL, VCCW_ARGS_OPTNAME_FLAGS, VCCW_RESULT_NONE,
      NULL },
    { TEST_CLOSE, "Close", TRUE, TRUE, NULL, VCCW_ARGS_NONE, VCCW_RESULT_NONE, NULL },
    { TEST_TYPE, "Type", TRUE, FALSE, NULL, VCCW_ARGS_NONE, VCCW_RESULT_STRING, NULL },
    { TEST_FEATURE, "Feature", TRUE, FALSE, NULL, VCCW_ARGS_NUMBER, VCCW_RESULT_NUMBER,
      NULL },
    { TEST_LOOKUP, "Lookup", TRUE, FALSE, NULL, VCCW_ARGS_NAME, VCCW_RESULT_STRING,
      NULL },
    { TEST_SLOW, "Slow", TRUE, FALSE, NULL, VCCW_ARGS_NAME_FLAGS, VCCW_RESULT_STRING,
      NULL },
    { TEST_DESTROY, "Destroy", FALSE, FALSE, NULL, VCCW_ARGS_NAME, VCCW_RESULT_NONE,
      NULL },
    { TEST_LIST, "List", TRUE, FALSE, NULL, VCCW_ARGS_NUMBER_FLAGS,
      VCCW_RESULT_NAMES_COUNT, NULL },
    { TEST_REGISTER, "Register", TRUE, FALSE, NULL, VCCW_ARGS_NUMBER_OPTNAME,
      VCCW_RESULT_NUMBER, NULL },
};

const VccwOperation *
vccw_operation_find(gint32 procedure)
{
    for (gsize i = 0; i < G_N_ELEMENTS(test_operations); i++)
        if (test_operations[i].procedure == procedure)
            return &test_operations[i];
    return NULL;
}

VccwSession *
vccw_session_new(VccwDriver *driver,
                 gboolean read_only,
                 const VccwSessionSink *sink,
                 gpointer data)
{
    VccwSession *session = g_new0(VccwSession, 1);

    *session = (VccwSession){ driver, read_only, FALSE, *sink, data };
    g_queue_push_tail(&driver->sessions, session);
    return session;
}

/* Answers the waiting call with its name, or with @error. */
static inline void
test_call_answer(VccwDriver *driver, TestCall *call, const GError *error)
{
    VccwResult result = { .string = call->name };

    g_queue_remove(&driver->waiting, call);
    call->done(error ? NULL : &result, error, call->data);
    g_free(call->name);
    g_free(call);
}

/* Answers the waiting call of that name. */
static inline void
test_driver_answer(VccwDriver *driver, const char *name)
{
    for (GList *i = driver->waiting.head; i; i = i->next) {
        TestCall *call = i->data;

        if (g_str_equal(call->name, name)) {
            test_call_answer(driver, call, NULL);
            return;
        }
    }
    g_assert_not_reached();
}

void
vccw_session_free(VccwSession *session)
{
    g_autoptr(GError) gone = g_error_new(VCCW_ERROR, VCCW_ERROR_RPC, "gone");
    GList *next;

    if (!session)
        return;
    for (GList *i = session->driver->waiting.head; i; i = next) {
        TestCall *call = i->data;

        next = i->next;
        if (call->session == session)
            test_call_answer(session->driver, call, gone);
    }
    g_queue_remove(&session->driver->sessions, session);
    g_free(session);
}

gboolean
vccw_session_check(VccwSession *session, const VccwOperation *operation, GError **error)
{
    if (!session->open && !operation->before_open) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL, "not open");
        return FALSE;
    }
    if (session->read_only && !operation->read_only) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_READ_ONLY, "read only");
        return FALSE;
    }
    return TRUE;
}

static inline void
test_session_list(guint max, const VccwArgs *args, VccwCallDone done, gpointer data)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    VccwResult result = { .number = args->flags, .names = names };

    for (guint i = 0; i < MIN(args->flags, max); i++)
        g_ptr_array_add(names, g_strdup_printf("css_0_0_%04x", i));
    done(&result, NULL, data);
}

static inline void
test_session_lookup(const VccwArgs *args, VccwCallDone done, gpointer data)
{
    g_autoptr(GError) error = NULL;
    VccwResult result = { .string = (char *)args->name };

    if (!g_str_has_prefix(args->name, "no")) {
        done(&result, NULL, data);
        return;
    }
    g_set_error(&error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE, "no device '%s'",
                args->name);
    done(NULL, error, data);
}

static inline void
test_session_wait(VccwSession *session,
                  const VccwArgs *args,
                  VccwCallDone done,
                  gpointer data)
{
    TestCall *call = g_new0(TestCall, 1);

    *call = (TestCall){ session, g_strdup(args->name), done, data };
    g_queue_push_tail(&session->driver->waiting, call);
}

void
vccw_session_call(VccwSession *session,
                  const VccwOperation *operation,
                  const VccwArgs *args,
                  VccwCallDone done,
                  gpointer data)
{
    VccwResult result = { .string = (char *)"TEST" };

    session->driver->calls++;
    session->driver->writes += !operation->read_only;
    switch (operation->procedure) {
    case TEST_OPEN:
        session->open = TRUE;
        break;
    case TEST_SLOW:
        test_session_wait(session, args, done, data);
        return;
    case TEST_LOOKUP:
        test_session_lookup(args, done, data);
        return;
    case TEST_LIST:
        test_session_list(session->driver->list_max ? session->driver->list_max : 100000,
                          args, done, data);
        return;
    case TEST_FEATURE:
        result.number = args->number + 1000;
        break;
    case TEST_REGISTER:
        result.number = 7;
        break;
    }
    done(&result, NULL, data);
}

/* Sends a lifecycle event to every session. */
static inline void
test_driver_event(VccwDriver *driver, const char *name, gint32 event)
{
    for (GList *i = driver->sessions.head; i; i = i->next) {
        VccwSession *session = i->data;

        session->sink.lifecycle(session->data, 7, name, event, 0);
    }
}
