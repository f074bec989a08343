/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What sysfs shows of one node, read at one moment.
 *
 * There are three kinds of record, one for each bus that the inventory follows. A
 * record's first member is its key (a VccwBusId or a VccwUuid), so that a set of records
 * can be searched by key alone. What a record shows never changes: what is read later is
 * a record of its own.
 */

#include <virtccw/css.h>

G_BEGIN_DECLS

/** VccwRecordKey: what a node is called on its bus. */
typedef union {
    VccwBusId id;  /* subchannels and devices */
    VccwUuid uuid; /* mediated devices */
} VccwRecordKey;

/** VccwSubchannelRecord: a VccwSubchannel and what tells one registration from another.
 */
typedef struct {
    VccwSubchannel shown;
    guint64 types_inode; /* of the folder mdev_supported_types, 0 if there is none */
    guint64 as_of;       /* every uevent up to this number is older than the record */
} VccwSubchannelRecord;

/** VccwRecordResult: how reading a node ended. */
typedef enum {
    VCCW_RECORD_READ,
    VCCW_RECORD_ABSENT,  /* it is not there, or is no node that is shown */
    VCCW_RECORD_UNKNOWN, /* this process is short of descriptors or memory: ask later */
} VccwRecordResult;

/** VccwRecordKind: what is particular to a bus. */
typedef struct {
    VccwNodeKind node;
    const char *folder; /* where the bus lists its nodes, relative to the root */

    /* Takes the name of an entry in the folder; FALSE if the kernel would not write it
     * so. */
    gboolean (*parse)(const char *name, VccwRecordKey *ret_key);
    /* The name of the entry @key. */
    char *(*format)(const VccwRecordKey *key);
    /* Makes a record from the node's folder @dir and its sysfs path. */
    VccwRecordResult (*read)(int dir,
                             const VccwRecordKey *key,
                             const char *path,
                             gpointer *ret_record);
    /* Whether two records show the same. */
    gboolean (*same)(gconstpointer a, gconstpointer b);
    /* Whether the kernel is still making it, or taking it away; NULL: never to be seen.
     */
    gboolean (*in_flux)(gconstpointer record);
    /* The name of the node device. */
    VccwNodeName (*name)(gconstpointer record);
    GDestroyNotify free;
    /* Of records by key, and so of keys as well. */
    GHashFunc hash;
    GEqualFunc equal;
    GCompareFunc compare;
} VccwRecordKind;

extern const VccwRecordKind vccw_record_subchannel; /* VccwSubchannelRecord */
extern const VccwRecordKind vccw_record_device;     /* VccwDevice */
extern const VccwRecordKind vccw_record_mdev;       /* VccwMdev */

/**
 * vccw_record_read: Reads the node @key from sysfs.
 * @root: descriptor of the root of sysfs
 * @ret_record: (out) (transfer full): set with VCCW_RECORD_READ only; @kind's free
 * function releases it
 *
 * Returns: whether there is such a node.
 */
VccwRecordResult vccw_record_read(const VccwRecordKind *kind,
                                  int root,
                                  const VccwRecordKey *key,
                                  gpointer *ret_record);

/**
 * vccw_record_list: Lists the keys on a bus.
 * @root: descriptor of the root of sysfs
 * @ret_keys: (out) (transfer full): GArray of VccwRecordKey, without odd entries; set
 * with VCCW_RECORD_READ only
 *
 * Returns: VCCW_RECORD_ABSENT if the host has no such bus.
 */
VccwRecordResult
vccw_record_list(const VccwRecordKind *kind, int root, GArray **ret_keys);

G_END_DECLS
