/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the pseudo-module core and its handlers; private to core. */
#ifndef KW_CORE_CORE_STATE_H
#define KW_CORE_CORE_STATE_H

#include "core/core.h"
#include "core/core_module.h"
#include "core/life.h"
#include "core/route.h"

struct kw_virtuals;

struct kw_core_state {
    struct kw_core *core;
    const struct kw_core_conf *conf;
    struct kw_virtuals *virtuals;
    struct kw_life life;
    uv_timer_t watch;       /* every second: clock steps, slow turns */
    uint64_t watch_mono_ms; /* at the last look */
    int64_t watch_wall_ms;
    uint64_t stored_mono_ms; /* when the trusted time was */
    bool changing; /* a change is checked, or on its way to the database */
    kw_stopped_fn *stopped;
    void *arg;
};

extern const struct kw_route kw_core_routes[];

/* Handlers, one file a subject: core_status.c, core_openapi.c, core_config.c,
 * core_change.c, core_point.c. */
void kw_core_get_health(void *self, struct kw_request *request);
void kw_core_get_status(void *self, struct kw_request *request);
void kw_core_get_metrics(void *self, struct kw_request *request);
void kw_core_get_openapi(void *self, struct kw_request *request);
void kw_core_get_points(void *self, struct kw_request *request);
void kw_core_get_site(void *self, struct kw_request *request);
void kw_core_get_circuits(void *self, struct kw_request *request);
void kw_core_get_config(void *self, struct kw_request *request);
void kw_core_get_schema(void *self, struct kw_request *request);
void kw_core_get_section(void *self, struct kw_request *request);
void kw_core_put_config(void *self, struct kw_request *request);
void kw_core_put_section(void *self, struct kw_request *request);
void kw_core_get_revisions(void *self, struct kw_request *request);
void kw_core_get_revision(void *self, struct kw_request *request);
void kw_core_post_rollback(void *self, struct kw_request *request);

struct kw_arena;
struct kw_core;
struct kw_node;

/* The tree of a revision. KW_ENOTFOUND, KW_ENOMEM, KW_EIO. */
KW_MUST_CHECK int kw_core_read_revision(const struct kw_core *core,
                                        uint64_t number, struct kw_arena *arena,
                                        struct kw_node **root);
/* The same in the request's arena; NULL after an answer that says why not. */
struct kw_node *kw_core_revision_tree(struct kw_core_state *state,
                                      struct kw_request *request,
                                      uint64_t number);
/* Answers that a revision isn't there or can't be read. */
void kw_core_reply_no_revision(struct kw_request *request, int err);

/* Query of /points. */
struct kw_points_query {
    const char *meter, *quantity;
};

#endif
