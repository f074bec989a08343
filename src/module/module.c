/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libvirt_driver_ccw.so: the face that libvirt's library loads into the client itself.
 *
 * libvirt calls ccwRegister() each time that a ccw:///embed is opened, and cannot unload
 * what has been registered; so that is done once, and lasts. Nothing is registered with a
 * release of libvirt whose tables are not known.
 */

#include "module/connect.h"
#include "module/domain.h"
#include "module/nodedev.h"
#include "module/raise.h"
#include "module/symbols.h"
#include <virtccw/error.h>

/** ccwRegister: what libvirt calls. Returns: 0; -1 with an error raised. */
int ccwRegister(void);

static void
append(GArray *all, const VccwEntry *(*list)(gsize *ret_n))
{
    gsize n;
    const VccwEntry *entries = list(&n);

    g_array_append_vals(all, entries, n);
}

static gpointer *
make_hypervisor(gulong version)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(VccwEntry));

    append(all, vccw_module_connect);
    append(all, vccw_module_hand);
    append(all, vccw_module_domain);
    append(all, vccw_module_domain_life);
    return vccw_layout_fill(VCCW_TABLE_HYPERVISOR, version, "CCW",
                            (const VccwEntry *)all->data, all->len);
}

static const VccwConnectTable *
make_table(gulong version)
{
    static const char *const schemes[] = { "ccw", NULL };
    static VccwConnectTable table;
    const VccwEntry *nodedev;
    gsize n_nodedev;

    nodedev = vccw_module_nodedev(&n_nodedev);
    table = (VccwConnectTable){
        .local_only = true,
        .embeddable = true,
        .uri_schemes = schemes,
        .hypervisor = make_hypervisor(version),
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
