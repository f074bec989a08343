/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "block.h"

#include "rows.h"

#include <string.h>

#define CCW(object) ((const VccwSimCcw *)(object))
#define BLOCK(ccw)  ((ccw)->parent->spec->block)

gboolean
vccw_sim_block_shown(const VccwSimCcw *ccw)
{
    return ccw->online && ccw->dev.driver && !ccw->dev.releasing && BLOCK(ccw);
}

gboolean
vccw_sim_block_held(const VccwSimCcw *ccw)
{
    return vccw_sim_block_shown(ccw) && ccw->parent->spec->holder;
}

char *
vccw_sim_block_holder(const VccwSimCcw *ccw, guint part)
{
    g_auto(GStrv) parts = g_strsplit(ccw->parent->spec->holder, "/", 3);

    return g_strdup(part < g_strv_length(parts) ? parts[part] : "");
}

guint
vccw_sim_block_minor(const VccwSimCcw *ccw)
{
    return (BLOCK(ccw)[strlen(BLOCK(ccw)) - 1] - 'a') * 4u;
}

static void
emit(VccwSim *sim,
     char *devpath,
     const char *action,
     const char *type,
     char *name,
     guint minor)
{
    GPtrArray *env = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(env, g_strdup("MAJOR=94"));
    g_ptr_array_add(env, g_strdup_printf("MINOR=%u", minor));
    g_ptr_array_add(env, g_strdup_printf("DEVNAME=%s", name));
    g_ptr_array_add(env, g_strdup_printf("DEVTYPE=%s", type));
    vccw_sim_emit(sim, action, devpath, "block", env);
    g_free(devpath);
    g_free(name);
}

void
vccw_sim_block_emit(VccwSim *sim, const VccwSimCcw *ccw, const char *action)
{
    const char *name = BLOCK(ccw);
    guint minor;

    if (!name)
        return;
    minor = vccw_sim_block_minor(ccw);
    emit(sim, g_strdup_printf("%s/block/%s", ccw->dev.devpath, name), action, "disk",
         g_strdup(name), minor);
    emit(sim, g_strdup_printf("%s/block/%s/%s1", ccw->dev.devpath, name, name), action,
         "partition", g_strdup_printf("%s1", name), minor + 1);
}

/* -- for the table of rows -- */

gboolean
vccw_sim_block_is_disk(const VccwSimObject *object)
{
    return vccw_sim_block_shown(CCW(object));
}

gboolean
vccw_sim_block_is_held(const VccwSimObject *object)
{
    return vccw_sim_block_held(CCW(object));
}

gboolean
vccw_sim_block_is_dm(const VccwSimObject *object)
{
    return vccw_sim_block_held(CCW(object)) &&
           g_str_has_prefix(CCW(object)->parent->spec->holder, "dm-");
}

gboolean
vccw_sim_block_is_md(const VccwSimObject *object)
{
    return vccw_sim_block_held(CCW(object)) &&
           g_str_has_prefix(CCW(object)->parent->spec->holder, "md");
}

gboolean
vccw_sim_block_is_dasd(const VccwSimObject *object)
{
    const VccwSimDriver *driver = CCW(object)->dev.driver;

    return driver && g_str_has_prefix(driver->object.name, "dasd-");
}

char *
vccw_sim_block_disk_path(const VccwSimObject *object)
{
    return g_strdup_printf("%s/block/%s", CCW(object)->dev.devpath + 1,
                           BLOCK(CCW(object)));
}

char *
vccw_sim_block_part_path(const VccwSimObject *object)
{
    g_autofree char *disk = vccw_sim_block_disk_path(object);

    return g_strdup_printf("%s/%s1", disk, BLOCK(CCW(object)));
}

char *
vccw_sim_block_holder_path(const VccwSimObject *object)
{
    g_autofree char *name = vccw_sim_block_holder(CCW(object), 0);

    return g_strdup_printf("devices/virtual/block/%s", name);
}

char *
vccw_sim_block_holder_link_path(const VccwSimObject *object)
{
    g_autofree char *part = vccw_sim_block_part_path(object);
    g_autofree char *name = vccw_sim_block_holder(CCW(object), 0);

    return g_strdup_printf("%s/holders/%s", part, name);
}

char *
vccw_sim_block_class_disk_path(const VccwSimObject *object)
{
    return g_strdup_printf("class/block/%s", BLOCK(CCW(object)));
}

char *
vccw_sim_block_class_part_path(const VccwSimObject *object)
{
    return g_strdup_printf("class/block/%s1", BLOCK(CCW(object)));
}

