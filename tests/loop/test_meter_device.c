/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meters over time: periods, time stamps, refused blocks, what is not
 * available, setting aside, and that none of it allocates memory.
 */
#include "test_meter_rig.h"

static uint64_t mono_ms(void)
{
    return kw_clock_mono_ms(&kw_clock_system);
}

static void start(struct rig *rig, const struct peer *peer, const char *options,
                  const char *meters)
{
    char yaml[8192];

    rig_line(yaml, sizeof(yaml), &peer->at, options, meters);
    rig_start(rig, yaml);
}

static bool has_good(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 1;
}

/* --- memory */

static bool polled(void *arg)
{
    struct rig *rig = arg;

    return rig_metric(rig, "polls_total") >= 1100;
}

static bool warm(void *arg)
{
    struct rig *rig = arg;

    return rig_metric(rig, "polls_total") >= 60;
}

static void run_without_memory(bool tcp)
{
    char meters[4096] = "";
    size_t length = 0;
    struct rig rig;
    struct peer peer;
    struct kw_mem_stats before, after;

    for (unsigned unit = 1; unit <= 30; unit++)
        length += (size_t)snprintf(
            meters + length, sizeof(meters) - length,
            "  - { name: m%u, line: a, unit: %u, profile: %s, every: 100ms }\n",
            unit, unit, unit % 2 ? "abb_b23_b24" : "eastron_sdm120");
    rig_open(&rig);
    if (tcp)
        peer_open_tcp(&peer, &rig, false, peer_answer);
    else
        peer_open_serial(&peer, &rig, peer_answer);
    start(&rig, &peer, "", meters);
    kw_fixture_until(&rig.fixture, warm, &rig);
    before = kw_mem_stats();
    kw_fixture_until(&rig.fixture, polled, &rig);
    after = kw_mem_stats();
    assert_int_equal(after.allocations, before.allocations);
    assert_int_equal(after.frees, before.frees);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* A thousand polls allocate nothing. */
static void test_no_memory(void **state)
{
    (void)state;
    run_without_memory(true);
    run_without_memory(false);
}

/* --- periods */

static unsigned asked[3]; /* of the blocks at 100, 500, 900 */

static void count_blocks(struct peer *peer, const struct kw_meter_ask *ask)
{
    asked[ask->address / 400]++;
    peer_answer(peer, ask);
}

static const char three_classes[] =
    "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
    "current_l1,3,500,1,u16,-,1,A,normal,,,,\n"
    "active_energy_import_total,3,900,2,u32,be,1,Wh,slow,,,,\n";

static bool fast_often(void *arg)
{
    (void)arg;
    return asked[0] >= 21;
}

/* Each class has its period; what is due together is one poll. */
static void test_classes(void **state)
{
    struct rig rig;
    struct peer peer;
    double polls;

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    rig_map(&rig, "three", "", three_classes);
    peer_open_tcp(&peer, &rig, false, count_blocks);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: three, every: { fast: "
          "100ms, normal: 500ms, slow: 1s } }\n");
    kw_fixture_until(&rig.fixture, fast_often, &rig);
    polls = rig_metric(&rig, "polls_total");
    assert_in_range(asked[1], 4, 6);
    assert_in_range(asked[2], 2, 4);
    assert_in_range(polls, asked[0] - 1, asked[0] + 1);
    assert_int_equal(rig_point(&rig, "m.current_l1")->period_ms, 500);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* One class: one request a poll for all that lies together. */
static void test_one_period_merges(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "merge", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
            "current_l1,3,101,1,u16,-,1,A,normal,,,,\n"
            "active_energy_import_total,3,102,2,u32,be,1,Wh,slow,,,,\n");
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: merge, every: 10s }\n");
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(peer.asks, 1);
    assert_int_equal(rig.publications, 1);
    assert_int_equal(rig.last_count, 3);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* The first poll is at once, however long the period; every meter's. */
static void test_first_poll(void **state)
{
    struct rig rig;
    struct peer peer;
    uint64_t begin_ms;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, peer_answer);
    begin_ms = mono_ms();
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: abb_b23_b24, every: 1h }\n"
          "  - { name: n, line: a, unit: 6, profile: abb_b23_b24, every: 1d "
          "}\n");
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_true(mono_ms() - begin_ms < 300);
    while (rig.publications < 2)
        uv_run(&rig.fixture.loop.uv, UV_RUN_ONCE);
    assert_true(mono_ms() - begin_ms < 1000);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* --- time stamps */

