/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client can see and listen to, against a real driver on a small tree. */

#include "driver/driver.h"
#include "driver/operation.h"
#include "driver/session.h"
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include <virtccw/error.h>

#define UUID "18e124fb-b2fc-47f6-a407-f256b6c49767"
#define MDEV "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004"

#define CAP_SYSTEM     (1u << 0)
#define CAP_MDEV_TYPES (1u << 13)
#define CAP_MDEV       (1u << 14)
#define CAP_CCW        (1u << 15)
#define CAP_CSS        (1u << 16)
#define PERSISTENT     (1u << 28)
#define TRANSIENT      (1u << 29)
#define INACTIVE       (1u << 30)
#define ACTIVE         (1u << 31)

typedef struct {
    char *root;
    VccwDriver *driver;
    VccwSession *session;
    GString *events; /* "ID created NAME;" … */
} Fixture;

static void
put(const char *root, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

static void
link_to(const char *root, const char *path, const char *target)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_cmpint(symlink(target, full), ==, 0);
}

/* 0.0.0004 bound to vfio_ccw; 0.0.0007 bound to io_subchannel with its device 0.0.3001.
 */
static void
make_tree(const char *root)
{
    put(root, "sys/devices/css0/0.0.0004/type", "0\n");
    put(root, "sys/devices/css0/0.0.0004/dev_busid", "0.0.3000\n");
    put(root, "sys/devices/css0/0.0.0004/mdev_supported_types/vfio_ccw-io/device_api",
        "vfio-ccw\n");
    put(root,
        "sys/devices/css0/0.0.0004/mdev_supported_types/vfio_ccw-io/available_instances",
        "1\n");
    link_to(root, "sys/devices/css0/0.0.0004/driver",
            "../../../bus/css/drivers/vfio_ccw");
    put(root, "sys/devices/css0/0.0.0007/type", "0\n");
    link_to(root, "sys/devices/css0/0.0.0007/driver",
            "../../../bus/css/drivers/io_subchannel");
    put(root, "sys/devices/css0/0.0.0007/0.0.3001/online", "1\n");
    link_to(root, "sys/bus/css/devices/0.0.0004", "../../../devices/css0/0.0.0004");
    link_to(root, "sys/bus/css/devices/0.0.0007", "../../../devices/css0/0.0.0007");
    link_to(root, "sys/bus/ccw/devices/0.0.3001",
            "../../../devices/css0/0.0.0007/0.0.3001");
}

static void
on_lifecycle(gpointer data, gint32 id, const char *name, gint32 event, gint32 detail)
{
    static const char *const words[] = { "created", "deleted", "defined", "undefined" };

    g_assert_cmpint(detail, ==, 0);
    g_string_append_printf(data, "%d %s %s;", id, words[event], name);
}

static void
on_update(gpointer data, gint32 id, const char *name)
{
    g_string_append_printf(data, "%d updated %s;", id, name);
}

typedef struct {
    gboolean answered;
    GError *error;
    char *text; /* the string, or the names joined by blanks, or the number */
} Answer;

static void
on_done(const VccwResult *result, const GError *error, gpointer data)
{
    Answer *answer = data;

    g_assert_false(answer->answered);
    answer->answered = TRUE;
    if (error) {
        answer->error = g_error_copy(error);
    } else if (result->names) {
        g_ptr_array_add(result->names, NULL);
        answer->text = g_strjoinv(" ", (char **)result->names->pdata);
        g_ptr_array_set_size(result->names, result->names->len - 1);
    } else if (result->string) {
        answer->text = g_strdup(result->string);
    } else {
        answer->text = g_strdup_printf("%" G_GINT64_FORMAT, result->number);
    }
}

/* Calls and waits. Returns what came back; the error goes to @ret_error or must not be.
 */
static char *
ask(Fixture *fixture, gint32 procedure, const VccwArgs *args, GError **ret_error)
{
    Answer answer = { 0 };

    vccw_session_call(fixture->session, vccw_operation_find(procedure), args, on_done,
                      &answer);
    while (!answer.answered)
        g_main_context_iteration(NULL, TRUE);
    if (!ret_error)
        g_assert_no_error(answer.error);
    if (answer.error)
        g_propagate_error(ret_error, answer.error);
    return answer.text;
}

