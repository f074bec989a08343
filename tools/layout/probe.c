/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A driver whose entries do nothing but say which one was called:
 * libvirt_driver_probe.so, for tools/check-layout. Both of its tables are longer than any
 * of libvirt's.
 */

#include "probe.h"
#include "module/layout.h"
#include <dlfcn.h>
#include <string.h>

int probeRegister(void);

VccwProbe *vccw_probe; /* in memory that the checking process shares with its children */

/* Zero is success for what answers with a number, and a failure for what with a pointer.
 */
static gpointer
reached(VccwTableKind kind, guint place)
{
    if (vccw_probe && vccw_probe->n < VCCW_PROBE_MAX) {
        vccw_probe->hits[vccw_probe->n].kind = kind;
        vccw_probe->hits[vccw_probe->n].place = place;
        vccw_probe->n++;
    }
    return NULL;
}

/* The digits come behind a one, for a zero in front would make them octal. */
/* clang-format off */
#define STUB(table, kind, n) \
    static gpointer table##_##n(void) { return reached(kind, 1##n - 1000); }
#define TEN(do, table, kind, n) \
    do(table, kind, n##0) do(table, kind, n##1) do(table, kind, n##2) do(table, kind, n##3) \
    do(table, kind, n##4) do(table, kind, n##5) do(table, kind, n##6) do(table, kind, n##7) \
    do(table, kind, n##8) do(table, kind, n##9)
#define HUNDRED(do, table, kind, n) \
    TEN(do, table, kind, n##0) TEN(do, table, kind, n##1) TEN(do, table, kind, n##2) \
    TEN(do, table, kind, n##3) TEN(do, table, kind, n##4) TEN(do, table, kind, n##5) \
    TEN(do, table, kind, n##6) TEN(do, table, kind, n##7) TEN(do, table, kind, n##8) \
    TEN(do, table, kind, n##9)
#define ADDRESS(table, kind, n) (gpointer)table##_##n,
#define ALL(do, table, kind) \
    HUNDRED(do, table, kind, 0) HUNDRED(do, table, kind, 1) HUNDRED(do, table, kind, 2) \
    HUNDRED(do, table, kind, 3)

ALL(STUB, hypervisor, VCCW_TABLE_HYPERVISOR)
ALL(STUB, node_device, VCCW_TABLE_NODE_DEVICE)

static gpointer hypervisor_table[] = { ALL(ADDRESS, hypervisor, ) };
static gpointer node_device_table[] = { ALL(ADDRESS, node_device, ) };
/* clang-format on */

int
probeRegister(void)
{
    static const char *const schemes[] = { "probe", NULL };
    static VccwConnectTable table = { .embeddable = true,
                                      .uri_schemes = schemes,
                                      .hypervisor = hypervisor_table,
                                      .node_device = node_device_table };
    void *library = dlopen("libvirt.so.0", RTLD_NOW | RTLD_NOLOAD);
    int (*enlist)(VccwConnectTable *, bool) =
        library ? dlsym(library, "virRegisterConnectDriver") : NULL;

    hypervisor_table[0] = node_device_table[0] = (gpointer) "probe";
    return enlist && enlist(&table, false) >= 0 ? 0 : -1;
}
