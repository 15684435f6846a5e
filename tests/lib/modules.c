/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/modules.h"

#include "base/list.h"
#include "core/conf.h"
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum refuse {
    REFUSE_NO,
    REFUSE_CHECK,
    REFUSE_START,
    REFUSE_RECONFIGURE,
    REFUSE_NOTHING_BUT_WARN,
};

struct conf {
    int64_t value;
    int refuse;
    const char *text; /* something behind a pointer */
};

struct state {
    struct kw_test_module *owner;
    const struct conf *conf;
    int64_t value; /* what it was started with: conf must agree */
    struct kw_life life;
    uv_timer_t timer;
    kw_stopped_fn *stopped;
    void *arg;
};

static const char *const refuse_words[] = {"no",          "check", "start",
                                           "reconfigure", "warn",  NULL};

static const struct kw_setting rows[] = {
    {.key = "value",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct conf, value),
     .preset = "0",
     .max = 1000,
     .help = "Any number."},
    {.key = "refuse",
     .kind = KW_KIND_KEYWORD,
     .offset = offsetof(struct conf, refuse),
     .preset = "no",
     .words = refuse_words,
     .help = "What the module refuses."},
    {.key = "text",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct conf, text),
     .preset = "text",
     .help = "Any text."},
    {0},
};

static void note(struct kw_test_module *module, const char *format, ...)
    KW_PRINTF(2, 3);

static void note(struct kw_test_module *module, const char *format, ...)
{
    struct kw_test_modules *all = module->all;
    size_t used = strlen(all->trace);
    va_list args;

    va_start(args, format);
    used += (size_t)snprintf(all->trace + used, sizeof(all->trace) - used, "%s",
                             module->module.name);
    vsnprintf(all->trace + used, sizeof(all->trace) - used, format, args);
    va_end(args);
    used = strlen(all->trace);
    assert_true(used + 2 < sizeof(all->trace));
    memcpy(all->trace + used, " ", 2);
}

/* The module's own struct, by its place in the registry's table. */
static struct kw_test_module *owner_of(const struct kw_core *core, void *self)
{
    union {
        const struct kw_module *in;
        void *out;
    } module = {.in = NULL};

    for (size_t i = 0; module.in == NULL; i++) {
        assert_non_null(kw_registry_module(core->registry, i));
        if (kw_registry_self(core->registry, i) == self)
            module.in = kw_registry_module(core->registry, i);
    }
    return KW_LIST_ENTRY(module.out, struct kw_test_module, module);
}

/* The configuration it holds is still what it was given. */
static void look(const struct state *state)
{
    assert_int_equal(state->conf->value, state->value);
    assert_true(strlen(state->conf->text) > 0);
}

static int check(void *conf, const struct kw_env *env, struct kw_diag *diag)
{
    const struct conf *mine = conf;

    (void)env;
    if (mine->refuse == REFUSE_NOTHING_BUT_WARN)
        kw_diag_warn(diag, "refuse", "check is not sure");
    return mine->refuse == REFUSE_CHECK ? kw_diag_say(diag, "check says no")
                                        : 0;
}

static void on_gone(struct kw_life *life)
{
    struct state *state = KW_LIST_ENTRY(life, struct state, life);

    look(state);
    note(state->owner, ".");
    state->owner->stops++;
    state->owner->self = NULL;
    state->stopped(state->arg);
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct state *state = self;
    const struct conf *mine = conf;
    struct kw_test_module *owner = owner_of(core, self);
    bool refuse = mine->refuse == REFUSE_START || owner->fail_next > 0;

    owner->fail_next -= owner->fail_next > 0;
    note(owner, "+%d%s", (int)mine->value, refuse ? "!" : "");
    if (refuse) {
        kw_diag_say(diag, "%s doesn't start with %d", owner->module.name,
                    (int)mine->value);
        return KW_EBUSY;
    }
    for (const char *const *need = owner->needs; *need != NULL; need++)
        assert_non_null(kw_registry_need(core->registry, *need));
    state->owner = owner;
    state->conf = mine;
    state->value = mine->value;
    owner->self = self;
    owner->starts++;
    kw_life_init(&state->life, on_gone);
    if (!owner->stop_now)
        kw_life_timer(&state->life, &core->loop->uv, &state->timer, state);
    return 0;
}

