/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every way in which a host uses a channel device, on a tree of files. */

#include "base/io.h"
#include "handover/use.h"
#include "sysfs-tree.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <virtccw/error.h>

#define PARENT    "0.0.0004"
#define DEVICE    "0.0.3000"
#define CCW       "devices/css0/" PARENT "/" DEVICE
#define DISK      CCW "/block/dasda"
#define NODE      makedev(60, 77) /* a major for experiments, with no driver */
#define NODE_TEXT "60:77"

typedef struct {
    char *root, *sys, *dev, *proc, *rules;
    VccwHandoverHost host;
    VccwBusId id;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->root = tree_new();
    f->sys = g_build_filename(f->root, "sys", NULL);
    f->dev = g_build_filename(f->root, "dev", NULL);
    f->proc = g_build_filename(f->root, "proc", NULL);
    f->rules = g_build_filename(f->root, "rules", NULL);
    f->host = (VccwHandoverHost){
        .sysfs = f->sys, .dev = f->dev, .proc = f->proc, .rules = f->rules
    };
    f->id = tree_id(PARENT);
    tree_add_subchannel(f->sys, PARENT);
    tree_bind(f->sys, PARENT, "io_subchannel");
    tree_add_device(f->sys, PARENT, DEVICE);
    tree_link(f->sys, "../../../../bus/ccw/drivers/dasd-eckd", CCW "/driver");
    tree_write(f->sys, "1", CCW "/online");
    tree_write(f->sys, "94:0", DISK "/dev");
    tree_write(f->sys, "94:1", DISK "/dasda1/dev");
    tree_write(f->sys, "1", DISK "/dasda1/partition");
    tree_write(f->proc, "Filename\t\tType\tSize\tUsed\tPriority", "swaps");
    tree_write(f->proc, "1 0 8:1 / / rw - ext4 /dev/sda1 rw", "1/mountinfo");
    tree_link(f->proc, "mnt:[1]", "1/ns/mnt");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_free(f->sys);
    g_free(f->dev);
    g_free(f->proc);
    g_free(f->rules);
    tree_free(f->root);
}

/* @expected: the users, ", " between them */
static void
assert_users(Fixture *f, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) users = NULL;
    g_autofree char *text = NULL;

    g_assert_true(vccw_use_find(&f->host, &f->id, &users, &error));
    g_assert_no_error(error);
    text = vccw_use_join(users);
    g_assert_cmpstr(text, ==, expected);
}

/* What is built on the partition: device-mapper N, or an array. */
static void
add_holder(Fixture *f, const char *name, const char *number, const char *below)
{
    g_autofree char *target =
        g_strdup_printf("../../../../../../../virtual/block/%s", name);
    g_autofree char *deeper = g_strdup_printf("../../%s", name);

    tree_write(f->sys, number, "devices/virtual/block/%s/dev", name);
    if (below)
        tree_link(f->sys, deeper, "devices/virtual/block/%s/holders/%s", below, name);
    else
        tree_link(f->sys, target, DISK "/dasda1/holders/%s", name);
}

static void
test_free(Fixture *f, gconstpointer data)
{
    assert_users(f, "");
    tree_remove(f->sys, DISK);
    assert_users(f, "");
    tree_remove_device(f->sys, PARENT, DEVICE);
    assert_users(f, "");
    tree_remove_subchannel(f->sys, PARENT);
    assert_users(f, "");
}

static void
test_mounted(Fixture *f, gconstpointer data)
{
    tree_write(f->proc, "7 1 94:1 / /srv\\040a rw shared:4 - ext4 /dev/dasda1 rw",
               "1/mountinfo");
    assert_users(f, "file system mounted at '/srv a' (dasda1)");
}

