/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The mounts of a namespace are in /proc/PID/mountinfo of each process in it. A file
 * system may have a device number of its own (btrfs has), so that its source counts as
 * well as its number: of file systems that need a device, which only root can mount. The
 * source of any other is a word that whoever mounted it chose, and in a namespace of
 * their own that is everybody. Processes come and go meanwhile: what has gone uses
 * nothing.
 */

#include "handover/mounted.h"

#include "base/io.h"
#include "base/quote.h"
#include "handover/disk.h"
#include "handover/fs-types.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <virtccw/error.h>

#define SWAPS_MAX (1024 * 1024) /* bytes of /proc/swaps */
#define NAMED_MAX 64            /* mounts; whoever has more is told of some */

typedef struct {
    const VccwHandoverHost *host;
    VccwLook *look; /* where each look counts; or NULL */
    GPtrArray *disks;
    GPtrArray *users;
    const char *pid; /* whose mounts are judged; NULL for this process's or init's */
    char **types;    /* lines of /proc/filesystems, once they are needed */
} Search;

static void
search_clear(Search *search)
{
    g_strfreev(search->types);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

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
    /* Whoever names it so wants us to look elsewhere, where looking may take for ever. */
    if (strstr(path, "/../"))
        return NULL;
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

static gboolean
needs_device(Search *search, const char *type)
{
    if (!search->types)
        search->types = vccw_fs_types_read(search->host);
    return vccw_fs_types_need_device(search->types, type);
}

/* The same mount is in many namespaces: it is told of once, as init sees it if it does.
 */
static void
add_mount(const Search *search, const char *point, const VccwDisk *disk)
{
    g_autofree char *plain = unescape(point);
    g_autofree char *quoted = vccw_quote(plain, VCCW_QUOTE_VALUE);
    g_autofree char *text =
        g_strdup_printf("file system mounted at %s (%s)", quoted, disk->name);

    for (guint i = 0; i < search->users->len; i++)
        if (g_str_has_prefix(search->users->pdata[i], text))
            return;
    if (search->users->len >= NAMED_MAX)
        return;
    g_ptr_array_add(search->users,
                    search->pid
                        ? g_strdup_printf("%s in the mount namespace of process %s", text,
                                          search->pid)
                        : g_steal_pointer(&text));
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE OPTIONS */
static void
judge_mount(Search *search, const char *line)
{
    g_auto(GStrv) fields = NULL;
    g_autofree char *source = NULL;
    guint n, dash = 6, major, minor;
    const VccwDisk *disk;

    if (sscanf(line, "%*s %*s %u:%u", &major, &minor) != 2)
        return;
    disk = find_by_number(search->disks, major, minor);
    if (!disk && !strstr(line, " /dev/")) /* as most of very many */
        return;
    fields = g_strsplit(line, " ", -1);
    n = g_strv_length(fields);
    while (dash < n && !g_str_equal(fields[dash], "-"))
        dash++;
    if (dash + 2 >= n)
        return;
    source = unescape(fields[dash + 2]);
    if (!disk && needs_device(search, fields[dash + 1]))
        disk = find_by_path(search, source);
    if (disk)
        add_mount(search, fields[4], disk);
}

/* A process that ends has no mounts any more, and one of another user is not shown to a
 * daemon without rights. */
static gboolean
has_no_table(int errnum)
{
    return errnum == ENOENT || errnum == ESRCH || errnum == EINVAL || errnum == EACCES ||
           errnum == EPERM;
}

static gboolean
is_pid(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

/* Line by line: how long it is, is up to whoever mounts. */
static gboolean
judge_stream(Search *search, int fd, GError **error)
{
    FILE *file = fdopen(fd, "r");
    char *line = NULL;
    size_t size = 0;
    gboolean ok;

    while (getline(&line, &size, file) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        judge_mount(search, line);
    }
    ok = !ferror(file);
    if (!ok)
        vccw_set_errno(error, errno, "cannot read a list of mounts");
    free(line);
    fclose(file);
    return ok;
}

static gboolean
read_table(Search *search, int proc, const char *pid, GError **error)
{
    g_autofree char *path = g_build_filename(pid, "mountinfo", NULL);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

    if (fd < 0) {
        vccw_set_errno(error, errno, "cannot open '%s'", path);
        return FALSE;
    }
    search->pid = is_pid(pid) && !g_str_equal(pid, "1") ? pid : NULL;
    return judge_stream(search, fd, error);
}

/* Returns: whether it has been read. */
static gboolean
judge_table(Search *search, int proc, const char *pid)
{
    GError *problem = NULL;
    gboolean ok = read_table(search, proc, pid, &problem);

    if (!ok && !has_no_table(vccw_error_errno(problem)))
        vccw_look_fail(search->look, problem);
    else
        g_clear_error(&problem);
    return ok;
}

/* Each namespace once; a process whose namespace cannot be told is looked at by itself.
 */
static void
judge_namespace(Search *search, GHashTable *seen, int proc, const char *pid)
{
    g_autofree char *path = g_build_filename(pid, "ns/mnt", NULL);
    g_autofree char *name = vccw_read_link(proc, path, NULL);

    if (name && g_hash_table_contains(seen, name))
        return;
    if (judge_table(search, proc, pid) && name)
        g_hash_table_add(seen, g_steal_pointer(&name));
}

static void
judge_namespaces(Search *search, int proc, GPtrArray *pids)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    judge_namespace(search, seen, proc, "self");
    judge_namespace(search, seen, proc, "1");
    for (guint i = 0; i < pids->len; i++)
        if (is_pid(pids->pdata[i]))
            judge_namespace(search, seen, proc, pids->pdata[i]);
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
        vccw_read_file(proc, "swaps", SWAPS_MAX, NULL, NULL, &problem);

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
    g_auto(Search) search = { host, look, disks, users, NULL, NULL };
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
judge_lines(Search *search, const char *text, const char *key)
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
    g_auto(Search) search = { host, NULL, disks, users, NULL, NULL };

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
    g_auto(Search) search = { host, look, disks, users, NULL, NULL };
    g_auto(VccwFd) proc = vccw_open_dir(AT_FDCWD, host->proc, NULL);
    g_autoptr(GPtrArray) pids = proc < 0 ? NULL : vccw_list_dir(proc, ".", NULL);
    g_autofree char *self = g_strdup_printf("%d", getpid());

    for (guint i = 0; pids && i < pids->len; i++)
        if (is_pid(pids->pdata[i]) && !g_str_equal(pids->pdata[i], self))
            judge_process(&search, proc, pids->pdata[i]);
}

/* -- what the kernel has open, without a claim and without a holder -- */

void
vccw_mounted_find_loops(const VccwHandoverHost *host,
                        VccwLook *look,
                        int sysfs,
                        GPtrArray *disks,
                        GPtrArray *users)
{
    g_auto(Search) search = { host, look, disks, users, NULL, NULL };
    g_autoptr(GPtrArray) names = vccw_look_list(look, sysfs, "block");

    for (guint i = 0; names && i < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *path =
            g_build_filename("block", name, "loop/backing_file", NULL);
        g_autofree char *file =
            g_str_has_prefix(name, "loop") ? vccw_look_attr(look, sysfs, path) : NULL;
        const VccwDisk *disk = file ? find_by_path(&search, file) : NULL;

        if (disk)
            add_user(users, g_strdup_printf("loop device %s on %s", name, disk->name));
    }
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
