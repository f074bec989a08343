/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The mounts of a namespace are in /proc/PID/mountinfo of each process in it. A file
 * system may have a device number of its own (btrfs has), so that its source counts as
 * well as its number. Processes come and go meanwhile: what has gone uses nothing.
 */

#include "handover/mounted.h"

#include "base/io.h"
#include "base/quote.h"
#include "handover/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <virtccw/error.h>

#define TABLE_MAX (16 * 1024 * 1024) /* bytes of a mountinfo */

typedef struct {
    const VccwHandoverHost *host;
    VccwLook *look; /* where each look counts; or NULL */
    GPtrArray *disks;
    GPtrArray *users;
} Search;

/* "\040" and the like, as the kernel writes blanks in /proc. */
static char *
unescape(const char *text)
{
    GString *plain = g_string_new(NULL);

    for (; *text; text++) {
        guint code;

        if (*text == '\\' && sscanf(text + 1, "%3o", &code) == 1 && strlen(text) > 3) {
            g_string_append_c(plain, (char)code);
            text += 3;
        } else {
            g_string_append_c(plain, *text);
        }
    }
    return g_string_free(plain, FALSE);
}

static const VccwDisk *
find_by_number(GPtrArray *disks, guint major, guint minor)
{
    for (guint i = 0; i < disks->len; i++) {
        const VccwDisk *disk = disks->pdata[i];

        if (disk->major == major && disk->minor == minor)
            return disk;
    }
    return NULL;
}

/* @path: a device node, as who uses it has named it: "/dev/dasda1", "/dev/mapper/a-b" */
static const VccwDisk *
find_by_path(const Search *search, const char *path)
{
    const char *name = path + strlen("/dev/");
    g_autofree char *node = NULL;
    struct stat st;

    if (!g_str_has_prefix(path, "/dev/"))
        return NULL;
    for (guint i = 0; i < search->disks->len; i++) {
        const VccwDisk *disk = search->disks->pdata[i];

        if (g_str_equal(name, disk->name) ||
            (disk->mapper && g_str_has_prefix(name, "mapper/") &&
             g_str_equal(name + strlen("mapper/"), disk->mapper)))
            return disk;
    }
    node = g_build_filename(search->host->dev, name, NULL);
    if (stat(node, &st) < 0 || !S_ISBLK(st.st_mode))
        return NULL;
    return find_by_number(search->disks, major(st.st_rdev), minor(st.st_rdev));
}

static void
add_user(GPtrArray *users, char *user)
{
    if (g_ptr_array_find_with_equal_func(users, user, g_str_equal, NULL))
        g_free(user);
    else
        g_ptr_array_add(users, user);
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE OPTIONS */
static void
judge_mount(const Search *search, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    guint n = g_strv_length(fields), dash = 6, major, minor;
    g_autofree char *source = NULL;
    g_autofree char *point = NULL;
    g_autofree char *quoted = NULL;
    const VccwDisk *disk;

    while (dash < n && !g_str_equal(fields[dash], "-"))
        dash++;
    if (dash + 2 >= n || sscanf(fields[2], "%u:%u", &major, &minor) != 2)
        return;
    source = unescape(fields[dash + 2]);
    disk = find_by_number(search->disks, major, minor);
    if (!disk)
        disk = find_by_path(search, source);
    if (!disk)
        return;
    point = unescape(fields[4]);
    quoted = vccw_quote(point, VCCW_QUOTE_VALUE);
    add_user(search->users,
             g_strdup_printf("file system mounted at %s (%s)", quoted, disk->name));
}

/* A process that ends has no mounts any more, and one of another user is not shown to a
 * daemon without rights. */
static gboolean
has_no_table(int errnum)
{
    return errnum == ENOENT || errnum == ESRCH || errnum == EINVAL || errnum == EACCES ||
           errnum == EPERM;
}

/* Returns: whether it has been read. */
static gboolean
judge_table(const Search *search, int proc, const char *pid)
{
    g_autofree char *path = g_build_filename(pid, "mountinfo", NULL);
    GError *problem = NULL;
    g_autofree char *text = vccw_read_file(proc, path, TABLE_MAX, NULL, NULL, &problem);
    g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;

    if (!text && !has_no_table(vccw_error_errno(problem)))
        vccw_look_fail(search->look, problem);
    else
        g_clear_error(&problem);

    for (guint i = 0; lines && lines[i]; i++)
        judge_mount(search, lines[i]);
    return text != NULL;
}

static gboolean
is_pid(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

/* Each namespace once; a process whose namespace cannot be told is looked at by itself.
 */
static void
judge_namespaces(const Search *search, int proc, GPtrArray *pids)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < pids->len; i++) {
        g_autofree char *path = g_build_filename(pids->pdata[i], "ns/mnt", NULL);
        g_autofree char *name = NULL;

        if (!is_pid(pids->pdata[i]))
            continue;
        name = vccw_read_link(proc, path, NULL);
        if (name && g_hash_table_contains(seen, name))
            continue;
        if (judge_table(search, proc, pids->pdata[i]) && name)
            g_hash_table_add(seen, g_steal_pointer(&name));
    }
}

