/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The host as a whole: the registry of objects, the queue of effects, boot and reboot.
 *
 * Every object has a number that is never used again, so that whoever kept the number of
 * a thing that is gone (the kernel's cache of directory entries does) finds nothing, and
 * never something else of the same name.
 */

#include "model.h"

#include "bus.h"
#include "mdev.h"
#include "module.h"
#include "spec.h"
#include "subchannel.h"

#include <errno.h>
#include <string.h>

void
vccw_sim_object_init(VccwSim *sim,
                     VccwSimObject *object,
                     VccwSimKind kind,
                     const char *name)
{
    object->id = sim->next_id++;
    object->kind = kind;
    object->name = g_strdup(name);
    g_hash_table_insert(sim->objects, &object->id, object);
}

void
vccw_sim_object_clear(VccwSim *sim, VccwSimObject *object)
{
    g_hash_table_remove(sim->objects, &object->id);
    g_clear_pointer(&object->name, g_free);
}

VccwSimObject *
vccw_sim_object(VccwSim *sim, guint64 id)
{
    return g_hash_table_lookup(sim->objects, &id);
}

VccwSimSubchannel *
vccw_sim_subchannel(VccwSim *sim, const char *name)
{
    return g_hash_table_lookup(sim->subchannels, name);
}

VccwSimTicket *
vccw_sim_ticket_new(void)
{
    VccwSimTicket *ticket = g_new0(VccwSimTicket, 1);

    g_atomic_ref_count_init(&ticket->refs);
    return ticket;
}

void
vccw_sim_ticket_unref(VccwSimTicket *ticket)
{
    if (ticket && g_atomic_ref_count_dec(&ticket->refs))
        g_free(ticket);
}

void
vccw_sim_uevent_free(VccwSimUevent *uevent)
{
    if (!uevent)
        return;
    g_free(uevent->action);
    g_free(uevent->devpath);
    g_strfreev(uevent->env);
    g_free(uevent);
}

void
vccw_sim_emit(VccwSim *sim,
              const char *action,
              const char *devpath,
              const char *subsystem,
              GPtrArray *env)
{
    VccwSimUevent *uevent = g_new0(VccwSimUevent, 1);

    if (!env)
        env = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_insert(env, 0, g_strdup_printf("SUBSYSTEM=%s", subsystem));
    g_ptr_array_add(env, NULL);
    uevent->action = g_strdup(action);
    uevent->devpath = g_strdup(devpath);
    uevent->env = (char **)g_ptr_array_free(env, FALSE);
    g_queue_push_tail(&sim->effects, uevent);
}

static void
add_module(VccwSim *sim, const char *name, const char *driver_link)
{
    VccwSimModule *module = g_new0(VccwSimModule, 1);

    vccw_sim_object_init(sim, &module->object, VCCW_SIM_MODULE, name);
    module->driver_link = driver_link;
    g_hash_table_insert(sim->modules, module->object.name, module);
}

static void
make_buses(VccwSim *sim)
{
    sim->css = vccw_sim_bus_new(sim, "css");
    sim->css->uevent = vccw_sim_subchannel_env;
    sim->css->release = vccw_sim_subchannel_free;
    sim->ccw = vccw_sim_bus_new(sim, "ccw");
    sim->ccw->uevent = vccw_sim_ccw_env;
    sim->ccw->release = vccw_sim_ccw_free;
    sim->mdev = vccw_sim_bus_new(sim, "mdev");
    sim->mdev->release = vccw_sim_mdev_free;
    vccw_sim_subchannel_drivers(sim);
    vccw_sim_mdev_driver(sim);
}

VccwSim *
vccw_sim_new(void)
{
    VccwSim *sim = g_new0(VccwSim, 1);

    sim->next_id = 1;
    sim->objects = g_hash_table_new(g_int64_hash, g_int64_equal);
    sim->subchannels = g_hash_table_new(g_str_hash, g_str_equal);
    sim->behind = g_hash_table_new(g_str_hash, g_str_equal);
    sim->chps = g_hash_table_new(g_str_hash, g_str_equal);
    sim->mdevs = g_hash_table_new(g_str_hash, g_str_equal);
    sim->groups = g_hash_table_new(NULL, NULL);
    sim->modules = g_hash_table_new(g_str_hash, g_str_equal);
    sim->mirrors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sim->boot = g_ptr_array_new_with_free_func((GDestroyNotify)vccw_sim_spec_free);
    sim->boot_chps = g_ptr_array_new_with_free_func(g_free);
    g_queue_init(&sim->effects);
    sim->root = g_new0(VccwSimRoot, 1);
    vccw_sim_object_init(sim, &sim->root->object, VCCW_SIM_ROOT, "");
    make_buses(sim);
    add_module(sim, "vfio_ccw", "css:vfio_ccw");
    add_module(sim, "mdev", NULL);
    add_module(sim, "vfio", NULL);
    add_module(sim, "vfio_iommu_type1", NULL);
    return sim;
}

/* Every subchannel goes, whoever has what open, as when the power goes. */
static void
drop_all(VccwSim *sim)
{
    GList *subchannels = g_hash_table_get_values(sim->subchannels);
    GList *mdevs = g_hash_table_get_values(sim->mdevs);
    GList *chps = g_hash_table_get_values(sim->chps);

    for (GList *item = mdevs; item; item = item->next) {
        VccwSimMdev *mdev = item->data;

        if (mdev->open)
            vccw_sim_mdev_close(sim, mdev);
    }
    g_list_free(mdevs);
    g_list_free(subchannels);
    subchannels = g_hash_table_get_values(sim->subchannels);
    for (GList *item = subchannels; item; item = item->next)
        vccw_sim_subchannel_remove(sim, item->data);
    for (GList *item = chps; item; item = item->next)
        vccw_sim_chp_free(sim, item->data);
    g_list_free(chps);
    g_list_free(subchannels);
}

static void
free_named(VccwSim *sim, gpointer object)
{
    vccw_sim_object_clear(sim, object);
    g_free(object);
}

void
vccw_sim_free(VccwSim *sim)
{
    GHashTableIter iter;
    gpointer object;

    if (!sim)
        return;
    drop_all(sim);
    vccw_sim_bus_free(sim, sim->css);
    vccw_sim_bus_free(sim, sim->ccw);
    vccw_sim_bus_free(sim, sim->mdev);
    g_hash_table_iter_init(&iter, sim->modules);
    while (g_hash_table_iter_next(&iter, NULL, &object)) {
        g_hash_table_iter_remove(&iter);
        free_named(sim, object);
    }
    g_hash_table_iter_init(&iter, sim->mirrors);
    while (g_hash_table_iter_next(&iter, NULL, &object))
        free_named(sim, object);
    free_named(sim, sim->root);
    g_queue_clear_full(&sim->effects, (GDestroyNotify)vccw_sim_uevent_free);
    g_hash_table_unref(sim->mirrors);
    g_ptr_array_unref(sim->boot);
    g_ptr_array_unref(sim->boot_chps);
    g_hash_table_unref(sim->modules);
    g_hash_table_unref(sim->groups);
    g_hash_table_unref(sim->mdevs);
    g_hash_table_unref(sim->chps);
    g_hash_table_unref(sim->behind);
    g_hash_table_unref(sim->subchannels);
    g_hash_table_unref(sim->objects);
    g_free(sim);
}

void
vccw_sim_boot(VccwSim *sim)
{
    vccw_sim_module_set(sim, !sim->boot_without_vfio);
    for (guint i = 0; i < sim->boot_chps->len; i++) {
        const VccwSimChp *wanted = g_ptr_array_index(sim->boot_chps, i);
        VccwSimChp *chp = vccw_sim_chp_ensure(sim, wanted->id);

        chp->type = wanted->type;
        chp->online = wanted->online;
        chp->configured = wanted->configured;
        chp->shared = wanted->shared;
        chp->chid = wanted->chid;
    }
    for (guint i = 0; i < sim->boot->len; i++)
        vccw_sim_subchannel_add(sim, g_ptr_array_index(sim->boot, i));
}

void
vccw_sim_reboot(VccwSim *sim)
{
    drop_all(sim);
    vccw_sim_boot(sim);
}

gboolean
vccw_sim_parse_number(const char *text, gsize len, guint base, guint64 *ret_value)
{
    g_autofree char *copy = g_strndup(text, len);
    const char *digits = copy;

    if (len && copy[len - 1] == '\n')
        copy[len - 1] = '\0';
    if (*digits == '+')
        digits++;
    if (base == 0 && g_ascii_strncasecmp(digits, "0x", 2) == 0)
        base = 16;
    else if (base == 0)
        base = *digits == '0' && digits[1] ? 8 : 10;
    if (base == 16 && g_ascii_strncasecmp(digits, "0x", 2) == 0)
        digits += 2;
    return g_ascii_string_to_unsigned(digits, base, 0, G_MAXUINT64, ret_value, NULL);
}
