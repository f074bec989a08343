/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "mdev/document.h"
#include "store-tree.h"

#include <glib-unix.h>
#include <signal.h>
#include <sys/resource.h>
#include <virtccw/error.h>

#define PARENT "0.0.0004"

static VccwMdevConfig *
parse(const char *text, GError **error)
{
    VccwUuid uuid = tree_uuid(TREE_UUID_1);
    VccwBusId parent = tree_id(PARENT);

    return vccw_document_parse(&uuid, &parent, text, strlen(text), error);
}

/* Byte for byte what mdevctl 1.2.0 writes for "define" and "modify --addattr". */
static void
test_new_document(void)
{
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "vfio_ccw-io");
    g_autoptr(GError) error = NULL;
    g_autofree char *plain = vccw_document_new(config, &error);
    g_autofree char *full = NULL;

    g_assert_no_error(error);
    g_assert_cmpstr(plain, ==, STORE_GOOD);
    config->autostart = TRUE;
    vccw_mdev_config_add_attr(config, "foo", "b\"a/r\\u00e9\xc3\xa4\tx\\");
    vccw_mdev_config_add_attr(config, "foo2", "a</b>&\x7f\x01\x0c\x08\x1f");
    vccw_mdev_config_add_attr(config, "", "");
    full = vccw_document_new(config, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(full, ==,
                    "{\n"
                    "  \"mdev_type\": \"vfio_ccw-io\",\n"
                    "  \"start\": \"auto\",\n"
                    "  \"attrs\": [\n"
                    "    {\n"
                    "      \"foo\": \"b\\\"a/r\\\\u00e9\xc3\xa4\\tx\\\\\"\n"
                    "    },\n"
                    "    {\n"
                    "      \"foo2\": \"a</b>&\x7f\\u0001\\f\\b\\u001f\"\n"
                    "    },\n"
                    "    {\n"
                    "      \"\": \"\"\n"
                    "    }\n"
                    "  ]\n"
                    "}");
}