static void
expect(Fixture *fixture, gint32 procedure, VccwArgs args, const char *answer)
{
    g_autofree char *text = ask(fixture, procedure, &args, NULL);

    g_assert_cmpstr(text, ==, answer);
}

static void
expect_error(Fixture *fixture, gint32 procedure, VccwArgs args, int code)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = ask(fixture, procedure, &args, &error);

    g_assert_error(error, VCCW_ERROR, code);
    g_assert_null(text);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    static const VccwSessionSink sink = { .lifecycle = on_lifecycle,
                                          .update = on_update };
    g_autoptr(GError) error = NULL;
    g_autofree char *sysfs = NULL;
    g_autofree char *store = NULL;
    VccwDriverOptions options = { .dev = "/nonexistent",
                                  .proc = "/nonexistent",
                                  .privileged = TRUE };

    fixture->root = g_dir_make_tmp("virtccw-session-XXXXXX", NULL);
    make_tree(fixture->root);
    options.sysfs = sysfs = g_build_filename(fixture->root, "sys", NULL);
    options.definitions = store = g_build_filename(fixture->root, "mdevctl.d", NULL);
    fixture->events = g_string_new(NULL);
    fixture->driver = vccw_driver_new(&options, &error);
    g_assert_no_error(error);
    vccw_driver_start(fixture->driver);
    fixture->session = vccw_session_new(fixture->driver, FALSE, &sink, fixture->events);
    expect(fixture, 1, (VccwArgs){ .name = "ccw:///system" }, "0");
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    char *remove[] = { (char *)"rm", (char *)"-r", fixture->root, NULL };

    vccw_session_free(fixture->session);
    vccw_driver_free(fixture->driver);
    g_string_free(fixture->events, TRUE);
    g_spawn_sync(NULL, remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(fixture->root);
}

static void
define(Fixture *fixture)
{
    expect(fixture, 428,
           (VccwArgs){ .name = "<device><parent>css_0_0_0004</parent><capability "
                               "type='mdev'><type id='vfio_ccw-io'/><uuid>" UUID
                               "</uuid></capability></device>" },
           MDEV);
}

static void
test_list(Fixture *fixture, gconstpointer data)
{
    static const struct {
        guint32 flags;
        const char *names;
    } rows[] = {
        { 0, "computer css_0_0_0004 css_0_0_0007 ccw_0_0_3001 " MDEV },
        { CAP_SYSTEM, "computer" },
        { CAP_CSS, "css_0_0_0004 css_0_0_0007" },
        { CAP_MDEV_TYPES, "css_0_0_0004" },
        { CAP_CCW, "ccw_0_0_3001" },
        { CAP_MDEV, MDEV },
        { CAP_CCW | CAP_MDEV, "ccw_0_0_3001 " MDEV },
        { 1u << 1, "" },
        { CAP_MDEV | ACTIVE, "" },
        { CAP_MDEV | INACTIVE, MDEV },
        { ACTIVE, "computer css_0_0_0004 css_0_0_0007 ccw_0_0_3001" },
        { INACTIVE, MDEV },
        { ACTIVE | INACTIVE | CAP_CCW, "ccw_0_0_3001" },
        { PERSISTENT, "computer " MDEV },
        { TRANSIENT, "css_0_0_0004 css_0_0_0007 ccw_0_0_3001" },
        { PERSISTENT | ACTIVE, "computer" },
        { TRANSIENT | INACTIVE, "" },
    };

    define(fixture);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        expect(fixture, 285, (VccwArgs){ .number = 1, .flags = rows[i].flags },
               rows[i].names);
    expect(fixture, 285, (VccwArgs){ .number = 0 }, ""); /* only counted */
}

