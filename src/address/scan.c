/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Digits are looked at one by one instead of with strtoul(), which would take blanks,
 * signs and "0x", and any number of digits.
 */

#include "address/scan.h"

#define WRONG_CSSID \
    "the channel-subsystem ID is not one or two hexadecimal digits from 0 to fe"
#define WRONG_SSID      "the subchannel-set ID is not a digit from 0 to 3"
#define WRONG_DEVNO     "the number at the end is not four hexadecimal digits"
#define WRONG_SEPARATOR "it is not three numbers with the right separators"
#define WRONG_UUID      "the UUID is not 8, 4, 4, 4 and 12 hexadecimal digits"

/* Reads @min to @max hexadecimal digits; returns how many, or 0 if they are fewer. */
static guint
scan_hex(const char **cursor, guint min, guint max, guint *ret_value)
{
    guint value = 0;
    guint n = 0;

    while (n < max && g_ascii_isxdigit((*cursor)[n]))
        value = value << 4 | (guint)g_ascii_xdigit_value((*cursor)[n++]);
    if (n < min)
        return 0;
    *cursor += n;
    *ret_value = value;
    return n;
}

static gboolean
scan_char(const char **cursor, char c)
{
    if (**cursor != c)
        return FALSE;
    (*cursor)++;
    return TRUE;
}

const char *
vccw_scan_bus_id(const char **cursor, char separator, VccwBusId *ret_id)
{
    const char *p = *cursor;
    guint cssid, ssid, devno;
    guint digits = scan_hex(&p, 1, 2, &cssid);

    /* Two digits only where one would not do: each address has one name. */
    if (digits == 0 || cssid > VCCW_CSSID_MAX || (digits == 2 && cssid <= 0xf))
        return WRONG_CSSID;
    if (!scan_char(&p, separator))
        return WRONG_SEPARATOR;
    if (!scan_hex(&p, 1, 1, &ssid) || ssid > VCCW_SSID_MAX)
        return WRONG_SSID;
    if (!scan_char(&p, separator))
        return WRONG_SEPARATOR;
    if (!scan_hex(&p, 4, 4, &devno))
        return WRONG_DEVNO;
    *cursor = p;
    *ret_id = (VccwBusId){ .cssid = cssid, .ssid = ssid, .devno = devno };
    return NULL;
}

const char *
vccw_scan_byte(const char **cursor, guint8 *ret_byte)
{
    guint byte;

    if (!scan_hex(cursor, 2, 2, &byte))
        return WRONG_UUID;
    *ret_byte = byte;
    return NULL;
}

static gboolean
is_group_start(guint byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

const char *
vccw_scan_uuid(const char **cursor, char separator, VccwUuid *ret_uuid)
{
    const char *p = *cursor;
    VccwUuid uuid;

    for (guint i = 0; i < G_N_ELEMENTS(uuid.bytes); i++) {
        if (is_group_start(i) && !scan_char(&p, separator))
            return WRONG_UUID;
        if (vccw_scan_byte(&p, &uuid.bytes[i]))
            return WRONG_UUID;
    }
    *cursor = p;
    *ret_uuid = uuid;
    return NULL;
}
