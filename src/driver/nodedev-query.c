/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/call.h"
#include "driver/node.h"
#include "driver/nodedev.h"
#include <libvirt/libvirt.h>

#define XML_INACTIVE (1U << 0) /* VIR_NODE_DEVICE_XML_INACTIVE, since libvirt 10.1 */

/* Answers with the error itself if the device that the call names is not there. */
static gboolean
lookup(VccwCall *call, VccwNodeName *ret_name, VccwNodeState *ret_state)
{
    GError *error = NULL;

    if (vccw_node_lookup(vccw_call_driver(call), vccw_call_args(call)->name, ret_name,
                         ret_state, &error))
        return TRUE;
    vccw_call_fail_take(call, error);
    return FALSE;
}

void
vccw_nodedev_xml(VccwCall *call)
{
    g_autoptr(VccwNodedevXml) xml = NULL;
    gboolean inactive = vccw_call_args(call)->flags & XML_INACTIVE;
    VccwNodeName name;
    GError *error = NULL;

    if (!vccw_call_check_flags(call, XML_INACTIVE) || !lookup(call, &name, NULL))
        return;
    xml = vccw_node_describe(vccw_call_driver(call), &name, inactive, &error);
    if (xml)
        vccw_call_return_string(call, vccw_nodedev_xml_format(xml));
    else
        vccw_call_fail_take(call, error);
}

void
vccw_nodedev_parent(VccwCall *call)
{
    VccwNodeName name;

    if (lookup(call, &name, NULL))
        vccw_call_return_string(call, vccw_node_parent(vccw_call_driver(call), &name));
}

static GPtrArray *
capability_names(const VccwNodeName *name, const VccwNodeState *state)
{
    static const char *const names[] = {
        [VCCW_NODE_COMPUTER] = "system",
        [VCCW_NODE_CSS] = "css",
        [VCCW_NODE_CCW] = "ccw",
        [VCCW_NODE_MDEV] = "mdev",
    };
    GPtrArray *caps = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(caps, g_strdup(names[name->kind]));
    if (state->registered)
        g_ptr_array_add(caps, g_strdup("mdev_types"));
    return caps;
}

void
vccw_nodedev_num_caps(VccwCall *call)
{
    VccwNodeName name;
    VccwNodeState state;

    if (lookup(call, &name, &state)) {
        g_autoptr(GPtrArray) caps = capability_names(&name, &state);

        vccw_call_return_number(call, caps->len);
    }
}

void
vccw_nodedev_list_caps(VccwCall *call)
{
    VccwNodeName name;
    VccwNodeState state;

    if (lookup(call, &name, &state)) {
        GPtrArray *caps = capability_names(&name, &state);
        guint max = MAX(vccw_call_args(call)->number, 0);

        g_ptr_array_set_size(caps, MIN(caps->len, max));
        vccw_call_return_names(call, caps, caps->len);
    }
}

void
vccw_nodedev_is_active(VccwCall *call)
{
    VccwNodeName name;
    VccwNodeState state;

    if (lookup(call, &name, &state))
        vccw_call_return_number(call, state.active);
}

void
vccw_nodedev_is_persistent(VccwCall *call)
{
    VccwNodeName name;
    VccwNodeState state;

    if (lookup(call, &name, &state))
        vccw_call_return_number(call, state.persistent);
}

void
vccw_nodedev_get_autostart(VccwCall *call)
{
    VccwNodeName name;
    VccwNodeState state;

    if (lookup(call, &name, &state))
        vccw_call_return_number(call, state.autostart);
}
