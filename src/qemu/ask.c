/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * All questions are sent at once, the last of them tells QEMU to quit, and then its
 * output is read to the end. So there is no dialogue that could get stuck; what is left
 * to guard against is a program that does not end, or never stops talking.
 */

#include "qemu/ask.h"

#include "base/io.h"
#include "base/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <virtccw/error.h>

#define OUTPUT_MAX (32 * 1024 * 1024)
#define ERROR_MAX  (64 * 1024)

/*
 * How QEMU is told not to run a guest. Its emulator (TCG) writes code into memory and
 * runs it, which a service may be forbidden (systemd's MemoryDenyWriteExecute): then it
 * can have two views of that memory, or, where it is too old for that, none at all.
 */
static const char *const MACHINES[][7] = {
    { "-machine", "none,accel=kvm:tcg" },
    { "-machine", "none", "-accel", "kvm", "-accel", "tcg,split-wx=on" },
    { "-machine", "none,accel=kvm:qtest" },
};

/* A QEMU that runs. */
typedef struct {
    const char *program;
    GPid pid;
    VccwFd qmp;
    VccwFd errors;
    GString *answers;
    GString *complaints;
    gint64 deadline; /* of g_get_monotonic_time() */
} Asked;

/* In the child: it ends with the thread that waits for it, so also with this process; and
 * whoever started that may have blocked signals. */
static void
follow_parent(gpointer data)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean
start(Asked *asked, const char *const *machine, GError **error)
{
    const char *argv[16] = {
        asked->program, "-S",   "-no-user-config", "-nodefaults",
        "-nographic",   "-qmp", "stdio",
    };
    g_autoptr(GError) cause = NULL;
    int pair[2], pipes[2];
    gboolean ok;

    for (guint i = 0; machine[i]; i++) {
        argv[7 + i] = machine[i];
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        vccw_set_errno(error, errno, "Cannot talk to '%s'", asked->program);
        return FALSE;
    }
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        vccw_set_errno(error, errno, "Cannot talk to '%s'", asked->program);
        close(pair[0]);
        close(pair[1]);
        return FALSE;
    }
    asked->qmp = pair[0];
    asked->errors = pipes[0];
    ok = g_spawn_async_with_fds("/", (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                follow_parent, NULL, &asked->pid, pair[1], pair[1],
                                pipes[1], &cause);
    close(pair[1]);
    close(pipes[1]);
    if (!ok) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                    "QEMU cannot be asked what it can do: %s", cause->message);
    }
    return ok;
}

/* The end of the program: killed if it is not over; no zombie is left. */
static void
finish(Asked *asked)
{
    if (asked->pid > 0) {
        kill(asked->pid, SIGKILL);
        while (waitpid(asked->pid, NULL, 0) < 0 && errno == EINTR) {
            continue;
        }
    }
    vccw_fd_clear(&asked->qmp);
    vccw_fd_clear(&asked->errors);
    g_string_free(asked->answers, TRUE);
    g_string_free(asked->complaints, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, finish)

static gboolean
say(Asked *asked, const char *questions, GError **error)
{
    gsize left = strlen(questions);

    while (left > 0) {
        ssize_t sent = send(asked->qmp, questions, left, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR) {
            if (errno == EPIPE || errno == ECONNRESET) {
                break; /* its error output says why */
            }
            vccw_set_errno(error, errno, "Cannot talk to '%s'", asked->program);
            return FALSE;
        }
        if (sent > 0) {
            questions += sent;
            left -= sent;
        }
    }
    return TRUE;
}

/* Reads what is there. Closes the descriptor at its end. */
static void
take(int *fd, GString *into, gsize max)
{
    char buffer[16384];
    ssize_t got = read(*fd, buffer, sizeof buffer);

    if (got > 0 && into->len < max) {
        g_string_append_len(into, buffer, got);
    } else if (got == 0 || (got < 0 && errno != EINTR)) {
        vccw_fd_clear(fd);
    }
}

static gboolean
listen_to(Asked *asked, GError **error)
{
    while (asked->qmp >= 0 || asked->errors >= 0) {
        struct pollfd fds[] = { { asked->qmp, POLLIN, 0 }, { asked->errors, POLLIN, 0 } };
        gint64 left = (asked->deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0 || asked->answers->len >= OUTPUT_MAX) {
            g_set_error(error, VCCW_ERROR, VCCW_ERROR_TIMEOUT,
                        "'%s' did not answer in time what it can do; try whether "
                        "'%s --version' does",
                        asked->program, asked->program);
            return FALSE;
        }
        if (poll(fds, G_N_ELEMENTS(fds), left) <= 0) {
            continue;
        }
        if (fds[0].revents) {
            take(&asked->qmp, asked->answers, OUTPUT_MAX);
        }
        if (fds[1].revents) {
            take(&asked->errors, asked->complaints, ERROR_MAX);
        }
    }
    return TRUE;
}

static void
set_silent(const Asked *asked, GError **error)
{
    g_autofree char *last = NULL;
    const char *line;

    g_strchomp(asked->complaints->str);
    line = strrchr(asked->complaints->str, '\n');
    last = vccw_quote(line ? line + 1 : asked->complaints->str, 240);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                "'%s' ended without an answer over QMP, it said %s; is it a QEMU?",
                asked->program, last);
}

/* Returns: (nullable): as vccw_ask_qemu(), when started for this @machine. */
static char *
ask_as(const char *program,
       const char *const *machine,
       const char *questions,
       gint64 deadline,
       GError **error)
{
    g_auto(Asked) asked = { .program = program,
                            .qmp = -1,
                            .errors = -1,
                            .answers = g_string_new(NULL),
                            .complaints = g_string_new(NULL),
                            .deadline = deadline };

    if (!start(&asked, machine, error) || !say(&asked, questions, error) ||
        !listen_to(&asked, error)) {
        return NULL;
    }
    if (asked.answers->len == 0) {
        set_silent(&asked, error);
        return NULL;
    }
    return g_strndup(asked.answers->str, asked.answers->len);
}

char *
vccw_ask_qemu(const char *program,
              const char *questions,
              guint timeout_ms,
              GError **error)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    g_autoptr(GError) first = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(MACHINES); i++) {
        g_autoptr(GError) local = NULL;
        char *answers = ask_as(program, MACHINES[i], questions, deadline, &local);

        if (answers) {
            return answers;
        }
        if (!first) {
            first = g_error_copy(local);
        }
        if (!g_error_matches(local, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED)) {
            break;
        }
    }
    g_propagate_error(error, g_steal_pointer(&first));
    return NULL;
}
