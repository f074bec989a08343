/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * When a registration begins.
 *
 * A subchannel registers when its driver begins to offer types of mediated device: the
 * folder mdev_supported_types appears, then the uevent "change" with
 * MDEV_STATE=registered follows. It ends with the folder's going, then
 * MDEV_STATE=unregistered. Definitions that start by themselves are started once per
 * registration, so each must be reported once, although it shows twice: to whoever reads
 * sysfs (a scan, a refresh after our own write) and to whoever reads uevents, in either
 * order.
 *
 * The rule: sysfs decides. A registration has begun if
 *
 *   1. the folder is there and was not at the last reading; or
 *   2. it is there and was there, but in between the kernel has said "unregistered": one
 *      ended and another began while nobody looked; or
 *   3. it is there and was there, uevents were lost in between, and it is not the same
 *      folder: sysfs does not give an inode number twice.
 *
 * The uevent "registered" itself only leads to a reading. If that has been done already,
 * nothing has changed since, and nothing is reported.
 *
 * In 2, "in between" goes by the numbers of the uevents. Each reading notes the number of
 * the newest uevent just before it (/sys/kernel/uevent_seqnum), and an "unregistered"
 * that is not newer is an old story, which that reading has already taken into account:
 * so after an unbind and a bind of our own, each followed by a refresh, the two uevents
 * that come last tell nothing new. Where the kernel does not show that number, every
 * "unregistered" counts as news.
 */

#include "css/news.h"

void
vccw_news_add(VccwNews *news, const VccwUevent *uevent)
{
    if (!g_str_equal(uevent->action, "change"))
        return;
    if (!uevent->mdev_state)
        news->changed = TRUE;
    else if (g_str_equal(uevent->mdev_state, "unregistered"))
        news->unregistered = MAX(news->unregistered, uevent->number);
}

gboolean
vccw_news_begins_registration(const VccwNews *news,
                              const VccwSubchannelRecord *before,
                              const VccwSubchannelRecord *now)
{
    if (!now->shown.registered)
        return FALSE;
    if (!before || !before->shown.registered)
        return TRUE;
    if (news->unregistered > before->as_of)
        return TRUE;
    return news->lost && now->types_inode != before->types_inode;
}
