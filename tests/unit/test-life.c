/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Starting and stopping on a tree of files. Where the kernel has to react, "create" and
 * "remove" are FIFOs with a thread at the other end that does what it would do.
 */

#include "base/io.h"
#include "mdev/refusal.h"
#include "store-tree.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <virtccw/error.h>

#define PARENT "0.0.0004"
#define NAME   "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004"
#define CREATE "devices/css0/" PARENT "/mdev_supported_types/vfio_ccw-io/create"
#define DEVICE "devices/css0/" PARENT "/" TREE_UUID_1

typedef struct {
    char *root;
    char *sys;
    char *dev;
    char *proc;
    VccwMdevHost host;
    VccwMdevConfig *config;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->root = tree_new();
    f->sys = g_build_filename(f->root, "sys", NULL);
    f->dev = g_build_filename(f->root, "dev", NULL);
    f->proc = g_build_filename(f->root, "proc", NULL);
    f->host = (VccwMdevHost){ .sysfs = f->sys, .dev = f->dev, .proc = f->proc };
    f->config = store_config(TREE_UUID_1, PARENT, "vfio_ccw-io");
    tree_write(f->proc, "", "version");
    tree_add_subchannel(f->sys, PARENT);
    tree_bind(f->sys, PARENT, "vfio_ccw");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    vccw_mdev_config_free(f->config);
    g_free(f->sys);
    g_free(f->dev);
    g_free(f->proc);
    tree_free(f->root);
}

/* One complete line about the device, with all of the words in it. */
static void
assert_refused(GError **error, int code, ...)
{
    va_list words;
    const char *word;

    g_assert_error(*error, VCCW_ERROR, code);
    g_test_message("%s", (*error)->message);
    g_assert_nonnull(strstr((*error)->message, NAME));
    g_assert_null(strchr((*error)->message, '\n'));
    va_start(words, code);
    while ((word = va_arg(words, const char *)))
        g_assert_nonnull(strstr((*error)->message, word));
    va_end(words);
    g_clear_error(error);
}

static void
make_fifo(const char *sys, const char *path)
{
    g_autofree char *whole = g_build_filename(sys, path, NULL);

    unlink(whole);
    g_assert_cmpint(mkfifo(whole, 0600), ==, 0);
}

/* What is written to a FIFO; blocks until then. */
static char *
read_fifo(const char *sys, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = g_build_filename(sys, path, NULL);
    char *text = NULL;

    g_file_get_contents(whole, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* The kernel, once: makes a device with two attributes. */
static gpointer
play_create(gpointer data)
{
    Fixture *f = data;
    g_autofree char *uuid = read_fifo(f->sys, CREATE);

    g_assert_cmpstr(uuid, ==, TREE_UUID_1);
    g_usleep(20000);
    tree_write(f->sys, "", DEVICE "/first");
    tree_write(f->sys, "", DEVICE "/second");
    tree_complete_mdev(f->sys, PARENT, TREE_UUID_1);
    tree_add_bare_mdev(f->sys, PARENT, TREE_UUID_1);
    make_fifo(f->sys, DEVICE "/remove");
    return NULL;
}

static gpointer
play_remove(gpointer data)
{
    Fixture *f = data;
    g_autofree char *text = read_fifo(f->sys, DEVICE "/remove");

    g_assert_cmpstr(text, ==, "1");
    g_usleep(20000);
    tree_remove_mdev(f->sys, PARENT, TREE_UUID_1);
    return NULL;
}

static gpointer
play_create_and_remove(gpointer data)
{
    play_create(data);
    return play_remove(data);
}

static char *
read_sys(Fixture *f, const char *path)
{
    char *text = NULL;
    g_autofree char *whole = g_build_filename(f->sys, path, NULL);

    g_assert_true(g_file_get_contents(whole, &text, NULL, NULL));
    return text;
}

static void
test_start(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    GThread *kernel;

    vccw_mdev_config_add_attr(f->config, "first", "1");
    vccw_mdev_config_add_attr(f->config, "second", "2");
    vccw_mdev_config_add_attr(f->config, "first", "3");
    make_fifo(f->sys, CREATE);
    kernel = g_thread_new("kernel", play_create, f);
    g_assert_true(vccw_mdev_start(&f->host, f->config, &error));
    g_assert_no_error(error);
    g_thread_join(kernel);
    first = read_sys(f, DEVICE "/first");
    second = read_sys(f, DEVICE "/second");
    g_assert_cmpint(first[0], ==, '3');
    g_assert_cmpint(second[0], ==, '2');
}

static void
test_start_is_impossible(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    tree_remove(f->sys, "devices/css0/%s/mdev_supported_types", PARENT);
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, PARENT, "registered", NULL);

    tree_bind(f->sys, PARENT, "io_subchannel");
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, "io_subchannel",
                   "driverctl -b css set-override 0.0.0004 vfio_ccw", NULL);

    tree_unbind(f->sys, PARENT);
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, "not bound",
                   "driverctl -b css set-override 0.0.0004 vfio_ccw", NULL);

    tree_write(f->sys, "vfio_ccw", "devices/css0/%s/driver_override", PARENT);
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, "override", "QDIO", NULL);

    tree_write(f->sys, "1", "devices/css0/%s/type", PARENT);
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    assert_refused(&error, VCCW_ERROR_CONFIG_UNSUPPORTED, PARENT, "I/O subchannel", NULL);

    tree_remove_subchannel(f->sys, PARENT);
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    assert_refused(&error, VCCW_ERROR_DEVICE_MISSING, PARENT, "css_0_0_0004",
                   "cio_ignore", NULL);

    f->host.sysfs = "/nonexistent";
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    g_assert_error(error, G_UNIX_ERROR, ENOENT);
}

