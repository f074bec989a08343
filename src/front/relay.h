/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A relay is one client's connection with its own connection to the stock daemon behind
 * it. What is ours is answered here, everything else is passed on as it is, in both
 * directions. The front owns relays and tells them when their sockets are ready.
 */

#include "driver/session.h"
#include "front/message.h"
#include "rpc/quiet.h"

G_BEGIN_DECLS

typedef struct _VccwRelay VccwRelay;
typedef struct _VccwOpening VccwOpening;
typedef struct _VccwEventIds VccwEventIds;
typedef struct _VccwAuthority VccwAuthority;
typedef struct _VccwAuthorizing VccwAuthorizing;

/** VccwStock: the stock daemon behind a front's socket. */
typedef struct {
    char *path;     /* of its socket for connections of this kind; NULL for none */
    char *scheme;   /* that stands for "ccw" in what it is asked to open, "qemu" */
    gboolean spare; /* whether our own devices are served without it */
} VccwStock;

/** VccwRelayHost: what the relays of a front share. */
typedef struct {
    VccwDriver *driver;
    guint8 *scratch;    /* VCCW_INTAKE_MAX bytes that all receive into */
    VccwShares *kept;   /* bytes of messages that are kept whole */
    VccwShares *fds;    /* file descriptors that wait to be sent */
    gsize waiting;      /* bytes that wait to be sent, of all */
    gsize max_waiting;  /* more than this, and each must do with less */
    gsize max_output;   /* bytes that may wait to be read by one client */
    guint max_requests; /* calls of one client that we have not answered */
    guint interval;     /* seconds of silence until a keepalive message; 0 is never */
    guint count;        /* of these without an answer, and the connection is given up */
    VccwAuthority *authority;
    gboolean access_control; /* whether it is asked about each call of ours, too */
    VccwQuiet drops;         /* log lines about connections that were dropped */
    /* Tells the front to look at the relay's sockets, and at whether it is over. */
    void (*touched)(VccwRelay *relay, gpointer data);
    gpointer data;
} VccwRelayHost;

/** VccwRelayPeer: who the client is, by the kernel's word. */
typedef struct {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    guint64 start; /* of the process, in clock ticks since the boot; 0 if unknown */
    char *label;   /* its security label, or NULL */
    gboolean read_only;
    gboolean polkit; /* has to be asked about before anything else */
} VccwRelayPeer;

/** VccwActor: whom the client works for; usually that is the client itself. */
typedef struct {
    uid_t uid;
    pid_t pid;
    guint64 start; /* as above */
} VccwActor;

/** VccwRelayPhase: how far the connection is. */
typedef enum {
    VCCW_RELAY_AUTH,     /* polkit has not said yes */
    VCCW_RELAY_UNOPENED, /* the client may open its connection */
    VCCW_RELAY_OPENING,  /* the stock daemon is being asked; nothing is received */
    VCCW_RELAY_OPEN,
} VccwRelayPhase;

/**
 * vccw_relay_new:
 * @host: must outlive the relay
 * @stock: must outlive the relay
 * @fd: (transfer full): the client's socket, non-blocking
 * @peer: copied, but for its label, which is taken over
 *
 * Returns: (transfer full): the relay.
 */
VccwRelay *vccw_relay_new(VccwRelayHost *host,
                          const VccwStock *stock,
                          int fd,
                          const VccwRelayPeer *peer);

/** vccw_relay_free: Not to be called from inside the driver, or the relay. NULL is fine.
 */
void vccw_relay_free(VccwRelay *relay);

/** vccw_relay_client_port: Returns: the client's port; its owner is the relay. */
VccwPort *vccw_relay_client_port(VccwRelay *relay);

/** vccw_relay_stock_port: Returns: the stock daemon's port; its owner is the relay. */
VccwPort *vccw_relay_stock_port(VccwRelay *relay);

/** vccw_relay_flush: Sends what waits. */
void vccw_relay_flush(VccwRelay *relay);

/** vccw_relay_tick: To be called about once in a second: keepalive and deadlines. */
void vccw_relay_tick(VccwRelay *relay, gint64 now);

/** vccw_relay_is_over: Returns: whether the relay is to be freed. */
gboolean vccw_relay_is_over(const VccwRelay *relay);

/** vccw_relay_is_gone: Returns: whether nobody is to be told anything any more. */
gboolean vccw_relay_is_gone(const VccwRelay *relay);

