/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The description of a host. A line is one of
 *
 *   subchannel BUSID [KEY=VALUE …]
 *   repeat COUNT subchannel BUSID [KEY=VALUE …]     both numbers count up
 *   module vfio_ccw absent
 *   chp NN [type=HEX] [online=0|1] [configured=0|1] [shared=0|1] [chid=HEX]
 *
 * and "#" begins a comment. The keys of a subchannel are one table, which the control
 * verbs "add-subchannel" and "set" use too.
 */

#include "spec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define REPEAT_MAX 65536

G_GNUC_PRINTF(2, 3)
static gboolean
invalid(GError **error, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, text);
    return FALSE;
}

char *
vccw_sim_spec_bus_id(const char *text, guint step, GError **error)
{
    guint64 ssid, number;

    if (strlen(text) != strlen("0.0.0000") || strncmp(text, "0.", 2) != 0 ||
        text[3] != '.' || !g_ascii_isxdigit(text[4]) || text[2] < '0' || text[2] > '3' ||
        !g_ascii_string_to_unsigned(text + 4, 16, 0, 0xffff, &number, NULL)) {
        invalid(error, "'%s' is not a bus-ID: write 0.S.NNNN, S from 0 to 3", text);
        return NULL;
    }
    number += step;
    ssid = (text[2] - '0') + (number >> 16);
    if (ssid > 3) {
        invalid(error, "'%s' and %u more run past 0.3.ffff", text, step);
        return NULL;
    }
    return g_strdup_printf("0.%x.%04x", (guint)ssid, (guint)(number & 0xffff));
}

static gboolean
parse_hex(const char *text, guint max, guint *ret_value)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 16, 0, max, &value, NULL))
        return FALSE;
    *ret_value = value;
    return TRUE;
}

/* "3990/e9" */
static gboolean
parse_model(const char *text, guint16 *type, guint8 *model)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    guint a, b;

    if (g_strv_length(parts) != 2 || !parse_hex(parts[0], 0xffff, &a) ||
        !parse_hex(parts[1], 0xff, &b))
        return FALSE;
    *type = a;
    *model = b;
    return TRUE;
}

/* "34,35" or "34 35 00 00 00 00 00 00": the mask follows from how many there are */
static gboolean
parse_chpids(VccwSimSpec *spec, const char *text)
{
    g_auto(GStrv) parts = g_strsplit_set(text, ", ", -1);
    guint8 chpids[VCCW_SIM_PATHS] = { 0 };
    guint count = 0, value;

    for (char **part = parts; *part; part++) {
        if (!**part)
            continue;
        if (count == VCCW_SIM_PATHS || !parse_hex(*part, 0xff, &value))
            return FALSE;
        chpids[count++] = value;
    }
    while (count && !chpids[count - 1])
        count--;
    memcpy(spec->chpids, chpids, sizeof chpids);
    spec->pim = spec->pam = count ? 0xff << (VCCW_SIM_PATHS - count) : 0;
    return TRUE;
}

static gboolean
parse_masks(VccwSimSpec *spec, const char *text)
{
    g_auto(GStrv) parts = g_strsplit_set(text, ", ", -1);
    guint mask[3];

    if (g_strv_length(parts) != 3)
        return FALSE;
    for (guint i = 0; i < 3; i++)
        if (!parse_hex(parts[i], 0xff, &mask[i]))
            return FALSE;
    spec->pim = mask[0];
    spec->pam = mask[1];
    spec->pom = mask[2];
    return TRUE;
}

static gboolean
set_device(VccwSimSpec *spec, const char *value)
{
    g_autofree char *device = NULL;

    if (!g_str_equal(value, "none")) {
        device = vccw_sim_spec_bus_id(value, 0, NULL);
        if (!device)
            return FALSE;
    }
    g_free(spec->device);
    spec->device = g_steal_pointer(&device);
    return TRUE;
}

/* A driver of bus css says where the subchannel starts; any other is the device's. */
static gboolean
set_driver(VccwSimSpec *spec, const char *value)
{
    static const char *const css[] = { "io_subchannel", "chsc_subchannel",
                                       "eadm_subchannel", NULL };

    if (!*value || strpbrk(value, "/ \n"))
        return FALSE;
    spec->unbound = g_str_equal(value, "none");
    if (spec->unbound)
        return TRUE;
    if (g_str_equal(value, "vfio_ccw")) {
        g_free(spec->override);
        spec->override = g_strdup(value);
    } else if (g_strv_contains(css, value)) {
        g_clear_pointer(&spec->override, g_free);
    } else {
        g_free(spec->driver);
        spec->driver = g_strdup(value);
    }
    return TRUE;
}

