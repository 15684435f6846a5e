/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may come in, how many, how long; frames of serial lines and garbage;
 * addresses that can't be opened (SEC-56, SEC-61).
 */
#include "supervisor/room.h"
#include "test_supervisor_rig.h"

static void open_stage(struct stage *stage, const char *supervisor)
{
    stage_open(stage);
    stage_start(stage, stage_yaml(stage, STAGE_ONE, supervisor));
    stage_until(stage, "kitchen.voltage_l1_n", true);
}

/* Any answer will do: time flies in these tests, and values grow stale. */
static void expect_served(struct station *station)
{
    station_read(station, 9, 3, 100, 2);
    station_expect_exception(station, 10);
}

static void test_stations(void **state)
{
    struct station in, out;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP "  stations: [ 127.0.0.8/30, 127.0.0.1 ]\n");
    station_open_from(&in, &stage, KW_SUPERVISOR_TCP, "127.0.0.9");
    expect_served(&in);
    for (int i = 0; i < 3; i++) {
        station_open_from(&out, &stage, KW_SUPERVISOR_TCP, "127.0.0.12");
        station_until_end(&out);
        station_close(&out);
    }
    assert_int_equal(stage.refused, 1);
    assert_string_equal(stage.text, "127.0.0.12: it is not among the stations");
    stage_offset_ms += 10000;
    station_open_from(&out, &stage, KW_SUPERVISOR_TCP, "127.0.0.13");
    station_until_end(&out);
    station_close(&out);
    assert_int_equal(stage.refused, 2);
    assert_non_null(strstr(stage.text, "; 2 more since the last one"));
    assert_true(stage_metric(&stage, "connections_refused_total") == 4);
    /* A change that leaves it out ends it. */
    expect_served(&in);
    stage_change(&stage, stage_yaml(&stage, STAGE_ONE,
                                    STAGE_TCP "  stations: 127.0.0.1\n"));
    station_until_end(&in);
    station_close(&in);
    stage_close(&stage);
}

/* Until somebody has replaced the one-time password nobody comes in. */
static void test_not_set_up(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP);
    fake_auth->not_set_up = true;
    station_open(&station, &stage);
    station_until_end(&station);
    station_close(&station);
    assert_non_null(strstr(stage.text, "not set up"));
    stage_health(&stage, "everybody is refused until the gateway is set up");
    fake_auth->not_set_up = false;
    stage_health(&stage, NULL);
    station_open(&station, &stage);
    expect_served(&station);
    station_close(&station);
    stage_close(&stage);
}

enum { ALL = KW_SUPERVISOR_CONNECTIONS_MAX };

/* Sixteen connections, four from one address; who never asked goes first,
 * who works stays. */
static void test_connections(void **state)
{
    static struct station many[ALL], extra;
    struct stage stage;
    char from[32];

    (void)state;
    open_stage(&stage, STAGE_TCP);
    for (unsigned i = 0; i < ALL; i++) {
        snprintf(from, sizeof(from), "127.0.0.%u", 10 + i / 4);
        station_open_from(&many[i], &stage, KW_SUPERVISOR_TCP, from);
        station_until_count(&many[i], i + 1);
        if (i >= 4)
            expect_served(&many[i]);
    }
    /* 127.0.0.10 has never asked: its oldest gives way, to itself and to
     * others. */
    station_open_from(&extra, &stage, KW_SUPERVISOR_TCP, "127.0.0.10");
    station_until_end(&many[0]);
    expect_served(&extra);
    station_close(&many[0]);
    station_open_from(&many[0], &stage, KW_SUPERVISOR_TCP, "127.0.0.99");
    station_until_end(&many[1]);
    for (unsigned i = 2; i < 4; i++)
        expect_served(&many[i]);
    expect_served(&many[0]);
    assert_int_equal(stage.supervisor->conn_count, ALL);
    /* Now all have asked: nobody gives way. */
    station_close(&many[1]);
    station_open_from(&many[1], &stage, KW_SUPERVISOR_TCP, "127.0.0.98");
    station_until_end(&many[1]);
    assert_non_null(strstr(stage.text, "too many connections"));
    for (unsigned i = 2; i < ALL; i++)
        expect_served(&many[i]);
    /* But those that have been idle for ten seconds do. */
    stage_offset_ms += KW_SUPERVISOR_SPARED_MS;
    for (unsigned i = 3; i < ALL; i++)
        expect_served(&many[i]);
    expect_served(&extra);
    expect_served(&many[0]);
    station_close(&many[1]);
    station_open_from(&many[1], &stage, KW_SUPERVISOR_TCP, "127.0.0.97");
    station_until_end(&many[2]);
    expect_served(&many[1]);
    assert_int_equal(stage.supervisor->conn_count, ALL);
    for (unsigned i = 0; i < ALL; i++)
        station_close(&many[i]);
    station_close(&extra);
    station_until_count(&extra, 0);
    stage_close(&stage);
}

