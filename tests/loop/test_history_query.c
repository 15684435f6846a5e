/* SPDX-License-Identifier: Apache-2.0 */
/* GET /history: raw and stepped, JSON and CSV, slices, slow and lost clients.
 */
#include "core/job.h"
#include "test_history_rig.h"

#include <semaphore.h>

enum { HOUR_MS = 3600000, LANE_JOBS = 64 /* that the queries' lane takes */ };

struct ask {
    struct rig rig;
    struct kw_test_reply reply;
    struct kw_history_query_text text;
};

static void open_ask(struct ask *ask)
{
    rig_open(&ask->rig);
    rig_meter(&ask->rig, 0, 3, KW_ENCODING_INTEGER);
    kw_test_reply_init(&ask->reply, KW_PROFILE_USER);
    ask->text = (struct kw_history_query_text){.points = "meter0.voltage_l1_n",
                                               .limit = 50000};
}

static void close_ask(struct ask *ask)
{
    kw_test_reply_fini(&ask->reply);
    rig_close(&ask->rig);
}

static void run_ask(struct ask *ask)
{
    kw_test_reply_reset(&ask->reply);
    rig_ask(&ask->rig, &ask->reply, &ask->text);
}

static double cell(const json_t *root, size_t row, size_t column)
{
    return json_number_value(
        json_array_get(json_array_get(rig_rows(root), row), column));
}

static void test_refusals(void **state)
{
    static const struct {
        struct kw_history_query_text text;
        const char *key;
    } rows[] = {
        {{"nobody", NULL, NULL, NULL, 1}, "point_unknown"},
        {{"99", NULL, NULL, NULL, 1}, "point_unknown"},
        {{"99999999999", NULL, NULL, NULL, 1}, "point_unknown"},
        {{"1,,2", NULL, NULL, NULL, 1}, "point_unknown"},
        {{"1", "yesterday", NULL, NULL, 1}, "time_invalid"},
        {{"1", NULL, "2026-13-01T00:00:00Z", NULL, 1}, "time_invalid"},
        {{"1", "2000", "1000", NULL, 1}, "range_invalid"},
        {{"1", "1000", "1000", NULL, 1}, "range_invalid"},
        {{"1", "0", "2026-01-01T00:00:00Z", NULL, 1}, "range_invalid"},
        {{"1", NULL, "-9223372036854775808", NULL, 1}, "time_invalid"},
        {{"1", "9223372036854775807", NULL, NULL, 1}, "time_invalid"},
        {{"1", NULL, NULL, "soon", 1}, "step_invalid"},
        {{"1", NULL, NULL, "0", 1}, "step_invalid"},
        {{"1", NULL, NULL, "-5", 1}, "step_invalid"},
        {{"1", NULL, NULL, "1s", 3600}, "too_many_rows"},
    };
    struct ask ask;
    char many[400], key[64];
    size_t length = 0;

    (void)state;
    open_ask(&ask);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask.text = rows[i].text;
        run_ask(&ask);
        snprintf(key, sizeof(key), "\"key\":\"%s\"", rows[i].key);
        kw_test_reply_expect(&ask.reply, 422, key);
    }
    for (int i = 0; i < 65; i++)
        length += (size_t)snprintf(many + length, sizeof(many) - length,
                                   i > 0 ? ",1" : "1");
    ask.text = (struct kw_history_query_text){many, NULL, NULL, NULL, 1};
    run_ask(&ask);
    kw_test_reply_expect(&ask.reply, 422, "points_too_many");
    close_ask(&ask);
}

static void test_default_is_the_last_hour(void **state)
{
    struct ask ask;
    json_t *root;

    (void)state;
    open_ask(&ask);
    rig_polls(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 2 * HOUR_MS, 60000);
    ask.rig.fixture.manual.wall_ms = rig_epoch_ms + 2 * HOUR_MS;
    run_ask(&ask);
    assert_int_equal(ask.reply.sends, 1); /* short: with its length */
    root = rig_json(&ask.reply);
    assert_int_equal(json_array_size(rig_rows(root)), 60);
    assert_int_equal(json_integer_value(json_object_get(root, "from")),
                     rig_epoch_ms + HOUR_MS);
    assert_true(json_is_null(json_object_get(root, "step")));
    json_decref(root);
    close_ask(&ask);
}

