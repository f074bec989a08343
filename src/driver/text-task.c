/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/text-task.h"
#include <virtccw/error.h>

#define COMPUTING   "text" /* the line of what needs no emulator */
#define WAITING_MAX 64     /* in one line */

static void
task_free(gpointer data)
{
    VccwTextTask *task = data;

    if (!task) /* handed on */
        return;
    if (task->free_data)
        task->free_data(task->data);
    vccw_call_unref(task->call);
    g_free(task->line);
    g_free(task->answer);
    g_free(task);
}

/* A task on its way through one line; @task is NULL once it has been handed on. */
typedef struct {
    VccwTextTask *task;
} Turn;

static gboolean
work(gpointer data, GError **error)
{
    VccwTextTask *task = ((Turn *)data)->task;

    task->answer = task->work(task, error);
    return task->answer || task->line;
}

static void queue(VccwTextTask *task);

static void
done(gpointer data, const GError *error)
{
    Turn *turn = data;
    VccwTextTask *task = turn->task;

    if (error)
        vccw_call_fail(task->call, error);
    else if (task->answer)
        vccw_call_return_string(task->call, g_steal_pointer(&task->answer));
    else
        queue(g_steal_pointer(&turn->task));
}

static void
late(gpointer data)
{
    VccwTextTask *task = ((Turn *)data)->task;

    vccw_call_fail_take(task->call,
                        g_error_new(VCCW_ERROR, VCCW_ERROR_TIMEOUT,
                                    "cannot %s in time: try again later", task->what));
}

static void
turn_free(gpointer data)
{
    Turn *turn = data;

    task_free(turn->task);
    g_free(turn);
}

/* Has the task stand in line where it says. */
static void
queue(VccwTextTask *task)
{
    VccwJobs *jobs = vccw_driver_jobs(vccw_call_driver(task->call));
    g_autofree char *line = g_steal_pointer(&task->line);
    gint64 left = (task->deadline - g_get_monotonic_time()) / 1000;
    Turn *turn;

    if (vccw_jobs_waiting(jobs, line) >= WAITING_MAX) {
        vccw_call_fail_take(task->call,
                            g_error_new(VCCW_ERROR, VCCW_ERROR_BUSY,
                                        "cannot %s: %d others wait for the like already; "
                                        "try again later",
                                        task->what, WAITING_MAX));
        task_free(task);
        return;
    }
    turn = g_new(Turn, 1);
    turn->task = task;
    vccw_jobs_push(jobs, line, (guint)MAX(left, 1), work, done, late, turn, turn_free);
}

static VccwTextTask *
new_task(VccwCall *call, const char *what, VccwTextWork work_)
{
    guint timeout = vccw_driver_timeout_ms(vccw_call_driver(call));
    VccwTextTask *task = g_new0(VccwTextTask, 1);

    task->call = vccw_call_ref(call);
    task->args = vccw_call_args(call);
    task->what = what;
    task->work = work_;
    task->line = g_strdup(COMPUTING);
    task->deadline = g_get_monotonic_time() + (gint64)timeout * 1000;
    return task;
}

void
vccw_text_task_run(VccwCall *call, const char *what, VccwTextWork work_)
{
    queue(new_task(call, what, work_));
}

void
vccw_text_task_run_with(VccwCall *call,
                        const char *what,
                        VccwTextWork work_,
                        gpointer data,
                        GDestroyNotify free_data)
{
    VccwTextTask *task = new_task(call, what, work_);

    task->data = data;
    task->free_data = free_data;
    queue(task);
}

void
vccw_text_task_ask(VccwTextTask *task, const char *emulator, VccwTextWork then)
{
    g_autofree char *path =
        emulator && *emulator == '/' ? g_canonicalize_filename(emulator, "/") : NULL;

    g_free(task->line);
    task->line = g_strconcat("emulator ", path ? path : emulator, NULL);
    task->work = then;
}

void
vccw_text_task_run_asking(VccwCall *call,
                          const char *what,
                          const char *emulator,
                          VccwTextWork work_)
{
    VccwTextTask *task = new_task(call, what, work_);

    vccw_text_task_ask(task, emulator, work_);
    queue(task);
}
