/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The fields that names are made of, read off a cursor.
 *
 * Each function returns NULL and moves the cursor behind what it read, or returns what is
 * wrong, as the end of a sentence, and leaves cursor and result as they were. None looks
 * behind the terminating NUL, because none looks behind a character that it did not
 * accept.
 */

#include <virtccw/address.h>

G_BEGIN_DECLS

/**
 * vccw_scan_bus_id: Reads C, @separator, S, @separator, NNNN.
 * @cursor: (inout): where to read
 */
const char *vccw_scan_bus_id(const char **cursor, char separator, VccwBusId *ret_id);

/**
 * vccw_scan_uuid: Reads a UUID of the form 8-4-4-4-12, with @separator for the dash.
 * @cursor: (inout): where to read
 */
const char *vccw_scan_uuid(const char **cursor, char separator, VccwUuid *ret_uuid);

/**
 * vccw_scan_byte: Reads two hexadecimal digits.
 * @cursor: (inout): where to read
 */
const char *vccw_scan_byte(const char **cursor, guint8 *ret_byte);

G_END_DECLS
