/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Nothing here may stop the service: a journal that is gone or a standard error that is
 * closed or full loses the message, no more.
 */

#include "daemon/log.h"
#include <unistd.h>

static GLogLevelFlags threshold = G_LOG_LEVEL_MESSAGE;
static gboolean journal;

static const char *
level_name(GLogLevelFlags level)
{
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
        return "error";
    if (level & G_LOG_LEVEL_WARNING)
        return "warning";
    return level & G_LOG_LEVEL_DEBUG ? "debug" : "info";
}

static const char *
field(const GLogField *fields, gsize n, const char *key)
{
    for (gsize i = 0; i < n; i++)
        if (g_str_equal(fields[i].key, key) && fields[i].length == -1)
            return fields[i].value;
    return NULL;
}

static void
write_line(GLogLevelFlags level, const GLogField *fields, gsize n)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");
    const char *message = field(fields, n, "MESSAGE");
    g_autofree char *line = g_strdup_printf(
        "%s.%03d virtccwd[%d]: %s: %s\n", time, g_date_time_get_microsecond(now) / 1000,
        getpid(), level_name(level), message ? message : "");

    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return; /* there is nowhere to say it */
}

static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
    /* The lower the flag's value, the graver the message. */
    if ((level & G_LOG_LEVEL_MASK) > threshold)
        return G_LOG_WRITER_HANDLED;
    if (!journal || g_log_writer_journald(level, fields, n, NULL) != G_LOG_WRITER_HANDLED)
        write_line(level, fields, n);
    return G_LOG_WRITER_HANDLED;
}

void
vccw_log_open(guint level)
{
    static const GLogLevelFlags thresholds[] = { G_LOG_LEVEL_DEBUG, G_LOG_LEVEL_INFO,
                                                 G_LOG_LEVEL_WARNING,
                                                 G_LOG_LEVEL_CRITICAL };

    threshold = thresholds[CLAMP(level, 1, 4) - 1];
    journal = g_log_writer_is_journald(STDERR_FILENO);
    g_log_set_writer_func(write_log, NULL, NULL);
}
