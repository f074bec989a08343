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

#define GUEST_UUID "6c1e4a3e-6a0e-4d0b-9f3c-5a4a5f0c1d02"
#define GUEST                                                                  \
    "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID                   \
    "</uuid><memory>1</memory><os><type>hvm</type></os><devices>"              \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address " \
    "uuid='" UUID "'/></source></hostdev></devices></domain>"

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
                                     "",
                                     GUEST,
                                     "guest",
                                     "a",
                                     "<a><b/></a>",
                                     "urn:a",
                                     "qemu-argv" };

static VccwDriver *driver;
static VccwServer *server;
static char *definitions;
static char *domains;

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
    char *command[] = { (char *)"/bin/rm", (char *)"-r", root, NULL };

    g_spawn_sync(NULL, command, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL);
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
    g_setenv("PATH", "/nonexistent", TRUE); /* there is no QEMU */
    root = g_dir_make_tmp("virtccw-fuzz-XXXXXX", NULL);
    g_assert(root);
    atexit(remove_root);
    make_host(root);
    definitions = g_build_filename(root, "mdevctl.d", NULL);
    options.sysfs = root;
    options.definitions = definitions;
    domains = g_build_filename(root, "domains", NULL);
    options.domains = domains;
    driver = vccw_driver_new(&options, NULL);
    g_assert(driver);
    vccw_driver_reload(driver);
    server = vccw_server_new(driver, NULL);
}

/* Removes the files in @folder, and those in its folders. Returns: whether there were
 * any. */
static gboolean
empty(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    gboolean changed = FALSE;
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        changed |= g_unlink(path) == 0 || empty(path);
    }
    return changed;
}

/* Removes the definitions that an input left. */
static void
clean_up(void)
{
    gboolean changed = empty(definitions);

    changed |= empty(domains);
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

static void
put_uuid(GByteArray *payload)
{
    VccwUuid uuid;

    vccw_uuid_parse(GUEST_UUID, &uuid, NULL);
    g_byte_array_append(payload, uuid.bytes, sizeof uuid.bytes);
}

/* What stands before the flags: the parts of each shape, in their order: n a number, s a
 * text, o an optional text, u a UUID, i the id of a domain, 1 that there is one. */
static const char *const shapes[] = {
    [VCCW_ARGS_NONE] = "",
    [VCCW_ARGS_NUMBER] = "n",
    [VCCW_ARGS_NAME] = "s",
    [VCCW_ARGS_NAME_FLAGS] = "s",
    [VCCW_ARGS_NAME_NUMBER] = "sn",
    [VCCW_ARGS_NAME_TEXT_FLAGS] = "ss",
    [VCCW_ARGS_NAME_OPTTEXT_FLAGS] = "so",
    [VCCW_ARGS_OPTNAME_FLAGS] = "o",
    [VCCW_ARGS_OPTNAME_NUMBER_FLAGS] = "on",
    [VCCW_ARGS_NUMBER_FLAGS] = "n",
    [VCCW_ARGS_NUMBER_OPTNAME] = "no",
    [VCCW_ARGS_OPTNAME] = "o",
    [VCCW_ARGS_OPTNAMES_FLAGS] = "oooo",
    [VCCW_ARGS_UUID] = "u",
    [VCCW_ARGS_DOMAIN] = "sui",
    [VCCW_ARGS_DOMAIN_FLAGS] = "sui",
    [VCCW_ARGS_DOMAIN_NUMBER] = "suin",
    [VCCW_ARGS_DOMAIN_OPTTEXT_FLAGS] = "suio",
    [VCCW_ARGS_DOMAIN_NUMBER_OPTTEXT_FLAGS] = "suino",
    [VCCW_ARGS_DOMAIN_NUMBER_OPTTEXTS_FLAGS] = "suinooo",
    [VCCW_ARGS_NUMBER_OPTDOMAIN] = "n1sui",
};
G_STATIC_ASSERT(G_N_ELEMENTS(shapes) == VCCW_ARGS_LAST);

/* The arguments in the operation's shape: two bytes choose the texts, in turn, two are
 * number and flags, the rest is text. */
static void
call_shaped(Client *client,
            const VccwOperation *operation,
            const guint8 *data,
            gsize size)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    guint32 number = (gint8)data[2], flags = data[3] | (data[3] & 0xe0u) << 24;
    guint texts = 0;

    for (const char *part = shapes[operation->args]; *part; part++) {
        if (*part == 'o' || *part == '1')
            put_word(payload, 1);
        if (*part == 'o' || *part == 's') {
            put_name(payload, data[texts % 2] + texts / 2, data + 4, size - 4);
            texts++;
        } else if (*part == 'u') {
            put_uuid(payload);
        } else if (*part == 'i') {
            put_word(payload, -1);
        } else if (*part == 'n') {
            put_word(payload, number);
        }
    }
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
