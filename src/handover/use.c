/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/use.h"

#include "base/io.h"
#include "handover/disk.h"
#include "handover/mounted.h"

#include <fcntl.h>
#include <string.h>
#include <virtccw/error.h>

#define NET_DEPTH    3             /* a virtio device's interfaces are at 2 */
#define RULES_MAX    (1024 * 1024) /* bytes of a file with udev rules */
#define OPENER_LOOKS 3             /* to tell who stays from who goes */
#define OPENER_MSEC  200

char *
vccw_use_join(GPtrArray *users)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    for (guint i = 0; i < users->len; i++)
        g_ptr_array_add(all, users->pdata[i]);
    g_ptr_array_add(all, NULL);
    return g_strjoinv(", ", (char **)all->pdata);
}

/* What is being looked at. */
typedef struct {
    const VccwHandoverHost *host;
    VccwLook *look;
    int sysfs;
    const char *device; /* its bus-ID */
    const char *driver; /* its driver, or NULL */
    GPtrArray *users;   /* what was found */
} Search;

static char *
attr(const Search *search, const char *device, const char *name)
{
    g_autofree char *path = g_build_filename("bus/ccw/devices", device, name, NULL);

    return vccw_look_attr(search->look, search->sysfs, path);
}

static void
add_user(const Search *search, char *user)
{
    g_ptr_array_add(search->users, user);
}

/* The subchannel's folder has the device's folder in it, and no other of that form. */
char *
vccw_use_device(VccwLook *look, int sysfs, const VccwBusId *subchannel)
{
    g_autofree char *id = vccw_bus_id_to_string(subchannel);
    g_autofree char *path = g_build_filename("bus/css/devices", id, NULL);
    g_autoptr(GPtrArray) names = vccw_look_list(look, sysfs, path);

    for (guint i = 0; names && i < names->len; i++) {
        VccwBusId device;

        if (vccw_host_bus_id_parse(names->pdata[i], &device, NULL))
            return vccw_bus_id_to_string(&device);
    }
    return NULL;
}

static gboolean
is_one_of(const char *text, const char *const *words)
{
    for (; text && *words; words++)
        if (g_str_has_prefix(text, *words))
            return TRUE;
    return FALSE;
}

static char *
driver_of(VccwLook *look, int sysfs, const char *device)
{
    g_autofree char *link = g_build_filename("bus/ccw/devices", device, "driver", NULL);

    return vccw_look_link(look, sysfs, link);
}

gboolean
vccw_use_is_qdio(const VccwHandoverHost *host,
                 VccwLook *look,
                 const VccwBusId *subchannel,
                 char **ret_kind)
{
    static const char *const control_units[] = { "1731/", "1732/", NULL };
    static const char *const drivers[] = { "qeth", "zfcp", NULL };
    g_auto(VccwFd) sysfs = vccw_look_dir(look, AT_FDCWD, host->sysfs);
    g_autofree char *device = sysfs < 0 ? NULL : vccw_use_device(look, sysfs, subchannel);
    const Search search = { .look = look, .sysfs = sysfs };
    g_autofree char *driver = device ? driver_of(look, sysfs, device) : NULL;
    g_autofree char *kind = device ? attr(&search, device, "cutype") : NULL;

    if (!is_one_of(kind, control_units) && !is_one_of(driver, drivers))
        return FALSE;
    *ret_kind = kind ? g_steal_pointer(&kind) : g_steal_pointer(&driver);
    return TRUE;
}

/* Whether a line of @text that is no comment has @words. */
static gboolean
says(const char *text, const char *words)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++)
        if (*g_strchug(lines[i]) != '#' && strstr(lines[i], words))
            return TRUE;
    return FALSE;
}

char *
vccw_use_find_rule(const VccwHandoverHost *host, const VccwBusId *device)
{
    g_auto(VccwFd) dir = vccw_open_dir(AT_FDCWD, host->rules, NULL);
    g_autoptr(GPtrArray) names = dir < 0 ? NULL : vccw_list_dir(dir, ".", NULL);
    g_autofree char *id = vccw_bus_id_to_string(device);
    g_autofree char *words = g_strdup_printf("ATTR{[ccw/%s]online}=\"1\"", id);

    for (guint i = 0; names && i < names->len; i++) {
        g_autofree char *text =
            g_str_has_suffix(names->pdata[i], ".rules")
                ? vccw_read_file(dir, names->pdata[i], RULES_MAX, NULL, NULL, NULL)
                : NULL;

        if (text && says(text, words))
            return g_build_filename(host->rules, names->pdata[i], NULL);
    }
    return NULL;
}

