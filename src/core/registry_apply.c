/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying a changed configuration.
 *
 * Forward: a module with reconfigure is asked to take the new struct over
 * (also when its part says the same: the old struct will go); any other goes
 * on untouched when its part says the same, with the old set held, else it is
 * marked for a restart, and so is every module that needs a marked one. The
 * marked ones are stopped from the last to the first, then started from the
 * first to the last with the new set.
 *
 * Failure: a reconfigure or a start that refuses turns the change round: the
 * same steps run with the old set, and a module that refuses to go back is
 * restarted. One that doesn't start again stays stopped, with all that need
 * it; health and the event say so, and a later change of its part tries again.
 *
 * A stop of the whole program waits for the change to end.
 */
#include "core/registry.h"

#include "base/event.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/core_module.h"
#include "core/hub.h"
#include "core/registry_internal.h"

#include <stdio.h>
#include <string.h>

static bool needs_marked(const struct kw_registry *registry,
                         const struct kw_module *module)
{
    const char *const *need = module->needs;

    for (; need != NULL && *need != NULL; need++) {
        for (size_t i = 0; i < registry->count; i++) {
            const struct kw_module_slot *slot = &registry->slots[i];

            if (slot->restart && strcmp(slot->module->name, *need) == 0)
                return true;
        }
    }
    return false;
}

static void use_set(struct kw_module_slot *slot, struct kw_conf_set *set)
{
    kw_conf_set_hold(set);
    kw_conf_set_drop(slot->conf);
    slot->conf = set;
}

/* One running module: reconfigured, marked or left as it is. Going back, a
 * refusal marks it. */
static int take_over_one(struct kw_module_slot *slot, struct kw_conf_set *set,
                         struct kw_change *change)
{
    const struct kw_module *module = slot->module;
    size_t index = (size_t)(slot - slot->registry->slots);
    int err = 0;

    if (slot->conf == set)
        return 0;
    if (module->reconfigure != NULL) {
        err = module->reconfigure(slot->self, slot->conf->conf[index],
                                  set->conf[index], &change->diag);
        if (err == 0) {
            use_set(slot, set);
            return 0;
        }
        kw_diag_say(&change->diag, "module %s refused the change: %s",
                    module->name, kw_strerror(err));
        slot->restart = change->err != 0;
        return slot->restart ? 0 : err;
    }
    slot->restart = slot->conf->hash[index] != set->hash[index];
    if (!slot->restart && module->conf_size == 0)
        use_set(slot, set);
    return 0;
}

/* Reconfigures or marks each module for the set. The first refusal ends it,
 * but not on the way back. */
static int take_over(struct kw_registry *registry, struct kw_conf_set *set)
{
    int err = 0;

    for (size_t i = 0; i < registry->count && err == 0; i++) {
        struct kw_module_slot *slot = &registry->slots[i];

        slot->restart = slot->state != KW_MODULE_FORBIDDEN &&
                        needs_marked(registry, slot->module);
        if (slot->state == KW_MODULE_STOPPED)
            slot->restart |= registry->conf->hash[i] != set->hash[i];
        else if (slot->state == KW_MODULE_RUNNING && !slot->restart)
            err = take_over_one(slot, set, registry->change);
    }
    return err;
}

static void step(struct kw_registry *registry);

/* Logs and publishes why it went back and what doesn't run now. */
static void tell_failure(struct kw_registry *registry,
                         const struct kw_change *change)
{
    char why[KW_DIAG_TEXT_SIZE], text[2 * KW_DIAG_TEXT_SIZE];
    struct kw_event event = {
        .kind = &kw_core_events[KW_EVENT_CHANGE_FAILED],
        .time_ms = kw_clock_wall_ms(registry->core->clock),
        .on = true,
        .subject = "configuration",
        .text = text,
        .actor = "",
    };
    size_t used;

    (void)kw_diag_first(&change->diag, why, sizeof(why));
    (void)kw_text_copy(text, sizeof(text),
                       why[0] != 0 ? why : kw_strerror(change->err));
    for (size_t i = 0; i < registry->count; i++) {
        if (registry->slots[i].state != KW_MODULE_STOPPED)
            continue;
        used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "; module %s doesn't run",
                 registry->slots[i].module->name);
    }
    kw_log_write(registry->core->log, KW_LOG_ERROR, "core",
                 "the change could not be applied: %s", text);
    kw_hub_publish_event(registry->core->hub, &event);
}

static void finish(struct kw_registry *registry)
{
    struct kw_change *change = registry->change;
    bool stopping;

    if (change->err == 0) {
        kw_conf_set_hold(change->set);
        kw_conf_set_drop(registry->conf);
        registry->conf = change->set;
    } else {
        tell_failure(registry, change);
    }
    stopping = registry->stopping;
    registry->change = NULL; /* from here on a stop doesn't wait for it */
    if (change->applied != NULL)
        change->applied(change->arg, change->err, &change->diag);
    kw_conf_set_drop(change->set);
    kw_conf_set_drop(change->old);
    kw_diag_fini(&change->diag);
    kw_free(change);
    if (stopping)
        kw_registry_stop_next(registry);
}

/* Goes back to the old set after a failure: everything that doesn't run is
 * to be started with it. */
static void turn_round(struct kw_registry *registry, int err)
{
    struct kw_change *change = registry->change;

    change->err = err;
    (void)take_over(registry, change->old); /* going back it is always 0 */
    for (size_t i = 0; i < registry->count; i++) {
        struct kw_module_slot *slot = &registry->slots[i];

        slot->restart |= slot->state == KW_MODULE_STOPPED;
    }
}

/* Starts the marked ones; the first failure turns the change round, on the
 * way back it is only told. */
static void start_marked(struct kw_registry *registry)
{
    struct kw_change *change = registry->change;

    for (size_t i = 0; i < registry->count; i++) {
        struct kw_module_slot *slot = &registry->slots[i];
        bool back = change->err != 0;
        int err;

        if (!slot->restart)
            continue;
        slot->restart = false;
        err = kw_slot_start(slot, back ? change->old : change->set,
                            &change->diag);
        if (err != 0 && !back) {
            turn_round(registry, err);
            step(registry);
            return;
        }
    }
    finish(registry);
}

static void on_marked_stopped(void *arg)
{
    struct kw_module_slot *slot = arg;

    kw_slot_clear(slot);
    step(slot->registry);
}

/* Stops the last marked module that runs; when none is left starts them. */
static void step(struct kw_registry *registry)
{
    for (size_t i = registry->count; i-- > 0;) {
        struct kw_module_slot *slot = &registry->slots[i];

        if (slot->restart && slot->state == KW_MODULE_RUNNING) {
            kw_slot_stop(slot, on_marked_stopped);
            return;
        }
    }
    start_marked(registry);
}

int kw_registry_apply(struct kw_registry *registry, struct kw_conf_set *set,
                      kw_applied_fn *applied, void *arg)
{
    struct kw_change *change;
    int err;

    if (registry->stopping)
        return KW_ECLOSING;
    if (registry->change != NULL)
        return KW_EBUSY;
    change = kw_alloc(sizeof(*change));
    if (change == NULL)
        return KW_ENOMEM;
    kw_conf_set_hold(set);
    kw_conf_set_hold(registry->conf);
    change->set = set;
    change->old = registry->conf;
    change->applied = applied;
    change->arg = arg;
    kw_diag_init(&change->diag);
    registry->change = change;
    err = take_over(registry, set);
    if (err != 0)
        turn_round(registry, err);
    step(registry);
    return 0;
}

bool kw_registry_is_changing(const struct kw_registry *registry)
{
    return registry->change != NULL;
}
