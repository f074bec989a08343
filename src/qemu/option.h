/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One option of a QEMU command line, read: "-device vfio-ccw,id=x" as the pairs
 * driver=vfio-ccw, id=x. JSON and QEMU's own form become the same; a nested object's
 * members have its name and a dot before theirs; true and false are "on" and "off".
 */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_OPTION_PAIRS_MAX 256 /* properties of one option */

/** VccwPair: a property. */
typedef struct {
    char *key;
    char *value;
} VccwPair;

/** VccwOption: an option and what it was read from. */
typedef struct {
    const char *name; /* with its dash, "-device"; not owned */
    const char *text; /* its value as it was given; not owned */
    GArray *pairs;    /* of VccwPair; NULL: not read, or not readable */
    gboolean used;    /* it has found its place in the XML */
} VccwOption;

/**
 * vccw_option_new:
 * @name: stays the caller's, and must live as long as the option
 * @text: likewise
 * @first: the key of a first property that has none ("driver"); NULL: "type"
 *
 * Returns: (transfer full): the option; without pairs when the text is neither form, has
 *   a key twice, or more than VCCW_OPTION_PAIRS_MAX.
 */
VccwOption *vccw_option_new(const char *name, const char *text, const char *first);

/** vccw_option_free: Releases @option; NULL is fine. */
void vccw_option_free(VccwOption *option);

/** vccw_option_get: Returns: (transfer none) (nullable): the value of @key. */
const char *vccw_option_get(const VccwOption *option, const char *key);

/** vccw_option_is: Returns: whether the value of @key is @value. */
gboolean vccw_option_is(const VccwOption *option, const char *key, const char *value);

/**
 * vccw_option_has_only: Returns: whether every key of @option is among @keys, which are
 * separated by blanks; "cache." there stands for every key that begins so.
 */
gboolean vccw_option_has_only(const VccwOption *option, const char *keys);

G_END_DECLS
