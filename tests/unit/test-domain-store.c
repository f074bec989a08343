/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Definitions of domains: the files, and the store that they are listed in. */

#include "base/io.h"
#include "domain/files.h"
#include "domain/store.h"
#include "sysfs-tree.h"
#include <virtccw/error.h>

#define UUID_1 "c7a5fdbd-cdaf-9455-926a-d65c16db1809"
#define UUID_2 "6c1e4a3e-6a0e-4d0b-9f3c-5a4a5f0c1d02"

static GPtrArray *problems; /* messages */

static void
note_problem(const GError *problem)
{
    g_assert_error(problem, VCCW_ERROR, VCCW_ERROR_STORE);
    g_ptr_array_add(problems, g_strdup(problem->message));
}

typedef struct {
    char *root;
    char *dir; /* not there yet */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->root = g_dir_make_tmp("virtccw-domains-XXXXXX", NULL);
    g_assert_nonnull(fixture->root);
    fixture->dir = g_build_filename(fixture->root, "ccw", NULL);
    problems = g_ptr_array_new_with_free_func(g_free);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    tree_free(fixture->root);
    g_ptr_array_unref(problems);
    g_free(fixture->dir);
}

static VccwDomainDefinition *
make(const char *name, const char *uuid)
{
    g_autofree char *text = g_strdup_printf(
        "<domain type='kvm'><name>%s</name><uuid>%s</uuid><memory>1048576</memory>"
        "<vcpu>2</vcpu><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>"
        "</domain>",
        name, uuid);
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwDomainXml) xml = vccw_domain_xml_parse(text, FALSE, &error);
    VccwDomainDefinition *definition;

    g_assert_no_error(error);
    definition = vccw_domain_definition_new(xml, &error);
    g_assert_no_error(error);
    return definition;
}

static void
define(const char *dir, const char *name, const char *uuid)
{
    g_autoptr(VccwDomainDefinition) definition = make(name, uuid);
    g_autoptr(GError) error = NULL;

    vccw_domain_files_write(dir, definition, TRUE, &error);
    g_assert_no_error(error);
}

/* Asserts that the folder has these, names separated by blanks. */
static GPtrArray *
read_all(const char *dir, const char *names)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    GPtrArray *all = vccw_domain_files_read(dir, NULL, note_problem, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < all->len; i++)
        g_string_append_printf(found, "%s%s", i ? " " : "",
                               ((VccwDomainDefinition *)all->pdata[i])->name);
    g_assert_cmpstr(found->str, ==, names);
    return all;
}

static void
assert_has(const char *dir, const char *names)
{
    g_autoptr(GPtrArray) all = read_all(dir, names);

    g_assert_cmpuint(problems->len, ==, 0);
}

static void
test_define(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VccwDomainDefinition) again = make("guest", UUID_1);
    g_autoptr(VccwDomainDefinition) read = NULL;
    g_autoptr(GError) error = NULL;

    assert_has(fixture->dir, "");
    define(fixture->dir, "guest", UUID_1);
    assert_has(fixture->dir, "guest");
    read = vccw_domain_files_read_one(fixture->dir, "guest", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read->text, ==, again->text);
    g_assert_cmpmem(&read->uuid, sizeof(read->uuid), &again->uuid, sizeof(again->uuid));
    g_assert_cmpuint(read->max_memory, ==, 1048576);
    g_assert_cmpuint(read->vcpus, ==, 2);
    g_assert_false(read->autostart);
    g_assert_null(vccw_domain_files_read_one(fixture->dir, "other", &error));
    g_assert_no_error(error);
    /* Nothing is put in place of one that was not known of. */
    g_assert_false(vccw_domain_files_write(fixture->dir, again, TRUE, &error));
    g_assert_cmpint(vccw_error_errno(error), ==, EEXIST);
    g_clear_error(&error);
    g_assert_true(vccw_domain_files_write(fixture->dir, again, FALSE, &error));
    assert_has(fixture->dir, "guest");
}

