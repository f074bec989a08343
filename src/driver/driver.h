/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The driver: the one owner of a host's inventory, of the view of its definitions and of
 * the work under way. The faces (daemon, module) make one and give each client a session.
 */

#include "base/jobs.h"
#include "domain/store.h"
#include "driver/guests.h"
#include "driver/identify.h"
#include "driver/session.h"
#include "driver/volumes.h"
#include "handover/glance.h"
#include "handover/holder.h"
#include "handover/host.h"
#include "mdev/autostart.h"
#include <glib.h>
#include <virtccw/css.h>
#include <virtccw/mdev.h>
#include <virtccw/nodedev-xml.h>

G_BEGIN_DECLS

/** VccwDriverOptions: where the host is, and how it is to be served. */
typedef struct {
    const char *sysfs;       /* usually "/sys" */
    const char *dev;         /* usually "/dev" */
    const char *proc;        /* usually "/proc" */
    const char *definitions; /* usually "/etc/mdevctl.d" */
    const char *domains;     /* usually "/etc/libvirt/ccw"; NULL: no domains are kept */
    const char *overrides;   /* driverctl's store, usually "/etc/driverctl.d" */
    const char *rules;       /* chzdev's rules, usually "/etc/udev/rules.d" */
    const char *state;       /* what outlives a boot, usually "/var/lib/virtccw"; NULL:
                                nothing is handed over, and no device remembered */
    const char *runs;        /* where libvirt has a file of each guest that runs, usually
                                "/run/libvirt/qemu"; NULL: no guest gets a device */
    gboolean take_parents;   /* whether a start may take its parent from the host */
    gboolean privileged;     /* serves ccw:///system, else ccw:///session */
    gboolean autostart;      /* whether to start autostarted definitions */
    gboolean autostart_over; /* what can be started at once has had its turn */
    guint operation_timeout_ms; /* when an operation that hangs is answered; 0 is never */
} VccwDriverOptions;

/**
 * vccw_driver_new:
 * @options: copied
 *
 * Returns: (transfer full): a driver that knows nothing yet; NULL with G_UNIX_ERROR if
 * sysfs cannot be opened.
 */
VccwDriver *vccw_driver_new(const VccwDriverOptions *options, GError **error);

/**
 * vccw_driver_start: Reads the host and the definitions, follows both from now on, and
 * starts what is to be autostarted. Without uevents or without inotify the driver works
 * on and says so in the log.
 */
void vccw_driver_start(VccwDriver *driver);

/** vccw_driver_reload: Reads host and definitions anew, in case an event was missed. */
void vccw_driver_reload(VccwDriver *driver);

/** vccw_driver_free: Ends the driver; its sessions must be gone. NULL is fine. */
void vccw_driver_free(VccwDriver *driver);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwDriver, vccw_driver_free)

/** vccw_driver_busy: Returns: the number of operations under way in worker threads. */
guint vccw_driver_busy(VccwDriver *driver);

/*
 * For the operations
 */

/** vccw_driver_uri: Returns: the URI that the driver serves, "ccw:///system". */
const char *vccw_driver_uri(VccwDriver *driver);

/** vccw_driver_inventory: Returns: the host's inventory. */
VccwInventory *vccw_driver_inventory(VccwDriver *driver);

/** vccw_driver_store: Returns: the view of the definitions. */
VccwStore *vccw_driver_store(VccwDriver *driver);

/** vccw_driver_domains: Returns: the domains that are defined. */
VccwDomainStore *vccw_driver_domains(VccwDriver *driver);

/** vccw_driver_tell_domain: Tells every session that a domain was defined or undefined.
 */
void vccw_driver_tell_domain(VccwDriver *driver,
                             const VccwDomainRef *domain,
                             gint32 event,
                             gint32 detail);

/** vccw_driver_tell_metadata: Tells every session that a domain's metadata changed. */
void vccw_driver_tell_metadata(VccwDriver *driver,
                               const VccwDomainRef *domain,
                               gint32 type,
                               const char *uri);

/** vccw_driver_jobs: Returns: the queue for work that may block. */
VccwJobs *vccw_driver_jobs(VccwDriver *driver);

/** vccw_driver_autostart: Returns: the autostarter. */
VccwAutostart *vccw_driver_autostart(VccwDriver *driver);

/** vccw_driver_host: Returns: where the host is; valid as long as the driver. */
const VccwMdevHost *vccw_driver_host(VccwDriver *driver);

/** vccw_driver_handover: Returns: (nullable): what handing devices over needs; valid as
 * long as the driver; NULL if nothing is handed over. */
const VccwHandoverHost *vccw_driver_handover(VccwDriver *driver);

/** vccw_driver_holders: Returns: (nullable): what giving devices to guests needs; valid
 * as long as the driver; NULL if guests are given none. */
const VccwHolderHost *vccw_driver_holders(VccwDriver *driver);

/** vccw_driver_identify: Returns: (nullable): which devices the definitions are for. */
VccwIdentify *vccw_driver_identify(VccwDriver *driver);

/** vccw_driver_volumes: Returns: (nullable): what is remembered of devices. */
VccwVolumes *vccw_driver_volumes(VccwDriver *driver);

/** vccw_driver_watch_uses: Somebody listens: tells from now on when the user of a device
 * changes. */
void vccw_driver_watch_uses(VccwDriver *driver);

/** vccw_driver_glance: Returns: the host's mounts. */
VccwGlance *vccw_driver_glance(VccwDriver *driver);

/** vccw_driver_guests: Returns: (nullable): libvirt's running guests. */
VccwGuests *vccw_driver_guests(VccwDriver *driver);

/** vccw_driver_takes_parents: Returns: whether a start may take its parent. */
gboolean vccw_driver_takes_parents(VccwDriver *driver);

/** vccw_driver_timeout_ms: Returns: when an operation that hangs is answered. */
guint vccw_driver_timeout_ms(VccwDriver *driver);

/** vccw_driver_add_session: Has the session receive events until it is removed. */
void vccw_driver_add_session(VccwDriver *driver, VccwSession *session);

/** vccw_driver_remove_session: The opposite. */
void vccw_driver_remove_session(VccwDriver *driver, VccwSession *session);

/** vccw_driver_next_callback_id: Returns: an event callback ID that no session has. */
gint32 vccw_driver_next_callback_id(VccwDriver *driver);

/** vccw_driver_retry_guests: Has what guests had, and had not let go of when it was taken
 * away from them, given back as soon as they have. */
void vccw_driver_retry_guests(VccwDriver *driver);

G_END_DECLS
