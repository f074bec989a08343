/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The host's channel subsystem as sysfs shows it: subchannels, devices, mediated devices.
 *
 * The inventory knows which of them exist and how they hang together, and follows the
 * kernel's uevents so that it stays right without polling. What a listing needs is kept;
 * attributes that only a closer look needs are read from sysfs at that moment, because
 * several of them change without any event. An attribute that is absent, or whose device
 * vanishes while it is read, is normal.
 *
 * An inventory belongs to one thread. Its functions are quick: they read sysfs attributes
 * but write none.
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

typedef struct _VccwInventory VccwInventory;

/** VccwChannelPaths: the eight channel paths of a subchannel, and their masks. */
typedef struct {
    guint8 chpids[8];
    guint8 pim; /* path-installed mask */
    guint8 pam; /* path-available mask */
    guint8 pom; /* path-operational mask */
    guint8 vpm; /* verified-path mask: what the host's driver can work with */
    gboolean has_vpm;
} VccwChannelPaths;

/** VccwSubchannel: what the inventory keeps of an I/O subchannel (type 0). */
typedef struct {
    VccwBusId id;
    char *path;          /* sysfs path, "/devices/css0/0.0.0004": relative to the root */
    char *driver;        /* driver on bus css, or NULL when it is not bound */
    gboolean registered; /* offers mediated-device types */
    gboolean has_paths;  /* FALSE if the kernel does not tell */
    VccwChannelPaths paths;
} VccwSubchannel;

/** VccwDevice: what the inventory keeps of a device on bus ccw. */
typedef struct {
    VccwBusId id;
    char *path;              /* sysfs path relative to the root */
    char *driver;            /* driver on bus ccw, or NULL */
    gboolean has_subchannel; /* FALSE for a device without subchannel (disconnected) */
    VccwBusId subchannel;    /* the subchannel that it hangs off */
    gboolean online;
} VccwDevice;

/** VccwMdev: what the inventory keeps of an active mediated device on a subchannel. */
typedef struct {
    VccwUuid uuid;
    VccwBusId parent; /* its subchannel */
    char *path;       /* sysfs path relative to the root */
    char *type;       /* type ID, "vfio_ccw-io", or NULL while it cannot be read */
    char *driver;     /* "vfio_ccw_mdev", or NULL while it is not bound */
    int iommu_group;  /* number of its IOMMU group, or -1 while it has none */
} VccwMdev;

/** VccwMdevType: a type of mediated device that a subchannel offers. */
typedef struct {
    char *id;                  /* "vfio_ccw-io" */
    char *name;                /* "I/O subchannel (Non-QDIO)", or NULL */
    char *device_api;          /* "vfio-ccw" */
    guint available_instances; /* how many more can be made now */
} VccwMdevType;

/** VccwChange: what happened to a node. */
typedef enum {
    VCCW_CHANGE_ADDED,
    VCCW_CHANGE_REMOVED,
    VCCW_CHANGE_UPDATED,    /* driver, online state, types, paths or attributes changed */
    VCCW_CHANGE_REGISTERED, /* a subchannel has just begun to offer types; comes after
                               ADDED or UPDATED of the same subchannel */
} VccwChange;

/**
 * VccwInventoryFunc: told of each change exactly once, after the inventory shows it.
 * On REMOVED the entry is gone from the inventory already.
 *
 * It may look at the inventory, also scan or refresh it (what that changes is reported
 * after it has returned), but not free it.
 */
typedef void (*VccwInventoryFunc)(const VccwNodeName *name,
                                  VccwChange change,
                                  gpointer data);

/**
 * vccw_inventory_new:
 * @sysfs: the root of sysfs, usually "/sys"
 *
 * Returns: (transfer full): an empty inventory of the host below @sysfs; NULL with
 *   G_UNIX_ERROR if @sysfs cannot be opened. A host without bus css is an empty host.
 */
VccwInventory *vccw_inventory_new(const char *sysfs, GError **error);

/** vccw_inventory_free: Stops listening and releases @inventory. NULL is fine. */
void vccw_inventory_free(VccwInventory *inventory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwInventory, vccw_inventory_free)

/**
 * vccw_inventory_set_func: Has @func called with @data at each change; replaces any
 * other.
 * @func: (nullable): the listener
 */
void
vccw_inventory_set_func(VccwInventory *inventory, VccwInventoryFunc func, gpointer data);

/**
 * vccw_inventory_listen: Follows the kernel's uevents on the thread's default main
 * context. Call it before vccw_inventory_scan(), so that nothing falls between the two.
 * Lost events (ENOBUFS) lead to a full scan.
 *
 * Returns: FALSE with G_UNIX_ERROR if the netlink socket cannot be had.
 */
gboolean vccw_inventory_listen(VccwInventory *inventory, GError **error);

/**
 * vccw_inventory_scan: Reads everything anew and reports the differences. What cannot be
 * read is treated as absent.
 */
void vccw_inventory_scan(VccwInventory *inventory);

/**
 * vccw_inventory_refresh: Reads one node anew and reports the difference, if any: after a
 * write to sysfs, so that its result is seen before the event arrives (which then changes
 * nothing more). For a subchannel its device and mediated devices are read too.
 */
void vccw_inventory_refresh(VccwInventory *inventory, const VccwNodeName *name);

