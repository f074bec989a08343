/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every refusal is, whatever is refused. */

#include <string.h>
#include <virtccw/error.h>

static inline void
assert_sound(const GError *error)
{
    g_assert_nonnull(error);
    g_assert_true(error->domain == VCCW_ERROR);
    g_assert_cmpint(error->code, !=, VCCW_ERROR_INTERNAL);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    g_assert_null(strchr(error->message, '\n'));
}
