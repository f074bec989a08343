/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A domain is its document: what a getter answers is read from the tree once or when
 * asked, and what a setter changes is changed there.
 */

#include "xml/domain-private.h"

#include "base/quote.h"
#include "xml/element.h"
#include "xml/reader.h"
#include "xml/schema.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

#define VCPUS_MAX    65535
#define MEMORY_MAX   (G_MAXINT64 & ~G_GINT64_CONSTANT(1023)) /* bytes, in whole KiB */
#define VALIDATE_MAX 5000 /* elements of a document to be checked against the schema */
#define USER_ALIAS   "ua-"

/* The children of <domain> behind which a new one stands, in libvirt's order. */
static const char *const order[] = {
    "name",     "uuid",      "genid",  "title",         "description",
    "metadata", "maxMemory", "memory", "currentMemory",
};

xmlNode *
vccw_domain_root(const VccwDomainXml *domain)
{
    return domain->root;
}

xmlNode *
vccw_domain_add_child(VccwDomainXml *domain, const char *name)
{
    guint place = 0;

    while (place < G_N_ELEMENTS(order) && !g_str_equal(order[place], name))
        place++;
    while (place-- > 0) {
        const xmlNode *node = vccw_xml_element_first(domain->root, order[place]);

        if (node)
            return vccw_xml_tree_add(domain->root, node->next, name);
    }
    return vccw_xml_tree_add(domain->root, domain->root->children, name);
}

static gboolean
check_name(const xmlNode *node, const char *name, GError **error)
{
    g_autofree char *quoted = NULL;

    if (*name && !strpbrk(name, "/\n") && !g_str_equal(name, ".") &&
        !g_str_equal(name, ".."))
        return TRUE;
    quoted = vccw_quote(name, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                               "%s cannot be a domain's name; it must not be empty or "
                               "have a '/' or a newline",
                               quoted);
    return FALSE;
}

static gboolean
read_name(VccwDomainXml *domain, GError **error)
{
    xmlNode *node = vccw_xml_element_first(domain->root, "name");
    g_autofree char *name = vccw_xml_element_text(domain->root, "name");

    if (!name) {
        vccw_xml_element_set_error(error, domain->root, VCCW_ERROR_XML_CONTENT,
                                   "<domain> needs a <name>, for example "
                                   "<name>guest</name>");
        return FALSE;
    }
    vccw_xml_tree_set_text(node, name);
    return check_name(node, name, error);
}

static gboolean
read_uuid(VccwDomainXml *domain, GError **error)
{
    g_autofree char *text = vccw_xml_element_text(domain->root, "uuid");
    VccwUuid uuid;

    if (!text) {
        vccw_uuid_random(&uuid);
    } else if (!vccw_uuid_parse(text, &uuid, NULL)) {
        g_autofree char *quoted = vccw_quote(text, VCCW_QUOTE_VALUE);

        vccw_xml_element_set_error(
            error, vccw_xml_element_first(domain->root, "uuid"), VCCW_ERROR_XML_CONTENT,
            "<uuid> %s is not a UUID; leave it out to have one made", quoted);
        return FALSE;
    }
    domain->had_uuid = text != NULL;
    vccw_domain_xml_set_uuid(domain, &uuid);
    return TRUE;
}

static gboolean
read_type(const VccwDomainXml *domain, GError **error)
{
    const char *type = vccw_xml_tree_attribute(domain->root, "type");
    g_autofree char *quoted = NULL;

    if (type && (g_str_equal(type, "kvm") || g_str_equal(type, "qemu")))
        return TRUE;
    quoted = vccw_quote(type, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(
        error, domain->root,
        type ? VCCW_ERROR_CONFIG_UNSUPPORTED : VCCW_ERROR_XML_CONTENT,
        "the type of <domain> is %s; guests with channel devices have type='kvm', or "
        "type='qemu' to be emulated",
        quoted);
    return FALSE;
}

/* Returns: bytes of one @unit; 0 when that is none. */
static guint64
unit_size(const char *unit)
{
    static const struct {
        const char *letter;
        guint power;
    } units[] = {
        { "k", 1 }, { "m", 2 }, { "g", 3 }, { "t", 4 }, { "p", 5 }, { "e", 6 }
    };
    guint64 size = 1;

    if (!unit || !*unit)
        return 1024;
    if (g_ascii_strcasecmp(unit, "b") == 0 || g_ascii_strcasecmp(unit, "byte") == 0 ||
        g_ascii_strcasecmp(unit, "bytes") == 0)
        return 1;
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_ascii_strncasecmp(unit, units[i].letter, 1) != 0)
            continue;
        if (unit[1] && g_ascii_strcasecmp(unit + 1, "ib") != 0 &&
            g_ascii_strcasecmp(unit + 1, "b") != 0)
            return 0;
        for (guint power = 0; power < units[i].power; power++)
            size *= g_ascii_strcasecmp(unit + 1, "b") == 0 ? 1000 : 1024;
        return size;
    }
    return 0;
}

