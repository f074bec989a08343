/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * File access, in a folder of its own for each test. Failures of the disk are made by the
 * kernel itself: a full tmpfs in a private mount namespace, and system calls that a
 * seccomp filter refuses. Each of these runs in a child, since neither can be taken back.
 */

#include "base/io.h"
#include "base/quote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_SKIP 77
#define KILLS     40

typedef struct {
    char *path;
    int fd;
} Folder;

static void
folder_set_up(Folder *folder, gconstpointer data)
{
    folder->path = g_dir_make_tmp("virtccw-io-XXXXXX", NULL);
    g_assert_nonnull(folder->path);
    folder->fd = vccw_open_dir(AT_FDCWD, folder->path, NULL);
    g_assert_cmpint(folder->fd, >=, 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static void
folder_tear_down(Folder *folder, gconstpointer data)
{
    close(folder->fd);
    g_assert_cmpint(nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(folder->path);
}

static void
put(const Folder *folder, const char *name, const char *text)
{
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
    close(fd);
}

static void
assert_content(const Folder *folder, const char *name, const char *expected)
{
    g_autofree char *path = g_build_filename(folder->path, name, NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static void
assert_entries(const Folder *folder, guint expected)
{
    g_autoptr(GPtrArray) names = vccw_list_dir(folder->fd, ".", NULL);

    g_assert_nonnull(names);
    for (guint i = 0; i < names->len; i++)
        g_test_message("entry %s", (const char *)names->pdata[i]);
    g_assert_cmpuint(names->len, ==, expected);
}

/* Expects @error to be of @errnum and to name @about, and frees it. */
static void
assert_errno(GError *error, int errnum, const char *about)
{
    g_assert_error(error, G_UNIX_ERROR, errnum);
    g_test_message("%s", error->message);
    g_assert_cmpint(vccw_error_errno(error), ==, errnum);
    g_assert_nonnull(strstr(error->message, about));
    g_assert_nonnull(strstr(error->message, g_strerror(errnum)));
    g_assert_null(strchr(error->message, '\n'));
    g_error_free(error);
}

static gboolean
write_text(const Folder *folder,
           const char *name,
           const char *text,
           VccwWriteMode mode,
           const VccwFileStamp *expected,
           GError **error)
{
    return vccw_write_file(folder->fd, name, text, strlen(text), mode, expected, error);
}

static void
test_fd(void)
{
    int raw = open("/", O_RDONLY | O_CLOEXEC);
    int copy = raw;
    int none = -1;

    g_assert_cmpint(vccw_fd_steal(&copy), ==, raw);
    g_assert_cmpint(copy, ==, -1);
    vccw_fd_clear(&none);
    {
        g_auto(VccwFd) fd = raw;

        g_assert_cmpint(fcntl(fd, F_GETFD), >=, 0);
        errno = ENXIO;
    }
    g_assert_cmpint(errno, ==, ENXIO);
    g_assert_cmpint(fcntl(raw, F_GETFD), ==, -1);
}

static void
test_errno(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) other = g_error_new(G_FILE_ERROR, 5, "other");

    vccw_set_errno(NULL, EIO, "nobody asks %d", 1);
    vccw_set_errno(&error, ENODEV, "cannot unbind '%s'", "0.0.0004");
    g_assert_error(error, G_UNIX_ERROR, ENODEV);
    g_assert_cmpstr(error->message, ==, "cannot unbind '0.0.0004': No such device");
    g_assert_cmpint(vccw_error_errno(error), ==, ENODEV);
    g_assert_cmpint(vccw_error_errno(other), ==, 0);
    g_assert_cmpint(vccw_error_errno(NULL), ==, 0);
}

static void
test_quote(void)
{
    g_autofree char *none = vccw_quote(NULL, 80);
    g_autofree char *plain = vccw_quote("0.0.0004", 80);
    g_autofree char *odd = vccw_quote("a'b\\c\n\x1b[1m\xc3\xa9", 80);
    g_autofree char *endless = g_strnfill(100000, '\x01');
    g_autofree char *cut = vccw_quote(endless, 80);

    g_assert_cmpstr(none, ==, "(none)");
    g_assert_cmpstr(plain, ==, "'0.0.0004'");
    g_assert_cmpstr(odd, ==, "'a\\x27b\\x5cc\\x0a\\x1b[1m\\xc3\\xa9'");
    g_assert_cmpuint(strlen(cut), <=, 80 + 10);
    g_assert_true(g_str_has_suffix(cut, "...'"));
}

static void
test_dirs(Folder *folder, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) names = NULL;
    g_auto(VccwFd) sub = -1;

    g_assert_true(vccw_make_dir(folder->fd, "0.0.0004", 0700, &error));
    g_assert_true(vccw_make_dir(folder->fd, "0.0.0004", 0700, &error));
    g_assert_no_error(error);
    sub = vccw_open_dir(folder->fd, "0.0.0004", &error);
    g_assert_cmpint(sub, >=, 0);
    g_assert_cmpint(fcntl(sub, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    g_assert_cmpint(fsync(sub), ==, 0);
    put(folder, "0.0.0004/b", "");
    put(folder, "0.0.0004/.a", "");
    names = vccw_list_dir(folder->fd, "0.0.0004", &error);
    g_assert_cmpuint(names->len, ==, 2);
    g_assert_true(g_ptr_array_find_with_equal_func(names, "b", g_str_equal, NULL));
    g_assert_true(g_ptr_array_find_with_equal_func(names, ".a", g_str_equal, NULL));
}

static void
test_dirs_fail(Folder *folder, gconstpointer data)
{
    GError *error = NULL;

    put(folder, "file", "x");
    g_assert_cmpint(vccw_open_dir(folder->fd, "none", &error), ==, -1);
    assert_errno(g_steal_pointer(&error), ENOENT, folder->path);
    g_assert_cmpint(vccw_open_dir(folder->fd, "file", &error), ==, -1);
    assert_errno(g_steal_pointer(&error), ENOTDIR, "/file'");
    g_assert_null(vccw_list_dir(folder->fd, "none", &error));
    assert_errno(g_steal_pointer(&error), ENOENT, "/none'");
    g_assert_false(vccw_make_dir(folder->fd, "file", 0700, &error));
    assert_errno(g_steal_pointer(&error), ENOTDIR, "/file'");
    g_assert_false(vccw_make_dir(folder->fd, "none/sub", 0700, &error));
    assert_errno(g_steal_pointer(&error), ENOENT, "/none/sub'");
}

static void
test_attr(Folder *folder, gconstpointer data)
{
    GError *error = NULL;
    g_autofree char *big = g_strnfill(10000, 'x');
    g_autofree char *cut = NULL;
    static const char *const rows[][2] = {
        { "vfio_ccw\n", "vfio_ccw" },
        { "  two words \t\n\n", "  two words" },
        { "\n", "" },
        { "", "" },
        { "none", "none" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = NULL;

        put(folder, "attr", rows[i][0]);
        text = vccw_read_attr(folder->fd, "attr", &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, rows[i][1]);
    }
    put(folder, "attr", big);
    cut = vccw_read_attr(folder->fd, "attr", &error);
    g_assert_cmpuint(strlen(cut), ==, 4096);
}

static void
test_attr_write(Folder *folder, gconstpointer data)
{
    GError *error = NULL;

    put(folder, "bind", "");
    g_assert_true(vccw_write_attr(folder->fd, "bind", "0.0.0004", &error));
    g_assert_no_error(error);
    assert_content(folder, "bind", "0.0.0004");
    g_assert_false(vccw_write_attr(folder->fd, "unbind", "0.0.0004", &error));
    assert_errno(g_steal_pointer(&error), ENOENT, "'0.0.0004'");
    g_assert_false(vccw_exists(folder->fd, "unbind"));
    g_assert_false(vccw_write_attr(AT_FDCWD, "/dev/full", "0.0.0004", &error));
    assert_errno(g_steal_pointer(&error), ENOSPC, "'/dev/full'");
    g_assert_null(vccw_read_attr(folder->fd, "none", &error));
    assert_errno(g_steal_pointer(&error), ENOENT, "/none'");
    g_assert_null(vccw_read_attr(folder->fd, ".", &error));
    assert_errno(g_steal_pointer(&error), EISDIR, folder->path);
}

static void
test_links(Folder *folder, gconstpointer data)
{
    GError *error = NULL;
    g_autofree char *target = NULL;
    g_autofree char *name = NULL;

    g_assert_cmpint(symlinkat("../../bus/css/drivers/vfio_ccw", folder->fd, "driver"), ==,
                    0);
    target = vccw_read_link(folder->fd, "driver", &error);
    g_assert_cmpstr(target, ==, "../../bus/css/drivers/vfio_ccw");
    name = vccw_read_link_name(folder->fd, "driver", &error);
    g_assert_cmpstr(name, ==, "vfio_ccw");
    g_assert_no_error(error);
    g_assert_true(vccw_exists(folder->fd, "driver"));
    put(folder, "file", "");
    g_assert_null(vccw_read_link(folder->fd, "file", &error));
    assert_errno(g_steal_pointer(&error), EINVAL, "/file'");
    g_assert_null(vccw_read_link_name(folder->fd, "none", &error));
    assert_errno(g_steal_pointer(&error), ENOENT, "/none'");
}

static void
test_read(Folder *folder, gconstpointer data)
{
    GError *error = NULL;
    g_autofree char *text = NULL;
    g_autofree char *empty = NULL;
    VccwFileStamp stamp, again, changed;
    gsize length = 99;

    put(folder, "file", "12345");
    text = vccw_read_file(folder->fd, "file", 5, &length, &stamp, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(text, length + 1, "12345", 6);
    g_free(vccw_read_file(folder->fd, "file", G_MAXSIZE, NULL, &again, &error));
    g_assert_no_error(error);
    g_assert_true(vccw_file_stamp_equal(&stamp, &again));
    put(folder, "file", "");
    empty = vccw_read_file(folder->fd, "file", 0, &length, &changed, &error);
    g_assert_cmpstr(empty, ==, "");
    g_assert_cmpuint(length, ==, 0);
    g_assert_false(vccw_file_stamp_equal(&stamp, &changed));
}

/* A file whose size the kernel does not tell beforehand, as all of /proc. */
static void
test_read_unknown_size(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    g_autofree char *expected = NULL;
    gsize length, expected_length;

    g_assert_true(
        g_file_get_contents("/proc/cpuinfo", &expected, &expected_length, NULL));
    text = vccw_read_file(AT_FDCWD, "/proc/cpuinfo", 1 << 22, &length, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(text), ==, length);
    g_assert_cmpuint(length, >, 0);
    g_assert_null(vccw_read_file(AT_FDCWD, "/proc/cpuinfo", 9, NULL, NULL, &error));
    g_assert_error(error, G_UNIX_ERROR, EFBIG);
}

static void
assert_unreadable(const Folder *folder, const char *name, gsize max, int errnum)
{
    GError *error = NULL;
    VccwFileStamp stamp = { .size = 77 };
    gsize length = 99;

    g_assert_null(vccw_read_file(folder->fd, name, max, &length, &stamp, &error));
    assert_errno(error, errnum, name);
    g_assert_cmpuint(length, ==, 99);
    g_assert_cmpint(stamp.size, ==, 77);
}

static void
test_read_refused(Folder *folder, gconstpointer data)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_auto(VccwFd) socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    put(folder, "file", "12345");
    g_assert_cmpint(symlinkat("file", folder->fd, "link"), ==, 0);
    g_assert_cmpint(symlinkat("none", folder->fd, "dangling"), ==, 0);
    g_assert_cmpint(mkfifoat(folder->fd, "fifo", 0600), ==, 0);
    g_assert_cmpint(mkdirat(folder->fd, "folder", 0700), ==, 0);
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder->path);
    g_assert_cmpint(bind(socket_fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    assert_unreadable(folder, "none", 5, ENOENT);
    assert_unreadable(folder, "link", 5, ELOOP);
    assert_unreadable(folder, "dangling", 5, ELOOP);
    assert_unreadable(folder, "fifo", 5, EINVAL);
    assert_unreadable(folder, "folder", 5, EINVAL);
    assert_unreadable(folder, "socket", 5, EINVAL);
    assert_unreadable(folder, "file", 4, EFBIG);
    assert_unreadable(folder, "file", 0, EFBIG);
}

static void
test_write_new(Folder *folder, gconstpointer data)
{
    GError *error = NULL;
    mode_t mask = umask(027);
    struct stat st;

    g_assert_true(write_text(folder, "file", "one", VCCW_WRITE_NEW, NULL, &error));
    umask(mask);
    g_assert_no_error(error);
    assert_content(folder, "file", "one");
    g_assert_cmpint(fstatat(folder->fd, "file", &st, 0), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0640);
    g_assert_cmpuint(st.st_nlink, ==, 1);
    g_assert_false(write_text(folder, "file", "two", VCCW_WRITE_NEW, NULL, &error));
    assert_errno(g_steal_pointer(&error), EEXIST, folder->path);
    assert_content(folder, "file", "one");
    assert_entries(folder, 1);
}

static void
test_write_binary(Folder *folder, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    gsize length = 3 * 1024 * 1024 + 1;
    g_autofree char *bytes = g_malloc(length);
    g_autofree char *back = NULL;
    gsize back_length;

    for (gsize i = 0; i < length; i++)
        bytes[i] = i * 7 % 251;
    g_assert_true(vccw_write_file(folder->fd, "file", bytes, length, VCCW_WRITE_REPLACE,
                                  NULL, &error));
    back = vccw_read_file(folder->fd, "file", length, &back_length, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(bytes, length, back, back_length);
    g_assert_true(
        vccw_write_file(folder->fd, "file", NULL, 0, VCCW_WRITE_REPLACE, NULL, &error));
    assert_content(folder, "file", "");
}

static void
test_write_replace(Folder *folder, gconstpointer data)
{
    GError *error = NULL;
    struct stat st;

    put(folder, "file", "old");
    g_assert_cmpint(fchmodat(folder->fd, "file", 0604, 0), ==, 0);
    if (geteuid() == 0)
        g_assert_cmpint(fchownat(folder->fd, "file", 12, 34, 0), ==, 0);
    g_assert_true(write_text(folder, "file", "new", VCCW_WRITE_REPLACE, NULL, &error));
    g_assert_no_error(error);
    assert_content(folder, "file", "new");
    g_assert_cmpint(fstatat(folder->fd, "file", &st, 0), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0604);
    if (geteuid() == 0) {
        g_assert_cmpuint(st.st_uid, ==, 12);
        g_assert_cmpuint(st.st_gid, ==, 34);
    }
    put(folder, "target", "target");
    g_assert_cmpint(symlinkat("target", folder->fd, "link"), ==, 0);
    g_assert_true(write_text(folder, "link", "link", VCCW_WRITE_REPLACE, NULL, &error));
    assert_content(folder, "target", "target");
    assert_content(folder, "link", "link");
    assert_entries(folder, 3);
}

static void
test_write_expected(Folder *folder, gconstpointer data)
{
    GError *error = NULL;
    VccwFileStamp stamp;

    put(folder, "file", "one");
    g_free(vccw_read_file(folder->fd, "file", 99, NULL, &stamp, &error));
    g_assert_true(write_text(folder, "file", "two", VCCW_WRITE_REPLACE, &stamp, &error));
    g_assert_no_error(error);
    /* Of the same length, and maybe of the same time: the inode tells. */
    g_assert_false(write_text(folder, "file", "six", VCCW_WRITE_REPLACE, &stamp, &error));
    assert_errno(g_steal_pointer(&error), EBUSY, "somebody else");
    assert_content(folder, "file", "two");
    g_free(vccw_read_file(folder->fd, "file", 99, NULL, &stamp, &error));
    g_assert_true(vccw_remove_file(folder->fd, "file", &error));
    g_assert_false(write_text(folder, "file", "six", VCCW_WRITE_REPLACE, &stamp, &error));
    assert_errno(g_steal_pointer(&error), EBUSY, "/file'");
    assert_entries(folder, 0);
}

static void
test_write_bad_names(Folder *folder, gconstpointer data)
{
    static const char *const names[] = { "", ".", "..", "a/b", "/tmp/x", "../x" };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        GError *error = NULL;

        g_assert_false(
            write_text(folder, names[i], "x", VCCW_WRITE_REPLACE, NULL, &error));
        assert_errno(error, EINVAL, names[i]);
    }
    assert_entries(folder, 0);
}

static void
test_write_over_folder(Folder *folder, gconstpointer data)
{
    GError *error = NULL;

    g_assert_cmpint(mkdirat(folder->fd, "folder", 0700), ==, 0);
    g_assert_false(write_text(folder, "folder", "x", VCCW_WRITE_REPLACE, NULL, &error));
    assert_errno(g_steal_pointer(&error), EISDIR, "/folder'");
    g_assert_false(write_text(folder, "folder", "x", VCCW_WRITE_NEW, NULL, &error));
    assert_errno(g_steal_pointer(&error), EEXIST, "/folder'");
    assert_entries(folder, 1);
}

static void
test_remove(Folder *folder, gconstpointer data)
{
    GError *error = NULL;

    put(folder, "file", "x");
    g_assert_true(vccw_remove_file(folder->fd, "file", &error));
    g_assert_no_error(error);
    assert_entries(folder, 0);
    g_assert_false(vccw_remove_file(folder->fd, "file", &error));
    assert_errno(g_steal_pointer(&error), ENOENT, folder->path);
}

static void
test_sweep(Folder *folder, gconstpointer data)
{
    static const char *const litter[] = {
        ".x.virtccw-aB3xyz",
        ".18e124fb-b2fc-47f6-a407-f256b6c49767.virtccw-000000",
        "..virtccw-.virtccw-abcdef",
    };
    static const char *const kept[] = {
        "x",           "x.virtccw-aB3xyz",  "..virtccw-aB3xyz",    ".x.virtccw-aB3xy",
        ".x.virtccw-", ".x.virtccw-aB3xy!", ".x.virtccw-aB3xyz.1", ".x.mdevctl-aB3xyz",
    };
    g_auto(VccwFd) locked = -1;

    for (guint i = 0; i < G_N_ELEMENTS(litter); i++)
        put(folder, litter[i], "half");
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
        put(folder, kept[i], "whole");
    g_assert_cmpint(mkdirat(folder->fd, ".d.virtccw-aaaaaa", 0700), ==, 0);
    g_assert_cmpint(symlinkat("x", folder->fd, ".l.virtccw-aaaaaa"), ==, 0);
    g_assert_cmpint(mkfifoat(folder->fd, ".f.virtccw-aaaaaa", 0600), ==, 0);
    put(folder, ".locked.virtccw-aaaaaa", "at work");
    locked = openat(folder->fd, ".locked.virtccw-aaaaaa", O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(flock(locked, LOCK_EX), ==, 0);

    vccw_sweep_dir(folder->fd);
    for (guint i = 0; i < G_N_ELEMENTS(litter); i++)
        g_assert_false(vccw_exists(folder->fd, litter[i]));
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
        assert_content(folder, kept[i], "whole");
    assert_content(folder, ".locked.virtccw-aaaaaa", "at work");
    assert_entries(folder, G_N_ELEMENTS(kept) + 4);

    vccw_fd_clear(&locked);
    vccw_sweep_dir(folder->fd);
    assert_entries(folder, G_N_ELEMENTS(kept) + 3);
}

/*
 * A child that works against this process until it is killed. It must not outlive this
 * process, which a failed assertion ends: it would take a whole processor for ever.
 */
static pid_t
fork_opponent(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
        _exit(1);
    return pid;
}

/* How often something is tried: less often in the lab, whose processor is emulated. */
static guint
rounds(guint count)
{
    return g_getenv("VIRTCCW_LAB") ? count / 10 : count;
}

/* Two texts of which a half one would be neither. */
static void
write_for_ever(const Folder *folder)
{
    g_autofree char *a = g_strnfill(100000, 'a');
    g_autofree char *b = g_strnfill(200000, 'b');

    for (guint i = 0;; i++)
        if (!write_text(folder, "file", i % 2 ? a : b, VCCW_WRITE_REPLACE, NULL, NULL))
            _exit(1);
}

static void
assert_whole(const Folder *folder)
{
    g_autofree char *text = vccw_read_file(folder->fd, "file", 1 << 20, NULL, NULL, NULL);
    gsize length = text ? strlen(text) : 0;

    g_assert_true(length == 100000 || length == 200000);
    g_assert_cmpuint(strspn(text, length == 100000 ? "a" : "b"), ==, length);
}

/* SIGKILL at any moment leaves a whole file, and litter that the sweep finds. */
static void
test_killed(Folder *folder, gconstpointer data)
{
    g_autofree char *start = g_strnfill(100000, 'a');
    guint litter = 0;

    g_assert_true(write_text(folder, "file", start, VCCW_WRITE_NEW, NULL, NULL));
    for (guint i = 0; i < rounds(KILLS); i++) {
        g_autoptr(GPtrArray) names = NULL;
        pid_t pid = fork_opponent();
        int status;

        if (pid == 0)
            write_for_ever(folder);
        g_usleep(g_test_rand_int_range(500, 8000));
        kill(pid, SIGKILL);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status));
        assert_whole(folder);
        names = vccw_list_dir(folder->fd, ".", NULL);
        litter += names->len - 1;
        vccw_sweep_dir(folder->fd);
        assert_entries(folder, 1);
    }
    g_test_message("%u temporary files were left", litter);
}

/* Locks each temporary file that it can find before its writer does, until it is killed.
 */
static void
snatch_locks(int folder)
{
    DIR *dir = fdopendir(folder);

    for (;;) {
        struct dirent *entry;

        rewinddir(dir);
        while ((entry = readdir(dir)))
            if (strstr(entry->d_name, ".virtccw-"))
                flock(openat(folder, entry->d_name, O_RDONLY | O_CLOEXEC),
                      LOCK_EX | LOCK_NB);
    }
}

/* Whoever may read the folder may lock what is in it: no writer may wait for that. */
static void
test_locks_snatched(Folder *folder, gconstpointer data)
{
    pid_t snatcher = fork_opponent();

    if (snatcher == 0)
        snatch_locks(folder->fd);
    alarm(150);
    for (guint i = 0; i < rounds(2000); i++) {
        g_autofree char *name = g_strdup_printf("file-%u", i);
        g_autoptr(GError) error = NULL;

        vccw_write_file(folder->fd, name, "text", 4, VCCW_WRITE_NEW, NULL, &error);
        g_assert_no_error(error);
        g_assert_true(vccw_remove_file(folder->fd, name, &error));
    }
    alarm(0);
    kill(snatcher, SIGKILL);
    g_assert_cmpint(waitpid(snatcher, NULL, 0), ==, snatcher);
}

/* A sweeper beside a writer: no write may fail, no lock may keep the litter. */
static void
test_sweep_beside_writer(Folder *folder, gconstpointer data)
{
    pid_t pid = fork_opponent();
    int status;

    if (pid == 0)
        for (;;)
            vccw_sweep_dir(folder->fd);
    for (guint i = 0; i < rounds(300); i++) {
        g_autoptr(GError) error = NULL;

        write_text(folder, "file", "text", VCCW_WRITE_REPLACE, NULL, &error);
        g_assert_no_error(error);
    }
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    assert_content(folder, "file", "text");
    assert_entries(folder, 1);
}

/* Runs @body in a child; skips the test if the child says that it cannot do it here. */
static void
run_in_child(Folder *folder, void (*body)(Folder *folder), const char *needs)
{
    pid_t pid = fork();
    int status;

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        body(folder);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP)
        g_test_skip(needs);
    else
        g_assert_cmpint(status, ==, 0);
}

/*
 * From now on system call @number answers @errnum; with @fd >= 0, only if that is its
 * first argument (of which the lower half is looked at).
 */
static void
refuse_call(guint number, int fd, int errnum)
{
    const guint low_half = G_BYTE_ORDER == G_BIG_ENDIAN ? 4 : 0;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args) + low_half),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (guint)fd, 0, fd < 0 ? 0 : 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (guint)errnum),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { .len = G_N_ELEMENTS(code), .filter = code };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(EXIT_SKIP);
}

static void
without_noreplace(Folder *folder)
{
    GError *error = NULL;
    struct stat st;

    refuse_call(__NR_renameat2, -1, EINVAL);
    g_assert_true(write_text(folder, "file", "one", VCCW_WRITE_NEW, NULL, &error));
    g_assert_false(write_text(folder, "file", "two", VCCW_WRITE_NEW, NULL, &error));
    assert_errno(g_steal_pointer(&error), EEXIST, "/file'");
    assert_content(folder, "file", "one");
    g_assert_cmpint(fstatat(folder->fd, "file", &st, 0), ==, 0);
    g_assert_cmpuint(st.st_nlink, ==, 1);
    assert_entries(folder, 1);
}

static void
without_fsync(Folder *folder)
{
    GError *error = NULL;

    put(folder, "file", "old");
    refuse_call(__NR_fsync, -1, EIO);
    g_assert_false(write_text(folder, "file", "new", VCCW_WRITE_REPLACE, NULL, &error));
    assert_errno(g_steal_pointer(&error), EIO, "cannot write");
    assert_content(folder, "file", "old");
    assert_entries(folder, 1);
}

static void
without_folder_fsync(Folder *folder)
{
    GError *error = NULL;

    put(folder, "file", "old");
    refuse_call(__NR_fsync, folder->fd, EIO);
    g_assert_false(write_text(folder, "file", "new", VCCW_WRITE_REPLACE, NULL, &error));
    assert_errno(g_steal_pointer(&error), EIO, "may not survive");
    assert_content(folder, "file", "new");
    g_assert_false(vccw_make_dir(folder->fd, "folder", 0700, &error));
    assert_errno(g_steal_pointer(&error), EIO, "may not survive");
    g_assert_false(vccw_remove_file(folder->fd, "file", &error));
    assert_errno(g_steal_pointer(&error), EIO, "may come back");
    assert_entries(folder, 1);
}

/* Where locks are not to be had, files are written, and nothing is taken for litter. */
static void
without_locks(Folder *folder)
{
    refuse_call(__NR_flock, -1, ENOLCK);
    put(folder, ".x.virtccw-aaaaaa", "half");
    g_assert_true(write_text(folder, "file", "new", VCCW_WRITE_NEW, NULL, NULL));
    vccw_sweep_dir(folder->fd);
    assert_content(folder, "file", "new");
    assert_entries(folder, 2);
}

static void
test_without_noreplace(Folder *folder, gconstpointer data)
{
    run_in_child(folder, without_noreplace, "needs seccomp");
}

static void
test_without_fsync(Folder *folder, gconstpointer data)
{
    run_in_child(folder, without_fsync, "needs seccomp");
}

static void
test_without_folder_fsync(Folder *folder, gconstpointer data)
{
    run_in_child(folder, without_folder_fsync, "needs seccomp");
}

static void
test_without_locks(Folder *folder, gconstpointer data)
{
    run_in_child(folder, without_locks, "needs seccomp");
}

static void
file_too_large(Folder *folder)
{
    struct rlimit limit = { .rlim_cur = 4096, .rlim_max = 4096 };
    g_autofree char *big = g_strnfill(5000, 'x');
    GError *error = NULL;

    put(folder, "file", "old");
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    g_assert_false(write_text(folder, "file", big, VCCW_WRITE_REPLACE, NULL, &error));
    assert_errno(g_steal_pointer(&error), EFBIG, "/file'");
    assert_content(folder, "file", "old");
    assert_entries(folder, 1);
}

static void
test_file_too_large(Folder *folder, gconstpointer data)
{
    run_in_child(folder, file_too_large, "needs nothing");
}

/* A namespace in which this user may mount; FALSE where that is forbidden. */
static gboolean
enter_namespace(void)
{
    g_autofree char *uid = g_strdup_printf("0 %u 1", (guint)geteuid());
    g_autofree char *gid = g_strdup_printf("0 %u 1", (guint)getegid());

    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           vccw_write_attr(AT_FDCWD, "/proc/self/uid_map", uid, NULL) &&
           vccw_write_attr(AT_FDCWD, "/proc/self/setgroups", "deny", NULL) &&
           vccw_write_attr(AT_FDCWD, "/proc/self/gid_map", gid, NULL);
}

static void
disk_full(Folder *folder)
{
    g_autofree char *big = g_strnfill(200000, 'x');
    GError *error = NULL;

    if (!enter_namespace() || mount("none", folder->path, "tmpfs", 0, "size=64k") < 0)
        _exit(EXIT_SKIP);
    folder->fd = vccw_open_dir(AT_FDCWD, folder->path, NULL);
    g_assert_true(write_text(folder, "file", "old", VCCW_WRITE_NEW, NULL, &error));
    g_assert_false(write_text(folder, "file", big, VCCW_WRITE_REPLACE, NULL, &error));
    assert_errno(g_steal_pointer(&error), ENOSPC, "/file'");
    g_assert_false(write_text(folder, "new", big, VCCW_WRITE_NEW, NULL, &error));
    assert_errno(g_steal_pointer(&error), ENOSPC, "/new'");
    assert_content(folder, "file", "old");
    assert_entries(folder, 1);
    g_assert_true(write_text(folder, "file", "new", VCCW_WRITE_REPLACE, NULL, &error));
    assert_content(folder, "file", "new");
}

static void
test_disk_full(Folder *folder, gconstpointer data)
{
    run_in_child(folder, disk_full, "needs user and mount namespaces");
}

static void
add(const char *path, void (*test)(Folder *folder, gconstpointer data))
{
    g_test_add(path, Folder, NULL, folder_set_up, test, folder_tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/io/fd", test_fd);
    g_test_add_func("/io/errno", test_errno);
    g_test_add_func("/io/quote", test_quote);
    add("/io/dirs", test_dirs);
    add("/io/dirs/fail", test_dirs_fail);
    add("/io/attr/read", test_attr);
    add("/io/attr/write", test_attr_write);
    add("/io/links", test_links);
    add("/io/read", test_read);
    g_test_add_func("/io/read/unknown-size", test_read_unknown_size);
    add("/io/read/refused", test_read_refused);
    add("/io/write/new", test_write_new);
    add("/io/write/binary", test_write_binary);
    add("/io/write/replace", test_write_replace);
    add("/io/write/expected", test_write_expected);
    add("/io/write/bad-names", test_write_bad_names);
    add("/io/write/over-folder", test_write_over_folder);
    add("/io/write/killed", test_killed);
    add("/io/write/without-noreplace", test_without_noreplace);
    add("/io/write/without-fsync", test_without_fsync);
    add("/io/write/without-folder-fsync", test_without_folder_fsync);
    add("/io/write/without-locks", test_without_locks);
    add("/io/write/too-large", test_file_too_large);
    add("/io/write/disk-full", test_disk_full);
    add("/io/remove", test_remove);
    add("/io/sweep", test_sweep);
    add("/io/write/locks-snatched", test_locks_snatched);
    add("/io/sweep/beside-writer", test_sweep_beside_writer);
    return g_test_run();
}
