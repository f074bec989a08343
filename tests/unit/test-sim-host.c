/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What surrounds the model of the simulator: the tree of files, the text that describes a
 * host, faults, and the control verbs.
 */

#include "sim-host.h"

/* -- the tree -- */

typedef struct {
    VccwSim *sim;
    GString *path;
    guint nodes;
} Walk;

/* Follows "../" and names from the folder that holds the link. */
static void
check_link(Walk *walk, VccwSimNode node)
{
    g_autofree char *target = vccw_sim_tree_readlink(walk->sim, node);
    g_autofree char *folder = g_path_get_dirname(walk->path->str);
    g_autofree char *joined = g_strdup_printf("/%s/%s", folder, target);
    g_autofree char *resolved = g_canonicalize_filename(joined, "/");

    if (!exists(walk->sim, resolved + 1))
        g_error("%s -> %s leads nowhere", walk->path->str, target);
}

static void
visit(const char *name, VccwSimNode node, gpointer data)
{
    Walk *walk = data;
    gsize before = walk->path->len;
    VccwSimNode again;
    mode_t type = vccw_sim_tree_row(node)->mode & S_IFMT;

    walk->nodes++;
    g_string_append_printf(walk->path, "%s%s", before ? "/" : "", name);
    g_assert_true(vccw_sim_tree_node(walk->sim, vccw_sim_tree_number(node), &again));
    g_assert_true(again.object == node.object && again.row == node.row);
    g_assert_true(vccw_sim_tree_find(walk->sim, walk->path->str, &again));
    g_assert_true(again.object == node.object && again.row == node.row);
    if (g_str_has_prefix(walk->path->str, "sys/")) {
        g_autofree char *path = vccw_sim_tree_path(node);

        g_assert_cmpstr(path, ==, walk->path->str + strlen("sys/"));
    }
    if (type == S_IFLNK)
        check_link(walk, node);
    if (type == S_IFDIR)
        vccw_sim_tree_list(walk->sim, node, visit, walk);
    g_string_truncate(walk->path, before);
}

static void
test_tree_consistent(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    g_autoptr(GString) path = g_string_new(NULL);
    Walk walk = { server->sim, path, 0 };

    take(server->sim, "0.0.0004");
    g_assert_cmpint(create(server->sim, "0.0.0004", UUID_A), ==, 0);
    vccw_sim_tree_list(server->sim, vccw_sim_tree_root(server->sim), visit, &walk);
    g_assert_cmpint(walk.nodes, >, 200);
}

static void
test_tree_stale_number(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSimNode node;
    guint64 folder, driver;

    g_assert_true(vccw_sim_tree_find(server->sim, CSS0 "0.0.0004", &node));
    folder = vccw_sim_tree_number(node);
    g_assert_true(vccw_sim_tree_find(server->sim, CSS0 "0.0.0004/driver", &node));
    driver = vccw_sim_tree_number(node);
    g_assert_cmpint(put(server->sim, DRIVERS "io_subchannel/unbind", "0.0.0004", NULL),
                    ==, 0);
    g_assert_false(vccw_sim_tree_node(server->sim, driver, &node));
    vccw_sim_reboot(server->sim);
    g_assert_true(vccw_sim_tree_find(server->sim, CSS0 "0.0.0004", &node));
    g_assert_false(vccw_sim_tree_node(server->sim, folder, &node));
    g_assert_false(vccw_sim_tree_node(server->sim, G_MAXUINT64, &node));
}

static void
test_tree_mirror(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    g_assert_true(vccw_sim_tree_mirror(server->sim, "sys/bus", "pci", TRUE));
    g_assert_false(vccw_sim_tree_mirror(server->sim, "sys/bus", "pci", TRUE));
    g_assert_false(vccw_sim_tree_mirror(server->sim, "sys/bus", "css", TRUE));
    g_assert_false(vccw_sim_tree_mirror(server->sim, "sys/nowhere", "x", TRUE));
    g_assert_true(exists(server->sim, "sys/bus/pci"));
    g_assert_false(exists(server->sim, "sys/class/pci"));
}

/* -- specs -- */