static void let_go(struct state *state)
{
    if (!state->owner->stop_now)
        kw_life_close_handle(&state->life, (uv_handle_t *)&state->timer);
    kw_life_close(&state->life);
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct state *state = self;

    look(state);
    note(state->owner, "-");
    state->stopped = stopped;
    state->arg = arg;
    if (!state->owner->hold)
        let_go(state);
}

static int reconfigure(void *self, const void *old, const void *conf,
                       struct kw_diag *diag)
{
    struct state *state = self;
    const struct conf *mine = conf;
    bool refuse = mine->refuse == REFUSE_RECONFIGURE;

    look(state);
    assert_ptr_equal(old, state->conf);
    note(state->owner, "%d>%d%s", (int)state->value, (int)mine->value,
         refuse ? "!" : "");
    if (refuse) {
        kw_diag_say(diag, "%s doesn't take %d", state->owner->module.name,
                    (int)mine->value);
        return KW_EDENIED;
    }
    state->conf = mine;
    state->value = mine->value;
    return 0;
}

static void health(const void *self, struct kw_health *out)
{
    const struct state *state = self;

    look(state);
    out->values[0] = (double)state->value;
    out->level = state->value > 900 ? KW_LEVEL_DEGRADED : KW_LEVEL_OK;
    if (state->value > 900)
        snprintf(out->text, sizeof(out->text), "more than it likes");
}

static const struct kw_metric metrics[] = {
    {"value", "1", KW_METRIC_GAUGE, "What is configured."},
    {0},
};

void kw_test_modules_init(struct kw_test_modules *modules)
{
    *modules = (struct kw_test_modules){.count = 0};
}

struct kw_test_module *kw_test_modules_add(struct kw_test_modules *modules,
                                           const char *name, const char *needs,
                                           bool reconfigures)
{
    struct kw_test_module *at = &modules->list[modules->count];

    assert_true(modules->count < KW_TEST_MODULES);
    at->all = modules;
    at->needs[0] = needs;
    at->section[0] = (struct kw_setting){.key = name,
                                         .kind = KW_KIND_OBJECT,
                                         .rows = rows,
                                         .size = sizeof(struct conf),
                                         .permission = KW_MAY_CONFIGURE,
                                         .help = "A module under test."};
    at->module = (struct kw_module){
        .name = name,
        .needs = at->needs,
        .settings = at->section,
        .metrics = metrics,
        .conf_size = sizeof(struct conf),
        .state_size = sizeof(struct state),
        .check = check,
        .start = start,
        .stop = stop,
        .reconfigure = reconfigures ? reconfigure : NULL,
        .health = health,
    };
    modules->table[modules->count++] = &at->module;
    return at;
}

void kw_test_let_go(struct kw_test_module *module)
{
    let_go(module->self);
}

void kw_test_trace(struct kw_test_modules *modules, const char *expected)
{
    assert_string_equal(modules->trace, expected);
    modules->trace[0] = 0;
}

int kw_test_check(const struct kw_registry *registry, const struct kw_env *env,
                  const char *yaml, struct kw_conf_set **set, char *text,
                  size_t size)
{
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    kw_arena_init(&arena, 32 << 20);
    err = kw_conf_parse_yaml(yaml, strlen(yaml), &arena, &root, &diag);
    if (err == 0)
        err = kw_registry_check(registry, root, env, set, &diag);
    (void)kw_diag_first(&diag, text, size);
    kw_arena_fini(&arena);
    kw_diag_fini(&diag);
    return err;
}

struct kw_conf_set *kw_test_conf(const struct kw_registry *registry,
                                 const struct kw_env *env, const char *yaml)
{
    struct kw_conf_set *set = NULL;
    char text[KW_DIAG_TEXT_SIZE];

    if (kw_test_check(registry, env, yaml, &set, text, sizeof(text)) != 0)
        fail_msg("%s: %s", yaml, text);
    return set;
}
