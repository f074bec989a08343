/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What uevents have told about one node since it was last read.
 */

#include "css/record.h"
#include "css/uevent.h"

G_BEGIN_DECLS

/** VccwNews: the sum of any number of uevents of one node; all zero is none. @lost and
 * @settled come from the reader. */
typedef struct {
    gboolean changed;     /* attributes changed that the inventory does not keep */
    guint64 unregistered; /* number of the last uevent MDEV_STATE=unregistered, or 0 */
    gboolean lost;        /* uevents were lost: anything may have happened */
    gboolean settled;     /* it had time to come to rest: what is read now is how it is */
} VccwNews;

/** vccw_news_add: Adds what @uevent tells to @news. */
void vccw_news_add(VccwNews *news, const VccwUevent *uevent);

/**
 * vccw_news_begins_registration:
 * @news: what was told between the two readings, or later
 * @before: (nullable): the subchannel as it was read last, NULL if it was not there
 * @now: the subchannel as it is
 *
 * Returns: whether a registration has begun between @before and @now.
 */
gboolean vccw_news_begins_registration(const VccwNews *news,
                                       const VccwSubchannelRecord *before,
                                       const VccwSubchannelRecord *now);

G_END_DECLS
