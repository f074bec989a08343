/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of operations: complete rows, in order, with libvirt's own rights, and
 * permission before anything else. */

#include "driver/driver.h"
#include "driver/operation.h"
#include "driver/session.h"
#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <virtccw/error.h>

typedef struct {
    char *sysfs;
    char *definitions;
    VccwDriver *driver;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    VccwDriverOptions options = { .dev = "/nonexistent",
                                  .proc = "/nonexistent",
                                  .privileged = TRUE };
    g_autoptr(GError) error = NULL;

    fixture->sysfs = g_dir_make_tmp("virtccw-sys-XXXXXX", NULL);
    fixture->definitions = g_dir_make_tmp("virtccw-etc-XXXXXX", NULL);
    options.sysfs = fixture->sysfs;
    options.definitions = fixture->definitions;
    fixture->driver = vccw_driver_new(&options, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    vccw_driver_free(fixture->driver);
    g_rmdir(fixture->sysfs);
    g_rmdir(fixture->definitions);
    g_free(fixture->sysfs);
    g_free(fixture->definitions);
}

static void
no_lifecycle(gpointer data, gint32 id, const char *name, gint32 event, gint32 detail)
{
}

static void
no_update(gpointer data, gint32 id, const char *name)
{
}

static const VccwSessionSink sink = { .lifecycle = no_lifecycle, .update = no_update };

static void
take_error(const VccwResult *result, const GError *error, gpointer data)
{
    GError **ret_error = data;

    g_assert_true(!result != !error);
    g_assert_null(*ret_error);
    *ret_error = error ? g_error_copy(error)
                       : g_error_new_literal(VCCW_ERROR, VCCW_ERROR_INTERNAL, "answered");
}

static GError *
call(VccwSession *session, gint32 procedure, const VccwArgs *args)
{
    GError *error = NULL;

    vccw_session_call(session, vccw_operation_find(procedure), args, take_error, &error);
    while (!error)
        g_main_context_iteration(NULL, TRUE);
    return error;
}

static void
test_table(void)
{
    gsize n;
    const VccwOperation *rows = vccw_operations(&n);

    g_assert_cmpuint(n, >, 30);
    for (gsize i = 0; i < n; i++) {
        if (i > 0)
            g_assert_cmpint(rows[i].procedure, >, rows[i - 1].procedure);
        g_assert_true(vccw_operation_find(rows[i].procedure) == &rows[i]);
        g_assert_nonnull(rows[i].name);
        g_assert_nonnull(rows[i].handler);
        g_assert_cmpint(rows[i].args, <, VCCW_ARGS_LAST);
        g_assert_cmpint(rows[i].result, <, VCCW_RESULT_LAST);
        if (!rows[i].read_only)
            g_assert_nonnull(rows[i].permission);
    }
    g_assert_null(vccw_operation_find(0));
    g_assert_null(vccw_operation_find(-1));
    g_assert_null(vccw_operation_find(G_MAXINT32));
    g_assert_null(vccw_operation_find(5));
}

/* What libvirt asks for at each procedure, by the annotations of its remote protocol: the
 * same in 11.3.0 and 12.8.0, and in 9.0.0 without node-device.save. The second right is
 * asked for always; or with one of the flags @any, or with none of @none. */
typedef struct {
    const char *first, *second;
    guint32 any, none;
    gint32 procedures[16]; /* 0 behind the last */
} Rights;

#define SECURE  (VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE)
#define AGENT   VIR_DOMAIN_REBOOT_GUEST_AGENT /* and VIR_DOMAIN_SHUTDOWN_GUEST_AGENT */
#define CONFIG  VIR_DOMAIN_AFFECT_CONFIG      /* and a device's, as the next */
#define AFFECTS (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG)

static const Rights rights[] = {
    { NULL, .procedures = { 2, 149 } },
    { "connect.getattr", .procedures = { 1, 3, 4, 59, 60, 110, 157, 360, 361 } },
    { "connect.read", .procedures = { 7, 317, 375 } },
    { "connect.write", .procedures = { 135, 136, 342 } },
    { "connect.search-domains", .procedures = { 21, 25, 37, 51, 273, 316 } },
    { "connect.search-node-devices", .procedures = { 111, 112, 285, 374 } },
    { "domain.getattr", .procedures = { 22, 23, 24 } },
    { "domain.read", .procedures = { 15, 16, 17, 18, 19, 150, 151, 183, 202, 212, 265 } },
    { "domain.read", "domain.read-secure", SECURE, 0, { 14 } },
    { "domain.read", "domain.write", VIR_DOMAIN_VCPU_GUEST, 0, { 200 } },
    { "domain.write", .procedures = { 29 } },
    { "domain.write", "domain.save", 0, 0, { 11, 350, 358 } },
    { "domain.write", "domain.save", CONFIG, AFFECTS, { 264 } },
    { "domain.write", "domain.start", 0, 0, { 10 } },
    { "domain.start", .procedures = { 9, 196 } },
    { "domain.stop", .procedures = { 12, 234 } },
    { "domain.suspend", .procedures = { 28, 34 } },
    { "domain.reset", .procedures = { 245 } },
    { "domain.init-control", .procedures = { 33 } },
    { "domain.init-control", "domain.write", AGENT, 0, { 27, 258 } },
    { "domain.delete", .procedures = { 35, 231 } },
    { "node-device.getattr", .procedures = { 113 } },
    { "node-device.read", .procedures = { 114, 115, 116, 117, 433, 435, 436 } },
    { "node-device.write", .procedures = { 434 } },
    { "node-device.write", "node-device.save", 0, 0, { 428 } },
    { "node-device.write", "node-device.save", CONFIG, AFFECTS, { 447 } },
    { "node-device.write", "node-device.start", 0, 0, { 123 } },
    { "node-device.start", .procedures = { 430 } },
    { "node-device.stop", .procedures = { 124 } },
    { "node-device.detach", .procedures = { 118, 119, 120, 301 } },
    { "node-device.delete", .procedures = { 429 } },
};

static const Rights *
find_rights(gint32 procedure)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rights); i++)
        for (gsize k = 0; rights[i].procedures[k]; k++)
            if (rights[i].procedures[k] == procedure)
                return &rights[i];
    return NULL;
}

