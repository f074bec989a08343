/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The FUSE side: requests of the kernel to nodes of the tree.
 *
 * Names that come and go are never cached by the kernel (entry timeout 0), so nothing has
 * to be taken back when the model changes; fixed names are cached for as long as their
 * folder. Files are read and written directly. As with seq_file, the text is made at the
 * first read and at each read from the start. Each request may take its time in a thread
 * of its own, so there may be as many threads as requests.
 */

#define FUSE_USE_VERSION 312

#include "fs.h"

#include "mdev.h"
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_SECONDS 3600.0
#define PAGE          4096
#define DIRENT_NEXT   8 /* where a directory entry has the offset of the next one */
#define MAX_THREADS   100000
#define IDLE_THREADS  8

struct _VccwSimFs {
    VccwSimServer *server;
    struct fuse_session *session;
    struct timespec start;
    GHashTable *owners; /* node number → Owner, where somebody changed them */
};

typedef struct {
    uid_t uid;
    gid_t gid;
    mode_t permissions;
} Owner;

/* What an open file or folder remembers. */
typedef struct {
    GByteArray *content; /* text, or directory entries */
    gboolean filled;
    gboolean vfio; /* its release closes /dev/vfio/N */
} Handle;

static VccwSimFs *
fs_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static void
fill_attributes(VccwSimFs *fs, VccwSimNode node, struct stat *out)
{
    guint64 number = vccw_sim_tree_number(node);
    const Owner *owner = g_hash_table_lookup(fs->owners, &number);

    *out = (struct stat){
        .st_ino = number,
        .st_mode = vccw_sim_tree_row(node)->mode,
        .st_nlink = 1,
        .st_blksize = PAGE,
        .st_atim = fs->start,
        .st_mtim = fs->start,
        .st_ctim = fs->start,
    };
    if (S_ISREG(out->st_mode) && node.row != VCCW_SIM_ROW_VFIO_NODE)
        out->st_size = PAGE;
    if (owner) {
        out->st_uid = owner->uid;
        out->st_gid = owner->gid;
        out->st_mode = (out->st_mode & S_IFMT) | owner->permissions;
    }
}

/* Whether the name will be there for as long as the folder that holds it. */
static gboolean
is_fixed(VccwSimNode node)
{
    const VccwSimRow *row = vccw_sim_tree_row(node);

    if (row->visible)
        return FALSE;
    switch (node.object->kind) {
    case VCCW_SIM_ROOT:
    case VCCW_SIM_BUS:
    case VCCW_SIM_DRIVER:
    case VCCW_SIM_MODULE:
    case VCCW_SIM_MIRROR:
        return TRUE;
    default:
        return row->name != NULL;
    }
}

static void
op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    VccwSimFs *fs = fs_of(request);
    struct fuse_entry_param entry = { .attr_timeout = CACHE_SECONDS };
    VccwSimNode folder, node;
    gboolean found;

    g_mutex_lock(&fs->server->lock);
    found = vccw_sim_tree_node(fs->server->sim, parent, &folder) &&
            vccw_sim_tree_lookup(fs->server->sim, folder, name, &node);
    if (found) {
        entry.ino = vccw_sim_tree_number(node);
        entry.entry_timeout = is_fixed(node) ? CACHE_SECONDS : 0;
        fill_attributes(fs, node, &entry.attr);
    }
    g_mutex_unlock(&fs->server->lock);
    if (found)
        fuse_reply_entry(request, &entry);
    else
        fuse_reply_err(request, ENOENT);
}

static void
op_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    VccwSimFs *fs = fs_of(request);
    struct stat attributes;
    VccwSimNode node;
    gboolean found;

    g_mutex_lock(&fs->server->lock);
    found = vccw_sim_tree_node(fs->server->sim, number, &node);
    if (found)
        fill_attributes(fs, node, &attributes);
    g_mutex_unlock(&fs->server->lock);
    if (found)
        fuse_reply_attr(request, &attributes, CACHE_SECONDS);
    else
        fuse_reply_err(request, ENOENT);
}

