/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A domain from inside: its tree, and its devices one by one.
 */

#include <libxml/tree.h>
#include <virtccw/hostdev-xml.h>

G_BEGIN_DECLS

/** VccwDeviceKind: the kinds of device, in the order in which libvirt walks through the
 * devices of a domain, and so gives them addresses. */
typedef enum {
    VCCW_DEVICE_DISK,
    VCCW_DEVICE_INTERFACE,
    VCCW_DEVICE_SOUND,
    VCCW_DEVICE_HOSTDEV,
    VCCW_DEVICE_VIDEO,
    VCCW_DEVICE_CONTROLLER,
    VCCW_DEVICE_SMARTCARD,
    VCCW_DEVICE_SERIAL,
    VCCW_DEVICE_PARALLEL,
    VCCW_DEVICE_CHANNEL,
    VCCW_DEVICE_CONSOLE,
    VCCW_DEVICE_INPUT,
    VCCW_DEVICE_FILESYSTEM,
    VCCW_DEVICE_WATCHDOG,
    VCCW_DEVICE_MEMBALLOON,
    VCCW_DEVICE_RNG,
    VCCW_DEVICE_NVRAM,
    VCCW_DEVICE_HUB,
    VCCW_DEVICE_SHMEM,
    VCCW_DEVICE_TPM,
    VCCW_DEVICE_PANIC,
    VCCW_DEVICE_MEMORY,
    VCCW_DEVICE_REDIRDEV,
    VCCW_DEVICE_IOMMU,
    VCCW_DEVICE_VSOCK,
    VCCW_DEVICE_CRYPTO,
    VCCW_DEVICE_GRAPHICS,
    VCCW_DEVICE_AUDIO,
    VCCW_DEVICE_LEASE,
    VCCW_DEVICE_OTHER, /* <emulator>, and what is not known */
} VccwDeviceKind;

/** VccwDomainDevice: a child element of <devices>. */
typedef struct {
    VccwDeviceKind kind;
    xmlNode *node;            /* belongs to the domain */
    const char *address_type; /* as written, e.g. "pci"; or NULL */
    gboolean wants_ccw;       /* it is on the guest's channel subsystem */
    gboolean has_ccw;         /* and its address is known: */
    VccwBusId ccw;
    guint boot_order;        /* 0: none */
    char *loadparm;          /* or NULL; of a hostdev in @hostdev */
    char *alias;             /* or NULL */
    VccwHostdevXml *hostdev; /* of a hostdev of model vfio-ccw; else NULL */
    gboolean implied;        /* not in the document that was read */
    gboolean unnumbered;     /* a controller that had no index there */
} VccwDomainDevice;

/** vccw_domain_root: Returns: (transfer none): the <domain> element. */
xmlNode *vccw_domain_root(const VccwDomainXml *domain);

/**
 * vccw_domain_devices:
 *
 * Returns: (transfer none): the devices, VccwDomainDevice *, in the order of the
 *   document; devices that others imply are there after vccw_domain_xml_assign().
 */
const GPtrArray *vccw_domain_devices(const VccwDomainXml *domain);

/**
 * vccw_domain_walk:
 *
 * Returns: (transfer none): the same devices in libvirt's order: by kind; disks by bus
 *   and target, controllers by type and index, each type and bus where its first one is.
 *   The array lives until a device is added.
 */
const GPtrArray *vccw_domain_walk(const VccwDomainXml *domain);

G_END_DECLS
