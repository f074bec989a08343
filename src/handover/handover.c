/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a subchannel is on its way to is written down before its first step. Then there
 * are only two ways, each of which can be begun anywhere: a step that fails is undone by
 * going the other one, and what a killed process left is settled by going either.
 */

#include "handover/handover.h"

#include "base/io.h"
#include "base/process.h"
#include "handover/override.h"
#include "handover/state.h"
#include "handover/steps.h"
#include "handover/use.h"

#include <unistd.h>
#include <virtccw/error.h>
#include <virtccw/mdev.h>

/* Puts "cannot take css_0_0_0004: " before @problem, and what came of it behind. */
static gboolean
fail(VccwHand *hand, const char *verb, GError *problem, const char *end, GError **error)
{
    g_autoptr(GError) owned = problem;
    int code = owned->domain == VCCW_ERROR ? owned->code : VCCW_ERROR_OPERATION_FAILED;

    g_set_error(error, VCCW_ERROR, code, "cannot %s %s: %s%s", verb, hand->name,
                owned->message, end);
    return FALSE;
}

static GError *
missing(VccwHand *hand)
{
    return g_error_new(VCCW_ERROR, VCCW_ERROR_DEVICE_MISSING,
                       "the host has no subchannel %s", hand->bus_id);
}

/* -- may it be taken? -- */

static GError *
judge_kind(VccwHand *hand)
{
    g_autofree char *type = vccw_hand_attr(hand, "type");
    g_autofree char *kind = NULL;

    if (!vccw_hand_exists(hand))
        return missing(hand);
    if (type && !g_str_equal(type, "0"))
        return g_error_new(VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                           "it is no I/O subchannel (its type is %s)", type);
    if (vccw_use_is_qdio(hand->host, &hand->look, &hand->id, &kind))
        return g_error_new(VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                           "its device (%s) works in QDIO mode, which vfio_ccw cannot "
                           "pass through",
                           kind);
    return NULL;
}

/* An administrator who wants the host, or another driver, to have it. */
static GError *
judge_override(VccwHand *hand, const char *stored)
{
    g_autofree char *now = vccw_hand_override(hand);
    const char *other = stored ? stored : now;

    if (!other || g_str_equal(other, VCCW_HANDOVER_DRIVER))
        return NULL;
    return g_error_new(VCCW_ERROR, VCCW_ERROR_OPERATION_INVALID,
                       "its driver override says '%s'; if vfio_ccw is to have it, detach "
                       "it (virsh nodedev-detach %s)",
                       other, hand->name);
}

static GError *
judge_use(VccwHand *hand)
{
    g_autoptr(GPtrArray) users = NULL;
    g_autofree char *device = vccw_use_device(&hand->look, hand->sysfs, &hand->id);
    g_autofree char *names = NULL;
    GError *problem = NULL;

    if (!vccw_use_find(hand->host, &hand->id, &users, &problem))
        return problem;
    if (!users->len)
        return NULL;
    names = vccw_use_join(users);
    return g_error_new(VCCW_ERROR, VCCW_ERROR_BUSY,
                       "the host uses its device %s: %s; end that first", device, names);
}

/* Returns: (transfer full) (nullable): why it cannot be taken. */
static GError *
judge(VccwHand *hand, VccwHandoverBy by, const char *stored)
{
    GError *problem = judge_kind(hand);
    GError *unknown = NULL;

    if (!problem && by == VCCW_HANDOVER_BY_START)
        problem = judge_override(hand, stored);
    if (!problem)
        problem = judge_use(hand);
    if (vccw_look_done(&hand->look, &unknown))
        return problem;
    g_clear_error(&problem);
    return unknown;
}

/* -- what is remembered -- */

static char *
device_attr(VccwHand *hand, const char *device, const char *name)
{
    g_autofree char *path = g_build_filename("bus/ccw/devices", device, name, NULL);
    g_autofree char *text = vccw_look_attr(&hand->look, hand->sysfs, path);

    return text && *text ? g_steal_pointer(&text) : NULL;
}

