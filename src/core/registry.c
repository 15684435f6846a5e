/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start runs through the table, stop back through it, one module at a time,
 * each waiting for the one before to be gone. Changes are in
 * registry_apply.c.
 */
#include "core/registry.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/registry_internal.h"
#include "core/setting.h"

#include <string.h>

enum { CONF_MAX_BYTES = 64 << 20 };

int kw_registry_new(struct kw_registry **out,
                    const struct kw_module *const *modules)
{
    struct kw_registry *registry = kw_alloc(sizeof(*registry));

    if (registry == NULL)
        return KW_ENOMEM;
    for (; modules[registry->count] != NULL; registry->count++) {
        if (registry->count == KW_MODULES_MAX) {
            kw_free(registry);
            return KW_EFULL;
        }
        registry->slots[registry->count] = (struct kw_module_slot){
            .registry = registry,
            .module = modules[registry->count],
        };
    }
    *out = registry;
    return 0;
}

void kw_registry_free(struct kw_registry *registry)
{
    if (registry == NULL)
        return;
    if (registry->conf != NULL)
        kw_conf_set_drop(registry->conf);
    kw_free(registry);
}

void kw_conf_set_hold(struct kw_conf_set *set)
{
    set->holds++;
}

void kw_conf_set_drop(struct kw_conf_set *set)
{
    if (--set->holds > 0)
        return;
    for (size_t i = 0; i < set->count; i++) {
        if (set->modules[i]->release != NULL && set->conf[i] != NULL)
            set->modules[i]->release(set->conf[i]);
    }
    kw_arena_fini(&set->arena);
    kw_free(set);
}

const void *kw_conf_set_get(const struct kw_conf_set *set, size_t index)
{
    return index < set->count ? set->conf[index] : NULL;
}

static const struct kw_module_slot *
find_slot(const struct kw_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (strcmp(registry->slots[i].module->name, name) == 0)
            return &registry->slots[i];
    }
    return NULL;
}

const struct kw_setting *kw_registry_section(const struct kw_registry *registry,
                                             const char *key)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct kw_setting *row = registry->slots[i].module->settings;

        for (; row != NULL && row->kind != KW_KIND_END; row++) {
            if (strcmp(row->key, key) == 0)
                return row;
        }
    }
    return NULL;
}

/* Sections that no module of this build has. */
static void check_sections(const struct kw_registry *registry,
                           const struct kw_node *root, struct kw_diag *diag)
{
    const struct kw_setting *tables[KW_MODULES_MAX + 1];
    size_t count = 0;

    for (size_t i = 0; i < registry->count; i++) {
        if (registry->slots[i].module->settings != NULL)
            tables[count++] = registry->slots[i].module->settings;
    }
    tables[count] = NULL;
    kw_settings_unknown(tables, root, diag);
}

/* What the module's sections say, whatever the order of keys. */
static uint64_t sections_hash(const struct kw_setting *row,
                              const struct kw_node *root)
{
    uint64_t hash = 0;

    for (; row != NULL && row->kind != KW_KIND_END; row++) {
        const struct kw_node *node = kw_node_get(root, row->key);

        hash = hash * 31 + (node != NULL ? kw_node_hash(node) : 0);
    }
    return hash;
}

static int read_all(const struct kw_registry *registry,
                    const struct kw_node *root, struct kw_conf_set *set,
                    struct kw_diag *diag)
{
    int err = 0;

    for (size_t i = 0; i < registry->count; i++) {
        const struct kw_module *module = registry->slots[i].module;
        int found;

        set->modules[i] = module;
        set->conf[i] = kw_arena_alloc(
            &set->arena, module->conf_size > 0 ? module->conf_size : 1);
        set->count = i + 1;
        if (set->conf[i] == NULL)
            return KW_ENOMEM;
        if (module->settings == NULL)
            continue;
        set->hash[i] = sections_hash(module->settings, root);
        found = kw_settings_read(module->settings, root, root, set->conf[i],
                                 &set->arena, diag);
        if (found == KW_ENOMEM)
            return found;
        err = err != 0 ? err : found;
    }
    return err;
}

/* The checks beyond the rows; only sound sections are worth them. */
static int check_all(const struct kw_registry *registry,
                     const struct kw_conf_set *set, const struct kw_env *env,
                     struct kw_diag *diag)
{
    int err = 0;

