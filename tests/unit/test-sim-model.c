/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The simulated channel subsystem answers as the kernel does: errnos, what each write
 * leaves behind, and the uevents in their order. All without FUSE, namespaces and
 * sockets.
 */

#include "sim-host.h"

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

/* The disk of a DASD comes and goes with its being online; what is built on it keeps it
 * there. */
static void
test_block(void)
{
    g_autoptr(VccwSimServer) server = make_server(
        "subchannel 0.0.0004 device=0.0.3000 cutype=3990/e9 devtype=3390/0c online=1 "
        "block=dasdb uid=IBM.1 holder=dm-2/vg-lv/LVM-x\n");
    VccwSim *sim = server->sim;

    assert_file(sim, CSS0 "0.0.0004/0.0.3000/uid", "IBM.1\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/alias", "0\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/block/dasdb/dev", "94:4\n");
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/block/dasdb/dasdb1/dev", "94:5\n");
    assert_file(sim, "sys/devices/virtual/block/dm-2/dev", "253:2\n");
    assert_file(sim, "sys/devices/virtual/block/dm-2/dm/name", "vg-lv\n");
    assert_file(sim, "sys/devices/virtual/block/dm-2/dm/uuid", "LVM-x\n");
    g_assert_true(exists(sim, "sys/class/block/dasdb1"));
    g_assert_true(exists(sim, CSS0 "0.0.0004/0.0.3000/block/dasdb/dasdb1/holders/dm-2"));
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/0.0.3000/online", "0", NULL), ==, -EBUSY);
    g_clear_pointer(&vccw_sim_subchannel(sim, "0.0.0004")->spec->holder, g_free);
    g_free(drain(sim));
    g_assert_cmpint(put(sim, CSS0 "0.0.0004/0.0.3000/online", "0", NULL), ==, 0);
    assert_uevents(sim,
                   "remove /devices/css0/0.0.0004/0.0.3000/block/dasdb SUBSYSTEM=block "
                   "MAJOR=94 MINOR=4 DEVNAME=dasdb DEVTYPE=disk",
                   "remove /devices/css0/0.0.0004/0.0.3000/block/dasdb/dasdb1 "
                   "SUBSYSTEM=block MAJOR=94 MINOR=5 DEVNAME=dasdb1 DEVTYPE=partition");
    g_assert_false(exists(sim, CSS0 "0.0.0004/0.0.3000/block"));
    g_assert_false(exists(sim, "sys/class/block/dasdb1"));
    assert_file(sim, CSS0 "0.0.0004/0.0.3000/uid", "\n");
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
    g_test_add_func("/sim/hardware/block", test_block);
    g_test_add_func("/sim/uevent/synthetic", test_synthetic_uevent);
    return g_test_run();
}
