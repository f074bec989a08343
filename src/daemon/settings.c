/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration file has the form that users know from libvirt's daemons: lines of
 * "key = value", strings in double quotes, comments behind "#". An unknown key is an
 * error, because a misspelt one would otherwise be obeyed in silence.
 */

#include "daemon/settings.h"
#include "base/io.h"
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <virtccw/error.h>

#define CONFIG_MAX (64 * 1024)
#define POLICY     "/usr/share/polkit-1/actions/org.libvirt.unix.policy"

/* In a stock daemon's configuration file; its list may have several lines. */
#define ACCESS "^[ \\t]*access_drivers[ \\t]*=\\s*(\\[[^\\]]*|[^\\n]*)"

typedef enum { KEY_STRING, KEY_PATH, KEY_AUTH, KEY_MODE, KEY_NUMBER, KEY_ACCESS } KeyType;

typedef struct {
    const char *name;
    KeyType type;
    gsize offset; /* in VccwSettings */
    gint64 min, max;
} Key;

static const Key keys[] = {
    { "unix_sock_group", KEY_STRING, G_STRUCT_OFFSET(VccwSettings, unix_sock_group), 0,
      0 },
    { "unix_sock_rw_perms", KEY_MODE, G_STRUCT_OFFSET(VccwSettings, unix_sock_rw_perms),
      0, 0777 },
    { "unix_sock_ro_perms", KEY_MODE, G_STRUCT_OFFSET(VccwSettings, unix_sock_ro_perms),
      0, 0777 },
    { "max_clients", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, max_clients), 1, 100000 },
    { "max_client_requests", KEY_NUMBER,
      G_STRUCT_OFFSET(VccwSettings, max_client_requests), 1, 1000 },
    { "keepalive_interval", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, keepalive_interval),
      -1, 86400 },
    { "keepalive_count", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, keepalive_count), 1,
      1000 },
    { "log_level", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, log_level), 1, 4 },
    { "operation_timeout", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, operation_timeout),
      1, 86400 },
    { "take_parents", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, take_parents), 0, 1 },
    { "stock_qemu_socket", KEY_PATH, G_STRUCT_OFFSET(VccwSettings, stock_qemu_socket), 0,
      0 },
    { "stock_nodedev_socket", KEY_PATH,
      G_STRUCT_OFFSET(VccwSettings, stock_nodedev_socket), 0, 0 },
    { "front_qemu", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, front_qemu), 0, 1 },
    { "front_nodedev", KEY_NUMBER, G_STRUCT_OFFSET(VccwSettings, front_nodedev), 0, 1 },
    { "auth_unix_rw", KEY_AUTH, G_STRUCT_OFFSET(VccwSettings, auth_unix_rw), 0, 0 },
    { "auth_unix_ro", KEY_AUTH, G_STRUCT_OFFSET(VccwSettings, auth_unix_ro), 0, 0 },
    { "access_drivers", KEY_ACCESS, G_STRUCT_OFFSET(VccwSettings, access_polkit), 0, 0 },
};

static gboolean
bad_value(const Key *key, const char *want, GError **error)
{
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG, "'%s' must be %s", key->name,
                want);
    return FALSE;
}

static gboolean
set_string(VccwSettings *settings, const Key *key, const char *value, GError **error)
{
    char **member = G_STRUCT_MEMBER_P(settings, key->offset);
    gsize length = strlen(value);

    if (length < 2 || value[0] != '"' || value[length - 1] != '"')
        return bad_value(key, "a string in double quotes", error);
    g_free(*member);
    *member = g_strndup(value + 1, length - 2);
    return TRUE;
}

/* What the command line says is stronger. A daemon's folder is nobody's choice, so there
 * is nothing that another path could be relative to. */
static gboolean
set_path(VccwSettings *settings, const Key *key, const char *value, GError **error)
{
    if (value[0] == '"' && value[1] != '/') {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "'%s' is %s, which is not an absolute path: begin it with '/'",
                    key->name, value);
        return FALSE;
    }
    if (G_STRUCT_MEMBER(char *, settings, key->offset))
        return TRUE;
    return set_string(settings, key, value, error);
}

