/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A message's size is counted before it is encoded, so it is refused before it costs
 * memory, and rpcgen's routines write it into room of exactly that size.
 */

#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <libvirt/virterror.h>
#include <string.h>
#include <virtccw/error.h>

#define NAMES_MAX   65536 /* as in protocol.x */
#define DOMAINS_MAX 16384 /* the same */

/* libtirpc's xdr_void() has a type of its own. */
static bool_t
xdr_nothing(XDR *xdr, gpointer payload)
{
    return TRUE;
}

/* Appends a whole message; @size is that of the payload which @proc encodes. */
static gboolean
put(VccwBuffer *out, VccwWireHeader *header, gsize size, xdrproc_t proc, gpointer payload)
{
    gsize length = VCCW_FRAME_LENGTH_MIN + size;
    guint8 *room = vccw_buffer_append(out, length);
    XDR xdr;

    header->length = length;
    xdrmem_create(&xdr, (char *)room, length, XDR_ENCODE);
    if (xdr_VccwWireHeader(&xdr, header) && proc(&xdr, payload) &&
        xdr_getpos(&xdr) == length)
        return TRUE;
    vccw_buffer_take_back(out, length);
    return FALSE;
}

static VccwWireHeader
reply_header(const VccwHeader *call, VccwWireStatus status)
{
    return (VccwWireHeader){ .prog = call->program,
                             .vers = call->version,
                             .procedure = call->procedure,
                             .type = VCCW_WIRE_REPLY,
                             .serial = call->serial,
                             .status = status };
}

static const char *
nth_name(const VccwResult *result, guint n)
{
    return g_ptr_array_index(result->names, n);
}

static gsize
domain_size(const char *name)
{
    return vccw_text_size(name) + sizeof(VccwUuid) + 4;
}

static VccwWireDomain
to_wire_domain(const VccwDomainRef *ref)
{
    VccwWireDomain wire = { .name = ref->name, .id = ref->id };

    memcpy(wire.uuid, ref->uuid.bytes, sizeof wire.uuid);
    return wire;
}

static gsize
domains_size(const VccwResult *result)
{
    gsize size = 8;

    if (result->domains->len > DOMAINS_MAX)
        return G_MAXSIZE;
    for (guint i = 0; i < result->domains->len; i++)
        size += domain_size(((VccwDomainRef *)result->domains->pdata[i])->name);
    return size;
}

static gboolean
put_domains(VccwBuffer *out, VccwWireHeader *header, gsize size, const VccwResult *result)
{
    guint n = result->domains->len;
    g_autofree VccwWireDomain *domains = g_new(VccwWireDomain, n);
    VccwWireDomainsCount payload = {
        .domains = { .domains_len = n, .domains_val = domains }, .count = result->number
    };

    for (guint i = 0; i < n; i++)
        domains[i] = to_wire_domain(result->domains->pdata[i]);
    return put(out, header, size, (xdrproc_t)xdr_VccwWireDomainsCount, &payload);
}

static gboolean
put_info(VccwBuffer *out, VccwWireHeader *header, gsize size, const VccwDomainInfo *info)
{
    VccwWireDomainInfo payload = { .state = info->state,
                                   .max_memory = info->max_memory,
                                   .memory = info->memory,
                                   .vcpus = info->vcpus,
                                   .cpu_time = info->cpu_time };

    return put(out, header, size, (xdrproc_t)xdr_VccwWireDomainInfo, &payload);
}

/* The bytes of a result's payload; more than the protocol allows if a text is too long.
 */
static gsize
result_size(VccwResultShape shape, const VccwResult *result)
{
    gsize size = 4;

    switch (shape) {
    case VCCW_RESULT_NONE:
        return 0;
    case VCCW_RESULT_NUMBER:
        return 4;
    case VCCW_RESULT_HUGE:
        return 8;
    case VCCW_RESULT_STRING:
    case VCCW_RESULT_OPTSTRING:
        if (result->string && strlen(result->string) > VCCW_TEXT_MAX)
            return G_MAXSIZE;
        return shape == VCCW_RESULT_STRING ? vccw_text_size(result->string)
                                           : vccw_text_optsize(result->string);
    case VCCW_RESULT_NAMES_COUNT:
        size += 4;
        G_GNUC_FALLTHROUGH;
    case VCCW_RESULT_NAMES:
        if (result->names->len > NAMES_MAX)
            return G_MAXSIZE;
        for (guint i = 0; i < result->names->len; i++)
            size += vccw_text_size(nth_name(result, i));
        return size;
    case VCCW_RESULT_TWO_NUMBERS:
        return 8;
    case VCCW_RESULT_DOMAIN:
        return domain_size(((VccwDomainRef *)result->domains->pdata[0])->name);
    case VCCW_RESULT_DOMAINS_COUNT:
        return domains_size(result);
    case VCCW_RESULT_DOMAIN_INFO:
        return 2 * 4 + 3 * 8;
    case VCCW_RESULT_LAST:
        break;
    }
    g_return_val_if_reached(G_MAXSIZE);
}

