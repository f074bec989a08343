/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Changes of the store. Each touches one file, by way of descriptors, reads no folder and
 * takes no lock: mdevctl and editors know of none. Instead the version that was read is
 * compared just before it is replaced, and whoever comes second starts anew.
 *
 * mdevctl writes in place, so a file may be empty or half there for a moment: what cannot
 * be understood is read again before that is said.
 */

#include "base/io.h"
#include "mdev/document.h"
#include "mdev/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>
#include <virtccw/error.h>

#define DIR_MODE       0755
#define ATTEMPTS       3
#define HALF_WAIT_USEC 20000 /* for somebody who is just writing; a write takes less */

/* What an edit makes of a document. */
typedef char *(*EditFunc)(const char *text,
                          gsize length,
                          gconstpointer data,
                          GError **error);

static void
set_absent(GError **error, const char *path)
{
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE,
                "there is no definition '%s'", path);
}

/* The store's own folder, which is made if its own parent is there. */
static int
make_and_open_dir(const char *dir, GError **error)
{
    g_autofree char *whole = g_canonicalize_filename(dir, NULL);
    g_autofree char *above = g_path_get_dirname(whole);
    g_autofree char *name = g_path_get_basename(whole);
    g_auto(VccwFd) fd = vccw_open_dir(AT_FDCWD, dir, NULL);

    if (fd >= 0)
        return vccw_fd_steal(&fd);
    fd = vccw_open_dir(AT_FDCWD, above, error);
    if (fd < 0 || !vccw_make_dir(fd, name, DIR_MODE, error))
        return -1;
    return vccw_open_dir(fd, name, error);
}

/* One attempt; a folder that was made for nothing goes away again. */
static gboolean
create_in(int dirfd, const VccwMdevConfig *config, const char *text, GError **error)
{
    g_autofree char *folder_name = vccw_bus_id_to_string(&config->parent);
    g_autofree char *name = vccw_uuid_to_string(&config->uuid);
    gboolean made = !vccw_exists(dirfd, folder_name);
    g_auto(VccwFd) folder = -1;

    if (!vccw_make_dir(dirfd, folder_name, DIR_MODE, error))
        return FALSE;
    folder = vccw_stored_open_folder(dirfd, &config->parent, error);
    if (folder >= 0 &&
        vccw_write_file(folder, name, text, strlen(text), VCCW_WRITE_NEW, NULL, error))
        return TRUE;
    if (made)
        unlinkat(dirfd, folder_name, AT_REMOVEDIR);
    return FALSE;
}

gboolean
vccw_definition_create(const char *dir, const VccwMdevConfig *config, GError **error)
{
    g_autofree char *path = vccw_stored_path(dir, &config->uuid, &config->parent);
    g_autofree char *text = vccw_document_new(config, error);
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) dirfd = -1;

    if (!text)
        return FALSE;
    /* ENOENT: somebody whose own attempt failed has just removed the folder. */
    for (guint i = 0; i < ATTEMPTS; i++) {
        vccw_fd_clear(&dirfd);
        g_clear_error(&problem);
        dirfd = make_and_open_dir(dir, &problem);
        if (dirfd >= 0 && create_in(dirfd, config, text, &problem))
            return TRUE;
        if (vccw_error_errno(problem) != ENOENT)
            break;
    }
    if (vccw_error_errno(problem) == EEXIST)
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                    "'%s' is there already; undefine that definition first, or change it",
                    path);
    else
        g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* Reads, edits and replaces once. @ret_again: whether another attempt may do better. */
