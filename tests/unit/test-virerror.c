/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every error of ours has a libvirt code; hostile text cannot break a message. */

#include "base/io.h"
#include "driver/virerror.h"
#include <errno.h>
#include <glib-unix.h>
#include <libvirt/virterror.h>
#include <virtccw/error.h>

static void
test_every_code(void)
{
    for (int code = VCCW_ERROR_INTERNAL; code <= VCCW_ERROR_CONFLICT; code++) {
        g_autoptr(GError) error = g_error_new(VCCW_ERROR, code, "detail %d", code);
        g_autoptr(VccwVirError) virerror = vccw_virerror_new(error);

        g_assert_cmpint(virerror->code, >, VIR_ERR_OK);
        g_assert_cmpint(virerror->domain, >, VIR_FROM_NONE);
        g_assert_cmpint(virerror->level, ==, VIR_ERR_ERROR);
        g_assert_cmpstr(virerror->detail, ==, error->message);
        g_assert_true(g_str_has_suffix(virerror->message, error->message));
        if (code != VCCW_ERROR_INTERNAL)
            g_assert_cmpint(virerror->code, !=, VIR_ERR_INTERNAL_ERROR);
    }
}

static void
test_errno(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwVirError) virerror = NULL;

    vccw_set_errno(&error, ENOSPC, "cannot write '%s'", "x");
    virerror = vccw_virerror_new(error);
    g_assert_cmpint(virerror->code, ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_cmpint(virerror->errnum, ==, ENOSPC);
    g_assert_true(g_str_has_prefix(virerror->message, "cannot write 'x': "));
}

static void
test_hostile_text(void)
{
    static const char fills[] = { 'a', '\xff', '\xe2' };
    g_autoptr(GError) broken =
        g_error_new_literal(VCCW_ERROR, VCCW_ERROR_RPC, "name '\xff\xc0' is odd");
    g_autoptr(VccwVirError) broken_virerror = vccw_virerror_new(broken);

    for (gsize i = 0; i < G_N_ELEMENTS(fills); i++) {
        g_autofree char *longest = g_strnfill(8 * 1024 * 1024, fills[i]);
        g_autoptr(GError) big =
            g_error_new_literal(VCCW_ERROR, VCCW_ERROR_XML_SCHEMA, longest);
        g_autoptr(VccwVirError) big_virerror = vccw_virerror_new(big);

        g_assert_cmpuint(strlen(big_virerror->message), <=, 16 * 1024);
        g_assert_true(g_utf8_validate(big_virerror->message, -1, NULL));
    }
    g_assert_true(g_utf8_validate(broken_virerror->message, -1, NULL));
    g_assert_nonnull(strstr(broken_virerror->message, "is odd"));
}

/* A message alone, as another program printed it, tells the error again. */
static void
test_read(void)
{
    for (int code = VCCW_ERROR_INTERNAL; code <= VCCW_ERROR_NO_SUPPORT; code++) {
        g_autoptr(GError) error = g_error_new(VCCW_ERROR, code, "it is so");
        g_autoptr(VccwVirError) told = vccw_virerror_new(error);
        g_autoptr(GError) read = vccw_virerror_read(told->message);

        g_assert_cmpstr(read->message, ==, "it is so");
        if (g_str_equal(told->message, told->detail)) /* it has no phrase of its own */
            g_assert_error(read, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED);
        else
            g_assert_error(read, VCCW_ERROR, code);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virerror/every-code", test_every_code);
    g_test_add_func("/virerror/errno", test_errno);
    g_test_add_func("/virerror/hostile-text", test_hostile_text);
    g_test_add_func("/virerror/read", test_read);
    return g_test_run();
}
