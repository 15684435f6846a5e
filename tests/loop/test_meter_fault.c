/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bad meter may do and what is seen of it: blocks that it refuses in
 * part, functions that it lacks, meters that are busy, counters that can't be;
 * and GET /bus with frames, histograms and verdicts.
 */
#include "test_meter_rig.h"

static void start(struct rig *rig, const struct peer *peer, const char *options,
                  const char *meters)
{
    char yaml[8192];

    rig_line(yaml, sizeof(yaml), &peer->at, options, meters);
    rig_start(rig, yaml);
}

static void finish(struct rig *rig, struct peer *peer)
{
    rig_stop(rig);
    peer_close(peer);
    rig_close(rig);
}

/* The answer of GET /bus on the line a. */
static void ask_bus(struct rig *rig, struct rig_reply *reply)
{
    static const struct {
        const char *line;
    } query = {"a"};

    rig_call(rig, reply, "/bus", &query);
    assert_int_equal(reply->status, 200);
}

static void must_have(const struct rig_reply *reply, const char *text)
{
    if (strstr(reply->body, text) == NULL)
        fail_msg("%s\nis not in\n%s", text, reply->body);
}

static uint8_t quality(struct rig *rig, const char *name)
{
    return rig_point(rig, name)->latest.quality;
}

static double polls;

static bool has_polls(void *arg)
{
    return rig_metric(arg, "polls_total") >= polls;
}

/* Until so many more polls have ended. */
static void run_polls(struct rig *rig, unsigned more)
{
    polls = rig_metric(rig, "polls_total") + more;
    kw_fixture_until(&rig->fixture, has_polls, rig);
}

/* --- refusals */

/* What the peer does not have: exception, function, first and last address. */
static struct {
    uint8_t exception, function;
    uint16_t first, last;
} lacks;
static unsigned busy; /* so many requests are refused with 6 */
static bool dead;

static void lacking(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned end = ask->address + ask->count - 1U;

    if (dead)
        return;
    if (busy > 0 && busy-- > 0)
        peer_exception(peer, ask, 6);
    else if (lacks.exception != 0 &&
             (lacks.function == 0 || lacks.function == ask->function) &&
             ask->address <= lacks.last && end >= lacks.first)
        peer_exception(peer, ask, lacks.exception);
    else
        peer_answer(peer, ask);
}

/* A block of eight and two others. */
static const char eight[] = "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
                            "voltage_l2_n,3,101,1,u16,-,1,V,fast,,,,\n"
                            "voltage_l3_n,3,102,1,u16,-,1,V,fast,,,,\n"
                            "current_l1,3,103,1,u16,-,1,A,fast,,,,\n"
                            "current_l2,3,104,1,u16,-,1,A,fast,,,,\n"
                            "current_l3,3,105,1,u16,-,1,A,fast,,,,\n"
                            "active_power_l1,3,106,2,u32,be,1,W,fast,,,,\n"
                            "active_power_total,4,200,2,s32,be,1,W,fast,,,,\n";

static void open_eight(struct rig *rig, struct peer *peer, bool tcp,
                       const char *options)
{
    rig_open(rig);
    rig_map(rig, "eight", "", eight);
    if (tcp)
        peer_open_tcp(peer, rig, false, lacking);
    else
        peer_open_serial(peer, rig, lacking);
    start(rig, peer, options,
          "  - { name: m, line: a, unit: 5, profile: eight, every: 100ms }\n");
}

/* One register is missing: its point alone is bad, found in the first poll,
 * and two requests instead of one read the rest from then on. */
