/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The simulated channel subsystem answers as the kernel does: errnos, what each write
 * leaves behind, and the uevents in their order. All without FUSE, namespaces and
 * sockets.
 */

#include "bus.h"
#include "mdev.h"
#include "rows.h"
#include "server.h"
#include "spec.h"
#include "subchannel.h"
#include "verbs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define UUID_A "18e124fb-b2fc-47f6-a407-f256b6c49767"
#define UUID_B "28e124fb-b2fc-47f6-a407-f256b6c49767"

static const char two_dasds[] =
    "chp 34 type=1b\n"
    "subchannel 0.0.0002 device=0.0.1900 cutype=1732/01 devtype=1732/01 chpids=76\n"
    "subchannel 0.0.0004 device=0.0.3000 cutype=3990/e9 devtype=3390/0c online=1 "
    "chpids=34,35\n"
    "subchannel 0.0.0313 device=0.0.2b09 cutype=3990/e9 devtype=3390/0c chpids=34,35\n"
    "subchannel 0.0.ff40 type=1\n";

static VccwSimServer *
make_server(const char *spec)
{
    g_autoptr(GError) error = NULL;
    VccwSim *sim = vccw_sim_new();

    g_assert_true(vccw_sim_spec_load_text(sim, "test", spec, &error));
    g_assert_no_error(error);
    vccw_sim_boot(sim);
    g_queue_clear_full(&sim->effects, (GDestroyNotify)vccw_sim_uevent_free);
    return vccw_sim_server_new(sim);
}

/* The uevents since last time: "ACTION DEVPATH KEY=VALUE …" each, below /devices. */
static char *
drain(VccwSim *sim)
{
    GString *text = g_string_new(NULL);
    VccwSimUevent *uevent;

    while ((uevent = g_queue_pop_head(&sim->effects))) {
        g_autofree char *env = g_strjoinv(" ", uevent->env);

        g_string_append_printf(text, "%s %s %s\n", uevent->action, uevent->devpath, env);
        vccw_sim_uevent_free(uevent);
    }
    return g_string_free(text, FALSE);
}

#define assert_uevents(sim, ...)                                                  \
    G_STMT_START                                                                  \
    {                                                                             \
        g_autofree char *seen_ = drain(sim);                                      \
        static const char *const wanted_[] = { __VA_ARGS__, NULL };               \
        g_autofree char *joined_ = g_strjoinv("\n", (char **)wanted_);            \
        g_autofree char *all_ = g_strconcat(joined_, *joined_ ? "\n" : "", NULL); \
        g_assert_cmpstr(seen_, ==, all_);                                         \
    }                                                                             \
    G_STMT_END

/* Writes to a file as a process would, but leaves the uevents in the queue. */
static int
put(VccwSim *sim, const char *path, const char *text, VccwSimTicket **ret_ticket)
{
    VccwSimTicket *ticket = NULL;
    VccwSimNode node;
    int ret;

    if (!vccw_sim_tree_find(sim, path, &node))
        return -ENOENT;
    ret = vccw_sim_tree_write(sim, node, text, strlen(text), &ticket);
    if (ret_ticket)
        *ret_ticket = ticket;
    else
        g_assert_null(ticket);
    return ret;
}

static char *
get(VccwSim *sim, const char *path)
{
    GString *text = g_string_new(NULL);
    VccwSimNode node;

    if (vccw_sim_tree_find(sim, path, &node))
        g_assert_cmpint(vccw_sim_tree_read(sim, node, text), ==, 0);
    else
        g_string_assign(text, "(absent)");
    return g_string_free(text, FALSE);
}

#define assert_file(sim, path, wanted)           \
    G_STMT_START                                 \
    {                                            \
        g_autofree char *text_ = get(sim, path); \
        g_assert_cmpstr(text_, ==, wanted);      \
    }                                            \
    G_STMT_END

static gboolean
exists(VccwSim *sim, const char *path)
{
    VccwSimNode node;

    return vccw_sim_tree_find(sim, path, &node);
}

