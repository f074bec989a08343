/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "domain/files.h"
#include "base/io.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <virtccw/error.h>

#define SUFFIX    ".xml"
#define AUTOSTART "autostart"
#define HEAD                                                                  \
    "<!-- Kept by virtccwd, which overwrites what is changed here by hand:\n" \
    "     use virsh edit instead. -->\n"

static char *
file_name(const char *name)
{
    return g_strconcat(name, SUFFIX, NULL);
}

/* The name of the domain whose file that is, or NULL. */
static char *
domain_name(const char *file)
{
    gsize length = strlen(file);

    if (length <= strlen(SUFFIX) || !g_str_has_suffix(file, SUFFIX))
        return NULL;
    return g_strndup(file, length - strlen(SUFFIX));
}

/* Makes what is missing on the way to @path, too. */
static gboolean
make_path(const char *path, mode_t mode, GError **error)
{
    g_autofree char *above = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GError) local = NULL;
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, above, &local);

    if (dirfd < 0) {
        if (vccw_error_errno(local) != ENOENT) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
        if (!make_path(above, 0755, error))
            return FALSE;
        dirfd = vccw_open_dir(AT_FDCWD, above, error);
    }
    return dirfd >= 0 && vccw_make_dir(dirfd, name, mode, error);
}

static int
open_or_make(const char *dir, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_auto(VccwFd) fd = vccw_open_dir(AT_FDCWD, dir, &local);

    if (fd < 0 && vccw_error_errno(local) == ENOENT) {
        /* Definitions hold passwords of consoles. */
        if (!make_path(dir, 0700, error))
            return -1;
        return vccw_open_dir(AT_FDCWD, dir, error);
    }
    if (fd < 0)
        g_propagate_error(error, g_steal_pointer(&local));
    return vccw_fd_steal(&fd);
}

/* Removes a link that need not be there. */
static gboolean
remove_link(int dirfd, const char *file, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_auto(VccwFd) links = vccw_open_dir(dirfd, AUTOSTART, &local);

    if (links >= 0 && vccw_exists(links, file))
        return vccw_remove_file(links, file, error);
    if (links >= 0 || vccw_error_errno(local) == ENOENT)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
has_link(int dirfd, const char *file)
{
    g_autofree char *path = g_build_filename(AUTOSTART, file, NULL);

    return vccw_exists(dirfd, path);
}

static gboolean
make_link(int dirfd, const char *file, GError **error)
{
    g_autofree char *target = g_build_filename("..", file, NULL);
    g_auto(VccwFd) links = -1;

    if (!vccw_make_dir(dirfd, AUTOSTART, 0700, error))
        return FALSE;
    links = vccw_open_dir(dirfd, AUTOSTART, error);
    return links >= 0 && vccw_make_link(links, file, target, error);
}

static VccwDomainDefinition *
parse(const char *text, const char *name, GError **error)
{
    const char *document = g_str_has_prefix(text, HEAD) ? text + strlen(HEAD) : text;
    g_autoptr(VccwDomainXml) xml = vccw_domain_xml_parse(document, FALSE, error);

    if (!xml)
        return NULL;
    if (!vccw_domain_xml_has_uuid(xml)) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_STORE, "it has no <uuid>");
        return NULL;
    }
    /* Of a rename that was cut short. */
    if (!g_str_equal(vccw_domain_xml_name(xml), name) &&
        !vccw_domain_xml_set_name(xml, name, error))
        return NULL;
    return vccw_domain_definition_new(xml, error);
}

/* As a problem of the store, and with the path. */
static void
set_unusable(GError **error, const char *dir, const char *file, const GError *cause)
{
    g_autofree char *path = g_build_filename(dir, file, NULL);

    g_set_error(error, VCCW_ERROR, VCCW_ERROR_STORE,
                "'%s' cannot be used: %s; mend or remove it, and have virtccwd read "
                "it anew by SIGHUP",
                path, cause->message);
}

