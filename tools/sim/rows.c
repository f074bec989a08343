/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of everything that /sys shows of the channel subsystem, and the functions
 * that only the table uses: which entries are there, what links point to, what folders
 * hold.
 */

#include "rows.h"

#include "block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SCH(object)    ((const VccwSimSubchannel *)(object))
#define DEV(object)    ((const VccwSimDev *)(object))
#define MDEV(object)   ((const VccwSimMdev *)(object))
#define BUS(object)    ((const VccwSimBus *)(object))
#define DRIVER(object) ((const VccwSimDriver *)(object))

/* -- visible -- */

static gboolean
has_driver(const VccwSimObject *object)
{
    return DEV(object)->driver && !DEV(object)->releasing;
}

static gboolean
is_io(const VccwSimObject *object)
{
    return SCH(object)->spec->type == 0;
}

static gboolean
on_io_subchannel(const VccwSimObject *object)
{
    return has_driver(object) &&
           g_str_equal(DEV(object)->driver->object.name, "io_subchannel");
}

static gboolean
is_parent(const VccwSimObject *object)
{
    return SCH(object)->registered;
}

static gboolean
is_listed_parent(const VccwSimObject *object)
{
    return SCH(object)->registered && !DEV(object)->releasing;
}

static gboolean
is_staying(const VccwSimObject *object)
{
    return !MDEV(object)->going;
}

/* The group, /dev/vfio/N and the rest live as long as the mdev has its driver. */
static gboolean
has_vfio(const VccwSimObject *object)
{
    return DEV(object)->driver != NULL;
}

static gboolean
has_vfio_modules(const VccwSimObject *object)
{
    return !((const VccwSimRoot *)object)->without_vfio;
}

static gboolean
is_bus_there(const VccwSimObject *object)
{
    return !BUS(object)->absent;
}

static gboolean
is_driver_there(const VccwSimObject *object)
{
    return !DRIVER(object)->absent;
}

static gboolean
is_module_there(const VccwSimObject *object)
{
    return !((const VccwSimModule *)object)->absent;
}

static gboolean
has_module(const VccwSimObject *object)
{
    return DRIVER(object)->module != NULL;
}

static gboolean
on_bus(const VccwSimObject *object)
{
    return !DEV(object)->unplugged;
}

/* -- links: targets below /sys -- */

static char *
to_device(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup(DEV(object)->devpath + 1);
}

static char *
to_driver(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup_printf("bus/%s/drivers/%s", DEV(object)->bus->object.name,
                           DEV(object)->driver->object.name);
}

static char *
to_bus(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup_printf("bus/%s", DEV(object)->bus->object.name);
}

static char *
to_module(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup_printf("module/%s", DRIVER(object)->module);
}

static char *
to_group(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup_printf("kernel/iommu_groups/%u", MDEV(object)->group);
}

static char *
to_vfio_dev(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup_printf("%s/vfio-dev/vfio%u", DEV(object)->devpath + 1,
                           MDEV(object)->group);
}

static char *
to_vfio(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup_printf("devices/virtual/vfio/%u", MDEV(object)->group);
}

static char *
to_class_vfio(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup("class/vfio");
}

static char *
to_class_vfio_dev(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup("class/vfio-dev");
}

static char *
to_vfio_ccw(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup("bus/css/drivers/vfio_ccw");
}

/* -- folders with changing entries -- */

static gboolean
found(gpointer object, guint row, VccwSimNode *ret_node)
{
    const VccwSimRow *kind = &vccw_sim_rows[row];

    if (!object || (kind->visible && !kind->visible(object)))
        return FALSE;
    ret_node->object = object;
    ret_node->row = row;
    return TRUE;
}

static void
visit_table(GHashTable *table, guint row, VccwSimVisit visit, gpointer data)
{
    GHashTableIter iter;
    VccwSimObject *object;
    VccwSimNode node;

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&object))
        if (found(object, row, &node))
            visit(object->name, node, data);
}

