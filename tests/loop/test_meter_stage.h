/* SPDX-License-Identifier: Apache-2.0 */
/* A line and its scripted peer without the module: what jobs and requests are
 * tested on. */
#ifndef KW_TEST_METER_STAGE_H
#define KW_TEST_METER_STAGE_H

#include "test_meter_rig.h"

enum stage_kind { STAGE_SERIAL, STAGE_TCP, STAGE_RTU_TCP };

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

static inline void stage_on_state(void *arg, enum kw_meter_line_state state)
{
    struct stage *stage = arg;

    stage->up = state == KW_METER_LINE_UP;
    stage->down = state == KW_METER_LINE_DOWN;
}

static inline void stage_on_gone(void *arg)
{
    struct stage *stage = arg;

    stage->gone = true;
}

static inline void open_stage(struct stage *stage, enum stage_kind kind,
                              peer_fn *on_ask, size_t jobs)
{
    struct kw_meter_line_owner owner = {
        .on_state = stage_on_state, .on_gone = stage_on_gone, .arg = stage};

    memset(stage, 0, sizeof(*stage));
    rig_open(&stage->rig);
    stage->conf.name = "a";
    stage->conf.timeout_ms = 200;
    if (kind == STAGE_SERIAL) {
        peer_open_serial(&stage->peer, &stage->rig, on_ask);
        stage->serial = (struct kw_meter_serial_conf){
            .port = stage->peer.at.port, .baud = 115200, .stop_bits = 1};
        stage->conf.serial = &stage->serial;
    } else {
        peer_open_tcp(&stage->peer, &stage->rig, kind == STAGE_RTU_TCP, on_ask);
        stage->tcp = (struct kw_meter_tcp_conf){
            .host = "127.0.0.1", .in_flight = 2, .silence_ms = 5};
        assert_int_equal(
            kw_text_parse_i64(stage->peer.at.port, &stage->tcp.port), 0);
        if (kind == STAGE_TCP)
            stage->conf.tcp = &stage->tcp;
        else
            stage->conf.rtu_tcp = &stage->tcp;
    }
    assert_int_equal(kw_meter_line_new(&stage->line, &stage->rig.fixture.core,
                                       &stage->conf, jobs, &owner),
                     0);
}

static inline void close_stage(struct stage *stage)
{
    kw_meter_line_close(stage->line);
    kw_meter_line_close(stage->line); /* twice is harmless */
    kw_fixture_until_set(&stage->rig.fixture, &stage->gone);
    peer_close(&stage->peer);
    rig_close(&stage->rig);
}

#endif
