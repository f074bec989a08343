/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Guests as QEMU runs them: what a QEMU program can do, the command line of a domain and
 * of its passed-through channel devices, and command lines read back into XML.
 *
 * The command lines follow qemu(1) and the properties that QEMU's devices have; the order
 * and the names are libvirt's, so that a guest looks the same whoever started it.
 */

#include <glib.h>
#include <virtccw/hostdev-xml.h>

G_BEGIN_DECLS

/* Bytes of a command line to read: what Linux lets a program have by default. */
#define VCCW_QEMU_NATIVE_MAX (2 * 1024 * 1024)
#define VCCW_QEMU_WORDS_MAX  40000 /* its words */

/** VccwQemu: what one QEMU program can do. Never changes; any thread may use it. */
typedef struct _VccwQemu VccwQemu;

/**
 * vccw_qemu_probe:
 * @program: its path, or a name to be found in $PATH
 *
 * Asks the program itself, over QMP. The answer is kept for the process's life and given
 * again as long as the file is the same (by path, inode, size and times). Blocks for
 * about 0.1 s the first time, for 20 s at most; of several threads one asks and the
 * others wait for it.
 *
 * Returns: (transfer full): what it can do; NULL with VCCW_ERROR_CONFIG_UNSUPPORTED when
 *   there is no such program, or it is no QEMU that we understand, with
 *   VCCW_ERROR_OPERATION_FAILED when it could not be asked, VCCW_ERROR_TIMEOUT when it
 *   did not answer.
 */
VccwQemu *vccw_qemu_probe(const char *program, GError **error);

/** vccw_qemu_ref: Returns: (transfer full): @qemu. */
VccwQemu *vccw_qemu_ref(VccwQemu *qemu);

/** vccw_qemu_unref: Gives one reference back; NULL is fine. */
void vccw_qemu_unref(VccwQemu *qemu);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwQemu, vccw_qemu_unref)

/** vccw_qemu_program: Returns: (transfer none): the program's path. */
const char *vccw_qemu_program(const VccwQemu *qemu);

/** vccw_qemu_version: Returns: the version as libvirt has it: 7002022 for 7.2.22. */
guint vccw_qemu_version(const VccwQemu *qemu);

/** vccw_qemu_arch: Returns: (transfer none): what its guests are, e.g. "s390x". */
const char *vccw_qemu_arch(const VccwQemu *qemu);

/** vccw_qemu_has_kvm: Returns: whether it can use KVM here and now. */
gboolean vccw_qemu_has_kvm(const VccwQemu *qemu);

/** vccw_qemu_has: Returns: whether it knows the device or object @type. */
gboolean vccw_qemu_has(const VccwQemu *qemu, const char *type);

/**
 * vccw_qemu_has_property: Returns: whether @type is "vfio-ccw", "virtio-blk-ccw",
 * "virtio-net-ccw", "virtio-balloon-ccw" or "machine", and has the property @name.
 */
gboolean vccw_qemu_has_property(const VccwQemu *qemu, const char *type, const char *name);

/**
 * vccw_qemu_machine:
 * @name: (nullable): a machine type or another name of it; NULL for QEMU's default
 *
 * Returns: (transfer none) (nullable): the proper name of the machine type, e.g.
 *   "s390-ccw-virtio-7.2" for "s390-ccw-virtio"; NULL when it has none of that name.
 */
const char *vccw_qemu_machine(const VccwQemu *qemu, const char *name);

/** vccw_qemu_machines: Returns: (transfer none): all proper names, newest first. */
const char *const *vccw_qemu_machines(const VccwQemu *qemu);

/**
 * vccw_qemu_machine_alias: Returns: (transfer none) (nullable): the other name of the
 * machine type @name.
 */
const char *vccw_qemu_machine_alias(const VccwQemu *qemu, const char *name);

/** vccw_qemu_cpus_max: Returns: the most CPUs of machine type @name; 0 when unknown. */
guint vccw_qemu_cpus_max(const VccwQemu *qemu, const char *name);

/** vccw_qemu_cpu_models: Returns: (transfer none): names of its CPU models, sorted. */
const char *const *vccw_qemu_cpu_models(const VccwQemu *qemu);

/** VccwQemuForm: how properties of devices are written. */
typedef enum {
    VCCW_QEMU_FORM_JSON,   /* '{"driver":"vfio-ccw",…}', from QEMU 6.2 on */
    VCCW_QEMU_FORM_LEGACY, /* 'vfio-ccw,…' */
} VccwQemuForm;

/** vccw_qemu_form: Returns: the best form that the program understands. */
VccwQemuForm vccw_qemu_form(const VccwQemu *qemu);

/**
 * vccw_qemu_arguments:
 * @domain: a domain that was checked and has its addresses (vccw_domain_xml_check(),
 *   vccw_domain_xml_assign())
 * @qemu: what the program can do
 * @form: how to write devices
 *
 * Linear in the number of devices.
 *
 * Returns: (transfer full): a complete command line that runs @domain: the program and
 *   its arguments; NULL with VCCW_ERROR_CONFIG_UNSUPPORTED, which names the element,
 *   when QEMU or this library cannot give the guest what the document asks for.
 */
GStrv vccw_qemu_arguments(const VccwDomainXml *domain,
                          const VccwQemu *qemu,
                          VccwQemuForm form,
                          GError **error);

/**
 * vccw_qemu_hostdev_arguments:
 *
 * As vccw_qemu_arguments(), but only what the passed-through channel devices need:
 * "-object" for iommufd, "-device" for each.
 */
GStrv vccw_qemu_hostdev_arguments(const VccwDomainXml *domain,
                                  const VccwQemu *qemu,
                                  VccwQemuForm form,
                                  GError **error);

/**
 * vccw_qemu_environment:
 *
 * Returns: (transfer full): what <qemu:env> asks for, "NAME=VALUE" each, maybe none.
 */
GStrv vccw_qemu_environment(const VccwDomainXml *domain);

/**
 * vccw_qemu_native:
 *
 * As vccw_qemu_arguments(), as one line for a shell, the environment before it.
 */
char *vccw_qemu_native(const VccwDomainXml *domain,
                       const VccwQemu *qemu,
                       VccwQemuForm form,
                       GError **error);

/**
 * vccw_qemu_from_native:
 * @text: a command line as a shell reads it, NUL-terminated
 *
 * What has no place in libvirt's XML is kept as <qemu:commandline>, so that nothing of
 * the command is lost. Linear in the length of @text.
 *
 * Returns: (transfer full): the XML of a domain; NULL with VCCW_ERROR_INVALID_ARG, which
 *   names the argument, when the command cannot be read, VCCW_ERROR_CONFIG_UNSUPPORTED
 *   when it is not of QEMU for s390x, VCCW_ERROR_TOO_LARGE over VCCW_QEMU_NATIVE_MAX
 * bytes or VCCW_QEMU_WORDS_MAX words.
 */
char *vccw_qemu_from_native(const char *text, GError **error);

G_END_DECLS
