/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel's uevents: the socket that they come from, and what one says.
 */

#include <virtccw/address.h>

G_BEGIN_DECLS

#define VCCW_UEVENT_SIZE \
    8192 /* bytes for one message: the kernel's own are below 2,300 */

/** VccwUevent: a uevent taken apart; the strings lie in the message. */
typedef struct {
    const char *action;     /* "add" */
    const char *devpath;    /* "/devices/css0/0.0.0004": relative to the root of sysfs */
    const char *subsystem;  /* "css" */
    const char *mdev_state; /* "registered", "unregistered", or NULL */
    guint64 number;         /* SEQNUM, or G_MAXUINT64 if the message has none */
} VccwUevent;

/** VccwUeventResult: what vccw_uevent_receive() found. */
typedef enum {
    VCCW_UEVENT_RECEIVED,
    VCCW_UEVENT_FOREIGN, /* a message that the kernel has not sent: to be ignored */
    VCCW_UEVENT_NONE,    /* nothing is waiting */
    VCCW_UEVENT_LOST,    /* uevents have been dropped; those waiting can still be had */
    VCCW_UEVENT_BROKEN,  /* the socket is of no use any more */
} VccwUeventResult;

/**
 * vccw_uevent_open: Opens a socket on which the kernel sends its uevents: non-blocking,
 *   close-on-exec, with a buffer as large as may be.
 *
 * Returns: the descriptor; -1 with G_UNIX_ERROR.
 */
int vccw_uevent_open(GError **error);

/**
 * vccw_uevent_receive: Takes the next message off the socket.
 * @fd: from vccw_uevent_open()
 * @message: room for VCCW_UEVENT_SIZE bytes
 * @ret_length: (out): bytes of the message; set with VCCW_UEVENT_RECEIVED only
 */
VccwUeventResult vccw_uevent_receive(int fd, char *message, gsize *ret_length);

/**
 * vccw_uevent_parse: Takes a message apart.
 * @message: "ACTION@DEVPATH", then "KEY=VALUE" any number of times, each with a NUL
 * @ret_uevent: (out): its parts, valid as long as @message
 *
 * Returns: FALSE if it is anything else.
 */
gboolean vccw_uevent_parse(const char *message, gsize length, VccwUevent *ret_uevent);

/**
 * vccw_uevent_node: Tells which node has to be read because of @uevent.
 * @ret_name: (out): a subchannel, a device or a mediated device
 *
 * Returns: FALSE if none has.
 */
gboolean vccw_uevent_node(const VccwUevent *uevent, VccwNodeName *ret_name);

G_END_DECLS
