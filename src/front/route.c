/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Until the connection is open, everything is looked at; afterwards only calls that are
 * about node devices, or about the connection itself.
 */

#include "front/route.h"
#include "front/domains.h"
#include "front/events.h"
#include "front/hostdevs.h"
#include "front/identity.h"
#include "front/nodes.h"
#include "front/open.h"
#include "front/own.h"
#include "front/start.h"
#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <virtccw/error.h>

typedef struct {
    gint32 procedure; /* of libvirt's remote program */
    void (*call)(VccwRelay *relay, VccwMessage *message);
} Route;

/* In ascending order. */
static const Route routes[] = {
    { 1, vccw_open_again },               /* ConnectOpen */
    { 2, vccw_open_close },               /* ConnectClose */
    { 8, vccw_hostdevs_change },          /* DomainAttachDevice */
    { 9, vccw_start_call },               /* DomainCreate */
    { 10, vccw_domains_in },              /* DomainCreateXML */
    { 11, vccw_domains_in },              /* DomainDefineXML */
    { 13, vccw_hostdevs_change },         /* DomainDetachDevice */
    { 14, vccw_domains_out },             /* DomainGetXMLDesc */
    { 54, vccw_start_call },              /* DomainRestore */
    { 60, vccw_open_feature },            /* ConnectSupportsFeature */
    { 66, vccw_open_auth },               /* AuthList … */
    { 67, vccw_open_auth },               /* … */
    { 68, vccw_open_auth },               /* … */
    { 69, vccw_open_auth },               /* … */
    { 70, vccw_open_auth },               /* … AuthPolkit */
    { 108, vccw_domains_in },             /* DomainMigratePrepare2 */
    { 111, vccw_nodes_list },             /* NodeNumOfDevices */
    { 112, vccw_nodes_list },             /* NodeListDevices */
    { 113, vccw_nodes_by_name },          /* NodeDeviceLookupByName */
    { 114, vccw_nodes_by_name },          /* NodeDeviceGetXMLDesc */
    { 115, vccw_nodes_by_name },          /* NodeDeviceGetParent */
    { 116, vccw_nodes_by_name },          /* NodeDeviceNumOfCaps */
    { 117, vccw_nodes_by_name },          /* NodeDeviceListCaps */
    { 118, vccw_nodes_by_name },          /* NodeDeviceDettach */
    { 119, vccw_nodes_by_name },          /* NodeDeviceReAttach */
    { 120, vccw_nodes_by_name },          /* NodeDeviceReset */
    { 123, vccw_nodes_by_xml },           /* NodeDeviceCreateXML */
    { 124, vccw_nodes_by_name },          /* NodeDeviceDestroy */
    { 135, vccw_own_call },               /* ConnectDomainXMLFromNative: stock cannot */
    { 136, vccw_domains_in },             /* ConnectDomainXMLToNative */
    { 148, vccw_domains_in },             /* DomainMigratePrepareTunnel */
    { 160, vccw_hostdevs_change },        /* DomainAttachDeviceFlags */
    { 161, vccw_hostdevs_change },        /* DomainDetachDeviceFlags */
    { 174, vccw_hostdevs_change },        /* DomainUpdateDeviceFlags */
    { 185, vccw_domains_in },             /* DomainSnapshotCreateXML */
    { 186, vccw_domains_out },            /* DomainSnapshotGetXMLDesc */
    { 192, vccw_start_call },             /* DomainRevertToSnapshot */
    { 196, vccw_start_call },             /* DomainCreateWithFlags */
    { 213, vccw_domains_in },             /* DomainMigrateBegin3 */
    { 214, vccw_domains_in },             /* DomainMigratePrepare3 */
    { 215, vccw_domains_in },             /* DomainMigratePrepareTunnel3 */
    { 216, vccw_domains_in },             /* DomainMigratePerform3 */
    { 232, vccw_domains_in },             /* DomainSaveFlags */
    { 233, vccw_domains_in },             /* DomainRestoreFlags */
    { 235, vccw_domains_out },            /* DomainSaveImageGetXMLDesc */
    { 236, vccw_domains_in },             /* DomainSaveImageDefineXML */
    { 285, vccw_nodes_list },             /* ConnectListAllNodeDevices */
    { 301, vccw_nodes_by_name },          /* NodeDeviceDetachFlags */
    { 302, vccw_domains_in },             /* DomainMigrateBegin3Params */
    { 303, vccw_domains_in },             /* DomainMigratePrepare3Params */
    { 304, vccw_domains_in },             /* DomainMigratePrepareTunnel3Params */
    { 305, vccw_domains_in },             /* DomainMigratePerform3Params */
    { 309, vccw_domains_in },             /* DomainCreateXMLWithFiles */
    { 310, vccw_start_call },             /* DomainCreateWithFiles */
    { 316, vccw_events_register_domain }, /* ConnectDomainEventCallbackRegisterAny */
    { 350, vccw_domains_in },             /* DomainDefineXMLFlags */
    { 374, vccw_events_register },        /* ConnectNodeDeviceEventRegisterAny */
    { 375, vccw_events_deregister },      /* ConnectNodeDeviceEventDeregisterAny */
    { 388, vccw_domains_out },            /* DomainManagedSaveGetXMLDesc */
    { 389, vccw_domains_in },             /* DomainManagedSaveDefineXML */
    { 392, vccw_hostdevs_detach_alias },  /* DomainDetachDeviceAlias */
    { 411, vccw_domains_in },             /* DomainCheckpointCreateXML */
    { 412, vccw_domains_out },            /* DomainCheckpointGetXMLDesc */
    { 419, vccw_identity_call },          /* ConnectSetIdentity */
    { 428, vccw_nodes_by_xml },           /* NodeDeviceDefineXML */
    { 429, vccw_nodes_by_name },          /* NodeDeviceUndefine */
    { 430, vccw_nodes_by_name },          /* NodeDeviceCreate */
    { 433, vccw_nodes_by_name },          /* NodeDeviceGetAutostart */
    { 434, vccw_nodes_by_name },          /* NodeDeviceSetAutostart */
    { 435, vccw_nodes_by_name },          /* NodeDeviceIsPersistent */
    { 436, vccw_nodes_by_name },          /* NodeDeviceIsActive */
    { 440, vccw_domains_in },             /* DomainSaveParams */
    { 441, vccw_domains_in },             /* DomainRestoreParams */
    { 447, vccw_nodes_by_name },          /* NodeDeviceUpdate */
};

