/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for speed and parity: a line whose meters talk at 9600 baud and
 * give back noise at any other speed. Whatever becomes of the scan, polling
 * goes on afterwards with the line's own settings.
 */
#include "test_meter_scan.h"
#include "virtual/serial.h"

static const char rows[] = "frequency,3,70,1,u16,-,0.1,Hz,fast,,,,\n";

static int64_t right_speed; /* of the meters */
static unsigned at_wrong_speed;

static int64_t speed_of(const struct peer *peer)
{
    const struct kw_meter_serial_conf *conf = kw_virtual_serial(peer->at.port);

    assert_non_null(conf);
    return conf->baud;
}

/* Units 3 and 40; at another speed than theirs there is only noise. */
static void fixed_speed(struct peer *peer, const struct kw_meter_ask *ask)
{
    static const unsigned char noise[] = {0xFF, 0xE0, 0x00, 0xF8};

    if (ask->unit != 3 && ask->unit != 40)
        return;
    if (speed_of(peer) != right_speed) {
        at_wrong_speed++;
        peer_write(peer, noise, sizeof(noise));
    } else if (ask->function == 3) {
        peer_answer(peer, ask);
    } else {
        peer_exception(peer, ask, 1);
    }
}

struct world {
    struct rig rig;
    struct peer peer;
    struct scan_text text;
    size_t good; /* samples when the test began to wait */
};

static bool has_good(void *arg)
{
    struct world *world = arg;

    return world->rig.good >= world->good + 2;
}

static void wait_for_polls(struct world *world)
{
    world->good = world->rig.good;
    kw_fixture_until(&world->rig.fixture, has_good, world);
}

/* A line at 115200 baud. polled: with a meter on unit 3 that answers. */
static struct world *start(int64_t meters, bool polled)
{
    struct world *world = calloc(1, sizeof(*world));
    char yaml[1024];

    assert_non_null(world);
    right_speed = meters;
    at_wrong_speed = 0;
    rig_open(&world->rig);
    world->text.rig = &world->rig;
    peer_open_serial(&world->peer, &world->rig, fixed_speed);
    rig_map(&world->rig, "acme_m3", "#title: ACME M3\n#make: ACME\n", rows);
    rig_line(yaml, sizeof(yaml), &world->peer.at, ", timeout: 200ms",
             polled ? "  - { name: m, line: a, unit: 3, profile: acme_m3, "
                      "every: 100ms }\n"
                    : "  []\n");
    rig_start(&world->rig, yaml);
    if (polled)
        wait_for_polls(world);
    return world;
}

static void stop(struct world *world)
{
    rig_reply_fini(&world->text.reply);
    rig_stop(&world->rig);
    peer_close(&world->peer);
    rig_close(&world->rig);
    free(world);
}

static void cancel(struct world *world)
{
    struct rig_reply reply;

    scan_call(&world->rig, &reply, KW_DELETE, NULL, "a");
    assert_int_equal(reply.status, 200);
    rig_reply_fini(&reply);
}

static int search(struct world *world, const char *units, size_t count,
                  const char **speeds)
{
    struct kw_meter_scan_body body = {
        .line = "a",
        .units = units,
        .identify = false,
        .search = {speeds, count},
        .timeout_ms = 30,
    };
    struct rig_reply reply;
    int status;

    scan_call(&world->rig, &reply, KW_POST, &body, NULL);
    status = reply.status;
    rig_reply_fini(&reply);
    return status;
}

static bool line_is_up(void *arg)
{
    const struct world *world = arg;

    return world->rig.line_up == world->rig.line_down;
}

/* Found with the first ten units, then the others with that setting only. */
static void test_found(void **state)
{
    const char *all[] = {"true"};
    struct world *world = start(9600, false);

    (void)state;
    assert_int_equal(search(world, "1-12,40", 1, all), 202);
    scan_until(&world->text, "\"state\":\"done\"");
    scan_must(&world->text, "\"settings\":\"9600 8N1\",\"done\":23,"
                            "\"total\":23,");
    scan_must(&world->text, "{\"unit\":3,\"state\":\"found\",\"settings\":"
                            "\"9600 8N1\"");
    scan_must(&world->text, "{\"unit\":40,\"state\":\"found\",\"settings\":"
                            "\"9600 8N1\"");
    /* What was garbled at the other speed is no conflict. */
    scan_must_not(&world->text, "conflict");
    assert_true(at_wrong_speed >= 3);
    kw_fixture_until(&world->rig.fixture, line_is_up, world);
    assert_int_equal(world->rig.line_down, 1);
    assert_int_equal(speed_of(&world->peer), 115200);
    stop(world);
}

