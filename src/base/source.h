/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Event sources that one slot holds: pending while it is set.
 */

#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_source_attach: Has @func called with @data.
 * @source: (transfer full): a new source
 * @context: (nullable): the main context to call it in
 *
 * Returns: (transfer full): @source.
 */
GSource *vccw_source_attach(GSource *source,
                            GMainContext *context,
                            GSourceFunc func,
                            gpointer data);

/** vccw_source_clear: Destroys *@slot, which may be NULL, and sets it to NULL. Also from
 * within the source's own function. */
void vccw_source_clear(GSource **slot);

G_END_DECLS
