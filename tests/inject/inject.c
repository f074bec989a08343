/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Preloaded into virtccwd and virtccw-callout: interferes with system calls of the one's
 * worker threads, and of the other.
 *
 * The file that $VIRTCCW_INJECT names is a page that the test and this share. The test
 * says what is to happen (to fail, to be killed, to stand still) and at which call; calls
 * count if they are about a file below one of the watched folders. Those of virtccwd's
 * main thread are left alone: what it does is not part of an operation.
 */

/* Both names of each function are defined here, that for large files, too. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WATCHED 8
#define NAME    64
#define WHAT    256

enum { NOTHING, FAIL, KILL, STAND };

/* As the test has it, too. */
typedef struct {
    int32_t action;
    int32_t errnum;   /* what a call fails with */
    int32_t changes;  /* whether only calls count that can change something */
    int32_t first;    /* the first call that is interfered with, from 1 on ... */
    int32_t last;     /* ... and the last */
    int32_t count;    /* calls so far */
    int32_t hits;     /* those that were interfered with */
    int32_t standing; /* 1: a call stands still until the test writes 0 */
    char watched[WATCHED][NAME];
    char what[WHAT]; /* the last call that was interfered with */
} Page;

static Page *page;

__attribute__((constructor)) static void
begin(void)
{
    const char *name = getenv("VIRTCCW_INJECT");
    long fd = name ? syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC) : -1;
    void *map = MAP_FAILED;

    if (fd >= 0)
        map = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
    if (map != MAP_FAILED)
        page = map;
    if (fd >= 0)
        syscall(SYS_close, fd);
}

static void *
real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* @path: below @dirfd, or NULL for @dirfd itself */
static void
describe(char *whole, size_t size, int dirfd, const char *path)
{
    char link[32], folder[PATH_MAX];
    long length = 0;

    if (dirfd >= 0 && (!path || *path != '/')) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
        length = syscall(SYS_readlinkat, AT_FDCWD, link, folder, sizeof folder - 1);
    }
    folder[length < 0 ? 0 : length] = '\0';
    snprintf(whole, size, "%s%s%s", folder, path && *folder ? "/" : "", path ? path : "");
}

static int
is_watched(const char *path)
{
    for (int i = 0; i < WATCHED && *page->watched[i]; i++)
        if (strncmp(path, page->watched[i], strlen(page->watched[i])) == 0)
            return 1;
    return 0;
}

/* mdevctl knows the call-out as "virtccw". Other programs inherit the library, too. */
static int
is_at_work(void)
{
    if (strcmp(program_invocation_short_name, "virtccw") == 0)
        return 1;
    return gettid() != getpid() && strcmp(program_invocation_short_name, "virtccwd") == 0;
}

static void
stand(void)
{
    __atomic_store_n(&page->standing, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&page->standing, __ATOMIC_SEQ_CST))
        usleep(200);
}

/* Returns: what the call is to fail with, or 0. */
static int
meet(const char *call, int changes, int dirfd, const char *path)
{
    char whole[2 * PATH_MAX];
    int n, saved = errno;

    if (!page || page->action == NOTHING || (page->changes && !changes) || !is_at_work())
        return 0;
    describe(whole, sizeof whole, dirfd, path);
    errno = saved;
    if (!is_watched(whole))
        return 0;
    n = __atomic_add_fetch(&page->count, 1, __ATOMIC_SEQ_CST);
    if (n < page->first || n > page->last)
        return 0;
    snprintf(page->what, sizeof page->what, "%s %.200s", call, whole);
    __atomic_add_fetch(&page->hits, 1, __ATOMIC_SEQ_CST);
    if (page->action == KILL) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (page->action == STAND)
        stand();
    errno = saved;
    return page->action == FAIL ? page->errnum : 0;
}

#define FUNCTION(type, name, parameters, arguments, changes, dirfd, path) \
    type name parameters                                                  \
    {                                                                     \
        int errnum = meet(#name, changes, dirfd, path);                   \
                                                                          \
        if (!errnum)                                                      \
            return ((__typeof__(&name))real(#name))arguments;             \
        errno = errnum;                                                   \
        return -1;                                                        \
    }

/* Those that open: with a mode if they make the file. */
#define OPEN(name, parameters, arguments, dirfd)                           \
    int name parameters                                                    \
    {                                                                      \
        int writes = (flags & O_CREAT) || (flags & O_ACCMODE) != O_RDONLY; \
        int errnum = meet(#name, writes, dirfd, path);                     \
        mode_t mode;                                                       \
        va_list rest;                                                      \
                                                                           \
        va_start(rest, flags);                                             \
        mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                 \
        va_end(rest);                                                      \
        if (!errnum)                                                       \
            return ((__typeof__(&name))real(#name))arguments;              \
        errno = errnum;                                                    \
        return -1;                                                         \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir)
OPEN(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir)

FUNCTION(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size), 0, fd, NULL)
FUNCTION(ssize_t,
         write,
         (int fd, const void *data, size_t size),
         (fd, data, size),
         1,
         fd,
         NULL)
FUNCTION(ssize_t,
         readlinkat,
         (int dir, const char *path, char *target, size_t size),
         (dir, path, target, size),
         0,
         dir,
         path)
FUNCTION(int,
         fstatat,
         (int dir, const char *path, struct stat *st, int flags),
         (dir, path, st, flags),
         0,
         dir,
         path)
FUNCTION(int,
         fstatat64,
         (int dir, const char *path, struct stat64 *st, int flags),
         (dir, path, st, flags),
         0,
         dir,
         path)
FUNCTION(int,
         mkdirat,
         (int dir, const char *path, mode_t mode),
         (dir, path, mode),
         1,
         dir,
         path)
FUNCTION(int,
         renameat,
         (int from, const char *path, int to, const char *name),
         (from, path, to, name),
         1,
         to,
         name)
FUNCTION(int,
         renameat2,
         (int from, const char *path, int to, const char *name, unsigned int flags),
         (from, path, to, name, flags),
         1,
         to,
         name)
FUNCTION(int,
         unlinkat,
         (int dir, const char *path, int flags),
         (dir, path, flags),
         1,
         dir,
         path)
FUNCTION(int, fsync, (int fd), (fd), 1, fd, NULL)
FUNCTION(int, flock, (int fd, int operation), (fd, operation), 1, fd, NULL)
FUNCTION(int, fchmod, (int fd, mode_t mode), (fd, mode), 1, fd, NULL)
FUNCTION(int, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group), 1, fd, NULL)