static const char *
second_right(const Rights *wanted, guint32 flags)
{
    gboolean always = !wanted->any && !wanted->none;
    gboolean without = wanted->none && !(flags & wanted->none);

    return always || without || (flags & wanted->any) ? wanted->second : NULL;
}

/* A right too few would let people past polkit; a right too many, or another one, keeps
 * out whom libvirt lets in. */
static void
test_rights(void)
{
    gsize n;
    const VccwOperation *rows = vccw_operations(&n);

    for (gsize i = 0; i < n; i++) {
        const Rights *wanted = find_rights(rows[i].procedure);

        g_assert_nonnull(wanted);
        g_assert_cmpstr(rows[i].permission, ==, wanted->first);
        for (guint32 flags = 0; flags < 64; flags++)
            g_assert_cmpstr(vccw_operation_also(&rows[i], flags), ==,
                            second_right(wanted, flags));
    }
}

/* A write must be named by a verb that changes something: a new row that forgets to say
 * so (or a read that is marked as a write) is caught here by its name. */
static void
test_writes(void)
{
    static const char *const writing[] = {
        "XML",     "Create",   "Destroy",  "Define", "Undefine", "Update",
        "Set",     "ReAttach", "Dettach",  "Reset",  "Detach",   "Rename",
        "Suspend", "Resume",   "Shutdown", "Reboot",
    };
    gsize n;
    const VccwOperation *rows = vccw_operations(&n);

    for (gsize i = 0; i < n; i++) {
        gboolean writes = FALSE;

        for (gsize k = 0; k < G_N_ELEMENTS(writing); k++)
            writes |= strstr(rows[i].name, writing[k]) != NULL;
        if (strstr(rows[i].name, "GetXML") || strstr(rows[i].name, "Defined") ||
            strstr(rows[i].name, "IsUpdated"))
            writes = FALSE;
        /* libvirt runs the emulator for this one. */
        if (g_str_equal(rows[i].name, "ConnectGetDomainCapabilities"))
            writes = TRUE;
        g_assert_cmpint(writes, ==, !rows[i].read_only);
    }
}