static void
test_loop(Fixture *f, gconstpointer data)
{
    tree_write(f->sys, "7:0", "block/loop0/dev");
    tree_write(f->sys, "/srv/image", "block/loop1/loop/backing_file");
    tree_write(f->sys, "/dev/dasda1", "block/no/loop/backing_file");
    assert_users(f, "");
    tree_write(f->sys, "/dev/dasda1", "block/loop2/loop/backing_file");
    assert_users(f, "loop device loop2 on dasda1");
    add_holder(f, "dm-0", "253:0", NULL);
    tree_write(f->sys, "vg0-home", "devices/virtual/block/dm-0/dm/name");
    tree_write(f->sys, "/dev/mapper/vg0-home", "block/loop2/loop/backing_file");
    assert_users(f,
                 "loop device loop2 on dm-0, device-mapper device 'vg0-home' on dasda1");
}

/* Who mounts what needs no device may name it as they like, in a namespace of their own.
 */
static void
test_false_source(Fixture *f, gconstpointer data)
{
    const char *lines = "7 1 0:44 / /a rw - tmpfs /dev/dasda1 rw\n"
                        "8 1 0:45 / /b rw - fuse.sshfs /dev/dasda1 rw\n"
                        "9 1 0:46 / /c rw - ext4 /dev/../nowhere/dasda1 rw";

    tree_write(f->proc, "nodev\ttmpfs\nnodev\tfuse\n\tbtrfs\n\tfuseblk", "filesystems");
    tree_write(f->proc, lines, "4711/mountinfo");
    assert_users(f, "");
    tree_write(f->proc, "7 1 0:44 / /a rw - btrfs /dev/dasda1 rw", "4711/mountinfo");
    assert_users(
        f, "file system mounted at '/a' (dasda1) in the mount namespace of process 4711");
    tree_write(f->proc, "7 1 0:44 / /a rw - fuseblk.ntfs /dev/dasda1 rw", "1/mountinfo");
    assert_users(f, "file system mounted at '/a' (dasda1)");
    tree_write(f->proc, "7 1 94:1 / /a rw - tmpfs none rw", "1/mountinfo");
    assert_users(f, "file system mounted at '/a' (dasda1)");
}

/* There is no bound to what others mount. */
static void
test_very_many_mounts(Fixture *f, gconstpointer data)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = g_build_filename(f->proc, "4711/mountinfo", NULL);
    g_autoptr(GPtrArray) users = NULL;

    tree_write(f->proc, "", "4711/mountinfo");
    while (text->len < 20 * 1024 * 1024)
        g_string_append(text, "7 1 0:44 / /a/long/path/to/fill/it rw - tmpfs none rw\n");
    g_assert_true(g_file_set_contents(path, text->str, text->len, NULL));
    assert_users(f, "");
    g_string_truncate(text, 0);
    for (guint i = 0; i < 10000; i++)
        g_string_append_printf(text, "7 1 94:1 / /%u rw - ext4 /dev/dasda1 rw\n", i);
    g_assert_true(g_file_set_contents(path, text->str, text->len, NULL));
    g_assert_true(vccw_use_find(&f->host, &f->id, &users, NULL));
    g_assert_cmpuint(users->len, ==, 64);
}

/* btrfs gives its mounts a device number of their own. */
static void
test_mounted_source(Fixture *f, gconstpointer data)
{
    tree_write(f->proc, "7 1 0:44 / /srv rw - btrfs /dev/dasda1 rw", "1/mountinfo");
    assert_users(f, "file system mounted at '/srv' (dasda1)");
    tree_write(f->proc, "7 1 0:44 / /srv rw - btrfs /dev/dasdab1 rw", "1/mountinfo");
    assert_users(f, "");
}

