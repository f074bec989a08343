/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A guest's command line while it is being composed. Each source of this folder adds what
 * one kind of element means; guest.c calls them in libvirt's order.
 */

#include "qemu/props.h"
#include "xml/domain.h"
#include "xml/element.h"

G_BEGIN_DECLS

#define VCCW_GUEST_QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

/** VccwGuest: the command line of one domain. */
typedef struct {
    const VccwDomainXml *domain;
    const xmlNode *root; /* <domain> */
    const VccwQemu *qemu;
    VccwQemuForm form;
    GPtrArray *args;  /* of char *, owned */
    guint n_serials;  /* <serial>, so far */
    guint n_sclp;     /* of these, on the SCLP */
    guint n_consoles; /* <console>, so far */
    guint n_channels, n_interfaces, n_rngs, n_videos, n_inputs, n_filesystems;
    guint n_hostdevs; /* without an alias of the user's, so far */
    guint n_storage;  /* block nodes, so far */
    gboolean iommufd; /* the object is there */
    /* Which boot index the first disk, CD-ROM and network device get from <os><boot>; 0
     * when none, or when the device is found. */
    guint boot_disk, boot_cdrom, boot_network;
    GHashTable *controllers; /* "TYPE INDEX" → alias of the user's, owned; or NULL */
} VccwGuest;

/**
 * VccwGuestDevice: adds what one element below <devices> means.
 *
 * Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED.
 */
typedef gboolean (*VccwGuestDevice)(VccwGuest *guest,
                                    const VccwDomainDevice *device,
                                    GError **error);

/** vccw_guest_add: Adds an option and its value; NULL for an option without. */
void vccw_guest_add(VccwGuest *guest, const char *option, const char *value);

/** vccw_guest_take: As vccw_guest_add(), with the value (transfer full). */
void vccw_guest_take(VccwGuest *guest, const char *option, char *value);

/** vccw_guest_props: Begins the properties of an object or device. */
void vccw_guest_props(const VccwGuest *guest,
                      VccwProps *props,
                      const char *key,
                      const char *value);

/** vccw_guest_add_props: Adds @option with @props, which is over then. */
void vccw_guest_add_props(VccwGuest *guest, const char *option, VccwProps *props);

/** vccw_guest_refuse: Sets @error to VCCW_ERROR_CONFIG_UNSUPPORTED. Returns: FALSE. */
gboolean vccw_guest_refuse(const xmlNode *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** vccw_guest_quote: Returns: (transfer full): @value (nullable) fit for a message,
 * between apostrophes. */
char *vccw_guest_quote(const char *value);

/** vccw_guest_need: Returns: FALSE with an error unless QEMU knows @type. */
gboolean vccw_guest_need(const VccwGuest *guest,
                         const xmlNode *node,
                         const char *type,
                         GError **error);

/**
 * vccw_guest_alias: Returns: (transfer full): the user's own alias of the device, or else
 * @format printed.
 */
char *vccw_guest_alias(const VccwDomainDevice *device, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

/**
 * vccw_guest_bus: Returns: (transfer full): the bus of the controller of @type with that
 * @index, as devices on it name it.
 */
char *vccw_guest_bus(VccwGuest *guest, const char *type, guint index);

/**
 * vccw_guest_child: Returns: (transfer full) (nullable): the attribute @name of the first
 * child @child of @node.
 */
char *vccw_guest_child(const xmlNode *node, const char *child, const char *name);

/**
 * vccw_guest_child_is: Returns: whether the first child @child of @node has an attribute
 * @name that is @value.
 */
gboolean vccw_guest_child_is(const xmlNode *node,
                             const char *child,
                             const char *name,
                             const char *value);

/**
 * vccw_guest_number: Reads the attribute @name of @node, a decimal number up to @max.
 * @node: (nullable)
 * @ret_number: untouched when there is no such attribute
 */
gboolean vccw_guest_number(const xmlNode *node,
                           const char *name,
                           guint max,
                           guint *ret_number,
                           GError **error);

/**
 * vccw_guest_add_virtio: Adds what <driver> says of any virtio device: iommu and packed.
 */
void vccw_guest_add_virtio(VccwProps *props, const xmlNode *node);

/** vccw_guest_add_devno: Adds the property "devno", if the device has an address. */
void vccw_guest_add_devno(VccwProps *props, const VccwDomainDevice *device);

/**
 * vccw_guest_add_boot: Adds "bootindex" and "loadparm" from <boot>.
 * @type: the QEMU device, to know whether it has a loadparm of its own
 * @by_os: (inout): the boot index of <os><boot>, used up if it applies
 */
void vccw_guest_add_boot(VccwGuest *guest,
                         VccwProps *props,
                         const VccwDomainDevice *device,
                         const char *type,
                         guint *by_os);

/**
 * vccw_guest_check_understood: Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED for the
 *   first element or attribute of the domain @root that no argument would come of, and
 *   that is not the manager's or the host's alone.
 */
gboolean vccw_guest_check_understood(const xmlNode *root, GError **error);

/* machine.c: everything of the guest that is no device. */

/** vccw_guest_machine: "-name" to "-boot": everything that is no device. */
gboolean vccw_guest_machine(VccwGuest *guest, GError **error);

/* The elements below <devices>. */

/** vccw_guest_disk: VccwGuestDevice of <disk>: block nodes and a device. */
gboolean
vccw_guest_disk(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_interface: VccwGuestDevice of <interface>. */
gboolean
vccw_guest_interface(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_serial: VccwGuestDevice of <serial>: the SCLP console or a 3270 terminal.
 */
gboolean
vccw_guest_serial(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_console: VccwGuestDevice of <console>; nothing when it is a <serial> seen
 * from another side. */
gboolean
vccw_guest_console(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_channel: VccwGuestDevice of <channel>. */
gboolean
vccw_guest_channel(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_controller: VccwGuestDevice of <controller>. */
gboolean
vccw_guest_controller(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_hostdev: VccwGuestDevice of <hostdev>: vfio-ccw and vfio-ap. */
gboolean
vccw_guest_hostdev(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_memballoon: VccwGuestDevice of <memballoon>. */
gboolean
vccw_guest_memballoon(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_rng: VccwGuestDevice of <rng>. */
gboolean vccw_guest_rng(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_video: VccwGuestDevice of <video>. */
gboolean
vccw_guest_video(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_graphics: VccwGuestDevice of <graphics>. */
gboolean
vccw_guest_graphics(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_input: VccwGuestDevice of <input>. */
gboolean
vccw_guest_input(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_filesystem: VccwGuestDevice of <filesystem>. */
gboolean
vccw_guest_filesystem(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_watchdog: VccwGuestDevice of <watchdog>. */
gboolean
vccw_guest_watchdog(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

/** vccw_guest_vsock: VccwGuestDevice of <vsock>. */
gboolean
vccw_guest_vsock(VccwGuest *guest, const VccwDomainDevice *device, GError **error);

G_END_DECLS
