/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/text-task.h"
#include <virtccw/error.h>

#define JOBS        "text"
#define WAITING_MAX 64

typedef struct {
    VccwCall *call;       /* for the main loop */
    const VccwArgs *args; /* the call's, which stay as long as it does */
    const char *what;
    VccwTextWork work;
    char *answer;
} TextTask;

static void
task_free(gpointer data)
{
    TextTask *task = data;

    vccw_call_unref(task->call);
    g_free(task->answer);
    g_free(task);
}

static gboolean
work(gpointer data, GError **error)
{
    TextTask *task = data;

    task->answer = task->work(task->args, error);
    return task->answer != NULL;
}

static void
done(gpointer data, const GError *error)
{
    TextTask *task = data;

    if (error)
        vccw_call_fail(task->call, error);
    else
        vccw_call_return_string(task->call, g_steal_pointer(&task->answer));
}

static void
late(gpointer data)
{
    TextTask *task = data;

    vccw_call_fail_take(task->call,
                        g_error_new(VCCW_ERROR, VCCW_ERROR_TIMEOUT,
                                    "cannot %s in time: try again later", task->what));
}

void
vccw_text_task_run(VccwCall *call, const char *what, VccwTextWork work_)
{
    VccwDriver *driver = vccw_call_driver(call);
    VccwJobs *jobs = vccw_driver_jobs(driver);
    TextTask *task;

    if (vccw_jobs_waiting(jobs, JOBS) >= WAITING_MAX) {
        vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_BUSY,
                                              "cannot %s: %d others wait for the like "
                                              "already; try again later",
                                              what, WAITING_MAX));
        return;
    }
    task = g_new0(TextTask, 1);
    task->call = vccw_call_ref(call);
    task->args = vccw_call_args(call);
    task->what = what;
    task->work = work_;
    vccw_jobs_push(jobs, JOBS, vccw_driver_timeout_ms(driver), work, done, late, task,
                   task_free);
}
