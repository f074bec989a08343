/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The inventory without uevents: what it finds in a tree, and what it says of
 * differences.
 */

#include "sysfs-tree.h"

#include "base/io.h"

#include <sys/resource.h>
#include <virtccw/error.h>

typedef struct {
    char *root;
    VccwInventory *inventory;
    GString *log;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    f->root = tree_new();
    f->log = g_string_new(NULL);
    f->inventory = vccw_inventory_new(f->root, &error);
    g_assert_no_error(error);
    vccw_inventory_set_func(f->inventory, tree_log, f->log);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    vccw_inventory_free(f->inventory);
    g_string_free(f->log, TRUE);
    tree_free(f->root);
}

static void
refresh(Fixture *f, const char *name)
{
    VccwNodeName parsed = tree_name(name);

    vccw_inventory_refresh(f->inventory, &parsed);
}

static const VccwSubchannel *
subchannel(Fixture *f, const char *id)
{
    VccwBusId parsed = tree_id(id);

    return vccw_inventory_get_subchannel(f->inventory, &parsed);
}

static const VccwDevice *
device(Fixture *f, const char *id)
{
    VccwBusId parsed = tree_id(id);

    return vccw_inventory_get_device(f->inventory, &parsed);
}

static const VccwMdev *
mdev(Fixture *f, const char *uuid)
{
    VccwUuid parsed = tree_uuid(uuid);

    return vccw_inventory_get_mdev(f->inventory, &parsed);
}

/* A host with a subchannel of each sort, one device, one mdev; scanned, log empty. */
static void
populate(Fixture *f)
{
    tree_add_subchannel(f->root, "0.0.0004");
    tree_bind(f->root, "0.0.0004", "io_subchannel");
    tree_add_device(f->root, "0.0.0004", "0.0.3000");
    tree_add_subchannel(f->root, "0.0.0313");
    tree_bind(f->root, "0.0.0313", "vfio_ccw");
    tree_add_mdev(f->root, "0.0.0313", TREE_UUID_1);
    vccw_inventory_scan(f->inventory);
    g_string_truncate(f->log, 0);
}

static void
test_no_root(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(vccw_inventory_new("/nonexistent/sys", &error));
    g_assert_cmpint(vccw_error_errno(error), ==, ENOENT);
    g_assert_nonnull(strstr(error->message, "/nonexistent/sys"));
}

static void
test_empty(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) subchannels = NULL;
    g_autoptr(GPtrArray) paths = NULL;

    vccw_inventory_scan(f->inventory);
    subchannels = vccw_inventory_subchannels(f->inventory);
    paths = vccw_inventory_read_channel_paths(f->inventory);
    g_assert_cmpuint(subchannels->len, ==, 0);
    g_assert_cmpuint(paths->len, ==, 0);
    g_assert_null(subchannel(f, "0.0.0000"));
    g_assert_null(mdev(f, TREE_UUID_1));
    tree_assert_log(f->log, "");
    g_assert_cmpstr(vccw_inventory_sysfs(f->inventory), ==, f->root);
    g_assert_true(vccw_exists(vccw_inventory_sysfs_fd(f->inventory), "."));
}

static void
test_scan(Fixture *f, gconstpointer data)
{
    VccwBusId id = tree_id("0.0.0004");
    const VccwSubchannel *s;
    const VccwDevice *d;
    const VccwMdev *m;

    populate(f);
    s = subchannel(f, "0.0.0004");
    g_assert_true(vccw_bus_id_equal(&s->id, &id));
    g_assert_cmpstr(s->path, ==, "/devices/css0/0.0.0004");
    g_assert_cmpstr(s->driver, ==, "io_subchannel");
    g_assert_false(s->registered);
    s = subchannel(f, "0.0.0313");
    g_assert_cmpstr(s->driver, ==, "vfio_ccw");
    g_assert_true(s->registered);
    d = device(f, "0.0.3000");
    g_assert_cmpstr(d->path, ==, "/devices/css0/0.0.0004/0.0.3000");
    g_assert_cmpstr(d->driver, ==, "dasd-eckd");
    g_assert_true(d->has_subchannel);
    g_assert_true(vccw_bus_id_equal(&d->subchannel, &id));
    g_assert_false(d->online);
    m = mdev(f, TREE_UUID_1);
    id = tree_id("0.0.0313");
    g_assert_true(vccw_bus_id_equal(&m->parent, &id));
    g_assert_cmpstr(m->path, ==, "/devices/css0/0.0.0313/" TREE_UUID_1);
    g_assert_cmpstr(m->type, ==, "vfio_ccw-io");
    g_assert_cmpstr(m->driver, ==, "vfio_ccw_mdev");
    g_assert_cmpint(m->iommu_group, ==, 7);
}

