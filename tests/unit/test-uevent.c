/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Uevents: what a message says, which ones are believed, and what they do to the
 * inventory.
 *
 * For the latter the kernel itself sends them: in a user and network namespace of this
 * process's own, anybody may ask the kernel to broadcast a uevent.
 */

#include "sysfs-tree.h"

#include "base/io.h"
#include "css/news.h"

#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#define MESSAGE(action, path, rest) \
    action "@" path "\0ACTION=" action "\0DEVPATH=" path "\0" rest
#define GOOD                                    \
    MESSAGE("change", "/devices/css0/0.0.0004", \
            "SUBSYSTEM=css\0ST=0\0MDEV_STATE=registered\0SEQNUM=4711")

/* The parser ------------------------------------------------------------------------ */

static void
test_parse(void)
{
    VccwUevent uevent;

    g_assert_true(vccw_uevent_parse(GOOD, sizeof(GOOD), &uevent));
    g_assert_cmpstr(uevent.action, ==, "change");
    g_assert_cmpstr(uevent.devpath, ==, "/devices/css0/0.0.0004");
    g_assert_cmpstr(uevent.subsystem, ==, "css");
    g_assert_cmpstr(uevent.mdev_state, ==, "registered");
    g_assert_cmpuint(uevent.number, ==, 4711);
}

static void
test_parse_bad(void)
{
#define BAD(text)          \
    {                      \
        text, sizeof(text) \
    }
    static const struct {
        const char *text;
        gsize size;
    } rows[] = {
        BAD(""),
        BAD("\0\0\0\0"),
        BAD("add@/devices/x"),
        BAD("libudev\0\xfe\xed\xca\xfe"),
        BAD("add@/devices/x\0ACTION=add\0DEVPATH=/devices/x"),
        BAD("add@/devices/x\0ACTION=add\0SUBSYSTEM=css"),
        BAD("add@/devices/x\0DEVPATH=/devices/x\0SUBSYSTEM=css"),
        BAD("add/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=css"),
        BAD("add@/devices/y\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=css"),
        BAD("bind@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=css"),
        BAD("ad\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=css"),
        BAD("@/devices/x\0ACTION\0DEVPATH=/devices/x\0SUBSYSTEM=css"),
        BAD("ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=css"),
    };
    VccwUevent uevent;

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_false(vccw_uevent_parse(rows[i].text, rows[i].size, &uevent));
    g_assert_false(vccw_uevent_parse(GOOD, sizeof(GOOD) - 1, &uevent)); /* no last NUL */
    g_assert_false(vccw_uevent_parse(GOOD, 0, &uevent));
}