/** vccw_relay_peer: Returns: who the client is. */
const VccwRelayPeer *vccw_relay_peer(const VccwRelay *relay);

/** vccw_relay_actor: Returns: whom the client works for. */
const VccwActor *vccw_relay_actor(const VccwRelay *relay);

/** vccw_relay_set_actor: From now on the client works for somebody else. */
void vccw_relay_set_actor(VccwRelay *relay, const VccwActor *actor);

/*
 * For those who answer calls
 */

/** vccw_relay_session: Returns: the client's session with our own driver. */
VccwSession *vccw_relay_session(VccwRelay *relay);

/** vccw_relay_host: Returns: what all relays share. */
VccwRelayHost *vccw_relay_host(VccwRelay *relay);

/** vccw_relay_is_pressed: Returns: whether the clients together do not read so much that
 * each must do with less. */
gboolean vccw_relay_is_pressed(const VccwRelay *relay);

/** vccw_relay_has_stock: Returns: whether there is a stock daemon behind it. */
gboolean vccw_relay_has_stock(const VccwRelay *relay);

/**
 * vccw_relay_connect: Connects to the stock daemon.
 * @fd: (transfer full): a connected non-blocking socket; -1 closes the connection
 */
void vccw_relay_connect(VccwRelay *relay, int fd);

/** vccw_relay_forward: Passes a call on to the stock daemon, or refuses it if there is
 * none.
 * @message: (transfer full) */
void vccw_relay_forward(VccwRelay *relay, VccwMessage *message);

/** VccwRelayReply: told of the reply to a call.
 * @reply: (transfer full): with the call's serial
 * @data: now the callee's */
typedef void (*VccwRelayReply)(VccwRelay *relay, VccwMessage *reply, gpointer data);

/**
 * vccw_relay_ask: Passes a call on to the stock daemon, and keeps the reply from the
 * client.
 * @message: (transfer full): if the client has used its serial for another call that is
 *   under way, the client is dropped
 * @data: (transfer full): for @func, or else for @destroy when no reply comes
 */
void vccw_relay_ask(VccwRelay *relay,
                    VccwMessage *message,
                    VccwRelayReply func,
                    gpointer data,
                    GDestroyNotify destroy);

/** vccw_relay_answer: Passes a reply or an event on to the client.
 * @message: (transfer full) */
void vccw_relay_answer(VccwRelay *relay, VccwMessage *message);

/** vccw_relay_output: Returns: where messages to the client can be appended, to be
 * followed by vccw_relay_put(). */
VccwBuffer *vccw_relay_output(VccwRelay *relay);

/** vccw_relay_put: To be called after something was appended to the client's output. */
void vccw_relay_put(VccwRelay *relay);

/** vccw_relay_fail: Answers a call with an error, which stays the caller's. */
void vccw_relay_fail(VccwRelay *relay, const VccwHeader *call, const GError *error);

/** vccw_relay_drop: Gives the connection up, with a line in the log. */
void vccw_relay_drop(VccwRelay *relay, const char *reason);

/** vccw_relay_end: Closes the connection as soon as all that waits is sent. */
void vccw_relay_end(VccwRelay *relay);

/** vccw_relay_phase: Returns: how far the connection is. */
VccwRelayPhase vccw_relay_phase(const VccwRelay *relay);

/** vccw_relay_set_phase: Sets it; after VCCW_RELAY_OPENING it receives again. */
void vccw_relay_set_phase(VccwRelay *relay, VccwRelayPhase phase);

/** vccw_relay_stock: Returns: which stock daemon it is for. */
const VccwStock *vccw_relay_stock(const VccwRelay *relay);

/** vccw_relay_set_keepalive: The client wants to be pinged. */
void vccw_relay_set_keepalive(VccwRelay *relay);

/** vccw_relay_events: Returns: (transfer none): the IDs of its event callbacks. */
VccwEventIds *vccw_relay_events(VccwRelay *relay);

/** vccw_relay_opening: Returns: where the call to open the connection is kept. */
VccwOpening **vccw_relay_opening(VccwRelay *relay);

/** vccw_relay_touch: Has the front look at the relay soon. */
void vccw_relay_touch(VccwRelay *relay);

/** vccw_relay_asking: Returns: the list of its questions about calls (front/access.h). */
GQueue *vccw_relay_asking(VccwRelay *relay);

/** vccw_relay_authorizing: Returns: where the question to polkit is kept. */
VccwAuthorizing **vccw_relay_authorizing(VccwRelay *relay);

G_END_DECLS
