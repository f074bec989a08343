/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/raise.h"
#include "module/symbols.h"
#include <libvirt/virterror.h>

enum { LOG_DEBUG = 1, LOG_INFO, LOG_WARN, LOG_ERROR }; /* libvirt's priorities */

/* The members are those that virtccwd sends, so that both faces raise the same. */
void
vccw_raise(const VccwVirError *error)
{
    vccw_libvirt.virRaiseErrorFull(__FILE__, G_STRFUNC, __LINE__, error->domain,
                                   error->code, error->level, NULL, error->detail, NULL,
                                   error->errnum ? error->errnum : -1, -1, "%s",
                                   error->message);
}

void
vccw_raise_take(GError *error)
{
    g_autoptr(GError) owned = error;
    g_autoptr(VccwVirError) raised = vccw_virerror_new(owned);

    vccw_raise(raised);
}

void
vccw_raise_refusal(GError *error)
{
    g_autoptr(GError) owned = error;
    g_autoptr(VccwVirError) refusal = vccw_virerror_new(owned);
    virError raised = { .code = refusal->code,
                        .domain = refusal->domain,
                        .level = refusal->level,
                        .message = refusal->message,
                        .str2 = refusal->detail,
                        .int1 = -1,
                        .int2 = -1 };
    int (*raise)(virErrorPtr error);

    raise = vccw_symbols_find("virSetError");
    if (raise)
        raise(&raised);
}

static void
log_message(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
    static VccwLogSource source = { .name = "ccw.virtccw", .priority = LOG_ERROR };
    int priority = LOG_DEBUG;

    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
        priority = LOG_ERROR;
    else if (level & G_LOG_LEVEL_WARNING)
        priority = LOG_WARN;
    else if (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
        priority = LOG_INFO;
    vccw_libvirt.virLogMessage(&source, priority, __FILE__, __LINE__, G_STRFUNC, NULL,
                               "%s", message);
}

void
vccw_raise_log(void)
{
    g_log_set_handler(G_LOG_DOMAIN,
                      G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION,
                      log_message, NULL);
}
