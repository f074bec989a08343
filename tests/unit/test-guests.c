/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which guest has a device, by status files of every kind; and what is kept of devices.
 */

#include "base/io.h"
#include "driver/guests.h"
#include "handover/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define UUID  "18e124fb-b2fc-47f6-a407-f256b6c49767"
#define OTHER "90c6c135-ad44-41d0-b1b7-bae47de48627"

typedef struct {
    char *folder;
    VccwGuests *guests;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->folder = g_dir_make_tmp("test-guests-XXXXXX", NULL);
    g_assert_nonnull(f->folder);
    f->guests = vccw_guests_new(f->folder);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
    const char *name;

    vccw_guests_free(f->guests);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(f->folder, name, NULL);

        g_remove(path);
    }
    g_rmdir(f->folder);
    g_free(f->folder);
}

/* As libvirt does: whole, then by its name. */
static void
write_status(Fixture *f, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(f->folder, name, NULL);
    g_autofree char *temporary = g_strconcat(path, ".new", NULL);

    g_assert_true(g_file_set_contents(temporary, text, -1, NULL));
    g_assert_cmpint(g_rename(temporary, path), ==, 0);
}

static char *
status(const char *name, const char *uuids)
{
    g_auto(GStrv) all = g_strsplit(uuids, " ", -1);
    GString *text = g_string_new("<!-- <domain><name>no</name> -->\n<domstatus>");

    g_string_append_printf(text,
                           "<name>no</name><domain><name>%s</name><metadata><x><source>"
                           "<address uuid='" OTHER "'/></source></x></metadata><devices>",
                           name);
    for (guint i = 0; all[i] && *all[i]; i++)
        g_string_append_printf(text,
                               "<hostdev><source><address uuid='%s'/></source>"
                               "<address type='ccw'/></hostdev>",
                               all[i]);
    g_string_append(text, "</devices></domain></domstatus>");
    return g_string_free(text, FALSE);
}

static void
run_guest(Fixture *f, const char *file, const char *name, const char *uuids)
{
    g_autofree char *text = status(name, uuids);

    write_status(f, file, text);
}

static const char *
find(Fixture *f, const char *text)
{
    VccwUuid uuid;

    g_assert_true(vccw_uuid_parse(text, &uuid, NULL));
    return vccw_guests_find(f->guests, &uuid);
}

static void
test_found(Fixture *f, gconstpointer data)
{
    g_assert_null(find(f, UUID));
    run_guest(f, "a.xml", "a&amp;b", UUID);
    run_guest(f, "c.xml", "c", "");
    run_guest(f, "notes.txt", "no", OTHER);
    g_assert_cmpstr(find(f, UUID), ==, "a&b");
    g_assert_null(find(f, OTHER)); /* it is in the metadata only */
    run_guest(f, "c.xml", "c", OTHER " " UUID);
    run_guest(f, "a.xml", "a", "");
    g_assert_cmpstr(find(f, UUID), ==, "c");
    g_assert_cmpstr(find(f, OTHER), ==, "c");
}

/* Times are coarse: each change is seen all the same. */
static void
test_quick_changes(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 100; i++) {
        run_guest(f, "a.xml", "a", i % 2 ? UUID : OTHER);
        g_assert_cmpstr(find(f, i % 2 ? UUID : OTHER), ==, "a");
        g_assert_null(find(f, i % 2 ? OTHER : UUID));
    }
}

static void
test_broken(Fixture *f, gconstpointer data)
{
    static const char *const texts[] = {
        "",
        "<",
        "<domstatus/>",
        "\xff\xfe",
        "<domstatus><domain><name>x",
        "<domstatus><domain><devices><hostdev><source><address uuid='" UUID
        "'/></source></hostdev></devices></domain></domstatus>",
        "<domstatus><domain><name>x</name><devices><hostdev><source><address uuid='" UUID
        "'/></source></hostdev></devices></domain>",
        "<domstatus><domain><name>x</name><devices><hostdev><source><address "
        "uuid='none'/>"
        "</source></hostdev></devices></domain></domstatus>",
    };

    run_guest(f, "good.xml", "good", OTHER);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        write_status(f, "bad.xml", texts[i]);
        if (i != 6) /* cut off after all that matters */
            g_assert_null(find(f, UUID));
        g_assert_cmpstr(find(f, OTHER), ==, "good");
    }
}

static void
test_no_folder(void)
{
    g_autofree char *folder = g_dir_make_tmp("test-guests-XXXXXX", NULL);
    VccwGuests *guests = vccw_guests_new(folder);
    VccwUuid uuid;

    g_assert_true(vccw_uuid_parse(UUID, &uuid, NULL));
    g_rmdir(folder);
    g_assert_null(vccw_guests_find(guests, &uuid));
    g_assert_null(vccw_guests_find(guests, &uuid));
    vccw_guests_free(guests);
}

