/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The order of the entries is a fact of each release's headers. That of 9.0.0 is written
 * out; later releases are told by what they have put in, and behind which entry.
 */

#include "module/layout.h"
#include <string.h>
#include <virtccw/error.h>

/* Empty places behind the last: for a distribution that has added entries to a release.
 */
#define SPARE 64

static const gulong releases[] = { 9000000, 11003000, 12008000 };

static const char *const hypervisor[] = {
    /* clang-format off */
    "name", "connectURIProbe", "connectOpen", "connectClose", "connectSetIdentity",
    "connectSupportsFeature", "connectGetType", "connectGetVersion",
    "connectGetLibVersion", "connectGetHostname", "connectGetSysinfo",
    "connectGetMaxVcpus", "nodeGetInfo", "connectGetCapabilities", "connectListDomains",
    "connectNumOfDomains", "connectListAllDomains", "domainCreateXML",
    "domainCreateXMLWithFiles", "domainLookupByID", "domainLookupByUUID",
    "domainLookupByName", "domainSuspend", "domainResume", "domainPMSuspendForDuration",
    "domainPMWakeup", "domainShutdown", "domainShutdownFlags", "domainReboot",
    "domainReset", "domainDestroy", "domainDestroyFlags", "domainGetOSType",
    "domainGetHostname", "domainGetMaxMemory", "domainSetMaxMemory", "domainSetMemory",
    "domainSetMemoryFlags", "domainSetMemoryStatsPeriod", "domainSetMemoryParameters",
    "domainGetMemoryParameters", "domainSetNumaParameters", "domainGetNumaParameters",
    "domainSetBlkioParameters", "domainGetBlkioParameters", "domainGetInfo",
    "domainGetState", "domainGetControlInfo", "domainSave", "domainSaveFlags",
    "domainSaveParams", "domainRestore", "domainRestoreFlags", "domainRestoreParams",
    "domainSaveImageGetXMLDesc", "domainSaveImageDefineXML", "domainCoreDump",
    "domainCoreDumpWithFormat", "domainScreenshot", "domainSetVcpus",
    "domainSetVcpusFlags", "domainGetVcpusFlags", "domainPinVcpu", "domainPinVcpuFlags",
    "domainGetVcpuPinInfo", "domainPinEmulator", "domainGetEmulatorPinInfo",
    "domainGetVcpus", "domainGetMaxVcpus", "domainGetIOThreadInfo", "domainPinIOThread",
    "domainAddIOThread", "domainDelIOThread", "domainSetIOThreadParams",
    "domainGetSecurityLabel", "domainGetSecurityLabelList", "nodeGetSecurityModel",
    "domainGetXMLDesc", "connectDomainXMLFromNative", "connectDomainXMLToNative",
    "connectListDefinedDomains", "connectNumOfDefinedDomains", "domainCreate",
    "domainCreateWithFlags", "domainCreateWithFiles", "domainDefineXML",
    "domainDefineXMLFlags", "domainUndefine", "domainUndefineFlags",
    "domainAttachDevice", "domainAttachDeviceFlags", "domainDetachDevice",
    "domainDetachDeviceFlags", "domainUpdateDeviceFlags", "domainDetachDeviceAlias",
    "domainGetAutostart", "domainSetAutostart", "domainGetSchedulerType",
    "domainGetSchedulerParameters", "domainGetSchedulerParametersFlags",
    "domainSetSchedulerParameters", "domainSetSchedulerParametersFlags",
    "domainMigratePrepare", "domainMigratePerform", "domainMigrateFinish",
    "domainBlockResize", "domainBlockStats", "domainBlockStatsFlags",
    "domainInterfaceStats", "domainSetInterfaceParameters",
    "domainGetInterfaceParameters", "domainMemoryStats", "domainBlockPeek",
    "domainMemoryPeek", "domainGetBlockInfo", "nodeGetCPUStats", "nodeGetMemoryStats",
    "nodeGetCellsFreeMemory", "nodeGetFreeMemory", "connectDomainEventRegister",
    "connectDomainEventDeregister", "domainMigratePrepare2", "domainMigrateFinish2",
    "nodeDeviceDettach", "nodeDeviceDetachFlags", "nodeDeviceReAttach",
    "nodeDeviceReset", "domainMigratePrepareTunnel", "connectIsEncrypted",
    "connectIsSecure", "domainIsActive", "domainRename", "domainIsPersistent",
    "domainIsUpdated", "connectCompareCPU", "connectBaselineCPU", "domainGetJobInfo",
    "domainGetJobStats", "domainAbortJob", "domainAbortJobFlags",
    "domainMigrateGetMaxDowntime", "domainMigrateSetMaxDowntime",
    "domainMigrateGetCompressionCache", "domainMigrateSetCompressionCache",
    "domainMigrateGetMaxSpeed", "domainMigrateSetMaxSpeed",
    "connectDomainEventRegisterAny", "connectDomainEventDeregisterAny",
    "domainManagedSave", "domainHasManagedSaveImage", "domainManagedSaveRemove",
    "domainManagedSaveGetXMLDesc", "domainManagedSaveDefineXML",
    "domainSnapshotCreateXML", "domainSnapshotGetXMLDesc", "domainSnapshotNum",
    "domainSnapshotListNames", "domainListAllSnapshots", "domainSnapshotNumChildren",
    "domainSnapshotListChildrenNames", "domainSnapshotListAllChildren",
    "domainSnapshotLookupByName", "domainHasCurrentSnapshot", "domainSnapshotGetParent",
    "domainSnapshotCurrent", "domainSnapshotIsCurrent", "domainSnapshotHasMetadata",
    "domainRevertToSnapshot", "domainSnapshotDelete", "domainQemuMonitorCommand",
    "domainQemuMonitorCommandWithFiles", "domainQemuAttach", "domainQemuAgentCommand",
    "connectDomainQemuMonitorEventRegister", "connectDomainQemuMonitorEventDeregister",
    "domainOpenConsole", "domainOpenChannel", "domainOpenGraphics",
    "domainOpenGraphicsFD", "domainInjectNMI", "domainMigrateBegin3",
    "domainMigratePrepare3", "domainMigratePrepareTunnel3", "domainMigratePerform3",
    "domainMigrateFinish3", "domainMigrateConfirm3", "domainSendKey",
    "domainBlockJobAbort", "domainGetBlockJobInfo", "domainBlockJobSetSpeed",
    "domainBlockPull", "domainBlockRebase", "domainBlockCopy", "domainBlockCommit",
    "connectSetKeepAlive", "connectIsAlive", "nodeSuspendForDuration",
    "domainGetPerfEvents", "domainSetPerfEvents", "domainSetBlockIoTune",
    "domainGetBlockIoTune", "domainGetCPUStats", "domainGetDiskErrors",
    "domainSetMetadata", "domainGetMetadata", "nodeGetMemoryParameters",
    "nodeSetMemoryParameters", "nodeGetCPUMap", "domainFSTrim",
    "domainSendProcessSignal", "domainLxcOpenNamespace", "domainMigrateBegin3Params",
    "domainMigratePrepare3Params", "domainMigratePrepareTunnel3Params",
    "domainMigratePerform3Params", "domainMigrateFinish3Params",
    "domainMigrateConfirm3Params", "connectGetCPUModelNames", "domainFSFreeze",
    "domainFSThaw", "domainGetTime", "domainSetTime", "nodeGetFreePages",
    "connectGetDomainCapabilities", "connectGetAllDomainStats", "nodeAllocPages",
    "domainGetFSInfo", "domainInterfaceAddresses", "domainSetUserPassword",
    "connectRegisterCloseCallback", "connectUnregisterCloseCallback",
    "domainMigrateStartPostCopy", "domainGetGuestVcpus", "domainSetGuestVcpus",
    "domainSetVcpu", "domainSetBlockThreshold", "domainSetLifecycleAction",
    "connectCompareHypervisorCPU", "connectBaselineHypervisorCPU", "nodeGetSEVInfo",
    "domainGetLaunchSecurityInfo", "domainSetLaunchSecurityState",
    "domainCheckpointCreateXML", "domainCheckpointGetXMLDesc",
    "domainListAllCheckpoints", "domainCheckpointListAllChildren",
    "domainCheckpointLookupByName", "domainCheckpointGetParent",
    "domainCheckpointDelete", "domainGetGuestInfo", "domainAgentSetResponseTimeout",
    "domainBackupBegin", "domainBackupGetXMLDesc", "domainAuthorizedSSHKeysGet",
    "domainAuthorizedSSHKeysSet", "domainGetMessages", "domainStartDirtyRateCalc",
    "domainFDAssociate",
    /* clang-format on */
};

