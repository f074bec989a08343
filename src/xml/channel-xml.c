/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "xml/channel-xml.h"

#include "xml/element.h"
#include "xml/nodedev-private.h"

#include <virtccw/error.h>

#define NS    VCCW_NODEDEV_XML_NS
#define PATHS 8

static void
user_free(gpointer data)
{
    VccwXmlUser *user = data;

    g_free(user->by);
    g_free(user->what);
    g_free(user);
}

VccwXmlChannel *
vccw_xml_channel_new(void)
{
    VccwXmlChannel *channel = g_new0(VccwXmlChannel, 1);

    channel->users = g_ptr_array_new_with_free_func(user_free);
    return channel;
}

void
vccw_xml_channel_free(VccwXmlChannel *channel)
{
    if (!channel)
        return;
    g_free(channel->device);
    g_free(channel->cutype);
    g_free(channel->devtype);
    g_free(channel->uid);
    g_free(channel->instead);
    g_free(channel->override);
    g_ptr_array_unref(channel->users);
    g_free(channel);
}

void
vccw_xml_channel_add_user(VccwXmlChannel *channel, const char *by, const char *what)
{
    VccwXmlUser *user = g_new0(VccwXmlUser, 1);

    user->by = g_strdup(by);
    user->what = g_strdup(what);
    g_ptr_array_add(channel->users, user);
}

/* -- reading -- */

static gboolean
read_mask(const xmlNode *node, const char *name, guint8 *ret_mask, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *what = g_strdup_printf("the attribute '%s'", name);
    guint mask;

    if (!vccw_xml_element_need_attribute(node, name, VCCW_ERROR_XML_CONTENT, &text,
                                         error) ||
        !vccw_xml_element_number_from(node, what, text, 16, G_MAXUINT8, &mask, error))
        return FALSE;
    *ret_mask = (guint8)mask;
    return TRUE;
}

/* Each path stands for the bit of the masks that it has in its own. */
static gboolean
read_path(const xmlNode *node, VccwXmlChannel *channel, GError **error)
{
    guint8 mask, chpid;

    if (!read_mask(node, "mask", &mask, error) ||
        !read_mask(node, "chpid", &chpid, error))
        return FALSE;
    for (guint i = 0; i < PATHS; i++)
        if (mask == 0x80 >> i) {
            channel->chpids[i] = chpid;
            channel->has_chpid |= mask;
            return TRUE;
        }
    vccw_xml_element_set_error(error, node, VCCW_ERROR_XML_CONTENT,
                               "the mask of a <path> has one bit, as 0x80");
    return FALSE;
}

static gboolean
read_paths(const xmlNode *node, VccwXmlChannel *channel, GError **error)
{
    const xmlNode *path = vccw_xml_element_first_ns(node, NS, "path");

    if (!read_mask(node, "pim", &channel->pim, error) ||
        !read_mask(node, "pam", &channel->pam, error) ||
        !read_mask(node, "pom", &channel->pom, error))
        return FALSE;
    channel->has_paths = TRUE;
    channel->has_vpm = xmlHasProp(node, BAD_CAST "vpm") != NULL;
    if (channel->has_vpm && !read_mask(node, "vpm", &channel->vpm, error))
        return FALSE;
    for (; path; path = vccw_xml_element_next_ns(path))
        if (!read_path(path, channel, error))
            return FALSE;
    return TRUE;
}

static gboolean
read_users(const xmlNode *node, VccwXmlChannel *channel, GError **error)
{
    const xmlNode *use = vccw_xml_element_first_ns(node, NS, "use");

    for (; use; use = vccw_xml_element_next_ns(use)) {
        g_autofree char *by = NULL;
        g_autofree char *what = NULL;

        if (!vccw_xml_element_need_attribute(use, "by", VCCW_ERROR_XML_CONTENT, &by,
                                             error) ||
            !vccw_xml_element_need_attribute(use, "what", VCCW_ERROR_XML_CONTENT, &what,
                                             error))
            return FALSE;
        vccw_xml_channel_add_user(channel, by, what);
    }
    return TRUE;
}

