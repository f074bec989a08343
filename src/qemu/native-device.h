/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the devices of a command line have in common when they are written as elements.
 */

#include <glib.h>

#include "qemu/native.h"

G_BEGIN_DECLS

/** VccwNativeDevice: A device that is being written. */
typedef struct {
    VccwNative *native;
    VccwXmlWriter *writer;
    const VccwOption *option;
    const char *what; /* of the table's row */
} VccwNativeDevice;

/** vccw_native_get: Returns: (nullable): the value of the device's property @key. */
const char *vccw_native_get(const VccwNativeDevice *device, const char *key);

/**
 * vccw_native_claim:
 * @key: a property of the device, which names an option
 * @kind: such as "-drive"
 * @keys: the properties of that option that XML can express
 *
 * Returns: (transfer none) (nullable): the option, unless it is not there or has more.
 */
VccwOption *vccw_native_claim(const VccwNativeDevice *device,
                              const char *key,
                              const char *kind,
                              const char *keys);

/** vccw_native_write_boot: Writes <boot>, if the device has its place in the order. */
void vccw_native_write_boot(const VccwNativeDevice *device);

/** vccw_native_write_alias: Writes <alias>, if the name is a person's. */
void vccw_native_write_alias(const VccwNativeDevice *device);

/** vccw_native_write_address: Writes <address>, if the command line chose one. */
void vccw_native_write_address(const VccwNativeDevice *device);

/** vccw_native_add_key: Adds an attribute to @pairs, if @value is there. */
void vccw_native_add_key(GPtrArray *pairs, const char *key, const char *value);

/** vccw_native_write_driver: Writes <driver> of @pairs and the device's virtio options.
 */
void vccw_native_write_driver(const VccwNativeDevice *device, GPtrArray *pairs);

/** vccw_native_thread: Returns: (nullable): the number of the device's I/O thread, which
 * has been checked. */
const char *vccw_native_thread(const VccwNativeDevice *device);

/**
 * vccw_native_bus_number:
 * @prefix: what the bus is called before its number ("scsi" of "scsi1.0")
 * @ret_number: (out) (transfer full): the controller's number, "0" if no bus is named
 *
 * Returns: FALSE, without an error, if the bus has another name.
 */
gboolean vccw_native_bus_number(const VccwNativeDevice *device,
                                const char *prefix,
                                char **ret_number);

/** vccw_native_is_expressible: Returns: whether XML can express the address, the place in
 * the boot order and the virtio options that the device has. */
gboolean vccw_native_is_expressible(const VccwNativeDevice *device);

/**
 * vccw_native_write_virtio_disk: Writes a virtio disk, with the image behind it.
 *
 * Returns: FALSE, and has written nothing, if XML cannot express it.
 */
gboolean vccw_native_write_virtio_disk(VccwNativeDevice *device);

/**
 * vccw_native_write_scsi_disk: Writes a disk, a CD-ROM drive or a LUN on a SCSI bus.
 *
 * Returns: FALSE, and has written nothing, if XML cannot express it.
 */
gboolean vccw_native_write_scsi_disk(VccwNativeDevice *device);

/**
 * vccw_native_write_sclp: Writes a console on the SCLP, as every Linux distribution's
 * guest has it.
 *
 * Returns: FALSE, and has written nothing, if XML cannot express it.
 */
gboolean vccw_native_write_sclp(VccwNativeDevice *device);

/** vccw_native_write_3270: The same for a 3270 terminal. */
gboolean vccw_native_write_3270(VccwNativeDevice *device);

/** vccw_native_write_port: The same for a port of a virtio serial controller. */
gboolean vccw_native_write_port(VccwNativeDevice *device);

G_END_DECLS
