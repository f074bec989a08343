/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Asks polkit, over the system bus, whether a process may do something; nothing waits. */

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _VccwPolkit VccwPolkit;
typedef struct _VccwPolkitQuestion VccwPolkitQuestion;

/** VccwPolkitAnswer: what polkit said. */
typedef enum {
    VCCW_POLKIT_YES,
    VCCW_POLKIT_NO,
    VCCW_POLKIT_DISMISSED, /* the person closed the dialog */
    VCCW_POLKIT_NO_AGENT,  /* a person has to be asked, and nothing can ask */
    VCCW_POLKIT_UNKNOWN,   /* polkit could not be asked, or its answer not understood */
} VccwPolkitAnswer;

/** VccwPolkitDetail: what polkit's rules may look at besides. */
typedef struct {
    const char *key; /* NULL behind the last */
    const char *value;
} VccwPolkitDetail;

/** VccwPolkitFunc: told the answer.
 * @detail: why it is VCCW_POLKIT_UNKNOWN, else NULL */
typedef void (*VccwPolkitFunc)(VccwPolkitAnswer answer,
                               const char *detail,
                               gpointer data);

/** vccw_polkit_new: Returns: (transfer full): a way to ask; the bus is connected to with
 * the first question, and again when it was lost. */
VccwPolkit *vccw_polkit_new(void);

/** vccw_polkit_free: Its questions must be gone. NULL is fine. */
void vccw_polkit_free(VccwPolkit *polkit);

/**
 * vccw_polkit_ask: Asks whether a process may do @action.
 * @start: of the process, in clock ticks since the boot
 * @details: (nullable): of the action; then no person is asked
 * @func: called once, never before this function returns, unless the question is ended
 *
 * Returns: (transfer full): the question.
 */
VccwPolkitQuestion *vccw_polkit_ask(VccwPolkit *polkit,
                                    pid_t pid,
                                    guint64 start,
                                    uid_t uid,
                                    const char *action,
                                    const VccwPolkitDetail *details,
                                    VccwPolkitFunc func,
                                    gpointer data);

/** vccw_polkit_question_free: Ends a question, answered or not. NULL is fine. */
void vccw_polkit_question_free(VccwPolkitQuestion *question);

G_END_DECLS