static void test_qualities(void **state)
{
    struct ask ask;
    json_t *root, *row;

    (void)state;
    open_ask(&ask);
    rig_poll(&ask.rig, 0, rig_epoch_ms, KW_QUALITY_GOOD);
    rig_poll(&ask.rig, 0, rig_epoch_ms + 1000, KW_QUALITY_BAD_TIMEOUT);
    rig_poll(&ask.rig, 0, rig_epoch_ms + 9000, KW_QUALITY_UNCERTAIN_CLOCK);
    ask.text.from = "2026-01-01T00:00:00Z";
    ask.text.to = "2026-01-01T01:00:00+00:00";
    for (int sealed = 0; sealed < 2; sealed++) {
        run_ask(&ask);
        root = rig_json(&ask.reply);
        assert_int_equal(json_array_size(rig_rows(root)), 3);
        assert_int_equal(json_array_size(json_array_get(rig_rows(root), 0)), 2);
        row = json_array_get(rig_rows(root), 1);
        assert_true(json_is_null(json_array_get(row, 1)));
        assert_string_equal(json_string_value(json_array_get(row, 2)),
                            "bad_timeout");
        row = json_array_get(rig_rows(root), 2);
        assert_true(json_is_number(json_array_get(row, 1)));
        assert_string_equal(json_string_value(json_array_get(row, 2)),
                            "uncertain_clock");
        json_decref(root);
        rig_seal(&ask.rig, rig_epoch_ms + 2 * HOUR_MS);
    }
    close_ask(&ask);
}

/* Steps are compared with what a plain loop over the published values says. */
static void expect_steps(struct ask *ask, int64_t from_ms, int64_t to_ms,
                         int64_t step_ms, int64_t poll_ms)
{
    const struct kw_point *point = ask->rig.meters[0].points[0];
    json_t *root = rig_json(&ask->reply);
    size_t row = 0;

    for (int64_t begin = from_ms - from_ms % step_ms; begin < to_ms;
         begin += step_ms, row++) {
        double low = 1e300, high = -1e300, sum = 0, first = 0, last = 0;
        int64_t at = begin < from_ms ? from_ms : begin;
        unsigned count = 0;

        for (; at < begin + step_ms && at < to_ms; at += poll_ms) {
            last = rig_value(point, 0, at);
            first = count++ == 0 ? last : first;
            low = fmin(low, last);
            high = fmax(high, last);
            sum += last;
        }
        assert_true(cell(root, row, 0) == (double)begin);
        assert_true(fabs(cell(root, row, 1) - low) < 1e-9);
        assert_true(fabs(cell(root, row, 2) - high) < 1e-9);
        assert_true(fabs(cell(root, row, 3) - sum / count) < 1e-9);
        assert_true(fabs(cell(root, row, 4) - first) < 1e-9);
        assert_true(fabs(cell(root, row, 5) - last) < 1e-9);
        assert_true(cell(root, row, 6) == count);
    }
    assert_int_equal(json_array_size(rig_rows(root)), row);
    json_decref(root);
}

static void test_steps(void **state)
{
    static const struct {
        const char *step;
        int64_t ms;
    } steps[] = {{"10s", 10000}, {"60000", 60000}, {"1h", HOUR_MS}};
    struct ask ask;
    int64_t from_ms = rig_epoch_ms + 30000, to_ms = rig_epoch_ms + 3 * HOUR_MS;
    char from[32], to[32];

    (void)state;
    open_ask(&ask);
    rig_polls(&ask.rig, 0, rig_epoch_ms, to_ms, 5000);
    rig_poll(&ask.rig, 0, rig_epoch_ms + 77, KW_QUALITY_BAD_CRC);
    snprintf(from, sizeof(from), "%lld", (long long)from_ms);
    snprintf(to, sizeof(to), "%lld", (long long)to_ms);
    ask.text.from = from;
    ask.text.to = to;
    rig_seal(&ask.rig, rig_epoch_ms + 2 * HOUR_MS + 60000);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        ask.text.step = steps[i].step;
        run_ask(&ask);
        expect_steps(&ask, from_ms, to_ms, steps[i].ms, 5000);
    }
    close_ask(&ask);
}