/* Defines X_child and X_children of a folder whose entries are the values of a table. */
#define FOLDER(name, table, row)                                                         \
    static gboolean name##_child(VccwSim *sim, VccwSimObject *object, const char *entry, \
                                 VccwSimNode *ret_node)                                  \
    {                                                                                    \
        return found(g_hash_table_lookup(table, entry), row, ret_node);                  \
    }                                                                                    \
    static void name##_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, \
                                gpointer data)                                           \
    {                                                                                    \
        visit_table(table, row, visit, data);                                            \
    }

FOLDER(mdev_bus, sim->subchannels, VCCW_SIM_ROW_SCH_CLASS_LINK)
FOLDER(module, sim->modules, VCCW_SIM_ROW_MODULE_DIR)
FOLDER(devices, BUS(object)->devices, VCCW_SIM_ROW_DEV_BUS_LINK)
FOLDER(driver, DRIVER(object)->devices, VCCW_SIM_ROW_DEV_DRIVER_LINK)
FOLDER(type_devices, SCH(object)->mdevs, VCCW_SIM_ROW_MDEV_TYPE_LINK)

static gboolean
bus_child(VccwSim *sim, VccwSimObject *object, const char *entry, VccwSimNode *ret_node)
{
    VccwSimBus *buses[] = { sim->css, sim->ccw, sim->mdev };

    for (guint i = 0; i < G_N_ELEMENTS(buses); i++)
        if (g_str_equal(entry, buses[i]->object.name))
            return found(buses[i], VCCW_SIM_ROW_BUS_DIR, ret_node);
    return FALSE;
}

static void
bus_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    VccwSimBus *buses[] = { sim->css, sim->ccw, sim->mdev };

    for (guint i = 0; i < G_N_ELEMENTS(buses); i++)
        if (!buses[i]->absent)
            visit(buses[i]->object.name,
                  (VccwSimNode){ &buses[i]->object, VCCW_SIM_ROW_BUS_DIR }, data);
}

static gboolean
drivers_child(VccwSim *sim,
              VccwSimObject *object,
              const char *entry,
              VccwSimNode *ret_node)
{
    for (guint i = 0; i < BUS(object)->drivers->len; i++) {
        VccwSimObject *driver = g_ptr_array_index(BUS(object)->drivers, i);

        if (g_str_equal(driver->name, entry))
            return found(driver, VCCW_SIM_ROW_DRIVER_DIR, ret_node);
    }
    return FALSE;
}

static void
drivers_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    for (guint i = 0; i < BUS(object)->drivers->len; i++) {
        VccwSimObject *driver = g_ptr_array_index(BUS(object)->drivers, i);

        if (is_driver_there(driver))
            visit(driver->name, (VccwSimNode){ driver, VCCW_SIM_ROW_DRIVER_DIR }, data);
    }
}

static gboolean
css0_child(VccwSim *sim, VccwSimObject *object, const char *entry, VccwSimNode *ret_node)
{
    return found(g_hash_table_lookup(sim->subchannels, entry), VCCW_SIM_ROW_SCH_DIR,
                 ret_node) ||
           found(g_hash_table_lookup(sim->chps, entry), VCCW_SIM_ROW_CHP_DIR, ret_node);
}

static void
css0_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    visit_table(sim->subchannels, VCCW_SIM_ROW_SCH_DIR, visit, data);
    visit_table(sim->chps, VCCW_SIM_ROW_CHP_DIR, visit, data);
}

static gboolean
sch_child(VccwSim *sim, VccwSimObject *object, const char *entry, VccwSimNode *ret_node)
{
    VccwSimCcw *ccw = SCH(object)->ccw;

    if (ccw && g_str_equal(ccw->dev.object.name, entry))
        return found(ccw, VCCW_SIM_ROW_CCW_DIR, ret_node);
    return found(g_hash_table_lookup(SCH(object)->mdevs, entry), VCCW_SIM_ROW_MDEV_DIR,
                 ret_node);
}

static void
sch_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    VccwSimCcw *ccw = SCH(object)->ccw;

    if (ccw)
        visit(ccw->dev.object.name,
              (VccwSimNode){ &ccw->dev.object, VCCW_SIM_ROW_CCW_DIR }, data);
    visit_table(SCH(object)->mdevs, VCCW_SIM_ROW_MDEV_DIR, visit, data);
}

