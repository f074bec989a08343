/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A held call costs more than it was long on the wire, so its whole memory is counted,
 * and counted twice: for its client, and against what all clients may have together.
 */

#include "rpc/held.h"
#include <string.h>

void
vccw_held_push(VccwHeld *held, const VccwFrame *frame, VccwFrameBudget *budget)
{
    gsize kept = frame->payload ? frame->size : 0;
    gsize size = sizeof(VccwHeldCall) + kept;
    VccwHeldCall *call = g_malloc(size);

    call->frame = *frame;
    call->size = size;
    if (frame->payload) {
        memcpy(call->payload, frame->payload, kept);
        call->frame.payload = call->payload;
    }
    g_queue_push_tail(&held->calls, call);
    held->bytes += size;
    budget->used += size;
}

VccwHeldCall *
vccw_held_pop(VccwHeld *held, VccwFrameBudget *budget)
{
    VccwHeldCall *call = g_queue_pop_head(&held->calls);

    if (call) {
        held->bytes -= call->size;
        budget->used -= call->size;
    }
    return call;
}

gboolean
vccw_held_is_empty(const VccwHeld *held)
{
    return held->calls.length == 0;
}