static VccwDomainDefinition *
read_file(int dirfd, const char *dir, const char *name, GError **error)
{
    g_autofree char *file = file_name(name);
    g_autoptr(GError) local = NULL;
    g_autofree char *text = vccw_read_file(
        dirfd, file, VCCW_DOMAIN_XML_MAX + strlen(HEAD), NULL, NULL, &local);
    VccwDomainDefinition *definition;

    if (!text) {
        if (vccw_error_errno(local) != ENOENT)
            g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    definition = parse(text, name, &local);
    if (!definition)
        set_unusable(error, dir, file, local);
    else
        definition->autostart = has_link(dirfd, file);
    return definition;
}

VccwDomainDefinition *
vccw_domain_files_read_one(const char *dir, const char *name, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, dir, &local);

    if (dirfd >= 0)
        return read_file(dirfd, dir, name, error);
    if (vccw_error_errno(local) != ENOENT)
        g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

/* Links of domains that are gone, or were on their way to another name. */
static void
sweep_links(int dirfd)
{
    g_auto(VccwFd) links = vccw_open_dir(dirfd, AUTOSTART, NULL);
    g_autoptr(GPtrArray) names = links >= 0 ? vccw_list_dir(links, ".", NULL) : NULL;

    for (guint i = 0; names && i < names->len; i++) {
        const char *file = names->pdata[i];
        g_autofree char *target = vccw_read_link(links, file, NULL);
        g_autofree char *ours = g_build_filename("..", file, NULL);

        if (g_strcmp0(target, ours) == 0 && !vccw_exists(dirfd, file) &&
            vccw_remove_file(links, file, NULL))
            g_debug("removed the mark of a domain that is gone, %s", file);
    }
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *
vccw_domain_files_read(const char *dir,
                       GHashTable *unusable,
                       void (*problem)(const GError *problem),
                       GError **error)
{
    g_autoptr(GPtrArray) all =
        g_ptr_array_new_with_free_func((GDestroyNotify)vccw_domain_definition_free);
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GError) local = NULL;
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, dir, &local);

    if (dirfd < 0 && vccw_error_errno(local) == ENOENT)
        return g_steal_pointer(&all);
    if (dirfd >= 0) {
        vccw_sweep_dir(dirfd);
        names = vccw_list_dir(dirfd, ".", &local);
    }
    if (!names) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    sweep_links(dirfd);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name = domain_name(names->pdata[i]);
        g_autoptr(GError) cause = NULL;
        VccwDomainDefinition *definition;

        if (!name)
            continue;
        definition = read_file(dirfd, dir, name, &cause);
        if (definition)
            g_ptr_array_add(all, definition);
        else if (cause)
            problem(cause);
        if (cause && unusable)
            g_hash_table_add(unusable, g_steal_pointer(&name));
    }
    return g_steal_pointer(&all);
}

static gboolean
write_file(int dirfd,
           const VccwDomainDefinition *definition,
           gboolean is_new,
           GError **error)
{
    g_autofree char *file = file_name(definition->name);
    g_autofree char *text = g_strconcat(HEAD, definition->text, NULL);

    return vccw_write_file(dirfd, file, text, strlen(text),
                           is_new ? VCCW_WRITE_NEW_PRIVATE : VCCW_WRITE_REPLACE, NULL,
                           error);
}

gboolean
vccw_domain_files_write(const char *dir,
                        const VccwDomainDefinition *definition,
                        gboolean is_new,
                        GError **error)
{
    g_autofree char *file = file_name(definition->name);
    g_auto(VccwFd) dirfd = open_or_make(dir, error);

    if (dirfd < 0)
        return FALSE;
    /* The mark of an earlier domain of that name. */
    if (is_new && !remove_link(dirfd, file, error))
        return FALSE;
    return write_file(dirfd, definition, is_new, error);
}

/* The mark comes before the file, and is litter until then. */
gboolean
vccw_domain_files_rename(const char *dir,
                         const char *name,
                         const VccwDomainDefinition *renamed,
                         GError **error)
{
    g_autofree char *from = file_name(name);
    g_autofree char *to = file_name(renamed->name);
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, dir, error);
    gboolean marked;

    if (dirfd < 0)
        return FALSE;
    marked = has_link(dirfd, from);
    if (marked ? !make_link(dirfd, to, error) : !remove_link(dirfd, to, error))
        return FALSE;
    if (!vccw_rename_file(dirfd, from, to, error)) {
        if (!vccw_exists(dirfd, to))
            remove_link(dirfd, to, NULL);
        return FALSE;
    }
    /* Done; the rest is tidying up, for the file's name is what counts. */
    write_file(dirfd, renamed, FALSE, NULL);
    remove_link(dirfd, from, NULL);
    return TRUE;
}

gboolean
vccw_domain_files_remove(const char *dir, const char *name, GError **error)
{
    g_autofree char *file = file_name(name);
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, dir, error);

    if (dirfd < 0 || !vccw_remove_file(dirfd, file, error))
        return FALSE;
    remove_link(dirfd, file, NULL); /* litter from now on */
    return TRUE;
}

gboolean
vccw_domain_files_autostart(const char *dir,
                            const char *name,
                            gboolean autostart,
                            GError **error)
{
    g_autofree char *file = file_name(name);
    g_auto(VccwFd) dirfd = vccw_open_dir(AT_FDCWD, dir, error);

    if (dirfd < 0)
        return FALSE;
    return autostart ? make_link(dirfd, file, error) : remove_link(dirfd, file, error);
}