gboolean
vccw_channel_xml_parse(const xmlNode *root, VccwXmlChannel **ret_channel, GError **error)
{
    const xmlNode *node = vccw_xml_element_first_ns(root, NS, "channel");
    const xmlNode *device = node ? vccw_xml_element_first_ns(node, NS, "device") : NULL;
    const xmlNode *paths = node ? vccw_xml_element_first_ns(node, NS, "paths") : NULL;
    const xmlNode *instead = node ? vccw_xml_element_first_ns(node, NS, "instead") : NULL;
    const xmlNode *override =
        node ? vccw_xml_element_first_ns(node, NS, "override") : NULL;
    g_autoptr(VccwXmlChannel) channel = NULL;

    if (!node)
        return TRUE;
    channel = vccw_xml_channel_new();
    if (device) {
        channel->device = vccw_xml_element_attribute(device, "id");
        channel->cutype = vccw_xml_element_attribute(device, "cutype");
        channel->devtype = vccw_xml_element_attribute(device, "devtype");
        channel->uid = vccw_xml_element_attribute(device, "uid");
    }
    if (instead)
        channel->instead = vccw_xml_element_attribute(instead, "id");
    if (override)
        channel->override = vccw_xml_element_attribute(override, "driver");
    if ((paths && !read_paths(paths, channel, error)) ||
        !read_users(node, channel, error))
        return FALSE;
    *ret_channel = g_steal_pointer(&channel);
    return TRUE;
}

/* -- writing -- */

static void
write_device(VccwXmlWriter *writer, const VccwXmlChannel *channel)
{
    const char *pairs[] = { "id",      channel->device,  "cutype", channel->cutype,
                            "devtype", channel->devtype, "uid",    channel->uid };
    const char *there[G_N_ELEMENTS(pairs) + 1] = { NULL };
    guint n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i += 2)
        if (pairs[i + 1]) {
            there[n++] = pairs[i];
            there[n++] = pairs[i + 1];
        }
    if (n)
        vccw_xml_writer_empty(writer, "virtccw:device", there[0], there[1], there[2],
                              there[3], there[4], there[5], there[6], there[7], NULL);
}

static void
write_paths(VccwXmlWriter *writer, const VccwXmlChannel *channel)
{
    char pim[8], pam[8], pom[8], vpm[8], mask[8], chpid[8];
    const char *has_vpm = channel->has_vpm ? "vpm" : NULL;

    if (!channel->has_paths)
        return;
    g_snprintf(pim, sizeof pim, "0x%02x", channel->pim);
    g_snprintf(pam, sizeof pam, "0x%02x", channel->pam);
    g_snprintf(pom, sizeof pom, "0x%02x", channel->pom);
    g_snprintf(vpm, sizeof vpm, "0x%02x", channel->vpm);
    if (!channel->has_chpid) {
        vccw_xml_writer_empty(writer, "virtccw:paths", "pim", pim, "pam", pam, "pom", pom,
                              has_vpm, vpm, NULL);
        return;
    }
    vccw_xml_writer_open(writer, "virtccw:paths", "pim", pim, "pam", pam, "pom", pom,
                         has_vpm, vpm, NULL);
    for (guint i = 0; i < PATHS; i++) {
        if (!(channel->has_chpid & 0x80 >> i))
            continue;
        g_snprintf(mask, sizeof mask, "0x%02x", 0x80 >> i);
        g_snprintf(chpid, sizeof chpid, "0x%02x", channel->chpids[i]);
        vccw_xml_writer_empty(writer, "virtccw:path", "mask", mask, "chpid", chpid, NULL);
    }
    vccw_xml_writer_close(writer, "virtccw:paths");
}

static gboolean
says_nothing(const VccwXmlChannel *channel)
{
    return !channel->device && !channel->cutype && !channel->devtype && !channel->uid &&
           !channel->instead && !channel->has_paths && !channel->override &&
           channel->users->len == 0;
}

void
vccw_channel_xml_write(VccwXmlWriter *writer, const VccwXmlChannel *channel)
{
    if (!channel || says_nothing(channel))
        return;
    vccw_xml_writer_open(writer, "virtccw:channel", "xmlns:virtccw", NS, NULL);
    write_device(writer, channel);
    if (channel->instead)
        vccw_xml_writer_empty(writer, "virtccw:instead", "id", channel->instead, NULL);
    write_paths(writer, channel);
    if (channel->override)
        vccw_xml_writer_empty(writer, "virtccw:override", "driver", channel->override,
                              NULL);
    for (guint i = 0; i < channel->users->len; i++) {
        const VccwXmlUser *user = channel->users->pdata[i];

        vccw_xml_writer_empty(writer, "virtccw:use", "by", user->by, "what", user->what,
                              NULL);
    }
    vccw_xml_writer_close(writer, "virtccw:channel");
}
