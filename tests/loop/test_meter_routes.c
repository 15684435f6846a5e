/* SPDX-License-Identifier: Apache-2.0 */
/* GET /meters and POST /read as their rows describe them. */
#include "test_meter_rig.h"

/* As the rows of POST /read lay it out. */
struct body {
    const char *line, *profile;
    int64_t unit, load;
    const char *registers;
};

static const char rows[] = "voltage_l1_n,3,100,1,u16,-,0.1,V,fast,,,,\n"
                           "current_l1,3,500,1,u16,-,1,A,fast,01F4,,,\n"
                           "load_status,1,3,1,bit,-,1,1,slow,,,,\n"
                           "sample_time,4,0,4,u64,be,1,s,slow,,,,\n"
                           "active_energy_import_total,3,32736,4,f64,be,1,"
                           "kWh,slow,,,,\n" /* 7FE0 ... kWh is no number */
                           "info_serial,3,900,1,u16,-,1,1,slow,,,,\n";

static void start(struct rig *rig, const struct peer *peer, const char *meters)
{
    char yaml[1024];

    rig_map(rig, "few", "#title: A few\n#load_stride: 10\n", rows);
    rig_line(yaml, sizeof(yaml), &peer->at, ", timeout: 100ms", meters);
    rig_start(rig, yaml);
}

static bool is_done(void *arg)
{
    const struct rig_reply *reply = arg;

    return reply->done;
}

/* Reads a meter and waits for the answer. */
static void read_meter(struct rig *rig, struct rig_reply *reply,
                       struct body *body)
{
    rig_call(rig, reply, "/read", body);
    kw_fixture_until(&rig->fixture, is_done, reply);
}

static void must_have(const struct rig_reply *reply, const char *text)
{
    if (strstr(reply->body, text) == NULL)
        fail_msg("%s\nis not in\n%s", text, reply->body);
}

static bool has_good(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 2;
}

