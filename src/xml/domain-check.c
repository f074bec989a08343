/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What no single device shows: that two of them, or a device and the rest of the domain,
 * do not go together. The order of the checks is that in which libvirt makes them, so
 * that a document with several faults is refused for the same one.
 */

#include "xml/domain-private.h"

#include "base/hash.h"
#include "base/quote.h"
#include "xml/device-info.h"
#include "xml/element.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

#define USER_ALIAS  "ua-"
#define ALIAS_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* One check of all devices; @seen is what it met before, by its own key. */
typedef gboolean (*Check)(const VccwDomainDevice *device,
                          GHashTable *seen,
                          GError **error);

/* Notes that @device has @key. Returns: NULL, or the device that has it already. */
static const VccwDomainDevice *
note(GHashTable *seen, gconstpointer key, const VccwDomainDevice *device)
{
    const VccwDomainDevice *before = g_hash_table_lookup(seen, key);

    if (!before)
        g_hash_table_insert(seen, (gpointer)key, (gpointer)device);
    return before;
}

static long
line_of(const VccwDomainDevice *device)
{
    return xmlGetLineNo(device->node);
}

static gboolean
check_machine(const VccwDomainXml *domain, GError **error)
{
    const xmlNode *os = vccw_xml_element_first(domain->root, "os");
    const xmlNode *node = os ? os : domain->root;
    g_autofree char *type = os ? vccw_xml_element_text(os, "type") : NULL;
    g_autofree char *arch = vccw_quote(vccw_domain_xml_arch(domain), VCCW_QUOTE_VALUE);
    g_autofree char *machine =
        vccw_quote(vccw_domain_xml_machine(domain), VCCW_QUOTE_VALUE);

    if (g_strcmp0(type, "hvm") != 0)
        vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                                   "<domain> needs <os><type arch='" VCCW_DOMAIN_ARCH
                                   "' machine='" VCCW_DOMAIN_MACHINE "'>hvm</type></os>");
    else if (!g_str_equal(vccw_domain_xml_arch(domain), VCCW_DOMAIN_ARCH))
        vccw_xml_element_set_error(error, node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "the architecture is %s; channel devices are for "
                                   "guests with arch='" VCCW_DOMAIN_ARCH "'",
                                   arch);
    else if (!g_str_has_prefix(vccw_domain_xml_machine(domain), VCCW_DOMAIN_MACHINE))
        vccw_xml_element_set_error(error, node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "the machine is %s; channel devices are for guests "
                                   "with machine='" VCCW_DOMAIN_MACHINE "'",
                                   machine);
    else
        return TRUE;
    return FALSE;
}

/* As in libvirt, memory may instead be that of the guest's NUMA nodes. */
static gboolean
check_memory(const VccwDomainXml *domain, GError **error)
{
    const xmlNode *memory = vccw_xml_element_first(domain->root, "memory");
    const xmlNode *cpu = vccw_xml_element_first(domain->root, "cpu");

    if (domain->memory > 0 || (cpu && vccw_xml_element_first(cpu, "numa")))
        return TRUE;
    vccw_xml_element_set_error(error, memory ? memory : domain->root,
                               VCCW_ERROR_XML_CONTENT,
                               "<domain> has no memory; write for example "
                               "<memory unit='MiB'>2048</memory>");
    return FALSE;
}