static void
test_mounted_elsewhere(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) users = NULL;
    g_autofree char *text = NULL;

    tree_write(f->proc, "1 0 94:1 / /data rw - ext4 /dev/dasda1 rw", "77/mountinfo");
    tree_link(f->proc, "mnt:[2]", "77/ns/mnt");
    tree_write(f->proc, "1 0 94:1 / /data rw - ext4 /dev/dasda1 rw", "78/mountinfo");
    tree_link(f->proc, "mnt:[2]", "78/ns/mnt");
    /* Whose namespace cannot be told is looked at all the same. */
    tree_write(f->proc, "1 0 94:0 / /raw rw - ext4 /dev/dasda rw", "79/mountinfo");
    g_assert_true(vccw_use_find(&f->host, &f->id, &users, NULL));
    g_assert_cmpuint(users->len, ==, 2);
    text = vccw_use_join(users);
    g_assert_nonnull(strstr(
        text,
        "file system mounted at '/raw' (dasda) in the mount namespace of process 79"));
    /* Of two in one namespace, the one that the folder lists first. */
    g_assert_true(g_regex_match_simple("file system mounted at '/data' \\(dasda1\\) in "
                                       "the mount namespace of process 7[78]",
                                       text, 0, 0));
}

static void
test_root(Fixture *f, gconstpointer data)
{
    tree_write(f->proc, "1 0 94:1 / / rw - ext4 /dev/root rw", "1/mountinfo");
    assert_users(f, "file system mounted at '/' (dasda1)");
}

static void
test_odd_mounts(Fixture *f, gconstpointer data)
{
    static const char *const lines[] = { "",
                                         " ",
                                         "-",
                                         "7 1 94:1",
                                         "a b c d e f g h",
                                         "7 1 94:1 / /srv rw - ext4",
                                         "7 1 x:y / /srv rw - ext4 /dev/ rw",
                                         "7 1 94 / /srv rw - ext4 /dev rw" };

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        tree_write(f->proc, lines[i], "1/mountinfo");
        assert_users(f, "");
    }
}

static void
test_swap(Fixture *f, gconstpointer data)
{
    tree_write(f->proc,
               "Filename\t\tType\tSize\tUsed\tPriority\n"
               "/dev/sda2               partition\t1\t0\t-2\n"
               "/dev/dasda1             partition\t1\t0\t-3",
               "swaps");
    assert_users(f, "swap space on dasda1");
}

static void
test_lvm(Fixture *f, gconstpointer data)
{
    add_holder(f, "dm-0", "253:0", NULL);
    assert_users(f, "dm-0 on dasda1");
    tree_write(f->sys, "vg0-root", "devices/virtual/block/dm-0/dm/name");
    tree_write(f->sys, "LVM-abc", "devices/virtual/block/dm-0/dm/uuid");
    assert_users(f, "LVM volume 'vg0-root' on dasda1");
    tree_write(f->sys, "CRYPT-LUKS2-abc", "devices/virtual/block/dm-0/dm/uuid");
    assert_users(f, "encrypted device 'vg0-root' on dasda1");
    tree_write(f->sys, "mpath-abc", "devices/virtual/block/dm-0/dm/uuid");
    assert_users(f, "multipath device 'vg0-root' on dasda1");
    tree_write(f->sys, "other", "devices/virtual/block/dm-0/dm/uuid");
    assert_users(f, "device-mapper device 'vg0-root' on dasda1");
}

/* A volume in an encrypted partition, mounted, with swap on another. */
static void
test_pile(Fixture *f, gconstpointer data)
{
    add_holder(f, "dm-0", "253:0", NULL);
    tree_write(f->sys, "luks", "devices/virtual/block/dm-0/dm/name");
    tree_write(f->sys, "CRYPT-abc", "devices/virtual/block/dm-0/dm/uuid");
    add_holder(f, "dm-1", "253:1", "dm-0");
    tree_write(f->sys, "vg0-home", "devices/virtual/block/dm-1/dm/name");
    tree_write(f->sys, "LVM-abc", "devices/virtual/block/dm-1/dm/uuid");
    tree_write(f->proc, "7 1 0:50 / /home rw - btrfs /dev/mapper/vg0-home rw",
               "1/mountinfo");
    tree_write(f->proc, "titles\n/dev/dm-1 partition 1 0 -2", "swaps");
    assert_users(f, "file system mounted at '/home' (dm-1), swap space on dm-1, "
                    "encrypted device 'luks' on dasda1, "
                    "LVM volume 'vg0-home' on dm-0");
}

