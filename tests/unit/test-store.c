/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store-tree.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <virtccw/error.h>

#define PARENT   "0.0.0004"
#define NAME     TREE_UUID_1
#define FOLLOWED 2000 /* ms within which a change by others must be seen */

typedef struct {
    char *root;
    char *dir;
    VccwStore *store;
    GString *log;
} Fixture;

/* Logs "WORD UUID@PARENT;"; what has no UUID is logged by the end of its path. */
static void
log_change(VccwStoreChange change,
           const VccwUuid *uuid,
           const VccwBusId *parent,
           const GError *problem,
           gpointer data)
{
    static const char *const words[] = { "defined", "changed", "undefined", "unusable" };
    Fixture *f = data;

    g_assert_cmpint(change == VCCW_STORE_UNUSABLE, ==, problem != NULL);
    g_assert_cmpint(uuid == NULL, ==, parent == NULL);
    if (problem) {
        g_assert_error(problem, VCCW_ERROR, VCCW_ERROR_STORE);
        g_assert_nonnull(strstr(problem->message, f->dir));
        g_assert_null(strchr(problem->message, '\n'));
        g_test_message("%s", problem->message);
    }
    g_string_append(f->log, words[change]);
    if (uuid) {
        g_autofree char *u = vccw_uuid_to_string(uuid);
        g_autofree char *p = vccw_bus_id_to_string(parent);
        const VccwMdevConfig *shown = vccw_store_get(f->store, uuid, parent);

        u[2] = '\0';
        g_string_append_printf(f->log, " %s@%s", u, p);
        g_assert_cmpint(shown != NULL, ==,
                        change == VCCW_STORE_DEFINED || change == VCCW_STORE_CHANGED);
    }
    g_string_append_c(f->log, ';');
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->root = tree_new();
    f->dir = g_build_filename(f->root, "mdevctl.d", NULL);
    f->log = g_string_new(NULL);
    f->store = vccw_store_new(f->dir);
    vccw_store_set_func(f->store, log_change, f);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    vccw_store_free(f->store);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_string_free(f->log, TRUE);
    g_free(f->dir);
    tree_free(f->root);
}

