/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "xml/guest-source.h"

#include "base/quote.h"
#include "xml/edit.h"
#include "xml/element.h"
#include "xml/hostdev.h"
#include "xml/reader.h"
#include "xml/tree.h"
#include <string.h>
#include <virtccw/error.h>

/* A document that is being looked through. */
typedef struct {
    xmlDoc *doc;
    VccwXmlEdit *edit;
    VccwGuestSourceResolve resolve; /* or NULL: nothing is changed */
    gpointer data;
    GArray *sources; /* of VccwGuestSource */
    guint hostdevs;
    guint named; /* of these, by device */
} Pass;

/* -- what is noted in the metadata -- */

static gboolean
read_note(const xmlNode *node, VccwGuestSource *ret_source)
{
    const char *uuid = vccw_xml_tree_attribute(node, "uuid");
    const char *device = vccw_xml_tree_attribute(node, "device");
    const char *dev = vccw_xml_tree_attribute(node, "dev");
    VccwGuestSource source = { .by_device = TRUE, .by_address = device != NULL };
    VccwBusId id;

    if (!uuid || !vccw_uuid_parse(uuid, &source.uuid, NULL))
        return FALSE;
    if (device && vccw_host_bus_id_parse(device, &id, NULL))
        source.name = vccw_node_name_ccw(&id);
    else if (!dev || device || !vccw_node_name_parse(dev, &source.name, NULL))
        return FALSE;
    *ret_source = source;
    return TRUE;
}

/* @element: (nullable): ours. What is handed over alone has lost its namespace.
 * Returns: (transfer full): GArray of VccwGuestSource. */
static GArray *
read_notes(const xmlNode *element)
{
    GArray *notes = g_array_new(FALSE, FALSE, sizeof(VccwGuestSource));
    const xmlNode *node = element ? element->children : NULL;
    VccwGuestSource source;

    for (; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE &&
            g_str_equal((const char *)node->name, "source") && read_note(node, &source))
            g_array_append_val(notes, source);
    return notes;
}

/* Returns: (transfer full): @notes by UUID, the first one of each; it lives as long as
 * they do. */
static GHashTable *
index_notes(const GArray *notes)
{
    GHashTable *index = g_hash_table_new(vccw_uuid_hash, vccw_uuid_equal);

    for (guint i = notes->len; i-- > 0;) {
        VccwGuestSource *note = &g_array_index(notes, VccwGuestSource, i);

        g_hash_table_replace(index, &note->uuid, note);
    }
    return index;
}

static void
write_note(GString *out, const char *prefix, const VccwGuestSource *source)
{
    g_autofree char *uuid = vccw_uuid_to_string(&source->uuid);
    g_autofree char *text = source->by_address ? vccw_bus_id_to_string(&source->name.id)
                                               : vccw_node_name_to_string(&source->name);

    g_string_append_printf(out, "<%ssource uuid='%s' %s='%s'/>", prefix, uuid,
                           source->by_address ? "device" : "dev", text);
}

/* Returns: (transfer full) (nullable): the element with all sources by device, of those
 * from the one with the number @first. */
static char *
write_notes(const GArray *sources,
            guint first,
            const char *prefix,
            const char *declaration)
{
    g_autoptr(GString) inside = g_string_new(NULL);

    for (guint i = first; i < sources->len; i++)
        if (g_array_index(sources, VccwGuestSource, i).by_device)
            write_note(inside, prefix, &g_array_index(sources, VccwGuestSource, i));
    if (!inside->len)
        return NULL;
    return g_strdup_printf("<%shostdevs%s>%s</%shostdevs>", prefix, declaration,
                           inside->str, prefix);
}

static xmlNode *
find_element(const xmlNode *domain)
{
    const xmlNode *metadata = vccw_xml_element_first(domain, "metadata");

    return metadata
               ? vccw_xml_element_first_ns(metadata, VCCW_GUEST_SOURCE_NS, "hostdevs")
               : NULL;
}

