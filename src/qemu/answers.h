/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a QEMU program said about itself.
 */

#include <virtccw/qemu.h>

G_BEGIN_DECLS

/** VccwQemuMachine: a machine type. */
typedef struct {
    char *name;
    char *alias; /* nullable */
    guint cpus_max;
} VccwQemuMachine;

struct _VccwQemu {
    char *program;
    guint version;
    char *arch;
    gboolean kvm;                /* it was built with KVM */
    gboolean kvm_enabled;        /* and used it to answer */
    gboolean kvm_fails;          /* it could not, though the device was there */
    const char *default_machine; /* nullable */
    GPtrArray *machines;         /* of VccwQemuMachine, as QEMU orders them */
    GPtrArray *machine_names;    /* newest first, NULL at the end */
    GPtrArray *cpu_models;       /* sorted, NULL at the end */
    GHashTable *types;           /* a set */
    GHashTable *properties;      /* a set of "TYPE.NAME" */
};

/** vccw_kvm_device: Where KVM is; tests have their own. */
extern const char *vccw_kvm_device;

/** VCCW_QEMU_QUESTIONS: the QMP commands whose answers are understood here. */
extern const char VCCW_QEMU_QUESTIONS[];

/**
 * vccw_understand_qemu:
 * @program: who said it
 * @answers: what it wrote to QMP, a line each
 *
 * Returns: (transfer full): what it can do; NULL with VCCW_ERROR_CONFIG_UNSUPPORTED when
 *   that is not what QEMU says, or it is older than 4.2.
 */
VccwQemu *vccw_understand_qemu(const char *program, const char *answers, GError **error);

G_END_DECLS
