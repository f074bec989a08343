/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Guests that get channel devices: <hostdev mode='subsystem' type='mdev'
 * model='vfio-ccw'>, alone or in a whole <domain>, as libvirt's clients know them
 * (https://libvirt.org/formatdomain.html#mediated-devices).
 *
 * A document is kept as it is: elements, attributes, comments and namespaces that
 * virtccw does not know stay, in place. What it knows is written in libvirt's form (UUIDs
 * in lower case, addresses as 0xfe, 0x0, 0x0001), with two blanks of indentation and
 * single quotes. What was written, read and written again is identical.
 *
 * Reading is safe: no DTD, no entity beyond the five of XML, no network, no file. All
 * functions may be called from any thread, on one document from one thread at a time.
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

#define VCCW_DOMAIN_XML_MAX  (4 * 1024 * 1024 - 1) /* bytes of one <domain> */
#define VCCW_HOSTDEV_XML_MAX (64 * 1024)           /* bytes of one <hostdev> */

/** VccwSwitch: an attribute that is yes or no, on or off, or absent. */
typedef enum {
    VCCW_SWITCH_ABSENT,
    VCCW_SWITCH_OFF,
    VCCW_SWITCH_ON,
} VccwSwitch;

/** VccwHostdevXml: a <hostdev> of model vfio-ccw. Only to be read. */
typedef struct {
    VccwUuid uuid;        /* of the mediated device */
    VccwSwitch managed;   /* managed='yes' or 'no' */
    VccwSwitch iommufd;   /* <driver iommufd='yes'/> or 'no' */
    gboolean has_address; /* FALSE: the guest address is still to be assigned */
    VccwBusId address;    /* the guest address */
    guint boot_order;     /* <boot order=>, from 1; 0: not to be booted from */
    char *loadparm;       /* <boot loadparm=> in upper case, or NULL */
    char *alias;          /* <alias name=>, or NULL */

    /*< private >*/
    struct _xmlNode *node;
    struct _xmlDoc *doc; /* of a hostdev that is alone */
} VccwHostdevXml;

/**
 * vccw_hostdev_xml_parse:
 * @text: one <hostdev>, UTF-8, NUL-terminated
 * @validate: whether to check it against schemas/hostdev-vfio-ccw.rng first
 *
 * Returns: (transfer full): the hostdev; NULL with one of these, the message has the
 *   line:
 * - VCCW_ERROR_TOO_LARGE: over VCCW_HOSTDEV_XML_MAX
 * - VCCW_ERROR_XML_SYNTAX: not well-formed
 * - VCCW_ERROR_XML_SCHEMA: @validate, and the schema refuses it
 * - VCCW_ERROR_XML_CONTENT: another root; no <source>; a value that cannot be read; an
 *   address that is partial, out of range or not of type ccw
 * - VCCW_ERROR_CONFIG_UNSUPPORTED: another type or model; no UUID; something that no
 *   vfio-ccw device has (display, ramfb, teaming, startupPolicy); cssid other than 0xfe
 */
VccwHostdevXml *
vccw_hostdev_xml_parse(const char *text, gboolean validate, GError **error);

/** vccw_hostdev_xml_free: Releases a hostdev that was parsed alone. NULL is fine. */
void vccw_hostdev_xml_free(VccwHostdevXml *hostdev);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwHostdevXml, vccw_hostdev_xml_free)

/** vccw_hostdev_xml_format: Returns: (transfer full): the element, and a final newline.
 */
char *vccw_hostdev_xml_format(const VccwHostdevXml *hostdev);

/** VccwDomainXml: a <domain> for s390x, and everything in it. */
typedef struct VccwDomainXml VccwDomainXml;

/** VccwDomainXmlFlags: how a domain is written. */
typedef enum {
    VCCW_DOMAIN_XML_INACTIVE = 1
                               << 0, /* without id= and without aliases made for a run */
    VCCW_DOMAIN_XML_SECURE = 1 << 1, /* with the passwords of <graphics> */
} VccwDomainXmlFlags;

/**
 * vccw_domain_xml_parse:
 * @text: a <domain>, UTF-8, NUL-terminated
 * @validate: whether to check it against schemas/domain-s390x.rng first
 *
 * A UUID is made when there is none. What concerns several devices is the matter of
 * vccw_domain_xml_check().
 *
 * Returns: (transfer full): the domain; NULL with the errors of vccw_hostdev_xml_parse(),
 *   of any device in it, or
 * - VCCW_ERROR_TOO_LARGE: over VCCW_DOMAIN_XML_MAX
 * - VCCW_ERROR_XML_SCHEMA: @validate, and more elements than are checked in one document
 * - VCCW_ERROR_XML_CONTENT: no name or one that cannot be a file's; a UUID, amount of
 *   memory or number of CPUs that cannot be read
 * - VCCW_ERROR_CONFIG_UNSUPPORTED: a type other than kvm and qemu
 */
VccwDomainXml *vccw_domain_xml_parse(const char *text, gboolean validate, GError **error);

/** vccw_domain_xml_free: Releases @domain. NULL is fine. */
void vccw_domain_xml_free(VccwDomainXml *domain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwDomainXml, vccw_domain_xml_free)

/**
 * vccw_domain_xml_format:
 * @flags: VccwDomainXmlFlags
 *
 * Returns: (transfer full): the document, and a final newline.
 */
char *vccw_domain_xml_format(const VccwDomainXml *domain, guint flags);

