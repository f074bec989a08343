/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What relayed clients may cost: calls, shares of what is scarce. */

#include "driver/domain.h"
#include "driver/driver.h"
#include "driver/find-mdev.h"
#include "driver/node.h"
#include "driver/nodedev-guest.h"
#include "front/front.h"
#include "front/message.h"
#include "front/shares.h"
#include "rpc-fixture.h"
#include <sys/un.h>

#define USER  4711
#define OTHER 4712

/* The tests' driver has no host; only the processes of clients are looked up in it. */
const VccwMdevHost *
vccw_driver_host(VccwDriver *driver)
{
    static const VccwMdevHost host = { .proc = "/proc" };

    return &host;
}

/* Nor has it any devices. */
void
vccw_mdev_finder_clear(VccwMdevFinder *finder)
{
}

void
vccw_find_mdev(VccwMdevFinder *finder, const VccwNodeName *name, VccwFoundMdev *ret_found)
{
    *ret_found = (VccwFoundMdev){ .exists = FALSE };
}

gboolean
vccw_node_lookup(VccwDriver *driver,
                 const char *text,
                 VccwNodeName *ret_name,
                 VccwNodeState *ret_state,
                 GError **error)
{
    return FALSE;
}

/* Nor any domains. */
VccwDomainStore *
vccw_driver_domains(VccwDriver *driver)
{
    return NULL;
}

const VccwDomainDefinition *
vccw_domain_find(const VccwDomainStore *store, const VccwArgs *args, GError **error)
{
    g_assert_not_reached();
}

void
vccw_domain_by_name(VccwCall *call)
{
    g_assert_not_reached();
}

const VccwOperation vccw_nodedev_guest_take, vccw_nodedev_guest_runs,
    vccw_nodedev_guest_give;

void
vccw_nodedev_guest_forsake(VccwDriver *driver,
                           const VccwUuid *guest,
                           const VccwUuid *mdev)
{
    g_assert_not_reached();
}

void
vccw_driver_retry_guests(VccwDriver *driver)
{
    g_assert_not_reached();
}

static void
test_shares_of_users(void)
{
    g_autoptr(VccwShares) shares = vccw_shares_new(1200);

    g_assert_false(vccw_shares_take(shares, USER, FALSE, 601)); /* not more than half */
    g_assert_true(vccw_shares_take(shares, USER, FALSE, 600));
    g_assert_false(vccw_shares_take(shares, USER, FALSE, 1));
    g_assert_false(vccw_shares_take(shares, OTHER, FALSE, 301));
    g_assert_true(vccw_shares_take(shares, OTHER, FALSE, 300));
    vccw_shares_give(shares, USER, 600);
    g_assert_true(vccw_shares_take(shares, OTHER, FALSE, 300));
    g_assert_false(vccw_shares_take(shares, OTHER, FALSE, 1));
}

static void
test_shares_of_root(void)
{
    g_autoptr(VccwShares) shares = vccw_shares_new(1200);

    g_assert_true(vccw_shares_take(shares, USER, FALSE, 600));
    g_assert_false(vccw_shares_take(shares, 0, TRUE, 301)); /* reading only: as anybody */
    g_assert_true(vccw_shares_take(shares, 0, FALSE, 600));
    g_assert_false(vccw_shares_take(shares, 0, FALSE, 1));
    vccw_shares_give(shares, 0, 600);
    vccw_shares_give(shares, USER, 600);
}

/* One user's messages leave room for another's, and short ones always find some. */
static void
test_messages(void)
{
    static const guint8 bytes[64 * 1024];
    g_autoptr(VccwShares) shares = vccw_shares_new(8 * sizeof(bytes));
    VccwAccount *one = g_rc_box_new0(VccwAccount);
    VccwAccount *two = g_rc_box_new0(VccwAccount);
    VccwHeader header = { 0x20008086, 1, 113, 0, 9, 0 };
    g_autoptr(GPtrArray) messages =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_message_free);

    *one = (VccwAccount){ .bytes = shares, .uid = USER };
    *two = (VccwAccount){ .bytes = shares, .uid = OTHER };
    for (guint i = 0; i < 7; i++) {
        VccwMessage *message = vccw_message_keep(&header, i < 5 ? one : two, TRUE);

        g_ptr_array_add(messages, message);
        g_assert_true(vccw_message_append(message, bytes, sizeof(bytes)) == (i != 4));
    }
    g_assert_true(vccw_message_append(messages->pdata[4], bytes, 100));
    g_assert_cmpuint(one->calls, ==, 5);
    g_assert_cmpuint(two->calls, ==, 2);
    g_ptr_array_set_size(messages, 0);
    g_assert_cmpuint(one->calls, ==, 0);
    g_assert_true(vccw_shares_take(shares, 0, FALSE, 8 * sizeof(bytes)));
    g_rc_box_release(one);
    g_rc_box_release(two);
}

/* Takes what is there, and makes room. */
static void
drain(VccwPort *port, int fd)
{
    static guint8 bytes[64 * 1024];

    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
    vccw_port_flush(port);
}

