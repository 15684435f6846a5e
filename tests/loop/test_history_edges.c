/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of one job, memory that runs short, clocks that jump, rows that lie:
 * what a gateway meets once a year. */
#include "history/read.h"
#include "test_history_rig.h"

enum { HOUR_MS = 3600000, MANY = 70 };

static void on_written(void *arg, int err)
{
    assert_int_equal(err, 0);
    *(bool *)arg = true;
}

static void write_batch(struct rig *rig, struct kw_db_batch *batch)
{
    bool written = false;

    assert_int_equal(
        kw_db_submit(rig->fixture.core.db, batch, true, on_written, &written),
        0);
    kw_fixture_until_set(&rig->fixture, &written);
}

/* Samples of one point of a source that no meter stands for. */
static void put_source(struct kw_history_window *window, uint32_t source,
                       int64_t from_ms, size_t count)
{
    static const double scale = 1;

    for (size_t i = 0; i < count; i++) {
        struct kw_sample sample = {
            .point = source, .time_ms = from_ms + (int64_t)i * 1000, .raw = i};
        struct kw_history_poll poll = {&sample, &scale, 1};

        assert_int_equal(kw_history_window_put(window, source, &poll, 0), 0);
    }
}

static size_t read_count(struct rig *rig, uint32_t source, int64_t from_ms)
{
    struct kw_history_range range = {source, source, from_ms,
                                     from_ms + 9 * (int64_t)HOUR_MS};

    return rig_count(rig, NULL, &range);
}

/* More sources than one job takes: the others have their turn. */
static void test_many_sources(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    for (uint32_t source = 1; source <= MANY; source++)
        put_source(&rig.history->window, source, rig_epoch_ms, 10);
    rig.fixture.manual.wall_ms = rig_epoch_ms + 2 * HOUR_MS;
    rig.fixture.manual.mono_ns += UINT64_C(300) * 1000000000;
    kw_history_seal_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.blocks, 0); /* only closed */
    rig.fixture.manual.mono_ns += UINT64_C(300) * 1000000000;
    kw_history_seal_tick(rig.history);
    assert_true(rig.history->seal.busy);
    kw_history_seal_tick(rig.history); /* nothing: one is under way */
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.blocks, KW_HISTORY_SEAL_ITEMS);
    kw_history_seal_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.blocks, MANY);
    for (uint32_t source = 1; source <= MANY; source++)
        assert_int_equal(read_count(&rig, source, rig_epoch_ms), 10);
    rig_close(&rig);
}

/* More parts of an hour than one block is made of at a time. */
static void test_many_parts(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    for (int i = 0; i < 20; i++) {
        put_source(&rig.history->window, 1, rig_epoch_ms + i * 10000, 10);
        kw_history_window_close(&rig.history->window,
                                rig.history->window.sources[1], 0);
    }
    rig_seal(&rig, rig_epoch_ms + 2 * HOUR_MS);
    assert_int_equal(rig.history->counters.sealed_samples, 200);
    assert_int_equal(rig.history->counters.blocks, 3); /* written three times */
    assert_int_equal(read_count(&rig, 1, rig_epoch_ms), 200);
    rig_close(&rig);
}

/* A window that is nearly full seals its longest part before the hour ends. */
static void test_tight_window(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    rig.history->window.ceiling_chunks = 12;
    put_source(&rig.history->window, 1, rig_epoch_ms, 10);
    put_source(&rig.history->window, 2, rig_epoch_ms, 3500);
    put_source(&rig.history->window, 3, rig_epoch_ms, 10);
    while (!kw_history_window_tight(&rig.history->window))
        put_source(&rig.history->window, 2, rig_epoch_ms + HOUR_MS - 1000, 1);
    rig.fixture.manual.wall_ms = rig_epoch_ms + HOUR_MS / 2;
    kw_history_seal_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.blocks, 1);
    assert_true(read_count(&rig, 2, rig_epoch_ms) >= 3500);
    assert_false(kw_history_window_tight(&rig.history->window));
    rig_close(&rig);
}

/* The clock was an hour ahead and is set right: what was taken then is not
 * kept open until its hour comes again. */
static void test_future_part(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    put_source(&rig.history->window, 1, rig_epoch_ms + 5 * HOUR_MS, 10);
    rig_seal(&rig, rig_epoch_ms + HOUR_MS);
    assert_int_equal(rig.history->counters.blocks, 1);
    rig_close(&rig);
}

