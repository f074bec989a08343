/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What virtccwd was told: by its command line, then its configuration file, then
 * defaults. */

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VccwSettings: everything that can be set. Strings are owned. */
typedef struct {
    /* command line */
    char *socket_dir;
    char *sysfs;
    char *definitions;
    char *domains;
    char *dev;
    char *proc;
    char *overrides;
    char *udev_rules;
    char *state_dir;
    char *var_dir;
    char *config_file;
    int timeout; /* seconds without a client until the daemon ends; 0 is never */
    gboolean verbose;
    gboolean show_version;
    gboolean privileged;
    char **stock_configs; /* or NULL: configuration files of the stock daemons */

    /* configuration file; names are those of libvirt's own daemons */
    char *unix_sock_group; /* or NULL */
    mode_t unix_sock_rw_perms;
    mode_t unix_sock_ro_perms;
    guint max_clients;         /* 0: the server's default */
    guint max_client_requests; /* 0: the server's default */
    int keepalive_interval;    /* seconds; -1: never */
    guint keepalive_count;     /* 0: the server's default */
    guint log_level;           /* 1 debug … 4 error */
    guint operation_timeout;   /* seconds */
    gboolean take_parents;     /* whether a start takes its parent from the host */

    /* the front: stock daemons that others are relayed to */
    char *stock_qemu_socket;    /* the stock QEMU driver's; or NULL */
    char *stock_nodedev_socket; /* the stock node-device driver's; or NULL */
    gboolean front_qemu;        /* whether to listen at virtqemud-sock */
    gboolean front_nodedev;     /* whether to listen at virtnodedevd-sock */
    char *auth_unix_rw;         /* "polkit" or "none" */
    char *auth_unix_ro;
    gboolean access_polkit; /* access_drivers: polkit is asked about each call */
} VccwSettings;

/**
 * vccw_settings_new: Reads the command line and the configuration file.
 * @argc: (inout): as main() got it
 * @argv: (inout): as main() got it
 * @privileged: whether the daemon serves the system rather than a user
 *
 * "--help" is answered and ends the process.
 *
 * Returns: (transfer full): the settings; NULL with G_OPTION_ERROR, G_UNIX_ERROR or
 *   VCCW_ERROR_INVALID_ARG, whose message names file and line.
 */
VccwSettings *
vccw_settings_new(int *argc, char ***argv, gboolean privileged, GError **error);

/**
 * vccw_settings_load: Reads a configuration file into @settings.
 *
 * Returns: FALSE with G_UNIX_ERROR or VCCW_ERROR_INVALID_ARG.
 */
gboolean vccw_settings_load(VccwSettings *settings, const char *path, GError **error);

/** vccw_settings_free: Releases @settings. NULL is fine. */
void vccw_settings_free(VccwSettings *settings);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSettings, vccw_settings_free)

G_END_DECLS