static VccwTaken *
remember(VccwHand *hand, VccwTakenStep step, const char *stored)
{
    VccwTaken *taken = g_new0(VccwTaken, 1);
    g_autofree char *online = NULL;

    taken->step = step;
    taken->override = vccw_hand_override(hand);
    if (!g_strcmp0(taken->override, VCCW_HANDOVER_DRIVER))
        g_clear_pointer(&taken->override, g_free);
    if (g_strcmp0(stored, VCCW_HANDOVER_DRIVER))
        taken->stored = g_strdup(stored);
    taken->device = vccw_use_device(&hand->look, hand->sysfs, &hand->id);
    if (!taken->device)
        return taken;
    online = device_attr(hand, taken->device, "online");
    taken->online = !g_strcmp0(online, "1");
    taken->uid = device_attr(hand, taken->device, "uid");
    taken->cutype = device_attr(hand, taken->device, "cutype");
    taken->devtype = device_attr(hand, taken->device, "devtype");
    return taken;
}

/* Until its mediated device is there, nobody else can tell a start that goes on from one
 * that was killed. */
static void
note_starter(VccwHand *hand)
{
    pid_t pid = hand->host->starter ? hand->host->starter : getpid();

    hand->taken->pid = pid;
    hand->taken->since = vccw_process_start(hand->host->proc, pid);
}

/* For the start of a daemon, which itself starts nothing yet. */
static gboolean
is_being_started(VccwHand *hand)
{
    const VccwTaken *taken = hand->taken;

    return taken->since && taken->pid != getpid() &&
           vccw_process_start(hand->host->proc, taken->pid) == taken->since;
}

static gboolean
save(VccwHand *hand, GError **error)
{
    return vccw_taken_save(hand->host, &hand->id, hand->taken, error);
}

static gboolean
drop(VccwHand *hand, GError **error)
{
    g_clear_pointer(&hand->taken, vccw_taken_free);
    return vccw_taken_drop(hand->host, &hand->id, error);
}

/* -- the two transactions -- */

static gboolean
undo_take(VccwHand *hand, GError *problem, GError **error)
{
    g_autoptr(GError) second = NULL;
    g_autofree char *end = NULL;

    if (vccw_hand_to_host(hand, &second) && drop(hand, &second))
        return fail(hand, "take", problem, " (the host has it, as before)", error);
    end = g_strdup_printf("; and it could not be given back (%s): try again, or "
                          "'virsh nodedev-reattach %s'",
                          second->message, hand->name);
    return fail(hand, "take", problem, end, error);
}

static gboolean
take(VccwHand *hand, GError **error)
{
    GError *problem = NULL;

    if (!vccw_look_done(&hand->look, &problem) || !save(hand, &problem))
        return fail(hand, "take", problem, "", error);
    if (!vccw_hand_to_vfio(hand, &problem))
        return undo_take(hand, problem, error);
    hand->taken->step = VCCW_TAKEN_WHOLE;
    if (!save(hand, &problem)) {
        hand->taken->step = VCCW_TAKEN_TAKING;
        return undo_take(hand, problem, error);
    }
    return TRUE;
}

/* With the host already, but not whole: stays there. Else back to vfio_ccw. */
static gboolean
undo_give(VccwHand *hand, GError *problem, GError **error)
{
    g_autofree char *driver = vccw_hand_driver(hand);
    gboolean with_host = driver && !vccw_hand_is_with_vfio(hand);
    g_autoptr(GError) second = NULL;
    g_autofree char *end = NULL;

    if (vccw_look_done(&hand->look, NULL) && with_host)
        return fail(hand, "give back", problem, "", error);
    if (vccw_hand_to_vfio(hand, &second)) {
        hand->taken->step = VCCW_TAKEN_WHOLE;
        if (save(hand, &second))
            return fail(hand, "give back", problem, " (vfio_ccw has it, as before)",
                        error);
    }
    end = g_strdup_printf("; and vfio_ccw did not get it again (%s): try again",
                          second->message);
    return fail(hand, "give back", problem, end, error);
}

