/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Autostart on a tree of files, with the real inventory, store and jobs. "create" is a
 * FIFO with the kernel's part played at the other end, or a file that takes nothing.
 */

#include "mdev/autostart.h"
#include "store-tree.h"

#define PARENT "0.0.0004"
#define CREATE "devices/css0/" PARENT "/mdev_supported_types/vfio_ccw-io/create"
#define MSEC   10000 /* more than any of this takes */

typedef struct {
    char *root;
    char *sys;
    char *dir;
    VccwMdevHost host;
    VccwInventory *inventory;
    VccwStore *store;
    VccwJobs *jobs;
    VccwAutostart *autostart;
    GString *log;
    VccwBusId parent;
    VccwUuid first;
    VccwUuid second;
} Fixture;

/* As the driver does it. */
static void
on_change(const VccwNodeName *name, VccwChange change, gpointer data)
{
    Fixture *f = data;

    if (change == VCCW_CHANGE_REGISTERED)
        vccw_autostart_registered(f->autostart, &name->id);
    if (change == VCCW_CHANGE_REMOVED && name->kind == VCCW_NODE_CSS)
        vccw_autostart_unregistered(f->autostart, &name->id);
}

/* Logs "started 18;" or "failed 18;". */
static void
on_outcome(const VccwUuid *uuid,
           const VccwBusId *parent,
           const VccwAutostartOutcome *outcome,
           gpointer data)
{
    Fixture *f = data;
    g_autofree char *text = vccw_uuid_to_string(uuid);
    gboolean started = outcome->result == VCCW_AUTOSTART_STARTED;

    g_assert_true(vccw_bus_id_equal(parent, &f->parent));
    g_assert_cmpint(outcome->result, !=, VCCW_AUTOSTART_WAITING);
    g_assert_cmpint(started, ==, outcome->reason == NULL);
    if (outcome->reason)
        g_test_message("%s", outcome->reason);
    text[2] = '\0';
    g_string_append_printf(f->log, "%s %s;", started ? "started" : "failed", text);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->root = tree_new();
    f->sys = g_build_filename(f->root, "sys", NULL);
    f->dir = g_build_filename(f->root, "mdevctl.d", NULL);
    f->host = (VccwMdevHost){ f->sys, "/nonexistent", "/nonexistent" };
    f->parent = tree_id(PARENT);
    f->first = tree_uuid(TREE_UUID_1);
    f->second = tree_uuid(TREE_UUID_2);
    f->log = g_string_new(NULL);
    tree_write(f->sys, "", "bus/css/drivers_probe");
    f->inventory = vccw_inventory_new(f->sys, NULL);
    f->store = vccw_store_new(f->dir);
    f->jobs = vccw_jobs_new();
    f->autostart = vccw_autostart_new(f->inventory, f->store, f->jobs, &f->host);
    vccw_inventory_set_func(f->inventory, on_change, f);
    vccw_autostart_set_func(f->autostart, on_outcome, f);
}

