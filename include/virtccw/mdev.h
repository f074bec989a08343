/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mediated devices: their definitions in mdevctl's store, and their life.
 *
 * The store is mdevctl's own: a file DIR/PARENT/UUID holds a JSON object with the keys
 * "mdev_type" (string), "start" ("auto" or "manual") and "attrs" (array of objects with
 * one string member each). mdevctl(8) reads what is written here, and the other way
 * round. Keys that neither knows are kept.
 *
 * A definition belongs to its pair of UUID and parent: the same UUID may be defined on
 * several parents, and each function touches exactly the one it is given.
 *
 * VccwStore, the view of all definitions, belongs to one thread; it reads files, each of
 * at most 64 KiB, and writes none. The vccw_definition_* and vccw_mdev_* functions hold
 * no state, may block on the disk or in the kernel, and are meant for worker threads;
 * after one of them call vccw_store_refresh().
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwMdevAttr: an attribute to be written when the device is started. */
typedef struct {
    char *name;
    char *value;
} VccwMdevAttr;

/** VccwMdevConfig: what is to be started where: the content of a definition. */
typedef struct {
    VccwUuid uuid;
    VccwBusId parent;
    char *type; /* type ID, "vfio_ccw-io" */
    gboolean autostart;
    GPtrArray *attrs; /* of VccwMdevAttr *, in the order of writing; never NULL */
} VccwMdevConfig;

/**
 * vccw_mdev_config_new:
 *
 * Returns: (transfer full): a configuration without attributes, not autostarted.
 */
VccwMdevConfig *
vccw_mdev_config_new(const VccwUuid *uuid, const VccwBusId *parent, const char *type);

/** vccw_mdev_config_copy: Returns: (transfer full): a deep copy. */
VccwMdevConfig *vccw_mdev_config_copy(const VccwMdevConfig *config);

/** vccw_mdev_config_add_attr: Appends an attribute (both strings are copied). */
void
vccw_mdev_config_add_attr(VccwMdevConfig *config, const char *name, const char *value);

/** vccw_mdev_config_equal: Returns: whether both say the same, autostart included. */
gboolean vccw_mdev_config_equal(const VccwMdevConfig *a, const VccwMdevConfig *b);

/** vccw_mdev_config_free: Releases @config. NULL is fine. */
void vccw_mdev_config_free(VccwMdevConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwMdevConfig, vccw_mdev_config_free)

/*
 * The view of the store
 */

typedef struct _VccwStore VccwStore;

/** VccwStoreChange: what happened to a definition. */
typedef enum {
    VCCW_STORE_DEFINED,
    VCCW_STORE_CHANGED,
    VCCW_STORE_UNDEFINED,
    VCCW_STORE_UNUSABLE, /* the file cannot be used; told once for each version of it, and
                            after UNDEFINED if it could be used before */
} VccwStoreChange;

/**
 * VccwStoreFunc: told of each change exactly once, after the view shows it.
 * @parent, @uuid: the definition; for UNUSABLE both are NULL if the file's name is the
 * fault
 * @problem: (nullable): for UNUSABLE: names the file and what is wrong with it
 */
typedef void (*VccwStoreFunc)(VccwStoreChange change,
                              const VccwUuid *uuid,
                              const VccwBusId *parent,
                              const GError *problem,
                              gpointer data);

/**
 * vccw_store_new:
 * @dir: mdevctl's folder, usually "/etc/mdevctl.d"; it need not exist yet
 *
 * Returns: (transfer full): an empty view of the store in @dir; never NULL.
 */
VccwStore *vccw_store_new(const char *dir);

/** vccw_store_free: Stops watching and releases @store. NULL is fine. */
void vccw_store_free(VccwStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwStore, vccw_store_free)

/** vccw_store_set_func: Has @func called with @data at each change. */
void vccw_store_set_func(VccwStore *store, VccwStoreFunc func, gpointer data);

/**
 * vccw_store_watch: Follows changes by others (inotify) on the thread's default main
 * context. A folder that is made, removed or replaced is followed too; lost events lead
 * to a full load.
 *
 * Returns: FALSE with G_UNIX_ERROR if no watch can be had; then, and also where only some
 *   folders can be watched, everything is looked at each second instead.
 */
gboolean vccw_store_watch(VccwStore *store, GError **error);

/** vccw_store_load: Reads everything anew and reports the differences. */
void vccw_store_load(VccwStore *store);

/**
 * vccw_store_refresh: Reads one definition anew and reports the difference, if any. As
 * everywhere here, a file that is bad but new or good before may be half written: it gets
 * a second look, some 200 ms later from the main loop, before it is called unusable.
 */
void vccw_store_refresh(VccwStore *store, const VccwUuid *uuid, const VccwBusId *parent);

/**
 * vccw_store_refresh_parent: Looks anew at the definitions on one parent and reports the
 * differences, for when something depends on what was written a moment ago.
 */
void vccw_store_refresh_parent(VccwStore *store, const VccwBusId *parent);

/** vccw_store_dir: Returns: the folder that was given to vccw_store_new(). */
const char *vccw_store_dir(VccwStore *store);

/**
 * vccw_store_get:
 *
 * Returns: (nullable): the definition; valid until the main loop runs again.
 */
const VccwMdevConfig *
vccw_store_get(VccwStore *store, const VccwUuid *uuid, const VccwBusId *parent);

