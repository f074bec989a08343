/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/domain.h"
#include "module/domain-args.h"
#include "module/objects.h"
#include "module/symbols.h"
#include <string.h>

static gpointer
make_domain(virConnectPtr conn, gconstpointer entry)
{
    return vccw_domain_of(conn, entry);
}

static int
list_all(virConnectPtr conn, virDomainPtr **ret_domains, unsigned int flags)
{
    return vccw_objects_list(conn, 273, flags, make_domain, (gpointer **)ret_domains);
}

/* Nothing runs here: there are never any numbers to tell. */
static int
list_active(virConnectPtr conn, int *ret_ids, int max)
{
    VccwArgs args = { .number = max };

    return vccw_connection_done(conn, 37, &args);
}

static int
num_active(virConnectPtr conn)
{
    VccwArgs args = { 0 };

    return vccw_connection_number(conn, 51, &args);
}

static int
list_defined(virConnectPtr conn, char **const ret_names, int max)
{
    VccwArgs args = { .number = max };

    return vccw_connection_fill_names(conn, 21, &args, ret_names, max);
}

static int
num_defined(virConnectPtr conn)
{
    VccwArgs args = { 0 };

    return vccw_connection_number(conn, 25, &args);
}

static virDomainPtr
lookup_by_id(virConnectPtr conn, int id)
{
    VccwArgs args = { .number = id };

    return vccw_domain_make(conn, 22, &args);
}

static virDomainPtr
lookup_by_name(virConnectPtr conn, const char *name)
{
    VccwArgs args = { .name = name };

    return vccw_domain_make(conn, 23, &args);
}

static virDomainPtr
lookup_by_uuid(virConnectPtr conn, const unsigned char *uuid)
{
    VccwArgs args = { 0 };

    memcpy(args.uuid.bytes, uuid, sizeof args.uuid.bytes);
    return vccw_domain_make(conn, 24, &args);
}

static char *
get_xml_desc(virDomainPtr domain, unsigned int flags)
{
    VccwArgs args = vccw_domain_args(domain);

    args.flags = flags;
    return vccw_connection_string(vccw_connection_of(domain), 14, &args);
}

static char *
get_os_type(virDomainPtr domain)
{
    VccwArgs args = vccw_domain_args(domain);

    return vccw_connection_string(vccw_connection_of(domain), 19, &args);
}

static int
get_autostart(virDomainPtr domain, int *ret_autostart)
{
    int autostart = vccw_domain_number(domain, 15, 0);

    if (autostart < 0)
        return -1;
    *ret_autostart = autostart;
    return 0;
}

static int
get_info(virDomainPtr domain, virDomainInfoPtr ret_info)
{
    VccwArgs args = vccw_domain_args(domain);
    VccwResult result = { 0 };

    if (!vccw_connection_call(vccw_connection_of(domain), 16, &args, &result))
        return -1;
    *ret_info = (virDomainInfo){ .state = result.info->state,
                                 .maxMem = result.info->max_memory,
                                 .memory = result.info->memory,
                                 .nrVirtCpu = result.info->vcpus,
                                 .cpuTime = result.info->cpu_time };
    vccw_connection_clear(&result);
    return 0;
}

static int
get_state(virDomainPtr domain, int *ret_state, int *ret_reason, unsigned int flags)
{
    VccwArgs args = vccw_domain_args(domain);
    VccwResult result = { 0 };

    args.flags = flags;
    if (!vccw_connection_call(vccw_connection_of(domain), 212, &args, &result))
        return -1;
    *ret_state = result.number;
    if (ret_reason)
        *ret_reason = result.second;
    vccw_connection_clear(&result);
    return 0;
}

/* 0 for a failure: libvirt knows no other. */
static unsigned long long
get_max_memory(virDomainPtr domain)
{
    gint64 memory = vccw_domain_number(domain, 17, 0);

    return memory < 0 ? 0 : memory;
}

static int
get_max_vcpus(virDomainPtr domain)
{
    return vccw_domain_number(domain, 18, 0);
}

static int
get_vcpus_flags(virDomainPtr domain, unsigned int flags)
{
    return vccw_domain_number(domain, 200, flags);
}

static int
is_active(virDomainPtr domain)
{
    return vccw_domain_number(domain, 150, 0);
}

static int
is_persistent(virDomainPtr domain)
{
    return vccw_domain_number(domain, 151, 0);
}

static int
is_updated(virDomainPtr domain)
{
    return vccw_domain_number(domain, 202, 0);
}

static int
has_managed_save(virDomainPtr domain, unsigned int flags)
{
    return vccw_domain_number(domain, 183, flags);
}

static char *
get_metadata(virDomainPtr domain, int type, const char *uri, unsigned int flags)
{
    VccwArgs args = vccw_domain_args(domain);

    args.number = type;
    args.text = uri;
    args.flags = flags;
    return vccw_connection_string(vccw_connection_of(domain), 265, &args);
}

