/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The driver belongs to one main loop, and the application's calls come in any thread: so
 * each root has a thread with a loop of its own, and whoever wants something of the
 * driver sends it there. That thread takes no signals; those are the application's.
 *
 * The mutex guards the list of roots and, of each, users and state. It is never held
 * while anything blocks. A root is removed from the list when its driver has ended and
 * its lock is given up, and not before: so whoever opens it anew finds either the old one
 * whole or nothing of it.
 */

#include "module/root.h"
#include "base/io.h"
#include "base/lock.h"
#include "base/source.h"
#include "module/places.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>
#include <virtccw/error.h>

#define OPERATION_TIMEOUT_MS 30000
#define LINGER_MS            10   /* between two looks whether work has ended */
#define CLOSE_MS             2000 /* how long a close waits for it */
#define IDLE_MS              1000
#define BOOT_ID              "/proc/sys/kernel/random/boot_id"

typedef enum {
    STARTING,
    READY,
    LINGERING, /* no users, but work under way */
    ENDING,    /* no way back */
    ENDED,     /* off the list, or never got ready */
} State;

struct _VccwRoot {
    gatomicrefcount refs;
    pid_t pid;
    VccwOptions *options;
    GMainContext *context;

    /* Guarded by the mutex */
    State state;
    guint users;
    GThread *thread; /* NULL once somebody has taken it, to join it or to let it go */
    GError *error;   /* why it did not get ready */

    /* Of the root's thread */
    GMainLoop *loop;
    VccwDriver *driver;
    VccwFeeder *feeder;
    VccwFd lock;
    GSource *recheck;
};

static GMutex mutex;
static GCond changed;
static GPtrArray *roots; /* of VccwRoot * */

static void
root_unref(VccwRoot *root)
{
    if (!g_atomic_ref_count_dec(&root->refs))
        return;
    vccw_options_free(root->options);
    g_main_context_unref(root->context);
    g_clear_error(&root->error);
    g_free(root);
}

/* With the mutex held. */
static VccwRoot *
find_root(const char *folder)
{
    for (guint i = 0; roots && i < roots->len; i++) {
        VccwRoot *root = roots->pdata[i];

        if (root->pid == getpid() && g_str_equal(root->options->root, folder))
            return root;
    }
    return NULL;
}

static void
set_state(VccwRoot *root, State state)
{
    g_mutex_lock(&mutex);
    root->state = state;
    if (state == ENDED)
        g_ptr_array_remove_fast(roots, root);
    g_cond_broadcast(&changed);
    g_mutex_unlock(&mutex);
}

/*
 * In the root's thread
 */

static gboolean
take_lock(VccwRoot *root, const char *run, GError **error)
{
    g_autofree char *path = g_build_filename(run, "driver.pid", NULL);
    g_autofree char *holder = NULL;
    g_autoptr(GError) local = NULL;

    if (!vccw_places_make_folder(run, error))
        return FALSE;
    root->lock = vccw_lock_file(path, &holder, &local);
    if (root->lock >= 0)
        return TRUE;
    if (holder)
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
            "the root folder '%s' is in use by process %s ('%s' is locked): close "
            "its connection first, or name another root",
            root->options->root, holder, path);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* Once for each boot of the host: a device that was stopped since shall stay so when the
 * next process opens the root. */
static gboolean
is_autostarted(const char *stamp, const char *boot)
{
    g_autofree char *before = vccw_read_file(AT_FDCWD, stamp, 4096, NULL, NULL, NULL);

    return before && boot && g_str_equal(g_strstrip(before), boot);
}

static void
note_autostarted(const char *run, const char *boot)
{
    g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, run, NULL);
    g_autoptr(GError) error = NULL;

    if (!boot || dir < 0)
        return;
    if (!vccw_write_file(dir, "autostarted", boot, strlen(boot), VCCW_WRITE_REPLACE, NULL,
                         &error))
        g_warning("what is autostarted will be so again: %s", error->message);
}

