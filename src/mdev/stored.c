/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * mdevctl takes names literally: a folder 0.0.ABCD never matches the subchannel 0.0.abcd,
 * and an upper-case UUID is another file than the one that the kernel's name leads to. So
 * only the canonical spelling is a definition, and another one is worth a word.
 */

#include "mdev/stored.h"

#include "base/io-private.h"
#include "mdev/document.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <virtccw/error.h>

/* Hidden files, among them our own unfinished ones, and what editors leave behind. */
static gboolean
is_litter(const char *name)
{
    return name[0] == '.' || name[0] == '#' || g_str_has_suffix(name, "~") ||
           g_str_has_suffix(name, ".swp") || g_str_has_suffix(name, ".bak");
}

VccwStoredName
vccw_stored_parse_folder(const char *name, VccwBusId *ret_parent)
{
    g_autofree char *canonical = NULL;
    VccwBusId parent;

    if (!vccw_host_bus_id_parse(name, &parent, NULL))
        return VCCW_STORED_FOREIGN;
    canonical = vccw_bus_id_to_string(&parent);
    if (!g_str_equal(name, canonical))
        return VCCW_STORED_ODD;
    *ret_parent = parent;
    return VCCW_STORED_OURS;
}

VccwStoredName
vccw_stored_parse_file(const char *name, VccwUuid *ret_uuid)
{
    if (is_litter(name))
        return VCCW_STORED_FOREIGN;
    return vccw_uuid_parse_canonical(name, ret_uuid, NULL) ? VCCW_STORED_OURS
                                                           : VCCW_STORED_ODD;
}

char *
vccw_stored_path(const char *dir, const VccwUuid *uuid, const VccwBusId *parent)
{
    g_autofree char *folder = vccw_bus_id_to_string(parent);
    g_autofree char *file = uuid ? vccw_uuid_to_string(uuid) : NULL;

    return g_build_filename(dir, folder, file, NULL);
}

int
vccw_stored_open_folder(int dirfd, const VccwBusId *parent, GError **error)
{
    g_autofree char *name = vccw_bus_id_to_string(parent);
    int fd = TEMP_FAILURE_RETRY(
        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));

    if (fd < 0)
        vccw_set_path_errno(error, errno, "cannot open the folder", dirfd, name);
    return fd;
}

int
vccw_stored_open(const char *dir, const VccwBusId *parent, GError **error)
{
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, dir, error);

    return dirfd < 0 ? -1 : vccw_stored_open_folder(dirfd, parent, error);
}

gboolean
vccw_stored_stamp(int dirfd, const char *name, VccwFileStamp *ret_stamp)
{
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return FALSE;
        *ret_stamp = (VccwFileStamp){ 0 };
        return TRUE;
    }
    *ret_stamp = vccw_file_stamp(&st);
    if (S_ISDIR(st.st_mode))
        *ret_stamp =
            (VccwFileStamp){ .device = ret_stamp->device, .inode = ret_stamp->inode };
    return TRUE;
}

/* Why a file cannot be a definition; NULL if it could. */
static const char *
why_never(int errnum)
{
    switch (errnum) {
    case EINVAL:
        return "it is not a regular file";
    case ELOOP:
        return "it is a symbolic link, and none is followed here";
    case EFBIG:
        return "the file is larger than 64 KiB";
    default:
        return NULL;
    }
}

gboolean
vccw_stored_read(int folder,
                 const char *name,
                 char **ret_text,
                 gsize *ret_length,
                 VccwFileStamp *ret_stamp,
                 GError **error)
{
    g_autoptr(GError) problem = NULL;
    char *text =
        vccw_read_file(folder, name, VCCW_DOCUMENT_MAX, ret_length, ret_stamp, &problem);
    const char *never = text ? NULL : why_never(vccw_error_errno(problem));

    if (never)
        g_set_error_literal(error, VCCW_ERROR, VCCW_ERROR_STORE, never);
    else if (!text)
        g_propagate_error(error, g_steal_pointer(&problem));
    else
        *ret_text = text;
    return text != NULL;
}

static gboolean
read_text(const char *dir,
          const VccwUuid *uuid,
          const VccwBusId *parent,
          char **ret_text,
          gsize *ret_length,
          GError **error)
{
    g_autofree char *name = vccw_uuid_to_string(uuid);
    g_auto(VccwFd) folder = vccw_stored_open(dir, parent, error);
    VccwFileStamp stamp;

    return folder >= 0 &&
           vccw_stored_read(folder, name, ret_text, ret_length, &stamp, error);
}

VccwMdevConfig *
vccw_stored_read_config(const char *dir,
                        const VccwUuid *uuid,
                        const VccwBusId *parent,
                        GError **error)
{
    g_autofree char *path = vccw_stored_path(dir, uuid, parent);
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;
    VccwMdevConfig *config = NULL;
    gsize length;

    if (!read_text(dir, uuid, parent, &text, &length, &problem)) {
        if (vccw_error_errno(problem) == ENOENT)
            g_set_error(error, VCCW_ERROR, VCCW_ERROR_NO_NODE_DEVICE,
                        "there is no definition '%s'", path);
        else
            g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    config = vccw_document_parse(uuid, parent, text, length, error);
    if (!config)
        g_prefix_error(error, "the definition '%s' cannot be used: ", path);
    return config;
}