/* The amount in the child @name, in KiB, rounded up. */
static gboolean
read_memory(const VccwDomainXml *domain,
            const char *name,
            guint64 *ret_kib,
            GError **error)
{
    const xmlNode *node = vccw_xml_element_first(domain->root, name);
    g_autofree char *text = vccw_xml_element_text(domain->root, name);
    g_autofree char *digits = text ? g_strstrip(g_strdup(text)) : NULL;
    guint64 size = node ? unit_size(vccw_xml_tree_attribute(node, "unit")) : 0;
    g_autofree char *quoted = NULL;
    guint64 number;

    if (!text)
        return TRUE;
    if (size &&
        g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT64 / size, &number, NULL) &&
        number * size <= MEMORY_MAX) {
        *ret_kib = (number * size + 1023) / 1024;
        return TRUE;
    }
    quoted = vccw_quote(text, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                               "<%s> %s is not an amount of memory; write for example "
                               "<%s unit='MiB'>2048</%s>",
                               name, quoted, name, name);
    return FALSE;
}

static gboolean
read_vcpus(VccwDomainXml *domain, GError **error)
{
    const xmlNode *node = vccw_xml_element_first(domain->root, "vcpu");
    g_autofree char *text = vccw_xml_element_text(domain->root, "vcpu");
    const char *current = node ? vccw_xml_tree_attribute(node, "current") : NULL;

    domain->vcpus = 1;
    if (node && !vccw_xml_element_number_from(node, "<vcpu>", text ? text : "", 10,
                                              VCPUS_MAX, &domain->vcpus, error))
        return FALSE;
    domain->current_vcpus = domain->vcpus;
    if (current &&
        !vccw_xml_element_number_from(node, "the number of current <vcpu>", current, 10,
                                      VCPUS_MAX, &domain->current_vcpus, error))
        return FALSE;
    if (domain->current_vcpus > domain->vcpus) {
        vccw_xml_element_set_error(
            error, node, VCCW_ERROR_CONFIG_UNSUPPORTED,
            "%u current <vcpu> are more than there are at most: %u",
            domain->current_vcpus, domain->vcpus);
        return FALSE;
    }
    if (domain->current_vcpus > 0)
        return TRUE;
    vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                               "<vcpu> is 0; a guest has at least one");
    return FALSE;
}

static gboolean
read_devices(VccwDomainXml *domain, GError **error)
{
    xmlNode *node = domain->devices_node ? domain->devices_node->children : NULL;

    for (; node; node = node->next) {
        VccwDomainDevice *device;

        if (node->type != XML_ELEMENT_NODE)
            continue;
        device = vccw_domain_device_read(node, error);
        if (!device)
            return FALSE;
        g_ptr_array_add(domain->devices, device);
        if (device->hostdev)
            g_ptr_array_add(domain->hostdevs, device->hostdev);
    }
    return TRUE;
}

static gboolean
check_root(const xmlNode *root, GError **error)
{
    g_autofree char *name = NULL;

    if (vccw_xml_element_is(root, "domain"))
        return TRUE;
    name = vccw_xml_reader_cause((const char *)root->name);
    vccw_xml_element_set_error(error, root, VCCW_ERROR_XML_CONTENT,
                               "the document's element is <%s>%s; expected is a <domain> "
                               "without xmlns",
                               name, root->ns ? " in a namespace" : "");
    return FALSE;
}

static gboolean
read_domain(VccwDomainXml *domain, GError **error)
{
    if (!read_type(domain, error) || !read_name(domain, error) ||
        !read_uuid(domain, error) ||
        !read_memory(domain, "memory", &domain->memory, error))
        return FALSE;
    if (!read_memory(domain, "currentMemory", &domain->current_memory, error))
        return FALSE;
    if (domain->current_memory == 0 || domain->current_memory > domain->memory)
        domain->current_memory = domain->memory;
    return read_vcpus(domain, error) && read_devices(domain, error);
}

/* Returns: how many elements @node and those below it are, but not many more than @max.
 */
static guint
count_elements(const xmlNode *node, guint max)
{
    guint n = node->type == XML_ELEMENT_NODE;

    if (n == 0)
        return 0;
    for (const xmlNode *child = node->children; child && n <= max; child = child->next)
        n += count_elements(child, max - n);
    return n;
}

