/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A change of what channel devices a guest has: a client's call to attach or detach one,
 * with what has to be done before and after the stock daemon carries it out.
 */

#include "driver/driver.h"
#include "front/relay.h"
#include "xml/guest-source.h"

G_BEGIN_DECLS

#define VCCW_HOSTDEV_CHANGE_STATES 2 /* a guest has: running, and defined */

/** VccwHostdevChange: on its way; zeroed at the beginning, but for what is to be done. */
typedef struct {
    /* What is to be done. */
    VccwMessage *call;
    gsize document_at; /* in its payload, behind what names the guest */
    VccwDriver *driver;
    char *text; /* (nullable): the document as the person wrote it */
    VccwGuestSource source;
    char *guest; /* its name */
    VccwUuid guest_uuid;
    gboolean attach;
    guint n; /* states that are affected */
    guint32 affect[VCCW_HOSTDEV_CHANGE_STATES];
    GPtrArray *wanted; /* (nullable): mediated devices to be defined */

    /* How far it is. */
    guint at;                                 /* the state that is looked at */
    char *before[VCCW_HOSTDEV_CHANGE_STATES]; /* (nullable): the metadata */
    gboolean taken;     /* the device may have been taken for the guest */
    VccwMessage *reply; /* the stock daemon's, or NULL and: */
    GError *error;
} VccwHostdevChange;

/** vccw_hostdev_change_free: Ends it; a device that may have been taken for the guest is
 * given back. NULL is not allowed. */
void vccw_hostdev_change_free(gpointer change);

/** vccw_hostdev_change_question: Returns: (transfer full): a call of our own about the
 * same guest, under the serial of the client's. */
VccwMessage *vccw_hostdev_change_question(const VccwHostdevChange *change,
                                          gint32 procedure);

/** vccw_hostdev_change_affects_running: Returns: whether more than the definition is
 * changed. */
gboolean vccw_hostdev_change_affects_running(const VccwHostdevChange *change);

/** vccw_hostdev_change_begin: Begins it; the client is answered at its end.
 * @change: (transfer full) */
void vccw_hostdev_change_begin(VccwRelay *relay, VccwHostdevChange *change);

G_END_DECLS