static gboolean
wake(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/* Runs the main loop until the log is as expected, or too much time has passed. */
static void
wait_for_log(Fixture *f, const char *expected)
{
    gint64 deadline = g_get_monotonic_time() + FOLLOWED * 1000;
    guint timer = g_timeout_add(10, wake, NULL);

    while (!g_str_equal(f->log->str, expected) && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    tree_assert_log(f->log, expected);
}

static void
run_loop(guint msec)
{
    gint64 deadline = g_get_monotonic_time() + msec * 1000;
    guint timer = g_timeout_add(10, wake, NULL);

    while (g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
}

/* Runs the main loop for a while; nothing may be reported. */
static void
assert_quiet(Fixture *f, guint msec)
{
    run_loop(msec);
    tree_assert_log(f->log, "");
}

static void
test_load(Fixture *f, gconstpointer data)
{
    VccwUuid uuid = tree_uuid(NAME);
    VccwBusId parent = tree_id(PARENT);
    const VccwMdevConfig *config;

    vccw_store_load(f->store);
    tree_assert_log(f->log, "");
    store_write(f->dir, PARENT, NAME,
                "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"a\":\"1\"}]}");
    vccw_store_load(f->store);
    tree_assert_log(f->log, "defined 18@0.0.0004;");
    config = vccw_store_get(f->store, &uuid, &parent);
    g_assert_cmpstr(config->type, ==, "t");
    g_assert_true(config->autostart);
    g_assert_cmpuint(config->attrs->len, ==, 1);

    vccw_store_load(f->store);
    tree_assert_log(f->log, "");
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    vccw_store_load(f->store);
    tree_assert_log(f->log, "changed 18@0.0.0004;");
    g_assert_cmpstr(config->type, ==, "t"); /* until the main loop runs */
    tree_remove(f->dir, PARENT);
    vccw_store_load(f->store);
    tree_assert_log(f->log, "undefined 18@0.0.0004;");
    g_assert_null(vccw_store_get(f->store, &uuid, &parent));
    g_assert_cmpstr(vccw_store_dir(f->store), ==, f->dir);
}

static char *
names_of(GPtrArray *configs)
{
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < configs->len; i++) {
        const VccwMdevConfig *config = configs->pdata[i];
        g_autofree char *uuid = vccw_uuid_to_string(&config->uuid);
        g_autofree char *parent = vccw_bus_id_to_string(&config->parent);

        uuid[2] = '\0';
        g_string_append_printf(names, "%s@%s ", uuid, parent);
    }
    g_ptr_array_unref(configs);
    return g_string_free(names, FALSE);
}

static void
test_lists(Fixture *f, gconstpointer data)
{
    VccwUuid uuid = tree_uuid(TREE_UUID_2);
    VccwUuid unknown = tree_uuid("00000000-0000-0000-0000-000000000000");
    VccwBusId parent = tree_id("0.0.000a");
    g_autofree char *all = NULL;
    g_autofree char *of_uuid = NULL;
    g_autofree char *on_parent = NULL;
    g_autofree char *none = NULL;

    store_write(f->dir, "0.1.0000", TREE_UUID_2, STORE_GOOD);
    store_write(f->dir, "0.0.000a", TREE_UUID_2, STORE_GOOD);
    store_write(f->dir, "0.0.000a", TREE_UUID_1, STORE_GOOD);
    store_write(f->dir, "0.0.0009", TREE_UUID_2, "bad");
    store_write(f->dir, "0.0.0009", TREE_UUID_1, STORE_GOOD);
    vccw_store_load(f->store);
    all = names_of(vccw_store_list(f->store));
    of_uuid = names_of(vccw_store_list_uuid(f->store, &uuid));
    on_parent = names_of(vccw_store_list_parent(f->store, &parent));
    none = names_of(vccw_store_list_uuid(f->store, &unknown));
    g_assert_cmpstr(all, ==, "18@0.0.0009 18@0.0.000a 2e@0.0.000a 2e@0.1.0000 ");
    g_assert_cmpstr(of_uuid, ==, "2e@0.0.000a 2e@0.1.0000 ");
    g_assert_cmpstr(on_parent, ==, "18@0.0.000a 2e@0.0.000a ");
    g_assert_cmpstr(none, ==, "");
}

static void
make_fifo(const char *path)
{
    g_assert_cmpint(mkfifo(path, 0644), ==, 0);
}

static void
make_folder(const char *path)
{
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
}

static void
make_link(const char *path)
{
    g_assert_cmpint(symlink("/dev/zero", path), ==, 0);
}

static void
make_loop(const char *path)
{
    g_assert_cmpint(symlink(path, path), ==, 0);
}

static void
make_socket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *here = g_get_current_dir();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(chdir(folder), ==, 0); /* socket paths are short */
    g_strlcpy(address.sun_path, name, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(chdir(here), ==, 0);
    close(fd);
}

static void
make_huge(const char *path)
{
    g_autofree char *blanks = g_strnfill(70000, ' ');

    store_write_bytes(path, STORE_GOOD, -1);
    store_write_bytes(path, blanks, -1);
}

static void
make_vast(const char *path)
{
    store_write_bytes(path, "", 0);
    g_assert_cmpint(truncate(path, G_GINT64_CONSTANT(1) << 40), ==, 0);
}

static void
make_deep(const char *path)
{
    g_autofree char *deep = g_strnfill(60000, '[');

    store_write_bytes(path, deep, -1);
}

static void
make_binary(const char *path)
{
    store_write_bytes(path, "{\"mdev_type\":\"t\0\",\"start\":\"auto\"}", 34);
}

static void
make_good(const char *path)
{
    store_write_bytes(path, STORE_GOOD, -1);
}

#define U(n) "00000000-0000-4000-8000-0000000000" #n

/* Each beside good ones; @text or @make says what is there. */
static const struct {
    const char *parent;
    const char *name;
    const char *text;
    void (*make)(const char *path);
} bad_files[] = {
    { PARENT, U(01), "", NULL },
    { PARENT, U(02), "{\"mdev_type\":\"vfio_ccw-io\",\"st", NULL },
    { PARENT, U(03), "\xff\xfe\x01", NULL },
    { PARENT, U(04), NULL, make_binary },
    { PARENT, U(05), NULL, make_huge },
    { PARENT, U(06), NULL, make_vast },
    { PARENT, U(07), NULL, make_deep },
    { PARENT, U(08), "{\"mdev_type\":5,\"start\":\"auto\"}", NULL },
    { PARENT, U(09), "{\"mdev_type\":\"t\",\"start\":null}", NULL },
    { PARENT, U(10), "{\"mdev_type\":\"t\",\"start\":\"now\"}", NULL },
    { PARENT, U(11), "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":{}}", NULL },
    { PARENT, U(12), "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[\"a\"]}", NULL },
    { PARENT, U(13), "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"a\":1}]}",
      NULL },
    { PARENT, U(14), "{\"mdev_type\":\"t\",\"start\":\"auto\",\"start\":\"auto\"}",
      NULL },
    { PARENT, U(15), "{\"mdev_type\":\"t\",\"start\":\"auto\",}", NULL },
    { PARENT, U(16), "[\"mdev_type\"]", NULL },
    { PARENT, U(17), "mdev_type=vfio_ccw-io\nstart=auto\n", NULL },
    { PARENT, U(18), NULL, make_fifo },
    { PARENT, U(19), NULL, make_folder },
    { PARENT, U(20), NULL, make_link },
    { PARENT, U(21), NULL, make_loop },
    { PARENT, U(22), NULL, make_socket },
    { PARENT, "not-a-uuid", NULL, make_good },
    { PARENT, "18E124FB-b2fc-47f6-a407-f256b6c49767", NULL, make_good },
    { PARENT, "18e124fbb2fc47f6a407f256b6c49767", NULL, make_good },
    { PARENT, U(23) "x", NULL, make_good },
    { PARENT, "line\nfeed\x1b[2J", NULL, make_good },
    { PARENT, "\xff", NULL, make_fifo },
    { "0.0.ABCD", ".", NULL, NULL },
    { ".", "0.0.0006", NULL, make_good },
    { ".", "0.0.0007", NULL, make_link },
    { ".", "0.0.0008", NULL, make_fifo },
};

static void
make_bad_files(Fixture *f)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bad_files); i++) {
        g_autofree char *path =
            g_build_filename(f->dir, bad_files[i].parent, bad_files[i].name, NULL);

        tree_make_parent(path);
        if (bad_files[i].text)
            store_write_bytes(path, bad_files[i].text, -1);
        else if (bad_files[i].make)
            bad_files[i].make(path);
    }
}

