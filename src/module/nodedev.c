/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Each entry is one row of the driver's table of operations, known by its procedure
 * number; what is here is how libvirt hands over arguments and takes results.
 */

#include "module/nodedev.h"
#include "module/connection.h"
#include "module/objects.h"
#include "module/symbols.h"
#include <string.h>

static virNodeDevicePtr
make_device(virConnectPtr conn, gint32 procedure, const VccwArgs *args)
{
    g_autofree char *name = vccw_connection_string(conn, procedure, args);

    return name ? vccw_libvirt.virGetNodeDevice(conn, name) : NULL;
}

/* Arguments that name a device. */
static VccwArgs
args_of(virNodeDevicePtr device)
{
    return (VccwArgs){ .name = virNodeDeviceGetName(device) };
}

static int
done_on(virNodeDevicePtr device, gint32 procedure, const VccwArgs *args)
{
    return vccw_connection_done(vccw_connection_of(device), procedure, args);
}

static int
number_of(virNodeDevicePtr device, gint32 procedure)
{
    VccwArgs args = args_of(device);

    return vccw_connection_number(vccw_connection_of(device), procedure, &args);
}

static int
num_of_devices(virConnectPtr conn, const char *cap, unsigned int flags)
{
    VccwArgs args = { .name = cap, .flags = flags };

    return vccw_connection_number(conn, 111, &args);
}

static int
list_devices(virConnectPtr conn,
             const char *cap,
             char **const ret_names,
             int max,
             unsigned int flags)
{
    VccwArgs args = { .name = cap, .number = max, .flags = flags };

    return vccw_connection_fill_names(conn, 112, &args, ret_names, max);
}

static gpointer
make_listed(virConnectPtr conn, gconstpointer entry)
{
    return vccw_libvirt.virGetNodeDevice(conn, entry);
}

static int
list_all_devices(virConnectPtr conn, virNodeDevicePtr **ret_devices, unsigned int flags)
{
    return vccw_objects_list(conn, 285, flags, make_listed, (gpointer **)ret_devices);
}

static virNodeDevicePtr
lookup_by_name(virConnectPtr conn, const char *name)
{
    VccwArgs args = { .name = name };

    return make_device(conn, 113, &args);
}

static char *
get_xml_desc(virNodeDevicePtr device, unsigned int flags)
{
    VccwArgs args = args_of(device);

    args.flags = flags;
    return vccw_connection_string(vccw_connection_of(device), 114, &args);
}

static char *
get_parent(virNodeDevicePtr device)
{
    VccwArgs args = args_of(device);

    return vccw_connection_string(vccw_connection_of(device), 115, &args);
}

static int
num_of_caps(virNodeDevicePtr device)
{
    return number_of(device, 116);
}

static int
list_caps(virNodeDevicePtr device, char **const ret_names, int max)
{
    VccwArgs args = args_of(device);

    args.number = max;
    return vccw_connection_fill_names(vccw_connection_of(device), 117, &args, ret_names,
                                      max);
}

static virNodeDevicePtr
create_xml(virConnectPtr conn, const char *xml, unsigned int flags)
{
    VccwArgs args = { .name = xml, .flags = flags };

    return make_device(conn, 123, &args);
}

static int
destroy(virNodeDevicePtr device)
{
    VccwArgs args = args_of(device);

    return done_on(device, 124, &args);
}

static virNodeDevicePtr
define_xml(virConnectPtr conn, const char *xml, unsigned int flags)
{
    VccwArgs args = { .name = xml, .flags = flags };

    return make_device(conn, 428, &args);
}

static int
undefine(virNodeDevicePtr device, unsigned int flags)
{
    VccwArgs args = args_of(device);

    args.flags = flags;
    return done_on(device, 429, &args);
}

static int
create(virNodeDevicePtr device, unsigned int flags)
{
    VccwArgs args = args_of(device);

    args.flags = flags;
    return done_on(device, 430, &args);
}

static int
get_autostart(virNodeDevicePtr device, int *ret_autostart)
{
    int autostart = number_of(device, 433);

    if (autostart < 0)
        return -1;
    *ret_autostart = autostart;
    return 0;
}

