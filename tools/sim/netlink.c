/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Uevents reach a host's programs twice: from the kernel (multicast group 1), and once
 * more from udevd when its rules have run (group 2, with a header that libudev knows).
 * Here the kernel is asked to broadcast ours in this network namespace, which it does,
 * with a sequence number, for whoever has CAP_SYS_ADMIN there; and we say what udevd
 * would say.
 */

#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUP_UDEV 2
#define UDEV_MAGIC 0xfeedcafe

/* The header of libudev's messages; magic and hashes are in network byte order. */
typedef struct {
    char prefix[8];
    guint32 magic;
    guint32 header_size;
    guint32 properties_offset;
    guint32 properties_length;
    guint32 subsystem_hash;
    guint32 devtype_hash;
    guint32 tags_high;
    guint32 tags_low;
} UdevHeader;

static int
open_socket(GError **error)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    g_set_error(error, G_UNIX_ERROR, errno, "cannot open a socket for uevents: %s",
                g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

gboolean
vccw_sim_netlink_open(VccwSimNetlink *netlink, GError **error)
{
    netlink->start = g_get_monotonic_time();
    netlink->kernel = open_socket(error);
    if (netlink->kernel < 0)
        return FALSE;
    netlink->udev = open_socket(error);
    return netlink->udev >= 0;
}

void
vccw_sim_netlink_close(VccwSimNetlink *netlink)
{
    if (netlink->kernel >= 0)
        close(netlink->kernel);
    if (netlink->udev >= 0)
        close(netlink->udev);
    netlink->kernel = netlink->udev = -1;
}

static void
add_string(GByteArray *out, const char *format, const char *value)
{
    g_autofree char *text = g_strdup_printf("%s%s", format, value);

    g_byte_array_append(out, (const guint8 *)text, strlen(text) + 1);
}

static void
add_properties(GByteArray *out, const VccwSimUevent *uevent)
{
    add_string(out, "ACTION=", uevent->action);
    add_string(out, "DEVPATH=", uevent->devpath);
    for (char **variable = uevent->env; *variable; variable++)
        add_string(out, "", *variable);
}

/* Reads the kernel's answer, so that a refusal is known. Returns: 0 or an errno. */
static int
read_ack(int fd)
{
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } answer;
    struct nlmsgerr *result = NLMSG_DATA(&answer.header);
    gssize len = recv(fd, &answer, sizeof answer, 0);

    if (len < 0)
        return errno;
    if (len < (gssize)NLMSG_LENGTH(sizeof *result) ||
        answer.header.nlmsg_type != NLMSG_ERROR)
        return EPROTO;
    return -result->error;
}

static int
send_kernel(int fd, const VccwSimUevent *uevent)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    struct nlmsghdr header = {
        .nlmsg_type = NLMSG_MIN_TYPE,
        .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
    };
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autofree char *title = g_strdup_printf("%s@%s", uevent->action, uevent->devpath);

    g_byte_array_append(message, (const guint8 *)&header, sizeof header);
    g_byte_array_append(message, (const guint8 *)title, strlen(title) + 1);
    add_properties(message, uevent);
    ((struct nlmsghdr *)message->data)->nlmsg_len = message->len;
    if (sendto(fd, message->data, message->len, 0, (struct sockaddr *)&kernel,
               sizeof kernel) < 0)
        return errno;
    return read_ack(fd);
}

/* MurmurHash2 with seed 0: libudev's listeners filter by it. */
static guint32
murmur(const char *text)
{
    const guint32 factor = 0x5bd1e995;
    gsize len = strlen(text);
    guint32 hash = len, word;

    for (; len >= 4; text += 4, len -= 4) {
        memcpy(&word, text, sizeof word);
        word *= factor;
        word ^= word >> 24;
        hash = (hash * factor) ^ (word * factor);
    }
    for (gsize i = len; i-- > 0;)
        hash ^= (guint32)(guchar)text[i] << (8 * i);
    if (len)
        hash *= factor;
    hash ^= hash >> 13;
    hash *= factor;
    return hash ^ (hash >> 15);
}

static void
send_udev(VccwSimNetlink *netlink, const VccwSimUevent *uevent)
{
    struct sockaddr_nl everybody = { .nl_family = AF_NETLINK, .nl_groups = GROUP_UDEV };
    UdevHeader header = {
        .prefix = "libudev",
        .magic = htonl(UDEV_MAGIC),
        .header_size = sizeof header,
        .properties_offset = sizeof header,
    };
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autofree char *seqnum = g_strdup_printf("%" G_GUINT64_FORMAT, ++netlink->seqnum);
    g_autofree char *usec = g_strdup_printf("%" G_GUINT64_FORMAT, netlink->start);
    UdevHeader *placed;

    g_byte_array_append(message, (const guint8 *)&header, sizeof header);
    add_properties(message, uevent);
    add_string(message, "SEQNUM=", seqnum);
    add_string(message, "USEC_INITIALIZED=", usec);
    placed = (UdevHeader *)message->data;
    placed->properties_length = message->len - sizeof header;
    if (uevent->env[0] && g_str_has_prefix(uevent->env[0], "SUBSYSTEM="))
        placed->subsystem_hash = htonl(murmur(uevent->env[0] + strlen("SUBSYSTEM=")));
    /* Nobody listening is no failure; neither is a listener that is too slow. */
    if (sendto(netlink->udev, message->data, message->len, 0,
               (struct sockaddr *)&everybody, sizeof everybody) < 0)
        g_debug("udev message: %s", g_strerror(errno));
}

gboolean
vccw_sim_netlink_send(VccwSimNetlink *netlink,
                      const VccwSimUevent *uevent,
                      GError **error)
{
    int errnum;

    if (netlink->kernel < 0)
        return TRUE;
    errnum = send_kernel(netlink->kernel, uevent);
    if (errnum)
        g_set_error(error, G_UNIX_ERROR, errnum, "cannot emit uevent %s@%s: %s",
                    uevent->action, uevent->devpath, g_strerror(errnum));
    send_udev(netlink, uevent);
    return errnum == 0;
}
