/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The attribute files: text as the kernel prints it, and writes handed to the model. */

#include "rows.h"

#include "block.h"
#include "bus.h"
#include "mdev.h"
#include "subchannel.h"

#include <errno.h>
#include <string.h>

#define SCH(object)    ((VccwSimSubchannel *)(object))
#define CCW(object)    ((VccwSimCcw *)(object))
#define MDEV(object)   ((VccwSimMdev *)(object))
#define CHP(object)    ((VccwSimChp *)(object))
#define BUS(object)    ((VccwSimBus *)(object))
#define DRIVER(object) ((VccwSimDriver *)(object))

#define SHOW(name, ...)                           \
    VCCW_SIM_SHOW(name)                           \
    {                                             \
        g_string_append_printf(out, __VA_ARGS__); \
        return 0;                                 \
    }

SHOW(zero, "0\n")
SHOW(pools, "poolinfo - 0.1\n")
SHOW(autoprobe, "%d\n", BUS(object)->autoprobe)
SHOW(sch_modalias, "css:t%01X\n", SCH(object)->spec->type)
SHOW(sch_type, "%01x\n", SCH(object)->spec->type)
SHOW(vpm, "%02x\n", SCH(object)->vpm)
SHOW(available, "%u\n", SCH(object)->available)
SHOW(device_api, "vfio-ccw\n")
SHOW(type_name, "I/O subchannel (Non-QDIO)\n")
SHOW(online, "%d\n", CCW(object)->online)
SHOW(group_name, "vfio-noiommu\n")
SHOW(group_type, "unknown\n")
SHOW(vfio_devno, "246:%u\n", MDEV(object)->group)
SHOW(vfio_uevent,
     "MAJOR=246\nMINOR=%u\nDEVNAME=vfio/%u\n",
     MDEV(object)->group,
     MDEV(object)->group)
SHOW(chp_status, "%s\n", CHP(object)->online ? "online" : "offline")
SHOW(chp_configure, "%d\n", CHP(object)->configured)
SHOW(chp_type, "%x\n", CHP(object)->type)
SHOW(unknown, "unknown\n")
SHOW(chp_shared, "%x\n", CHP(object)->shared)
SHOW(chp_chid, "%04x\n", CHP(object)->chid)
SHOW(module_state, "live\n")
SHOW(alias, "%d\n", CCW(object)->parent->spec->alias)
SHOW(uid,
     "%s\n",
     CCW(object)->online &&CCW(object)->parent->spec->uid ? CCW(object)->parent->spec->uid
                                                          : "")
SHOW(disk_devno, "94:%u\n", vccw_sim_block_minor(CCW(object)))
SHOW(disk_size, "14424480\n")
SHOW(part_devno, "94:%u\n", vccw_sim_block_minor(CCW(object)) + 1)
SHOW(part_number, "1\n")
SHOW(md_level, "raid1\n")

/* dm-3 is 253:3, md3 is 9:3. */
VCCW_SIM_SHOW(holder_devno)
{
    g_autofree char *name = vccw_sim_block_holder(CCW(object), 0);
    gboolean dm = vccw_sim_block_is_dm(object);

    g_string_append_printf(out, "%u:%s\n", dm ? 253u : 9u, name + (dm ? 3 : 2));
    return 0;
}

VCCW_SIM_SHOW(dm_name)
{
    g_autofree char *name = vccw_sim_block_holder(CCW(object), 1);

    g_string_append_printf(out, "%s\n", name);
    return 0;
}

VCCW_SIM_SHOW(dm_uuid)
{
    g_autofree char *uuid = vccw_sim_block_holder(CCW(object), 2);

    g_string_append_printf(out, "%s\n", uuid);
    return 0;
}

VCCW_SIM_SHOW(nothing)
{
    return 0;
}

VCCW_SIM_SHOW(chpids)
{
    const VccwSimSpec *spec = SCH(object)->spec;

    for (guint i = 0; i < VCCW_SIM_PATHS; i++)
        g_string_append_printf(out, "%02x ",
                               spec->pim & (0x80 >> i) ? spec->chpids[i] : 0);
    g_string_append_c(out, '\n');
    return 0;
}

VCCW_SIM_SHOW(dev_busid)
{
    const char *device = SCH(object)->spec->device;

    g_string_append_printf(out, "%s\n", device ? device : "none");
    return 0;
}

VCCW_SIM_SHOW(override)
{
    const char *override = SCH(object)->override;

    g_string_append_printf(out, "%s\n", override ? override : "(null)");
    return 0;
}

VCCW_SIM_SHOW(pimpampom)
{
    const VccwSimSpec *spec = SCH(object)->spec;

    g_string_append_printf(out, "%02x %02x %02x\n", spec->pim, spec->pam, spec->pom);
    return 0;
}

VCCW_SIM_SHOW(availability)
{
    g_string_append(out,
                    CCW(object)->parent->spec->inoperative ? "no device\n" : "good\n");
    return 0;
}

VCCW_SIM_SHOW(cutype)
{
    const VccwSimSpec *spec = CCW(object)->parent->spec;

    g_string_append_printf(out, "%04x/%02x\n", spec->cu_type, spec->cu_model);
    return 0;
}

