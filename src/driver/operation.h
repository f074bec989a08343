/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The table of operations: everything that a client may ask for, one row each.
 *
 * The row is the single source for dispatch, for the check of permission (which comes
 * before any argument is decoded), for the wire's decoder and encoder (by shape) and for
 * the tests that are generated from it. Procedure numbers are those of libvirt's remote
 * program; they are the stable identity of an API call, whichever face it comes in by.
 */

#include <glib.h>
#include <virtccw/address.h>

G_BEGIN_DECLS

/** VccwArgsShape: which members of VccwArgs a call carries, in wire order. */
typedef enum {
    VCCW_ARGS_NONE,
    VCCW_ARGS_NUMBER,               /* number */
    VCCW_ARGS_NAME,                 /* name */
    VCCW_ARGS_NAME_FLAGS,           /* name, flags; the name may be an XML document */
    VCCW_ARGS_NAME_NUMBER,          /* name, number */
    VCCW_ARGS_NAME_TEXT_FLAGS,      /* name, text, flags */
    VCCW_ARGS_NAME_OPTTEXT_FLAGS,   /* name, text or NULL, flags */
    VCCW_ARGS_OPTNAME_FLAGS,        /* name or NULL, flags */
    VCCW_ARGS_OPTNAME_NUMBER_FLAGS, /* name or NULL, number, flags */
    VCCW_ARGS_NUMBER_FLAGS,         /* number, flags */
    VCCW_ARGS_NUMBER_OPTNAME,       /* number, name or NULL */
    VCCW_ARGS_OPTNAME,              /* name or NULL */
    VCCW_ARGS_OPTNAMES_FLAGS,       /* name, text, third, fourth, each or NULL; flags */
    VCCW_ARGS_UUID,                 /* uuid */
    VCCW_ARGS_DOMAIN,               /* a domain: name, uuid, and an id that is ignored */
    VCCW_ARGS_DOMAIN_FLAGS,         /* a domain, flags */
    VCCW_ARGS_DOMAIN_NUMBER,        /* a domain, number */
    VCCW_ARGS_DOMAIN_OPTTEXT_FLAGS, /* a domain, text or NULL, flags */
    VCCW_ARGS_DOMAIN_NUMBER_OPTTEXT_FLAGS,  /* a domain, number, text or NULL, flags */
    VCCW_ARGS_DOMAIN_NUMBER_OPTTEXTS_FLAGS, /* a domain, number, text, third, fourth, each
                                               or NULL; flags */
    VCCW_ARGS_NUMBER_OPTDOMAIN,             /* number; a domain, or has_domain is FALSE */
    VCCW_ARGS_LAST
} VccwArgsShape;

/** VccwResultShape: which members of VccwResult an answer carries, in wire order. */
typedef enum {
    VCCW_RESULT_NONE,
    VCCW_RESULT_NUMBER,        /* number, 32 bits, signed */
    VCCW_RESULT_HUGE,          /* number, 64 bits, unsigned */
    VCCW_RESULT_STRING,        /* string */
    VCCW_RESULT_OPTSTRING,     /* string or NULL */
    VCCW_RESULT_NAMES,         /* names */
    VCCW_RESULT_NAMES_COUNT,   /* names, then number as unsigned 32 bits */
    VCCW_RESULT_TWO_NUMBERS,   /* number, second, 32 bits each */
    VCCW_RESULT_DOMAIN,        /* the first of domains */
    VCCW_RESULT_DOMAINS_COUNT, /* domains, then number as unsigned 32 bits */
    VCCW_RESULT_DOMAIN_INFO,   /* info */
    VCCW_RESULT_LAST
} VccwResultShape;

/** VccwArgs: the arguments of a call; strings belong to the caller. */
typedef struct {
    const char *name;
    const char *text;
    const char *third;
    const char *fourth;
    gint32 number;
    guint32 flags;
    gboolean has_domain; /* of a domain that may be absent */
    VccwUuid uuid;       /* what a domain is found by */
} VccwArgs;

/** VccwDomainRef: a domain as clients hold it. */
typedef struct {
    char *name;
    VccwUuid uuid;
    gint32 id; /* -1: not running */
} VccwDomainRef;

/** VccwDomainInfo: what virDomainGetInfo tells. */
typedef struct {
    guint state;                /* VIR_DOMAIN_SHUTOFF ... */
    guint64 max_memory, memory; /* KiB */
    guint vcpus;
    guint64 cpu_time; /* ns */
} VccwDomainInfo;

/** VccwResult: the answer to a call. */
typedef struct {
    gint64 number;
    char *string;
    GPtrArray *names; /* of char * */
    gint32 second;
    GPtrArray *domains; /* of VccwDomainRef * */
    const VccwDomainInfo *info;
} VccwResult;

/** vccw_domain_ref_new: Returns: (transfer full): a reference to a domain. */
VccwDomainRef *vccw_domain_ref_new(const char *name, const VccwUuid *uuid, gint32 id);

/** vccw_domain_ref_free: Releases @ref. NULL is fine. */
void vccw_domain_ref_free(VccwDomainRef *ref);

/** VccwHandler: does what the operation means; answers now or later (driver/call.h). */
typedef struct _VccwCall VccwCall;
typedef void (*VccwHandler)(VccwCall *call);

/** VccwOperation: one row of the table. */
typedef struct {
    gint32 procedure;       /* number in libvirt's remote program 0x20008086 */
    const char *name;       /* the API function without "vir": "NodeDeviceDefineXML" */
    gboolean read_only;     /* allowed on a read-only connection */
    gboolean before_open;   /* allowed before ConnectOpen */
    const char *permission; /* "node-device.write": object and verb of libvirt's access
                               control; NULL for none. The front asks polkit about it
                               where access_drivers is set (front/access.h) */
    VccwArgsShape args;
    VccwResultShape result;
    VccwHandler handler;
    const char *also;    /* a second permission that is needed besides, or NULL … */
    guint32 also_flags;  /* … unless of these flags … */
    guint32 also_spared; /* … exactly these are set: vccw_operation_also() */
} VccwOperation;

/**
 * vccw_operation_find:
 * @procedure: a procedure number
 *
 * Returns: (nullable): the row, or NULL if there is no such operation.
 */
const VccwOperation *vccw_operation_find(gint32 procedure);

/** vccw_operation_also: Returns: (nullable): the second permission that a call with these
 * flags needs. */
static inline const char *
vccw_operation_also(const VccwOperation *operation, guint32 flags)
{
    gboolean spared = (flags & operation->also_flags) == operation->also_spared;

    return spared ? NULL : operation->also;
}

/**
 * vccw_operations: Lists the table.
 * @ret_n: (out): the number of rows
 *
 * Returns: (transfer none): the rows in ascending order of their procedure.
 */
const VccwOperation *vccw_operations(gsize *ret_n);

G_END_DECLS
