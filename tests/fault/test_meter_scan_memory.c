/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans and searches with the n-th allocation failing, for every n until a
 * pass needs no failure: the line is never left suspended, nothing is lost,
 * nothing stays open.
 */
#include "../loop/test_meter_scan.h"

enum { PASSES_MAX = 1000 };

static const char rows[] = "frequency,3,70,1,u16,-,1,Hz,fast,,,,\n";

/* Frequency 50 at 70, otherwise the address: unit 2 only. */
static void unit_2(struct peer *peer, const struct kw_meter_ask *ask)
{
    static const unsigned char fifty[] = {3, 2, 0, 50};

    if (ask->unit != 2)
        return;
    if (ask->function != 3)
        peer_exception(peer, ask, 1);
    else if (ask->address == 70)
        scan_send(peer, 2, fifty, sizeof(fifty));
    else
        peer_answer(peer, ask);
}

static bool has_ended(void *arg)
{
    struct rig *rig = arg;
    struct rig_reply reply;
    bool running = true, made = false;

    /* An answer that could not be made says nothing; one allocation fails. */
    for (unsigned tries = 0; !made && tries < 2; tries++) {
        scan_call(rig, &reply, KW_GET, NULL, NULL);
        made = reply.status == 200 && reply.body != NULL;
        running = !made || strstr(reply.body, "\"state\":\"running\"") != NULL;
        rig_reply_fini(&reply);
    }
    return !running;
}

/* Starts it and waits for its end; the answer's status. */
static int scan(struct rig *rig, struct kw_texts search, bool identify)
{
    struct kw_meter_scan_body body = {
        .line = "a",
        .units = "2",
        .identify = identify,
        .search = search,
        .timeout_ms = 20,
    };
    struct rig_reply reply;
    int status;

    scan_call(rig, &reply, KW_POST, &body, NULL);
    status = reply.status;
    rig_reply_fini(&reply);
    /* It may run although the answer could not be made. */
    kw_fixture_until(&rig->fixture, has_ended, rig);
    return status;
}

static bool is_up(void *arg)
{
    const struct rig *rig = arg;

    return rig->line_up == rig->line_down;
}

static uint64_t live(struct rig *rig, const char *yaml, uint64_t fail_at)
{
    const char *speeds[] = {"9600 8N1", "19200 8N1"};
    struct kw_texts search = {speeds, 2}, none = {0};
    uint64_t before;

    rig_start(rig, yaml);
    kw_fixture_run_ms(&rig->fixture, 5);
    before = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at);
    (void)scan(rig, none, true);
    (void)scan(rig, search, false);
    kw_mem_fail_at(0);
    before = kw_mem_stats().allocations - before;
    kw_fixture_until(&rig->fixture, is_up, rig);
    assert_int_equal(scan(rig, none, false), 202); /* all is well again */
    rig_stop(rig);
    return before;
}

static void test_every_allocation(void **state)
{
    uint64_t fail_at = 1, allocations;

    (void)state;
    do {
        char yaml[512];
        struct peer peer;
        struct rig rig;

        rig_open(&rig);
        /* No other maps than this one: each costs many allocations. */
        rig.fixture.core.env.share_dir = rig.fixture.dir;
        rig_map(&rig, "few", "#title: ACME Few 1\n#make: ACME\n", rows);
        peer_open_serial(&peer, &rig, unit_2);
        rig_line(yaml, sizeof(yaml), &peer.at, ", timeout: 50ms", "  []\n");
        allocations = live(&rig, yaml, fail_at);
        peer_close(&peer);
        rig_close(&rig);
        assert_true(fail_at++ < PASSES_MAX);
    } while (fail_at <= allocations + 2);
    print_message("           %u passes\n", (unsigned)fail_at - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