static gboolean
give(VccwHand *hand, GError **error)
{
    GError *problem = NULL;

    hand->taken->step = VCCW_TAKEN_GIVING;
    if (!vccw_look_done(&hand->look, &problem) || !save(hand, &problem))
        return fail(hand, "give back", problem, "", error);
    if (!vccw_hand_to_host(hand, &problem))
        return undo_give(hand, problem, error);
    if (!drop(hand, &problem))
        return fail(hand, "give back", problem, " (but the host has it)", error);
    return TRUE;
}

/* What somebody was killed in the middle of, or has done behind our back. */
static gboolean
settle(VccwHand *hand, GError **error)
{
    gboolean with_vfio = vccw_hand_is_with_vfio(hand);
    gboolean exists = vccw_hand_exists(hand);
    g_autofree char *driver = vccw_hand_driver(hand);

    if (!vccw_look_done(&hand->look, error))
        return FALSE;
    if (!hand->taken)
        return TRUE;
    if (hand->taken->step == VCCW_TAKEN_TAKING && with_vfio) {
        hand->taken->step = VCCW_TAKEN_WHOLE;
        return vccw_hand_to_vfio(hand, error) && save(hand, error);
    }
    if (hand->taken->step == VCCW_TAKEN_WHOLE && with_vfio)
        return TRUE;
    if (hand->taken->step == VCCW_TAKEN_WHOLE && !exists && !hand->taken->by_start)
        return TRUE; /* its paths may come back, and then it is vfio_ccw's */
    if (hand->taken->step == VCCW_TAKEN_WHOLE && !driver && exists)
        return TRUE; /* somebody is at it; how the device was must not be forgotten */
    if (hand->taken->step == VCCW_TAKEN_WHOLE) /* driverctl, or a boot, gave it back */
        return drop(hand, error);
    if (!vccw_hand_to_host(hand, error))
        return FALSE;
    /* A device that does not go online again may be taken all the same, but is to go
     * online when it comes back. */
    if (hand->may_stay_offline && hand->taken->online && !vccw_hand_is_online(hand))
        return TRUE;
    return drop(hand, error);
}

/* vfio_ccw has it: an administrator who wants that wants it for longer. */
static gboolean
claim(VccwHand *hand, const char *stored, GError **error)
{
    GError *problem = NULL;

    if (hand->taken && !hand->taken->by_start && !g_strcmp0(stored, VCCW_HANDOVER_DRIVER))
        return TRUE;
    if (!hand->taken)
        hand->taken = remember(hand, VCCW_TAKEN_WHOLE, stored);
    hand->taken->by_start = FALSE;
    /* Whoever is killed in between has an override, and a start's record, which bows to
     * it. */
    if (!vccw_hand_to_vfio(hand, &problem))
        return fail(hand, "take", problem, "", error);
    if (save(hand, &problem))
        return TRUE;
    vccw_override_store(hand->host, &hand->id, stored, NULL);
    return fail(hand, "take", problem, "", error);
}

static char *
warn(VccwHand *hand)
{
    VccwBusId device;
    g_autofree char *rule = NULL;

    if (!hand->taken || hand->taken->by_start || !hand->taken->device ||
        !vccw_host_bus_id_parse(hand->taken->device, &device, NULL))
        return NULL;
    rule = vccw_use_find_rule(hand->host, &device);
    if (!rule)
        return NULL;
    return g_strdup_printf("%s: the rule '%s' sets device %s online at each boot and "
                           "fights this; remove it with 'chzdev -d -p %s'",
                           hand->name, rule, hand->taken->device, hand->taken->device);
}

/* What each call begins with: nobody else is at it, and nothing is half done. */
static gboolean
begin(VccwHand *hand,
      const VccwHandoverHost *host,
      const VccwBusId *subchannel,
      gboolean take,
      char **ret_stored,
      GError **error)
{
    if (!vccw_hand_init(hand, host, subchannel, TRUE, error))
        return FALSE;
    hand->may_stay_offline = take;
    if (!settle(hand, error))
        return FALSE;
    hand->may_stay_offline = FALSE;
    return vccw_override_load(host, subchannel, ret_stored, error);
}