static void narrow(bool tcp, uint8_t exception)
{
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;
    unsigned asks;

    lacks.exception = exception;
    lacks.function = 3;
    lacks.first = lacks.last = 104;
    open_eight(&rig, &peer, tcp, "");
    run_polls(&rig, 1);
    assert_int_equal(rig.good, 7);
    assert_int_equal(rig.bad, 1);
    assert_in_range(peer.asks, 4, 9);
    asks = peer.asks;
    run_polls(&rig, 5);
    assert_in_range(peer.asks, asks + 15, asks + 18);
    assert_int_equal(rig.bad, 1);
    assert_int_equal(quality(&rig, "m.current_l2"), KW_QUALITY_BAD_EXCEPTION);
    assert_true(rig_point(&rig, "m.current_l3")->latest.value == 105);
    assert_true(rig_point(&rig, "m.active_power_l1")->latest.value ==
                106 * 65536 + 107);
    assert_int_equal(rig_metric(&rig, "polls_failed_total"), 0);
    ask_bus(&rig, &reply);
    must_have(&reply, exception == 2
                          ? "\"narrowed\":[{\"function\":3,\"first\":104,"
                            "\"last\":104,\"exception\":2}]"
                          : "\"narrowed\":[{\"function\":3,\"first\":104,"
                            "\"last\":104,\"exception\":3}]");
    must_have(&reply, "\"verdict_key\":\"meter_narrowed\"");
    must_have(&reply, "unit 5: does not have 1 points of its register map");
    rig_reply_fini(&reply);
    finish(&rig, &peer);
}

static void test_narrow(void **state)
{
    (void)state;
    narrow(true, 2);
    narrow(false, 3);
}

static bool all_good(void *arg)
{
    return quality(arg, "m.current_l2") == KW_QUALITY_GOOD &&
           quality(arg, "m.active_power_total") == KW_QUALITY_GOOD;
}

static bool is_failing(void *arg)
{
    const struct rig *rig = arg;

    return rig->failing > 0;
}

/* When it comes back after it failed what was refused is tried again. */
static void test_tried_again(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    lacks.exception = 2;
    lacks.function = 3;
    lacks.first = 103;
    lacks.last = 105;
    open_eight(&rig, &peer, true, ", timeout: 50ms");
    run_polls(&rig, 3);
    assert_int_equal(rig.bad, 3);
    assert_int_equal(rig.good, 5 * rig.publications);
    lacks.exception = 0;
    run_polls(&rig, 3);
    assert_int_equal(quality(&rig, "m.current_l2"), KW_QUALITY_BAD_EXCEPTION);
    dead = true;
    kw_fixture_until(&rig.fixture, is_failing, &rig);
    dead = false;
    kw_fixture_until(&rig.fixture, all_good, &rig);
    run_polls(&rig, 3);
    assert_int_equal(quality(&rig, "m.current_l1"), KW_QUALITY_GOOD);
    assert_int_equal(quality(&rig, "m.current_l3"), KW_QUALITY_GOOD);
    finish(&rig, &peer);
}

/* A meter that refuses everything is set aside, and is asked for little; when
 * it answers all of it comes back. */
static void test_refuses_all(void **state)
{
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;
    unsigned asks;

    (void)state;
    lacks.exception = 2;
    lacks.function = 0;
    lacks.first = 0;
    lacks.last = 65535;
    open_eight(&rig, &peer, false, "");
    kw_fixture_until(&rig.fixture, is_failing, &rig);
    assert_in_range(peer.asks, 4, 45);
    assert_int_equal(rig.good, 0);
    asks = peer.asks;
    run_polls(&rig, 1);
    assert_in_range(peer.asks - asks, 1, 13);
    rig_call(&rig, &reply, "/meters", NULL);
    must_have(&reply, "answers with exception 2 (illegal data address) since");
    must_have(&reply, "\"verdict_key\":\"meter_refuses\"");
    rig_reply_fini(&reply);
    lacks.exception = 0;
    kw_fixture_until(&rig.fixture, all_good, &rig);
    run_polls(&rig, 8);
    ask_bus(&rig, &reply);
    must_have(&reply, "\"narrowed\":[]");
    rig_reply_fini(&reply);
    finish(&rig, &peer);
}

