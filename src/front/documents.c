/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The shapes are those of the arguments in libvirt's remote protocol, up to the last
 * document. Of typed parameters, those that hold a document are told by their names
 * (libvirt-domain.h). The arguments of the last steps of a migration, which may have such
 * parameters, too, are left out: the daemon does not look at their documents any more.
 */

#include "front/documents.h"
#include "front/words.h"
#include <string.h>

#define UUID_SIZE  16
#define PARAMS_MAX 64 /* that libvirt's protocol allows in any of these calls */
#define PLACES_MAX                                                       \
    2 /* no call has more documents, and no parameter may be there twice \
       */

/*
 * A letter for each argument: "d" a domain, "t" a text, "T" one that may be absent, "x" a
 * document, "X" one that may be absent, "o" bytes, "l" a number of 64 bits, "p" typed
 * parameters.
 */
typedef struct {
    gint32 procedure;
    const char *shape;
    gboolean defines;
} Shape;

static const Shape shapes[] = {
    { 10, "x", FALSE },       /* DomainCreateXML */
    { 11, "x", TRUE },        /* DomainDefineXML */
    { 108, "TlTlx", FALSE },  /* DomainMigratePrepare2 */
    { 136, "tx", FALSE },     /* ConnectDomainXMLToNative */
    { 148, "lTlx", FALSE },   /* DomainMigratePrepareTunnel */
    { 185, "dx", FALSE },     /* DomainSnapshotCreateXML */
    { 213, "dX", FALSE },     /* DomainMigrateBegin3 */
    { 214, "oTlTlx", FALSE }, /* DomainMigratePrepare3 */
    { 215, "olTlx", FALSE },  /* DomainMigratePrepareTunnel3 */
    { 216, "dX", FALSE },     /* DomainMigratePerform3 */
    { 232, "dtX", FALSE },    /* DomainSaveFlags */
    { 233, "tX", FALSE },     /* DomainRestoreFlags */
    { 236, "tx", FALSE },     /* DomainSaveImageDefineXML */
    { 302, "dp", FALSE },     /* DomainMigrateBegin3Params */
    { 303, "p", FALSE },      /* DomainMigratePrepare3Params */
    { 304, "p", FALSE },      /* DomainMigratePrepareTunnel3Params */
    { 305, "dTp", FALSE },    /* DomainMigratePerform3Params */
    { 309, "x", FALSE },      /* DomainCreateXMLWithFiles */
    { 350, "x", TRUE },       /* DomainDefineXMLFlags */
    { 389, "dX", FALSE },     /* DomainManagedSaveDefineXML */
    { 411, "dx", FALSE },     /* DomainCheckpointCreateXML */
    { 440, "dp", FALSE },     /* DomainSaveParams */
    { 441, "p", FALSE },      /* DomainRestoreParams */
};

static const char *const document_params[] = { "destination_xml", "persistent_xml",
                                               "dxml" };

static const Shape *
find_shape(gint32 procedure)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        if (shapes[i].procedure == procedure)
            return &shapes[i];
    return NULL;
}

gboolean
vccw_documents_carries(gint32 procedure)
{
    return find_shape(procedure) != NULL;
}

gboolean
vccw_documents_defines(gint32 procedure)
{
    const Shape *shape = find_shape(procedure);

    return shape && shape->defines;
}

/* A call on its way through the letters. */
typedef struct {
    const GByteArray *payload;
    gsize at;
    GArray *places;
} Reader;

static gboolean
skip(Reader *reader, gsize size)
{
    if (reader->payload->len - reader->at < size)
        return FALSE;
    reader->at += size;
    return TRUE;
}

static gboolean
read_number(Reader *reader, guint32 *ret_number)
{
    gsize at = reader->at;

    if (!skip(reader, 4))
        return FALSE;
    *ret_number = vccw_words_at(reader->payload, at / 4);
    return TRUE;
}

/* Texts and bytes look the same. */
static gboolean
skip_text(Reader *reader)
{
    guint32 size;

    return read_number(reader, &size) && skip(reader, ((gsize)size + 3) / 4 * 4);
}

static gboolean
take_document(Reader *reader)
{
    g_array_append_val(reader->places, reader->at);
    return skip_text(reader);
}

static gboolean
take_optional(Reader *reader, gboolean (*take)(Reader *reader))
{
    guint32 there;

    return read_number(reader, &there) && (!there || take(reader));
}

static gboolean
is_document_param(const char *field)
{
    for (gsize i = 0; i < G_N_ELEMENTS(document_params); i++)
        if (g_str_equal(field, document_params[i]))
            return TRUE;
    return FALSE;
}

static gboolean
take_param(Reader *reader)
{
    g_autofree char *field = vccw_words_text(reader->payload, &reader->at);
    guint32 type;

    if (!field || !read_number(reader, &type))
        return FALSE;
    if (type == VCCW_WORDS_STRING)
        return is_document_param(field) ? take_document(reader) : skip_text(reader);
    return vccw_words_param_size(type) && skip(reader, vccw_words_param_size(type));
}

static gboolean
take_params(Reader *reader)
{
    guint32 n;

    if (!read_number(reader, &n) || n > PARAMS_MAX)
        return FALSE;
    for (guint32 i = 0; i < n; i++)
        if (!take_param(reader))
            return FALSE;
    return TRUE;
}

static gboolean
take(Reader *reader, char letter)
{
    switch (letter) {
    case 'd':
        return skip_text(reader) && skip(reader, UUID_SIZE + 4); /* and the ID */
    case 'T':
        return take_optional(reader, skip_text);
    case 'x':
        return take_document(reader);
    case 'X':
        return take_optional(reader, take_document);
    case 'l':
        return skip(reader, 8);
    case 'p':
        return take_params(reader);
    default:
        return skip_text(reader);
    }
}

GArray *
vccw_documents_find(gint32 procedure, const GByteArray *payload)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gsize));
    const Shape *shape = find_shape(procedure);
    Reader reader = { payload, 0, places };

    for (const char *letter = shape ? shape->shape : ""; *letter; letter++)
        if (!take(&reader, *letter))
            return NULL;
    return places->len <= PLACES_MAX ? g_steal_pointer(&places) : NULL;
}
