/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Work off the main loop, in order for each key.
 *
 * The main loop owns the order: for each key a line of jobs, whose first one is at work.
 * Only first ones are handed to the workers, so a job that hangs keeps one thread and its
 * own line, nothing else. Workers hand jobs back by a list and one event source; the next
 * of the line starts after VccwJobDone of the one before, which may look at the outcome
 * in peace.
 *
 * Threads are made when no idle one is there, up to a limit, and end after idling. They
 * share with the main loop two lists, guarded by the mutex, and hold a reference on the
 * whole: so a write that comes back from the kernel after vccw_jobs_free() finds its
 * memory, sees that nobody waits any more, and leaves.
 *
 * The mutex is pthread's own, not GLib's: ThreadSanitizer understands it.
 */

#include "base/jobs.h"
#include "base/source.h"

#include <errno.h>
#include <glib-unix.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <virtccw/error.h>

#define THREADS_MAX  256
#define IDLE_SECONDS 10

/* One key's line of jobs, first come, first served. Belongs to the main loop. */
typedef struct {
    char *key;
    GQueue jobs;     /* those that are not over, the first one maybe at work */
    gboolean active; /* one is at work, or its VccwJobDone runs */
} Line;

typedef struct _Job Job;

struct _Job {
    Line *line;
    VccwJobWork work;
    VccwJobDone done;
    VccwJobLate late;
    gpointer data;
    GDestroyNotify free_data;
    GSource *deadline; /* NULL: none, or it has passed */
    GError *error;     /* set by the worker */
    gboolean working;  /* a worker has it; guarded by the mutex */
    Job *next;         /* in a JobList; guarded by the mutex */
};

typedef struct {
    Job *first;
    Job *last;
} JobList;

struct _VccwJobs {
    /* Of the main loop */
    GMainContext *context;
    GHashTable *lines; /* key → Line */
    guint busy;

    pthread_mutex_t mutex;
    pthread_cond_t wake_worker;
    /* Guarded by the mutex */
    guint refs;       /* the owner, each thread, each dispatch */
    JobList ready;    /* their turn has come */
    JobList finished; /* to be told to the main loop */
    GSource *source;  /* dispatches the finished; NULL after vccw_jobs_free() */
    guint threads;
    guint idle;    /* threads that wait for work */
    guint n_ready; /* length of ready */
};

