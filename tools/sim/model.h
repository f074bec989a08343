/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The simulated channel subsystem: its objects, and what one kernel operation does to
 * them.
 *
 * This part is pure: no file, no socket, no thread, no lock. Each operation answers as
 * the kernel's write handler would (0 or a negative errno) and leaves the uevents that
 * the kernel would have emitted, in their order, in the queue VccwSim.effects.
 *
 * The few operations that may have to wait (for a user to close /dev/vfio/N) answer with
 * a ticket; the state goes on by itself when the user closes, and the ticket is then
 * done.
 */

#include <glib.h>

#define VCCW_SIM_PATHS     8 /* channel paths of a subchannel */
#define VCCW_SIM_MDEV_TYPE "vfio_ccw-io"

typedef struct _VccwSim VccwSim;
typedef struct _VccwSimBus VccwSimBus;
typedef struct _VccwSimCcw VccwSimCcw;
typedef struct _VccwSimDev VccwSimDev;
typedef struct _VccwSimDriver VccwSimDriver;
typedef struct _VccwSimMdev VccwSimMdev;
typedef struct _VccwSimSubchannel VccwSimSubchannel;

typedef enum {
    VCCW_SIM_ROOT,
    VCCW_SIM_BUS,
    VCCW_SIM_DRIVER,
    VCCW_SIM_SUBCHANNEL,
    VCCW_SIM_CCW,
    VCCW_SIM_MDEV,
    VCCW_SIM_CHP,
    VCCW_SIM_MODULE,
    VCCW_SIM_MIRROR,
} VccwSimKind;

/** VccwSimObject: what every object begins with. */
typedef struct {
    guint64 id; /* never used again for another object */
    VccwSimKind kind;
    char *name; /* as in sysfs: bus-ID, UUID, driver name … */
} VccwSimObject;

/** VccwSimTicket: the wait of one writer for an operation that goes on without it. */
typedef struct {
    gatomicrefcount refs;
    gboolean done;
    int result; /* 0 or a negative errno, once done */
} VccwSimTicket;

/** VccwSimDriverOps: what differs from one device driver to another; NULL is the default.
 */
typedef struct {
    gboolean (*match)(const VccwSimDriver *driver, const VccwSimDev *dev);
    int (*probe)(VccwSim *sim, VccwSimDev *dev);
    void (*bound)(VccwSim *sim, VccwSimDev *dev); /* after the bind uevent */
    /* FALSE: not yet; somebody calls vccw_sim_dev_released() later */
    gboolean (*remove)(VccwSim *sim, VccwSimDev *dev);
} VccwSimDriverOps;

struct _VccwSimBus {
    VccwSimObject object;
    gboolean absent;     /* its module is not loaded */
    GHashTable *devices; /* name → VccwSimDev, those the bus lists */
    GPtrArray *drivers;  /* VccwSimDriver, in order of registration */
    gboolean autoprobe;
    /* appends the bus's own variables ("KEY=VALUE") to a uevent */
    void (*uevent)(const VccwSimDev *dev, GPtrArray *env);
    /* the device is off the bus and has no driver: drop it */
    void (*release)(VccwSim *sim, VccwSimDev *dev);
};

struct _VccwSimDriver {
    VccwSimObject object;
    VccwSimBus *bus;
    gboolean absent;    /* its module is not loaded */
    const char *module; /* NULL: built in */
    const VccwSimDriverOps *ops;
    GHashTable *devices; /* name → VccwSimDev, those bound */
};

struct _VccwSimDev {
    VccwSimObject object;
    VccwSimBus *bus;
    VccwSimDriver *driver;
    char *devpath;      /* "/devices/css0/…" */
    gboolean releasing; /* the driver is being removed and waits for a user */
    gboolean unplugged; /* off the bus; goes as soon as the driver is gone */
    GPtrArray *tickets; /* VccwSimTicket: writers who wait for the release */
};

/** VccwSimSpec: a subchannel as the hardware would have it, and the device behind it. */
typedef struct {
    char *bus_id;
    guint type;                    /* 0 I/O, 1 CHSC, 2 message, 3 ADM */
    char *device;                  /* bus-ID of the device, NULL when none is behind */
    guint8 chpids[VCCW_SIM_PATHS]; /* channel path of each position */
    guint8 pim, pam, pom;          /* path masks, 0x80 is the first position */
    guint16 cu_type, dev_type;     /* control unit and device type; dev_type 0: n/a */
    guint8 cu_model, dev_model;
    char *driver;         /* the device's driver, NULL: none fits */
    char *override;       /* driver override at boot, NULL: none */
    char *block;          /* "dasda": the disk that it is while online, or NULL */
    char *holder;         /* "dm-0/NAME/UUID" or "md0": what is built on it, or NULL */
    char *uid;            /* the volume's unique ID, readable while online, or NULL */
    gboolean alias;       /* a PAV alias: no disk of its own */
    gboolean unbound;     /* no driver at boot */
    gboolean online;      /* configured to go online whenever it appears */
    gboolean busy;        /* somebody uses it: it does not go offline */
    gboolean qdio;        /* vfio_ccw refuses it */
    gboolean inoperative; /* create answers ENODEV */
} VccwSimSpec;

struct _VccwSimSubchannel {
    VccwSimDev dev;
    VccwSimSpec *spec; /* its own copy; "set" changes it */
    guint8 vpm;
    char *override;      /* driver_override, NULL when unset */
    char *behind;        /* its key in VccwSim.behind */
    VccwSimCcw *ccw;     /* NULL while not on io_subchannel */
    gboolean registered; /* an mdev parent */
    guint available;     /* mdevs that may still be made */
    GHashTable *mdevs;   /* UUID → VccwSimMdev */
};