static void
test_old_list(Fixture *fixture, gconstpointer data)
{
    expect(fixture, 111, (VccwArgs){ 0 }, "4");
    expect(fixture, 111, (VccwArgs){ .name = "css" }, "2");
    expect(fixture, 111, (VccwArgs){ .name = "mdev_types" }, "1");
    expect(fixture, 111, (VccwArgs){ .name = "nonsense" }, "0");
    expect(fixture, 112, (VccwArgs){ .name = "css", .number = 1 }, "css_0_0_0004");
    expect(fixture, 112, (VccwArgs){ .name = "css", .number = 0 }, "");
    expect(fixture, 112, (VccwArgs){ .name = "css", .number = -1 }, "");
    expect(fixture, 112, (VccwArgs){ .number = 100 },
           "computer css_0_0_0004 css_0_0_0007 ccw_0_0_3001");
}

static void
test_queries(Fixture *fixture, gconstpointer data)
{
    define(fixture);
    expect(fixture, 113, (VccwArgs){ .name = "css_0_0_0004" }, "css_0_0_0004");
    expect(fixture, 113,
           (VccwArgs){ .name = "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767" }, MDEV);
    expect_error(fixture, 113, (VccwArgs){ .name = "css_0_0_0005" },
                 VCCW_ERROR_NO_NODE_DEVICE);
    expect_error(fixture, 113, (VccwArgs){ .name = "" }, VCCW_ERROR_NO_NODE_DEVICE);
    expect(fixture, 115, (VccwArgs){ .name = "css_0_0_0004" }, "computer");
    expect(fixture, 115, (VccwArgs){ .name = "ccw_0_0_3001" }, "css_0_0_0007");
    expect(fixture, 115, (VccwArgs){ .name = MDEV }, "css_0_0_0004");
    expect(fixture, 117, (VccwArgs){ .name = "css_0_0_0004", .number = 9 },
           "css mdev_types");
    expect(fixture, 117, (VccwArgs){ .name = "css_0_0_0004", .number = 1 }, "css");
    expect(fixture, 117, (VccwArgs){ .name = "css_0_0_0004", .number = 0 }, "");
    expect(fixture, 116, (VccwArgs){ .name = "css_0_0_0007" }, "1");
    expect(fixture, 435, (VccwArgs){ .name = "css_0_0_0004" }, "0");
    expect(fixture, 436, (VccwArgs){ .name = "css_0_0_0004" }, "1");
    expect(fixture, 435, (VccwArgs){ .name = MDEV }, "1");
    expect(fixture, 436, (VccwArgs){ .name = MDEV }, "0");
    expect(fixture, 433, (VccwArgs){ .name = MDEV }, "0");
    expect_error(fixture, 114, (VccwArgs){ .name = "css_0_0_0004", .flags = 1 },
                 VCCW_ERROR_OPERATION_INVALID);
}

/* It may change while the driver runs; here in a namespace of this thread's own. */
static void
test_hostname(Fixture *fixture, gconstpointer data)
{
    g_autofree char *before = ask(fixture, 59, &(VccwArgs){ 0 }, NULL);

    g_assert_cmpstr(before, !=, "");
    if (unshare(CLONE_NEWUTS) < 0) {
        g_test_skip("no namespace for another hostname");
        return;
    }
    g_assert_cmpint(sethostname("renamed", 7), ==, 0);
    expect(fixture, 59, (VccwArgs){ 0 }, "renamed");
}

static void
test_definition(Fixture *fixture, gconstpointer data)
{
    g_autofree char *file =
        g_build_filename(fixture->root, "mdevctl.d", "0.0.0004", UUID, NULL);

    define(fixture);
    g_assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
    expect(fixture, 434, (VccwArgs){ .name = MDEV, .number = 1 }, "0");
    expect(fixture, 433, (VccwArgs){ .name = MDEV }, "1");
    define(fixture); /* again: an update, which keeps autostart */
    expect(fixture, 433, (VccwArgs){ .name = MDEV }, "1");
    expect_error(fixture, 434, (VccwArgs){ .name = "css_0_0_0004", .number = 1 },
                 VCCW_ERROR_OPERATION_UNSUPPORTED);
    expect_error(fixture, 124, (VccwArgs){ .name = MDEV }, VCCW_ERROR_OPERATION_INVALID);
    expect_error(fixture, 429, (VccwArgs){ .name = "css_0_0_0004" },
                 VCCW_ERROR_OPERATION_INVALID);
    expect_error(fixture, 430, (VccwArgs){ .name = "css_0_0_0004" },
                 VCCW_ERROR_OPERATION_INVALID);
    expect_error(fixture, 124, (VccwArgs){ .name = "computer" },
                 VCCW_ERROR_CONFIG_UNSUPPORTED);
    expect(fixture, 429, (VccwArgs){ .name = MDEV }, "0");
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    expect_error(fixture, 429, (VccwArgs){ .name = MDEV }, VCCW_ERROR_NO_NODE_DEVICE);
}

