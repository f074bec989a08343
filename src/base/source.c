/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * GLib's numbers of sources only count in the default context; whoever may live in
 * another one has to keep the source itself, and both to destroy and to release it.
 */

#include "base/source.h"

GSource *
vccw_source_attach(GSource *source,
                   GMainContext *context,
                   GSourceFunc func,
                   gpointer data)
{
    g_source_set_callback(source, func, data, NULL);
    g_source_attach(source, context);
    return source;
}

void
vccw_source_clear(GSource **slot)
{
    if (!*slot)
        return;
    g_source_destroy(*slot);
    g_clear_pointer(slot, g_source_unref);
}