/* Folders with one entry for each group, "N" or "vfioN". */
static gboolean
numbered(VccwSim *sim,
         const char *prefix,
         const char *entry,
         guint row,
         VccwSimNode *ret_node)
{
    g_autofree char *canonical = NULL;
    guint number;

    if (!g_str_has_prefix(entry, prefix))
        return FALSE;
    number = strtoul(entry + strlen(prefix), NULL, 10);
    canonical = g_strdup_printf("%s%u", prefix, number);
    return g_str_equal(canonical, entry) &&
           found(g_hash_table_lookup(sim->groups, GUINT_TO_POINTER(number)), row,
                 ret_node);
}

static void
visit_numbered(VccwSim *sim,
               const char *prefix,
               guint row,
               VccwSimVisit visit,
               gpointer data)
{
    GHashTableIter iter;
    VccwSimMdev *mdev;
    VccwSimNode node;

    g_hash_table_iter_init(&iter, sim->groups);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&mdev)) {
        g_autofree char *name = g_strdup_printf("%s%u", prefix, mdev->group);

        if (found(mdev, row, &node))
            visit(name, node, data);
    }
}

#define NUMBERED(name, prefix, row)                                                      \
    static gboolean name##_child(VccwSim *sim, VccwSimObject *object, const char *entry, \
                                 VccwSimNode *ret_node)                                  \
    {                                                                                    \
        return numbered(sim, prefix, entry, row, ret_node);                              \
    }                                                                                    \
    static void name##_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, \
                                gpointer data)                                           \
    {                                                                                    \
        visit_numbered(sim, prefix, row, visit, data);                                   \
    }

NUMBERED(class_vfio, "", VCCW_SIM_ROW_VFIO_LINK)
NUMBERED(class_vfio_dev, "vfio", VCCW_SIM_ROW_VFIO_DEV_LINK)
NUMBERED(virtual_vfio, "", VCCW_SIM_ROW_VFIO_DIR)
NUMBERED(groups, "", VCCW_SIM_ROW_GROUP_DIR)
NUMBERED(dev_vfio, "", VCCW_SIM_ROW_VFIO_NODE)

/* Folders of one mdev that hold one entry for that mdev. */
static gboolean
vfio_dev_child(VccwSim *sim,
               VccwSimObject *object,
               const char *entry,
               VccwSimNode *ret_node)
{
    g_autofree char *name = g_strdup_printf("vfio%u", MDEV(object)->group);

    return g_str_equal(name, entry) && found(object, VCCW_SIM_ROW_VFIO_DEV_DIR, ret_node);
}

static void
vfio_dev_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    g_autofree char *name = g_strdup_printf("vfio%u", MDEV(object)->group);

    visit(name, (VccwSimNode){ object, VCCW_SIM_ROW_VFIO_DEV_DIR }, data);
}

static gboolean
group_child(VccwSim *sim, VccwSimObject *object, const char *entry, VccwSimNode *ret_node)
{
    return g_str_equal(object->name, entry) &&
           found(object, VCCW_SIM_ROW_GROUP_LINK, ret_node);
}

static void
group_children(VccwSim *sim, VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    visit(object->name, (VccwSimNode){ object, VCCW_SIM_ROW_GROUP_LINK }, data);
}

static gboolean
module_drivers_child(VccwSim *sim,
                     VccwSimObject *object,
                     const char *entry,
                     VccwSimNode *ret_node)
{
    return g_strcmp0(((VccwSimModule *)object)->driver_link, entry) == 0 &&
           found(object, VCCW_SIM_ROW_MODULE_DRIVER_LINK, ret_node);
}

static void
module_drivers_children(VccwSim *sim,
                        VccwSimObject *object,
                        VccwSimVisit visit,
                        gpointer data)
{
    const char *name = ((VccwSimModule *)object)->driver_link;

    if (name)
        visit(name, (VccwSimNode){ object, VCCW_SIM_ROW_MODULE_DRIVER_LINK }, data);
}