static void
test_md(Fixture *f, gconstpointer data)
{
    add_holder(f, "md0", "9:0", NULL);
    tree_write(f->sys, "raid1", "devices/virtual/block/md0/md/level");
    assert_users(f, "MD array 'md0' on dasda1");
}

/* The disk of a virtio device is two folders further down. */
static void
test_virtio(Fixture *f, gconstpointer data)
{
    tree_remove(f->sys, CCW "/block");
    tree_write(f->sys, "252:0", CCW "/virtio1/block/vda/dev");
    tree_write(f->proc, "1 0 252:0 / / rw - ext4 /dev/vda rw", "1/mountinfo");
    assert_users(f, "file system mounted at '/' (vda)");
}

static void
add_virtio_disk(Fixture *f)
{
    tree_remove(f->sys, CCW "/block");
    tree_link(f->sys, "../../../../bus/ccw/drivers/virtio_ccw", CCW "/driver");
    tree_write(f->sys, NODE_TEXT, CCW "/virtio1/block/vda/dev");
}

static void
assert_unknown(Fixture *f, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) users = NULL;

    g_assert_false(vccw_use_find(&f->host, &f->id, &users, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_null(users);
}

/* What has no node that can be opened may be in use by anybody; only a DASD sees to that
 * itself. */
static void
test_no_node(Fixture *f, gconstpointer data)
{
    assert_users(f, "");
    add_virtio_disk(f);
    assert_unknown(f, "is not the node of disk");
    tree_write(f->dev, "no node", "vda");
    assert_unknown(f, "is not the node of disk");
}

/* A number that no driver has: nobody can have it open. A mount that gives no access to
 * nodes stands for a service that may not open them. */
static void
test_node(Fixture *f, gconstpointer data)
{
    g_autofree char *node = g_build_filename(f->dev, "vda", NULL);

    g_assert_cmpint(g_mkdir_with_parents(f->dev, 0755), ==, 0);
    if (unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mknod(node, S_IFBLK | 0600, NODE) < 0) {
        g_test_skip("making nodes is not permitted here");
        return;
    }
    add_virtio_disk(f);
    assert_users(f, "");
    tree_link(f->proc, node, "4711/fd/3");
    assert_users(f, "process 4711 ('?') has vda open");
    tree_remove(f->proc, "4711/fd");
    assert_users(f, "");
    tree_link(f->proc, "fd", "4711/fd");
    assert_unknown(f, "4711/fd");
    tree_remove(f->proc, "4711/fd");
    g_assert_cmpint(mount("none", f->dev, "tmpfs", MS_NODEV, NULL), ==, 0);
    g_assert_cmpint(mknod(node, S_IFBLK | 0600, NODE), ==, 0);
    assert_unknown(f, "DeviceAllow");
    g_assert_cmpint(umount(f->dev), ==, 0);
}

static void
test_network(Fixture *f, gconstpointer data)
{
    tree_remove(f->sys, CCW "/block");
    tree_write(f->sys, "2", CCW "/virtio0/net/eth0/ifindex");
    assert_users(f, "network interface eth0");
    tree_remove(f->sys, CCW "/virtio0");
    tree_link(f->sys, "../../../../bus/ccw/drivers/lcs", CCW "/driver");
    assert_users(f, "lcs device that is online");
    tree_write(f->sys, "0", CCW "/online");
    assert_users(f, "");
    tree_write(f->sys, "1", "devices/lcs/" DEVICE "/online");
    tree_link(f->sys, "../../../lcs/" DEVICE, CCW "/group_device");
    assert_users(f, "lcs device that is online");
    tree_write(f->sys, "3", "devices/lcs/" DEVICE "/net/eth1/ifindex");
    assert_users(f, "network interface eth1");
}

static void
test_tape(Fixture *f, gconstpointer data)
{
    tree_remove(f->sys, CCW "/block");
    tree_link(f->sys, "../../../../bus/ccw/drivers/tape_3590", CCW "/driver");
    assert_users(f, "tape that is online");
    tree_write(f->sys, "0", CCW "/online");
    assert_users(f, "");
}

static void
test_ipl(Fixture *f, gconstpointer data)
{
    tree_write(f->sys, DEVICE, "firmware/ipl/device");
    assert_users(f, "the device that this system was started from");
    tree_write(f->sys, "0.0.3001", "firmware/ipl/device");
    assert_users(f, "");
}

static void
test_alias(Fixture *f, gconstpointer data)
{
    tree_add_subchannel(f->sys, "0.0.0005");
    tree_add_device(f->sys, "0.0.0005", "0.0.30ff");
    tree_write(f->sys, "IBM.7.3000.00", CCW "/uid");
    tree_write(f->sys, "0", CCW "/alias");
    tree_write(f->sys, "IBM.7.3000.xx", "devices/css0/0.0.0005/0.0.30ff/uid");
    tree_write(f->sys, "1", "devices/css0/0.0.0005/0.0.30ff/alias");
    assert_users(f, "");
    tree_write(f->sys, "IBM.7.3000.00", "devices/css0/0.0.0005/0.0.30ff/uid");
    assert_users(f, "base of PAV alias 0.0.30ff");
    f->id = tree_id("0.0.0005");
    assert_users(f, "PAV alias of IBM.7.3000.00");
}

static void
test_qdio(Fixture *f, gconstpointer data)
{
    g_auto(VccwLook) look = { 0 };
    g_autofree char *kind = NULL;

    g_assert_false(vccw_use_is_qdio(&f->host, &look, &f->id, &kind));
    tree_write(f->sys, "1731/03", CCW "/cutype");
    g_assert_true(vccw_use_is_qdio(&f->host, &look, &f->id, &kind));
    g_assert_cmpstr(kind, ==, "1731/03");
    g_assert_no_error(look.problem);
}

/* As chzdev writes it for @device. */
static void
add_rule(Fixture *f, const char *name, const char *start, const char *device)
{
    g_autofree char *text = g_strdup_printf(
        "# Generated by chzdev\n"
        "ACTION==\"add\", SUBSYSTEM==\"ccw\", KERNEL==\"%s\", DRIVER==\"dasd-eckd\", "
        "GOTO=\"cfg_dasd_eckd_%s\"\n"
        "GOTO=\"end_dasd_eckd_%s\"\n"
        "\n"
        "LABEL=\"cfg_dasd_eckd_%s\"\n"
        "%sATTR{[ccw/%s]online}=\"1\"\n",
        device, device, device, device, start, device);

    tree_write(f->rules, text, "%s", name);
}

static void
test_rule(Fixture *f, gconstpointer data)
{
    VccwBusId device = tree_id(DEVICE);
    g_autofree char *path = NULL;
    g_autofree char *other = NULL;

    g_assert_null(vccw_use_find_rule(&f->host, &device));
    add_rule(f, "41-dasd-eckd-0.0.3001.rules", "", "0.0.3001");
    add_rule(f, "41-dasd-eckd-0.0.3000.rules.rpmsave", "", DEVICE);
    add_rule(f, "41-dasd-eckd-0.0.3000.rules", "  # ", DEVICE);
    tree_write(f->rules, "ATTR{[ccw/0.0.3000]cmb_enable}=\"1\"", "42-0.0.3000.rules");
    g_assert_null(vccw_use_find_rule(&f->host, &device));
    add_rule(f, "41-dasd-eckd-0.0.3000.rules", "", DEVICE);
    path = vccw_use_find_rule(&f->host, &device);
    g_assert_true(g_str_has_suffix(path, "/41-dasd-eckd-0.0.3000.rules"));
    /* As dracut and SUSE's dasd_configure name theirs. */
    tree_remove(f->rules, "41-dasd-eckd-0.0.3000.rules");
    tree_write(f->rules,
               "ACTION==\"add\", ENV{COLLECT_x}==\"0\", ATTR{[ccw/0.0.3000]online}=\"1\"",
               "51-dasd-0.0.3000.rules");
    other = vccw_use_find_rule(&f->host, &device);
    g_assert_true(g_str_has_suffix(other, "/51-dasd-0.0.3000.rules"));
}

/* Not to know is not the same as not to be in use. */
static void
test_unknown(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) users = NULL;

    tree_remove(f->proc, "swaps");
    g_assert_false(vccw_use_find(&f->host, &f->id, &users, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED);
    g_assert_null(users);
}

/* A kernel without swap has none; a sandbox shows of /proc only processes. */
static void
test_without_swap(Fixture *f, gconstpointer data)
{
    tree_remove(f->proc, "swaps");
    tree_write(f->proc, "Block devices:", "devices");
    assert_users(f, "");
}

/* A folder in the place of a file: to be there and not to be readable. */
static void
test_unreadable(Fixture *f, gconstpointer data)
{
    static const char *const paths[] = { DISK "/dev", DISK "/dasda1/dev", CCW "/uid",
                                         CCW "/alias", "firmware/ipl/device" };

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) users = NULL;

        tree_remove(f->sys, "%s", paths[i]);
        tree_write(f->sys, "", "%s/file", paths[i]);
        g_assert_false(vccw_use_find(&f->host, &f->id, &users, &error));
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED);
        g_assert_nonnull(strstr(error->message, "cannot be known"));
        tree_remove(f->sys, "%s", paths[i]);
        if (g_str_has_suffix(paths[i], "/dev"))
            tree_write(f->sys, "94:1", "%s", paths[i]);
    }
    assert_users(f, "");
}

