/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * virtccw-hook: what libvirt's QEMU driver calls when a guest comes and goes
 * (https://libvirt.org/hooks.html). It gives the guest the channel devices that it is to
 * have, and takes them back.
 *
 * The stock daemon waits for it, so it asks no daemon anything; and a guest without
 * channel devices must never have to suffer from it.
 */

#include "base/io.h"
#include "daemon/settings.h"
#include "driver/virerror.h"
#include "handover/holder.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

#define CHUNK 65536

/* What a hook's call is about. */
typedef struct {
    const char *guest;
    const char *operation; /* "prepare", "started", "release" … */
    const char *stage;     /* "begin" or "end" */
    char *document;        /* the guest's */
    const VccwHolderHost *host;
} Call;

static gboolean
read_document(char **ret_text, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *chunk = g_malloc(CHUNK);
    gssize n;

    while ((n = TEMP_FAILURE_RETRY(read(STDIN_FILENO, chunk, CHUNK))) > 0)
        if (text->len <= VCCW_DOMAIN_XML_MAX)
            g_string_append_len(text, chunk, n);
    if (n < 0) {
        vccw_set_errno(error, errno, "cannot read the guest's document");
        return FALSE;
    }
    *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
    return TRUE;
}

static gboolean
is(const Call *call, const char *operation, const char *stage)
{
    return g_str_equal(call->operation, operation) && g_str_equal(call->stage, stage);
}

static gboolean
prepare(const Call *call, const VccwGuestSourceResult *result, GError **error)
{
    VccwHolder guest = { call->guest, result->guest };

    for (guint i = 0; i < result->sources->len; i++)
        if (!vccw_holder_take(call->host, &guest,
                              &g_array_index(result->sources, VccwGuestSource, i),
                              getppid(), error)) {
            vccw_holder_give(call->host, &result->guest, NULL, NULL);
            return FALSE;
        }
    return TRUE;
}

static gboolean
serve(const Call *call, GError **error)
{
    g_auto(VccwGuestSourceResult) result = { .is_domain = FALSE };

    if (!vccw_guest_source_resolve(call->document, NULL, NULL, &result, error))
        return FALSE;
    if (!result.has_guest) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_XML_CONTENT,
                    "the document of guest '%s' has no UUID", call->guest);
        return FALSE;
    }
    if (is(call, "prepare", "begin"))
        return prepare(call, &result, error);
    if (is(call, "release", "end"))
        return vccw_holder_give(call->host, &result.guest, NULL, error);
    vccw_holder_runs(call->host, &result.guest);
    return TRUE;
}

/* Whether the call may concern us at all: what a guest had is given back even if its
 * document does not tell any more. */
static gboolean
concerns(const Call *call)
{
    if (is(call, "release", "end"))
        return TRUE;
    return (is(call, "prepare", "begin") || is(call, "started", "begin") ||
            is(call, "reconnect", "begin")) &&
           strstr(call->document, "vfio-ccw") != NULL;
}

static gboolean
run(Call *call, char **argv, GError **error)
{
    int argc = 1;
    char *own[] = { argv[0], NULL };
    char **rest = own;
    g_autoptr(VccwSettings) settings = NULL;
    g_autofree char *runs = NULL;
    VccwHandoverHost handover;
    VccwHolderHost host;

    if (!read_document(&call->document, error))
        return FALSE;
    if (!concerns(call))
        return TRUE;
    settings = vccw_settings_new(&argc, &rest, TRUE, error);
    if (!settings)
        return FALSE;
    runs = g_build_filename(settings->socket_dir, "qemu", NULL);
    handover = (VccwHandoverHost){ .sysfs = settings->sysfs,
                                   .dev = settings->dev,
                                   .proc = settings->proc,
                                   .overrides = settings->overrides,
                                   .rules = settings->udev_rules,
                                   .state = settings->var_dir,
                                   .modprobe = "modprobe" };
    host = (VccwHolderHost){ .handover = &handover,
                             .definitions = settings->definitions,
                             .runs = runs,
                             .take_parents = settings->take_parents };
    call->host = &host;
    return serve(call, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    VccwVirError *told;
    Call call = { 0 };
    gboolean ok;

    if (argc < 4) {
        fprintf(stderr, "virtccw-hook: this is for libvirt: see virtccw-front(8)\n");
        return 2;
    }
    call.guest = argv[1];
    call.operation = argv[2];
    call.stage = argv[3];
    ok = run(&call, argv, &error);
    g_free(call.document);
    if (ok)
        return 0;
    told = vccw_virerror_new(error);
    fprintf(stderr, "virtccw-hook: %s\n", told->message);
    vccw_virerror_free(told);
    return 1;
}