/* Whether it is the one that is meant. */
static GError *
judge_device(VccwHand *hand, const VccwBusId *device)
{
    g_autofree char *now = device ? vccw_hand_attr(hand, "dev_busid") : NULL;
    g_autofree char *wanted = device ? vccw_bus_id_to_string(device) : NULL;

    if (!now || g_str_equal(now, wanted))
        return NULL;
    return g_error_new(VCCW_ERROR, VCCW_ERROR_CONFLICT,
                       "the I/O configuration has changed meanwhile: it has %s%s now, "
                       "and not %s; try again",
                       g_str_equal(now, "none") ? "no device" : "device ",
                       g_str_equal(now, "none") ? "" : now, wanted);
}

/* A device that has not come back whole is to be as it was before that. */
static void
keep(VccwHand *hand, const VccwTaken *before)
{
    VccwTaken *taken = hand->taken;
    g_autofree char *device = vccw_hand_attr(hand, "dev_busid");

    if (!before || !before->device || g_strcmp0(before->device, device) != 0)
        return;
    taken->online |= before->online;
    if (!taken->device)
        taken->device = g_steal_pointer(&device);
    if (!taken->override)
        taken->override = g_strdup(before->override);
    if (!taken->stored)
        taken->stored = g_strdup(before->stored);
    if (!taken->uid)
        taken->uid = g_strdup(before->uid);
}

static gboolean
take_from_host(VccwHand *hand, VccwHandoverBy by, const char *stored, GError **error)
{
    g_autoptr(VccwTaken) before = NULL;
    GError *problem = judge(hand, by, stored);

    if (problem) {
        if (hand->taken && hand->taken->step != VCCW_TAKEN_WHOLE &&
            vccw_hand_to_host(hand, NULL))
            drop(hand, NULL);
        return fail(hand, "take", problem, "", error);
    }
    before = hand->taken;
    hand->taken = remember(hand, VCCW_TAKEN_TAKING, stored);
    keep(hand, before);
    hand->taken->by_start =
        by == VCCW_HANDOVER_BY_START && g_strcmp0(stored, VCCW_HANDOVER_DRIVER) != 0;
    if (hand->taken->by_start)
        note_starter(hand);
    return take(hand, error);
}

/* An earlier start has taken it, and left it behind if its device is not there: now it is
 * this one's. */
static gboolean
take_over(VccwHand *hand, GError **error)
{
    GError *problem = NULL;

    if (!hand->taken || !hand->taken->by_start)
        return TRUE;
    note_starter(hand);
    return save(hand, &problem) || fail(hand, "take", problem, "", error);
}

gboolean
vccw_handover_take(const VccwHandoverHost *host,
                   const VccwBusId *subchannel,
                   const VccwBusId *device,
                   VccwHandoverBy by,
                   gboolean *ret_taken,
                   char **ret_warning,
                   GError **error)
{
    g_auto(VccwHand) hand = { .sysfs = -1, .lock = -1 };
    g_autofree char *stored = NULL;
    GError *problem = NULL;
    gboolean had;

    if (!begin(&hand, host, subchannel, TRUE, &stored, &problem) ||
        (problem = judge_device(&hand, device)) || !vccw_look_done(&hand.look, &problem))
        return fail(&hand, "take", problem, "", error);
    had = vccw_hand_is_with_vfio(&hand);
    if (had && by == VCCW_HANDOVER_BY_ADMIN && !claim(&hand, stored, error))
        return FALSE;
    if (had && by == VCCW_HANDOVER_BY_START && !take_over(&hand, error))
        return FALSE;
    if (!had && !take_from_host(&hand, by, stored, error))
        return FALSE;
    if (ret_taken)
        *ret_taken = !had;
    if (ret_warning)
        *ret_warning = warn(&hand);
    return TRUE;
}