static gboolean
set_auth(VccwSettings *settings, const Key *key, const char *value, GError **error)
{
    if (!g_str_equal(value, "\"polkit\"") && !g_str_equal(value, "\"none\""))
        return bad_value(key, "\"polkit\" or \"none\"", error);
    return set_string(settings, key, value, error);
}

/* A list, as libvirt has it; "none" allows everything. */
static gboolean
set_access(VccwSettings *settings, const Key *key, const char *value, GError **error)
{
    g_autoptr(GString) text = g_string_new(value);

    g_string_replace(text, " ", "", 0);
    if (!g_str_equal(text->str, "[\"polkit\"]") &&
        !g_str_equal(text->str, "[\"none\"]") && !g_str_equal(text->str, "[]"))
        return bad_value(key, "[ \"polkit\" ] or [ \"none\" ]", error);
    G_STRUCT_MEMBER(gboolean, settings, key->offset) = strstr(value, "polkit") != NULL;
    return TRUE;
}

static gboolean
set_mode(VccwSettings *settings, const Key *key, const char *value, GError **error)
{
    gsize length = strlen(value);
    g_autofree char *digits = NULL;
    guint64 mode;

    if (length < 2 || value[0] != '"' || value[length - 1] != '"')
        return bad_value(key, "an octal number in double quotes, such as \"0660\"",
                         error);
    digits = g_strndup(value + 1, length - 2);
    if (!g_ascii_string_to_unsigned(digits, 8, key->min, key->max, &mode, NULL))
        return bad_value(key, "an octal number up to 0777, such as \"0660\"", error);
    G_STRUCT_MEMBER(mode_t, settings, key->offset) = mode;
    return TRUE;
}

static gboolean
set_number(VccwSettings *settings, const Key *key, const char *value, GError **error)
{
    g_autofree char *want = g_strdup_printf(
        "a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, key->min, key->max);
    gint64 number;

    if (!g_ascii_string_to_signed(value, 10, key->min, key->max, &number, NULL))
        return bad_value(key, want, error);
    G_STRUCT_MEMBER(int, settings, key->offset) = number;
    return TRUE;
}

static gboolean
set_key(VccwSettings *settings, const char *name, const char *value, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!g_str_equal(keys[i].name, name))
            continue;
        switch (keys[i].type) {
        case KEY_STRING:
            return set_string(settings, &keys[i], value, error);
        case KEY_PATH:
            return set_path(settings, &keys[i], value, error);
        case KEY_AUTH:
            return set_auth(settings, &keys[i], value, error);
        case KEY_ACCESS:
            return set_access(settings, &keys[i], value, error);
        case KEY_MODE:
            return set_mode(settings, &keys[i], value, error);
        case KEY_NUMBER:
            return set_number(settings, &keys[i], value, error);
        }
    }
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "unknown key '%s': virtccwd(8) lists the known ones", name);
    return FALSE;
}

static gboolean
set_line(VccwSettings *settings, const char *line, GError **error)
{
    g_autofree char *text = g_strstrip(g_strdup(line));
    char *equals = strchr(text, '=');

    if (*text == '\0' || *text == '#')
        return TRUE;
    if (!equals) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                    "this is not of the form 'key = value'");
        return FALSE;
    }
    *equals = '\0';
    return set_key(settings, g_strstrip(text), g_strstrip(equals + 1), error);
}

gboolean
vccw_settings_load(VccwSettings *settings, const char *path, GError **error)
{
    g_autofree char *text = vccw_read_file(AT_FDCWD, path, CONFIG_MAX, NULL, NULL, error);
    g_auto(GStrv) lines = NULL;

    if (!text)
        return FALSE;
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (!set_line(settings, lines[i], error)) {
            g_prefix_error(error, "%s:%u: ", path, i + 1);
            return FALSE;
        }
    }
    return TRUE;
}

static void
set_default(char **member, char *value)
{
    if (*member)
        g_free(value);
    else
        *member = value;
}

