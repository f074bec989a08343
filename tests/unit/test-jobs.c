/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Jobs: order for each key, side by side for others, deadlines, and the end while work
 * hangs.
 *
 * What hangs here waits at a gate that the test opens, so no test depends on how fast the
 * machine is. The gate is pthread's, for ThreadSanitizer to understand it.
 */

#include "base/jobs.h"

#include <errno.h>
#include <glib-unix.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <virtccw/error.h>

#define KEYS    40
#define PER_KEY 50

/* A gate, and a counter of those who came to it. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    gboolean open;
    guint arrived;
    guint passed;
} Gate;

static void
gate_init(Gate *gate)
{
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->changed, NULL);
    gate->open = FALSE;
    gate->arrived = gate->passed = 0;
}

static void
gate_pass(Gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->arrived++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    gate->passed++;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

static void
gate_open(Gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = TRUE;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

/* Waits until @n have come to (or gone through) the gate. */
static void
gate_wait(Gate *gate, const guint *counter, guint n)
{
    pthread_mutex_lock(&gate->mutex);
    while (*counter < n)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static guint
gate_arrived(Gate *gate)
{
    guint n;

    pthread_mutex_lock(&gate->mutex);
    n = gate->arrived;
    pthread_mutex_unlock(&gate->mutex);
    return n;
}

static void
run_until_idle(VccwJobs *jobs)
{
    while (vccw_jobs_busy(jobs) > 0)
        g_main_context_iteration(NULL, TRUE);
}

/* What happens to one job, in its order. */
typedef struct {
    VccwJobs *jobs;
    Gate *gate;
    GString *log; /* of the main loop */
    guint number;
    pthread_t main_thread;
} Job;

static gboolean
pass_gate(gpointer data, GError **error)
{
    Job *job = data;

    g_assert_false(pthread_equal(pthread_self(), job->main_thread));
    gate_pass(job->gate);
    return TRUE;
}

static void
log_done(gpointer data, const GError *error)
{
    Job *job = data;

    g_assert_true(pthread_equal(pthread_self(), job->main_thread));
    g_assert_no_error(error);
    g_string_append_printf(job->log, "done%u ", job->number);
}

static void
log_late(gpointer data)
{
    Job *job = data;

    g_assert_true(pthread_equal(pthread_self(), job->main_thread));
    g_string_append_printf(job->log, "late%u ", job->number);
}

static void
log_free(gpointer data)
{
    Job *job = data;

    g_assert_true(pthread_equal(pthread_self(), job->main_thread));
    g_string_append_printf(job->log, "free%u ", job->number);
}

static void
test_empty(void)
{
    VccwJobs *jobs = vccw_jobs_new();

    g_assert_cmpuint(vccw_jobs_busy(jobs), ==, 0);
    vccw_jobs_free(jobs);
    vccw_jobs_free(NULL);
}

static void
test_done(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    g_autoptr(GString) log = g_string_new(NULL);
    Gate gate;
    Job job = { .gate = &gate, .log = log, .main_thread = pthread_self() };

    gate_init(&gate);
    gate_open(&gate);
    vccw_jobs_push(jobs, "0.0.0004", 0, pass_gate, log_done, log_late, &job, log_free);
    g_assert_cmpuint(vccw_jobs_busy(jobs), ==, 1);
    g_assert_cmpstr(log->str, ==, "");
    run_until_idle(jobs);
    g_assert_cmpstr(log->str, ==, "done0 free0 ");
}

static gboolean
fail_busy(gpointer data, GError **error)
{
    g_set_error(error, G_UNIX_ERROR, EBUSY, "in use");
    return FALSE;
}

static gboolean
fail_silently(gpointer data, GError **error)
{
    return FALSE;
}

static gboolean
succeed_with_error(gpointer data, GError **error)
{
    g_set_error(error, G_UNIX_ERROR, EBUSY, "of no interest");
    return TRUE;
}

static void
copy_error(gpointer data, const GError *error)
{
    GError **ret_error = data;

    g_assert_null(*ret_error);
    *ret_error = error ? g_error_copy(error) : g_error_new(VCCW_ERROR, 999, "none");
}

static void
test_errors(void)
{
    static const struct {
        VccwJobWork work;
        const char *message;
    } rows[] = {
        { fail_busy, "in use" },
        { fail_silently, "the work failed without saying why" },
        { succeed_with_error, "none" },
    };
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        vccw_jobs_push(jobs, "key", 0, rows[i].work, copy_error, NULL, &error, NULL);
        run_until_idle(jobs);
        g_assert_nonnull(error);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

/* The state that jobs of one key share without any lock: their order must protect it. */
typedef struct {
    guint worked;
    guint done;
} Key;

typedef struct {
    Key *key;
    guint number;
} Ordered;

static gboolean
work_in_order(gpointer data, GError **error)
{
    Ordered *ordered = data;

    g_assert_cmpuint(ordered->key->worked, ==, ordered->number);
    if (ordered->number % 7 == 0)
        g_thread_yield();
    ordered->key->worked++;
    return TRUE;
}

static void
done_in_order(gpointer data, const GError *error)
{
    Ordered *ordered = data;

    g_assert_cmpuint(ordered->key->done, ==, ordered->number);
    /* Not even the next one's work has begun. */
    g_assert_cmpuint(ordered->key->worked, ==, ordered->number + 1);
    ordered->key->done++;
}

static void
test_order(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    Key keys[KEYS] = { 0 };

    for (guint n = 0; n < PER_KEY; n++)
        for (guint k = 0; k < KEYS; k++) {
            g_autofree char *name = g_strdup_printf("0.0.%04x", k);
            Ordered *ordered = g_new0(Ordered, 1);

            ordered->key = &keys[k];
            ordered->number = n;
            vccw_jobs_push(jobs, name, 1000000, work_in_order, done_in_order, log_late,
                           ordered, g_free);
        }
    g_assert_cmpuint(vccw_jobs_busy(jobs), ==, KEYS * PER_KEY);
    run_until_idle(jobs);
    for (guint k = 0; k < KEYS; k++)
        g_assert_cmpuint(keys[k].done, ==, PER_KEY);
}

/* All of them at work at once, and the second of each key not begun. */
static void
test_parallel(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    g_autoptr(GString) log = g_string_new(NULL);
    Gate first, second;
    Job a = { .gate = &first, .log = log, .main_thread = pthread_self() };
    Job b = { .gate = &second, .log = log, .main_thread = pthread_self() };

    gate_init(&first);
    gate_init(&second);
    gate_open(&second);
    for (guint k = 0; k < KEYS; k++) {
        g_autofree char *name = g_strdup_printf("%u", k);

        vccw_jobs_push(jobs, name, 0, pass_gate, log_done, NULL, &a, NULL);
        vccw_jobs_push(jobs, name, 0, pass_gate, log_done, NULL, &b, NULL);
    }
    gate_wait(&first, &first.arrived, KEYS);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(gate_arrived(&second), ==, 0);
    g_assert_cmpuint(vccw_jobs_busy(jobs), ==, 2 * KEYS);
    gate_open(&first);
    run_until_idle(jobs);
    g_assert_cmpuint(gate_arrived(&second), ==, KEYS);
}

/* More hang than there are threads: the rest waits and is not lost. */
static void
test_more_than_threads(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    g_autoptr(GString) log = g_string_new(NULL);
    Gate gate;
    Job job = { .gate = &gate, .log = log, .main_thread = pthread_self() };

    gate_init(&gate);
    for (guint k = 0; k < 300; k++) {
        g_autofree char *name = g_strdup_printf("%u", k);

        vccw_jobs_push(jobs, name, 0, pass_gate, log_done, NULL, &job, NULL);
    }
    gate_wait(&gate, &gate.arrived, 256);
    g_usleep(20000);
    g_assert_cmpuint(gate_arrived(&gate), ==, 256);
    gate_open(&gate);
    run_until_idle(jobs);
    g_assert_cmpuint(gate_arrived(&gate), ==, 300);
}

/* Late once, at work and while waiting, and done all the same. */
static void
test_late(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    g_autoptr(GString) log = g_string_new(NULL);
    Gate shut, open;
    Job a = { .gate = &shut, .log = log, .number = 1, .main_thread = pthread_self() };
    Job b = { .gate = &open, .log = log, .number = 2, .main_thread = pthread_self() };
    gint64 start = g_get_monotonic_time();

    gate_init(&shut);
    gate_init(&open);
    gate_open(&open);
    vccw_jobs_push(jobs, "a", 30, pass_gate, log_done, log_late, &a, log_free);
    vccw_jobs_push(jobs, "a", 60, pass_gate, log_done, log_late, &b, log_free);
    while (!g_strrstr(log->str, "late2"))
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 60 * 1000);
    g_assert_cmpstr(log->str, ==, "late1 late2 ");
    g_assert_cmpuint(vccw_jobs_busy(jobs), ==, 2);
    gate_open(&shut);
    run_until_idle(jobs);
    g_assert_cmpstr(log->str, ==, "late1 late2 done1 free1 done2 free2 ");
}

static gboolean
set_flag(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

/* Once a job is done, its deadline passes in silence. */
static void
test_not_late(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    g_autoptr(GString) log = g_string_new(NULL);
    g_autofree char *at_end = NULL;
    gboolean passed = FALSE;
    Gate gate;
    Job job = { .gate = &gate, .log = log, .main_thread = pthread_self() };

    gate_init(&gate);
    gate_open(&gate);
    vccw_jobs_push(jobs, "key", 50, pass_gate, log_done, log_late, &job, log_free);
    run_until_idle(jobs);
    /* On a machine so slow that it was late, that came before. */
    g_assert_true(g_str_has_suffix(log->str, "done0 free0 "));
    at_end = g_strdup(log->str);
    g_timeout_add(100, set_flag, &passed);
    while (!passed)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(log->str, ==, at_end);
}

static void
push_again(gpointer data, const GError *error)
{
    Job *job = data;

    log_done(data, error);
    if (++job->number < 3)
        vccw_jobs_push(job->jobs, "key", 0, pass_gate, push_again, NULL, job, log_free);
}

static void
test_push_from_done(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    g_autoptr(GString) log = g_string_new(NULL);
    Gate gate;
    Job job = { .jobs = jobs, .gate = &gate, .log = log, .main_thread = pthread_self() };

    gate_init(&gate);
    gate_open(&gate);
    vccw_jobs_push(jobs, "key", 0, pass_gate, push_again, NULL, &job, log_free);
    run_until_idle(jobs);
    g_assert_cmpstr(log->str, ==, "done0 free1 done1 free2 done2 free3 ");
}

static void
free_jobs(gpointer data, const GError *error)
{
    Job *job = data;

    log_done(data, error);
    g_clear_pointer(&job->jobs, vccw_jobs_free);
}

static void
free_jobs_late(gpointer data)
{
    Job *job = data;

    log_late(data);
    g_clear_pointer(&job->jobs, vccw_jobs_free);
}

static void
test_free_from_done(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    Gate gate;
    Job job = { .gate = &gate, .log = log, .main_thread = pthread_self() };

    gate_init(&gate);
    gate_open(&gate);
    job.jobs = vccw_jobs_new();
    vccw_jobs_push(job.jobs, "key", 0, pass_gate, free_jobs, NULL, &job, log_free);
    vccw_jobs_push(job.jobs, "key", 0, pass_gate, log_done, NULL, &job, log_free);
    while (job.jobs)
        g_main_context_iteration(NULL, TRUE);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpstr(log->str, ==, "done0 free0 ");
}

/* One works, one is late, some wait and one is through but not told: all are forgotten.
 */
static void
test_free_while_hanging(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    static Gate hang, open; /* the worker may still be in them at the very end */
    static Job a, b;

    gate_init(&hang);
    gate_init(&open);
    gate_open(&open);
    a = (Job){ .gate = &hang, .log = log, .main_thread = pthread_self() };
    b = (Job){ .gate = &open, .log = log, .number = 1, .main_thread = pthread_self() };
    a.jobs = vccw_jobs_new();
    vccw_jobs_push(a.jobs, "a", 10, pass_gate, log_done, free_jobs_late, &a, log_free);
    vccw_jobs_push(a.jobs, "a", 50000, pass_gate, log_done, log_late, &b, log_free);
    vccw_jobs_push(a.jobs, "a", 50000, pass_gate, log_done, log_late, &b, log_free);
    gate_wait(&hang, &hang.arrived, 1);
    while (a.jobs)
        g_main_context_iteration(NULL, TRUE);
    gate_open(&hang);
    gate_wait(&hang, &hang.passed, 1);
    /* Time for the worker to run into what was freed, were it freed. */
    g_usleep(20000);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpstr(log->str, ==, "late0 ");
    g_assert_cmpuint(gate_arrived(&open), ==, 0);
}

static void
test_free_undelivered(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    VccwJobs *jobs = vccw_jobs_new();
    static Gate gate;
    static Job job;

    gate_init(&gate);
    gate_open(&gate);
    job = (Job){ .gate = &gate, .log = log, .main_thread = pthread_self() };
    for (guint k = 0; k < KEYS; k++) {
        g_autofree char *name = g_strdup_printf("%u", k);

        vccw_jobs_push(jobs, name, 0, pass_gate, log_done, NULL, &job, log_free);
    }
    gate_wait(&gate, &gate.passed, KEYS / 2);
    vccw_jobs_free(jobs);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpstr(log->str, ==, "");
    /* Those that had begun end; nobody waits for the others. */
    g_usleep(20000);
}

/* Jobs belong to the context in which they were made, whoever runs the default one. */
static void
test_other_context(void)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(VccwJobs) jobs = NULL;
    g_autoptr(GString) log = g_string_new(NULL);
    Gate gate;
    Job job = { .gate = &gate, .log = log, .main_thread = pthread_self() };

    gate_init(&gate);
    gate_open(&gate);
    g_main_context_push_thread_default(context);
    jobs = vccw_jobs_new();
    g_main_context_pop_thread_default(context);
    vccw_jobs_push(jobs, "key", 0, pass_gate, log_done, NULL, &job, NULL);
    gate_wait(&gate, &gate.passed, 1);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpstr(log->str, ==, "");
    while (vccw_jobs_busy(jobs) > 0)
        g_main_context_iteration(context, TRUE);
    g_assert_cmpstr(log->str, ==, "done0 ");
}

static gboolean
check_signals(gpointer data, GError **error)
{
    sigset_t blocked;

    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    g_assert_true(sigismember(&blocked, SIGTERM));
    g_assert_true(sigismember(&blocked, SIGCHLD));
    g_assert_false(sigismember(&blocked, SIGSEGV));
    return TRUE;
}

static void
test_signals(void)
{
    g_autoptr(VccwJobs) jobs = vccw_jobs_new();
    g_autoptr(GError) error = NULL;

    vccw_jobs_push(jobs, "key", 0, check_signals, copy_error, NULL, &error, NULL);
    run_until_idle(jobs);
    g_assert_cmpstr(error->message, ==, "none");
}

/* Without any thread the work fails instead of waiting for ever. Root has no such limit.
 */
static void
test_no_thread(void)
{
    struct rlimit limit = { 0, 0 };
    g_autoptr(VccwJobs) jobs = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    if (geteuid() == 0)
        g_assert_cmpint(setresuid(65534, 65534, 65534), ==, 0);
    g_assert_cmpint(setrlimit(RLIMIT_NPROC, &limit), ==, 0);
    jobs = vccw_jobs_new();
    vccw_jobs_push(jobs, "key", 0, check_signals, copy_error, NULL, &error, NULL);
    run_until_idle(jobs);
    g_assert_error(error, G_UNIX_ERROR, EAGAIN);
    _exit(0); /* a sanitizer's own check at the end would want a thread */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jobs/empty", test_empty);
    g_test_add_func("/jobs/done", test_done);
    g_test_add_func("/jobs/errors", test_errors);
    g_test_add_func("/jobs/order", test_order);
    g_test_add_func("/jobs/parallel", test_parallel);
    g_test_add_func("/jobs/more-than-threads", test_more_than_threads);
    g_test_add_func("/jobs/late", test_late);
    g_test_add_func("/jobs/not-late", test_not_late);
    g_test_add_func("/jobs/push-from-done", test_push_from_done);
    g_test_add_func("/jobs/free-from-done", test_free_from_done);
    g_test_add_func("/jobs/free-while-hanging", test_free_while_hanging);
    g_test_add_func("/jobs/free-undelivered", test_free_undelivered);
    g_test_add_func("/jobs/other-context", test_other_context);
    g_test_add_func("/jobs/signals", test_signals);
    g_test_add_func("/jobs/no-thread", test_no_thread);
    return g_test_run();
}
