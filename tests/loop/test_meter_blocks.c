/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of a meter that give no usable answer while others do: they are left
 * out, their smallest part is found with a request a minute, GET /bus names
 * it, and when they answer again the plan becomes what it was.
 */
#include "test_meter_rig.h"

/* Four blocks, one of them of four points. */
static const char rows[] =
    "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
    "voltage_l2_n,3,200,1,u16,-,1,V,fast,,,,\n"
    "voltage_l3_n,3,201,1,u16,-,1,V,fast,,,,\n"
    "current_l1,3,300,2,u32,be,0.00001,A,fast,,,,\n"
    "current_l2,3,302,2,u32,be,0.00001,A,fast,,,,\n"
    "current_l3,3,304,2,u32,be,0.00001,A,fast,,,,\n"
    "voltage_l1_l2,3,306,2,u32,be,0.00001,V,fast,,,,\n"
    "active_power_total,3,400,4,s64,be,0.000000000001,W,fast,,,,\n";

/* What the peer does with requests that touch these registers. */
static enum how { ANSWERS, SILENT, GARBLED, EXCEPTION } how;
static uint8_t code;
static uint16_t from, to;
static unsigned touched, asks; /* requests that did; all */

static void partly(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);
    bool touches = ask->address <= to && ask->address + ask->count > from;

    asks++;
    touched += touches;
    if (!touches || how == ANSWERS) {
        peer_later(peer, 5, frame, length);
    } else if (how == GARBLED) {
        frame[length - 1] ^= 0x55;
        peer_later(peer, 5, frame, length);
    } else if (how == EXCEPTION) {
        peer_exception(peer, ask, code);
    }
}

static void break_registers(enum how what, uint16_t first, uint16_t last)
{
    how = what;
    from = first;
    to = last;
    touched = asks = 0;
}

enum { TCP, RTU_TCP, SERIAL, KINDS };

static void start(struct rig *rig, struct peer *peer, int kind)
{
    char yaml[2048];

    rig_open(rig);
    rig_map(rig, "four", "", rows);
    if (kind == SERIAL)
        peer_open_serial(peer, rig, partly);
    else
        peer_open_tcp(peer, rig, kind == RTU_TCP, partly);
    rig_line(yaml, sizeof(yaml), &peer->at, "",
             "  - { name: m, line: a, unit: 5, profile: four, every: 1s }\n");
    rig_start(rig, yaml);
}

static void finish(struct rig *rig, struct peer *peer)
{
    rig_stop(rig);
    peer_close(peer);
    rig_close(rig);
}

static uint8_t quality(struct rig *rig, const char *name)
{
    return rig_point(rig, name)->latest.quality;
}

static void bus_has(struct rig *rig, const char *text)
{
    static const struct {
        const char *line;
    } query = {"a"};
    struct rig_reply reply;

    rig_call(rig, &reply, "/bus", &query);
    if (strstr(reply.body, text) == NULL)
        fail_msg("%s\nis not in\n%s", text, reply.body);
    rig_reply_fini(&reply);
}

/* Requests of the meter in ten polls. */
static unsigned asks_of_ten(struct rig *rig)
{
    unsigned before = asks;

    kw_fixture_run_ms(&rig->fixture, 10000);
    return asks - before;
}

static const struct {
    enum how how;
    uint8_t code;
    bool rtu; /* with CRC only */
    uint8_t quality;
} kinds[] = {
    {SILENT, 0, false, KW_QUALITY_BAD_TIMEOUT},
    {GARBLED, 0, true, KW_QUALITY_BAD_CRC},
    {EXCEPTION, 10, false, KW_QUALITY_BAD_TIMEOUT},
    {EXCEPTION, 11, false, KW_QUALITY_BAD_TIMEOUT},
};

/* One block without a usable answer from the start, wherever it stands: the
 * others are polled, it is asked once a minute. */