/* -- what a hostdev says -- */

static xmlNode *
first_hostdev(const xmlNode *devices)
{
    xmlNode *node = NULL;

    for (; devices && !node; devices = vccw_xml_element_next(devices))
        node = vccw_xml_element_first(devices, "hostdev");
    return node;
}

/* The hostdev of @domain behind @node, or the first one; libvirt looks into each
 * <devices>. */
static xmlNode *
next_hostdev(const xmlNode *domain, const xmlNode *node)
{
    xmlNode *next;

    if (!node)
        return first_hostdev(vccw_xml_element_first(domain, "devices"));
    next = vccw_xml_element_next(node);
    return next ? next : first_hostdev(vccw_xml_element_next(node->parent));
}

static gboolean
refuse(const xmlNode *node, int code, const char *why, GError **error)
{
    vccw_xml_element_set_error(error, node, code, "%s", why);
    return FALSE;
}

static gboolean
read_number(const xmlNode *address,
            const char *name,
            guint max,
            guint *ret_number,
            GError **error)
{
    const char *text = vccw_xml_tree_attribute(address, name);

    if (!text)
        return refuse(address, VCCW_ERROR_XML_CONTENT,
                      "a device of the host is named by all of cssid, ssid and devno, as "
                      "in <address type='ccw' cssid='0x0' ssid='0x0' devno='0x3000'/>",
                      error);
    return vccw_xml_element_number_from(address, name, text, 0, max, ret_number, error);
}

static gboolean
read_address(const xmlNode *address, VccwGuestSource *source, GError **error)
{
    guint cssid, ssid, devno;

    if (!read_number(address, "cssid", VCCW_CSSID_MAX, &cssid, error) ||
        !read_number(address, "ssid", VCCW_SSID_MAX, &ssid, error) ||
        !read_number(address, "devno", 0xffff, &devno, error))
        return FALSE;
    if (cssid != 0)
        return refuse(address, VCCW_ERROR_CONFIG_UNSUPPORTED,
                      "devices of the host have cssid='0x0'; the guest's own address, "
                      "with cssid='0xfe', is not within <source>",
                      error);
    source->by_device = source->by_address = TRUE;
    source->name = vccw_node_name_ccw(&(VccwBusId){ 0, ssid, devno });
    return TRUE;
}

static gboolean
read_dev(const xmlNode *node, const char *dev, VccwGuestSource *source, GError **error)
{
    g_autofree char *quoted = NULL;

    source->by_device = TRUE;
    if (vccw_node_name_parse(dev, &source->name, NULL) &&
        source->name.kind != VCCW_NODE_COMPUTER)
        return TRUE;
    quoted = vccw_quote(dev, VCCW_QUOTE_VALUE);
    vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                               "the dev of <source> is %s; it is the name of a node "
                               "device, such as css_0_0_0004, ccw_0_0_3000 or mdev_…",
                               quoted);
    return FALSE;
}

/* Sources that cannot be understood are left to the checks of src/xml/hostdev-xml.c; then
 * @ret_known is FALSE. */
static gboolean
read_source(const xmlNode *hostdev,
            VccwGuestSource *source,
            gboolean *ret_known,
            GError **error)
{
    const xmlNode *node = vccw_xml_element_first(hostdev, "source");
    const xmlNode *address = node ? vccw_xml_element_first(node, "address") : NULL;
    const char *uuid = address ? vccw_xml_tree_attribute(address, "uuid") : NULL;
    const char *dev = node ? vccw_xml_tree_attribute(node, "dev") : NULL;
    const char *type = address ? vccw_xml_tree_attribute(address, "type") : NULL;

    source->managed = g_strcmp0(vccw_xml_tree_attribute(hostdev, "managed"), "yes") == 0;
    *ret_known = TRUE;
    if (dev && address)
        return refuse(node, VCCW_ERROR_XML_CONTENT,
                      "<source> has both dev and an <address>; leave one of them out",
                      error);
    if (dev)
        return read_dev(node, dev, source, error);
    if (uuid)
        *ret_known = vccw_uuid_parse(uuid, &source->uuid, NULL);
    else if (g_strcmp0(type, "ccw") == 0)
        return read_address(address, source, error);
    else
        *ret_known = FALSE;
    return TRUE;
}

