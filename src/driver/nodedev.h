/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Operations on node devices. Each is a VccwHandler (driver/operation.h). */

#include "driver/operation.h"

G_BEGIN_DECLS

/* nodedev-list.c: what there is */

/** vccw_nodedev_num: virNodeNumOfDevices: name (a capability or NULL), flags (0). */
void vccw_nodedev_num(VccwCall *call);
/** vccw_nodedev_list: virNodeListDevices: name (a capability or NULL), number (at most so
 * many), flags (0). */
void vccw_nodedev_list(VccwCall *call);
/** vccw_nodedev_list_all: virConnectListAllNodeDevices: number (whether the names are
 * wanted), flags (VIR_CONNECT_LIST_NODE_DEVICES_*). */
void vccw_nodedev_list_all(VccwCall *call);
/** vccw_nodedev_lookup: virNodeDeviceLookupByName: name. */
void vccw_nodedev_lookup(VccwCall *call);

/* nodedev-query.c: what one is like */

/** vccw_nodedev_xml: virNodeDeviceGetXMLDesc: name, flags (0 or XML_INACTIVE). */
void vccw_nodedev_xml(VccwCall *call);
/** vccw_nodedev_parent: virNodeDeviceGetParent: name. */
void vccw_nodedev_parent(VccwCall *call);
/** vccw_nodedev_num_caps: virNodeDeviceNumOfCaps: name. */
void vccw_nodedev_num_caps(VccwCall *call);
/** vccw_nodedev_list_caps: virNodeDeviceListCaps: name, number (at most so many). */
void vccw_nodedev_list_caps(VccwCall *call);
/** vccw_nodedev_is_active: virNodeDeviceIsActive: name. */
void vccw_nodedev_is_active(VccwCall *call);
/** vccw_nodedev_is_persistent: virNodeDeviceIsPersistent: name. */
void vccw_nodedev_is_persistent(VccwCall *call);
/** vccw_nodedev_get_autostart: virNodeDeviceGetAutostart: name. */
void vccw_nodedev_get_autostart(VccwCall *call);

/* nodedev-define.c: changes of the store */

/** vccw_nodedev_define: virNodeDeviceDefineXML: name (the document), flags (VALIDATE). */
void vccw_nodedev_define(VccwCall *call);
/** vccw_nodedev_undefine: virNodeDeviceUndefine: name, flags (0). */
void vccw_nodedev_undefine(VccwCall *call);
/** vccw_nodedev_set_autostart: virNodeDeviceSetAutostart: name, number. */
void vccw_nodedev_set_autostart(VccwCall *call);
/** vccw_nodedev_update: virNodeDeviceUpdate: name, text (the document), flags (AFFECT_*).
 */
void vccw_nodedev_update(VccwCall *call);

/* nodedev-life.c: changes of the host */

/** vccw_nodedev_create_xml: virNodeDeviceCreateXML: name (the document), flags
 * (VALIDATE): a transient device. */
void vccw_nodedev_create_xml(VccwCall *call);
/** vccw_nodedev_start: virNodeDeviceCreate: name, flags (0): a defined device. */
void vccw_nodedev_start(VccwCall *call);
/** vccw_nodedev_destroy: virNodeDeviceDestroy: name. */
void vccw_nodedev_destroy(VccwCall *call);

/* nodedev-hand.c: from the host to vfio_ccw, and back */

/** vccw_nodedev_detach: virNodeDeviceDettach: name (a subchannel or a device). */
void vccw_nodedev_detach(VccwCall *call);
/** vccw_nodedev_detach_flags: virNodeDeviceDetachFlags: name, text ("vfio_ccw" or NULL),
 * flags (0). */
void vccw_nodedev_detach_flags(VccwCall *call);
/** vccw_nodedev_reattach: virNodeDeviceReAttach: name. */
void vccw_nodedev_reattach(VccwCall *call);
/** vccw_nodedev_reset: virNodeDeviceReset: name; refused. */
void vccw_nodedev_reset(VccwCall *call);

/* nodedev-event.c */

/** vccw_nodedev_event_register: virConnectNodeDeviceEventRegisterAny: number (the event),
 * name (a device or NULL). */
void vccw_nodedev_event_register(VccwCall *call);
/** vccw_nodedev_event_deregister: virConnectNodeDeviceEventDeregisterAny: number. */
void vccw_nodedev_event_deregister(VccwCall *call);

G_END_DECLS