static void
test_parse_number(void)
{
    static const struct {
        const char *text;
        guint64 number;
    } rows[] = {
        { "1", 1 },
        { "18446744073709551615", G_MAXUINT64 },
        { "18446744073709551616", G_MAXUINT64 },
        { "0", G_MAXUINT64 },
        { "-1", G_MAXUINT64 },
        { "", G_MAXUINT64 },
        { "1x", G_MAXUINT64 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        VccwUevent uevent;

        g_string_append_len(
            text, MESSAGE("add", "/devices/x", "SUBSYSTEM=css\0SEQNUM="),
            sizeof(MESSAGE("add", "/devices/x", "SUBSYSTEM=css\0SEQNUM=")) - 1);
        g_string_append(text, rows[i].text);
        g_assert_true(vccw_uevent_parse(text->str, text->len + 1, &uevent));
        g_assert_cmpuint(uevent.number, ==, rows[i].number);
    }
    /* "SEQNUMBER" is another key; the first of two wins. */
    {
        static const char message[] =
            MESSAGE("add", "/devices/x", "SEQNUMBER=1\0SUBSYSTEM=css\0SUBSYSTEM=ccw");
        VccwUevent uevent;

        g_assert_true(vccw_uevent_parse(message, sizeof(message), &uevent));
        g_assert_cmpuint(uevent.number, ==, G_MAXUINT64);
        g_assert_cmpstr(uevent.subsystem, ==, "css");
    }
}

/* Each beginning of a message, in a block of just that size, is read within its bounds.
 */
static void
test_parse_truncated(void)
{
    for (gsize size = 0; size < sizeof(GOOD); size++) {
        g_autofree char *message = g_memdup2(GOOD, size);
        VccwUevent uevent;
        gboolean complete =
            size > 0 && GOOD[size - 1] == '\0' && memmem(GOOD, size, "SUBSYSTEM=css", 14);

        g_assert_cmpint(vccw_uevent_parse(message, size, &uevent), ==, complete);
    }
}

/* Flipped bits may make another message of it or none, but do no harm. */
static void
test_parse_damaged(void)
{
    for (guint round = 0; round < 20000; round++) {
        g_autofree char *message = g_memdup2(GOOD, sizeof(GOOD));
        VccwUevent uevent;
        VccwNodeName name;

        for (guint i = 0; i < 3; i++)
            message[g_test_rand_int_range(0, sizeof(GOOD))] =
                g_test_rand_int_range(0, 256);
        if (vccw_uevent_parse(message, sizeof(GOOD), &uevent))
            vccw_uevent_node(&uevent, &name);
    }
}

static void
test_node(void)
{
    static const struct {
        const char *action;
        const char *subsystem;
        const char *path;
        const char *name; /* or NULL */
    } rows[] = {
        { "add", "css", "/devices/css0/0.0.0004", "css_0_0_0004" },
        { "remove", "css", "/devices/css0/0.3.ffff", "css_0_3_ffff" },
        { "change", "css", "/devices/css0/0.0.0004", "css_0_0_0004" },
        { "bind", "css", "/devices/css0/0.0.0004", "css_0_0_0004" },
        { "unbind", "css", "/devices/css0/0.0.0004", "css_0_0_0004" },
        { "online", "ccw", "/devices/css0/0.0.0004/0.0.3000", "ccw_0_0_3000" },
        { "offline", "ccw", "/devices/css0/0.0.0004/0.0.3000", "ccw_0_0_3000" },
        { "move", "ccw", "/devices/css0/defunct/0.0.3000", "ccw_0_0_3000" },
        { "add", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1,
          "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004" },
        { "add", "block", "/devices/css0/0.0.0004/0.0.3000/block/dasda", "ccw_0_0_3000" },
        { "remove", "virtio", "/devices/css0/0.0.0004/0.0.3000/virtio3", "ccw_0_0_3000" },
        { "explode", "css", "/devices/css0/0.0.0004", NULL },
        { "", "css", "/devices/css0/0.0.0004", NULL },
        { "add", "css", "/devices/css0/chp0.34", NULL },
        { "add", "css", "/devices/css0/0.0.004", NULL },
        { "add", "css", "/devices/css0", NULL },
        { "add", "css", "/devices/", NULL },
        { "add", "css", "/bus/css/0.0.0004", NULL },
        { "add", "css", "", NULL },
        { "add", "ccw", "/devices/css0/0.0.0004/0.0.30000", NULL },
        { "add", "ccwgroup", "/devices/qeth/0.0.bd00", NULL },
        { "add", "mdev", "/devices/vfio_ap/matrix/" TREE_UUID_1, NULL },
        { "add", "mdev", "/devices/" TREE_UUID_1, NULL },
        { "add", "mdev", "/devices/css0/0.0.0004/x", NULL },
        { "add", "vfio-dev", "/devices/css0/0.0.0004/" TREE_UUID_1 "/vfio-dev/vfio0",
          NULL },
        { "add", "block", "/devices/pci0000:00/0000:00:02.0/0.0.3000/block/sda", NULL },
        { "add", "block", "/devices/virtual/block/loop0", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        VccwUevent uevent = { .action = rows[i].action,
                              .subsystem = rows[i].subsystem,
                              .devpath = rows[i].path };
        g_autofree char *found = NULL;
        VccwNodeName name;

        if (vccw_uevent_node(&uevent, &name))
            found = vccw_node_name_to_string(&name);
        g_assert_cmpstr(found, ==, rows[i].name);
    }
}

/* When a registration begins -------------------------------------------------------- */

static void
test_registration(void)
{
    enum { ABSENT, UNREGISTERED, REGISTERED, OTHER_FOLDER };
    static const struct {
        int before;
        int now;
        guint64 unregistered; /* the reading before was as of 100 */
        gboolean lost;
        gboolean begins;
    } rows[] = {
        { ABSENT, UNREGISTERED, 0, FALSE, FALSE },
        { ABSENT, REGISTERED, 0, FALSE, TRUE },
        { ABSENT, REGISTERED, 101, TRUE, TRUE },
        { UNREGISTERED, UNREGISTERED, 101, TRUE, FALSE },
        { UNREGISTERED, REGISTERED, 0, FALSE, TRUE },
        { UNREGISTERED, REGISTERED, 99, FALSE, TRUE },
        { REGISTERED, UNREGISTERED, 101, TRUE, FALSE },
        { REGISTERED, REGISTERED, 0, FALSE, FALSE },
        { REGISTERED, REGISTERED, 99, FALSE, FALSE },
        { REGISTERED, REGISTERED, 100, FALSE, FALSE },
        { REGISTERED, REGISTERED, 101, FALSE, TRUE },
        { REGISTERED, REGISTERED, G_MAXUINT64, FALSE, TRUE },
        { REGISTERED, REGISTERED, 0, TRUE, FALSE },
        { REGISTERED, OTHER_FOLDER, 0, FALSE, FALSE },
        { REGISTERED, OTHER_FOLDER, 0, TRUE, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        VccwSubchannelRecord states[] = {
            [UNREGISTERED] = { .as_of = 100 },
            [REGISTERED] = { .shown.registered = TRUE, .types_inode = 8, .as_of = 100 },
            [OTHER_FOLDER] = { .shown.registered = TRUE, .types_inode = 9 },
        };
        VccwNews news = { .unregistered = rows[i].unregistered, .lost = rows[i].lost };
        VccwSubchannelRecord *before =
            rows[i].before == ABSENT ? NULL : &states[rows[i].before];

        g_assert_cmpint(
            vccw_news_begins_registration(&news, before, &states[rows[i].now]), ==,
            rows[i].begins);
    }
}

static void
test_news(void)
{
    VccwNews news = { 0 };

    vccw_news_add(&news, &(VccwUevent){ .action = "bind", .number = 1 });
    vccw_news_add(
        &news,
        &(VccwUevent){ .action = "change", .mdev_state = "registered", .number = 2 });
    g_assert_false(news.changed);
    g_assert_cmpuint(news.unregistered, ==, 0);
    vccw_news_add(
        &news,
        &(VccwUevent){ .action = "change", .mdev_state = "unregistered", .number = 4 });
    vccw_news_add(
        &news,
        &(VccwUevent){ .action = "change", .mdev_state = "unregistered", .number = 3 });
    g_assert_false(news.changed);
    g_assert_cmpuint(news.unregistered, ==, 4);
    vccw_news_add(&news, &(VccwUevent){ .action = "change", .number = 5 });
    g_assert_true(news.changed);
}

/* A namespace ----------------------------------------------------------------------- */

/* Moves this process to where it may have the kernel send uevents; once. */
static gboolean
enter_namespace(void)
{
    static gboolean tried, entered;
    g_autofree char *map = g_strdup_printf("0 %u 1", getuid());

    if (tried)
        return entered;
    tried = TRUE;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
        g_test_message("unshare: %s", g_strerror(errno));
        return FALSE;
    }
    entered = vccw_write_attr(AT_FDCWD, "/proc/self/uid_map", map, NULL);
    return entered;
}

typedef struct {
    char *root;
    VccwInventory *inventory;
    GString *log;
    int injector;
    gboolean usable;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    f->injector = -1;
    f->usable = enter_namespace();
    if (!f->usable)
        return;
    f->injector = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    g_assert_cmpint(f->injector, >=, 0);
    f->root = tree_new();
    f->log = g_string_new(NULL);
    f->inventory = vccw_inventory_new(f->root, &error);
    g_assert_no_error(error);
    vccw_inventory_set_func(f->inventory, tree_log, f->log);
    g_assert_true(vccw_inventory_listen(f->inventory, &error));
    g_assert_true(vccw_inventory_listen(f->inventory, &error)); /* once more: no matter */
    tree_add_subchannel(f->root, "0.0.0004");
    tree_bind(f->root, "0.0.0004", "io_subchannel");
    tree_add_device(f->root, "0.0.0004", "0.0.3000");
    vccw_inventory_scan(f->inventory);
    g_string_truncate(f->log, 0);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    if (!f->usable)
        return;
    vccw_inventory_free(f->inventory);
    g_string_free(f->log, TRUE);
    tree_free(f->root);
    vccw_fd_clear(&f->injector);
}

static gboolean
skip(Fixture *f)
{
    if (!f->usable)
        g_test_skip("no user and network namespace may be made here");
    return !f->usable;
}

/* Sends @payload to port @port (0: the kernel, for it to broadcast) or to @group. */
static void
send_payload(Fixture *f, const GString *payload, guint32 group)
{
    struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = group };
    g_autofree struct nlmsghdr *message = g_malloc0(NLMSG_SPACE(payload->len));
    char ack[256];
    const char *start = group ? payload->str : (char *)message;

    message->nlmsg_len = NLMSG_LENGTH(payload->len);
    message->nlmsg_type = 0x10;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    memcpy(NLMSG_DATA(message), payload->str, payload->len);
    g_assert_cmpint(sendto(f->injector, start, group ? payload->len : message->nlmsg_len,
                           0, (struct sockaddr *)&to, sizeof(to)),
                    >, 0);
    if (group)
        return;
    g_assert_cmpint(recv(f->injector, ack, sizeof(ack), 0), >=, NLMSG_LENGTH(4));
    g_assert_cmpint(*(int *)NLMSG_DATA((struct nlmsghdr *)ack), ==, 0);
}

/* The payload of a uevent; @extra is one more "KEY=VALUE" or NULL. */
static GString *
payload(const char *action, const char *subsystem, const char *path, const char *extra)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s@%s%cACTION=%s%cDEVPATH=%s%cSUBSYSTEM=%s%c", action,
                           path, 0, action, 0, path, 0, subsystem, 0);
    if (extra)
        g_string_append_len(text, extra, strlen(extra) + 1);
    return text;
}