static void test_retention_in_portions(void **state)
{
    struct rig rig;
    struct kw_db_batch *batch;

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    batch = kw_db_batch_new();
    for (unsigned i = 0; i < 600; i++) {
        struct kw_history_key_bytes bytes;
        struct kw_history_block_key key = {1 + i % 3, i * (int64_t)HOUR_MS, 0};

        kw_db_batch_put(batch, &kw_history_blocks,
                        kw_history_key_block(&bytes, &key),
                        kw_slice_text("old"));
    }
    write_batch(&rig, batch);
    rig.history->conf.keep_ms = INT64_C(365) * 86400000;
    kw_history_retain_asked(rig.history);
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.deleted, KW_HISTORY_RETAIN_KEYS);
    kw_history_retain_tick(rig.history); /* not yet */
    assert_false(rig.history->retain.busy);
    rig.fixture.manual.mono_ns += UINT64_C(6) * 1000000000;
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.deleted, 600);
    /* nothing left, however full */
    rig.history->disk_full = true;
    rig.history->retain.next_ms = 0;
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.deleted, 600);
    rig_close(&rig);
}

static void put_row(struct kw_db_batch *batch, uint64_t number,
                    const struct kw_history_piece *piece)
{
    struct kw_history_key_bytes bytes;
    struct kw_buf row;

    kw_buf_init(&row, 1 << 16);
    kw_history_row_begin(&row, 99);
    kw_history_row_piece(&row, piece);
    kw_buf_put(&row, piece->bytes, piece->length);
    kw_history_row_end(&row);
    kw_db_batch_put(batch, &kw_history_journal,
                    kw_history_key_row(&bytes, number),
                    (struct kw_slice){row.data, row.length});
    kw_buf_fini(&row);
}

/* A commit that was told as failed reached the disk all the same, and its
 * bytes came again with the next row: they count once. */
static void test_overlapping_rows(void **state)
{
    struct rig rig;
    struct kw_history_window window;
    struct kw_history_range range = {9, 9, 0, INT64_MAX};
    struct kw_history_piece piece = {.source = 9, .segment = 40};
    struct kw_history_tail *tail;
    struct kw_db_batch *batch;
    struct kw_buf copy;

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    kw_history_window_init(&window, 1 << 20);
    kw_buf_init(&copy, 1 << 16);
    put_source(&window, 9, rig_epoch_ms, 100);
    kw_history_part_copy(window.sources[9]->open, &copy);
    batch = kw_db_batch_new();
    piece.bytes = copy.data;
    piece.length = copy.length / 2;
    put_row(batch, 1, &piece);
    put_row(batch, 2, &piece); /* nothing new */
    piece.bytes += 10;
    piece.offset = 10;
    piece.length = copy.length - 10;
    put_row(batch, 3, &piece);
    write_batch(&rig, batch);
    assert_int_equal(kw_history_tail_load(&tail, rig.fixture.core.db), 0);
    assert_int_equal(rig_count(&rig, tail, &range), 100);
    kw_history_tail_free(tail);
    kw_buf_fini(&copy);
    kw_history_window_fini(&window);
    rig_close(&rig);
}

/* Rows with a right check and wrong content: a segment is cut where it can't
 * be read, and one that begins in the middle is left out. */
static void test_lying_rows(void **state)
{
    struct rig rig;
    struct kw_history_window window;
    struct kw_history_piece piece = {.source = 7, .segment = 3};
    struct kw_db_batch *batch;
    struct kw_buf bytes;

    (void)state;
    kw_buf_init(&bytes, 1 << 16);
    kw_history_window_init(&window, 1 << 20);
    put_source(&window, 7, rig_epoch_ms, 1000);
    kw_history_part_copy(window.sources[7]->open, &bytes);
    kw_history_window_fini(&window);
    kw_buf_put(&bytes, "\x7f\x7f\x7f", 3);

    rig_open(&rig);
    rig_stop(&rig);
    batch = kw_db_batch_new();
    piece.bytes = bytes.data;
    piece.length = bytes.length;
    put_row(batch, 5, &piece);
    piece.segment = 4; /* all of it is nonsense */
    piece.bytes += bytes.length - 3;
    piece.length = 3;
    put_row(batch, 6, &piece);
    piece.segment = 5; /* its begin is missing */
    piece.offset = 10;
    put_row(batch, 7, &piece);
    piece.source = 1 << 20; /* beyond all sources */
    put_row(batch, 8, &piece);
    write_batch(&rig, batch);
    rig_start(&rig);
    rig_until_ready(&rig);
    assert_int_equal(rig.history->counters.damaged, 3);
    assert_int_equal(rig.history->next_row, 9);
    assert_true(rig.history->window.next_segment >= 99);
    rig_seal(&rig, rig_epoch_ms + 2 * HOUR_MS);
    assert_int_equal(rig.history->counters.sealed_samples, 1000);
    assert_int_equal(read_count(&rig, 7, rig_epoch_ms), 1000);
    rig_close(&rig);
    kw_buf_fini(&bytes);
}