/**
 * vccw_store_list: Returns: (transfer container): all definitions (const VccwMdevConfig
 * *) ordered by UUID, then parent; the elements are valid until the main loop runs again.
 */
GPtrArray *vccw_store_list(VccwStore *store);

/** vccw_store_list_uuid: as vccw_store_list(), only those of @uuid, by parent. */
GPtrArray *vccw_store_list_uuid(VccwStore *store, const VccwUuid *uuid);

/** vccw_store_list_parent: as vccw_store_list(), only those on @parent, by UUID. */
GPtrArray *vccw_store_list_parent(VccwStore *store, const VccwBusId *parent);

/*
 * Changing the store: blocking, for worker threads
 */

/**
 * vccw_definition_create: Writes a new definition.
 * @dir: the store's folder
 *
 * Returns: FALSE with VCCW_ERROR_OPERATION_INVALID if there is a definition of that UUID
 *   and parent, VCCW_ERROR_INVALID_ARG if type or attributes are not UTF-8 text or the
 *   type is empty, VCCW_ERROR_TOO_LARGE if the document would exceed 64 KiB, or
 *   G_UNIX_ERROR. On success it is durable; the store's folder and the parent's are made
 *   if need be.
 */
gboolean
vccw_definition_create(const char *dir, const VccwMdevConfig *config, GError **error);

/**
 * vccw_definition_update: Replaces type and attributes of a definition; its autostart and
 * its unknown keys are kept. @config's own autostart is not looked at.
 *
 * Returns: FALSE with VCCW_ERROR_NO_NODE_DEVICE if there is none, VCCW_ERROR_STORE if the
 *   file cannot be understood (it is left as it is), VCCW_ERROR_CONFLICT if somebody else
 *   keeps changing it meanwhile, or the other errors of vccw_definition_create().
 */
gboolean
vccw_definition_update(const char *dir, const VccwMdevConfig *config, GError **error);

/**
 * vccw_definition_set_autostart: Changes only "start".
 *
 * Returns: FALSE with the errors of vccw_definition_update().
 */
gboolean vccw_definition_set_autostart(const char *dir,
                                       const VccwUuid *uuid,
                                       const VccwBusId *parent,
                                       gboolean autostart,
                                       GError **error);

/**
 * vccw_definition_remove: Removes one definition, and no other of its UUID.
 *
 * Returns: FALSE with VCCW_ERROR_NO_NODE_DEVICE if there is none, or G_UNIX_ERROR.
 */
gboolean vccw_definition_remove(const char *dir,
                                const VccwUuid *uuid,
                                const VccwBusId *parent,
                                GError **error);

/**
 * vccw_definition_sweep: Removes what an interrupted write left behind; touches no
 * definition. For the start of a program, before vccw_store_load().
 */
void vccw_definition_sweep(const char *dir);

/*
 * The life of a mediated device: blocking, for worker threads
 */

/** VccwMdevHost: where a host keeps what these functions need. */
typedef struct {
    const char *sysfs; /* usually "/sys" */
    const char *dev;   /* usually "/dev" */
    const char *proc;  /* usually "/proc" */
} VccwMdevHost;

/**
 * vccw_mdev_start: Makes the mediated device and writes its attributes in their order;
 * what was made is removed again if an attribute cannot be written. Returns when sysfs
 * shows the device.
 *
 * Returns: FALSE with an error that names the device and the cause:
 * - VCCW_ERROR_DEVICE_MISSING: the host has no such subchannel
 * - VCCW_ERROR_OPERATION_INVALID: the subchannel is bound to another driver than one that
 *   offers mediated devices, or this very device is active already
 * - VCCW_ERROR_CONFIG_UNSUPPORTED: the subchannel does not offer the type, or an
 *   attribute does not exist
 * - VCCW_ERROR_BUSY: no instance of the type is free (the message names the device that
 *   has it)
 * - VCCW_ERROR_OPERATION_FAILED: the UUID is active on another parent, or the kernel
 *   refused (the message says what errno means here)
 * - G_UNIX_ERROR: the host's sysfs cannot be opened
 */
gboolean
vccw_mdev_start(const VccwMdevHost *host, const VccwMdevConfig *config, GError **error);

/**
 * vccw_mdev_stop: Removes an active mediated device. Refuses one that is in use rather
 * than block until its user closes it. Returns when sysfs no longer shows the device; one
 * that is removed by somebody else meanwhile is a success.
 * @uuid: the device
 * @parent: on which parent; a device of that UUID on another one is left alone
 *
 * Returns: FALSE with VCCW_ERROR_BUSY (the message names the user when it can be found),
 *   VCCW_ERROR_OPERATION_INVALID (not active there), VCCW_ERROR_OPERATION_FAILED, or
 *   G_UNIX_ERROR: the host's sysfs cannot be opened.
 */
gboolean vccw_mdev_stop(const VccwMdevHost *host,
                        const VccwUuid *uuid,
                        const VccwBusId *parent,
                        GError **error);

/**
 * vccw_mdev_find_user: Looks for who holds a mediated device's VFIO group or device node.
 * @ret_user: (out) (transfer full): "guest 'NAME' (process PID, COMMAND)", "process PID
 *   (COMMAND)", or "another process" when nobody could be found
 *
 * Returns: TRUE if the device is in use.
 */
gboolean
vccw_mdev_find_user(const VccwMdevHost *host, const VccwUuid *uuid, char **ret_user);

G_END_DECLS