static int
set_autostart(virNodeDevicePtr device, int autostart)
{
    VccwArgs args = args_of(device);

    args.number = autostart;
    return done_on(device, 434, &args);
}

static int
is_persistent(virNodeDevicePtr device)
{
    return number_of(device, 435);
}

static int
is_active(virNodeDevicePtr device)
{
    return number_of(device, 436);
}

static int
update(virNodeDevicePtr device, const char *xml, unsigned int flags)
{
    VccwArgs args = args_of(device);

    args.text = xml;
    args.flags = flags;
    return done_on(device, 447, &args);
}

static int
detach(virNodeDevicePtr device)
{
    VccwArgs args = args_of(device);

    return done_on(device, 118, &args);
}

static int
detach_flags(virNodeDevicePtr device, const char *driver, unsigned int flags)
{
    VccwArgs args = args_of(device);

    args.text = driver;
    args.flags = flags;
    return done_on(device, 301, &args);
}

static int
reattach(virNodeDevicePtr device)
{
    VccwArgs args = args_of(device);

    return done_on(device, 119, &args);
}

static int
reset(virNodeDevicePtr device)
{
    VccwArgs args = args_of(device);

    return done_on(device, 120, &args);
}

static int
event_register(virConnectPtr conn,
               virNodeDevicePtr device,
               int event,
               virConnectNodeDeviceEventGenericCallback func,
               void *opaque,
               virFreeCallback release)
{
    gpointer queue = vccw_connection_events(conn, VCCW_CONNECTION_NODE_DEVICES, event);
    int id;

    if (!queue || vccw_libvirt.virNodeDeviceEventStateRegisterID(
                      conn, queue, device, event, func, opaque, release, &id) < 0)
        return -1;
    return id;
}

static const VccwEntry entries[] = {
    { "nodeNumOfDevices", VCCW_FUNCTION(num_of_devices) },
    { "nodeListDevices", VCCW_FUNCTION(list_devices) },
    { "connectListAllNodeDevices", VCCW_FUNCTION(list_all_devices) },
    { "connectNodeDeviceEventRegisterAny", VCCW_FUNCTION(event_register) },
    { "connectNodeDeviceEventDeregisterAny", VCCW_FUNCTION(vccw_connection_deregister) },
    { "nodeDeviceLookupByName", VCCW_FUNCTION(lookup_by_name) },
    { "nodeDeviceGetXMLDesc", VCCW_FUNCTION(get_xml_desc) },
    { "nodeDeviceGetParent", VCCW_FUNCTION(get_parent) },
    { "nodeDeviceNumOfCaps", VCCW_FUNCTION(num_of_caps) },
    { "nodeDeviceListCaps", VCCW_FUNCTION(list_caps) },
    { "nodeDeviceCreateXML", VCCW_FUNCTION(create_xml) },
    { "nodeDeviceDestroy", VCCW_FUNCTION(destroy) },
    { "nodeDeviceDefineXML", VCCW_FUNCTION(define_xml) },
    { "nodeDeviceUndefine", VCCW_FUNCTION(undefine) },
    { "nodeDeviceCreate", VCCW_FUNCTION(create) },
    { "nodeDeviceSetAutostart", VCCW_FUNCTION(set_autostart) },
    { "nodeDeviceGetAutostart", VCCW_FUNCTION(get_autostart) },
    { "nodeDeviceIsPersistent", VCCW_FUNCTION(is_persistent) },
    { "nodeDeviceIsActive", VCCW_FUNCTION(is_active) },
    { "nodeDeviceUpdate", VCCW_FUNCTION(update) },
};

/* libvirt has these in the hypervisor's table. */
static const VccwEntry hand_entries[] = {
    { "nodeDeviceDettach", VCCW_FUNCTION(detach) },
    { "nodeDeviceDetachFlags", VCCW_FUNCTION(detach_flags) },
    { "nodeDeviceReAttach", VCCW_FUNCTION(reattach) },
    { "nodeDeviceReset", VCCW_FUNCTION(reset) },
};

const VccwEntry *
vccw_module_hand(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(hand_entries);
    return hand_entries;
}

const VccwEntry *
vccw_module_nodedev(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(entries);
    return entries;
}