static void
test_events(Fixture *fixture, gconstpointer data)
{
    expect(fixture, 374, (VccwArgs){ .number = 0 }, "1");
    expect(fixture, 374, (VccwArgs){ .number = 1, .name = MDEV }, "2");
    expect(fixture, 374, (VccwArgs){ .number = 0, .name = "css_0_0_0004" }, "3");
    expect_error(fixture, 374, (VccwArgs){ .number = 2 }, VCCW_ERROR_INVALID_ARG);
    define(fixture);
    expect(fixture, 434, (VccwArgs){ .name = MDEV, .number = 1 }, "0");
    expect(fixture, 429, (VccwArgs){ .name = MDEV }, "0");
    g_assert_cmpstr(fixture->events->str, ==,
                    "1 defined " MDEV ";2 updated " MDEV ";1 undefined " MDEV ";");
    expect(fixture, 375, (VccwArgs){ .number = 1 }, "0");
    expect_error(fixture, 375, (VccwArgs){ .number = 1 }, VCCW_ERROR_INVALID_ARG);
    g_string_truncate(fixture->events, 0);
    define(fixture);
    g_assert_cmpstr(fixture->events->str, ==, "");
}

/* What one client can have kept, and what one event can cost, is bounded. */
static void
test_event_limits(Fixture *fixture, gconstpointer data)
{
    g_autofree char *long_name = g_strnfill(200000, 'x');

    expect_error(fixture, 374, (VccwArgs){ .number = 0, .name = long_name },
                 VCCW_ERROR_NO_NODE_DEVICE);
    expect(fixture, 374, (VccwArgs){ .number = 0 }, "1");
    expect_error(fixture, 374, (VccwArgs){ .number = 0 }, VCCW_ERROR_INVALID_ARG);
    expect(fixture, 374, (VccwArgs){ .number = 1 }, "2");
    expect(fixture, 374, (VccwArgs){ .number = 0, .name = MDEV }, "3");
    expect_error(fixture, 374, (VccwArgs){ .number = 0, .name = MDEV },
                 VCCW_ERROR_INVALID_ARG);
    expect(fixture, 375, (VccwArgs){ .number = 1 }, "0");
    expect(fixture, 374, (VccwArgs){ .number = 0 }, "4");
    for (guint i = 0; i < 253; i++) {
        g_autofree char *name = g_strdup_printf("css_0_0_%04x", i);
        g_autofree char *id = g_strdup_printf("%u", i + 5);

        expect(fixture, 374, (VccwArgs){ .number = 0, .name = name }, id);
    }
    expect_error(fixture, 374, (VccwArgs){ .number = 0, .name = "css_0_0_1000" },
                 VCCW_ERROR_BUSY);
}

/* Who asks for one device's sake without end is refused in the end, and then served. */
static void
test_many_tasks(Fixture *fixture, gconstpointer data)
{
    VccwArgs wanted = { .name = "<device><parent>css_0_0_0004</parent><capability "
                                "type='mdev'><type id='vfio_ccw-io'/><uuid>" UUID
                                "</uuid></capability></device>" };
    Answer answers[80] = { 0 };
    guint refused = 0;

    for (guint i = 0; i < G_N_ELEMENTS(answers); i++)
        vccw_session_call(fixture->session, vccw_operation_find(428), &wanted, on_done,
                          &answers[i]);
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++)
        refused += g_error_matches(answers[i].error, VCCW_ERROR, VCCW_ERROR_BUSY);
    g_assert_cmpuint(refused, ==, 16);
    while (vccw_driver_busy(fixture->driver) > 0)
        g_main_context_iteration(NULL, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_assert_true(answers[i].answered);
        g_clear_error(&answers[i].error);
        g_free(answers[i].text);
    }
    define(fixture);
}