/** vccw_inventory_sysfs: Returns: the root that was given to vccw_inventory_new(). */
const char *vccw_inventory_sysfs(VccwInventory *inventory);

/** vccw_inventory_sysfs_fd: Returns: a descriptor of the root, owned by @inventory. */
int vccw_inventory_sysfs_fd(VccwInventory *inventory);

/**
 * vccw_inventory_get_subchannel:
 *
 * Returns: (nullable): the subchannel @id; valid until the main loop runs again.
 */
const VccwSubchannel *vccw_inventory_get_subchannel(VccwInventory *inventory,
                                                    const VccwBusId *id);

/** vccw_inventory_get_device: as vccw_inventory_get_subchannel(), for a device. */
const VccwDevice *vccw_inventory_get_device(VccwInventory *inventory,
                                            const VccwBusId *id);

/** vccw_inventory_get_mdev: as vccw_inventory_get_subchannel(), for an active mdev. */
const VccwMdev *vccw_inventory_get_mdev(VccwInventory *inventory, const VccwUuid *uuid);

/**
 * vccw_inventory_subchannels:
 *
 * Returns: (transfer container): all subchannels (const VccwSubchannel *) in the order of
 *   their bus-IDs; the elements are valid until the main loop runs again.
 */
GPtrArray *vccw_inventory_subchannels(VccwInventory *inventory);

/** vccw_inventory_devices: as vccw_inventory_subchannels(), const VccwDevice *. */
GPtrArray *vccw_inventory_devices(VccwInventory *inventory);

/** vccw_inventory_mdevs: as vccw_inventory_subchannels(), const VccwMdev *, by UUID. */
GPtrArray *vccw_inventory_mdevs(VccwInventory *inventory);

/**
 * vccw_subchannel_read_dev_busid: Reads which device is behind a subchannel. It stays
 * readable when vfio_ccw is bound.
 * @ret_device: (out): the device's bus-ID
 *
 * Returns: FALSE if there is none ("none", or the kernel does not tell).
 */
gboolean vccw_subchannel_read_dev_busid(VccwInventory *inventory,
                                        const VccwBusId *id,
                                        VccwBusId *ret_device);

/**
 * vccw_subchannel_read_paths: Reads chpids, pimpampom and vpm.
 * @ret_paths: (out): the channel paths
 *
 * Returns: FALSE if the kernel does not tell.
 */
gboolean vccw_subchannel_read_paths(VccwInventory *inventory,
                                    const VccwBusId *id,
                                    VccwChannelPaths *ret_paths);

/**
 * vccw_subchannel_read_override:
 *
 * Returns: (transfer full) (nullable): the driver override, or NULL if none is set.
 */
char *vccw_subchannel_read_override(VccwInventory *inventory, const VccwBusId *id);

/** VccwSubchannelView: what a closer look at a subchannel shows. */
typedef struct {
    gboolean knows_device; /* FALSE if the kernel does not tell */
    gboolean has_device;   /* FALSE if there is none behind it */
    VccwBusId device;
    gboolean has_paths; /* FALSE if the kernel does not tell */
    VccwChannelPaths paths;
    char *override; /* the driver override, or NULL */
} VccwSubchannelView;

/**
 * vccw_subchannel_look: Reads all of this at once, which is quicker.
 * @ret_view: (out): to be cleared
 *
 * Returns: FALSE if the host has no such subchannel.
 */
gboolean vccw_subchannel_look(VccwInventory *inventory,
                              const VccwBusId *id,
                              VccwSubchannelView *ret_view);

/** vccw_subchannel_view_clear: Releases what @view has. */
void vccw_subchannel_view_clear(VccwSubchannelView *view);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwSubchannelView, vccw_subchannel_view_clear)

/**
 * vccw_subchannel_read_types:
 *
 * Returns: (transfer full): the types that the subchannel offers now, sorted by ID, as a
 *   GPtrArray of VccwMdevType * with a free function; empty if there are none.
 */
GPtrArray *vccw_subchannel_read_types(VccwInventory *inventory, const VccwBusId *id);

/** vccw_mdev_type_free: Releases @type. NULL is fine. */
void vccw_mdev_type_free(VccwMdevType *type);

/**
 * vccw_device_read_model: Reads what a device is.
 * @ret_cutype: (out) (optional) (transfer full): control unit, "3990/e9"
 * @ret_devtype: (out) (optional) (transfer full): device, "3390/0c", or "n/a"
 *
 * Returns: FALSE if the kernel does not tell.
 */
gboolean vccw_device_read_model(VccwInventory *inventory,
                                const VccwBusId *id,
                                char **ret_cutype,
                                char **ret_devtype);

/** VccwChannelPath: a channel path of the host, /sys/devices/cssC/chpC.NN. */
typedef struct {
    guint8 cssid;
    guint8 chpid;
    guint8 type;         /* channel-path type, as in attribute "type" */
    gboolean online;     /* attribute "status" */
    gboolean configured; /* attribute "configure" is 1 */
} VccwChannelPath;

/**
 * vccw_inventory_read_channel_paths:
 *
 * Returns: (transfer full): the host's channel paths by number, as a GPtrArray of
 *   VccwChannelPath * with a free function; empty if the kernel shows none.
 */
GPtrArray *vccw_inventory_read_channel_paths(VccwInventory *inventory);

G_END_DECLS