static void
remember_owner(VccwSimFs *fs, guint64 number, const struct stat *wanted, int what)
{
    Owner *owner = g_hash_table_lookup(fs->owners, &number);
    VccwSimNode node;

    if (!owner && vccw_sim_tree_node(fs->server->sim, number, &node)) {
        owner = g_new0(Owner, 1);
        owner->permissions = vccw_sim_tree_row(node)->mode & 07777;
        g_hash_table_insert(fs->owners, g_memdup2(&number, sizeof number), owner);
    }
    if (owner && what & FUSE_SET_ATTR_UID)
        owner->uid = wanted->st_uid;
    if (owner && what & FUSE_SET_ATTR_GID)
        owner->gid = wanted->st_gid;
    if (owner && what & FUSE_SET_ATTR_MODE)
        owner->permissions = wanted->st_mode & 07777;
}

/* Truncating (what a shell does before it writes) and times mean nothing here. */
static void
op_setattr(fuse_req_t request,
           fuse_ino_t number,
           struct stat *wanted,
           int what,
           struct fuse_file_info *info)
{
    VccwSimFs *fs = fs_of(request);

    if (what & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID | FUSE_SET_ATTR_MODE)) {
        g_mutex_lock(&fs->server->lock);
        remember_owner(fs, number, wanted, what);
        g_mutex_unlock(&fs->server->lock);
    }
    op_getattr(request, number, info);
}

static void
op_readlink(fuse_req_t request, fuse_ino_t number)
{
    VccwSimFs *fs = fs_of(request);
    g_autofree char *target = NULL;
    VccwSimNode node;

    g_mutex_lock(&fs->server->lock);
    if (vccw_sim_tree_node(fs->server->sim, number, &node))
        target = vccw_sim_tree_readlink(fs->server->sim, node);
    g_mutex_unlock(&fs->server->lock);
    if (target)
        fuse_reply_readlink(request, target);
    else
        fuse_reply_err(request, ENOENT);
}

/* -- files -- */

static Handle *
handle_new(void)
{
    Handle *handle = g_new0(Handle, 1);

    handle->content = g_byte_array_new();
    return handle;
}

static void
handle_free(Handle *handle)
{
    g_byte_array_unref(handle->content);
    g_free(handle);
}

static Handle *
handle_of(const struct fuse_file_info *info)
{
    return (Handle *)(guintptr)info->fh;
}

/* As kernfs does even for root: what cannot be shown is not opened for reading. */
static int
check_access(const VccwSimRow *row, int flags)
{
    int mode = flags & O_ACCMODE;

    if (mode != O_WRONLY && !(row->mode & 0444))
        return -EACCES;
    if (mode != O_RDONLY && !(row->mode & 0222))
        return -EACCES;
    return 0;
}

static int
open_node(VccwSimFs *fs, guint64 number, int flags, pid_t pid, Handle *handle)
{
    VccwSimNode node;
    int ret = vccw_sim_server_fault(fs->server, number, "open", NULL, 0, pid);

    if (ret < 0)
        return ret;
    if (!vccw_sim_tree_node(fs->server->sim, number, &node))
        return -ENOENT;
    ret = check_access(vccw_sim_tree_row(node), flags);
    if (ret == 0 && node.row == VCCW_SIM_ROW_VFIO_NODE) {
        ret = vccw_sim_mdev_open((VccwSimMdev *)node.object,
                                 (flags & O_ACCMODE) != O_RDONLY);
        handle->vfio = ret == 0;
    }
    return ret;
}

static void
op_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    VccwSimFs *fs = fs_of(request);
    Handle *handle = handle_new();
    int ret;

    vccw_sim_server_lock(fs->server);
    ret = open_node(fs, number, info->flags, fuse_req_ctx(request)->pid, handle);
    vccw_sim_server_unlock(fs->server);
    if (ret < 0) {
        handle_free(handle);
        fuse_reply_err(request, -ret);
        return;
    }
    info->fh = (guintptr)handle;
    info->direct_io = 1;
    fuse_reply_open(request, info);
}

static int
fill_text(VccwSimFs *fs, guint64 number, pid_t pid, Handle *handle)
{
    g_autoptr(GString) text = g_string_new(NULL);
    VccwSimNode node;
    int ret = vccw_sim_server_fault(fs->server, number, "read", NULL, 0, pid);

    if (ret < 0)
        return ret;
    if (!vccw_sim_tree_node(fs->server->sim, number, &node))
        return -ENODEV;
    ret = vccw_sim_tree_read(fs->server->sim, node, text);
    g_byte_array_set_size(handle->content, 0);
    g_byte_array_append(handle->content, (guint8 *)text->str, text->len);
    handle->filled = TRUE;
    return ret;
}