#define CSS0    "sys/devices/css0/"
#define DRIVERS "sys/bus/css/drivers/"

static void
take(VccwSim *sim, const char *name)
{
    g_autofree char *override = g_strdup_printf(CSS0 "%s/driver_override", name);

    g_assert_cmpint(put(sim, override, "vfio_ccw\n", NULL), ==, 0);
    g_assert_cmpint(put(sim, DRIVERS "io_subchannel/unbind", name, NULL), ==, 0);
    g_assert_cmpint(put(sim, "sys/bus/css/drivers_probe", name, NULL), ==, 0);
}

static int
create(VccwSim *sim, const char *name, const char *text)
{
    g_autofree char *path =
        g_strdup_printf(CSS0 "%s/mdev_supported_types/vfio_ccw-io/create", name);

    return put(sim, path, text, NULL);
}

/* -- attributes -- */

static void
test_attributes(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    assert_file(sim, CSS0 "0.0.0004/type", "0\n");
    assert_file(sim, CSS0 "0.0.0004/modalias", "css:t0\n");
    assert_file(sim, CSS0 "0.0.0004/dev_busid", "0.0.3000\n");
    assert_file(sim, CSS0 "0.0.0004/chpids", "34 35 00 00 00 00 00 00 \n");
    assert_file(sim, CSS0 "0.0.0004/pimpampom", "c0 c0 ff\n");
    assert_file(sim, CSS0 "0.0.0004/vpm", "c0\n");
    assert_file(sim, CSS0 "0.0.0004/driver_override", "(null)\n");
    assert_file(sim, CSS0 "0.0.0004/uevent",
                "DRIVER=io_subchannel\nST=0\nMODALIAS=css:t0\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/cutype", "3990/e9\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/devtype", "3390/0c\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/online", "1\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/uevent",
                "DRIVER=dasd-eckd\nCU_TYPE=3990\nCU_MODEL=E9\nDEV_TYPE=3390\n"
                "DEV_MODEL=0C\nMODALIAS=ccw:t3990mE9dt3390dm0C\n");
    assert_file(sim, CSS0 "0.0.ff40/type", "1\n");
    assert_file(sim, CSS0 "0.0.ff40/dev_busid", "(absent)");
    assert_file(sim, CSS0 "0.0.ff40/chpids", "(absent)");
    assert_file(sim, CSS0 "chp0.34/type", "1b\n");
}

static void
test_attribute_devtype_absent(void)
{
    g_autoptr(VccwSimServer) server =
        make_server("subchannel 0.0.0001 device=0.0.1111 cutype=3832/02\n");

    assert_file(server->sim, CSS0 "0.0.0001/0.0.1111/devtype", "n/a\n");
    assert_file(server->sim, CSS0 "0.0.0001/0.0.1111/modalias", "ccw:t3832m02dtdm\n");
    assert_file(server->sim, CSS0 "0.0.0001/chpids", "00 00 00 00 00 00 00 00 \n");
    assert_file(server->sim, CSS0 "0.0.0001/pimpampom", "80 80 ff\n");
}

/* -- binding -- */

