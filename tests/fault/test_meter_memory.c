/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the module with the n-th allocation failing, for every n until
 * a pass needs no failure: whatever fails, nothing is lost, nothing stays
 * open, and the other lines go on.
 */
#include "../loop/test_meter_rig.h"

enum { PASSES_MAX = 2000, PATIENCE_MS = 60 };

struct world {
    struct rig rig;
    struct peer pty, tcp;
};

static const char rows[] = "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
                           "info_serial,3,900,1,u16,-,1,1,slow,,,,\n";

static void make_settings(struct world *world, char *yaml, size_t size,
                          const char *meters)
{
    snprintf(yaml, size,
             "lines:\n"
             "  - { name: a, serial: { port: %s, parity: none } }\n"
             "  - { name: b, tcp: { host: 127.0.0.1, port: %s } }\n"
             "meters:\n"
             "  - { name: m, line: a, unit: 1, profile: few, labels: { x: y } "
             "}\n"
             "  - { name: n, line: b, unit: 2, profile: few }\n%s",
             world->pty.at.port, world->tcp.at.port, meters);
}

static bool enough(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 2;
}

static void on_patience(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Until all meters were read, or long enough for what can't be. */
static void run(struct rig *rig)
{
    bool late = false;
    uv_timer_t timer;

    rig->good = 0;
    uv_timer_init(&rig->fixture.loop.uv, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_patience, PATIENCE_MS, 0);
    while (!enough(rig) && !late)
        uv_run(&rig->fixture.loop.uv, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&rig->fixture.loop.uv, UV_RUN_NOWAIT);
}

/* Applies settings as core does: when it fails the old ones come back. */
static void change(struct rig *rig, struct kw_meter_conf *from,
                   struct kw_meter_conf *to)
{
    struct kw_diag diag;

    kw_diag_init(&diag);
    if (kw_meter_module.reconfigure(rig->self, from, to, &diag) != 0)
        (void)!kw_meter_module.reconfigure(rig->self, to, from, &diag);
    kw_diag_fini(&diag);
}

static void ask_routes(struct rig *rig)
{
    struct {
        const char *line, *profile;
        int64_t unit, load;
        const char *registers;
    } body = {"b", "few", 2, 1, NULL};
    struct rig_reply meters, reading;

    rig_call(rig, &meters, "/meters", NULL);
    rig_reply_fini(&meters);
    rig_call(rig, &reading, "/read", &body);
    run(rig);
    if (!reading.done && reading.request.on_closed != NULL)
        reading.request.on_closed(reading.request.arg);
    rig_reply_fini(&reading);
}

/* One life; returns how many allocations succeeded in it. */
static uint64_t live(struct world *world, uint64_t fail_at)
{
    struct kw_meter_conf more;
    struct rig *rig = &world->rig;
    struct kw_diag diag;
    char yaml[1024];
    uint64_t before;
    int err;

    make_settings(world, yaml, sizeof(yaml), "");
    rig_must_parse(rig, yaml, &rig->conf);
    make_settings(world, yaml, sizeof(yaml),
                  "  - { name: o, line: b, unit: 3, profile: few }\n");
    rig_must_parse(rig, yaml, &more);
    rig->self = kw_alloc(kw_meter_module.state_size);
    assert_non_null(rig->self);
    kw_diag_init(&diag);
    before = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at);
    err =
        kw_meter_module.start(rig->self, &rig->conf, &rig->fixture.core, &diag);
    assert_int_equal(err, 0);
    run(rig);
    ask_routes(rig);
    change(rig, &rig->conf, &more);
    run(rig);
    change(rig, &more, &rig->conf);
    rig_stop(rig);
    kw_mem_fail_at(0);
    kw_meter_release(&more);
    kw_diag_fini(&diag);
    return kw_mem_stats().allocations - before;
}

static void test_every_allocation(void **state)
{
    uint64_t fail_at = 1, allocations;

    (void)state;
    do {
        struct world *world = calloc(1, sizeof(*world));

        assert_non_null(world);
        rig_open(&world->rig);
        rig_map(&world->rig, "few", "", rows);
        peer_open_serial(&world->pty, &world->rig, peer_answer);
        peer_open_tcp(&world->tcp, &world->rig, false, peer_answer);
        allocations = live(world, fail_at);
        peer_close(&world->pty);
        peer_close(&world->tcp);
        rig_close(&world->rig);
        free(world);
        assert_true(fail_at++ < PASSES_MAX);
    } while (fail_at <= allocations + 2);
    print_message("           %u passes\n", (unsigned)fail_at - 1);
}

/* The check of settings, which reads register maps. */
static void test_check(void **state)
{
    uint64_t fail_at = 1, before;
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_must_parse(&rig,
                   "lines:\n  - { name: a, serial: /dev/x }\n"
                   "meters:\n"
                   "  - { name: m, line: a, unit: 1, profile: eastron_sdm120 "
                   "}\n"
                   "  - { name: n, line: a, unit: 2, profile: abb_b23_b24 }\n",
                   &rig.conf);
    do {
        struct kw_diag diag;
        int err;

        kw_diag_init(&diag);
        before = kw_mem_stats().allocations;
        kw_mem_fail_at(fail_at);
        err = kw_meter_check(&rig.conf, &rig.fixture.core.env, &diag);
        kw_mem_fail_at(0);
        kw_diag_fini(&diag);
        assert_true(err == 0 || err == KW_EINVAL || err == KW_ENOMEM);
        assert_true(fail_at++ < PASSES_MAX);
    } while (fail_at <= kw_mem_stats().allocations - before + 2);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