/* One a poll, from when its first request left. */
static void test_stamp(void **state)
{
    struct rig rig;
    struct peer peer;
    int64_t before_ms, after_ms;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, peer_answer);
    before_ms = kw_clock_wall_ms(&kw_clock_system);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: abb_b23_b24 }\n");
    kw_fixture_until(&rig.fixture, has_good, &rig);
    after_ms = kw_clock_wall_ms(&kw_clock_system);
    assert_in_range(rig.last_time_ms, before_ms, after_ms);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static uint64_t real_mono_ns(const struct kw_clock *clock)
{
    (void)clock;
    return kw_clock_mono_ns(&kw_clock_system);
}

static int64_t epoch_wall_ms(const struct kw_clock *clock)
{
    (void)clock;
    return 1000;
}

static bool has_samples(void *arg)
{
    const struct rig *rig = arg;

    return rig->samples > 0;
}

static void look_uncertain(struct rig *rig, const struct kw_point *point,
                           const struct kw_sample *sample)
{
    (void)rig;
    (void)point;
    assert_int_equal(sample->quality, KW_QUALITY_UNCERTAIN_CLOCK);
    assert_int_equal(sample->raw, 100);
}

/* A clock that was never set: values, but uncertain ones. */
static void test_clock_not_set(void **state)
{
    static const struct kw_clock unset = {real_mono_ns, epoch_wall_ms};
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig.any_quality = true;
    rig.look = look_uncertain;
    rig.fixture.core.clock = &unset;
    rig_map(&rig, "one", "", "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n");
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, "", "  - { name: m, line: a, unit: 5, profile: one }\n");
    kw_fixture_until(&rig.fixture, has_samples, &rig);
    rig_stop(&rig);
    rig.fixture.core.clock = &kw_clock_system;
    peer_close(&peer);
    rig_close(&rig);
}

/* --- what a meter refuses or does not have */

static void refuse_500(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (ask->address == 500)
        peer_exception(peer, ask, 2);
    else
        peer_answer(peer, ask);
}

static bool several_polls(void *arg)
{
    struct rig *rig = arg;

    return rig_metric(rig, "polls_total") >= 5;
}

/* A refused block is marked, once; the rest of the meter is well. */
static void test_refused_block(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    rig_map(&rig, "three", "", three_classes);
    peer_open_serial(&peer, &rig, refuse_500);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: three, every: 100ms }\n");
    kw_fixture_until(&rig.fixture, several_polls, &rig);
    assert_int_equal(rig.bad, 1);
    assert_int_equal(rig_point(&rig, "m.current_l1")->latest.quality,
                     KW_QUALITY_BAD_EXCEPTION);
    assert_int_equal(rig_point(&rig, "m.voltage_l1_n")->latest.quality,
                     KW_QUALITY_GOOD);
    assert_int_equal(rig_metric(&rig, "polls_failed_total"), 0);
    assert_int_equal(rig.failing, 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* Codes for "not available" and NaN are told once, not each poll. */
static void test_not_available(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "na", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,0064,,,\n"
            "current_l1,3,32704,2,f32,be,1,A,fast,,,,\n"   /* 7FC0 7FC1 */
            "frequency,3,65520,4,bcd64,be,1,Hz,fast,,,,\n" /* FFF0... */
            "active_power_l1,1,7,1,bit,-,1,W,fast,,,,\n"); /* of A5 */
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: na, every: 100ms }\n");
    kw_fixture_until(&rig.fixture, several_polls, &rig);
    assert_int_equal(rig.bad, 3);
    assert_int_equal(rig_point(&rig, "m.voltage_l1_n")->latest.quality,
                     KW_QUALITY_BAD_NOT_AVAILABLE);
    assert_int_equal(rig_point(&rig, "m.current_l1")->latest.quality,
                     KW_QUALITY_BAD_NOT_AVAILABLE);
    assert_int_equal(rig_point(&rig, "m.frequency")->latest.quality,
                     KW_QUALITY_BAD_IMPLAUSIBLE);
    assert_true(rig_point(&rig, "m.active_power_l1")->latest.value == 1);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static bool has_bad(void *arg)
{
    const struct rig *rig = arg;

    return rig->bad > 0;
}