/* Every subchannel of type 0 is shown, whatever its driver; no other one is. */
static void
test_type(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *id;
        const char *type;
        gboolean shown;
    } rows[] = {
        { "0.0.0001", "0", TRUE },    { "0.0.0002", "1", FALSE },
        { "0.0.0003", "2", FALSE },   { "0.0.0004", "3", FALSE },
        { "0.0.0005", "", FALSE },    { "0.0.0006", "00", FALSE },
        { "0.0.0007", "0 0", FALSE }, { "0.0.0008", "zero", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        tree_add_subchannel(f->root, rows[i].id);
        tree_write(f->root, rows[i].type, "devices/css0/%s/type", rows[i].id);
    }
    vccw_inventory_scan(f->inventory);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(subchannel(f, rows[i].id) != NULL, ==, rows[i].shown);
    g_assert_null(subchannel(f, "0.0.0001")->driver);
}

static void
test_order(Fixture *f, gconstpointer data)
{
    static const char *const ids[] = { "0.1.0000", "0.0.ffff", "0.0.0010", "0.3.0001",
                                       "0.0.0000", "0.0.000a", "0.2.8000" };
    static const char *const sorted[] = { "0.0.0000", "0.0.000a", "0.0.0010", "0.0.ffff",
                                          "0.1.0000", "0.2.8000", "0.3.0001" };
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GPtrArray) shorter = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
        tree_add_subchannel(f->root, ids[i]);
    vccw_inventory_scan(f->inventory);
    list = vccw_inventory_subchannels(f->inventory);
    g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(sorted));
    for (guint i = 0; i < list->len; i++) {
        const VccwSubchannel *s = list->pdata[i];
        g_autofree char *id = vccw_bus_id_to_string(&s->id);

        g_assert_cmpstr(id, ==, sorted[i]);
    }
    tree_remove_subchannel(f->root, "0.0.0010");
    vccw_inventory_scan(f->inventory);
    shorter = vccw_inventory_subchannels(f->inventory);
    g_assert_cmpuint(shorter->len, ==, list->len - 1);
}

/* Entries that the kernel would not make are no nodes, and harm no other. */
static void
test_strange_names(Fixture *f, gconstpointer data)
{
    static const char *const names[] = {
        "0",          "0.0",       "0.0.",      "0.0.004",   "0.0.00004", "0.0.000A",
        "0.4.0004",   "1.0.0004",  "00.0.0004", "-0.0.0004", " 0.0.0004", "0.0.0004 ",
        "0.0.0004.x", "0x0.0.004", "0:0:0004",  "css0",      "\xff\xfe",  "0.0.0004\n",
    };
    g_autoptr(GPtrArray) list = NULL;

    tree_add_subchannel(f->root, "0.0.0004");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        tree_add_subchannel(f->root, names[i]);
    vccw_inventory_scan(f->inventory);
    list = vccw_inventory_subchannels(f->inventory);
    g_assert_cmpuint(list->len, ==, 1);
    tree_assert_log(f->log, "added css_0_0_0004;");
}

static void
test_strange_mdev_names(Fixture *f, gconstpointer data)
{
    static const char *const names[] = {
        "18E124FB-B2FC-47F6-A407-F256B6C49767",
        "18e124fbb2fc47f6a407f256b6c49767",
        "18e124fb-b2fc-47f6-a407-f256b6c4976",
        "18e124fb-b2fc-47f6-a407-f256b6c497677",
        "{18e124fb-b2fc-47f6-a407-f256b6c49767}",
        "18e124fb-b2fc-47f6-a407-f256b6c4976g",
        "0.0.0313",
    };

    populate(f);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        tree_add_mdev(f->root, "0.0.0313", names[i]);
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "");
}