/* What waits to be sent on is borne until it is gone. */
static void
test_messages_on_their_way(void)
{
    static const guint8 bytes[1024 * 1024];
    g_autoptr(VccwShares) shares = vccw_shares_new(8 * sizeof(bytes));
    VccwAccount *account = g_rc_box_new0(VccwAccount);
    VccwHeader header = { 0x20008086, 1, 303, 0, 9, 0 };
    VccwPort port = { 0 };
    int fds[2];

    *account = (VccwAccount){ .bytes = shares, .uid = 0 };
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    port.fd = fds[0];
    for (guint i = 0; i < 3; i++) {
        g_autoptr(VccwMessage) message = vccw_message_keep(&header, account, TRUE);

        g_assert_true(vccw_message_append(message, bytes, sizeof(bytes)));
        vccw_message_send(message, &port);
    }
    g_assert_cmpuint(account->calls, ==, 0);
    g_rc_box_release(account);
    vccw_port_flush(&port);
    g_assert_cmpuint(vccw_shares_taken(shares), ==, 3 * sizeof(bytes));
    while (port.sent < sizeof(bytes) + 28)
        drain(&port, fds[1]);
    g_assert_cmpuint(vccw_shares_taken(shares), ==, 2 * sizeof(bytes));
    vccw_port_clear(&port);
    g_assert_cmpuint(vccw_shares_taken(shares), ==, 0);
    close(fds[1]);
}

typedef struct {
    VccwDriver driver;
    VccwFront *front;
    struct sockaddr_un address;
} Relayed;

static void
relayed_set_up(Relayed *relayed)
{
    VccwFrontSocket gate = { .spare = TRUE };

    *relayed = (Relayed){ .address = { .sun_family = AF_UNIX } };
    g_snprintf(relayed->address.sun_path + 1, 100, "virtccw-relay-%d", getpid());
    gate.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(
        bind(gate.fd, (struct sockaddr *)&relayed->address, sizeof(relayed->address)), ==,
        0);
    g_assert_cmpint(listen(gate.fd, 8), ==, 0);
    relayed->front = vccw_front_new(&relayed->driver, NULL);
    vccw_front_listen(relayed->front, &gate);
}

static void
relayed_clear(Relayed *relayed)
{
    vccw_front_free(relayed->front);
    g_assert_cmpuint(relayed->driver.sessions.length, ==, 0);
    g_assert_cmpuint(relayed->driver.waiting.length, ==, 0);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Relayed, relayed_clear)

static Peer
relayed_peer(Relayed *relayed)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    Peer peer = { fd, FALSE, g_byte_array_new() };

    g_assert_cmpint(
        connect(fd, (struct sockaddr *)&relayed->address, sizeof(relayed->address)), ==,
        0);
    open_connection(&peer);
    return peer;
}

/* Five run at most; the others wait for their turn, in the order they came. */
static void
test_calls(void)
{
    g_auto(Relayed) relayed = { 0 };
    g_auto(Peer) peer = { 0 };

    relayed_set_up(&relayed);
    peer = relayed_peer(&relayed);
    for (guint i = 0; i < 26; i++)
        send_call(&peer, TEST_SLOW, i, named((char[]){ 'a' + i, 0 }, 1));
    for (guint i = 0; i < 26; i++) {
        spin();
        g_assert_cmpuint(relayed.driver.waiting.length, ==, MIN(5, 26 - i));
        test_driver_answer(&relayed.driver, (char[]){ 'a' + i, 0 });
        expect_ok(&peer, TEST_SLOW, i);
    }
}

/* Much more than can be held, and nobody reads: the rest stays with the sender. */
static void
test_flood(void)
{
    g_auto(Relayed) relayed = { 0 };
    g_auto(Peer) peer = { 0 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const guint n = 40000;
    guint idle = 0;

    relayed_set_up(&relayed);
    peer = relayed_peer(&relayed);
    for (guint i = 0; i < n; i++) {
        g_autoptr(GByteArray) payload = WORDS(1, 50);

        put_call(bytes, i % 100 ? TEST_TYPE : TEST_LIST, i, i % 100 ? NULL : payload);
    }
    while (idle++ < 50) {
        ssize_t sent = send(peer.fd, bytes->data, bytes->len, MSG_NOSIGNAL);

        if (sent > 0)
            g_byte_array_remove_range(bytes, 0, sent);
        idle = sent > 0 ? 0 : idle;
        spin();
    }
    g_assert_cmpuint(bytes->len, >, 0);
    for (guint i = 0; i < n; i++) {
        ssize_t sent = send(peer.fd, bytes->data, bytes->len, MSG_NOSIGNAL);

        if (sent > 0)
            g_byte_array_remove_range(bytes, 0, sent);
        expect_ok(&peer, i % 100 ? TEST_TYPE : TEST_LIST, i);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shares/users", test_shares_of_users);
    g_test_add_func("/shares/root", test_shares_of_root);
    g_test_add_func("/message/account", test_messages);
    g_test_add_func("/message/on-its-way", test_messages_on_their_way);
    g_test_add_func("/relay/calls", test_calls);
    g_test_add_func("/relay/flood", test_flood);
    return g_test_run();
}