/*
 * Part of what the handle remembers. A copy, made with the lock held: as soon as the
 * kernel has the answer the process may read again in another thread, or close.
 */
static GBytes *
slice(const Handle *handle, gsize size, gsize offset)
{
    if (offset >= handle->content->len)
        return g_bytes_new(NULL, 0);
    return g_bytes_new(handle->content->data + offset,
                       MIN(size, handle->content->len - offset));
}

static void
reply_bytes(fuse_req_t request, GBytes *bytes)
{
    gsize len;
    const char *data = g_bytes_get_data(bytes, &len);

    fuse_reply_buf(request, data, len);
}

static void
op_read(fuse_req_t request,
        fuse_ino_t number,
        size_t size,
        off_t offset,
        struct fuse_file_info *info)
{
    VccwSimFs *fs = fs_of(request);
    Handle *handle = handle_of(info);
    g_autoptr(GBytes) bytes = NULL;
    int ret = 0;

    vccw_sim_server_lock(fs->server);
    if (!handle->filled || offset == 0)
        ret = fill_text(fs, number, fuse_req_ctx(request)->pid, handle);
    bytes = slice(handle, size, offset);
    vccw_sim_server_unlock(fs->server);
    if (ret < 0)
        fuse_reply_err(request, -ret);
    else
        reply_bytes(request, bytes);
}

static void
op_write(fuse_req_t request,
         fuse_ino_t number,
         const char *text,
         size_t size,
         off_t offset,
         struct fuse_file_info *info)
{
    VccwSimFs *fs = fs_of(request);
    int ret;

    size = MIN(size, PAGE);
    vccw_sim_server_lock(fs->server);
    ret =
        vccw_sim_server_write(fs->server, number, text, size, fuse_req_ctx(request)->pid);
    vccw_sim_server_unlock(fs->server);
    if (ret < 0)
        fuse_reply_err(request, -ret);
    else
        fuse_reply_write(request, size);
}

/* The row of the node may be hidden by now (the mdev is going): look at the object only.
 */
static void
close_vfio(VccwSimFs *fs, guint64 number)
{
    VccwSimObject *object = vccw_sim_object(fs->server->sim, number >> 8);

    fs->server->wake = TRUE;
    if (object && object->kind == VCCW_SIM_MDEV)
        vccw_sim_mdev_close(fs->server->sim, (VccwSimMdev *)object);
}

static void
op_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    VccwSimFs *fs = fs_of(request);
    Handle *handle = handle_of(info);

    if (handle->vfio) {
        vccw_sim_server_lock(fs->server);
        close_vfio(fs, number);
        vccw_sim_server_unlock(fs->server);
    }
    handle_free(handle);
    fuse_reply_err(request, 0);
}

/* -- folders -- */

typedef struct {
    fuse_req_t request;
    GByteArray *content;
} Listing;

static void
add_entry(const char *name, VccwSimNode node, gpointer data)
{
    Listing *listing = data;
    struct stat attributes = {
        .st_ino = vccw_sim_tree_number(node),
        .st_mode = vccw_sim_tree_row(node)->mode,
    };
    gsize before = listing->content->len;
    gsize size = fuse_add_direntry(listing->request, NULL, 0, name, NULL, 0);

    g_byte_array_set_size(listing->content, before + size);
    fuse_add_direntry(listing->request, (char *)listing->content->data + before, size,
                      name, &attributes, before + size);
}

static void
op_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    info->fh = (guintptr)handle_new();
    fuse_reply_open(request, info);
}

/* Only whole entries: each knows where the next begins. Returns: how many bytes of them.
 */
static gsize
whole_entries(const GByteArray *content, gsize size, gsize offset)
{
    gsize end = offset;
    guint64 next;

    while (end < content->len) {
        memcpy(&next, content->data + end + DIRENT_NEXT, sizeof next);
        if (next - offset > size)
            break;
        end = next;
    }
    return end - offset;
}

static void
op_readdir(fuse_req_t request,
           fuse_ino_t number,
           size_t size,
           off_t offset,
           struct fuse_file_info *info)
{
    VccwSimFs *fs = fs_of(request);
    Handle *handle = handle_of(info);
    Listing listing = { request, handle->content };
    g_autoptr(GBytes) bytes = NULL;
    VccwSimNode node;