static void
test_start_type(Fixture *f, gconstpointer data)
{
    static const char *const types[] = { "vfio_ccw-x", "..", "vfio_ccw-io/../vfio_ccw-io",
                                         "" };
    g_autoptr(GError) error = NULL;

    tree_add_type(f->sys, PARENT, "another");
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_free(f->config->type);
        f->config->type = g_strdup(types[i]);
        g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
        assert_refused(&error, VCCW_ERROR_CONFIG_UNSUPPORTED, PARENT,
                       "another, vfio_ccw-io", NULL);
    }
}

/* Nothing outside the device's own folder is ever written to. */
static void
test_attr_names(Fixture *f, gconstpointer data)
{
    static const char *const names[] = { "", ".", "..", "../x", "/etc/passwd", "a/b" };
    g_autofree char *create = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(VccwMdevConfig) config = vccw_mdev_config_copy(f->config);
        g_autoptr(GError) error = NULL;

        vccw_mdev_config_add_attr(config, names[i], "1");
        g_assert_false(vccw_mdev_start(&f->host, config, &error));
        assert_refused(&error, VCCW_ERROR_CONFIG_UNSUPPORTED, names[i], NULL);
    }
    create = read_sys(f, CREATE);
    g_assert_cmpstr(create, ==, "\n"); /* as the tree was made */
}

static void
test_attr_is_unknown(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *device = g_build_filename(f->sys, DEVICE, NULL);
    GThread *kernel;

    vccw_mdev_config_add_attr(f->config, "first", "1");
    vccw_mdev_config_add_attr(f->config, "third", "1");
    make_fifo(f->sys, CREATE);
    kernel = g_thread_new("kernel", play_create_and_remove, f);
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    g_thread_join(kernel);
    assert_refused(&error, VCCW_ERROR_CONFIG_UNSUPPORTED, "'third'",
                   "has been removed again", NULL);
    g_assert_false(g_file_test(device, G_FILE_TEST_EXISTS));
}

/* A device is there whose attribute cannot be written, and that cannot be removed. */
static void
test_roll_back_fails(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    tree_link(f->sys, "/dev/full", DEVICE "/first");
    tree_link(f->sys, "/dev/full", DEVICE "/remove");
    vccw_mdev_config_add_attr(f->config, "first", "x\ny");
    g_assert_false(vccw_mdev_start(&f->host, f->config, &error));
    assert_refused(&error, VCCW_ERROR_OPERATION_FAILED, "'first'", "'x\\x0ay'",
                   "No space left", "could not be removed again", NULL);
}