/* libxml2 needs about 10 µs for each element to check it. */
static gboolean
check_validatable(const VccwDomainXml *domain, GError **error)
{
    if (count_elements(domain->root, VALIDATE_MAX) <= VALIDATE_MAX)
        return TRUE;
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_XML_SCHEMA,
                "a document of more than %u elements is not checked against the schema; "
                "define it without --validate",
                VALIDATE_MAX);
    return FALSE;
}

/* Whether something in @root has the namespace @old, which becomes @ns if that is given.
 */
static gboolean
replace_namespace(xmlNode *root, const xmlNs *old, xmlNs *ns)
{
    gboolean found = FALSE;

    for (xmlNode *node = root; node; node = vccw_xml_tree_next(root, node)) {
        if (node->ns == old) {
            node->ns = ns ? ns : node->ns;
            found = TRUE;
        }
        for (xmlAttr *attr = node->properties; attr; attr = attr->next) {
            if (attr->ns == old) {
                attr->ns = ns ? ns : attr->ns;
                found = TRUE;
            }
        }
    }
    return found;
}

/* What @from declares and @child uses is declared by @child, under the same prefix: had
 * it declared that itself, nothing in it would have this namespace. libxml2's own way,
 * xmlReconciliateNs(), takes another prefix for the same URI where there is one, or none:
 * then two attributes can end up with one name. */
static void
take_namespaces(const xmlNode *from, xmlNode *child)
{
    for (const xmlNs *ns = from->nsDef; ns; ns = ns->next) {
        if (replace_namespace(child, ns, NULL))
            replace_namespace(child, ns, xmlNewNs(child, ns->href, ns->prefix));
    }
}

/* Text is nobody's there, and joining it would take long. */
static void
move_devices(xmlNode *from, xmlNode *to)
{
    xmlNode *next;

    for (xmlNode *child = from->children; child; child = next) {
        next = child->next;
        if (child->type != XML_ELEMENT_NODE && child->type != XML_COMMENT_NODE)
            continue;
        if (child->type == XML_ELEMENT_NODE)
            take_namespaces(from, child);
        xmlUnlinkNode(child);
        xmlAddChild(to, child);
    }
    vccw_xml_tree_remove(from);
}

/* libvirt finds devices in every <devices>; here all are in the first one. */
static xmlNode *
merge_devices(xmlNode *root)
{
    xmlNode *first = vccw_xml_element_first(root, "devices");
    xmlNode *next;

    for (xmlNode *node = first ? first->next : NULL; node; node = next) {
        next = node->next;
        if (vccw_xml_element_is(node, "devices"))
            move_devices(node, first);
    }
    return first;
}

static VccwDomainXml *
new_domain(xmlDoc *doc)
{
    VccwDomainXml *domain = g_new0(VccwDomainXml, 1);

    domain->devices =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_domain_device_free);
    domain->hostdevs = g_ptr_array_new();
    domain->doc = doc;
    domain->root = xmlDocGetRootElement(doc);
    domain->devices_node = merge_devices(domain->root);
    return domain;
}

VccwDomainXml *
vccw_domain_xml_parse(const char *text, gboolean validate, GError **error)
{
    xmlDoc *doc = vccw_xml_reader_parse(text, VCCW_DOMAIN_XML_MAX, error);
    g_autoptr(VccwDomainXml) domain = doc ? new_domain(doc) : NULL;
    g_autoptr(GError) schema = NULL;
    g_autoptr(GError) detail = NULL;

    if (!domain || !check_root(domain->root, error) ||
        (validate && !check_validatable(domain, error)))
        return NULL;
    if (validate)
        vccw_xml_schema_check(VCCW_XML_SCHEMA_DOMAIN, domain->doc, &schema);
    if (read_domain(domain, &detail) && schema)
        vccw_domain_xml_check(domain, &detail);
    if (schema) {
        vccw_xml_schema_refuse(error, schema, detail);
        return NULL;
    }
    if (detail) {
        g_propagate_error(error, g_steal_pointer(&detail));
        return NULL;
    }
    return g_steal_pointer(&domain);
}

void
vccw_domain_xml_free(VccwDomainXml *domain)
{
    if (!domain)
        return;
    g_clear_pointer(&domain->walk, g_ptr_array_unref);
    g_ptr_array_unref(domain->hostdevs);
    g_ptr_array_unref(domain->devices);
    xmlFreeDoc(domain->doc);
    g_free(domain);
}

static gboolean
is_named(const xmlNode *node, const char *name)
{
    return g_str_equal((const char *)node->name, name);
}

/* Passwords are for those who may see them. */
static gboolean
is_secret(const xmlNode *attr)
{
    return is_named(attr->parent, "graphics") &&
           (is_named(attr, "passwd") || is_named(attr, "passwdValidTo"));
}

/* What belongs to a guest that runs: its number, and the names libvirt gave its devices.
 */
