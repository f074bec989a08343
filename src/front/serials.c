/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/serials.h"

static guint
count(const VccwSerials *serials, guint32 serial)
{
    if (!serials->calls)
        return 0;
    return GPOINTER_TO_UINT(
        g_hash_table_lookup(serials->calls, GUINT_TO_POINTER(serial)));
}

static void
set_count(VccwSerials *serials, guint32 serial, guint n)
{
    if (n)
        g_hash_table_insert(serials->calls, GUINT_TO_POINTER(serial),
                            GUINT_TO_POINTER(n));
    else
        g_hash_table_remove(serials->calls, GUINT_TO_POINTER(serial));
}

void
vccw_serials_add(VccwSerials *serials, guint32 serial)
{
    if (!serials->calls)
        serials->calls = g_hash_table_new(NULL, NULL);
    set_count(serials, serial, count(serials, serial) + 1);
    serials->n++;
}

void
vccw_serials_remove(VccwSerials *serials, guint32 serial)
{
    guint n = count(serials, serial);

    if (!n)
        return;
    set_count(serials, serial, n - 1);
    serials->n--;
}

gboolean
vccw_serials_contain(const VccwSerials *serials, guint32 serial)
{
    return count(serials, serial) > 0;
}

void
vccw_serials_clear(VccwSerials *serials)
{
    g_clear_pointer(&serials->calls, g_hash_table_unref);
    serials->n = 0;
}
