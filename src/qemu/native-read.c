/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The options of a command line. The table says of each what it means; an option that it
 * does not have is kept, with the word behind it when that does not begin with a dash.
 */

#include "base/hash.h"
#include "base/quote.h"
#include "qemu/native.h"

#include <string.h>
#include <virtccw/error.h>

#define CPUS_MAX 65535

typedef void (*Take)(VccwNative *native, const char *text, VccwOption **ret_keep);

static void
keep_whole(VccwNative *native, const char *name, const char *text)
{
    VccwOption *option = g_new0(VccwOption, 1);

    option->name = name;
    option->text = text;
    g_ptr_array_add(native->options, option);
}

/* "512", "512M", "2g", "size=524288k". */
static guint64
size_in_kib(const char *text)
{
    char *end = NULL;
    guint64 value = g_ascii_strtoull(text, &end, 10);
    const char *const letters = "kmgt";
    const char *unit = *end ? strchr(letters, g_ascii_tolower(*end)) : letters + 1;

    if (end == text || !unit || (*end && end[1]) ||
        value > (G_GUINT64_CONSTANT(1) << 30)) {
        return 0;
    }
    return value << (10 * (unit - letters));
}

static void
take_name(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    VccwOption *option = vccw_option_new("-name", text, "guest");
    const char *name = vccw_option_get(option, "guest");

    g_free(native->name);
    native->name = g_strdup(name);
    if (!name || !vccw_option_has_only(option, "guest debug-threads")) {
        *ret_keep = g_steal_pointer(&option);
    }
    vccw_option_free(option);
}

static void
set(char **into, const char *value)
{
    if (value) {
        g_free(*into);
        *into = g_strdup(value);
    }
}

static void
take_accelerator(VccwNative *native, const char *name)
{
    native->kvm = g_str_has_prefix(name, "kvm");
}

static gboolean
is_or_absent(const VccwOption *option, const char *key, const char *value)
{
    return !vccw_option_get(option, key) || vccw_option_is(option, key, value);
}

static void
take_machine(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    VccwOption *option = vccw_option_new("-machine", text, "type");
    const char *accel = vccw_option_get(option, "accel");

    if (!vccw_option_has_only(option, "type accel usb dump-guest-core memory-backend "
                                      "loadparm aes-key-wrap dea-key-wrap mem-merge "
                                      "confidential-guest-support") ||
        !is_or_absent(option, "memory-backend", "s390.ram")) {
        *ret_keep = option;
        return;
    }
    native->no_merge = vccw_option_is(option, "mem-merge", "off");
    native->dump_core = vccw_option_is(option, "dump-guest-core", "on");
    set(&native->machine, vccw_option_get(option, "type"));
    set(&native->loadparm, vccw_option_get(option, "loadparm"));
    set(&native->aes, vccw_option_get(option, "aes-key-wrap"));
    set(&native->dea, vccw_option_get(option, "dea-key-wrap"));
    if (accel) {
        take_accelerator(native, accel);
    }
    vccw_option_free(option);
}

static void
take_accel(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    take_accelerator(native, text);
    if (strchr(text, ',')) {
        *ret_keep = vccw_option_new("-accel", text, "accel");
    }
}

static void
take_kvm(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->kvm = TRUE;
}

static void
take_cpu(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    set(&native->cpu, text);
}

static void
take_memory(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    VccwOption *option = vccw_option_new("-m", text, "size");
    const char *size = vccw_option_get(option, "size");
    guint64 kib = size ? size_in_kib(size) : 0;

    if (kib == 0 || !vccw_option_has_only(option, "size")) {
        *ret_keep = option;
        return;
    }
    native->memory = kib;
    vccw_option_free(option);
}

/* Leaves @ret_count as it is when the option does not have @key. */
static gboolean
read_count(const VccwOption *option, const char *key, guint *ret_count)
{
    const char *text = vccw_option_get(option, key);
    guint64 value;

    if (text && !g_ascii_string_to_unsigned(text, 10, 1, CPUS_MAX, &value, NULL)) {
        return FALSE;
    }
    *ret_count = text ? value : *ret_count;
    return TRUE;
}

