/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is known of the store, and the look at one of its files that keeps it right.
 *
 * Every way to a change (a load, an event, a refresh after a write of our own) ends in
 * vccw_view_look(): it compares what is there with what was known, so nothing is reported
 * twice, whichever comes first.
 */

#include "mdev/shelf.h"
#include <virtccw/mdev.h>

G_BEGIN_DECLS

/** VccwView: to be read by others, changed by the functions below and where it says so.
 */
typedef struct {
    char *dir;
    VccwStoreFunc func; /* set by the owner */
    gpointer data;      /* set by the owner */
    GMainContext *context;
    VccwShelf *shelf;
    GHashTable *oddities; /* path → what was reported there, though it is no definition */
    GHashTable *doubts;   /* VccwNodeName → nothing: files that get a second look */
    GPtrArray *retired;   /* configurations that a caller may still hold */
    GSource *release;     /* of the retired */
    GSource *second_look; /* at the doubts */
    guint64 looks;     /* the number of the present look at a folder: set by the owner */
    gboolean trusting; /* files whose stamp says that they are unchanged are not read:
                          set by the owner */
} VccwView;

/**
 * vccw_view_new:
 * @dir: the store's folder
 *
 * Returns: (transfer full): an empty view, for the calling thread.
 */
VccwView *vccw_view_new(const char *dir);

/** vccw_view_free: NULL is fine. */
void vccw_view_free(VccwView *view);

/**
 * vccw_view_look: Looks at the file of one definition and reports what has changed.
 * @folder: the folder of its parent, or -1 if there is none
 * @final: what is bad is bad, and not perhaps being written just now
 */
void vccw_view_look(VccwView *view, int folder, const VccwNodeName *key, gboolean final);

/**
 * vccw_view_forget: Drops definitions whose files are gone, and reports that.
 * @parent: (nullable): only those on that parent
 * @before: only those that were seen last before this look
 */
void vccw_view_forget(VccwView *view, const VccwBusId *parent, guint64 before);

/**
 * vccw_view_note_oddity: Reports something in the store that is no definition, once for
 * each version of it.
 * @dirfd: the folder that it is in, or -1 if that is gone
 * @name: its name there
 * @path: the whole path
 * @problem: what is wrong with it and what to do, to follow its path
 */
void vccw_view_note_oddity(VccwView *view,
                           int dirfd,
                           const char *name,
                           const char *path,
                           const char *problem);

/**
 * vccw_view_forget_oddities: Forgets what was reported, so that it would be again.
 * @path: (nullable): only that one and what is below it
 * @before: only those that were seen last before this look
 */
void vccw_view_forget_oddities(VccwView *view, const char *path, guint64 before);

/** vccw_view_is_passing: Returns: whether an error says something about this process (no
 * descriptors, no memory) and nothing about the file. */
gboolean vccw_view_is_passing(const GError *problem);

G_END_DECLS
