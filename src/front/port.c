/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel never joins bytes that came with different file descriptors, and one call of
 * recvmsg(2) ends after the byte that a descriptor came with. So what was received at
 * once has at most one, and it belongs to the last byte.
 */

#include "front/port.h"
#include "base/io.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_AT_ONCE 4 /* room for more than is allowed, to see that there were more */

typedef struct {
    guint64 at; /* place of its byte in the stream */
    int fd;
} Carried;

typedef struct {
    guint64 at; /* place in the stream */
    gpointer data;
    GDestroyNotify destroy;
} End;

static void
carried_free(gpointer data)
{
    Carried *carried = data;

    close(carried->fd);
    g_free(carried);
}

static void
end_free(gpointer data)
{
    End *end = data;

    end->destroy(end->data);
    g_free(end);
}

static void
forget(VccwPort *port)
{
    vccw_buffer_clear(&port->out);
    g_queue_clear_full(&port->carried, carried_free);
    g_queue_clear_full(&port->ends, end_free);
}

void
vccw_port_clear(VccwPort *port)
{
    vccw_fd_clear(&port->fd);
    forget(port);
}

void
vccw_port_appended(VccwPort *port, gsize size)
{
    port->appended += size;
}

void
vccw_port_append(VccwPort *port, const guint8 *data, gsize size)
{
    memcpy(vccw_buffer_append(&port->out, size), data, size);
    vccw_port_appended(port, size);
}

void
vccw_port_append_fd(VccwPort *port, int fd)
{
    static const guint8 nothing = 0;
    Carried *carried = g_new(Carried, 1);

    *carried = (Carried){ port->appended, fd };
    g_queue_push_tail(&port->carried, carried);
    vccw_port_append(port, &nothing, 1);
}

void
vccw_port_append_end(VccwPort *port, gpointer data, GDestroyNotify destroy)
{
    End *end = g_new(End, 1);

    *end = (End){ port->appended, data, destroy };
    g_queue_push_tail(&port->ends, end);
}

gsize
vccw_port_waiting(const VccwPort *port)
{
    return vccw_buffer_length(&port->out);
}

/* Sends one byte with a descriptor, and nothing else. */
static gssize
send_carrier(VccwPort *port, int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec bytes = { port->out.data + port->out.start, 1 };
    struct msghdr message = { .msg_iov = &bytes,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control.room) };

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(port->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static gssize
send_some(VccwPort *port)
{
    Carried *next = g_queue_peek_head(&port->carried);
    gsize size = vccw_port_waiting(port);
    gssize n;

    if (!next)
        return send(port->fd, port->out.data + port->out.start, size,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    if (next->at > port->sent)
        return send(port->fd, port->out.data + port->out.start,
                    MIN(size, next->at - port->sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    n = send_carrier(port, next->fd);
    if (n == 1)
        carried_free(g_queue_pop_head(&port->carried));
    return n;
}

/* Nobody reads any more, but what was sent before may still be received. */
static void
stop_sending(VccwPort *port)
{
    port->sent = port->appended;
    port->hung_up = TRUE;
    forget(port);
}

static void
note_sent(VccwPort *port, gsize size)
{
    const End *end;

    port->sent += size;
    vccw_buffer_consume(&port->out, size);
    while ((end = g_queue_peek_head(&port->ends)) && end->at <= port->sent)
        end_free(g_queue_pop_head(&port->ends));
}

void
vccw_port_flush(VccwPort *port)
{
    while (port->fd >= 0 && !port->broken && vccw_port_waiting(port)) {
        gssize n = send_some(port);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            stop_sending(port);
            return;
        }
        if (n < 0) {
            port->broken = errno != EAGAIN;
            return;
        }
        note_sent(port, n);
    }
}

/* Takes the descriptors out of a received message. FALSE: more than one. */
static gboolean
take_fds(struct msghdr *message, int *ret_fd)
{
    gboolean sane = !(message->msg_flags & MSG_CTRUNC);

    for (struct cmsghdr *i = CMSG_FIRSTHDR(message); i; i = CMSG_NXTHDR(message, i)) {
        gsize n = (i->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (i->cmsg_level != SOL_SOCKET || i->cmsg_type != SCM_RIGHTS)
            continue;
        for (gsize j = 0; j < n; j++) {
            int fd;

            memcpy(&fd, CMSG_DATA(i) + j * sizeof(int), sizeof(fd));
            if (*ret_fd >= 0) {
                close(fd);
                sane = FALSE;
            } else {
                *ret_fd = fd;
            }
        }
    }
    return sane;
}

gssize
vccw_port_receive(VccwPort *port, guint8 *data, gsize size, int *ret_fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(FDS_AT_ONCE * sizeof(int))];
    } control;
    struct iovec bytes = { data, size };
    struct msghdr message = { .msg_iov = &bytes,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control.room) };
    gssize n;

    *ret_fd = -1;
    do {
        n = recvmsg(port->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return -1;
    if (n <= 0) {
        port->broken = TRUE;
        return 0;
    }
    if (message.msg_controllen > 0 && !take_fds(&message, ret_fd)) {
        vccw_fd_clear(ret_fd);
        port->broken = TRUE;
        return 0;
    }
    return n;
}