static void
test_openers(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) users = NULL;
    g_autofree char *text = NULL;

    tree_write(f->proc, "fio", "4711/comm");
    tree_link(f->proc, "/dev/dasda", "4711/fd/3");
    tree_link(f->proc, "/dev/null", "4711/fd/4");
    tree_link(f->proc, "socket:[1]", "4711/fd/5");
    users = vccw_use_find_openers(&f->host, &f->id);
    text = vccw_use_join(users);
    g_assert_cmpstr(text, ==, "process 4711 ('fio') has dasda open");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add(name, Fixture, NULL, set_up, func, tear_down)
    ADD("/use/free", test_free);
    ADD("/use/mounted", test_mounted);
    ADD("/use/mounted/source", test_mounted_source);
    ADD("/use/mounted/source/false", test_false_source);
    ADD("/use/loop", test_loop);
    ADD("/use/mounted/very-many", test_very_many_mounts);
    ADD("/use/mounted/elsewhere", test_mounted_elsewhere);
    ADD("/use/mounted/root", test_root);
    ADD("/use/mounted/odd", test_odd_mounts);
    ADD("/use/swap", test_swap);
    ADD("/use/lvm", test_lvm);
    ADD("/use/pile", test_pile);
    ADD("/use/md", test_md);
    ADD("/use/virtio", test_virtio);
    ADD("/use/node", test_node);
    ADD("/use/node/none", test_no_node);
    ADD("/use/network", test_network);
    ADD("/use/tape", test_tape);
    ADD("/use/ipl", test_ipl);
    ADD("/use/alias", test_alias);
    ADD("/use/qdio", test_qdio);
    ADD("/use/rule", test_rule);
    ADD("/use/unknown", test_unknown);
    ADD("/use/without-swap", test_without_swap);
    ADD("/use/unreadable", test_unreadable);
    ADD("/use/openers", test_openers);
    return g_test_run();
}
