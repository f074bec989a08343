/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Walking the table of rows: names to nodes, nodes to numbers and paths.
 *
 * Fixed entries of a folder are the rows that name it as parent; they belong to the same
 * object as the folder. All others come from the folder's own child().
 */

#include "tree.h"

#include "rows.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define ROW_BITS 8

G_STATIC_ASSERT(VCCW_SIM_ROWS < 1 << ROW_BITS);

VccwSimNode
vccw_sim_tree_root(VccwSim *sim)
{
    return (VccwSimNode){ &sim->root->object, VCCW_SIM_ROW_TOP };
}

guint64
vccw_sim_tree_number(VccwSimNode node)
{
    if (node.row == VCCW_SIM_ROW_TOP)
        return 1;
    return node.object->id << ROW_BITS | node.row;
}

const VccwSimRow *
vccw_sim_tree_row(VccwSimNode node)
{
    return &vccw_sim_rows[node.row];
}

gboolean
vccw_sim_tree_node(VccwSim *sim, guint64 number, VccwSimNode *ret_node)
{
    VccwSimNode node;

    if (number == 1) {
        *ret_node = vccw_sim_tree_root(sim);
        return TRUE;
    }
    node.object = vccw_sim_object(sim, number >> ROW_BITS);
    node.row = number & ((1 << ROW_BITS) - 1);
    if (!node.object || node.row >= VCCW_SIM_ROWS)
        return FALSE;
    if (vccw_sim_rows[node.row].visible && !vccw_sim_rows[node.row].visible(node.object))
        return FALSE;
    *ret_node = node;
    return TRUE;
}

static gboolean
is_shown(guint row, guint folder, const VccwSimObject *object)
{
    return vccw_sim_rows[row].parent == folder && vccw_sim_rows[row].name &&
           (!vccw_sim_rows[row].visible || vccw_sim_rows[row].visible(object));
}

static char *
mirror_key(guint row, const char *name)
{
    return g_strdup_printf("%u/%s", row, name);
}

static gboolean
lookup_mirror(VccwSim *sim, guint row, const char *name, VccwSimNode *ret_node)
{
    g_autofree char *key = mirror_key(row, name);
    VccwSimMirror *mirror = g_hash_table_lookup(sim->mirrors, key);

    if (!mirror)
        return FALSE;
    ret_node->object = &mirror->object;
    ret_node->row = mirror->is_dir ? VCCW_SIM_ROW_MIRROR_DIR : VCCW_SIM_ROW_MIRROR_FILE;
    return TRUE;
}

gboolean
vccw_sim_tree_lookup(VccwSim *sim,
                     VccwSimNode folder,
                     const char *name,
                     VccwSimNode *ret_node)
{
    for (guint row = 1; row < VCCW_SIM_ROWS; row++) {
        if (!is_shown(row, folder.row, folder.object) ||
            !g_str_equal(vccw_sim_rows[row].name, name))
            continue;
        ret_node->object = folder.object;
        ret_node->row = row;
        return TRUE;
    }
    if (vccw_sim_rows[folder.row].child &&
        vccw_sim_rows[folder.row].child(sim, folder.object, name, ret_node))
        return TRUE;
    return folder.object->kind == VCCW_SIM_ROOT &&
           lookup_mirror(sim, folder.row, name, ret_node);
}

void
vccw_sim_tree_list(VccwSim *sim, VccwSimNode folder, VccwSimVisit visit, gpointer data)
{
    GHashTableIter iter;
    VccwSimMirror *mirror;

    for (guint row = 1; row < VCCW_SIM_ROWS; row++)
        if (is_shown(row, folder.row, folder.object))
            visit(vccw_sim_rows[row].name, (VccwSimNode){ folder.object, row }, data);
    if (vccw_sim_rows[folder.row].children)
        vccw_sim_rows[folder.row].children(sim, folder.object, visit, data);
    if (folder.object->kind != VCCW_SIM_ROOT)
        return;
    g_hash_table_iter_init(&iter, sim->mirrors);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&mirror))
        if (mirror->parent_row == folder.row)
            visit(mirror->object.name,
                  (VccwSimNode){ &mirror->object, mirror->is_dir
                                                      ? VCCW_SIM_ROW_MIRROR_DIR
                                                      : VCCW_SIM_ROW_MIRROR_FILE },
                  data);
}

gboolean
vccw_sim_tree_find(VccwSim *sim, const char *path, VccwSimNode *ret_node)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    VccwSimNode node = vccw_sim_tree_root(sim);

    for (char **name = names; *name; name++)
        if (**name && !vccw_sim_tree_lookup(sim, node, *name, &node))
            return FALSE;
    *ret_node = node;
    return TRUE;
}

int
vccw_sim_tree_read(VccwSim *sim, VccwSimNode node, GString *out)
{
    const VccwSimRow *row = vccw_sim_tree_row(node);

    return row->show ? row->show(sim, node.object, out) : -EIO;
}

int
vccw_sim_tree_write(VccwSim *sim,
                    VccwSimNode node,
                    const char *text,
                    gsize len,
                    VccwSimTicket **ret_ticket)
{
    const VccwSimRow *row = vccw_sim_tree_row(node);

    *ret_ticket = NULL;
    return row->store ? row->store(sim, node.object, text, len, ret_ticket) : -EIO;
}

