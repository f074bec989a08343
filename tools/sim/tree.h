/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The model as files: what a name in a folder is, what a file reads and what a write
 * does.
 *
 * A node is an object of the model and a row of the table in rows.c; nothing is stored,
 * so the tree cannot disagree with the model. A node's number (object id and row) is what
 * the kernel knows it by; a number whose object is gone means nothing any more.
 */

#include "model.h"

#include <sys/types.h>

typedef struct {
    VccwSimObject *object;
    guint row;
} VccwSimNode;

/** VccwSimVisit: called for each entry of a folder. */
typedef void (*VccwSimVisit)(const char *name, VccwSimNode node, gpointer data);

/** VccwSimRow: one kind of entry. */
typedef struct {
    const char *name; /* NULL: named after its object, found by its folder's child() */
    guint parent;     /* the row of its folder, when it is a fixed entry there */
    mode_t mode;      /* type and permissions */
    gboolean (*visible)(const VccwSimObject *object); /* NULL: as long as the object is */
    int (*show)(VccwSim *sim, VccwSimObject *object, GString *out);
    int (*store)(VccwSim *sim,
                 VccwSimObject *object,
                 const char *text,
                 gsize len,
                 VccwSimTicket **ret_ticket);
    char *(*target)(VccwSim *sim, VccwSimObject *object); /* of a link, below /sys */
    guint depth; /* of the folder that holds the link, below /sys */
    gboolean (*child)(VccwSim *sim,
                      VccwSimObject *object,
                      const char *name,
                      VccwSimNode *ret_node);
    void (*children)(VccwSim *sim,
                     VccwSimObject *object,
                     VccwSimVisit visit,
                     gpointer data);
    /* of the rows that are not a fixed entry of any folder: the path, below /sys */
    char *(*path)(const VccwSimObject *object);
} VccwSimRow;

/** vccw_sim_tree_root: Returns: the folder that holds "sys" and "vfio" (for /dev/vfio).
 */
VccwSimNode vccw_sim_tree_root(VccwSim *sim);

/** vccw_sim_tree_number: Returns: the number of @node; 1 is the root. */
guint64 vccw_sim_tree_number(VccwSimNode node);

/** vccw_sim_tree_node: the node of a number. Returns: FALSE when it is gone or hidden. */
gboolean vccw_sim_tree_node(VccwSim *sim, guint64 number, VccwSimNode *ret_node);

/** vccw_sim_tree_row: Returns: (transfer none): what kind of entry it is. */
const VccwSimRow *vccw_sim_tree_row(VccwSimNode node);

/** vccw_sim_tree_lookup: one name in one folder. Returns: FALSE when there is none. */
gboolean vccw_sim_tree_lookup(VccwSim *sim,
                              VccwSimNode folder,
                              const char *name,
                              VccwSimNode *ret_node);

/** vccw_sim_tree_list: visits every entry of a folder, without "." and "..". */
void
vccw_sim_tree_list(VccwSim *sim, VccwSimNode folder, VccwSimVisit visit, gpointer data);

/** vccw_sim_tree_find: walks @path ("sys/bus/css"), without following links. */
gboolean vccw_sim_tree_find(VccwSim *sim, const char *path, VccwSimNode *ret_node);

/** vccw_sim_tree_read: Returns: 0 with the text appended to @out, or a negative errno. */
int vccw_sim_tree_read(VccwSim *sim, VccwSimNode node, GString *out);

/**
 * vccw_sim_tree_write:
 * @ret_ticket: (out) (transfer full): set when the writer has to wait
 * Returns: 0 or a negative errno.
 */
int vccw_sim_tree_write(VccwSim *sim,
                        VccwSimNode node,
                        const char *text,
                        gsize len,
                        VccwSimTicket **ret_ticket);

/** vccw_sim_tree_readlink: Returns: (transfer full): a relative target, NULL if no link.
 */
char *vccw_sim_tree_readlink(VccwSim *sim, VccwSimNode node);

/** vccw_sim_tree_path: Returns: (transfer full): "devices/css0/…", below /sys; the nodes
 * of /dev/vfio are "dev/vfio/…". */
char *vccw_sim_tree_path(VccwSimNode node);

/** vccw_sim_tree_aliases: Returns: (transfer full): every path that leads to @node by way
 * of a bus, a class or a driver, and the plain one first. @text is what is being written
 * (or NULL): an unbind is then also found below the device that it names. */
GPtrArray *
vccw_sim_tree_aliases(VccwSim *sim, VccwSimNode node, const char *text, gsize len);

/** vccw_sim_tree_mirror: adds an empty folder or file in the folder at @path, on which
 * the host's own can be mounted. Returns: FALSE when the name exists already. */
gboolean
vccw_sim_tree_mirror(VccwSim *sim, const char *path, const char *name, gboolean is_dir);
