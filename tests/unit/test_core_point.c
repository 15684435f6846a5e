/* SPDX-License-Identifier: Apache-2.0 */
/* The point table: numbers that stay, names that may change, latest values. */
#include "base/mem.h"
#include "core/db.h"
#include "core/point.h"
#include "lib/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct store {
    char dir[64];
    struct kw_db *db;
    struct kw_quantities *quantities;
    struct kw_points *points;
    uint64_t balance;
};

static const char all_quantities[] = "name,title,unit,kind,decimals,group\n"
                                     "voltage,Voltage,V,gauge,1,voltage\n"
                                     "power,Power,W,gauge,0,power\n"
                                     "energy,Energy,Wh,counter,0,energy\n";

static void load_quantities(struct store *store, const char *text)
{
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(
        kw_quantities_parse(&store->quantities, text, strlen(text), &diag), 0);
    kw_diag_fini(&diag);
}

static void open_points(struct store *store)
{
    struct kw_db_options options = {
        .dir = store->dir, .map_bytes = 16 << 20, .tables = 8};
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_db_open(&store->db, &options, &diag), 0);
    kw_diag_fini(&diag);
    assert_int_equal(
        kw_points_new(&store->points, store->db, store->quantities), 0);
}

static void close_points(struct store *store)
{
    kw_points_free(store->points);
    kw_db_free(store->db);
}

static void open_store(struct store *store)
{
    *store = (struct store){.balance = kw_test_blocks()};
    kw_test_make_dir(store->dir, sizeof(store->dir));
    load_quantities(store, all_quantities);
    open_points(store);
}

static void close_store(struct store *store)
{
    close_points(store);
    kw_quantities_free(store->quantities);
    kw_test_remove(store->dir);
    assert_int_equal(kw_test_blocks(), store->balance);
}

static void reopen(struct store *store)
{
    close_points(store);
    open_points(store);
}

static struct kw_source *source(struct store *store, const char *name,
                                const char *uid)
{
    struct kw_source *found = NULL;

    assert_int_equal(
        kw_points_source(store->points, name[0], name, uid, &found), 0);
    assert_false(found->retired);
    return found;
}

static const struct kw_point *define_as(struct store *store,
                                        struct kw_source *of,
                                        const char *quantity, double scale)
{
    struct kw_point_form form = {
        .quantity = kw_quantities_find(store->quantities, quantity),
        .decimals = 1,
        .scale = scale,
        .period_ms = 1000};
    const struct kw_point *point = NULL;

    assert_int_equal(kw_points_define(store->points, of, &form, &point), 0);
    return point;
}

static const struct kw_point *define(struct store *store, struct kw_source *of,
                                     const char *quantity)
{
    return define_as(store, of, quantity, 0.1);
}

static void test_numbers_stay(void **state)
{
    struct store store;
    struct kw_source *m1, *v1;
    char uid[KW_UID_SIZE];

    (void)state;
    open_store(&store);
    m1 = source(&store, "m1", NULL);
    v1 = source(&store, "v1", NULL);
    assert_int_equal(m1->number, 1);
    assert_int_equal(v1->number, 2);
    assert_int_equal(m1->uid[0], 'm');
    assert_int_equal(strlen(m1->uid), 13);
    assert_int_equal(define(&store, m1, "power")->id, 1);
    assert_int_equal(define(&store, v1, "power")->id, 2);
    assert_int_equal(define(&store, m1, "energy")->id, 3);
    assert_int_equal(define(&store, m1, "power")->id, 1);
    assert_ptr_equal(source(&store, "m1", NULL), m1);
    snprintf(uid, sizeof(uid), "%s", m1->uid);
    for (int again = 0; again < 2; again++) {
        const struct kw_point *point;

        reopen(&store);
        assert_int_equal(kw_points_count(store.points), 3);
        point = kw_points_get(store.points, 3);
        assert_true(point->retired);
        assert_string_equal(point->name, "m1.energy");
        assert_string_equal(point->source->uid, uid);
        assert_true(point->scale == 0.1);
        assert_int_equal(point->decimals, 1);
        assert_int_equal(point->latest.quality, KW_QUALITY_BAD_NEVER);
        assert_true(isnan(point->latest.value));
        m1 = source(&store, "m1", NULL);
        assert_string_equal(m1->uid, uid);
        assert_int_equal(define(&store, m1, "energy")->id, 3);
        assert_false(point->retired);
        assert_true(kw_points_get(store.points, 1)->retired);
    }
    close_store(&store);
}

