/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handover/volume.h"

#include "base/io.h"
#include "handover/state.h"
#include "handover/taken.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_NAME "volumes"
#define FILE_MAX  (16 * 1024 * 1024)
#define FIELDS    4
#define NONE      "-"

void
vccw_volume_free(VccwVolume *volume)
{
    if (!volume)
        return;
    g_free(volume->cutype);
    g_free(volume->devtype);
    g_free(volume->uid);
    g_free(volume);
}

/* A word as it can be in a line of the file, or NULL. */
static char *
word(char *text)
{
    g_autofree char *owned = text;

    if (!text || !*text || g_str_equal(text, "n/a") || g_str_equal(text, NONE))
        return NULL;
    for (const char *p = text; *p; p++)
        if (!g_ascii_isgraph(*p))
            return NULL;
    return g_steal_pointer(&owned);
}

/* What every device has is read last: when it tells, the host had the device all the
 * while, and what was not told before is not there. */
VccwVolume *
vccw_volume_read(int sysfs, const VccwBusId *device)
{
    g_autofree char *id = vccw_bus_id_to_string(device);
    g_autofree char *path = g_build_filename("bus/ccw/devices", id, NULL);
    g_auto(VccwFd) dir = vccw_open_dir(sysfs, path, NULL);
    g_autoptr(VccwVolume) volume = NULL;

    if (dir < 0)
        return NULL;
    volume = g_new0(VccwVolume, 1);
    volume->id = *device;
    volume->uid = word(vccw_read_attr(dir, "uid", NULL));
    volume->devtype = word(vccw_read_attr(dir, "devtype", NULL));
    volume->cutype = word(vccw_read_attr(dir, "cutype", NULL));
    return volume->cutype ? g_steal_pointer(&volume) : NULL;
}

static gboolean
replace(char **known, const char *now)
{
    if (!g_strcmp0(*known, now))
        return FALSE;
    g_free(*known);
    *known = g_strdup(now);
    return TRUE;
}

gboolean
vccw_volume_merge(VccwVolume *known, const VccwVolume *now)
{
    gboolean other = replace(&known->cutype, now->cutype);

    if (replace(&known->devtype, now->devtype))
        other = TRUE;
    if (now->uid || other)
        return replace(&known->uid, now->uid) || other;
    return FALSE;
}

static VccwVolume *
parse_line(const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", FIELDS + 1);
    VccwVolume *volume;
    VccwBusId id;

    if (g_strv_length(fields) != FIELDS || !vccw_host_bus_id_parse(fields[0], &id, NULL))
        return NULL;
    volume = g_new0(VccwVolume, 1);
    volume->id = id;
    volume->cutype = word(g_strdup(fields[1]));
    volume->devtype = word(g_strdup(fields[2]));
    volume->uid = word(g_strdup(fields[3]));
    return volume;
}

/* The hand-over of a device that nobody else had looked at. */
static void
add_taken(const VccwHandoverHost *host, GPtrArray *volumes)
{
    g_autoptr(GArray) ids = vccw_taken_list(host);

    for (guint i = 0; i < ids->len; i++) {
        g_autoptr(VccwTaken) taken = NULL;
        VccwVolume *volume;
        VccwBusId device;

        if (!vccw_taken_load(host, &g_array_index(ids, VccwBusId, i), &taken, NULL) ||
            !taken || !taken->device ||
            !vccw_host_bus_id_parse(taken->device, &device, NULL))
            continue;
        volume = g_new0(VccwVolume, 1);
        volume->id = device;
        volume->cutype = word(g_strdup(taken->cutype));
        volume->devtype = word(g_strdup(taken->devtype));
        volume->uid = word(g_strdup(taken->uid));
        g_ptr_array_add(volumes, volume);
    }
}

gboolean
vccw_volume_load(const VccwHandoverHost *host, GPtrArray *volumes, GError **error)
{
    g_autofree char *path = g_build_filename(host->state, FILE_NAME, NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *text =
        vccw_read_file(AT_FDCWD, path, FILE_MAX, NULL, NULL, &problem);
    g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;

    for (guint i = 0; lines && lines[i]; i++) {
        VccwVolume *volume = parse_line(lines[i]);

        if (volume)
            g_ptr_array_add(volumes, volume);
    }
    add_taken(host, volumes);
    if (text || vccw_error_errno(problem) == ENOENT)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

void
vccw_volume_to_line(const VccwVolume *volume, GString *text)
{
    g_autofree char *id = vccw_bus_id_to_string(&volume->id);

    g_string_append_printf(
        text, "%s %s %s %s\n", id, volume->cutype ? volume->cutype : NONE,
        volume->devtype ? volume->devtype : NONE, volume->uid ? volume->uid : NONE);
}

gboolean
vccw_volume_save(const VccwHandoverHost *host, const GString *text, GError **error)
{
    g_auto(VccwFd) dir = vccw_state_open(host, ".", error);

    return dir >= 0 && vccw_write_file(dir, FILE_NAME, text->str, text->len,
                                       VCCW_WRITE_REPLACE, NULL, error);
}
