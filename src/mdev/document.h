/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The document that defines a mediated device: what stands in a file of mdevctl's store.
 *
 * It is an object with the members "mdev_type" (a string), "start" ("auto" or "manual")
 * and "attrs" (an array of objects with one string member each; absent or null for none).
 * Other members are not ours: they are kept as they are, byte for byte.
 */

#include <virtccw/mdev.h>

G_BEGIN_DECLS

#define VCCW_DOCUMENT_MAX 65536 /* bytes; more is no definition */

/**
 * vccw_document_parse:
 * @uuid: whose definition it is
 * @parent: on which parent
 * @text: any bytes
 * @length: how many
 *
 * Returns: (transfer full): the configuration; NULL with VCCW_ERROR_STORE, which says
 * what is wrong with the document (the caller knows which file it is).
 */
VccwMdevConfig *vccw_document_parse(const VccwUuid *uuid,
                                    const VccwBusId *parent,
                                    const char *text,
                                    gsize length,
                                    GError **error);

/**
 * vccw_document_new:
 *
 * Returns: (transfer full): the document of @config, as mdevctl would write it; NULL with
 *   VCCW_ERROR_INVALID_ARG or VCCW_ERROR_TOO_LARGE if no document can hold it.
 */
char *vccw_document_new(const VccwMdevConfig *config, GError **error);

/**
 * vccw_document_set_autostart:
 * @text: a document
 * @length: its bytes
 *
 * Returns: (transfer full): the same document with only "start" changed; NULL with
 *   VCCW_ERROR_STORE if it is not understood.
 */
char *vccw_document_set_autostart(const char *text,
                                  gsize length,
                                  gboolean autostart,
                                  GError **error);

/**
 * vccw_document_set_config:
 * @text: a document
 * @length: its bytes
 * @config: has the new type and attributes; its autostart is not looked at
 *
 * Returns: (transfer full): the same document with only type and attributes changed; NULL
 *   with VCCW_ERROR_STORE if it is not understood, or the errors of vccw_document_new().
 */
char *vccw_document_set_config(const char *text,
                               gsize length,
                               const VccwMdevConfig *config,
                               GError **error);

G_END_DECLS