/* libvirt may make its folder anew, or another one may get its name. */
static void
test_other_folder(Fixture *f, gconstpointer data)
{
    g_autofree char *aside = g_strconcat(f->folder, ".aside", NULL);
    g_autofree char *old = g_build_filename(aside, "a.xml", NULL);

    run_guest(f, "a.xml", "a", UUID);
    g_assert_cmpstr(find(f, UUID), ==, "a");
    g_assert_cmpint(g_rename(f->folder, aside), ==, 0);
    g_assert_null(find(f, UUID));
    g_assert_cmpint(g_mkdir(f->folder, 0700), ==, 0);
    run_guest(f, "b.xml", "b", UUID);
    g_assert_cmpstr(find(f, UUID), ==, "b");
    g_assert_cmpint(g_remove(old), ==, 0);
    g_assert_cmpstr(find(f, UUID), ==, "b");
    g_assert_cmpint(g_rmdir(aside), ==, 0);
    run_guest(f, "b.xml", "b", OTHER);
    g_assert_null(find(f, UUID));
}

static void
assert_line(const VccwVolume *volume, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    vccw_volume_to_line(volume, text);
    g_assert_cmpstr(text->str, ==, expected);
}

static void
test_merge(void)
{
    VccwVolume known = { .id = { 0, 0, 0x3000 } };
    VccwVolume online = { .cutype = (char *)"3990/e9",
                          .devtype = (char *)"3390/0c",
                          .uid = (char *)"A.B" };
    VccwVolume offline = { .cutype = (char *)"3990/e9", .devtype = (char *)"3390/0c" };
    VccwVolume other = { .cutype = (char *)"1750/13", .devtype = (char *)"3380/0e" };

    assert_line(&known, "0.0.3000 - - -\n");
    g_assert_true(vccw_volume_merge(&known, &offline));
    assert_line(&known, "0.0.3000 3990/e9 3390/0c -\n");
    g_assert_true(vccw_volume_merge(&known, &online));
    g_assert_false(vccw_volume_merge(&known, &online));
    g_assert_false(vccw_volume_merge(&known, &offline));
    assert_line(&known, "0.0.3000 3990/e9 3390/0c A.B\n");
    g_assert_true(vccw_volume_merge(&known, &other));
    assert_line(&known, "0.0.3000 1750/13 3380/0e -\n");
    g_free(known.cutype);
    g_free(known.devtype);
    g_free(known.uid);
}

static void
test_kept(void)
{
    g_autofree char *folder = g_dir_make_tmp("test-guests-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "volumes", NULL);
    VccwHandoverHost host = { .state = folder };
    g_autoptr(GString) text =
        g_string_new("0.0.3000 3990/e9 3390/0c A.B\n0.0.16ca - - -\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) volumes =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_volume_free);

    g_assert_true(vccw_volume_load(&host, volumes, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(volumes->len, ==, 0);
    g_assert_true(vccw_volume_save(&host, text, &error));
    g_assert_no_error(error);
    g_string_append(text, "x\n0.0.3000\n0.0.3001 a b c d\n0.0.3002 \033 b c\n\n");
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    g_assert_true(vccw_volume_load(&host, volumes, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(volumes->len, ==, 3);
    assert_line(volumes->pdata[0], "0.0.3000 3990/e9 3390/0c A.B\n");
    assert_line(volumes->pdata[1], "0.0.16ca - - -\n");
    assert_line(volumes->pdata[2], "0.0.3002 - b c\n");
    g_remove(path);
    g_assert_cmpint(symlink("volumes", path), ==, 0);
    g_assert_false(vccw_volume_load(&host, volumes, &error));
    g_assert_cmpint(vccw_error_errno(error), ==, ELOOP);
    g_remove(path);
    g_rmdir(folder);
}

/* A device that goes while it is read tells nothing that would replace what was known. */
static void
test_going(void)
{
    g_autofree char *root = g_dir_make_tmp("test-guests-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(root, "bus/ccw/devices/0.0.3000", NULL);
    g_autofree char *devtype = g_build_filename(folder, "devtype", NULL);
    g_autofree char *cutype = g_build_filename(folder, "cutype", NULL);
    VccwBusId id = { 0, 0, 0x3000 };
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, root, NULL);
    g_autoptr(VccwVolume) volume = NULL;

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(devtype, "3390/0c\n", -1, NULL));
    g_assert_null(vccw_volume_read(sysfs, &id));
    g_assert_true(g_file_set_contents(cutype, "3990/e9\n", -1, NULL));
    volume = vccw_volume_read(sysfs, &id);
    assert_line(volume, "0.0.3000 3990/e9 3390/0c -\n");
    g_remove(devtype);
    g_remove(cutype);
    for (char *end = folder + strlen(folder); end >= folder + strlen(root);
         end = strrchr(folder, '/')) {
        *end = '\0';
        g_rmdir(folder);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/guests/found", Fixture, NULL, set_up, test_found, tear_down);
    g_test_add("/guests/quick-changes", Fixture, NULL, set_up, test_quick_changes,
               tear_down);
    g_test_add("/guests/broken", Fixture, NULL, set_up, test_broken, tear_down);
    g_test_add("/guests/other-folder", Fixture, NULL, set_up, test_other_folder,
               tear_down);
    g_test_add_func("/guests/no-folder", test_no_folder);
    g_test_add_func("/volumes/merge", test_merge);
    g_test_add_func("/volumes/kept", test_kept);
    g_test_add_func("/volumes/going", test_going);
    return g_test_run();
}