static void test_never_reused(void **state)
{
    static const char fewer[] = "name,title,unit,kind,decimals,group\n"
                                "power,Power,W,gauge,0,power\n";
    struct store store;
    struct kw_db_batch *batch;
    struct kw_source *m1;

    (void)state;
    open_store(&store);
    m1 = source(&store, "m1", NULL);
    (void)define(&store, m1, "power");
    assert_int_equal(define(&store, m1, "energy")->id, 2);
    /* the newest is gone from the tables: the counters know better */
    batch = kw_db_batch_new();
    kw_db_batch_delete(batch, &kw_point_table,
                       (struct kw_slice){"\0\0\0\2", 4});
    kw_db_batch_delete(batch, &kw_source_table, kw_slice_text(m1->uid));
    kw_db_batch_delete(batch, &kw_point_table,
                       (struct kw_slice){"\0\0\0\1", 4});
    assert_int_equal(kw_db_write_now(store.db, batch), 0);
    reopen(&store);
    m1 = source(&store, "m1", NULL);
    assert_int_equal(m1->number, 2);
    assert_int_equal(define(&store, m1, "energy")->id, 3);
    (void)define(&store, m1, "power");
    /* a quantity that is not known any more hides its point only */
    close_points(&store);
    kw_quantities_free(store.quantities);
    load_quantities(&store, fewer);
    open_points(&store);
    assert_int_equal(kw_points_count(store.points), 1);
    assert_null(kw_points_get(store.points, 3));
    assert_int_equal(kw_points_at(store.points, 0)->id, 4);
    close_points(&store);
    kw_quantities_free(store.quantities);
    load_quantities(&store, all_quantities);
    open_points(&store);
    assert_int_equal(kw_points_count(store.points), 2);
    assert_string_equal(kw_points_get(store.points, 3)->name, "m1.energy");
    close_store(&store);
}

static void test_rename(void **state)
{
    struct store store;
    struct kw_source *m1, *other;
    char uid[KW_UID_SIZE];

    (void)state;
    open_store(&store);
    m1 = source(&store, "m1", NULL);
    snprintf(uid, sizeof(uid), "%s", m1->uid);
    assert_int_equal(define(&store, m1, "power")->id, 1);
    /* two living names for one identity */
    assert_int_equal(kw_points_source(store.points, 'm', "m2", uid, &other),
                     KW_ECONFLICT);
    kw_points_retire(store.points, m1);
    assert_true(kw_points_get(store.points, 1)->retired);
    assert_ptr_equal(source(&store, "m2", uid), m1);
    assert_int_equal(define(&store, m1, "power")->id, 1);
    assert_null(kw_points_find(store.points, "m1.power"));
    assert_int_equal(kw_points_find(store.points, "m2.power")->id, 1);
    /* the old name is free for another meter */
    other = source(&store, "m1", NULL);
    assert_int_equal(define(&store, other, "power")->id, 2);
    assert_int_equal(kw_points_find(store.points, "m1.power")->id, 2);
    reopen(&store);
    assert_int_equal(kw_points_find(store.points, "m2.power")->id, 1);
    assert_int_equal(kw_points_find(store.points, "m1.power")->id, 2);
    assert_string_equal(source(&store, "m2", NULL)->uid, uid);
    close_store(&store);
}

/* A retired meter and a living one of the same name: the living one is meant,
 * and of retired ones the newest. */
static void test_same_name(void **state)
{
    struct store store;
    struct kw_source *first, *second;

    (void)state;
    open_store(&store);
    first = source(&store, "m1", "m000000000001");
    (void)define(&store, first, "power");
    kw_points_retire(store.points, first);
    second = source(&store, "m1", "m000000000002");
    assert_int_equal(define(&store, second, "power")->id, 2);
    assert_int_equal(kw_points_find(store.points, "m1.power")->id, 2);
    kw_points_retire(store.points, second);
    assert_int_equal(kw_points_find(store.points, "m1.power")->id, 2);
    assert_ptr_equal(source(&store, "m1", NULL), second);
    kw_points_retire(store.points, second);
    assert_ptr_equal(source(&store, "m1", "m000000000001"), first);
    (void)define(&store, first, "power");
    assert_int_equal(kw_points_find(store.points, "m1.power")->id, 1);
    assert_ptr_equal(source(&store, "m1", NULL), first);
    close_store(&store);
}

static void test_bad_identities(void **state)
{
    static const struct {
        const char *name, *uid;
    } rows[] = {
        {"m1", "v000000000001"},  /* another kind */
        {"m1", "m00000000000"},   /* too short */
        {"m1", "m0000000000001"}, /* too long */
        {"m1", "m00000000000g"},
        {"m1", ""},
        {"a23456789012345678901234567890123456789012345678901234567890123x",
         NULL},
    };
    struct store store;
    struct kw_source *found;

    (void)state;
    open_store(&store);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_points_source(store.points, 'm', rows[i].name,
                                          rows[i].uid, &found),
                         KW_EINVAL);
    close_store(&store);
}

static void test_form_changes(void **state)
{
    struct store store;
    struct kw_source *m1;

    (void)state;
    open_store(&store);
    m1 = source(&store, "m1", NULL);
    assert_int_equal(define_as(&store, m1, "power", 10)->id, 1);
    assert_int_equal(define_as(&store, m1, "power", 1)->id, 1);
    reopen(&store);
    assert_true(kw_points_get(store.points, 1)->scale == 1);
    close_store(&store);
}

