/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What libvirt answers itself where a driver has no entry is left to it: the URI, the
 * version of the library, and callbacks for a connection that breaks, which this one
 * cannot.
 */

#include "module/connect.h"
#include "module/connection.h"
#include "module/options.h"
#include "module/raise.h"
#include "module/symbols.h"
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <unistd.h>
#include <virtccw/error.h>

/* What opening answers, beside 0. */
#define OPEN_DECLINED (-1)
#define OPEN_ERROR    (-2)

/* libvirt's daemons let a client name the URI that they open for it, and note whose call
 * a thread is at. This driver has no rights to tell but the process's, so it must not
 * open for somebody else: not the host's disks, nor a folder of his choice. */
static gboolean
is_for_client(void)
{
    gpointer identity;

    /* libvirt makes a file below it, and the folder then for root only. */
    if (geteuid() == 0)
        g_mkdir("/run/libvirt", 0755);
    identity = vccw_libvirt.virIdentityGetCurrent();
    if (!identity) {
        virResetLastError();
        return FALSE;
    }
    vccw_libvirt.virObjectUnref(identity);
    return TRUE;
}

static gboolean
check_caller(GError **error)
{
    if (!is_for_client())
        return TRUE;
    g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                        "ccw:///embed cannot be opened by a daemon for its client: use "
                        "virtccwd and ccw:///system");
    return FALSE;
}

static int
open_connection(virConnectPtr conn,
                virConnectAuthPtr auth,
                void *conf,
                unsigned int flags)
{
    char *uri = virConnectGetURI(conn);
    g_autoptr(VccwOptions) options = NULL;
    GError *error = NULL;

    /* ccw:///system in a process that has used the module before: virtccwd's. */
    if (!vccw_options_is_ours(uri)) {
        free(uri);
        return OPEN_DECLINED;
    }
    if (check_caller(&error))
        options = vccw_options_new(uri, &error);
    free(uri);
    if (options && vccw_connection_open(conn, options, flags, &error))
        return 0;
    vccw_raise_take(error);
    return OPEN_ERROR;
}

static int
close_connection(virConnectPtr conn)
{
    vccw_connection_close(conn);
    return 0;
}

static int
supports_feature(virConnectPtr conn, int feature)
{
    VccwArgs args = { .number = feature };

    return vccw_connection_number(conn, 60, &args);
}

static const char *
get_type(virConnectPtr conn)
{
    VccwArgs args = { 0 };
    g_autofree char *type = vccw_connection_string(conn, 3, &args);

    return g_intern_string(type);
}

static int
get_version(virConnectPtr conn, unsigned long *ret_version)
{
    VccwArgs args = { 0 };
    gint64 version = vccw_connection_number(conn, 4, &args);

    if (version < 0)
        return -1;
    *ret_version = version;
    return 0;
}

static char *
get_hostname(virConnectPtr conn)
{
    VccwArgs args = { 0 };

    return vccw_connection_string(conn, 59, &args);
}

static char *
get_capabilities(virConnectPtr conn)
{
    VccwArgs args = { 0 };

    return vccw_connection_string(conn, 7, &args);
}

static int
is_secure(virConnectPtr conn)
{
    VccwArgs args = { 0 };

    return vccw_connection_number(conn, 149, &args);
}

static int
is_encrypted(virConnectPtr conn)
{
    return 0;
}

static int
is_alive(virConnectPtr conn)
{
    return 1;
}

static const VccwEntry entries[] = {
    { "connectOpen", VCCW_FUNCTION(open_connection) },
    { "connectClose", VCCW_FUNCTION(close_connection) },
    { "connectSupportsFeature", VCCW_FUNCTION(supports_feature) },
    { "connectGetType", VCCW_FUNCTION(get_type) },
    { "connectGetVersion", VCCW_FUNCTION(get_version) },
    { "connectGetHostname", VCCW_FUNCTION(get_hostname) },
    { "connectGetCapabilities", VCCW_FUNCTION(get_capabilities) },
    { "connectIsEncrypted", VCCW_FUNCTION(is_encrypted) },
    { "connectIsSecure", VCCW_FUNCTION(is_secure) },
    { "connectIsAlive", VCCW_FUNCTION(is_alive) },
};

const VccwEntry *
vccw_module_connect(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(entries);
    return entries;
}
