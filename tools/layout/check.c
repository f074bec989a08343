/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Checks the layouts of src/module/layout.c against the libvirt that is there: calls what
 * each entry is for through the API, and sees which place of the table is reached.
 *
 * The functions are called without knowing their types: with the object that they are
 * about, and then numbers and addresses in several mixtures, each in a child process, for
 * some of these are wrong and end it. A call that reaches a place proves that place; that
 * none does proves nothing.
 *
 *   check-layout [--print] [FUNCTION...]
 *
 * Each FUNCTION of the API that has no entry in the layout must not reach one.
 */

#include "module/layout.h"
#include "probe.h"
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    void *libraries[3];
    virConnectPtr conn;
    gpointer objects[5]; /* connection, domain, node device, snapshot, checkpoint */
    VccwProbe *probe;
    VccwProbe **told; /* the driver's variable */
    gboolean print;
    guint proved, wrong, open;
} Check;

typedef gpointer (*Function)(gpointer object, ...);

static char *uri; /* of the probe */

/* Opening and closing are about a connection of their own. */
static gpointer
open_one(gpointer object, ...)
{
    return virConnectOpen(uri);
}

static Check *closing; /* the one who closes */

static gpointer
close_one(gpointer object, ...)
{
    virConnectPtr conn = virConnectOpen(uri);

    memset(closing->probe, 0, sizeof(*closing->probe));
    virConnectClose(conn);
    return NULL;
}

/* Zero, one, the address of zeroed memory, the address of a string, with a uuid's length.
 */
static const char *const mixtures[] = {
    "0000000", "s000000", "m000000", "1000000", "mm00000", "sm00000", "s1m1000",
    "ms10000", "ss00000", "m1m1000", "m100000", "1m00000", "mmm0000", "sss0000",
    "smm1000", "0m00000", "00m0000", "0s00000", "s0m1000", "ssm1000", "11m0000",
    "m0m1000", "sm1m100", "01m1m00", "1s00000", "f0m0000", "ff00000", "0f00000",
    "1111111", "s1s1000", "s11m000", "11mm000", "m10m000", "sfm0000", "0ff0000"
};

static void
on_event(void)
{
}

static gpointer
argument(char kind)
{
    static char memory[65536];
    static char text[64] = "text";

    switch (kind) {
    case '1':
        return GINT_TO_POINTER(1);
    case 'm':
        return memory;
    case 's':
        return text;
    case 'f':
        return (gpointer)on_event;
    default:
        return NULL;
    }
}

static gpointer
find(Check *check, const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(check->libraries); i++) {
        gpointer found = check->libraries[i] ? dlsym(check->libraries[i], name) : NULL;

        if (found)
            return found;
    }
    return NULL;
}

/* The API's function of an entry: "nodeDeviceCreate" is virNodeDeviceCreate(). */
static gpointer
function_of(Check *check, const char *entry)
{
    g_autofree char *name = g_strconcat("vir", entry, NULL);

    if (g_str_equal(entry, "connectOpen"))
        return (gpointer)open_one;
    if (g_str_equal(entry, "connectClose"))
        return (gpointer)close_one;
    name[3] = g_ascii_toupper(name[3]);
    return find(check, name);
}

