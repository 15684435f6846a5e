/* SPDX-License-Identifier: Apache-2.0 */
/* What the loop tests of the scan share: the three routes, waiting, and units
 * of every sort behind one scripted peer. */
#ifndef KW_TEST_METER_SCAN_H
#define KW_TEST_METER_SCAN_H

#include "test_meter_rig.h"

#include "meter/rows.h"

/* Calls /scan with a method. query: the line of DELETE. */
static inline void scan_call_ops(struct rig *rig, struct rig_reply *reply,
                                 const struct kw_reply_ops *ops,
                                 enum kw_method method, const void *body,
                                 const char *line)
{
    struct kw_meter_scan_query query = {line};
    const struct kw_route *route = kw_meter_module.routes;

    while (strcmp(route->path, "/scan") != 0 || route->method != method)
        route++;
    *reply = (struct rig_reply){
        .request = {.route = route,
                    .body = body,
                    .query = &query,
                    .who = &reply->who,
                    .ops = ops,
                    .arena = &rig->arena},
    };
    route->handle(rig->self, &reply->request);
    if (!reply->done)
        kw_fixture_until_set(&rig->fixture, &reply->done);
}

static inline void scan_call(struct rig *rig, struct rig_reply *reply,
                             enum kw_method method, const void *body,
                             const char *line)
{
    static const struct kw_reply_ops ops = {
        .header = rig_reply_header,
        .send = rig_reply_send,
    };

    scan_call_ops(rig, reply, &ops, method, body, line);
}

/* Starts a scan of line a; its status. timeout_ms of silence; 0: its own. */
static inline int scan_start(struct rig *rig, const char *units,
                             int64_t timeout_ms)
{
    struct kw_meter_scan_body body = {
        .line = "a",
        .units = units,
        .identify = true,
        .timeout_ms = timeout_ms,
    };
    struct rig_reply reply;
    int status;

    scan_call(rig, &reply, KW_POST, &body, NULL);
    status = reply.status;
    rig_reply_fini(&reply);
    return status;
}

/* GET /scan as text until the next call. */
struct scan_text {
    struct rig *rig;
    struct rig_reply reply;
    const char *wanted;
};

static inline const char *scan_get(struct scan_text *text)
{
    rig_reply_fini(&text->reply);
    scan_call(text->rig, &text->reply, KW_GET, NULL, NULL);
    assert_int_equal(text->reply.status, 200);
    return text->reply.body;
}

static inline bool scan_says(void *arg)
{
    struct scan_text *text = arg;

    return strstr(scan_get(text), text->wanted) != NULL;
}

/* Runs until GET /scan contains that. */
static inline void scan_until(struct scan_text *text, const char *wanted)
{
    text->wanted = wanted;
    kw_fixture_until(&text->rig->fixture, scan_says, text);
}

static inline void scan_must(struct scan_text *text, const char *wanted)
{
    if (strstr(text->reply.body, wanted) == NULL)
        fail_msg("%s\nis not in\n%s", wanted, text->reply.body);
}

static inline void scan_must_not(struct scan_text *text, const char *unwanted)
{
    if (strstr(text->reply.body, unwanted) != NULL)
        fail_msg("%s\nis in\n%s", unwanted, text->reply.body);
}

/* Sends a PDU as the answer of a unit. */
static inline void scan_send(struct peer *peer, uint8_t unit,
                             const unsigned char *pdu, size_t length)
{
    unsigned char frame[300];

    peer_write(peer, frame,
               peer_frame(peer, unit, peer->transaction, pdu, length, frame));
}

#endif