/* What is not a link to a folder of that name below devices is no node. */
static void
test_strange_links(Fixture *f, gconstpointer data)
{
    static const char *const targets[] = {
        "../../../devices/css0/0.0.0099",         /* dangling */
        "../../../devices/css0/0.0.0004",         /* another one's folder */
        "../../../devices/css0/../css0/0.0.0005", /* not as the kernel writes it */
        "../../../devices/css0/0.0.0005/",        /* nor this */
        "../../../bus/css/drivers/0.0.0005",      /* not below devices */
        "devices/css0/0.0.0005",                  /* relative to the bus */
        "/devices/css0/0.0.0005",                 /* absolute */
        "0.0.0005",                               /* itself */
        "..",
    };

    tree_add_subchannel(f->root, "0.0.0004");
    tree_add_subchannel(f->root, "0.0.0005");
    for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
        tree_link(f->root, targets[i], "bus/css/devices/0.0.0005");
        tree_link(f->root, targets[i], "bus/css/devices/0.0.0099");
        vccw_inventory_scan(f->inventory);
        g_assert_null(subchannel(f, "0.0.0005"));
        g_assert_null(subchannel(f, "0.0.0099"));
    }
    tree_remove(f->root, "bus/css/devices/0.0.0005");
    tree_write(f->root, "0", "bus/css/devices/0.0.0005");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "added css_0_0_0004;");
}

/* Attributes that are folders, links or garbage count as absent. */
static void
test_unreadable(Fixture *f, gconstpointer data)
{
    populate(f);
    tree_remove(f->root, "devices/css0/0.0.0004/type");
    tree_write(f->root, "", "devices/css0/0.0.0004/type/x");
    tree_remove(f->root, "devices/css0/0.0.0004/0.0.3000/online");
    tree_remove(f->root, "devices/css0/0.0.0004/0.0.3000/driver");
    tree_write(f->root, "", "devices/css0/0.0.0004/0.0.3000/driver");
    tree_link(f->root, "../groups/seven", "devices/css0/0.0.0313/%s/iommu_group",
              TREE_UUID_1);
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log,
                    "removed css_0_0_0004;updated ccw_0_0_3000;"
                    "updated mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0313;");
    g_assert_null(device(f, "0.0.3000")->driver);
    g_assert_false(device(f, "0.0.3000")->online);
    g_assert_cmpint(mdev(f, TREE_UUID_1)->iommu_group, ==, -1);
}

static void
test_report_order(Fixture *f, gconstpointer data)
{
    populate(f);
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, ""); /* nothing has changed */
    tree_remove(f->root, "bus");
    tree_remove(f->root, "devices");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "removed mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0313;"
                            "removed ccw_0_0_3000;"
                            "removed css_0_0_0004;removed css_0_0_0313;");
    tree_add_subchannel(f->root, "0.0.0313");
    tree_bind(f->root, "0.0.0313", "vfio_ccw");
    tree_add_mdev(f->root, "0.0.0313", TREE_UUID_1);
    tree_add_subchannel(f->root, "0.0.0004");
    tree_add_device(f->root, "0.0.0004", "0.0.3000");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "added css_0_0_0004;"
                            "added css_0_0_0313;registered css_0_0_0313;"
                            "added ccw_0_0_3000;"
                            "added mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0313;");
}

/* Each thing that is kept: when it changes, that is reported once. */
static void
test_differences(Fixture *f, gconstpointer data)
{
    populate(f);
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    tree_remove_device(f->root, "0.0.0004", "0.0.3000");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "removed ccw_0_0_3000;"
                            "updated css_0_0_0004;registered css_0_0_0004;");
    tree_unbind(f->root, "0.0.0004");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "updated css_0_0_0004;");
    g_assert_null(subchannel(f, "0.0.0004")->driver);
    tree_add_device(f->root, "0.0.0004", "0.0.3000");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "added ccw_0_0_3000;");
    tree_write(f->root, "1", "devices/css0/0.0.0004/0.0.3000/online");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "updated ccw_0_0_3000;");
    g_assert_true(device(f, "0.0.3000")->online);
    tree_remove(f->root, "devices/css0/0.0.0313/%s/driver", TREE_UUID_1);
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log,
                    "updated mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0313;");
    g_assert_null(mdev(f, TREE_UUID_1)->driver);
}