static const Route *
find(const VccwHeader *header)
{
    if (!vccw_header_is_call(header) || header->status != VCCW_WIRE_OK)
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(routes); i++)
        if (routes[i].procedure == header->procedure)
            return &routes[i];
    return NULL;
}

gboolean
vccw_route_keeps(const VccwRelay *relay, const VccwHeader *header)
{
    if (vccw_relay_phase(relay) != VCCW_RELAY_OPEN)
        return TRUE;
    if (!vccw_relay_has_stock(relay))
        return header->type == VCCW_WIRE_CALL || header->type == VCCW_WIRE_CALL_WITH_FDS;
    return find(header) != NULL;
}

/* Whether it may come with file descriptors. */
static gboolean
takes_fds(const Route *route)
{
    return route->call == vccw_domains_in || route->call == vccw_start_call;
}

guint32
vccw_route_longest(const VccwRelay *relay, const VccwHeader *header)
{
    const Route *route = find(header);

    if (vccw_relay_phase(relay) != VCCW_RELAY_OPEN)
        return VCCW_ROUTE_FIRST_MAX;
    if (route && !vccw_relay_peer(relay)->read_only &&
        (route->call == vccw_domains_in || route->call == vccw_hostdevs_change))
        return VCCW_DOMAINS_MAX;
    return VCCW_FRAME_STORED_MAX;
}

gboolean
vccw_route_takes_fds(const VccwRelay *relay, const VccwHeader *header)
{
    const Route *route = find(header);

    return route && takes_fds(route) && vccw_relay_has_stock(relay) &&
           vccw_relay_phase(relay) == VCCW_RELAY_OPEN;
}

void
vccw_route_call(VccwRelay *relay, VccwMessage *message)
{
    const Route *route = find(&message->header);

    if (vccw_relay_phase(relay) != VCCW_RELAY_OPEN)
        vccw_open_call(relay, message);
    else if (route && (message->header.type == VCCW_WIRE_CALL || takes_fds(route)))
        route->call(relay, message);
    else if (vccw_relay_has_stock(relay))
        vccw_relay_forward(relay, message);
    else
        vccw_own_call(relay, message);
}