static void test_csv(void **state)
{
    static const char raw[] =
        "time,point,value,unit,quality\r\n"
        "2026-01-01T00:00:00.000Z,meter0.voltage_l1_n,%s,V,good\r\n"
        "2026-01-01T00:00:01.000Z,meter0.voltage_l1_n,,V,bad_crc\r\n";
    struct ask ask;
    char wanted[300], number[32];

    (void)state;
    open_ask(&ask);
    rig_poll(&ask.rig, 0, rig_epoch_ms, KW_QUALITY_GOOD);
    rig_poll(&ask.rig, 0, rig_epoch_ms + 1000, KW_QUALITY_BAD_CRC);
    ask.text.from = "2026-01-01T00:00:00Z";
    ask.text.to = "2026-01-01T00:01:00Z";
    ask.reply.request.accept = "text/csv";
    run_ask(&ask);
    assert_string_equal(ask.reply.type, "text/csv; charset=utf-8");
    snprintf(number, sizeof(number), "%.6g",
             rig_value(ask.rig.meters[0].points[0], 0, rig_epoch_ms));
    snprintf(wanted, sizeof(wanted), raw, number);
    assert_string_equal(kw_test_reply_text(&ask.reply), wanted);
    ask.text.step = "1min";
    run_ask(&ask);
    snprintf(wanted, sizeof(wanted),
             "time,point,min,max,mean,first,last,count,unit\r\n"
             "2026-01-01T00:00:00.000Z,meter0.voltage_l1_n,%s,%s,%s,%s,%s,1,"
             "V\r\n",
             number, number, number, number, number);
    assert_string_equal(kw_test_reply_text(&ask.reply), wanted);
    close_ask(&ask);
}

static void test_too_many_rows(void **state)
{
    struct ask ask;
    char to[32];

    (void)state;
    open_ask(&ask);
    rig_polls(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 2 * HOUR_MS, 1000);
    ask.text.from = "2026-01-01T00:00:00Z";
    snprintf(to, sizeof(to), "%lld", (long long)(rig_epoch_ms + 2 * HOUR_MS));
    ask.text.to = to;
    for (int sealed = 0; sealed < 2; sealed++) {
        ask.text.limit = 7199;
        run_ask(&ask);
        kw_test_reply_expect(&ask.reply, 422, "too_many_rows");
        ask.text.limit = 7200;
        run_ask(&ask);
        assert_int_equal(ask.reply.status, 200);
        rig_seal(&ask.rig, rig_epoch_ms + 2 * HOUR_MS + 60000);
    }
    close_ask(&ask);
}

static bool has_written(void *arg)
{
    const struct kw_test_reply *reply = arg;

    return reply->writes > 0;
}

