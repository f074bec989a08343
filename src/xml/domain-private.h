/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the sources of a domain document share.
 */

#include "xml/domain.h"

G_BEGIN_DECLS

#define VCCW_DOMAIN_ARCH    "s390x"
#define VCCW_DOMAIN_MACHINE "s390-ccw-virtio"

struct VccwDomainXml {
    xmlDoc *doc;
    xmlNode *root;
    xmlNode *devices_node; /* or NULL */
    VccwUuid uuid;
    gboolean had_uuid;
    guint64 memory, current_memory; /* KiB */
    guint vcpus, current_vcpus;
    GPtrArray *devices;  /* (owned) VccwDomainDevice *, in the order of the document */
    GPtrArray *hostdevs; /* VccwHostdevXml * of those */
    GPtrArray *walk;     /* (owned) (nullable): the devices in libvirt's order */
};

/** vccw_domain_add_child: Adds the child @name of <domain> at libvirt's place for it.
 * Returns: (transfer none): it. */
xmlNode *vccw_domain_add_child(VccwDomainXml *domain, const char *name);

/**
 * vccw_domain_device_read:
 *
 * Returns: (transfer full): the device @node, a child of <devices>; NULL with the errors
 *   of vccw_hostdev_xml_parse().
 */
VccwDomainDevice *vccw_domain_device_read(xmlNode *node, GError **error);

/** vccw_domain_device_free: Releases @device. */
void vccw_domain_device_free(VccwDomainDevice *device);

/**
 * vccw_domain_imply:
 *
 * Adds the devices that others imply, and the machine. See vccw_domain_xml_assign().
 *
 * Returns: FALSE with VCCW_ERROR_CONFIG_UNSUPPORTED when a device implies too many
 *   controllers.
 */
gboolean vccw_domain_imply(VccwDomainXml *domain, GError **error);

/** vccw_domain_device_bus: Returns: (transfer none): the bus of the disk @device, as
 * written or as its target tells. */
const char *vccw_domain_device_bus(const VccwDomainDevice *device);

/**
 * vccw_domain_disk_index:
 * @target: e.g. "vdb"
 *
 * Returns: which disk of its bus that is, from 0; -1 when it is no name of a disk.
 */
int vccw_domain_disk_index(const char *target);

/**
 * vccw_domain_controller_index:
 *
 * Returns: the index= of the controller @device; -1 when there is none or it cannot be
 *   read.
 */
int vccw_domain_controller_index(const VccwDomainDevice *device);

G_END_DECLS
