/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of faults. A rule is matched against every path that leads to the file, since
 * whoever writes a test thinks of the path that the program under test uses.
 */

#include "fault.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define ERRNO_MAX 133

void
vccw_sim_fault_unref(VccwSimFault *fault)
{
    if (!fault || !g_atomic_ref_count_dec(&fault->refs))
        return;
    g_free(fault->glob);
    g_free(fault->operation);
    g_free(fault);
}

void
vccw_sim_faults_init(VccwSimFaults *faults)
{
    faults->rules = g_ptr_array_new_with_free_func((GDestroyNotify)vccw_sim_fault_unref);
}

void
vccw_sim_faults_clear(VccwSimFaults *faults)
{
    vccw_sim_faults_lift(faults, NULL);
    g_clear_pointer(&faults->rules, g_ptr_array_unref);
}

static int
parse_errno(const char *name)
{
    for (int errnum = 1; errnum <= ERRNO_MAX; errnum++)
        if (g_strcmp0(strerrorname_np(errnum), name) == 0)
            return errnum;
    return 0;
}

/* Patterns are relative to /sys; "/dev/vfio/…" keeps its dev. */
static char *
normal(const char *glob)
{
    while (*glob == '/')
        glob++;
    if (g_str_has_prefix(glob, "sys/"))
        glob += strlen("sys/");
    return g_strdup(glob);
}

static gboolean
parse_effect(VccwSimFault *fault, const char *word)
{
    guint64 count;
    char *end;

    if (g_str_equal(word, "hang")) {
        fault->hang = TRUE;
        return TRUE;
    }
    if (g_str_equal(word, "errno=0")) /* only late, then as usual */
        return TRUE;
    if (g_str_has_prefix(word, "errno=")) {
        fault->errnum = parse_errno(word + strlen("errno="));
        return fault->errnum != 0;
    }
    if (g_str_has_prefix(word, "count=")) {
        if (!g_ascii_string_to_unsigned(word + strlen("count="), 10, 1, G_MAXUINT, &count,
                                        NULL))
            return FALSE;
        fault->left = count;
        return TRUE;
    }
    if (g_str_has_prefix(word, "delay=")) {
        double seconds = g_ascii_strtod(word + strlen("delay="), &end);

        fault->delay = seconds * G_USEC_PER_SEC;
        return !*end && seconds > 0 && seconds < 1e6;
    }
    return FALSE;
}

gboolean
vccw_sim_faults_add(VccwSimFaults *faults, const char *const *words, GError **error)
{
    static const char *const operations[] = { "read", "write", "open", NULL };
    g_autoptr(VccwSimFault) fault = g_new0(VccwSimFault, 1);

    g_atomic_ref_count_init(&fault->refs);
    if (!words[0] || !words[1] || !words[2]) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "write: fault PATHGLOB read|write|open [errno=NAME] [count=N] "
                    "[delay=SECONDS] | hang");
        return FALSE;
    }
    if (!g_strv_contains(operations, words[1])) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "'%s' is none of read, write, open", words[1]);
        return FALSE;
    }
    fault->glob = normal(words[0]);
    fault->operation = g_strdup(words[1]);
    for (const char *const *word = words + 2; *word; word++) {
        if (parse_effect(fault, *word))
            continue;
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "'%s' is none of errno=NAME, count=N, delay=SECONDS, hang", *word);
        return FALSE;
    }
    g_ptr_array_add(faults->rules, g_steal_pointer(&fault));
    return TRUE;
}

guint
vccw_sim_faults_lift(VccwSimFaults *faults, const char *glob)
{
    g_autofree char *wanted = glob ? normal(glob) : NULL;
    guint lifted = 0;

    for (guint i = faults->rules->len; i-- > 0;) {
        VccwSimFault *fault = g_ptr_array_index(faults->rules, i);

        if (wanted && !g_str_equal(fault->glob, wanted))
            continue;
        fault->lifted = TRUE;
        g_ptr_array_remove_index(faults->rules, i);
        lifted++;
    }
    return lifted;
}

static gboolean
concerns(const VccwSimFault *fault, const char *operation, const GPtrArray *paths)
{
    if (fault->spent || !g_str_equal(fault->operation, operation))
        return FALSE;
    for (guint i = 0; i < paths->len; i++)
        if (fnmatch(fault->glob, g_ptr_array_index(paths, i), 0) == 0)
            return TRUE;
    return FALSE;
}

VccwSimFault *
vccw_sim_faults_match(VccwSimFaults *faults,
                      const char *operation,
                      const GPtrArray *paths)
{
    for (guint i = 0; i < faults->rules->len; i++) {
        VccwSimFault *fault = g_ptr_array_index(faults->rules, i);

        if (!concerns(fault, operation, paths))
            continue;
        g_atomic_ref_count_inc(&fault->refs);
        /* One that hangs stays, so that it can be lifted; but it lets later ones pass. */
        fault->spent = fault->left && --fault->left == 0;
        if (fault->spent && !fault->hang)
            g_ptr_array_remove_index(faults->rules, i);
        return fault;
    }
    return NULL;
}
