/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/objects.h"
#include "module/symbols.h"

static void
free_objects(gpointer *objects)
{
    for (gsize i = 0; objects[i]; i++)
        vccw_libvirt.virObjectUnref(objects[i]);
    g_free(objects);
}

/* NULL if one cannot be made. */
static gpointer *
make_objects(virConnectPtr conn, GPtrArray *entries, VccwObjectNew make)
{
    gpointer *objects = g_new0(gpointer, entries->len + 1);

    for (guint i = 0; i < entries->len; i++) {
        objects[i] = make(conn, entries->pdata[i]);
        if (!objects[i]) {
            free_objects(objects);
            return NULL;
        }
    }
    return objects;
}

int
vccw_objects_list(virConnectPtr conn,
                  gint32 procedure,
                  unsigned int flags,
                  VccwObjectNew make,
                  gpointer **ret_objects)
{
    VccwArgs args = { .number = ret_objects != NULL, .flags = flags };
    VccwResult result = { 0 };
    gpointer *objects = NULL;

    if (!vccw_connection_call(conn, procedure, &args, &result))
        return -1;
    if (ret_objects) {
        objects =
            make_objects(conn, result.domains ? result.domains : result.names, make);
        if (objects)
            *ret_objects = objects;
    }
    vccw_connection_clear(&result);
    return ret_objects && !objects ? -1 : result.number;
}
