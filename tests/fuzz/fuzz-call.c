/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whole sessions: a client does what the input says, and each answer that it gets must be
 * a message. The input is a row of steps: a byte for what to do, a byte for how much of
 * what follows belongs to it. So most inputs get past the framing, and raw bytes are a
 * step too.
 */

#include "../unit/rpc-driver.h"
#include "fuzz-client.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

enum {
    SEND_RAW,
    SEND_CALL,
    SEND_CALL_BIG,
    SEND_PING,
    ANSWER,
    EVENT,
    WAIT,
    HALF_CLOSE,
    STEPS
};

static VccwDriver driver = { .list_max = 2000 };
static VccwServer *server;

static void
transmit_call(Client *client, const guint8 *data, gsize size, gsize padding)
{
    static const guint8 zeros[300000] = { 0 };
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint row = size ? data[0] % (G_N_ELEMENTS(test_operations) + 1) : 0;
    guint32 procedure = row < G_N_ELEMENTS(test_operations)
                            ? (guint32)test_operations[row].procedure
                            : 66;

    if (size > 1)
        g_byte_array_append(payload, data + 1, size - 1);
    if (padding)
        g_byte_array_append(payload, zeros, padding);
    put_call(bytes, procedure, client->serial++, payload);
    transmit(client, bytes->data, bytes->len);
}

static void
take_step(Client *client, guint8 step, const guint8 *data, gsize size)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    switch (step % STEPS) {
    case SEND_RAW:
        transmit(client, data, size);
        break;
    case SEND_CALL:
        transmit_call(client, data, size, 0);
        break;
    case SEND_CALL_BIG:
        transmit_call(client, data, size, size ? 1200 * data[0] % 300000 : 0);
        break;
    case SEND_PING:
        put_ping(bytes);
        transmit(client, bytes->data, bytes->len);
        break;
    case ANSWER:
        if (driver.waiting.head)
            test_call_answer(&driver, driver.waiting.head->data, NULL);
        break;
    case EVENT:
        test_driver_event(&driver, "css_0_0_0004", size);
        break;
    case WAIT:
        spin();
        receive(client);
        break;
    case HALF_CLOSE:
        shutdown(client->fd, SHUT_WR);
        break;
    }
}

static void
start_server(void)
{
    const VccwServerLimits limits = { .max_input = 64 * 1024,
                                      .max_output = 2 * 1024 * 1024 };

    g_log_set_writer_func(be_quiet, NULL, NULL);
    server = vccw_server_new(&driver, &limits);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const guint8 open[] = { 0 };
    Client client;

    if (size < 2)
        return 0;
    if (!server)
        start_server();
    client = enter(server, data[0] & 1);
    if (data[0] & 2)
        transmit_call(&client, open, 1, 8);
    for (data++, size--; size >= 2;) {
        gsize n = MIN(data[1], size - 2);

        take_step(&client, data[0], data + 2, n);
        data += 2 + n;
        size -= 2 + n;
    }
    leave(server, &client);
    g_assert(driver.waiting.length == 0 && driver.sessions.length == 0);
    return 0;
}
