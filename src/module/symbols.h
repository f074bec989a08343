/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the module needs of libvirt's library beyond its public API. Such symbols carry
 * the release in their version, so a build that was linked to them would only load into
 * that one release; they are looked up by their names alone.
 *
 * Their types are those of the releases in module/layout.h.
 */

#include "module/layout.h"
#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** VccwLogSource: who says something in libvirt's log. */
typedef struct {
    const char *name;
    unsigned int priority;
    unsigned int serial;
} VccwLogSource;

/** VccwSymbols: libvirt's functions, by their own names. */
typedef struct {
    int (*virRegisterConnectDriver)(const VccwConnectTable *table, bool shared);
    virNodeDevicePtr (*virGetNodeDevice)(virConnectPtr conn, const char *name);
    virDomainPtr (*virGetDomain)(virConnectPtr conn,
                                 const char *name,
                                 const unsigned char *uuid,
                                 int id);
    gpointer (*virObjectRef)(gpointer object);
    void (*virObjectUnref)(gpointer object);
    gpointer (*virIdentityGetCurrent)(void);
    void (*virRaiseErrorFull)(const char *file,
                              const char *function,
                              size_t line,
                              int domain,
                              int code,
                              int level,
                              const char *str1,
                              const char *str2,
                              const char *str3,
                              int int1,
                              int int2,
                              const char *format,
                              ...) G_GNUC_PRINTF(12, 13);
    void (*virLogMessage)(VccwLogSource *source,
                          int priority,
                          const char *file,
                          int line,
                          const char *function,
                          gconstpointer metadata,
                          const char *format,
                          ...) G_GNUC_PRINTF(7, 8);
    gpointer (*virObjectEventStateNew)(void);
    void (*virObjectEventStateQueue)(gpointer state, gpointer event);
    int (*virObjectEventStateDeregisterID)(virConnectPtr conn,
                                           gpointer state,
                                           int callback_id,
                                           bool release);
    int (*virNodeDeviceEventStateRegisterID)(
        virConnectPtr conn,
        gpointer state,
        virNodeDevicePtr device,
        int event,
        virConnectNodeDeviceEventGenericCallback func,
        gpointer opaque,
        virFreeCallback release,
        int *ret_callback_id);
    gpointer (*virNodeDeviceEventLifecycleNew)(const char *name, int type, int detail);
    gpointer (*virNodeDeviceEventUpdateNew)(const char *name);
    int (*virDomainEventStateRegister)(virConnectPtr conn,
                                       gpointer state,
                                       virConnectDomainEventCallback func,
                                       gpointer opaque,
                                       virFreeCallback release);
    int (*virDomainEventStateDeregister)(virConnectPtr conn,
                                         gpointer state,
                                         virConnectDomainEventCallback func);
    int (*virDomainEventStateRegisterID)(virConnectPtr conn,
                                         gpointer state,
                                         virDomainPtr domain,
                                         int event,
                                         virConnectDomainEventGenericCallback func,
                                         gpointer opaque,
                                         virFreeCallback release,
                                         int *ret_callback_id);
    gpointer (*virDomainEventLifecycleNew)(int id,
                                           const char *name,
                                           const unsigned char *uuid,
                                           int type,
                                           int detail);
    gpointer (*virDomainEventMetadataChangeNewFromDom)(gconstpointer domain,
                                                       int type,
                                                       const char *uri);
} VccwSymbols;

/** vccw_libvirt: libvirt's functions, once vccw_symbols_load() has succeeded. */
extern VccwSymbols vccw_libvirt;

/** vccw_symbols_find: Returns: (nullable): a symbol of the libvirt that is loaded. */
gpointer vccw_symbols_find(const char *name);

/**
 * vccw_symbols_load: Looks them all up in the library that is loaded.
 *
 * Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED, naming the one that is missing.
 */
gboolean vccw_symbols_load(GError **error);

G_END_DECLS
