/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the configuration over the web and the control socket: whole, by
 * section, back to a revision.
 *
 * Happy path: the asker names the revision it started from (If-Match), every
 * changed section needs its permission, the whole is validated, stored as the
 * next revision, answered, applied. One at a time; what changes nothing is
 * answered and not stored. If the client goes in between the change still
 * happens; only the answer is dropped.
 * Failure: what can't be stored is answered so and not applied. What can't be
 * applied is not in force: the configuration before it is stored once more, so
 * that the newest revision is what runs now and after the next start.
 * On close: core waits until a change is stored; it is then applied by the
 * next start.
 */
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/core_state.h"
#include "core/hub.h"
#include "core/registry.h"
#include "core/revision.h"
#include "core/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A change on its way from the answer to being applied. */
struct proposal {
    struct kw_core *core;
    struct kw_core_state *state; /* held until it is stored */
    struct kw_request *request;  /* NULL when the client is gone */
    struct kw_conf_set *set;     /* held */
    uint64_t before, revision;   /* in force, proposed */
};

static void on_client_gone(void *arg)
{
    struct proposal *proposal = arg;

    proposal->request = NULL;
}

/* The configuration that is in force again becomes the newest revision. */
static void store_again(const struct proposal *proposal)
{
    struct kw_core *core = proposal->core;
    struct kw_node *root = NULL;
    struct kw_arena arena;
    char reason[64];
    int err;

    snprintf(reason, sizeof(reason), "revision %" PRIu64 " can't be applied",
             proposal->revision);
    kw_arena_init(&arena, KW_CONF_ARENA_BYTES);
    err = kw_core_read_revision(core, proposal->before, &arena, &root);
    if (err == 0)
        err = kw_revisions_store(core->revisions, root,
                                 &(struct kw_revision_note){
                                     .author = "gateway",
                                     .reason = reason,
                                     .time_ms = kw_clock_wall_ms(core->clock),
                                 },
                                 NULL, NULL);
    kw_arena_fini(&arena);
    if (err != 0)
        kw_log_write(core->log, KW_LOG_ERROR, "core",
                     "revision %" PRIu64 " can't be stored again: %s",
                     proposal->before, kw_strerror(err));
}

static void publish(const struct kw_core *core, enum kw_core_event which,
                    const char *text)
{
    const struct kw_event event = {
        .kind = &kw_core_events[which],
        .time_ms = kw_clock_wall_ms(core->clock),
        .on = true,
        .subject = "configuration",
        .text = text,
        .actor = "",
    };

    kw_hub_publish_event(core->hub, &event);
}

static void release(struct proposal *proposal)
{
    kw_conf_set_drop(proposal->set);
    kw_free(proposal);
}

static void on_applied(void *arg, int err, const struct kw_diag *diag)
{
    struct proposal *proposal = arg;
    char text[64];

    (void)diag; /* the registry has told what failed */
    if (err == 0) {
        snprintf(text, sizeof(text), "revision %" PRIu64 " is in force",
                 proposal->revision);
        kw_log_write(proposal->core->log, KW_LOG_NOTICE, "core", "%s", text);
        publish(proposal->core, KW_EVENT_CHANGED, text);
    } else {
        store_again(proposal);
    }
    release(proposal);
}

static void reply_revision(struct kw_request *request, uint64_t revision)
{
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, 128);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_uint(&json, "revision", revision);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}

static void reply_not_stored(struct kw_request *request, int err)
{
    kw_reply_problem(request, 503, "not_stored",
                     "The change could not be stored: %s.", kw_strerror(err));
}

static void reply_stored(struct proposal *proposal, int err)
{
    struct kw_request *request = proposal->request;

    if (request == NULL)
        return;
    request->on_closed = NULL;
    if (err == 0)
        reply_revision(request, proposal->revision);
    else
        reply_not_stored(request, err);
}

/* Sets a stored change going. When the gateway is stopping it comes with the
 * next start. */
static void apply(struct proposal *proposal)
{
    struct kw_core *core = proposal->core;
    int err =
        kw_registry_apply(core->registry, proposal->set, on_applied, proposal);

    if (err == 0)
        return;
    kw_log_write(core->log, KW_LOG_WARN, "core",
                 "revision %" PRIu64 " is not applied: %s", proposal->revision,
                 kw_strerror(err));
    if (err != KW_ECLOSING) {
        publish(core, KW_EVENT_CHANGE_FAILED, kw_strerror(err));
        store_again(proposal);
    }
    release(proposal);
}

/* The revision is durable: answer, then apply. From there on the state isn't
 * used: core itself may be restarted. */
static void on_stored(void *arg, int err)
{
    struct proposal *proposal = arg;
    struct kw_core_state *state = proposal->state;

    state->storing = false;
    proposal->revision = kw_revisions_current(proposal->core->revisions);
    reply_stored(proposal, err);
    if (err == 0)
        apply(proposal);
    else
        release(proposal);
    kw_life_drop(&state->life);
}

/* True when the asker may change a section, or it says the same in both. */
static bool may_change_one(const struct kw_core_state *state,
                           const struct kw_request *request, const char *key,
                           const struct kw_node *old, const struct kw_node *new)
{
    const struct kw_node *a = kw_node_get(old, key), *b = kw_node_get(new, key);
    const struct kw_setting *row =
        kw_registry_section(state->core->registry, key);
    unsigned need = row != NULL && row->permission != 0
                        ? row->permission
                        : (unsigned)KW_MAY_CONFIGURE;

    return (a != NULL && b != NULL && kw_node_same(a, b)) ||
           (request->who->permissions & need) == need;
}