/* A value that the ratios carry out of what a number can be. */
static void test_too_large(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "huge", "",
            "current_l1,3,32736,4,f64,be,1,A,fast,,,,\n"); /* 7FE0 ... */
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: huge, scale: { ct: 1000 "
          "} }\n");
    kw_fixture_until(&rig.fixture, has_bad, &rig);
    assert_int_equal(rig_point(&rig, "m.current_l1")->latest.quality,
                     KW_QUALITY_BAD_IMPLAUSIBLE);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* Ratios, the wrong way round, and the second of several loads. */
static void test_entry_options(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "opt", "#load_stride: 1000\n",
            "voltage_l1_n,3,100,1,u16,-,0.1,V,fast,,,,\n"
            "current_l1,3,101,1,u16,-,1,A,fast,,,,\n"
            "active_power_total,3,102,1,s16,-,1,W,fast,,,,\n"
            "active_energy_import_total,3,103,1,u16,-,1,Wh,fast,,,,\n"
            "active_energy_export_total,3,104,1,u16,-,1,Wh,fast,,,,\n"
            "power_factor_total,3,105,1,u16,-,0.0001,1,fast,,,,\n");
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: opt, load: 2, invert: "
          "true, scale: { ct: 20, vt: 100 } }\n");
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_true(rig_point(&rig, "m.voltage_l1_n")->latest.value ==
                1100 * (0.1 * 100));
    assert_true(rig_point(&rig, "m.current_l1")->latest.value == 1101 * 20);
    assert_true(rig_point(&rig, "m.active_power_total")->latest.value ==
                -1102.0 * 2000);
    assert_true(rig_point(&rig, "m.active_energy_export_total")->latest.value ==
                1103 * 2000);
    assert_true(rig_point(&rig, "m.active_energy_import_total")->latest.value ==
                1104 * 2000);
    assert_true(rig_point(&rig, "m.power_factor_total")->latest.value ==
                1105 * -0.0001);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* --- setting aside */

static bool answers;
static unsigned attempts;
static uint64_t attempt_ms[16];

static void dead_or_alive(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (ask->unit == 9 && attempts < 16)
        attempt_ms[attempts++] = mono_ms();
    if (ask->unit != 9 || answers)
        peer_answer(peer, ask);
}

static bool six_attempts(void *arg)
{
    (void)arg;
    return attempts >= 6;
}

static bool recovered(void *arg)
{
    const struct rig *rig = arg;

    return rig->recovered > 0;
}

/* Three polls fail, the first of which asks for two blocks to see whether the
 * meter is there at all; then the pauses are 2 and 4 seconds; one event when it
 * is set aside, one when it is back; each point is told bad once. */