/* -- paths of what is named after its object -- */

#define PATH(name, ...)                                   \
    static char *name##_path(const VccwSimObject *object) \
    {                                                     \
        return g_strdup_printf(__VA_ARGS__);              \
    }

PATH(bus_dir, "bus/%s", object->name)
PATH(driver_dir, "bus/%s/drivers/%s", DRIVER(object)->bus->object.name, object->name)
PATH(dev_dir, "%s", DEV(object)->devpath + 1)
PATH(dev_bus_link, "bus/%s/devices/%s", DEV(object)->bus->object.name, object->name)
PATH(dev_driver_link,
     "bus/%s/drivers/%s/%s",
     DEV(object)->bus->object.name,
     DEV(object)->driver ? DEV(object)->driver->object.name : "",
     object->name)
PATH(sch_class_link, "class/mdev_bus/%s", object->name)
PATH(mdev_type_link,
     "%s/mdev_supported_types/" VCCW_SIM_MDEV_TYPE "/devices/%s",
     MDEV(object)->parent->dev.devpath + 1,
     object->name)
PATH(vfio_dev_dir, "%s/vfio-dev/vfio%u", DEV(object)->devpath + 1, MDEV(object)->group)
PATH(vfio_dev_link, "class/vfio-dev/vfio%u", MDEV(object)->group)
PATH(group_dir, "kernel/iommu_groups/%u", MDEV(object)->group)
PATH(group_link, "kernel/iommu_groups/%u/devices/%s", MDEV(object)->group, object->name)
PATH(vfio_dir, "devices/virtual/vfio/%u", MDEV(object)->group)
PATH(vfio_link, "class/vfio/%u", MDEV(object)->group)
PATH(vfio_node, "dev/vfio/%u", MDEV(object)->group)
PATH(chp_dir, "devices/css0/%s", object->name)
PATH(module_dir, "module/%s", object->name)
PATH(module_driver_link,
     "module/%s/drivers/%s",
     object->name,
     ((VccwSimModule *)object)->driver_link)

/* -- the table -- */

#define DIR(title, up, ...)                                                             \
    {                                                                                   \
        .name = title, .parent = VCCW_SIM_ROW_##up, .mode = S_IFDIR | 0755, __VA_ARGS__ \
    }
#define NAMED(...)                          \
    {                                       \
        .mode = S_IFDIR | 0755, __VA_ARGS__ \
    }
#define RO(title, up, what, ...)                                            \
    {                                                                       \
        .name = title, .parent = VCCW_SIM_ROW_##up, .mode = S_IFREG | 0444, \
        .show = vccw_sim_show_##what, __VA_ARGS__                           \
    }
#define WO(title, up, what, ...)                                            \
    {                                                                       \
        .name = title, .parent = VCCW_SIM_ROW_##up, .mode = S_IFREG | 0200, \
        .store = vccw_sim_store_##what, __VA_ARGS__                         \
    }
#define RW(title, up, read, write, ...)                                            \
    {                                                                              \
        .name = title, .parent = VCCW_SIM_ROW_##up, .mode = S_IFREG | 0644,        \
        .show = vccw_sim_show_##read, .store = vccw_sim_store_##write, __VA_ARGS__ \
    }
#define LINK(title, up, where, to, ...)                                     \
    {                                                                       \
        .name = title, .parent = VCCW_SIM_ROW_##up, .mode = S_IFLNK | 0777, \
        .depth = where, .target = to, __VA_ARGS__                           \
    }
#define NAMED_LINK(where, to, ...)                                        \
    {                                                                     \
        .mode = S_IFLNK | 0777, .depth = where, .target = to, __VA_ARGS__ \
    }
#define FOLDS(name) .child = name##_child, .children = name##_children
#define FOLDS_BLOCK(name) \
    .child = vccw_sim_##name##_child, .children = vccw_sim_##name##_children
#define ROW(id) [VCCW_SIM_ROW_##id]

