/* SPDX-License-Identifier: Apache-2.0 */
/* Scans of a line with units of every sort, good and bad, and the routes. */
#include "test_meter_scan.h"

static const char rows[] = "frequency,3,70,1,u16,-,0.1,Hz,fast,,,,\n"
                           "voltage_l1_n,3,0,1,u16,-,1,V,fast,,,,\n";

static void start(struct rig *rig, const struct peer *peer, const char *options,
                  const char *meters)
{
    char yaml[1024];

    rig_map(rig, "acme_m3", "#title: ACME M3\n#make: ACME\n", rows);
    rig_line(yaml, sizeof(yaml), &peer->at, options, meters);
    rig_start(rig, yaml);
}

static void stop(struct rig *rig, struct peer *peer, struct scan_text *text)
{
    rig_reply_fini(&text->reply);
    rig_stop(rig);
    peer_close(peer);
    rig_close(rig);
}

/* Frequency 50 Hz at 70, 230 V at 0; nothing else. */
static void answer_m3(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char pdu[] = {3, 2, 0, 0};

    if (ask->function != 3 || ask->count != 1 ||
        (ask->address != 70 && ask->address != 0)) {
        peer_exception(peer, ask, ask->function == 3 ? 2 : 1);
        return;
    }
    pdu[2] = ask->address == 70 ? 500 >> 8 : 0;
    pdu[3] = ask->address == 70 ? 500 & 0xFF : 230;
    scan_send(peer, ask->unit, pdu, sizeof(pdu));
}

/* Says in two answers who it is. */
static void answer_43(struct peer *peer, const struct kw_meter_ask *ask)
{
    static const unsigned char first[] = {43,  14, 1, 0x82, 0xFF, 2,
                                          2,   0,  4, 'A',  'C',  'M',
                                          'E', 1,  3, 'M',  '-',  '3'};
    static const unsigned char second[] = {43, 14, 1, 0x82, 0,   0,
                                           1,  2,  3, '1',  '.', '2'};
    static const unsigned char regular[] = {43, 14, 2,   0x82, 0,   0,   1,
                                            4,  5,  'M', 'e',  't', 'e', 'r'};

    if (ask->function != KW_METER_DEVICE_ID)
        peer_exception(peer, ask, 2);
    else if (ask->address == 0x100)
        scan_send(peer, ask->unit, first, sizeof(first));
    else if (ask->address == 0x102)
        scan_send(peer, ask->unit, second, sizeof(second));
    else
        scan_send(peer, ask->unit, regular, sizeof(regular));
}

/* Far enough apart that a busy machine doesn't mix them up. */
enum { SILENT_MS = 300, LATE_MS = 700 };

static unsigned asked[256];

/* 1 refuses all, 2 garbled, 3 in the name of 99, 4 answers late at first, 5
 * answers twice, 6 is an M3 without a word, 7 says that it is one, 8 is garbled
 * once, 9 answers to nothing but registers, the others are silent. */
static void units(struct peer *peer, const struct kw_meter_ask *ask)
{
    struct kw_meter_ask other = *ask;
    unsigned char frame[300];
    size_t length;

    asked[ask->unit]++;
    switch (ask->unit) {
    case 1:
        peer_exception(peer, ask, 2);
        break;
    case 2:
        length = peer_answer_frame(peer, ask, frame);
        frame[length - 1] ^= 0x40;
        peer_write(peer, frame, length);
        break;
    case 3:
        other.unit = 99;
        peer_exception(peer, &other, 2);
        break;
    case 4:
        length =
            peer_frame(peer, 4, 0, (const unsigned char *)"\x83\2", 2, frame);
        peer_later(peer, asked[4] <= 2 ? LATE_MS : 0, frame, length);
        break;
    case 5:
        peer_exception(peer, ask, 2);
        length =
            peer_frame(peer, 5, 0, (const unsigned char *)"\x83\4", 2, frame);
        peer_later(peer, 10, frame, length);
        break;
    case 6:
        answer_m3(peer, ask);
        break;
    case 7:
        answer_43(peer, ask);
        break;
    case 8:
        length =
            peer_frame(peer, 8, 0, (const unsigned char *)"\x83\2", 2, frame);
        frame[length - 1] ^= asked[8] == 1;
        peer_write(peer, frame, length);
        break;
    case 9:
        if (ask->function == 3)
            answer_m3(peer, ask);
        break;
    default:
        break;
    }
}