/* As in QEMU, what is not said follows from the rest. */
static void
take_smp(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    VccwOption *option = vccw_option_new("-smp", text, "cpus");
    guint sockets = 0, cores = 0, threads = 0, cpus = 0, most = 0;
    guint64 product;

    if (!vccw_option_has_only(option, "cpus maxcpus sockets cores threads") ||
        !read_count(option, "sockets", &sockets) ||
        !read_count(option, "cores", &cores) ||
        !read_count(option, "threads", &threads) || !read_count(option, "cpus", &cpus) ||
        !read_count(option, "maxcpus", &most)) {
        *ret_keep = option;
        return;
    }
    product = (guint64)MAX(sockets, 1) * MAX(cores, 1) * MAX(threads, 1);
    native->sockets = sockets;
    native->cores = sockets ? MAX(cores, 1) : cores;
    native->threads = sockets ? MAX(threads, 1) : threads;
    most = most ? most : cpus ? cpus : MIN(product, CPUS_MAX);
    native->cpus = cpus ? cpus : most;
    native->cpus_max = MAX(most, native->cpus);
    vccw_option_free(option);
}

static void
take_uuid(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->uuid = text;
}

static void
take_kernel(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->kernel = text;
}

static void
take_initrd(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->initrd = text;
}

static void
take_append(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->append = text;
}

static void
take_boot(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    VccwOption *option = vccw_option_new("-boot", text, "order");

    if (!vccw_option_has_only(option, "order menu strict")) {
        *ret_keep = option;
        return;
    }
    set(&native->boot, vccw_option_get(option, "order"));
    native->boot_menu = vccw_option_is(option, "menu", "on");
    vccw_option_free(option);
}

static void
take_rtc(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    if (!strcmp(text, "base=localtime")) {
        native->local_clock = TRUE;
    } else if (strcmp(text, "base=utc") != 0) {
        *ret_keep = vccw_option_new("-rtc", text, NULL);
    }
}

static void
take_display(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    if (!strcmp(text, "none")) {
        native->no_display = TRUE;
    } else {
        *ret_keep = vccw_option_new("-display", text, NULL);
    }
}

static void
take_nographic(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->no_display = TRUE;
}

static void
take_vnc(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    const char *colon = strrchr(text, ':');
    guint64 number;

    if (colon && !strchr(text, ',') && !g_str_has_prefix(text, "unix:") &&
        g_ascii_string_to_unsigned(colon + 1, 10, 0, 59635, &number, NULL)) {
        native->vnc = text;
    } else {
        *ret_keep = vccw_option_new("-vnc", text, NULL);
    }
}

static void
take_no_reboot(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->no_reboot = TRUE;
}

static void
take_nodefaults(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->no_defaults = TRUE;
}

static void
take_overcommit(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    if (!strcmp(text, "mem-lock=on") || !strcmp(text, "mem-lock=off")) {
        native->locked = !strcmp(text, "mem-lock=on");
    } else {
        keep_whole(native, "-overcommit", text);
    }
}

static void
take_watchdog(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    native->watchdog_action = text;
}

/* What every start by libvirt makes anew. */

static void
take_nothing(VccwNative *native, const char *text, VccwOption **ret_keep)
{
}

static void
take_message(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    if (strcmp(text, "timestamp=on") != 0) {
        keep_whole(native, "-msg", text);
    }
}

static void
take_sandbox(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    if (strcmp(text, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
                     "resourcecontrol=deny") != 0) {
        keep_whole(native, "-sandbox", text);
    }
}

static void
take_monitor(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    VccwOption *option = vccw_option_new("-mon", text, "chardev");

    if (vccw_option_is(option, "chardev", "charmonitor")) {
        native->managed = TRUE;
        vccw_option_free(option);
    } else {
        *ret_keep = option;
    }
}

/* Without libvirt's monitor these two are somebody's wish. */
static void
take_stopped(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    keep_whole(native, "-S", NULL);
}

static void
take_no_shutdown(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    keep_whole(native, "-no-shutdown", NULL);
}