static void
test_bind(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    take(sim, "0.0.0004");
    assert_uevents(
        sim,
        "unbind /devices/css0/0.0.0004/0.0.3000 SUBSYSTEM=ccw CU_TYPE=3990 "
        "CU_MODEL=E9 DEV_TYPE=3390 DEV_MODEL=0C MODALIAS=ccw:t3990mE9dt3390dm0C",
        "remove /devices/css0/0.0.0004/0.0.3000 SUBSYSTEM=ccw CU_TYPE=3990 "
        "CU_MODEL=E9 DEV_TYPE=3390 DEV_MODEL=0C MODALIAS=ccw:t3990mE9dt3390dm0C",
        "unbind /devices/css0/0.0.0004 SUBSYSTEM=css ST=0 MODALIAS=css:t0",
        "change /devices/css0/0.0.0004 SUBSYSTEM=css MDEV_STATE=registered "
        "DRIVER=vfio_ccw ST=0 MODALIAS=css:t0",
        "bind /devices/css0/0.0.0004 SUBSYSTEM=css DRIVER=vfio_ccw ST=0 "
        "MODALIAS=css:t0");
    g_assert_false(exists(sim, CSS0 "0.0.0004/0.0.3000"));
    g_assert_false(exists(sim, CSS0 "0.0.0004/vpm"));
    g_assert_true(exists(sim, "sys/class/mdev_bus/0.0.0004"));
    assert_file(sim, CSS0 "0.0.0004/dev_busid", "0.0.3000\n");
    assert_file(sim, CSS0 "0.0.0004/mdev_supported_types/vfio_ccw-io/available_instances",
                "1\n");
}

static void
test_bind_back(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;
    g_autofree char *before = NULL;

    take(sim, "0.0.0004");
    before = drain(sim);
    g_assert_cmpint(put(sim, DRIVERS "vfio_ccw/unbind", "0.0.0004\n", NULL), ==, 0);
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/driver_override", "\n", NULL), ==, 0);
    g_assert_cmpint(put(sim, "sys/bus/css/drivers_probe", "0.0.0004", NULL), ==, 0);
    assert_uevents(
        sim,
        "change /devices/css0/0.0.0004 SUBSYSTEM=css MDEV_STATE=unregistered "
        "DRIVER=vfio_ccw ST=0 MODALIAS=css:t0",
        "unbind /devices/css0/0.0.0004 SUBSYSTEM=css ST=0 MODALIAS=css:t0",
        "bind /devices/css0/0.0.0004 SUBSYSTEM=css DRIVER=io_subchannel ST=0 "
        "MODALIAS=css:t0",
        "add /devices/css0/0.0.0004/0.0.3000 SUBSYSTEM=ccw CU_TYPE=3990 CU_MODEL=E9 "
        "DEV_TYPE=3390 DEV_MODEL=0C MODALIAS=ccw:t3990mE9dt3390dm0C",
        "bind /devices/css0/0.0.0004/0.0.3000 SUBSYSTEM=ccw DRIVER=dasd-eckd "
        "CU_TYPE=3990 "
        "CU_MODEL=E9 DEV_TYPE=3390 DEV_MODEL=0C MODALIAS=ccw:t3990mE9dt3390dm0C");
    g_assert_false(exists(sim, CSS0 "0.0.0004/mdev_supported_types"));
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/online", "1\n");
}

static void
test_bind_errors(void)
{
    static const struct {
        const char *path, *text;
        int result;
    } writes[] = {
        { DRIVERS "io_subchannel/bind", "0.0.0004", -EBUSY },
        { DRIVERS "io_subchannel/bind", "0.0.9999", -ENODEV },
        { DRIVERS "io_subchannel/bind", "0.0.0004\n\n", -ENODEV },
        { DRIVERS "io_subchannel/bind", "", -ENODEV },
        { DRIVERS "chsc_subchannel/bind", "0.0.0004", -ENODEV },
        { DRIVERS "vfio_ccw/unbind", "0.0.0004", -ENODEV },
        { DRIVERS "vfio_ccw/bind", "0.0.ff40", -ENODEV },
        { "sys/bus/css/drivers_probe", "0.0.9999", -ENODEV },
        { "sys/bus/css/drivers_probe", "0.0.0004", 0 },
        { DRIVERS "io_subchannel/unbind", "0.0.0004\n", 0 },
        { DRIVERS "io_subchannel/unbind", "0.0.0004", -ENODEV },
        /* without an override any driver that takes the type can be had by name */
        { DRIVERS "vfio_ccw/bind", "0.0.0004", 0 },
        { DRIVERS "vfio_ccw/unbind", "0.0.0004", 0 },
        { CSS0 "0.0.0004/driver_override", "vfio_ccw", 0 },
        { DRIVERS "io_subchannel/bind", "0.0.0004", -ENODEV },
        { CSS0 "0.0.0004/driver_override", "nobody", 0 },
        { "sys/bus/css/drivers_probe", "0.0.0004", 0 },
        { DRIVERS "vfio_ccw/bind", "0.0.0004", -ENODEV },
    };
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    for (guint i = 0; i < G_N_ELEMENTS(writes); i++) {
        int ret = put(server->sim, writes[i].path, writes[i].text, NULL);

        if (ret != writes[i].result)
            g_error("%u: %s <- '%s': %d", i, writes[i].path, writes[i].text, ret);
    }
    g_assert_false(exists(server->sim, CSS0 "0.0.0004/driver"));
}

