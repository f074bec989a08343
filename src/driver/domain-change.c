/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Changes of a definition that is there.
 */

#include "domain/files.h"
#include "driver/call.h"
#include "driver/domain-task.h"
#include "driver/domain.h"
#include <libvirt/libvirt.h>
#include <string.h>
#include <virtccw/error.h>

/* Of what these speak, nothing is kept here: to remove it is easy. */
#define UNDEFINE_NVRAM_KEEP (1U << 3)
#define UNDEFINE_TPM        (1U << 5)
#define UNDEFINE_TPM_KEEP   (1U << 6)
#define UNDEFINE_KNOWN                                                           \
    (VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | \
     VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM |      \
     UNDEFINE_NVRAM_KEEP | UNDEFINE_TPM | UNDEFINE_TPM_KEEP)

static gboolean
undefine_work(VccwDomainTask *task, GError **error)
{
    const VccwDomainDefinition *domain = vccw_domain_task_find(task, error);

    if (!domain)
        return FALSE;
    task->touched[0] = g_strdup(domain->name);
    if (!vccw_domain_files_remove(task->dir, domain->name, error))
        return FALSE;
    task->gone = g_strdup(domain->name);
    return TRUE;
}

/* To keep what is to be removed is nonsense, which libvirt refuses, too. */
static gboolean
check_contradiction(VccwCall *call, guint32 one, guint32 other, const char *what)
{
    if ((vccw_call_args(call)->flags & (one | other)) != (one | other))
        return TRUE;
    vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                                          "the %s cannot be both kept and removed; leave "
                                          "out one of the two flags",
                                          what));
    return FALSE;
}

void
vccw_domain_undefine(VccwCall *call)
{
    if (!vccw_call_check_flags(call, UNDEFINE_KNOWN) ||
        !check_contradiction(call, VIR_DOMAIN_UNDEFINE_NVRAM, UNDEFINE_NVRAM_KEEP,
                             "NVRAM") ||
        !check_contradiction(call, UNDEFINE_TPM, UNDEFINE_TPM_KEEP, "TPM's state"))
        return;
    vccw_domain_task_run(vccw_domain_task_new(call, "undefine", undefine_work,
                                              VCCW_DOMAIN_ANSWER_NONE,
                                              VCCW_DOMAIN_NEWS_UNDEFINED));
}

/* The document of a definition, to be changed. */
static VccwDomainXml *
document_of(const VccwDomainDefinition *domain, GError **error)
{
    return vccw_domain_xml_parse(domain->text, FALSE, error);
}

/* @before: the definition that @xml was made of. */
static VccwDomainDefinition *
changed(const VccwDomainDefinition *before, const VccwDomainXml *xml, GError **error)
{
    VccwDomainDefinition *after = vccw_domain_definition_new(xml, error);

    if (after)
        after->autostart = before->autostart;
    return after;
}

static gboolean
rename_work(VccwDomainTask *task, GError **error)
{
    const VccwDomainDefinition *domain = vccw_domain_task_find(task, error);
    const char *name = task->args->text;
    g_autoptr(VccwDomainXml) xml = NULL;
    g_autoptr(VccwDomainDefinition) after = NULL;

    if (!domain || !vccw_domain_name_check(name, error))
        return FALSE;
    if (vccw_domain_store_by_name(task->store, name)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "domain with name '%s' already exists", name);
        return FALSE;
    }
    xml = document_of(domain, error);
    if (!xml || !vccw_domain_xml_set_name(xml, name, error) ||
        !(after = changed(domain, xml, error)))
        return FALSE;
    task->touched[0] = g_strdup(domain->name);
    task->touched[1] = g_strdup(name);
    if (!vccw_domain_files_rename(task->dir, domain->name, after, error))
        return FALSE;
    task->gone = g_strdup(domain->name);
    task->after = g_steal_pointer(&after);
    return TRUE;
}

