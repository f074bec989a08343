/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * virDomainDefineXML. The document is read and completed in the worker: it may be long.
 */

#include "domain/files.h"
#include "driver/call.h"
#include "driver/domain-task.h"
#include "driver/domain.h"
#include <libvirt/libvirt.h>
#include <virtccw/error.h>

/* A domain is who has its UUID; a name must belong to it, or to nobody. */
static gboolean
check_identity(const VccwDomainStore *store, const VccwDomainXml *xml, GError **error)
{
    const VccwUuid *uuid = vccw_domain_xml_uuid(xml);
    const char *name = vccw_domain_xml_name(xml);
    const VccwDomainDefinition *same_uuid = vccw_domain_store_by_uuid(store, uuid);
    const VccwDomainDefinition *same_name = vccw_domain_store_by_name(store, name);
    g_autofree char *text = NULL;

    if (same_uuid && !g_str_equal(same_uuid->name, name)) {
        text = vccw_uuid_to_string(uuid);
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                    "domain '%s' is already defined with uuid %s; to give it the name "
                    "'%s', rename it first",
                    same_uuid->name, text, name);
        return FALSE;
    }
    if (same_name && !vccw_uuid_equal(&same_name->uuid, uuid)) {
        text = vccw_uuid_to_string(&same_name->uuid);
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                    "domain '%s' already exists with uuid %s; write this <uuid> to "
                    "change it, or another <name>",
                    name, text);
        return FALSE;
    }
    if (!same_uuid && vccw_domain_store_count(store) >= VCCW_DOMAIN_STORE_MAX) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_BUSY,
                    "there are %d domains already, and no more can be listed; undefine "
                    "some first",
                    VCCW_DOMAIN_STORE_MAX);
        return FALSE;
    }
    return TRUE;
}

static gboolean
define_work(VccwDomainTask *task, GError **error)
{
    gboolean validate = task->args->flags & VIR_DOMAIN_DEFINE_VALIDATE;
    g_autoptr(VccwDomainXml) xml =
        vccw_domain_xml_parse(task->args->name, validate, error);
    g_autoptr(VccwDomainDefinition) new = NULL;
    const VccwDomainDefinition *old;

    if (!xml || !check_identity(task->store, xml, error) ||
        !vccw_domain_xml_check(xml, error) || !vccw_domain_xml_assign(xml, error))
        return FALSE;
    new = vccw_domain_definition_new(xml, error);
    if (!new)
        return FALSE;
    old = vccw_domain_store_by_uuid(task->store, &new->uuid);
    new->autostart = old && old->autostart;
    task->touched[0] = g_strdup(new->name);
    if (!vccw_domain_files_write(task->dir, new, old == NULL, error))
        return FALSE;
    task->after = g_steal_pointer(&new);
    return TRUE;
}

void
vccw_domain_define(VccwCall *call)
{
    if (!vccw_call_check_flags(call, VIR_DOMAIN_DEFINE_VALIDATE))
        return;
    vccw_domain_task_run(vccw_domain_task_new(call, "define", define_work,
                                              VCCW_DOMAIN_ANSWER_DOMAIN,
                                              VCCW_DOMAIN_NEWS_DEFINED));
}
