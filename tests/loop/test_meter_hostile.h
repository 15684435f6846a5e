/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One meter of a line misbehaves in every way there is, the two others are
 * good. Whatever it does: the others lose nothing but time, no value is ever
 * wrong, the bad one is marked bad and set aside, and when it behaves again it
 * comes back by itself. Losing a shared connection costs the others nothing.
 */
#ifndef KW_TEST_METER_HOSTILE_H
#define KW_TEST_METER_HOSTILE_H

#include "test_meter_rig.h"

enum { BAD_UNIT = 9 };

enum { SERIAL = 1, TCP = 2, RTU_TCP = 4, ALL = 7, RTU = 5 };

struct scenario {
    const char *name;
    unsigned kinds; /* of lines that it makes sense on */
    peer_fn *misbehave;
    uint8_t quality;    /* that the meter's points get */
    const char *metric; /* that must grow; NULL: none in particular */
    bool comes_back;    /* watch it behave again: takes two seconds */
};

struct world {
    struct rig rig;
    struct peer peer;
    const struct scenario *scenario;
    bool good_again;
    unsigned good_polls[2];
    unsigned bad_samples[2]; /* of the good meters: none may come */
    bool marked;             /* the bad meter's points have the quality */
};

static inline void late(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);

    peer_later(peer, 1000, frame, length);
}

static inline void dead(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)peer;
    (void)ask;
}

static inline void truncated(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];

    peer_write(peer, frame, peer_answer_frame(peer, ask, frame) / 2);
}

static inline void wrong_unit(struct peer *peer, const struct kw_meter_ask *ask)
{
    struct kw_meter_ask other = *ask;

    other.unit = 77;
    peer_answer(peer, &other);
}

static inline void bad_crc(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);

    frame[length - 1] ^= 0x40;
    peer_write(peer, frame, length);
}

/* The answer is whole only long after the time-out. */
static inline void drip(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);

    for (size_t i = 0; i < length; i++)
        peer_later(peer, (unsigned)i * 60 + 1, frame + i, 1);
}

static inline void exception(struct peer *peer, const struct kw_meter_ask *ask)
{
    peer_exception(peer, ask, 4);
}

/* What a gateway says of a unit that does not answer it. */
static inline void no_target(struct peer *peer, const struct kw_meter_ask *ask)
{
    peer_exception(peer, ask, 11);
}

static inline void wrong_length(struct peer *peer,
                                const struct kw_meter_ask *ask)
{
    struct kw_meter_ask shorter = *ask;

    shorter.count++;
    peer_answer(peer, &shorter);
}

static inline void wrong_function(struct peer *peer,
                                  const struct kw_meter_ask *ask)
{
    struct kw_meter_ask other = *ask;

    other.function = 4;
    peer_answer(peer, &other);
}

static inline void babble(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char noise[100];

    (void)ask;
    memset(noise, 0x5A, sizeof(noise));
    peer_write(peer, noise, sizeof(noise));
}

static inline void foreign_tid(struct peer *peer,
                               const struct kw_meter_ask *ask)
{
    peer->transaction++;
    peer_answer(peer, ask);
}

static inline void hang_up(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)ask;
    peer_hang_up(peer);
}

/* 64 KiB at once, of which nothing is a frame. */
static inline void flood(struct peer *peer, const struct kw_meter_ask *ask)
{
    static unsigned char noise[65536];

    (void)ask;
    memset(noise, 0xC3, sizeof(noise));
    peer_write(peer, noise, sizeof(noise));
}

/* 64 KiB of right frames that answer nothing. */
static inline void frames(struct peer *peer, const struct kw_meter_ask *ask)
{
    struct kw_meter_ask other = *ask;

    peer->transaction = (uint16_t)(peer->transaction + 1000);
    other.unit = 88;
    other.count = 100;
    /* A pseudo-terminal holds 4 KiB. */
    for (int i = 0; i < (peer->at.tcp ? 300 : 15); i++)
        peer_answer(peer, &other);
}

static inline void http(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)ask;
    peer_write(peer, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
}