static gboolean
is_of_a_run(const xmlNode *node)
{
    const char *name;

    if (node->type == XML_ATTRIBUTE_NODE)
        return is_named(node, "id") && !node->parent->parent->parent &&
               is_named(node->parent, "domain");
    if (!vccw_xml_element_is(node, "alias") || !node->parent->parent ||
        !is_named(node->parent->parent, "devices"))
        return FALSE;
    name = vccw_xml_tree_attribute(node, "name");
    return name && !g_str_has_prefix(name, USER_ALIAS);
}

static gboolean
leave_out(const xmlNode *node, guint flags)
{
    if (node->type == XML_ATTRIBUTE_NODE && !(flags & VCCW_DOMAIN_XML_SECURE) &&
        is_secret(node))
        return TRUE;
    return (node->type == XML_ATTRIBUTE_NODE || node->type == XML_ELEMENT_NODE) &&
           (flags & VCCW_DOMAIN_XML_INACTIVE) && is_of_a_run(node);
}

char *
vccw_domain_xml_format(const VccwDomainXml *domain, guint flags)
{
    return vccw_xml_tree_format_document(domain->doc, leave_out, flags);
}

const char *
vccw_domain_xml_type(const VccwDomainXml *domain)
{
    return vccw_xml_tree_attribute(domain->root, "type");
}

const char *
vccw_domain_xml_name(const VccwDomainXml *domain)
{
    const xmlNode *node = vccw_xml_element_first(domain->root, "name");

    return (const char *)node->children->content;
}

gboolean
vccw_domain_xml_set_name(VccwDomainXml *domain, const char *name, GError **error)
{
    xmlNode *node = vccw_xml_element_first(domain->root, "name");

    if (!check_name(node, name, error))
        return FALSE;
    vccw_xml_tree_set_text(node, name);
    return TRUE;
}

const VccwUuid *
vccw_domain_xml_uuid(const VccwDomainXml *domain)
{
    return &domain->uuid;
}

void
vccw_domain_xml_set_uuid(VccwDomainXml *domain, const VccwUuid *uuid)
{
    g_autofree char *text = vccw_uuid_to_string(uuid);
    xmlNode *node = vccw_xml_element_first(domain->root, "uuid");

    domain->uuid = *uuid;
    vccw_xml_tree_set_text(node ? node : vccw_domain_add_child(domain, "uuid"), text);
}

gboolean
vccw_domain_xml_has_uuid(const VccwDomainXml *domain)
{
    return domain->had_uuid;
}

static const char *
os_type_attribute(const VccwDomainXml *domain, const char *name, const char *otherwise)
{
    const xmlNode *os = vccw_xml_element_first(domain->root, "os");
    const xmlNode *type = os ? vccw_xml_element_first(os, "type") : NULL;
    const char *value = type ? vccw_xml_tree_attribute(type, name) : NULL;

    return value ? value : otherwise;
}

const char *
vccw_domain_xml_arch(const VccwDomainXml *domain)
{
    return os_type_attribute(domain, "arch", VCCW_DOMAIN_ARCH);
}

const char *
vccw_domain_xml_machine(const VccwDomainXml *domain)
{
    return os_type_attribute(domain, "machine", VCCW_DOMAIN_MACHINE);
}

char *
vccw_domain_xml_emulator(const VccwDomainXml *domain)
{
    return domain->devices_node ? vccw_xml_element_text(domain->devices_node, "emulator")
                                : NULL;
}

guint64
vccw_domain_xml_memory(const VccwDomainXml *domain)
{
    return domain->memory;
}

guint64
vccw_domain_xml_current_memory(const VccwDomainXml *domain)
{
    return domain->current_memory;
}

guint
vccw_domain_xml_vcpus(const VccwDomainXml *domain)
{
    return domain->vcpus;
}

guint
vccw_domain_xml_current_vcpus(const VccwDomainXml *domain)
{
    return domain->current_vcpus;
}

char *
vccw_domain_xml_text(const VccwDomainXml *domain, const char *name)
{
    return vccw_xml_element_text(domain->root, name);
}

void
vccw_domain_xml_set_text(VccwDomainXml *domain, const char *name, const char *text)
{
    xmlNode *node = vccw_xml_element_first(domain->root, name);

    if (text && *text)
        vccw_xml_tree_set_text(node ? node : vccw_domain_add_child(domain, name), text);
    else if (node)
        vccw_xml_tree_remove(node);
}

guint
vccw_domain_xml_n_hostdevs(const VccwDomainXml *domain)
{
    return domain->hostdevs->len;
}

const VccwHostdevXml *
vccw_domain_xml_hostdev(const VccwDomainXml *domain, guint index)
{
    return g_ptr_array_index(domain->hostdevs, index);
}