/* True when every section that differs may be changed by the asker. */
static bool may_change(const struct kw_core_state *state,
                       struct kw_request *request, const struct kw_node *old,
                       const struct kw_node *new)
{
    const struct kw_node *trees[] = {old, new};

    for (size_t i = 0; i < 2; i++) {
        for (const struct kw_node *at = trees[i]->first; at != NULL;
             at = at->next) {
            if (may_change_one(state, request, at->key, old, new))
                continue;
            kw_reply_problem(request, 403, "section_denied",
                             "Your profile may not change the section %s.",
                             at->key);
            return false;
        }
    }
    return true;
}

/* If-Match is the revision in force; answers when it isn't. */
static bool is_current(struct kw_core_state *state, struct kw_request *request)
{
    uint64_t number, current = kw_revisions_current(state->core->revisions);

    if (state->core->env.config_locked) {
        kw_reply_problem(request, 403, "config_locked",
                         "The gateway was started with --config-locked: "
                         "change the configuration file instead.");
        return false;
    }
    if (request->if_match == NULL) {
        kw_reply_problem(request, 428, "if_match_missing",
                         "Say with If-Match which revision you changed.");
        return false;
    }
    if (kw_text_parse_u64(request->if_match, &number) == 0 && number == current)
        return true;
    kw_reply_problem(request, 412, "config_changed",
                     "The configuration was changed meanwhile: revision "
                     "%" PRIu64 " is in force.",
                     current);
    return false;
}

/* Validates the tree and hands it to the store; 0 when on_stored will run. */
static int propose(struct kw_core_state *state, struct kw_request *request,
                   const struct kw_node *root, const char *reason,
                   struct kw_diag *diag)
{
    struct kw_core *core = state->core;
    struct proposal *proposal = kw_alloc(sizeof(*proposal));
    int err = KW_ENOMEM;

    if (proposal == NULL)
        return err;
    *proposal = (struct proposal){
        .core = core,
        .state = state,
        .request = request,
        .before = kw_revisions_current(core->revisions),
    };
    err = kw_registry_check(core->registry, root, &core->env, &proposal->set,
                            diag);
    if (err != 0) {
        kw_free(proposal);
        return err;
    }
    request->on_closed = on_client_gone;
    request->arg = proposal;
    state->storing = true;
    kw_life_hold(&state->life);
    err = kw_revisions_store(core->revisions, root,
                             &(struct kw_revision_note){
                                 .author = request->who->user,
                                 .reason = reason,
                                 .time_ms = kw_clock_wall_ms(core->clock),
                             },
                             on_stored, proposal);
    if (err != 0) {
        request->on_closed = NULL;
        state->storing = false;
        release(proposal);
        kw_life_drop(&state->life); /* never the last: core runs */
    }
    return err;
}

/* Common to the three ways of changing: rights, then on. */
static void replace(struct kw_core_state *state, struct kw_request *request,
                    const struct kw_node *root, const char *reason)
{
    uint64_t current = kw_revisions_current(state->core->revisions);
    const struct kw_node *old = kw_core_revision_tree(state, request, current);
    struct kw_diag diag;
    int err;

    if (old == NULL || !may_change(state, request, old, root))
        return;
    if (kw_node_same(old, root)) {
        reply_revision(request, current);
        return;
    }
    if (state->storing || kw_registry_is_changing(state->core->registry)) {
        kw_reply_problem(request, 409, "change_under_way",
                         "Another change is being applied, try again.");
        return;
    }
    kw_diag_init(&diag);
    err = propose(state, request, root, reason, &diag);
    if (kw_diag_any(&diag))
        kw_reply_diag(request, 422, "config_invalid", &diag);
    else if (err != 0)
        reply_not_stored(request, err);
    kw_diag_fini(&diag);
}

void kw_core_put_config(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;

    if (!is_current(state, request))
        return;
    if (request->body_node->kind != KW_NODE_MAP) {
        kw_reply_problem(request, 422, "config_invalid",
                         "A configuration is an object of sections.");
        return;
    }
    replace(state, request, request->body_node, "web: whole configuration");
}

void kw_core_put_section(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const char *key = request->params[0];
    char reason[96];
    struct kw_node *root;

    if (kw_registry_section(state->core->registry, key) == NULL) {
        kw_reply_problem(request, 404, "section_unknown",
                         "The configuration has no section of that name.");
        return;
    }
    if (!is_current(state, request))
        return;
    root = kw_core_revision_tree(state, request,
                                 kw_revisions_current(state->core->revisions));
    if (root == NULL)
        return;
    if (kw_node_set(root, key, request->body_node, request->arena) != 0) {
        reply_not_stored(request, KW_ENOMEM);
        return;
    }
    snprintf(reason, sizeof(reason), "web: %s", key);
    replace(state, request, root, reason);
}

void kw_core_post_rollback(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    char reason[64];
    struct kw_node *root;
    uint64_t number;

    if (state->core->env.config_locked) {
        kw_reply_problem(request, 403, "config_locked",
                         "The gateway was started with --config-locked.");
        return;
    }
    if (kw_text_parse_u64(request->params[0], &number) != 0) {
        kw_core_reply_no_revision(request, KW_ENOTFOUND);
        return;
    }
    root = kw_core_revision_tree(state, request, number);
    if (root == NULL)
        return;
    snprintf(reason, sizeof(reason), "back to revision %" PRIu64, number);
    replace(state, request, root, reason);
}