static void test_units(void **state)
{
    struct rig rig;
    struct peer peer;
    struct scan_text text = {.rig = &rig};

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    peer_open_serial(&peer, &rig, units);
    start(&rig, &peer, ", timeout: 2s", "  []\n");
    assert_int_equal(scan_start(&rig, "1-12", SILENT_MS), 202);
    assert_int_equal(scan_start(&rig, "1-12", 0), 409);
    scan_until(&text, "\"state\":\"done\"");
    scan_must(&text, "{\"scans\":[{\"line\":\"a\",\"state\":\"done\",\"text\":"
                     "\"\",\"started\":");
    scan_must(&text, "\"settings\":\"115200 8N1\",\"done\":13,\"total\":13,");
    scan_must(&text, "{\"unit\":1,\"state\":\"found\",\"settings\":\"115200 "
                     "8N1\",\"make\":\"\",\"model\":\"\",\"revision\":\"\","
                     "\"serial\":\"\",\"answers\":[],\"proposals\":[],\"name\":"
                     "\"unit_1\",\"every\":\"1s\",\"loads\":[],\"meter\":null,"
                     "\"text\":\"it answers, but no register map fits\"}");
    scan_must(&text, "{\"unit\":2,\"state\":\"conflict\"");
    scan_must(&text, "garbled answers again and again");
    scan_must(&text, "{\"unit\":3,\"state\":\"foreign\"");
    scan_must(&text, "{\"unit\":4,\"state\":\"found\"");
    scan_must(&text, "{\"unit\":5,\"state\":\"conflict\"");
    scan_must(&text, "two answers to each question");
    scan_must(&text, "\"answers\":[\"registers\"],\"proposals\":[{\"profile\":"
                     "\"acme_m3\",\"title\":\"ACME M3\",\"score\":");
    scan_must(&text, "\"name\":\"m3_6\"");
    scan_must(&text, "{\"unit\":7,\"state\":\"found\",\"settings\":\"115200 "
                     "8N1\",\"make\":\"ACME\",\"model\":\"M-3\",\"revision\":"
                     "\"1.2\",\"serial\":\"\",\"answers\":[\"43\"],"
                     "\"proposals\":[{\"profile\":\"acme_m3\",\"title\":\"ACME "
                     "M3\",\"score\":90}],\"name\":\"m3_7\"");
    scan_must(&text, "{\"unit\":8,\"state\":\"found\"");
    scan_must(&text, "{\"unit\":9,\"state\":\"found\"");
    scan_must_not(&text, "\"unit\":10");
    assert_int_equal(asked[2], 3); /* garbled three times is enough */
    assert_int_equal(asked[10], 1);
    assert_int_equal(asked[11], 1);
    assert_true(rig.progress >= 2);
    stop(&rig, &peer, &text);
}

static bool good_enough(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 6;
}

/* A meter that is polled is not asked; the polls go on. */
static void test_among_polls(void **state)
{
    struct rig rig;
    struct peer peer;
    struct scan_text text = {.rig = &rig};
    size_t before, good;
    uint64_t began_ms, took_ms;

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    peer_open_serial(&peer, &rig, units);
    start(&rig, &peer, ", timeout: 400ms",
          "  - { name: press, line: a, unit: 6, profile: acme_m3, every: "
          "200ms }\n"
          "  - { name: m3_7, line: a, unit: 20, profile: acme_m3, every: 1d "
          "}\n");
    kw_fixture_until(&rig.fixture, good_enough, &rig);
    before = rig.bad;
    good = rig.good;
    began_ms = kw_clock_mono_ms(&kw_clock_system);
    assert_int_equal(scan_start(&rig, "6,7,10-30", 0), 202);
    scan_until(&text, "\"state\":\"done\"");
    took_ms = kw_clock_mono_ms(&kw_clock_system) - began_ms;
    assert_int_equal(rig.bad, before);
    /* Two values a poll; the last poll may be under way, one wait for a unit
     * that does not answer. */
    assert_true((rig.good - good) / 2 + 2 >= took_ms / 200);
    scan_must(&text, "\"unit\":6,\"state\":\"found\"");
    scan_must(&text, "\"profile\":\"acme_m3\",\"title\":\"ACME M3\",\"score\":"
                     "100}],\"name\":\"press\",\"every\":\"1s\",\"loads\":[1],"
                     "\"meter\":\"press\"");
    scan_must(&text, "\"name\":\"m3_7_2\""); /* the other is taken */
    scan_must_not(&text, "\"unit\":20");     /* configured, does not answer */
    stop(&rig, &peer, &text);
}

/* Unit 1 is through. */
static bool was_asked_much(void *arg)
{
    const struct peer *peer = arg;

    return peer->asks > 2 && asked[2] + asked[12] > 0;
}

static void test_cancel(void **state)
{
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;
    struct scan_text text = {.rig = &rig};

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    peer_open_serial(&peer, &rig, units);
    start(&rig, &peer, "", "  []\n");
    scan_call(&rig, &reply, KW_DELETE, NULL, "a");
    assert_int_equal(reply.status, 404);
    rig_reply_fini(&reply);
    assert_int_equal(scan_start(&rig, "1-247", 0), 202);
    kw_fixture_until(&rig.fixture, was_asked_much, &peer);
    scan_call(&rig, &reply, KW_DELETE, NULL, "a");
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"state\":\"cancelled\""));
    assert_non_null(strstr(reply.body, "{\"unit\":1,\"state\":\"found\""));
    rig_reply_fini(&reply);
    scan_call(&rig, &reply, KW_DELETE, NULL, "a"); /* once more: no harm */
    assert_int_equal(reply.status, 200);
    rig_reply_fini(&reply);
    assert_int_equal(scan_start(&rig, "1", 0), 202); /* replaces it */
    scan_until(&text, "\"state\":\"done\"");
    scan_must_not(&text, "cancelled");
    stop(&rig, &peer, &text);
}