static void
test_spec_errors(void)
{
    static const char *const texts[] = {
        "subchannel",
        "subchannel 0.0.4",
        "subchannel 1.0.0004",
        "subchannel 0.4.0004",
        "subchannel 0.0.0004 colour=red",
        "subchannel 0.0.0004 device",
        "subchannel 0.0.0004 device=3000",
        "subchannel 0.0.0004 chpids=1,2,3,4,5,6,7,8,9",
        "subchannel 0.0.0004 chpids=100",
        "subchannel 0.0.0004 cutype=3990",
        "subchannel 0.0.0004 cutype=39900/e9",
        "subchannel 0.0.0004 online=yes",
        "subchannel 0.0.0004 pim=100",
        "subchannel 0.0.0004 pimpampom=80,80",
        "repeat",
        "repeat 0 subchannel 0.0.0004",
        "repeat 2 chp 34",
        "chp",
        "chp 100",
        "chp 34 colour=1",
        "chp 34 type",
        "chp 34 t=1",
        "device 0.0.0004",
        "module",
        "module vfio_ap absent",
        "module vfio_ccw absent now",
        "repeat 2 subchannel 0.3.ffff",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(VccwSim) sim = vccw_sim_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat("# first\n", texts[i], "\n", NULL);

        if (vccw_sim_spec_load_text(sim, "file", text, &error))
            g_error("'%s' is accepted", texts[i]);
        g_assert_nonnull(error);
        g_assert_true(g_str_has_prefix(error->message, "file:2: "));
    }
}

static void
test_spec_repeat(void)
{
    g_autoptr(VccwSimServer) server =
        make_server("repeat 4000 subchannel 0.0.fff0 device=0.0.1000 cutype=3990/e9 "
                    "driver=vfio_ccw\n");

    g_assert_cmpint(g_hash_table_size(server->sim->subchannels), ==, 4000);
    assert_file(server->sim, CSS0 "0.1.0000/dev_busid", "0.0.1010\n");
    g_assert_true(exists(server->sim, "sys/class/mdev_bus/0.1.0000"));
}

static void
test_spec_default(void)
{
    g_autoptr(VccwSim) sim = vccw_sim_new();
    g_autoptr(GError) error = NULL;

    vccw_sim_spec_load(sim, g_getenv("VIRTCCW_SIM_SPEC"), &error);
    g_assert_no_error(error);
    vccw_sim_boot(sim);
    assert_file(sim, CSS0 "0.0.0002/dev_busid", "0.0.1900\n");
    assert_file(sim, CSS0 "0.0.0004/dev_busid", "0.0.3000\n");
    assert_file(sim, CSS0 "0.0.003c/dev_busid", "0.0.c60c\n");
    assert_file(sim, CSS0 "0.0.0313/dev_busid", "0.0.2b09\n");
    assert_file(sim, CSS0 "0.0.16ca/dev_busid", "0.0.7e52\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/online", "1\n");
}

/* What "dump" prints before the colon can be read again. */
static void
test_spec_print(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    GHashTableIter iter;
    VccwSimSubchannel *sch;

    g_hash_table_iter_init(&iter, server->sim->subchannels);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&sch)) {
        g_autoptr(GString) first = g_string_new(NULL);
        g_autoptr(GString) second = g_string_new(NULL);
        g_autoptr(VccwSim) sim = vccw_sim_new();
        g_autoptr(GError) error = NULL;

        vccw_sim_spec_print(sch->spec, first);
        vccw_sim_spec_load_text(sim, "dump", first->str, &error);
        g_assert_no_error(error);
        vccw_sim_spec_print(g_ptr_array_index(sim->boot, 0), second);
        g_assert_cmpstr(first->str, ==, second->str);
    }
}

/* -- faults -- */

static void
test_fault_errors(void)
{
    static const char *const rules[][5] = {
        { "a" },
        { "a", "write" },
        { "a", "erase", "hang" },
        { "a", "write", "errno=ENOSUCH" },
        { "a", "write", "errno=1" },
        { "a", "write", "errno=" },
        { "a", "write", "count=0", "errno=EIO" },
        { "a", "write", "delay=-1" },
        { "a", "write", "delay=soon" },
        { "a", "write", "slowly" },
    };
    VccwSimFaults faults;

    vccw_sim_faults_init(&faults);
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(vccw_sim_faults_add(&faults, rules[i], &error));
        g_assert_nonnull(error);
    }
    g_assert_cmpint(faults.rules->len, ==, 0);
    vccw_sim_faults_clear(&faults);
}

static char *
verb(VccwSimServer *server, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    g_autoptr(GError) error = NULL;
    char *text = vccw_sim_verb_run(server, (const char *const *)words, -1, &error);

    return text ? text : g_strdup_printf("error: %s", error->message);
}

#define assert_verb(server, line, wanted)            \
    G_STMT_START                                     \
    {                                                \
        g_autofree char *text_ = verb(server, line); \
        g_assert_cmpstr(text_, ==, wanted);          \
    }                                                \
    G_STMT_END

