/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Errors and messages as libvirt's own drivers raise and log theirs. */

#include "driver/virerror.h"
#include <glib.h>

G_BEGIN_DECLS

/** vccw_raise: Makes @error the calling thread's last error, and logs it. */
void vccw_raise(const VccwVirError *error);

/** vccw_raise_take: the same with a GError, which is taken over. */
void vccw_raise_take(GError *error);

/** vccw_raise_refusal: Makes @error, which is taken over, the last error, for when the
 * release of libvirt is not known: by that one of its private functions which is the
 * least likely to change. Not logged. */
void vccw_raise_refusal(GError *error);

/** vccw_raise_log: Has what virtccw says go to libvirt's log, and not to the
 * application's standard error. */
void vccw_raise_log(void);

G_END_DECLS
