/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hostdevs of model vfio-ccw whose <source> names a device instead of a UUID. Stock
 * libvirt knows UUIDs only, so it is given one, and what the person wrote is kept in the
 * domain's metadata, in a namespace of ours:
 *
 *   <virtccw:hostdevs xmlns:virtccw='urn:virtccw:hostdev:1'>
 *     <virtccw:source uuid='…' device='0.0.3000'/>   for <address type='ccw' …/>
 *     <virtccw:source uuid='…' dev='css_0_0_0004'/>  for <source dev='css_0_0_0004'/>
 *   </virtccw:hostdevs>
 *
 * Documents are <domain>, alone or within one of a snapshot, or one <hostdev>. Every byte
 * that does not have to change stays.
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

#define VCCW_GUEST_SOURCE_NS  "urn:virtccw:hostdev:1"
#define VCCW_GUEST_SOURCE_MAX 1024      /* devices that a document may name */
#define VCCW_GUEST_SOURCE_KEY "virtccw" /* the prefix that stands for it */

/** VccwGuestSource: what a hostdev names. */
typedef struct {
    VccwUuid uuid;
    gboolean managed;    /* managed='yes' */
    gboolean by_device;  /* it names a device or another node device: */
    VccwNodeName name;   /* that one */
    gboolean by_address; /* by its address */
} VccwGuestSource;

/** VccwGuestSourceResolve: finds or makes up the UUID for a device. */
typedef void (*VccwGuestSourceResolve)(const VccwNodeName *name,
                                       VccwUuid *ret_uuid,
                                       gpointer data);

/** VccwGuestSourceResult: what a document has. */
typedef struct {
    gboolean is_domain; /* its element is <domain>, and not <hostdev> or another */
    gboolean has_guest; /* and has a UUID: */
    VccwUuid guest;
    guint hostdevs;  /* how many are of model vfio-ccw */
    GArray *sources; /* of VccwGuestSource: of those whose <source> could be understood */
    char *text;      /* (nullable): the new document; NULL if nothing was to be changed */
} VccwGuestSourceResult;

/** vccw_guest_source_result_clear: Releases what is in @result. */
void vccw_guest_source_result_clear(VccwGuestSourceResult *result);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwGuestSourceResult, vccw_guest_source_result_clear)

/**
 * vccw_guest_source_resolve: From what a person wrote to what stock libvirt takes.
 * @resolve: (nullable): called for each device that is named; NULL: nothing is changed,
 *   and only hostdevs that have a UUID are told, with what the metadata say of them
 * @ret_result: (out): what it has
 *
 * Returns: FALSE with the errors of vccw_xml_reader_parse(), or
 *   VCCW_ERROR_XML_CONTENT or VCCW_ERROR_CONFIG_UNSUPPORTED: a <source> that names
 *   nothing that can be, or, with @resolve, is one of more than VCCW_GUEST_SOURCE_MAX.
 */
gboolean vccw_guest_source_resolve(const char *text,
                                   VccwGuestSourceResolve resolve,
                                   gpointer data,
                                   VccwGuestSourceResult *ret_result,
                                   GError **error);

/**
 * vccw_guest_source_by_alias: Looks for a hostdev by its alias.
 * @text: a <domain> as stock libvirt has it
 * @ret_uuid: (out): its UUID
 *
 * Returns: FALSE if there is none of model vfio-ccw.
 */
gboolean
vccw_guest_source_by_alias(const char *text, const char *alias, VccwUuid *ret_uuid);

/**
 * vccw_guest_source_restore: The way back.
 *
 * Returns: (transfer full) (nullable): the document as the person wrote it; NULL if it is
 *   so already, or cannot be read.
 */
char *vccw_guest_source_restore(const char *text);

/**
 * vccw_guest_source_metadata: The metadata with one hostdev more or less.
 * @old: (nullable): the element, in whichever namespace
 * @add: (nullable): a hostdev, which is noted if it is by device
 * @drop: (nullable): the UUID of one that is left out
 *
 * Returns: (transfer full) (nullable): the element, without a namespace; NULL if it would
 *   be empty.
 */
char *vccw_guest_source_metadata(const char *old,
                                 const VccwGuestSource *add,
                                 const VccwUuid *drop);

/** vccw_guest_source_find: Looks for the hostdev that @metadata (nullable) has for @name.
 * Returns: FALSE if there is none. */
gboolean vccw_guest_source_find(const char *metadata,
                                const VccwNodeName *name,
                                VccwUuid *ret_uuid);

G_END_DECLS
