/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The command line of a whole guest. The table has the kinds of device in the order in
 * which libvirt writes them; a kind that it does not have is refused, for a guest that
 * silently lacks what its document asks for is worse than none.
 */

#include "qemu/guest.h"
#include "qemu/quote.h"

#include <string.h>

static const struct {
    VccwDeviceKind kind;
    VccwGuestDevice add; /* NULL: nothing to add, the machine has it */
} KINDS[] = {
    { VCCW_DEVICE_CONTROLLER, vccw_guest_controller },
    { VCCW_DEVICE_DISK, vccw_guest_disk },
    { VCCW_DEVICE_FILESYSTEM, vccw_guest_filesystem },
    { VCCW_DEVICE_INTERFACE, vccw_guest_interface },
    { VCCW_DEVICE_SERIAL, vccw_guest_serial },
    { VCCW_DEVICE_CHANNEL, vccw_guest_channel },
    { VCCW_DEVICE_CONSOLE, vccw_guest_console },
    { VCCW_DEVICE_INPUT, vccw_guest_input },
    { VCCW_DEVICE_AUDIO, NULL },
    { VCCW_DEVICE_GRAPHICS, vccw_guest_graphics },
    { VCCW_DEVICE_VIDEO, vccw_guest_video },
    { VCCW_DEVICE_WATCHDOG, vccw_guest_watchdog },
    { VCCW_DEVICE_HOSTDEV, vccw_guest_hostdev },
    { VCCW_DEVICE_MEMBALLOON, vccw_guest_memballoon },
    { VCCW_DEVICE_RNG, vccw_guest_rng },
    { VCCW_DEVICE_PANIC, NULL },
    { VCCW_DEVICE_VSOCK, vccw_guest_vsock },
};

static gboolean
is_known(const VccwDomainDevice *device)
{
    for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        if (KINDS[i].kind == device->kind) {
            return TRUE;
        }
    }
    return !strcmp((const char *)device->node->name, "emulator") ||
           device->node->ns != NULL; /* of somebody else */
}

static gboolean
check_kinds(const VccwGuest *guest, GError **error)
{
    const GPtrArray *devices = vccw_domain_devices(guest->domain);

    for (guint i = 0; i < devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(devices, i);

        if (!is_known(device)) {
            return vccw_guest_refuse(device->node, error,
                                     "<%s> cannot be given to a guest by this driver; "
                                     "remove it",
                                     (const char *)device->node->name);
        }
    }
    return TRUE;
}