/* A device whose subchannel is gone moves to the pseudo subchannel "defunct". */
static void
test_disconnected(Fixture *f, gconstpointer data)
{
    populate(f);
    tree_remove_device(f->root, "0.0.0004", "0.0.3000");
    tree_remove_subchannel(f->root, "0.0.0004");
    tree_add_device(f->root, "defunct", "0.0.3000");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "removed css_0_0_0004;updated ccw_0_0_3000;");
    g_assert_false(device(f, "0.0.3000")->has_subchannel);
    g_assert_cmpstr(device(f, "0.0.3000")->path, ==, "/devices/css0/defunct/0.0.3000");
}

static void
test_mdev_grows(Fixture *f, gconstpointer data)
{
    const char *name = "mdev_2e4f2b0a_9d4c_4c55_8d3f_0a1b2c3d4e5f";

    populate(f);
    tree_add_bare_mdev(f->root, "0.0.0313", TREE_UUID_2);
    refresh(f, name);
    tree_assert_log(f->log, "added mdev_2e4f2b0a_9d4c_4c55_8d3f_0a1b2c3d4e5f_0_0_0313;");
    g_assert_null(mdev(f, TREE_UUID_2)->type);
    g_assert_cmpint(mdev(f, TREE_UUID_2)->iommu_group, ==, -1);
    tree_complete_mdev(f->root, "0.0.0313", TREE_UUID_2);
    refresh(f, name);
    tree_assert_log(f->log,
                    "updated mdev_2e4f2b0a_9d4c_4c55_8d3f_0a1b2c3d4e5f_0_0_0313;");
    g_assert_cmpstr(mdev(f, TREE_UUID_2)->type, ==, "vfio_ccw-io");
    refresh(f, name);
    tree_assert_log(f->log, "");
}