static gboolean
wake(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

static void
run_jobs(Fixture *f)
{
    gint64 deadline = g_get_monotonic_time() + MSEC * 1000;
    guint timer = g_timeout_add(5, wake, NULL);

    while (vccw_jobs_busy(f->jobs) && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    g_assert_cmpuint(vccw_jobs_busy(f->jobs), ==, 0);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    vccw_autostart_free(f->autostart);
    run_jobs(f);
    vccw_jobs_free(f->jobs);
    vccw_store_free(f->store);
    vccw_inventory_free(f->inventory);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_string_free(f->log, TRUE);
    g_free(f->sys);
    g_free(f->dir);
    tree_free(f->root);
}

static void
make_fifo(Fixture *f)
{
    g_autofree char *path = g_build_filename(f->sys, CREATE, NULL);

    unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
}

/* The kernel, once: makes the device that is asked for, and then has no instance more. */
static gpointer
play_create(gpointer data)
{
    Fixture *f = data;
    g_autofree char *path = g_build_filename(f->sys, CREATE, NULL);
    g_autofree char *uuid = NULL;

    g_assert_true(g_file_get_contents(path, &uuid, NULL, NULL));
    tree_link(f->sys, "/dev/full", CREATE);
    tree_add_mdev(f->sys, PARENT, uuid);
    return NULL;
}

static void
add_parent(Fixture *f)
{
    tree_add_subchannel(f->sys, PARENT);
    tree_bind(f->sys, PARENT, "vfio_ccw");
}

/* Asserts the outcome and that its reason has @word in it; result -1: there is none. */
static void
assert_outcome(Fixture *f, const VccwUuid *uuid, int result, const char *word)
{
    g_auto(VccwAutostartOutcome) outcome = { -1, NULL };

    g_assert_cmpint(vccw_autostart_outcome(f->autostart, uuid, &f->parent, &outcome), ==,
                    result >= 0);
    g_assert_cmpint((int)outcome.result, ==, result);
    if (word)
        g_assert_nonnull(strstr(outcome.reason, word));
    else
        g_assert_null(outcome.reason);
}

static void
test_start(Fixture *f, gconstpointer data)
{
    GThread *kernel;

    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    store_write(f->dir, PARENT, TREE_UUID_2, STORE_GOOD);
    vccw_store_load(f->store);
    add_parent(f);
    make_fifo(f);
    kernel = g_thread_new("kernel", play_create, f);
    vccw_inventory_scan(f->inventory);
    assert_outcome(f, &f->first, VCCW_AUTOSTART_WAITING, "being started");
    run_jobs(f);
    g_thread_join(kernel);
    tree_assert_log(f->log, "started 18;");
    assert_outcome(f, &f->first, VCCW_AUTOSTART_STARTED, NULL);
    assert_outcome(f, &f->second, -1, NULL);
    g_assert_nonnull(vccw_inventory_get_mdev(f->inventory, &f->first));
    g_assert_null(vccw_inventory_get_mdev(f->inventory, &f->second));
}

static void
test_waiting(Fixture *f, gconstpointer data)
{
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    vccw_store_load(f->store);
    vccw_inventory_scan(f->inventory);
    assert_outcome(f, &f->first, VCCW_AUTOSTART_WAITING, "no subchannel 0.0.0004");
    tree_add_subchannel(f->sys, PARENT);
    tree_bind(f->sys, PARENT, "io_subchannel");
    vccw_inventory_scan(f->inventory);
    assert_outcome(f, &f->first, VCCW_AUTOSTART_WAITING, "io_subchannel");
    assert_outcome(f, &f->second, -1, NULL);
    run_jobs(f);
    tree_assert_log(f->log, "");
}

/* One attempt for each registration, and its failure can be asked for. */
static void
test_failed(Fixture *f, gconstpointer data)
{
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    vccw_store_load(f->store);
    add_parent(f);
    tree_link(f->sys, "/dev/full", CREATE);
    vccw_inventory_scan(f->inventory);
    run_jobs(f);
    tree_assert_log(f->log, "failed 18;");
    assert_outcome(f, &f->first, VCCW_AUTOSTART_FAILED, "No space left");
    vccw_inventory_scan(f->inventory);
    run_jobs(f);
    tree_assert_log(f->log, "");
    assert_outcome(f, &f->first, VCCW_AUTOSTART_FAILED, "No space left");

    tree_unbind(f->sys, PARENT);
    vccw_inventory_scan(f->inventory);
    assert_outcome(f, &f->first, VCCW_AUTOSTART_WAITING, "no driver");
    tree_bind(f->sys, PARENT, "vfio_ccw");
    tree_link(f->sys, "/dev/full", CREATE);
    vccw_inventory_scan(f->inventory);
    run_jobs(f);
    tree_assert_log(f->log, "failed 18;");

    vccw_autostart_forget(f->autostart, &f->first, &f->parent);
    assert_outcome(f, &f->first, -1, NULL);
}

/* What is marked after its parent has registered waits for the next registration. */
static void
test_marked_later(Fixture *f, gconstpointer data)
{
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_GOOD);
    vccw_store_load(f->store);
    add_parent(f);
    vccw_inventory_scan(f->inventory);
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    vccw_store_load(f->store);
    run_jobs(f);
    tree_assert_log(f->log, "");
    assert_outcome(f, &f->first, -1, NULL);

    tree_unbind(f->sys, PARENT);
    vccw_inventory_scan(f->inventory);
    tree_bind(f->sys, PARENT, "vfio_ccw");
    tree_link(f->sys, "/dev/full", CREATE);
    vccw_inventory_scan(f->inventory);
    run_jobs(f);
    tree_assert_log(f->log, "failed 18;");
}

static void
test_unplugged(Fixture *f, gconstpointer data)
{
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    vccw_store_load(f->store);
    add_parent(f);
    tree_link(f->sys, "/dev/full", CREATE);
    vccw_inventory_scan(f->inventory);
    tree_remove_subchannel(f->sys, PARENT);
    run_jobs(f);
    tree_assert_log(f->log, ""); /* nothing failed: it waits again */
    assert_outcome(f, &f->first, VCCW_AUTOSTART_WAITING, "no subchannel");
}

static void
test_active_already(Fixture *f, gconstpointer data)
{
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    vccw_store_load(f->store);
    add_parent(f);
    tree_link(f->sys, "/dev/full", CREATE);
    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    vccw_inventory_scan(f->inventory);
    run_jobs(f);
    assert_outcome(f, &f->first, VCCW_AUTOSTART_STARTED, NULL);
    g_assert_null(strstr(f->log->str, "failed"));
}

/* mdevctl is faster: the kernel refuses, but the very device is there. */
static void
test_mdevctl_is_faster(Fixture *f, gconstpointer data)
{
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    store_write(f->dir, PARENT, TREE_UUID_2, STORE_AUTO);
    vccw_store_load(f->store);
    add_parent(f);
    tree_link(f->sys, "/dev/full", CREATE);
    vccw_inventory_set_func(f->inventory, NULL, NULL);
    vccw_inventory_scan(f->inventory);
    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    vccw_autostart_registered(f->autostart, &f->parent);
    run_jobs(f);
    tree_assert_log(f->log, "started 18;failed 2e;");
    g_assert_nonnull(vccw_inventory_get_mdev(f->inventory, &f->first));
}

/* Two for one instance: the order of the UUIDs decides, not the timing. */
static void
test_two_for_one(Fixture *f, gconstpointer data)
{
    GThread *kernel;

    store_write(f->dir, PARENT, TREE_UUID_2, STORE_AUTO);
    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    vccw_store_load(f->store);
    add_parent(f);
    make_fifo(f);
    vccw_inventory_scan(f->inventory);
    assert_outcome(f, &f->second, VCCW_AUTOSTART_WAITING,
                   "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004");
    kernel = g_thread_new("kernel", play_create, f);
    run_jobs(f);
    g_thread_join(kernel);
    tree_assert_log(f->log, "started 18;failed 2e;");
    assert_outcome(f, &f->second, VCCW_AUTOSTART_FAILED, "0_0_0004");
}

/* What is undefined, disabled or forgotten before its turn is not started. */
static void
test_changed_meanwhile(Fixture *f, gconstpointer data)
{
    static const char *const third = "3e4f2b0a-9d4c-4c55-8d3f-0a1b2c3d4e5f";
    GThread *kernel;

    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    store_write(f->dir, PARENT, TREE_UUID_2, STORE_AUTO);
    store_write(f->dir, PARENT, third, STORE_AUTO);
    vccw_store_load(f->store);
    add_parent(f);
    make_fifo(f);
    vccw_inventory_scan(f->inventory);
    vccw_autostart_forget(f->autostart, &f->second, &f->parent);
    store_write(f->dir, PARENT, third, STORE_GOOD); /* the view does not know yet */
    kernel = g_thread_new("kernel", play_create, f);
    run_jobs(f);
    g_thread_join(kernel);
    tree_assert_log(f->log, "started 18;");
}

/* An attempt hangs; the daemon ends; it goes on without harm. */
static void
test_end_while_hanging(Fixture *f, gconstpointer data)
{
    GThread *kernel;

    store_write(f->dir, PARENT, TREE_UUID_1, STORE_AUTO);
    store_write(f->dir, PARENT, TREE_UUID_2, STORE_AUTO);
    vccw_store_load(f->store);
    add_parent(f);
    make_fifo(f);
    vccw_inventory_scan(f->inventory);
    g_assert_cmpuint(vccw_jobs_busy(f->jobs), ==, 1);
    g_clear_pointer(&f->autostart, vccw_autostart_free);
    kernel = g_thread_new("kernel", play_create, f);
    run_jobs(f);
    g_thread_join(kernel);
    tree_assert_log(f->log, "");
}

#define FIXTURE_TEST(path, func) \
    g_test_add("/autostart/" path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    FIXTURE_TEST("start", test_start);
    FIXTURE_TEST("waiting", test_waiting);
    FIXTURE_TEST("failed", test_failed);
    FIXTURE_TEST("marked-later", test_marked_later);
    FIXTURE_TEST("unplugged", test_unplugged);
    FIXTURE_TEST("active-already", test_active_already);
    FIXTURE_TEST("mdevctl-is-faster", test_mdevctl_is_faster);
    FIXTURE_TEST("two-for-one", test_two_for_one);
    FIXTURE_TEST("changed-meanwhile", test_changed_meanwhile);
    FIXTURE_TEST("end-while-hanging", test_end_while_hanging);
    return g_test_run();
}
