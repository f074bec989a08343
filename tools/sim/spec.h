/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The text that describes a host: one line for each subchannel or channel path. */

#include "model.h"

/**
 * vccw_sim_spec_load: reads a spec file into what @sim boots with; does not boot.
 * Returns: FALSE with an error that names the line.
 */
gboolean vccw_sim_spec_load(VccwSim *sim, const char *path, GError **error);

/** vccw_sim_spec_load_text: the same from text; @name stands for it in messages. */
gboolean
vccw_sim_spec_load_text(VccwSim *sim, const char *name, const char *text, GError **error);

/**
 * vccw_sim_spec_parse: one subchannel.
 * @words: NULL-ended: its bus-ID, then KEY=VALUE
 * Returns: (transfer full): the subchannel, or NULL with an error.
 */
VccwSimSpec *vccw_sim_spec_parse(const char *const *words, GError **error);

/**
 * vccw_sim_spec_set: changes one key.
 * Returns: FALSE with an error when the key is unknown or the value is not one for it.
 */
gboolean
vccw_sim_spec_set(VccwSimSpec *spec, const char *key, const char *value, GError **error);

/** vccw_sim_spec_copy: Returns: (transfer full): a copy. */
VccwSimSpec *vccw_sim_spec_copy(const VccwSimSpec *spec);

/** vccw_sim_spec_free: accepts NULL. */
void vccw_sim_spec_free(VccwSimSpec *spec);

/** vccw_sim_spec_print: appends the line that describes @spec, without newline. */
void vccw_sim_spec_print(const VccwSimSpec *spec, GString *out);

/** vccw_sim_spec_bus_id: @text as canonical bus-ID of this host, advanced by @step.
 * Returns: (transfer full): NULL with an error when it is none. */
char *vccw_sim_spec_bus_id(const char *text, guint step, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwSimSpec, vccw_sim_spec_free)