static gboolean
wake(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/* Until then what is remembered of the devices is not known, and those that are to be
 * there may not be. */
static void
wait_until_idle(VccwRoot *root, guint ms)
{
    gint64 deadline = g_get_monotonic_time() + ms * G_GINT64_CONSTANT(1000);
    GSource *tick =
        vccw_source_attach(g_timeout_source_new(LINGER_MS), root->context, wake, NULL);

    while (vccw_driver_busy(root->driver) > 0 && g_get_monotonic_time() < deadline)
        g_main_context_iteration(root->context, TRUE);
    vccw_source_clear(&tick);
}

/* With etc= the definitions are the host's own, and mdevctl's rules or virtccwd start
 * what is to be started; otherwise nobody else would. */
static gboolean
start_driver(VccwRoot *root, const char *run, GError **error)
{
    const VccwOptions *options = root->options;
    g_auto(VccwPlaces) places = { 0 };
    g_autofree char *stamp = g_build_filename(run, "autostarted", NULL);
    g_autofree char *boot = vccw_read_attr(AT_FDCWD, BOOT_ID, NULL);
    VccwDriverOptions driver = {
        .sysfs = options->sysfs,
        .dev = "/dev",
        .proc = "/proc",
        .take_parents = TRUE,
        .privileged = geteuid() == 0,
        .autostart = !options->etc && geteuid() == 0,
        .autostart_over = is_autostarted(stamp, boot),
        .operation_timeout_ms = OPERATION_TIMEOUT_MS,
    };

    if (!vccw_places_init(&places, options, error))
        return FALSE;
    driver.definitions = places.definitions;
    driver.domains = places.domains;
    driver.overrides = places.overrides;
    driver.rules = places.rules;
    driver.state = places.state;
    driver.runs = places.runs;
    root->driver = vccw_driver_new(&driver, error);
    if (!root->driver)
        return FALSE;
    vccw_driver_start(root->driver);
    wait_until_idle(root, IDLE_MS);
    if (driver.autostart && !driver.autostart_over) {
        wait_until_idle(root, OPERATION_TIMEOUT_MS);
        note_autostarted(run, boot);
    }
    return TRUE;
}

static gboolean
set_up(VccwRoot *root, GError **error)
{
    g_autofree char *run = g_build_filename(root->options->root, "run", "ccw", NULL);

    root->feeder = vccw_feeder_new(error);
    return root->feeder && take_lock(root, run, error) && start_driver(root, run, error);
}

static void
tear_down(VccwRoot *root)
{
    vccw_source_clear(&root->recheck);
    g_clear_pointer(&root->driver, vccw_driver_free);
    g_clear_pointer(&root->feeder, vccw_feeder_free);
    /* A process that was forked meanwhile may have the descriptor, too. */
    if (root->lock >= 0)
        flock(root->lock, LOCK_UN);
    vccw_fd_clear(&root->lock);
}

/* Whether the root can end; if only work under way prevents it, this is asked again. */
static gboolean
check_users(gpointer data)
{
    VccwRoot *root = data;
    gboolean busy = vccw_driver_busy(root->driver) > 0;

    vccw_source_clear(&root->recheck);
    g_mutex_lock(&mutex);
    if (root->users == 0 && root->state != ENDING) {
        root->state = busy ? LINGERING : ENDING;
        g_cond_broadcast(&changed);
        if (busy)
            root->recheck = vccw_source_attach(g_timeout_source_new(LINGER_MS),
                                               root->context, check_users, root);
        else
            g_main_loop_quit(root->loop);
    }
    g_mutex_unlock(&mutex);
    return G_SOURCE_REMOVE;
}

static gpointer
root_thread(gpointer data)
{
    VccwRoot *root = data;
    GError *error = NULL;

    g_main_context_push_thread_default(root->context);
    if (set_up(root, &error)) {
        root->loop = g_main_loop_new(root->context, FALSE);
        set_state(root, READY);
        g_main_loop_run(root->loop);
        g_main_loop_unref(root->loop);
    }
    tear_down(root);
    g_main_context_pop_thread_default(root->context);
    root->error = error; /* nobody reads it before the state says so */
    set_state(root, ENDED);
    root_unref(root);
    return NULL;
}

/*
 * In the application's threads
 */

static VccwOptions *
copy_options(const VccwOptions *options)
{
    VccwOptions *copy = g_new0(VccwOptions, 1);

    copy->root = g_strdup(options->root);
    copy->sysfs = g_strdup(options->sysfs);
    copy->etc = g_strdup(options->etc);
    return copy;
}

static void
before_fork(void)
{
    g_mutex_lock(&mutex);
}

static void
after_fork(void)
{
    g_mutex_unlock(&mutex);
}

/* The roots are the parent's: the child must not hold their locks. */
static void
in_child(void)
{
    for (guint i = 0; i < roots->len; i++) {
        VccwRoot *root = roots->pdata[i];

        vccw_fd_clear(&root->lock);
    }
    g_ptr_array_set_size(roots, 0);
    g_mutex_unlock(&mutex);
}

/* With the mutex held. */
static VccwRoot *
root_new(const VccwOptions *options, GError **error)
{
    VccwRoot *root = g_new0(VccwRoot, 1);
    sigset_t all, before;

    g_atomic_ref_count_init(&root->refs); /* the one who opens it */
    g_atomic_ref_count_inc(&root->refs);  /* its thread */
    root->pid = getpid();
    root->options = copy_options(options);
    root->context = g_main_context_new();
    root->lock = -1;
    root->state = STARTING;
    root->users = 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    root->thread = g_thread_try_new("virtccw-root", root_thread, root, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!root->thread) {
        vccw_set_errno(error, EAGAIN, "cannot make a thread for the root folder '%s'",
                       options->root);
        root_unref(root);
        root_unref(root);
        return NULL;
    }
    if (!roots) {
        roots = g_ptr_array_new();
        pthread_atfork(before_fork, after_fork, in_child);
    }
    g_ptr_array_add(roots, root);
    return root;
}

/* With the mutex held. */
static VccwRoot *
join_root(VccwRoot *root, const VccwOptions *options, GError **error)
{
    if (!vccw_options_equal(root->options, options)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "the root folder '%s' is open with other options (sysfs=%s, etc=%s): "
                    "use the same ones, or another root",
                    options->root, root->options->sysfs,
                    root->options->etc ? root->options->etc : "in the root");
        return NULL;
    }
    g_atomic_ref_count_inc(&root->refs);
    root->users++;
    if (root->state == LINGERING)
        root->state = READY;
    return root;
}