static void
take_object(VccwNative *native, const char *text, VccwOption **ret_keep)
{
    VccwOption *option = vccw_option_new("-object", text, "qom-type");
    const char *type = vccw_option_get(option, "qom-type");
    g_autofree char *next = g_strdup_printf("iothread%u", native->iothreads + 1);

    if (!type) {
        *ret_keep = option;
        return;
    }
    if (!strcmp(type, "iothread") && vccw_option_is(option, "id", next) &&
        vccw_option_has_only(option, "qom-type id")) {
        native->iothreads++;
    } else if (g_str_has_prefix(type, "memory-backend-") &&
               vccw_option_has_only(option, "qom-type id size share prealloc") &&
               vccw_option_is(option, "id", "s390.ram")) {
        native->memfd = !strcmp(type, "memory-backend-memfd");
        native->shared = vccw_option_is(option, "share", "on");
        native->prealloc = vccw_option_is(option, "prealloc", "on");
    } else if (!strcmp(type, "s390-pv-guest") &&
               vccw_option_has_only(option, "qom-type id")) {
        native->secure = TRUE;
    } else if (strcmp(type, "secret") || !vccw_option_is(option, "id", "masterKey0")) {
        *ret_keep = option;
        return;
    }
    vccw_option_free(option);
}

static const struct {
    const char *name;
    gboolean has_value;
    Take take;         /* NULL: read into pairs, for a device to claim */
    const char *first; /* key of the first property without one */
} OPTIONS[] = {
    { "-name", TRUE, take_name, NULL },
    { "-machine", TRUE, take_machine, NULL },
    { "-M", TRUE, take_machine, NULL },
    { "-accel", TRUE, take_accel, NULL },
    { "-enable-kvm", FALSE, take_kvm, NULL },
    { "-cpu", TRUE, take_cpu, NULL },
    { "-m", TRUE, take_memory, NULL },
    { "-smp", TRUE, take_smp, NULL },
    { "-uuid", TRUE, take_uuid, NULL },
    { "-kernel", TRUE, take_kernel, NULL },
    { "-initrd", TRUE, take_initrd, NULL },
    { "-append", TRUE, take_append, NULL },
    { "-boot", TRUE, take_boot, NULL },
    { "-rtc", TRUE, take_rtc, NULL },
    { "-display", TRUE, take_display, NULL },
    { "-nographic", FALSE, take_nographic, NULL },
    { "-vnc", TRUE, take_vnc, NULL },
    { "-no-reboot", FALSE, take_no_reboot, NULL },
    { "-nodefaults", FALSE, take_nodefaults, NULL },
    { "-overcommit", TRUE, take_overcommit, NULL },
    { "-watchdog-action", TRUE, take_watchdog, NULL },
    { "-object", TRUE, take_object, NULL },
    { "-S", FALSE, take_stopped, NULL },
    { "-no-shutdown", FALSE, take_no_shutdown, NULL },
    { "-no-user-config", FALSE, take_nothing, NULL },
    { "-msg", TRUE, take_message, NULL },
    { "-sandbox", TRUE, take_sandbox, NULL },
    { "-mon", TRUE, take_monitor, NULL },
    { "-device", TRUE, NULL, "driver" },
    { "-netdev", TRUE, NULL, "type" },
    { "-chardev", TRUE, NULL, "backend" },
    { "-blockdev", TRUE, NULL, "driver" },
    { "-drive", TRUE, NULL, "file" },
    { "-fsdev", TRUE, NULL, "fsdriver" },
    { "-audiodev", TRUE, NULL, "driver" },
    /* Known only for their value, which may begin with a dash. */
    { "-serial", TRUE, NULL, "backend" },
    { "-monitor", TRUE, NULL, NULL },
    { "-qmp", TRUE, NULL, NULL },
    { "-global", TRUE, NULL, NULL },
    { "-set", TRUE, NULL, NULL },
};

/* Where an option that others refer to by its id is found. */
static void
remember(VccwNative *native, VccwOption *option)
{
    const char *id = vccw_option_get(option, "id");

    if (!id) {
        id = vccw_option_get(option, "node-name");
    }
    if (id && strcmp(option->name, "-device") != 0) {
        char *key = g_strdup_printf("%s %s", option->name, id);

        if (!g_hash_table_insert(native->backends, key, option)) {
            option->used = FALSE; /* the id is there twice: QEMU will say so */
        }
    }
}

