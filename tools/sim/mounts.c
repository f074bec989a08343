/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The folders of the simulated host.
 *
 * Plain tmpfs and bind mounts only, which every kernel allows in a user namespace. The
 * real folders are reached through descriptors opened before they are covered. Nothing
 * here touches the real host: /etc is a copy, /run and /var are empty but for what
 * programs expect, /dev has the usual nodes bound one by one, /sys is the FUSE tree with
 * the real subtrees bound over empty folders of it.
 */

#include "mounts.h"

#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
fail(GError **error, const char *what, const char *path)
{
    int errnum = errno;

    g_set_error(error, G_UNIX_ERROR, errnum, "cannot %s '%s': %s", what, path,
                g_strerror(errnum));
    return FALSE;
}

static gboolean
mount_tmpfs(const char *path, const char *options, GError **error)
{
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        return fail(error, "mount a tmpfs at", path);
    return TRUE;
}

/* Binds @name of the folder @from ("" for itself) with all that is mounted below it. */
static gboolean
bind_from(int from, const char *name, const char *path, GError **error)
{
    g_autofree char *source = g_strdup_printf("/proc/self/fd/%d/%s", from, name);

    if (mount(source, path, NULL, MS_BIND | MS_REC, NULL) < 0)
        return fail(error, "bind something over", path);
    return TRUE;
}

static gboolean
make_dirs(const char *const *paths, GError **error)
{
    for (; *paths; paths++)
        if (g_mkdir_with_parents(*paths, 0755) < 0)
            return fail(error, "make the folder", *paths);
    return TRUE;
}

static int
open_dir(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* A distribution may keep its programs below /run (NixOS does). */
static void
keep_below(int from, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (faccessat(from, name, F_OK, 0) == 0 && g_mkdir_with_parents(path, 0755) == 0 &&
        !bind_from(from, name, path, NULL))
        g_rmdir(path);
}

/* File systems on disks cannot be mounted in a user namespace: here tmpfs is one. */
static gboolean
write_types(GError **error)
{
    g_autoptr(GString) text = NULL;
    g_autofree char *real = NULL;

    if (!g_file_get_contents("/proc/filesystems", &real, NULL, error))
        return FALSE;
    text = g_string_new(real);
    g_string_replace(text, "nodev\ttmpfs\n", "\ttmpfs\n", 0);
    return g_file_set_contents(VCCW_SIM_FSTYPES, text->str, text->len, error);
}

static gboolean
private_run(VccwSimMounts *mounts, GError **error)
{
    static const char *const dirs[] = { VCCW_SIM_STAGE "/fs",   VCCW_SIM_STAGE "/proc",
                                        VCCW_SIM_STAGE "/host", "/run/lock",
                                        "/run/user/0",          "/run/udev/data",
                                        "/run/libvirt",         NULL };

    if (!mount_tmpfs("/run", "mode=0755", error) || !make_dirs(dirs, error))
        return FALSE;
    g_chmod("/run/user/0", 0700);
    if (!g_file_set_contents(VCCW_SIM_SWAPS,
                             "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", -1,
                             error))
        return FALSE;
    if (!write_types(error))
        return FALSE;
    keep_below(mounts->run, "/run", "current-system");
    keep_below(mounts->run, "/run", "wrappers");
    /* libudev listens to udevd's messages only where udevd seems to run. */
    return g_file_set_contents("/run/udev/control", "", 0, error);
}

gboolean
vccw_sim_mounts_begin(VccwSimMounts *mounts, const char *etc, GError **error)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return fail(error, "make private the mounts below", "/");
    mounts->extra_etc = -1;
    if (etc) {
        mounts->extra_etc = open_dir(etc);
        if (mounts->extra_etc < 0)
            return fail(error, "open the folder", etc);
    }
    mounts->run = open_dir("/run");
    mounts->etc = open_dir("/etc");
    mounts->var = open_dir("/var");
    mounts->dev = open_dir("/dev");
    mounts->sys = open_dir("/sys");
    if (mounts->run < 0 || mounts->etc < 0 || mounts->var < 0 || mounts->dev < 0 ||
        mounts->sys < 0)
        return fail(error, "open one of /run, /etc, /var, /dev and", "/sys");
    return private_run(mounts, error);
}

/* -- /etc -- */