static gboolean
put_result(VccwBuffer *out,
           VccwWireHeader *header,
           gsize size,
           VccwResultShape shape,
           const VccwResult *result)
{
    VccwWireNumber number = { .number = result->number };
    VccwWireHuge huge = { .number = result->number };
    VccwWireOptname text = { .name = result->string };
    VccwWireNamesCount names = { .count = result->number };
    VccwWireTwoNumbers two = { result->number, result->second };
    VccwWireDomain domain;

    if (result->names) {
        names.names.names_val = (VccwWireText *)result->names->pdata;
        names.names.names_len = result->names->len;
    }
    switch (shape) {
    case VCCW_RESULT_NONE:
        return put(out, header, size, (xdrproc_t)xdr_nothing, NULL);
    case VCCW_RESULT_NUMBER:
        return put(out, header, size, (xdrproc_t)xdr_VccwWireNumber, &number);
    case VCCW_RESULT_HUGE:
        return put(out, header, size, (xdrproc_t)xdr_VccwWireHuge, &huge);
    case VCCW_RESULT_STRING:
        return put(out, header, size, (xdrproc_t)xdr_VccwWireText, &text.name);
    case VCCW_RESULT_OPTSTRING:
        return put(out, header, size, (xdrproc_t)xdr_VccwWireOptname, &text);
    case VCCW_RESULT_NAMES:
        /* The array is the first member, the count is not sent. */
        return put(out, header, size, (xdrproc_t)xdr_VccwWireNames, &names);
    case VCCW_RESULT_NAMES_COUNT:
        return put(out, header, size, (xdrproc_t)xdr_VccwWireNamesCount, &names);
    case VCCW_RESULT_TWO_NUMBERS:
        return put(out, header, size, (xdrproc_t)xdr_VccwWireTwoNumbers, &two);
    case VCCW_RESULT_DOMAIN:
        domain = to_wire_domain(result->domains->pdata[0]);
        return put(out, header, size, (xdrproc_t)xdr_VccwWireDomain, &domain);
    case VCCW_RESULT_DOMAINS_COUNT:
        return put_domains(out, header, size, result);
    case VCCW_RESULT_DOMAIN_INFO:
        return put_info(out, header, size, result->info);
    case VCCW_RESULT_LAST:
        break;
    }
    return FALSE;
}

static gboolean
result_is_complete(VccwResultShape shape, const VccwResult *result)
{
    if (shape == VCCW_RESULT_STRING)
        return result->string != NULL;
    if (shape == VCCW_RESULT_NAMES || shape == VCCW_RESULT_NAMES_COUNT)
        return result->names != NULL;
    if (shape == VCCW_RESULT_DOMAIN)
        return result->domains && result->domains->len == 1;
    if (shape == VCCW_RESULT_DOMAINS_COUNT)
        return result->domains != NULL;
    if (shape == VCCW_RESULT_DOMAIN_INFO)
        return result->info != NULL;
    return shape < VCCW_RESULT_LAST;
}

gboolean
vccw_codec_put_result(VccwBuffer *out,
                      const VccwHeader *call,
                      VccwResultShape shape,
                      const VccwResult *result,
                      gsize max,
                      GError **error)
{
    VccwWireHeader header = reply_header(call, VCCW_WIRE_OK);
    gsize limit = MIN(max, VCCW_FRAME_LENGTH_MAX) - VCCW_FRAME_LENGTH_MIN;
    gsize size;

    if (!result_is_complete(shape, result)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_INTERNAL,
                    "procedure %d gave no result; please report this as a bug of virtccw",
                    call->procedure);
        return FALSE;
    }
    size = result_size(shape, result);
    if (size <= limit && put_result(out, &header, size, shape, result))
        return TRUE;
    g_set_error(
        error, VCCW_ERROR, VCCW_ERROR_TOO_LARGE,
        "the result of procedure %d exceeds what one message may hold (%" G_GSIZE_FORMAT
        " bytes, %d names, %d bytes of text); ask for less at once",
        call->procedure, limit, NAMES_MAX, VCCW_TEXT_MAX);
    return FALSE;
}

void
vccw_codec_put_auth_list(VccwBuffer *out, const VccwHeader *call, int type)
{
    VccwWireHeader header = reply_header(call, VCCW_WIRE_OK);
    VccwWireAuthTypes types = { .types = { .types_len = 1, .types_val = &type } };

    put(out, &header, 8, (xdrproc_t)xdr_VccwWireAuthTypes, &types);
}

