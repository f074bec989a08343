/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table. Whatever is not in it does not exist; a row without a word on reading is a
 * write. Procedure numbers: libvirt's remote protocol, stable since its first release.
 */

#include "driver/operation.h"
#include "driver/connect.h"
#include "driver/domain.h"
#include "driver/nodedev.h"
#include <libvirt/libvirt.h>

#define READ               .read_only = TRUE
#define WRITE              .read_only = FALSE
#define UNOPENED           .before_open = TRUE
#define ALLOW(permission_) .permission = permission_

/* A second permission: always; if one of these flags is set; or unless of the two flags
 * AFFECT_LIVE and AFFECT_CONFIG only the first is. */
#define AND(permission_)            .also = permission_, .also_spared = 1
#define AND_IF(flags_, permission_) .also = permission_, .also_flags = (flags_)
#define AND_SAVE(permission_)                                        \
    .also = permission_,                                             \
    .also_flags = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG, \
    .also_spared = VIR_DOMAIN_AFFECT_LIVE

/* clang-format off */
#define ROW(number_, name_, args_, result_, handler_, ...)                                \
    { .procedure = number_, .name = name_, .args = VCCW_ARGS_##args_,                     \
      .result = VCCW_RESULT_##result_, .handler = handler_, __VA_ARGS__ }

static const VccwOperation operations[] = {
    ROW(1, "ConnectOpen", OPTNAME_FLAGS, NONE, vccw_connect_open,
        READ, UNOPENED, ALLOW("connect.getattr")),
    ROW(2, "ConnectClose", NONE, NONE, vccw_connect_close,
        READ, UNOPENED),
    ROW(3, "ConnectGetType", NONE, STRING, vccw_connect_type,
        READ, ALLOW("connect.getattr")),
    ROW(4, "ConnectGetVersion", NONE, HUGE, vccw_connect_version,
        READ, ALLOW("connect.getattr")),
    ROW(7, "ConnectGetCapabilities", NONE, STRING, vccw_connect_capabilities,
        READ, ALLOW("connect.read")),
    ROW(9, "DomainCreate", DOMAIN, NONE, vccw_domain_create,
        WRITE, ALLOW("domain.start")),
    ROW(10, "DomainCreateXML", NAME_FLAGS, DOMAIN, vccw_domain_create_xml,
        WRITE, ALLOW("domain.write"), AND("domain.start")),
    ROW(11, "DomainDefineXML", NAME, DOMAIN, vccw_domain_define,
        WRITE, ALLOW("domain.write"), AND("domain.save")),
    ROW(12, "DomainDestroy", DOMAIN, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.stop")),
    ROW(14, "DomainGetXMLDesc", DOMAIN_FLAGS, STRING, vccw_domain_xml,
        READ, ALLOW("domain.read"),
        AND_IF(VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE, "domain.read-secure")),
    ROW(15, "DomainGetAutostart", DOMAIN, NUMBER, vccw_domain_get_autostart,
        READ, ALLOW("domain.read")),
    ROW(16, "DomainGetInfo", DOMAIN, DOMAIN_INFO, vccw_domain_info,
        READ, ALLOW("domain.read")),
    ROW(17, "DomainGetMaxMemory", DOMAIN, HUGE, vccw_domain_max_memory,
        READ, ALLOW("domain.read")),
    ROW(18, "DomainGetMaxVcpus", DOMAIN, NUMBER, vccw_domain_needs_running,
        READ, ALLOW("domain.read")),
    ROW(19, "DomainGetOSType", DOMAIN, STRING, vccw_domain_os_type,
        READ, ALLOW("domain.read")),
    ROW(21, "ConnectListDefinedDomains", NUMBER, NAMES, vccw_domain_list_defined,
        READ, ALLOW("connect.search-domains")),
    ROW(22, "DomainLookupByID", NUMBER, DOMAIN, vccw_domain_by_id,
        READ, ALLOW("domain.getattr")),
    ROW(23, "DomainLookupByName", NAME, DOMAIN, vccw_domain_by_name,
        READ, ALLOW("domain.getattr")),
    ROW(24, "DomainLookupByUUID", UUID, DOMAIN, vccw_domain_by_uuid,
        READ, ALLOW("domain.getattr")),
    ROW(25, "ConnectNumOfDefinedDomains", NONE, NUMBER, vccw_domain_num_defined,
        READ, ALLOW("connect.search-domains")),
    ROW(27, "DomainReboot", DOMAIN_FLAGS, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.init-control"),
        AND_IF(VIR_DOMAIN_REBOOT_GUEST_AGENT, "domain.write")),
    ROW(28, "DomainResume", DOMAIN, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.suspend")),
    ROW(29, "DomainSetAutostart", DOMAIN_NUMBER, NONE, vccw_domain_set_autostart,
        WRITE, ALLOW("domain.write")),
    ROW(33, "DomainShutdown", DOMAIN, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.init-control")),
    ROW(34, "DomainSuspend", DOMAIN, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.suspend")),
    ROW(35, "DomainUndefine", DOMAIN, NONE, vccw_domain_undefine,
        WRITE, ALLOW("domain.delete")),
    ROW(37, "ConnectListDomains", NUMBER, NAMES, vccw_domain_list_active,
        READ, ALLOW("connect.search-domains")),
    ROW(51, "ConnectNumOfDomains", NONE, NUMBER, vccw_domain_num_active,
        READ, ALLOW("connect.search-domains")),
    ROW(59, "ConnectGetHostname", NONE, STRING, vccw_connect_hostname,
        READ, ALLOW("connect.getattr")),
    ROW(60, "ConnectSupportsFeature", NUMBER, NUMBER, vccw_connect_feature,
        READ, ALLOW("connect.getattr")),
    ROW(110, "ConnectGetURI", NONE, STRING, vccw_connect_uri,
        READ, ALLOW("connect.getattr")),
    ROW(111, "NodeNumOfDevices", OPTNAME_FLAGS, NUMBER, vccw_nodedev_num,
        READ, ALLOW("connect.search-node-devices")),
    ROW(112, "NodeListDevices", OPTNAME_NUMBER_FLAGS, NAMES, vccw_nodedev_list,
        READ, ALLOW("connect.search-node-devices")),
    ROW(113, "NodeDeviceLookupByName", NAME, STRING, vccw_nodedev_lookup,
        READ, ALLOW("node-device.getattr")),
    ROW(114, "NodeDeviceGetXMLDesc", NAME_FLAGS, STRING, vccw_nodedev_xml,
        READ, ALLOW("node-device.read")),
    ROW(115, "NodeDeviceGetParent", NAME, OPTSTRING, vccw_nodedev_parent,
        READ, ALLOW("node-device.read")),
    ROW(116, "NodeDeviceNumOfCaps", NAME, NUMBER, vccw_nodedev_num_caps,
        READ, ALLOW("node-device.read")),
    ROW(117, "NodeDeviceListCaps", NAME_NUMBER, NAMES, vccw_nodedev_list_caps,
        READ, ALLOW("node-device.read")),
    ROW(118, "NodeDeviceDettach", NAME, NONE, vccw_nodedev_detach,
        WRITE, ALLOW("node-device.detach")),
    ROW(119, "NodeDeviceReAttach", NAME, NONE, vccw_nodedev_reattach,
        WRITE, ALLOW("node-device.detach")),
    ROW(120, "NodeDeviceReset", NAME, NONE, vccw_nodedev_reset,
        WRITE, ALLOW("node-device.detach")),
    ROW(123, "NodeDeviceCreateXML", NAME_FLAGS, STRING, vccw_nodedev_create_xml,
        WRITE, ALLOW("node-device.write"), AND("node-device.start")),
    ROW(124, "NodeDeviceDestroy", NAME, NONE, vccw_nodedev_destroy,
        WRITE, ALLOW("node-device.stop")),
    ROW(135, "ConnectDomainXMLFromNative", NAME_TEXT_FLAGS, STRING,
        vccw_domain_from_native,
        WRITE, ALLOW("connect.write")),
    ROW(136, "ConnectDomainXMLToNative", NAME_TEXT_FLAGS, STRING, vccw_domain_to_native,
        WRITE, ALLOW("connect.write")),
    ROW(149, "ConnectIsSecure", NONE, NUMBER, vccw_connect_is_secure,
        READ),
    ROW(150, "DomainIsActive", DOMAIN, NUMBER, vccw_domain_is_active,
        READ, ALLOW("domain.read")),
    ROW(151, "DomainIsPersistent", DOMAIN, NUMBER, vccw_domain_is_persistent,
        READ, ALLOW("domain.read")),
    ROW(157, "ConnectGetLibVersion", NONE, HUGE, vccw_connect_lib_version,
        READ, ALLOW("connect.getattr")),
    ROW(183, "DomainHasManagedSaveImage", DOMAIN_FLAGS, NUMBER,
        vccw_domain_has_managed_save,
        READ, ALLOW("domain.read")),
    ROW(196, "DomainCreateWithFlags", DOMAIN_FLAGS, DOMAIN, vccw_domain_create,
        WRITE, ALLOW("domain.start")),
    ROW(200, "DomainGetVcpusFlags", DOMAIN_FLAGS, NUMBER, vccw_domain_vcpus,
        READ, ALLOW("domain.read"), AND_IF(VIR_DOMAIN_VCPU_GUEST, "domain.write")),
    ROW(202, "DomainIsUpdated", DOMAIN, NUMBER, vccw_domain_is_updated,
        READ, ALLOW("domain.read")),
    ROW(212, "DomainGetState", DOMAIN_FLAGS, TWO_NUMBERS, vccw_domain_state,
        READ, ALLOW("domain.read")),
    ROW(231, "DomainUndefineFlags", DOMAIN_FLAGS, NONE, vccw_domain_undefine,
        WRITE, ALLOW("domain.delete")),
    ROW(234, "DomainDestroyFlags", DOMAIN_FLAGS, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.stop")),
    ROW(245, "DomainReset", DOMAIN_FLAGS, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.reset")),
    ROW(258, "DomainShutdownFlags", DOMAIN_FLAGS, NONE, vccw_domain_needs_running,
        WRITE, ALLOW("domain.init-control"),
        AND_IF(VIR_DOMAIN_SHUTDOWN_GUEST_AGENT, "domain.write")),
    ROW(264, "DomainSetMetadata", DOMAIN_NUMBER_OPTTEXTS_FLAGS, NONE,
        vccw_domain_set_metadata,
        WRITE, ALLOW("domain.write"), AND_SAVE("domain.save")),
    ROW(265, "DomainGetMetadata", DOMAIN_NUMBER_OPTTEXT_FLAGS, STRING,
        vccw_domain_get_metadata,
        READ, ALLOW("domain.read")),
    ROW(273, "ConnectListAllDomains", NUMBER_FLAGS, DOMAINS_COUNT, vccw_domain_list_all,
        READ, ALLOW("connect.search-domains")),
    ROW(285, "ConnectListAllNodeDevices", NUMBER_FLAGS, NAMES_COUNT, vccw_nodedev_list_all,
        READ, ALLOW("connect.search-node-devices")),
    ROW(301, "NodeDeviceDetachFlags", NAME_OPTTEXT_FLAGS, NONE, vccw_nodedev_detach_flags,
        WRITE, ALLOW("node-device.detach")),
    ROW(316, "ConnectDomainEventRegisterAny", NUMBER_OPTDOMAIN, NUMBER,
        vccw_domain_event_register,
        READ, ALLOW("connect.search-domains")),
    ROW(317, "ConnectDomainEventDeregisterAny", NUMBER, NONE,
        vccw_domain_event_deregister,
        READ, ALLOW("connect.read")),
    ROW(342, "ConnectGetDomainCapabilities", OPTNAMES_FLAGS, STRING,
        vccw_domain_capabilities,
        WRITE, ALLOW("connect.write")),
    ROW(350, "DomainDefineXMLFlags", NAME_FLAGS, DOMAIN, vccw_domain_define,
        WRITE, ALLOW("domain.write"), AND("domain.save")),
    ROW(358, "DomainRename", DOMAIN_OPTTEXT_FLAGS, NUMBER, vccw_domain_rename,
        WRITE, ALLOW("domain.write"), AND("domain.save")),
    ROW(360, "ConnectRegisterCloseCallback", NONE, NONE, vccw_connect_close_callback,
        READ, ALLOW("connect.getattr")),
    ROW(361, "ConnectUnregisterCloseCallback", NONE, NONE, vccw_connect_close_callback,
        READ, ALLOW("connect.getattr")),
    ROW(374, "ConnectNodeDeviceEventRegisterAny", NUMBER_OPTNAME, NUMBER,
        vccw_nodedev_event_register,
        READ, ALLOW("connect.search-node-devices")),
    ROW(375, "ConnectNodeDeviceEventDeregisterAny", NUMBER, NONE,
        vccw_nodedev_event_deregister,
        READ, ALLOW("connect.read")),
    ROW(428, "NodeDeviceDefineXML", NAME_FLAGS, STRING, vccw_nodedev_define,
        WRITE, ALLOW("node-device.write"), AND("node-device.save")),
    ROW(429, "NodeDeviceUndefine", NAME_FLAGS, NONE, vccw_nodedev_undefine,
        WRITE, ALLOW("node-device.delete")),
    ROW(430, "NodeDeviceCreate", NAME_FLAGS, NONE, vccw_nodedev_start,
        WRITE, ALLOW("node-device.start")),
    ROW(433, "NodeDeviceGetAutostart", NAME, NUMBER, vccw_nodedev_get_autostart,
        READ, ALLOW("node-device.read")),
    ROW(434, "NodeDeviceSetAutostart", NAME_NUMBER, NONE, vccw_nodedev_set_autostart,
        WRITE, ALLOW("node-device.write")),
    ROW(435, "NodeDeviceIsPersistent", NAME, NUMBER, vccw_nodedev_is_persistent,
        READ, ALLOW("node-device.read")),
    ROW(436, "NodeDeviceIsActive", NAME, NUMBER, vccw_nodedev_is_active,
        READ, ALLOW("node-device.read")),
    ROW(447, "NodeDeviceUpdate", NAME_TEXT_FLAGS, NONE, vccw_nodedev_update,
        WRITE, ALLOW("node-device.write"), AND_SAVE("node-device.save")),
};
/* clang-format on */

const VccwOperation *
vccw_operation_find(gint32 procedure)
{
    gsize low = 0, high = G_N_ELEMENTS(operations);

    while (low < high) {
        gsize middle = low + (high - low) / 2;

        if (operations[middle].procedure == procedure)
            return &operations[middle];
        if (operations[middle].procedure < procedure)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const VccwOperation *
vccw_operations(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(operations);
    return operations;
}