static gboolean
edit_once(int folder,
          const char *name,
          EditFunc edit,
          gconstpointer data,
          gboolean *ret_again,
          GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *edited = NULL;
    g_autoptr(GError) problem = NULL;
    VccwFileStamp stamp;
    gsize length;

    *ret_again = FALSE;
    if (!vccw_stored_read(folder, name, &text, &length, &stamp, error))
        return FALSE;
    edited = edit(text, length, data, &problem);
    if (!edited) {
        *ret_again = g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_STORE);
        if (*ret_again)
            g_usleep(HALF_WAIT_USEC);
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (vccw_write_file(folder, name, edited, strlen(edited), VCCW_WRITE_REPLACE, &stamp,
                        &problem))
        return TRUE;
    *ret_again = vccw_error_errno(problem) == EBUSY;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* Says what an edit failed with in the caller's words. */
static void
translate(GError **error, GError *problem, const char *path)
{
    int errnum = vccw_error_errno(problem);

    if (errnum == ENOENT)
        set_absent(error, path);
    else if (errnum == EBUSY)
        g_set_error(
            error, VCCW_ERROR, VCCW_ERROR_CONFLICT,
            "somebody else changes '%s' at the same time; look at it and try again",
            path);
    else if (g_error_matches(problem, VCCW_ERROR, VCCW_ERROR_STORE))
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_STORE,
                    "the definition '%s' cannot be understood and is left as it is: %s",
                    path, problem->message);
    else
        g_propagate_error(error, g_error_copy(problem));
}

static gboolean
edit_definition(const char *dir,
                const VccwUuid *uuid,
                const VccwBusId *parent,
                EditFunc edit,
                gconstpointer data,
                GError **error)
{
    g_autofree char *path = vccw_stored_path(dir, uuid, parent);
    g_autofree char *name = vccw_uuid_to_string(uuid);
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) folder = vccw_stored_open(dir, parent, &problem);
    gboolean again = folder >= 0;

    for (guint i = 0; again && i < ATTEMPTS; i++) {
        g_clear_error(&problem);
        if (edit_once(folder, name, edit, data, &again, &problem))
            return TRUE;
    }
    translate(error, problem, path);
    return FALSE;
}

static char *
edit_config(const char *text, gsize length, gconstpointer data, GError **error)
{
    return vccw_document_set_config(text, length, data, error);
}

gboolean
vccw_definition_update(const char *dir, const VccwMdevConfig *config, GError **error)
{
    return edit_definition(dir, &config->uuid, &config->parent, edit_config, config,
                           error);
}

static char *
edit_autostart(const char *text, gsize length, gconstpointer data, GError **error)
{
    const gboolean *autostart = data;

    return vccw_document_set_autostart(text, length, *autostart, error);
}

gboolean
vccw_definition_set_autostart(const char *dir,
                              const VccwUuid *uuid,
                              const VccwBusId *parent,
                              gboolean autostart,
                              GError **error)
{
    return edit_definition(dir, uuid, parent, edit_autostart, &autostart, error);
}

gboolean
vccw_definition_remove(const char *dir,
                       const VccwUuid *uuid,
                       const VccwBusId *parent,
                       GError **error)
{
    g_autofree char *path = vccw_stored_path(dir, uuid, parent);
    g_autofree char *name = vccw_uuid_to_string(uuid);
    g_autoptr(GError) problem = NULL;
    g_auto(VccwFd) folder = vccw_stored_open(dir, parent, &problem);

    if (folder >= 0 && vccw_remove_file(folder, name, &problem))
        return TRUE;
    if (vccw_error_errno(problem) == ENOENT)
        set_absent(error, path);
    else
        g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

void
vccw_definition_sweep(const char *dir)
{
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, dir, NULL);
    g_autoptr(GPtrArray) names = dirfd < 0 ? NULL : vccw_list_dir(dirfd, ".", NULL);

    for (guint i = 0; names && i < names->len; i++) {
        g_auto(VccwFd) folder = -1;
        VccwBusId parent;

        if (vccw_stored_parse_folder(names->pdata[i], &parent) != VCCW_STORED_OURS)
            continue;
        folder = vccw_stored_open_folder(dirfd, &parent, NULL);
        if (folder >= 0)
            vccw_sweep_dir(folder);
    }
}
