/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names of the errors that a refused document may give, for golden files. */

#include <glib.h>
#include <virtccw/error.h>

static inline const char *
error_name(const GError *error)
{
    static const struct {
        VccwError code;
        const char *name;
    } names[] = {
        { VCCW_ERROR_XML_SYNTAX, "XML_SYNTAX" },
        { VCCW_ERROR_XML_CONTENT, "XML_CONTENT" },
        { VCCW_ERROR_XML_SCHEMA, "XML_SCHEMA" },
        { VCCW_ERROR_TOO_LARGE, "TOO_LARGE" },
        { VCCW_ERROR_CONFIG_UNSUPPORTED, "CONFIG_UNSUPPORTED" },
    };

    g_assert_true(error->domain == VCCW_ERROR);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].code == (VccwError)error->code)
            return names[i].name;
    }
    g_assert_not_reached();
}
