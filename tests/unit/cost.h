/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What something costs: the processor's time of the thread, and limits for it. */

#include <glib.h>
#include <stdlib.h>
#include <time.h>

#ifndef __has_feature /* clang's; gcc has the macros */
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

static inline double
cpu_ms(void)
{
    struct timespec t;

    g_assert_cmpint(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), ==, 0);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* @ms on an idle machine. On a busy one others use the processor's caches, too, and
 * sanitizers and emulated processors take their time. */
static inline double
cost_limit(double ms)
{
    double load = 0;

    if (g_getenv("VIRTCCW_LAB"))
        return 100 * ms;
    if (SANITIZED)
        ms *= 20;
    if (getloadavg(&load, 1) != 1)
        return ms;
    return ms * (1 + MIN(load / g_get_num_processors(), 3));
}