static void
test_bind_qdio(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    take(server->sim, "0.0.0002"); /* drivers_probe says nothing about a refusal */
    g_assert_false(exists(server->sim, CSS0 "0.0.0002/driver"));
    g_assert_cmpint(put(server->sim, DRIVERS "vfio_ccw/bind", "0.0.0002", NULL), ==,
                    -ENODEV);
}

static void
test_override(void)
{
    static const struct {
        const char *text, *shown;
    } writes[] = {
        { "vfio_ccw", "vfio_ccw\n" }, { "a\nb", "a\n" },
        { "\n", "(null)\n" },         { "x\n", "x\n" },
        { "", "(null)\n" },
    };
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    g_autofree char *page = g_strnfill(4095, 'x');

    for (guint i = 0; i < G_N_ELEMENTS(writes); i++) {
        g_assert_cmpint(
            put(server->sim, CSS0 "0.0.0004/driver_override", writes[i].text, NULL), ==,
            0);
        assert_file(server->sim, CSS0 "0.0.0004/driver_override", writes[i].shown);
    }
    g_assert_cmpint(put(server->sim, CSS0 "0.0.0004/driver_override", page, NULL), ==,
                    -EINVAL);
}

/* -- mdevs -- */

static void
test_create_errors(void)
{
    static const struct {
        const char *text;
        int result;
    } writes[] = {
        { "", -EINVAL },
        { "x", -EINVAL },
        { "18e124fb-b2fc-47f6-a407-f256b6c4976", -EINVAL },
        { UUID_A "\n\n", -EINVAL },
        { "18e124fb:b2fc-47f6-a407-f256b6c49767", -EINVAL },
        { "18e124fbb2fc47f6a407f256b6c49767....", -EINVAL },
        { "g8e124fb-b2fc-47f6-a407-f256b6c49767", -EINVAL },
        { UUID_A "\n", 0 },
        { UUID_A, -EEXIST },
        { "18E124FB-B2FC-47F6-A407-F256B6C49767", -EEXIST },
        { UUID_B, -EUSERS },
    };
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    take(server->sim, "0.0.0004");
    take(server->sim, "0.0.0313");
    for (guint i = 0; i < G_N_ELEMENTS(writes); i++) {
        int ret = create(server->sim, "0.0.0004", writes[i].text);

        if (ret != writes[i].result)
            g_error("%u: '%s': %d", i, writes[i].text, ret);
    }
    /* active anywhere, not only on this parent */
    g_assert_cmpint(create(server->sim, "0.0.0313", UUID_A), ==, -EEXIST);
    vccw_sim_subchannel(server->sim, "0.0.0313")->spec->inoperative = TRUE;
    g_assert_cmpint(create(server->sim, "0.0.0313", UUID_B), ==, -ENODEV);
}