static void test_one_of_four(void **state)
{
    static const struct {
        uint16_t first, last;
        const char *point, *other;
    } blocks[] = {
        {100, 100, "m.voltage_l1_n", "m.current_l1"},
        {200, 201, "m.voltage_l2_n", "m.current_l1"},
        {400, 403, "m.active_power_total", "m.voltage_l1_n"},
    };

    (void)state;
    for (unsigned i = 0; i < 4 * KINDS * 3; i++) {
        unsigned what = i % 4, kind = i / 4 % KINDS, block = i / 4 / KINDS;
        struct rig rig;
        struct peer peer;
        char text[200];

        if (kinds[what].rtu && kind == TCP)
            continue;
        code = kinds[what].code;
        break_registers(kinds[what].how, blocks[block].first,
                        blocks[block].last);
        start(&rig, &peer, (int)kind);
        kw_fixture_run_ms(&rig.fixture, 10000);
        assert_int_equal(rig.failing, 0);
        assert_int_equal(quality(&rig, blocks[block].point),
                         kinds[what].quality);
        assert_int_equal(quality(&rig, blocks[block].other), KW_QUALITY_GOOD);
        assert_int_equal(rig_metric(&rig, "polls_failed_total"), 0);
        assert_in_range(touched, 2, 4); /* repeated at the very first */
        assert_int_equal(asks_of_ten(&rig), 30);
        snprintf(text, sizeof(text), "unit 5: no %s to holding register%s %u",
                 kinds[what].rtu ? "usable answer" : "answer",
                 block == 0 ? "" : "s", blocks[block].first);
        bus_has(&rig, text);
        bus_has(&rig, "others are answered: leave ");
        touched = 0;
        kw_fixture_run_ms(&rig.fixture, 600000);
        assert_in_range(touched, 1, 11);
        finish(&rig, &peer);
    }
}

/* Of a block of four points one is silent: found after some minutes, the
 * others are read again. */
static void test_smallest_part(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct rig rig;
        struct peer peer;

        break_registers(SILENT, 303, 303);
        start(&rig, &peer, kind);
        kw_fixture_run_ms(&rig.fixture, 9 * 60000);
        assert_in_range(touched, 3, 11);
        assert_int_equal(quality(&rig, "m.current_l1"), KW_QUALITY_GOOD);
        assert_int_equal(quality(&rig, "m.current_l2"), KW_QUALITY_BAD_TIMEOUT);
        assert_int_equal(quality(&rig, "m.current_l3"), KW_QUALITY_GOOD);
        assert_int_equal(quality(&rig, "m.voltage_l1_l2"), KW_QUALITY_GOOD);
        bus_has(&rig, "no answer to holding registers 302-303, others");
        bus_has(&rig, "\"narrowed\":[{\"function\":3,\"first\":302,\"last\":"
                      "303,\"exception\":0}]");
        assert_int_equal(asks_of_ten(&rig), 50);
        touched = 0;
        how = ANSWERS;
        kw_fixture_run_ms(&rig.fixture, 25 * 60000);
        assert_int_equal(quality(&rig, "m.current_l2"), KW_QUALITY_GOOD);
        assert_int_equal(asks_of_ten(&rig), 40); /* joined again */
        bus_has(&rig, "\"narrowed\":[]");
        finish(&rig, &peer);
    }
}

/* The first two of four are silent: the meter is there all the same. When they
 * answer again both are read within little more than a minute. */
static void test_two_of_four(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct rig rig;
        struct peer peer;

        break_registers(SILENT, 100, 201);
        start(&rig, &peer, kind);
        kw_fixture_run_ms(&rig.fixture, 10000);
        assert_int_equal(rig.failing, 0);
        assert_int_equal(quality(&rig, "m.current_l1"), KW_QUALITY_GOOD);
        assert_int_equal(quality(&rig, "m.active_power_total"),
                         KW_QUALITY_GOOD);
        assert_int_equal(asks_of_ten(&rig), 20);
        how = ANSWERS;
        kw_fixture_run_ms(&rig.fixture, 70000);
        assert_int_equal(asks_of_ten(&rig), 40);
        finish(&rig, &peer);
    }
}

/* A block that gives no answer in the very first poll is read in the next. */
static void test_first_lost(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct rig rig;
        struct peer peer;

        break_registers(SILENT, 200, 201);
        start(&rig, &peer, kind);
        do {
            kw_fixture_run_ms(&rig.fixture, 10);
        } while (quality(&rig, "m.voltage_l2_n") != KW_QUALITY_BAD_TIMEOUT);
        how = ANSWERS;
        kw_fixture_run_ms(&rig.fixture, 4000);
        assert_int_equal(quality(&rig, "m.voltage_l2_n"), KW_QUALITY_GOOD);
        finish(&rig, &peer);
    }
}

/* A block that has been answered is not left out for a frame that is lost,
 * and is after three polls without. */
static void test_lost_now_and_then(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    break_registers(ANSWERS, 200, 201);
    start(&rig, &peer, SERIAL);
    kw_fixture_run_ms(&rig.fixture, 5500);
    how = SILENT;
    kw_fixture_run_ms(&rig.fixture, 3000); /* one poll, repeated */
    assert_int_equal(quality(&rig, "m.voltage_l2_n"), KW_QUALITY_BAD_TIMEOUT);
    how = ANSWERS;
    kw_fixture_run_ms(&rig.fixture, 4000);
    assert_int_equal(quality(&rig, "m.voltage_l2_n"), KW_QUALITY_GOOD);
    assert_int_equal(asks_of_ten(&rig), 40);
    how = SILENT;
    kw_fixture_run_ms(&rig.fixture, 10000);
    assert_int_equal(asks_of_ten(&rig), 30);
    assert_int_equal(rig.failing, 0);
    finish(&rig, &peer);
}