static void
join_thread(GThread *thread)
{
    if (thread)
        g_thread_join(thread);
}

/* With the mutex held, which is released; the root did not get ready. */
static void
give_up(VccwRoot *root, GError **error)
{
    GThread *thread = g_steal_pointer(&root->thread);

    if (error)
        *error = g_error_copy(root->error);
    g_mutex_unlock(&mutex);
    join_thread(thread);
    root_unref(root);
}

VccwRoot *
vccw_root_open(const VccwOptions *options, GError **error)
{
    VccwRoot *root;

    g_mutex_lock(&mutex);
    while ((root = find_root(options->root)) && root->state == ENDING)
        g_cond_wait(&changed, &mutex);
    root = root ? join_root(root, options, error) : root_new(options, error);
    while (root && root->state == STARTING)
        g_cond_wait(&changed, &mutex);
    if (root && root->state == ENDED) {
        give_up(root, error);
        return NULL;
    }
    g_mutex_unlock(&mutex);
    return root;
}

static void
invoke_source(VccwRoot *root, GSourceFunc func, gpointer data)
{
    GSource *source = g_idle_source_new();

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_unref(vccw_source_attach(source, root->context, func, data));
}

/* With the mutex held. Whoever closes the last connection may open the next one in
 * another process at once. Only for work that hangs it does not wait. */
static void
wait_for_end(VccwRoot *root)
{
    gint64 end = g_get_monotonic_time() + CLOSE_MS * (gint64)1000;

    while (root->users == 0 && root->state != ENDED) {
        if (root->state != LINGERING)
            g_cond_wait(&changed, &mutex);
        else if (!g_cond_wait_until(&changed, &mutex, end))
            return;
    }
}

void
vccw_root_close(VccwRoot *root)
{
    GThread *thread = NULL;
    gboolean last;

    if (!root)
        return;
    if (!vccw_root_is_alive(root)) {
        root_unref(root);
        return;
    }
    g_mutex_lock(&mutex);
    last = --root->users == 0;
    if (last) {
        invoke_source(root, check_users, root);
        wait_for_end(root);
        if (root->users == 0)
            thread = g_steal_pointer(&root->thread);
    }
    last = root->state == ENDED;
    g_mutex_unlock(&mutex);
    if (thread && !last)
        g_thread_unref(thread);
    else
        join_thread(thread);
    root_unref(root);
}

typedef struct {
    VccwRoot *root;
    VccwRootFunc func;
    gpointer data;
} Invocation;

static gboolean
run_invocation(gpointer data)
{
    g_autofree Invocation *invocation = data;

    invocation->func(invocation->root->driver, invocation->data);
    return G_SOURCE_REMOVE;
}

void
vccw_root_invoke(VccwRoot *root, VccwRootFunc func, gpointer data)
{
    Invocation *invocation = g_new(Invocation, 1);

    *invocation = (Invocation){ root, func, data };
    invoke_source(root, run_invocation, invocation);
}

VccwFeeder *
vccw_root_feeder(VccwRoot *root)
{
    return root->feeder;
}

gboolean
vccw_root_is_alive(const VccwRoot *root)
{
    return root->pid == getpid();
}
