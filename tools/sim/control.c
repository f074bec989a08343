/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A request is one packet of NUL-separated words; the answer is '0' or '1' and text, in
 * as many packets as it takes, up to the end of the connection or a packet of one NUL.
 * Each connection has a thread, since a verb may have to wait.
 *
 * "holding UUID" is not answered at the end of the verb: its connection stays until the
 * holder is told to let go, which is by closing it.
 */

#include "control.h"

#include "verbs.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PACKET  32768
#define BACKLOG 64

typedef struct {
    VccwSimServer *server;
    int fd;
} Connection;

static gboolean
make_address(struct sockaddr_un *address, const char *path, GError **error)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (g_strlcpy(address->sun_path, path, sizeof address->sun_path) <
        sizeof address->sun_path)
        return TRUE;
    g_set_error(error, G_UNIX_ERROR, ENAMETOOLONG, "'%s' is too long for a socket", path);
    return FALSE;
}

static void
reply(int fd, char status, const char *text)
{
    g_autofree char *whole = g_strdup_printf("%c%s", status, text);
    gsize len = strlen(whole);

    for (gsize sent = 0; sent < len; sent += PACKET)
        if (send(fd, whole + sent, MIN(PACKET, len - sent), MSG_NOSIGNAL) < 0)
            return;
    send(fd, "", 1, MSG_NOSIGNAL);
}

static void
answer(Connection *connection, char *request, gsize len)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    for (char *word = request; word < request + len; word += strlen(word) + 1)
        g_ptr_array_add(words, word);
    g_ptr_array_add(words, NULL);
    text = vccw_sim_verb_run(connection->server, (const char *const *)words->pdata,
                             connection->fd, &error);
    if (text)
        reply(connection->fd, '0', text);
    else
        reply(connection->fd, '1', error->message);
    if (text && g_strcmp0(words->pdata[0], "holding") == 0)
        vccw_sim_verb_wait_holder(connection->server, words->pdata[1], connection->fd);
}

static gpointer
serve(gpointer data)
{
    Connection *connection = data;
    char request[PACKET + 1];
    gssize len = recv(connection->fd, request, PACKET, 0);

    if (len > 0) {
        request[len] = '\0';
        answer(connection, request, len);
    }
    close(connection->fd);
    g_free(connection);
    return NULL;
}

static gpointer
accept_all(gpointer data)
{
    Connection *listener = data;

    for (;;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
        Connection *connection;

        if (fd < 0) {
            g_usleep(G_USEC_PER_SEC / 10);
            continue;
        }
        connection = g_new0(Connection, 1);
        connection->server = listener->server;
        connection->fd = fd;
        g_thread_unref(g_thread_new("control", serve, connection));
    }
    return NULL;
}

gboolean
vccw_sim_control_listen(VccwSimServer *server, const char *path, GError **error)
{
    Connection *listener = g_new0(Connection, 1);
    struct sockaddr_un address;

    listener->server = server;
    listener->fd = -1;
    if (make_address(&address, path, error)) {
        listener->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (listener->fd >= 0 &&
            bind(listener->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
            listen(listener->fd, BACKLOG) == 0) {
            g_thread_unref(g_thread_new("control", accept_all, listener));
            return TRUE;
        }
        g_set_error(error, G_UNIX_ERROR, errno, "cannot listen at '%s': %s", path,
                    g_strerror(errno));
    }
    if (listener->fd >= 0)
        close(listener->fd);
    g_free(listener);
    return FALSE;
}

/* -- the other end -- */

static int
connect_control(GError **error)
{
    const char *path = g_getenv(VCCW_SIM_CONTROL_ENV);
    struct sockaddr_un address;
    int fd;

    if (!path) {
        g_set_error(error, G_UNIX_ERROR, ENOENT,
                    "no simulated host here: run this inside 'virtccw-sim run'");
        return -1;
    }
    if (!make_address(&address, path, error))
        return -1;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    g_set_error(error, G_UNIX_ERROR, errno, "cannot reach the simulator at '%s': %s",
                path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static gboolean
send_words(int fd, const char *const *words)
{
    g_autoptr(GByteArray) packet = g_byte_array_new();

    for (; *words; words++)
        g_byte_array_append(packet, (const guint8 *)*words, strlen(*words) + 1);
    return packet->len <= PACKET &&
           send(fd, packet->data, packet->len, MSG_NOSIGNAL) == (gssize)packet->len;
}

gboolean
vccw_sim_control_call(const char *const *words,
                      char **ret_text,
                      int *ret_socket,
                      GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = connect_control(error);
    char packet[PACKET];
    gssize len = 0;

    if (fd < 0)
        return FALSE;
    if (send_words(fd, words))
        while ((len = recv(fd, packet, sizeof packet, 0)) > 0 && packet[len - 1] != '\0')
            g_string_append_len(text, packet, len);
    if (ret_socket && text->str[0] == '0')
        *ret_socket = fd;
    else
        close(fd);
    if (text->str[0] == '0') {
        *ret_text = g_strdup(text->str + 1);
        return TRUE;
    }
    g_set_error(error, G_UNIX_ERROR, EIO, "%s",
                text->len ? text->str + 1 : "the simulator did not answer");
    return FALSE;
}