/* Nobody among the first ten: the others are asked with each setting too. */
static void test_found_late(void **state)
{
    const char *speeds[] = {"19200 8N1", "9600 8N1", "38400 8N1"};
    struct world *world = start(9600, false);

    (void)state;
    assert_int_equal(search(world, "11-22,40", 3, speeds), 202);
    scan_until(&world->text, "\"state\":\"done\"");
    scan_must(&world->text, "{\"unit\":40,\"state\":\"found\",\"settings\":"
                            "\"9600 8N1\"");
    /* 3 x 10, then three units with two settings. */
    scan_must(&world->text, "\"done\":36,\"total\":39,");
    stop(world);
}

static void test_found_nothing(void **state)
{
    const char *speeds[] = {"19200 8N1", "38400 8N1"};
    struct world *world = start(115200, true);

    (void)state;
    assert_int_equal(search(world, "1-12", 2, speeds), 202);
    scan_until(&world->text, "\"state\":\"done\"");
    scan_must(&world->text, "\"done\":24,\"total\":24,\"found\":[]");
    wait_for_polls(world);
    assert_int_equal(world->rig.line_down, 1);
    assert_int_equal(world->rig.line_up, 1);
    assert_int_equal(speed_of(&world->peer), 115200);
    stop(world);
}

/* The line's own settings are the right ones; its meter is asked too, since
 * it is not polled meanwhile. */
static void test_own_settings(void **state)
{
    const char *all[] = {"true"};
    struct world *world = start(115200, true);

    (void)state;
    assert_int_equal(search(world, "1-5", 1, all), 202);
    scan_until(&world->text, "\"state\":\"done\"");
    scan_must(&world->text, "\"settings\":\"115200 8N1\",\"done\":5,"
                            "\"total\":");
    scan_must(&world->text, "\"name\":\"unit_3\"");
    scan_must(&world->text, "\"meter\":\"m\"");
    wait_for_polls(world);
    stop(world);
}

static bool is_suspended(void *arg)
{
    struct world *world = arg;

    return world->rig.line_down == 1 &&
           strstr(scan_get(&world->text), "\"settings\":\"19200 8E1\"") != NULL;
}

static struct world *start_search(void)
{
    const char *speeds[] = {"38400 8N1", "19200 8E1", "4800 8N1"};
    struct world *world = start(115200, true);

    assert_int_equal(search(world, "1-247", 3, speeds), 202);
    assert_int_equal(search(world, "1-247", 3, speeds), 409);
    kw_fixture_until(&world->rig.fixture, is_suspended, world);
    return world;
}

static void test_cancel(void **state)
{
    struct world *world = start_search();

    (void)state;
    cancel(world);
    scan_until(&world->text, "\"state\":\"cancelled\"");
    wait_for_polls(world);
    assert_int_equal(world->rig.line_up, 1);
    stop(world);
}

static struct world *at_once;

static void send_and_cancel(struct kw_request *request, int status,
                            const char *type, struct kw_buf *take)
{
    rig_reply_send(request, status, type, take);
    cancel(at_once);
}

/* Cancelled before it has begun. */
static void test_cancel_at_once(void **state)
{
    static const struct kw_reply_ops ops = {
        .header = rig_reply_header,
        .send = send_and_cancel,
    };
    const char *speeds[] = {"38400 8N1"};
    const struct kw_meter_scan_body body = {
        .line = "a", .units = "1-247", .search = {speeds, 1}, .timeout_ms = 30};
    struct world *world = start(115200, true);
    struct rig_reply reply;

    (void)state;
    at_once = world;
    scan_call_ops(&world->rig, &reply, &ops, KW_POST, &body, NULL);
    assert_int_equal(reply.status, 202);
    rig_reply_fini(&reply);
    scan_until(&world->text, "\"state\":\"cancelled\"");
    wait_for_polls(world);
    assert_int_equal(world->rig.line_down, 0);
    stop(world);
}

static void test_configuration_changes(void **state)
{
    struct world *world = start_search();
    char yaml[1024];

    (void)state;
    rig_line(yaml, sizeof(yaml), &world->peer.at, ", timeout: 300ms",
             "  - { name: m, line: a, unit: 3, profile: acme_m3, every: 100ms "
             "}\n");
    assert_int_equal(rig_change(&world->rig, yaml), 0);
    scan_until(&world->text, "\"state\":\"cancelled\"");
    wait_for_polls(world);
    assert_int_equal(speed_of(&world->peer), 115200);
    stop(world);
}

static void test_stop(void **state)
{
    (void)state;
    stop(start_search()); /* the fixture finds what is left */
}

/* The adapter is pulled out while it searches. */
static void test_port_goes(void **state)
{
    struct world *world = start_search();

    (void)state;
    peer_hang_up(&world->peer);
    scan_until(&world->text, "\"state\":\"failed\",\"text\":\"/");
    stop(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_found_late),
        cmocka_unit_test(test_found_nothing),
        cmocka_unit_test(test_own_settings),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_at_once),
        cmocka_unit_test(test_configuration_changes),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_port_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
