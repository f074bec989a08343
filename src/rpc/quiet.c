/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A log that a client can fill is a way to harm the host. What is suppressed is counted,
 * so that the reader knows that more happened.
 */

#include "rpc/quiet.h"

#define PAUSE (5 * G_TIME_SPAN_SECOND)

void
vccw_quiet_message(VccwQuiet *quiet, const char *format, ...)
{
    gint64 now = g_get_monotonic_time();
    g_autofree char *message = NULL;
    va_list args;

    if (now < quiet->next_at) {
        quiet->suppressed++;
        return;
    }
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    if (quiet->suppressed)
        g_message("%s (%u more like this went before)", message, quiet->suppressed);
    else
        g_message("%s", message);
    quiet->next_at = now + PAUSE;
    quiet->suppressed = 0;
}
