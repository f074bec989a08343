/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text on the wire: XDR routines that rpcgen's code calls for the types VccwWireText
 * (never NULL) and VccwWireOpttext (NULL if absent).
 */

#include <glib.h>
#include <rpc/rpc.h>

G_BEGIN_DECLS

#define VCCW_TEXT_MAX (4 * 1024 * 1024) /* bytes of one text; the protocol's limit */

typedef char *VccwWireText;
typedef char *VccwWireOpttext;

/**
 * xdr_VccwWireText: Encodes, decodes or releases a text.
 *
 * Decoding allocates only what the message really holds, and refuses a NUL inside.
 *
 * Returns: FALSE if the text is too long, cut short, or holds a NUL.
 */
bool_t xdr_VccwWireText(XDR *xdr, VccwWireText *text);

/** xdr_VccwWireOpttext: as xdr_VccwWireText(), for a text that may be absent. */
bool_t xdr_VccwWireOpttext(XDR *xdr, VccwWireOpttext *text);

/** vccw_text_size: Returns: the bytes that @text takes on the wire. */
gsize vccw_text_size(const char *text);

/** vccw_text_optsize: Returns: the bytes that @text, which may be NULL, takes on the
 * wire. */
gsize vccw_text_optsize(const char *text);

G_END_DECLS
