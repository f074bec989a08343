/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One connection: a socket, the messages that come in and go out by it, and the driver's
 * session behind it. The server owns it and tells it when to receive and work.
 */

#include "driver/session.h"
#include "rpc/buffer.h"
#include "rpc/frame.h"
#include "rpc/held.h"
#include "rpc/quiet.h"
#include "rpc/server.h"
#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define VCCW_CLIENT_READ (16 * 1024) /* bytes received at once, at most */
#define VCCW_CLIENT_OUTPUT_ALL                              \
    (16 * 1024 * 1024) /* see vccw_client_host_is_pressed() \
                        */

typedef struct _VccwClient VccwClient;

/** VccwClientHost: what the clients of a server share. */
typedef struct {
    VccwDriver *driver;
    VccwServerLimits limits; /* no member is zero */
    VccwFrameBudget input;   /* of unfinished messages and calls that wait */
    gsize output;            /* bytes that wait to be read by all clients */
    VccwQuiet drops;         /* log lines about clients that were dropped */
    VccwQuiet denials;       /* and about calls that were not permitted */
    guint8 *scratch;         /* VCCW_CLIENT_READ bytes that each client receives into */
    /* Tells the server that vccw_client_work() has something to do. */
    void (*touched)(VccwClient *client, gpointer data);
    gpointer data;
} VccwClientHost;

struct _VccwClient {
    VccwClientHost *host;
    int fd;
    gboolean read_only;
    gboolean trusted; /* see vccw_peers_trusts() */
    uid_t uid;        /* of the peer */
    pid_t pid;
    VccwSession *session;

    VccwFrameParser parser;
    VccwHeld held; /* calls that wait for their turn */
    VccwBuffer out;
    VccwBuffer events; /* that wait for hold_until */
    gsize counted;     /* bytes of both in the host's sum */
    guint in_flight;   /* calls that the driver has not answered */
    guint quota;       /* calls that may still be taken before the next client's turn */
    gint64 spent;      /* microseconds that this turn's calls took */
    guint pings;       /* that were sent since something was received */

    gboolean keepalive : 1; /* the client wants to be pinged */
    gboolean ending : 1;    /* nothing more is received; closed when all is answered */
    gboolean broken : 1;    /* to be closed at once */
    gboolean over : 1;      /* being freed */

    /* Monotonic microseconds; 0 is never. */
    gint64 begun_at;   /* the unfinished message's first byte */
    gint64 input_at;   /* something was received, or a ping sent */
    gint64 output_at;  /* the peer read something, or output began to wait */
    gint64 hold_until; /* see vccw_client_hold_events() */

    /* The server's. */
    GList link;        /* in the list of all clients */
    GList work_link;   /* in the list of those that have work */
    gboolean working;  /* whether work_link is in its list, or the client works */
    gboolean readable; /* whether something came */
    guint32 interest;  /* what epoll watches */
};

/** VccwClientState: what vccw_client_work() left. */
typedef enum {
    VCCW_CLIENT_IDLE,  /* nothing to do until something happens */
    VCCW_CLIENT_AGAIN, /* more work, but others come first */
    VCCW_CLIENT_OVER,  /* to be freed */
} VccwClientState;

/**
 * vccw_client_new:
 * @host: must outlive the client
 * @fd: (transfer full): a connected non-blocking socket
 * @trusted: see vccw_peers_trusts()
 * @uid: of the peer
 * @pid: of the peer
 *
 * Returns: (transfer full): the client.
 */
VccwClient *vccw_client_new(VccwClientHost *host,
                            int fd,
                            gboolean read_only,
                            gboolean trusted,
                            uid_t uid,
                            pid_t pid);

/** vccw_client_free: Ends the session and closes the socket. Not to be called from inside
 * any of the driver's functions. NULL is fine. */
void vccw_client_free(VccwClient *client);

/** vccw_client_wants_input: Returns: whether the socket should be watched for input. */
gboolean vccw_client_wants_input(const VccwClient *client);

/** vccw_client_receive: Receives once, and takes the messages that are complete. */
void vccw_client_receive(VccwClient *client);

/** vccw_client_work: Takes calls that waited, and sends what waits to be sent. */
VccwClientState vccw_client_work(VccwClient *client);

/** vccw_client_host_is_pressed: Returns: whether the clients together wait for so much
 * that each must do with less; to be looked at again soon, with vccw_client_work() for
 * all. */
gboolean vccw_client_host_is_pressed(const VccwClientHost *host);

/** vccw_client_forget_calls: Forgets the calls that have not been started. */
void vccw_client_forget_calls(VccwClient *client);

/** vccw_client_end: Receives no more; the client is over when all calls are answered and
 * all answers are sent. */
void vccw_client_end(VccwClient *client);

/** vccw_client_drop: Gives the client up, with a line in the log.
 * @reason: what it did */
void vccw_client_drop(VccwClient *client, const char *reason);

/** vccw_client_put: To be called after something was appended to the client's output. */
void vccw_client_put(VccwClient *client);

/**
 * vccw_client_hold_events: Holds events back for a moment, to be called when the client
 * is told a callback's ID: it drops events of an ID that it has not noted down yet.
 */
void vccw_client_hold_events(VccwClient *client);

G_END_DECLS