static void
list_append(JobList *list, Job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static Job *
list_take(JobList *list)
{
    Job *job = list->first;

    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    return job;
}

static void
job_free(Job *job)
{
    g_clear_error(&job->error);
    g_free(job);
}

static void
line_free(gpointer data)
{
    Line *line = data;

    g_queue_clear(&line->jobs);
    g_free(line->key);
    g_free(line);
}

static void
jobs_unref(VccwJobs *jobs)
{
    gboolean last;

    pthread_mutex_lock(&jobs->mutex);
    last = --jobs->refs == 0;
    pthread_mutex_unlock(&jobs->mutex);
    if (!last)
        return;
    pthread_cond_destroy(&jobs->wake_worker);
    pthread_mutex_destroy(&jobs->mutex);
    g_main_context_unref(jobs->context);
    g_free(jobs);
}

/* With the mutex held. */
static void
hand_back(VccwJobs *jobs, Job *job)
{
    job->working = FALSE;
    if (!jobs->source) {
        job_free(job);
        return;
    }
    list_append(&jobs->finished, job);
    g_source_set_ready_time(jobs->source, 0);
}

/* With the mutex held: waits for work; NULL: there was none for long, or never will be.
 */
static Job *
wait_for_work(VccwJobs *jobs)
{
    struct timespec until;
    int timed_out = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    jobs->idle++;
    while (!jobs->ready.first && jobs->source && !timed_out)
        timed_out = pthread_cond_timedwait(&jobs->wake_worker, &jobs->mutex, &until);
    jobs->idle--;
    if (!jobs->ready.first)
        return NULL;
    jobs->n_ready--;
    return list_take(&jobs->ready);
}

static void
do_work(Job *job)
{
    if (job->work(job->data, &job->error)) {
        g_clear_error(&job->error);
        return;
    }
    if (!job->error)
        g_set_error(&job->error, VCCW_ERROR, VCCW_ERROR_INTERNAL,
                    "the work failed without saying why");
}

/* Signals are the main thread's: they must not interrupt a write into the kernel. */
static void
block_signals(void)
{
    static const int signals[] = { SIGHUP,  SIGINT,  SIGTERM, SIGQUIT,
                                   SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM };
    sigset_t set;

    sigemptyset(&set);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static gpointer
worker(gpointer data)
{
    VccwJobs *jobs = data;
    Job *job;

    block_signals();
    pthread_mutex_lock(&jobs->mutex);
    while ((job = wait_for_work(jobs))) {
        job->working = TRUE;
        pthread_mutex_unlock(&jobs->mutex);
        do_work(job);
        pthread_mutex_lock(&jobs->mutex);
        hand_back(jobs, job);
    }
    jobs->threads--;
    pthread_mutex_unlock(&jobs->mutex);
    jobs_unref(jobs);
    return NULL;
}

/* With the mutex held: makes a thread if no idle one is there for the ready jobs. */
static void
provide_thread(VccwJobs *jobs)
{
    g_autoptr(GError) error = NULL;
    GThread *thread;

    if (jobs->idle >= jobs->n_ready || jobs->threads >= THREADS_MAX)
        return;
    jobs->refs++;
    jobs->threads++;
    thread = g_thread_try_new("virtccw-job", worker, jobs, &error);
    if (thread) {
        g_thread_unref(thread);
        return;
    }
    g_debug("cannot make a thread: %s", error->message);
    jobs->threads--;
    jobs->refs--; /* never the last: the caller has one */
}

/* With the mutex held, and without any thread that could ever do the ready jobs. */
static void
give_up_ready(VccwJobs *jobs)
{
    Job *job;

    while ((job = list_take(&jobs->ready))) {
        g_set_error(&job->error, G_UNIX_ERROR, EAGAIN,
                    "cannot make a thread for the work: %s", g_strerror(EAGAIN));
        hand_back(jobs, job);
    }
    jobs->n_ready = 0;
}

static void
start_first(VccwJobs *jobs, Line *line)
{
    line->active = TRUE;
    pthread_mutex_lock(&jobs->mutex);
    list_append(&jobs->ready, g_queue_peek_head(&line->jobs));
    jobs->n_ready++;
    provide_thread(jobs);
    pthread_cond_signal(&jobs->wake_worker);
    if (jobs->threads == 0)
        give_up_ready(jobs);
    pthread_mutex_unlock(&jobs->mutex);
}

/* The first job of a line is over: tells so, then lets the next one start. */
static void
finish(VccwJobs *jobs, Job *job)
{
    Line *line = job->line;

    g_queue_pop_head(&line->jobs);
    jobs->busy--;
    vccw_source_clear(&job->deadline);
    job->done(job->data, job->error);
    if (job->free_data)
        job->free_data(job->data);
    job_free(job);
    if (!jobs->lines) /* one of the two has called vccw_jobs_free() */
        return;
    line->active = FALSE;
    if (g_queue_is_empty(&line->jobs))
        g_hash_table_remove(jobs->lines, line->key);
    else
        start_first(jobs, line);
}

typedef struct {
    GSource source;
    VccwJobs *jobs;
} FinishedSource;

/* One job at a time: other sources of the main loop get their turn between them. */
static gboolean
dispatch_finished(GSource *source, GSourceFunc callback, gpointer data)
{
    VccwJobs *jobs = ((FinishedSource *)source)->jobs;
    Job *job;

    pthread_mutex_lock(&jobs->mutex);
    job = list_take(&jobs->finished);
    if (!jobs->finished.first)
        g_source_set_ready_time(source, -1);
    if (job)
        jobs->refs++;
    pthread_mutex_unlock(&jobs->mutex);
    if (!job)
        return G_SOURCE_CONTINUE;
    finish(jobs, job);
    jobs_unref(jobs);
    return G_SOURCE_CONTINUE;
}

static GSource *
finished_source_new(VccwJobs *jobs)
{
    static GSourceFuncs functions = { .dispatch = dispatch_finished };
    GSource *source = g_source_new(&functions, sizeof(FinishedSource));

    ((FinishedSource *)source)->jobs = jobs;
    g_source_set_static_name(source, "virtccw jobs");
    g_source_set_can_recurse(source, TRUE);
    g_source_attach(source, jobs->context);
    return source;
}

VccwJobs *
vccw_jobs_new(void)
{
    VccwJobs *jobs = g_new0(VccwJobs, 1);
    pthread_condattr_t attributes;

    jobs->context = g_main_context_ref_thread_default();
    jobs->lines = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, line_free);
    jobs->refs = 1;
    pthread_mutex_init(&jobs->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&jobs->wake_worker, &attributes);
    pthread_condattr_destroy(&attributes);
    jobs->source = finished_source_new(jobs);
    return jobs;
}

/* With the mutex held: what a worker has at hand, that worker frees. */
static void
drop_line(Line *line)
{
    Job *job;

    while ((job = g_queue_pop_head(&line->jobs))) {
        vccw_source_clear(&job->deadline);
        if (!job->working)
            job_free(job);
    }
}

void
vccw_jobs_free(VccwJobs *jobs)
{
    GHashTableIter iter;
    gpointer line;

    if (!jobs)
        return;
    pthread_mutex_lock(&jobs->mutex);
    jobs->ready = jobs->finished = (JobList){ 0 };
    jobs->n_ready = 0;
    vccw_source_clear(&jobs->source);
    g_hash_table_iter_init(&iter, jobs->lines);
    while (g_hash_table_iter_next(&iter, NULL, &line))
        drop_line(line);
    pthread_cond_broadcast(&jobs->wake_worker);
    pthread_mutex_unlock(&jobs->mutex);
    g_clear_pointer(&jobs->lines, g_hash_table_unref);
    jobs_unref(jobs);
}

static gboolean
on_deadline(gpointer data)
{
    Job *job = data;

    g_clear_pointer(&job->deadline, g_source_unref);
    job->late(job->data);
    return G_SOURCE_REMOVE;
}

static GSource *
deadline_new(VccwJobs *jobs, guint deadline_ms, Job *job)
{
    GSource *source = g_timeout_source_new(deadline_ms);

    g_source_set_static_name(source, "virtccw job deadline");
    return vccw_source_attach(source, jobs->context, on_deadline, job);
}

static Line *
get_line(VccwJobs *jobs, const char *key)
{
    Line *line = g_hash_table_lookup(jobs->lines, key);

    if (line)
        return line;
    line = g_new0(Line, 1);
    line->key = g_strdup(key);
    g_hash_table_insert(jobs->lines, line->key, line);
    return line;
}

void
vccw_jobs_push(VccwJobs *jobs,
               const char *key,
               guint deadline_ms,
               VccwJobWork work,
               VccwJobDone done,
               VccwJobLate late,
               gpointer data,
               GDestroyNotify free_data)
{
    Line *line = get_line(jobs, key);
    Job *job = g_new0(Job, 1);

    job->line = line;
    job->work = work;
    job->done = done;
    job->late = late;
    job->data = data;
    job->free_data = free_data;
    if (late && deadline_ms > 0)
        job->deadline = deadline_new(jobs, deadline_ms, job);
    jobs->busy++;
    g_queue_push_tail(&line->jobs, job);
    if (!line->active)
        start_first(jobs, line);
}

guint
vccw_jobs_waiting(VccwJobs *jobs, const char *key)
{
    const Line *line = g_hash_table_lookup(jobs->lines, key);

    return line ? line->jobs.length : 0;
}

guint
vccw_jobs_busy(VccwJobs *jobs)
{
    return jobs->busy;
}