static void
test_refusals(Fixture *f, gconstpointer data)
{
    static const struct {
        int errnum;
        int code;
        const char *word;
    } cases[] = {
        { EINVAL, VCCW_ERROR_OPERATION_FAILED, "UUID" },
        { ENODEV, VCCW_ERROR_OPERATION_FAILED, "not operational" },
        { ENOENT, VCCW_ERROR_OPERATION_FAILED, "try again" },
        { ENOMEM, VCCW_ERROR_OPERATION_FAILED, "memory" },
        { EIO, VCCW_ERROR_OPERATION_FAILED, "I/O error" },
        { EBUSY, VCCW_ERROR_OPERATION_FAILED, "busy" },
        { EACCES, VCCW_ERROR_OPERATION_FAILED, "not allowed" },
        { EPERM, VCCW_ERROR_OPERATION_FAILED, "not allowed" },
        { EROFS, VCCW_ERROR_OPERATION_FAILED, "read-only" },
        { ETIMEDOUT, VCCW_ERROR_OPERATION_FAILED, "in time" },
        { EUSERS, VCCW_ERROR_BUSY, "no instance" },
        { EXDEV, VCCW_ERROR_OPERATION_FAILED, "kernel refused" },
        { EEXIST, VCCW_ERROR_OPERATION_FAILED, "in use" },
    };
    g_auto(VccwFd) sys = vccw_open_dir(AT_FDCWD, f->sys, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        vccw_refusal_explain(sys, f->config, cases[i].errnum, &error);
        assert_refused(&error, cases[i].code, cases[i].word, NULL);
    }
}

/* What errno means depends on what sysfs shows. */
static void
test_refusals_in_context(Fixture *f, gconstpointer data)
{
    g_auto(VccwFd) sys = vccw_open_dir(AT_FDCWD, f->sys, NULL);
    const char *types = "devices/css0/" PARENT "/mdev_supported_types";
    g_autoptr(GError) error = NULL;

    /* Somebody else has the only instance. */
    tree_write(f->sys, "0", "%s/vfio_ccw-io/available_instances", types);
    tree_link(f->sys, "../../../" TREE_UUID_2, "%s/vfio_ccw-io/devices/%s", types,
              TREE_UUID_2);
    vccw_refusal_explain(sys, f->config, EUSERS, &error);
    assert_refused(&error, VCCW_ERROR_BUSY,
                   "mdev_2e4f2b0a_9d4c_4c55_8d3f_0a1b2c3d4e5f_0_0_0004", NULL);
    vccw_refusal_explain(sys, f->config, EPERM, &error); /* kernels before 6.1 */
    assert_refused(&error, VCCW_ERROR_BUSY, "no instance", NULL);

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    vccw_refusal_explain(sys, f->config, EEXIST, &error);
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, "active already", NULL);
    vccw_refusal_explain(sys, f->config, EUSERS, &error);
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, "active already", NULL);
    tree_link(f->sys, "../mdev_supported_types/other", DEVICE "/mdev_type");
    vccw_refusal_explain(sys, f->config, EEXIST, &error);
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, "with the type 'other'", NULL);
    tree_remove_mdev(f->sys, PARENT, TREE_UUID_1);

    tree_add_mdev(f->sys, "0.0.0005", TREE_UUID_1);
    vccw_refusal_explain(sys, f->config, EEXIST, &error);
    assert_refused(&error, VCCW_ERROR_OPERATION_FAILED, "'0.0.0005'",
                   "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0005", NULL);

    tree_remove_subchannel(f->sys, PARENT);
    vccw_refusal_explain(sys, f->config, ENODEV, &error);
    assert_refused(&error, VCCW_ERROR_DEVICE_MISSING, PARENT, NULL);
}

