/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is remembered of a mediated device that a guest has: STATE/holder/UUID, by the
 * UUID of the mediated device. It is written before the device is taken and removed after
 * it was given back.
 */

#include "handover/host.h"
#include <sys/types.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwHolderRecord: the record. */
typedef struct {
    VccwUuid mdev;
    gboolean damaged; /* some guest may have it; all but @mdev is unknown */
    VccwBusId parent;
    char *guest;      /* its name */
    VccwUuid uuid;    /* its UUID */
    gboolean started; /* the mediated device was started for the guest */
    gboolean runs;    /* the guest was seen running with it; else it is on its way: */
    pid_t pid;        /* who brings it there */
    guint64 since;    /* when that process began */
} VccwHolderRecord;

/** vccw_holder_record_free: NULL is fine. */
void vccw_holder_record_free(VccwHolderRecord *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwHolderRecord, vccw_holder_record_free)

/**
 * vccw_holder_record_save: Writes it durably.
 * @fresh: there must be none of its mediated device yet
 *
 * Returns: FALSE with G_UNIX_ERROR: EEXIST if there is one, and must not be.
 */
gboolean vccw_holder_record_save(const VccwHandoverHost *host,
                                 const VccwHolderRecord *record,
                                 gboolean fresh,
                                 GError **error);

/** vccw_holder_record_drop: Removes it durably; none is fine. Returns: FALSE with
 * G_UNIX_ERROR. */
gboolean vccw_holder_record_drop(const VccwHandoverHost *host,
                                 const VccwUuid *mdev,
                                 GError **error);

/** vccw_holder_record_load: Returns: (transfer full) (nullable): what is remembered of
 * @mdev now. */
VccwHolderRecord *vccw_holder_record_load(const VccwHandoverHost *host,
                                          const VccwUuid *mdev);

/** vccw_holder_record_list: Returns: (transfer full): of VccwHolderRecord *, with a free
 * function; of files that cannot be understood only that they are there. */
GPtrArray *vccw_holder_record_list(const VccwHandoverHost *host);

G_END_DECLS
