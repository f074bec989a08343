/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What mdevctl's call-out does for the mediated devices of vfio_ccw.
 *
 * mdevctl asks before and after each of its actions. Here is the same check and the same
 * hand-over that virtccwd does at a start, for hosts where mdevctl or stock libvirt
 * starts devices. Both work on the same files, so that they may run side by side.
 */

#include "handover/holder.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwCalloutStatus: what mdevctl makes of the exit status. */
enum {
    VCCW_CALLOUT_FINE = 0,
    VCCW_CALLOUT_REFUSED = 1,
    VCCW_CALLOUT_NOT_OURS = 2, /* it tries its next call-out */
};

/** VccwCallout: what mdevctl tells. */
typedef struct {
    const VccwHandoverHost *host;
    const char *type;   /* "vfio_ccw-io" */
    const char *event;  /* "pre", "post", "notify", … */
    const char *action; /* "start", … */
    const char *state;  /* after the action: "success" or "failure" */
    const char *uuid;
    const char *parent;
    const VccwHolderHost *holders; /* which guests have what */
    gboolean take_parents;         /* whether a start may take its parent from the host */
    gboolean by_udev; /* mdevctl was started by its rule, for what is autostarted */
} VccwCallout;

/** vccw_callout_is_ours: Returns: whether it is about a device of vfio_ccw. */
gboolean vccw_callout_is_ours(const VccwCallout *callout);

/**
 * vccw_callout_run: Does what is to be done at this moment. May block for seconds.
 * @ret_said: (out) (transfer full) (nullable): a message for the user, without a newline
 *
 * Returns: a VccwCalloutStatus.
 */
int vccw_callout_run(const VccwCallout *callout, char **ret_said);

G_END_DECLS
