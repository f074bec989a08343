/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hashes of what strangers write. Names that all have one hash are easily made for
 * g_str_hash(), and a table of thousands of them takes seconds; so the hash depends on a
 * key that nobody outside of the process knows: SipHash-2-4 by Aumasson and Bernstein
 * (https://cr.yp.to/siphash/siphash-20120918.pdf).
 */

#include <glib.h>

G_BEGIN_DECLS

/**
 * vccw_hash_with_key:
 * @key: two numbers, of which the first has the first eight bytes of SipHash's key
 *
 * Returns: SipHash-2-4 of @data.
 */
guint64 vccw_hash_with_key(const guint64 key[2], gconstpointer data, gsize size);

/** vccw_hash_bytes: Returns: a hash that is the same for the same bytes in this process.
 */
guint vccw_hash_bytes(gconstpointer data, gsize size);

/** vccw_hash_string: GHashFunc for strings. */
guint vccw_hash_string(gconstpointer string);

/** vccw_hash_number: GHashFunc for numbers by GUINT_TO_POINTER(). */
guint vccw_hash_number(gconstpointer number);

G_END_DECLS