static void
test_create(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;
    g_autofree char *before = NULL;

    take(sim, "0.0.0004");
    before = drain(sim);
    g_assert_cmpint(create(sim, "0.0.0004", "18E124FB-b2fc-47f6-a407-f256b6c49767\n"), ==,
                    0);
    assert_uevents(
        sim, "add /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev",
        "add /devices/virtual/vfio/0 SUBSYSTEM=vfio MAJOR=246 MINOR=0 DEVNAME=vfio/0",
        "add /devices/css0/0.0.0004/" UUID_A "/vfio-dev/vfio0 SUBSYSTEM=vfio-dev",
        "bind /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev DRIVER=vfio_ccw_mdev");
    assert_file(sim, CSS0 "0.0.0004/mdev_supported_types/vfio_ccw-io/available_instances",
                "0\n");
    g_assert_true(exists(sim, "sys/bus/mdev/devices/" UUID_A));
    g_assert_true(exists(sim, "vfio/0"));
    g_assert_true(exists(sim, "sys/kernel/iommu_groups/0/devices/" UUID_A));
}

static void
test_remove(void)
{
    static const char remove[] = CSS0 "0.0.0004/" UUID_A "/remove";
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;
    g_autofree char *before = NULL;

    take(sim, "0.0.0004");
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    before = drain(sim);
    g_assert_cmpint(put(sim, remove, "yes", NULL), ==, -EINVAL);
    g_assert_cmpint(put(sim, remove, "", NULL), ==, -EINVAL);
    g_assert_cmpint(put(sim, remove, "0\n", NULL), ==, 0);
    g_assert_true(exists(sim, remove));
    g_assert_cmpint(put(sim, remove, "1\n", NULL), ==, 0);
    assert_uevents(
        sim, "remove /devices/css0/0.0.0004/" UUID_A "/vfio-dev/vfio0 SUBSYSTEM=vfio-dev",
        "remove /devices/virtual/vfio/0 SUBSYSTEM=vfio MAJOR=246 MINOR=0 DEVNAME=vfio/0",
        "unbind /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev",
        "remove /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev");
    g_assert_false(exists(sim, CSS0 "0.0.0004/" UUID_A));
    g_assert_false(exists(sim, "vfio/0"));
    assert_file(sim, CSS0 "0.0.0004/mdev_supported_types/vfio_ccw-io/available_instances",
                "1\n");
}

static VccwSimMdev *
make_used_mdev(VccwSim *sim)
{
    VccwSimMdev *mdev;

    take(sim, "0.0.0004");
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    mdev = g_hash_table_lookup(sim->mdevs, UUID_A);
    g_assert_cmpint(vccw_sim_mdev_open(mdev, TRUE), ==, 0);
    g_assert_cmpint(vccw_sim_mdev_open(mdev, TRUE), ==, -EBUSY);
    g_free(drain(sim));
    return mdev;
}

static void
test_remove_used(void)
{
    static const char remove[] = CSS0 "0.0.0004/" UUID_A "/remove";
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;
    VccwSimMdev *mdev = make_used_mdev(sim);
    g_autoptr(VccwSimTicket) ticket = NULL;

    g_assert_cmpint(put(sim, remove, "1", &ticket), ==, 0);
    g_assert_nonnull(ticket);
    g_assert_false(ticket->done);
    g_assert_true(g_queue_is_empty(&sim->effects));
    g_assert_cmpint(put(sim, remove, "1", NULL), ==, -EAGAIN);
    g_assert_cmpint(vccw_sim_mdev_open(mdev, TRUE), ==, -ENODEV);
    g_assert_false(exists(sim, "sys/bus/mdev/devices/" UUID_A));
    g_assert_true(exists(sim, CSS0 "0.0.0004/" UUID_A));
    g_assert_cmpint(create(sim, "0.0.0004", UUID_B), ==, -EUSERS);
    vccw_sim_mdev_close(sim, mdev);
    g_assert_true(ticket->done);
    g_assert_cmpint(ticket->result, ==, 0);
    g_assert_false(exists(sim, CSS0 "0.0.0004/" UUID_A));
    g_assert_cmpint(create(sim, "0.0.0004", UUID_B), ==, 0);
}

