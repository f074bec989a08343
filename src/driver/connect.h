/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Operations on the connection itself. Each is a VccwHandler (driver/operation.h). */

#include "driver/operation.h"

G_BEGIN_DECLS

/** vccw_connect_open: virConnectOpen: name (a URI), flags. */
void vccw_connect_open(VccwCall *call);
/** vccw_connect_close: virConnectClose. */
void vccw_connect_close(VccwCall *call);
/** vccw_connect_type: virConnectGetType. */
void vccw_connect_type(VccwCall *call);
/** vccw_connect_version: virConnectGetVersion: virtccw's own. */
void vccw_connect_version(VccwCall *call);
/** vccw_connect_lib_version: virConnectGetLibVersion: the libvirt API that is spoken. */
void vccw_connect_lib_version(VccwCall *call);
/** vccw_connect_hostname: virConnectGetHostname. */
void vccw_connect_hostname(VccwCall *call);
/** vccw_connect_uri: virConnectGetURI. */
void vccw_connect_uri(VccwCall *call);
/** vccw_connect_capabilities: virConnectGetCapabilities. */
void vccw_connect_capabilities(VccwCall *call);
/** vccw_connect_is_secure: virConnectIsSecure. */
void vccw_connect_is_secure(VccwCall *call);
/** vccw_connect_feature: virConnectSupportsFeature. */
void vccw_connect_feature(VccwCall *call);
/** vccw_connect_close_callback: virConnect(Un)RegisterCloseCallback: nothing to be done,
 * because a connection to this driver only ends with its socket. */
void vccw_connect_close_callback(VccwCall *call);

G_END_DECLS