static int count_run(void *arg, const struct kw_history_run *run)
{
    size_t *count = arg;

    *count += run->count;
    return 0;
}

static int stop_run(void *arg, const struct kw_history_run *run)
{
    (void)run;
    ++*(size_t *)arg;
    return KW_ECLOSING;
}

/* The reader for offline commands: sealed and unsealed samples together. */
static void test_offline(void **state)
{
    struct rig rig;
    struct kw_history_tail *tail;
    struct kw_history_range range;
    size_t count = 0, damaged = 9;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 2, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 2, KW_ENCODING_INTEGER);
    rig_polls(&rig, 0, rig_epoch_ms, rig_epoch_ms + 3 * HOUR_MS, 10000);
    rig_polls(&rig, 1, rig_epoch_ms, rig_epoch_ms + 3 * HOUR_MS, 10000);
    rig_seal(&rig, rig_epoch_ms + 2 * HOUR_MS + 20000);
    rig_stop(&rig);
    assert_int_equal(kw_history_tail_load(&tail, rig.fixture.core.db), 0);
    range = (struct kw_history_range){rig.meters[1].source->number,
                                      rig.meters[1].points[1]->id, rig_epoch_ms,
                                      rig_epoch_ms + 9 * (int64_t)HOUR_MS};
    assert_int_equal(kw_history_read(rig.fixture.core.db, tail, &range,
                                     &damaged, count_run, &count),
                     0);
    assert_int_equal(count, 3 * 360);
    assert_int_equal(damaged, 0);
    count = 0;
    assert_int_equal(kw_history_read(rig.fixture.core.db, tail, &range, NULL,
                                     stop_run, &count),
                     KW_ECLOSING);
    assert_int_equal(count, 1);
    count = 0;
    assert_int_equal(kw_history_read(rig.fixture.core.db, NULL, &range, NULL,
                                     count_run, &count),
                     0);
    assert_int_equal(count, 2 * 360);
    kw_history_tail_free(tail);
    kw_history_tail_free(NULL);
    rig_close(&rig);
}

/* Before anything was stored the tables aren't even there. */
static void test_empty(void **state)
{
    struct rig rig;
    struct kw_history_tail *tail;
    struct kw_history_range range = {1, 1, 0, INT64_MAX};

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    assert_int_equal(kw_history_tail_load(&tail, rig.fixture.core.db), 0);
    assert_int_equal(rig_count(&rig, tail, &range), 0);
    kw_history_tail_free(tail);
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    rig_close(&rig);
}

static void test_reconfigure(void **state)
{
    struct rig rig;
    struct kw_history_conf conf;
    struct kw_diag diag;

    (void)state;
    rig_open(&rig);
    conf = rig.conf;
    conf.window_bytes = 4 << 20;
    kw_diag_init(&diag);
    assert_int_equal(
        kw_history_module.reconfigure(rig.history, &rig.conf, &conf, &diag), 0);
    kw_diag_fini(&diag);
    assert_int_equal(rig.history->window.ceiling_chunks,
                     (4 << 20) / KW_HISTORY_CHUNK_BYTES);
    rig_close(&rig);
}

/* Samples of points that nobody knows, and several polls in one call. */
static void test_odd_publications(void **state)
{
    struct rig rig;
    struct kw_sample samples[4] = {{.point = 77}};

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 1, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 1, KW_ENCODING_INTEGER);
    for (int i = 1; i < 4; i++)
        samples[i] = (struct kw_sample){
            .point = rig.meters[i == 2].points[0]->id,
            .time_ms = rig_epoch_ms + i * 1000,
            .raw = (uint64_t)rig_raw(0, rig_epoch_ms + i * 1000)};
    kw_hub_publish_samples(&rig.fixture.hub, samples, 4);
    assert_int_equal(rig.history->counters.samples, 3);
    rig_expect(&rig, 0, rig_epoch_ms + 1000, rig_epoch_ms + 4000, 2000);
    rig_expect(&rig, 1, rig_epoch_ms + 2000, rig_epoch_ms + 3000, 1000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_sources),
        cmocka_unit_test(test_many_parts),
        cmocka_unit_test(test_tight_window),
        cmocka_unit_test(test_future_part),
        cmocka_unit_test(test_retention_in_portions),
        cmocka_unit_test(test_overlapping_rows),
        cmocka_unit_test(test_lying_rows),
        cmocka_unit_test(test_offline),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_reconfigure),
        cmocka_unit_test(test_odd_publications),
    };

    return cmocka_run_group_tests_name("history_edges", tests, NULL, NULL);
}