/* -- one after another -- */

static void
write_uuid(Pass *pass, const xmlNode *hostdev, const VccwGuestSource *source)
{
    const xmlNode *node = vccw_xml_element_first(hostdev, "source");
    g_autofree char *uuid = vccw_uuid_to_string(&source->uuid);
    g_autofree char *address = g_strdup_printf("<address uuid='%s'/>", uuid);
    g_autofree char *whole = g_strdup_printf("<source>%s</source>", address);

    if (source->by_address)
        vccw_xml_edit_replace(pass->edit, vccw_xml_element_first(node, "address"),
                              address);
    else
        vccw_xml_edit_replace(pass->edit, node, whole);
}

static gboolean
take_hostdev(Pass *pass, const xmlNode *hostdev, GHashTable *notes, GError **error)
{
    VccwGuestSource source = { .managed = FALSE };
    const VccwGuestSource *note;
    gboolean known;

    pass->hostdevs++;
    if (!read_source(hostdev, &source, &known, error))
        return FALSE;
    if (!known || (source.by_device && !pass->resolve))
        return TRUE;
    if (source.by_device && pass->named++ == VCCW_GUEST_SOURCE_MAX)
        return refuse(
            hostdev, VCCW_ERROR_CONFIG_UNSUPPORTED,
            "a document names 1,024 devices of the host at most; define mediated "
            "devices for further ones, and give their UUIDs",
            error);
    if (source.by_device) {
        pass->resolve(&source.name, &source.uuid, pass->data);
        write_uuid(pass, hostdev, &source);
    } else if ((note = g_hash_table_lookup(notes, &source.uuid))) {
        gboolean managed = source.managed;

        source = *note;
        source.managed = managed;
    }
    g_array_append_val(pass->sources, source);
    return TRUE;
}

static gboolean
take_hostdevs(Pass *pass, const xmlNode *domain, GHashTable *notes, GError **error)
{
    const xmlNode *node = NULL;

    while ((node = next_hostdev(domain, node)))
        if (vccw_hostdev_is_vfio_ccw(node) && !take_hostdev(pass, node, notes, error))
            return FALSE;
    return TRUE;
}

/* Makes the metadata say what is so now. */
static void
write_metadata(Pass *pass, const xmlNode *domain, const char *text)
{
    const xmlNode *metadata = vccw_xml_element_first(domain, "metadata");
    const xmlNode *element = find_element(domain);
    g_autofree char *whole = g_strdup_printf("<metadata>%s</metadata>", text ? text : "");

    if (element && text)
        vccw_xml_edit_replace(pass->edit, element, text);
    else if (element)
        vccw_xml_edit_remove(pass->edit, element);
    else if (!text)
        return;
    else if (!metadata)
        vccw_xml_edit_insert(pass->edit, domain, whole);
    else if (vccw_xml_edit_is_empty_tag(pass->edit, metadata))
        vccw_xml_edit_replace(pass->edit, metadata, whole);
    else
        vccw_xml_edit_insert(pass->edit, metadata, text);
}

static gboolean
take_domain(Pass *pass, const xmlNode *domain, GError **error)
{
    g_autoptr(GArray) notes = read_notes(find_element(domain));
    g_autoptr(GHashTable) index = index_notes(notes);
    guint first = pass->sources->len;

    if (!take_hostdevs(pass, domain, index, error))
        return FALSE;
    if (pass->resolve) {
        g_autofree char *text =
            write_notes(pass->sources, first, VCCW_GUEST_SOURCE_KEY ":",
                        " xmlns:" VCCW_GUEST_SOURCE_KEY "='" VCCW_GUEST_SOURCE_NS "'");

        write_metadata(pass, domain, text);
    }
    return TRUE;
}

