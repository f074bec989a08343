/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libvirt writes a status file whole and then gives it its name. The kernel tells of it
 * (inotify), and of anything else that is done to the folder; nothing else is looked at
 * twice. The folder itself may come, go and be replaced: it is told by its inode.
 *
 * Where the kernel cannot tell, times must do: those of the folder and of the files. Two
 * changes may have the same time, and two files the same number one after the other, when
 * the time is as young as the clock is coarse: then it is no proof. That clock ticks with
 * the kernel's timer, which is late where a hypervisor has much else to do.
 */

#include "driver/guests.h"

#include "base/io.h"

#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS                                                                          \
    (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | \
     IN_ONLYDIR)
#define STATUS_MAX  (4 * 1024 * 1024)
#define COARSE_NSEC G_GINT64_CONSTANT(2000000000)

typedef struct {
    gint64 mtime; /* 0: to be read again */
    ino_t inode;
    char *name;    /* of the guest; NULL if the file cannot be understood */
    GArray *uuids; /* VccwUuid: its mediated devices */
    gboolean seen;
} Status;

struct _VccwGuests {
    char *folder;
    gint64 mtime; /* of the folder at the last look; 0: to be looked at */
    int notify;   /* inotify's; or -1 */
    int watch;    /* of the folder; or -1 */
    dev_t device; /* the folder that is watched */
    ino_t inode;
    GHashTable *files;  /* name → Status * */
    GHashTable *owners; /* VccwUuid *, in a Status → Status * */
};

static void
status_free(gpointer data)
{
    Status *status = data;

    g_free(status->name);
    g_array_unref(status->uuids);
    g_free(status);
}

VccwGuests *
vccw_guests_new(const char *folder)
{
    VccwGuests *guests = g_new0(VccwGuests, 1);

    guests->folder = g_strdup(folder);
    guests->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    guests->watch = -1;
    guests->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, status_free);
    guests->owners = g_hash_table_new(vccw_uuid_hash, vccw_uuid_equal);
    return guests;
}

void
vccw_guests_free(VccwGuests *guests)
{
    if (!guests)
        return;
    g_hash_table_unref(guests->owners);
    g_hash_table_unref(guests->files);
    vccw_fd_clear(&guests->notify);
    g_free(guests->folder);
    g_free(guests);
}

/* -- one file -- */

/* Whether the elements that are open, the innermost first, have these names. */
static gboolean
is_in(GMarkupParseContext *context, const char *const *names)
{
    const GSList *open = g_markup_parse_context_get_element_stack(context);

    for (; open && *names; open = open->next, names++)
        if (!g_str_equal(open->data, *names))
            return FALSE;
    return !open && !*names;
}

static void
on_element(GMarkupParseContext *context,
           const char *element,
           const char **keys,
           const char **values,
           gpointer data,
           GError **error)
{
    static const char *const address[] = { "address", "source",    "hostdev", "devices",
                                           "domain",  "domstatus", NULL };
    Status *status = data;
    VccwUuid uuid;

    if (!g_str_equal(element, "address") || !is_in(context, address))
        return;
    for (; *keys; keys++, values++)
        if (g_str_equal(*keys, "uuid") && vccw_uuid_parse(*values, &uuid, NULL))
            g_array_append_val(status->uuids, uuid);
}

static void
on_text(GMarkupParseContext *context,
        const char *text,
        gsize length,
        gpointer data,
        GError **error)
{
    static const char *const name[] = { "name", "domain", "domstatus", NULL };
    Status *status = data;

    if (!status->name && is_in(context, name))
        status->name = g_strndup(text, length);
}

static void
parse(Status *status, const char *text)
{
    static const GMarkupParser parser = { .start_element = on_element, .text = on_text };
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, 0, status, NULL);

    if (!g_markup_parse_context_parse(context, text, -1, NULL) || !status->name)
        g_array_set_size(status->uuids, 0);
}

static gint64
time_of(const struct stat *st)
{
    return st->st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + st->st_mtim.tv_nsec;
}

/* @now: when the look began. Returns: the time of what was read; 0 if it is to be read
 * again.
 */
static gint64
settled(const VccwGuests *guests, const struct stat *st, gint64 now)
{
    gboolean young = ABS(now - time_of(st)) < COARSE_NSEC;

    return young && guests->watch < 0 ? 0 : time_of(st);
}

