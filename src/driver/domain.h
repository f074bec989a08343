/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Operations on domains. Each is a VccwHandler (driver/operation.h). No domain ever runs
 * here: this driver keeps definitions, and a QEMU driver runs them. */

#include "domain/store.h"
#include "driver/operation.h"

G_BEGIN_DECLS

/** vccw_domain_find: Finds the domain that a call's arguments name, by its UUID.
 *
 * Returns: (transfer none): its definition; NULL with VCCW_ERROR_NO_DOMAIN. */
const VccwDomainDefinition *
vccw_domain_find(const VccwDomainStore *store, const VccwArgs *args, GError **error);

/** vccw_domain_call_lookup: Finds the domain that a call names.
 *
 * Returns: (transfer none): its definition; NULL if the call has been answered: there is
 *   none. */
const VccwDomainDefinition *vccw_domain_call_lookup(VccwCall *call);

/*
 * Lists: driver/domain-list.c
 */

/** vccw_domain_by_name: virDomainLookupByName: name. */
void vccw_domain_by_name(VccwCall *call);
/** vccw_domain_by_uuid: virDomainLookupByUUID: uuid. */
void vccw_domain_by_uuid(VccwCall *call);
/** vccw_domain_by_id: virDomainLookupByID: number. */
void vccw_domain_by_id(VccwCall *call);
/** vccw_domain_num_active: virConnectNumOfDomains. */
void vccw_domain_num_active(VccwCall *call);
/** vccw_domain_list_active: virConnectListDomains: number, the most of them. */
void vccw_domain_list_active(VccwCall *call);
/** vccw_domain_num_defined: virConnectNumOfDefinedDomains. */
void vccw_domain_num_defined(VccwCall *call);
/** vccw_domain_list_defined: virConnectListDefinedDomains: number, the most of them. */
void vccw_domain_list_defined(VccwCall *call);
/** vccw_domain_list_all: virConnectListAllDomains: number, whether to list; flags. */
void vccw_domain_list_all(VccwCall *call);

/*
 * Questions about one domain: driver/domain-query.c
 */

/** vccw_domain_xml: virDomainGetXMLDesc: flags. */
void vccw_domain_xml(VccwCall *call);
/** vccw_domain_info: virDomainGetInfo. */
void vccw_domain_info(VccwCall *call);
/** vccw_domain_state: virDomainGetState: flags. */
void vccw_domain_state(VccwCall *call);
/** vccw_domain_os_type: virDomainGetOSType. */
void vccw_domain_os_type(VccwCall *call);
/** vccw_domain_max_memory: virDomainGetMaxMemory. */
void vccw_domain_max_memory(VccwCall *call);
/** vccw_domain_vcpus: virDomainGetVcpusFlags: flags. */
void vccw_domain_vcpus(VccwCall *call);
/** vccw_domain_get_autostart: virDomainGetAutostart. */
void vccw_domain_get_autostart(VccwCall *call);
/** vccw_domain_is_active: virDomainIsActive. */
void vccw_domain_is_active(VccwCall *call);
/** vccw_domain_is_persistent: virDomainIsPersistent. */
void vccw_domain_is_persistent(VccwCall *call);
/** vccw_domain_is_updated: virDomainIsUpdated. */
void vccw_domain_is_updated(VccwCall *call);
/** vccw_domain_has_managed_save: virDomainHasManagedSaveImage: flags. */
void vccw_domain_has_managed_save(VccwCall *call);
/** vccw_domain_get_metadata: virDomainGetMetadata: number, a type; text, a namespace;
 * flags. */
void vccw_domain_get_metadata(VccwCall *call);

/*
 * Changes of definitions: driver/domain-define.c, driver/domain-change.c
 */

/** vccw_domain_define: virDomainDefineXML, virDomainDefineXMLFlags: name, a document;
 * flags. */
void vccw_domain_define(VccwCall *call);
/** vccw_domain_undefine: virDomainUndefine, virDomainUndefineFlags: flags. */
void vccw_domain_undefine(VccwCall *call);
/** vccw_domain_rename: virDomainRename: text, the new name; flags. */
void vccw_domain_rename(VccwCall *call);
/** vccw_domain_set_autostart: virDomainSetAutostart: number. */
void vccw_domain_set_autostart(VccwCall *call);
/** vccw_domain_set_metadata: virDomainSetMetadata: number, a type; text, the metadata;
 * third, a prefix; fourth, a namespace; flags. */
void vccw_domain_set_metadata(VccwCall *call);

/*
 * What needs a domain that runs: driver/domain-run.c
 */

/** vccw_domain_create: virDomainCreate, virDomainCreateWithFlags: says that a QEMU driver
 * is needed. */
void vccw_domain_create(VccwCall *call);
/** vccw_domain_create_xml: virDomainCreateXML: the same. */
void vccw_domain_create_xml(VccwCall *call);
/** vccw_domain_needs_running: virDomainDestroy, Shutdown, Suspend ...: says that the
 * domain is not running. */
void vccw_domain_needs_running(VccwCall *call);

/*
 * Emulators: driver/domain-native.c, driver/domain-capabilities.c
 */

/** vccw_domain_to_native: virConnectDomainXMLToNative: name, "qemu-argv"; text, a
 * document; flags. */
void vccw_domain_to_native(VccwCall *call);
/** vccw_domain_from_native: virConnectDomainXMLFromNative: name, "qemu-argv"; text, a
 * command line; flags. */
void vccw_domain_from_native(VccwCall *call);
/** vccw_domain_capabilities: virConnectGetDomainCapabilities: name, text, third, fourth:
 * emulator, architecture, machine and type, each or NULL; flags. */
void vccw_domain_capabilities(VccwCall *call);

/*
 * Events: driver/domain-event.c
 */

/** vccw_domain_event_register: virConnectDomainEventRegisterAny: number, an event; maybe
 * a domain. */
void vccw_domain_event_register(VccwCall *call);
/** vccw_domain_event_deregister: virConnectDomainEventDeregisterAny: number. */
void vccw_domain_event_deregister(VccwCall *call);

G_END_DECLS
