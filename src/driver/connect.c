/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/connect.h"
#include "base/quote.h"
#include "config.h"
#include "driver/call.h"
#include "driver/emulator.h"
#include "driver/session-private.h"
#include "driver/text-task.h"
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <virtccw/error.h>

/* Features that a client asks about by number (the numbers are part of the protocol). */
#define FEATURE_REMOTE_EVENT_CALLBACK 14
#define FEATURE_REMOTE_CLOSE_CALLBACK 15

/* An empty name means: whatever you serve. The query part is the client library's. */
static gboolean
check_uri(VccwDriver *driver, const char *name, GError **error)
{
    const char *served = vccw_driver_uri(driver);
    gsize length = name ? strcspn(name, "?") : 0;
    g_autofree char *quoted = NULL;

    if (length == 0 || (length == strlen(served) && strncmp(name, served, length) == 0))
        return TRUE;
    quoted = vccw_quote(name, VCCW_QUOTE_VALUE);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "unexpected URI %s: this daemon serves %s", quoted, served);
    return FALSE;
}

void
vccw_connect_open(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    GError *error = NULL;

    /* Other bits are meant for the client library; they arrive all the same. */
    if (!check_uri(vccw_call_driver(call), args->name, &error) ||
        !vccw_session_open(vccw_call_session(call), args->flags & VIR_CONNECT_RO, &error))
        vccw_call_fail_take(call, error);
    else
        vccw_call_return(call);
}

void
vccw_connect_close(VccwCall *call)
{
    vccw_session_close(vccw_call_session(call));
    vccw_call_return(call);
}

void
vccw_connect_type(VccwCall *call)
{
    vccw_call_return_string(call, g_strdup("CCW"));
}

void
vccw_connect_version(VccwCall *call)
{
    guint major = 0, minor = 0, micro = 0;

    sscanf(PACKAGE_VERSION, "%u.%u.%u", &major, &minor, &micro);
    vccw_call_return_number(call, 1000000 * major + 1000 * minor + micro);
}

void
vccw_connect_lib_version(VccwCall *call)
{
    vccw_call_return_number(call, LIBVIR_VERSION_NUMBER);
}

void
vccw_connect_hostname(VccwCall *call)
{
    struct utsname host; /* GLib would answer for ever what it was at first */

    uname(&host);
    vccw_call_return_string(call, g_strdup(host.nodename));
}

void
vccw_connect_uri(VccwCall *call)
{
    vccw_call_return_string(call, g_strdup(vccw_driver_uri(vccw_call_driver(call))));
}

static char *
capabilities(VccwTextTask *task, GError **error)
{
    return vccw_emulator_capabilities();
}

void
vccw_connect_capabilities(VccwCall *call)
{
    vccw_text_task_run_asking(call, "describe the host", NULL, capabilities);
}

void
vccw_connect_is_secure(VccwCall *call)
{
    vccw_call_return_number(call, 1); /* a UNIX socket never leaves the host */
}

void
vccw_connect_feature(VccwCall *call)
{
    gint32 feature = vccw_call_args(call)->number;

    vccw_call_return_number(call, feature == FEATURE_REMOTE_EVENT_CALLBACK ||
                                      feature == FEATURE_REMOTE_CLOSE_CALLBACK);
}

void
vccw_connect_close_callback(VccwCall *call)
{
    vccw_call_return(call);
}
