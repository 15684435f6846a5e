/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/request.h"

static const uint64_t deadline_ns = KW_METER_REQUEST_DEADLINE_MS * 1000000U;

static struct kw_meter_request *request_of(struct kw_meter_job *job)
{
    return KW_LIST_ENTRY(job, struct kw_meter_request, job);
}

static bool on_next(struct kw_meter_job *job, uint64_t now_ns,
                    struct kw_meter_ask *ask, unsigned *tag)
{
    (void)now_ns;
    *ask = request_of(job)->ask;
    *tag = 0;
    return true;
}

static void on_sent(struct kw_meter_job *job, unsigned tag, uint64_t now_ns)
{
    (void)job;
    (void)tag;
    (void)now_ns;
}

static void on_answered(struct kw_meter_job *job, unsigned tag,
                        const struct kw_meter_answer *answer, uint64_t now_ns)
{
    struct kw_meter_request *request = request_of(job);

    (void)tag;
    if (answer->outcome == KW_METER_FOREIGN && !request->again) {
        request->again = true; /* a read: see trust.h */
        kw_meter_line_put(job, now_ns, now_ns + deadline_ns);
        return;
    }
    kw_meter_line_remove(job);
    request->done(request, answer);
}

static void on_up(struct kw_meter_job *job, uint64_t now_ns)
{
    (void)job; /* it waits in the schedule */
    (void)now_ns;
}

static void on_down(struct kw_meter_job *job, uint64_t now_ns)
{
    struct kw_meter_answer answer = {.outcome = KW_METER_LINE};

    on_answered(job, 0, &answer, now_ns);
}

int kw_meter_request_start(struct kw_meter_request *request,
                           struct kw_meter_line *line, uint64_t now_ns)
{
    static const struct kw_meter_job_ops ops = {on_next, on_sent, on_answered,
                                                on_up, on_down};
    int err;

    if (kw_meter_line_state(line) == KW_METER_LINE_DOWN &&
        !kw_meter_line_is_open(line))
        return KW_EIO;
    request->job.ops = &ops;
    request->again = false;
    err = kw_meter_line_add(line, &request->job);
    if (err == 0)
        kw_meter_line_put(&request->job, now_ns, now_ns + deadline_ns);
    return err;
}

void kw_meter_request_cancel(struct kw_meter_request *request)
{
    kw_meter_line_remove(&request->job);
}
