/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "front/words.h"
#include <string.h>

#define TEXTS_MAX 65536 /* names in one answer, by libvirt's protocol */

static gboolean
read_word(const GByteArray *payload, gsize at, guint32 *ret_word)
{
    guint32 word;

    if (at > payload->len || payload->len - at < sizeof(word))
        return FALSE;
    memcpy(&word, payload->data + at, sizeof(word));
    *ret_word = GUINT32_FROM_BE(word);
    return TRUE;
}

guint32
vccw_words_at(const GByteArray *payload, guint nth)
{
    guint32 word = 0;

    read_word(payload, nth * sizeof(word), &word);
    return word;
}

void
vccw_words_set(GByteArray *payload, guint nth, guint32 word)
{
    word = GUINT32_TO_BE(word);
    g_return_if_fail(payload->len >= (nth + 1) * sizeof(word));
    memcpy(payload->data + nth * sizeof(word), &word, sizeof(word));
}

static gsize
padded(gsize size)
{
    return (size + 3) / 4 * 4;
}

char *
vccw_words_text(const GByteArray *payload, gsize *at)
{
    guint32 size;
    const char *text;

    if (!read_word(payload, *at, &size) || payload->len - *at - 4 < padded(size))
        return NULL;
    text = (const char *)payload->data + *at + 4;
    if (memchr(text, '\0', size))
        return NULL;
    *at += 4 + padded(size);
    return g_strndup(text, size);
}

GPtrArray *
vccw_words_texts(const GByteArray *payload)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    gsize at = 4;
    guint32 n;

    if (!read_word(payload, 0, &n) || n > TEXTS_MAX)
        return NULL;
    for (guint32 i = 0; i < n; i++) {
        char *text = vccw_words_text(payload, &at);

        if (!text)
            return NULL;
        g_ptr_array_add(texts, text);
    }
    return g_steal_pointer(&texts);
}

void
vccw_words_put(GByteArray *payload, guint32 word)
{
    word = GUINT32_TO_BE(word);
    g_byte_array_append(payload, (const guint8 *)&word, sizeof(word));
}

void
vccw_words_put_text(GByteArray *payload, const char *text)
{
    static const guint8 zeros[4] = { 0 };
    gsize size = strlen(text);

    vccw_words_put(payload, size);
    g_byte_array_append(payload, (const guint8 *)text, size);
    g_byte_array_append(payload, zeros, padded(size) - size);
}

void
vccw_words_put_opttext(GByteArray *payload, const char *text)
{
    vccw_words_put(payload, text ? 1 : 0);
    if (text)
        vccw_words_put_text(payload, text);
}

gsize
vccw_words_param_size(guint32 type)
{
    /* int, uint, llong, ullong, double, boolean */
    static const gsize sizes[] = { 0, 4, 4, 8, 8, 8, 4 };

    return type < G_N_ELEMENTS(sizes) ? sizes[type] : 0;
}

void
vccw_words_put_number_param(GByteArray *payload,
                            const char *field,
                            guint32 type,
                            guint64 value)
{
    vccw_words_put_text(payload, field);
    vccw_words_put(payload, type);
    vccw_words_put(payload, value >> 32);
    vccw_words_put(payload, value & G_MAXUINT32);
}

void
vccw_words_put_text_param(GByteArray *payload, const char *field, const char *value)
{
    vccw_words_put_text(payload, field);
    vccw_words_put(payload, VCCW_WORDS_STRING);
    vccw_words_put_text(payload, value);
}

void
vccw_words_replace_text(GByteArray *payload, gsize at, const char *text)
{
    g_autofree char *old = NULL;
    g_autofree guint8 *rest = NULL;
    gsize behind = at, size;

    old = vccw_words_text(payload, &behind);
    g_return_if_fail(old);
    size = payload->len - behind;
    rest = g_memdup2(payload->data + behind, size);
    g_byte_array_set_size(payload, at);
    vccw_words_put_text(payload, text);
    if (size)
        g_byte_array_append(payload, rest, size);
}
