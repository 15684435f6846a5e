/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing the configuration over the web and the control socket: whole, by
 * section, back to a revision.
 *
 * Happy path: the asker names the revision it started from (If-Match). A job
 * with copies of all it needs reads the revision in force, looks whether every
 * changed section may be changed by the asker, and validates the whole, files
 * included; the loop goes on meanwhile. Then it is stored as the next revision,
 * answered, applied. One at a time, a second one gets 409; what changes nothing
 * is answered and not stored. If the client goes in between the change still
 * happens; only the answer is dropped.
 * Failure: what can't be stored is answered so and not applied. What can't be
 * applied is not in force: the configuration before it is stored once more, so
 * that the newest revision is what runs now and after the next start.
 * On close: core waits until a change is checked and stored; it is then applied
 * by the next start.
 */
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/core_state.h"
#include "core/hub.h"
#include "core/job.h"
#include "core/registry.h"
#include "core/revision.h"
#include "core/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the check of a change came to. */
enum outcome {
    UNREADABLE, /* a stored revision can't be read: err */
    DENIED,     /* a section that the asker may not change differs */
    SAME,       /* as the configuration in force */
    REFUSED,    /* errors in diag, or err */
    GOOD,
};

/* A change on its way from the question to being applied. */
struct proposal {
    struct kw_core *core;
    struct kw_core_state *state; /* held until it is stored */
    struct kw_request *request;  /* NULL when the client is gone */
    struct kw_job job;
    /* What the job works with: copies. */
    struct kw_arena arena;
    const struct kw_node *given; /* whole, or a section; NULL: restored */
    const char *section;         /* key of given, NULL: whole */
    struct kw_buf current;       /* text of the revision in force */
    struct kw_buf restored;      /* text of the one to go back to */
    struct kw_identity who;
    char reason[96];
    /* What it finds. */
    enum outcome outcome;
    int err;
    const char *denied;        /* key of the section */
    struct kw_diag diag;       /* errors; warnings of a good one */
    struct kw_buf text;        /* canonical */
    struct kw_conf_set *set;   /* held; NULL: not valid */
    uint64_t before, revision; /* in force, proposed */
};

static void on_client_gone(void *arg)
{
    struct proposal *proposal = arg;

    proposal->request = NULL;
}

/* The request, which may be answered now; NULL when the client is gone. */
static struct kw_request *take_request(struct proposal *proposal)
{
    struct kw_request *request = proposal->request;

    proposal->request = NULL;
    if (request != NULL)
        request->on_closed = NULL;
    return request;
}

/* The configuration that is in force again becomes the newest revision. */
static void store_again(const struct proposal *proposal)
{
    struct kw_core *core = proposal->core;
    struct kw_buf text;
    char reason[64];
    int err;

    snprintf(reason, sizeof(reason), "revision %" PRIu64 " can't be applied",
             proposal->revision);
    kw_buf_init(&text, KW_CONF_BYTES);
    err = kw_revisions_text(core->revisions, proposal->before, &text);
    if (err == 0)
        err = kw_revisions_store_text(
            core->revisions, &text,
            &(struct kw_revision_note){
                .author = "gateway",
                .reason = reason,
                .time_ms = kw_clock_wall_ms(core->clock),
            },
            NULL, NULL);
    kw_buf_fini(&text);
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

/* Gives back what only the check needed. */
static void forget_input(struct proposal *proposal)
{
    kw_arena_fini(&proposal->arena);
    kw_buf_fini(&proposal->current);
    kw_buf_fini(&proposal->restored);
}

static void release(struct proposal *proposal)
{
    forget_input(proposal);
    if (proposal->set != NULL)
        kw_conf_set_drop(proposal->set);
    kw_buf_fini(&proposal->text);
    kw_diag_fini(&proposal->diag);
    kw_free(proposal);
}

static void tell_applied(const struct proposal *proposal)
{
    struct kw_log *log = proposal->core->log;
    const struct kw_diag *diag = &proposal->diag;
    char text[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];

    for (size_t i = 0; i < diag->count; i++)
        kw_log_write(log, KW_LOG_WARN, "core", "%s",
                     kw_diag_format(&diag->items[i], text, sizeof(text)));
    snprintf(text, sizeof(text), "revision %" PRIu64 " is in force",
             proposal->revision);
    kw_log_write(log, KW_LOG_NOTICE, "core", "%s", text);
    publish(proposal->core, KW_EVENT_CHANGED, text);
}

static void on_applied(void *arg, int err, const struct kw_diag *diag)
{
    struct proposal *proposal = arg;

    (void)diag; /* the registry has told what failed */
    if (err == 0)
        tell_applied(proposal);
    else
        store_again(proposal);
    release(proposal);
}

/* diag has the warnings, if any. */
static void reply_revision(struct kw_request *request, uint64_t revision,
                           const struct kw_diag *diag)
{
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, 131072);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_uint(&json, "revision", revision);
    if (diag->count > 0)
        kw_reply_findings(&json, "warnings", diag, true);
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
    struct kw_request *request = take_request(proposal);

    if (request == NULL)
        return;
    if (err == 0)
        reply_revision(request, proposal->revision, &proposal->diag);
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

    state->changing = false;
    proposal->revision = kw_revisions_current(proposal->core->revisions);
    reply_stored(proposal, err);
    if (err == 0)
        apply(proposal);
    else
        release(proposal);
    kw_life_drop(&state->life);
}