#define assert_verb_fails(server, line)              \
    G_STMT_START                                     \
    {                                                \
        g_autofree char *text_ = verb(server, line); \
        if (!g_str_has_prefix(text_, "error: "))     \
            g_error("'%s' succeeds", line);          \
    }                                                \
    G_STMT_END

/* A whole write, as the file system does it. */
static int
server_write(VccwSimServer *server, const char *path, const char *text)
{
    VccwSimNode node;
    int ret = -ENOENT;

    vccw_sim_server_lock(server);
    if (vccw_sim_tree_find(server->sim, path, &node))
        ret = vccw_sim_server_write(server, vccw_sim_tree_number(node), text,
                                    strlen(text), 0);
    vccw_sim_server_unlock(server);
    return ret;
}

static void
test_fault_aliases(void)
{
    static const char *const globs[] = {
        "devices/css0/0.0.0004/0.0.3000/online",
        "/sys/bus/css/devices/0.0.0004/0.0.3000/online",
        "bus/ccw/devices/0.0.3000/online",
        "bus/ccw/drivers/dasd-eckd/0.0.3000/online",
        "bus/css/drivers/io_subchannel/0.0.0004/0.0.3000/online",
        "bus/ccw/devices/*/online",
    };
    static const char path[] = CSS0 "0.0.0004/0.0.3000/online";
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    for (guint i = 0; i < G_N_ELEMENTS(globs); i++) {
        g_autofree char *line =
            g_strdup_printf("fault %s write errno=EIO count=1", globs[i]);

        assert_verb(server, line, "");
        g_assert_cmpint(server_write(server, path, "0"), ==, -EIO);
        g_assert_cmpint(server_write(server, path, "0"), ==, 0);
        g_assert_cmpint(server_write(server, path, "1"), ==, 0);
    }
}

static void
test_fault_unbind(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    assert_verb(server, "fault bus/css/devices/0.0.0004/driver/unbind write errno=EBUSY",
                "");
    g_assert_cmpint(server_write(server, DRIVERS "io_subchannel/unbind", "0.0.0313\n"),
                    ==, 0);
    g_assert_cmpint(server_write(server, DRIVERS "io_subchannel/unbind", "0.0.0004\n"),
                    ==, -EBUSY);
    assert_verb(server, "unfault bus/css/devices/0.0.0004/driver/unbind", "1 lifted\n");
    g_assert_cmpint(server_write(server, DRIVERS "io_subchannel/unbind", "0.0.0004\n"),
                    ==, 0);
    assert_verb_fails(server, "unfault bus/css/devices/0.0.0004/driver/unbind");
}

static gpointer
write_later(gpointer data)
{
    VccwSimServer *server = data;

    return GINT_TO_POINTER(server_write(server, CSS0 "0.0.0004/0.0.3000/online", "0"));
}

static void
test_fault_hang(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    GThread *thread;
    gboolean caught = FALSE;

    assert_verb(server, "fault */online write hang count=1", "");
    thread = g_thread_new("writer", write_later, server);
    while (!caught) { /* until the writer is in the fault's grip */
        const VccwSimFault *fault;

        vccw_sim_server_lock(server);
        fault = g_ptr_array_index(server->faults.rules, 0);
        caught = g_atomic_int_get(&fault->refs) > 1;
        vccw_sim_server_unlock(server);
        g_thread_yield();
    }
    /* others are served meanwhile */
    g_assert_cmpint(server_write(server, CSS0 "0.0.0313/driver_override", "x"), ==, 0);
    assert_file(server->sim, CSS0 "0.0.0004/0.0.3000/online", "1\n");
    assert_verb(server, "unfault", "1 lifted\n");
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    assert_file(server->sim, CSS0 "0.0.0004/0.0.3000/online", "0\n");
}

static void
test_fault_delay(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    gint64 start = g_get_monotonic_time();

    assert_verb(server, "fault */online write delay=0.2 errno=ETIMEDOUT", "");
    g_assert_cmpint(server_write(server, CSS0 "0.0.0004/0.0.3000/online", "0"), ==,
                    -ETIMEDOUT);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, G_USEC_PER_SEC / 5);
}

/* -- verbs -- */

static void
test_verb_subchannel(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    assert_verb(server, "add-subchannel 0.0.0abc device=0.0.4711 cutype=3990/e9 online=1",
                "");
    assert_file(server->sim, CSS0 "0.0.0abc/0.0.4711/online", "1\n");
    assert_verb_fails(server, "add-subchannel 0.0.0abc");
    assert_verb_fails(server, "add-subchannel 0.0.0abd device=0.0.4711");
    assert_verb_fails(server, "add-subchannel abd");
    assert_verb_fails(server, "add-subchannel");
    assert_verb(server, "remove-subchannel 0.0.0abc", "");
    assert_verb_fails(server, "remove-subchannel 0.0.0abc");
}

