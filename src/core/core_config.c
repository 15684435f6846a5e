/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration over the web and the control socket: reading it and its
 * revisions. Changing it is in core_change.c.
 *
 * Always read back from the stored revision and not from the structs that run:
 * what is shown is what can be given again, with the keys that somebody wrote
 * and without those that are defaults. The ETag is the revision's number, so
 * that a change of somebody else in between is noticed (RFC 9110, 13.1.1).
 */
#include "base/json.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/core_state.h"
#include "core/registry.h"
#include "core/revision.h"
#include "core/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    /* JSON has quotes where YAML has none, and escapes. */
    ANSWER_MAX_BYTES = 4 * KW_CONF_BYTES,
};

void kw_core_reply_no_revision(struct kw_request *request, int err)
{
    if (err == KW_ENOTFOUND)
        kw_reply_problem(request, 404, "revision_unknown",
                         "There is no such revision.");
    else
        kw_reply_problem(request, 500, "internal",
                         "The revision can't be read: %s.", kw_strerror(err));
}

/* A revision was written by kw_node_format_yaml, so it parses; if it doesn't,
 * the database is damaged and the caller answers 500. */
int kw_core_read_revision(const struct kw_core *core, uint64_t number,
                          struct kw_arena *arena, struct kw_node **root)
{
    struct kw_diag diag;
    struct kw_buf text;
    int err;

    kw_diag_init(&diag);
    kw_buf_init(&text, KW_CONF_BYTES);
    err = kw_revisions_text(core->revisions, number, &text);
    if (err == 0)
        err = kw_conf_parse_yaml((const char *)text.data, text.length, arena,
                                 root, &diag);
    kw_buf_fini(&text);
    kw_diag_fini(&diag);
    return err;
}

struct kw_node *kw_core_revision_tree(struct kw_core_state *state,
                                      struct kw_request *request,
                                      uint64_t number)
{
    struct kw_node *root = NULL;
    int err;

    /* Whatever the request itself may take: the largest tree has room. */
    request->arena->ceiling_bytes += KW_CONF_ARENA_BYTES;
    err = kw_core_read_revision(state->core, number, request->arena, &root);
    if (err == 0)
        return root;
    kw_core_reply_no_revision(request, err);
    return NULL;
}

static void reply_tree(struct kw_core_state *state, struct kw_request *request,
                       const struct kw_node *node)
{
    char tag[32];
    struct kw_buf body;

    snprintf(tag, sizeof(tag), "\"%" PRIu64 "\"",
             kw_revisions_current(state->core->revisions));
    kw_reply_header(request, "ETag", tag);
    kw_buf_init(&body, ANSWER_MAX_BYTES);
    kw_node_format_json(node, &body);
    kw_reply_json(request, 200, &body);
}

void kw_core_get_config(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const struct kw_node *root = kw_core_revision_tree(
        state, request, kw_revisions_current(state->core->revisions));

    if (root != NULL)
        reply_tree(state, request, root);
}

void kw_core_get_section(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const char *key = request->params[0];
    static const struct kw_node empty = {.kind = KW_NODE_NULL};
    const struct kw_node *root, *node;

    if (kw_registry_section(state->core->registry, key) == NULL) {
        kw_reply_problem(request, 404, "section_unknown",
                         "The configuration has no section of that name.");
        return;
    }
    root = kw_core_revision_tree(state, request,
                                 kw_revisions_current(state->core->revisions));
    if (root == NULL)
        return;
    node = kw_node_get(root, key);
    reply_tree(state, request, node != NULL ? node : &empty);
}

void kw_core_get_schema(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    struct kw_buf body;

    kw_buf_init(&body, ANSWER_MAX_BYTES);
    kw_registry_schema(state->core->registry, &body);
    kw_reply_json(request, 200, &body);
}

void kw_core_get_revisions(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const struct kw_revisions *revisions = state->core->revisions;
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, ANSWER_MAX_BYTES);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_uint(&json, "current", kw_revisions_current(revisions));
    kw_json_array(&json, "revisions");
    for (size_t i = 0; i < kw_revisions_count(revisions); i++) {
        const struct kw_revision *at = kw_revisions_at(revisions, i);

        kw_json_object(&json, NULL);
        kw_json_uint(&json, "number", at->number);
        kw_json_int(&json, "time", at->time_ms);
        kw_json_text(&json, "author", at->author);
        kw_json_text(&json, "reason", at->reason);
        kw_json_end_object(&json);
    }
    kw_json_end_array(&json);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}

void kw_core_get_revision(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    uint64_t number;
    struct kw_buf text;
    int err = KW_ENOTFOUND;

    kw_buf_init(&text, KW_CONF_BYTES);
    if (kw_text_parse_u64(request->params[0], &number) == 0)
        err = kw_revisions_text(state->core->revisions, number, &text);
    if (err == 0)
        kw_reply_take(request, 200, "application/yaml", &text);
    else
        kw_core_reply_no_revision(request, err);
    kw_buf_fini(&text);
}
