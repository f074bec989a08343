/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The first process inside. In a process namespace its end is the end of all that the
 * command started, daemons included. Where such a namespace cannot have a /proc (in some
 * containers) it is done without: orphans come to this process, which kills them at the
 * end.
 *
 * The simulator itself stays outside: it has to answer a writer that is being killed.
 */

#include "init.h"

#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKGROUND_LOG  "/run/virtccw-sim/udev.log"
#define BACKGROUND_ARGS 16
#define FAILED          127

typedef struct {
    int socket;
    const char *proc; /* NULL: no process namespace */
    char *const *command;
    sigset_t signals; /* as they were for the user's shell */
} Start;

static void
block_signals(sigset_t *ret_old)
{
    const int signals[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP };
    sigset_t set;

    sigemptyset(&set);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, ret_old);
}

/* -- inside; after a fork of a program that may have threads: no allocation -- */

G_NORETURN static void
run_command(const Start *start)
{
    const char *reason;

    sigprocmask(SIG_SETMASK, &start->signals, NULL);
    execvp(start->command[0], start->command);
    reason = strerrordesc_np(errno);
    dprintf(STDERR_FILENO, "virtccw-sim: cannot run '%s': %s\n", start->command[0],
            reason);
    _exit(errno == EACCES ? FAILED - 1 : FAILED);
}

/* @message: NUL-separated words, @len bytes */
static void
run_background(const Start *start, char *message, gsize len)
{
    char *words[BACKGROUND_ARGS + 1] = { NULL };
    guint count = 0;
    int fd;

    message[len] = '\0';
    for (char *word = message; word < message + len && count < BACKGROUND_ARGS;
         word += strlen(word) + 1)
        words[count++] = word;
    if (!count || fork() != 0)
        return;
    fd = open(BACKGROUND_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
    sigprocmask(SIG_SETMASK, &start->signals, NULL);
    execvp(words[0], words);
    dprintf(STDERR_FILENO, "cannot run '%s': %s\n", words[0], strerrordesc_np(errno));
    _exit(FAILED);
}

/* Without a process namespace: whatever is left has become our child. */
static void
kill_rest(void)
{
    char path[64], text[4096];
    gssize len;
    int fd;

    g_snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    for (;;) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        len = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
        if (fd >= 0)
            close(fd);
        if (len <= 0)
            return;
        text[len] = '\0';
        for (char *at = text, *end; *at; at = end) {
            pid_t pid = strtol(at, &end, 10);

            if (end == at)
                break;
            kill(pid, SIGKILL);
        }
        while (waitpid(-1, NULL, 0) > 0)
            ;
    }
}

/* Returns: TRUE when the command itself has ended. */
static gboolean
reap(pid_t command, int *ret_status)
{
    gboolean ended = FALSE;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != command)
            continue;
        *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        ended = TRUE;
    }
    return ended;
}

static int
watch(const Start *start, pid_t command)
{
    struct signalfd_siginfo info;
    struct pollfd fds[2] = { { .events = POLLIN },
                             { .fd = start->socket, .events = POLLIN } };
    char message[512];
    sigset_t set;
    gssize len;
    int status = 0;

    block_signals(NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    fds[0].fd = signalfd(-1, &set, SFD_CLOEXEC);
    while (!reap(command, &status)) {
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
            continue;
        if (fds[0].revents && read(fds[0].fd, &info, sizeof info) == sizeof info &&
            info.ssi_signo != SIGCHLD)
            kill(command, info.ssi_signo);
        if (fds[1].revents) {
            len = recv(start->socket, message, sizeof message - 1, 0);
            if (len <= 0) /* the simulator is gone */
                return 128 + SIGKILL;
            run_background(start, message, len);
        }
    }
    return status;
}

G_NORETURN static void
inside(const Start *start)
{
    pid_t command;
    char ready = 'y';
    int status;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (start->proc &&
        mount("proc", start->proc, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        ready = 'n';
    if (send(start->socket, &ready, 1, MSG_NOSIGNAL) != 1 || ready == 'n' ||
        recv(start->socket, &ready, 1, 0) != 1)
        _exit(FAILED);
    if (start->proc)
        mount(start->proc, "/proc", NULL, MS_MOVE, NULL);
    else
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* Swap areas cannot be had in a user namespace: whoever wants some writes them. */
    mount(VCCW_SIM_SWAPS, "/proc/swaps", NULL, MS_BIND, NULL);
    mount(VCCW_SIM_FSTYPES, "/proc/filesystems", NULL, MS_BIND, NULL);
    command = fork();
    if (command == 0)
        run_command(start);
    if (command < 0)
        _exit(FAILED);
    status = watch(start, command);
    if (!start->proc)
        kill_rest();
    _exit(status);
}

/* -- outside -- */

/* A fork into new namespaces, if @flags says so. */
static pid_t
fork_with(unsigned long flags)
{
#ifdef __s390__
    return syscall(SYS_clone, 0, flags | SIGCHLD, 0, 0, 0);
#else
    return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
#endif
}

static gboolean
start_one(VccwSimInit *init, Start *start, GError **error)
{
    char ready = 'n';
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(error, G_UNIX_ERROR, errno, "cannot make a socket: %s",
                    g_strerror(errno));
        return FALSE;
    }
    start->socket = pair[1];
    init->socket = pair[0];
    init->pid = fork_with(start->proc ? CLONE_NEWPID : 0);
    if (init->pid == 0)
        inside(start);
    close(pair[1]);
    if (init->pid > 0 && recv(init->socket, &ready, 1, 0) == 1 && ready == 'y')
        return TRUE;
    g_set_error(error, G_UNIX_ERROR, EPERM, "cannot start the host's first process");
    close(init->socket);
    if (init->pid > 0)
        waitpid(init->pid, NULL, 0);
    return FALSE;
}

gboolean
vccw_sim_init_start(VccwSimInit *init,
                    const char *proc,
                    char *const *command,
                    GError **error)
{
    Start start = { .proc = proc, .command = command };

    block_signals(&start.signals);
    if (start_one(init, &start, NULL))
        return TRUE;
    start.proc = NULL;
    return start_one(init, &start, error);
}

void
vccw_sim_init_go(VccwSimInit *init)
{
    char go = 'g';

    send(init->socket, &go, 1, MSG_NOSIGNAL);
}

int
vccw_sim_init_wait(VccwSimInit *init)
{
    sigset_t set;
    int status, signal;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    while (waitpid(init->pid, &status, WNOHANG) == 0)
        if (sigwait(&set, &signal) == 0 && signal != SIGCHLD)
            kill(init->pid, signal);
    close(init->socket);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void
vccw_sim_init_kill(VccwSimInit *init)
{
    kill(init->pid, SIGKILL);
    waitpid(init->pid, NULL, 0);
    close(init->socket);
}
