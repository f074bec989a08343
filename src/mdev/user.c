/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who uses a mediated device? The kernel lets one process at a time open a VFIO group, so
 * opening it tells whether there is one; who it is, only the descriptors of all processes
 * tell. Processes come and go meanwhile, and not everybody may look at all of them: what
 * cannot be read is passed over.
 */

#include "mdev/user.h"

#include "base/io.h"
#include "base/process.h"
#include "base/quote.h"
#include "mdev/active.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <virtccw/mdev.h>

#define CMDLINE_MAX (1024 * 1024)
#define ELDERS_MAX  64

/* A file that stands for the device: the group, or on newer kernels its own node. */
typedef struct {
    char *path;
    const char *tail;   /* how the path ends wherever /dev is */
    gboolean exclusive; /* a group: only one process at a time can open it */
    gboolean is_node;   /* @rdev is known */
    dev_t rdev;
} Handle;

static void
handle_free(gpointer data)
{
    Handle *handle = data;

    g_free(handle->path);
    g_free(handle);
}

/* @name: below DEV, such as "vfio/0" */
static void
add_handle(GPtrArray *handles,
           const VccwMdevHost *host,
           const char *name,
           gboolean exclusive)
{
    Handle *handle = g_new0(Handle, 1);
    struct stat st;

    handle->exclusive = exclusive;
    handle->path = g_build_filename(host->dev, name, NULL);
    handle->tail = handle->path + strlen(handle->path) - strlen(name) - 1;
    if (stat(handle->path, &st) == 0 && S_ISCHR(st.st_mode)) {
        handle->is_node = TRUE;
        handle->rdev = st.st_rdev;
    }
    g_ptr_array_add(handles, handle);
}

static GPtrArray *
list_handles(const VccwMdevHost *host, int sysfs, const VccwUuid *uuid)
{
    GPtrArray *handles = g_ptr_array_new_with_free_func(handle_free);
    g_autofree char *group = vccw_active_group(sysfs, uuid);
    g_autofree char *node = vccw_active_node(sysfs, uuid);

    if (group) {
        g_autofree char *name = g_build_filename("vfio", group, NULL);

        add_handle(handles, host, name, TRUE);
    }
    if (node) {
        g_autofree char *name = g_build_filename("vfio/devices", node, NULL);

        add_handle(handles, host, name, FALSE);
    }
    return handles;
}

/* A process may have a /dev of its own: there the node may be elsewhere, and under its
 * path anything, even if an ordinary user made it. So the device number decides, wherever
 * it is known. Only what looks like the node is examined, for others may block. */
static gboolean
is_handle(int fds, const char *fd, const char *target, const Handle *handle)
{
    struct stat st;

    if (!handle->is_node)
        return g_str_equal(target, handle->path);
    return g_str_has_suffix(target, handle->tail) && fstatat(fds, fd, &st, 0) == 0 &&
           S_ISCHR(st.st_mode) && st.st_rdev == handle->rdev;
}

static gboolean
holds_any(int proc, const char *pid, GPtrArray *handles)
{
    g_autofree char *path = g_build_filename(pid, "fd", NULL);
    g_auto(VccwFd) fds = vccw_open_dir(proc, path, NULL);
    g_autoptr(GPtrArray) names = fds < 0 ? NULL : vccw_list_dir(fds, ".", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *target = vccw_read_link(fds, names->pdata[i], NULL);

        for (guint k = 0; target && k < handles->len; k++)
            if (is_handle(fds, names->pdata[i], target, handles->pdata[k]))
                return TRUE;
    }
    return FALSE;
}

/* Returns: (transfer full): this process, and with @elders those it comes from, by their
 * numbers as text. */
static GPtrArray *
list_own(const char *proc, gboolean elders)
{
    GPtrArray *own = g_ptr_array_new_with_free_func(g_free);
    pid_t pid = getpid();

    do
        g_ptr_array_add(own, g_strdup_printf("%d", (int)pid));
    while (elders && own->len < ELDERS_MAX && (pid = vccw_process_parent(proc, pid)) > 0);
    return own;
}

static gboolean
is_other_process(const char *name, GPtrArray *own)
{
    return *name && strspn(name, "0123456789") == strlen(name) &&
           !g_ptr_array_find_with_equal_func(own, name, g_str_equal, NULL);
}

static gboolean
is_held_by_own(int proc, GPtrArray *own, GPtrArray *handles)
{
    for (guint i = 1; i < own->len; i++)
        if (holds_any(proc, own->pdata[i], handles))
            return TRUE;
    return FALSE;
}