static void
make_good_files(Fixture *f)
{
    static const char *const ignored[] = {
        ".hidden", "#x#", "x~", ".x.swp", "x.bak", "." NAME ".virtccw-aB3xYz"
    };

    for (guint i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("f0000000-0000-4000-8000-%012x", i);

        store_write(f->dir, i % 2 ? PARENT : "0.0.0005", name, STORE_GOOD);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(ignored); i++)
        store_write(f->dir, PARENT, ignored[i], "not ours");
    store_write(f->dir, "scripts.d", "callouts", "not ours");
    store_write(f->dir, "0000:00:02.0", NAME, "not ours");
    store_write(f->dir, "matrix", NAME, "not ours");
    store_write(f->dir, "fe.0.0004", NAME, "not ours");
}

static guint
count(const GString *log, const char *word)
{
    guint n = 0;

    for (const char *p = log->str; (p = strstr(p, word)); p += strlen(word))
        n++;
    return n;
}

static void
test_bad_files(Fixture *f, gconstpointer data)
{
    g_autoptr(GPtrArray) served = NULL;

    make_good_files(f);
    make_bad_files(f);
    vccw_store_load(f->store);
    for (guint i = 0; i < 100 && count(f->log, "unusable") < G_N_ELEMENTS(bad_files); i++)
        run_loop(10); /* what is new gets a second look */
    served = vccw_store_list(f->store);
    g_assert_cmpuint(served->len, ==, 40);
    g_assert_cmpuint(count(f->log, "defined "), ==, 40);
    g_assert_cmpuint(count(f->log, "unusable"), ==, G_N_ELEMENTS(bad_files));
    g_assert_cmpuint(G_N_ELEMENTS(bad_files), >=, 25);

    /* Once for each version, and each is still there. */
    g_string_truncate(f->log, 0);
    vccw_store_load(f->store);
    tree_assert_log(f->log, "");
    for (gsize i = 0; i < G_N_ELEMENTS(bad_files); i++) {
        g_autofree char *path =
            g_build_filename(f->dir, bad_files[i].parent, bad_files[i].name, NULL);
        struct stat st;

        g_assert_cmpint(lstat(path, &st), ==, 0);
    }
    store_write(f->dir, PARENT, U(01), "{");
    tree_remove(f->dir, "%s/not-a-uuid", PARENT);
    vccw_store_load(f->store);
    tree_assert_log(f->log, ""); /* the second look may be due as soon as the loop runs */
    wait_for_log(f, "unusable 00@0.0.0004;");
    store_write(f->dir, PARENT, "not-a-uuid", "again");
    vccw_store_load(f->store);
    tree_assert_log(f->log, "unusable;");
}

