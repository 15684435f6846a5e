/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line and its jobs without the module: who is served first, jobs that have
 * nothing to say, go, or are too many, and requests that are cancelled.
 */
#include "test_meter_rig.h"

struct worker {
    struct kw_meter_job job;
    struct stage *stage;
    struct kw_meter_ask ask;
    uint64_t deadline_ns;
    unsigned answers, downs;
    bool has_nothing;
};

struct stage {
    struct rig rig;
    struct peer peer;
    struct kw_meter_serial_conf serial;
    struct kw_meter_tcp_conf tcp;
    struct kw_meter_line_conf conf;
    struct kw_meter_line *line;
    bool up, down, gone;
    uint8_t order[16]; /* units in the order of their answers */
    unsigned count;
};

static struct worker *worker_of(struct kw_meter_job *job)
{
    return KW_LIST_ENTRY(job, struct worker, job);
}

static bool on_next(struct kw_meter_job *job, uint64_t now_ns,
                    struct kw_meter_ask *ask, unsigned *tag)
{
    const struct worker *worker = worker_of(job);

    (void)now_ns;
    *tag = 7;
    *ask = worker->ask;
    return !worker->has_nothing;
}

static void on_sent(struct kw_meter_job *job, unsigned tag, uint64_t now_ns)
{
    (void)job;
    (void)now_ns;
    assert_int_equal(tag, 7);
}

static void on_answered(struct kw_meter_job *job, unsigned tag,
                        const struct kw_meter_answer *answer, uint64_t now_ns)
{
    struct worker *worker = worker_of(job);
    struct stage *stage = worker->stage;

    (void)now_ns;
    assert_int_equal(tag, 7);
    assert_int_equal(answer->outcome, KW_METER_GOOD);
    worker->answers++;
    stage->order[stage->count++ % 16] = worker->ask.unit;
}

static void on_up(struct kw_meter_job *job, uint64_t now_ns)
{
    kw_meter_line_put(job, now_ns, worker_of(job)->deadline_ns);
}

static void on_down(struct kw_meter_job *job, uint64_t now_ns)
{
    (void)now_ns;
    worker_of(job)->downs++;
}

static const struct kw_meter_job_ops ops = {on_next, on_sent, on_answered,
                                            on_up, on_down};

static void on_state(void *arg, enum kw_meter_line_state state)
{
    struct stage *stage = arg;

    stage->up = state == KW_METER_LINE_UP;
    stage->down = state == KW_METER_LINE_DOWN;
}

static void on_gone(void *arg)
{
    *(bool *)arg = true;
}

static void open_stage(struct stage *stage, bool tcp, peer_fn *on_ask,
                       size_t jobs)
{
    struct kw_meter_line_owner owner = {on_state, NULL, stage};

    memset(stage, 0, sizeof(*stage));
    rig_open(&stage->rig);
    stage->conf.name = "a";
    stage->conf.timeout_ms = 200;
    if (tcp) {
        peer_open_tcp(&stage->peer, &stage->rig, false, on_ask);
        stage->tcp = (struct kw_meter_tcp_conf){.host = "127.0.0.1",
                                                .in_flight = 2};
        stage->tcp.port = atoi(stage->peer.at.port);
        stage->conf.tcp = &stage->tcp;
    } else {
        peer_open_pty(&stage->peer, &stage->rig, on_ask);
        stage->serial = (struct kw_meter_serial_conf){
            .port = stage->peer.at.port, .baud = 115200, .stop_bits = 1};
        stage->conf.serial = &stage->serial;
    }
    owner.on_gone = (void (*)(void *))NULL;
    owner.on_gone = on_gone;
    owner.arg = stage;
    assert_int_equal(kw_meter_line_new(&stage->line, &stage->rig.fixture.core,
                                       &stage->conf, jobs, &owner),
                     0);
}
