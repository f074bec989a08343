/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Work that may block, off the main loop.
 *
 * A job has a key, the name of the thing that it changes. Jobs with the same key run one
 * after another in the order of their pushing; others run side by side. So a write that
 * hangs in the kernel delays only its own device, and a second write to that device never
 * starts before the first is over.
 */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _VccwJobs VccwJobs;

/**
 * VccwJobWork: the part that may block; runs in a worker thread.
 *
 * Returns: FALSE with an error, which is handed to VccwJobDone.
 */
typedef gboolean (*VccwJobWork)(gpointer data, GError **error);

/**
 * VccwJobDone: runs in the main loop, exactly once for each job.
 * @error: (nullable): what the work failed with
 */
typedef void (*VccwJobDone)(gpointer data, const GError *error);

/**
 * VccwJobLate: runs in the main loop, at most once and before VccwJobDone, when a job's
 * deadline passes while it waits for its turn or works. The job goes on all the same.
 */
typedef void (*VccwJobLate)(gpointer data);

/**
 * vccw_jobs_new: Returns: (transfer full): an empty queue of jobs, bound to the default
 *   main context of the calling thread. Threads are made when they are needed.
 */
VccwJobs *vccw_jobs_new(void);

/**
 * vccw_jobs_free: Forgets @jobs without waiting for work that hangs: neither VccwJobDone
 * nor the GDestroyNotify of unfinished jobs is called. Only for the end of the process,
 * after vccw_jobs_busy() said how much is left. NULL is fine.
 */
void vccw_jobs_free(VccwJobs *jobs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwJobs, vccw_jobs_free)

/**
 * vccw_jobs_push: Queues a job.
 * @key: the thing that the job changes (copied)
 * @deadline_ms: milliseconds from now until @late is called, or 0 for never
 * @work: the part that may block
 * @done: called when @work has returned
 * @late: (nullable): called at the deadline if the job is not done
 * @data: handed to all three
 * @free_data: (nullable): releases @data, in the main loop, after @done
 *
 * The next job of a key starts after @done and @free_data of the one before. Where no
 * thread can be made at all, the work is not begun and @done gets G_UNIX_ERROR with
 * EAGAIN. This and the other functions here may also be called from @done, @late and
 * @free_data.
 */
void vccw_jobs_push(VccwJobs *jobs,
                    const char *key,
                    guint deadline_ms,
                    VccwJobWork work,
                    VccwJobDone done,
                    VccwJobLate late,
                    gpointer data,
                    GDestroyNotify free_data);

/**
 * vccw_jobs_waiting: Returns: the number of jobs of @key that are not done, the one at
 * work among them.
 */
guint vccw_jobs_waiting(VccwJobs *jobs, const char *key);

/**
 * vccw_jobs_busy: Returns: the number of jobs that are not done; a job whose VccwJobDone
 * has begun does not count.
 */
guint vccw_jobs_busy(VccwJobs *jobs);

G_END_DECLS
