/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clients decide by libvirt's code and show libvirt's message, so each of our errors
 * becomes one code, and the message begins with the phrase that users know that code by
 * (<libvirt/virterror.h> names the codes).
 */

#include "driver/virerror.h"
#include "base/io.h"
#include <glib-unix.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <virtccw/error.h>

#define MESSAGE_MAX (16 * 1024)
#define DETAIL_MAX  (MESSAGE_MAX - 128) /* what a phrase and the cut may add is less */

typedef struct {
    gint32 code;
    gint32 domain;
    const char *phrase; /* what libvirt puts before the detail; "" for nothing */
} Meaning;

static const Meaning meanings[] = {
    [VCCW_ERROR_INTERNAL] = { VIR_ERR_INTERNAL_ERROR, VIR_FROM_NODEDEV,
                              "internal error: " },
    [VCCW_ERROR_INVALID_ARG] = { VIR_ERR_INVALID_ARG, VIR_FROM_NODEDEV,
                                 "invalid argument: " },
    [VCCW_ERROR_XML_SYNTAX] = { VIR_ERR_XML_DETAIL, VIR_FROM_XML, "" },
    [VCCW_ERROR_XML_CONTENT] = { VIR_ERR_XML_ERROR, VIR_FROM_NODEDEV, "XML error: " },
    [VCCW_ERROR_XML_SCHEMA] = { VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML,
                                "XML document failed to validate against schema: " },
    [VCCW_ERROR_TOO_LARGE] = { VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_NODEDEV,
                               "argument unsupported: " },
    [VCCW_ERROR_NO_NODE_DEVICE] = { VIR_ERR_NO_NODE_DEVICE, VIR_FROM_NODEDEV,
                                    "Node device not found: " },
    [VCCW_ERROR_DEVICE_MISSING] = { VIR_ERR_DEVICE_MISSING, VIR_FROM_NODEDEV,
                                    "device not found: " },
    [VCCW_ERROR_CONFIG_UNSUPPORTED] = { VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_NODEDEV,
                                        "unsupported configuration: " },
    [VCCW_ERROR_OPERATION_INVALID] = { VIR_ERR_OPERATION_INVALID, VIR_FROM_NODEDEV,
                                       "Requested operation is not valid: " },
    [VCCW_ERROR_OPERATION_FAILED] = { VIR_ERR_OPERATION_FAILED, VIR_FROM_NODEDEV,
                                      "operation failed: " },
    [VCCW_ERROR_OPERATION_UNSUPPORTED] = { VIR_ERR_OPERATION_UNSUPPORTED,
                                           VIR_FROM_NODEDEV,
                                           "Operation not supported: " },
    [VCCW_ERROR_TIMEOUT] = { VIR_ERR_OPERATION_TIMEOUT, VIR_FROM_NODEDEV,
                             "Timed out during operation: " },
    [VCCW_ERROR_BUSY] = { VIR_ERR_RESOURCE_BUSY, VIR_FROM_NODEDEV, "resource busy: " },
    [VCCW_ERROR_READ_ONLY] = { VIR_ERR_OPERATION_DENIED, VIR_FROM_NODEDEV,
                               "operation forbidden: " },
    [VCCW_ERROR_RPC] = { VIR_ERR_RPC, VIR_FROM_RPC, "" },
    [VCCW_ERROR_STORE] = { VIR_ERR_PARSE_FAILED, VIR_FROM_NODEDEV, "" },
    [VCCW_ERROR_CONFLICT] = { VIR_ERR_OPERATION_ABORTED, VIR_FROM_NODEDEV,
                              "operation aborted: " },
    [VCCW_ERROR_NO_DOMAIN] = { VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN, "Domain not found: " },
    [VCCW_ERROR_NO_DOMAIN_METADATA] = { VIR_ERR_NO_DOMAIN_METADATA, VIR_FROM_DOMAIN,
                                        "metadata not found: " },
    [VCCW_ERROR_NO_SUPPORT] = { VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN,
                                "this function is not supported by the connection "
                                "driver: " },
};

G_DEFINE_QUARK(virtccw_access_error, vccw_access_error)

static const Meaning access_meaning = { VIR_ERR_ACCESS_DENIED, VIR_FROM_ACCESS,
                                        "access denied: " };
static const Meaning system_meaning = { VIR_ERR_SYSTEM_ERROR, VIR_FROM_NODEDEV, "" };

static const Meaning *
meaning_of(const GError *error)
{
    if (error->domain == G_UNIX_ERROR)
        return &system_meaning;
    if (error->domain == VCCW_ACCESS_ERROR)
        return &access_meaning;
    if (error->domain == VCCW_ERROR && error->code >= 0 &&
        (gsize)error->code < G_N_ELEMENTS(meanings))
        return &meanings[error->code];
    return &meanings[VCCW_ERROR_INTERNAL];
}

/* A name from a hostile client may be part of the message: keep it readable and bounded.
 */
static char *
presentable(const char *text)
{
    g_autofree char *start = g_strndup(text, DETAIL_MAX);
    g_autofree char *valid = g_utf8_make_valid(start, -1);
    g_autofree char *cut = g_strndup(valid, DETAIL_MAX); /* replacements are longer */

    return g_utf8_make_valid(cut, -1);
}

VccwVirError *
vccw_virerror_new(const GError *error)
{
    const Meaning *meaning = meaning_of(error);
    VccwVirError *virerror = g_new0(VccwVirError, 1);

    virerror->code = meaning->code;
    virerror->domain = meaning->domain;
    virerror->level = VIR_ERR_ERROR;
    virerror->detail = presentable(error->message);
    virerror->message = g_strconcat(meaning->phrase, virerror->detail, NULL);
    virerror->errnum = vccw_error_errno(error);
    return virerror;
}

void
vccw_virerror_free(VccwVirError *error)
{
    if (!error)
        return;
    g_free(error->message);
    g_free(error->detail);
    g_free(error);
}

GError *
vccw_virerror_read(const char *message)
{
    for (gsize i = 0; i < G_N_ELEMENTS(meanings); i++) {
        const char *phrase = meanings[i].phrase;

        if (phrase && *phrase && g_str_has_prefix(message, phrase))
            return g_error_new_literal(VCCW_ERROR, i, message + strlen(phrase));
    }
    return g_error_new_literal(VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED, message);
}
