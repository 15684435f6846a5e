/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports and connections that come and go, and how a line treats its jobs:
 * missing devices, lost ones, echoes, pauses, several requests at a time.
 */
#include "test_meter_two.h"

#include <sys/resource.h>

/* The device appears only later. The link is what a stable name is. */
static void test_missing_port(void **state)
{
    struct peer_place nowhere = {.tcp = false};
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    snprintf(nowhere.port, sizeof(nowhere.port), "%s/adapter", rig.fixture.dir);
    start(&rig, &nowhere, "", one_meter);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    assert_non_null(strstr(line_text(&rig), "No such file"));
    assert_int_equal(rig.samples, 2); /* bad_line, once */
    assert_int_equal(rig_point(&rig, "m.current_l1")->latest.quality,
                     KW_QUALITY_BAD_LINE);
    assert_int_equal(rig_metric(&rig, "lines_down"), 1);
    peer_open_serial(&peer, &rig, peer_answer);
    assert_int_equal(symlink(peer.at.port, nowhere.port), 0);
    kw_fixture_until(&rig.fixture, came_up, &rig);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.bad, 2);
    assert_int_equal(rig.line_down, 1);
    assert_string_equal(line_text(&rig), "");
    assert_int_equal(rig_metric(&rig, "lines_down"), 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* The adapter is pulled out and another one comes under the same name. */
static void test_port_pulled_out(void **state)
{
    struct peer_place place = {.tcp = false};
    struct rig rig;
    struct peer first, second;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&first, &rig, peer_answer);
    snprintf(place.port, sizeof(place.port), "%s/adapter", rig.fixture.dir);
    assert_int_equal(symlink(first.at.port, place.port), 0);
    start(&rig, &place, "", one_meter);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(unlink(place.port), 0);
    peer_close(&first);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    peer_open_serial(&second, &rig, peer_answer);
    assert_int_equal(symlink(second.at.port, place.port), 0);
    rig.good = 0;
    kw_fixture_until(&rig.fixture, came_up, &rig);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    rig_stop(&rig);
    peer_close(&second);
    rig_close(&rig);
}

/* Nobody listens; then somebody does. */
static void test_refused(void **state)
{
    struct peer_place place;
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, peer_answer);
    place = peer.at;
    peer_close(&peer);
    start(&rig, &place, "", one_meter);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    assert_non_null(strstr(line_text(&rig), "127.0.0.1:"));
    kw_fixture_run_ms(&rig.fixture, 2300); /* and the second attempt */
    assert_int_equal(rig.samples, 2);
    assert_int_equal(rig.line_down, 1);
    rig_stop(&rig);
    rig_close(&rig);
}

/* A machine that swallows connections: its queue is full. */
static void test_no_connection(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct peer_place place = {.tcp = true};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), filler[3];
    struct rig rig;

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    for (size_t i = 0; i < 3; i++) {
        filler[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(filler[i], (struct sockaddr *)&address, sizeof(address));
    }
    snprintf(place.port, sizeof(place.port), "%u",
             (unsigned)ntohs(address.sin_port));
    rig_open(&rig);
    start(&rig, &place, "", one_meter);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    assert_string_equal(line_text(&rig), "no connection in time");
    rig_stop(&rig);
    rig_close(&rig);
    for (size_t i = 0; i < 3; i++)
        close(filler[i]);
    close(fd);
}

/* No memory for one of two lines: the other one runs, and health tells. */
static void test_no_memory_for_a_line(void **state)
{
    struct kw_health health = {.text = ""};
    struct rig rig;
    bool one = false;

    (void)state;
    for (uint64_t n = 1; !one; n++) {
        assert_true(n < 200);
        rig_open(&rig);
        rig_must_parse(&rig,
                       "lines:\n  - { name: a, serial: /nowhere }\n"
                       "  - { name: b, tcp: 127.0.0.1 }\n",
                       &rig.conf);
        rig.self = kw_alloc(kw_meter_module.state_size);
        kw_mem_fail_at(n);
        if (kw_meter_module.start(rig.self, &rig.conf, &rig.fixture.core,
                                  NULL) != 0) {
            kw_mem_fail_at(0);
            kw_free(rig.self);
            rig.self = NULL;
            rig_close(&rig);
            continue;
        }
        kw_mem_fail_at(0);
        kw_meter_module.health(rig.self, &health);
        one = rig_metric(&rig, "lines") > 0 && health.level == KW_LEVEL_FAILED;
        if (one)
            assert_non_null(strstr(health.text, "1 lines could not be made"));
        rig_close(&rig);
    }
}

