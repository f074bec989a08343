/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Payloads of which only a few words matter, read and written without a description of
 * their whole (RFC 4506: big-endian words; a text is its length, its bytes, and zeros up
 * to the next word).
 */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_WORDS_LLONG  3 /* types of typed parameters */
#define VCCW_WORDS_ULLONG 4
#define VCCW_WORDS_STRING 7

/** vccw_words_at: Returns: the @nth word; 0 if there is none. */
guint32 vccw_words_at(const GByteArray *payload, guint nth);

/** vccw_words_set: Overwrites the @nth word, which must be there. */
void vccw_words_set(GByteArray *payload, guint nth, guint32 word);

/**
 * vccw_words_text: Reads the text that begins at @at.
 * @at: (inout): a byte's place; advanced behind the text
 *
 * Returns: (transfer full): the text; NULL if there is none, or it holds a NUL.
 */
char *vccw_words_text(const GByteArray *payload, gsize *at);

/**
 * vccw_words_texts: Reads an array of texts at the start of a payload.
 *
 * Returns: (transfer full): of char *; NULL if it is not one.
 */
GPtrArray *vccw_words_texts(const GByteArray *payload);

/** vccw_words_replace_text: Puts @text in the place of the text that begins at @at, which
 * must be there. */
void vccw_words_replace_text(GByteArray *payload, gsize at, const char *text);

/** vccw_words_put: Appends a word. */
void vccw_words_put(GByteArray *payload, guint32 word);

/** vccw_words_put_text: Appends a text. */
void vccw_words_put_text(GByteArray *payload, const char *text);

/** vccw_words_put_opttext: Appends a text that may be absent. */
void vccw_words_put_opttext(GByteArray *payload, const char *text);

/** vccw_words_param_size: Returns: how many bytes the value of a typed parameter of this
 * type has, if that is always the same; 0 if it is not, or if there is no such type. */
gsize vccw_words_param_size(guint32 type);

/** vccw_words_put_number_param: Appends a typed parameter of 64 bits. */
void vccw_words_put_number_param(GByteArray *payload,
                                 const char *field,
                                 guint32 type,
                                 guint64 value);

/** vccw_words_put_text_param: Appends a typed parameter that is a text. */
void vccw_words_put_text_param(GByteArray *payload, const char *field, const char *value);

G_END_DECLS