/* Four connections closed and made anew at once: all four are taken. */
static void test_come_back(void **state)
{
    struct station four[4];
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++)
            station_open(&four[i], &stage);
        for (int i = 0; i < 4; i++)
            expect_served(&four[i]);
        for (int i = 0; i < 4; i++)
            station_close(&four[i]);
    }
    assert_int_equal(stage.refused, 0);
    stage_close(&stage);
}

static void test_idle(void **state)
{
    struct station idle, busy;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP);
    station_open(&idle, &stage);
    station_open(&busy, &stage);
    expect_served(&idle);
    stage_offset_ms += 59000;
    expect_served(&busy);
    expect_served(&idle);
    stage_offset_ms += 59000;
    expect_served(&busy);
    kw_fixture_run_ms(&stage.rig.fixture, 300);
    assert_int_equal(stage.supervisor->conn_count, 2);
    stage_offset_ms += 2000;
    station_until_end(&idle);
    expect_served(&busy);
    assert_true(stage_metric(&stage, "connections_given_up_total") == 1);
    station_close(&idle);
    station_close(&busy);
    stage_close(&stage);
}

/* Half a request has two seconds, however often a byte comes. */
static void test_half_frame(void **state)
{
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP);
    station_open(&station, &stage);
    station_until_count(&station, 1);
    for (int i = 0; i < 3; i++) {
        station_send(&station, "\0\1\0\0\0\6\5\3", 1);
        kw_fixture_run_ms(&stage.rig.fixture, 5);
        stage_offset_ms += 900;
        kw_fixture_run_ms(&stage.rig.fixture, 5);
    }
    station_until_end(&station);
    station_close(&station);
    /* A whole one in between starts the time anew. */
    station_open(&station, &stage);
    expect_served(&station);
    station_send(&station, "\0\1\0", 3);
    kw_fixture_run_ms(&stage.rig.fixture, 5);
    stage_offset_ms += 1500;
    station_send(&station, "\0\0\6\5\3\0\144\0\1\0\2", 11);
    kw_fixture_run_ms(&stage.rig.fixture, 5);
    stage_offset_ms += 1500;
    kw_fixture_run_ms(&stage.rig.fixture, 300);
    assert_int_equal(stage.supervisor->conn_count, 1);
    stage_offset_ms += 600;
    station_until_end(&station);
    station_close(&station);
    stage_close(&stage);
}

/* Requests without end whose answers nobody reads: a bounded heap of them,
 * nothing more is read, and after ten seconds the end. */
static void test_slow_reader(void **state)
{
    static unsigned char flood[12 * 1000];
    struct station station;
    struct stage stage;
    size_t length = 0, taken = 0;
    int small = 4096;

    (void)state;
    open_stage(&stage, STAGE_TCP);
    station_open(&station, &stage);
    setsockopt(station.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (unsigned i = 0; i < 1000; i++)
        length +=
            station_frame(&station, 5, (const unsigned char[]){3, 0, 100, 0, 4},
                          5, flood + length);
    for (int i = 0; i < 4000 && stage.supervisor->conn_count < 2; i++) {
        ssize_t sent = send(station.fd, flood, length, MSG_NOSIGNAL);

        taken += sent > 0 ? (size_t)sent : 0;
        uv_run(&stage.rig.fixture.loop.uv, UV_RUN_NOWAIT);
        if (sent < 0)
            break;
    }
    kw_fixture_run_ms(&stage.rig.fixture, 50);
    assert_true(taken > 0);
    assert_int_equal(stage.supervisor->conn_count, 1);
    stage_offset_ms += 10001;
    station_until_count(&station, 0);
    station_close(&station);
    stage_close(&stage);
}

static void test_no_modbus(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n",
                                        "\1\2\0\1\0\6\5\3\0\0\0\1"};
    struct station station;
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP);
    for (size_t i = 0; i < 2; i++) {
        station_open(&station, &stage);
        expect_served(&station);
        station_send(&station, texts[i], 12);
        station_until_end(&station);
        assert_int_equal(station.length, 0);
        station_close(&station);
    }
    assert_true(stage_metric(&stage, "garbled_total") == 2);
    stage_close(&stage);
}

