/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Remembers which device a definition is for that somebody else (mdevctl) has made, and
 * forgets it when he has removed it.
 */

#include "base/jobs.h"
#include "handover/host.h"
#include <virtccw/address.h>

G_BEGIN_DECLS

typedef struct _VccwIdentify VccwIdentify;

/** vccw_identify_new: Returns: (transfer full): an empty list; @jobs and @host must
 * outlive it, and so must @dir, the store's folder. */
VccwIdentify *
vccw_identify_new(VccwJobs *jobs, const VccwHandoverHost *host, const char *dir);

/** vccw_identify_free: Releases @identify. NULL is fine. */
void vccw_identify_free(VccwIdentify *identify);

/** VccwIdentifyFunc: told that a definition that was for one device is for another now.
 */
typedef void (*VccwIdentifyFunc)(const VccwUuid *uuid,
                                 const VccwBusId *parent,
                                 gpointer data);

/** vccw_identify_set_func: Has @func called with @data. */
void vccw_identify_set_func(VccwIdentify *identify, VccwIdentifyFunc func, gpointer data);

/** vccw_identify_get: Returns: (transfer none) (nullable): the device that a definition
 * is for, as far as it is known by now. */
const VccwBusId *
vccw_identify_get(VccwIdentify *identify, const VccwUuid *uuid, const VccwBusId *parent);

/** vccw_identify_definition: Has the device behind @parent remembered for the definition,
 * unless one is. */
void vccw_identify_definition(VccwIdentify *identify,
                              const VccwUuid *uuid,
                              const VccwBusId *parent);

/** vccw_identify_undefined: Has it forgotten, if the file of the definition is gone: one
 * that only cannot be used any more will mean the same device when it can. */
void vccw_identify_undefined(VccwIdentify *identify,
                             const VccwUuid *uuid,
                             const VccwBusId *parent);

G_END_DECLS