static void test_aside(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    answers = false;
    attempts = 0;
    rig_open(&rig);
    rig_map(&rig, "three", "", three_classes);
    peer_open_tcp(&peer, &rig, false, dead_or_alive);
    start(&rig, &peer, ", timeout: 50ms, retries: 0",
          "  - { name: good, line: a, unit: 5, profile: three, every: 100ms }\n"
          "  - { name: m, line: a, unit: 9, profile: three, every: 100ms }\n");
    kw_fixture_until(&rig.fixture, six_attempts, &rig);
    assert_int_equal(rig.failing, 1);
    assert_int_equal(rig.bad, 3);
    assert_in_range(attempt_ms[4] - attempt_ms[3], 1990, 2600);
    assert_in_range(attempt_ms[5] - attempt_ms[4], 3990, 4600);
    answers = true;
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void test_comes_back(void **state)
{
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    answers = false;
    attempts = 0;
    rig_open(&rig);
    rig_map(&rig, "three", "", three_classes);
    peer_open_serial(&peer, &rig, dead_or_alive);
    start(&rig, &peer, ", timeout: 50ms, retries: 1",
          "  - { name: m, line: a, unit: 9, profile: three, every: 100ms }\n");
    while (rig.failing == 0)
        uv_run(&rig.fixture.loop.uv, UV_RUN_ONCE);
    assert_int_equal(attempts, 4); /* three polls, two blocks in the first */
    assert_int_equal(rig_metric(&rig, "meters_failing"), 1);
    rig_call(&rig, &reply, "/meters", NULL);
    assert_non_null(strstr(reply.body, "\"state\":\"failing\""));
    assert_non_null(strstr(reply.body, "\"text\":\"no answer since "));
    assert_non_null(strstr(reply.body, "\"last_good\":null"));
    rig_reply_fini(&reply);
    answers = true;
    kw_fixture_until(&rig.fixture, recovered, &rig);
    assert_int_equal(rig_metric(&rig, "meters_failing"), 0);
    assert_int_equal(rig.good, 3); /* everything at once */
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* --- attributes */

static const char with_texts[] =
    "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
    "info_name,3,16705,3,string,-,1,1,slow,,,,\n" /* 4141 4142 4143 */
    "info_serial,3,300,1,u16,-,1,1,slow,,,,\n";

static unsigned text_asks;

static void count_texts(struct peer *peer, const struct kw_meter_ask *ask)
{
    bool first = ask->address == 16705 && text_asks++ == 0;

    if (!first) /* the first time it is lost */
        peer_answer(peer, ask);
}

static bool texts_read(void *arg)
{
    struct rig *rig = arg;
    struct rig_reply reply;
    bool found;

    rig_call(rig, &reply, "/meters", NULL);
    found = strstr(reply.body, "\"attributes\":{\"info_serial\":\"300\","
                               "\"info_name\":\"AAABAC\"}") != NULL;
    rig_reply_fini(&reply);
    return found;
}

/* Texts are read once, again after they were lost, and are no samples. */
static void test_attributes(void **state)
{
    struct rig rig;
    struct peer peer;
    double polls;

    (void)state;
    text_asks = 0;
    rig_open(&rig);
    rig_map(&rig, "texts", "", with_texts);
    peer_open_serial(&peer, &rig, count_texts);
    start(&rig, &peer, ", timeout: 50ms, retries: 1",
          "  - { name: m, line: a, unit: 5, profile: texts, every: 100ms }\n");
    kw_fixture_until(&rig.fixture, texts_read, &rig);
    polls = rig_metric(&rig, "polls_total");
    while (rig_metric(&rig, "polls_total") < polls + 3)
        uv_run(&rig.fixture.loop.uv, UV_RUN_ONCE);
    assert_int_equal(text_asks, 2);
    assert_null(kw_points_find(rig.fixture.core.points, "m.info_name"));
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* A map of texts only is read once and then left alone. */
static void test_texts_only(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "texts", "", "info_serial,3,300,1,u16,-,1,1,slow,,,,\n");
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: texts, every: 100ms }\n");
    while (rig_metric(&rig, "polls_total") < 1)
        uv_run(&rig.fixture.loop.uv, UV_RUN_ONCE);
    kw_fixture_run_ms(&rig.fixture, 250);
    assert_int_equal(peer.asks, 1);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_one_period_merges),
        cmocka_unit_test(test_first_poll),
        cmocka_unit_test(test_stamp),
        cmocka_unit_test(test_clock_not_set),
        cmocka_unit_test(test_refused_block),
        cmocka_unit_test(test_not_available),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_entry_options),
        cmocka_unit_test(test_aside),
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_texts_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