/* True when the asker may change a section, or it says the same in both. */
static bool may_change_one(const struct proposal *proposal, const char *key,
                           const struct kw_node *old, const struct kw_node *new)
{
    const struct kw_node *a = kw_node_get(old, key), *b = kw_node_get(new, key);
    const struct kw_setting *row =
        kw_registry_section(proposal->core->registry, key);
    unsigned need = row != NULL && row->permission != 0
                        ? row->permission
                        : (unsigned)KW_MAY_CONFIGURE;

    return (a != NULL && b != NULL && kw_node_same(a, b)) ||
           (proposal->who.permissions & need) == need;
}

/* The first section that differs and may not be changed by the asker. */
static const char *find_denied(const struct proposal *proposal,
                               const struct kw_node *old,
                               const struct kw_node *new)
{
    const struct kw_node *trees[] = {old, new};

    for (size_t i = 0; i < 2; i++) {
        for (const struct kw_node *at = trees[i]->first; at != NULL;
             at = at->next) {
            if (!may_change_one(proposal, at->key, old, new))
                return at->key;
        }
    }
    return NULL;
}

/* A revision was written by kw_node_format_yaml, so it parses; if it doesn't,
 * the database is damaged. */
static int read_text(struct proposal *proposal, const struct kw_buf *text,
                     struct kw_node **root)
{
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_conf_parse_yaml((const char *)text->data, text->length,
                             &proposal->arena, root, &diag);
    kw_diag_fini(&diag);
    return err;
}

/* The trees of what is in force and of what is proposed. */
static int read_trees(struct proposal *proposal, const struct kw_node **old,
                      const struct kw_node **new)
{
    struct kw_node *current, *changed = NULL;
    int err = read_text(proposal, &proposal->current, &current);

    if (err != 0)
        return err;
    *old = current;
    *new = proposal->given;
    if (proposal->given != NULL && proposal->section == NULL)
        return 0;
    if (proposal->given == NULL) {
        err = read_text(proposal, &proposal->restored, &changed);
    } else {
        changed = kw_node_copy(current, &proposal->arena);
        err = changed == NULL ? KW_ENOMEM
                              : kw_node_set(changed, proposal->section,
                                            proposal->given, &proposal->arena);
    }
    *new = changed;
    return err;
}

/* The tree is put together from what was sent and what was stored: lines of
 * the stored text would say nothing to the asker. */
static void forget_places(struct kw_diag *diag)
{
    for (size_t i = 0; i < diag->count; i++) {
        if (diag->items[i].file[0] == 0)
            diag->items[i].mark = (struct kw_mark){0, 0};
    }
}

/* On a thread. */
static void check(struct kw_job *job)
{
    struct proposal *proposal = KW_LIST_ENTRY(job, struct proposal, job);
    struct kw_core *core = proposal->core;
    const struct kw_node *old, *new;

    proposal->outcome = UNREADABLE;
    proposal->err = read_trees(proposal, &old, &new);
    if (proposal->err != 0)
        return;
    proposal->denied = find_denied(proposal, old, new);
    proposal->outcome = proposal->denied != NULL ? DENIED : SAME;
    if (proposal->denied != NULL || kw_node_same(old, new))
        return;
    proposal->outcome = REFUSED;
    proposal->err = kw_registry_check(core->registry, new, &core->env,
                                      &proposal->set, &proposal->diag);
    forget_places(&proposal->diag);
    if (proposal->err != 0)
        return;
    kw_node_format_yaml(new, &proposal->text);
    proposal->err = kw_buf_err(&proposal->text);
    if (proposal->err == 0)
        proposal->outcome = GOOD;
}

/* Answers what is not going to be stored. */
static void reply_outcome(struct proposal *proposal)
{
    struct kw_request *request = take_request(proposal);

    if (request == NULL)
        return;
    if (proposal->outcome == UNREADABLE)
        kw_core_reply_no_revision(request, proposal->err);
    else if (proposal->outcome == DENIED)
        kw_reply_problem(request, 403, "section_denied",
                         "Your profile may not change the section %s.",
                         proposal->denied);
    else if (proposal->outcome == SAME)
        reply_revision(request, proposal->before, &proposal->diag);
    else if (kw_diag_any(&proposal->diag))
        kw_reply_diag(request, 422, "config_invalid", &proposal->diag);
    else
        reply_not_stored(request, proposal->err);
}

/* 0 when on_stored will run, or did. */
static int store(struct proposal *proposal)
{
    struct kw_core *core = proposal->core;

    kw_life_hold(&proposal->state->life);
    forget_input(proposal);
    return kw_revisions_store_text(core->revisions, &proposal->text,
                                   &(struct kw_revision_note){
                                       .author = proposal->who.user,
                                       .reason = proposal->reason,
                                       .time_ms = kw_clock_wall_ms(core->clock),
                                   },
                                   on_stored, proposal);
}