/* -- each kind of use -- */

/* What is built on its disks: the top of each pile is named, and what it lies on. */
static void
find_holders(const Search *search, GPtrArray *disks)
{
    for (guint i = 0; i < disks->len; i++) {
        const VccwDisk *disk = disks->pdata[i];

        if (disk->purpose || disk->below)
            add_user(search, g_strdup_printf("%s on %s",
                                             disk->purpose ? disk->purpose : disk->name,
                                             disk->below ? disk->below : "it"));
    }
}

/* Folders "net" in @dir and below have the interfaces; links lead out of the device. */
static void
find_interfaces(const Search *search, int dir, guint depth)
{
    g_autoptr(GPtrArray) names = vccw_look_folders(search->look, dir, ".");

    for (guint i = 0; names && i < names->len; i++) {
        g_auto(VccwFd) child = vccw_look_dir(search->look, dir, names->pdata[i]);
        g_autoptr(GPtrArray) interfaces = NULL;

        if (child < 0)
            continue;
        if (!g_str_equal(names->pdata[i], "net")) {
            if (depth)
                find_interfaces(search, child, depth - 1);
            continue;
        }
        interfaces = vccw_look_list(search->look, child, ".");
        for (guint k = 0; interfaces && k < interfaces->len; k++)
            add_user(search, g_strdup_printf("network interface %s",
                                             (char *)interfaces->pdata[k]));
    }
}

static gboolean
is_on(const Search *search, const char *device, const char *name)
{
    g_autofree char *text = attr(search, device, name);

    return text && g_str_equal(text, "1");
}

static void
find_network(const Search *search)
{
    static const char *const network[] = { "qeth", "lcs", "ctcm", "zfcp", NULL };
    g_autofree char *path = g_build_filename("bus/ccw/devices", search->device, NULL);
    g_autofree char *group = g_build_filename(path, "group_device", NULL);
    g_auto(VccwFd) dir = vccw_look_dir(search->look, search->sysfs, path);
    g_auto(VccwFd) group_dir = vccw_look_dir(search->look, search->sysfs, group);
    guint before = search->users->len;

    if (dir >= 0)
        find_interfaces(search, dir, NET_DEPTH);
    if (group_dir >= 0)
        find_interfaces(search, group_dir, NET_DEPTH);
    if (search->users->len == before && is_one_of(search->driver, network) &&
        (is_on(search, search->device, "online") ||
         is_on(search, search->device, "group_device/online")))
        add_user(search, g_strdup_printf("%s device that is online", search->driver));
}

static void
find_tape(const Search *search)
{
    static const char *const tapes[] = { "tape", NULL };

    if (is_one_of(search->driver, tapes) && is_on(search, search->device, "online"))
        add_user(search, g_strdup("tape that is online"));
}

static void
find_ipl(const Search *search)
{
    g_autofree char *ipl =
        vccw_look_attr(search->look, search->sysfs, "firmware/ipl/device");

    if (!g_strcmp0(ipl, search->device))
        add_user(search, g_strdup("the device that this system was started from"));
}

/* A parallel-access alias has the unique ID of its base; one of HyperPAV belongs to no
 * particular base. */
static gboolean
find_own_alias(const Search *search, const char *uid)
{
    gboolean is_alias = is_on(search, search->device, "alias");

    if (is_alias)
        add_user(search,
                 g_strdup_printf("PAV alias of %s", uid && *uid ? uid : "a base"));
    return is_alias;
}

static void
find_alias(const Search *search)
{
    g_autofree char *uid = attr(search, search->device, "uid");
    gboolean has_uid = uid && *uid;
    g_autoptr(GPtrArray) names = NULL;

    if (find_own_alias(search, uid))
        return;
    names =
        has_uid ? vccw_look_list(search->look, search->sysfs, "bus/ccw/devices") : NULL;
    for (guint i = 0; names && i < names->len; i++) {
        const char *other = names->pdata[i];
        g_autofree char *other_uid = attr(search, other, "uid");

        if (!g_str_equal(other, search->device) && !g_strcmp0(uid, other_uid) &&
            is_on(search, other, "alias"))
            add_user(search, g_strdup_printf("base of PAV alias %s", other));
    }
}

