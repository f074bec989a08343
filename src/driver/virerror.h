/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Errors as libvirt's clients know them: our GErrors translated to VIR_ERR_* codes.
 */

#include <glib.h>

G_BEGIN_DECLS

/** VCCW_ACCESS_ERROR: the domain of the error that a client may not do what it asks for.
 */
#define VCCW_ACCESS_ERROR vccw_access_error_quark()

/** vccw_access_error_quark: Returns: the domain. */
GQuark vccw_access_error_quark(void);

/** VccwVirError: the members of libvirt's virError that a client looks at. */
typedef struct {
    gint32 code;   /* VIR_ERR_* */
    gint32 domain; /* VIR_FROM_* */
    gint32 level;  /* VIR_ERR_ERROR */
    char *message; /* what virsh prints: libvirt's phrase for the code, and the detail */
    char *detail;  /* the detail alone */
    gint32 errnum; /* errno for VIR_ERR_SYSTEM_ERROR, else 0 */
} VccwVirError;

/**
 * vccw_virerror_new: Translates an error.
 *
 * Returns: (transfer full): the error; its message is valid UTF-8 and at most 16 KiB.
 */
VccwVirError *vccw_virerror_new(const GError *error);

/** vccw_virerror_free: Releases @error. NULL is fine. */
void vccw_virerror_free(VccwVirError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VccwVirError, vccw_virerror_free)

/**
 * vccw_virerror_read: The way back, from a message alone.
 *
 * Returns: (transfer full): the error that has this message; where the phrase before it
 *   is not known, VCCW_ERROR_OPERATION_FAILED.
 */
GError *vccw_virerror_read(const char *message);

G_END_DECLS