/* clang-format off */
const VccwSimRow vccw_sim_rows[VCCW_SIM_ROWS] = {
    ROW(TOP) = NAMED(.name = NULL),
    ROW(SYS) = DIR("sys", TOP),
    ROW(BUS) = DIR("bus", SYS, FOLDS(bus)),
    ROW(CLASS) = DIR("class", SYS),
    ROW(CLASS_MDEV_BUS) = DIR("mdev_bus", CLASS, FOLDS(mdev_bus),
        .visible = has_vfio_modules),
    ROW(CLASS_VFIO) = DIR("vfio", CLASS, FOLDS(class_vfio), .visible = has_vfio_modules),
    ROW(CLASS_VFIO_DEV) = DIR("vfio-dev", CLASS, FOLDS(class_vfio_dev),
        .visible = has_vfio_modules),
    ROW(DEVICES) = DIR("devices", SYS),
    ROW(VIRTUAL) = DIR("virtual", DEVICES),
    ROW(VIRTUAL_VFIO) = DIR("vfio", VIRTUAL, FOLDS(virtual_vfio)),
    ROW(KERNEL) = DIR("kernel", SYS),
    ROW(GROUPS) = DIR("iommu_groups", KERNEL, FOLDS(groups)),
    ROW(MODULE) = DIR("module", SYS, FOLDS(module)),
    ROW(CSS0) = DIR("css0", DEVICES, FOLDS(css0)),
    ROW(CSS0_UEVENT) = RW("uevent", CSS0, nothing, other_uevent),
    ROW(CSS0_REAL_CSSID) = RO("real_cssid", CSS0, zero),
    ROW(CSS0_RESCAN) = WO("rescan", CSS0, rescan),
    ROW(CSS0_POOLS) = RO("pools", CSS0, pools),
    ROW(CSS0_DEFUNCT) = DIR("defunct", CSS0),
    ROW(CSS0_DEFUNCT_UEVENT) = RW("uevent", CSS0_DEFUNCT, nothing, other_uevent),
    ROW(DEV_VFIO) = DIR("vfio", TOP, FOLDS(dev_vfio)),
    ROW(DEV_VFIO_CONTAINER) = { .name = "vfio", .parent = VCCW_SIM_ROW_DEV_VFIO,
        .mode = S_IFREG | 0666, .visible = has_vfio_modules },

    ROW(BUS_DIR) = NAMED(.visible = is_bus_there, .path = bus_dir_path),
    ROW(BUS_DEVICES) = DIR("devices", BUS_DIR, FOLDS(devices)),
    ROW(BUS_DRIVERS) = DIR("drivers", BUS_DIR, FOLDS(drivers)),
    ROW(BUS_AUTOPROBE) = RW("drivers_autoprobe", BUS_DIR, autoprobe, autoprobe),
    ROW(BUS_PROBE) = WO("drivers_probe", BUS_DIR, probe),
    ROW(BUS_UEVENT) = WO("uevent", BUS_DIR, other_uevent),

    ROW(DRIVER_DIR) = NAMED(FOLDS(driver), .visible = is_driver_there,
        .path = driver_dir_path),
    ROW(DRIVER_BIND) = WO("bind", DRIVER_DIR, bind),
    ROW(DRIVER_UNBIND) = WO("unbind", DRIVER_DIR, unbind),
    ROW(DRIVER_UEVENT) = WO("uevent", DRIVER_DIR, other_uevent),
    ROW(DRIVER_MODULE) = LINK("module", DRIVER_DIR, 4, to_module, .visible = has_module),

    ROW(DEV_BUS_LINK) = NAMED_LINK(3, to_device, .visible = on_bus,
        .path = dev_bus_link_path),
    ROW(DEV_DRIVER_LINK) = NAMED_LINK(4, to_device, .visible = has_driver,
        .path = dev_driver_link_path),

    ROW(SCH_DIR) = NAMED(FOLDS(sch), .path = dev_dir_path),
    ROW(SCH_CHPIDS) = RO("chpids", SCH_DIR, chpids, .visible = is_io),
    ROW(SCH_DEV_BUSID) = RO("dev_busid", SCH_DIR, dev_busid, .visible = is_io),
    ROW(SCH_DRIVER) = LINK("driver", SCH_DIR, 3, to_driver, .visible = has_driver),
    ROW(SCH_OVERRIDE) = RW("driver_override", SCH_DIR, override, override),
    ROW(SCH_LOGGING) = WO("logging", SCH_DIR, accept, .visible = on_io_subchannel),
    ROW(SCH_MODALIAS) = RO("modalias", SCH_DIR, sch_modalias),
    ROW(SCH_PIMPAMPOM) = RO("pimpampom", SCH_DIR, pimpampom, .visible = is_io),
    ROW(SCH_SUBSYSTEM) = LINK("subsystem", SCH_DIR, 3, to_bus),
    ROW(SCH_TYPE) = RO("type", SCH_DIR, sch_type),
    ROW(SCH_UEVENT) = RW("uevent", SCH_DIR, dev_uevent, dev_uevent),
    ROW(SCH_VPM) = RO("vpm", SCH_DIR, vpm, .visible = on_io_subchannel),
    ROW(SCH_TYPES) = DIR("mdev_supported_types", SCH_DIR, .visible = is_parent),
    ROW(SCH_CLASS_LINK) = NAMED_LINK(2, to_device, .visible = is_listed_parent,
        .path = sch_class_link_path),
    ROW(TYPE_DIR) = DIR(VCCW_SIM_MDEV_TYPE, SCH_TYPES, .visible = is_parent),
    ROW(TYPE_AVAILABLE) = RO("available_instances", TYPE_DIR, available,
        .visible = is_parent),
    ROW(TYPE_CREATE) = WO("create", TYPE_DIR, create, .visible = is_parent),
    ROW(TYPE_API) = RO("device_api", TYPE_DIR, device_api, .visible = is_parent),
    ROW(TYPE_NAME) = RO("name", TYPE_DIR, type_name, .visible = is_parent),
    ROW(TYPE_DEVICES) = DIR("devices", TYPE_DIR, FOLDS(type_devices),
        .visible = is_parent),

    ROW(CCW_DIR) = NAMED(.path = dev_dir_path),
    ROW(CCW_AVAILABILITY) = RO("availability", CCW_DIR, availability),
    ROW(CCW_CMB_ENABLE) = RW("cmb_enable", CCW_DIR, zero, accept),
    ROW(CCW_CUTYPE) = RO("cutype", CCW_DIR, cutype),
    ROW(CCW_DEVTYPE) = RO("devtype", CCW_DIR, devtype),
    ROW(CCW_DRIVER) = LINK("driver", CCW_DIR, 4, to_driver, .visible = has_driver),
    ROW(CCW_MODALIAS) = RO("modalias", CCW_DIR, ccw_modalias),
    ROW(CCW_ONLINE) = RW("online", CCW_DIR, online, online),
    ROW(CCW_SUBSYSTEM) = LINK("subsystem", CCW_DIR, 4, to_bus),
    ROW(CCW_UEVENT) = RW("uevent", CCW_DIR, dev_uevent, dev_uevent),

    ROW(CCW_ALIAS) = RO("alias", CCW_DIR, alias, .visible = vccw_sim_block_is_dasd),
    ROW(CCW_UID) = RO("uid", CCW_DIR, uid, .visible = vccw_sim_block_is_dasd),
    ROW(CCW_BLOCK) = DIR("block", CCW_DIR, FOLDS_BLOCK(disks),
        .visible = vccw_sim_block_is_disk),
    ROW(BLOCK_DIR) = NAMED(FOLDS_BLOCK(parts), .visible = vccw_sim_block_is_disk,
        .path = vccw_sim_block_disk_path),
    ROW(BLOCK_DEVNO) = RO("dev", BLOCK_DIR, disk_devno),
    ROW(BLOCK_SIZE) = RO("size", BLOCK_DIR, disk_size),
    ROW(BLOCK_HOLDERS) = DIR("holders", BLOCK_DIR),
    ROW(BLOCK_SUBSYSTEM) = LINK("subsystem", BLOCK_DIR, 6, vccw_sim_block_to_class),
    ROW(BLOCK_UEVENT) = RW("uevent", BLOCK_DIR, nothing, accept),
    ROW(PART_DIR) = NAMED(.visible = vccw_sim_block_is_disk,
        .path = vccw_sim_block_part_path),
    ROW(PART_DEVNO) = RO("dev", PART_DIR, part_devno),
    ROW(PART_NUMBER) = RO("partition", PART_DIR, part_number),
    ROW(PART_HOLDERS) = DIR("holders", PART_DIR, FOLDS_BLOCK(holders)),
    ROW(PART_SUBSYSTEM) = LINK("subsystem", PART_DIR, 7, vccw_sim_block_to_class),
    ROW(PART_UEVENT) = RW("uevent", PART_DIR, nothing, accept),
    ROW(VIRTUAL_BLOCK) = DIR("block", VIRTUAL, FOLDS_BLOCK(virtual_block)),
    ROW(HOLDER_DIR) = NAMED(.visible = vccw_sim_block_is_held,
        .path = vccw_sim_block_holder_path),
    ROW(HOLDER_DEVNO) = RO("dev", HOLDER_DIR, holder_devno),
    ROW(HOLDER_HOLDERS) = DIR("holders", HOLDER_DIR),
    ROW(HOLDER_SUBSYSTEM) = LINK("subsystem", HOLDER_DIR, 4, vccw_sim_block_to_class),
    ROW(HOLDER_UEVENT) = RW("uevent", HOLDER_DIR, nothing, accept),
    ROW(HOLDER_DM) = DIR("dm", HOLDER_DIR, .visible = vccw_sim_block_is_dm),
    ROW(HOLDER_DM_NAME) = RO("name", HOLDER_DM, dm_name),
    ROW(HOLDER_DM_UUID) = RO("uuid", HOLDER_DM, dm_uuid),
    ROW(HOLDER_MD) = DIR("md", HOLDER_DIR, .visible = vccw_sim_block_is_md),
    ROW(HOLDER_MD_LEVEL) = RO("level", HOLDER_MD, md_level),
    ROW(HOLDER_LINK) = NAMED_LINK(8, vccw_sim_block_to_holder,
        .visible = vccw_sim_block_is_held, .path = vccw_sim_block_holder_link_path),
    ROW(CLASS_BLOCK) = DIR("block", CLASS, FOLDS_BLOCK(class_block)),
    ROW(BLOCK_LINK) = NAMED_LINK(2, vccw_sim_block_to_disk,
        .visible = vccw_sim_block_is_disk, .path = vccw_sim_block_class_disk_path),
    ROW(PART_LINK) = NAMED_LINK(2, vccw_sim_block_to_part,
        .visible = vccw_sim_block_is_disk, .path = vccw_sim_block_class_part_path),
    ROW(HOLDER_CLASS_LINK) = NAMED_LINK(2, vccw_sim_block_to_holder,
        .visible = vccw_sim_block_is_held, .path = vccw_sim_block_class_holder_path),

    ROW(MDEV_DIR) = NAMED(.path = dev_dir_path),
    ROW(MDEV_DRIVER) = LINK("driver", MDEV_DIR, 4, to_driver, .visible = has_driver),
    ROW(MDEV_GROUP) = LINK("iommu_group", MDEV_DIR, 4, to_group, .visible = has_vfio),
    ROW(MDEV_TYPE) = { .name = "mdev_type", .parent = VCCW_SIM_ROW_MDEV_DIR,
        .mode = S_IFLNK | 0777, .visible = is_staying },
    ROW(MDEV_REMOVE) = WO("remove", MDEV_DIR, remove),
    ROW(MDEV_SUBSYSTEM) = LINK("subsystem", MDEV_DIR, 4, to_bus, .visible = on_bus),
    ROW(MDEV_UEVENT) = RW("uevent", MDEV_DIR, dev_uevent, dev_uevent),
    ROW(MDEV_VFIO_DEV) = DIR("vfio-dev", MDEV_DIR, FOLDS(vfio_dev), .visible = has_vfio),
    ROW(MDEV_TYPE_LINK) = NAMED_LINK(6, to_device, .visible = is_staying,
        .path = mdev_type_link_path),
    ROW(VFIO_DEV_DIR) = NAMED(.visible = has_vfio, .path = vfio_dev_dir_path),
    ROW(VFIO_DEV_DEVICE) = LINK("device", VFIO_DEV_DIR, 6, to_device),
    ROW(VFIO_DEV_SUBSYSTEM) = LINK("subsystem", VFIO_DEV_DIR, 6, to_class_vfio_dev),
    ROW(VFIO_DEV_UEVENT) = RW("uevent", VFIO_DEV_DIR, nothing, accept),
    ROW(VFIO_DEV_LINK) = NAMED_LINK(2, to_vfio_dev, .visible = has_vfio,
        .path = vfio_dev_link_path),
    ROW(GROUP_DIR) = NAMED(.visible = has_vfio, .path = group_dir_path),
    ROW(GROUP_DEVICES) = DIR("devices", GROUP_DIR, FOLDS(group)),
    ROW(GROUP_NAME) = RO("name", GROUP_DIR, group_name),
    ROW(GROUP_RESERVED) = RO("reserved_regions", GROUP_DIR, nothing),
    ROW(GROUP_TYPE) = RO("type", GROUP_DIR, group_type),
    ROW(GROUP_LINK) = NAMED_LINK(4, to_device, .visible = has_vfio,
        .path = group_link_path),
    ROW(VFIO_DIR) = NAMED(.visible = has_vfio, .path = vfio_dir_path),
    ROW(VFIO_DEVNO) = RO("dev", VFIO_DIR, vfio_devno),
    ROW(VFIO_SUBSYSTEM) = LINK("subsystem", VFIO_DIR, 4, to_class_vfio),
    ROW(VFIO_UEVENT) = RW("uevent", VFIO_DIR, vfio_uevent, accept),
    ROW(VFIO_LINK) = NAMED_LINK(2, to_vfio, .visible = has_vfio, .path = vfio_link_path),
    ROW(VFIO_NODE) = { .mode = S_IFREG | 0600, .visible = has_vfio,
        .path = vfio_node_path },

    ROW(CHP_DIR) = NAMED(.path = chp_dir_path),
    ROW(CHP_STATUS) = RW("status", CHP_DIR, chp_status, chp_status),
    ROW(CHP_CONFIGURE) = RW("configure", CHP_DIR, chp_configure, chp_configure),
    ROW(CHP_TYPE) = RO("type", CHP_DIR, chp_type),
    ROW(CHP_CMG) = RO("cmg", CHP_DIR, unknown),
    ROW(CHP_SHARED) = RO("shared", CHP_DIR, chp_shared),
    ROW(CHP_CHID) = RO("chid", CHP_DIR, chp_chid),
    ROW(CHP_CHID_EXTERNAL) = RO("chid_external", CHP_DIR, zero),
    ROW(CHP_ESC) = RO("esc", CHP_DIR, zero),
    ROW(CHP_UEVENT) = RW("uevent", CHP_DIR, nothing, other_uevent),

    ROW(MODULE_DIR) = NAMED(.visible = is_module_there, .path = module_dir_path),
    ROW(MODULE_STATE) = RO("initstate", MODULE_DIR, module_state),
    ROW(MODULE_REFCNT) = RO("refcnt", MODULE_DIR, module_refcnt),
    ROW(MODULE_UEVENT) = WO("uevent", MODULE_DIR, other_uevent),
    ROW(MODULE_DRIVERS) = DIR("drivers", MODULE_DIR, FOLDS(module_drivers)),
    ROW(MODULE_DRIVER_LINK) = NAMED_LINK(3, to_vfio_ccw, .path = module_driver_link_path),

    ROW(MIRROR_DIR) = NAMED(.name = NULL),
    ROW(MIRROR_FILE) = { .mode = S_IFREG | 0444 },
};
/* clang-format on */