    for (size_t i = 0; i < registry->count; i++) {
        const struct kw_module *module = registry->slots[i].module;
        int found = 0;

        if (module->check != NULL)
            found = module->check(set->conf[i], env, diag);
        err = err != 0 ? err : found;
    }
    return err;
}

/* Canonical YAML can be longer than what was written: it is what is stored. */
static int check_length(const struct kw_node *root, struct kw_diag *diag)
{
    struct kw_buf text;
    int err;

    kw_buf_init(&text, KW_CONF_BYTES);
    kw_node_format_yaml(root, &text);
    err = kw_buf_err(&text);
    kw_buf_fini(&text);
    if (err != KW_EFULL)
        return err;
    return kw_diag_at(diag, "",
                      "in the form that is stored (kilowatch config export) "
                      "larger than %d MiB",
                      KW_CONF_BYTES >> 20);
}

int kw_registry_check(const struct kw_registry *registry,
                      const struct kw_node *root, const struct kw_env *env,
                      struct kw_conf_set **out, struct kw_diag *diag)
{
    struct kw_conf_set *set = kw_alloc(sizeof(*set));
    size_t first = diag->count;
    int err;

    if (set == NULL)
        return KW_ENOMEM;
    set->holds = 1;
    kw_arena_init(&set->arena, CONF_MAX_BYTES);
    check_sections(registry, root, diag);
    err = read_all(registry, root, set, diag);
    if (err == 0)
        err = check_all(registry, set, env, diag);
    if (err == 0)
        err = check_length(root, diag);
    if (err == 0 && kw_diag_any(diag))
        err = KW_EINVAL;
    kw_node_locate(root, diag, first);
    if (err != 0) {
        kw_conf_set_drop(set);
        return err;
    }
    *out = set;
    return 0;
}

/* The first module that this one needs and that doesn't run; NULL: none. */
static const char *missing_need(const struct kw_registry *registry,
                                const struct kw_module *module)
{
    const char *const *need = module->needs;

    for (; need != NULL && *need != NULL; need++) {
        const struct kw_module_slot *slot = find_slot(registry, *need);

        if (slot == NULL || slot->state != KW_MODULE_RUNNING)
            return *need;
    }
    return NULL;
}

/* Forbidden itself, or useless since one that it needs is. */
static bool is_forbidden(const struct kw_registry *registry,
                         const struct kw_module *module)
{
    const char *const *need = module->needs;

    for (; need != NULL && *need != NULL; need++) {
        const struct kw_module_slot *slot = find_slot(registry, *need);

        if (slot != NULL && slot->state == KW_MODULE_FORBIDDEN)
            return true;
    }
    return !kw_policy_allows(registry->core->policy, module->name);
}

int kw_slot_start(struct kw_module_slot *slot, struct kw_conf_set *set,
                  struct kw_diag *diag)
{
    struct kw_registry *registry = slot->registry;
    size_t index = (size_t)(slot - registry->slots);
    const struct kw_module *module = slot->module;
    const char *missing = missing_need(registry, module);
    int err;

    if (is_forbidden(registry, module)) {
        slot->state = KW_MODULE_FORBIDDEN;
        return 0;
    }
    if (missing != NULL) {
        kw_diag_say(diag, "module %s needs %s, which doesn't run", module->name,
                    missing);
        return KW_ENOTFOUND;
    }
    slot->self = kw_alloc(module->state_size > 0 ? module->state_size : 1);
    if (slot->self == NULL)
        return KW_ENOMEM;
    kw_conf_set_hold(set);
    slot->conf = set;
    slot->state = KW_MODULE_RUNNING;
    if (module->start == NULL)
        return 0;
    err = module->start(slot->self, set->conf[index], registry->core, diag);
    if (err != 0) {
        kw_diag_say(diag, "module %s could not start: %s", module->name,
                    kw_strerror(err));
        kw_slot_clear(slot);
    }
    return err;
}

void kw_slot_clear(struct kw_module_slot *slot)
{
    kw_free(slot->self);
    slot->self = NULL;
    kw_conf_set_drop(slot->conf);
    slot->conf = NULL;
    slot->state = KW_MODULE_STOPPED;
}

