/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whole sessions against the real driver, on a small host in a temporary folder: every
 * procedure, its arguments decoded from the input's bytes or made in the shape that the
 * procedure wants, so that inputs get far into the driver. After each input the host is
 * as before.
 */

#include "driver/driver.h"
#include "fuzz-client.h"
#include <glib/gstdio.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

enum { CALL_RAW, CALL_SHAPED, WAIT, STEPS };

#define UUID "18e124fb-b2fc-47f6-a407-f256b6c49767"

#define DEFINITION                                                  \
    "<device><parent>css_0_0_0004</parent><capability type='mdev'>" \
    "<type id='vfio_ccw-io'/><uuid>" UUID "</uuid></capability></device>"
#define DEFINITION_ELSEWHERE                                        \
    "<device><parent>css_0_0_0007</parent><capability type='mdev'>" \
    "<type id='vfio_ccw-io'/></capability></device>"

static const char *const names[] = { "computer",
                                     "css_0_0_0004",
                                     "css_0_0_0007",
                                     "css_0_0_0008",
                                     "ccw_0_0_3001",
                                     "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767_0_0_0004",
                                     "mdev_18e124fb_b2fc_47f6_a407_f256b6c49767",
                                     "css",
                                     "mdev",
                                     DEFINITION,
                                     DEFINITION_ELSEWHERE,
                                     "ccw:///system",
                                     "" };

static VccwDriver *driver;
static VccwServer *server;
static char *definitions;

static void
put(const char *root, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert(g_mkdir_with_parents(folder, 0755) == 0);
    g_assert(g_file_set_contents(full, text, -1, NULL));
}

static void
put_link(const char *root, const char *path, const char *target)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    g_assert(g_mkdir_with_parents(folder, 0755) == 0);
    g_assert(symlink(target, full) == 0);
}

/* 0.0.0004 has vfio_ccw and its type; 0.0.0007 has io_subchannel and device 0.0.3001. */
static void
make_host(const char *root)
{
    put(root, "devices/css0/0.0.0004/type", "0\n");
    put(root, "devices/css0/0.0.0004/dev_busid", "0.0.3000\n");
    put(root, "devices/css0/0.0.0004/mdev_supported_types/vfio_ccw-io/device_api",
        "vfio-ccw\n");
    put(root,
        "devices/css0/0.0.0004/mdev_supported_types/vfio_ccw-io/available_instances",
        "1\n");
    put_link(root, "devices/css0/0.0.0004/driver", "../../../bus/css/drivers/vfio_ccw");
    put(root, "devices/css0/0.0.0007/type", "0\n");
    put_link(root, "devices/css0/0.0.0007/driver",
             "../../../bus/css/drivers/io_subchannel");
    put(root, "devices/css0/0.0.0007/0.0.3001/online", "1\n");
    put_link(root, "bus/css/devices/0.0.0004", "../../../devices/css0/0.0.0004");
    put_link(root, "bus/css/devices/0.0.0007", "../../../devices/css0/0.0.0007");
    put_link(root, "bus/ccw/devices/0.0.3001", "../../../devices/css0/0.0.0007/0.0.3001");
}

static char *root;

static void
remove_root(void)
{
    char *command[] = { (char *)"rm", (char *)"-r", root, NULL };

    g_spawn_sync(NULL, command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
}

static void
start(void)
{
    VccwDriverOptions options = { .dev = "/nonexistent",
                                  .proc = "/nonexistent",
                                  .privileged = TRUE,
                                  .autostart = TRUE,
                                  .operation_timeout_ms = 50 };

    g_log_set_writer_func(be_quiet, NULL, NULL);
    root = g_dir_make_tmp("virtccw-fuzz-XXXXXX", NULL);
    g_assert(root);
    atexit(remove_root);
    make_host(root);
    definitions = g_build_filename(root, "mdevctl.d", NULL);
    options.sysfs = root;
    options.definitions = definitions;
    driver = vccw_driver_new(&options, NULL);
    g_assert(driver);
    vccw_driver_reload(driver);
    server = vccw_server_new(driver, NULL);
}

/* Removes the definitions that an input left. */
static void
clean_up(void)
{
    g_autoptr(GDir) dir = g_dir_open(definitions, 0, NULL);
    gboolean changed = FALSE;
    const char *parent;

    while (dir && (parent = g_dir_read_name(dir))) {
        g_autofree char *folder = g_build_filename(definitions, parent, NULL);
        g_autoptr(GDir) inner = g_dir_open(folder, 0, NULL);
        const char *name;

        while (inner && (name = g_dir_read_name(inner))) {
            g_autofree char *path = g_build_filename(folder, name, NULL);

            g_unlink(path);
            changed = TRUE;
        }
    }
    if (changed)
        vccw_driver_reload(driver);
}

static void
wait_for_jobs(void)
{
    while (vccw_driver_busy(driver))
        g_main_context_iteration(NULL, TRUE);
    spin();
}

static void
call(Client *client, const VccwOperation *operation, const GByteArray *payload)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    put_call(bytes, operation->procedure, client->serial++, payload);
    transmit(client, bytes->data, bytes->len);
}

