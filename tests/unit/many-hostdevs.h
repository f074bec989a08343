/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest with many channel devices, for what has to stay fast then. */

#include <glib.h>

/* Returns: (transfer full): a <domain> with @count hostdevs that have no address. */
static inline char *
many_hostdevs(guint count)
{
    GString *text =
        g_string_new("<domain type='qemu'><name>many</name><memory>262144"
                     "</memory><os><type arch='s390x' machine='s390-ccw-virtio'>"
                     "hvm</type></os><devices>");

    for (guint i = 0; i < count; i++) {
        g_string_append_printf(
            text,
            "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>"
            "<source><address uuid='%08x-e163-4922-af60-757fc8ed48c6'/>"
            "</source></hostdev>",
            i);
    }
    g_string_append(text, "</devices></domain>");
    return g_string_free(text, FALSE);
}