void kw_slot_stop(struct kw_module_slot *slot, kw_stopped_fn *stopped)
{
    slot->state = KW_MODULE_STOPPING;
    if (slot->module->stop != NULL)
        slot->module->stop(slot->self, stopped, slot);
    else
        stopped(slot);
}

static void on_slot_stopped(void *arg)
{
    struct kw_module_slot *slot = arg;

    kw_slot_clear(slot);
    kw_registry_stop_next(slot->registry);
}

/* Stops the last running module; at the end tells the caller. */
void kw_registry_stop_next(struct kw_registry *registry)
{
    for (size_t i = registry->count; i-- > 0;) {
        struct kw_module_slot *slot = &registry->slots[i];

        if (slot->state == KW_MODULE_STOPPING)
            return; /* its stopped callback comes back here */
        if (slot->state == KW_MODULE_RUNNING) {
            kw_slot_stop(slot, on_slot_stopped);
            return;
        }
    }
    registry->stopped(registry->arg);
}

int kw_registry_start(struct kw_registry *registry, struct kw_core *core,
                      struct kw_conf_set *set, struct kw_diag *diag)
{
    registry->core = core;
    kw_conf_set_hold(set);
    registry->conf = set;
    for (size_t i = 0; i < registry->count; i++) {
        int err = kw_slot_start(&registry->slots[i], set, diag);

        if (err != 0)
            return err;
    }
    return 0;
}

void kw_registry_stop(struct kw_registry *registry, kw_stopped_fn *stopped,
                      void *arg)
{
    registry->stopped = stopped;
    registry->arg = arg;
    registry->stopping = true;
    if (registry->change == NULL)
        kw_registry_stop_next(registry);
}

struct kw_conf_set *kw_registry_conf(const struct kw_registry *registry)
{
    return registry->conf;
}

const struct kw_module *kw_registry_module(const struct kw_registry *registry,
                                           size_t index)
{
    return index < registry->count ? registry->slots[index].module : NULL;
}

enum kw_module_state kw_registry_state(const struct kw_registry *registry,
                                       size_t index)
{
    return index < registry->count ? registry->slots[index].state
                                   : KW_MODULE_STOPPED;
}

void *kw_registry_self(const struct kw_registry *registry, size_t index)
{
    return kw_registry_state(registry, index) == KW_MODULE_RUNNING
               ? registry->slots[index].self
               : NULL;
}

void *kw_registry_need(const struct kw_registry *registry, const char *name)
{
    const struct kw_module_slot *slot = find_slot(registry, name);

    return slot != NULL ? slot->self : NULL;
}

/* A module that didn't come up again after a change. */
static bool is_lost(const struct kw_registry *registry, size_t index)
{
    return registry->slots[index].state == KW_MODULE_STOPPED &&
           registry->conf != NULL && registry->change == NULL &&
           !registry->stopping;
}

void kw_registry_health(const struct kw_registry *registry, size_t index,
                        struct kw_health *out)
{
    enum kw_module_state state = kw_registry_state(registry, index);

    *out = (struct kw_health){.level = KW_LEVEL_OK};
    if (index >= registry->count)
        return;
    if (state == KW_MODULE_RUNNING) {
        const struct kw_module_slot *slot = &registry->slots[index];

        if (slot->module->health != NULL)
            slot->module->health(slot->self, out);
    } else if (state == KW_MODULE_FORBIDDEN) {
        (void)kw_text_copy(out->text, sizeof(out->text),
                           "switched off by the policy");
    } else if (is_lost(registry, index)) {
        out->level = KW_LEVEL_FAILED;
        (void)kw_text_copy(out->text, sizeof(out->text),
                           "could not be started again after a change of the "
                           "configuration");
    }
}

void kw_registry_schema(const struct kw_registry *registry, struct kw_buf *out)
{
    struct kw_json json;

    kw_json_init(&json, out);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "$schema",
                 "https://json-schema.org/draft/2020-12/schema");
    kw_json_text(&json, "title", "Kilowatch configuration");
    kw_json_text(&json, "type", "object");
    kw_json_bool(&json, "additionalProperties", false);
    kw_json_object(&json, "properties");
    for (size_t i = 0; i < registry->count; i++) {
        if (registry->slots[i].module->settings != NULL)
            kw_settings_properties(registry->slots[i].module->settings, &json);
    }
    kw_json_end_object(&json);
    kw_json_end_object(&json);
}