    g_mutex_lock(&fs->server->lock);
    if (!handle->filled || offset == 0) {
        g_byte_array_set_size(handle->content, 0);
        if (vccw_sim_tree_node(fs->server->sim, number, &node)) {
            add_entry(".", node, &listing);
            add_entry("..", node, &listing);
            vccw_sim_tree_list(fs->server->sim, node, add_entry, &listing);
        }
        handle->filled = TRUE;
    }
    bytes = slice(handle, whole_entries(handle->content, size, offset), offset);
    g_mutex_unlock(&fs->server->lock);
    reply_bytes(request, bytes);
}

static void
op_releasedir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    handle_free(handle_of(info));
    fuse_reply_err(request, 0);
}

/* -- what sysfs does not do -- */

static void
op_create(fuse_req_t request,
          fuse_ino_t parent,
          const char *name,
          mode_t mode,
          struct fuse_file_info *info)
{
    fuse_reply_err(request, EACCES);
}

static void
op_mknod(fuse_req_t request,
         fuse_ino_t parent,
         const char *name,
         mode_t mode,
         dev_t device)
{
    fuse_reply_err(request, EPERM);
}

static void
op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    fuse_reply_err(request, EPERM);
}

static void
op_remove(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    fuse_reply_err(request, EPERM);
}

static void
op_ioctl(fuse_req_t request,
         fuse_ino_t number,
         unsigned int command,
         void *argument,
         struct fuse_file_info *info,
         unsigned flags,
         const void *in,
         size_t in_size,
         size_t out_size)
{
    fuse_reply_err(request, ENOTTY);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = op_lookup,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .readlink = op_readlink,
    .open = op_open,
    .read = op_read,
    .write = op_write,
    .release = op_release,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .releasedir = op_releasedir,
    .create = op_create,
    .mknod = op_mknod,
    .mkdir = op_mkdir,
    .unlink = op_remove,
    .rmdir = op_remove,
    .ioctl = op_ioctl,
};

/* -- mounting -- */

VccwSimFs *
vccw_sim_fs_new(VccwSimServer *server, GError **error)
{
    char *argv[] = { (char *)"virtccw-sim", NULL };
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    VccwSimFs *fs = g_new0(VccwSimFs, 1);

    fs->server = server;
    fs->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    clock_gettime(CLOCK_REALTIME, &fs->start);
    fs->session = fuse_session_new(&args, &operations, sizeof operations, fs);
    fuse_opt_free_args(&args);
    if (fs->session)
        return fs;
    g_set_error(error, G_UNIX_ERROR, EIO, "cannot set up a FUSE session");
    g_hash_table_unref(fs->owners);
    g_free(fs);
    return NULL;
}

static gpointer
serve(gpointer data)
{
    VccwSimFs *fs = data;
    struct fuse_loop_config *config = fuse_loop_cfg_create();

    fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
    fuse_loop_cfg_set_idle_threads(config, IDLE_THREADS);
    fuse_session_loop_mt(fs->session, config);
    fuse_loop_cfg_destroy(config);
    return NULL;
}

gboolean
vccw_sim_fs_mount(VccwSimFs *fs, const char *path, GError **error)
{
    g_autofree char *options = NULL;
    g_autofree char *device = NULL;
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, G_UNIX_ERROR, errno,
                    "cannot open /dev/fuse: %s; load the kernel module fuse",
                    g_strerror(errno));
        return FALSE;
    }
    options = g_strdup_printf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,"
                              "default_permissions",
                              fd);
    if (mount("virtccw-sim", path, "fuse", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) <
        0) {
        g_set_error(error, G_UNIX_ERROR, errno,
                    "cannot mount a FUSE file system at '%s': %s", path,
                    g_strerror(errno));
        close(fd);
        return FALSE;
    }
    device = g_strdup_printf("/dev/fd/%d", fd);
    if (fuse_session_mount(fs->session, device) < 0) {
        g_set_error(error, G_UNIX_ERROR, EIO, "libfuse refuses '%s'", device);
        return FALSE;
    }
    g_thread_unref(g_thread_new("fuse", serve, fs));
    return TRUE;
}
