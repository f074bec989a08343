/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Definitions of domains on the disk, where libvirt's drivers have them too: NAME.xml in
 * a folder of the driver's own, and a link of the same name in its folder "autostart" for
 * each that is to be started with the host.
 *
 * Every change is one system call that takes effect or does not; what comes before and
 * after it is put in order by the next look. So a process that is killed at any point
 * leaves a definition as it was before the change or as it is after it:
 * - the file decides whether there is a domain; a link without a file is litter;
 * - the file's name decides what the domain is called, so that a rename is one call too.
 *
 * All functions block on the disk, and belong into a worker.
 */

#include "domain/definition.h"

G_BEGIN_DECLS

/**
 * vccw_domain_files_read:
 * @dir: the folder; need not exist
 * @unusable: (nullable): a set of strings, to which the name of each domain is added
 *   whose file is there and cannot be used
 * @problem: called for each such file, with an error that names it
 *
 * Reads all definitions, and removes what killed processes left.
 *
 * Returns: (transfer full): VccwDomainDefinition, owned by the array; NULL with
 *   G_UNIX_ERROR if the folder cannot be read.
 */
GPtrArray *vccw_domain_files_read(const char *dir,
                                  GHashTable *unusable,
                                  void (*problem)(const GError *problem),
                                  GError **error);

/**
 * vccw_domain_files_read_one:
 *
 * Returns: (transfer full) (nullable): the definition of that name; NULL without @error
 * if there is none, NULL with G_UNIX_ERROR or VCCW_ERROR_STORE if it cannot be used.
 */
VccwDomainDefinition *
vccw_domain_files_read_one(const char *dir, const char *name, GError **error);

/**
 * vccw_domain_files_write: Writes a definition, a new one or in place of that of its
 * name.
 * @is_new: whether there must be none of that name
 *
 * Makes the folder if there is none.
 *
 * Returns: FALSE with G_UNIX_ERROR.
 */
gboolean vccw_domain_files_write(const char *dir,
                                 const VccwDomainDefinition *definition,
                                 gboolean is_new,
                                 GError **error);

/**
 * vccw_domain_files_rename: Gives a definition the name that @renamed has.
 * @name: the old name
 *
 * Returns: FALSE with G_UNIX_ERROR.
 */
gboolean vccw_domain_files_rename(const char *dir,
                                  const char *name,
                                  const VccwDomainDefinition *renamed,
                                  GError **error);

/** vccw_domain_files_remove: Removes a definition. Returns: FALSE with G_UNIX_ERROR. */
gboolean vccw_domain_files_remove(const char *dir, const char *name, GError **error);

/** vccw_domain_files_autostart: Marks a definition, or takes the mark away.
 * Returns: FALSE with G_UNIX_ERROR. */
gboolean vccw_domain_files_autostart(const char *dir,
                                     const char *name,
                                     gboolean autostart,
                                     GError **error);

G_END_DECLS