VCCW_SIM_SHOW(devtype)
{
    const VccwSimSpec *spec = CCW(object)->parent->spec;

    if (spec->dev_type)
        g_string_append_printf(out, "%04x/%02x\n", spec->dev_type, spec->dev_model);
    else
        g_string_append(out, "n/a\n");
    return 0;
}

VCCW_SIM_SHOW(ccw_modalias)
{
    g_autofree char *modalias = vccw_sim_ccw_modalias(CCW(object));

    g_string_append_printf(out, "%s\n", modalias);
    return 0;
}

VCCW_SIM_SHOW(module_refcnt)
{
    g_string_append_printf(out, "%u\n", g_hash_table_size(sim->mdevs));
    return 0;
}

VCCW_SIM_SHOW(dev_uevent)
{
    g_autoptr(GPtrArray) env = vccw_sim_dev_env((VccwSimDev *)object);

    for (guint i = 0; i < env->len; i++)
        g_string_append_printf(out, "%s\n", (char *)g_ptr_array_index(env, i));
    return 0;
}

VCCW_SIM_STORE(accept)
{
    return 0;
}

VCCW_SIM_STORE(rescan)
{
    return 0;
}

VCCW_SIM_STORE(autoprobe)
{
    BUS(object)->autoprobe = len && *text != '0';
    return 0;
}

VCCW_SIM_STORE(probe)
{
    return vccw_sim_bus_probe(sim, BUS(object), text, len);
}

VCCW_SIM_STORE(bind)
{
    return vccw_sim_driver_bind(sim, DRIVER(object), text, len);
}

VCCW_SIM_STORE(unbind)
{
    return vccw_sim_driver_unbind(sim, DRIVER(object), text, len, ret_ticket);
}

VCCW_SIM_STORE(override)
{
    return vccw_sim_subchannel_override(SCH(object), text, len);
}

VCCW_SIM_STORE(create)
{
    return vccw_sim_mdev_create(sim, SCH(object), text, len);
}

VCCW_SIM_STORE(online)
{
    return vccw_sim_ccw_online_store(sim, CCW(object), text, len);
}

VCCW_SIM_STORE(remove)
{
    return vccw_sim_mdev_remove_store(sim, MDEV(object), text, len, ret_ticket);
}

VCCW_SIM_STORE(chp_status)
{
    return vccw_sim_chp_vary(sim, CHP(object), text, len);
}

VCCW_SIM_STORE(chp_configure)
{
    return vccw_sim_chp_configure(sim, CHP(object), text, len);
}

/*
 * A write to a uevent file asks for a synthetic event: "ACTION [UUID [KEY=VALUE …]]".
 * Returns: (transfer full): the action, with the extra variables in @env; NULL: not
 * valid.
 */
static char *
parse_synthetic(const char *text, gsize len, GPtrArray *env)
{
    static const char *const actions[] = { "add",  "remove", "change",
                                           "move", "online", "offline",
                                           "bind", "unbind", NULL };
    g_autofree char *copy = g_strchomp(g_strndup(text, len));
    g_auto(GStrv) words = g_strsplit(copy, " ", -1);

    if (!words[0] || !g_strv_contains(actions, words[0]))
        return NULL;
    g_ptr_array_add(env, g_strdup_printf("SYNTH_UUID=%s", words[1] ? words[1] : "0"));
    for (char **word = words + 1; *words && word[0] && word[1]; word++) {
        if (!strchr(word[1], '='))
            return NULL;
        g_ptr_array_add(env, g_strconcat("SYNTH_ARG_", word[1], NULL));
    }
    return g_strdup(words[0]);
}

VCCW_SIM_STORE(dev_uevent)
{
    const VccwSimDev *dev = (VccwSimDev *)object;
    GPtrArray *env = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *action = parse_synthetic(text, len, env);
    g_autoptr(GPtrArray) own = vccw_sim_dev_env(dev);

    if (!action) {
        g_ptr_array_unref(env);
        return -EINVAL;
    }
    for (guint i = 0; i < own->len; i++)
        g_ptr_array_add(env, g_strdup(g_ptr_array_index(own, i)));
    vccw_sim_emit(sim, action, dev->devpath, dev->bus->object.name, env);
    return 0;
}

/* Everything else that has a uevent file: a bus, a driver, a module, a channel path, css0
 */
VCCW_SIM_STORE(other_uevent)
{
    g_autofree char *devpath = NULL;
    GPtrArray *env = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *action = parse_synthetic(text, len, env);
    const char *subsystem = NULL;

    if (object->kind == VCCW_SIM_BUS) {
        subsystem = "bus";
        devpath = g_strdup_printf("/bus/%s", object->name);
    } else if (object->kind == VCCW_SIM_DRIVER) {
        subsystem = "drivers";
        devpath = g_strdup_printf("/bus/%s/drivers/%s", DRIVER(object)->bus->object.name,
                                  object->name);
    } else if (object->kind == VCCW_SIM_MODULE) {
        subsystem = "module";
        devpath = g_strdup_printf("/module/%s", object->name);
    }
    /* Channel paths and css0 are on no bus and in no class: the kernel emits nothing. */
    if (action && subsystem)
        vccw_sim_emit(sim, action, devpath, subsystem, env);
    else
        g_ptr_array_unref(env);
    return action ? 0 : -EINVAL;
}