static void
inject(Fixture *f,
       const char *action,
       const char *subsystem,
       const char *path,
       const char *extra)
{
    GString *text = payload(action, subsystem, path, extra);

    send_payload(f, text, 0);
    g_string_free(text, TRUE);
}

static void
inject_css(Fixture *f, const char *action, const char *id, const char *extra)
{
    g_autofree char *path = g_strconcat("/devices/css0/", id, NULL);

    inject(f, action, "css", path, extra);
}

/* Lets the main loop handle what has come. */
static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static gboolean
on_timeout(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

/* Runs the main loop until the log is @expected: that is the test's end, or two seconds.
 */
static void
wait_for_log(Fixture *f, const char *expected)
{
    gboolean late = FALSE;
    guint timer = g_timeout_add_seconds(10, on_timeout, &late);

    while (!late && !g_str_equal(f->log->str, expected))
        g_main_context_iteration(NULL, TRUE);
    if (!late)
        g_source_remove(timer);
    tree_assert_log(f->log, expected);
}

/* The socket ------------------------------------------------------------------------ */

static void
test_receive(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_auto(VccwFd) fd = -1;
    g_autofree char *message = g_malloc(VCCW_UEVENT_SIZE);
    GString *text = payload("add", "css", "/devices/css0/0.0.0004", NULL);
    gsize length = 0;
    VccwUevent uevent;

    if (!skip(f)) {
        fd = vccw_uevent_open(&error);
        g_assert_no_error(error);
        g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
        g_assert_cmpint(vccw_uevent_receive(fd, message, &length), ==, VCCW_UEVENT_NONE);
        send_payload(f, text, 0);
        g_assert_cmpint(vccw_uevent_receive(fd, message, &length), ==,
                        VCCW_UEVENT_RECEIVED);
        g_assert_true(vccw_uevent_parse(message, length, &uevent));
        g_assert_cmpuint(uevent.number, <, G_MAXUINT64); /* the kernel has added it */
        g_assert_cmpint(vccw_uevent_receive(fd, message, &length), ==, VCCW_UEVENT_NONE);
    }
    g_string_free(text, TRUE);
}

/* What a process has sent itself is not believed, not even from root. */
static void
test_forged(Fixture *f, gconstpointer data)
{
    g_auto(VccwFd) fd = -1;
    g_autofree char *message = g_malloc(VCCW_UEVENT_SIZE);
    GString *text = payload("add", "css", "/devices/css0/0.0.0005", NULL);
    gsize length = 0;

    if (!skip(f)) {
        fd = vccw_uevent_open(NULL);
        tree_add_subchannel(f->root, "0.0.0005");
        send_payload(f, text, 1);
        send_payload(f, text, 2); /* where udevd sends: not even seen */
        g_assert_cmpint(vccw_uevent_receive(fd, message, &length), ==,
                        VCCW_UEVENT_FOREIGN);
        g_assert_cmpint(vccw_uevent_receive(fd, message, &length), ==, VCCW_UEVENT_NONE);
        settle();
        tree_assert_log(f->log, "");
        send_payload(f, text, 0);
        settle();
        tree_assert_log(f->log, "added css_0_0_0005;");
    }
    g_string_free(text, TRUE);
}

/* As large as the kernel makes them. */
static void
test_large(Fixture *f, gconstpointer data)
{
    g_autofree char *extra = g_strnfill(1900, 'x');

    if (skip(f))
        return;
    inject_css(f, "change", "0.0.0004", extra);
    settle();
    tree_assert_log(f->log, "updated css_0_0_0004;");
}

/* What uevents do to the inventory -------------------------------------------------- */

/* Binding and starting, as the kernel tells it: every step once, in the kernel's order.
 */
static void
test_bind(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    tree_remove_device(f->root, "0.0.0004", "0.0.3000");
    inject(f, "unbind", "ccw", "/devices/css0/0.0.0004/0.0.3000", NULL);
    inject(f, "remove", "ccw", "/devices/css0/0.0.0004/0.0.3000", NULL);
    settle();
    tree_assert_log(f->log, "removed ccw_0_0_3000;");
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    inject_css(f, "unbind", "0.0.0004", NULL);
    inject_css(f, "change", "0.0.0004", "MDEV_STATE=registered");
    inject_css(f, "bind", "0.0.0004", "DRIVER=vfio_ccw");
    settle();
    tree_assert_log(f->log, "updated css_0_0_0004;registered css_0_0_0004;");
    tree_add_bare_mdev(f->root, "0.0.0004", TREE_UUID_1);
    inject(f, "add", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    settle();
    tree_assert_log(f->log, "");
    tree_complete_mdev(f->root, "0.0.0004", TREE_UUID_1);
    inject(f, "bind", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    settle();
    tree_assert_log(f->log, "added mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
}

/* Late, doubled and reordered uevents tell nothing new. */
static void
test_late(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    inject_css(f, "bind", "0.0.0004", NULL);
    inject_css(f, "unbind", "0.0.0004", NULL);
    settle();
    tree_assert_log(f->log, "updated css_0_0_0004;registered css_0_0_0004;");
    inject_css(f, "bind", "0.0.0004", NULL);
    inject_css(f, "remove", "0.0.0004", NULL);
    inject_css(f, "add", "0.0.0004", NULL);
    inject_css(f, "add", "0.0.0005", NULL); /* is not there */
    settle();
    tree_assert_log(f->log, "");
}

static void
test_change(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    for (guint i = 0; i < 100; i++)
        inject_css(f, "change", "0.0.0004", NULL); /* path masks, perhaps */
    inject(f, "change", "ccw", "/devices/css0/0.0.0004/0.0.3000", NULL);
    settle();
    tree_assert_log(f->log, "updated css_0_0_0004;updated ccw_0_0_3000;");
    inject_css(f, "change", "0.0.0005", NULL); /* is not there */
    inject(f, "change", "block", "/devices/css0/0.0.0004/0.0.3000/block/dasda", NULL);
    settle();
    tree_assert_log(f->log, "");
}

/* A device goes offline after its disk has gone, without another uevent. */
static void
test_in_flux(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    tree_write(f->root, "1", "devices/css0/0.0.0004/0.0.3000/online");
    inject(f, "add", "block", "/devices/css0/0.0.0004/0.0.3000/block/dasda", NULL);
    settle();
    tree_assert_log(f->log, "updated ccw_0_0_3000;");
    inject(f, "remove", "block", "/devices/css0/0.0.0004/0.0.3000/block/dasda", NULL);
    settle();
    tree_assert_log(f->log, "");
    tree_write(f->root, "0", "devices/css0/0.0.0004/0.0.3000/online");
    wait_for_log(f, "updated ccw_0_0_3000;");
}

/* An mdev whose "bind" never comes is completed all the same. */
static void
test_in_flux_mdev(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    tree_add_bare_mdev(f->root, "0.0.0004", TREE_UUID_1);
    inject(f, "add", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    settle();
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, ""); /* half of it is of no use to anybody */
    tree_complete_mdev(f->root, "0.0.0004", TREE_UUID_1);
    wait_for_log(f, "added mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
}

/* One that is never completed is shown all the same, in the end. */
static void
test_bare_mdev(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    tree_add_bare_mdev(f->root, "0.0.0004", TREE_UUID_1);
    inject(f, "add", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    wait_for_log(f, "added mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
    inject(f, "change", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    settle();
    tree_assert_log(f->log,
                    "updated mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
    tree_complete_mdev(f->root, "0.0.0004", TREE_UUID_1);
    wait_for_log(f, "updated mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
}

/* The kernel takes the link to the type away first, and the rest piece by piece. */
static void
test_going_mdev(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    tree_add_mdev(f->root, "0.0.0004", TREE_UUID_1);
    inject(f, "bind", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    settle();
    tree_assert_log(f->log, "added mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
    tree_remove_mdev(f->root, "0.0.0004", TREE_UUID_1);
    tree_add_bare_mdev(f->root, "0.0.0004", TREE_UUID_1);
    inject(f, "unbind", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    settle();
    tree_assert_log(f->log, "");
    tree_remove_mdev(f->root, "0.0.0004", TREE_UUID_1);
    inject(f, "remove", "mdev", "/devices/css0/0.0.0004/" TREE_UUID_1, NULL);
    settle();
    tree_assert_log(f->log,
                    "removed mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004;");
}

/* One registration ends and another begins before anybody looks. */
static void
test_unseen_registration(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "updated css_0_0_0004;registered css_0_0_0004;");
    inject_css(f, "change", "0.0.0004", "MDEV_STATE=registered");
    settle();
    tree_assert_log(f->log, ""); /* the scan has seen that one */
    inject_css(f, "change", "0.0.0004", "MDEV_STATE=unregistered");
    inject_css(f, "change", "0.0.0004", "MDEV_STATE=registered");
    settle();
    tree_assert_log(f->log, "updated css_0_0_0004;registered css_0_0_0004;");
    inject_css(f, "change", "0.0.0004", "MDEV_STATE=registered");
    vccw_inventory_scan(f->inventory);
    settle();
    tree_assert_log(f->log, "");
}

/* Uevents that are older than a reading are not news, even "unregistered". */
static void
test_overtaken_registration(Fixture *f, gconstpointer data)
{
    VccwNodeName name = tree_name("css_0_0_0004");

    if (skip(f))
        return;
    inject_css(f, "change", "0.0.0004", "MDEV_STATE=unregistered");
    inject_css(f, "change", "0.0.0004", "MDEV_STATE=registered");
    tree_write(f->root, "9223372036854775807", "kernel/uevent_seqnum");
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    vccw_inventory_refresh(f->inventory, &name);
    tree_assert_log(f->log, "updated css_0_0_0004;registered css_0_0_0004;");
    settle();
    tree_assert_log(f->log, "");
}

/* Descriptor of the listener's socket. */
static int
listening_fd(void)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(AT_FDCWD, "/proc/self/fd", NULL);

    for (guint i = 0; i < names->len; i++) {
        int fd = g_ascii_strtoll(names->pdata[i], NULL, 10);
        struct sockaddr_nl address = { 0 };
        socklen_t length = sizeof(address);

        if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
            address.nl_family == AF_NETLINK && address.nl_groups == 1)
            return fd;
    }
    g_assert_not_reached();
}

/* Makes the listener's socket overflow for real. */
static void
overflow(Fixture *f)
{
    int least = 0;

    g_assert_cmpint(
        setsockopt(listening_fd(), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), ==, 0);
    for (guint i = 0; i < 200; i++)
        inject_css(f, "change", "0.0.0001", NULL);
}

/* A registration that ended while uevents were lost is told by its folder. */
static void
test_lost_registration(Fixture *f, gconstpointer data)
{
    g_autofree char *folder = NULL;
    g_autofree char *aside = NULL;

    if (skip(f))
        return;
    folder =
        g_build_filename(f->root, "devices/css0/0.0.0004/mdev_supported_types", NULL);
    aside = g_build_filename(f->root, "aside", NULL);
    tree_bind(f->root, "0.0.0004", "vfio_ccw");
    vccw_inventory_scan(f->inventory);
    tree_assert_log(f->log, "updated css_0_0_0004;registered css_0_0_0004;");
    overflow(f);
    settle();
    tree_assert_log(f->log, ""); /* it is the same one */
    /* The old folder stays, so that the file system cannot give its number again. */
    g_assert_cmpint(rename(folder, aside), ==, 0);
    tree_add_type(f->root, "0.0.0004", "vfio_ccw-io");
    overflow(f);
    settle();
    tree_assert_log(f->log, "updated css_0_0_0004;registered css_0_0_0004;");
}

/* Overflow and failure -------------------------------------------------------------- */

static void
test_overflow(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    for (guint episode = 0; episode < 100; episode++) {
        overflow(f);
        /* Of these no uevent gets through. */
        tree_add_subchannel(f->root, "0.0.0005");
        tree_remove_device(f->root, "0.0.0004", "0.0.3000");
        settle();
        tree_assert_log(f->log, "removed ccw_0_0_3000;added css_0_0_0005;");
        tree_remove_subchannel(f->root, "0.0.0005");
        inject_css(f, "remove", "0.0.0005", NULL); /* the listener still listens */
        settle();
        tree_assert_log(f->log, "removed css_0_0_0005;");
        tree_add_device(f->root, "0.0.0004", "0.0.3000");
        inject(f, "add", "ccw", "/devices/css0/0.0.0004/0.0.3000", NULL);
        settle();
        tree_assert_log(f->log, "added ccw_0_0_3000;");
    }
}

/* What comes to rest only after the loss is seen as well. */
static void
test_overflow_in_flux(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    overflow(f);
    settle();
    tree_write(f->root, "1", "devices/css0/0.0.0004/0.0.3000/online");
    wait_for_log(f, "updated ccw_0_0_3000;");
}

/* More uevents than one turn of the main loop takes. */
static void
test_storm(Fixture *f, gconstpointer data)
{
    if (skip(f))
        return;
    for (guint i = 0; i < 1500; i++) {
        g_autofree char *id = g_strdup_printf("0.0.%04x", 0x100 + i % 64);

        if (i / 64 % 2)
            tree_remove_subchannel(f->root, id);
        else
            tree_add_subchannel(f->root, id);
        inject_css(f, i / 64 % 2 ? "remove" : "add", id, NULL);
    }
    settle();
    for (guint i = 0; i < 64; i++) {
        g_autofree char *id = g_strdup_printf("0.0.%04x", 0x100 + i);
        g_autofree char *link = g_build_filename(f->root, "bus/css/devices", id, NULL);
        VccwBusId parsed = tree_id(id);

        g_assert_cmpint(vccw_inventory_get_subchannel(f->inventory, &parsed) != NULL, ==,
                        vccw_exists(AT_FDCWD, link));
    }
}

/* When the socket fails, another one takes its place, and nothing is missed. */
static void
test_broken(Fixture *f, gconstpointer data)
{
    g_auto(VccwFd) null = -1;

    if (skip(f))
        return;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    g_assert_cmpint(dup3(null, listening_fd(), O_CLOEXEC), >=, 0);
    tree_add_subchannel(f->root, "0.0.0005");
    wait_for_log(f, "added css_0_0_0005;");
    tree_remove_subchannel(f->root, "0.0.0005");
    inject_css(f, "remove", "0.0.0005", NULL);
    settle();
    tree_assert_log(f->log, "removed css_0_0_0005;");
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(Fixture *, gconstpointer);
    } tests[] = {
        { "/uevent/receive", test_receive },
        { "/uevent/forged", test_forged },
        { "/uevent/large", test_large },
        { "/uevent/bind", test_bind },
        { "/uevent/late", test_late },
        { "/uevent/change", test_change },
        { "/uevent/in-flux", test_in_flux },
        { "/uevent/in-flux-mdev", test_in_flux_mdev },
        { "/uevent/bare-mdev", test_bare_mdev },
        { "/uevent/going-mdev", test_going_mdev },
        { "/uevent/unseen-registration", test_unseen_registration },
        { "/uevent/overtaken-registration", test_overtaken_registration },
        { "/uevent/lost-registration", test_lost_registration },
        { "/uevent/overflow", test_overflow },
        { "/uevent/overflow-in-flux", test_overflow_in_flux },
        { "/uevent/storm", test_storm },
        { "/uevent/broken", test_broken },
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uevent/parse", test_parse);
    g_test_add_func("/uevent/parse-bad", test_parse_bad);
    g_test_add_func("/uevent/parse-number", test_parse_number);
    g_test_add_func("/uevent/parse-truncated", test_parse_truncated);
    g_test_add_func("/uevent/parse-damaged", test_parse_damaged);
    g_test_add_func("/uevent/node", test_node);
    g_test_add_func("/uevent/registration", test_registration);
    g_test_add_func("/uevent/news", test_news);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
    return g_test_run();
}
