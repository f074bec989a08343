/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading takes a document apart once (Parts); an edit is the list of the values to be
 * replaced in its text. Values that say what they should already keep their bytes, so an
 * edit that changes nothing gives back the same text. Whatever is to be written is read
 * again first: a document that we could not understand never reaches the disk.
 */

#include "mdev/document.h"

#include "base/hash.h"
#include "mdev/json-text.h"

#include <string.h>
#include <virtccw/error.h>

/* The members that are ours; a value whose start is NULL is absent. */
typedef struct {
    VccwJsonText type;
    VccwJsonText start;
    VccwJsonText attrs;
} Parts;

static void
not_usable(GError **error, const char *problem)
{
    g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_STORE, problem);
}

static VccwJsonText *
part_for(Parts *parts, const char *name)
{
    if (g_str_equal(name, "mdev_type"))
        return &parts->type;
    if (g_str_equal(name, "start"))
        return &parts->start;
    if (g_str_equal(name, "attrs"))
        return &parts->attrs;
    return NULL;
}

/* Which of two equal members is meant, nobody can know: neither is taken. */
static gboolean
find_parts(GArray *members, Parts *parts, GError **error)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(vccw_hash_string, g_str_equal, g_free, NULL);

    for (guint i = 0; i < members->len; i++) {
        const VccwJsonMember *member = &g_array_index(members, VccwJsonMember, i);
        char *name = vccw_json_string(&member->name);
        VccwJsonText *part = part_for(parts, name);

        if (part)
            *part = member->value;
        if (!g_hash_table_add(seen, name)) {
            not_usable(error, "the object has two members of one name");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
take_apart(const char *text, gsize length, Parts *ret_parts, GError **error)
{
    g_autoptr(GArray) members = NULL;
    VccwJsonText document;
    Parts parts = { 0 };

    if (length == 0) {
        not_usable(error, "the file is empty");
        return FALSE;
    }
    if (length > VCCW_DOCUMENT_MAX) {
        not_usable(error, "the file is larger than 64 KiB");
        return FALSE;
    }
    if (!vccw_json_check(text, length, &document, error))
        return FALSE;
    members = vccw_json_members(&document);
    if (!members) {
        not_usable(error, "the document is not a JSON object");
        return FALSE;
    }
    if (!find_parts(members, &parts, error))
        return FALSE;
    *ret_parts = parts;
    return TRUE;
}

static char *
read_type(const Parts *parts, GError **error)
{
    g_autofree char *type = parts->type.start ? vccw_json_string(&parts->type) : NULL;

    if (type && *type)
        return g_steal_pointer(&type);
    not_usable(error, !parts->type.start ? "the member \"mdev_type\" is missing"
                      : type             ? "the member \"mdev_type\" is empty"
                                         : "the member \"mdev_type\" is not a string");
    return NULL;
}

static gboolean
read_start(const Parts *parts, gboolean *ret_autostart, GError **error)
{
    g_autofree char *start = parts->start.start ? vccw_json_string(&parts->start) : NULL;

    if (!g_strcmp0(start, "auto") || !g_strcmp0(start, "manual")) {
        *ret_autostart = g_str_equal(start, "auto");
        return TRUE;
    }
    not_usable(error, !parts->start.start
                          ? "the member \"start\" is missing"
                          : "the member \"start\" is neither \"auto\" nor \"manual\"");
    return FALSE;
}

static gboolean
read_attr(const VccwJsonText *element, VccwMdevConfig *config, GError **error)
{
    g_autoptr(GArray) members = vccw_json_members(element);
    const VccwJsonMember *member;
    g_autofree char *name = NULL;
    g_autofree char *value = NULL;

    if (!members || members->len != 1) {
        not_usable(error, "an element of \"attrs\" is not an object with one member");
        return FALSE;
    }
    member = &g_array_index(members, VccwJsonMember, 0);
    name = vccw_json_string(&member->name);
    value = vccw_json_string(&member->value);
    if (!value) {
        not_usable(error, "the value of an attribute is not a string");
        return FALSE;
    }
    vccw_mdev_config_add_attr(config, name, value);
    return TRUE;
}

static gboolean
read_attrs(const Parts *parts, VccwMdevConfig *config, GError **error)
{
    g_autoptr(GArray) elements = NULL;

    if (!parts->attrs.start || vccw_json_is_null(&parts->attrs))
        return TRUE;
    elements = vccw_json_elements(&parts->attrs);
    if (!elements) {
        not_usable(error, "the member \"attrs\" is not an array");
        return FALSE;
    }
    for (guint i = 0; i < elements->len; i++)
        if (!read_attr(&g_array_index(elements, VccwJsonText, i), config, error))
            return FALSE;
    return TRUE;
}

static VccwMdevConfig *
read_parts(const VccwUuid *uuid,
           const VccwBusId *parent,
           const Parts *parts,
           GError **error)
{
    g_autofree char *type = read_type(parts, error);
    g_autoptr(VccwMdevConfig) config = NULL;

    if (!type)
        return NULL;
    config = vccw_mdev_config_new(uuid, parent, type);
    if (!read_start(parts, &config->autostart, error) ||
        !read_attrs(parts, config, error))
        return NULL;
    return g_steal_pointer(&config);
}

VccwMdevConfig *
vccw_document_parse(const VccwUuid *uuid,
                    const VccwBusId *parent,
                    const char *text,
                    gsize length,
                    GError **error)
{
    Parts parts;

    if (!take_apart(text, length, &parts, error))
        return NULL;
    return read_parts(uuid, parent, &parts, error);
}

/* Indented to stand at the level of the document's members, as mdevctl does. */
static void
append_attrs(GString *out, const GPtrArray *attrs)
{
    g_string_append_c(out, '[');
    for (guint i = 0; i < attrs->len; i++) {
        const VccwMdevAttr *attr = attrs->pdata[i];

        g_string_append(out, i ? ",\n    {\n      " : "\n    {\n      ");
        vccw_json_append_string(out, attr->name);
        g_string_append(out, ": ");
        vccw_json_append_string(out, attr->value);
        g_string_append(out, "\n    }");
    }
    g_string_append(out, attrs->len ? "\n  ]" : "]");
}

/* Whether @text is a document that says what @config says. */
static gboolean
check_result(const GString *text, const VccwMdevConfig *config, GError **error)
{
    g_autoptr(VccwMdevConfig) again = NULL;

    if (text->len > VCCW_DOCUMENT_MAX) {
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
            "a definition of %zu bytes is larger than mdevctl's store should hold "
            "(%d); use fewer attributes",
            text->len, VCCW_DOCUMENT_MAX);
        return FALSE;
    }
    again =
        vccw_document_parse(&config->uuid, &config->parent, text->str, text->len, NULL);
    if (again && vccw_mdev_config_equal(again, config))
        return TRUE;
    g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                        "the type or an attribute holds what a definition cannot: "
                        "use UTF-8 text, and a type that is not empty");
    return FALSE;
}

