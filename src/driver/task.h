/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A task is a call's work on one mediated device in a worker thread. Tasks on the same
 * UUID run one after another, in the order of the calls. When the work is done the store
 * and the inventory are read anew, so that the answer, the events and the next listing
 * agree; then the call is answered. One that hangs is answered at its deadline, and goes
 * on.
 */

#include "driver/call.h"
#include "handover/holder.h"
#include <glib.h>
#include <virtccw/mdev.h>

G_BEGIN_DECLS

/** VccwTask: what a worker thread may read; it never touches driver, session or call. */
typedef struct _VccwTask VccwTask;

/** VccwTaskWork: runs in a worker thread. Returns: FALSE with an error. */
typedef gboolean (*VccwTaskWork)(VccwTask *task, GError **error);

struct _VccwTask {
    VccwCall *call;
    VccwMdevConfig *config; /* owned: which device, and what is asked for it */
    VccwMdevHost host;
    char *dir;        /* the store's folder */
    const char *verb; /* what is being done, for messages: "start" */
    VccwTaskWork work;
    gboolean answer_name; /* answer with the device's name */
    gboolean on_parent;   /* it is about the device's parent, not the device */
    const VccwHandoverHost *handover; /* or NULL */
    const VccwHolderHost *holders;    /* or NULL */
    gboolean parent_too;              /* the work may change the parent as well */
    gboolean take_parent;             /* a start may take the parent from the host */
    char *guest; /* the guest that gets, or has, the device; or NULL */
    VccwUuid guest_uuid;
    VccwGuestSource source; /* how the guest names it */
    gboolean identified;    /* which device is meant was said anew by the work */
    VccwBusId device;       /* the device that is meant, if: */
    gboolean has_device;
    char *note; /* a warning for the log, set by the work; or NULL */
};

/**
 * vccw_task_new:
 * @config: (transfer full): the device
 * @verb: what is being done, for messages
 *
 * Returns: (transfer full): a task for @call.
 */
VccwTask *vccw_task_new(VccwCall *call,
                        VccwMdevConfig *config,
                        const char *verb,
                        VccwTaskWork work);

/** vccw_task_run: Queues the task, which is taken over; the call is answered by it. */
void vccw_task_run(VccwTask *task);

G_END_DECLS