static gboolean
set_override(VccwSimSpec *spec, const char *value)
{
    g_free(spec->override);
    spec->override = *value && !g_str_equal(value, "none") ? g_strdup(value) : NULL;
    return TRUE;
}

static gboolean
set_cutype(VccwSimSpec *spec, const char *value)
{
    return parse_model(value, &spec->cu_type, &spec->cu_model);
}

static gboolean
set_devtype(VccwSimSpec *spec, const char *value)
{
    if (g_str_equal(value, "n/a")) {
        spec->dev_type = spec->dev_model = 0;
        return TRUE;
    }
    return parse_model(value, &spec->dev_type, &spec->dev_model);
}

static gboolean
set_byte(guint8 *byte, const char *value)
{
    guint number;

    if (!parse_hex(value, 0xff, &number))
        return FALSE;
    *byte = number;
    return TRUE;
}

static gboolean
set_flag(gboolean *flag, const char *value)
{
    if (!g_str_equal(value, "0") && !g_str_equal(value, "1"))
        return FALSE;
    *flag = *value == '1';
    return TRUE;
}

static gboolean
set_type(VccwSimSpec *spec, const char *value)
{
    return parse_hex(value, 7, &spec->type);
}

static gboolean
set_operational(VccwSimSpec *spec, const char *value)
{
    gboolean works;

    if (!set_flag(&works, value))
        return FALSE;
    spec->inoperative = !works;
    return TRUE;
}

static gboolean
set_name(char **name, const char *value)
{
    g_free(*name);
    *name = g_str_equal(value, "none") ? NULL : g_strdup(value);
    return TRUE;
}

static gboolean
set_block(VccwSimSpec *spec, const char *value)
{
    gboolean is_disk = g_str_has_prefix(value, "dasd") && strlen(value) == 5 &&
                       g_ascii_islower(value[4]);

    return (is_disk || g_str_equal(value, "none")) && set_name(&spec->block, value);
}

static gboolean
set_holder(VccwSimSpec *spec, const char *value)
{
    gboolean is_holder = (g_str_has_prefix(value, "dm-") && g_ascii_isdigit(value[3])) ||
                         (g_str_has_prefix(value, "md") && g_ascii_isdigit(value[2]));

    return (is_holder || g_str_equal(value, "none")) && set_name(&spec->holder, value);
}

static gboolean
set_uid(VccwSimSpec *spec, const char *value)
{
    return set_name(&spec->uid, value);
}

/* One of parse, byte or flag; the latter two are offsets into the spec. */
static const struct {
    const char *key;
    gboolean (*parse)(VccwSimSpec *spec, const char *value);
    gsize byte, flag;
} keys[] = {
    { "type", set_type },
    { "device", set_device },
    { "dev_busid", set_device },
    { "cutype", set_cutype },
    { "devtype", set_devtype },
    { "driver", set_driver },
    { "override", set_override },
    { "chpids", parse_chpids },
    { "pimpampom", parse_masks },
    { "operational", set_operational },
    { "block", set_block },
    { "holder", set_holder },
    { "uid", set_uid },
    { "alias", .flag = G_STRUCT_OFFSET(VccwSimSpec, alias) },
    { "pim", .byte = G_STRUCT_OFFSET(VccwSimSpec, pim) },
    { "pam", .byte = G_STRUCT_OFFSET(VccwSimSpec, pam) },
    { "pom", .byte = G_STRUCT_OFFSET(VccwSimSpec, pom) },
    { "online", .flag = G_STRUCT_OFFSET(VccwSimSpec, online) },
    { "busy", .flag = G_STRUCT_OFFSET(VccwSimSpec, busy) },
    { "qdio", .flag = G_STRUCT_OFFSET(VccwSimSpec, qdio) },
};

gboolean
vccw_sim_spec_set(VccwSimSpec *spec, const char *key, const char *value, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        gboolean ok;

        if (!g_str_equal(key, keys[i].key))
            continue;
        if (keys[i].parse)
            ok = keys[i].parse(spec, value);
        else if (keys[i].byte)
            ok = set_byte(G_STRUCT_MEMBER_P(spec, keys[i].byte), value);
        else
            ok = set_flag(G_STRUCT_MEMBER_P(spec, keys[i].flag), value);
        return ok || invalid(error, "'%s' is not a value for %s", value, key);
    }
    return invalid(error, "'%s' is not a key of a subchannel", key);
}