static void
look_at_file(VccwGuests *guests, int dir, const char *name, gint64 now)
{
    Status *status = g_hash_table_lookup(guests->files, name);
    g_autofree char *text = NULL;
    struct stat st;

    if (!g_str_has_suffix(name, ".xml") || fstatat(dir, name, &st, 0) < 0)
        return;
    if (status && status->mtime == time_of(&st) && status->inode == st.st_ino) {
        status->seen = TRUE;
        return;
    }
    text = vccw_read_file(dir, name, STATUS_MAX, NULL, NULL, NULL);
    if (!text)
        return;
    status = g_new0(Status, 1);
    status->uuids = g_array_new(FALSE, FALSE, sizeof(VccwUuid));
    status->mtime = settled(guests, &st, now);
    status->inode = st.st_ino;
    status->seen = TRUE;
    parse(status, text);
    g_hash_table_replace(guests->files, g_strdup(name), status);
}

/* -- the folder -- */

static gboolean
is_over(gpointer key, gpointer value, gpointer data)
{
    Status *status = value;
    gboolean seen = status->seen;

    status->seen = FALSE;
    return !seen;
}

static void
note_owners(VccwGuests *guests)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, guests->files);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Status *status = value;

        for (guint i = 0; i < status->uuids->len; i++)
            g_hash_table_insert(guests->owners,
                                &g_array_index(status->uuids, VccwUuid, i), status);
    }
}

/* -- what the kernel tells -- */

static void
forget_times(VccwGuests *guests)
{
    GHashTableIter iter;
    gpointer status;

    g_hash_table_iter_init(&iter, guests->files);
    while (g_hash_table_iter_next(&iter, NULL, &status))
        ((Status *)status)->mtime = 0;
    guests->mtime = 0;
}

static void
heed(VccwGuests *guests, const struct inotify_event *event)
{
    Status *status = event->len ? g_hash_table_lookup(guests->files, event->name) : NULL;

    guests->mtime = 0;
    if (status)
        status->mtime = 0;
    if (event->mask & (IN_IGNORED | IN_Q_OVERFLOW))
        forget_times(guests);
    if (event->mask & IN_IGNORED && event->wd == guests->watch)
        guests->watch = -1;
}

static void
hear(VccwGuests *guests)
{
    char text[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    gssize length;

    while ((length = TEMP_FAILURE_RETRY(read(guests->notify, text, sizeof text))) > 0)
        for (char *at = text; at < text + length;) {
            const struct inotify_event *event = (const struct inotify_event *)at;

            heed(guests, event);
            at += sizeof *event + event->len;
        }
}

/* @st: of the folder; NULL if there is none */
static void
watch_folder(VccwGuests *guests, const struct stat *st)
{
    if (guests->watch >= 0 && st && st->st_ino == guests->inode &&
        st->st_dev == guests->device)
        return;
    if (guests->watch >= 0)
        inotify_rm_watch(guests->notify, guests->watch);
    guests->watch = st ? inotify_add_watch(guests->notify, guests->folder, EVENTS) : -1;
    if (guests->watch < 0)
        return;
    guests->inode = st->st_ino;
    guests->device = st->st_dev;
    forget_times(guests);
}

static void
look(VccwGuests *guests)
{
    g_auto(VccwFd) dir = -1;
    g_autoptr(GPtrArray) names = NULL;
    gint64 now = g_get_real_time() * 1000;
    struct stat st = { 0 };
    gboolean there = stat(guests->folder, &st) == 0;

    hear(guests);
    watch_folder(guests, there ? &st : NULL);
    if (there && guests->mtime == time_of(&st))
        return;
    g_hash_table_remove_all(guests->owners);
    dir = vccw_open_dir(AT_FDCWD, guests->folder, NULL);
    names = dir < 0 ? NULL : vccw_list_dir(dir, ".", NULL);
    for (guint i = 0; names && i < names->len; i++)
        look_at_file(guests, dir, names->pdata[i], now);
    g_hash_table_foreach_remove(guests->files, is_over, NULL);
    note_owners(guests);
    guests->mtime = settled(guests, &st, now);
}

const char *
vccw_guests_folder(VccwGuests *guests)
{
    return guests->folder;
}

const char *
vccw_guests_find(VccwGuests *guests, const VccwUuid *uuid)
{
    const Status *status;

    look(guests);
    status = g_hash_table_lookup(guests->owners, uuid);
    return status ? status->name : NULL;
}

void
vccw_guests_foreach(VccwGuests *guests,
                    void (*func)(const VccwUuid *uuid, const char *name, gpointer data),
                    gpointer data)
{
    GHashTableIter iter;
    gpointer uuid, status;

    look(guests);
    g_hash_table_iter_init(&iter, guests->owners);
    while (g_hash_table_iter_next(&iter, &uuid, &status))
        func(uuid, ((const Status *)status)->name, data);
}