/* A long answer comes in slices, and stops while the client is slow. */
static void test_slices(void **state)
{
    struct ask ask;
    unsigned writes;
    json_t *root;

    (void)state;
    open_ask(&ask);
    rig_polls(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 6 * HOUR_MS, 1000);
    rig_seal(&ask.rig, rig_epoch_ms + 5 * HOUR_MS);
    ask.text.points = "1,2,3";
    ask.text.from = "2026-01-01T00:00:00Z";
    ask.text.to = "2026-01-01T06:00:00Z";
    kw_test_reply_reset(&ask.reply);
    ask.reply.request.query = &ask.text;
    ask.reply.queued = 1 << 20; /* takes nothing */
    kw_history_get(ask.rig.history, &ask.reply.request);
    kw_fixture_until(&ask.rig.fixture, has_written, &ask.reply);
    kw_fixture_run_ms(&ask.rig.fixture, 20);
    assert_int_equal(ask.reply.begins, 1);
    assert_int_equal(ask.reply.writes, 1);
    assert_true(ask.reply.body.length <= 65536);
    do { /* and again and again */
        writes = ask.reply.writes;
        ask.reply.request.on_drain(ask.reply.request.arg);
        kw_fixture_run_ms(&ask.rig.fixture, 20);
        assert_true(ask.reply.writes <= writes + 1);
    } while (!ask.reply.done && ask.reply.writes < 4);
    ask.reply.queued = 0; /* now it takes all */
    ask.reply.request.on_drain(ask.reply.request.arg);
    kw_fixture_until_set(&ask.rig.fixture, &ask.reply.done);
    root = rig_json(&ask.reply);
    assert_int_equal(json_array_size(rig_rows(root)), 6 * 3600);
    json_decref(root);
    rig_expect(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 6 * HOUR_MS, 1000);
    assert_int_equal(ask.rig.history->query_count, 0);
    close_ask(&ask);
}

static bool has_no_queries(void *arg)
{
    const struct ask *ask = arg;

    return ask->rig.history->query_count == 0;
}

static void test_client_goes(void **state)
{
    struct ask ask;

    (void)state;
    open_ask(&ask);
    rig_polls(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 3 * HOUR_MS, 1000);
    ask.text.from = "2026-01-01T00:00:00Z";
    ask.text.to = "2026-01-01T06:00:00Z";
    ask.rig.fixture.manual.wall_ms += 3 * HOUR_MS;
    rig_until_ready(&ask.rig);
    /* while its job works */
    kw_test_reply_reset(&ask.reply);
    ask.reply.request.query = &ask.text;
    kw_history_get(ask.rig.history, &ask.reply.request);
    kw_test_reply_hang_up(&ask.reply);
    assert_int_equal(ask.rig.history->query_count, 1);
    kw_fixture_until(&ask.rig.fixture, has_no_queries, &ask);
    /* while it is slow */
    kw_test_reply_reset(&ask.reply);
    ask.reply.request.query = &ask.text;
    ask.reply.queued = 1 << 20;
    kw_history_get(ask.rig.history, &ask.reply.request);
    kw_fixture_until(&ask.rig.fixture, has_written, &ask.reply);
    kw_fixture_run_ms(&ask.rig.fixture, 20);
    assert_int_equal(ask.reply.writes, 1);
    kw_test_reply_hang_up(&ask.reply);
    assert_int_equal(ask.rig.history->query_count, 0);
    /* before the first byte */
    kw_test_reply_reset(&ask.reply);
    ask.reply.request.query = &ask.text;
    ask.reply.refuse_begin = true;
    kw_history_get(ask.rig.history, &ask.reply.request);
    kw_fixture_until(&ask.rig.fixture, has_no_queries, &ask);
    close_ask(&ask);
}

/* Queries under way at the stop: each gets an answer or an end. */
static void test_stop_with_queries(void **state)
{
    struct ask ask;
    struct kw_test_reply slow;

    (void)state;
    open_ask(&ask);
    kw_test_reply_init(&slow, KW_PROFILE_USER);
    rig_polls(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 3 * HOUR_MS, 1000);
    ask.text.from = "2026-01-01T00:00:00Z";
    ask.text.to = "2026-01-01T06:00:00Z";
    rig_until_ready(&ask.rig);
    slow.request.query = &ask.text;
    slow.queued = 1 << 20;
    kw_history_get(ask.rig.history, &slow.request);
    kw_fixture_until(&ask.rig.fixture, has_written, &slow);
    assert_int_equal(slow.begins, 1);
    ask.reply.request.query = &ask.text;
    kw_history_get(ask.rig.history, &ask.reply.request);
    rig_stop(&ask.rig);
    assert_int_equal(slow.fails, 1); /* what it has is not the whole */
    assert_true(ask.reply.done);
    assert_int_equal(ask.reply.status, 503);
    kw_test_reply_fini(&slow);
    close_ask(&ask);
}

