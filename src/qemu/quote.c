/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A command line is read as a shell reads it, with one difference: what a shell would
 * replace by something else, or act upon, is refused. Nobody could say what the words
 * were meant to be, and a reader that guesses makes another guest of them.
 */

#include "qemu/quote.h"

#include <string.h>
#include <virtccw/error.h>

#define BLANKS   " \t\r\n"
#define ACTING   "|&;<>()`$"
#define HARMLESS "%+,-./:=@_^"

static gboolean
is_plain(const char *word)
{
    if (!*word) {
        return FALSE;
    }
    for (; *word; word++) {
        if (!g_ascii_isalnum(*word) && !strchr(HARMLESS, *word)) {
            return FALSE;
        }
    }
    return TRUE;
}

char *
vccw_shell_quote(const char *const *words)
{
    GString *line = g_string_new(NULL);

    for (; *words; words++) {
        if (line->len > 0) {
            g_string_append_c(line, ' ');
        }
        if (is_plain(*words)) {
            g_string_append(line, *words);
            continue;
        }
        g_autofree char *quoted = g_shell_quote(*words);
        g_string_append(line, quoted);
    }
    return g_string_free(line, FALSE);
}

/* Where the reader is. */
typedef struct {
    const char *text; /* all of it, for positions in messages */
    const char *at;
    GString *word;
} Reader;

static gboolean
fail(const Reader *reader, const char *what, GError **error)
{
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "The command line cannot be read at byte %" G_GSIZE_FORMAT
                ": %s; give the plain words of one command",
                (gsize)(reader->at - reader->text), what);
    return FALSE;
}

static gboolean
read_single(Reader *reader, GError **error)
{
    const char *end = strchr(reader->at + 1, '\'');

    if (!end) {
        return fail(reader, "the ' is not closed", error);
    }
    g_string_append_len(reader->word, reader->at + 1, end - reader->at - 1);
    reader->at = end + 1;
    return TRUE;
}

static gboolean
read_double(Reader *reader, GError **error)
{
    const char *p = reader->at + 1;

    for (; *p && *p != '"'; p++) {
        if (*p == '$' || *p == '`') {
            reader->at = p;
            return fail(reader, "a shell would expand this", error);
        }
        if (*p == '\\' && p[1] == '\n') {
            p++;
            continue;
        }
        if (*p == '\\' && p[1] && strchr("$`\"\\", p[1])) {
            p++;
        }
        g_string_append_c(reader->word, *p);
    }
    if (!*p) {
        return fail(reader, "the \" is not closed", error);
    }
    reader->at = p + 1;
    return TRUE;
}

static gboolean
read_escaped(Reader *reader, GError **error)
{
    if (!reader->at[1]) {
        return fail(reader, "nothing follows the backslash", error);
    }
    if (reader->at[1] != '\n') {
        g_string_append_c(reader->word, reader->at[1]);
    }
    reader->at += 2;
    return TRUE;
}

static gboolean
read_word(Reader *reader, GError **error)
{
    while (*reader->at && !strchr(BLANKS, *reader->at)) {
        gboolean ok = TRUE;

        if (*reader->at == '\'') {
            ok = read_single(reader, error);
        } else if (*reader->at == '"') {
            ok = read_double(reader, error);
        } else if (*reader->at == '\\') {
            ok = read_escaped(reader, error);
        } else if (strchr(ACTING, *reader->at)) {
            ok = fail(reader, "a shell would act upon this", error);
        } else {
            g_string_append_c(reader->word, *reader->at++);
        }
        if (!ok) {
            return FALSE;
        }
    }
    return TRUE;
}

/* To the next word. Returns: whether there is one. A line break ends a command; blank
 * lines and comments may follow it, another command may not. */
static gboolean
skip_to_word(Reader *reader, gboolean *ended)
{
    for (;; reader->at++) {
        if (*reader->at == '\\' && reader->at[1] == '\n') {
            reader->at++;
        } else if (*reader->at == '#') {
            reader->at += strcspn(reader->at, "\n");
            reader->at--;
        } else if (*reader->at == '\n') {
            *ended = TRUE;
        } else if (!*reader->at || !strchr(BLANKS, *reader->at)) {
            return *reader->at != '\0';
        }
    }
}

GStrv
vccw_shell_split(const char *text, guint max, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) word = g_string_new(NULL);
    Reader reader = { text, text, word };
    gboolean ended = FALSE;

    while (skip_to_word(&reader, &ended)) {
        if (ended && words->len > 0) {
            fail(&reader, "a second command begins here", error);
            return NULL;
        }
        if (words->len == max) {
            g_set_error(error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
                        "The command line has more than %u words", max);
            return NULL;
        }
        ended = FALSE;
        g_string_truncate(word, 0);
        if (!read_word(&reader, error)) {
            return NULL;
        }
        g_ptr_array_add(words, g_strndup(word->str, word->len));
    }
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}
