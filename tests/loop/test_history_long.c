/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /history over years: a query is weighed before it is answered, comes
 * back after a bounded piece of work, and leaves the lane to others. The
 * blocks are garbage, so that each one that was opened counts as damaged.
 */
#include "core/job.h"
#include "test_history_rig.h"

enum {
    POINTS = 12,
    BLOCKS = 84000, /* hours: nine and a half years */
    HOUR_MS = 3600000,
};

struct years {
    struct rig rig;
    struct kw_test_reply reply;
    struct kw_history_query_text text;
    char from[32], to[32];
};

/* As many hourly blocks of the first meter, up to the rig's clock. */
static void fill(struct rig *rig)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct kw_history_block_key key = {
        .source = rig->meters[0].source->number,
        .hour_ms = rig_epoch_ms - (int64_t)BLOCKS * HOUR_MS,
    };
    struct kw_history_key_bytes bytes;

    for (int i = 0; i < BLOCKS; i++, key.hour_ms += HOUR_MS)
        kw_db_batch_put(batch, &kw_history_blocks,
                        kw_history_key_block(&bytes, &key),
                        (struct kw_slice){(const unsigned char *)"x", 1});
    assert_int_equal(kw_db_write_now(rig->fixture.core.db, batch), 0);
}

static void open_years(struct years *years)
{
    rig_open(&years->rig);
    rig_until_ready(&years->rig);
    rig_meter(&years->rig, 0, POINTS, KW_ENCODING_INTEGER);
    fill(&years->rig);
    kw_test_reply_init(&years->reply, KW_PROFILE_USER);
    snprintf(years->from, sizeof(years->from), "%lld",
             (long long)(rig_epoch_ms - (int64_t)BLOCKS * HOUR_MS));
    snprintf(years->to, sizeof(years->to), "%lld", (long long)rig_epoch_ms);
    years->text = (struct kw_history_query_text){
        .points = "1",
        .from = years->from,
        .to = years->to,
        .step = "1d",
        .limit = 50000,
    };
}

static void close_years(struct years *years)
{
    kw_test_reply_fini(&years->reply);
    rig_close(&years->rig);
}

/* Twelve points of that meter are more than a million blocks. */
static void test_too_many_blocks(void **state)
{
    struct years years;

    (void)state;
    open_years(&years);
    years.text.points = "1,2,3,4,5,6,7,8,9,10,11,12";
    rig_ask(&years.rig, &years.reply, &years.text);
    kw_test_reply_expect(&years.reply, 422, "too_many_blocks");
    assert_int_equal(years.rig.history->counters.damaged, 0); /* none opened */
    assert_int_equal(years.rig.history->query_count, 0);
    close_years(&years);
}

static void test_one_point_is_answered(void **state)
{
    struct years years;

    (void)state;
    open_years(&years);
    rig_ask(&years.rig, &years.reply, &years.text);
    kw_test_reply_expect(&years.reply, 200, "\"rows\":[]");
    assert_int_equal(years.rig.history->counters.damaged, BLOCKS);
    kw_test_reply_reset(&years.reply);
    years.text.step = NULL; /* raw: counted before */
    rig_ask(&years.rig, &years.reply, &years.text);
    kw_test_reply_expect(&years.reply, 200, "\"rows\":[]");
    close_years(&years);
}

static bool has_looked(void *arg)
{
    return ((struct rig *)arg)->history->query_count == 0;
}

/* The client goes while the blocks are looked at: the rest is left alone. */
static void test_client_goes(void **state)
{
    struct years years;

    (void)state;
    open_years(&years);
    for (int raw = 0; raw < 2; raw++) {
        years.text.step = raw ? NULL : "1d";
        kw_test_reply_reset(&years.reply);
        years.reply.request.query = &years.text;
        kw_history_get(years.rig.history, &years.reply.request);
        kw_test_reply_hang_up(&years.reply);
        kw_fixture_until(&years.rig.fixture, has_looked, &years.rig);
        assert_true(years.rig.history->counters.damaged < BLOCKS / 4);
    }
    close_years(&years);
}

/* So does an orderly stop. */
static void test_stop(void **state)
{
    struct years years;

    (void)state;
    open_years(&years);
    years.reply.request.query = &years.text;
    kw_history_get(years.rig.history, &years.reply.request);
    rig_stop(&years.rig);
    kw_test_reply_expect(&years.reply, 503, "busy");
    close_years(&years);
}

static void ask_as(struct years *years, struct kw_test_reply *reply,
                   uint64_t session)
{
    kw_test_reply_init(reply, KW_PROFILE_USER);
    reply->who.session = session;
    reply->request.query = &years->text;
    kw_history_get(years->rig.history, &reply->request);
}

/* A session's queries run two at a time, and eight are all it may have. */
static void test_sessions(void **state)
{
    struct years years;
    struct kw_test_reply replies[9], other;
    struct kw_jobs *jobs;

    (void)state;
    open_years(&years);
    jobs = years.rig.fixture.core.jobs;
    for (int i = 0; i < 9; i++)
        ask_as(&years, &replies[i], 7);
    kw_test_reply_expect(&replies[8], 429, "too_many_queries");
    assert_true(kw_test_reply_has(&replies[8], "Retry-After: 1"));
    assert_int_equal(kw_jobs_pending(jobs, KW_LANE_QUERY), 2);
    ask_as(&years, &other, 8);
    assert_int_equal(kw_jobs_pending(jobs, KW_LANE_QUERY), 3);
    kw_fixture_until_set(&years.rig.fixture, &other.done);
    kw_test_reply_expect(&other, 200, "\"rows\":[]");
    for (int i = 0; i < 8; i++) {
        kw_fixture_until_set(&years.rig.fixture, &replies[i].done);
        kw_test_reply_expect(&replies[i], 200, "\"rows\":[]");
    }
    for (int i = 0; i < 9; i++)
        kw_test_reply_fini(&replies[i]);
    kw_test_reply_fini(&other);
    close_years(&years);
}

/* A point that is named more than once is answered once. */
static void test_points_once(void **state)
{
    struct years years;
    json_t *root;

    (void)state;
    open_years(&years);
    years.text.points = "2,1,2,meter0.voltage_l1_n,1";
    rig_ask(&years.rig, &years.reply, &years.text);
    root = rig_json(&years.reply);
    assert_int_equal(json_array_size(json_object_get(root, "series")), 2);
    json_decref(root);
    close_years(&years);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_blocks),
        cmocka_unit_test(test_one_point_is_answered),
        cmocka_unit_test(test_client_goes),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_points_once),
    };

    return cmocka_run_group_tests_name("history_long", tests, NULL, NULL);
}
