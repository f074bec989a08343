/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What libvirt_driver_probe.so says to the process that checks. */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_PROBE_MAX 16

/** VccwProbe: which entries were called, in order. */
typedef struct {
    guint n;
    struct {
        guint kind; /* VccwTableKind */
        guint place;
    } hits[VCCW_PROBE_MAX];
} VccwProbe;

extern VccwProbe *vccw_probe;

G_END_DECLS