struct _VccwSimCcw {
    VccwSimDev dev;
    VccwSimSubchannel *parent;
    gboolean online;
};

struct _VccwSimMdev {
    VccwSimDev dev;
    VccwSimSubchannel *parent;
    guint group;    /* number of the IOMMU group and of /dev/vfio/N */
    gboolean open;  /* somebody has /dev/vfio/N open: nobody else can */
    gboolean used;  /* … and uses the device: removal waits for that */
    gboolean going; /* removal has begun */
};

/** VccwSimChp: a channel path, /sys/devices/css0/chp0.NN. */
typedef struct {
    VccwSimObject object;
    guint8 id;
    guint type;
    gboolean online;     /* logically: the attribute "status" */
    gboolean configured; /* the attribute "configure" */
    guint shared;
    guint chid;
} VccwSimChp;

typedef struct {
    VccwSimObject object;
    const char *driver_link; /* "css:vfio_ccw", or NULL */
    gboolean absent;         /* not loaded */
} VccwSimModule;

/** VccwSimRoot: what the folders that belong to no other object depend on. */
typedef struct {
    VccwSimObject object;
    gboolean without_vfio; /* neither vfio_ccw nor the modules it needs are loaded */
} VccwSimRoot;

/** VccwSimMirror: an empty folder or file over which the host's own is mounted. */
typedef struct {
    VccwSimObject object;
    guint parent_row; /* row of the tree it appears in */
    gboolean is_dir;
} VccwSimMirror;

/** VccwSimUevent: one event to emit. */
typedef struct {
    char *action;
    char *devpath; /* "/devices/…" */
    char **env;    /* "KEY=VALUE" after ACTION and DEVPATH, SUBSYSTEM first */
} VccwSimUevent;

struct _VccwSim {
    guint64 next_id;
    GHashTable *objects; /* id → VccwSimObject */
    VccwSimRoot *root;
    VccwSimBus *css, *ccw, *mdev;
    GHashTable *subchannels; /* name → VccwSimSubchannel */
    GHashTable *behind;      /* device number → VccwSimSubchannel it is behind */
    GHashTable *chps;        /* "chp0.NN" → VccwSimChp */
    GHashTable *mdevs;       /* UUID → VccwSimMdev, all of them */
    GHashTable *groups;      /* number → VccwSimMdev */
    GHashTable *modules;     /* name → VccwSimModule */
    GHashTable *mirrors;     /* "ROW/NAME" → VccwSimMirror */
    GPtrArray *boot;         /* VccwSimSpec: what a reboot goes back to */
    GPtrArray *boot_chps;    /* VccwSimChp, no objects of the tree: the same */
    gboolean boot_without_vfio;
    GQueue effects; /* VccwSimUevent, in order */
};

/**
 * vccw_sim_new:
 * Returns: (transfer full): a host with the buses, drivers and modules, and no
 * subchannel.
 */
VccwSim *vccw_sim_new(void);

/** vccw_sim_free: drops @sim (may be NULL) and everything in it. */
void vccw_sim_free(VccwSim *sim);

/**
 * vccw_sim_object_init: gives @object an id and a name, and makes it findable by id.
 * @name: copied
 */
void vccw_sim_object_init(VccwSim *sim,
                          VccwSimObject *object,
                          VccwSimKind kind,
                          const char *name);

/** vccw_sim_object_clear: forgets the id and frees the name; the memory is the caller's.
 */
void vccw_sim_object_clear(VccwSim *sim, VccwSimObject *object);

/** vccw_sim_object: Returns: (transfer none): the object of that id, NULL when gone. */
VccwSimObject *vccw_sim_object(VccwSim *sim, guint64 id);

/**
 * vccw_sim_emit: appends a uevent to the effects.
 * @subsystem: value of SUBSYSTEM
 * @env: (nullable): "KEY=VALUE" strings that follow it; taken over
 */
void vccw_sim_emit(VccwSim *sim,
                   const char *action,
                   const char *devpath,
                   const char *subsystem,
                   GPtrArray *env);

/** vccw_sim_uevent_free: frees one effect. */
void vccw_sim_uevent_free(VccwSimUevent *uevent);

/** vccw_sim_boot: adds every subchannel of VccwSim.boot, with the uevents of a boot. */
void vccw_sim_boot(VccwSim *sim);

/** vccw_sim_reboot: drops all state, open or not, and boots again. */
void vccw_sim_reboot(VccwSim *sim);

/** vccw_sim_subchannel: Returns: (transfer none): the subchannel of that bus-ID, or NULL.
 */
VccwSimSubchannel *vccw_sim_subchannel(VccwSim *sim, const char *name);

/** vccw_sim_dump: Returns: (transfer full): the state as text, one object a line. */
char *vccw_sim_dump(VccwSim *sim);

/** vccw_sim_ticket_new: Returns: (transfer full): a ticket that is not done. */
VccwSimTicket *vccw_sim_ticket_new(void);

/** vccw_sim_ticket_unref: drops one reference; accepts NULL. */
void vccw_sim_ticket_unref(VccwSimTicket *ticket);

/** vccw_sim_parse_number: @text as kstrtoul() takes it: whole, one final newline allowed.
 * @base: 0 for 0x…, 0… or decimal. Returns: FALSE when it is not a number. */
gboolean
vccw_sim_parse_number(const char *text, gsize len, guint base, guint64 *ret_value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSim, vccw_sim_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSimUevent, vccw_sim_uevent_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSimTicket, vccw_sim_ticket_unref)
