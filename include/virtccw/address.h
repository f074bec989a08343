/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names of channel-attached devices: bus-IDs, guest addresses, UUIDs, node-device names.
 *
 * Every parser here is strict: it consumes the whole string, checks each range and leaves
 * its result untouched on failure. Hexadecimal digits may be upper or lower case on
 * input, unless it says "canonical"; the one canonical printer of each type writes lower
 * case. Parsing what was printed always gives the same value back.
 */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_CSSID_MAX   0xfe /* highest channel-subsystem ID that libvirt accepts */
#define VCCW_SSID_MAX    3    /* highest subchannel-set ID (z/Architecture, 2 bits) */
#define VCCW_GUEST_CSSID 0xfe /* the virtual channel subsystem that a guest sees */

/**
 * VccwBusId: the address of a subchannel or of a device, "C.S.NNNN".
 * On a host the kernel only ever shows channel subsystem 0; guests use 0xfe.
 */
typedef struct {
    guint8 cssid;  /* channel-subsystem ID, 0 … VCCW_CSSID_MAX */
    guint8 ssid;   /* subchannel-set ID, 0 … VCCW_SSID_MAX */
    guint16 devno; /* subchannel number or device number, 0 … 0xffff */
} VccwBusId;

/** VccwUuid: a UUID in the byte order of its text form (RFC 4122, section 4.1.2). */
typedef struct {
    guint8 bytes[16];
} VccwUuid;

/** VccwNodeKind: the kinds of node device that virtccw knows. */
typedef enum {
    VCCW_NODE_COMPUTER, /* the root of the tree, "computer" */
    VCCW_NODE_CSS,      /* a subchannel, "css_C_S_NNNN" */
    VCCW_NODE_CCW,      /* a device, "ccw_C_S_NNNN" */
    VCCW_NODE_MDEV,     /* a mediated device, "mdev_UUID_C_S_NNNN" */
} VccwNodeKind;

/** VccwNodeName: a node-device name taken apart. */
typedef struct {
    VccwNodeKind kind;
    VccwBusId id;        /* css and ccw: its own bus-ID; mdev: the parent's */
    VccwUuid uuid;       /* mdev only */
    gboolean has_parent; /* mdev only: FALSE for the old 41-character form "mdev_UUID" */
} VccwNodeName;

/**
 * vccw_bus_id_parse:
 * @text: a bus-ID as the kernel writes it: "C.S.NNNN", hexadecimal, cssid of one or two
 *   digits without leading zero, ssid of one digit, device number of exactly four
 * @ret_id: (out): the bus-ID
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG if @text is anything else.
 */
gboolean vccw_bus_id_parse(const char *text, VccwBusId *ret_id, GError **error);

/**
 * vccw_host_bus_id_parse:
 * @text: as for vccw_bus_id_parse(), but of the host: the cssid must be 0
 * @ret_id: (out): the bus-ID
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG if @text is anything else.
 */
gboolean vccw_host_bus_id_parse(const char *text, VccwBusId *ret_id, GError **error);

/**
 * vccw_guest_address_parse:
 * @text: a guest address as QEMU's devno property takes it: "fe.S.NNNN"
 * @ret_id: (out): the address
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG if @text is anything else; another cssid has
 *   a message of its own, because a Linux guest would never see such a device.
 */
gboolean vccw_guest_address_parse(const char *text, VccwBusId *ret_id, GError **error);

/**
 * vccw_bus_id_to_string:
 *
 * Returns: (transfer full): the canonical form "%x.%x.%04x" of a bus-ID or guest address.
 */
char *vccw_bus_id_to_string(const VccwBusId *id);

/** vccw_bus_id_equal: Returns: whether two bus-IDs are the same. */
gboolean vccw_bus_id_equal(const VccwBusId *a, const VccwBusId *b);

/**
 * vccw_bus_id_key:
 *
 * Returns: the bus-ID as one number, cssid << 24 | ssid << 16 | devno: a hash key, and an
 *   order that is the bus's own.
 */
guint32 vccw_bus_id_key(const VccwBusId *id);

/**
 * vccw_uuid_parse:
 * @text: 32 hexadecimal digits; white space may lead and trail, and blanks and dashes may
 *   stand before each byte: every form that libvirt accepts
 * @ret_uuid: (out): the UUID
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG if @text is anything else.
 */
gboolean vccw_uuid_parse(const char *text, VccwUuid *ret_uuid, GError **error);

/**
 * vccw_uuid_parse_canonical:
 * @text: a UUID as vccw_uuid_to_string() writes it, and as files and sysfs entries are
 *   named: the 8-4-4-4-12 form in lower case
 * @ret_uuid: (out): the UUID
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG if @text is anything else.
 */
gboolean vccw_uuid_parse_canonical(const char *text, VccwUuid *ret_uuid, GError **error);

/**
 * vccw_uuid_to_string:
 *
 * Returns: (transfer full): the lower-case 8-4-4-4-12 form.
 */
char *vccw_uuid_to_string(const VccwUuid *uuid);

/** vccw_uuid_random: Sets @ret_uuid to a new random UUID (RFC 4122, version 4). */
void vccw_uuid_random(VccwUuid *ret_uuid);

/** vccw_uuid_equal: GEqualFunc for VccwUuid. */
gboolean vccw_uuid_equal(gconstpointer a, gconstpointer b);

/** vccw_uuid_hash: GHashFunc for VccwUuid. */
guint vccw_uuid_hash(gconstpointer uuid);

/**
 * vccw_node_name_parse:
 * @text: a node-device name: "computer", "css_C_S_NNNN", "ccw_C_S_NNNN",
 *   "mdev_UUID_C_S_NNNN" or the old "mdev_UUID" (41 characters), the UUID with
 *   underscores
 * @ret_name: (out): its parts
 *
 * Returns: FALSE with VCCW_ERROR_INVALID_ARG if @text is anything else.
 */
gboolean vccw_node_name_parse(const char *text, VccwNodeName *ret_name, GError **error);

/**
 * vccw_node_name_to_string:
 *
 * Returns: (transfer full): the canonical name.
 */
char *vccw_node_name_to_string(const VccwNodeName *name);

/** vccw_node_name_equal: GEqualFunc for VccwNodeName. */
gboolean vccw_node_name_equal(gconstpointer a, gconstpointer b);

/** vccw_node_name_hash: GHashFunc for VccwNodeName. */
guint vccw_node_name_hash(gconstpointer name);

/** vccw_node_name_css: Returns: the name of the subchannel @id. */
VccwNodeName vccw_node_name_css(const VccwBusId *id);

/** vccw_node_name_ccw: Returns: the name of the device @id. */
VccwNodeName vccw_node_name_ccw(const VccwBusId *id);

/** vccw_node_name_mdev: Returns: the name of the mediated device @uuid on @parent. */
VccwNodeName vccw_node_name_mdev(const VccwUuid *uuid, const VccwBusId *parent);

G_END_DECLS
