/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The tables by which libvirt's library calls a driver that it has loaded into the
 * client.
 *
 * They are private to libvirt and grow with its releases, in the middle too. So each
 * table is described by the names of its entries in their order, for each release that
 * was checked (tools/check-layout checks one), and a table is built at run time for the
 * release that is there.
 */

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** VccwTableKind: which table. */
typedef enum {
    VCCW_TABLE_HYPERVISOR,
    VCCW_TABLE_NODE_DEVICE,
} VccwTableKind;

/** VccwFunction: any function; libvirt knows the type of each. */
typedef void (*VccwFunction)(void);

#define VCCW_FUNCTION(function) ((VccwFunction)(function))

/** VccwEntry: a function of ours, and the entry that it is for. */
typedef struct {
    const char *name;      /* as in a layout: "connectOpen" */
    VccwFunction function; /* of the type that libvirt calls there */
} VccwEntry;

/** VccwConnectTable: what is registered with libvirt: the same in all known releases. */
typedef struct {
    bool local_only;
    bool remote_only;
    bool embeddable;
    const char *const *uri_schemes;
    gpointer *hypervisor;
    gpointer interface, network;
    gpointer *node_device;
    gpointer nwfilter, secret, storage;
    gpointer spare[8]; /* for a release with more */
} VccwConnectTable;

/** VccwLayoutDomain: a domain as libvirt has it in memory; a node device begins in the
 * same way. The same in all known releases. */
typedef struct {
    char object[24];
    gpointer connection; /* virConnectPtr */
    char *name;
    int id;
    unsigned char uuid[16];
} VccwLayoutDomain;

/**
 * vccw_layout_check: Whether the tables of a release are known.
 * @version: as virGetVersion() tells it: 1,000,000 × major + 1,000 × minor + release
 *
 * Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED, naming the release and those known.
 */
gboolean vccw_layout_check(gulong version, GError **error);

/**
 * vccw_layout_names: Lists the entries of a table; the first, "name", is no function.
 * @version: a release that vccw_layout_check() accepts
 *
 * Returns: (transfer full): an array of const char *, in order.
 */
GPtrArray *vccw_layout_names(VccwTableKind kind, gulong version);

/**
 * vccw_layout_fill: Builds a table.
 * @version: a release that vccw_layout_check() accepts
 * @name: what the driver calls itself
 * @entries: what it can; an entry that the release does not have is left out
 * @n_entries: the number of @entries
 *
 * Returns: (transfer full): the table, NULL in all other places.
 */
gpointer *vccw_layout_fill(VccwTableKind kind,
                           gulong version,
                           const char *name,
                           const VccwEntry *entries,
                           gsize n_entries);

G_END_DECLS