static void
test_document_limits(void)
{
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "t");
    g_autoptr(VccwMdevConfig) no_type = store_config(TREE_UUID_1, PARENT, "");
    g_autofree char *huge = g_strnfill(VCCW_DOCUMENT_MAX, 'x');
    g_autoptr(GError) error = NULL;

    g_assert_null(vccw_document_new(no_type, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
    g_clear_error(&error);
    vccw_mdev_config_add_attr(config, "a", "\xff");
    g_assert_null(vccw_document_new(config, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
    g_clear_error(&error);
    g_ptr_array_set_size(config->attrs, 0);
    vccw_mdev_config_add_attr(config, "a", huge);
    g_assert_null(vccw_document_new(config, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE);
}

/* What a document says: type, start, attributes. */
static void
test_parse_good(void)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { STORE_GOOD, "vfio_ccw-io manual" },
        { STORE_AUTO, "vfio_ccw-io auto" },
        { "{\"start\":\"auto\",\"mdev_type\":\"t\"}", "t auto" },
        { "{\"start\":\"auto\",\"mdev_type\":\"t\",\"attrs\":null}", "t auto" },
        { " \r\n\t{ \"mdev_type\" : \"t\" , \"start\" : \"manual\" , \"attrs\" : [ ] }\n",
          "t manual" },
        { "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"b\":\"2\"},{\"a\":\"1\"}"
          ","
          "{\"b\":\"3\"}]}",
          "t auto b=2 a=1 b=3" },
        { "{\"mdev_type\":\"\\u0074\\ud83d\\ude00\",\"start\":\"auto\"}",
          "t\xf0\x9f\x98\x80 auto" },
        { "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"a\\/\":\"\\\"\\\\\\b\\f"
          "\\n\\r\\t\"}]}",
          "t auto a/=\"\\\b\f\n\r\t" },
        { "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":[-0.5e+3,0,1E9,true,false,null,{"
          "},"
          "[[]],\"\"]}",
          "t auto" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VccwMdevConfig) config = parse(cases[i].text, &error);
        g_autoptr(GString) says = g_string_new(NULL);

        g_assert_no_error(error);
        g_string_append_printf(says, "%s %s", config->type,
                               config->autostart ? "auto" : "manual");
        for (guint k = 0; k < config->attrs->len; k++) {
            const VccwMdevAttr *attr = config->attrs->pdata[k];

            g_string_append_printf(says, " %s=%s", attr->name, attr->value);
        }
        g_assert_cmpstr(says->str, ==, cases[i].says);
    }
}

static void
test_parse_bad(void)
{
    static const char *const cases[] = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "null",
        "\"x\"",
        "{\"mdev_type\":\"t\",\"start\":\"auto\"",
        "{\"mdev_type\":\"t\",\"start\":\"auto\"} x",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",}",
        "{\"mdev_type\":\"t\" \"start\":\"auto\"}",
        "{\"mdev_type\":\"t\",\"start\" \"auto\"}",
        "{\"mdev_type\":\"t\"}",
        "{\"start\":\"auto\"}",
        "{}",
        "{\"mdev_type\":5,\"start\":\"auto\"}",
        "{\"mdev_type\":\"\",\"start\":\"auto\"}",
        "{\"mdev_type\":[\"t\"],\"start\":\"auto\"}",
        "{\"mdev_type\":\"t\",\"start\":true}",
        "{\"mdev_type\":\"t\",\"start\":\"Auto\"}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":{}}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":\"x\"}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[1]}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{}]}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"a\":1}]}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"a\":\"1\",\"b\":\"2\"}]}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"a\":\"1\",\"a\":\"1\"}]}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"attrs\":[{\"a\":\"1\"},]}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":1,\"\\u0078\":1}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":01}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":1.}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":-}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":1e}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":tru}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":NaN}",
        "{\"mdev_type\":\"t\\u0000\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"\\ud800\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"\\ud800\\u0041\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"\\udc00\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"\\u12g4\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"\\x\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"t\n\",\"start\":\"auto\"}",
        "{\"mdev_type\":\"t\xff\",\"start\":\"auto\"}",
        "\xef\xbb\xbf{\"mdev_type\":\"t\",\"start\":\"auto\"}",
        "/* c */{\"mdev_type\":\"t\",\"start\":\"auto\"}",
        "{'mdev_type':'t','start':'auto'}",
        "{\"mdev_type\":\"t\",\"start\":\"auto\\",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VccwMdevConfig) config = parse(cases[i], &error);
        g_autofree char *escaped = g_strescape(cases[i], NULL);

        g_test_message("%s", escaped);
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_STORE);
        g_assert_null(config);
        g_assert_null(strchr(error->message, '\n'));
    }
}

static void
test_parse_deep_and_large(void)
{
    g_autoptr(GString) deep =
        g_string_new("{\"mdev_type\":\"t\",\"start\":\"auto\",\"x\":");
    g_autoptr(GString) fits = g_string_new(deep->str);
    g_autoptr(VccwMdevConfig) config = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 31; i++)
        g_string_append(fits, "[");
    for (guint i = 0; i < 31; i++)
        g_string_append(fits, "]");
    g_string_append(fits, "}");
    config = parse(fits->str, &error);
    g_assert_no_error(error);

    for (guint i = 0; i < 60000; i++)
        g_string_append(deep, "[");
    g_assert_null(parse(deep->str, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_STORE);
    g_assert_nonnull(strstr(error->message, "too deeply"));
    g_clear_error(&error);

    for (guint i = 0; i < 10000; i++)
        g_string_append(deep, "[");
    g_assert_null(parse(deep->str, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_STORE);
    g_assert_nonnull(strstr(error->message, "larger"));
}

/* Whatever is not ours is kept to the byte: order, layout, numbers, nested things. */
static void
test_edit_keeps_the_rest(void)
{
    static const char *const before =
        "{ \"z\": 1.50e2,\n\t\"start\": \"manual\" , \"note\":{\"start\":\"x\",\"k\":"
        "[12345678901234567890, \"\\u00e9\"]},\"attrs\":[], \"mdev_type\":\"t\"  }\n\n";
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "longer");
    g_autoptr(GError) error = NULL;
    g_autofree char *same =
        vccw_document_set_autostart(before, strlen(before), FALSE, &error);
    g_autofree char *autostart =
        vccw_document_set_autostart(before, strlen(before), TRUE, &error);
    g_autofree char *updated = NULL;

    g_assert_no_error(error);
    g_assert_cmpstr(same, ==, before);
    g_assert_cmpstr(autostart, ==,
                    "{ \"z\": 1.50e2,\n\t\"start\": \"auto\" , \"note\":{\"start\":\"x\","
                    "\"k\":[12345678901234567890, \"\\u00e9\"]},\"attrs\":[], "
                    "\"mdev_type\":\"t\"  }\n\n");
    vccw_mdev_config_add_attr(config, "a", "1");
    updated = vccw_document_set_config(before, strlen(before), config, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(
        updated, ==,
        "{ \"z\": 1.50e2,\n\t\"start\": \"manual\" , \"note\":{\"start\":"
        "\"x\",\"k\":[12345678901234567890, \"\\u00e9\"]},\"attrs\":[\n    {\n"
        "      \"a\": \"1\"\n    }\n  ], \"mdev_type\":\"longer\"  }\n\n");
}

/* An edited document of mdevctl's is the one that mdevctl would have written. */
static void
test_edit_is_canonical(void)
{
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "other");
    g_autofree char *expected = NULL;
    g_autofree char *autostart =
        vccw_document_set_autostart(STORE_GOOD, strlen(STORE_GOOD), TRUE, NULL);
    g_autofree char *updated = NULL;

    g_assert_cmpstr(autostart, ==, STORE_AUTO);
    vccw_mdev_config_add_attr(config, "a", "1");
    vccw_mdev_config_add_attr(config, "b", "2");
    updated = vccw_document_set_config(STORE_AUTO, strlen(STORE_AUTO), config, NULL);
    config->autostart = TRUE;
    expected = vccw_document_new(config, NULL);
    g_assert_cmpstr(updated, ==, expected);
}