static GPtrArray *
disks_of(VccwLook *look, int sysfs, const char *device)
{
    g_autofree char *path = g_build_filename("bus/ccw/devices", device, NULL);

    return vccw_disk_list(look, sysfs, path);
}

/* A DASD that is open refuses to go offline; other disks leave under whoever uses them.
 */
static gboolean
defends_itself(const Search *search)
{
    static const char *const dasds[] = { "dasd", NULL };

    return is_one_of(search->driver, dasds);
}

/* Who has a disk open may have it for a moment only, as udev has. */
static void
find_openers(const Search *search, GPtrArray *disks)
{
    for (guint i = 0; i < OPENER_LOOKS; i++) {
        if (i > 0)
            g_usleep(OPENER_MSEC * 1000);
        g_ptr_array_set_size(search->users, 0);
        vccw_mounted_find_openers(search->host, search->look, disks, search->users);
        if (!search->users->len)
            return;
    }
}

static void
find_open(const Search *search, GPtrArray *disks)
{
    gboolean defends = defends_itself(search);

    vccw_mounted_find_exclusive(search->host, defends ? NULL : search->look, disks,
                                search->users);
    if (!defends && disks->len && !search->users->len)
        find_openers(search, disks);
}

static void
find_all(Search *search)
{
    g_autoptr(GPtrArray) disks = disks_of(search->look, search->sysfs, search->device);
    g_autofree char *driver = driver_of(search->look, search->sysfs, search->device);

    search->driver = driver;
    if (disks->len) {
        vccw_mounted_find(search->host, search->look, disks, search->users);
        vccw_mounted_find_loops(search->host, search->look, search->sysfs, disks,
                                search->users);
    }
    find_holders(search, disks);
    find_network(search);
    find_tape(search);
    find_ipl(search);
    find_alias(search);
    if (!search->users->len)
        find_open(search, disks);
}

gboolean
vccw_use_find(const VccwHandoverHost *host,
              const VccwBusId *subchannel,
              GPtrArray **ret_users,
              GError **error)
{
    g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func(g_free);
    g_auto(VccwLook) look = { 0 };
    g_auto(VccwFd) sysfs = vccw_look_dir(&look, AT_FDCWD, host->sysfs);
    g_autofree char *device =
        sysfs < 0 ? NULL : vccw_use_device(&look, sysfs, subchannel);
    Search search = { host, &look, sysfs, device, NULL, users };
    g_autoptr(GError) problem = NULL;

    if (device)
        find_all(&search);
    /* What was found is a use, whatever else could not be known. */
    if (!vccw_look_done(&look, &problem) && !users->len) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_OPERATION_FAILED,
                    "whether the host uses it cannot be known: %s", problem->message);
        return FALSE;
    }
    *ret_users = g_steal_pointer(&users);
    return TRUE;
}

GPtrArray *
vccw_use_glance(const VccwHandoverHost *host,
                int sysfs,
                const VccwBusId *device,
                const char *mounts,
                const char *swaps)
{
    static const char *const dasds[] = { "dasd", NULL };
    GPtrArray *users = g_ptr_array_new_with_free_func(g_free);
    g_auto(VccwLook) look = { 0 };
    g_autofree char *id = vccw_bus_id_to_string(device);
    g_autofree char *driver = driver_of(&look, sysfs, id);
    Search search = { host, &look, sysfs, id, driver, users };
    g_autoptr(GPtrArray) disks = disks_of(&look, sysfs, id);
    g_autofree char *uid = NULL;

    vccw_mounted_glance(host, disks, mounts, swaps, users);
    find_holders(&search, disks);
    if (is_one_of(driver, dasds)) { /* no need to search all its folders */
        uid = attr(&search, id, "uid");
        find_own_alias(&search, uid);
    } else {
        find_network(&search);
        find_tape(&search);
    }
    find_ipl(&search);
    return users;
}

GPtrArray *
vccw_use_find_openers(const VccwHandoverHost *host, const VccwBusId *subchannel)
{
    GPtrArray *users = g_ptr_array_new_with_free_func(g_free);
    g_auto(VccwLook) look = { 0 };
    g_auto(VccwFd) sysfs = vccw_look_dir(&look, AT_FDCWD, host->sysfs);
    g_autofree char *device =
        sysfs < 0 ? NULL : vccw_use_device(&look, sysfs, subchannel);
    g_autoptr(GPtrArray) disks = device ? disks_of(&look, sysfs, device) : NULL;

    if (disks)
        vccw_mounted_find_openers(host, NULL, disks, users);
    return users;
}
