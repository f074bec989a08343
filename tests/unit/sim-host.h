/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tests of the simulator share: a small host, and reading and writing its files.
 */

#include "bus.h"
#include "mdev.h"
#include "rows.h"
#include "server.h"
#include "spec.h"
#include "subchannel.h"
#include "verbs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define UUID_A "18e124fb-b2fc-47f6-a407-f256b6c49767"
#define UUID_B "28e124fb-b2fc-47f6-a407-f256b6c49767"

static const char two_dasds[] =
    "chp 34 type=1b\n"
    "subchannel 0.0.0002 device=0.0.1900 cutype=1732/01 devtype=1732/01 chpids=76\n"
    "subchannel 0.0.0004 device=0.0.3000 cutype=3990/e9 devtype=3390/0c online=1 "
    "chpids=34,35\n"
    "subchannel 0.0.0313 device=0.0.2b09 cutype=3990/e9 devtype=3390/0c chpids=34,35\n"
    "subchannel 0.0.ff40 type=1\n";

static inline VccwSimServer *
make_server(const char *spec)
{
    g_autoptr(GError) error = NULL;
    VccwSim *sim = vccw_sim_new();

    g_assert_true(vccw_sim_spec_load_text(sim, "test", spec, &error));
    g_assert_no_error(error);
    vccw_sim_boot(sim);
    g_queue_clear_full(&sim->effects, (GDestroyNotify)vccw_sim_uevent_free);
    return vccw_sim_server_new(sim);
}

/* The uevents since last time: "ACTION DEVPATH KEY=VALUE …" each, below /devices. */
static inline char *
drain(VccwSim *sim)
{
    GString *text = g_string_new(NULL);
    VccwSimUevent *uevent;

    while ((uevent = g_queue_pop_head(&sim->effects))) {
        g_autofree char *env = g_strjoinv(" ", uevent->env);

        g_string_append_printf(text, "%s %s %s\n", uevent->action, uevent->devpath, env);
        vccw_sim_uevent_free(uevent);
    }
    return g_string_free(text, FALSE);
}

#define assert_uevents(sim, ...)                                                  \
    G_STMT_START                                                                  \
    {                                                                             \
        g_autofree char *seen_ = drain(sim);                                      \
        static const char *const wanted_[] = { __VA_ARGS__, NULL };               \
        g_autofree char *joined_ = g_strjoinv("\n", (char **)wanted_);            \
        g_autofree char *all_ = g_strconcat(joined_, *joined_ ? "\n" : "", NULL); \
        g_assert_cmpstr(seen_, ==, all_);                                         \
    }                                                                             \
    G_STMT_END

/* Writes to a file as a process would, but leaves the uevents in the queue. */
static inline int
put(VccwSim *sim, const char *path, const char *text, VccwSimTicket **ret_ticket)
{
    VccwSimTicket *ticket = NULL;
    VccwSimNode node;
    int ret;

    if (!vccw_sim_tree_find(sim, path, &node))
        return -ENOENT;
    ret = vccw_sim_tree_write(sim, node, text, strlen(text), &ticket);
    if (ret_ticket)
        *ret_ticket = ticket;
    else
        g_assert_null(ticket);
    return ret;
}

static inline char *
get(VccwSim *sim, const char *path)
{
    GString *text = g_string_new(NULL);
    VccwSimNode node;

    if (vccw_sim_tree_find(sim, path, &node))
        g_assert_cmpint(vccw_sim_tree_read(sim, node, text), ==, 0);
    else
        g_string_assign(text, "(absent)");
    return g_string_free(text, FALSE);
}

#define assert_file(sim, path, wanted)           \
    G_STMT_START                                 \
    {                                            \
        g_autofree char *text_ = get(sim, path); \
        g_assert_cmpstr(text_, ==, wanted);      \
    }                                            \
    G_STMT_END

static inline gboolean
exists(VccwSim *sim, const char *path)
{
    VccwSimNode node;

    return vccw_sim_tree_find(sim, path, &node);
}

#define CSS0    "sys/devices/css0/"
#define DRIVERS "sys/bus/css/drivers/"

static inline void
take(VccwSim *sim, const char *name)
{
    g_autofree char *override = g_strdup_printf(CSS0 "%s/driver_override", name);

    g_assert_cmpint(put(sim, override, "vfio_ccw\n", NULL), ==, 0);
    g_assert_cmpint(put(sim, DRIVERS "io_subchannel/unbind", name, NULL), ==, 0);
    g_assert_cmpint(put(sim, "sys/bus/css/drivers_probe", name, NULL), ==, 0);
}

static inline int
create(VccwSim *sim, const char *name, const char *text)
{
    g_autofree char *path =
        g_strdup_printf(CSS0 "%s/mdev_supported_types/vfio_ccw-io/create", name);

    return put(sim, path, text, NULL);
}

static inline VccwSimMdev *
make_used_mdev(VccwSim *sim)
{
    VccwSimMdev *mdev;

    take(sim, "0.0.0004");
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    mdev = g_hash_table_lookup(sim->mdevs, UUID_A);
    g_assert_cmpint(vccw_sim_mdev_open(mdev, TRUE), ==, 0);
    g_assert_cmpint(vccw_sim_mdev_open(mdev, TRUE), ==, -EBUSY);
    g_free(drain(sim));
    return mdev;
}