char *
vccw_document_new(const VccwMdevConfig *config, GError **error)
{
    g_autoptr(GString) out = g_string_new("{\n  \"mdev_type\": ");

    vccw_json_append_string(out, config->type);
    g_string_append(out, ",\n  \"start\": ");
    vccw_json_append_string(out, config->autostart ? "auto" : "manual");
    g_string_append(out, ",\n  \"attrs\": ");
    append_attrs(out, config->attrs);
    g_string_append(out, "\n}");
    if (!check_result(out, config, error))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* An edit: these bytes of the old text give way to others. */
typedef struct {
    VccwJsonText old; /* of length 0: something is put in before it */
    char *with;
} Edit;

static void
edit_clear(gpointer data)
{
    g_free(((Edit *)data)->with);
}

static GArray *
edits_new(void)
{
    GArray *edits = g_array_new(FALSE, FALSE, sizeof(Edit));

    g_array_set_clear_func(edits, edit_clear);
    return edits;
}

static void
add_edit(GArray *edits, const VccwJsonText *old, char *with)
{
    Edit edit = { *old, with };

    g_array_append_val(edits, edit);
}

static gint
last_first(gconstpointer a, gconstpointer b)
{
    const Edit *x = a;
    const Edit *y = b;

    return (x->old.start < y->old.start) - (x->old.start > y->old.start);
}

/* Applies the edits from the last place to the first, so that none moves another. */
static char *
apply(const char *text,
      gsize length,
      GArray *edits,
      const VccwMdevConfig *expected,
      GError **error)
{
    g_autoptr(GString) out = g_string_new_len(text, length);

    g_array_sort(edits, last_first);
    for (guint i = 0; i < edits->len; i++) {
        const Edit *edit = &g_array_index(edits, Edit, i);
        gsize at = edit->old.start - text;

        g_string_erase(out, at, edit->old.length);
        g_string_insert(out, at, edit->with);
    }
    if (!check_result(out, expected, error))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *
vccw_document_set_autostart(const char *text,
                            gsize length,
                            gboolean autostart,
                            GError **error)
{
    static const VccwUuid uuid;
    static const VccwBusId parent;
    g_autoptr(GArray) edits = edits_new();
    g_autoptr(VccwMdevConfig) config = NULL;
    Parts parts;

    if (!take_apart(text, length, &parts, error))
        return NULL;
    config = read_parts(&uuid, &parent, &parts, error);
    if (!config)
        return NULL;
    if (!config->autostart != !autostart)
        add_edit(edits, &parts.start, g_strdup(autostart ? "\"auto\"" : "\"manual\""));
    config->autostart = autostart;
    return apply(text, length, edits, config, error);
}

static void
edit_type(GArray *edits,
          const Parts *parts,
          const VccwMdevConfig *old,
          const VccwMdevConfig *config)
{
    GString *with;

    if (g_str_equal(old->type, config->type))
        return;
    with = g_string_new(NULL);
    vccw_json_append_string(with, config->type);
    add_edit(edits, &parts->type, g_string_free(with, FALSE));
}

static gboolean
same_attrs(const VccwMdevConfig *a, const VccwMdevConfig *b)
{
    g_autoptr(GString) x = g_string_new(NULL);
    g_autoptr(GString) y = g_string_new(NULL);

    append_attrs(x, a->attrs);
    append_attrs(y, b->attrs);
    return g_string_equal(x, y);
}

/* A document without "attrs" gets it after "start", in the layout that it seems to have.
 */
static void
edit_attrs(GArray *edits,
           const char *text,
           gsize length,
           const Parts *parts,
           const VccwMdevConfig *old,
           const VccwMdevConfig *config)
{
    VccwJsonText place = parts->attrs;
    GString *with;

    if (same_attrs(old, config))
        return;
    with = g_string_new(NULL);
    if (!place.start) {
        gboolean lines = memchr(text, '\n', length) != NULL;

        place = (VccwJsonText){ parts->start.start + parts->start.length, 0 };
        g_string_append(with, lines ? ",\n  \"attrs\": " : ", \"attrs\": ");
    }
    append_attrs(with, config->attrs);
    add_edit(edits, &place, g_string_free(with, FALSE));
}

char *
vccw_document_set_config(const char *text,
                         gsize length,
                         const VccwMdevConfig *config,
                         GError **error)
{
    g_autoptr(GArray) edits = edits_new();
    g_autoptr(VccwMdevConfig) old = NULL;
    g_autoptr(VccwMdevConfig) expected = NULL;
    Parts parts;

    if (!take_apart(text, length, &parts, error))
        return NULL;
    old = read_parts(&config->uuid, &config->parent, &parts, error);
    if (!old)
        return NULL;
    edit_type(edits, &parts, old, config);
    edit_attrs(edits, text, length, &parts, old, config);
    expected = vccw_mdev_config_copy(config);
    expected->autostart = old->autostart;
    return apply(text, length, edits, expected, error);
}