static void test_update_and_quality(void **state)
{
    struct store store;
    const struct kw_point *point;
    struct kw_sample samples[3] = {
        {.point = 1, .quality = KW_QUALITY_GOOD, .time_ms = 5000, .value = 7},
        {.point = 99, .quality = KW_QUALITY_GOOD},
        {.point = 0, .quality = KW_QUALITY_GOOD},
    };
    uint64_t before;

    (void)state;
    open_store(&store);
    point = define(&store, source(&store, "m1", NULL), "power");
    assert_int_equal(kw_point_quality(point, 5000), KW_QUALITY_BAD_NEVER);
    before = kw_mem_stats().allocations;
    kw_points_update(store.points, samples, 3);
    assert_int_equal(kw_mem_stats().allocations, before);
    assert_true(point->latest.value == 7);
    assert_int_equal(kw_point_quality(point, 8000), KW_QUALITY_GOOD);
    assert_int_equal(kw_point_quality(point, 8001), KW_QUALITY_UNCERTAIN_STALE);
    samples[0].quality = KW_QUALITY_BAD_CRC;
    kw_points_update(store.points, samples, 1);
    assert_int_equal(kw_point_quality(point, 99999), KW_QUALITY_BAD_CRC);
    assert_null(kw_points_get(store.points, 0));
    assert_null(kw_points_get(store.points, 2));
    assert_null(kw_points_get(store.points, UINT32_MAX));
    assert_null(kw_points_find(store.points, "m1.volume"));
    close_store(&store);
}

/* Many points without a database: in order, all found by name. */
static void test_many(void **state)
{
    enum { SOURCES = 2000 };
    struct store store = {.balance = kw_test_blocks()};
    char name[32];

    (void)state;
    load_quantities(&store, all_quantities);
    assert_int_equal(kw_points_new(&store.points, NULL, store.quantities), 0);
    assert_null(kw_points_find(store.points, "m0.power"));
    for (int i = 0; i < SOURCES; i++) {
        struct kw_source *of;

        snprintf(name, sizeof(name), "m%d", i);
        of = source(&store, name, NULL);
        (void)define(&store, of, "voltage");
        (void)define(&store, of, "power");
        (void)define(&store, of, "energy");
    }
    assert_int_equal(kw_points_count(store.points), 3 * SOURCES);
    for (uint32_t i = 0; i < 3 * SOURCES; i++) {
        const struct kw_point *point = kw_points_at(store.points, i);

        assert_int_equal(point->id, i + 1);
        assert_ptr_equal(kw_points_find(store.points, point->name), point);
    }
    kw_points_free(store.points);
    kw_points_free(NULL);
    kw_quantities_free(store.quantities);
    assert_int_equal(kw_test_blocks(), store.balance);
}

static void test_damaged_records(void **state)
{
    static const struct {
        const struct kw_db_table *table;
        struct kw_slice key, value;
        int err;
    } rows[] = {
        {&kw_source_table,
         {"m000000000009", 13},
         {"\2\0\0\0\1x", 6},
         KW_EVERSION},
        {&kw_source_table, {"m000000000009", 13}, {"", 0}, KW_ECORRUPT},
        {&kw_source_table,
         {"m000000000009", 13},
         {"\1\0\0\0\1", 5},
         KW_ECORRUPT},
        {&kw_source_table,
         {"m00000000000000009", 18},
         {"\1\0\0\0\1x", 6},
         KW_ECORRUPT},
        {&kw_point_table, {"\0\0\1", 3}, {"\1", 1}, KW_ECORRUPT},
        {&kw_point_table, {"\0\0\0\7", 4}, {"\7", 1}, KW_EVERSION},
        {&kw_point_table, {"\0\0\0\7", 4}, {"\1", 1}, KW_ECORRUPT},
        {&kw_point_table, {"\0\0\0\0", 4}, {"\1\0\0", 3}, KW_ECORRUPT},
        {&kw_point_table,
         {"\0\0\0\7", 4},
         {"\1\0\0"
          "12345678"
          "m000000000009\0\0\0"
          "power",
          32},
         KW_ECORRUPT},
        {&kw_point_table,
         {"\0\0\0\7", 4},
         {"\1\0\0"
          "12345678"
          "m000000000009xyz"
          "power",
          32},
         KW_ECORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store store;
        struct kw_db_batch *batch;

        open_store(&store);
        kw_points_free(store.points);
        batch = kw_db_batch_new();
        kw_db_batch_put(batch, rows[i].table, rows[i].key, rows[i].value);
        assert_int_equal(kw_db_write_now(store.db, batch), 0);
        assert_int_equal(
            kw_points_new(&store.points, store.db, store.quantities),
            rows[i].err);
        store.points = NULL;
        close_store(&store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_stay),
        cmocka_unit_test(test_never_reused),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_same_name),
        cmocka_unit_test(test_bad_identities),
        cmocka_unit_test(test_form_changes),
        cmocka_unit_test(test_update_and_quality),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_damaged_records),
    };

    return cmocka_run_group_tests_name("core_point", tests, NULL, NULL);
}
