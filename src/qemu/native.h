/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A QEMU command line while it is read back into XML. First every option is read into the
 * tables below; then each device that XML can express claims what it stands on (its
 * chardev, netdev, block nodes); what nobody claims is kept as it was.
 */

#include "qemu/option.h"
#include "xml/writer.h"

#include <virtccw/qemu.h>

G_BEGIN_DECLS

/** VccwNative: a command line. The strings are the command's own words, not owned. */
typedef struct {
    const char *program;
    GPtrArray *env; /* NAME=VALUE */
    const char *uuid, *kernel, *initrd, *append;
    char *name, *machine, *cpu; /* owned */
    guint64 memory;             /* in KiB; 0: not said */
    guint cpus, cpus_max, sockets, cores, threads;
    gboolean kvm, shared, memfd, locked, prealloc, no_merge, dump_core;
    gboolean secure;  /* IBM Secure Execution */
    gboolean managed; /* libvirt has started it: the monitor has its name */
    gboolean local_clock, no_reboot, boot_menu, no_defaults, no_display;
    char *boot;                 /* QEMU's letters; owned */
    char *loadparm, *aes, *dea; /* of -machine; owned */
    const char *vnc, *watchdog_action;
    guint iothreads;
    GPtrArray *options;        /* of VccwOption, in the command's order */
    GHashTable *backends;      /* "KIND ID" → VccwOption, KIND being an option */
    gboolean balloon, console; /* the guest has one */
    guint n_scsi, n_serial;    /* controllers that were written */
    guint n_virtio_disks, n_scsi_disks; /* numbers of targets that are taken */
    guint boot_shift; /* from QEMU's boot indexes, which begin with 0, to orders */
} VccwNative;

/**
 * vccw_native_read:
 * @words: the command; must live as long as @native
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG or VCCW_ERROR_CONFIG_UNSUPPORTED.
 */
gboolean vccw_native_read(VccwNative *native, char **words, GError **error);

/** vccw_native_clear: Releases what @native holds. */
void vccw_native_clear(VccwNative *native);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwNative, vccw_native_clear)

/** vccw_native_find: Returns: (transfer none) (nullable): the option @kind ("-chardev")
 * whose id is @id, if no device has claimed it. */
VccwOption *vccw_native_find(const VccwNative *native, const char *kind, const char *id);

/**
 * vccw_native_write_devices: Writes the elements of all devices that XML can express, in
 * libvirt's order, and marks their options as used.
 */
void vccw_native_write_devices(VccwNative *native, VccwXmlWriter *writer);

G_END_DECLS
