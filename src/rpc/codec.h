/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The codec: payloads of calls into arguments, and answers, errors, events and keepalive
 * messages into whole messages at the end of a buffer.
 */

#include "driver/operation.h"
#include "driver/virerror.h"
#include "rpc/buffer.h"
#include "rpc/frame.h"

G_BEGIN_DECLS

/**
 * vccw_codec_read_args: Decodes the arguments of a call. What follows them is ignored.
 * @ret_args: (out): to be released with vccw_codec_clear_args()
 *
 * Returns: FALSE with VCCW_ERROR_RPC.
 */
gboolean vccw_codec_read_args(VccwArgsShape shape,
                              const guint8 *payload,
                              gsize size,
                              VccwArgs *ret_args,
                              GError **error);

/** vccw_codec_clear_args: Releases the strings of arguments that were decoded. */
void vccw_codec_clear_args(VccwArgs *args);

/**
 * vccw_codec_put_result: Appends the reply to a call.
 * @call: the call's header
 * @max: bytes that the whole message may have, besides the protocol's own limit
 *
 * Returns: FALSE with VCCW_ERROR_TOO_LARGE, or VCCW_ERROR_INTERNAL if @result lacks what
 *   @shape needs; then nothing was appended.
 */
gboolean vccw_codec_put_result(VccwBuffer *out,
                               const VccwHeader *call,
                               VccwResultShape shape,
                               const VccwResult *result,
                               gsize max,
                               GError **error);

/**
 * vccw_codec_put_answer: Appends the reply to a call, whatever became of it.
 * @result: what it led to, if @error is NULL
 * @error: (nullable): stays the caller's
 * @max: bytes that a reply may have; a longer one becomes an error
 */
void vccw_codec_put_answer(VccwBuffer *out,
                           const VccwHeader *call,
                           VccwResultShape shape,
                           const VccwResult *result,
                           const GError *error,
                           gsize max);

/** vccw_codec_put_auth_list: Appends the reply to a call for the ways of authentication.
 * @type: the only one; VCCW_WIRE_AUTH_NONE or VCCW_WIRE_AUTH_BY_POLKIT */
void vccw_codec_put_auth_list(VccwBuffer *out, const VccwHeader *call, int type);

/** vccw_codec_put_error: Appends the reply to a call that failed. */
void
vccw_codec_put_error(VccwBuffer *out, const VccwHeader *call, const VccwVirError *error);

/** vccw_codec_put_gerror: The same for an error of ours, which stays the caller's. */
void vccw_codec_put_gerror(VccwBuffer *out, const VccwHeader *call, const GError *error);

/** vccw_codec_put_lifecycle: Appends the event of a node device's life. */
void vccw_codec_put_lifecycle(VccwBuffer *out,
                              gint32 callback_id,
                              const char *name,
                              gint32 event,
                              gint32 detail);

/** vccw_codec_put_update: Appends the event of a node device's changed description. */
void vccw_codec_put_update(VccwBuffer *out, gint32 callback_id, const char *name);

/** vccw_codec_put_domain_lifecycle: Appends the event of a domain's life. */
void vccw_codec_put_domain_lifecycle(VccwBuffer *out,
                                     gint32 callback_id,
                                     const VccwDomainRef *domain,
                                     gint32 event,
                                     gint32 detail);

/** vccw_codec_put_domain_metadata: Appends the event of a domain's changed metadata.
 * @type: VIR_DOMAIN_METADATA_*
 * @uri: (nullable): the namespace of VIR_DOMAIN_METADATA_ELEMENT */
void vccw_codec_put_domain_metadata(VccwBuffer *out,
                                    gint32 callback_id,
                                    const VccwDomainRef *domain,
                                    gint32 type,
                                    const char *uri);

/** vccw_codec_put_ping: Appends a keepalive's question. */
void vccw_codec_put_ping(VccwBuffer *out);

/** vccw_codec_put_pong: Appends a keepalive's answer. */
void vccw_codec_put_pong(VccwBuffer *out);

G_END_DECLS