static void test_meters(void **state)
{
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, peer_answer);
    start(&rig, &peer,
          "  - { name: m, line: a, unit: 5, profile: few, every: { fast: 1s, "
          "slow: 60s }, labels: { zone: north, use: \"li\\\"ft\" } }\n");
    rig_call(&rig, &reply, "/meters", NULL);
    must_have(&reply, "\"state\":\"connecting\"");
    must_have(&reply, "\"state\":\"waiting\"");
    rig_reply_fini(&reply);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    rig_call(&rig, &reply, "/meters", NULL);
    assert_int_equal(reply.status, 200);
    must_have(&reply, "{\"lines\":[{\"name\":\"a\",\"kind\":\"serial\","
                      "\"address\":\"/");
    must_have(&reply, " 115200 8N1\",\"state\":\"up\",\"text\":\"\","
                      "\"utilisation\":");
    must_have(&reply, ",\"meters\":1}]");
    must_have(&reply, "\"name\":\"m\",\"line\":\"a\",\"unit\":5,\"load\":1,"
                      "\"profile\":\"few\",\"title\":\"A few\",\"labels\":{"
                      "\"zone\":\"north\",\"use\":\"li\\\"ft\"},"
                      "\"state\":\"ok\",\"text\":\"\",\"since\":");
    must_have(&reply, "\"every_ms\":{\"fast\":1000,\"normal\":1000,"
                      "\"slow\":60000}");
    must_have(&reply, "\"bus\":{\"polls\":1,\"good\":1,\"requests\":6,"
                      "\"timeouts\":0,\"crc\":0,\"foreign\":0,"
                      "\"exceptions\":0,\"rtt_us\":{\"last\":");
    must_have(&reply, "\"attributes\":{\"info_serial\":\"900\"},\"points\":[");
    rig_reply_fini(&reply);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void test_kinds(void **state)
{
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    for (int rtu = 0; rtu < 2; rtu++) {
        rig_open(&rig);
        peer_open_tcp(&peer, &rig, rtu, peer_answer);
        start(&rig, &peer, "  []\n");
        rig_call(&rig, &reply, "/meters", NULL);
        must_have(&reply, rtu ? "\"kind\":\"rtu_tcp\"" : "\"kind\":\"tcp\"");
        must_have(&reply, "\"address\":\"127.0.0.1:");
        must_have(&reply, "\"meters\":[]}");
        rig_reply_fini(&reply);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

static void test_read(void **state)
{
    struct body body = {"a", "few", 7, 2};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, peer_answer);
    start(&rig, &peer,
          "  - { name: m, line: a, unit: 5, profile: few, every: 100ms }\n");
    read_meter(&rig, &reply, &body); /* while the line still opens */
    assert_int_equal(reply.status, 200);
    must_have(&reply, "{\"line\":\"a\",\"unit\":7,\"load\":2,\"profile\":"
                      "\"few\",\"title\":\"A few\",\"values\":[");
    must_have(&reply, "{\"quantity\":\"voltage_l1_n\",\"title\":\"Voltage "
                      "L1-N\",\"unit\":\"V\",\"value\":11,\"quality\":"
                      "\"good\"}");
    must_have(&reply, "\"value\":510,");
    must_have(&reply, "\"attributes\":{\"info_serial\":\"910\"}}");
    rig_reply_fini(&reply);
    body.load = 1;
    kw_fixture_until(&rig.fixture, has_good, &rig);
    read_meter(&rig, &reply, &body); /* among the polls */
    must_have(&reply, "\"value\":null,\"quality\":\"bad_not_available\"");
    must_have(&reply, "\"value\":null,\"quality\":\"bad_implausible\"");
    rig_reply_fini(&reply);
    assert_int_equal(rig.bad, 2); /* of the meter that is polled */
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static unsigned lost;

/* Loses every third request; refuses one block. */
static void moody(struct peer *peer, const struct kw_meter_ask *ask)
{
    if (ask->address == 500)
        peer_exception(peer, ask, 2);
    else if (lost++ % 3 != 0)
        peer_answer(peer, ask);
}

/* Registers as they are, a refusal too; and what asks for neither or both. */
static void test_read_registers(void **state)
{
    struct body body = {"a", NULL, 7, 1, "3:100-101"};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, moody);
    start(&rig, &peer, "  []\n");
    read_meter(&rig, &reply, &body);
    assert_int_equal(reply.status, 200);
    must_have(&reply, "{\"line\":\"a\",\"unit\":7,\"quality\":\"good\","
                      "\"function\":3,\"address\":100,\"registers\":["
                      "{\"address\":100,\"hex\":\"0064\",\"text\":\".d\","
                      "\"u16\":100,\"s16\":100,\"u32\":{\"ABCD\":6553701,");
    must_have(&reply, "{\"address\":101,\"hex\":\"0065\",");
    rig_reply_fini(&reply);
    body.registers = "4:500";
    read_meter(&rig, &reply, &body);
    assert_int_equal(reply.status, 200);
    must_have(&reply, "\"quality\":\"bad_exception\"}");
    rig_reply_fini(&reply);
    body.registers = "3:5-4";
    read_meter(&rig, &reply, &body);
    assert_int_equal(reply.status, 422);
    must_have(&reply, "bad_registers");
    rig_reply_fini(&reply);
    body.registers = NULL;
    read_meter(&rig, &reply, &body);
    assert_int_equal(reply.status, 422);
    must_have(&reply, "profile or registers");
    rig_reply_fini(&reply);
    body.registers = "3:100";
    body.profile = "few";
    read_meter(&rig, &reply, &body);
    assert_int_equal(reply.status, 422);
    rig_reply_fini(&reply);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void test_read_with_faults(void **state)
{
    struct body body = {"a", "few", 7, 1};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    lost = 0;
    rig_open(&rig);
    peer_open_tcp(&peer, &rig, false, moody);
    start(&rig, &peer, "  []\n");
    read_meter(&rig, &reply, &body);
    assert_int_equal(reply.status, 200);
    must_have(&reply, "\"quality\":\"bad_exception\"");
    must_have(&reply, "\"quality\":\"good\"");
    rig_reply_fini(&reply);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void silent(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)peer;
    (void)ask;
}

static void test_no_answer(void **state)
{
    struct body body = {"a", "few", 7, 1};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, silent);
    start(&rig, &peer, "  []\n");
    read_meter(&rig, &reply, &body);
    assert_int_equal(reply.status, 503);
    must_have(&reply, "\"key\":\"no_answer\"");
    must_have(&reply, "Unit 7 on the line a does not answer.");
    /* Once, and once more; three other blocks once. */
    assert_int_equal(peer.asks, 5);
    rig_reply_fini(&reply);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static const uint16_t *mute; /* addresses without an answer; 0 ends */
static unsigned muted;       /* requests for them */

static void partly(struct peer *peer, const struct kw_meter_ask *ask)
{
    for (const uint16_t *at = mute; *at != 0; at++) {
        if (*at == ask->address) {
            muted++;
            return;
        }
    }
    peer_answer(peer, ask);
}

/* Blocks without an answer cost their own points alone: the first is asked
 * again, those that follow it at once are probed. */
static void test_silent_blocks(void **state)
{
    static const uint16_t first[] = {100, 0}, row[] = {500, 900, 32736, 0};
    static const struct {
        const uint16_t *mute;
        unsigned muted, most_ms;
        const char *good;
    } cases[] = {{first, 2, 220, "\"info_serial\":\"900\""},
                 /* Before 900, of the same size as 500, goes a marker, which
                  * waits as long as the line does. */
                 {row, 4, 350, "\"value\":4295098371,\"quality\":\"good\""}};
    struct body body = {"a", "few", 7, 1};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t start_ns;

        mute = cases[i].mute;
        muted = 0;
        rig_open(&rig);
        peer_open_serial(&peer, &rig, partly);
        start(&rig, &peer, "  []\n");
        start_ns = kw_clock_mono_ns(rig.fixture.core.clock);
        read_meter(&rig, &reply, &body);
        assert_true(kw_clock_mono_ns(rig.fixture.core.clock) - start_ns <
                    cases[i].most_ms * UINT64_C(1000000));
        assert_int_equal(reply.status, 200);
        must_have(&reply, "\"quality\":\"bad_timeout\"");
        must_have(&reply, cases[i].good);
        assert_int_equal(muted, cases[i].muted);
        rig_reply_fini(&reply);
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

static void test_refused(void **state)
{
    static const struct {
        struct body body;
        int status;
        const char *key;
    } cases[] = {
        {{"b", "few", 7, 1}, 404, "no_such_line"},
        {{"a", "none", 7, 1}, 404, "no_such_profile"},
        {{"a", "broken", 7, 1}, 422, "bad_profile"},
        {{"a", "eastron_sdm120", 7, 2}, 422, "no_such_load"},
    };
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "broken", "#gap: x\n", rows);
    peer_open_tcp(&peer, &rig, false, peer_answer);
    start(&rig, &peer, "  []\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct body body = cases[i].body;

        read_meter(&rig, &reply, &body);
        assert_int_equal(reply.status, cases[i].status);
        must_have(&reply, cases[i].key);
        rig_reply_fini(&reply);
    }
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static bool went_down(void *arg)
{
    const struct rig *rig = arg;

    return rig->line_down > 0;
}

static void test_line_down(void **state)
{
    struct body body = {"a", "few", 7, 1};
    struct rig rig;
    struct rig_reply early, late;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "few", "", rows);
    rig_start(&rig, "lines:\n  - { name: a, serial: /nowhere }\n");
    rig_call(&rig, &early, "/read", &body); /* the line isn't opened yet */
    kw_fixture_until(&rig.fixture, went_down, &rig);
    kw_fixture_until(&rig.fixture, is_done, &early);
    assert_int_equal(early.status, 503);
    rig_reply_fini(&early);
    read_meter(&rig, &late, &body);
    assert_int_equal(late.status, 503);
    must_have(&late, "\"key\":\"line_down\"");
    must_have(&late, "/nowhere: No such file");
    rig_reply_fini(&late);
    rig_stop(&rig);
    rig_close(&rig);
}

/* More readings at once than a line takes. */
static void test_busy(void **state)
{
    enum { READINGS = KW_METER_REQUESTS_MAX + 3 };
    static struct rig_reply reply[READINGS];
    struct body body = {.line = "a", .unit = 7, .registers = "3:100"};
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, peer_answer);
    start(&rig, &peer, "  []\n");
    for (size_t i = 0; i < READINGS; i++)
        rig_call(&rig, &reply[i], "/read", &body);
    for (size_t i = 0; i < READINGS; i++) {
        kw_fixture_until(&rig.fixture, is_done, &reply[i]);
        assert_int_equal(reply[i].status,
                         i < KW_METER_REQUESTS_MAX ? 200 : 429);
        rig_reply_fini(&reply[i]);
    }
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static bool was_asked(void *arg)
{
    const struct peer *peer = arg;

    return peer->asks > 0;
}

/* The client goes while its reading is under way: nobody is answered. */
static void test_client_goes(void **state)
{
    struct body body = {"a", "few", 7, 1};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, silent);
    start(&rig, &peer, "  []\n");
    rig_call(&rig, &reply, "/read", &body);
    kw_fixture_until(&rig.fixture, was_asked, &peer);
    assert_non_null(reply.request.on_closed);
    reply.request.on_closed(reply.request.arg);
    assert_false(reply.done);
    peer.on_ask = peer_answer;
    read_meter(&rig, &reply, &body); /* the line goes on */
    assert_int_equal(reply.status, 200);
    rig_reply_fini(&reply);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

/* The line goes while it is read. */
static void test_line_goes(void **state)
{
    struct body body = {"a", "few", 7, 1};
    struct rig rig;
    struct peer peer;
    struct rig_reply reply;

    (void)state;
    rig_open(&rig);
    peer_open_serial(&peer, &rig, silent);
    start(&rig, &peer, "  []\n");
    rig_call(&rig, &reply, "/read", &body);
    kw_fixture_until(&rig.fixture, was_asked, &peer);
    assert_int_equal(rig_change(&rig, "lines: []\n"), 0);
    assert_true(reply.done);
    assert_int_equal(reply.status, 503);
    must_have(&reply, "\"key\":\"line_closed\"");
    rig_reply_fini(&reply);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meters),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_registers),
        cmocka_unit_test(test_read_with_faults),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_silent_blocks),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_line_down),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_client_goes),
        cmocka_unit_test(test_line_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