static void
keep_option(VccwNative *native, VccwOption *option)
{
    g_ptr_array_add(native->options, option);
    remember(native, option);
}

static gboolean
fail(GError **error, const char *word, const char *what)
{
    g_autofree char *quoted = vccw_quote(word, VCCW_QUOTE_VALUE);

    g_set_error(error, VCCW_ERROR, VCCW_ERROR_INVALID_ARG,
                "The command line cannot be read at %s: %s", quoted, what);
    return FALSE;
}

static gboolean
read_known(VccwNative *native, char ***at, guint row, GError **error)
{
    const char *name = **at;
    const char *text = NULL;
    VccwOption *keep = NULL;

    if (OPTIONS[row].has_value) {
        text = *++*at;
        if (!text) {
            return fail(error, name, "its value is missing");
        }
    }
    if (OPTIONS[row].take) {
        OPTIONS[row].take(native, text, &keep);
    } else {
        keep = vccw_option_new(OPTIONS[row].name, text, OPTIONS[row].first);
    }
    if (keep) {
        keep_option(native, keep);
    }
    return TRUE;
}

static gboolean
read_option(VccwNative *native, char ***at, GError **error)
{
    const char *word = **at;
    const char *name = g_str_has_prefix(word, "--") ? word + 1 : word;

    if (*word != '-' || !name[1]) {
        return fail(error, word,
                    "this is no option; write the disk as -drive file=…,if=virtio");
    }
    for (guint i = 0; i < G_N_ELEMENTS(OPTIONS); i++) {
        if (!strcmp(OPTIONS[i].name, name)) {
            return read_known(native, at, i, error);
        }
    }
    if ((*at)[1] && *(*at)[1] != '-') {
        keep_whole(native, word, *++*at);
    } else {
        keep_whole(native, word, NULL);
    }
    return TRUE;
}

static gboolean
is_assignment(const char *word)
{
    const char *equals = strchr(word, '=');

    for (const char *p = word; equals && p < equals; p++) {
        if (!g_ascii_isalpha(*p) && *p != '_' && (p == word || !g_ascii_isdigit(*p))) {
            return FALSE;
        }
    }
    return equals && equals > word;
}

static gboolean
read_program(VccwNative *native, char ***at, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *quoted = NULL;

    for (; **at && is_assignment(**at); ++*at) {
        g_ptr_array_add(native->env, **at);
    }
    if (!**at) {
        return fail(error, "", "it has no words");
    }
    native->program = *(*at)++;
    name = g_path_get_basename(native->program);
    if (!strcmp(name, "qemu-system-s390x") || !strcmp(name, "qemu-kvm") ||
        !strcmp(name, "kvm")) {
        return TRUE;
    }
    quoted = vccw_quote(name, VCCW_QUOTE_VALUE);
    g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                "The command runs %s, which is no QEMU for s390x; it must begin with "
                "qemu-system-s390x or qemu-kvm, and may have a folder before it",
                quoted);
    return FALSE;
}

static void
free_option(gpointer data)
{
    vccw_option_free(data);
}

gboolean
vccw_native_read(VccwNative *native, char **words, GError **error)
{
    *native = (VccwNative){
        .env = g_ptr_array_new(),
        .options = g_ptr_array_new_with_free_func(free_option),
        .backends = g_hash_table_new_full(vccw_hash_string, g_str_equal, g_free, NULL),
    };
    if (!read_program(native, &words, error)) {
        return FALSE;
    }
    for (; *words; words++) {
        if (!read_option(native, &words, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

void
vccw_native_clear(VccwNative *native)
{
    if (native->options) {
        g_ptr_array_unref(native->options);
        g_ptr_array_unref(native->env);
        g_hash_table_unref(native->backends);
    }
    g_free(native->name);
    g_free(native->machine);
    g_free(native->cpu);
    g_free(native->boot);
    g_free(native->loadparm);
    g_free(native->aes);
    g_free(native->dea);
}

VccwOption *
vccw_native_find(const VccwNative *native, const char *kind, const char *id)
{
    g_autofree char *key = id ? g_strdup_printf("%s %s", kind, id) : NULL;
    VccwOption *option = key ? g_hash_table_lookup(native->backends, key) : NULL;

    return option && !option->used ? option : NULL;
}