static void
test_edit_adds_attrs(void)
{
    static const struct {
        const char *before;
        const char *after;
    } cases[] = {
        { "{\"start\":\"auto\",\"mdev_type\":\"t\"}",
          "{\"start\":\"auto\", \"attrs\": [\n    {\n      \"a\": \"1\"\n    }\n  ],"
          "\"mdev_type\":\"u\"}" },
        { "{\n  \"mdev_type\": \"t\",\n  \"start\": \"auto\"\n}",
          "{\n  \"mdev_type\": \"u\",\n  \"start\": \"auto\",\n  \"attrs\": [\n    {\n"
          "      \"a\": \"1\"\n    }\n  ]\n}" },
        { "{\"attrs\":null,\"mdev_type\":\"t\",\"start\":\"auto\"}",
          "{\"attrs\":[\n    {\n      \"a\": \"1\"\n    }\n  ],\"mdev_type\":\"u\","
          "\"start\":\"auto\"}" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "u");
        g_autoptr(GError) error = NULL;
        g_autofree char *after = NULL;

        vccw_mdev_config_add_attr(config, "a", "1");
        after = vccw_document_set_config(cases[i].before, strlen(cases[i].before), config,
                                         &error);
        g_assert_no_error(error);
        g_assert_cmpstr(after, ==, cases[i].after);
    }
}

