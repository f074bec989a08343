/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "domain/definition.h"
#include "base/quote.h"
#include <string.h>
#include <virtccw/error.h>

gboolean
vccw_domain_name_check(const char *name, GError **error)
{
    g_autofree char *quoted = NULL;

    if (*name && !strpbrk(name, "/\n") && !g_str_equal(name, ".") &&
        !g_str_equal(name, "..") && strlen(name) <= VCCW_DOMAIN_NAME_MAX)
        return TRUE;
    quoted = vccw_quote(name, VCCW_QUOTE_VALUE);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_XML_CONTENT,
                "%s cannot be the name of a domain: write 1 to %d bytes, without '/' and "
                "line ends",
                quoted, VCCW_DOMAIN_NAME_MAX);
    return FALSE;
}

static gboolean
check_length(const char *name, const char *text, GError **error)
{
    gsize length = strlen(text);

    if (length <= VCCW_DOMAIN_XML_MAX)
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
                "the complete definition of domain '%s' has %" G_GSIZE_FORMAT
                " bytes; %d are the most",
                name, length, VCCW_DOMAIN_XML_MAX);
    return FALSE;
}

/* What could not be read at the next start would be lost with it: a text that XML cannot
 * carry, or more of something than is read. */
static gboolean
check_readable(const char *name, const char *text, GError **error)
{
    g_autoptr(VccwDomainXml) again = vccw_domain_xml_parse(text, FALSE, error);

    if (again)
        return TRUE;
    g_prefix_error(error,
                   "domain '%s' is not changed, for it could not be read again: ", name);
    return FALSE;
}

VccwDomainDefinition *
vccw_domain_definition_new(const VccwDomainXml *xml, GError **error)
{
    g_autoptr(VccwDomainDefinition) new = g_new0(VccwDomainDefinition, 1);

    new->uuid = *vccw_domain_xml_uuid(xml);
    new->name = g_strdup(vccw_domain_xml_name(xml));
    new->text =
        vccw_domain_xml_format(xml, VCCW_DOMAIN_XML_INACTIVE | VCCW_DOMAIN_XML_SECURE);
    if (!vccw_domain_name_check(new->name, error) ||
        !check_length(new->name, new->text, error) ||
        !check_readable(new->name, new->text, error))
        return NULL;
    new->public_text = vccw_domain_xml_format(xml, VCCW_DOMAIN_XML_INACTIVE);
    if (g_str_equal(new->text, new->public_text))
        g_clear_pointer(&new->public_text, g_free);
    new->title = vccw_domain_xml_text(xml, "title");
    new->description = vccw_domain_xml_text(xml, "description");
    new->max_memory = vccw_domain_xml_memory(xml);
    new->memory = vccw_domain_xml_current_memory(xml);
    new->max_vcpus = vccw_domain_xml_vcpus(xml);
    new->vcpus = vccw_domain_xml_current_vcpus(xml);
    return g_steal_pointer(&new);
}

void
vccw_domain_definition_free(VccwDomainDefinition *definition)
{
    if (!definition)
        return;
    g_free(definition->name);
    g_free(definition->text);
    g_free(definition->public_text);
    g_free(definition->title);
    g_free(definition->description);
    g_free(definition);
}
