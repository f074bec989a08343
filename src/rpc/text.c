/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libtirpc's xdr_string() allocates what a length word announces before it looks whether
 * so many bytes are there. Here the word is compared with what is left of the message
 * first, so a few bytes from a stranger never cost megabytes.
 */

#include "rpc/text.h"
#include <string.h>

static bool_t
decode_text(XDR *xdr, char **text)
{
    g_autofree char *copy = NULL;
    guint32 length;

    if (!xdr_uint32_t(xdr, &length))
        return FALSE;
    /* x_handy: what an xdrmem stream has left. */
    if (length > VCCW_TEXT_MAX || length > xdr->x_handy)
        return FALSE;
    copy = g_malloc(length + 1);
    copy[length] = '\0';
    if (!xdr_opaque(xdr, copy, length) || memchr(copy, '\0', length))
        return FALSE;
    *text = g_steal_pointer(&copy);
    return TRUE;
}

static bool_t
encode_text(XDR *xdr, char *text)
{
    gsize size = strlen(text);
    guint32 length = size;

    return size <= VCCW_TEXT_MAX && xdr_uint32_t(xdr, &length) &&
           xdr_opaque(xdr, text, length);
}

bool_t
xdr_VccwWireText(XDR *xdr, VccwWireText *text)
{
    switch (xdr->x_op) {
    case XDR_DECODE:
        return decode_text(xdr, text);
    case XDR_ENCODE:
        return encode_text(xdr, *text);
    case XDR_FREE:
        g_clear_pointer(text, g_free);
        return TRUE;
    }
    return FALSE;
}

bool_t
xdr_VccwWireOpttext(XDR *xdr, VccwWireOpttext *text)
{
    bool_t present = *text != NULL;

    if (xdr->x_op == XDR_FREE)
        return xdr_VccwWireText(xdr, text);
    if (!xdr_bool(xdr, &present))
        return FALSE;
    return !present || xdr_VccwWireText(xdr, text);
}

gsize
vccw_text_size(const char *text)
{
    return 4 + (strlen(text) + 3) / 4 * 4;
}

gsize
vccw_text_optsize(const char *text)
{
    return 4 + (text ? vccw_text_size(text) : 0);
}