static const char *const node_device[] = {
    /* clang-format off */
    "name", "nodeNumOfDevices", "nodeListDevices", "connectListAllNodeDevices",
    "connectNodeDeviceEventRegisterAny", "connectNodeDeviceEventDeregisterAny",
    "nodeDeviceLookupByName", "nodeDeviceLookupSCSIHostByWWN", "nodeDeviceGetXMLDesc",
    "nodeDeviceGetParent", "nodeDeviceNumOfCaps", "nodeDeviceListCaps",
    "nodeDeviceCreateXML", "nodeDeviceDestroy", "nodeDeviceDefineXML",
    "nodeDeviceUndefine", "nodeDeviceCreate", "nodeDeviceSetAutostart",
    "nodeDeviceGetAutostart", "nodeDeviceIsPersistent", "nodeDeviceIsActive",
    /* clang-format on */
};

typedef struct {
    VccwTableKind kind;
    gulong since; /* the first of the releases above that has it */
    const char *after;
    const char *name;
} Insertion;

static const Insertion insertions[] = {
    { VCCW_TABLE_HYPERVISOR, 11003000, "domainSetAutostart", "domainGetAutostartOnce" },
    { VCCW_TABLE_HYPERVISOR, 11003000, "domainGetAutostartOnce",
      "domainSetAutostartOnce" },
    { VCCW_TABLE_HYPERVISOR, 11003000, "domainFDAssociate", "domainGraphicsReload" },
    { VCCW_TABLE_HYPERVISOR, 11003000, "domainGraphicsReload", "domainSetThrottleGroup" },
    { VCCW_TABLE_HYPERVISOR, 11003000, "domainSetThrottleGroup",
      "domainDelThrottleGroup" },
    { VCCW_TABLE_HYPERVISOR, 12008000, "domainDelThrottleGroup",
      "domainAnnounceInterface" },
    { VCCW_TABLE_NODE_DEVICE, 11003000, "nodeDeviceIsActive", "nodeDeviceUpdate" },
};

