/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel's uevents.
 *
 * The socket is of the kernel's own group, not of udev's: it works without udevd, and
 * what is wanted is the state in sysfs, not udev's properties. Only a message that came
 * to that group from port 0 with the credentials of root is believed. Port 0 is the
 * kernel itself, which no process can be; a process may have the kernel pass on a uevent,
 * but only with CAP_SYS_ADMIN over this network namespace.
 *
 * A message only says where to look. Whatever it claims, the node is read from sysfs.
 */

#include "css/uevent.h"

#include "base/io.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define KERNEL_GROUP 1          /* multicast group of the kernel's uevents; 2 is udev's */
#define BUFFER_SIZE  (16 << 20) /* bytes: some 10,000 uevents */

static void
enlarge_buffer(int fd)
{
    int size = BUFFER_SIZE;

    /* Beyond rmem_max only with CAP_NET_ADMIN. A small buffer overflows sooner, no more.
     */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int
vccw_uevent_open(GError **error)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
    int on = 1;
    g_auto(VccwFd) fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                               NETLINK_KOBJECT_UEVENT);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        vccw_set_errno(error, errno, "cannot listen to the kernel's uevents");
        return -1;
    }
    enlarge_buffer(fd);
    return vccw_fd_steal(&fd);
}

/* Whether the credentials that came with a message are those of root. */
static gboolean
is_of_root(struct msghdr *header)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        struct ucred sender;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
            continue;
        memcpy(&sender, CMSG_DATA(c), sizeof(sender));
        return sender.uid == 0;
    }
    return FALSE;
}

static gboolean
is_of_kernel(struct msghdr *header)
{
    const struct sockaddr_nl *from = header->msg_name;

    return header->msg_namelen == sizeof(*from) && from->nl_pid == 0 &&
           (from->nl_groups & KERNEL_GROUP) && is_of_root(header);
}

static VccwUeventResult
result_of_errno(int errnum)
{
    if (errnum == EAGAIN || errnum == EWOULDBLOCK)
        return VCCW_UEVENT_NONE;
    return errnum == ENOBUFS ? VCCW_UEVENT_LOST : VCCW_UEVENT_BROKEN;
}

VccwUeventResult
vccw_uevent_receive(int fd, char *message, gsize *ret_length)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct sockaddr_nl from = { 0 };
    struct iovec data = { .iov_base = message, .iov_len = VCCW_UEVENT_SIZE };
    struct msghdr header = {
        .msg_name = &from,
        .msg_namelen = sizeof(from),
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    gssize length = TEMP_FAILURE_RETRY(recvmsg(fd, &header, MSG_CMSG_CLOEXEC));

    if (length < 0)
        return result_of_errno(errno);
    if (!is_of_kernel(&header))
        return VCCW_UEVENT_FOREIGN;
    if (header.msg_flags & MSG_TRUNC) /* what it was about may be in the rest */
        return VCCW_UEVENT_LOST;
    *ret_length = length;
    return VCCW_UEVENT_RECEIVED;
}

/* The number of SEQNUM. One that cannot be read counts as the newest of all. */
static guint64
parse_number(const char *text)
{
    guint64 number;

    if (!text || !g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT64, &number, NULL))
        return G_MAXUINT64;
    return number;
}

/* Returns: (nullable): the value of "KEY=VALUE" among the strings from @at to @end. */
static const char *
find_value(const char *at, const char *end, const char *key)
{
    gsize length = strlen(key);

    for (; at < end; at += strlen(at) + 1)
        if (!strncmp(at, key, length) && at[length] == '=')
            return at + length + 1;
    return NULL;
}

gboolean
vccw_uevent_parse(const char *message, gsize length, VccwUevent *ret_uevent)
{
    const char *end = message + length;
    VccwUevent uevent;
    const char *at;
    gsize action;

    if (length == 0 || end[-1] != '\0')
        return FALSE;
    at = message + strlen(message) + 1; /* after "ACTION@DEVPATH" */
    uevent.action = find_value(at, end, "ACTION");
    uevent.devpath = find_value(at, end, "DEVPATH");
    uevent.subsystem = find_value(at, end, "SUBSYSTEM");
    uevent.mdev_state = find_value(at, end, "MDEV_STATE");
    uevent.number = parse_number(find_value(at, end, "SEQNUM"));
    if (!uevent.action || !uevent.devpath || !uevent.subsystem)
        return FALSE;
    action = strlen(uevent.action);
    if (strncmp(message, uevent.action, action) || message[action] != '@' ||
        !g_str_equal(message + action + 1, uevent.devpath))
        return FALSE;
    *ret_uevent = uevent;
    return TRUE;
}

static gboolean
node_of_subchannel(char **parts, guint n, VccwNodeName *ret_name)
{
    VccwBusId id;

    if (!vccw_host_bus_id_parse(parts[n - 1], &id, NULL))
        return FALSE;
    *ret_name = vccw_node_name_css(&id);
    return TRUE;
}

static gboolean
node_of_device(char **parts, guint n, VccwNodeName *ret_name)
{
    VccwBusId id;

    if (!vccw_host_bus_id_parse(parts[n - 1], &id, NULL))
        return FALSE;
    *ret_name = vccw_node_name_ccw(&id);
    return TRUE;
}

static gboolean
node_of_mdev(char **parts, guint n, VccwNodeName *ret_name)
{
    VccwBusId parent;
    VccwUuid uuid;

    if (!vccw_uuid_parse_canonical(parts[n - 1], &uuid, NULL) ||
        !vccw_host_bus_id_parse(parts[n - 2], &parent, NULL))
        return FALSE;
    *ret_name = vccw_node_name_mdev(&uuid, &parent);
    return TRUE;
}

/*
 * What comes and goes below a device (a block device, a virtio device) does so because
 * the device goes online or offline, which need not have a uevent of its own:
 * "/devices/css0/0.0.0004/0.0.3000/block/dasda".
 */
static gboolean
node_above(char **parts, guint n, VccwNodeName *ret_name)
{
    return n > 4 && g_str_has_prefix(parts[1], "css") &&
           node_of_device(parts, 4, ret_name);
}

gboolean
vccw_uevent_node(const VccwUevent *uevent, VccwNodeName *ret_name)
{
    static const char *const actions[] = { "add",  "remove", "change",  "bind", "unbind",
                                           "move", "online", "offline", NULL };
    g_auto(GStrv) parts = NULL;
    guint n;

    if (!g_strv_contains(actions, uevent->action) ||
        !g_str_has_prefix(uevent->devpath, "/devices/"))
        return FALSE;
    parts = g_strsplit(uevent->devpath + 1, "/", -1);
    n = g_strv_length(parts);
    if (g_str_equal(uevent->subsystem, "css"))
        return node_of_subchannel(parts, n, ret_name);
    if (g_str_equal(uevent->subsystem, "ccw"))
        return node_of_device(parts, n, ret_name);
    if (g_str_equal(uevent->subsystem, "mdev"))
        return node_of_mdev(parts, n, ret_name);
    return node_above(parts, n, ret_name);
}