static void on_checked(struct kw_job *job, int err)
{
    struct proposal *proposal = KW_LIST_ENTRY(job, struct proposal, job);
    struct kw_core_state *state = proposal->state;

    if (err != 0) {
        proposal->outcome = REFUSED;
        proposal->err = err;
    }
    if (proposal->outcome == GOOD) {
        err = store(proposal);
        if (err == 0)
            return;
        kw_life_drop(&state->life); /* never the last: the job holds it */
        proposal->outcome = REFUSED;
        proposal->err = err;
    }
    state->changing = false;
    reply_outcome(proposal);
    release(proposal);
}

/* If-Match is the revision in force; answers when it isn't. */
static bool is_current(struct kw_core_state *state, struct kw_request *request)
{
    uint64_t number, current = kw_revisions_current(state->core->revisions);

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

/* False when no change may begin now; answered then. */
static bool may_begin(const struct kw_core_state *state,
                      struct kw_request *request)
{
    if (state->core->env.config_locked)
        kw_reply_problem(request, 403, "config_locked",
                         "The gateway was started with --config-locked: "
                         "change the configuration file instead.");
    else if (state->changing || kw_registry_is_changing(state->core->registry))
        kw_reply_problem(request, 409, "change_under_way",
                         "Another change is being checked or applied, try "
                         "again.");
    else
        return true;
    return false;
}

static struct proposal *proposal_new(struct kw_core_state *state,
                                     struct kw_request *request)
{
    struct proposal *proposal = kw_alloc(sizeof(*proposal));

    if (proposal == NULL)
        return NULL;
    *proposal = (struct proposal){
        .core = state->core,
        .state = state,
        .request = request,
        .job = {.work = check, .done = on_checked, .life = &state->life},
        .who = *request->who,
        .before = kw_revisions_current(state->core->revisions),
    };
    kw_arena_init(&proposal->arena, 3 * (size_t)KW_CONF_ARENA_BYTES);
    kw_buf_init(&proposal->current, KW_CONF_BYTES);
    kw_buf_init(&proposal->restored, KW_CONF_BYTES);
    kw_buf_init(&proposal->text, KW_CONF_BYTES);
    kw_diag_init(&proposal->diag);
    return proposal;
}

/* Sends a proposal, which may be NULL, to be checked; err: why it can't be. */
static void submit(struct proposal *proposal, struct kw_request *request,
                   int err)
{
    if (err == 0)
        err = kw_revisions_text(proposal->core->revisions, proposal->before,
                                &proposal->current);
    if (err == 0)
        err =
            kw_jobs_submit(proposal->core->jobs, KW_LANE_FILES, &proposal->job);
    if (err == 0) {
        proposal->state->changing = true;
        request->on_closed = on_client_gone;
        request->arg = proposal;
        return;
    }
    if (proposal != NULL)
        release(proposal);
    if (err == KW_ENOMEM || err == KW_EFULL || err == KW_ECLOSING)
        reply_not_stored(request, err);
    else
        kw_core_reply_no_revision(request, err);
}

/* Proposes a tree: the whole one, or that of a section. */
static void propose(struct kw_core_state *state, struct kw_request *request,
                    const char *section)
{
    struct proposal *proposal = proposal_new(state, request);

    if (proposal != NULL) {
        proposal->given = kw_node_copy(request->body_node, &proposal->arena);
        if (section != NULL)
            proposal->section =
                kw_arena_strndup(&proposal->arena, section, strlen(section));
        snprintf(proposal->reason, sizeof(proposal->reason), "web: %s",
                 section != NULL ? section : "whole configuration");
    }
    submit(proposal, request,
           proposal == NULL || proposal->given == NULL ||
                   (section != NULL && proposal->section == NULL)
               ? KW_ENOMEM
               : 0);
}

void kw_core_put_config(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;

    if (!may_begin(state, request) || !is_current(state, request))
        return;
    if (request->body_node->kind != KW_NODE_MAP) {
        kw_reply_problem(request, 422, "config_invalid",
                         "A configuration is an object of sections.");
        return;
    }
    propose(state, request, NULL);
}

void kw_core_put_section(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const char *key = request->params[0];

    if (kw_registry_section(state->core->registry, key) == NULL)
        kw_reply_problem(request, 404, "section_unknown",
                         "The configuration has no section of that name.");
    else if (may_begin(state, request) && is_current(state, request))
        propose(state, request, key);
}

void kw_core_post_rollback(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    struct proposal *proposal;
    uint64_t number;
    int err = KW_ENOMEM;

    if (!may_begin(state, request))
        return;
    if (kw_text_parse_u64(request->params[0], &number) != 0) {
        kw_core_reply_no_revision(request, KW_ENOTFOUND);
        return;
    }
    proposal = proposal_new(state, request);
    if (proposal != NULL) {
        snprintf(proposal->reason, sizeof(proposal->reason),
                 "back to revision %" PRIu64, number);
        err = kw_revisions_text(state->core->revisions, number,
                                &proposal->restored);
    }
    submit(proposal, request, err);
}
