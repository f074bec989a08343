/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where a host keeps what taking its devices, and giving them back, needs.
 *
 * Everything in this folder may block on the disk or in the kernel, and is meant for
 * worker threads. It holds no state of its own: what must be remembered is in files, so
 * that virtccwd and mdevctl's call-out work on the same host side by side.
 */

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VccwHandoverHost: the places. */
typedef struct {
    const char *sysfs;     /* usually "/sys" */
    const char *dev;       /* usually "/dev" */
    const char *proc;      /* usually "/proc" */
    const char *overrides; /* driverctl's store, usually "/etc/driverctl.d" */
    const char *rules;     /* chzdev's udev rules, usually "/etc/udev/rules.d" */
    const char *state;     /* what is remembered, usually "/var/lib/virtccw" */
    const char *modprobe;  /* the program that loads a module; NULL: none is loaded */
    pid_t starter;         /* the process that starts mediated devices; 0 is this one */
} VccwHandoverHost;

#define VCCW_HANDOVER_DRIVER "vfio_ccw"

G_END_DECLS
