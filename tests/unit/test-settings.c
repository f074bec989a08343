/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The daemon's command line and its configuration file. */

#include "daemon/settings.h"
#include <glib/gstdio.h>
#include <unistd.h>
#include <virtccw/error.h>

typedef struct {
    const char *text;
    const char *complaint; /* NULL: it is fine */
} Sample;

static const Sample samples[] = {
    { "", NULL },
    { "# only a comment\n\n", NULL },
    { "unix_sock_group = \"libvirt\"\n", NULL },
    { "unix_sock_rw_perms = \"0660\"\nunix_sock_ro_perms=\"0777\"", NULL },
    { "  max_clients =  7  \nmax_client_requests = 1\n", NULL },
    { "keepalive_interval = -1\nkeepalive_count = 5\n", NULL },
    { "log_level = 4\noperation_timeout = 1\n", NULL },
    { "access_drivers = [ \"polkit\" ]\naccess_drivers=[\"none\"]\naccess_drivers = []\n",
      NULL },
    { "access_drivers = [ \"selinux\" ]\n", "'access_drivers' must be [ \"polkit\" ]" },
    { "access_drivers = \"polkit\"\n", "'access_drivers' must be [ \"polkit\" ]" },
    { "max_client = 7\n", ":1: unknown key 'max_client'" },
    { "\nmax_clients\n", ":2: this is not of the form" },
    { "max_clients = many\n", "'max_clients' must be a number from 1" },
    { "max_clients = 0\n", "'max_clients' must be a number" },
    { "max_clients = 99999999999999999999\n", "'max_clients' must be a number" },
    { "max_clients = 7 # seven\n", "'max_clients' must be a number" },
    { "unix_sock_group = libvirt\n", "in double quotes" },
    { "unix_sock_group = \"\n", "in double quotes" },
    { "unix_sock_rw_perms = \"0999\"\n", "an octal number" },
    { "unix_sock_rw_perms = \"7777\"\n", "an octal number" },
    { "log_level = 5\n", "'log_level' must be" },
    { "stock_qemu_socket = \"/run/libvirt/libvirt-sock\"\n", NULL },
    { "stock_qemu_socket = /run/libvirt/libvirt-sock\n", "in double quotes" },
    { "stock_qemu_socket = \"relative\"\n",
      ":1: 'stock_qemu_socket' is \"relative\", which is not an absolute path" },
    { "stock_nodedev_socket = \"\"\n", "'stock_nodedev_socket' is \"\"" },
};

static VccwSettings *
parse(GError **error, const char *option, const char *value)
{
    char *words[] = { (char *)"virtccwd", (char *)option, (char *)value, NULL };
    char **argv = words;
    int argc = option ? value ? 3 : 2 : 1;

    return vccw_settings_new(&argc, &argv, TRUE, error);
}

static void
test_file(gconstpointer data)
{
    const Sample *sample = data;
    g_autofree char *path = NULL;
    g_autoptr(VccwSettings) settings = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("virtccw-conf-XXXXXX", &path, NULL);

    close(fd);
    g_assert_true(g_file_set_contents(path, sample->text, -1, NULL));
    settings = parse(&error, "--config", path);
    if (sample->complaint) {
        g_assert_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG);
        g_assert_nonnull(strstr(error->message, sample->complaint));
        g_assert_true(g_str_has_prefix(error->message, path));
    } else {
        g_assert_no_error(error);
    }
    g_unlink(path);
}

static void
test_values(void)
{
    g_autofree char *path = NULL;
    g_autoptr(VccwSettings) settings = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("virtccw-conf-XXXXXX", &path, NULL);

    close(fd);
    g_assert_true(g_file_set_contents(path,
                                      "unix_sock_group = \"kvm\"\n"
                                      "unix_sock_rw_perms = \"0660\"\n"
                                      "max_clients = 12\n"
                                      "keepalive_interval = 0\n"
                                      "operation_timeout = 3\n",
                                      -1, NULL));
    settings = parse(&error, "--config", path);
    g_assert_no_error(error);
    g_assert_cmpstr(settings->unix_sock_group, ==, "kvm");
    g_assert_cmpuint(settings->unix_sock_rw_perms, ==, 0660);
    g_assert_cmpuint(settings->unix_sock_ro_perms, ==, 0666);
    g_assert_cmpuint(settings->max_clients, ==, 12);
    g_assert_cmpint(settings->keepalive_interval, ==, -1);
    g_assert_cmpuint(settings->operation_timeout, ==, 3);
    g_unlink(path);
}