static void
test_remove_probed(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    take(sim, "0.0.0004");
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    g_assert_cmpint(vccw_sim_mdev_open(g_hash_table_lookup(sim->mdevs, UUID_A), FALSE),
                    ==, 0);
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/" UUID_A "/remove", "1", NULL), ==, 0);
    g_assert_false(exists(sim, CSS0 "0.0.0004/" UUID_A));
}

static void
test_unbind_used(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;
    VccwSimMdev *mdev = make_used_mdev(sim);
    g_autoptr(VccwSimTicket) first = NULL;
    g_autoptr(VccwSimTicket) second = NULL;

    g_assert_cmpint(put(sim, DRIVERS "vfio_ccw/unbind", "0.0.0004", &first), ==, 0);
    g_assert_cmpint(put(sim, DRIVERS "vfio_ccw/unbind", "0.0.0004", &second), ==, 0);
    g_assert_false(first->done || second->done);
    g_assert_false(exists(sim, CSS0 "0.0.0004/driver"));
    g_assert_false(exists(sim, "sys/class/mdev_bus/0.0.0004"));
    vccw_sim_mdev_close(sim, mdev);
    g_assert_true(first->done && second->done);
    assert_uevents(
        sim, "remove /devices/css0/0.0.0004/" UUID_A "/vfio-dev/vfio0 SUBSYSTEM=vfio-dev",
        "remove /devices/virtual/vfio/0 SUBSYSTEM=vfio MAJOR=246 MINOR=0 DEVNAME=vfio/0",
        "unbind /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev",
        "remove /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev",
        "change /devices/css0/0.0.0004 SUBSYSTEM=css MDEV_STATE=unregistered "
        "DRIVER=vfio_ccw ST=0 MODALIAS=css:t0",
        "unbind /devices/css0/0.0.0004 SUBSYSTEM=css ST=0 MODALIAS=css:t0");
    g_assert_cmpint(put(sim, DRIVERS "vfio_ccw/bind", "0.0.0004", NULL), ==, 0);
}

static void
test_groups(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    take(sim, "0.0.0004");
    take(sim, "0.0.0313");
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    g_assert_cmpint(create(sim, "0.0.0313", UUID_B), ==, 0);
    g_assert_true(exists(sim, "vfio/0") && exists(sim, "vfio/1"));
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/" UUID_A "/remove", "1", NULL), ==, 0);
    g_assert_false(exists(sim, "vfio/0"));
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    g_assert_true(exists(sim, "vfio/0"));
}

/* -- the hardware -- */

static void
test_hot_plug(void)
{
    g_autoptr(VccwSimServer) server = make_server("");
    const char *words[] = { "0.0.0007", "device=0.0.1234", "cutype=3990/e9",
                            "devtype=3390/0c", NULL };
    g_autoptr(VccwSimSpec) spec = vccw_sim_spec_parse(words, NULL);
    VccwSimSubchannel *sch = vccw_sim_subchannel_add(server->sim, spec);

    assert_uevents(
        server->sim, "add /devices/css0/0.0.0007 SUBSYSTEM=css ST=0 MODALIAS=css:t0",
        "bind /devices/css0/0.0.0007 SUBSYSTEM=css DRIVER=io_subchannel ST=0 "
        "MODALIAS=css:t0",
        "add /devices/css0/0.0.0007/0.0.1234 SUBSYSTEM=ccw CU_TYPE=3990 CU_MODEL=E9 "
        "DEV_TYPE=3390 DEV_MODEL=0C MODALIAS=ccw:t3990mE9dt3390dm0C",
        "bind /devices/css0/0.0.0007/0.0.1234 SUBSYSTEM=ccw DRIVER=dasd-eckd "
        "CU_TYPE=3990 "
        "CU_MODEL=E9 DEV_TYPE=3390 DEV_MODEL=0C MODALIAS=ccw:t3990mE9dt3390dm0C");
    g_assert_null(vccw_sim_subchannel_add(server->sim, spec));
    g_assert_true(vccw_sim_subchannel_remove(server->sim, sch));
    g_assert_null(vccw_sim_subchannel(server->sim, "0.0.0007"));
    g_assert_cmpint(g_hash_table_size(server->sim->behind), ==, 0);
}

