/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A configuration is plain data that owns everything it points to. Attributes are a list
 * and no map: their order is the order of writing, and a driver may want a name twice.
 */

#include <virtccw/mdev.h>

static void
attr_free(gpointer data)
{
    VccwMdevAttr *attr = data;

    g_free(attr->name);
    g_free(attr->value);
    g_free(attr);
}

VccwMdevConfig *
vccw_mdev_config_new(const VccwUuid *uuid, const VccwBusId *parent, const char *type)
{
    VccwMdevConfig *config = g_new0(VccwMdevConfig, 1);

    config->uuid = *uuid;
    config->parent = *parent;
    config->type = g_strdup(type);
    config->attrs = g_ptr_array_new_with_free_func(attr_free);
    return config;
}

VccwMdevConfig *
vccw_mdev_config_copy(const VccwMdevConfig *config)
{
    VccwMdevConfig *copy =
        vccw_mdev_config_new(&config->uuid, &config->parent, config->type);

    copy->autostart = config->autostart;
    for (guint i = 0; i < config->attrs->len; i++) {
        const VccwMdevAttr *attr = config->attrs->pdata[i];

        vccw_mdev_config_add_attr(copy, attr->name, attr->value);
    }
    return copy;
}

void
vccw_mdev_config_add_attr(VccwMdevConfig *config, const char *name, const char *value)
{
    VccwMdevAttr *attr = g_new(VccwMdevAttr, 1);

    attr->name = g_strdup(name);
    attr->value = g_strdup(value);
    g_ptr_array_add(config->attrs, attr);
}

static gboolean
attrs_equal(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return FALSE;
    for (guint i = 0; i < a->len; i++) {
        const VccwMdevAttr *x = a->pdata[i];
        const VccwMdevAttr *y = b->pdata[i];

        if (!g_str_equal(x->name, y->name) || !g_str_equal(x->value, y->value))
            return FALSE;
    }
    return TRUE;
}

gboolean
vccw_mdev_config_equal(const VccwMdevConfig *a, const VccwMdevConfig *b)
{
    return vccw_uuid_equal(&a->uuid, &b->uuid) &&
           vccw_bus_id_equal(&a->parent, &b->parent) && !g_strcmp0(a->type, b->type) &&
           !a->autostart == !b->autostart && attrs_equal(a->attrs, b->attrs);
}

void
vccw_mdev_config_free(VccwMdevConfig *config)
{
    if (!config)
        return;
    g_ptr_array_unref(config->attrs);
    g_free(config->type);
    g_free(config);
}