static void test_waits_for_the_replay(void **state)
{
    struct ask ask;

    (void)state;
    open_ask(&ask);
    rig_polls(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 60000, 1000);
    rig_stop(&ask.rig);
    rig_start(&ask.rig);
    assert_false(ask.rig.history->ready);
    rig_expect(&ask.rig, 0, rig_epoch_ms, rig_epoch_ms + 60000, 1000);
    /* and one that is stopped before */
    rig_stop(&ask.rig);
    rig_start(&ask.rig);
    ask.reply.request.query = &ask.text;
    kw_history_get(ask.rig.history, &ask.reply.request);
    rig_stop(&ask.rig);
    assert_int_equal(ask.reply.status, 503);
    close_ask(&ask);
}

static void test_busy(void **state)
{
    struct ask ask;
    struct kw_test_reply replies[17];

    (void)state;
    open_ask(&ask);
    for (int i = 0; i < 17; i++) { /* all wait for the replay */
        kw_test_reply_init(&replies[i], KW_PROFILE_USER);
        replies[i].who.session = (uint64_t)(1 + i / 8);
        replies[i].request.query = &ask.text;
        kw_history_get(ask.rig.history, &replies[i].request);
    }
    kw_test_reply_expect(&replies[16], 503, "busy");
    for (int i = 0; i < 17; i++) {
        kw_fixture_until_set(&ask.rig.fixture, &replies[i].done);
        assert_int_equal(replies[i].status, i < 16 ? 200 : 503);
        kw_test_reply_fini(&replies[i]);
    }
    close_ask(&ask);
}

/* A job that keeps the queries' lane busy. */
struct block {
    struct kw_job job;
    sem_t *go;
    bool done;
};

static void wait_for_go(struct kw_job *job)
{
    sem_wait(KW_LIST_ENTRY(job, struct block, job)->go);
}

static void on_block_done(struct kw_job *job, int err)
{
    assert_int_equal(err, 0);
    KW_LIST_ENTRY(job, struct block, job)->done = true;
}

/* None of the queries that waited for the replay can be started: each one is
 * answered, once. */
static void test_lane_is_full(void **state)
{
    struct kw_test_reply replies[4];
    struct block blocks[LANE_JOBS];
    struct ask ask;
    sem_t go;

    (void)state;
    open_ask(&ask);
    assert_int_equal(sem_init(&go, 0, 0), 0);
    for (size_t i = 0; i < LANE_JOBS; i++) {
        blocks[i] = (struct block){
            .job = {.work = wait_for_go, .done = on_block_done}, .go = &go};
        kw_list_init(&blocks[i].job.link);
        assert_int_equal(kw_jobs_submit(ask.rig.fixture.core.jobs,
                                        KW_LANE_QUERY, &blocks[i].job),
                         0);
    }
    for (size_t i = 0; i < 4; i++) {
        kw_test_reply_init(&replies[i], KW_PROFILE_USER);
        replies[i].who.session = 1;
        replies[i].request.query = &ask.text;
        kw_history_get(ask.rig.history, &replies[i].request);
    }
    rig_until_ready(&ask.rig);
    for (size_t i = 0; i < 4; i++) {
        kw_test_reply_expect(&replies[i], 503, "busy");
        kw_test_reply_fini(&replies[i]);
    }
    assert_int_equal(ask.rig.history->query_count, 0);
    for (size_t i = 0; i < LANE_JOBS; i++)
        sem_post(&go);
    for (size_t i = 0; i < LANE_JOBS; i++)
        kw_fixture_until_set(&ask.rig.fixture, &blocks[i].done);
    sem_destroy(&go);
    close_ask(&ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_default_is_the_last_hour),
        cmocka_unit_test(test_qualities),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_too_many_rows),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_client_goes),
        cmocka_unit_test(test_stop_with_queries),
        cmocka_unit_test(test_waits_for_the_replay),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_lane_is_full),
    };

    return cmocka_run_group_tests_name("history_query", tests, NULL, NULL);
}