static void test_rtu(void **state)
{
    unsigned char frame[300];
    struct station station;
    struct stage stage;
    size_t length;

    (void)state;
    open_stage(&stage, "supervisor:\n  rtu_tcp: { listen: \"127.0.0.1:0\" }\n");
    station_open_from(&station, &stage, KW_SUPERVISOR_RTU_TCP, "127.0.0.1");
    expect_served(&station);
    station_read(&station, 5, 4, 100, 4);
    station_expect_registers(&station, 100, 4);
    station_read(&station, 255, 2, 1, 3);
    station_read(&station, 5, 3, 300, 1);
    station_expect_exception(&station, 2);
    station_say_write(&station, 5, 6, 57856, 229);
    station_hear(&station);
    station_expect_exception(&station, 1);
    /* Functions of any length, known or not. */
    station_say(&station, 5, (const unsigned char[]){17}, 1);
    station_hear(&station);
    station_expect_exception(&station, 1);
    station_say(&station, 5, (const unsigned char[]){43, 14, 1, 0}, 4);
    station_hear(&station);
    station_expect_exception(&station, 1);
    station_say(&station, 5, (const unsigned char[]){99, 1, 2, 3, 4}, 5);
    station_hear(&station);
    station_expect_exception(&station, 1);
    /* Unit 0 is everybody: no answer, and the next one is served. */
    station_say_write(&station, 0, 6, 57856, 229);
    station_say_read(&station, 0, 3, 100, 1);
    expect_served(&station);
    /* A wrong check sum: thrown away with what is behind it. */
    for (int i = 0; i < 5; i++) {
        length = station_frame(
            &station, 5, (const unsigned char[]){3, 0, 100, 0, 1}, 5, frame);
        frame[length - 1] ^= 1;
        station_send(&station, frame, length);
        kw_fixture_run_ms(&stage.rig.fixture, 20);
        if (i == 1)
            expect_served(&station);
    }
    station_until_end(&station);
    assert_int_equal(station.length, 0);
    assert_true(stage_metric(&stage, "garbled_total") == 5);
    station_close(&station);
    stage_close(&stage);
}

/* Addresses that can't be had are told, tried again, and taken up. */
static void test_addresses(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    struct station station;
    struct stage stage;
    char text[256];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(text, sizeof(text),
             "supervisor:\n  tcp: { listen: [ \"127.0.0.1:%u\", "
             "\"127.0.0.1:0\" ] }\n",
             ntohs(address.sin_port));
    open_stage(&stage, text);
    assert_int_equal(stage.closed, 1);
    stage_health(&stage, "another program listens there");
    stage_get(&stage, "/supervisor", "\"port\":0,\"state\":\"closed\"");
    /* Nothing failed there before, so nothing is said of it. */
    assert_non_null(strstr(kw_test_reply_text(&stage.reply),
                           "\"state\":\"listening\",\"text\":\"\""));
    station_open(&station, &stage);
    expect_served(&station);
    close(fd);
    while (stage.opened == 0)
        kw_fixture_run_ms(&stage.rig.fixture, 10);
    stage_health(&stage, NULL);
    stage_get(&stage, "/supervisor", "\"text\":\"\"");
    assert_null(strstr(kw_test_reply_text(&stage.reply), "again"));
    /* A change: one goes, one stays with its connections, one comes. */
    stage_change(&stage,
                 stage_yaml(&stage, STAGE_ONE,
                            "supervisor:\n  tcp: { listen: [ \"127.0.0.1:0\", "
                            "\"127.0.0.2:0\" ] }\n"));
    expect_served(&station);
    stage_get(&stage, "/supervisor", "\"address\":\"127.0.0.2:0\"");
    assert_null(strstr(kw_test_reply_text(&stage.reply), "closed"));
    /* Off: nothing listens, nobody is refused for want of set-up. */
    fake_auth->not_set_up = true;
    stage_change(&stage, stage_yaml(&stage, STAGE_ONE, ""));
    stage_health(&stage, NULL);
    stage_get(&stage, "/supervisor", "\"listeners\":[],");
    station_close(&station);
    station_until_count(&station, 0);
    stage_close(&stage);
}

/* Each allocation of the start fails once: no start, or one that runs. */
static void test_memory(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, STAGE_TCP);
    for (unsigned i = 1; i <= 2; i++) {
        struct kw_supervisor *self = kw_alloc(sizeof(*self));
        struct kw_diag diag;

        assert_non_null(self);
        kw_diag_init(&diag);
        kw_mem_fail_at(i);
        assert_int_equal(
            kw_supervisor_module.start(self, stage.supervisor->conf,
                                       &stage.rig.fixture.core, &diag),
            KW_ENOMEM);
        kw_mem_fail_at(0);
        kw_diag_fini(&diag);
        kw_free(self);
    }
    for (unsigned i = 1; i <= 4; i++) {
        kw_mem_fail_at(i);
        assert_int_equal(kw_supervisor_units_make(&stage.supervisor->units,
                                                  stage.supervisor->meter,
                                                  stage.supervisor->conf),
                         KW_ENOMEM);
        kw_mem_fail_at(0);
        assert_null(stage.supervisor->units.list[5].meter);
    }
    assert_int_equal(kw_supervisor_units_make(&stage.supervisor->units,
                                              stage.supervisor->meter,
                                              stage.supervisor->conf),
                     0);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stations),    cmocka_unit_test(test_not_set_up),
        cmocka_unit_test(test_connections), cmocka_unit_test(test_come_back),
        cmocka_unit_test(test_idle),        cmocka_unit_test(test_half_frame),
        cmocka_unit_test(test_slow_reader), cmocka_unit_test(test_no_modbus),
        cmocka_unit_test(test_rtu),         cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
