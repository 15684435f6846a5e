/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request and the recorder of its answer, in place of http: for handlers
 * under test. Hand &reply.request to a handler, or let kw_test_ask find,
 * check and run the route as http and the control socket do.
 *
 *   struct kw_test_reply reply;
 *   kw_test_reply_init(&reply, KW_PROFILE_ADMIN);
 *   kw_test_ask(&reply, registry, "PUT", "/config/site", "{\"name\":\"x\"}");
 *   assert_int_equal(reply.status, 428);
 *   kw_test_reply_fini(&reply);
 */
#ifndef KW_TEST_REPLY_H
#define KW_TEST_REPLY_H

#include "base/buf.h"
#include "core/route.h"

struct kw_registry;

struct kw_test_reply {
    struct kw_request request;
    struct kw_identity who;
    struct kw_arena arena;
    int status;         /* 0: no answer yet */
    char type[64];      /* media type, "" for none */
    struct kw_buf body; /* the whole answer, or all chunks so far */
    struct kw_buf headers;
    unsigned sends, begins, writes, ends, fails;
    bool done;         /* the answer is complete, or failed */
    size_t queued;     /* what a write says is queued */
    bool refuse_begin; /* a begin says that the client has gone */
};

/* An empty request of that profile; nothing is asked yet. */
void kw_test_reply_init(struct kw_test_reply *reply, enum kw_profile profile);
void kw_test_reply_fini(struct kw_test_reply *reply);

/* Forgets the answer and the arena, keeps who asks: for the next request. */
void kw_test_reply_reset(struct kw_test_reply *reply);

/*
 * Resets, then asks "/path?query" with a JSON body (NULL: none) as http does:
 * route, permission, rows, handler. request.if_match and .accept may be set
 * before and are kept.
 */
void kw_test_ask(struct kw_test_reply *reply,
                 const struct kw_registry *registry, const char *method,
                 const char *target, const char *body);

/* The client goes before the answer is complete: on_closed runs. */
void kw_test_reply_hang_up(struct kw_test_reply *reply);

/* The body as text; "" when there is none. */
const char *kw_test_reply_text(struct kw_test_reply *reply);

/* True when the answer has the header line "Name: value". */
bool kw_test_reply_has(struct kw_test_reply *reply, const char *line);

/* Fails the test unless the answer has that status and the text in its body
 * (NULL: whatever it is). */
void kw_test_reply_expect(struct kw_test_reply *reply, int status,
                          const char *part);

#endif