char *
vccw_sim_block_class_holder_path(const VccwSimObject *object)
{
    g_autofree char *name = vccw_sim_block_holder(CCW(object), 0);

    return g_strdup_printf("class/block/%s", name);
}

char *
vccw_sim_block_to_disk(VccwSim *sim, VccwSimObject *object)
{
    return vccw_sim_block_disk_path(object);
}

char *
vccw_sim_block_to_part(VccwSim *sim, VccwSimObject *object)
{
    return vccw_sim_block_part_path(object);
}

char *
vccw_sim_block_to_holder(VccwSim *sim, VccwSimObject *object)
{
    return vccw_sim_block_holder_path(object);
}

char *
vccw_sim_block_to_class(VccwSim *sim, VccwSimObject *object)
{
    return g_strdup("class/block");
}

/* Tells @visit of the entries that one disk has in a folder. */
typedef void (*Entries)(VccwSimObject *object, VccwSimVisit visit, gpointer data);

static void
one(VccwSimObject *object, guint row, char *name, VccwSimVisit visit, gpointer data)
{
    visit(name, (VccwSimNode){ object, row }, data);
    g_free(name);
}

static void
disk_entries(VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    one(object, VCCW_SIM_ROW_BLOCK_DIR, g_strdup(BLOCK(CCW(object))), visit, data);
}

static void
part_entries(VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    one(object, VCCW_SIM_ROW_PART_DIR, g_strdup_printf("%s1", BLOCK(CCW(object))), visit,
        data);
}

static void
holder_entries(VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    if (vccw_sim_block_held(CCW(object)))
        one(object, VCCW_SIM_ROW_HOLDER_LINK, vccw_sim_block_holder(CCW(object), 0),
            visit, data);
}

static void
virtual_entries(VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    if (vccw_sim_block_held(CCW(object)))
        one(object, VCCW_SIM_ROW_HOLDER_DIR, vccw_sim_block_holder(CCW(object), 0), visit,
            data);
}

static void
class_entries(VccwSimObject *object, VccwSimVisit visit, gpointer data)
{
    one(object, VCCW_SIM_ROW_BLOCK_LINK, g_strdup(BLOCK(CCW(object))), visit, data);
    one(object, VCCW_SIM_ROW_PART_LINK, g_strdup_printf("%s1", BLOCK(CCW(object))), visit,
        data);
    if (vccw_sim_block_held(CCW(object)))
        one(object, VCCW_SIM_ROW_HOLDER_CLASS_LINK, vccw_sim_block_holder(CCW(object), 0),
            visit, data);
}

typedef struct {
    const char *name;
    VccwSimNode node;
    gboolean found;
} Search;

static void
compare(const char *name, VccwSimNode node, gpointer data)
{
    Search *search = data;

    if (!g_str_equal(name, search->name))
        return;
    search->node = node;
    search->found = TRUE;
}

static gboolean
found(const Search *search, VccwSimNode *ret_node)
{
    if (search->found)
        *ret_node = search->node;
    return search->found;
}

static void
every_disk(VccwSim *sim, Entries entries, VccwSimVisit visit, gpointer data)
{
    GHashTableIter iter;
    VccwSimObject *object;

    g_hash_table_iter_init(&iter, sim->ccw->devices);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&object))
        if (vccw_sim_block_shown(CCW(object)))
            entries(object, visit, data);
}

/* Folders that belong to one disk, and folders that have those of all. */
#define FOLDER(folder, visit_entries)                                            \
    void vccw_sim_##folder##_children(VccwSim *sim, VccwSimObject *object,       \
                                      VccwSimVisit visit, gpointer data)         \
    {                                                                            \
        visit_entries;                                                           \
    }                                                                            \
    gboolean vccw_sim_##folder##_child(VccwSim *sim, VccwSimObject *object,      \
                                       const char *entry, VccwSimNode *ret_node) \
    {                                                                            \
        Search search = { .name = entry };                                       \
                                                                                 \
        vccw_sim_##folder##_children(sim, object, compare, &search);             \
        return found(&search, ret_node);                                         \
    }

FOLDER(disks, disk_entries(object, visit, data))
FOLDER(parts, part_entries(object, visit, data))
FOLDER(holders, holder_entries(object, visit, data))
FOLDER(virtual_block, every_disk(sim, virtual_entries, visit, data))
FOLDER(class_block, every_disk(sim, class_entries, visit, data))
