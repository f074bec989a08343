/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The properties of one QEMU option ("-device" and its like), in either of the two forms
 * in which QEMU takes them:
 *
 *   JSON     {"driver":"vfio-ccw","id":"hostdev0","devno":"fe.0.0001"}
 *   legacy   vfio-ccw,id=hostdev0,devno=fe.0.0001
 *
 * Properties appear in the order in which they are added; QEMU sets them so, and for some
 * the order matters.
 */

#include <virtccw/qemu.h>

G_BEGIN_DECLS

/** VccwProps: an option that is being written. */
typedef struct {
    VccwQemuForm form;
    GString *text;
    const char *group; /* name of the nested object that is open */
    gboolean fresh;    /* nothing has been added to what is open */
} VccwProps;

/** vccw_props_clear: Forgets an option that was begun, or a zeroed one. */
void vccw_props_clear(VccwProps *props);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VccwProps, vccw_props_clear)

/**
 * vccw_props_init: Begins an option.
 * @key: the name of its first property ("driver"), which the legacy form leaves out; NULL
 *   when the legacy form names the first property too
 * @value: (nullable): its value; NULL only together with @key
 */
void
vccw_props_init(VccwProps *props, VccwQemuForm form, const char *key, const char *value);

/** vccw_props_finish: Returns: (transfer full): the option's text. */
char *vccw_props_finish(VccwProps *props);

/** vccw_props_string: Adds a string; nothing for NULL. */
void vccw_props_string(VccwProps *props, const char *key, const char *value);

/** vccw_props_number: Adds a number. */
void vccw_props_number(VccwProps *props, const char *key, guint64 value);

/** vccw_props_bool: Adds a truth value: true and false, or on and off. */
void vccw_props_bool(VccwProps *props, const char *key, gboolean value);

/** vccw_props_null: Adds nothing as a value: null, or an empty one. */
void vccw_props_null(VccwProps *props, const char *key);

/** vccw_props_open: Begins a nested object @key; only one level. */
void vccw_props_open(VccwProps *props, const char *key);

/** vccw_props_close: Ends the nested object. */
void vccw_props_close(VccwProps *props);

G_END_DECLS