/* Arguments that no handler could take: permission must be refused before they are read.
 */
static void
test_read_only(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VccwSession) session = vccw_session_new(fixture->driver, TRUE, &sink, NULL);
    VccwArgs nothing = { 0 };
    gsize n;
    const VccwOperation *rows = vccw_operations(&n);
    g_autoptr(GError) opened = call(session, 1, &nothing);

    g_assert_cmpstr(opened->message, ==, "answered");
    for (gsize i = 0; i < n; i++) {
        g_autoptr(GError) error = NULL;

        if (rows[i].read_only)
            continue;
        error = call(session, rows[i].procedure, &nothing);
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_READ_ONLY);
        g_assert_nonnull(strstr(error->message, rows[i].name));
    }
}

static void
test_read_only_by_flag(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VccwSession) session =
        vccw_session_new(fixture->driver, FALSE, &sink, NULL);
    VccwArgs read_only = { .name = "ccw:///system", .flags = 1 };
    VccwArgs undefine = { .name = "computer" };
    g_autoptr(GError) opened = call(session, 1, &read_only);
    g_autoptr(GError) error = call(session, 429, &undefine);

    g_assert_cmpstr(opened->message, ==, "answered");
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_READ_ONLY);
}

static void
test_unopened(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VccwSession) session =
        vccw_session_new(fixture->driver, FALSE, &sink, NULL);
    VccwArgs nothing = { 0 };
    gsize n;
    const VccwOperation *rows = vccw_operations(&n);

    for (gsize i = 0; i < n; i++) {
        g_autoptr(GError) error = NULL;

        if (rows[i].before_open)
            continue;
        error = call(session, rows[i].procedure, &nothing);
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL);
        g_assert_nonnull(strstr(error->message, "not open"));
    }
}

static void
test_uri(Fixture *fixture, gconstpointer data)
{
    static const char *const good[] = { NULL, "", "ccw:///system", "ccw:///system?x=1" };
    static const char *const bad[] = { "ccw:///session", "ccw:///", "qemu:///system",
                                       "ccw:///system/x", "ccw" };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(VccwSession) session =
            vccw_session_new(fixture->driver, FALSE, &sink, NULL);
        VccwArgs args = { .name = good[i] };
        g_autoptr(GError) first = call(session, 1, &args);
        g_autoptr(GError) second = call(session, 1, &args);

        g_assert_cmpstr(first->message, ==, "answered");
        g_assert_error(second, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(VccwSession) session =
            vccw_session_new(fixture->driver, FALSE, &sink, NULL);
        VccwArgs args = { .name = bad[i] };
        g_autoptr(GError) error = call(session, 1, &args);

        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
        g_assert_nonnull(strstr(error->message, "ccw:///system"));
    }
}

/* Flags beyond the known ones are refused, never ignored. */
static void
test_flags(Fixture *fixture, gconstpointer data)
{
    static const struct {
        gint32 procedure;
        guint32 flags;
    } bad[] = {
        { 111, 1 }, { 112, 1 }, { 114, 2 }, { 123, 2 },        { 428, 2 },
        { 429, 1 }, { 430, 1 }, { 447, 4 }, { 285, 1u << 24 }, { 285, 1u << 27 }
    };
    g_autoptr(VccwSession) session =
        vccw_session_new(fixture->driver, FALSE, &sink, NULL);
    VccwArgs open = { 0 };
    g_autoptr(GError) opened = call(session, 1, &open);

    g_assert_cmpstr(opened->message, ==, "answered");
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        VccwArgs args = { .name = "computer", .text = "", .flags = bad[i].flags };
        g_autoptr(GError) error = call(session, bad[i].procedure, &args);

        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
        g_assert_nonnull(strstr(error->message, "flags"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/operation/table", test_table);
    g_test_add_func("/operation/rights", test_rights);
    g_test_add_func("/operation/writes", test_writes);
#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)
    ADD("/operation/read-only", test_read_only);
    ADD("/operation/read-only-by-flag", test_read_only_by_flag);
    ADD("/operation/unopened", test_unopened);
    ADD("/operation/uri", test_uri);
    ADD("/operation/flags", test_flags);
    return g_test_run();
}
