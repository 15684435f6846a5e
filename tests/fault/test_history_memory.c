/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history with the n-th allocation failing, n from 1 until a pass needs no
 * failure: polls, journal, sealing, queries, restart. Whatever fails, nothing
 * leaks, a query gets an answer, and what is in the history is right.
 */
#include "loop/test_history_rig.h"

enum { HOUR_MS = 3600000, PASSES_MAX = 3000 };

/* Polls over an hour's end, a commit now and then. */
static void feed(struct rig *rig, int64_t from_ms)
{
    for (int i = 0; i < 4; i++) {
        int64_t at = from_ms + i * 20 * 60000;

        rig_polls(rig, 0, at, at + 20 * 60000, 10000);
        rig_polls(rig, 1, at, at + 20 * 60000, 60000);
        rig_flush(rig);
    }
}

/* A query whose rows, if it gives any, are right. */
static void ask(struct rig *rig, const char *step)
{
    struct kw_history_query_text text = {"meter0.voltage_l1_n",
                                         "2026-01-01T00:00:00Z",
                                         "2026-01-01T02:00:00Z", step, 50000};
    const struct kw_point *point = rig->meters[0].points[0];
    struct kw_test_reply reply;
    json_t *root;

    kw_test_reply_init(&reply, KW_PROFILE_USER);
    rig_ask(rig, &reply, &text);
    if (kw_buf_err(&reply.body) != 0) {
        /* the recorder had no memory: nothing to look at */
    } else if (reply.status == 200 && reply.sends == 1) {
        root = rig_json(&reply);
        for (size_t i = 0; i < json_array_size(rig_rows(root)); i++) {
            json_t *row = json_array_get(rig_rows(root), i);
            int64_t time_ms = json_integer_value(json_array_get(row, 0));

            if (step == NULL)
                assert_true(fabs(json_number_value(json_array_get(row, 1)) -
                                 rig_value(point, 0, time_ms)) < 1e-9);
        }
        json_decref(root);
    } else {
        assert_true(reply.status == 200 || reply.status >= 500);
    }
    kw_test_reply_fini(&reply);
}

static void seal_now(struct rig *rig)
{
    rig->fixture.manual.wall_ms = rig_epoch_ms + 3 * HOUR_MS;
    for (int i = 0; i < 3; i++) {
        rig->fixture.manual.mono_ns += UINT64_C(300) * 1000000000;
        kw_history_load_tick(rig->history);
        kw_history_seal_tick(rig->history);
        kw_fixture_until(&rig->fixture, rig_is_idle, rig);
    }
}

/* One pass; returns how many allocations the part under test made. */
static uint64_t work_story(uint64_t fail_at)
{
    struct rig rig;
    uint64_t before, used;

    rig_open(&rig);
    rig_meter(&rig, 0, 4, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 4, KW_ENCODING_FLOAT32);
    rig_until_ready(&rig);
    before = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at);
    feed(&rig, rig_epoch_ms);
    ask(&rig, NULL);
    seal_now(&rig);
    ask(&rig, NULL);
    ask(&rig, "10min");
    kw_mem_fail_at(0);
    used = kw_mem_stats().allocations - before;
    seal_now(&rig);
    rig_polls(&rig, 0, rig_epoch_ms + 4 * HOUR_MS,
              rig_epoch_ms + 4 * HOUR_MS + 60000, 1000);
    rig_expect(&rig, 0, rig_epoch_ms + 4 * HOUR_MS,
               rig_epoch_ms + 4 * HOUR_MS + 60000, 1000);
    rig_close(&rig);
    return used;
}

static bool is_loaded(void *arg)
{
    return !((struct rig *)arg)->history->load.busy;
}

/* A start, and the replay, which is tried again. */
static uint64_t start_story(uint64_t fail_at)
{
    struct rig rig;
    struct kw_diag diag;
    uint64_t before, used;
    int err;

    rig_open(&rig);
    rig_meter(&rig, 0, 4, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 4, KW_ENCODING_FLOAT32);
    feed(&rig, rig_epoch_ms);
    rig_stop(&rig);
    kw_diag_init(&diag);
    rig.history = kw_alloc(kw_history_module.state_size);
    before = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at);
    err = kw_history_module.start(rig.history, &rig.conf, &rig.fixture.core,
                                  &diag);
    if (err == 0)
        kw_fixture_until(&rig.fixture, is_loaded, &rig);
    kw_mem_fail_at(0);
    used = kw_mem_stats().allocations - before;
    kw_diag_fini(&diag);
    if (err != 0) {
        assert_int_equal(err, KW_ENOMEM);
        kw_free(rig.history);
        rig_start(&rig);
    }
    rig.fixture.manual.mono_ns += UINT64_C(61) * 1000000000;
    kw_history_load_tick(rig.history);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 80 * 60000, 10000);
    rig_expect(&rig, 1, rig_epoch_ms, rig_epoch_ms + 80 * 60000, 60000);
    rig_close(&rig);
    return used;
}

static void sweep(uint64_t (*story)(uint64_t fail_at))
{
    uint64_t most = story(0);

    assert_in_range(most, 5, PASSES_MAX);
    for (uint64_t n = 1; n <= most + 2; n++)
        (void)story(n);
}

static void test_work(void **state)
{
    (void)state;
    sweep(work_story);
}

static void test_start(void **state)
{
    (void)state;
    sweep(start_story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_start),
    };

    return cmocka_run_group_tests_name("history_memory", tests, NULL, NULL);
}
