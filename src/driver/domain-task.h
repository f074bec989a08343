/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A task is a call's change of a domain's definition, in a worker thread. All of these
 * run one after another: names and UUIDs are unique over all domains, so each must know
 * what the one before it did. Then the main loop brings the store up to date, tells of
 * the change, and answers.
 */

#include "domain/store.h"
#include "driver/call.h"

G_BEGIN_DECLS

#define VCCW_DOMAIN_JOBS "domains" /* the key of all jobs that change domains */

/** VccwDomainTask: what a worker thread may read and write; it never touches driver,
 * session or call. */
typedef struct _VccwDomainTask VccwDomainTask;

/**
 * VccwDomainWork: runs in a worker thread; to find domains in task->store is safe there.
 * It sets before, touched, after and gone.
 *
 * Returns: FALSE with an error.
 */
typedef gboolean (*VccwDomainWork)(VccwDomainTask *task, GError **error);

/** VccwDomainAnswer: what a task answers with. */
typedef enum {
    VCCW_DOMAIN_ANSWER_NONE,
    VCCW_DOMAIN_ANSWER_DOMAIN, /* the domain */
    VCCW_DOMAIN_ANSWER_ZERO,   /* the number 0 */
} VccwDomainAnswer;

/** VccwDomainNews: what a task's success is to others. */
typedef enum {
    VCCW_DOMAIN_NEWS_NONE,
    VCCW_DOMAIN_NEWS_DEFINED,   /* defined, newly or anew */
    VCCW_DOMAIN_NEWS_UNDEFINED, /* no longer defined */
    VCCW_DOMAIN_NEWS_RENAMED,   /* the one under its old name, the other under its new */
    VCCW_DOMAIN_NEWS_METADATA,  /* title, description or metadata changed */
} VccwDomainNews;

struct _VccwDomainTask {
    VccwCall *call;
    const VccwArgs *args; /* of the call */
    const VccwDomainStore *store;
    const char *dir;
    const char *verb; /* what is being done, for messages: "define" */
    VccwDomainWork work;
    VccwDomainAnswer answer;
    VccwDomainNews news;

    /* By the work: */
    char *touched[2];            /* names of domains whose files it may have changed */
    VccwDomainDefinition *after; /* after success: the definition as it is now, or NULL */
    char *gone;                  /* after success: a name that is no longer there */

    /*< private >*/
    gboolean
        looked[2]; /* after a failure: touched[i] was looked at, and found[i] is it */
    VccwDomainDefinition *found[2];
};

/**
 * vccw_domain_task_new: Returns: (transfer full): a task for @call.
 * @verb: what is being done, for messages
 */
VccwDomainTask *vccw_domain_task_new(VccwCall *call,
                                     const char *verb,
                                     VccwDomainWork work,
                                     VccwDomainAnswer answer,
                                     VccwDomainNews news);

/** vccw_domain_task_run: Queues the task, which is taken over; the call is answered by
 * it.
 */
void vccw_domain_task_run(VccwDomainTask *task);

/**
 * vccw_domain_task_find: Finds the domain that a call is about. For the work.
 *
 * Returns: (transfer none): its definition; NULL with VCCW_ERROR_NO_DOMAIN.
 */
const VccwDomainDefinition *vccw_domain_task_find(VccwDomainTask *task, GError **error);

/**
 * vccw_domain_reload: Has the definitions read anew, and the changes told.
 */
void vccw_domain_reload(VccwDriver *driver);

/**
 * vccw_domain_load: Reads the definitions at the start; blocks, and tells nobody.
 */
void vccw_domain_load(VccwDomainStore *store);

G_END_DECLS