static gboolean
is_domain(const xmlNode *node)
{
    return vccw_xml_element_is(node, "domain") ||
           vccw_xml_element_is(node, "inactiveDomain");
}

/* Calls @func for each domain in the document. */
static gboolean
for_each_domain(Pass *pass,
                gboolean (*func)(Pass *pass, const xmlNode *domain, GError **error),
                GError **error)
{
    const xmlNode *root = xmlDocGetRootElement(pass->doc);

    if (is_domain(root))
        return func(pass, root, error);
    for (const xmlNode *node = root->children; node; node = node->next)
        if (is_domain(node) && !func(pass, node, error))
            return FALSE;
    return TRUE;
}

static gboolean
take_document(Pass *pass, GError **error)
{
    g_autoptr(GHashTable) none = g_hash_table_new(NULL, NULL);
    const xmlNode *root = xmlDocGetRootElement(pass->doc);

    if (!vccw_xml_element_is(root, "hostdev"))
        return for_each_domain(pass, take_domain, error);
    return !vccw_hostdev_is_vfio_ccw(root) || take_hostdev(pass, root, none, error);
}

void
vccw_guest_source_result_clear(VccwGuestSourceResult *result)
{
    g_clear_pointer(&result->sources, g_array_unref);
    g_clear_pointer(&result->text, g_free);
}

static void
read_root(const xmlNode *root, VccwGuestSourceResult *result)
{
    g_autofree char *uuid = NULL;

    result->is_domain = vccw_xml_element_is(root, "domain");
    uuid = result->is_domain ? vccw_xml_element_text(root, "uuid") : NULL;
    result->has_guest = uuid && vccw_uuid_parse(uuid, &result->guest, NULL);
}

gboolean
vccw_guest_source_resolve(const char *text,
                          VccwGuestSourceResolve resolve,
                          gpointer data,
                          VccwGuestSourceResult *ret_result,
                          GError **error)
{
    g_autoptr(xmlDoc) doc = vccw_xml_reader_parse(text, VCCW_DOMAIN_XML_MAX, error);
    g_autoptr(VccwXmlEdit) edit = doc ? vccw_xml_edit_new(text, doc) : NULL;
    Pass pass = { doc, edit, resolve, data };
    VccwGuestSourceResult result = { .is_domain = FALSE };

    if (!doc)
        return FALSE;
    pass.sources = g_array_new(FALSE, FALSE, sizeof(VccwGuestSource));
    if (!take_document(&pass, error)) {
        g_array_unref(pass.sources);
        return FALSE;
    }
    read_root(xmlDocGetRootElement(doc), &result);
    result.sources = pass.sources;
    result.hostdevs = pass.hostdevs;
    result.text = vccw_xml_edit_apply(edit);
    *ret_result = result;
    return TRUE;
}

static gboolean
has_alias(const xmlNode *hostdev, const char *alias)
{
    const xmlNode *node = vccw_xml_element_first(hostdev, "alias");

    return node && g_strcmp0(vccw_xml_tree_attribute(node, "name"), alias) == 0;
}

gboolean
vccw_guest_source_by_alias(const char *text, const char *alias, VccwUuid *ret_uuid)
{
    g_autoptr(xmlDoc) doc = vccw_xml_reader_parse(text, VCCW_DOMAIN_XML_MAX, NULL);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *node = root ? next_hostdev(root, NULL) : NULL;
    VccwGuestSource source = { .managed = FALSE };
    gboolean known;

    while (node && !(vccw_hostdev_is_vfio_ccw(node) && has_alias(node, alias)))
        node = next_hostdev(root, node);
    if (!node || !read_source(node, &source, &known, NULL) || !known)
        return FALSE;
    *ret_uuid = source.uuid;
    return TRUE;
}