static void
test_unplug_mdev(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    take(sim, "0.0.0004");
    g_assert_cmpint(create(sim, "0.0.0004", UUID_A), ==, 0);
    g_free(drain(sim));
    g_assert_true(vccw_sim_subchannel_remove(sim, vccw_sim_subchannel(sim, "0.0.0004")));
    assert_uevents(
        sim, "remove /devices/css0/0.0.0004/" UUID_A "/vfio-dev/vfio0 SUBSYSTEM=vfio-dev",
        "remove /devices/virtual/vfio/0 SUBSYSTEM=vfio MAJOR=246 MINOR=0 DEVNAME=vfio/0",
        "unbind /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev",
        "remove /devices/css0/0.0.0004/" UUID_A " SUBSYSTEM=mdev",
        "change /devices/css0/0.0.0004 SUBSYSTEM=css MDEV_STATE=unregistered "
        "DRIVER=vfio_ccw ST=0 MODALIAS=css:t0",
        "unbind /devices/css0/0.0.0004 SUBSYSTEM=css ST=0 MODALIAS=css:t0",
        "remove /devices/css0/0.0.0004 SUBSYSTEM=css ST=0 MODALIAS=css:t0");
}

static void
test_unplug_used(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;
    VccwSimMdev *mdev = make_used_mdev(sim);

    g_assert_false(vccw_sim_subchannel_remove(sim, vccw_sim_subchannel(sim, "0.0.0004")));
    g_assert_false(exists(sim, "sys/bus/css/devices/0.0.0004"));
    g_assert_true(exists(sim, CSS0 "0.0.0004"));
    g_assert_cmpint(put(sim, DRIVERS "vfio_ccw/bind", "0.0.0004", NULL), ==, -ENODEV);
    vccw_sim_mdev_close(sim, mdev);
    g_assert_false(exists(sim, CSS0 "0.0.0004"));
}

static void
test_online(void)
{
    static const struct {
        const char *text;
        int result;
        const char *shown;
    } writes[] = {
        { "1", -EINVAL, "1\n" }, { "0", 0, "0\n" },        { "0", -EINVAL, "0\n" },
        { "2", -EINVAL, "0\n" }, { "on", -EINVAL, "0\n" }, { "1\n", 0, "1\n" },
        { "0\n", 0, "0\n" },     { "force\n", 0, "1\n" },  { "", -EINVAL, "1\n" },
        { "0x0", 0, "0\n" },
    };
    static const char online[] = CSS0 "0.0.0004/0.0.3000/online";
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    for (guint i = 0; i < G_N_ELEMENTS(writes); i++) {
        int ret = put(server->sim, online, writes[i].text, NULL);

        if (ret != writes[i].result)
            g_error("%u: '%s': %d", i, writes[i].text, ret);
        assert_file(server->sim, online, writes[i].shown);
    }
    g_assert_true(g_queue_is_empty(&server->sim->effects));
}

static void
test_online_busy(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);

    vccw_sim_subchannel(server->sim, "0.0.0004")->spec->busy = TRUE;
    g_assert_cmpint(put(server->sim, CSS0 "0.0.0004/0.0.3000/online", "0", NULL), ==,
                    -EBUSY);
}