/* A meter that refuses everything for a while (it starts, or its gateway's
 * device is off) is asked as before when it answers. */
static void test_all_refused_for_a_while(void **state)
{
    (void)state;
    for (uint8_t exception = 2; exception <= 3; exception++) {
        for (unsigned seconds = 1; seconds <= 40; seconds += 3) {
            struct rig rig;
            struct peer peer;

            code = exception;
            break_registers(ANSWERS, 0, 65535);
            start(&rig, &peer, SERIAL);
            kw_fixture_run_ms(&rig.fixture, 5000);
            assert_int_equal(asks_of_ten(&rig), 40);
            how = EXCEPTION;
            kw_fixture_run_ms(&rig.fixture, seconds * 1000);
            how = ANSWERS;
            kw_fixture_run_ms(&rig.fixture, 20 * 60000);
            assert_int_equal(asks_of_ten(&rig), 40);
            assert_int_equal(quality(&rig, "m.voltage_l1_l2"), KW_QUALITY_GOOD);
            finish(&rig, &peer);
        }
    }
}

/* The same is seen soon when it was set aside meanwhile. */
static void test_all_refused_comes_back(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    code = 2;
    break_registers(ANSWERS, 0, 65535);
    start(&rig, &peer, SERIAL);
    kw_fixture_run_ms(&rig.fixture, 5000);
    how = EXCEPTION;
    kw_fixture_run_ms(&rig.fixture, 10000);
    assert_int_equal(rig.failing, 1);
    how = ANSWERS;
    kw_fixture_run_ms(&rig.fixture, 12000);
    assert_int_equal(rig.recovered, 1);
    assert_int_equal(asks_of_ten(&rig), 40);
    bus_has(&rig, "\"narrowed\":[]");
    finish(&rig, &peer);
}

/* A silent meter comes back and refuses everything: it is asked for a few
 * requests a poll, and as before when it answers. */
static void test_silent_then_refusing(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    code = 2;
    break_registers(SILENT, 0, 65535);
    start(&rig, &peer, SERIAL);
    kw_fixture_run_ms(&rig.fixture, 10000);
    assert_int_equal(rig.failing, 1);
    how = EXCEPTION;
    asks = 0;
    kw_fixture_run_ms(&rig.fixture, 120000);
    assert_in_range(asks, 10, 80);
    how = ANSWERS;
    kw_fixture_run_ms(&rig.fixture, 120000);
    assert_int_equal(asks_of_ten(&rig), 40);
    finish(&rig, &peer);
}

/* A meter that gives each register but not so many at once is asked in parts;
 * joining them is tried with one request, and given up when it fails. */
static unsigned most;

static void few_at_once(struct peer *peer, const struct kw_meter_ask *ask)
{
    asks++;
    if (ask->count > most)
        peer_exception(peer, ask, 3);
    else
        peer_answer(peer, ask);
}

static void test_few_at_once(void **state)
{
    struct rig rig;
    struct peer peer;
    unsigned parts;

    (void)state;
    most = 4;
    asks = 0;
    start(&rig, &peer, SERIAL);
    peer.on_ask = few_at_once;
    kw_fixture_run_ms(&rig.fixture, 10000);
    assert_int_equal(quality(&rig, "m.voltage_l1_l2"), KW_QUALITY_GOOD);
    parts = asks_of_ten(&rig);
    assert_int_equal(parts, 50);
    asks = 0;
    kw_fixture_run_ms(&rig.fixture, 3600000); /* rounds at 10 and 30 minutes */
    assert_in_range(asks, 5 * 3600, 5 * 3600 + 8);
    assert_int_equal(rig.bad, 0);
    most = 125;
    kw_fixture_run_ms(&rig.fixture, 2 * 3600000);
    assert_int_equal(asks_of_ten(&rig), 40);
    finish(&rig, &peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_four),
        cmocka_unit_test(test_smallest_part),
        cmocka_unit_test(test_two_of_four),
        cmocka_unit_test(test_first_lost),
        cmocka_unit_test(test_lost_now_and_then),
        cmocka_unit_test(test_all_refused_for_a_while),
        cmocka_unit_test(test_all_refused_comes_back),
        cmocka_unit_test(test_silent_then_refusing),
        cmocka_unit_test(test_few_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
