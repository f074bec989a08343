/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Arguments: decoded by rpcgen's routine of their shape; their strings then pass into
 * VccwArgs as they are.
 */

#include "rpc/codec.h"
#include "rpc/protocol.h"
#include <string.h>
#include <virtccw/error.h>

typedef union {
    VccwWireNumber number;
    VccwWireName name;
    VccwWireNameFlags name_flags;
    VccwWireNameNumber name_number;
    VccwWireNameTextFlags name_text_flags;
    VccwWireNameOpttextFlags name_opttext_flags;
    VccwWireOptnameFlags optname_flags;
    VccwWireOptnameNumberFlags optname_number_flags;
    VccwWireNumberFlags number_flags;
    VccwWireNumberOptname number_optname;
    VccwWireOptname optname;
    VccwWireOptnamesFlags optnames_flags;
    VccwWireUuid uuid;
    VccwWireDomain domain;
    VccwWireDomainFlags domain_flags;
    VccwWireDomainNumber domain_number;
    VccwWireDomainOpttextFlags domain_opttext_flags;
    VccwWireDomainNumberOpttextFlags domain_number_opttext_flags;
    VccwWireDomainNumberOpttextsFlags domain_number_opttexts_flags;
    VccwWireNumberOptdomain number_optdomain;
} WireArgs;

/* libtirpc's xdr_void() has a type of its own. */
static bool_t
xdr_nothing(XDR *xdr, gpointer payload)
{
    return TRUE;
}

static const xdrproc_t args_xdr[] = {
    [VCCW_ARGS_NONE] = (xdrproc_t)xdr_nothing,
    [VCCW_ARGS_NUMBER] = (xdrproc_t)xdr_VccwWireNumber,
    [VCCW_ARGS_NAME] = (xdrproc_t)xdr_VccwWireName,
    [VCCW_ARGS_NAME_FLAGS] = (xdrproc_t)xdr_VccwWireNameFlags,
    [VCCW_ARGS_NAME_NUMBER] = (xdrproc_t)xdr_VccwWireNameNumber,
    [VCCW_ARGS_NAME_TEXT_FLAGS] = (xdrproc_t)xdr_VccwWireNameTextFlags,
    [VCCW_ARGS_NAME_OPTTEXT_FLAGS] = (xdrproc_t)xdr_VccwWireNameOpttextFlags,
    [VCCW_ARGS_OPTNAME_FLAGS] = (xdrproc_t)xdr_VccwWireOptnameFlags,
    [VCCW_ARGS_OPTNAME_NUMBER_FLAGS] = (xdrproc_t)xdr_VccwWireOptnameNumberFlags,
    [VCCW_ARGS_NUMBER_FLAGS] = (xdrproc_t)xdr_VccwWireNumberFlags,
    [VCCW_ARGS_NUMBER_OPTNAME] = (xdrproc_t)xdr_VccwWireNumberOptname,
    [VCCW_ARGS_OPTNAME] = (xdrproc_t)xdr_VccwWireOptname,
    [VCCW_ARGS_OPTNAMES_FLAGS] = (xdrproc_t)xdr_VccwWireOptnamesFlags,
    [VCCW_ARGS_UUID] = (xdrproc_t)xdr_VccwWireUuid,
    [VCCW_ARGS_DOMAIN] = (xdrproc_t)xdr_VccwWireDomain,
    [VCCW_ARGS_DOMAIN_FLAGS] = (xdrproc_t)xdr_VccwWireDomainFlags,
    [VCCW_ARGS_DOMAIN_NUMBER] = (xdrproc_t)xdr_VccwWireDomainNumber,
    [VCCW_ARGS_DOMAIN_OPTTEXT_FLAGS] = (xdrproc_t)xdr_VccwWireDomainOpttextFlags,
    [VCCW_ARGS_DOMAIN_NUMBER_OPTTEXT_FLAGS] =
        (xdrproc_t)xdr_VccwWireDomainNumberOpttextFlags,
    [VCCW_ARGS_DOMAIN_NUMBER_OPTTEXTS_FLAGS] =
        (xdrproc_t)xdr_VccwWireDomainNumberOpttextsFlags,
    [VCCW_ARGS_NUMBER_OPTDOMAIN] = (xdrproc_t)xdr_VccwWireNumberOptdomain,
};
G_STATIC_ASSERT(G_N_ELEMENTS(args_xdr) == VCCW_ARGS_LAST);

static VccwArgs
from_domain(const VccwWireDomain *wire)
{
    VccwArgs args = { .name = wire->name, .has_domain = TRUE };

    memcpy(args.uuid.bytes, wire->uuid, sizeof args.uuid.bytes);
    return args;
}

/* The strings pass from @wire to the result, here and below. */
static VccwArgs
from_domain_wire(VccwArgsShape shape, const WireArgs *wire)
{
    /* All of these begin with the domain. */
    VccwArgs args = from_domain(&wire->domain);

    switch (shape) {
    case VCCW_ARGS_DOMAIN_FLAGS:
        args.flags = wire->domain_flags.flags;
        break;
    case VCCW_ARGS_DOMAIN_NUMBER:
        args.number = wire->domain_number.number;
        break;
    case VCCW_ARGS_DOMAIN_OPTTEXT_FLAGS:
        args.text = wire->domain_opttext_flags.text;
        args.flags = wire->domain_opttext_flags.flags;
        break;
    case VCCW_ARGS_DOMAIN_NUMBER_OPTTEXT_FLAGS:
        args.number = wire->domain_number_opttext_flags.number;
        args.text = wire->domain_number_opttext_flags.text;
        args.flags = wire->domain_number_opttext_flags.flags;
        break;
    case VCCW_ARGS_DOMAIN_NUMBER_OPTTEXTS_FLAGS:
        args.number = wire->domain_number_opttexts_flags.number;
        args.text = wire->domain_number_opttexts_flags.text;
        args.third = wire->domain_number_opttexts_flags.third;
        args.fourth = wire->domain_number_opttexts_flags.fourth;
        args.flags = wire->domain_number_opttexts_flags.flags;
        break;
    default:
        break;
    }
    return args;
}

