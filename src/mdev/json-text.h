/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON as text: a strict reader that tells where each value stands.
 *
 * A definition belongs to whoever wrote it, so an edit replaces the bytes of the values
 * that change and keeps every other byte. A tree, as json-glib makes one, cannot do that:
 * it drops all but the last of equal keys, rounds numbers and forgets the layout; and it
 * takes comments and other liberties on which mdevctl, which is strict, then fails.
 *
 * Nothing here is copied: a VccwJsonText points into the document and is valid as long as
 * that is.
 */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_JSON_DEPTH_MAX 32 /* arrays and objects within each other */

/** VccwJsonText: one value in a document, without the blanks around it. */
typedef struct {
    const char *start;
    gsize length; /* in bytes */
} VccwJsonText;

/** VccwJsonMember: a member of an object. */
typedef struct {
    VccwJsonText name; /* with its quotation marks */
    VccwJsonText value;
} VccwJsonMember;

/**
 * vccw_json_check:
 * @text: any bytes
 * @length: how many
 * @ret_value: (out): the document's value
 *
 * Returns: FALSE with VCCW_ERROR_STORE, which says what is wrong at which byte, unless
 *   @text is UTF-8 and exactly one JSON value (RFC 8259), nests no deeper than
 *   VCCW_JSON_DEPTH_MAX, and has no character U+0000 in a string.
 */
gboolean
vccw_json_check(const char *text, gsize length, VccwJsonText *ret_value, GError **error);

/**
 * vccw_json_members:
 * @value: part of a document that was checked
 *
 * Returns: (transfer full) (nullable): the members of an object (VccwJsonMember) in their
 *   order, equal names included; NULL if @value is no object.
 */
GArray *vccw_json_members(const VccwJsonText *value);

/**
 * vccw_json_elements:
 * @value: part of a document that was checked
 *
 * Returns: (transfer full) (nullable): the elements of an array (VccwJsonText); NULL if
 *   @value is no array.
 */
GArray *vccw_json_elements(const VccwJsonText *value);

/**
 * vccw_json_string:
 * @value: part of a document that was checked
 *
 * Returns: (transfer full) (nullable): what a string says; NULL if @value is no string.
 */
char *vccw_json_string(const VccwJsonText *value);

/** vccw_json_is_null: Returns: whether @value, which was checked, is null. */
gboolean vccw_json_is_null(const VccwJsonText *value);

/**
 * vccw_json_append_string: Appends @string with its quotation marks to @out, escaped as
 * mdevctl escapes it: no more than JSON asks for.
 */
void vccw_json_append_string(GString *out, const char *string);

G_END_DECLS
