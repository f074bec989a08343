/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "driver/call.h"
#include "driver/domain.h"
#include "driver/session-private.h"
#include "driver/text-task.h"
#include <libvirt/libvirt.h>
#include <virtccw/error.h>

#define XML_SECRET (VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE)
#define XML_KNOWN  (XML_SECRET | VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_UPDATE_CPU)

/* The document that a QEMU driver would take for a migration has its passwords too. */
void
vccw_domain_xml(VccwCall *call)
{
    guint32 flags = vccw_call_args(call)->flags;
    const VccwDomainDefinition *domain;

    if (!vccw_call_check_flags(call, XML_KNOWN))
        return;
    if ((flags & XML_SECRET) && vccw_session_read_only(vccw_call_session(call))) {
        vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_READ_ONLY,
                                              "virDomainGetXMLDesc with secure flag"));
        return;
    }
    domain = vccw_domain_call_lookup(call);
    if (!domain)
        return;
    if ((flags & XML_SECRET) || !domain->public_text)
        vccw_call_return_string(call, g_strdup(domain->text));
    else
        vccw_call_return_string(call, g_strdup(domain->public_text));
}

void
vccw_domain_info(VccwCall *call)
{
    const VccwDomainDefinition *domain = vccw_domain_call_lookup(call);
    VccwDomainInfo info = { .state = VIR_DOMAIN_SHUTOFF };

    if (!domain)
        return;
    info.max_memory = domain->max_memory;
    info.memory = domain->memory;
    info.vcpus = domain->vcpus;
    vccw_call_return_info(call, &info);
}

void
vccw_domain_state(VccwCall *call)
{
    if (vccw_call_check_flags(call, 0) && vccw_domain_call_lookup(call))
        vccw_call_return_numbers(call, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN);
}

void
vccw_domain_os_type(VccwCall *call)
{
    if (vccw_domain_call_lookup(call))
        vccw_call_return_string(call, g_strdup("hvm"));
}

void
vccw_domain_max_memory(VccwCall *call)
{
    const VccwDomainDefinition *domain = vccw_domain_call_lookup(call);

    if (domain)
        vccw_call_return_number(call, domain->max_memory);
}

void
vccw_domain_vcpus(VccwCall *call)
{
    guint32 flags = vccw_call_args(call)->flags;
    const VccwDomainDefinition *domain;

    if (!vccw_call_check_flags(call, VIR_DOMAIN_VCPU_LIVE | VIR_DOMAIN_VCPU_CONFIG |
                                         VIR_DOMAIN_VCPU_MAXIMUM | VIR_DOMAIN_VCPU_GUEST))
        return;
    if (flags & (VIR_DOMAIN_VCPU_LIVE | VIR_DOMAIN_VCPU_GUEST)) {
        vccw_domain_needs_running(call);
        return;
    }
    domain = vccw_domain_call_lookup(call);
    if (domain)
        vccw_call_return_number(call, flags & VIR_DOMAIN_VCPU_MAXIMUM ? domain->max_vcpus
                                                                      : domain->vcpus);
}

static void
return_flag(VccwCall *call, gboolean flag)
{
    if (vccw_domain_call_lookup(call))
        vccw_call_return_number(call, flag);
}

void
vccw_domain_get_autostart(VccwCall *call)
{
    const VccwDomainDefinition *domain = vccw_domain_call_lookup(call);

    if (domain)
        vccw_call_return_number(call, domain->autostart);
}

void
vccw_domain_is_active(VccwCall *call)
{
    return_flag(call, FALSE);
}

void
vccw_domain_is_persistent(VccwCall *call)
{
    return_flag(call, TRUE);
}

void
vccw_domain_is_updated(VccwCall *call)
{
    return_flag(call, FALSE);
}

void
vccw_domain_has_managed_save(VccwCall *call)
{
    if (vccw_call_check_flags(call, 0))
        return_flag(call, FALSE);
}

static GError *
no_metadata(const char *name, gint32 type)
{
    static const char *const names[] = { "description", "title", "element" };

    return g_error_new(VCCW_ERROR, VCCW_ERROR_NO_DOMAIN_METADATA,
                       "domain '%s' has no %s of that kind", name, names[type]);
}

/* What a worker may read after the definition has gone. */
typedef struct {
    char *name, *text;
} Document;

static void
document_free(gpointer data)
{
    Document *document = data;

    g_free(document->name);
    g_free(document->text);
    g_free(document);
}

static char *
read_element(VccwTextTask *task, GError **error)
{
    const Document *document = task->data;
    g_autoptr(VccwDomainXml) xml = vccw_domain_xml_parse(document->text, FALSE, error);
    char *metadata;

    if (!xml)
        return NULL;
    metadata = task->args->text ? vccw_domain_xml_metadata(xml, task->args->text) : NULL;
    if (!metadata)
        g_propagate_error(error, no_metadata(document->name, task->args->number));
    return metadata;
}

static void
return_element(VccwCall *call, const VccwDomainDefinition *domain)
{
    Document *document = g_new(Document, 1);

    document->name = g_strdup(domain->name);
    document->text = g_strdup(domain->text);
    vccw_text_task_run_with(call, "read the metadata", read_element, document,
                            document_free);
}

static void
return_words(VccwCall *call, const VccwDomainDefinition *domain, gint32 type)
{
    const char *words =
        type == VIR_DOMAIN_METADATA_TITLE ? domain->title : domain->description;

    if (words)
        vccw_call_return_string(call, g_strdup(words));
    else
        vccw_call_fail_take(call, no_metadata(domain->name, type));
}

void
vccw_domain_get_metadata(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    const VccwDomainDefinition *domain;

    if (!vccw_call_check_flags(call, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG))
        return;
    if (args->number < 0 || args->number > VIR_DOMAIN_METADATA_ELEMENT) {
        vccw_call_fail_take(call,
                            g_error_new(VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                                        "unknown type of metadata %d", args->number));
        return;
    }
    if (args->flags & VIR_DOMAIN_AFFECT_LIVE) {
        vccw_domain_needs_running(call);
        return;
    }
    domain = vccw_domain_call_lookup(call);
    if (!domain)
        return;
    if (args->number == VIR_DOMAIN_METADATA_ELEMENT)
        return_element(call, domain);
    else
        return_words(call, domain, args->number);
}