/* FILENAME TYPE SIZE USED PRIORITY, after a line of titles; a file's mount has been
 * found already. */
static void
judge_swap_lines(const Search *search, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 1; lines[0] && lines[i]; i++) {
        g_autofree char *name = NULL;
        const VccwDisk *disk;

        lines[i][strcspn(lines[i], " \t")] = '\0';
        name = unescape(lines[i]);
        disk = find_by_path(search, name);
        if (disk)
            add_user(search->users, g_strdup_printf("swap space on %s", disk->name));
    }
}

static void
judge_swaps(const Search *search, int proc)
{
    GError *problem = NULL;
    g_autofree char *text =
        vccw_read_file(proc, "swaps", TABLE_MAX, NULL, NULL, &problem);

    if (text)
        judge_swap_lines(search, text);
    else
        vccw_look_fail(search->look, problem);
}

/* A sandbox may leave of /proc nothing but processes; a kernel that cannot swap has all
 * but "swaps". */
static gboolean
has_tables(VccwLook *look, int proc)
{
    return vccw_look_exists(look, proc, "swaps") ||
           vccw_look_exists(look, proc, "devices");
}

void
vccw_mounted_find(const VccwHandoverHost *host,
                  VccwLook *look,
                  GPtrArray *disks,
                  GPtrArray *users)
{
    Search search = { host, look, disks, users };
    g_auto(VccwFd) proc = vccw_open_dir(AT_FDCWD, host->proc, NULL);
    g_autoptr(GPtrArray) pids = proc < 0 ? NULL : vccw_list_dir(proc, ".", NULL);

    if (!pids || !has_tables(look, proc)) {
        vccw_look_fail(look, g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                                         "'%s' cannot be read or has no 'swaps'; check "
                                         "the service's sandbox",
                                         host->proc));
        return;
    }
    judge_namespaces(&search, proc, pids);
    if (vccw_look_exists(look, proc, "swaps"))
        judge_swaps(&search, proc);
}

/* Judges each line of @text that has @key in it. */
static void
judge_lines(const Search *search, const char *text, const char *key)
{
    const char *at = text;

    while ((at = strstr(at, key))) {
        const char *start = at, *end = at + strcspn(at, "\n");
        g_autofree char *line = NULL;

        while (start > text && start[-1] != '\n')
            start--;
        line = g_strndup(start, end - start);
        judge_mount(search, line);
        at = end;
    }
}

void
vccw_mounted_glance(const VccwHandoverHost *host,
                    GPtrArray *disks,
                    const char *mounts,
                    const char *swaps,
                    GPtrArray *users)
{
    Search search = { host, NULL, disks, users };

    for (guint i = 0; i < disks->len; i++) {
        const VccwDisk *disk = disks->pdata[i];
        g_autofree char *number = g_strdup_printf(" %u:%u ", disk->major, disk->minor);
        g_autofree char *node = g_strdup_printf(" /dev/%s ", disk->name);
        g_autofree char *mapper =
            disk->mapper ? g_strdup_printf(" /dev/mapper/%s ", disk->mapper) : NULL;

        judge_lines(&search, mounts, number);
        judge_lines(&search, mounts, node);
        if (mapper)
            judge_lines(&search, mounts, mapper);
    }
    if (swaps)
        judge_swap_lines(&search, swaps);
}

/* The disk that descriptor @fd of a process stands for; only what looks like a node is
 * examined, and without asking a file system that may not answer. */