static const struct scenario scenarios[] = {
    {"late", ALL, late, KW_QUALITY_BAD_TIMEOUT, "timeouts_total", false},
    {"dead", ALL, dead, KW_QUALITY_BAD_TIMEOUT, "timeouts_total", true},
    {"truncated", ALL, truncated, KW_QUALITY_BAD_TIMEOUT, "timeouts_total",
     false},
    {"wrong unit", ALL, wrong_unit, KW_QUALITY_BAD_TIMEOUT, "foreign_total",
     false},
    {"bad crc", RTU, bad_crc, KW_QUALITY_BAD_CRC, "crc_errors_total", true},
    {"drip", ALL, drip, KW_QUALITY_BAD_TIMEOUT, NULL, false},
    {"exception", ALL, exception, KW_QUALITY_BAD_EXCEPTION, "exceptions_total",
     false},
    {"no target", ALL, no_target, KW_QUALITY_BAD_TIMEOUT, "exceptions_total",
     false},
    {"wrong length", ALL, wrong_length, KW_QUALITY_BAD_TIMEOUT, "foreign_total",
     false},
    {"wrong function", ALL, wrong_function, KW_QUALITY_BAD_TIMEOUT,
     "foreign_total", false},
    {"babble", RTU, babble, KW_QUALITY_BAD_CRC, "crc_errors_total", false},
    {"foreign tid", TCP, foreign_tid, KW_QUALITY_BAD_TIMEOUT, "foreign_total",
     false},
    {"hang up", TCP | RTU_TCP, hang_up, KW_QUALITY_BAD_LINE, NULL, true},
    {"flood", RTU_TCP, flood, KW_QUALITY_BAD_CRC, "crc_errors_total", false},
    {"flood", TCP, flood, KW_QUALITY_BAD_LINE, NULL, false},
    {"frames", ALL, frames, KW_QUALITY_BAD_TIMEOUT, "foreign_total", false},
    {"http", TCP, http, KW_QUALITY_BAD_LINE, NULL, false},
};

static inline struct world *world_of(struct peer *peer)
{
    return (struct world *)(void *)((char *)peer -
                                    offsetof(struct world, peer));
}

static inline void on_ask(struct peer *peer, const struct kw_meter_ask *ask)
{
    struct world *world = world_of(peer);

    if (ask->unit == BAD_UNIT && !world->good_again)
        world->scenario->misbehave(peer, ask);
    else
        peer_answer(peer, ask);
}

/* The peer's registers hold their address; the map has 100 and 500. */
static inline void look(struct rig *rig, const struct kw_point *point,
                        const struct kw_sample *sample)
{
    struct world *world = (struct world *)(void *)rig;
    bool voltage = strcmp(point->quantity->name, "voltage_l1_n") == 0;
    int meter = point->source->name[0] - 'm';

    if (kw_quality_is_good(sample->quality)) {
        assert_true(sample->value == (voltage ? 100 : 500));
        if (meter < 2 && voltage)
            world->good_polls[meter]++;
    } else if (meter < 2) {
        world->bad_samples[meter]++;
    } else if (sample->quality == world->scenario->quality) {
        world->marked = true;
    }
}

static inline bool is_aside(void *arg)
{
    struct world *world = arg;

    return world->rig.failing > 0 && world->marked &&
           world->good_polls[0] >= 3 && world->good_polls[1] >= 3;
}

static inline bool is_back(void *arg)
{
    const struct world *world = arg;

    return world->rig.recovered > 0;
}

/* Two points of the same size that don't lie together: their answers could be
 * mistaken for each other. */
static const char rows[] = "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
                           "current_l1,3,500,1,u16,-,1,A,fast,,,,\n";

static inline void run(const struct scenario *scenario, unsigned kind)
{
    struct world *world = calloc(1, sizeof(*world));
    char yaml[1024];

    assert_non_null(world);
    world->scenario = scenario;
    rig_open(&world->rig);
    world->rig.look = look;
    rig_map(&world->rig, "two", "", rows);
    if (kind == SERIAL)
        peer_open_serial(&world->peer, &world->rig, on_ask);
    else
        peer_open_tcp(&world->peer, &world->rig, kind == RTU_TCP, on_ask);
    rig_line(yaml, sizeof(yaml), &world->peer.at,
             ", timeout: 200ms, retries: 0",
             "  - { name: m, line: a, unit: 5, profile: two, every: 100ms }\n"
             "  - { name: n, line: a, unit: 6, profile: two, every: 100ms }\n"
             "  - { name: o, line: a, unit: 9, profile: two, every: 100ms }\n");
    rig_start(&world->rig, yaml);
    kw_fixture_until(&world->rig.fixture, is_aside, world);
    assert_int_equal(world->bad_samples[0], 0);
    assert_int_equal(world->bad_samples[1], 0);
    assert_int_equal(world->rig.line_down, 0);
    if (scenario->metric != NULL)
        assert_true(rig_metric(&world->rig, scenario->metric) >= 3);
    world->good_again = true;
    if (scenario->comes_back)
        kw_fixture_until(&world->rig.fixture, is_back, world);
    rig_stop(&world->rig);
    peer_close(&world->peer);
    rig_close(&world->rig);
    free(world);
}

static inline void run_all(unsigned kind)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if ((scenarios[i].kinds & kind) != 0) {
            print_message("           %s\n", scenarios[i].name);
            run(&scenarios[i], kind);
        }
    }
}

#endif