/* A client that leaves while its calls are under way: each is answered, once. */
static void
test_leaving(Fixture *fixture, gconstpointer data)
{
    static const VccwSessionSink sink = { .lifecycle = on_lifecycle,
                                          .update = on_update };
    VccwSession *session = vccw_session_new(fixture->driver, FALSE, &sink, NULL);
    VccwArgs open = { 0 };
    VccwArgs wanted = { .name = "<device><parent>css_0_0_0004</parent><capability "
                                "type='mdev'><type id='vfio_ccw-io'/><uuid>" UUID
                                "</uuid></capability></device>" };
    Answer opened = { 0 }, defined = { 0 };

    vccw_session_call(session, vccw_operation_find(1), &open, on_done, &opened);
    g_assert_true(opened.answered);
    vccw_session_call(session, vccw_operation_find(428), &wanted, on_done, &defined);
    g_assert_false(defined.answered);
    vccw_session_free(session);
    g_assert_true(defined.answered);
    g_assert_nonnull(defined.error);
    while (vccw_driver_busy(fixture->driver) > 0) /* the work goes on to its end */
        g_main_context_iteration(NULL, TRUE);
    expect(fixture, 435, (VccwArgs){ .name = MDEV }, "1");
    g_clear_error(&defined.error);
    g_free(opened.text);
}

/* A listener in whose sink another one ends and a third one begins. */
typedef struct {
    Fixture *fixture;
    VccwSession *session, *leaving, *coming;
    guint told;
} Host;

static VccwSession *
listen_too(Fixture *fixture, const VccwSessionSink *sink, gpointer data)
{
    VccwSession *session = vccw_session_new(fixture->driver, FALSE, sink, data);
    VccwArgs open = { 0 }, lifecycle = { .number = 0 };
    Answer opened = { 0 }, registered = { 0 };

    vccw_session_call(session, vccw_operation_find(1), &open, on_done, &opened);
    vccw_session_call(session, vccw_operation_find(374), &lifecycle, on_done,
                      &registered);
    g_assert_no_error(registered.error);
    g_free(opened.text);
    g_free(registered.text);
    return session;
}

static void
on_count(gpointer data, gint32 id, const char *name, gint32 event, gint32 detail)
{
    (*(guint *)data)++;
}

static void
on_host_lifecycle(gpointer data, gint32 id, const char *name, gint32 event, gint32 detail)
{
    static const VccwSessionSink sink = { .lifecycle = on_count };
    Host *host = data;

    host->told++;
    g_clear_pointer(&host->leaving, vccw_session_free);
    if (!host->coming)
        host->coming = listen_too(host->fixture, &sink, &host->told);
}

static void
test_leaving_while_told(Fixture *fixture, gconstpointer data)
{
    static const VccwSessionSink host_sink = { .lifecycle = on_host_lifecycle };
    static const VccwSessionSink sink = { .lifecycle = on_count };
    Host host = { fixture };
    guint told_last = 0;
    VccwSession *last;

    host.session = listen_too(fixture, &host_sink, &host);
    host.leaving = listen_too(fixture, &sink, NULL);
    last = listen_too(fixture, &sink, &told_last);
    define(fixture);
    g_assert_cmpuint(host.told, ==, 1); /* who comes is told of the next event */
    g_assert_cmpuint(told_last, ==, 1);
    expect(fixture, 429, (VccwArgs){ .name = MDEV }, "0");
    g_assert_cmpuint(host.told, ==, 3);
    g_assert_cmpuint(told_last, ==, 2);
    vccw_session_free(host.coming);
    vccw_session_free(host.session);
    vccw_session_free(last);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)
    ADD("/session/list", test_list);
    ADD("/session/old-list", test_old_list);
    ADD("/session/queries", test_queries);
    ADD("/session/definition", test_definition);
    ADD("/session/events", test_events);
    ADD("/session/event-limits", test_event_limits);
    ADD("/session/many-tasks", test_many_tasks);
    ADD("/session/hostname", test_hostname);
    ADD("/session/leaving", test_leaving);
    ADD("/session/leaving-while-told", test_leaving_while_told);
    return g_test_run();
}
