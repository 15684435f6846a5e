/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A single request of somebody else than the polls: the command line's read,
 * the supervisor's bridge, the scan. It stands in the same schedule as the
 * polls, with a deadline of its own, so that it neither delays those that are
 * more urgent nor waits for ever behind them.
 */
#ifndef KW_METER_REQUEST_H
#define KW_METER_REQUEST_H

#include "meter/line.h"

enum {
    KW_METER_REQUESTS_MAX = 32,          /* waiting on a line at once */
    KW_METER_REQUEST_DEADLINE_MS = 1000, /* as urgent as a poll of 1 s */
};

/* Embedded by its owner; zero but for ask and done. */
struct kw_meter_request {
    struct kw_meter_job job;
    struct kw_meter_ask ask;
    bool again; /* what came may not be the answer: asked once more */
    /* Once, never inside kw_meter_request_start. The request is out of the
     * line then: it may be started again or freed. */
    void (*done)(struct kw_meter_request *request,
                 const struct kw_meter_answer *answer);
};

/*
 * Queues it; ask must be valid. KW_EIO when the line is down, KW_EFULL.
 */
KW_MUST_CHECK int kw_meter_request_start(struct kw_meter_request *request,
                                         struct kw_meter_line *line,
                                         uint64_t now_ns);

/* done is not called any more. Harmless when it isn't under way. */
void kw_meter_request_cancel(struct kw_meter_request *request);

#endif
