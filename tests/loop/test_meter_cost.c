/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bad meter costs the others on its line: its own time-outs and no
 * more, whether it is silent, garbled, or takes the line down.
 */
#include "test_meter_rig.h"

#include "meter/line.h"

static unsigned asks_of[16];
static double demand; /* the highest of the line so far */

static void note(struct peer *peer, const struct kw_meter_ask *ask)
{
    double now = kw_meter_line_demand(kw_meter_find_line(peer->rig->self, "a"));

    asks_of[ask->unit % 16]++;
    demand = now > demand ? now : demand;
}

static void start(struct rig *rig, const struct peer *peer, const char *options,
                  const char *meters)
{
    char yaml[4096];

    memset(asks_of, 0, sizeof(asks_of));
    demand = 0;
    rig_map(rig, "three", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
            "current_l1,3,500,2,u32,be,1,A,fast,,,,\n"
            "frequency,3,900,4,u64,be,1,Hz,fast,,,,\n");
    rig_line(yaml, sizeof(yaml), &peer->at, options, meters);
    rig_start(rig, yaml);
}

static void finish(struct rig *rig, struct peer *peer)
{
    rig_stop(rig);
    peer_close(peer);
    rig_close(rig);
}

static bool is_aside(void *arg)
{
    const struct rig *rig = arg;

    return rig->failing > 0;
}

/* --- time that is wasted */

static void unit_9_is_junk(struct peer *peer, const struct kw_meter_ask *ask)
{
    static const unsigned char junk[] = {0x31, 0x41, 0x59, 0x26, 0x53, 0x58};

    note(peer, ask);
    if (ask->unit == 9)
        peer_write(peer, junk, sizeof(junk));
    else
        peer_answer(peer, ask);
}

/* A poll ends with its first request that is garbled twice, and what that
 * takes is not counted as time that meters ask for: no period is stretched. */
static void test_garbled_costs_its_time(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, unit_9_is_junk);
    start(&rig, &peer, ", timeout: 250ms, retries: 1",
          "  - { name: m, line: a, unit: 5, profile: three, every: 200ms }\n"
          "  - { name: n, line: a, unit: 9, profile: three, every: 200ms }\n");
    kw_fixture_until(&rig.fixture, is_aside, &rig);
    assert_in_range(asks_of[9], 3, 5); /* three polls, one request repeated */
    assert_true(demand < 1);
    assert_int_equal(rig.overloaded, 0);
    finish(&rig, &peer);
}

/* --- a meter that takes the line down */

static struct peer *line_peer;

static void listen_again(uv_timer_t *timer)
{
    peer_listen_tcp(line_peer);
    uv_close((uv_handle_t *)timer, NULL);
}

static unsigned breaks;
static bool others_between; /* units 3 and 4 were asked between two breaks */

static void unit_2_breaks(struct peer *peer, const struct kw_meter_ask *ask)
{
    static uv_timer_t timer;
    unsigned char frame[300];

    note(peer, ask);
    if (ask->unit != 2) {
        peer_later(peer, 5, frame, peer_answer_frame(peer, ask, frame));
        return;
    }
    if (breaks++ > 0)
        others_between = others_between && asks_of[3] > 0 && asks_of[4] > 0;
    asks_of[3] = asks_of[4] = 0;
    peer_hang_up(peer);
    peer_refuse(peer);
    uv_timer_init(&peer->rig->fixture.loop.uv, &timer);
    uv_timer_start(&timer, listen_again, 50, 0);
}

static bool listens(void *arg)
{
    const struct peer *peer = arg;

    return peer->listen_fd >= 0;
}

static void text_of_meters(struct rig *rig, const char *text)
{
    struct rig_reply reply;

    rig_call(rig, &reply, "/meters", NULL);
    if (strstr(reply.body, text) == NULL)
        fail_msg("%s is not in %s", text, reply.body);
    rig_reply_fini(&reply);
}

/* As with an adapter that resets when one meter is asked: that meter fails
 * with each break and is set aside after three; after each break the others,
 * who have waited longer, are asked first. */
static void test_breaks_the_line(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    breaks = 0;
    others_between = true;
    line_peer = &peer;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, unit_2_breaks);
    start(&rig, &peer, "",
          "  - { name: m1, line: a, unit: 1, profile: three, every: 200ms }\n"
          "  - { name: m2, line: a, unit: 2, profile: three, every: 200ms }\n"
          "  - { name: m3, line: a, unit: 3, profile: three, every: 200ms }\n"
          "  - { name: m4, line: a, unit: 4, profile: three, every: 200ms }\n");
    text_of_meters(&rig, "\"text\":\"no answer yet\"");
    kw_fixture_until(&rig.fixture, is_aside, &rig);
    assert_int_equal(breaks, 3);
    assert_true(others_between);
    text_of_meters(&rig, "\"text\":\"the line breaks when it is asked, since ");
    kw_fixture_until(&rig.fixture, listens, &peer);
    finish(&rig, &peer);
}

/* --- a connection that is taken and gives nothing */

static void hangs_up(struct peer *peer, const struct kw_meter_ask *ask)
{
    note(peer, ask);
    peer_hang_up(peer);
}

/* A converter that is busy with another master takes the connection and closes
 * it: down is told once, and the line is up when somebody answers. */