static void
test_stop(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    GThread *kernel;

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    make_fifo(f->sys, DEVICE "/remove");
    kernel = g_thread_new("kernel", play_remove, f);
    g_assert_true(vccw_mdev_stop(&f->host, &f->config->uuid, &f->config->parent, &error));
    g_assert_no_error(error);
    g_thread_join(kernel);

    g_assert_false(
        vccw_mdev_stop(&f->host, &f->config->uuid, &f->config->parent, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID);
    g_assert_nonnull(strstr(error->message, "not active"));
}

/* The UUID has moved since the caller looked: what is active now is another device. */
static void
test_stop_elsewhere(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *device = g_build_filename(f->sys, DEVICE, NULL);
    VccwBusId other = { 0, 0, 0x5 };

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    g_assert_false(vccw_mdev_stop(&f->host, &f->config->uuid, &other, &error));
    assert_refused(&error, VCCW_ERROR_OPERATION_INVALID, "_0_0_0005: it is not active",
                   "another parent, as mdev_", "_0_0_0004", NULL);
    g_assert_true(g_file_test(device, G_FILE_TEST_IS_DIR));
}

static gpointer
take_away(gpointer data)
{
    Fixture *f = data;

    g_usleep(100000);
    tree_remove_mdev(f->sys, PARENT, TREE_UUID_1);
    return NULL;
}

/* "remove" is gone already, the device not yet: somebody else is about it. */
static void
test_stop_with_others(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    GThread *other;

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    tree_remove(f->sys, DEVICE "/remove");
    other = g_thread_new("other", take_away, f);
    g_assert_true(vccw_mdev_stop(&f->host, &f->config->uuid, &f->config->parent, &error));
    g_assert_no_error(error);
    g_thread_join(other);
}

static void
test_stop_is_refused(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    tree_link(f->sys, "/dev/full", DEVICE "/remove");
    g_assert_false(
        vccw_mdev_stop(&f->host, &f->config->uuid, &f->config->parent, &error));
    assert_refused(&error, VCCW_ERROR_OPERATION_FAILED, "No space left", NULL);
}

/* A process that holds file @target as its descriptor 5; @cmdline: "|" between arguments
 */
static void
add_process(Fixture *f,
            int pid,
            const char *comm,
            const char *cmdline,
            const char *target)
{
    g_autofree char *path = g_strdup_printf("%s/%d/cmdline", f->proc, pid);
    g_autofree char *args = g_strdup(cmdline);

    tree_write(f->proc, comm, "%d/comm", pid);
    store_write_bytes(path, g_strdelimit(args, "|", '\0'), strlen(cmdline) + 1);
    tree_link(f->proc, "/dev/null", "%d/fd/0", pid);
    tree_link(f->proc, "socket:[1234]", "%d/fd/1", pid);
    if (target)
        tree_link(f->proc, target, "%d/fd/5", pid);
}

static void
test_user(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *comm;
        const char *cmdline;
        const char *user;
    } cases[] = {
        { "cat", "cat|/dev/vfio/7", "process 4711 (cat)" },
        { "qemu-system-s39",
          "/usr/bin/qemu-system-s390x|-name|guest=linux1,debug-threads=on",
          "guest 'linux1' (process 4711, qemu-system-s39)" },
        { "qemu-system-s39", "qemu-system-s390x|-m|1G|-name|linux1",
          "guest 'linux1' (process 4711, qemu-system-s39)" },
        { "qemu-kvm", "/usr/libexec/qemu-kvm|-name|process=x,guest=a,,b",
          "guest 'a,b' (process 4711, qemu-kvm)" },
        { "qemu-kvm", "/usr/libexec/qemu-kvm|-name|debug-threads=on",
          "process 4711 (qemu-kvm)" },
        { "qemu-kvm", "/usr/libexec/qemu-kvm|-name", "process 4711 (qemu-kvm)" },
        { "qemu-kvm", "", "process 4711 (qemu-kvm)" },
        { "evil", "qemu|-name|x\ny\x1b", "guest 'x\\x0ay\\x1b' (process 4711, evil)" },
        { "notq", "sh|-name|linux1", "process 4711 (notq)" },
    };
    g_autofree char *group = g_build_filename(f->dev, "vfio", "7", NULL);
    g_autofree char *seventy = g_build_filename(f->dev, "vfio", "70", NULL);

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    add_process(f, 1, "init", "init", seventy);
    add_process(f, 2, "kthread", "", NULL);
    tree_link(f->proc, "4711", "self");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *user = NULL;
        g_autoptr(GError) error = NULL;

        add_process(f, 4711, cases[i].comm, cases[i].cmdline, group);
        g_assert_true(vccw_mdev_find_user(&f->host, &f->config->uuid, &user));
        g_assert_cmpstr(user, ==, cases[i].user);
        g_assert_false(
            vccw_mdev_stop(&f->host, &f->config->uuid, &f->config->parent, &error));
        assert_refused(&error, VCCW_ERROR_BUSY, cases[i].user, NULL);
    }
}