/* -- back -- */

static char *
written_as(const VccwGuestSource *source)
{
    const VccwBusId *id = &source->name.id;
    g_autofree char *dev = NULL;

    if (source->by_address)
        return g_strdup_printf(
            "<address type='ccw' cssid='0x%x' ssid='0x%x' devno='0x%04x'/>", id->cssid,
            id->ssid, id->devno);
    dev = vccw_node_name_to_string(&source->name);
    return g_strdup_printf("<source dev='%s'/>", dev);
}

static void
restore_hostdev(Pass *pass, const xmlNode *hostdev, GHashTable *notes)
{
    const xmlNode *node = vccw_xml_element_first(hostdev, "source");
    const xmlNode *address = node ? vccw_xml_element_first(node, "address") : NULL;
    const char *text = address ? vccw_xml_tree_attribute(address, "uuid") : NULL;
    g_autofree char *written = NULL;
    const VccwGuestSource *note;
    VccwUuid uuid;

    if (!text || !vccw_uuid_parse(text, &uuid, NULL) ||
        !(note = g_hash_table_lookup(notes, &uuid)))
        return;
    written = written_as(note);
    vccw_xml_edit_replace(pass->edit, note->by_address ? address : node, written);
}

static gboolean
restore_domain(Pass *pass, const xmlNode *domain, GError **error)
{
    xmlNode *element = find_element(domain);
    const xmlNode *node = NULL;
    g_autoptr(GArray) notes = read_notes(element);
    g_autoptr(GHashTable) index = index_notes(notes);

    if (!element)
        return TRUE;
    vccw_xml_edit_remove(pass->edit, xmlChildElementCount(element->parent) == 1
                                         ? element->parent
                                         : element);
    while ((node = next_hostdev(domain, node)))
        if (vccw_hostdev_is_vfio_ccw(node))
            restore_hostdev(pass, node, index);
    return TRUE;
}

char *
vccw_guest_source_restore(const char *text)
{
    g_autoptr(xmlDoc) doc = vccw_xml_reader_parse(text, VCCW_DOMAIN_XML_MAX, NULL);
    g_autoptr(VccwXmlEdit) edit = doc ? vccw_xml_edit_new(text, doc) : NULL;
    Pass pass = { doc, edit };

    if (!doc)
        return NULL;
    for_each_domain(&pass, restore_domain, NULL);
    return vccw_xml_edit_apply(edit);
}

/* -- metadata alone -- */

static GArray *
read_metadata(const char *text)
{
    g_autoptr(xmlDoc) doc =
        text ? vccw_xml_reader_parse(text, VCCW_DOMAIN_XML_MAX, NULL) : NULL;

    return read_notes(doc ? xmlDocGetRootElement(doc) : NULL);
}

char *
vccw_guest_source_metadata(const char *old,
                           const VccwGuestSource *add,
                           const VccwUuid *drop)
{
    g_autoptr(GArray) notes = read_metadata(old);

    for (guint i = notes->len; i-- > 0;) {
        const VccwUuid *uuid = &g_array_index(notes, VccwGuestSource, i).uuid;

        if ((drop && vccw_uuid_equal(uuid, drop)) ||
            (add && vccw_uuid_equal(uuid, &add->uuid)))
            g_array_remove_index(notes, i);
    }
    if (add)
        g_array_append_vals(notes, add, 1);
    return write_notes(notes, 0, "", "");
}

gboolean
vccw_guest_source_find(const char *metadata, const VccwNodeName *name, VccwUuid *ret_uuid)
{
    g_autoptr(GArray) notes = read_metadata(metadata);

    for (guint i = 0; i < notes->len; i++) {
        const VccwGuestSource *note = &g_array_index(notes, VccwGuestSource, i);

        if (vccw_node_name_equal(&note->name, name)) {
            *ret_uuid = note->uuid;
            return TRUE;
        }
    }
    return FALSE;
}