static gboolean
add_kind(VccwGuest *guest, VccwDeviceKind kind, VccwGuestDevice add, GError **error)
{
    const GPtrArray *devices = vccw_domain_walk(guest->domain);

    for (guint i = 0; i < devices->len; i++) {
        const VccwDomainDevice *device = g_ptr_array_index(devices, i);

        if (device->kind == kind && !add(guest, device, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
add_devices(VccwGuest *guest, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        if (KINDS[i].add && !add_kind(guest, KINDS[i].kind, KINDS[i].add, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Calls add for each <qemu:NAME> of <qemu:commandline>. */
static void
each_own(const VccwDomainXml *domain, const char *name, GPtrArray *into)
{
    const xmlNode *list = vccw_xml_element_first_ns(
        vccw_domain_root(domain), VCCW_GUEST_QEMU_NAMESPACE, "commandline");

    for (const xmlNode *node = list ? list->children : NULL; node; node = node->next) {
        g_autofree char *value = NULL;

        if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) ||
            !node->ns ||
            strcmp((const char *)node->ns->href, VCCW_GUEST_QEMU_NAMESPACE)) {
            continue;
        }
        value = vccw_xml_element_attribute(node, "value");
        if (!strcmp(name, "env")) {
            g_autofree char *variable = vccw_xml_element_attribute(node, "name");

            g_ptr_array_add(into, g_strdup_printf("%s=%s", variable ? variable : "",
                                                  value ? value : ""));
        } else if (value) {
            g_ptr_array_add(into, g_steal_pointer(&value));
        }
    }
}

static VccwGuest
begin(const VccwDomainXml *domain, const VccwQemu *qemu, VccwQemuForm form)
{
    return (VccwGuest){ .domain = domain,
                        .root = vccw_domain_root(domain),
                        .qemu = qemu,
                        .form = form,
                        .args = g_ptr_array_new_with_free_func(g_free) };
}

static GStrv
finish(VccwGuest *guest, gboolean ok)
{
    g_clear_pointer(&guest->controllers, g_hash_table_unref);
    if (!ok) {
        g_ptr_array_unref(guest->args);
        return NULL;
    }
    g_ptr_array_add(guest->args, NULL);
    return (GStrv)g_ptr_array_free(guest->args, FALSE);
}

static gboolean
compose(VccwGuest *guest, GError **error)
{
    if (strcmp(vccw_qemu_arch(guest->qemu), "s390x") != 0) {
        return vccw_guest_refuse(guest->root, error,
                                 "'%s' runs %s guests; name a qemu-system-s390x in "
                                 "<emulator>",
                                 vccw_qemu_program(guest->qemu),
                                 vccw_qemu_arch(guest->qemu));
    }
    vccw_guest_take(guest, vccw_qemu_program(guest->qemu), NULL);
    /* In this order, for whoever knows an element better says more of it. */
    if (!check_kinds(guest, error) || !vccw_guest_machine(guest, error) ||
        !add_devices(guest, error) || !vccw_guest_check_understood(guest->root, error)) {
        return FALSE;
    }
    each_own(guest->domain, "arg", guest->args);
    vccw_guest_add(guest, "-msg", "timestamp=on");
    return TRUE;
}

GStrv
vccw_qemu_arguments(const VccwDomainXml *domain,
                    const VccwQemu *qemu,
                    VccwQemuForm form,
                    GError **error)
{
    VccwGuest guest = begin(domain, qemu, form);

    return finish(&guest, compose(&guest, error));
}

GStrv
vccw_qemu_hostdev_arguments(const VccwDomainXml *domain,
                            const VccwQemu *qemu,
                            VccwQemuForm form,
                            GError **error)
{
    VccwGuest guest = begin(domain, qemu, form);

    return finish(&guest,
                  add_kind(&guest, VCCW_DEVICE_HOSTDEV, vccw_guest_hostdev, error));
}

GStrv
vccw_qemu_environment(const VccwDomainXml *domain)
{
    GPtrArray *env = g_ptr_array_new();

    each_own(domain, "env", env);
    g_ptr_array_add(env, NULL);
    return (GStrv)g_ptr_array_free(env, FALSE);
}

/* What stands before a command: NAME='value'. A name that no shell takes is left out: it
 * could not be set by a person either. */
static void
append_environment(GString *line, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    g_autofree char *value = NULL;

    for (const char *p = assignment; p < equals; p++) {
        if (!g_ascii_isalpha(*p) && *p != '_' &&
            (p == assignment || !g_ascii_isdigit(*p))) {
            return;
        }
    }
    if (equals == assignment) {
        return;
    }
    value = vccw_shell_quote((const char *[]){ equals + 1, NULL });
    g_string_append_len(line, assignment, equals + 1 - assignment);
    g_string_append_printf(line, "%s ", value);
}

char *
vccw_qemu_native(const VccwDomainXml *domain,
                 const VccwQemu *qemu,
                 VccwQemuForm form,
                 GError **error)
{
    g_auto(GStrv) args = vccw_qemu_arguments(domain, qemu, form, error);
    g_auto(GStrv) env = NULL;
    g_autofree char *command = NULL;
    GString *line;

    if (!args) {
        return NULL;
    }
    line = g_string_new(NULL);
    env = vccw_qemu_environment(domain);
    for (char **assignment = env; *assignment; assignment++) {
        append_environment(line, *assignment);
    }
    command = vccw_shell_quote((const char *const *)args);
    g_string_append(line, command);
    return g_string_free(line, FALSE);
}
