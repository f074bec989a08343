/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/side.h"

void
vccw_side_init(VccwSide *side, gpointer owner, int fd)
{
    side->port.fd = fd;
    side->port.owner = owner;
    side->heard_at = g_get_monotonic_time();
}

void
vccw_side_connect(VccwSide *side, int fd)
{
    gpointer owner = side->port.owner;
    guint generation = side->generation;

    vccw_side_clear(side);
    *side = (VccwSide){ .generation = generation + 1 };
    vccw_side_init(side, owner, fd);
}

void
vccw_side_clear(VccwSide *side)
{
    vccw_port_clear(&side->port);
    vccw_side_forget(side);
    g_clear_pointer(&side->message, vccw_message_free);
}

void
vccw_side_forget(VccwSide *side)
{
    vccw_buffer_clear(&side->own);
    g_queue_clear_full(&side->delayed, (GDestroyNotify)vccw_message_free);
}

void
vccw_side_settle(VccwSide *side)
{
    VccwMessage *message;

    if (side->mid)
        return;
    vccw_port_appended(&side->port, vccw_buffer_length(&side->own));
    vccw_buffer_move(&side->port.out, &side->own);
    while ((message = g_queue_pop_head(&side->delayed))) {
        vccw_message_send(message, &side->port);
        vccw_message_free(message);
    }
}

gsize
vccw_side_waiting(const VccwSide *side)
{
    return vccw_port_waiting(&side->port) + vccw_buffer_length(&side->own);
}

gboolean
vccw_side_has_stalled(VccwSide *side)
{
    gboolean waits = vccw_side_waiting(side) > 0;
    gboolean stalled = waits && side->stalled && side->sent == side->port.sent;

    side->stalled = waits;
    side->sent = side->port.sent;
    return stalled;
}