/* Whether it is left out, rather than no number. */
static gboolean
check_no_index(const VccwDomainDevice *device, GError **error)
{
    const char *text = vccw_xml_tree_attribute(device->node, "index");
    g_autofree char *quoted = NULL;

    if (!text)
        return TRUE;
    quoted = vccw_quote(text, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(error, device->node, VCCW_ERROR_XML_CONTENT,
                               "the index of <controller> is %s, which is no number; "
                               "leave it out to have it assigned",
                               quoted);
    return FALSE;
}

/* @seen: by type and index, whose strings it owns. USB's come in groups of one index. */
static gboolean
check_controller(const VccwDomainDevice *device, GHashTable *seen, GError **error)
{
    const VccwDomainDevice *before;
    const char *type = vccw_xml_tree_attribute(device->node, "type");
    int index = vccw_domain_controller_index(device);
    g_autofree char *key = NULL;
    g_autofree char *quoted = NULL;

    if (device->kind != VCCW_DEVICE_CONTROLLER || g_strcmp0(type, "usb") == 0)
        return TRUE;
    if (index < 0)
        return check_no_index(device, error);
    key = g_strdup_printf("%s %d", type ? type : "", index);
    before = g_hash_table_lookup(seen, key);
    if (!before) {
        g_hash_table_insert(seen, g_steal_pointer(&key), (gpointer)device);
        return TRUE;
    }
    quoted = vccw_quote(type, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(
        error, device->node, VCCW_ERROR_XML_CONTENT,
        "there are two controllers of type %s with index %d, the other in line %ld; "
        "change one, or leave it out to have it assigned",
        quoted, index, line_of(before));
    return FALSE;
}

/* @seen: by boot order. */
static gboolean
check_boot(const VccwDomainDevice *device, GHashTable *seen, GError **error)
{
    const VccwDomainDevice *before;

    if (device->boot_order == 0)
        return TRUE;
    if (device->kind == VCCW_DEVICE_HOSTDEV && !device->hostdev &&
        g_strcmp0(vccw_xml_tree_attribute(device->node, "type"), "mdev") == 0) {
        vccw_xml_element_set_error(error, device->node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "only mediated devices of model vfio-ccw can be "
                                   "booted from; remove <boot>");
        return FALSE;
    }
    before = note(seen, GUINT_TO_POINTER(device->boot_order), device);
    if (!before)
        return TRUE;
    vccw_xml_element_set_error(error, device->node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                               "boot order %u is that of the <%s> in line %ld, too; give "
                               "each device its own",
                               device->boot_order, before->node->name, line_of(before));
    return FALSE;
}

static gboolean
check_boot_mix(const VccwDomainXml *domain, gboolean per_device, GError **error)
{
    const xmlNode *os = vccw_xml_element_first(domain->root, "os");
    const xmlNode *boot = os ? vccw_xml_element_first(os, "boot") : NULL;

    if (!boot || !per_device)
        return TRUE;
    vccw_xml_element_set_error(error, boot, VCCW_ERROR_CONFIG_UNSUPPORTED,
                               "<boot dev=> of <os> and <boot order=> of devices cannot "
                               "be used together; keep one of them");
    return FALSE;
}

/* @seen: by bus-ID key. */
static gboolean
check_address(const VccwDomainDevice *device, GHashTable *seen, GError **error)
{
    const VccwDomainDevice *before;
    g_autofree char *text = NULL;

    if (!device->has_ccw)
        return TRUE;
    if (!vccw_xml_device_info_check_cssid(device->node, &device->ccw, error))
        return FALSE;
    before = note(seen, GUINT_TO_POINTER(vccw_bus_id_key(&device->ccw)), device);
    if (!before)
        return TRUE;
    text = vccw_bus_id_to_string(&device->ccw);
    vccw_xml_element_set_error(
        error, device->node, VCCW_ERROR_XML_CONTENT,
        "the guest address %s is in use already, by the <%s> in "
        "line %ld; change one, or leave it out to have it assigned",
        text, before->node->name, line_of(before));
    return FALSE;
}

/* @seen: by UUID. */
static gboolean
check_uuid(const VccwDomainDevice *device, GHashTable *seen, GError **error)
{
    const VccwDomainDevice *before;
    g_autofree char *text = NULL;

    if (!device->hostdev)
        return TRUE;
    before = note(seen, &device->hostdev->uuid, device);
    if (!before)
        return TRUE;
    text = vccw_uuid_to_string(&device->hostdev->uuid);
    vccw_xml_element_set_error(
        error, device->node, VCCW_ERROR_XML_CONTENT,
        "the mediated device %s is given to this guest already, by "
        "the <hostdev> in line %ld; remove one of them",
        text, line_of(before));
    return FALSE;
}

/* @seen: by alias. What does not begin with "ua-" was made for a run, and is made anew.
 */
static gboolean
check_alias(const VccwDomainDevice *device, GHashTable *seen, GError **error)
{
    const VccwDomainDevice *before;
    g_autofree char *quoted = NULL;

    if (!device->alias || !g_str_has_prefix(device->alias, USER_ALIAS))
        return TRUE;
    quoted = vccw_quote(device->alias, VCCW_QUOTE_VALUE);
    if (device->alias[strspn(device->alias, ALIAS_CHARS)] ||
        g_str_equal(device->alias, USER_ALIAS)) {
        vccw_xml_element_set_error(error, device->node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                                   "the alias %s is not '" USER_ALIAS
                                   "' and letters, digits, '_' and '-'",
                                   quoted);
        return FALSE;
    }
    before = note(seen, device->alias, device);
    if (!before)
        return TRUE;
    vccw_xml_element_set_error(error, device->node, VCCW_ERROR_CONFIG_UNSUPPORTED,
                               "the alias %s is that of the <%s> in line %ld, too; give "
                               "each device its own",
                               quoted, before->node->name, line_of(before));
    return FALSE;
}

static gboolean
check_devices(const GPtrArray *devices, Check check, GHashTable *seen, GError **error)
{
    for (guint i = 0; i < devices->len; i++) {
        if (!check(g_ptr_array_index(devices, i), seen, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
vccw_domain_xml_check(const VccwDomainXml *domain, GError **error)
{
    const GPtrArray *walk = vccw_domain_walk(domain);
    g_autoptr(GHashTable) orders = g_hash_table_new(vccw_hash_number, NULL);
    g_autoptr(GHashTable) addresses = g_hash_table_new(vccw_hash_number, NULL);
    g_autoptr(GHashTable) uuids = g_hash_table_new(vccw_uuid_hash, vccw_uuid_equal);
    g_autoptr(GHashTable) aliases = g_hash_table_new(vccw_hash_string, g_str_equal);
    g_autoptr(GHashTable) controllers =
        g_hash_table_new_full(vccw_hash_string, g_str_equal, g_free, NULL);

    return check_machine(domain, error) && check_memory(domain, error) &&
           check_devices(walk, check_controller, controllers, error) &&
           check_devices(walk, check_boot, orders, error) &&
           check_boot_mix(domain, g_hash_table_size(orders) > 0, error) &&
           check_devices(walk, check_address, addresses, error) &&
           check_devices(walk, check_uuid, uuids, error) &&
           check_devices(walk, check_alias, aliases, error);
}
