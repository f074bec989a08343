/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The steps between host and vfio_ccw, in either direction.
 *
 * Each step looks at what is before it changes anything, and looks again afterwards, so
 * that a way that was interrupted anywhere can be gone again from its beginning. A step
 * that could not look has failed, whatever it seemed to see.
 */

#include "handover/look.h"
#include "handover/taken.h"

G_BEGIN_DECLS

/** VccwHand: a subchannel that is being handed over. */
typedef struct {
    const VccwHandoverHost *host;
    VccwBusId id;
    char *bus_id;              /* "0.0.0004" */
    char *name;                /* "css_0_0_0004" */
    int sysfs;                 /* the root of sysfs */
    VccwLook look;             /* whether all that was looked at could be known */
    int lock;                  /* held as long as this lives; -1 for only looking */
    VccwTaken *taken;          /* what is remembered, or NULL */
    gboolean may_stay_offline; /* on its way to the host; it will not stay there */
} VccwHand;

/**
 * vccw_hand_init:
 * @lock: whether to keep everybody else away
 *
 * Returns: FALSE with VCCW_ERROR_BUSY, VCCW_ERROR_STORE or G_UNIX_ERROR; @hand is to be
 *   cleared all the same.
 */
gboolean vccw_hand_init(VccwHand *hand,
                        const VccwHandoverHost *host,
                        const VccwBusId *subchannel,
                        gboolean lock,
                        GError **error);

/** vccw_hand_clear: Releases what @hand has, and the lock. */
void vccw_hand_clear(VccwHand *hand);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwHand, vccw_hand_clear)

/** vccw_hand_exists: Returns: whether the host has the subchannel. */
gboolean vccw_hand_exists(VccwHand *hand);

/** vccw_hand_attr: Returns: (transfer full) (nullable): an attribute of it. */
char *vccw_hand_attr(VccwHand *hand, const char *name);

/** vccw_hand_override: Returns: (transfer full) (nullable): its driver override. */
char *vccw_hand_override(VccwHand *hand);

/** vccw_hand_driver: Returns: (transfer full) (nullable): its driver. */
char *vccw_hand_driver(VccwHand *hand);

/** vccw_hand_is_with_vfio: Returns: whether vfio_ccw has it. */
gboolean vccw_hand_is_with_vfio(VccwHand *hand);

/** vccw_hand_is_online: Returns: whether its device is online. */
gboolean vccw_hand_is_online(VccwHand *hand);

/** vccw_hand_mdevs: Returns: (transfer full): GArray of VccwUuid: active on it. */
GArray *vccw_hand_mdevs(VccwHand *hand);

/** vccw_hand_check_device: Whether the device behind the subchannel is still the one that
 * is being taken. Returns: FALSE with VCCW_ERROR_CONFLICT, and both are named. */
gboolean vccw_hand_check_device(VccwHand *hand, GError **error);

/** vccw_hand_other_device: Returns: (transfer full) (nullable): the device behind it if
 * that is another one than the one remembered: the I/O configuration has changed. */
char *vccw_hand_other_device(VccwHand *hand);

/**
 * vccw_hand_to_vfio: Goes from wherever it is to vfio_ccw.
 *
 * Returns: FALSE with a complete message at the first step that fails.
 */
gboolean vccw_hand_to_vfio(VccwHand *hand, GError **error);

/**
 * vccw_hand_to_host: Goes from wherever it is to the host, as @hand->taken remembers it.
 * A subchannel that has gone is with nobody, and needs only its override restored.
 *
 * Returns: as vccw_hand_to_vfio().
 */
gboolean vccw_hand_to_host(VccwHand *hand, GError **error);

G_END_DECLS