/* What takes such a device on Linux; QDIO ones are those that vfio_ccw refuses. */
static const struct {
    guint16 cu_type, cu_model; /* cu_model 0x100: any */
    const char *driver;
    gboolean qdio;
} drivers[] = {
    { 0x3990, 0x100, "dasd-eckd" },  { 0x2105, 0x100, "dasd-eckd" },
    { 0x2107, 0x100, "dasd-eckd" },  { 0x3880, 0x100, "dasd-eckd" },
    { 0x6310, 0x80, "dasd-fba" },    { 0x3880, 0x80, "dasd-fba" },
    { 0x1731, 0x03, "zfcp", TRUE },  { 0x1731, 0x100, "qeth", TRUE },
    { 0x1732, 0x100, "qeth", TRUE }, { 0x3490, 0x100, "tape_34xx" },
    { 0x3480, 0x100, "tape_34xx" },  { 0x3590, 0x100, "tape_3590" },
    { 0x3270, 0x100, "3270" },       { 0x3274, 0x100, "3270" },
    { 0x3088, 0x100, "ctcm" },       { 0x3832, 0x100, "virtio_ccw" },
};

static void
choose_driver(VccwSimSpec *spec)
{
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (drivers[i].cu_type != spec->cu_type ||
            (drivers[i].cu_model != 0x100 && drivers[i].cu_model != spec->cu_model))
            continue;
        if (!spec->driver)
            spec->driver = g_strdup(drivers[i].driver);
        spec->qdio |= drivers[i].qdio;
        return;
    }
}

VccwSimSpec *
vccw_sim_spec_parse(const char *const *words, GError **error)
{
    g_autoptr(VccwSimSpec) spec = g_new0(VccwSimSpec, 1);

    if (!words[0]) {
        invalid(error, "a bus-ID is missing");
        return NULL;
    }
    spec->bus_id = vccw_sim_spec_bus_id(words[0], 0, error);
    if (!spec->bus_id)
        return NULL;
    spec->pim = spec->pam = 0x80;
    spec->pom = 0xff;
    for (const char *const *word = words + 1; *word; word++) {
        g_auto(GStrv) pair = g_strsplit(*word, "=", 2);

        if (g_strv_length(pair) != 2) {
            invalid(error, "'%s' is not KEY=VALUE", *word);
            return NULL;
        }
        if (!vccw_sim_spec_set(spec, pair[0], pair[1], error))
            return NULL;
    }
    if (spec->type)
        spec->pim = spec->pam = spec->pom = 0;
    choose_driver(spec);
    return g_steal_pointer(&spec);
}

VccwSimSpec *
vccw_sim_spec_copy(const VccwSimSpec *spec)
{
    VccwSimSpec *copy = g_new(VccwSimSpec, 1);

    *copy = *spec;
    copy->bus_id = g_strdup(spec->bus_id);
    copy->device = g_strdup(spec->device);
    copy->driver = g_strdup(spec->driver);
    copy->override = g_strdup(spec->override);
    copy->block = g_strdup(spec->block);
    copy->holder = g_strdup(spec->holder);
    copy->uid = g_strdup(spec->uid);
    return copy;
}

void
vccw_sim_spec_free(VccwSimSpec *spec)
{
    if (!spec)
        return;
    g_free(spec->bus_id);
    g_free(spec->device);
    g_free(spec->driver);
    g_free(spec->override);
    g_free(spec->block);
    g_free(spec->holder);
    g_free(spec->uid);
    g_free(spec);
}

void
vccw_sim_spec_print(const VccwSimSpec *spec, GString *out)
{
    g_string_append_printf(out, "subchannel %s type=%x", spec->bus_id, spec->type);
    if (spec->device) {
        g_string_append_printf(out, " device=%s cutype=%04x/%02x", spec->device,
                               spec->cu_type, spec->cu_model);
        if (spec->dev_type)
            g_string_append_printf(out, " devtype=%04x/%02x", spec->dev_type,
                                   spec->dev_model);
        if (spec->driver)
            g_string_append_printf(out, " driver=%s", spec->driver);
    }
    g_string_append(out, " chpids=");
    for (guint i = 0; i < VCCW_SIM_PATHS; i++)
        g_string_append_printf(out, "%s%02x", i ? "," : "", spec->chpids[i]);
    g_string_append_printf(out, " pimpampom=%02x,%02x,%02x online=%d", spec->pim,
                           spec->pam, spec->pom, spec->online);
    if (spec->busy)
        g_string_append(out, " busy=1");
    if (spec->block)
        g_string_append_printf(out, " block=%s", spec->block);
    if (spec->holder)
        g_string_append_printf(out, " holder=%s", spec->holder);
    if (spec->uid)
        g_string_append_printf(out, " uid=%s", spec->uid);
    if (spec->alias)
        g_string_append(out, " alias=1");
    if (spec->qdio)
        g_string_append(out, " qdio=1");
    if (spec->inoperative)
        g_string_append(out, " operational=0");
}