static void test_refused(void **state)
{
    static const char *speeds[] = {"9600 8N1", "9601 8N1"};
    static const char *wrong[] = {"fast"};
    const struct {
        struct kw_meter_scan_body body;
        int status;
        const char *key;
    } cases[] = {
        {{.line = "b", .units = "1"}, 404, "no_such_line"},
        {{.line = "a", .units = "0"}, 422, "bad_units"},
        {{.line = "a", .units = "1-248"}, 422, "bad_units"},
        {{.line = "a", .units = "1", .search = {speeds, 2}}, 422, "bad_search"},
        {{.line = "a", .units = "1", .search = {wrong, 1}}, 422, "bad_search"},
        {{.line = "t", .units = "256"}, 422, "bad_units"},
        {{.line = "t", .units = "0", .search = {speeds, 1}}, 422, "not_serial"},
    };
    struct rig rig;
    struct rig_reply reply;

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    rig_start(&rig, "lines:\n  - { name: a, serial: /nowhere }\n"
                    "  - { name: t, tcp: { host: 127.0.0.1, port: 1 } }\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        scan_call(&rig, &reply, KW_POST, &cases[i].body, NULL);
        assert_int_equal(reply.status, cases[i].status);
        if (strstr(reply.body, cases[i].key) == NULL)
            fail_msg("%s", reply.body);
        rig_reply_fini(&reply);
    }
    rig_stop(&rig);
    rig_close(&rig);
}

static bool is_down(void *arg)
{
    const struct rig *rig = arg;

    return rig->line_down > 0;
}

static void test_line_down(void **state)
{
    struct rig rig;
    struct scan_text text = {.rig = &rig};

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    rig_start(&rig, "lines:\n  - { name: a, serial: /nowhere }\n");
    assert_int_equal(scan_start(&rig, "1-3", 0), 202); /* still opening */
    scan_until(&text, "\"state\":\"failed\",\"text\":\"/nowhere: No such file");
    kw_fixture_until(&rig.fixture, is_down, &rig);
    assert_int_equal(scan_start(&rig, "1-3", 0), 503);
    rig_reply_fini(&text.reply);
    rig_stop(&rig);
    rig_close(&rig);
}

/* The line changes, then goes, while it is scanned. */
static void test_line_goes(void **state)
{
    struct rig rig;
    struct peer peer;
    struct scan_text text = {.rig = &rig};
    char yaml[512];

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, true, units);
    start(&rig, &peer, "", "  []\n");
    assert_int_equal(scan_start(&rig, "10-99", 0), 202);
    kw_fixture_until(&rig.fixture, was_asked_much, &peer);
    rig_line(yaml, sizeof(yaml), &peer.at, ", timeout: 2s", "  []\n");
    assert_int_equal(rig_change(&rig, yaml), 0);
    scan_get(&text);
    scan_must(&text, "\"state\":\"cancelled\",\"text\":\"the line was closed");
    assert_int_equal(scan_start(&rig, "1-3", 0), 202);
    assert_int_equal(rig_change(&rig, "lines: []\n"), 0);
    assert_string_equal(scan_get(&text), "{\"scans\":[]}");
    stop(&rig, &peer, &text);
}

/* Silent units on a connection are no reason to make it anew. */
static void test_tcp(void **state)
{
    struct rig rig;
    struct peer peer;
    struct scan_text text = {.rig = &rig};

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, units);
    start(&rig, &peer, ", timeout: 60ms", "  []\n");
    assert_int_equal(scan_start(&rig, "0,1,10-20,255", 0), 202);
    scan_until(&text, "\"state\":\"done\"");
    scan_must(&text, "\"settings\":\"\",\"done\":14,\"total\":14,");
    scan_must(&text, "{\"unit\":1,\"state\":\"found\",\"settings\":\"\"");
    assert_int_equal(peer.connections, 1);
    stop(&rig, &peer, &text);
}

/* The module stops while it scans. */
static void test_stop(void **state)
{
    struct rig rig;
    struct peer peer;
    struct scan_text text = {.rig = &rig};

    (void)state;
    memset(asked, 0, sizeof(asked));
    rig_open(&rig);
    peer_open_serial(&peer, &rig, units);
    start(&rig, &peer, "", "  []\n");
    assert_int_equal(scan_start(&rig, "1-247", 0), 202);
    kw_fixture_until(&rig.fixture, was_asked_much, &peer);
    stop(&rig, &peer, &text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),     cmocka_unit_test(test_among_polls),
        cmocka_unit_test(test_cancel),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_line_down), cmocka_unit_test(test_line_goes),
        cmocka_unit_test(test_tcp),       cmocka_unit_test(test_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