/* The parent is part of a mediated device's name: elsewhere it is another one. */
static void
test_mdev_moves(Fixture *f, gconstpointer data)
{
    populate(f);
    tree_remove_mdev(f->root, "0.0.0313", TREE_UUID_1);
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    tree_add_mdev(f->root, "0.0.0004", TREE_UUID_1);
    refresh(f, "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004");
    tree_assert_log(f->log, "removed mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0313;"
                            "added mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
}

static void
test_foreign_mdevs(Fixture *f, gconstpointer data)
{
    static const char *const parents[] = { "devices/vfio_ap/matrix",
                                           "devices/pci0000:00/0000:00:02.0",
                                           "devices/css0/defunct", "devices" };

    for (guint i = 0; i < G_N_ELEMENTS(parents); i++) {
        g_autofree char *target =
            g_strdup_printf("../../../%s/%s", parents[i], TREE_UUID_1);

        tree_write(f->root, "", "%s/%s/remove", parents[i], TREE_UUID_1);
        tree_link(f->root, target, "bus/mdev/devices/%s", TREE_UUID_1);
        vccw_inventory_scan(f->inventory);
        tree_assert_log(f->log, "");
    }
}

static void
test_refresh(Fixture *f, gconstpointer data)
{
    populate(f);
    refresh(f, "css_0_0_0004");
    refresh(f, "ccw_0_0_3000");
    refresh(f, "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0313");
    refresh(f, "computer");
    refresh(f, "css_0_0_7777");
    refresh(f, "css_fe_0_0004");
    tree_assert_log(f->log, "");
    tree_add_subchannel(f->root, "0.0.7777");
    refresh(f, "css_0_0_7778"); /* only what was asked for is read */
    tree_assert_log(f->log, "");
    refresh(f, "css_0_0_7777");
    tree_assert_log(f->log, "added css_0_0_7777;");
}

/* With a subchannel goes and comes what is below it. */
static void
test_refresh_children(Fixture *f, gconstpointer data)
{
    populate(f);
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    tree_remove_device(f->root, "0.0.0004", "0.0.3000");
    refresh(f, "css_0_0_0004");
    tree_assert_log(f->log, "removed ccw_0_0_3000;"
                            "updated css_0_0_0004;registered css_0_0_0004;");
    tree_remove_mdev(f->root, "0.0.0313", TREE_UUID_1);
    tree_bind(f->root, "0.0.0313", "io_subchannel");
    tree_add_device(f->root, "0.0.0313", "0.0.2b09");
    refresh(f, "css_0_0_0313");
    tree_assert_log(f->log, "removed mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0313;"
                            "updated css_0_0_0313;added ccw_0_0_2b09;");
    tree_remove_device(f->root, "0.0.0313", "0.0.2b09");
    tree_remove_subchannel(f->root, "0.0.0313");
    refresh(f, "css_0_0_0313");
    tree_assert_log(f->log, "removed ccw_0_0_2b09;removed css_0_0_0313;");
}

/* An inventory and how often its listener has called back into it. */
typedef struct {
    Fixture *f;
    guint depth;
    guint calls;
} Nested;

static void
call_back(const VccwNodeName *name, VccwChange change, gpointer data)
{
    Nested *nested = data;
    Fixture *f = nested->f;
    g_autoptr(GPtrArray) list = vccw_inventory_subchannels(f->inventory);

    g_assert_cmpuint(nested->depth, ==, 0); /* never from within itself */
    nested->depth++;
    nested->calls++;
    tree_log(name, change, f->log);
    if (change == VCCW_CHANGE_REMOVED)
        g_assert_null(vccw_inventory_get_subchannel(f->inventory, &name->id));
    if (change == VCCW_CHANGE_ADDED) {
        const VccwSubchannel *s = vccw_inventory_get_subchannel(f->inventory, &name->id);

        g_assert_true(g_ptr_array_find(list, s, NULL));
        tree_remove_subchannel(f->root, "0.0.0002");
        vccw_inventory_refresh(f->inventory, name);
        vccw_inventory_scan(f->inventory);
    }
    nested->depth--;
}

static void
test_call_back(Fixture *f, gconstpointer data)
{
    Nested nested = { .f = f };

    vccw_inventory_set_func(f->inventory, call_back, &nested);
    tree_add_subchannel(f->root, "0.0.0001");
    tree_add_subchannel(f->root, "0.0.0003");
    vccw_inventory_scan(f->inventory);
    g_assert_cmpuint(nested.calls, ==, 2);
    tree_assert_log(f->log, "added css_0_0_0001;added css_0_0_0003;");
    /* This one the listener removes, and learns of that after it has returned. */
    tree_add_subchannel(f->root, "0.0.0002");
    refresh(f, "css_0_0_0002");
    tree_assert_log(f->log, "added css_0_0_0002;removed css_0_0_0002;");
}

static void
stop_listening(const VccwNodeName *name, VccwChange change, gpointer data)
{
    Fixture *f = data;

    tree_log(name, change, f->log);
    vccw_inventory_set_func(f->inventory, NULL, NULL);
}

static void
test_stop_listening(Fixture *f, gconstpointer data)
{
    vccw_inventory_set_func(f->inventory, stop_listening, f);
    tree_add_subchannel(f->root, "0.0.0001");
    tree_add_subchannel(f->root, "0.0.0002");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "added css_0_0_0001;");
    vccw_inventory_set_func(f->inventory, tree_log, f->log);
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "");
}

/* What was handed out stays valid until the main loop runs, whatever is read meanwhile.
 */
static void
test_validity(Fixture *f, gconstpointer data)
{
    const VccwSubchannel *s;
    const VccwDevice *d;
    const VccwMdev *m;

    populate(f);
    s = subchannel(f, "0.0.0004");
    d = device(f, "0.0.3000");
    m = mdev(f, TREE_UUID_1);
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    tree_remove_device(f->root, "0.0.0004", "0.0.3000");
    tree_remove(f->root, "bus/mdev");
    vccw_inventory_scan(f->inventory);
    vccw_inventory_scan(f->inventory);
    g_assert_cmpstr(s->driver, ==, "io_subchannel");
    g_assert_cmpstr(d->driver, ==, "dasd-eckd");
    g_assert_cmpstr(m->type, ==, "vfio_ccw-io");
    g_assert_true(g_main_context_iteration(NULL, FALSE)); /* releases them */
    g_assert_false(g_main_context_iteration(NULL, FALSE));
    g_assert_cmpstr(subchannel(f, "0.0.0004")->driver, ==, "vfio_ccw");
}