static gboolean
set_chp(VccwSimChp *chp, const char *key, guint value)
{
    if (g_str_equal(key, "type"))
        chp->type = value;
    else if (g_str_equal(key, "chid"))
        chp->chid = value;
    else if (g_str_equal(key, "shared"))
        chp->shared = value;
    else if (g_str_equal(key, "online"))
        chp->online = value != 0;
    else if (g_str_equal(key, "configured"))
        chp->configured = value != 0;
    else
        return FALSE;
    return TRUE;
}

static gboolean
load_chp(VccwSim *sim, char **words, GError **error)
{
    VccwSimChp *chp = g_new0(VccwSimChp, 1);
    guint number;

    g_ptr_array_add(sim->boot_chps, chp);
    if (!words[0] || !parse_hex(words[0], 0xff, &number))
        return invalid(error, "a channel path is written in hexadecimal, 00 to ff");
    chp->id = number;
    chp->type = 0x1b;
    chp->shared = chp->online = chp->configured = 1;
    chp->chid = 0x0100 + number;
    for (char **word = words + 1; *word; word++) {
        g_auto(GStrv) pair = g_strsplit(*word, "=", 2);

        if (g_strv_length(pair) != 2 || !parse_hex(pair[1], 0xffff, &number) ||
            !set_chp(chp, pair[0], number))
            return invalid(error, "'%s' says nothing about a channel path", *word);
    }
    return TRUE;
}

static gboolean
load_subchannels(VccwSim *sim, guint count, char **words, GError **error)
{
    g_autoptr(VccwSimSpec) first = vccw_sim_spec_parse((const char *const *)words, error);

    if (!first)
        return FALSE;
    for (guint i = 0; i < count; i++) {
        g_autoptr(VccwSimSpec) spec = vccw_sim_spec_copy(first);

        g_free(spec->bus_id);
        spec->bus_id = vccw_sim_spec_bus_id(first->bus_id, i, error);
        if (!spec->bus_id)
            return FALSE;
        if (first->device) {
            g_free(spec->device);
            spec->device = vccw_sim_spec_bus_id(first->device, i, error);
            if (!spec->device)
                return FALSE;
        }
        g_ptr_array_add(sim->boot, g_steal_pointer(&spec));
    }
    return TRUE;
}

static gboolean
load_line(VccwSim *sim, char **words, GError **error)
{
    guint64 count;

    if (g_str_equal(words[0], "chp"))
        return load_chp(sim, words + 1, error);
    if (g_str_equal(words[0], "module")) {
        sim->boot_without_vfio = TRUE;
        return (g_strcmp0(words[1], "vfio_ccw") == 0 &&
                g_strcmp0(words[2], "absent") == 0 && !words[3]) ||
               invalid(error, "write: module vfio_ccw absent");
    }
    if (g_str_equal(words[0], "subchannel"))
        return load_subchannels(sim, 1, words + 1, error);
    if (!g_str_equal(words[0], "repeat"))
        return invalid(error, "'%s' is none of subchannel, repeat, chp, module",
                       words[0]);
    if (!words[1] || !words[2] || !g_str_equal(words[2], "subchannel") ||
        !g_ascii_string_to_unsigned(words[1], 10, 1, REPEAT_MAX, &count, NULL))
        return invalid(error, "write: repeat COUNT subchannel BUSID …, COUNT up to %d",
                       REPEAT_MAX);
    return load_subchannels(sim, count, words + 3, error);
}

/* Splits at blanks; runs of blanks count as one. */
static char **
split(const char *line)
{
    GPtrArray *words = g_ptr_array_new();
    g_auto(GStrv) raw = g_strsplit_set(line, " \t\r", -1);

    for (char **word = raw; *word; word++)
        if (**word)
            g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

gboolean
vccw_sim_spec_load_text(VccwSim *sim, const char *name, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        char *comment = strchr(lines[i], '#');
        g_auto(GStrv) words = NULL;

        if (comment)
            *comment = '\0';
        words = split(lines[i]);
        if (words[0] && !load_line(sim, words, error)) {
            g_prefix_error(error, "%s:%u: ", name, i + 1);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
vccw_sim_spec_load(VccwSim *sim, const char *path, GError **error)
{
    g_autofree char *text = NULL;

    /* In our own words: GLib's have quotes that not every terminal can show. */
    if (access(path, R_OK) != 0)
        return invalid(error, "cannot read the spec '%s': %s", path, g_strerror(errno));
    return g_file_get_contents(path, &text, NULL, error) &&
           vccw_sim_spec_load_text(sim, path, text, error);
}