/* Who is active on it, with its user where there is one. */
static GError *
judge_mdevs(VccwHand *hand)
{
    VccwMdevHost host = { hand->host->sysfs, hand->host->dev, hand->host->proc };
    g_autoptr(GArray) uuids = vccw_hand_mdevs(hand);
    VccwNodeName mdev;
    g_autofree char *name = NULL;
    g_autofree char *user = NULL;

    if (!uuids->len)
        return NULL;
    mdev = vccw_node_name_mdev(&g_array_index(uuids, VccwUuid, 0), &hand->id);
    name = vccw_node_name_to_string(&mdev);
    if (!vccw_mdev_find_user(&host, &mdev.uuid, &user))
        return g_error_new(VCCW_ERROR, VCCW_ERROR_BUSY,
                           "%s is active on it; destroy that first", name);
    return g_error_new(VCCW_ERROR, VCCW_ERROR_BUSY,
                       "%s is active on it, and in use by %s; detach it there and "
                       "destroy it first",
                       name, user);
}

/* A start has taken it, and no administrator has claimed it since. */
static gboolean
is_for_start(VccwHand *hand, const char *stored)
{
    return hand->taken && hand->taken->by_start && vccw_hand_is_with_vfio(hand) &&
           g_strcmp0(stored, VCCW_HANDOVER_DRIVER) != 0;
}

static gboolean
is_with_host(VccwHand *hand, const char *stored)
{
    g_autofree char *driver = vccw_hand_driver(hand);
    g_autofree char *override = vccw_hand_override(hand);

    return driver && !vccw_hand_is_with_vfio(hand) && !hand->taken &&
           g_strcmp0(stored, VCCW_HANDOVER_DRIVER) != 0 &&
           g_strcmp0(override, VCCW_HANDOVER_DRIVER) != 0;
}

static gboolean
give_to_host(VccwHand *hand, const char *stored, GError **error)
{
    GError *problem = vccw_hand_exists(hand) ? judge_mdevs(hand) : missing(hand);
    GError *unknown = NULL;

    if (!vccw_look_done(&hand->look, &unknown)) {
        g_clear_error(&problem);
        problem = unknown;
    }
    if (problem)
        return fail(hand, "give back", problem, "", error);
    if (!hand->taken)
        hand->taken = remember(hand, VCCW_TAKEN_GIVING, stored);
    return give(hand, error);
}

gboolean
vccw_handover_give(const VccwHandoverHost *host,
                   const VccwBusId *subchannel,
                   const VccwBusId *device,
                   VccwHandoverBy by,
                   gboolean *ret_given,
                   GError **error)
{
    g_auto(VccwHand) hand = { .sysfs = -1, .lock = -1 };
    g_autofree char *stored = NULL;
    GError *problem = NULL;
    gboolean wanted;

    if (!begin(&hand, host, subchannel, FALSE, &stored, &problem) ||
        (problem = judge_device(&hand, device)))
        return fail(&hand, "give back", problem, "", error);
    wanted = by == VCCW_HANDOVER_BY_ADMIN ? !is_with_host(&hand, stored)
                                          : is_for_start(&hand, stored);
    if (!vccw_look_done(&hand.look, &problem))
        return fail(&hand, "give back", problem, "", error);
    if (wanted && !give_to_host(&hand, stored, error))
        return FALSE;
    if (ret_given)
        *ret_given = wanted;
    return TRUE;
}

gboolean
vccw_handover_check(const VccwHandoverHost *host,
                    const VccwBusId *subchannel,
                    VccwHandoverBy by,
                    GError **error)
{
    g_auto(VccwHand) hand = { .sysfs = -1, .lock = -1 };
    g_autofree char *stored = NULL;
    GError *problem = NULL;

    if (!vccw_hand_init(&hand, host, subchannel, FALSE, &problem) ||
        !vccw_override_load(host, subchannel, &stored, &problem))
        return fail(&hand, "take", problem, "", error);
    if (!vccw_hand_is_with_vfio(&hand))
        problem = judge(&hand, by, stored);
    if (!problem)
        vccw_look_done(&hand.look, &problem);
    return !problem || fail(&hand, "take", problem, "", error);
}