static void
test_rename(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VccwDomainDefinition) renamed = make("renamed", UUID_1);
    g_autoptr(VccwDomainDefinition) taken = make("taken", UUID_1);
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GError) error = NULL;

    define(fixture->dir, "guest", UUID_1);
    define(fixture->dir, "taken", UUID_2);
    g_assert_true(vccw_domain_files_autostart(fixture->dir, "guest", TRUE, &error));
    g_assert_false(vccw_domain_files_rename(fixture->dir, "guest", taken, &error));
    g_assert_cmpint(vccw_error_errno(error), ==, EEXIST);
    g_clear_error(&error);
    assert_has(fixture->dir, "guest taken");
    renamed->autostart = TRUE;
    vccw_domain_files_rename(fixture->dir, "guest", renamed, &error);
    g_assert_no_error(error);
    all = read_all(fixture->dir, "renamed taken");
    g_assert_cmpuint(problems->len, ==, 0);
    g_assert_true(((VccwDomainDefinition *)all->pdata[0])->autostart);
    g_assert_nonnull(
        strstr(((VccwDomainDefinition *)all->pdata[0])->text, "<name>renamed</name>"));
}

static void
test_undefine(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *link = g_build_filename(fixture->dir, "autostart/guest.xml", NULL);

    define(fixture->dir, "guest", UUID_1);
    define(fixture->dir, "other", UUID_2);
    g_assert_true(vccw_domain_files_autostart(fixture->dir, "guest", TRUE, &error));
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    vccw_domain_files_remove(fixture->dir, "guest", &error);
    g_assert_no_error(error);
    assert_has(fixture->dir, "other");
    g_assert_false(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
}

/* A bad file is named, stays as it is, and keeps no other from being read. */
static void
test_bad_files(Fixture *fixture, gconstpointer data)
{
    static const char bad[] = "<domain type='kvm'><name>a\n";
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->dir, "bad.xml", NULL);
    g_autofree char *kept = NULL;

    define(fixture->dir, "guest", UUID_1);
    define(fixture->dir, "zebra", UUID_2);
    g_assert_true(g_file_set_contents(path, bad, -1, NULL));
    tree_write(fixture->dir, "", "empty.xml");
    tree_write(fixture->dir, "not a definition", "notes.txt");
    all = read_all(fixture->dir, "guest zebra");
    g_assert_cmpuint(problems->len, ==, 2);
    g_assert_nonnull(strstr(problems->pdata[0], path));
    g_assert_nonnull(strstr(problems->pdata[1], "empty.xml"));
    g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, bad);
    g_assert_null(vccw_domain_files_read_one(fixture->dir, "bad", &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_STORE);
}

static void
test_store(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VccwDomainStore) store = vccw_domain_store_new(fixture->dir);
    g_autoptr(VccwDomainDefinition) taken = NULL;
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GError) error = NULL;
    VccwDomainDefinition *second = make("a", UUID_2);
    VccwUuid uuid = second->uuid;

    g_assert_true(vccw_domain_store_put(store, make("b", UUID_1), &error));
    g_assert_true(vccw_domain_store_put(store, second, &error));
    g_assert_true(vccw_domain_store_put(store, make("b", UUID_1), &error));
    g_assert_false(vccw_domain_store_put(store, make("c", UUID_1), &error));
    g_assert_error(error, VCCW_ERROR, VCCW_ERROR_STORE);
    g_assert_cmpuint(vccw_domain_store_count(store), ==, 2);
    list = vccw_domain_store_list(store);
    g_assert_true(list->pdata[0] == second);
    g_assert_true(vccw_domain_store_by_uuid(store, &uuid) == second);
    g_assert_null(vccw_domain_store_by_name(store, "c"));
    taken = vccw_domain_store_take(store, "a");
    g_assert_true(taken == second);
    g_assert_null(vccw_domain_store_by_uuid(store, &uuid));
    g_assert_null(vccw_domain_store_by_name(store, "a"));
    g_assert_null(vccw_domain_store_take(store, "a"));
    g_assert_cmpuint(vccw_domain_store_count(store), ==, 1);
}

/* What was stored can be read: a text that XML cannot carry is refused before. */
static void
test_unreadable(Fixture *fixture, gconstpointer data)
{
    static const char *const texts[] = { "a\x01z", "a\xff\xfez" };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VccwDomainXml) xml = vccw_domain_xml_parse(
            "<domain type='kvm'><name>a</name><memory>1048576</memory>"
            "<os><type>hvm</type></os></domain>",
            FALSE, &error);

        g_assert_no_error(error);
        vccw_domain_xml_set_text(xml, "description", texts[i]);
        g_assert_null(vccw_domain_definition_new(xml, &error));
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_XML_SYNTAX);
        g_assert_nonnull(strstr(error->message, "domain 'a' is not changed"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) \
    g_test_add("/domain-store/" #name, Fixture, NULL, set_up, test_##name, tear_down)
    TEST(define);
    TEST(rename);
    TEST(undefine);
    TEST(bad_files);
    TEST(store);
    TEST(unreadable);
    return g_test_run();
}