static char *
from_native(virConnectPtr conn,
            const char *format,
            const char *config,
            unsigned int flags)
{
    VccwArgs args = { .name = format, .text = config, .flags = flags };

    return vccw_connection_string(conn, 135, &args);
}

static char *
to_native(virConnectPtr conn, const char *format, const char *xml, unsigned int flags)
{
    VccwArgs args = { .name = format, .text = xml, .flags = flags };

    return vccw_connection_string(conn, 136, &args);
}

static char *
get_capabilities(virConnectPtr conn,
                 const char *emulator,
                 const char *arch,
                 const char *machine,
                 const char *virt_type,
                 unsigned int flags)
{
    VccwArgs args = { .name = emulator,
                      .text = arch,
                      .third = machine,
                      .fourth = virt_type,
                      .flags = flags };

    return vccw_connection_string(conn, 342, &args);
}

/*
 * Events
 */

static int
event_register_any(virConnectPtr conn,
                   virDomainPtr domain,
                   int event,
                   virConnectDomainEventGenericCallback func,
                   void *opaque,
                   virFreeCallback release)
{
    gpointer queue = vccw_connection_events(conn, VCCW_CONNECTION_DOMAINS, event);
    int id;

    if (!queue || vccw_libvirt.virDomainEventStateRegisterID(
                      conn, queue, domain, event, func, opaque, release, &id) < 0)
        return -1;
    return id;
}

static int
event_register(virConnectPtr conn,
               virConnectDomainEventCallback func,
               void *opaque,
               virFreeCallback release)
{
    gpointer queue = vccw_connection_events(conn, VCCW_CONNECTION_DOMAINS,
                                            VIR_DOMAIN_EVENT_ID_LIFECYCLE);

    return queue && vccw_libvirt.virDomainEventStateRegister(conn, queue, func, opaque,
                                                             release) >= 0
               ? 0
               : -1;
}

static int
event_deregister(virConnectPtr conn, virConnectDomainEventCallback func)
{
    gpointer queue = vccw_connection_queue(conn);

    return queue && vccw_libvirt.virDomainEventStateDeregister(conn, queue, func) >= 0
               ? 0
               : -1;
}

static const VccwEntry entries[] = {
    { "connectListAllDomains", VCCW_FUNCTION(list_all) },
    { "connectListDomains", VCCW_FUNCTION(list_active) },
    { "connectNumOfDomains", VCCW_FUNCTION(num_active) },
    { "connectListDefinedDomains", VCCW_FUNCTION(list_defined) },
    { "connectNumOfDefinedDomains", VCCW_FUNCTION(num_defined) },
    { "domainLookupByID", VCCW_FUNCTION(lookup_by_id) },
    { "domainLookupByName", VCCW_FUNCTION(lookup_by_name) },
    { "domainLookupByUUID", VCCW_FUNCTION(lookup_by_uuid) },
    { "domainGetXMLDesc", VCCW_FUNCTION(get_xml_desc) },
    { "domainGetOSType", VCCW_FUNCTION(get_os_type) },
    { "domainGetAutostart", VCCW_FUNCTION(get_autostart) },
    { "domainGetInfo", VCCW_FUNCTION(get_info) },
    { "domainGetState", VCCW_FUNCTION(get_state) },
    { "domainGetMaxMemory", VCCW_FUNCTION(get_max_memory) },
    { "domainGetMaxVcpus", VCCW_FUNCTION(get_max_vcpus) },
    { "domainGetVcpusFlags", VCCW_FUNCTION(get_vcpus_flags) },
    { "domainIsActive", VCCW_FUNCTION(is_active) },
    { "domainIsPersistent", VCCW_FUNCTION(is_persistent) },
    { "domainIsUpdated", VCCW_FUNCTION(is_updated) },
    { "domainHasManagedSaveImage", VCCW_FUNCTION(has_managed_save) },
    { "domainGetMetadata", VCCW_FUNCTION(get_metadata) },
    { "connectDomainXMLFromNative", VCCW_FUNCTION(from_native) },
    { "connectDomainXMLToNative", VCCW_FUNCTION(to_native) },
    { "connectGetDomainCapabilities", VCCW_FUNCTION(get_capabilities) },
    { "connectDomainEventRegister", VCCW_FUNCTION(event_register) },
    { "connectDomainEventDeregister", VCCW_FUNCTION(event_deregister) },
    { "connectDomainEventRegisterAny", VCCW_FUNCTION(event_register_any) },
    { "connectDomainEventDeregisterAny", VCCW_FUNCTION(vccw_connection_deregister) },
};

const VccwEntry *
vccw_module_domain(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(entries);
    return entries;
}
