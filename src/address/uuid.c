/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * UUIDs. Documents may write them as freely as libvirt allows; files, sysfs entries and
 * our own output have one form only.
 */

#include "address/scan.h"
#include "base/hash.h"
#include "base/quote.h"

#include <string.h>
#include <unistd.h>
#include <virtccw/error.h>

static gboolean
refuse(const char *text, const char *wrong, const char *form, GError **error)
{
    g_autofree char *quoted = vccw_quote(text, VCCW_QUOTE_VALUE);

    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG, "%s is not a UUID: %s; %s",
                quoted, wrong, form);
    return FALSE;
}

static const char *
skip_space(const char *p)
{
    while (g_ascii_isspace(*p))
        p++;
    return p;
}

gboolean
vccw_uuid_parse(const char *text, VccwUuid *ret_uuid, GError **error)
{
    static const char form[] = "write 32 hexadecimal digits, with or without dashes";
    const char *p = skip_space(text);
    VccwUuid uuid;

    for (guint i = 0; i < G_N_ELEMENTS(uuid.bytes); i++) {
        while (*p == '-' || *p == ' ')
            p++;
        if (vccw_scan_byte(&p, &uuid.bytes[i]))
            return refuse(text, "it is not made of 16 bytes of two digits", form, error);
    }
    if (*skip_space(p))
        return refuse(text, "text follows the 32 digits", form, error);
    *ret_uuid = uuid;
    return TRUE;
}

gboolean
vccw_uuid_parse_canonical(const char *text, VccwUuid *ret_uuid, GError **error)
{
    static const char form[] = "write it as 01234567-89ab-cdef-0123-456789abcdef";
    const char *p = text;
    VccwUuid uuid;
    const char *wrong = vccw_scan_uuid(&p, '-', &uuid);

    if (!wrong && *p)
        wrong = "text follows the 32 digits";
    if (!wrong && strpbrk(text, "ABCDEF"))
        wrong = "it has upper-case digits";
    if (wrong)
        return refuse(text, wrong, form, error);
    *ret_uuid = uuid;
    return TRUE;
}

/* A guest may have thousands: printf would take most of the time. */
char *
vccw_uuid_to_string(const VccwUuid *uuid)
{
    static const char digits[] = "0123456789abcdef";
    char *text = g_malloc(2 * sizeof(uuid->bytes) + 4 + 1);
    char *at = text;

    for (guint i = 0; i < sizeof(uuid->bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[uuid->bytes[i] >> 4];
        *at++ = digits[uuid->bytes[i] & 0xf];
    }
    *at = '\0';
    return text;
}

void
vccw_uuid_random(VccwUuid *ret_uuid)
{
    guint8 *bytes = ret_uuid->bytes;

    /* Without the kernel's numbers (a strict seccomp filter), GLib's do: a UUID is no
     * secret. */
    if (getentropy(bytes, sizeof ret_uuid->bytes) < 0)
        for (guint i = 0; i < sizeof ret_uuid->bytes; i++)
            bytes[i] = g_random_int_range(0, 256);
    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
    bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 4122 */
}

gboolean
vccw_uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(VccwUuid)) == 0;
}

guint
vccw_uuid_hash(gconstpointer uuid)
{
    return vccw_hash_bytes(uuid, sizeof(VccwUuid));
}