static const VccwDisk *
opened_disk(const Search *search, int fds, const char *fd)
{
    g_autofree char *target = vccw_read_link(fds, fd, NULL);
    struct statx st;

    if (!target || *target != '/')
        return NULL;
    if (statx(fds, fd, AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
        return find_by_path(search, target);
    return S_ISBLK(st.stx_mode)
               ? find_by_number(search->disks, st.stx_rdev_major, st.stx_rdev_minor)
               : NULL;
}

/* A process that ends has nothing open any more. */
static void
judge_closed(const Search *search, GError *problem)
{
    int errnum = vccw_error_errno(problem);

    if (!search->look || errnum == ENOENT || errnum == ESRCH || errnum == ENOTDIR)
        g_error_free(problem);
    else
        vccw_look_fail(search->look, problem);
}

static void
judge_process(const Search *search, int proc, const char *pid)
{
    g_autofree char *path = g_build_filename(pid, "fd", NULL);
    g_autofree char *comm_path = g_build_filename(pid, "comm", NULL);
    GError *problem = NULL;
    g_auto(VccwFd) fds = vccw_open_dir(proc, path, &problem);
    g_autoptr(GPtrArray) names = fds < 0 ? NULL : vccw_list_dir(fds, ".", &problem);

    if (problem)
        judge_closed(search, problem);
    for (guint i = 0; names && i < names->len; i++) {
        const VccwDisk *disk = opened_disk(search, fds, names->pdata[i]);
        g_autofree char *comm = disk ? vccw_read_attr(proc, comm_path, NULL) : NULL;
        g_autofree char *quoted = vccw_quote(comm ? comm : "?", VCCW_QUOTE_VALUE);

        if (disk)
            add_user(search->users, g_strdup_printf("process %s (%s) has %s open", pid,
                                                    quoted, disk->name));
    }
}

void
vccw_mounted_find_openers(const VccwHandoverHost *host,
                          VccwLook *look,
                          GPtrArray *disks,
                          GPtrArray *users)
{
    Search search = { host, look, disks, users };
    g_auto(VccwFd) proc = vccw_open_dir(AT_FDCWD, host->proc, NULL);
    g_autoptr(GPtrArray) pids = proc < 0 ? NULL : vccw_list_dir(proc, ".", NULL);
    g_autofree char *self = g_strdup_printf("%d", getpid());

    for (guint i = 0; pids && i < pids->len; i++)
        if (is_pid(pids->pdata[i]) && !g_str_equal(pids->pdata[i], self))
            judge_process(&search, proc, pids->pdata[i]);
}

/* -- who has it exclusively -- */

static gboolean
is_node_of(const VccwDisk *disk, const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISBLK(st.st_mode) &&
           st.st_rdev == makedev(disk->major, disk->minor);
}

/* Has gone, or has no medium: nobody can have it open. */
static gboolean
cannot_be_open(int errnum)
{
    return errnum == ENXIO || errnum == ENOENT || errnum == ENODEV || errnum == ENOMEDIUM;
}

/* EBUSY from an attempt to open it exclusively is the only answer that says "yes", and
 * not every other says "no". */
static gboolean
is_exclusive(const VccwHandoverHost *host, const VccwDisk *disk, GError **error)
{
    g_autofree char *path = g_build_filename(host->dev, disk->name, NULL);
    g_auto(VccwFd) fd = -1;

    if (!is_node_of(disk, path)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                    "'%s' is not the node of disk %u:%u; see 'udevadm trigger'", path,
                    disk->major, disk->minor);
        return FALSE;
    }
    fd = TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK));
    if (fd >= 0 || errno == EBUSY || cannot_be_open(errno))
        return fd < 0 && errno == EBUSY;
    vccw_set_errno(error, errno,
                   "cannot open '%s' to see who has it open (check DeviceAllow= of the "
                   "service)",
                   path);
    return FALSE;
}

void
vccw_mounted_find_exclusive(const VccwHandoverHost *host,
                            VccwLook *look,
                            GPtrArray *disks,
                            GPtrArray *users)
{
    for (guint i = 0; i < disks->len; i++) {
        const VccwDisk *disk = disks->pdata[i];
        GError *problem = NULL;

        if (is_exclusive(host, disk, &problem))
            add_user(users, g_strdup_printf("%s is open exclusively", disk->name));
        if (problem && look)
            vccw_look_fail(look, problem);
        else
            g_clear_error(&problem);
    }
}