static void
set_defaults(VccwSettings *settings)
{
    const char *run = g_get_user_runtime_dir();

    set_default(&settings->sysfs, g_strdup("/sys"));
    set_default(&settings->dev, g_strdup("/dev"));
    set_default(&settings->proc, g_strdup("/proc"));
    set_default(&settings->definitions, g_strdup("/etc/mdevctl.d"));
    set_default(&settings->overrides, g_strdup("/etc/driverctl.d"));
    set_default(&settings->udev_rules, g_strdup("/etc/udev/rules.d"));
    if (settings->privileged) {
        set_default(&settings->domains, g_strdup("/etc/libvirt/ccw"));
        set_default(&settings->var_dir, g_strdup("/var/lib/virtccw"));
        set_default(&settings->socket_dir, g_strdup("/run/libvirt"));
        set_default(&settings->state_dir, g_strdup("/run/virtccw"));
    } else {
        set_default(&settings->domains,
                    g_build_filename(g_get_user_config_dir(), "libvirt", "ccw", NULL));
        set_default(&settings->socket_dir, g_build_filename(run, "libvirt", NULL));
        set_default(&settings->state_dir, g_build_filename(run, "virtccw", NULL));
        set_default(&settings->var_dir,
                    g_build_filename(g_get_user_data_dir(), "virtccw", NULL));
    }
    settings->unix_sock_rw_perms = 0600;
    settings->unix_sock_ro_perms = settings->privileged ? 0666 : 0600;
    settings->log_level = 2;
    settings->keepalive_interval = 5;
    settings->operation_timeout = 30;
    settings->take_parents = TRUE;
}

/* The file at its usual place may be absent; one that was asked for may not. */
static gboolean
load_config(VccwSettings *settings, GError **error)
{
    gboolean asked = settings->config_file != NULL;
    const char *base = settings->privileged ? SYSCONFDIR : g_get_user_config_dir();
    g_autoptr(GError) local = NULL;

    set_default(&settings->config_file,
                g_build_filename(base, "libvirt", "virtccwd.conf", NULL));
    if (vccw_settings_load(settings, settings->config_file, &local))
        return TRUE;
    if (!asked && vccw_error_errno(local) == ENOENT)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
parse_command_line(VccwSettings *settings, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "socket-dir", 0, 0, G_OPTION_ARG_FILENAME, &settings->socket_dir,
          "Folder of the sockets (/run/libvirt)", "DIR" },
        { "sysfs", 0, 0, G_OPTION_ARG_FILENAME, &settings->sysfs, "Root of sysfs (/sys)",
          "DIR" },
        { "definitions", 0, 0, G_OPTION_ARG_FILENAME, &settings->definitions,
          "Definitions, shared with mdevctl (/etc/mdevctl.d)", "DIR" },
        { "domains", 0, 0, G_OPTION_ARG_FILENAME, &settings->domains,
          "Definitions of domains (/etc/libvirt/ccw)", "DIR" },
        { "overrides", 0, 0, G_OPTION_ARG_FILENAME, &settings->overrides,
          "Driver overrides, shared with driverctl (/etc/driverctl.d)", "DIR" },
        { "udev-rules", 0, 0, G_OPTION_ARG_FILENAME, &settings->udev_rules,
          "Rules that chzdev makes (/etc/udev/rules.d)", "DIR" },
        { "var-dir", 0, 0, G_OPTION_ARG_FILENAME, &settings->var_dir,
          "What is remembered from boot to boot (/var/lib/virtccw)", "DIR" },
        { "dev", 0, 0, G_OPTION_ARG_FILENAME, &settings->dev, "Device nodes (/dev)",
          "DIR" },
        { "proc", 0, 0, G_OPTION_ARG_FILENAME, &settings->proc, "Root of procfs (/proc)",
          "DIR" },
        { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &settings->state_dir,
          "State of this run (/run/virtccw)", "DIR" },
        { "config", 'f', 0, G_OPTION_ARG_FILENAME, &settings->config_file,
          "Configuration file (" SYSCONFDIR "/libvirt/virtccwd.conf)", "FILE" },
        { "stock-config", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &settings->stock_configs,
          "Configuration of a stock daemon whose access_drivers holds here, too",
          "FILE" },
        { "stock-nodedev", 0, 0, G_OPTION_ARG_FILENAME, &settings->stock_nodedev_socket,
          "Socket of the stock node-device driver behind us", "SOCKET" },
        { "stock-qemu", 0, 0, G_OPTION_ARG_FILENAME, &settings->stock_qemu_socket,
          "Socket of the stock QEMU driver behind us", "SOCKET" },
        { "timeout", 't', 0, G_OPTION_ARG_INT, &settings->timeout,
          "End after so many seconds without a client", "SECONDS" },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &settings->verbose, "Log debug messages",
          NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &settings->show_version,
          "Print the version and end", NULL },
        G_OPTION_ENTRY_NULL
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(
        context,
        "Serves channel-attached devices to libvirt's clients as ccw:///system.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "unexpected argument '%s': see --help", (*argv)[1]);
        return FALSE;
    }
    if (settings->timeout < 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--timeout must not be negative");
        return FALSE;
    }
    return TRUE;
}

