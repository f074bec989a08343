/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "css/paths.h"

#include "base/io.h"
#include "base/source.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Parses exactly @n bytes, "34 21 00": two hexadecimal digits each, one blank between. */
static gboolean
parse_bytes(const char *text, guint n, guint8 *ret_bytes)
{
    guint8 bytes[8];

    g_assert(n <= G_N_ELEMENTS(bytes));
    for (guint i = 0; i < n; i++, text += 3) {
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]) ||
            text[2] != (i + 1 < n ? ' ' : '\0'))
            return FALSE;
        bytes[i] = g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]);
    }
    memcpy(ret_bytes, bytes, n);
    return TRUE;
}

gboolean
vccw_paths_read(int dir, const char *driver, VccwChannelPaths *ret_paths)
{
    gboolean verifies = !g_strcmp0(driver, "io_subchannel");
    g_autofree char *chpids = vccw_read_attr(dir, "chpids", NULL);
    g_autofree char *masks = chpids ? vccw_read_attr(dir, "pimpampom", NULL) : NULL;
    g_autofree char *vpm = masks && verifies ? vccw_read_attr(dir, "vpm", NULL) : NULL;
    VccwChannelPaths paths = { 0 };
    guint8 mask[3];

    if (!chpids || !parse_bytes(chpids, G_N_ELEMENTS(paths.chpids), paths.chpids))
        return FALSE;
    if (!masks || !parse_bytes(masks, G_N_ELEMENTS(mask), mask))
        return FALSE;
    paths.pim = mask[0];
    paths.pam = mask[1];
    paths.pom = mask[2];
    paths.has_vpm = vpm && parse_bytes(vpm, 1, &paths.vpm);
    *ret_paths = paths;
    return TRUE;
}

gboolean
vccw_paths_equal(const VccwChannelPaths *a, const VccwChannelPaths *b)
{
    return memcmp(a->chpids, b->chpids, sizeof a->chpids) == 0 && a->pim == b->pim &&
           a->pam == b->pam && a->pom == b->pom && a->has_vpm == b->has_vpm &&
           a->vpm == b->vpm;
}

gboolean
vccw_paths_use(const VccwChannelPaths *paths, const VccwPathSet *set)
{
    for (guint i = 0; i < G_N_ELEMENTS(paths->chpids); i++)
        if (paths->pim & 0x80 >> i && set->has[paths->chpids[i]])
            return TRUE;
    return FALSE;
}

/* -- watching -- */

struct _VccwPathWatch {
    int root;
    int fd;
    VccwPathFunc func;
    gpointer data;
    GSource *source;
    GHashTable *watched; /* watch descriptor → ID of the channel path */
};

static void
watch_file(VccwPathWatch *watch, int root, const char *css, const char *chp, guint8 id)
{
    static const char *const attributes[] = { "status", "configure" };

    for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d/devices/%s/%s/%s", root,
                                                css, chp, attributes[i]);
        int wd = inotify_add_watch(watch->fd, path, IN_CLOSE_WRITE);

        if (wd >= 0)
            g_hash_table_insert(watch->watched, GINT_TO_POINTER(wd),
                                GUINT_TO_POINTER((guint)id));
    }
}

/* "chp0.34" */
static gboolean
parse_chp(const char *name, guint8 *ret_id)
{
    const char *dot = g_str_has_prefix(name, "chp") ? strchr(name, '.') : NULL;
    guint64 id;

    if (!dot || !g_ascii_string_to_unsigned(dot + 1, 16, 0, G_MAXUINT8, &id, NULL))
        return FALSE;
    *ret_id = (guint8)id;
    return TRUE;
}

void
vccw_path_watch_update(VccwPathWatch *watch)
{
    g_autoptr(GPtrArray) all = vccw_list_dir(watch->root, "devices", NULL);
    guint8 id;

    for (guint i = 0; all && i < all->len; i++) {
        g_autofree char *path = g_build_filename("devices", all->pdata[i], NULL);
        g_autoptr(GPtrArray) names = NULL;

        if (!g_str_has_prefix(all->pdata[i], "css"))
            continue;
        names = vccw_list_dir(watch->root, path, NULL);
        for (guint k = 0; names && k < names->len; k++)
            if (parse_chp(names->pdata[k], &id))
                watch_file(watch, watch->root, all->pdata[i], names->pdata[k], id);
    }
}

static gboolean
on_written(int fd, GIOCondition condition, gpointer data)
{
    VccwPathWatch *watch = data;
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    VccwPathSet set = { { FALSE } };
    gboolean any = FALSE;
    gssize length;

    while ((length = TEMP_FAILURE_RETRY(read(fd, buffer, sizeof buffer))) > 0)
        for (gssize at = 0; at < length;) {
            const struct inotify_event *event = (gpointer)(buffer + at);
            gpointer wd = GINT_TO_POINTER(event->wd);
            gpointer id;

            at += sizeof *event + event->len;
            if (event->mask & IN_Q_OVERFLOW)
                memset(&set, TRUE, sizeof set);
            else if (event->mask & IN_IGNORED)
                g_hash_table_remove(watch->watched, wd);
            else if (g_hash_table_lookup_extended(watch->watched, wd, NULL, &id))
                set.has[GPOINTER_TO_UINT(id)] = TRUE;
            any = TRUE;
        }
    if (any)
        watch->func(&set, watch->data);
    return G_SOURCE_CONTINUE;
}

VccwPathWatch *
vccw_path_watch_new(int root, VccwPathFunc func, gpointer data)
{
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    VccwPathWatch *watch;

    if (fd < 0)
        return NULL;
    watch = g_new0(VccwPathWatch, 1);
    watch->root = root;
    watch->fd = fd;
    watch->func = func;
    watch->data = data;
    watch->watched = g_hash_table_new(g_direct_hash, g_direct_equal);
    watch->source = g_unix_fd_source_new(fd, G_IO_IN);
    g_source_set_callback(watch->source, G_SOURCE_FUNC(on_written), watch, NULL);
    g_source_attach(watch->source, context);
    vccw_path_watch_update(watch);
    return watch;
}

void
vccw_path_watch_free(VccwPathWatch *watch)
{
    if (!watch)
        return;
    vccw_source_clear(&watch->source);
    vccw_fd_clear(&watch->fd);
    g_hash_table_unref(watch->watched);
    g_free(watch);
}
