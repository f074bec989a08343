/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/hash.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    guint64 v[4];
} State;

static guint64
rotate(guint64 number, guint bits)
{
    return number << bits | number >> (64 - bits);
}

/* @a, @b: numbers of words of the state */
static void
mix(State *state, guint a, guint b, guint bits)
{
    state->v[a] += state->v[b];
    state->v[b] = rotate(state->v[b], bits) ^ state->v[a];
}

static void
take_rounds(State *state, guint n)
{
    while (n-- > 0) {
        mix(state, 0, 1, 13);
        mix(state, 2, 3, 16);
        state->v[0] = rotate(state->v[0], 32);
        mix(state, 0, 3, 21);
        mix(state, 2, 1, 17);
        state->v[2] = rotate(state->v[2], 32);
    }
}

static void
take_word(State *state, guint64 word)
{
    state->v[3] ^= word;
    take_rounds(state, 2);
    state->v[0] ^= word;
}

guint64
vccw_hash_with_key(const guint64 key[2], gconstpointer data, gsize size)
{
    State state = { { key[0] ^ G_GUINT64_CONSTANT(0x736f6d6570736575),
                      key[1] ^ G_GUINT64_CONSTANT(0x646f72616e646f6d),
                      key[0] ^ G_GUINT64_CONSTANT(0x6c7967656e657261),
                      key[1] ^ G_GUINT64_CONSTANT(0x7465646279746573) } };
    const guint8 *at = data;
    guint64 word;
    gsize left;

    for (left = size; left >= sizeof word; left -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        take_word(&state, GUINT64_FROM_LE(word));
    }
    word = 0;
    memcpy(&word, at, left);
    take_word(&state, GUINT64_FROM_LE(word) | (guint64)size << 56);
    state.v[2] ^= 0xff;
    take_rounds(&state, 4);
    return state.v[0] ^ state.v[1] ^ state.v[2] ^ state.v[3];
}

/* Returns: (transfer none): two numbers of this process. */
static const guint64 *
process_key(void)
{
    static guint64 key[2];
    static gsize made;

    if (g_once_init_enter(&made)) {
        if (getentropy(key, sizeof key) < 0) /* an old kernel */
            for (guint i = 0; i < 2 * G_N_ELEMENTS(key); i++)
                key[i / 2] = key[i / 2] << 32 | g_random_int();
        g_once_init_leave(&made, 1);
    }
    return key;
}

guint
vccw_hash_bytes(gconstpointer data, gsize size)
{
    return (guint)vccw_hash_with_key(process_key(), data, size);
}

guint
vccw_hash_string(gconstpointer string)
{
    return vccw_hash_bytes(string, strlen(string));
}

guint
vccw_hash_number(gconstpointer number)
{
    return vccw_hash_bytes(&number, sizeof number);
}