void
vccw_domain_rename(VccwCall *call)
{
    if (!vccw_call_check_flags(call, 0))
        return;
    if (!vccw_call_args(call)->text) {
        vccw_call_fail_take(call, g_error_new(VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                                              "the new name is missing"));
        return;
    }
    vccw_domain_task_run(vccw_domain_task_new(
        call, "rename", rename_work, VCCW_DOMAIN_ANSWER_ZERO, VCCW_DOMAIN_NEWS_RENAMED));
}

static gboolean
autostart_work(VccwDomainTask *task, GError **error)
{
    const VccwDomainDefinition *domain = vccw_domain_task_find(task, error);
    g_autoptr(VccwDomainXml) xml = NULL;

    if (!domain)
        return FALSE;
    task->touched[0] = g_strdup(domain->name);
    if (!vccw_domain_files_autostart(task->dir, domain->name, task->args->number != 0,
                                     error))
        return FALSE;
    xml = document_of(domain, error);
    task->after = xml ? changed(domain, xml, error) : NULL;
    if (!task->after)
        return FALSE;
    task->after->autostart = task->args->number != 0;
    return TRUE;
}

void
vccw_domain_set_autostart(VccwCall *call)
{
    vccw_domain_task_run(vccw_domain_task_new(
        call, "mark", autostart_work, VCCW_DOMAIN_ANSWER_NONE, VCCW_DOMAIN_NEWS_NONE));
}

static gboolean
set_metadata(VccwDomainXml *xml, const VccwArgs *args, GError **error)
{
    switch (args->number) {
    case VIR_DOMAIN_METADATA_DESCRIPTION:
        vccw_domain_xml_set_text(xml, "description", args->text);
        return TRUE;
    case VIR_DOMAIN_METADATA_TITLE:
        vccw_domain_xml_set_text(xml, "title", args->text);
        return TRUE;
    default:
        return vccw_domain_xml_set_metadata(xml, args->fourth, args->third, args->text,
                                            error);
    }
}

static gboolean
metadata_work(VccwDomainTask *task, GError **error)
{
    const VccwDomainDefinition *domain = vccw_domain_task_find(task, error);
    g_autoptr(VccwDomainXml) xml = domain ? document_of(domain, error) : NULL;
    g_autoptr(VccwDomainDefinition) after = NULL;

    if (!xml || !set_metadata(xml, task->args, error) ||
        !(after = changed(domain, xml, error)))
        return FALSE;
    task->touched[0] = g_strdup(domain->name);
    if (!vccw_domain_files_write(task->dir, after, FALSE, error))
        return FALSE;
    task->after = g_steal_pointer(&after);
    return TRUE;
}

static gboolean
check_metadata(const VccwArgs *args, GError **error)
{
    const char *wrong = NULL;

    if (args->number < 0 || args->number > VIR_DOMAIN_METADATA_ELEMENT)
        wrong = "the type of metadata is unknown";
    else if (args->number == VIR_DOMAIN_METADATA_TITLE && args->text &&
             strchr(args->text, '\n'))
        wrong = "a title cannot have line ends";
    else if (args->number == VIR_DOMAIN_METADATA_ELEMENT &&
             (!args->fourth || !*args->fourth))
        wrong = "the namespace is missing";
    else if (args->number == VIR_DOMAIN_METADATA_ELEMENT && args->text && !args->third)
        wrong = "the prefix of the namespace is missing";
    if (wrong)
        g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG, wrong);
    return wrong == NULL;
}

void
vccw_domain_set_metadata(VccwCall *call)
{
    const VccwArgs *args = vccw_call_args(call);
    GError *error = NULL;

    if (!vccw_call_check_flags(call, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG))
        return;
    if (args->flags & VIR_DOMAIN_AFFECT_LIVE) {
        vccw_domain_needs_running(call);
        return;
    }
    if (!check_metadata(args, &error)) {
        vccw_call_fail_take(call, error);
        return;
    }
    vccw_domain_task_run(vccw_domain_task_new(call, "change", metadata_work,
                                              VCCW_DOMAIN_ANSWER_NONE,
                                              VCCW_DOMAIN_NEWS_METADATA));
}