/* Without descriptors nothing can be seen: that is not the same as seeing nothing. */
static void
test_no_descriptors(Fixture *f, gconstpointer data)
{
    struct rlimit before, none;

    populate(f);
    tree_add_subchannel(f->root, "0.0.0005");
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    none = before;
    none.rlim_cur = 0;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    vccw_inventory_scan(f->inventory);
    refresh(f, "css_0_0_0004");
    refresh(f, "ccw_0_0_3000");
    refresh(f, "css_0_0_0005");
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    tree_assert_log(f->log, "");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "added css_0_0_0005;");
}

static void
test_descriptors(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) before = vccw_list_dir(AT_FDCWD, "/proc/self/fd", NULL);
    g_autoptr(GPtrArray) after = NULL;

    populate(f);
    tree_remove(f->root, "devices/css0/0.0.0004/type");
    vccw_inventory_scan(f->inventory);
    refresh(f, "css_0_0_0313");
    after = vccw_list_dir(AT_FDCWD, "/proc/self/fd", NULL);
    g_assert_cmpuint(after->len, ==, before->len);
}

static void
test_dev_busid(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *text;
        gboolean good;
    } rows[] = {
        { "0.0.3000", TRUE }, { "none", FALSE },       { "", FALSE },
        { "0.0.300", FALSE }, { "0.0.3000 x", FALSE }, { "fe.0.3000", FALSE },
    };
    VccwBusId id = tree_id("0.0.0004");
    VccwBusId expected = tree_id("0.0.3000");
    VccwBusId untouched = tree_id("0.0.aaaa");

    populate(f);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        VccwBusId found = untouched;

        tree_write(f->root, rows[i].text, "devices/css0/0.0.0004/dev_busid");
        g_assert_cmpint(vccw_subchannel_read_dev_busid(f->inventory, &id, &found), ==,
                        rows[i].good);
        g_assert_true(vccw_bus_id_equal(&found, rows[i].good ? &expected : &untouched));
    }
    id = tree_id("0.0.0313"); /* has no such attribute */
    g_assert_false(vccw_subchannel_read_dev_busid(f->inventory, &id, &untouched));
}

static void
test_paths(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *chpids;
        const char *masks;
        gboolean good;
    } rows[] = {
        { "34 21 00 00 00 00 00 ff ", "c0 80 fF", TRUE },
        { "34 21 00 00 00 00 00", "c0 80 ff", FALSE },
        { "34 21 00 00 00 00 00 ff 00", "c0 80 ff", FALSE },
        { "34 21 00 00 00 00 00 f", "c0 80 ff", FALSE },
        { "34  2 00 00 00 00 00 ff", "c0 80 ff", FALSE },
        { "34.21 00 00 00 00 00 ff", "c0 80 ff", FALSE },
        { "34 21 00 00 00 00 00 0x", "c0 80 ff", FALSE },
        { "", "c0 80 ff", FALSE },
        { "34 21 00 00 00 00 00 ff ", "c0 80", FALSE },
        { "34 21 00 00 00 00 00 ff ", "c0 80 ff 00", FALSE },
        { "34 21 00 00 00 00 00 ff ", "", FALSE },
    };
    VccwBusId id = tree_id("0.0.0004");

    populate(f);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        VccwChannelPaths paths = { .pim = 0x5a };

        tree_write(f->root, rows[i].chpids, "devices/css0/0.0.0004/chpids");
        tree_write(f->root, rows[i].masks, "devices/css0/0.0.0004/pimpampom");
        g_assert_cmpint(vccw_subchannel_read_paths(f->inventory, &id, &paths), ==,
                        rows[i].good);
        g_assert_cmphex(paths.pim, ==, rows[i].good ? 0xc0 : 0x5a);
        g_assert_cmphex(paths.pam, ==, rows[i].good ? 0x80 : 0);
        g_assert_cmphex(paths.pom, ==, rows[i].good ? 0xff : 0);
        g_assert_cmphex(paths.chpids[1], ==, rows[i].good ? 0x21 : 0);
        g_assert_cmphex(paths.chpids[7], ==, rows[i].good ? 0xff : 0);
    }
    tree_remove(f->root, "devices/css0/0.0.0004/chpids");
    g_assert_false(
        vccw_subchannel_read_paths(f->inventory, &id, &(VccwChannelPaths){ 0 }));
}