/* A folder in which the store is to be, but is not yet. */
typedef struct {
    char *root;
    char *dir;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->root = tree_new();
    f->dir = g_build_filename(f->root, "mdevctl.d", NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_free(f->dir);
    tree_free(f->root);
}

static void
test_create(Fixture *f, gconstpointer data)
{
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "vfio_ccw-io");
    g_autoptr(VccwMdevConfig) other = store_config(TREE_UUID_1, "0.0.0005", "x");
    g_autofree char *folder = g_build_filename(f->dir, PARENT, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    struct stat st;

    g_assert_true(vccw_definition_create(f->dir, config, &error));
    g_assert_no_error(error);
    text = store_read(f->dir, PARENT, TREE_UUID_1);
    g_assert_cmpstr(text, ==, STORE_GOOD);
    g_assert_cmpint(stat(f->dir, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0755);
    g_assert_cmpint(stat(folder, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0755);

    config->autostart = TRUE;
    g_assert_false(vccw_definition_create(f->dir, config, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID);
    g_assert_nonnull(strstr(error->message, TREE_UUID_1));
    g_clear_error(&error);
    g_free(text);
    text = store_read(f->dir, PARENT, TREE_UUID_1);
    g_assert_cmpstr(text, ==, STORE_GOOD);

    g_assert_true(vccw_definition_create(f->dir, other, &error));
    g_assert_no_error(error);
}

/* Leaves no folder of its own behind, and never follows a link out of the store. */
static void
test_create_fails(Fixture *f, gconstpointer data)
{
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "t");
    g_autofree char *folder = g_build_filename(f->dir, PARENT, NULL);
    g_autofree char *elsewhere = g_build_filename(f->root, "elsewhere", NULL);
    g_autofree char *absent = g_build_filename(f->root, "a", "b", NULL);
    g_autoptr(GDir) listing = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(vccw_definition_create(absent, config, &error));
    g_assert_error(error, G_UNIX_ERROR, ENOENT);
    g_clear_error(&error);

    g_assert_cmpint(g_mkdir(f->dir, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(elsewhere, 0755), ==, 0);
    g_assert_cmpint(symlink(elsewhere, folder), ==, 0);
    g_assert_false(vccw_definition_create(f->dir, config, &error));
    g_assert_error(error, G_UNIX_ERROR, ENOTDIR);
    g_clear_error(&error);
    listing = g_dir_open(elsewhere, 0, NULL);
    g_assert_null(g_dir_read_name(listing));

    g_assert_cmpint(unlink(folder), ==, 0);
    g_assert_true(g_file_set_contents(folder, "", 0, NULL));
    g_assert_false(vccw_definition_create(f->dir, config, &error));
    g_assert_error(error, G_UNIX_ERROR, ENOTDIR);
    g_assert_nonnull(strstr(error->message, PARENT "'"));
    g_clear_error(&error);

    g_assert_cmpint(unlink(folder), ==, 0);
    if (geteuid() == 0) /* root heeds no mode bits */
        return;
    g_assert_cmpint(chmod(f->dir, 0555), ==, 0);
    g_assert_false(vccw_definition_create(f->dir, config, &error));
    g_assert_error(error, G_UNIX_ERROR, EACCES);
    g_assert_cmpint(chmod(f->dir, 0755), ==, 0);
}

/* Files may not grow beyond @bytes from here on. */
static void
limit_files(rlim_t bytes)
{
    struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* A disk that takes no more: all is as before, and works again later. */
static void
test_disk_full(Fixture *f, gconstpointer data)
{
    g_autoptr(VccwMdevConfig) old = store_config(TREE_UUID_1, PARENT, "vfio_ccw-io");
    g_autoptr(VccwMdevConfig) new = store_config(TREE_UUID_1, "0.0.0005", "t");
    g_autofree char *folder = g_build_filename(f->dir, "0.0.0005", NULL);
    g_autofree char *old_folder = g_build_filename(f->dir, PARENT, NULL);
    g_autoptr(GDir) listing = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    store_write(f->dir, PARENT, TREE_UUID_1, STORE_GOOD);
    limit_files(10);
    g_assert_false(vccw_definition_create(f->dir, new, &error));
    g_assert_error(error, G_UNIX_ERROR, EFBIG);
    g_assert_nonnull(strstr(error->message, TREE_UUID_1));
    g_clear_error(&error);
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
    g_assert_false(
        vccw_definition_set_autostart(f->dir, &old->uuid, &old->parent, TRUE, &error));
    g_assert_error(error, G_UNIX_ERROR, EFBIG);
    limit_files(RLIM_INFINITY);

    text = store_read(f->dir, PARENT, TREE_UUID_1);
    g_assert_cmpstr(text, ==, STORE_GOOD);
    listing = g_dir_open(old_folder, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(listing), ==, TREE_UUID_1);
    g_assert_null(g_dir_read_name(listing));
    g_assert_true(vccw_definition_create(f->dir, new, NULL));
}

static void
test_update(Fixture *f, gconstpointer data)
{
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "u");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_false(vccw_definition_update(f->dir, config, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE);
    g_clear_error(&error);

    store_write(f->dir, PARENT, TREE_UUID_1,
                "{\"k\":1,\"mdev_type\":\"t\",\"start\":\"auto\"}");
    store_write(f->dir, "0.0.0005", TREE_UUID_1, STORE_GOOD);
    g_assert_true(vccw_definition_update(f->dir, config, &error));
    g_assert_no_error(error);
    text = store_read(f->dir, PARENT, TREE_UUID_1);
    g_assert_cmpstr(text, ==, "{\"k\":1,\"mdev_type\":\"u\",\"start\":\"auto\"}");
    g_free(text);
    text = store_read(f->dir, "0.0.0005", TREE_UUID_1);
    g_assert_cmpstr(text, ==, STORE_GOOD);
}

static void
test_set_autostart(Fixture *f, gconstpointer data)
{
    VccwUuid uuid = tree_uuid(TREE_UUID_1);
    VccwBusId parent = tree_id(PARENT);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    store_write(f->dir, PARENT, TREE_UUID_1, STORE_GOOD);
    g_assert_true(vccw_definition_set_autostart(f->dir, &uuid, &parent, TRUE, &error));
    g_assert_no_error(error);
    text = store_read(f->dir, PARENT, TREE_UUID_1);
    g_assert_cmpstr(text, ==, STORE_AUTO);
    g_assert_true(vccw_definition_set_autostart(f->dir, &uuid, &parent, FALSE, &error));
    g_assert_no_error(error);
    g_free(text);
    text = store_read(f->dir, PARENT, TREE_UUID_1);
    g_assert_cmpstr(text, ==, STORE_GOOD);
}

/* What is not understood is left as it is, whatever it is. */
static void
test_unusable_is_left(Fixture *f, gconstpointer data)
{
    static const char *const texts[] = { "", "{\"mdev_type\":5,\"start\":\"auto\"}",
                                         "x" };
    VccwUuid uuid = tree_uuid(TREE_UUID_1);
    VccwBusId parent = tree_id(PARENT);
    g_autofree char *path = g_build_filename(f->dir, PARENT, TREE_UUID_1, NULL);
    g_autofree char *target = g_build_filename(f->root, "target", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *after = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = NULL;

        store_write(f->dir, PARENT, TREE_UUID_1, texts[i]);
        g_assert_false(
            vccw_definition_set_autostart(f->dir, &uuid, &parent, TRUE, &error));
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_STORE);
        g_assert_nonnull(strstr(error->message, path));
        g_clear_error(&error);
        text = store_read(f->dir, PARENT, TREE_UUID_1);
        g_assert_cmpstr(text, ==, texts[i]);
    }
    store_write_bytes(target, STORE_GOOD, -1);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(symlink(target, path), ==, 0);
    g_assert_false(vccw_definition_set_autostart(f->dir, &uuid, &parent, TRUE, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_STORE);
    g_assert_true(g_file_get_contents(target, &after, NULL, NULL));
    g_assert_cmpstr(after, ==, STORE_GOOD);
}

/* Somebody who writes in place, as mdevctl does, until told to stop. */
typedef struct {
    const char *path;
    gint stop;
    guint rounds;
} Scribbler;

static gpointer
scribble(gpointer data)
{
    Scribbler *scribbler = data;

    while (!g_atomic_int_get(&scribbler->stop)) {
        store_write_bytes(scribbler->path,
                          scribbler->rounds++ % 2 ? STORE_GOOD : STORE_AUTO, -1);
        g_usleep(g_random_int_range(0, 5000));
    }
    return NULL;
}

/* Beside another writer an edit succeeds or says why; the file never breaks. */
static void
test_two_writers(Fixture *f, gconstpointer data)
{
    g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "vfio_ccw-io");
    g_autofree char *path = g_build_filename(f->dir, PARENT, TREE_UUID_1, NULL);
    Scribbler scribbler = { .path = path };
    guint done = 0;
    GThread *thread;

    store_write_bytes(path, STORE_GOOD, -1);
    thread = g_thread_new("scribble", scribble, &scribbler);
    for (guint i = 0; i < 300; i++) {
        g_autoptr(GError) error = NULL;

        if (vccw_definition_set_autostart(f->dir, &config->uuid, &config->parent, i % 2,
                                          &error))
            done++;
        else
            g_assert_true(
                error->domain == VCCW_ERROR &&
                (error->code == VCCW_ERROR_CONFLICT || error->code == VCCW_ERROR_STORE));
    }
    g_atomic_int_set(&scribbler.stop, TRUE);
    g_thread_join(thread);
    g_test_message("%u of 300 edits beside %u writes", done, scribbler.rounds);
    g_assert_cmpuint(scribbler.rounds, >, 0);
    g_assert_true(vccw_definition_update(f->dir, config, NULL));
}

static gpointer
create_and_remove(gpointer data)
{
    const char *dir = data;

    for (guint i = 0; i < 50; i++) {
        g_autoptr(VccwMdevConfig) config = store_config(TREE_UUID_1, PARENT, "t");
        g_autoptr(GError) error = NULL;

        vccw_uuid_random(&config->uuid);
        g_assert_true(vccw_definition_create(dir, config, &error));
        g_assert_no_error(error);
        g_assert_true(vccw_definition_set_autostart(dir, &config->uuid, &config->parent,
                                                    TRUE, &error));
        g_assert_no_error(error);
        g_assert_true(
            vccw_definition_remove(dir, &config->uuid, &config->parent, &error));
        g_assert_no_error(error);
    }
    return NULL;
}

/* Several of our own threads in one parent's folder. */
static void
test_threads(Fixture *f, gconstpointer data)
{
    GThread *threads[4];
    g_autoptr(GDir) listing = NULL;
    g_autofree char *folder = g_build_filename(f->dir, PARENT, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("definer", create_and_remove, f->dir);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    listing = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(listing);
    g_assert_null(g_dir_read_name(listing));
}

static void
test_remove(Fixture *f, gconstpointer data)
{
    VccwUuid uuid = tree_uuid(TREE_UUID_1);
    VccwBusId parent = tree_id(PARENT);
    g_autofree char *path = g_build_filename(f->dir, PARENT, TREE_UUID_1, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *other = NULL;

    store_write(f->dir, PARENT, TREE_UUID_1, STORE_GOOD);
    store_write(f->dir, "0.0.0005", TREE_UUID_1, STORE_AUTO);
    g_assert_true(vccw_definition_remove(f->dir, &uuid, &parent, &error));
    g_assert_no_error(error);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    other = store_read(f->dir, "0.0.0005", TREE_UUID_1);
    g_assert_cmpstr(other, ==, STORE_AUTO);
    g_assert_false(vccw_definition_remove(f->dir, &uuid, &parent, &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE);
}

static void
test_sweep(Fixture *f, gconstpointer data)
{
    static const char *const kept[] = { TREE_UUID_1, ".hidden", "odd",
                                        ".x.virtccw-toolongforus" };
    static const char *const litter = "." TREE_UUID_1 ".virtccw-aB3xYz";
    g_autofree char *gone = g_build_filename(f->dir, PARENT, litter, NULL);

    vccw_definition_sweep(f->dir); /* nothing there: fine */
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
        store_write(f->dir, PARENT, kept[i], STORE_GOOD);
    store_write(f->dir, PARENT, litter, "half");
    store_write(f->dir, "0000:00:02.0", litter, "not ours");
    vccw_definition_sweep(f->dir);
    g_assert_false(g_file_test(gone, G_FILE_TEST_EXISTS));
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autofree char *text = store_read(f->dir, PARENT, kept[i]);

        g_assert_cmpstr(text, ==, STORE_GOOD);
    }
    g_free(store_read(f->dir, "0000:00:02.0", litter));
}

#define FIXTURE_TEST(path, func) \
    g_test_add("/definition/" path, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    umask(022);
    g_test_add_func("/document/new", test_new_document);
    g_test_add_func("/document/limits", test_document_limits);
    g_test_add_func("/document/good", test_parse_good);
    g_test_add_func("/document/bad", test_parse_bad);
    g_test_add_func("/document/deep-and-large", test_parse_deep_and_large);
    g_test_add_func("/document/edit-keeps-the-rest", test_edit_keeps_the_rest);
    g_test_add_func("/document/edit-is-canonical", test_edit_is_canonical);
    g_test_add_func("/document/edit-adds-attrs", test_edit_adds_attrs);
    FIXTURE_TEST("create", test_create);
    FIXTURE_TEST("create-fails", test_create_fails);
    FIXTURE_TEST("disk-full", test_disk_full);
    FIXTURE_TEST("update", test_update);
    FIXTURE_TEST("set-autostart", test_set_autostart);
    FIXTURE_TEST("unusable-is-left", test_unusable_is_left);
    FIXTURE_TEST("two-writers", test_two_writers);
    FIXTURE_TEST("threads", test_threads);
    FIXTURE_TEST("remove", test_remove);
    FIXTURE_TEST("sweep", test_sweep);
    return g_test_run();
}
