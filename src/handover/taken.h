/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is remembered of a subchannel that was taken from the host: STATE/taken/BUSID.
 *
 * It is written before the first step and removed after the last, so that whoever finds
 * one knows what was going on, and how the device was before.
 */

#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwTakenStep: how far it is. */
typedef enum {
    VCCW_TAKEN_TAKING, /* on its way to vfio_ccw */
    VCCW_TAKEN_WHOLE,  /* with vfio_ccw */
    VCCW_TAKEN_GIVING, /* on its way back to the host */
} VccwTakenStep;

/** VccwTaken: the record. Strings are owned, and NULL where nothing is known. */
typedef struct {
    VccwTakenStep step;
    gboolean by_start; /* a start took it, and not an administrator */
    pid_t pid;         /* whose start that was, or 0 */
    guint64 since;     /* when that process began, in its host's measure */
    gboolean online;   /* the device was online */
    char *device;      /* the device's bus-ID */
    char *override;    /* the subchannel's driver override before */
    char *stored;      /* what driverctl's store said before */
    char *uid;         /* the volume's unique ID */
    char *cutype;      /* "3990/e9" */
    char *devtype;     /* "3390/0c" */
} VccwTaken;

/** vccw_taken_free: Releases @taken. NULL is fine. */
void vccw_taken_free(VccwTaken *taken);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwTaken, vccw_taken_free)

/**
 * vccw_taken_load:
 * @ret_taken: (out) (transfer full) (nullable): the record, or NULL if there is none
 *
 * Returns: FALSE with G_UNIX_ERROR, or VCCW_ERROR_STORE if it cannot be understood.
 */
gboolean vccw_taken_load(const VccwHandoverHost *host,
                         const VccwBusId *subchannel,
                         VccwTaken **ret_taken,
                         GError **error);

/** vccw_taken_save: Writes the record durably. Returns: FALSE with G_UNIX_ERROR. */
gboolean vccw_taken_save(const VccwHandoverHost *host,
                         const VccwBusId *subchannel,
                         const VccwTaken *taken,
                         GError **error);

/** vccw_taken_drop: Removes the record durably; none is fine. Returns: FALSE with
 * G_UNIX_ERROR. */
gboolean vccw_taken_drop(const VccwHandoverHost *host,
                         const VccwBusId *subchannel,
                         GError **error);

/** vccw_taken_list: Returns: (transfer full): GArray of VccwBusId: of which there are
 * records. */
GArray *vccw_taken_list(const VccwHandoverHost *host);

/**
 * vccw_taken_lock: Keeps every other process and thread from handing over the same
 * subchannel; waits some seconds for one that does.
 *
 * Returns: a descriptor that holds the lock until it is closed; -1 with VCCW_ERROR_BUSY
 *   or G_UNIX_ERROR.
 */
int vccw_taken_lock(const VccwHandoverHost *host,
                    const VccwBusId *subchannel,
                    GError **error);

G_END_DECLS