static void test_taken_and_closed(void **state)
{
    (void)state;
    for (int rtu = 0; rtu < 2; rtu++) {
        struct rig rig;
        struct peer peer;

        rig_open(&rig);
        peer_open_tcp(&peer, &rig, rtu == 1, hangs_up);
        start(&rig, &peer, "",
              "  - { name: m, line: a, unit: 5, profile: three, every: 1s }\n");
        kw_fixture_run_ms(&rig.fixture, 3600000);
        assert_int_equal(rig.line_down, 1);
        assert_int_equal(rig.line_up, 0);
        assert_int_equal(rig.failing, 1);
        text_of_meters(&rig, "\"state\":\"down\",\"text\":\"127.0.0.1:");
        text_of_meters(&rig, ": takes the connection and closes it: busy with "
                             "another master?\"");
        peer.on_ask = peer_answer;
        kw_fixture_run_ms(&rig.fixture, 120000);
        assert_int_equal(rig.line_down, 1);
        assert_int_equal(rig.line_up, 1);
        assert_int_equal(rig.recovered, 1);
        text_of_meters(&rig, "\"state\":\"up\",\"text\":\"\"");
        finish(&rig, &peer);
    }
}

static void says_nothing(struct peer *peer, const struct kw_meter_ask *ask)
{
    note(peer, ask);
}

/* A connection that stays open without an answer is no line that is up; what
 * is behind it is judged, and it may be asked. */
static void test_taken_and_silent(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, says_nothing);
    start(&rig, &peer, "",
          "  - { name: m, line: a, unit: 5, profile: three, every: 1s }\n");
    kw_fixture_run_ms(&rig.fixture, 60000);
    text_of_meters(&rig, "\"state\":\"connecting\"");
    text_of_meters(&rig, "\"verdict_key\":\"meter_silent_tcp\"");
    assert_int_equal(rig.line_down, 0);
    peer.on_ask = peer_answer;
    kw_fixture_run_ms(&rig.fixture, 60000);
    text_of_meters(&rig, "\"state\":\"up\"");
    finish(&rig, &peer);
}

/* --- a converter that babbles */

/* Each 10 ms 70 KB that nobody asked for: zeros, or frames of another
 * transaction. */
static void babble(uv_timer_t *timer)
{
    struct peer *peer = timer->data;
    unsigned char frame[300] = {0};
    struct kw_meter_ask other = {.unit = 77, .function = 3, .count = 125};
    size_t length = 250;

    if (!peer->at.rtu) {
        peer->transaction = 0xFFFF;
        length = peer_answer_frame(peer, &other, frame);
    }
    for (unsigned i = 0; i < 280; i++)
        peer_write(peer, frame, length);
}

static void test_babble(void **state)
{
    (void)state;
    for (int rtu = 0; rtu < 2; rtu++) {
        struct rig rig;
        struct peer peer;
        uv_timer_t timer;

        rig_open(&rig);
        peer_open_tcp(&peer, &rig, rtu == 1, peer_answer);
        uv_timer_init(&rig.fixture.loop.uv, &timer);
        timer.data = &peer;
        uv_timer_start(&timer, babble, 10, 10);
        start(&rig, &peer, "",
              "  - { name: m, line: a, unit: 5, profile: three, every: 1s }\n");
        kw_fixture_run_ms(&rig.fixture, 600000);
        text_of_meters(&rig, "more than 256 KiB a second that nobody asked");
        /* 2, 4, 8, 16, 32 and then 60 s apart */
        assert_in_range(peer.connections, 10, 16);
        uv_close((uv_handle_t *)&timer, NULL);
        kw_fixture_run_ms(&rig.fixture, 61000);
        text_of_meters(&rig, "\"state\":\"up\"");
        finish(&rig, &peer);
    }
}

/* Many answers that were asked for are none: 130 KB a second. */
static void test_busy_is_no_babble(void **state)
{
    char meters[4096] = "";
    size_t length = 0;
    struct rig rig;
    struct peer peer;
    char yaml[8192];

    (void)state;
    for (unsigned unit = 1; unit <= 50; unit++)
        length += (size_t)snprintf(
            meters + length, sizeof(meters) - length,
            "  - { name: m%u, line: a, unit: %u, profile: long, every: 100ms "
            "}\n",
            unit, unit);
    rig_open(&rig);
    rig_map(&rig, "long", "#max_registers: 125\n#gap: 123\n",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
            "current_l1,3,224,1,u16,-,1,A,fast,,,,\n");
    peer_open_tcp(&peer, &rig, true, peer_answer);
    rig_line(yaml, sizeof(yaml), &peer.at, "", meters);
    rig_start(&rig, yaml);
    kw_fixture_run_ms(&rig.fixture, 20000);
    assert_int_equal(rig.line_down, 0);
    assert_int_equal(peer.connections, 1);
    assert_true(peer.asks > 3000);
    finish(&rig, &peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbled_costs_its_time),
        cmocka_unit_test(test_breaks_the_line),
        cmocka_unit_test(test_taken_and_closed),
        cmocka_unit_test(test_taken_and_silent),
        cmocka_unit_test(test_babble),
        cmocka_unit_test(test_busy_is_no_babble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
