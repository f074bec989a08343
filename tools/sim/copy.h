/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Copying a folder with all that is in it. */

/**
 * vccw_sim_copy_tree: copies what the caller may read, and silently leaves out the rest.
 * Permissions are kept, owners where that is allowed; sockets, pipes and devices are not
 * copied.
 * @from, @to: folders
 * @skip: NULL-ended names directly below @from that are left out
 */
void vccw_sim_copy_tree(int from, int to, const char *const *skip);
