/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Node-device documents, as libvirt's clients know them
 * (https://libvirt.org/formatnode.html): <device> with a capability of type "system",
 * "css", "ccw" or "mdev".
 *
 * Reading is safe: no DTD, no entity beyond the five of XML, no network, no file; a
 * document is at most VCCW_NODEDEV_XML_MAX bytes. What was read and written again is
 * identical.
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

#define VCCW_NODEDEV_XML_MAX (64 * 1024) /* bytes of one document */

/** VccwXmlMdevType: a <type> in <capability type='mdev_types'>. */
typedef struct {
    char *id;
    char *name; /* or NULL */
    char *device_api;
    guint available_instances;
} VccwXmlMdevType;

/** VccwXmlAttr: an <attr name= value=/> of a mediated device. */
typedef struct {
    char *name;
    char *value;
} VccwXmlAttr;

/** VccwXmlUser: a <virtccw:use by= what=/>. */
typedef struct {
    char *by;   /* "host" or "domain" */
    char *what; /* a phrase, or the domain's name */
} VccwXmlUser;

/** VccwXmlChannel: <virtccw:channel>: what a person recognises a channel device by, see
 * the schema. Strings are NULL where nothing is known. */
typedef struct {
    char *device;   /* bus-ID of the device: "0.0.3000" */
    char *cutype;   /* "3990/e9" */
    char *devtype;  /* "3390/0c" */
    char *uid;      /* the volume's unique ID, as read while it was online last */
    char *instead;  /* mdev: bus-ID of the one that is behind the parent now, if that is
                       another one than the definition is for; "none" for none */
    char *override; /* the subchannel's driver override */
    gboolean has_paths;
    guint8 pim, pam, pom;
    gboolean has_vpm;
    guint8 vpm;
    guint8 has_chpid; /* mask of the channel paths that have an ID */
    guint8 chpids[8];
    GPtrArray *users; /* never NULL; of VccwXmlUser * */
} VccwXmlChannel;

/** vccw_xml_channel_new: Returns: (transfer full): one that says nothing. */
VccwXmlChannel *vccw_xml_channel_new(void);

/** vccw_xml_channel_free: Releases @channel. NULL is fine. */
void vccw_xml_channel_free(VccwXmlChannel *channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwXmlChannel, vccw_xml_channel_free)

/** vccw_xml_channel_add_user: Appends a user (strings are copied). */
void vccw_xml_channel_add_user(VccwXmlChannel *channel, const char *by, const char *what);

/** VccwNodedevXml: a node-device document. Absent elements are NULL, -1 or FALSE. */
typedef struct {
    VccwNodeKind kind;
    char *name;
    char *path;
    GPtrArray *devnodes; /* never NULL; of char *: <devnode type='dev'> */
    char *parent;        /* the parent's node-device name */
    char *driver;

    /* css and ccw: cssid, ssid and devno */
    VccwBusId id;

    /* ccw */
    char *state; /* "online", "offline" or NULL */

    /* css */
    gboolean has_channel_device;
    VccwBusId channel_device;
    GPtrArray *mdev_types; /* never NULL; of VccwXmlMdevType * */

    /* mdev */
    char *type;
    gboolean has_uuid;
    VccwUuid uuid;
    char *parent_addr;
    int iommu_group;  /* -1: no <iommuGroup>; libvirt prints 0 for an inactive device */
    GPtrArray *attrs; /* never NULL; of VccwXmlAttr * */

    /* mdev: <virtccw:autostart result= reason=/>, see the schema; NULL when absent */
    char *autostart_result; /* "failed" or "waiting" */
    char *autostart_reason;

    /* css, ccw and mdev; NULL when absent */
    VccwXmlChannel *channel;

    /* computer */
    char *system_product;
    char *system_vendor, *system_version, *system_serial;
    char *system_uuid; /* when NULL, printed as all zeros, libvirt's word for unknown */
    char *firmware_vendor, *firmware_version, *firmware_date;
} VccwNodedevXml;

/** vccw_nodedev_xml_new: Returns: (transfer full): an empty document of @kind. */
VccwNodedevXml *vccw_nodedev_xml_new(VccwNodeKind kind);

/** vccw_nodedev_xml_free: Releases @xml. NULL is fine. */
void vccw_nodedev_xml_free(VccwNodedevXml *xml);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwNodedevXml, vccw_nodedev_xml_free)

/** vccw_nodedev_xml_add_type: Appends a type to a css document (strings are copied). */
void vccw_nodedev_xml_add_type(VccwNodedevXml *xml,
                               const char *id,
                               const char *name,
                               const char *device_api,
                               guint available_instances);

/** vccw_nodedev_xml_add_attr: Appends an attribute to an mdev document. */
void vccw_nodedev_xml_add_attr(VccwNodedevXml *xml, const char *name, const char *value);

/**
 * vccw_nodedev_xml_parse:
 * @text: the document, UTF-8, NUL-terminated
 * @validate: whether to check it against the schema first
 *
 * Elements that are not known are ignored, as libvirt does, unless @validate. An empty
 * element counts as absent; texts are not trimmed, but numbers and UUIDs are. A declared
 * encoding is ignored. May be called from any thread.
 *
 * Returns: (transfer full): the document; NULL with one of these; the message has the
 *   line where the fault has one:
 * - VCCW_ERROR_TOO_LARGE: over VCCW_NODEDEV_XML_MAX
 * - VCCW_ERROR_XML_SYNTAX: not well-formed, not UTF-8, or with more attributes,
 *   namespaces or levels than are read; the message has the column, too
 * - VCCW_ERROR_XML_CONTENT: a DOCTYPE, another root, no or several capabilities, a number
 *   or UUID that cannot be read
 * - VCCW_ERROR_XML_SCHEMA: @validate, and the schema refuses it
 * - VCCW_ERROR_CONFIG_UNSUPPORTED: a capability of another type, or a required element is
 *   missing
 */
VccwNodedevXml *
vccw_nodedev_xml_parse(const char *text, gboolean validate, GError **error);

/**
 * vccw_nodedev_xml_format:
 *
 * Returns: (transfer full): the document as libvirt prints it: elements in its order, two
 *   blanks of indentation, a final newline. Everything is escaped, and what XML cannot
 *   carry becomes U+FFFD, so that the result is always well-formed.
 */
char *vccw_nodedev_xml_format(const VccwNodedevXml *xml);

G_END_DECLS