/* No descriptor is left for a connection: said so, and made when there is. */
static void test_no_descriptors(void **state)
{
    struct rlimit old, low;
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer.at, "", one_meter);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)dup(0);
    close((int)low.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_non_null(strstr(line_text(&rig), "no file descriptor is free"));
    kw_fixture_until(&rig.fixture, has_good, &rig);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* Stopped while the name is looked up or the connection is made. */
static void test_stop_while_opening(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 6; turns++) {
        struct rig rig;
        struct peer peer;

        rig_open(&rig);
        peer_open_tcp(&peer, &rig, false, peer_answer);
        start(&rig, &peer.at, "", one_meter);
        for (unsigned i = 0; i < turns; i++)
            uv_run(&rig.fixture.loop.uv, UV_RUN_NOWAIT);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

static void hang_up_after(struct peer *peer, const struct kw_meter_ask *ask)
{
    peer_answer(peer, ask);
    peer_hang_up(peer);
}

/* A device that closes after each answer is polled without a gap and without
 * anybody being told. */
static void test_closes_after_each(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, hang_up_after);
    start(&rig, &peer.at, "", one_meter);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig.line_down, 0);
    assert_true(peer.connections >= 6);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static bool connected_again(void *arg)
{
    const struct peer *peer = arg;

    return peer->connections >= 8;
}

static void hang_up(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)ask;
    peer_hang_up(peer);
}

/* One that closes without ever answering is down after a few attempts, which
 * is told once however often it takes a connection again. */
static void test_closes_at_once(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, hang_up);
    start(&rig, &peer.at, ", retries: 0", one_meter);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    assert_non_null(strstr(line_text(&rig), "takes the connection and "
                                            "closes it: busy"));
    assert_in_range(peer.connections, 2, 6);
    assert_int_equal(rig.failing, 1);
    kw_fixture_until(&rig.fixture, connected_again, &peer);
    assert_int_equal(rig.recovered, 0); /* still set aside */
    assert_int_equal(rig.line_up, 0);
    assert_int_equal(rig.line_down, 1);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void silent(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)peer;
    (void)ask;
}

static bool renewed(void *arg)
{
    const struct peer *peer = arg;

    return peer->connections >= 2;
}

/* A connection on which nobody answers is made anew. */
static void test_renewal(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, silent);
    start(&rig, &peer.at, ", timeout: 50ms, retries: 2", one_meter);
    kw_fixture_until(&rig.fixture, renewed, &peer);
    assert_in_range(peer.asks, 3, 4);
    assert_int_equal(rig.line_down, 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void echo(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[KW_METER_RTU_MAX];

    peer_write(peer, frame, kw_meter_rtu_encode(ask, frame));
    peer_answer(peer, ask);
}

/* Two-wire adapters give back what is sent. */
static void test_echo(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, echo);
    start(&rig, &peer.at, "", one_meter);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.bad, 0);
    assert_int_equal(rig_metric(&rig, "foreign_total"), 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void in_pieces(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);

    for (size_t i = 0; i < length; i++)
        peer_later(peer, (unsigned)i, frame + i, 1);
}

/* One byte at a time, a millisecond apart, is a slow line and no fault. */
static void test_pieces(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        rig_open(&rig);
        if (tcp)
            peer_open_tcp(&peer, &rig, false, in_pieces);
        else
            peer_open_serial(&peer, &rig, in_pieces);
        start(&rig, &peer.at, "", one_meter);
        kw_fixture_until(&rig.fixture, has_good, &rig);
        assert_int_equal(rig.bad, 0);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

static void late_end(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);

    peer_later(peer, 80, frame, 4);
    peer_later(peer, 205, frame + 4, length - 4);
}

/* At 1200 baud a request takes 73 ms and the answer 64 ms: one that has begun
 * before the time-out may end. */
