/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "qemu/props.h"

#include "mdev/json-text.h"

/* In the legacy form a comma ends a value, so one within it is written twice. */
static void
append_legacy(GString *text, const char *value)
{
    for (; *value; value++) {
        if (*value == ',') {
            g_string_append_c(text, ',');
        }
        g_string_append_c(text, *value);
    }
}

void
vccw_props_init(VccwProps *props, VccwQemuForm form, const char *key, const char *value)
{
    *props = (VccwProps){ .form = form, .text = g_string_new(NULL), .fresh = TRUE };
    if (form == VCCW_QEMU_FORM_JSON) {
        g_string_append_c(props->text, '{');
        vccw_props_string(props, key, value);
    } else if (value) {
        append_legacy(props->text, value);
        props->fresh = FALSE;
    }
}

void
vccw_props_clear(VccwProps *props)
{
    if (props->text) {
        g_string_free(g_steal_pointer(&props->text), TRUE);
    }
}

char *
vccw_props_finish(VccwProps *props)
{
    if (props->form == VCCW_QEMU_FORM_JSON) {
        g_string_append_c(props->text, '}');
    }
    return g_string_free(g_steal_pointer(&props->text), FALSE);
}

static void
add_key(VccwProps *props, const char *key)
{
    if (!props->fresh) {
        g_string_append_c(props->text, ',');
    }
    props->fresh = FALSE;
    if (props->form == VCCW_QEMU_FORM_JSON) {
        vccw_json_append_string(props->text, key);
        g_string_append_c(props->text, ':');
        return;
    }
    if (props->group) {
        g_string_append_printf(props->text, "%s.", props->group);
    }
    g_string_append_printf(props->text, "%s=", key);
}

void
vccw_props_string(VccwProps *props, const char *key, const char *value)
{
    if (!value) {
        return;
    }
    add_key(props, key);
    if (props->form == VCCW_QEMU_FORM_JSON) {
        vccw_json_append_string(props->text, value);
    } else {
        append_legacy(props->text, value);
    }
}

void
vccw_props_number(VccwProps *props, const char *key, guint64 value)
{
    add_key(props, key);
    g_string_append_printf(props->text, "%" G_GUINT64_FORMAT, value);
}

void
vccw_props_bool(VccwProps *props, const char *key, gboolean value)
{
    gboolean json = props->form == VCCW_QEMU_FORM_JSON;

    add_key(props, key);
    g_string_append(props->text, json    ? (value ? "true" : "false")
                                 : value ? "on"
                                         : "off");
}

void
vccw_props_null(VccwProps *props, const char *key)
{
    add_key(props, key);
    if (props->form == VCCW_QEMU_FORM_JSON) {
        g_string_append(props->text, "null");
    }
}

void
vccw_props_open(VccwProps *props, const char *key)
{
    if (props->form == VCCW_QEMU_FORM_JSON) {
        add_key(props, key);
        g_string_append_c(props->text, '{');
        props->fresh = TRUE;
    }
    props->group = key;
}

void
vccw_props_close(VccwProps *props)
{
    if (props->form == VCCW_QEMU_FORM_JSON) {
        g_string_append_c(props->text, '}');
        props->fresh = FALSE;
    }
    props->group = NULL;
}
