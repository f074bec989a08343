/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/mdev-call.h"

gboolean
vccw_mdev_call_lookup(VccwCall *call,
                      const char *verb,
                      VccwError otherwise,
                      VccwNodeName *ret_name,
                      VccwNodeState *ret_state)
{
    g_autofree char *text = NULL;
    VccwNodeName name;
    GError *error = NULL;

    if (!vccw_node_lookup(vccw_call_driver(call), vccw_call_args(call)->name, &name,
                          ret_state, &error)) {
        vccw_call_fail_take(call, error);
        return FALSE;
    }
    if (name.kind == VCCW_NODE_MDEV) {
        *ret_name = name;
        return TRUE;
    }
    text = vccw_node_name_to_string(&name);
    error = g_error_new(VCCW_ERROR, otherwise,
                        "cannot %s '%s': it is not a mediated device", verb, text);
    vccw_call_fail_take(call, error);
    return FALSE;
}

gboolean
vccw_mdev_call_persistent(VccwCall *call,
                          const char *verb,
                          VccwError otherwise,
                          VccwNodeName *ret_name)
{
    g_autofree char *text = NULL;
    VccwNodeState state;
    GError *error;

    if (!vccw_mdev_call_lookup(call, verb, otherwise, ret_name, &state))
        return FALSE;
    if (state.persistent)
        return TRUE;
    text = vccw_node_name_to_string(ret_name);
    error =
        g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "cannot %s '%s': it is transient and has no definition", verb, text);
    vccw_call_fail_take(call, error);
    return FALSE;
}
