/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What each QEMU program can do, asked once.
 *
 * An answer belongs to one version of one file: as soon as the file's stamp differs, the
 * program is asked anew. The lock covers only the table: while one thread asks, others
 * who want the same program wait for it, and nobody else does. A failure is not kept, but
 * that of a program that hangs is for some seconds: whoever waits for the same is spared
 * to wait once more.
 *
 * Whether there is KVM is no property of the file, and looked at each time.
 */

#include "base/io-private.h"
#include "qemu/answers.h"
#include "qemu/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <virtccw/error.h>

#define TIMEOUT_MS 20000
#define SILENCE_US (10 * G_USEC_PER_SEC)

/* One program. */
typedef struct {
    VccwFileStamp stamp;
    VccwQemu *qemu;      /* NULL before the first answer */
    gboolean asking;     /* by some thread */
    GError *silence;     /* it did not answer; NULL when it did */
    gint64 silent_until; /* before that it is not asked again */
} Entry;

const char *vccw_kvm_device = "/dev/kvm";

static GMutex lock;
static GCond answered;
static GHashTable *entries; /* path → Entry; never shrinks: a host has few programs */

static Entry *
entry_of(const char *path)
{
    Entry *entry;

    if (!entries) {
        entries = g_hash_table_new(g_str_hash, g_str_equal);
    }
    entry = g_hash_table_lookup(entries, path);
    if (!entry) {
        entry = g_new0(Entry, 1);
        g_hash_table_insert(entries, g_strdup(path), entry);
    }
    return entry;
}

/* Waits while another thread asks. Returns: its answer; NULL with its error, or without
 * one if the caller is to ask. */
static VccwQemu *
answer_or_turn(const char *path, const VccwFileStamp *stamp, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    Entry *entry = entry_of(path);

    while (entry->asking) {
        g_cond_wait(&answered, &lock);
    }
    if (vccw_file_stamp_equal(&entry->stamp, stamp)) {
        if (entry->qemu) {
            return vccw_qemu_ref(entry->qemu);
        }
        if (entry->silence && g_get_monotonic_time() < entry->silent_until) {
            g_propagate_error(error, g_error_copy(entry->silence));
            return NULL;
        }
    }
    entry->asking = TRUE;
    return NULL;
}

/* @qemu: NULL after @failure */
static void
keep(const char *path, const VccwFileStamp *stamp, VccwQemu *qemu, const GError *failure)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    Entry *entry = entry_of(path);

    g_clear_pointer(&entry->qemu, vccw_qemu_unref);
    g_clear_error(&entry->silence);
    entry->stamp = *stamp;
    if (qemu) {
        entry->qemu = vccw_qemu_ref(qemu);
    } else if (g_error_matches(failure, VCCW_ERROR, VCCW_ERROR_TIMEOUT)) {
        entry->silence = g_error_copy(failure);
        entry->silent_until = g_get_monotonic_time() + SILENCE_US;
    }
    entry->asking = FALSE;
    g_cond_broadcast(&answered);
}

static char *
find(const char *program, VccwFileStamp *ret_stamp, GError **error)
{
    g_autofree char *path = g_find_program_in_path(program);
    struct stat st;

    if (!path || !g_path_is_absolute(path) || stat(path, &st) != 0) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "There is no program '%s' that can be run; install QEMU for s390x "
                    "(qemu-system-s390x), or name it in <emulator>",
                    program);
        return NULL;
    }
    *ret_stamp = vccw_file_stamp(&st);
    return g_steal_pointer(&path);
}

static gboolean
is_kvm_there(void)
{
    g_auto(VccwFd) fd = open(vccw_kvm_device, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    return fd >= 0;
}

static VccwQemu *
ask(const char *path, GError **error)
{
    gboolean kvm = is_kvm_there();
    g_autofree char *answers =
        vccw_ask_qemu(path, VCCW_QEMU_QUESTIONS, TIMEOUT_MS, error);
    VccwQemu *qemu = answers ? vccw_understand_qemu(path, answers, error) : NULL;

    if (qemu) {
        qemu->kvm_fails = kvm && !qemu->kvm_enabled;
    }
    return qemu;
}

VccwQemu *
vccw_qemu_probe(const char *program, GError **error)
{
    VccwFileStamp stamp;
    g_autofree char *path = find(program, &stamp, error);
    g_autoptr(GError) local = NULL;
    VccwQemu *qemu;

    if (!path) {
        return NULL;
    }
    qemu = answer_or_turn(path, &stamp, &local);
    if (!qemu && !local) {
        qemu = ask(path, &local);
        keep(path, &stamp, qemu, local);
    }
    if (!qemu) {
        g_propagate_error(error, g_steal_pointer(&local));
    }
    return qemu;
}

const char *
vccw_qemu_program(const VccwQemu *qemu)
{
    return qemu->program;
}

guint
vccw_qemu_version(const VccwQemu *qemu)
{
    return qemu->version;
}

const char *
vccw_qemu_arch(const VccwQemu *qemu)
{
    return qemu->arch;
}

gboolean
vccw_qemu_has_kvm(const VccwQemu *qemu)
{
    return qemu->kvm && !qemu->kvm_fails && is_kvm_there();
}

gboolean
vccw_qemu_has(const VccwQemu *qemu, const char *type)
{
    return g_hash_table_contains(qemu->types, type);
}

gboolean
vccw_qemu_has_property(const VccwQemu *qemu, const char *type, const char *name)
{
    g_autofree char *key = g_strdup_printf("%s.%s", type, name);

    return g_hash_table_contains(qemu->properties, key);
}

static const VccwQemuMachine *
find_machine(const VccwQemu *qemu, const char *name)
{
    for (guint i = 0; i < qemu->machines->len; i++) {
        const VccwQemuMachine *machine = g_ptr_array_index(qemu->machines, i);

        if (!strcmp(machine->name, name) || !g_strcmp0(machine->alias, name)) {
            return machine;
        }
    }
    return NULL;
}

const char *
vccw_qemu_machine(const VccwQemu *qemu, const char *name)
{
    const VccwQemuMachine *machine = name ? find_machine(qemu, name) : NULL;

    return name ? (machine ? machine->name : NULL) : qemu->default_machine;
}

const char *const *
vccw_qemu_machines(const VccwQemu *qemu)
{
    return (const char *const *)qemu->machine_names->pdata;
}

const char *
vccw_qemu_machine_alias(const VccwQemu *qemu, const char *name)
{
    const VccwQemuMachine *machine = find_machine(qemu, name);

    return machine ? machine->alias : NULL;
}

guint
vccw_qemu_cpus_max(const VccwQemu *qemu, const char *name)
{
    const VccwQemuMachine *machine = find_machine(qemu, name);

    return machine ? machine->cpus_max : 0;
}

const char *const *
vccw_qemu_cpu_models(const VccwQemu *qemu)
{
    return (const char *const *)qemu->cpu_models->pdata;
}

VccwQemuForm
vccw_qemu_form(const VccwQemu *qemu)
{
    return qemu->version >= 6002000 ? VCCW_QEMU_FORM_JSON : VCCW_QEMU_FORM_LEGACY;
}