static void
test_no_user(Fixture *f, gconstpointer data)
{
    g_autofree char *other = g_build_filename(f->dev, "vfio", "8", NULL);
    char *user = NULL;

    g_assert_false(vccw_mdev_find_user(&f->host, &f->config->uuid, &user));
    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    add_process(f, 1, "qemu", "qemu|-name|x", other);
    g_assert_false(vccw_mdev_find_user(&f->host, &f->config->uuid, &user));
    f->host.proc = "/nonexistent";
    g_assert_false(vccw_mdev_find_user(&f->host, &f->config->uuid, &user));
    g_assert_null(user);
}

/* Newer kernels: a node of the device's own. */
static void
test_user_of_node(Fixture *f, gconstpointer data)
{
    g_autofree char *node = g_build_filename(f->dev, "vfio", "devices", "vfio3", NULL);
    g_autofree char *user = NULL;

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    tree_write(f->sys, "", DEVICE "/vfio-dev/vfio3/uevent");
    add_process(f, 5, "qemu", "qemu|-name|guest=x", node);
    g_assert_true(vccw_mdev_find_user(&f->host, &f->config->uuid, &user));
    g_assert_cmpstr(user, ==, "guest 'x' (process 5, qemu)");
}

/* Into a mount namespace of its own, as any user can. */
static gboolean
enter_namespace(void)
{
    g_autofree char *uid = g_strdup_printf("0 %d 1", geteuid());

    if (geteuid() == 0)
        return unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           vccw_write_attr(AT_FDCWD, "/proc/self/uid_map", uid, NULL);
}

/* Opens a file of its own where others see the node; the pipe tells when. */
static void
impersonate(const Fixture *f, const char *node, int pipe)
{
    g_autofree char *folder = g_path_get_dirname(node);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (enter_namespace() && mount("none", f->dev, "tmpfs", 0, NULL) == 0 &&
        g_mkdir_with_parents(folder, 0700) == 0 &&
        open(node, O_RDWR | O_CREAT | O_CLOEXEC, 0600) >= 0)
        if (write(pipe, "x", 1) == 1)
            pause();
    _exit(1);
}

/* An ordinary user must not be able to look like the one who has the device. */
static void
test_user_is_impostor(Fixture *f, gconstpointer data)
{
    g_autofree char *node = g_build_filename(f->dev, "vfio", "devices", "vfio3", NULL);
    g_autofree char *user = NULL;
    int pipes[2];
    char byte;
    pid_t pid;

    tree_add_mdev(f->sys, PARENT, TREE_UUID_1);
    tree_write(f->sys, "", DEVICE "/vfio-dev/vfio3/uevent");
    tree_link(f->dev, "/dev/null", "vfio/devices/vfio3");
    g_assert_cmpint(pipe(pipes), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        impersonate(f, node, pipes[1]);
    close(pipes[1]);
    if (read(pipes[0], &byte, 1) == 1) {
        f->host.proc = "/proc";
        g_assert_false(vccw_mdev_find_user(&f->host, &f->config->uuid, &user));
    } else {
        g_test_skip("no user namespace can be made here");
    }
    close(pipes[0]);
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

#define FIXTURE_TEST(path, func) \
    g_test_add("/life/" path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    FIXTURE_TEST("start", test_start);
    FIXTURE_TEST("start-is-impossible", test_start_is_impossible);
    FIXTURE_TEST("start-type", test_start_type);
    FIXTURE_TEST("attr-names", test_attr_names);
    FIXTURE_TEST("attr-is-unknown", test_attr_is_unknown);
    FIXTURE_TEST("roll-back-fails", test_roll_back_fails);
    FIXTURE_TEST("refusals", test_refusals);
    FIXTURE_TEST("refusals-in-context", test_refusals_in_context);
    FIXTURE_TEST("stop", test_stop);
    FIXTURE_TEST("stop-elsewhere", test_stop_elsewhere);
    FIXTURE_TEST("stop-with-others", test_stop_with_others);
    FIXTURE_TEST("stop-is-refused", test_stop_is_refused);
    FIXTURE_TEST("user", test_user);
    FIXTURE_TEST("no-user", test_no_user);
    FIXTURE_TEST("user-is-impostor", test_user_is_impostor);
    FIXTURE_TEST("user-of-node", test_user_of_node);
    return g_test_run();
}
