/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every question has an id, and the table says what is done with its answer. An answer
 * that is an error (an older QEMU lacks a device, or a command) adds nothing: what nobody
 * said it can do, it cannot.
 */

#include "qemu/answers.h"

#include "base/quote.h"
#include "mdev/json-text.h"

#include <stdlib.h>
#include <string.h>
#include <virtccw/error.h>

#define ASK(id, command) "{\"execute\":\"" command "\",\"id\":\"" id "\"}\n"
#define ASK_TYPE(id, command, type)                                                      \
    "{\"execute\":\"" command "\",\"id\":\"" id "\",\"arguments\":{\"typename\":\"" type \
    "\"}}\n"

const char VCCW_QEMU_QUESTIONS[] = /* clang-format off */
    ASK("hello", "qmp_capabilities")
    ASK("version", "query-version")
    ASK("target", "query-target")
    ASK("kvm", "query-kvm")
    ASK("machines", "query-machines")
    ASK("cpus", "query-cpu-definitions")
    ASK("types", "qom-list-types")
    ASK_TYPE("p:vfio-ccw", "device-list-properties", "vfio-ccw")
    ASK_TYPE("p:virtio-blk-ccw", "device-list-properties", "virtio-blk-ccw")
    ASK_TYPE("p:virtio-net-ccw", "device-list-properties", "virtio-net-ccw")
    ASK_TYPE("p:virtio-balloon-ccw", "device-list-properties", "virtio-balloon-ccw")
    ASK_TYPE("p:machine", "qom-list-properties", "s390-ccw-machine")
    ASK("bye", "quit"); /* clang-format on */

/* The value of a member of an object, as JSON. Returns: whether it is there. */
static gboolean
member(const VccwJsonText *object, const char *name, VccwJsonText *ret_value)
{
    g_autoptr(GArray) members = vccw_json_members(object);
    gsize length = strlen(name);

    for (guint i = 0; members && i < members->len; i++) {
        const VccwJsonMember *m = &g_array_index(members, VccwJsonMember, i);

        if (m->name.length == length + 2 && !memcmp(m->name.start + 1, name, length)) {
            *ret_value = m->value;
            return TRUE;
        }
    }
    return FALSE;
}

static char *
string_of(const VccwJsonText *object, const char *name)
{
    VccwJsonText value;

    return member(object, name, &value) ? vccw_json_string(&value) : NULL;
}

static guint
number_of(const VccwJsonText *object, const char *name)
{
    VccwJsonText value;

    if (!member(object, name, &value) || !g_ascii_isdigit(*value.start)) {
        return 0;
    }
    return MIN(strtoul(value.start, NULL, 10), G_MAXINT);
}

static gboolean
is_true(const VccwJsonText *object, const char *name)
{
    VccwJsonText value;

    return member(object, name, &value) && value.length == 4 &&
           !memcmp(value.start, "true", 4);
}

static void
take_version(VccwQemu *qemu, const char *id, const VccwJsonText *answer)
{
    VccwJsonText numbers;

    if (member(answer, "qemu", &numbers)) {
        qemu->version = number_of(&numbers, "major") * 1000000 +
                        number_of(&numbers, "minor") * 1000 +
                        number_of(&numbers, "micro");
    }
}

static void
take_target(VccwQemu *qemu, const char *id, const VccwJsonText *answer)
{
    g_free(qemu->arch);
    qemu->arch = string_of(answer, "arch");
}

static void
take_kvm(VccwQemu *qemu, const char *id, const VccwJsonText *answer)
{
    qemu->kvm = is_true(answer, "present");
    qemu->kvm_enabled = qemu->kvm && is_true(answer, "enabled");
}

static void
take_machines(VccwQemu *qemu, const char *id, const VccwJsonText *answer)
{
    g_autoptr(GArray) rows = vccw_json_elements(answer);

    for (guint i = 0; rows && i < rows->len; i++) {
        const VccwJsonText *row = &g_array_index(rows, VccwJsonText, i);
        g_autofree char *name = string_of(row, "name");
        VccwQemuMachine *machine;

        if (!name || !strcmp(name, "none")) {
            continue;
        }
        machine = g_new0(VccwQemuMachine, 1);
        machine->name = g_steal_pointer(&name);
        machine->alias = string_of(row, "alias");
        machine->cpus_max = number_of(row, "cpu-max");
        g_ptr_array_add(qemu->machines, machine);
        if (is_true(row, "is-default")) {
            qemu->default_machine = machine->name;
        }
    }
}

static void
take_cpus(VccwQemu *qemu, const char *id, const VccwJsonText *answer)
{
    g_autoptr(GArray) rows = vccw_json_elements(answer);

    for (guint i = 0; rows && i < rows->len; i++) {
        char *name = string_of(&g_array_index(rows, VccwJsonText, i), "name");

        if (name) {
            g_ptr_array_add(qemu->cpu_models, name);
        }
    }
}

