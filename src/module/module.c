/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libvirt_driver_ccw.so: the face that libvirt's library loads into the client itself.
 *
 * libvirt calls ccwRegister() each time that a ccw:///embed is opened, and cannot unload
 * what has been registered; so that is done once, and lasts. Nothing is registered with a
 * release of libvirt whose tables are not known.
 */

#include "module/connect.h"
#include "module/nodedev.h"
#include "module/raise.h"
#include "module/symbols.h"
#include <virtccw/error.h>

/** ccwRegister: what libvirt calls. Returns: 0; -1 with an error raised. */
int ccwRegister(void);

static const VccwConnectTable *
make_table(gulong version)
{
    static const char *const schemes[] = { "ccw", NULL };
    static VccwConnectTable table;
    const VccwEntry *connect, *nodedev;
    gsize n_connect, n_nodedev;

    connect = vccw_module_connect(&n_connect);
    nodedev = vccw_module_nodedev(&n_nodedev);
    table = (VccwConnectTable){
        .local_only = true,
        .embeddable = true,
        .uri_schemes = schemes,
        .hypervisor =
            vccw_layout_fill(VCCW_TABLE_HYPERVISOR, version, "CCW", connect, n_connect),
        .node_device =
            vccw_layout_fill(VCCW_TABLE_NODE_DEVICE, version, "CCW", nodedev, n_nodedev),
    };
    return &table;
}

static gboolean
register_driver(void)
{
    unsigned long version = 0;
    GError *error = NULL;

    if (virGetVersion(&version, NULL, NULL) < 0)
        return FALSE;
    if (!vccw_layout_check(version, &error) || !vccw_symbols_load(&error)) {
        vccw_raise_refusal(error);
        return FALSE;
    }
    vccw_raise_log();
    return vccw_libvirt.virRegisterConnectDriver(make_table(version), false) >= 0;
}

int
ccwRegister(void)
{
    static GMutex mutex;
    static gboolean registered;
    gboolean done;

    g_mutex_lock(&mutex);
    done = registered = registered || register_driver();
    g_mutex_unlock(&mutex);
    return done ? 0 : -1;
}
