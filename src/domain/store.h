/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The domains that are defined, by UUID and by name.
 *
 * Only the main loop changes the store, and only between two jobs that change domains
 * (these come one after another); so such a job may look things up in it, too.
 */

#include "domain/definition.h"

G_BEGIN_DECLS

#define VCCW_DOMAIN_STORE_MAX 16384 /* domains that one answer can list */

typedef struct _VccwDomainStore VccwDomainStore;

/**
 * vccw_domain_store_new:
 * @dir: (nullable): the folder of the definitions; NULL for a store that stays empty
 *
 * Returns: (transfer full): an empty store.
 */
VccwDomainStore *vccw_domain_store_new(const char *dir);

/** vccw_domain_store_free: Releases @store. NULL is fine. */
void vccw_domain_store_free(VccwDomainStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwDomainStore, vccw_domain_store_free)

/** vccw_domain_store_dir: Returns: (nullable): the folder. */
const char *vccw_domain_store_dir(const VccwDomainStore *store);

/** vccw_domain_store_by_uuid: Returns: (nullable): the domain of that UUID. */
const VccwDomainDefinition *vccw_domain_store_by_uuid(const VccwDomainStore *store,
                                                      const VccwUuid *uuid);

/** vccw_domain_store_by_name: Returns: (nullable): the domain of that name. */
const VccwDomainDefinition *vccw_domain_store_by_name(const VccwDomainStore *store,
                                                      const char *name);

/** vccw_domain_store_count: Returns: how many domains there are. */
guint vccw_domain_store_count(const VccwDomainStore *store);

/** vccw_domain_store_list: Returns: (transfer container): all domains, by name. */
GPtrArray *vccw_domain_store_list(const VccwDomainStore *store);

/**
 * vccw_domain_store_put: Puts a definition into the store, in place of that of its name.
 * @definition: (transfer full)
 *
 * Returns: FALSE with VCCW_ERROR_STORE if a domain of another name has its UUID.
 */
gboolean vccw_domain_store_put(VccwDomainStore *store,
                               VccwDomainDefinition *definition,
                               GError **error);

/** vccw_domain_store_take: Returns: (transfer full) (nullable): the domain of that name,
 * which the store no longer has. */
VccwDomainDefinition *vccw_domain_store_take(VccwDomainStore *store, const char *name);

G_END_DECLS
