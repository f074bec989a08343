/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a person recognises a channel device by: <virtccw:channel> of its documents.
 */

#include "driver/node.h"

G_BEGIN_DECLS

/** VccwNodeChannel: which part of it a node has. */
typedef struct {
    const VccwBusId *subchannel;    /* or NULL */
    const VccwSubchannelView *view; /* of it, or NULL */
    const VccwBusId *device;        /* or NULL */
    const char *instead;            /* what is there instead of it, or NULL */
    gboolean of_subchannel;         /* the node is the subchannel, or the device on it */
    const VccwUuid *mdev;           /* the node is this active mediated device; or NULL */
    gboolean may_have_mdev;         /* one may be active on the subchannel */
} VccwNodeChannel;

/** vccw_node_channel_describe: Adds the element to @xml. Reads a few attributes of the
 * device; nothing is searched for, so that it is quick on a host of any size. */
void vccw_node_channel_describe(VccwDriver *driver,
                                const VccwNodeChannel *node,
                                VccwNodedevXml *xml);

G_END_DECLS