static gboolean
needs(gboolean front,
      const char *front_key,
      const char *stock,
      const char *stock_key,
      GError **error)
{
    if (!front || stock)
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "'%s' needs '%s': say at which socket the stock daemon listens, such as "
                "\"/run/libvirt/libvirt-sock\"",
                front_key, stock_key);
    return FALSE;
}

/* libvirt's actions are known to polkit, so it can be asked about them. */
static gboolean
has_policy(void)
{
    return g_file_test(POLICY, G_FILE_TEST_EXISTS);
}

/* Whoever is relayed by us must have shown who he is, as the stock daemon would want. */
static gboolean
complete_front(VccwSettings *settings, GError **error)
{
    gboolean relays = settings->stock_qemu_socket || settings->stock_nodedev_socket;
    const char *auth =
        settings->privileged && (relays || has_policy()) ? "polkit" : "none";

    set_default(&settings->auth_unix_rw, g_strdup(auth));
    set_default(&settings->auth_unix_ro, g_strdup(auth));
    return needs(settings->front_qemu, "front_qemu", settings->stock_qemu_socket,
                 "stock_qemu_socket", error) &&
           needs(settings->front_nodedev, "front_nodedev", settings->stock_nodedev_socket,
                 "stock_nodedev_socket", error);
}

/* A daemon whose file is not there has the default, which is none. */
static gboolean
read_stock_config(VccwSettings *settings, const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text =
        vccw_read_file(AT_FDCWD, path, CONFIG_MAX, NULL, NULL, &local);
    /* Raw: comments may be in any encoding. */
    g_autoptr(GRegex) regex =
        g_regex_new(ACCESS, G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!text && vccw_error_errno(local) == ENOENT)
        return TRUE;
    if (!text) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        g_autofree char *value = g_match_info_fetch(match, 1);

        settings->access_polkit |= strstr(value, "polkit") != NULL;
    }
    return TRUE;
}

static gboolean
read_stock_configs(VccwSettings *settings, GError **error)
{
    for (char **path = settings->stock_configs; path && *path; path++)
        if (!read_stock_config(settings, *path, error))
            return FALSE;
    return TRUE;
}

VccwSettings *
vccw_settings_new(int *argc, char ***argv, gboolean privileged, GError **error)
{
    g_autoptr(VccwSettings) settings = g_new0(VccwSettings, 1);

    settings->privileged = privileged;
    if (!parse_command_line(settings, argc, argv, error))
        return NULL;
    set_defaults(settings);
    if (!settings->show_version &&
        (!load_config(settings, error) || !read_stock_configs(settings, error) ||
         !complete_front(settings, error)))
        return NULL;
    if (settings->keepalive_interval == 0) /* never, as for libvirt's daemons */
        settings->keepalive_interval = -1;
    if (settings->verbose)
        settings->log_level = 1;
    return g_steal_pointer(&settings);
}

void
vccw_settings_free(VccwSettings *settings)
{
    if (!settings)
        return;
    g_free(settings->socket_dir);
    g_free(settings->sysfs);
    g_free(settings->definitions);
    g_free(settings->domains);
    g_free(settings->dev);
    g_free(settings->proc);
    g_free(settings->overrides);
    g_free(settings->udev_rules);
    g_free(settings->state_dir);
    g_free(settings->var_dir);
    g_free(settings->config_file);
    g_free(settings->unix_sock_group);
    g_free(settings->stock_qemu_socket);
    g_free(settings->stock_nodedev_socket);
    g_free(settings->auth_unix_rw);
    g_free(settings->auth_unix_ro);
    g_strfreev(settings->stock_configs);
    g_free(settings);
}