gboolean
vccw_handover_is_for_start(const VccwHandoverHost *host, const VccwBusId *subchannel)
{
    g_autoptr(VccwTaken) taken = NULL;
    g_autofree char *stored = NULL;

    return vccw_taken_load(host, subchannel, &taken, NULL) && taken && taken->by_start &&
           (!vccw_override_load(host, subchannel, &stored, NULL) ||
            g_strcmp0(stored, VCCW_HANDOVER_DRIVER) != 0);
}

/* -- at the start of a daemon -- */

/* A start took it, and was killed before or after its mediated device was. */
static gboolean
is_left_over(VccwHand *hand)
{
    g_autoptr(GArray) uuids = vccw_hand_mdevs(hand);
    g_autofree char *stored = NULL;

    return vccw_override_load(hand->host, &hand->id, &stored, NULL) &&
           is_for_start(hand, stored) && !uuids->len && !is_being_started(hand) &&
           vccw_look_done(&hand->look, NULL);
}

/* driverctl knows it by its number, and so has given vfio_ccw another device. That is
 * told once, and then what is remembered is of the device that is there. */
static char *
tell_moved(VccwHand *hand, const char *other)
{
    VccwTaken *taken = hand->taken;
    char *sentence = g_strdup_printf(
        "%s was detached for device %s, but now has device %s; 'virsh nodedev-reattach "
        "%s' gives that to the host",
        hand->name, taken->device, other, hand->name);

    g_free(taken->device);
    taken->device = g_strdup(other);
    taken->online = FALSE;
    g_clear_pointer(&taken->uid, g_free);
    g_clear_pointer(&taken->cutype, g_free);
    g_clear_pointer(&taken->devtype, g_free);
    save(hand, NULL);
    return sentence;
}

/* Returns: (transfer full) (nullable): what was done. */
static char *
repair(const VccwHandoverHost *host, const VccwBusId *id)
{
    g_auto(VccwHand) hand = { .sysfs = -1, .lock = -1 };
    g_autofree char *text = vccw_bus_id_to_string(id);
    g_autofree char *name = g_strconcat(VCCW_STATE_LOCK_GUEST, text, NULL);
    g_auto(VccwFd) guest = vccw_state_lock(host, name, text, NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *other = NULL;
    g_autofree char *driver = NULL;
    gboolean whole, ok = vccw_hand_init(&hand, host, id, TRUE, &problem);

    /* Between taking it for a guest and starting the mediated device it looks like one
     * that was left over: whoever has this lock is in between. */
    if (guest < 0)
        return NULL;
    whole = ok && hand.taken && hand.taken->step == VCCW_TAKEN_WHOLE;
    ok = ok && settle(&hand, &problem);
    if (ok && is_left_over(&hand)) {
        whole = FALSE;
        ok = give(&hand, &problem);
    }
    if (!ok)
        return g_strdup_printf("the hand-over of %s was left half done, and could not be "
                               "repaired: %s",
                               hand.name, problem->message);
    driver = vccw_hand_driver(&hand);
    if (whole && !driver && vccw_hand_exists(&hand))
        return g_strdup_printf("%s was taken from the host, but no driver has it; 'virsh "
                               "nodedev-reattach %s' gives it to the host",
                               hand.name, hand.name);
    other = vccw_hand_other_device(&hand);
    if (whole && other)
        return tell_moved(&hand, other);
    return whole
               ? NULL
               : g_strdup_printf("the hand-over of %s was left half done; now %s has it",
                                 hand.name,
                                 vccw_hand_is_with_vfio(&hand) ? "vfio_ccw" : "the host");
}

GPtrArray *
vccw_handover_repair(const VccwHandoverHost *host)
{
    GPtrArray *said = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) ids = vccw_taken_list(host);

    vccw_state_sweep(host);
    for (guint i = 0; i < ids->len; i++) {
        char *sentence = repair(host, &g_array_index(ids, VccwBusId, i));

        if (sentence)
            g_ptr_array_add(said, sentence);
    }
    return said;
}