/* A function that the meter does not have costs one request. */
static void test_no_function(void **state)
{
    struct rig rig;
    struct peer peer;
    unsigned asks;

    (void)state;
    lacks.exception = 1;
    lacks.function = 4;
    lacks.first = 0;
    lacks.last = 65535;
    open_eight(&rig, &peer, true, "");
    run_polls(&rig, 1);
    assert_int_equal(peer.asks, 2);
    asks = peer.asks;
    run_polls(&rig, 4);
    assert_in_range(peer.asks, asks + 4, asks + 5);
    assert_int_equal(rig.bad, 1);
    assert_int_equal(quality(&rig, "m.active_power_total"),
                     KW_QUALITY_BAD_EXCEPTION);
    lacks.exception = 0;
    finish(&rig, &peer);
}

/* A class whose only block is refused: its time comes and nothing is asked. */
static void test_nothing_left(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    lacks.exception = 2;
    lacks.function = 4;
    lacks.first = 0;
    lacks.last = 65535;
    rig_open(&rig);
    rig_map(&rig, "classes", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,slow,,,,\n"
            "active_power_total,4,200,2,s32,be,1,W,fast,,,,\n");
    peer_open_tcp(&peer, &rig, false, lacking);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: classes, every: { fast: "
          "100ms, slow: 500ms } }\n");
    run_polls(&rig, 4);
    assert_in_range(peer.asks, 5, 6); /* not each 100 ms */
    assert_int_equal(rig_metric(&rig, "polls_failed_total"), 0);
    assert_int_equal(rig.bad, 1);
    lacks.exception = 0;
    finish(&rig, &peer);
}

/* A busy meter is asked again a moment later, and nothing is lost. */
static void test_busy(void **state)
{
    struct rig rig;
    struct peer peer;
    uint64_t begin_ms;

    (void)state;
    busy = 1;
    begin_ms = kw_clock_mono_ms(&kw_clock_system);
    open_eight(&rig, &peer, false, "");
    run_polls(&rig, 1);
    assert_true(kw_clock_mono_ms(&kw_clock_system) - begin_ms >= 245);
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig.good, 8);
    /* The next poll, which is overdue, may have begun. */
    assert_in_range(peer.asks, 3, 4);
    /* Busy for longer: this time it fails, and the next poll is well. */
    busy = 2;
    run_polls(&rig, 3);
    assert_in_range(rig.bad, 1, 8);
    assert_int_equal(quality(&rig, "m.current_l2"), KW_QUALITY_GOOD);
    finish(&rig, &peer);
}

/* --- counters */

static uint32_t energy, power;

/* Power at 100, energy at 102. */
static void counting(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char pdu[10] = {3, 8}, frame[300];

    assert_int_equal(ask->count, 4);
    for (int i = 0; i < 4; i++) {
        pdu[2 + i] = (unsigned char)(power >> (24 - 8 * i));
        pdu[6 + i] = (unsigned char)(energy >> (24 - 8 * i));
    }
    peer_write(peer, frame,
               peer_frame(peer, ask->unit, peer->transaction, pdu, 10, frame));
}

static void open_counter(struct rig *rig, struct peer *peer)
{
    rig_open(rig);
    rig_map(rig, "meter", "",
            "active_power_total,3,100,2,u32,be,1,W,fast,,,,\n"
            "active_energy_import_total,3,102,2,u32,be,1,Wh,fast,,,,\n");
    energy = 5000;
    power = 1000;
    peer_open_tcp(peer, rig, false, counting);
    start(rig, peer, "",
          "  - { name: m, line: a, unit: 5, profile: meter, every: 100ms }\n");
    run_polls(rig, 2);
    assert_true(rig_point(rig, "m.active_energy_import_total")->latest.value ==
                5000);
}

/* A wrong word for a moment: bad once, and never a number. */
static void test_counter_glitch(void **state)
{
    static const char name[] = "m.active_energy_import_total";
    struct rig rig;
    struct peer peer;

    (void)state;
    open_counter(&rig, &peer);
    energy = 5000 + 65536 * 9;
    run_polls(&rig, 2);
    assert_int_equal(quality(&rig, name), KW_QUALITY_BAD_IMPLAUSIBLE);
    assert_int_equal(rig.bad, 1);
    assert_int_equal(quality(&rig, "m.active_power_total"), KW_QUALITY_GOOD);
    energy = 5001;
    run_polls(&rig, 2);
    assert_true(rig_point(&rig, name)->latest.value == 5001);
    energy = 0;
    run_polls(&rig, 2);
    assert_int_equal(quality(&rig, name), KW_QUALITY_BAD_IMPLAUSIBLE);
    energy = 5002;
    run_polls(&rig, 2);
    assert_true(rig_point(&rig, name)->latest.value == 5002);
    assert_int_equal(rig.jumps, 0);
    assert_in_range(rig_metric(&rig, "implausible_total"), 2, 6);
    finish(&rig, &peer);
}