/* What --etc gives takes the place of the entry of that name, and is written through. */
static gboolean
bind_extra_etc(VccwSimMounts *mounts, GError **error)
{
    g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", mounts->extra_etc);
    g_autoptr(GDir) dir = NULL;
    const char *name;

    if (mounts->extra_etc < 0)
        return TRUE;
    mkdirat(mounts->extra_etc, "mdevctl.d", 0755);
    mkdirat(mounts->extra_etc, "driverctl.d", 0755);
    dir = g_dir_open(self, 0, error);
    if (!dir)
        return FALSE;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *source = g_build_filename(self, name, NULL);
        g_autofree char *path = g_build_filename("/etc", name, NULL);

        if (g_file_test(source, G_FILE_TEST_IS_DIR))
            g_mkdir_with_parents(path, 0755);
        else if (!g_file_test(path, G_FILE_TEST_EXISTS))
            g_file_set_contents(path, "", 0, NULL);
        if (!bind_from(mounts->extra_etc, name, path, error))
            return FALSE;
    }
    return TRUE;
}

static void
append(const char *path, const char *text)
{
    g_autofree char *old = NULL;
    g_autofree char *longer = NULL;

    g_file_get_contents(path, &old, NULL, NULL);
    longer = g_strconcat(old ? old : "", text, NULL);
    if (!g_file_set_contents_full(path, longer, -1, G_FILE_SET_CONTENTS_NONE, 0644, NULL))
        g_warning("'%s' cannot be changed", path);
}

/* @file is passwd or group; @rest is what follows the name there. */
static void
ensure_name(const char *file, const char *name, const char *rest)
{
    g_autofree char *text = NULL;
    g_autofree char *start = g_strdup_printf("\n%s:", name);
    g_autofree char *line = g_strdup_printf("%s%s\n", name, rest);

    if (g_file_get_contents(file, &text, NULL, NULL) && !strstr(text, start))
        append(file, line);
}

/*
 * A stock libvirtd runs guests as a user of their own (the name was chosen when it was
 * built), who must exist even if no guest ever runs, and who is not mapped in a user
 * namespace: here guests run as root.
 */
static void
run_guests_as_root(void)
{
    static const char *const names[] = { "libvirt-qemu", "qemu" };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        ensure_name("/etc/passwd", names[i], ":x:0:0:guests:/var/lib/libvirt:/bin/false");
        ensure_name("/etc/group", names[i], ":x:0:");
    }
    ensure_name("/etc/group", "kvm", ":x:0:");
    if (g_file_test("/etc/libvirt", G_FILE_TEST_IS_DIR))
        append("/etc/libvirt/qemu.conf", "\nuser = \"root\"\ngroup = \"root\"\n"
                                         "dynamic_ownership = 0\nremember_owner = 0\n"
                                         "namespaces = []\ncgroup_controllers = []\n");
}

static gboolean
private_etc(VccwSimMounts *mounts, GError **error)
{
    static const char *const dirs[] = { "/etc/mdevctl.d/scripts.d/callouts",
                                        "/etc/mdevctl.d/scripts.d/notifiers",
                                        "/etc/driverctl.d", NULL };
    static const char *const skip[] = { "mdevctl.d", "driverctl.d", NULL };
    int to;

    if (!mount_tmpfs("/etc", "mode=0755", error))
        return FALSE;
    to = open_dir("/etc");
    if (to < 0)
        return fail(error, "open the folder", "/etc");
    vccw_sim_copy_tree(mounts->etc, to, skip);
    close(to);
    run_guests_as_root();
    return bind_extra_etc(mounts, error) && make_dirs(dirs, error);
}

/* -- /var -- */

static gboolean
private_var(VccwSimMounts *mounts, GError **error)
{
    static const char *const dirs[] = { "/var/lib", "/var/log",   "/var/cache",
                                        "/var/tmp", "/var/spool", "/var/lib/misc",
                                        NULL };

    if (!mount_tmpfs("/var", "mode=0755", error) || !make_dirs(dirs, error))
        return FALSE;
    g_chmod("/var/tmp", 01777);
    if (symlink("/run", "/var/run") < 0 || symlink("/run/lock", "/var/lock") < 0)
        return fail(error, "make the links in", "/var");
    keep_below(mounts->var, "/var", "home");
    return TRUE;
}

/* -- /dev -- */

/* Terminals of the real machine, disks and the like are no business of the simulation. */
static gboolean
is_wanted_node(const char *name)
{
    static const char *const unwanted[] = { "vfio", "tty",  "vcs",     "loop", "ram",
                                            "nbd",  "sd",   "vd",      "hd",   "nvme",
                                            "dm-",  "zram", "md",      "sg",   "sr",
                                            "pmem", "log",  "initctl", "pts",  "ptmx" };

    if (g_str_equal(name, "tty"))
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(unwanted); i++)
        if (g_str_has_prefix(name, unwanted[i]))
            return FALSE;
    return *name != '.';
}