char *
vccw_sim_tree_readlink(VccwSim *sim, VccwSimNode node)
{
    const VccwSimRow *row = vccw_sim_tree_row(node);
    g_autofree char *target = NULL;
    GString *link;

    /* The only link that stays in its neighbourhood. */
    if (node.row == VCCW_SIM_ROW_MDEV_TYPE)
        return g_strdup("../mdev_supported_types/" VCCW_SIM_MDEV_TYPE);
    if (!row->target)
        return NULL;
    target = row->target(sim, node.object);
    link = g_string_new(NULL);
    for (guint i = 0; i < row->depth; i++)
        g_string_append(link, "../");
    g_string_append(link, target);
    return g_string_free(link, FALSE);
}

/* Path and, by @ret_tail, the part below the object's own folder (NULL when not below).
 */
static char *
path_and_tail(VccwSimNode node, char **ret_tail)
{
    g_autofree char *tail = g_strdup("");
    g_autofree char *start = NULL;
    guint row = node.row;

    for (; vccw_sim_rows[row].parent; row = vccw_sim_rows[row].parent) {
        g_autofree char *longer = g_strconcat("/", vccw_sim_rows[row].name, tail, NULL);

        if (row == VCCW_SIM_ROW_SYS)
            break;
        g_free(tail);
        tail = g_steal_pointer(&longer);
    }
    if (vccw_sim_rows[row].path)
        start = vccw_sim_rows[row].path(node.object);
    else if (row == VCCW_SIM_ROW_TOP)
        start = g_strdup("dev");
    if (ret_tail)
        *ret_tail = row == VCCW_SIM_ROW_SCH_DIR || row == VCCW_SIM_ROW_CCW_DIR ||
                            row == VCCW_SIM_ROW_MDEV_DIR
                        ? g_strdup(tail)
                        : NULL;
    if (!start)
        return g_strdup(*tail ? tail + 1 : "");
    return g_strconcat(start, tail, NULL);
}

char *
vccw_sim_tree_path(VccwSimNode node)
{
    return path_and_tail(node, NULL);
}

/* Every path of a device's folder. */
static GPtrArray *
dev_folders(const VccwSimDev *dev)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    const VccwSimObject *object = &dev->object;
    const VccwSimSubchannel *parent = NULL;

    g_ptr_array_add(folders, g_strdup(dev->devpath + 1));
    g_ptr_array_add(folders, g_strdup_printf("bus/%s/devices/%s", dev->bus->object.name,
                                             object->name));
    if (dev->driver)
        g_ptr_array_add(folders,
                        g_strdup_printf("bus/%s/drivers/%s/%s", dev->bus->object.name,
                                        dev->driver->object.name, object->name));
    if (object->kind == VCCW_SIM_CCW)
        parent = ((const VccwSimCcw *)dev)->parent;
    else if (object->kind == VCCW_SIM_MDEV)
        parent = ((const VccwSimMdev *)dev)->parent;
    else
        g_ptr_array_add(folders, g_strdup_printf("class/mdev_bus/%s", object->name));
    if (parent) {
        g_autoptr(GPtrArray) above = dev_folders(&parent->dev);

        for (guint i = 1; i < above->len; i++)
            g_ptr_array_add(folders,
                            g_strdup_printf("%s/%s", (char *)g_ptr_array_index(above, i),
                                            object->name));
    }
    return folders;
}

static void
add_below(GPtrArray *aliases, const VccwSimDev *dev, const char *tail)
{
    g_autoptr(GPtrArray) folders = dev_folders(dev);

    for (guint i = 0; i < folders->len; i++)
        g_ptr_array_add(aliases, g_strconcat(g_ptr_array_index(folders, i), tail, NULL));
}

GPtrArray *
vccw_sim_tree_aliases(VccwSim *sim, VccwSimNode node, const char *text, gsize len)
{
    GPtrArray *aliases = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *tail = NULL;

    g_ptr_array_add(aliases, path_and_tail(node, &tail));
    if (tail)
        add_below(aliases, (VccwSimDev *)node.object, tail);
    if (node.object->kind == VCCW_SIM_DRIVER && text) {
        g_autofree char *name = g_strchomp(g_strndup(text, len));
        g_autofree char *below =
            g_strconcat("/driver/", vccw_sim_tree_row(node)->name, NULL);
        const VccwSimDriver *driver = (VccwSimDriver *)node.object;
        const VccwSimDev *dev = g_hash_table_lookup(driver->devices, name);

        if (dev)
            add_below(aliases, dev, below);
    }
    return aliases;
}

gboolean
vccw_sim_tree_mirror(VccwSim *sim, const char *path, const char *name, gboolean is_dir)
{
    VccwSimNode folder, taken;
    VccwSimMirror *mirror;

    if (!vccw_sim_tree_find(sim, path, &folder) || folder.object->kind != VCCW_SIM_ROOT ||
        vccw_sim_tree_lookup(sim, folder, name, &taken))
        return FALSE;
    mirror = g_new0(VccwSimMirror, 1);
    vccw_sim_object_init(sim, &mirror->object, VCCW_SIM_MIRROR, name);
    mirror->parent_row = folder.row;
    mirror->is_dir = is_dir;
    g_hash_table_insert(sim->mirrors, mirror_key(folder.row, name), mirror);
    return TRUE;
}