static void
test_defaults(void)
{
    g_autoptr(VccwSettings) settings = NULL;
    g_autoptr(GError) error = NULL;

    settings = parse(&error, "--sysfs", "/elsewhere");
    g_assert_no_error(error);
    g_assert_cmpstr(settings->sysfs, ==, "/elsewhere");
    g_assert_cmpstr(settings->socket_dir, ==, "/run/libvirt");
    g_assert_cmpstr(settings->definitions, ==, "/etc/mdevctl.d");
    g_assert_cmpstr(settings->state_dir, ==, "/run/virtccw");
    g_assert_cmpuint(settings->unix_sock_rw_perms, ==, 0600);
    g_assert_cmpint(settings->keepalive_interval, ==, 5);
    g_assert_cmpint(settings->timeout, ==, 0);
}

static void
test_command_line(void)
{
    static const char *const bad[][2] = {
        { "--no-such-option", NULL }, { "stray", NULL },          { "--timeout", "-1" },
        { "--timeout", "soon" },      { "--config", "/no/file" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        VccwSettings *settings = parse(&error, bad[i][0], bad[i][1]);

        g_assert_null(settings);
        g_assert_nonnull(error);
    }
}

/* What a stock daemon's own file says of access control, in all ways to write it. */
static void
test_stock_config(void)
{
    static const struct {
        const char *text;
        gboolean polkit;
    } files[] = {
        { "", FALSE },
        { "#access_drivers = [ \"polkit\" ]\nlog_level = 3\n", FALSE },
        { "access_drivers = [ ]\nauth_unix_rw = \"polkit\"\n", FALSE },
        { "access_drivers = [ \"none\" ]\n", FALSE },
        { "access_drivers = [ \"polkit\" ]\n", TRUE },
        { "log_level = 3\n  access_drivers=[\n  \"none\",\n  \"polkit\",\n]\n", TRUE },
        { "access_drivers = \"polkit\"", TRUE },
        { "# f\xfcr alle\naccess_drivers = [ \"polkit\" ]\n", TRUE },
        { "access_drivers = [ \"polkit\" ]\n# f\xfcr alle\n", TRUE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = NULL;
        g_autoptr(VccwSettings) settings = NULL;
        g_autoptr(GError) error = NULL;

        close(g_file_open_tmp("virtccw-stock-XXXXXX", &path, NULL));
        g_assert_true(g_file_set_contents(path, files[i].text, -1, NULL));
        settings = parse(&error, "--stock-config", path);
        g_assert_no_error(error);
        g_assert_cmpint(settings->access_polkit, ==, files[i].polkit);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
}

/* Without its file it has its defaults; one that cannot be read is no reason to allow
 * all. */
static void
test_stock_config_missing(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwSettings) settings = parse(&error, "--stock-config", "/nowhere/at.all");

    g_assert_no_error(error);
    g_assert_false(settings->access_polkit);
    g_assert_null(parse(&error, "--stock-config", "/"));
    g_assert_nonnull(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autofree char *path = g_strdup_printf("/settings/file/%zu", i);

        g_test_add_data_func(path, &samples[i], test_file);
    }
    g_test_add_func("/settings/values", test_values);
    g_test_add_func("/settings/defaults", test_defaults);
    g_test_add_func("/settings/command-line", test_command_line);
    g_test_add_func("/settings/stock-config", test_stock_config);
    g_test_add_func("/settings/stock-config-missing", test_stock_config_missing);
    return g_test_run();
}