static void
test_verb_remove_used(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    make_used_mdev(server->sim);
    assert_verb(server, "remove-subchannel 0.0.0004",
                "'0.0.0004' goes when the user of its mediated device closes it\n");
    assert_verb_fails(server, "remove-subchannel 0.0.0004");
}

static void
test_verb_set(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    assert_verb(server, "set 0.0.0004 pimpampom c0,40,ff", "");
    assert_file(sim, CSS0 "0.0.0004/pimpampom", "c0 40 ff\n");
    assert_file(sim, CSS0 "0.0.0004/vpm", "40\n");
    assert_verb(server, "set 0.0.0004 chpids 40,41,42", "");
    assert_file(sim, CSS0 "0.0.0004/chpids", "40 41 42 00 00 00 00 00 \n");
    g_assert_true(exists(sim, CSS0 "chp0.42"));
    assert_verb(server, "set 0.0.0004 dev_busid 0.0.3001", "");
    assert_file(sim, CSS0 "0.0.0004/dev_busid", "0.0.3001\n");
    g_assert_true(exists(sim, CSS0 "0.0.0004/0.0.3001"));
    g_assert_false(exists(sim, CSS0 "0.0.0004/0.0.3000"));
    assert_verb(server, "set 0.0.0004 dev_busid none", "");
    assert_file(sim, CSS0 "0.0.0004/dev_busid", "none\n");
    g_assert_false(exists(sim, CSS0 "0.0.0004/0.0.3001"));
    assert_verb_fails(server, "set 0.0.0004 dev_busid 3001");
    assert_verb_fails(server, "set 0.0.0004 colour red");
    assert_verb_fails(server, "set 0.0.9999 online 1");
    assert_verb_fails(server, "set 0.0.0004 online");
}

/* The device is pulled out: as seen on Linux 6.1, its driver decides what goes. */
static void
test_verb_set_no_device(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;
    VccwSimMdev *mdev;

    assert_verb(server, "set 0.0.0313 dev_busid none", "");
    g_assert_true(exists(sim, CSS0 "0.0.0313"));
    g_assert_false(exists(sim, CSS0 "0.0.0313/0.0.2b09"));
    mdev = make_used_mdev(sim);
    assert_verb(server, "set 0.0.0004 dev_busid none", "");
    g_assert_true(exists(sim, CSS0 "0.0.0004")); /* waits for the user of the mdev */
    vccw_sim_mdev_close(sim, mdev);
    g_assert_false(exists(sim, CSS0 "0.0.0004"));
}

static void
test_verb_online(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    assert_verb(server, "online 0.0.3000 0", "");
    assert_file(server->sim, CSS0 "0.0.0004/0.0.3000/online", "0\n");
    assert_verb(server, "online 0.0.0004 1", "");
    assert_file(server->sim, CSS0 "0.0.0004/0.0.3000/online", "1\n");
    assert_verb(server, "set 0.0.0004 busy 1", "");
    assert_verb_fails(server, "online 0.0.3000 0");
    assert_verb_fails(server, "online 0.0.3000 maybe");
    assert_verb_fails(server, "online 0.0.9999 1");
}