static void test_slow_line(void **state)
{
    struct rig rig;
    struct peer peer;
    char yaml[512];

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "two", "", rows);
    peer_open_serial(&peer, &rig, late_end);
    snprintf(yaml, sizeof(yaml),
             "lines:\n  - { name: a, serial: { port: %s, baud: 1200 }, "
             "timeout: 100ms, retries: 0 }\nmeters:\n%s",
             peer.at.port, one_meter);
    rig_start(&rig, yaml);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.bad, 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* The most requests that were unanswered at a time. */
static struct {
    unsigned open, most;
} flight;

static void delayed(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];

    peer_later(peer, 20, frame, peer_answer_frame(peer, ask, frame));
    flight.open = peer->pending;
    if (flight.open > flight.most)
        flight.most = flight.open;
}

/* Requests overlap as far as the line's settings say. */
static void test_in_flight(void **state)
{
    static const struct {
        const char *in_flight;
        unsigned most;
    } cases[] = {{"1", 1}, {"3", 3}, {"16", 4}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct rig rig;
        struct peer peer;
        char yaml[1024];

        flight.most = 0;
        rig_open(&rig);
        rig_map(&rig, "two", "", rows);
        peer_open_tcp(&peer, &rig, false, delayed);
        snprintf(yaml, sizeof(yaml),
                 "lines:\n  - { name: a, tcp: { host: 127.0.0.1, port: %s, "
                 "in_flight: %s } }\nmeters:\n%s"
                 "  - { name: n, line: a, unit: 6, profile: two, every: "
                 "100ms }\n",
                 peer.at.port, cases[i].in_flight, one_meter);
        rig_start(&rig, yaml);
        kw_fixture_until(&rig.fixture, has_good, &rig);
        assert_int_equal(rig.bad, 0);
        /* listener and connection are pending too */
        assert_int_equal(flight.most, cases[i].most + 1);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

static uint64_t last_ask_ns, shortest_ns;

static void timed(struct peer *peer, const struct kw_meter_ask *ask)
{
    uint64_t now_ns = kw_clock_mono_ns(&kw_clock_system);

    if (last_ask_ns != 0 && now_ns - last_ask_ns < shortest_ns)
        shortest_ns = now_ns - last_ask_ns;
    last_ask_ns = now_ns;
    peer_answer(peer, ask);
}

static void test_own_silence(void **state)
{
    struct rig rig;
    struct peer peer;
    char yaml[512];

    (void)state;
    last_ask_ns = 0;
    shortest_ns = UINT64_MAX;
    rig_open(&rig);
    rig_map(&rig, "two", "", rows);
    peer_open_serial(&peer, &rig, timed);
    snprintf(yaml, sizeof(yaml),
             "lines:\n  - { name: a, serial: { port: %s, silence_ms: 12.5 } "
             "}\nmeters:\n%s",
             peer.at.port, one_meter);
    rig_start(&rig, yaml);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_in_range(shortest_ns, 12500000U, 60000000U);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void unasked(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    struct kw_meter_ask other = *ask;

    other.unit = 99;
    peer_answer(peer, ask);
    peer->transaction = 0xFFFF;
    peer_later(peer, 20, frame, peer_answer_frame(peer, &other, frame));
}

/* Frames that come when nobody waits are counted and dropped. */
static void test_unasked(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct rig rig;
        struct peer peer;

        rig_open(&rig);
        rig_map(&rig, "one", "", "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n");
        if (tcp)
            peer_open_tcp(&peer, &rig, false, unasked);
        else
            peer_open_serial(&peer, &rig, unasked);
        start(&rig, &peer.at, "",
              "  - { name: m, line: a, unit: 5, profile: one, every: 200ms "
              "}\n");
        kw_fixture_until(&rig.fixture, has_good, &rig);
        assert_true(rig_metric(&rig, "foreign_total") >= 5);
        assert_int_equal(rig.bad, 0);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

/* The pause of a map lies between the requests of a poll, the pause of a line
 * between any two. */
static void test_pauses(void **state)
{
    (void)state;
    for (int of_line = 0; of_line < 2; of_line++) {
        struct rig rig;
        struct peer peer;
        char yaml[1024];

        last_ask_ns = 0;
        shortest_ns = UINT64_MAX;
        rig_open(&rig);
        rig_map(&rig, "two", of_line ? "" : "#pause: 20ms\n", rows);
        peer_open_serial(&peer, &rig, timed);
        rig_line(yaml, sizeof(yaml), &peer.at, of_line ? ", pause: 20ms" : "",
                 one_meter);
        rig_start(&rig, yaml);
        kw_fixture_until(&rig.fixture, has_good, &rig);
        assert_in_range(shortest_ns, 20000000U, 60000000U);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

static void noisy(struct peer *peer, const struct kw_meter_ask *ask)
{
    static const unsigned char noise[3] = {0x99, 0x98, 0x97};

    peer_answer(peer, ask);
    for (unsigned i = 1; i < 80; i++)
        peer_later(peer, i, noise, sizeof(noise));
}

/* Noise that never ends can't stop a line: it asks in spite of it, and finds
 * the answers in the noise. */
static void test_endless_noise(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, noisy);
    start(&rig, &peer.at, ", timeout: 60ms", one_meter);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static bool polled_once(void *arg)
{
    struct rig *rig = arg;

    return rig_metric(rig, "polls_total") >= 1;
}

/* Two requests under way and a third that waits: when the first is given up
 * the third isn't sent any more. */
static void test_rest_is_not_sent(void **state)
{
    struct rig rig;
    struct peer peer;
    char yaml[512];

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "three", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
            "current_l1,3,500,1,u16,-,1,A,fast,,,,\n"
            "frequency,3,900,1,u16,-,1,Hz,fast,,,,\n");
    peer_open_tcp(&peer, &rig, false, silent);
    snprintf(yaml, sizeof(yaml),
             "lines:\n  - { name: a, tcp: { host: 127.0.0.1, port: %s, "
             "in_flight: 2 }, timeout: 50ms, retries: 0 }\nmeters:\n"
             "  - { name: m, line: a, unit: 5, profile: three, every: 200ms "
             "}\n",
             peer.at.port);
    rig_start(&rig, yaml);
    kw_fixture_until(&rig.fixture, polled_once, &rig);
    assert_int_equal(peer.asks, 2);
    assert_int_equal(rig.bad, 3);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* --- late answers that could be mistaken */

static unsigned late_left;

/* The first answers come 80 ms late, in order; the time-out is 50 ms. */
static void mistakable(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, ask, frame);

    if (late_left > 0) {
        late_left--;
        peer_later(peer, 80, frame, length);
    } else if (peer->pending > 1) {
        peer_later(peer, 81, frame, length); /* a unit answers in order */
    } else {
        peer_write(peer, frame, length);
    }
}

static void look(struct rig *rig, const struct kw_point *point,
                 const struct kw_sample *sample)
{
    bool voltage = strcmp(point->quantity->name, "voltage_l1_n") == 0;

    (void)rig;
    if (kw_quality_is_good(sample->quality))
        assert_true(sample->value == (voltage ? 100 : 500));
}

static bool has_many(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 40;
}

/* Answers of two blocks of the same size never change places. */
static void test_late_never_mistaken(void **state)
{
    (void)state;
    for (unsigned late = 1; late <= 6; late++) {
        struct rig rig;
        struct peer peer;

        late_left = late;
        rig_open(&rig);
        rig.look = look;
        peer_open_serial(&peer, &rig, mistakable);
        start(&rig, &peer.at, ", timeout: 50ms, retries: 3", one_meter);
        kw_fixture_until(&rig.fixture, has_many, &rig);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_port),
        cmocka_unit_test(test_port_pulled_out),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_connection),
        cmocka_unit_test(test_no_memory_for_a_line),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_stop_while_opening),
        cmocka_unit_test(test_closes_after_each),
        cmocka_unit_test(test_closes_at_once),
        cmocka_unit_test(test_renewal),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_slow_line),
        cmocka_unit_test(test_in_flight),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_own_silence),
        cmocka_unit_test(test_unasked),
        cmocka_unit_test(test_endless_noise),
        cmocka_unit_test(test_rest_is_not_sent),
        cmocka_unit_test(test_late_never_mistaken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