/**
 * vccw_domain_xml_check:
 *
 * What libvirt refuses, and what would only fail when the guest starts.
 *
 * Returns: FALSE with
 * - VCCW_ERROR_CONFIG_UNSUPPORTED: an architecture or machine that is not s390x and
 *   s390-ccw-virtio; a boot order used twice, or together with <boot dev=>; a user alias
 *   that is malformed or used twice; a ccw address whose cssid is not 0xfe
 * - VCCW_ERROR_XML_CONTENT: a guest address or a mediated device used twice
 */
gboolean vccw_domain_xml_check(const VccwDomainXml *domain, GError **error);

/**
 * vccw_domain_xml_assign:
 *
 * Completes the domain as libvirt does: architecture and machine, devices that others
 * imply (controllers, memballoon, video), and a guest address for each ccw device
 * without one: from fe.0.0000 upward, the lowest that is free, in libvirt's order of
 * devices. Addresses that are there stay, so that to do it again changes nothing.
 *
 * Returns: FALSE with VCCW_ERROR_XML_CONTENT when a guest address is used twice, or
 *   VCCW_ERROR_CONFIG_UNSUPPORTED when all are used, or a disk implies too many
 *   controllers; @domain may be completed in part then.
 */
gboolean vccw_domain_xml_assign(VccwDomainXml *domain, GError **error);

/** vccw_domain_xml_type: Returns: (transfer none): "kvm" or "qemu". */
const char *vccw_domain_xml_type(const VccwDomainXml *domain);

/** vccw_domain_xml_name: Returns: (transfer none): the name. */
const char *vccw_domain_xml_name(const VccwDomainXml *domain);

/**
 * vccw_domain_xml_set_name:
 *
 * Returns: FALSE with VCCW_ERROR_XML_CONTENT when @name cannot be a domain's.
 */
gboolean
vccw_domain_xml_set_name(VccwDomainXml *domain, const char *name, GError **error);

/** vccw_domain_xml_uuid: Returns: (transfer none): the UUID. */
const VccwUuid *vccw_domain_xml_uuid(const VccwDomainXml *domain);

/** vccw_domain_xml_set_uuid: Gives @domain another UUID. */
void vccw_domain_xml_set_uuid(VccwDomainXml *domain, const VccwUuid *uuid);

/** vccw_domain_xml_has_uuid: Returns: whether the document that was read had a UUID. */
gboolean vccw_domain_xml_has_uuid(const VccwDomainXml *domain);

/** vccw_domain_xml_arch: Returns: (transfer none): <type arch=>, or "s390x". */
const char *vccw_domain_xml_arch(const VccwDomainXml *domain);

/** vccw_domain_xml_machine: Returns: (transfer none): <type machine=>, or
 * "s390-ccw-virtio". */
const char *vccw_domain_xml_machine(const VccwDomainXml *domain);

/** vccw_domain_xml_emulator: Returns: (transfer full) (nullable): the text of <emulator>.
 */
char *vccw_domain_xml_emulator(const VccwDomainXml *domain);

/** vccw_domain_xml_memory: Returns: the most memory that the guest may have, in KiB. */
guint64 vccw_domain_xml_memory(const VccwDomainXml *domain);

/** vccw_domain_xml_current_memory: Returns: <currentMemory>, or all of it, in KiB. */
guint64 vccw_domain_xml_current_memory(const VccwDomainXml *domain);

/** vccw_domain_xml_vcpus: Returns: the most CPUs that the guest may have. */
guint vccw_domain_xml_vcpus(const VccwDomainXml *domain);

/** vccw_domain_xml_current_vcpus: Returns: <vcpu current=>, or all of them. */
guint vccw_domain_xml_current_vcpus(const VccwDomainXml *domain);

/**
 * vccw_domain_xml_text:
 * @name: a child of <domain>, e.g. "title" or "description"
 *
 * Returns: (transfer full) (nullable): its text; NULL when there is none or it is empty.
 */
char *vccw_domain_xml_text(const VccwDomainXml *domain, const char *name);

/**
 * vccw_domain_xml_set_text:
 * @name: "title" or "description"
 * @text: (nullable): the new text; NULL or empty removes the element
 */
void vccw_domain_xml_set_text(VccwDomainXml *domain, const char *name, const char *text);

/**
 * vccw_domain_xml_metadata:
 * @uri: a namespace
 *
 * Returns: (transfer full) (nullable): the first child of <metadata> in that namespace as
 *   a document of its own, without the namespace and its prefix, as it was set; NULL when
 *   there is none.
 */
char *vccw_domain_xml_metadata(const VccwDomainXml *domain, const char *uri);

/**
 * vccw_domain_xml_set_metadata:
 * @uri: a namespace
 * @key: (nullable): the prefix for it; needed with @xml
 * @xml: (nullable): one element, without a namespace; its elements without one get @uri.
 *   NULL removes what is there
 *
 * Returns: FALSE with VCCW_ERROR_XML_SYNTAX when @xml is not one well-formed element, or
 *   VCCW_ERROR_INVALID_ARG when @uri is empty, @key cannot be a prefix or stands for
 *   another namespace in @xml, or the element is in another one.
 */
gboolean vccw_domain_xml_set_metadata(VccwDomainXml *domain,
                                      const char *uri,
                                      const char *key,
                                      const char *xml,
                                      GError **error);

/** vccw_domain_xml_n_hostdevs: Returns: how many hostdevs of model vfio-ccw there are. */
guint vccw_domain_xml_n_hostdevs(const VccwDomainXml *domain);

/**
 * vccw_domain_xml_hostdev:
 * @index: below vccw_domain_xml_n_hostdevs()
 *
 * Returns: (transfer none): the hostdev, in the order of the document.
 */
const VccwHostdevXml *vccw_domain_xml_hostdev(const VccwDomainXml *domain, guint index);

G_END_DECLS