static void
append_version(GString *text, gulong version)
{
    g_string_append_printf(text, "%lu.%lu.%lu", version / 1000000, version / 1000 % 1000,
                           version % 1000);
}

gboolean
vccw_layout_check(gulong version, GError **error)
{
    g_autoptr(GString) text = g_string_new("libvirt ");

    for (gsize i = 0; i < G_N_ELEMENTS(releases); i++)
        if (releases[i] == version)
            return TRUE;
    append_version(text, version);
    g_string_append(text,
                    " is not a release that libvirt_driver_ccw.so knows: it knows ");
    for (gsize i = 0; i < G_N_ELEMENTS(releases); i++) {
        g_string_append(text, i == 0                           ? ""
                              : i + 1 < G_N_ELEMENTS(releases) ? ", "
                                                               : " and ");
        append_version(text, releases[i]);
    }
    g_string_append(text, "; use virtccwd and ccw:///system instead");
    g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED, text->str);
    return FALSE;
}

static guint
find(GPtrArray *names, const char *name)
{
    guint i;

    return g_ptr_array_find_with_equal_func(names, name, g_str_equal, &i) ? i : G_MAXUINT;
}

GPtrArray *
vccw_layout_names(VccwTableKind kind, gulong version)
{
    const char *const *first = kind == VCCW_TABLE_HYPERVISOR ? hypervisor : node_device;
    gsize n = kind == VCCW_TABLE_HYPERVISOR ? G_N_ELEMENTS(hypervisor)
                                            : G_N_ELEMENTS(node_device);
    GPtrArray *names = g_ptr_array_new();

    for (gsize i = 0; i < n; i++)
        g_ptr_array_add(names, (gpointer)first[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(insertions); i++) {
        const Insertion *insertion = &insertions[i];

        if (insertion->kind == kind && insertion->since <= version)
            g_ptr_array_insert(names, find(names, insertion->after) + 1,
                               (gpointer)insertion->name);
    }
    return names;
}

gpointer *
vccw_layout_fill(VccwTableKind kind,
                 gulong version,
                 const char *name,
                 const VccwEntry *entries,
                 gsize n_entries)
{
    g_autoptr(GPtrArray) names = vccw_layout_names(kind, version);
    gpointer *table = g_new0(gpointer, names->len + SPARE);

    table[0] = (gpointer)name;
    for (gsize i = 0; i < n_entries; i++) {
        guint place = find(names, entries[i].name);

        if (place < names->len)
            table[place] = (gpointer)entries[i].function;
    }
    return table;
}