static void
take_types(VccwQemu *qemu, const char *id, const VccwJsonText *answer)
{
    g_autoptr(GArray) rows = vccw_json_elements(answer);

    for (guint i = 0; rows && i < rows->len; i++) {
        char *name = string_of(&g_array_index(rows, VccwJsonText, i), "name");

        if (name) {
            g_hash_table_add(qemu->types, name);
        }
    }
}

static void
take_properties(VccwQemu *qemu, const char *id, const VccwJsonText *answer)
{
    g_autoptr(GArray) rows = vccw_json_elements(answer);

    for (guint i = 0; rows && i < rows->len; i++) {
        g_autofree char *name = string_of(&g_array_index(rows, VccwJsonText, i), "name");

        if (name) {
            g_hash_table_add(qemu->properties, g_strdup_printf("%s.%s", id + 2, name));
        }
    }
}

static const struct {
    const char *id; /* "p:" stands for every id that begins so */
    void (*take)(VccwQemu *qemu, const char *id, const VccwJsonText *answer);
} ANSWERS[] = {
    { "version", take_version },   { "target", take_target }, { "kvm", take_kvm },
    { "machines", take_machines }, { "cpus", take_cpus },     { "types", take_types },
    { "p:", take_properties },
};

static void
take_line(VccwQemu *qemu, const char *line, gsize length)
{
    VccwJsonText whole, answer;
    g_autofree char *id = NULL;

    if (!vccw_json_check(line, length, &whole, NULL)) {
        return;
    }
    id = string_of(&whole, "id");
    if (!id || !member(&whole, "return", &answer)) {
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(ANSWERS); i++) {
        if (!strcmp(ANSWERS[i].id, id) ||
            (!strcmp(ANSWERS[i].id, "p:") && g_str_has_prefix(id, "p:"))) {
            ANSWERS[i].take(qemu, id, &answer);
        }
    }
}

static void
machine_free(gpointer data)
{
    VccwQemuMachine *machine = data;

    g_free(machine->name);
    g_free(machine->alias);
    g_free(machine);
}

static VccwQemu *
new_qemu(const char *program)
{
    VccwQemu *qemu = g_atomic_rc_box_new0(VccwQemu);

    qemu->program = g_strdup(program);
    qemu->machines = g_ptr_array_new_with_free_func(machine_free);
    qemu->machine_names = g_ptr_array_new();
    qemu->cpu_models = g_ptr_array_new_with_free_func(g_free);
    qemu->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    qemu->properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return qemu;
}

static void
clear_qemu(gpointer data)
{
    VccwQemu *qemu = data;

    g_free(qemu->program);
    g_free(qemu->arch);
    g_ptr_array_unref(qemu->machines);
    g_ptr_array_unref(qemu->machine_names);
    g_ptr_array_unref(qemu->cpu_models);
    g_hash_table_unref(qemu->types);
    g_hash_table_unref(qemu->properties);
}

VccwQemu *
vccw_qemu_ref(VccwQemu *qemu)
{
    return g_atomic_rc_box_acquire(qemu);
}

void
vccw_qemu_unref(VccwQemu *qemu)
{
    if (qemu) {
        g_atomic_rc_box_release_full(qemu, clear_qemu);
    }
}

/* The number behind the last dash, so that 10.0 comes after 9.2. */
static double
machine_number(const char *name)
{
    const char *dash = strrchr(name, '-');
    double major = dash ? g_ascii_strtod(dash + 1, NULL) : 0;
    const char *dot = dash ? strchr(dash, '.') : NULL;

    return (int)major * 1000 + (dot ? strtol(dot + 1, NULL, 10) : 0);
}

static int
newest_first(gconstpointer a, gconstpointer b)
{
    double one = machine_number(*(const char *const *)a);
    double other = machine_number(*(const char *const *)b);

    return one < other ? 1 : one > other ? -1 : 0;
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_in_order(VccwQemu *qemu)
{
    for (guint i = 0; i < qemu->machines->len; i++) {
        VccwQemuMachine *machine = g_ptr_array_index(qemu->machines, i);

        g_ptr_array_add(qemu->machine_names, machine->name);
    }
    g_ptr_array_sort(qemu->machine_names, newest_first);
    g_ptr_array_add(qemu->machine_names, NULL);
    g_ptr_array_sort(qemu->cpu_models, by_name);
    g_ptr_array_add(qemu->cpu_models, NULL);
}

VccwQemu *
vccw_understand_qemu(const char *program, const char *answers, GError **error)
{
    g_autoptr(VccwQemu) qemu = new_qemu(program);

    for (const char *line = answers; *line;) {
        gsize length = strcspn(line, "\n");

        take_line(qemu, line, length);
        line += length + (line[length] == '\n');
    }
    if (!qemu->arch || qemu->version == 0) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "'%s' does not answer as QEMU does; name a qemu-system-s390x in "
                    "<emulator>",
                    program);
        return NULL;
    }
    if (qemu->version < 4002000) {
        g_set_error(error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                    "'%s' is QEMU %u.%u; 4.2 or newer is needed", program,
                    qemu->version / 1000000, qemu->version / 1000 % 1000);
        return NULL;
    }
    put_in_order(qemu);
    return g_steal_pointer(&qemu);
}