static void
test_override(Fixture *f, gconstpointer data)
{
    static const char *const rows[][2] = { { "(null)", NULL },
                                           { "", NULL },
                                           { "vfio_ccw", "vfio_ccw" } };
    VccwBusId id = tree_id("0.0.0004");

    populate(f);
    g_assert_null(vccw_subchannel_read_override(f->inventory, &id));
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *found = NULL;

        tree_write(f->root, rows[i][0], "devices/css0/0.0.0004/driver_override");
        found = vccw_subchannel_read_override(f->inventory, &id);
        g_assert_cmpstr(found, ==, rows[i][1]);
    }
}

static void
test_types(Fixture *f, gconstpointer data)
{
    VccwBusId id = tree_id("0.0.0313");
    g_autoptr(GPtrArray) types = NULL;
    const VccwMdevType *type;

    populate(f);
    tree_add_type(f->root, "0.0.0313", "another");
    tree_remove(f->root, "devices/css0/0.0.0313/mdev_supported_types/another/name");
    tree_write(f->root, "-1",
               "devices/css0/0.0.0313/mdev_supported_types/another/available_instances");
    tree_write(f->root, "x", "devices/css0/0.0.0313/mdev_supported_types/file");
    tree_write(f->root, "x", "devices/css0/0.0.0313/mdev_supported_types/no-api/name");
    types = vccw_subchannel_read_types(f->inventory, &id);
    g_assert_cmpuint(types->len, ==, 2);
    type = types->pdata[0];
    g_assert_cmpstr(type->id, ==, "another");
    g_assert_null(type->name);
    g_assert_cmpuint(type->available_instances, ==, 0);
    type = types->pdata[1];
    g_assert_cmpstr(type->id, ==, "vfio_ccw-io");
    g_assert_cmpstr(type->name, ==, "I/O subchannel (Non-QDIO)");
    g_assert_cmpstr(type->device_api, ==, "vfio-ccw");
    g_assert_cmpuint(type->available_instances, ==, 1);
    vccw_mdev_type_free(NULL);
}

static void
test_no_types(Fixture *f, gconstpointer data)
{
    static const char *const ids[] = { "0.0.0004", "0.0.7777", "fe.0.0004" };

    populate(f);
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        VccwBusId id = tree_id(ids[i]);
        g_autoptr(GPtrArray) types = vccw_subchannel_read_types(f->inventory, &id);

        g_assert_cmpuint(types->len, ==, 0);
    }
}

static void
test_model(Fixture *f, gconstpointer data)
{
    VccwBusId id = tree_id("0.0.3000");
    g_autofree char *cutype = NULL;
    g_autofree char *devtype = NULL;

    populate(f);
    g_assert_true(vccw_device_read_model(f->inventory, &id, NULL, NULL));
    g_assert_true(vccw_device_read_model(f->inventory, &id, &cutype, &devtype));
    g_assert_cmpstr(cutype, ==, "3990/e9");
    g_assert_cmpstr(devtype, ==, "3390/0c");
    tree_remove(f->root, "devices/css0/0.0.0004/0.0.3000/devtype");
    g_assert_false(vccw_device_read_model(f->inventory, &id, &cutype, &devtype));
    g_assert_cmpstr(cutype, ==, "3990/e9");
}