static void
take_node(int from, const char *name)
{
    g_autofree char *path = g_build_filename("/dev", name, NULL);
    char target[PATH_MAX];
    struct stat st;
    gssize len;
    int fd;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISLNK(st.st_mode)) {
        len = readlinkat(from, name, target, sizeof target - 1);
        if (len > 0) {
            target[len] = '\0';
            if (symlink(target, path) < 0)
                g_debug("'%s': %s", path, g_strerror(errno));
        }
        return;
    }
    if (S_ISDIR(st.st_mode)) {
        g_mkdir(path, 0755);
    } else {
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0)
            return;
        close(fd);
    }
    if (!bind_from(from, name, path, NULL))
        g_remove(path);
}

/* Pseudo-terminals of its own, as a guest's console needs one. Where they cannot be had,
 * the rest works all the same. */
static void
private_terminals(void)
{
    if (g_mkdir("/dev/pts", 0755) < 0 || symlink("pts/ptmx", "/dev/ptmx") < 0 ||
        mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620") < 0)
        g_debug("no pseudo-terminals: %s", g_strerror(errno));
}

static gboolean
private_dev(VccwSimMounts *mounts, GError **error)
{
    int readable = openat(mounts->dev, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = readable >= 0 ? fdopendir(readable) : NULL;
    struct dirent *entry;

    if (!dir)
        return fail(error, "list", "/dev");
    if (!mount_tmpfs("/dev", "mode=0755", error)) {
        closedir(dir);
        return FALSE;
    }
    while ((entry = readdir(dir)))
        if (is_wanted_node(entry->d_name))
            take_node(mounts->dev, entry->d_name);
    closedir(dir);
    private_terminals();
    if (g_mkdir("/dev/vfio", 0755) < 0)
        return fail(error, "make the folder", "/dev/vfio");
    return TRUE;
}

gboolean
vccw_sim_mounts_system(VccwSimMounts *mounts, GError **error)
{
    return private_etc(mounts, error) && private_var(mounts, error) &&
           private_dev(mounts, error);
}

/* -- /sys -- */

/*
 * Binds every entry of @path below the real /sys (@from) that the tree does not have
 * itself. What cannot be bound is left out: it is only there for other programs' comfort.
 */
static void
mirror(VccwSimServer *server, int from, const char *path)
{
    g_autofree char *folder = g_build_filename("sys", path, NULL);
    int fd = openat(from, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        g_autofree char *name = g_build_filename(path, entry->d_name, NULL);
        g_autofree char *target = g_build_filename("/sys", name, NULL);
        gboolean is_dir = entry->d_type == DT_DIR, added;

        if (g_str_has_prefix(entry->d_name, ".") || entry->d_type == DT_LNK)
            continue;
        g_mutex_lock(&server->lock);
        added = vccw_sim_tree_mirror(server->sim, folder, entry->d_name, is_dir);
        g_mutex_unlock(&server->lock);
        if (added)
            bind_from(from, name, target, NULL);
    }
    if (dir)
        closedir(dir);
}

/*
 * A sysfs mounted here shows this namespace's network interfaces, but not what is mounted
 * below the real one; where it cannot be mounted the real one serves for everything.
 */
static int
open_fresh_sysfs(void)
{
    if (mount("sysfs", VCCW_SIM_STAGE "/host", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              NULL) < 0)
        return -1;
    return open_dir(VCCW_SIM_STAGE "/host");
}

gboolean
vccw_sim_mounts_sysfs(VccwSimMounts *mounts,
                      VccwSimServer *server,
                      const char *path,
                      GError **error)
{
    static const char *const merged[] = { "bus", "class", "devices", "devices/virtual",
                                          "module" };
    g_autofree char *sys = g_build_filename(path, "sys", NULL);
    g_autofree char *vfio = g_build_filename(path, "vfio", NULL);
    int fresh = open_fresh_sysfs();

    if (mount(sys, "/sys", NULL, MS_BIND, NULL) < 0)
        return fail(error, "bind the simulated sysfs over", "/sys");
    if (mount(vfio, "/dev/vfio", NULL, MS_BIND, NULL) < 0)
        return fail(error, "bind the simulated groups over", "/dev/vfio");
    for (guint i = 0; i < G_N_ELEMENTS(merged); i++)
        mirror(server, fresh >= 0 ? fresh : mounts->sys, merged[i]);
    mirror(server, mounts->sys, "kernel");
    mirror(server, mounts->sys, "");
    if (fresh >= 0) {
        close(fresh);
        umount2(VCCW_SIM_STAGE "/host", MNT_DETACH);
    }
    umount2(path, MNT_DETACH);
    return TRUE;
}

void
vccw_sim_mounts_end(VccwSimMounts *mounts)
{
    int fds[] = { mounts->run, mounts->etc, mounts->var,
                  mounts->dev, mounts->sys, mounts->extra_etc };

    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}