/* What it can deliver is known from its own power. */
static void test_counter_power(void **state)
{
    static const char name[] = "m.active_energy_import_total";
    struct rig rig;
    struct peer peer;

    (void)state;
    open_counter(&rig, &peer);
    energy += 1; /* since when the value stands is not known before */
    run_polls(&rig, 2);
    energy += 2000; /* in some tenths of a second: 20 MW */
    run_polls(&rig, 2);
    assert_int_equal(quality(&rig, name), KW_QUALITY_BAD_IMPLAUSIBLE);
    energy -= 2000;
    run_polls(&rig, 2);
    assert_int_equal(quality(&rig, name), KW_QUALITY_GOOD);
    power = 500000000; /* it is a big one: 150 Wh each millisecond */
    energy += 2000;
    run_polls(&rig, 2);
    assert_true(rig_point(&rig, name)->latest.value == 7001);
    finish(&rig, &peer);
}

/* --- what is seen */

enum mood { WELL, LATE, CRC, OTHER, TWO, STRANGE, ECHOES, HALF };
static enum mood mood;
static unsigned spoiled; /* frames */

static void moody(struct peer *peer, const struct kw_meter_ask *ask)
{
    struct kw_meter_ask other = *ask;
    unsigned char frame[300], master[300];
    size_t length = peer_answer_frame(peer, ask, frame);

    if (ask->unit != 7 || mood == WELL) {
        peer_write(peer, frame, length);
        return;
    }
    spoiled++;
    switch (mood) {
    case LATE:
        peer_later(peer, 350, frame, length);
        break;
    case CRC:
        frame[length - 1] ^= 0x55;
        peer_write(peer, frame, length);
        break;
    case OTHER:
        other.unit = 9;
        peer_answer(peer, &other);
        break;
    case TWO:
        peer_write(peer, frame, length);
        peer_later(peer, 3, frame, length);
        break;
    case STRANGE:
        other.unit = 3;
        peer_later(peer, 3, master, kw_meter_rtu_encode(&other, master));
        peer_write(peer, frame, length);
        break;
    case ECHOES:
        peer_write(peer, master, kw_meter_rtu_encode(ask, master));
        peer_write(peer, frame, length);
        break;
    case HALF:
        peer_write(peer, frame, length / 2);
        break;
    case WELL:
        break;
    }
}

static bool enough(void *arg)
{
    (void)arg;
    return spoiled >= 60;
}

static bool is_late(void *arg)
{
    return rig_metric(arg, "late_total") >= 1;
}

/* Three meters on a serial line, unit 7 among them with a mood; what GET /bus
 * says then. */