static char *
find_holder(int proc, GPtrArray *own, GPtrArray *handles)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(proc, ".", NULL);

    for (guint i = 0; names && i < names->len; i++)
        if (is_other_process(names->pdata[i], own) &&
            holds_any(proc, names->pdata[i], handles))
            return g_strdup(names->pdata[i]);
    return NULL;
}

/* The value of QEMU's option -name: "NAME,…" or "…,guest=NAME,…", where a comma within
 * the name is written twice. NULL if it gives none. */
static char *
parse_guest_name(const char *value)
{
    g_autoptr(GString) part = g_string_new(NULL);
    gboolean first = TRUE;

    for (const char *p = value;; p++) {
        if (*p == ',' && p[1] == ',') {
            g_string_append_c(part, *p++);
            continue;
        }
        if (*p && *p != ',') {
            g_string_append_c(part, *p);
            continue;
        }
        if (g_str_has_prefix(part->str, "guest="))
            return g_strdup(part->str + strlen("guest="));
        if (first && part->len && !strchr(part->str, '='))
            return g_strdup(part->str);
        if (!*p)
            return NULL;
        first = FALSE;
        g_string_truncate(part, 0);
    }
}

/* The name of the guest if @pid is a QEMU that was given one. */
static char *
read_guest_name(int proc, const char *pid)
{
    g_autofree char *path = g_build_filename(pid, "cmdline", NULL);
    gsize length;
    g_autofree char *args = vccw_read_file(proc, path, CMDLINE_MAX, &length, NULL, NULL);
    g_autofree char *command = args ? g_path_get_basename(args) : NULL;

    if (!command || !strstr(command, "qemu"))
        return NULL;
    for (const char *arg = args; arg < args + length; arg += strlen(arg) + 1)
        if (g_str_equal(arg, "-name") || g_str_equal(arg, "--name")) {
            const char *value = arg + strlen(arg) + 1;

            return value < args + length ? parse_guest_name(value) : NULL;
        }
    return NULL;
}

static char *
describe(int proc, const char *pid)
{
    g_autofree char *path = g_build_filename(pid, "comm", NULL);
    g_autofree char *comm = vccw_read_attr(proc, path, NULL);
    g_autofree char *guest = read_guest_name(proc, pid);
    g_autofree char *command = NULL;
    g_autofree char *quoted = NULL;

    /* A process may call itself anything. */
    quoted = vccw_quote(comm ? comm : "?", VCCW_QUOTE_VALUE);
    command = g_strndup(quoted + 1, strlen(quoted) - 2);
    g_free(quoted);
    quoted = guest ? vccw_quote(guest, VCCW_QUOTE_VALUE) : NULL;
    if (guest)
        return g_strdup_printf("guest %s (process %s, %s)", quoted, pid, command);
    return g_strdup_printf("process %s (%s)", pid, command);
}

/* What opening a handle tells. */
typedef enum { FREE, TAKEN, UNKNOWN } Answer;

static Answer
try_handle(const Handle *handle)
{
    g_auto(VccwFd) fd = -1;

    if (!handle->exclusive)
        return UNKNOWN;
    fd = TEMP_FAILURE_RETRY(open(handle->path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (fd >= 0)
        return handle->is_node ? FREE : UNKNOWN;
    return errno == EBUSY ? TAKEN : UNKNOWN;
}

static gboolean
find(const VccwMdevHost *host, const VccwUuid *uuid, gboolean elders, char **ret_user)
{
    g_auto(VccwFd) sysfs = vccw_open_dir(AT_FDCWD, host->sysfs, NULL);
    g_auto(VccwFd) proc = vccw_open_dir(AT_FDCWD, host->proc, NULL);
    g_autoptr(GPtrArray) handles = sysfs < 0 ? NULL : list_handles(host, sysfs, uuid);
    g_autoptr(GPtrArray) own = list_own(host->proc, elders);
    g_autofree char *pid = NULL;
    Answer answer;

    if (!handles || handles->len == 0)
        return FALSE;
    answer = try_handle(handles->pdata[0]);
    /* Where the device has a node of its own too, its group is no proof. */
    if (answer == FREE && handles->len == 1)
        return FALSE;
    pid = proc < 0 ? NULL : find_holder(proc, own, handles);
    if (!pid && (answer != TAKEN || (proc >= 0 && is_held_by_own(proc, own, handles))))
        return FALSE;
    *ret_user = pid ? describe(proc, pid) : g_strdup("another process");
    return TRUE;
}

gboolean
vccw_mdev_find_user(const VccwMdevHost *host, const VccwUuid *uuid, char **ret_user)
{
    return find(host, uuid, FALSE, ret_user);
}

gboolean
vccw_user_find_stranger(const VccwMdevHost *host, const VccwUuid *uuid, char **ret_user)
{
    return find(host, uuid, TRUE, ret_user);
}