static void
test_chp(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    g_assert_cmpint(put(sim, CSS0 "chp0.34/status", "off\n", NULL), ==, 0);
    assert_file(sim, CSS0 "chp0.34/status", "offline\n");
    assert_file(sim, CSS0 "0.0.0004/vpm", "40\n");
    assert_file(sim, CSS0 "0.0.0004/pimpampom", "c0 c0 ff\n");
    g_assert_cmpint(put(sim, CSS0 "chp0.34/status", "on", NULL), ==, 0);
    assert_file(sim, CSS0 "0.0.0004/vpm", "c0\n");
    g_assert_cmpint(put(sim, CSS0 "chp0.34/status", "maybe", NULL), ==, -EINVAL);
    g_assert_cmpint(put(sim, CSS0 "chp0.35/configure", "0", NULL), ==, 0);
    assert_file(sim, CSS0 "chp0.35/configure", "0\n");
    assert_file(sim, CSS0 "0.0.0004/pimpampom", "c0 80 ff\n");
    g_assert_cmpint(put(sim, CSS0 "chp0.35/configure", "2", NULL), ==, -EINVAL);
    g_assert_cmpint(put(sim, CSS0 "chp0.35/configure", "1", NULL), ==, 0);
    assert_file(sim, CSS0 "0.0.0004/pimpampom", "c0 c0 ff\n");
}

static void
test_synthetic_uevent(void)
{
    g_autoptr(VccwSimServer) server = make_server(two_dasds);
    VccwSim *sim = server->sim;

    g_assert_cmpint(put(sim, CSS0 "0.0.0004/uevent", "add\n", NULL), ==, 0);
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/uevent", "change " UUID_A " A=1 B=2", NULL),
                    ==, 0);
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/uevent", "explode", NULL), ==, -EINVAL);
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/uevent", "", NULL), ==, -EINVAL);
    g_assert_cmpint(put(sim, "sys/bus/css/uevent", "add", NULL), ==, 0);
    assert_uevents(sim,
                   "add /devices/css0/0.0.0004 SUBSYSTEM=css SYNTH_UUID=0 "
                   "DRIVER=io_subchannel ST=0 MODALIAS=css:t0",
                   "change /devices/css0/0.0.0004 SUBSYSTEM=css SYNTH_UUID=" UUID_A
                   " SYNTH_ARG_A=1 SYNTH_ARG_B=2 DRIVER=io_subchannel ST=0 "
                   "MODALIAS=css:t0",
                   "add /bus/css SUBSYSTEM=bus SYNTH_UUID=0");
}

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
    g_test_add_func("/sim/attributes", test_attributes);
    g_test_add_func("/sim/attributes/devtype-absent", test_attribute_devtype_absent);
    g_test_add_func("/sim/bind", test_bind);
    g_test_add_func("/sim/bind/back", test_bind_back);
    g_test_add_func("/sim/bind/errors", test_bind_errors);
    g_test_add_func("/sim/bind/qdio", test_bind_qdio);
    g_test_add_func("/sim/bind/override", test_override);
    g_test_add_func("/sim/mdev/create", test_create);
    g_test_add_func("/sim/mdev/create-errors", test_create_errors);
    g_test_add_func("/sim/mdev/remove", test_remove);
    g_test_add_func("/sim/mdev/remove-used", test_remove_used);
    g_test_add_func("/sim/mdev/remove-probed", test_remove_probed);
    g_test_add_func("/sim/mdev/unbind-used", test_unbind_used);
    g_test_add_func("/sim/mdev/groups", test_groups);
    g_test_add_func("/sim/hardware/hot-plug", test_hot_plug);
    g_test_add_func("/sim/hardware/unplug-mdev", test_unplug_mdev);
    g_test_add_func("/sim/hardware/unplug-used", test_unplug_used);
    g_test_add_func("/sim/hardware/online", test_online);
    g_test_add_func("/sim/hardware/online-busy", test_online_busy);
    g_test_add_func("/sim/hardware/chp", test_chp);
    g_test_add_func("/sim/uevent/synthetic", test_synthetic_uevent);
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
    g_test_add_func("/sim/verb/online", test_verb_online);
    g_test_add_func("/sim/verb/reboot", test_verb_reboot);
    g_test_add_func("/sim/verb/log", test_verb_log);
    g_test_add_func("/sim/verb/dump", test_verb_dump);
    g_test_add_func("/sim/verb/usage", test_verb_usage);
    return g_test_run();
}
