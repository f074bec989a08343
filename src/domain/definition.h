/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The persistent definition of a domain: its document as it is kept, and what is asked
 * for often enough that nobody wants to read the document for it.
 */

#include <glib.h>
#include <virtccw/address.h>
#include <virtccw/hostdev-xml.h>

G_BEGIN_DECLS

#define VCCW_DOMAIN_NAME_MAX 230 /* bytes; the file's name has more, and 255 at most */

/** VccwDomainDefinition: never changes, but for "autostart" before it is on the shelf. */
typedef struct {
    VccwUuid uuid;
    char *name;
    char *text;                 /* the document, inactive form, with its passwords */
    char *public_text;          /* without passwords; NULL where that is the same */
    char *title, *description;  /* or NULL */
    guint64 max_memory, memory; /* KiB */
    guint max_vcpus, vcpus;
    gboolean autostart;
} VccwDomainDefinition;

/**
 * vccw_domain_definition_new:
 * @xml: has been checked, and has its addresses
 *
 * Returns: (transfer full): the definition; NULL with VCCW_ERROR_XML_CONTENT if the name
 *   cannot be that of a file, VCCW_ERROR_TOO_LARGE if the complete document is too long
 *   to be sent.
 */
VccwDomainDefinition *vccw_domain_definition_new(const VccwDomainXml *xml,
                                                 GError **error);

/** vccw_domain_definition_free: Releases @definition. NULL is fine. */
void vccw_domain_definition_free(VccwDomainDefinition *definition);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwDomainDefinition, vccw_domain_definition_free)

/** vccw_domain_name_check: Returns: FALSE with VCCW_ERROR_XML_CONTENT if @name is none
 * that a definition can be kept under. */
gboolean vccw_domain_name_check(const char *name, GError **error);

G_END_DECLS