/* A name of those that mean something here, or the input's own text. */
static void
put_name(GByteArray *payload, guint8 choice, const guint8 *text, gsize size)
{
    g_autofree char *own = NULL;

    if (choice < G_N_ELEMENTS(names)) {
        put_text(payload, names[choice]);
        return;
    }
    own = g_strndup((const char *)text, size);
    put_text(payload, own);
}

/* The arguments in the operation's shape: two bytes choose name and text, two are number
 * and flags, the rest is text. */
static void
call_shaped(Client *client,
            const VccwOperation *operation,
            const guint8 *data,
            gsize size)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    guint32 number = (gint8)data[2], flags = data[3] | (data[3] & 0xe0u) << 24;
    VccwArgsShape shape = operation->args;

    if (shape == VCCW_ARGS_NUMBER || shape == VCCW_ARGS_NUMBER_FLAGS ||
        shape == VCCW_ARGS_NUMBER_OPTNAME)
        put_word(payload, number);
    if (shape == VCCW_ARGS_OPTNAME_FLAGS || shape == VCCW_ARGS_OPTNAME_NUMBER_FLAGS ||
        shape == VCCW_ARGS_NUMBER_OPTNAME)
        put_word(payload, 1);
    if (shape != VCCW_ARGS_NUMBER && shape != VCCW_ARGS_NUMBER_FLAGS)
        put_name(payload, data[0], data + 4, size - 4);
    if (shape == VCCW_ARGS_NAME_OPTTEXT_FLAGS)
        put_word(payload, 1);
    if (shape == VCCW_ARGS_NAME_TEXT_FLAGS || shape == VCCW_ARGS_NAME_OPTTEXT_FLAGS)
        put_name(payload, data[1], data + 4, size - 4);
    if (shape == VCCW_ARGS_NAME_NUMBER || shape == VCCW_ARGS_OPTNAME_NUMBER_FLAGS)
        put_word(payload, number);
    put_word(payload, flags);
    call(client, operation, payload);
}

static void
take_step(Client *client, guint8 step, const guint8 *data, gsize size)
{
    gsize n;
    const VccwOperation *rows = vccw_operations(&n);
    const VccwOperation *row = size ? &rows[data[0] % n] : rows;
    g_autoptr(GByteArray) payload = g_byte_array_new();

    switch (step % STEPS) {
    case CALL_RAW:
        if (size > 1)
            g_byte_array_append(payload, data + 1, size - 1);
        call(client, row, payload);
        break;
    case CALL_SHAPED:
        if (size >= 5)
            call_shaped(client, row, data + 1, size - 1);
        break;
    case WAIT:
        wait_for_jobs();
        receive(client);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GByteArray) none = NULL;
    Client client;

    if (size < 2)
        return 0;
    if (!server)
        start();
    client = enter(server, data[0] & 1);
    if (data[0] & 2) {
        none = g_byte_array_new();
        put_word(none, 0);
        put_word(none, 0);
        call(&client, vccw_operation_find(1), none);
    }
    for (data++, size--; size >= 2;) {
        gsize n = MIN(data[1], size - 2);

        take_step(&client, data[0], data + 2, n);
        data += 2 + n;
        size -= 2 + n;
    }
    leave(server, &client);
    wait_for_jobs();
    clean_up();
    return 0;
}