/* A definition that goes bad is no longer defined; mended, it is again. */
static void
test_goes_bad(Fixture *f, gconstpointer data)
{
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    vccw_store_load(f->store);
    tree_assert_log(f->log, "defined 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, "");
    vccw_store_load(f->store);
    tree_assert_log(f->log, ""); /* it may be half written */
    wait_for_log(f, "undefined 18@0.0.0004;unusable 18@0.0.0004;");
    assert_quiet(f, 300);
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    vccw_store_load(f->store);
    tree_assert_log(f->log, "defined 18@0.0.0004;");
}

static void
test_half_written(Fixture *f, gconstpointer data)
{
    VccwUuid uuid = tree_uuid(NAME);
    VccwBusId parent = tree_id(PARENT);

    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    vccw_store_refresh(f->store, &uuid, &parent);
    tree_assert_log(f->log, "defined 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, "{\"mdev");
    vccw_store_refresh(f->store, &uuid, &parent);
    tree_assert_log(f->log, "");
    g_assert_nonnull(vccw_store_get(f->store, &uuid, &parent));
    store_write(f->dir, PARENT, NAME, STORE_AUTO);
    wait_for_log(f, "changed 18@0.0.0004;");
    assert_quiet(f, 300);
}

static void
test_refresh(Fixture *f, gconstpointer data)
{
    VccwUuid uuid = tree_uuid(NAME);
    VccwBusId parent = tree_id(PARENT);
    g_autoptr(VccwMdevConfig) config = store_config(NAME, PARENT, "t");
    g_autoptr(GError) error = NULL;

    g_assert_true(vccw_store_watch(f->store, &error));
    g_assert_no_error(error);
    vccw_store_load(f->store);
    vccw_store_refresh(f->store, &uuid, &parent);
    tree_assert_log(f->log, "");
    g_assert_true(vccw_definition_create(f->dir, config, NULL));
    vccw_store_refresh(f->store, &uuid, &parent);
    tree_assert_log(f->log, "defined 18@0.0.0004;");
    g_assert_true(vccw_definition_set_autostart(f->dir, &uuid, &parent, TRUE, NULL));
    vccw_store_refresh(f->store, &uuid, &parent);
    tree_assert_log(f->log, "changed 18@0.0.0004;");
    assert_quiet(f, 100); /* the events of our own writes change nothing more */
    g_assert_true(vccw_definition_remove(f->dir, &uuid, &parent, NULL));
    vccw_store_refresh(f->store, &uuid, &parent);
    tree_assert_log(f->log, "undefined 18@0.0.0004;");
    assert_quiet(f, 100);
}

static void
test_follow(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->dir, PARENT, NAME, NULL);
    g_autofree char *moved = g_build_filename(f->dir, PARENT, TREE_UUID_2, NULL);
    g_autofree char *target = g_build_filename(f->root, "x", NULL);
    g_autofree char *link = g_build_filename(f->dir, PARENT, U(01), NULL);

    g_assert_true(vccw_store_watch(f->store, NULL));
    vccw_store_load(f->store);
    store_write(f->dir, PARENT, NAME, STORE_GOOD); /* makes all folders too */
    wait_for_log(f, "defined 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, STORE_AUTO);
    wait_for_log(f, "changed 18@0.0.0004;");
    g_assert_cmpint(rename(path, moved), ==, 0);
    assert_quiet(f, 0);
    g_string_truncate(f->log, 0);
    vccw_store_load(f->store);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(count(f->log, "defined 2e@0.0.0004;"), ==, 1);
    g_string_truncate(f->log, 0);
    g_assert_cmpint(unlink(moved), ==, 0);
    wait_for_log(f, "undefined 2e@0.0.0004;");
    store_write_bytes(target, STORE_GOOD, -1);
    g_assert_cmpint(symlink(target, link), ==, 0);
    wait_for_log(f, "unusable 00@0.0.0004;");
    store_write(f->dir, PARENT, "odd", "x");
    wait_for_log(f, "unusable;");
}

/* Folders that come, go, are renamed and replaced. */
static void
test_follow_folders(Fixture *f, gconstpointer data)
{
    g_autofree char *folder = g_build_filename(f->dir, PARENT, NULL);
    g_autofree char *other = g_build_filename(f->dir, "0.0.0005", NULL);
    g_autofree char *outside = g_build_filename(f->root, "outside", NULL);

    g_assert_true(vccw_store_watch(f->store, NULL));
    vccw_store_load(f->store);
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    wait_for_log(f, "defined 18@0.0.0004;");
    tree_remove(f->dir, PARENT);
    wait_for_log(f, "undefined 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    wait_for_log(f, "defined 18@0.0.0004;");

    g_assert_cmpint(rename(folder, outside), ==, 0);
    wait_for_log(f, "undefined 18@0.0.0004;");
    store_write(outside, ".", TREE_UUID_2, STORE_GOOD);
    assert_quiet(f, 50);
    g_assert_cmpint(rename(outside, other), ==, 0);
    while (f->log->len < strlen("defined 18@0.0.0005;defined 2e@0.0.0005;"))
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(count(f->log, "defined 18@0.0.0005;"), ==, 1);
    g_assert_cmpuint(count(f->log, "defined 2e@0.0.0005;"), ==, 1);
    g_string_truncate(f->log, 0);

    /* Renamed within the store: still watched under its new name. */
    g_assert_cmpint(rename(other, folder), ==, 0);
    while (count(f->log, ";") < 4)
        g_main_context_iteration(NULL, TRUE);
    g_string_truncate(f->log, 0);
    store_write(f->dir, PARENT, NAME, STORE_AUTO);
    wait_for_log(f, "changed 18@0.0.0004;");
    store_write(f->dir, PARENT, U(01), STORE_AUTO);
    wait_for_log(f, "defined 00@0.0.0004;");
}

/* The store's own folder goes and comes back, also replaced in one step. */
static void
test_follow_store(Fixture *f, gconstpointer data)
{
    g_autofree char *aside = g_build_filename(f->root, "aside", NULL);

    g_assert_true(vccw_store_watch(f->store, NULL));
    vccw_store_load(f->store);
    for (guint i = 0; i < 3; i++) {
        store_write(f->dir, PARENT, NAME, STORE_GOOD);
        wait_for_log(f, "defined 18@0.0.0004;");
        tree_remove(f->root, "mdevctl.d");
        wait_for_log(f, "undefined 18@0.0.0004;");
    }
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    wait_for_log(f, "defined 18@0.0.0004;");
    store_write(aside, PARENT, NAME, STORE_AUTO);
    g_assert_cmpint(renameat2(AT_FDCWD, aside, AT_FDCWD, f->dir, RENAME_EXCHANGE), ==, 0);
    wait_for_log(f, "changed 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    wait_for_log(f, "changed 18@0.0.0004;");
    store_write(aside, PARENT, NAME, STORE_AUTO);
    assert_quiet(f, 50);
}

/* Folders above the store that do not exist yet. */
static void
test_follow_from_afar(Fixture *f, gconstpointer data)
{
    g_autofree char *dir = g_build_filename(f->root, "a", "b", "mdevctl.d", NULL);
    g_autofree char *a = g_build_filename(f->root, "a", NULL);
    g_autofree char *b = g_build_filename(f->root, "a", "b", NULL);

    vccw_store_free(f->store);
    g_free(f->dir);
    f->dir = g_steal_pointer(&dir);
    f->store = vccw_store_new(f->dir);
    vccw_store_set_func(f->store, log_change, f);
    g_assert_true(vccw_store_watch(f->store, NULL));
    vccw_store_load(f->store);
    make_folder(a);
    assert_quiet(f, 30);
    make_folder(b);
    assert_quiet(f, 30);
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    wait_for_log(f, "defined 18@0.0.0004;");
}

/* More events than the kernel keeps: a full look instead. */
static void
test_overflow(Fixture *f, gconstpointer data)
{
    g_autofree char *limit = NULL;
    guint64 events;

    g_assert_true(g_file_get_contents("/proc/sys/fs/inotify/max_queued_events", &limit,
                                      NULL, NULL));
    events = g_ascii_strtoull(limit, NULL, 10);
    if (events > 100000) {
        g_test_skip("the kernel's queue is too long to be filled in a test");
        return;
    }
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    g_assert_true(vccw_store_watch(f->store, NULL));
    vccw_store_load(f->store);
    g_string_truncate(f->log, 0);
    for (guint64 i = 0; i < events / 2 + 10; i++)
        store_write(f->dir, PARENT, i % 2 ? ".a" : ".b", "");
    store_write(f->dir, PARENT, NAME, STORE_AUTO);
    wait_for_log(f, "changed 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    wait_for_log(f, "changed 18@0.0.0004;");
}

/* Without descriptors nothing can be read: what is known stays, and later changes show.
 */
static void
test_no_descriptors(Fixture *f, gconstpointer data)
{
    struct rlimit old;
    struct rlimit none;

    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    g_assert_true(vccw_store_watch(f->store, NULL));
    vccw_store_load(f->store);
    tree_assert_log(f->log, "defined 18@0.0.0004;");
    while (g_main_context_iteration(NULL, FALSE))
        ;
    store_write(f->dir, PARENT, NAME, STORE_AUTO);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    none = (struct rlimit){ .rlim_cur = 0, .rlim_max = old.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    vccw_store_load(f->store);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    tree_assert_log(f->log, "");
    wait_for_log(f, "changed 18@0.0.0004;");
}

/* Where inotify is not to be had, everything is looked at each second. */
static void
test_poll(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    struct rlimit old;
    struct rlimit none;

    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    none = (struct rlimit){ .rlim_cur = 0, .rlim_max = old.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    g_assert_false(vccw_store_watch(f->store, &error));
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    g_assert_nonnull(error);
    vccw_store_load(f->store);
    tree_assert_log(f->log, "defined 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, STORE_AUTO);
    wait_for_log(f, "changed 18@0.0.0004;");
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    wait_for_log(f, "changed 18@0.0.0004;");
    tree_remove(f->root, "mdevctl.d");
    wait_for_log(f, "undefined 18@0.0.0004;");
}

/* 1,000 definitions within 30 ms, and one more within 1 ms; unchecked under a sanitizer.
 */
static void
test_scale(Fixture *f, gconstpointer data)
{
    VccwUuid uuid = tree_uuid(NAME);
    VccwBusId parent = tree_id(PARENT);
    g_autoptr(GPtrArray) all = NULL;
    gint64 start;
    double load;
    double refresh;

    vccw_store_set_func(f->store, NULL, NULL);
    for (guint i = 0; i < 4000; i++) {
        g_autofree char *on = g_strdup_printf("0.0.%04x", i);
        g_autofree char *name = g_strdup_printf("f0000000-0000-4000-8000-%012x", i);

        store_write(f->dir, on, name, STORE_GOOD);
    }
    g_assert_true(vccw_store_watch(f->store, NULL));
    start = g_get_monotonic_time();
    vccw_store_load(f->store);
    load = (g_get_monotonic_time() - start) / 1000.0;
    all = vccw_store_list(f->store);
    g_assert_cmpuint(all->len, ==, 4000);
    store_write(f->dir, PARENT, NAME, STORE_GOOD);
    start = g_get_monotonic_time();
    vccw_store_refresh(f->store, &uuid, &parent);
    refresh = (g_get_monotonic_time() - start) / 1000.0;
    g_assert_nonnull(vccw_store_get(f->store, &uuid, &parent));
    g_test_minimized_result(load, "load of 4,000: %.1f ms", load);
    g_test_minimized_result(refresh, "refresh of one: %.3f ms", refresh);
}

#define FIXTURE_TEST(path, func) \
    g_test_add("/store/" path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    umask(022);
    FIXTURE_TEST("load", test_load);
    FIXTURE_TEST("lists", test_lists);
    FIXTURE_TEST("bad-files", test_bad_files);
    FIXTURE_TEST("goes-bad", test_goes_bad);
    FIXTURE_TEST("half-written", test_half_written);
    FIXTURE_TEST("refresh", test_refresh);
    FIXTURE_TEST("follow", test_follow);
    FIXTURE_TEST("follow-folders", test_follow_folders);
    FIXTURE_TEST("follow-store", test_follow_store);
    FIXTURE_TEST("follow-from-afar", test_follow_from_afar);
    FIXTURE_TEST("overflow", test_overflow);
    FIXTURE_TEST("no-descriptors", test_no_descriptors);
    FIXTURE_TEST("poll", test_poll);
    FIXTURE_TEST("scale", test_scale);
    return g_test_run();
}