static void
call(Check *check, Function function, gpointer object, const char *mixture)
{
    pid_t child = fork();

    if (child == 0) {
        struct rlimit none = { 0, 0 };

        setrlimit(RLIMIT_CORE, &none);
        alarm(2);
        *check->told = check->probe;
        function(object, argument(mixture[0]), argument(mixture[1]), argument(mixture[2]),
                 argument(mixture[3]), argument(mixture[4]), argument(mixture[5]),
                 argument(mixture[6]));
        _exit(0);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

/* Whether the call reached the place; another one may have been asked before. */
static gboolean
has_reached(const VccwProbe *probe, VccwTableKind kind, guint place)
{
    for (guint i = 0; i < probe->n; i++)
        if (probe->hits[i].kind == kind && probe->hits[i].place == place)
            return TRUE;
    return FALSE;
}

/* Which objects a function may be about, the likeliest first. */
static const char *
likely_objects(const char *entry)
{
    if (g_str_has_prefix(entry, "domainSnapshot") || strstr(entry, "Snapshot"))
        return "310";
    if (g_str_has_prefix(entry, "domainCheckpoint") || strstr(entry, "Checkpoint"))
        return "410";
    if (g_str_has_prefix(entry, "domain"))
        return "10";
    if (g_str_has_prefix(entry, "nodeDevice"))
        return "20";
    return "01";
}

typedef enum { OPEN, PROVED, WRONG } Verdict;

/* Entries that were asked before the right one are no proof against the layout. */
static gboolean
is_question(GPtrArray *names, guint place)
{
    return place < names->len &&
           (g_str_equal(names->pdata[place], "connectSupportsFeature") ||
            g_str_equal(names->pdata[place], "domainGetInfo"));
}

static Verdict
judge(Check *check, VccwTableKind kind, guint place, GPtrArray *hypervisor)
{
    if (check->probe->n == 0)
        return OPEN;
    if (has_reached(check->probe, kind, place))
        return PROVED;
    for (guint i = 0; i < check->probe->n; i++)
        if (check->probe->hits[i].kind != VCCW_TABLE_HYPERVISOR ||
            !is_question(hypervisor, check->probe->hits[i].place))
            return WRONG;
    return OPEN;
}

static Verdict
try_entry(Check *check,
          VccwTableKind kind,
          guint place,
          const char *entry,
          GPtrArray *hypervisor)
{
    gpointer function = function_of(check, entry);
    Verdict verdict = OPEN;

    if (!function)
        return OPEN;
    for (const char *object = likely_objects(entry); *object; object++) {
        for (gsize i = 0; i < G_N_ELEMENTS(mixtures); i++) {
            memset(check->probe, 0, sizeof(*check->probe));
            call(check, (Function)function, check->objects[*object - '0'], mixtures[i]);
            verdict = judge(check, kind, place, hypervisor);
            if (verdict != OPEN)
                return verdict;
        }
    }
    return verdict;
}

static void
report(Check *check, guint place, const char *entry, Verdict verdict)
{
    if (verdict == PROVED)
        check->proved++;
    else if (verdict == WRONG)
        check->wrong++;
    else
        check->open++;
    if (verdict == WRONG)
        printf("%3u %-42s WRONG: place %u of the %s table was reached\n", place, entry,
               check->probe->hits[0].place,
               check->probe->hits[0].kind == VCCW_TABLE_HYPERVISOR ? "hypervisor"
                                                                   : "node device");
    else if (check->print)
        printf("%3u %-42s %s\n", place, entry, verdict == PROVED ? "ok" : "not reached");
}

static void
check_table(Check *check, VccwTableKind kind, gulong version)
{
    g_autoptr(GPtrArray) names = vccw_layout_names(kind, version);
    g_autoptr(GPtrArray) hypervisor = vccw_layout_names(VCCW_TABLE_HYPERVISOR, version);

    for (guint i = 1; i < names->len; i++)
        report(check, i, names->pdata[i],
               try_entry(check, kind, i, names->pdata[i], hypervisor));
}

/* A function that no layout has an entry for, and that reaches one all the same. */
static void
check_unknown(Check *check, const char *name, gulong version)
{
    GPtrArray *tables[] = { vccw_layout_names(VCCW_TABLE_HYPERVISOR, version),
                            vccw_layout_names(VCCW_TABLE_NODE_DEVICE, version) };
    g_autofree char *entry = g_strdup(name + strlen("vir"));

    entry[0] = g_ascii_tolower(entry[0]);
    for (guint kind = 0; kind < G_N_ELEMENTS(tables); kind++)
        if (g_ptr_array_find_with_equal_func(tables[kind], entry, g_str_equal, NULL))
            goto out;
    try_entry(check, VCCW_TABLE_HYPERVISOR, G_MAXUINT, entry, tables[0]);
    for (guint i = 0; i < check->probe->n; i++) {
        guint kind = check->probe->hits[i].kind, place = check->probe->hits[i].place;

        if (place < tables[kind]->len)
            continue;
        printf("%3u %-42s WRONG: the layout of the %s table ends before\n", place, entry,
               kind == VCCW_TABLE_HYPERVISOR ? "hypervisor" : "node device");
        check->wrong++;
    }
out:
    g_ptr_array_unref(tables[0]);
    g_ptr_array_unref(tables[1]);
}

static void
check_part(Check *check, const char *what, const char *part, gboolean right, gsize place)
{
    if (right) {
        check->proved++;
        return;
    }
    printf("a %s does not have its %s at byte %zu\n", what, part, place);
    check->wrong++;
}

static void
check_object(Check *check, const char *what, gconstpointer object)
{
    const VccwLayoutDomain *seen = object;

    check_part(check, what, "connection", seen && seen->connection == check->conn,
               offsetof(VccwLayoutDomain, connection));
}

/* virDomainEventMetadataChangeNewFromDom() reads these of what the module hands it. */
static void
check_domain(Check *check, virDomainPtr domain)
{
    const VccwLayoutDomain *seen = (gconstpointer)domain;
    guchar uuid[VIR_UUID_BUFLEN];

    if (!domain)
        return;
    virDomainGetUUID(domain, uuid);
    check_part(check, "domain", "name",
               seen->name && virDomainGetName(domain) == seen->name,
               offsetof(VccwLayoutDomain, name));
    check_part(check, "domain", "number", virDomainGetID(domain) == (guint)seen->id,
               offsetof(VccwLayoutDomain, id));
    check_part(check, "domain", "UUID", memcmp(seen->uuid, uuid, sizeof uuid) == 0,
               offsetof(VccwLayoutDomain, uuid));
}

/* Functions of libvirt's that make its objects. */
static gboolean
make_objects(Check *check)
{
    static const guchar uuid[VIR_UUID_BUFLEN] = { 1 };
    virDomainPtr (*domain)(virConnectPtr, const char *, const guchar *, int) =
        find(check, "virGetDomain");
    virNodeDevicePtr (*device)(virConnectPtr, const char *) =
        find(check, "virGetNodeDevice");
    gpointer (*snapshot)(virDomainPtr, const char *) =
        find(check, "virGetDomainSnapshot");
    gpointer (*checkpoint)(virDomainPtr, const char *) =
        find(check, "virGetDomainCheckpoint");

    if (!domain || !device || !snapshot || !checkpoint)
        return FALSE;
    check->objects[0] = check->conn;
    check->objects[1] = domain(check->conn, "text", uuid, 1);
    check->objects[2] = device(check->conn, "text");
    check->objects[3] = snapshot(check->objects[1], "text");
    check->objects[4] = checkpoint(check->objects[1], "text");
    check_object(check, "domain", check->objects[1]);
    check_object(check, "node device", check->objects[2]);
    check_domain(check, check->objects[1]);
    return TRUE;
}

static void
be_quiet(void *data, virErrorPtr error)
{
}

static gboolean
set_up(Check *check)
{
    g_autofree char *root = g_dir_make_tmp("virtccw-layout-XXXXXX", NULL);

    uri = g_strdup_printf("probe:///embed?root=%s", root);
    closing = check;
    virSetErrorFunc(NULL, be_quiet);
    check->libraries[0] = dlopen("libvirt.so.0", RTLD_NOW);
    check->libraries[1] = dlopen("libvirt-qemu.so.0", RTLD_NOW);
    check->libraries[2] = dlopen("libvirt-lxc.so.0", RTLD_NOW);
    check->probe = mmap(NULL, sizeof(VccwProbe), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (check->probe == MAP_FAILED || virEventRegisterDefaultImpl() < 0)
        return FALSE;
    check->conn = virConnectOpen(uri);
    rmdir(root);
    /* libvirt has loaded it for all to see */
    check->told = dlsym(RTLD_DEFAULT, "vccw_probe");
    return check->conn && check->told && make_objects(check);
}

int
main(int argc, char **argv)
{
    Check check = { .print = argc > 1 && g_str_equal(argv[1], "--print") };
    g_autoptr(GError) error = NULL;
    unsigned long version = 0, other;

    if (virGetVersion(&version, NULL, NULL) < 0 || !set_up(&check)) {
        fprintf(stderr, "check-layout: cannot open the probe: %s\n",
                virGetLastErrorMessage());
        return 2;
    }
    other = version;
    if (!vccw_layout_check(version, &error)) {
        printf("%s\nChecking the layout of 12.8.0 against it.\n", error->message);
        other = 12008000;
    }
    check_table(&check, VCCW_TABLE_HYPERVISOR, other);
    check_table(&check, VCCW_TABLE_NODE_DEVICE, other);
    for (int i = 1; i < argc; i++)
        if (g_str_has_prefix(argv[i], "vir"))
            check_unknown(&check, argv[i], other);
    printf("libvirt %lu.%lu.%lu: %u ok, %u wrong, %u not reached\n", version / 1000000,
           version / 1000 % 1000, version % 1000, check.proved, check.wrong, check.open);
    return check.wrong > 0;
}