void
vccw_codec_put_error(VccwBuffer *out, const VccwHeader *call, const VccwVirError *error)
{
    VccwWireHeader header = reply_header(call, VCCW_WIRE_ERROR);
    VccwWireFailure failure = { .code = error->code,
                                .domain = error->domain,
                                .message = error->message,
                                .level = error->level,
                                .str2 = error->detail,
                                .int1 = error->errnum ? error->errnum : -1,
                                .int2 = -1 };
    gsize size = 7 * 4 + vccw_text_optsize(failure.message) + vccw_text_optsize(NULL) +
                 vccw_text_optsize(failure.str2) + vccw_text_optsize(NULL);

    put(out, &header, size, (xdrproc_t)xdr_VccwWireFailure, &failure);
}

void
vccw_codec_put_gerror(VccwBuffer *out, const VccwHeader *call, const GError *error)
{
    g_autoptr(VccwVirError) failure = vccw_virerror_new(error);

    /* What is wrong with a message is the protocol's affair, not the node devices'. */
    if (g_error_matches(error, VCCW_ERROR, VCCW_ERROR_RPC))
        failure->domain = VIR_FROM_RPC;
    vccw_codec_put_error(out, call, failure);
}

void
vccw_codec_put_answer(VccwBuffer *out,
                      const VccwHeader *call,
                      VccwResultShape shape,
                      const VccwResult *result,
                      const GError *error,
                      gsize max)
{
    g_autoptr(GError) unfit = NULL;

    if (!error && vccw_codec_put_result(out, call, shape, result, max, &unfit))
        return;
    vccw_codec_put_gerror(out, call, error ? error : unfit);
}

static VccwWireHeader
message_header(guint32 program, gint32 procedure, guint32 serial)
{
    return (VccwWireHeader){ .prog = program,
                             .vers = VCCW_WIRE_VERSION,
                             .procedure = procedure,
                             .type = VCCW_WIRE_MESSAGE,
                             .serial = serial,
                             .status = VCCW_WIRE_OK };
}

void
vccw_codec_put_lifecycle(VccwBuffer *out,
                         gint32 callback_id,
                         const char *name,
                         gint32 event,
                         gint32 detail)
{
    VccwWireHeader header = message_header(VCCW_WIRE_REMOTE, VCCW_WIRE_EVENT_LIFECYCLE,
                                           VCCW_WIRE_EVENT_SERIAL);
    VccwWireLifecycle payload = {
        .callback_id = callback_id, .name = (char *)name, .event = event, .detail = detail
    };

    put(out, &header, 12 + vccw_text_size(name), (xdrproc_t)xdr_VccwWireLifecycle,
        &payload);
}

void
vccw_codec_put_update(VccwBuffer *out, gint32 callback_id, const char *name)
{
    VccwWireHeader header =
        message_header(VCCW_WIRE_REMOTE, VCCW_WIRE_EVENT_UPDATE, VCCW_WIRE_EVENT_SERIAL);
    VccwWireUpdate payload = { .callback_id = callback_id, .name = (char *)name };

    put(out, &header, 4 + vccw_text_size(name), (xdrproc_t)xdr_VccwWireUpdate, &payload);
}

void
vccw_codec_put_domain_lifecycle(VccwBuffer *out,
                                gint32 callback_id,
                                const VccwDomainRef *domain,
                                gint32 event,
                                gint32 detail)
{
    VccwWireHeader header = message_header(
        VCCW_WIRE_REMOTE, VCCW_WIRE_DOMAIN_EVENT_LIFECYCLE, VCCW_WIRE_EVENT_SERIAL);
    VccwWireDomainLifecycle payload = { .callback_id = callback_id,
                                        .domain = to_wire_domain(domain),
                                        .event = event,
                                        .detail = detail };

    put(out, &header, 12 + domain_size(domain->name),
        (xdrproc_t)xdr_VccwWireDomainLifecycle, &payload);
}

void
vccw_codec_put_domain_metadata(VccwBuffer *out,
                               gint32 callback_id,
                               const VccwDomainRef *domain,
                               gint32 type,
                               const char *uri)
{
    VccwWireHeader header = message_header(
        VCCW_WIRE_REMOTE, VCCW_WIRE_DOMAIN_EVENT_METADATA, VCCW_WIRE_EVENT_SERIAL);
    VccwWireDomainMetadata payload = { .callback_id = callback_id,
                                       .domain = to_wire_domain(domain),
                                       .type = type,
                                       .uri = (char *)uri };

    put(out, &header, 8 + domain_size(domain->name) + vccw_text_optsize(uri),
        (xdrproc_t)xdr_VccwWireDomainMetadata, &payload);
}

void
vccw_codec_put_ping(VccwBuffer *out)
{
    VccwWireHeader header = message_header(VCCW_WIRE_KEEPALIVE, VCCW_WIRE_PING, 0);

    put(out, &header, 0, (xdrproc_t)xdr_nothing, NULL);
}

void
vccw_codec_put_pong(VccwBuffer *out)
{
    VccwWireHeader header = message_header(VCCW_WIRE_KEEPALIVE, VCCW_WIRE_PONG, 0);

    put(out, &header, 0, (xdrproc_t)xdr_nothing, NULL);
}
