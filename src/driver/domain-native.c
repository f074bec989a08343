/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Documents of domains to command lines of QEMU, and back. */

#include "base/quote.h"
#include "driver/call.h"
#include "driver/domain.h"
#include "driver/emulator.h"
#include "driver/text-task.h"
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

#define FORMAT "qemu-argv"

static gboolean
check_format(VccwCall *call)
{
    const char *format = vccw_call_args(call)->name;
    g_autofree char *quoted = NULL;

    if (!vccw_call_check_flags(call, 0))
        return FALSE;
    if (g_strcmp0(format, FORMAT) == 0)
        return TRUE;
    quoted = vccw_quote(format, VCCW_QUOTE_VALUE);
    vccw_call_fail_take(call,
                        g_error_new(VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                                    "unsupported config type %s: write " FORMAT, quoted));
    return FALSE;
}

static void
free_document(gpointer data)
{
    vccw_domain_xml_free(data);
}

static char *
translate(VccwTextTask *task, GError **error)
{
    const VccwDomainXml *xml = task->data;
    g_autofree char *emulator = vccw_domain_xml_emulator(xml);
    g_autoptr(VccwQemu) qemu = vccw_emulator_probe(emulator, error);

    return qemu ? vccw_qemu_native(xml, qemu, vccw_qemu_form(qemu), error) : NULL;
}

/* First the document says which emulator it is. */
static char *
to_native(VccwTextTask *task, GError **error)
{
    g_autoptr(VccwDomainXml) xml = vccw_domain_xml_parse(task->args->text, FALSE, error);
    g_autofree char *emulator = NULL;

    if (!xml || !vccw_domain_xml_check(xml, error) || !vccw_domain_xml_assign(xml, error))
        return NULL;
    emulator = vccw_domain_xml_emulator(xml);
    task->data = g_steal_pointer(&xml);
    vccw_text_task_ask(task, emulator, translate);
    return NULL;
}

void
vccw_domain_to_native(VccwCall *call)
{
    if (check_format(call))
        vccw_text_task_run_with(call, "make the command line", to_native, NULL,
                                free_document);
}

static char *
from_native(VccwTextTask *task, GError **error)
{
    return vccw_qemu_from_native(task->args->text, error);
}

void
vccw_domain_from_native(VccwCall *call)
{
    if (check_format(call))
        vccw_text_task_run(call, "read the command line", from_native);
}
