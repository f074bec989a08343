/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Errors of libvirtccw.
 *
 * Two GError domains are used. A failed system call is reported in G_UNIX_ERROR
 * (glib-unix.h) with errno as its code; everything that has a meaning of its own is
 * reported in VCCW_ERROR. A message is complete: it names the thing it is about and says
 * what to do next, so it can be shown to a person as it is.
 */

#include <glib.h>

G_BEGIN_DECLS

#define VCCW_ERROR (vccw_error_quark())

/**
 * VccwError: what went wrong, as far as the caller's next step depends on it.
 * The daemon maps each value to one of libvirt's VIR_ERR_* codes.
 */
typedef enum {
    VCCW_ERROR_INTERNAL,       /* a bug in virtccw */
    VCCW_ERROR_INVALID_ARG,    /* a malformed name, number or flag */
    VCCW_ERROR_XML_SYNTAX,     /* the document is not well-formed XML */
    VCCW_ERROR_XML_CONTENT,    /* well-formed, but not a document that is understood */
    VCCW_ERROR_XML_SCHEMA,     /* the document does not match its schema */
    VCCW_ERROR_TOO_LARGE,      /* a document or message exceeds its limit */
    VCCW_ERROR_NO_NODE_DEVICE, /* no node device of that name */
    VCCW_ERROR_DEVICE_MISSING, /* the host has no such subchannel (any more) */
    VCCW_ERROR_CONFIG_UNSUPPORTED,    /* the request can never work on this device */
    VCCW_ERROR_OPERATION_INVALID,     /* not possible in the present state */
    VCCW_ERROR_OPERATION_FAILED,      /* tried, and the host refused */
    VCCW_ERROR_OPERATION_UNSUPPORTED, /* this kind of device has no such operation */
    VCCW_ERROR_TIMEOUT,               /* not finished in time; it may still happen */
    VCCW_ERROR_BUSY,                  /* in use, or no free place */
    VCCW_ERROR_READ_ONLY,             /* a write on a read-only connection */
    VCCW_ERROR_RPC,                   /* the peer broke the wire protocol */
    VCCW_ERROR_STORE,                 /* a definition file cannot be used */
    VCCW_ERROR_CONFLICT,              /* somebody else changed it at the same time */
    VCCW_ERROR_NO_DOMAIN,             /* no domain of that name, UUID or ID */
    VCCW_ERROR_NO_DOMAIN_METADATA,    /* the domain has no such title or metadata */
    VCCW_ERROR_NO_SUPPORT,            /* a call of libvirt's that virtccw does not have */
} VccwError;

/**
 * vccw_error_quark:
 *
 * Returns: the error domain VCCW_ERROR.
 */
GQuark vccw_error_quark(void);

G_END_DECLS
