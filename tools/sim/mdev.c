/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Mediated devices of vfio_ccw, as of Linux 6.1.
 *
 * A subchannel bound to vfio_ccw is a parent with room for one mdev. Removal of an mdev
 * begins at once (its links go) but ends only when nobody uses the device any more: the
 * writer waits by ticket, and the room is given back at the end. The end of the
 * last mdev's removal lets the parent's unbinding go on, which lets its unplugging go on.
 */

#include "mdev.h"

#include "bus.h"

#include <errno.h>
#include <string.h>

static gboolean mdev_leave(VccwSim *sim, VccwSimDev *dev);

static const VccwSimDriverOps mdev_ops = { .remove = mdev_leave };

void
vccw_sim_mdev_driver(VccwSim *sim)
{
    vccw_sim_bus_add_driver(sim, sim->mdev, "vfio_ccw_mdev", "vfio_ccw", &mdev_ops);
}

int
vccw_sim_mdev_parent_probe(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimSubchannel *sch = (VccwSimSubchannel *)dev;

    if (sch->spec->qdio || sch->spec->inoperative)
        return -ENODEV;
    sch->registered = TRUE;
    sch->available = 1;
    vccw_sim_dev_uevent(sim, dev, "change", "MDEV_STATE=registered");
    return 0;
}

static void
unregister(VccwSim *sim, VccwSimSubchannel *sch)
{
    sch->registered = FALSE;
    vccw_sim_dev_uevent(sim, &sch->dev, "change", "MDEV_STATE=unregistered");
}

/* The vfio group and device, which come before the mdev's bind and go before its unbind.
 */
static void
vfio_uevents(VccwSim *sim, const VccwSimMdev *mdev, gboolean add)
{
    g_autofree char *group = g_strdup_printf("/devices/virtual/vfio/%u", mdev->group);
    g_autofree char *device =
        g_strdup_printf("%s/vfio-dev/vfio%u", mdev->dev.devpath, mdev->group);
    GPtrArray *env = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(env, g_strdup("MAJOR=246"));
    g_ptr_array_add(env, g_strdup_printf("MINOR=%u", mdev->group));
    g_ptr_array_add(env, g_strdup_printf("DEVNAME=vfio/%u", mdev->group));
    if (!add)
        vccw_sim_emit(sim, "remove", device, "vfio-dev", NULL);
    vccw_sim_emit(sim, add ? "add" : "remove", group, "vfio", env);
    if (add)
        vccw_sim_emit(sim, "add", device, "vfio-dev", NULL);
}

static gboolean
mdev_leave(VccwSim *sim, VccwSimDev *dev)
{
    const VccwSimMdev *mdev = (VccwSimMdev *)dev;

    if (mdev->used)
        return FALSE;
    vfio_uevents(sim, mdev, FALSE);
    return TRUE;
}

/* Returns: FALSE when it waits for the user. Never ends the parent's release itself. */
static gboolean
begin_removal(VccwSim *sim, VccwSimMdev *mdev)
{
    mdev->going = TRUE;
    return vccw_sim_dev_del(sim, &mdev->dev);
}

gboolean
vccw_sim_mdev_parent_remove(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimSubchannel *sch = (VccwSimSubchannel *)dev;
    g_autoptr(GList) mdevs = g_hash_table_get_values(sch->mdevs);

    for (GList *item = mdevs; item; item = item->next) {
        VccwSimMdev *mdev = item->data;

        if (!mdev->going)
            begin_removal(sim, mdev);
    }
    if (g_hash_table_size(sch->mdevs))
        return FALSE;
    unregister(sim, sch);
    return TRUE;
}

/* The kernel's form: 8-4-4-4-12 hexadecimal digits; returns it in lower case. */
static char *
parse_uuid(const char *text, gsize len)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (len < strlen(form) || len > strlen(form) + 1)
        return NULL;
    for (guint i = 0; i < strlen(form); i++)
        if (form[i] == '-' ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
            return NULL;
    return g_ascii_strdown(text, strlen(form));
}

static VccwSimMdev *
mdev_new(VccwSim *sim, VccwSimSubchannel *parent, const char *uuid)
{
    VccwSimMdev *mdev = g_new0(VccwSimMdev, 1);

    mdev->parent = parent;
    while (g_hash_table_contains(sim->groups, GUINT_TO_POINTER(mdev->group)))
        mdev->group++;
    vccw_sim_dev_init(sim, &mdev->dev, VCCW_SIM_MDEV, uuid, sim->mdev,
                      g_strdup_printf("%s/%s", parent->dev.devpath, uuid));
    g_hash_table_insert(sim->groups, GUINT_TO_POINTER(mdev->group), mdev);
    g_hash_table_insert(sim->mdevs, mdev->dev.object.name, mdev);
    g_hash_table_insert(parent->mdevs, mdev->dev.object.name, mdev);
    parent->available--;
    return mdev;
}

int
vccw_sim_mdev_create(VccwSim *sim, VccwSimSubchannel *parent, const char *text, gsize len)
{
    g_autofree char *uuid = parse_uuid(text, len);
    VccwSimMdev *mdev;

    if (!uuid)
        return -EINVAL;
    if (g_hash_table_contains(sim->mdevs, uuid))
        return -EEXIST;
    if (!parent->available)
        return -EUSERS;
    if (!parent->registered || parent->dev.releasing || parent->spec->inoperative)
        return -ENODEV;
    mdev = mdev_new(sim, parent, uuid);
    vccw_sim_dev_add(sim, &mdev->dev, FALSE);
    vfio_uevents(sim, mdev, TRUE);
    return vccw_sim_dev_attach(sim, &mdev->dev,
                               vccw_sim_bus_driver(sim->mdev, "vfio_ccw_mdev"));
}

int
vccw_sim_mdev_remove_store(VccwSim *sim,
                           VccwSimMdev *mdev,
                           const char *text,
                           gsize len,
                           VccwSimTicket **ret_ticket)
{
    guint64 value;

    if (!vccw_sim_parse_number(text, len, 0, &value))
        return -EINVAL;
    if (!value)
        return 0;
    if (mdev->going)
        return -EAGAIN;
    if (!begin_removal(sim, mdev) && ret_ticket)
        *ret_ticket = vccw_sim_dev_wait(&mdev->dev);
    return 0;
}

int
vccw_sim_mdev_open(VccwSimMdev *mdev, gboolean use)
{
    if (mdev->going)
        return -ENODEV;
    if (mdev->open)
        return -EBUSY;
    mdev->open = TRUE;
    mdev->used = use;
    return 0;
}

void
vccw_sim_mdev_close(VccwSim *sim, VccwSimMdev *mdev)
{
    VccwSimSubchannel *parent = mdev->parent;

    mdev->open = mdev->used = FALSE;
    if (!mdev->dev.releasing)
        return;
    vfio_uevents(sim, mdev, FALSE);
    vccw_sim_dev_released(sim, &mdev->dev);
    if (!parent->dev.releasing || g_hash_table_size(parent->mdevs))
        return;
    unregister(sim, parent);
    vccw_sim_dev_released(sim, &parent->dev);
}

void
vccw_sim_mdev_free(VccwSim *sim, VccwSimDev *dev)
{
    VccwSimMdev *mdev = (VccwSimMdev *)dev;

    g_hash_table_remove(sim->groups, GUINT_TO_POINTER(mdev->group));
    g_hash_table_remove(sim->mdevs, dev->object.name);
    g_hash_table_remove(mdev->parent->mdevs, dev->object.name);
    mdev->parent->available++;
    vccw_sim_dev_clear(sim, dev);
    g_free(mdev);
}