static void
test_verb_reboot(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    g_autofree char *folder = g_dir_make_tmp("sim-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "css-0.0.0313", NULL);

    server->overrides = g_strdup(folder);
    g_assert_true(g_file_set_contents(file, "vfio_ccw\n", -1, NULL));
    make_used_mdev(server->sim);
    assert_verb(server, "add-subchannel 0.0.0abc", "");
    assert_verb(server, "reboot", "");
    g_assert_false(exists(server->sim, CSS0 "0.0.0abc"));
    g_assert_cmpint(g_hash_table_size(server->sim->mdevs), ==, 0);
    assert_file(server->sim, CSS0 "0.0.0004/driver_override", "(null)\n");
    g_assert_true(exists(server->sim, CSS0 "0.0.0004/0.0.3000"));
    g_assert_true(exists(server->sim, "sys/class/mdev_bus/0.0.0313"));
    assert_file(server->sim, CSS0 "0.0.0313/driver_override", "vfio_ccw\n");
    g_unlink(file);
    g_rmdir(folder);
}

static void
test_verb_log(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    server_write(server, CSS0 "0.0.0004/driver_override", "vfio_ccw\n");
    server_write(server, DRIVERS "vfio_ccw/unbind", "0.0.0004\n");
    assert_verb(server, "log",
                "write devices/css0/0.0.0004/driver_override 'vfio_ccw' ok\n"
                "write bus/css/drivers/vfio_ccw/unbind '0.0.0004' ENODEV\n");
    assert_verb(server, "log clear", "");
    assert_verb(server, "log", "");
    assert_verb_fails(server, "log everything");
}

static void
test_verb_module(void)
{
    g_autoptr(VccwSimServer) server =
        make_server("module vfio_ccw absent\nsubchannel 0.0.0004 override=vfio_ccw\n");
    VccwSim *sim = server->sim;

    g_assert_false(exists(sim, "sys/bus/css/drivers/vfio_ccw"));
    g_assert_false(exists(sim, "sys/bus/mdev"));
    g_assert_false(exists(sim, "sys/class/mdev_bus"));
    g_assert_false(exists(sim, "sys/module/vfio_ccw"));
    g_assert_false(exists(sim, CSS0 "0.0.0004/driver"));
    assert_verb(server, "module load", "");
    g_assert_true(exists(sim, "sys/module/vfio_ccw"));
    g_assert_true(exists(sim, "sys/class/mdev_bus/0.0.0004"));
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    g_assert_cmpint(vccw_sim_mdev_open(g_hash_table_lookup(sim->mdevs, UUID_A), TRUE), ==,
                    0);
    assert_verb_fails(server, "module unload");
    vccw_sim_mdev_close(sim, g_hash_table_lookup(sim->mdevs, UUID_A));
    assert_verb(server, "module unload", "");
    g_assert_cmpint(g_hash_table_size(sim->mdevs), ==, 0);
    g_assert_false(exists(sim, "sys/module/vfio_ccw"));
    assert_verb(server, "module load", "");
    assert_verb(server, "reboot", "");
    g_assert_false(exists(sim, "sys/module/vfio_ccw"));
    assert_verb_fails(server, "module reload");
}

static void
test_verb_dump(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    g_autofree char *text = NULL;

    make_used_mdev(server->sim);
    text = verb(server, "dump");
    g_assert_nonnull(
        strstr(text, "\nmdev " UUID_A " subchannel=0.0.0004 group=0 used\n"));
    g_assert_nonnull(
        strstr(text, "\nccw 0.0.2b09 subchannel=0.0.0313 driver=dasd-eckd "));
    g_assert_nonnull(strstr(text, "driver=vfio_ccw override=vfio_ccw"));
    assert_verb(server, "group " UUID_A, "0");
}

static void
test_verb_usage(void)
{
    static const char *const lines[] = {
        "",
        "frob",
        "storm",
        "storm many",
        "reboot 1",
        "uevent add",
        "autostart-udev",
        "autostart-udev maybe",
        "group x",
        "release " UUID_A,
        "uevent add /devices/x noequals",
    };
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        assert_verb_fails(server, lines[i]);
    assert_verb(server, "storm 3", "3 sent\n");
    assert_verb(server, "uevent add /devices/x SUBSYSTEM=css", "");
    assert_verb(server, "autostart-udev on", "");
    g_assert_true(server->autostart);
    assert_verb(server, "autostart-udev off", "");
    g_assert_false(server->autostart);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sim/tree/consistent", test_tree_consistent);
    g_test_add_func("/sim/tree/stale-number", test_tree_stale_number);
    g_test_add_func("/sim/tree/mirror", test_tree_mirror);
    g_test_add_func("/sim/spec/errors", test_spec_errors);
    g_test_add_func("/sim/spec/repeat", test_spec_repeat);
    g_test_add_func("/sim/spec/default", test_spec_default);
    g_test_add_func("/sim/spec/print", test_spec_print);
    g_test_add_func("/sim/fault/errors", test_fault_errors);
    g_test_add_func("/sim/fault/aliases", test_fault_aliases);
    g_test_add_func("/sim/fault/unbind", test_fault_unbind);
    g_test_add_func("/sim/fault/hang", test_fault_hang);
    g_test_add_func("/sim/fault/delay", test_fault_delay);
    g_test_add_func("/sim/verb/subchannel", test_verb_subchannel);
    g_test_add_func("/sim/verb/remove-used", test_verb_remove_used);
    g_test_add_func("/sim/verb/set", test_verb_set);
    g_test_add_func("/sim/verb/set-no-device", test_verb_set_no_device);
    g_test_add_func("/sim/verb/online", test_verb_online);
    g_test_add_func("/sim/verb/reboot", test_verb_reboot);
    g_test_add_func("/sim/verb/log", test_verb_log);
    g_test_add_func("/sim/verb/module", test_verb_module);
    g_test_add_func("/sim/verb/dump", test_verb_dump);
    g_test_add_func("/sim/verb/usage", test_verb_usage);
    return g_test_run();
}