static VccwArgs
from_number_optdomain(const VccwWireNumberOptdomain *wire)
{
    VccwArgs args = { 0 };

    if (wire->domain)
        args = from_domain(wire->domain);
    free(wire->domain); /* libtirpc's; its text has been taken */
    args.number = wire->number;
    return args;
}

static VccwArgs
from_optnames(const VccwWireOptnamesFlags *wire)
{
    return (VccwArgs){ .name = wire->name,
                       .text = wire->text,
                       .third = wire->third,
                       .fourth = wire->fourth,
                       .flags = wire->flags };
}

static VccwArgs
from_uuid(const VccwWireUuid *wire)
{
    VccwArgs args = { 0 };

    memcpy(args.uuid.bytes, wire->uuid, sizeof args.uuid.bytes);
    return args;
}

static VccwArgs
from_wire(VccwArgsShape shape, const WireArgs *wire)
{
    switch (shape) {
    case VCCW_ARGS_NUMBER:
        return (VccwArgs){ .number = wire->number.number };
    case VCCW_ARGS_NAME:
        return (VccwArgs){ .name = wire->name.name };
    case VCCW_ARGS_NAME_FLAGS:
        return (VccwArgs){ .name = wire->name_flags.name,
                           .flags = wire->name_flags.flags };
    case VCCW_ARGS_NAME_NUMBER:
        return (VccwArgs){ .name = wire->name_number.name,
                           .number = wire->name_number.number };
    case VCCW_ARGS_NAME_TEXT_FLAGS:
        return (VccwArgs){ .name = wire->name_text_flags.name,
                           .text = wire->name_text_flags.text,
                           .flags = wire->name_text_flags.flags };
    case VCCW_ARGS_NAME_OPTTEXT_FLAGS:
        return (VccwArgs){ .name = wire->name_opttext_flags.name,
                           .text = wire->name_opttext_flags.text,
                           .flags = wire->name_opttext_flags.flags };
    case VCCW_ARGS_OPTNAME_FLAGS:
        return (VccwArgs){ .name = wire->optname_flags.name,
                           .flags = wire->optname_flags.flags };
    case VCCW_ARGS_OPTNAME_NUMBER_FLAGS:
        return (VccwArgs){ .name = wire->optname_number_flags.name,
                           .number = wire->optname_number_flags.number,
                           .flags = wire->optname_number_flags.flags };
    case VCCW_ARGS_NUMBER_FLAGS:
        return (VccwArgs){ .number = wire->number_flags.number,
                           .flags = wire->number_flags.flags };
    case VCCW_ARGS_NUMBER_OPTNAME:
        return (VccwArgs){ .number = wire->number_optname.number,
                           .name = wire->number_optname.name };
    case VCCW_ARGS_OPTNAME:
        return (VccwArgs){ .name = wire->optname.name };
    case VCCW_ARGS_OPTNAMES_FLAGS:
        return from_optnames(&wire->optnames_flags);
    case VCCW_ARGS_UUID:
        return from_uuid(&wire->uuid);
    case VCCW_ARGS_NUMBER_OPTDOMAIN:
        return from_number_optdomain(&wire->number_optdomain);
    case VCCW_ARGS_DOMAIN:
    case VCCW_ARGS_DOMAIN_FLAGS:
    case VCCW_ARGS_DOMAIN_NUMBER:
    case VCCW_ARGS_DOMAIN_OPTTEXT_FLAGS:
    case VCCW_ARGS_DOMAIN_NUMBER_OPTTEXT_FLAGS:
    case VCCW_ARGS_DOMAIN_NUMBER_OPTTEXTS_FLAGS:
        return from_domain_wire(shape, wire);
    case VCCW_ARGS_NONE:
    case VCCW_ARGS_LAST:
        break;
    }
    return (VccwArgs){ 0 };
}

gboolean
vccw_codec_read_args(VccwArgsShape shape,
                     const guint8 *payload,
                     gsize size,
                     VccwArgs *ret_args,
                     GError **error)
{
    static const guint8 nothing[4] = { 0 };
    WireArgs wire = { 0 };
    XDR xdr;

    g_return_val_if_fail(shape < VCCW_ARGS_LAST && size <= VCCW_FRAME_LENGTH_MAX, FALSE);
    xdrmem_create(&xdr, (char *)(size ? payload : nothing), size, XDR_DECODE);
    if (!args_xdr[shape](&xdr, &wire)) {
        xdr_free(args_xdr[shape], (char *)&wire);
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_RPC,
                    "Unable to decode message payload: its %" G_GSIZE_FORMAT
                    " bytes are not the arguments of this procedure",
                    size);
        return FALSE;
    }
    *ret_args = from_wire(shape, &wire);
    return TRUE;
}

void
vccw_codec_clear_args(VccwArgs *args)
{
    g_free((char *)args->name);
    g_free((char *)args->text);
    g_free((char *)args->third);
    g_free((char *)args->fourth);
    *args = (VccwArgs){ 0 };
}