static void
test_channel_paths(Fixture *f, gconstpointer data)
{
    static const char *const odd[] = { "css0/chp0.1",  "css0/chp0.100",  "css0/chp1.21",
                                       "css0/chp0.FF", "css0/chp0.",     "css0/chp0.2g",
                                       "css/chp0.21",  "css100/chp0.21", "css0/chp",
                                       "cssx/chp0.21", "css0x/chp0.21" };
    g_autoptr(GPtrArray) paths = NULL;
    const VccwChannelPath *path;

    for (guint i = 0; i < G_N_ELEMENTS(odd); i++)
        tree_write(f->root, "1b", "devices/%s/type", odd[i]);
    tree_write(f->root, "1b", "devices/css0/chp0.34/type");
    tree_write(f->root, "offline", "devices/css0/chp0.34/status");
    tree_write(f->root, "0", "devices/css0/chp0.34/configure");
    tree_write(f->root, "11", "devices/css0/chp0.0a/type");
    tree_write(f->root, "online", "devices/css0/chp0.0a/status");
    tree_write(f->root, "1", "devices/css0/chp0.0a/configure");
    tree_write(f->root, "", "devices/css1/chp1.00/type");
    paths = vccw_inventory_read_channel_paths(f->inventory);
    g_assert_cmpuint(paths->len, ==, 3);
    path = paths->pdata[0];
    g_assert_cmphex(path->chpid, ==, 0x0a);
    g_assert_cmphex(path->type, ==, 0x11);
    g_assert_true(path->online && path->configured);
    path = paths->pdata[1];
    g_assert_cmphex(path->chpid, ==, 0x34);
    g_assert_cmphex(path->type, ==, 0x1b);
    g_assert_false(path->online || path->configured);
    path = paths->pdata[2];
    g_assert_cmphex(path->cssid, ==, 1);
    g_assert_cmphex(path->type, ==, 0);
}

/* Nodes come and go between and during readings: the last scan always tells the truth. */
static void
test_storm(Fixture *f, gconstpointer data)
{
    g_autoptr(GHashTable) there = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GPtrArray) list = NULL;

    for (guint round = 0; round < 400; round++) {
        guint number = g_test_rand_int_range(0, 16);
        g_autofree char *id = g_strdup_printf("0.0.%04x", number);
        g_autofree char *name = g_strdup_printf("css_0_0_%04x", number);

        if (g_hash_table_remove(there, GUINT_TO_POINTER(number + 1)))
            tree_remove_subchannel(f->root, id);
        else {
            tree_add_subchannel(f->root, id);
            g_hash_table_add(there, GUINT_TO_POINTER(number + 1));
        }
        if (g_test_rand_bit())
            refresh(f, name);
        if (g_test_rand_int_range(0, 8) == 0)
            vccw_inventory_scan(f->inventory);
    }
    vccw_inventory_scan(f->inventory);
    list = vccw_inventory_subchannels(f->inventory);
    g_assert_cmpuint(list->len, ==, g_hash_table_size(there));
    for (guint i = 0; i < list->len; i++) {
        const VccwSubchannel *s = list->pdata[i];

        g_assert_true(
            g_hash_table_contains(there, GUINT_TO_POINTER((guint)s->id.devno + 1)));
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(Fixture *, gconstpointer);
    } tests[] = {
        { "/inventory/empty", test_empty },
        { "/inventory/scan", test_scan },
        { "/inventory/type", test_type },
        { "/inventory/order", test_order },
        { "/inventory/strange-names", test_strange_names },
        { "/inventory/strange-mdev-names", test_strange_mdev_names },
        { "/inventory/strange-links", test_strange_links },
        { "/inventory/unreadable", test_unreadable },
        { "/inventory/report-order", test_report_order },
        { "/inventory/differences", test_differences },
        { "/inventory/disconnected", test_disconnected },
        { "/inventory/mdev-grows", test_mdev_grows },
        { "/inventory/mdev-moves", test_mdev_moves },
        { "/inventory/foreign-mdevs", test_foreign_mdevs },
        { "/inventory/refresh", test_refresh },
        { "/inventory/refresh-children", test_refresh_children },
        { "/inventory/call-back", test_call_back },
        { "/inventory/stop-listening", test_stop_listening },
        { "/inventory/validity", test_validity },
        { "/inventory/no-descriptors", test_no_descriptors },
        { "/inventory/descriptors", test_descriptors },
        { "/inventory/storm", test_storm },
        { "/attributes/dev-busid", test_dev_busid },
        { "/attributes/paths", test_paths },
        { "/attributes/override", test_override },
        { "/attributes/types", test_types },
        { "/attributes/no-types", test_no_types },
        { "/attributes/model", test_model },
        { "/attributes/channel-paths", test_channel_paths },
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/no-root", test_no_root);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
    return g_test_run();
}