static void look(enum mood how, const char *meter_key, const char *line_key,
                 const char *meaning, const char *outcome)
{
    char text[200];
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    mood = WELL;
    spoiled = 0;
    rig_open(&rig);
    rig_map(&rig, "one", "", "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n");
    peer_open_serial(&peer, &rig, moody);
    start(&rig, &peer, ", timeout: 250ms, retries: 1",
          "  - { name: m6, line: a, unit: 6, profile: one, every: 100ms }\n"
          "  - { name: m7, line: a, unit: 7, profile: one, every: 100ms }\n"
          "  - { name: m8, line: a, unit: 8, profile: one, every: 100ms }\n");
    run_polls(&rig, 6);
    mood = how;
    if (how == LATE)
        kw_fixture_until(&rig.fixture, is_late, &rig);
    else if (how == CRC || how == OTHER || how == HALF)
        kw_fixture_until(&rig.fixture, is_failing, &rig);
    else
        kw_fixture_until(&rig.fixture, enough, &rig);
    ask_bus(&rig, &reply);
    must_have(&reply, "\"frames\":[{\"time\":");
    must_have(&reply, meaning);
    snprintf(text, sizeof(text), "\"outcome\":\"%s\"", outcome);
    must_have(&reply, text);
    if (meter_key != NULL) {
        snprintf(text, sizeof(text), "\"verdict_key\":\"%s\"", meter_key);
        must_have(&reply, text);
    }
    if (line_key != NULL) {
        snprintf(text, sizeof(text), "\"verdict_key\":\"%s\"", line_key);
        must_have(&reply, text);
    }
    rig_reply_fini(&reply);
    mood = WELL;
    finish(&rig, &peer);
}

static void test_late(void **state)
{
    (void)state;
    look(LATE, NULL, NULL, "late answer of unit 7: 1 holding register", "late");
}

static void test_crc(void **state)
{
    (void)state;
    look(CRC, NULL, NULL, "\"meaning\":\"CRC is ", "garbled");
}

static void test_other(void **state)
{
    (void)state;
    look(OTHER, NULL, NULL, "unit 9 answers while unit 7 was asked", "foreign");
}

static void test_two(void **state)
{
    (void)state;
    look(TWO, "meter_twice", NULL, "unit 7 answers once more: 1 holding",
         "twice");
}

static void test_strange(void **state)
{
    (void)state;
    look(STRANGE, NULL, "line_masters",
         "another master asks unit 3: read 1 holding register from 100",
         "foreign");
}

static void test_echoes(void **state)
{
    (void)state;
    look(ECHOES, NULL, "line_echo",
         "the line gives back what was sent: read 1 holding register from 100",
         "echo");
}

static void test_half(void **state)
{
    (void)state;
    look(HALF, NULL, NULL, "3 bytes of 7: the rest did not come", "garbled");
}

/* What a line that is well looks like, and one that does not exist. */
static void test_well(void **state)
{
    static const struct {
        const char *line;
    } query = {"b"};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    lacks.exception = 0;
    busy = 0;
    open_eight(&rig, &peer, true, "");
    run_polls(&rig, 3);
    ask_bus(&rig, &reply);
    must_have(&reply, "{\"line\":{\"name\":\"a\",\"kind\":\"tcp\",");
    must_have(&reply, "\"verdict\":\"\",\"verdict_key\":\"\",");
    must_have(&reply, "\"rtt_ms\":{\"bounds\":[0.5,1,2,5,10,20,50,100,200,500,"
                      "1000,2000],\"counts\":[");
    must_have(&reply, "\"direction\":\"out\",\"unit\":5,\"hex\":\"00 01 00 00 "
                      "00 06 05 03 00 64 00 08\",\"length\":12,\"meaning\":"
                      "\"read 8 holding registers from 100\",\"outcome\":"
                      "\"good\",\"rtt_us\":null}");
    must_have(&reply, "\"direction\":\"in\",\"unit\":5,\"hex\":\"00 01 00 00 "
                      "00 13 05 03 10 00 64 00 65");
    must_have(&reply, "\"meaning\":\"8 holding registers from 100\","
                      "\"outcome\":\"good\",\"rtt_us\":");
    rig_reply_fini(&reply);
    rig_call(&rig, &reply, "/meters", NULL);
    must_have(&reply, "\"achieved_ms\":");
    must_have(&reply, "\"demand\":");
    rig_reply_fini(&reply);
    rig_call(&rig, &reply, "/bus", &query);
    assert_int_equal(reply.status, 404);
    rig_reply_fini(&reply);
    finish(&rig, &peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_tried_again),
        cmocka_unit_test(test_refuses_all),
        cmocka_unit_test(test_no_function),
        cmocka_unit_test(test_nothing_left),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_counter_glitch),
        cmocka_unit_test(test_counter_power),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_other),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_strange),
        cmocka_unit_test(test_echoes),
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
