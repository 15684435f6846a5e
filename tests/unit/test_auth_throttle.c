/* SPDX-License-Identifier: Apache-2.0 */
/* The log-in throttle (SEC-08). */
#include "auth/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct kw_auth_throttle *fresh(void)
{
    static struct kw_auth_throttle throttle;

    memset(&throttle, 0, sizeof(throttle));
    return &throttle;
}

static uint64_t begin(struct kw_auth_throttle *throttle, uint64_t source,
                      uint64_t account, uint64_t now_ms)
{
    struct kw_auth_charge charge = {source, account};

    return kw_auth_throttle_begin(throttle, &charge, now_ms);
}

static void succeed(struct kw_auth_throttle *throttle, uint64_t source,
                    uint64_t account)
{
    struct kw_auth_charge charge = {source, account};

    kw_auth_throttle_succeed(throttle, &charge);
}

/* Failures, one as soon as it is allowed; gives the time of the last one. */
static uint64_t fail_often(struct kw_auth_throttle *throttle, uint64_t source,
                           uint64_t account, unsigned count, uint64_t now_ms)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t wait;

        while ((wait = begin(throttle, source, account, now_ms)) > 0)
            now_ms += wait;
    }
    return now_ms;
}

static void test_pauses(void **state)
{
    static const uint64_t pauses_s[] = {0,  0,  0,  0,   1,   2,   4,   8,
                                        16, 32, 64, 128, 256, 300, 300, 300};
    struct kw_auth_throttle *throttle = fresh();
    uint64_t now = 1000;

    (void)state;
    for (size_t i = 0; i < COUNT(pauses_s); i++) {
        uint64_t pause = pauses_s[i] * 1000;

        assert_int_equal(begin(throttle, 1, 1, now), 0);
        if (pause > 0) {
            assert_int_equal(begin(throttle, 1, 1, now), pause);
            assert_int_equal(begin(throttle, 1, 1, now + pause - 1), 1);
        }
        now += pause;
    }
}

static void test_twenty_in_ten_minutes(void **state)
{
    struct kw_auth_throttle *throttle = fresh();
    unsigned reached = 0;

    (void)state;
    for (uint64_t now = 0; now < 600000; now += 100) {
        for (uint64_t side = 0; side < 16; side++)
            reached += begin(throttle, 7, side, now) == 0;
    }
    assert_int_equal(reached, 14);
    for (uint64_t now = 600000; now < 1200000; now += 100)
        reached += begin(throttle, 7, now, now) == 0;
    assert_in_range(reached, 15, 17);
}

/* SEC-08: the owner gets in from elsewhere within two seconds. */
static void test_other_source(void **state)
{
    struct kw_auth_throttle *throttle = fresh();
    uint64_t now = fail_often(throttle, 1, 1, 12, 0);

    (void)state;
    assert_int_equal(begin(throttle, 2, 1, now), 2000);
    assert_in_range(begin(throttle, 1, 1, now + 2000), 100000, 300000);
    assert_int_equal(begin(throttle, 2, 1, now + 2000), 0);
    succeed(throttle, 2, 1);
    assert_int_equal(begin(throttle, 3, 1, now + 2000), 0);
    /* the attacker's own pause goes on */
    assert_in_range(begin(throttle, 1, 1, now + 2001), 100000, 300000);
    /* another account of the same source waits too */
    assert_in_range(begin(throttle, 1, 9, now + 2001), 100000, 300000);
}

/* A source that fails a lot itself waits the account's full pause. */
static void test_many_sources(void **state)
{
    struct kw_auth_throttle *throttle = fresh();
    uint64_t now = fail_often(throttle, 1, 1, 12, 0);

    (void)state;
    (void)fail_often(throttle, 2, 5, 5, now - 1000);
    assert_in_range(begin(throttle, 2, 1, now + 10), 100000, 300000);
}

static void test_success(void **state)
{
    struct kw_auth_throttle *throttle = fresh();

    (void)state;
    (void)fail_often(throttle, 1, 1, 3, 0);
    assert_int_equal(begin(throttle, 1, 1, 10), 0);
    succeed(throttle, 1, 1);
    /* the account is clean, the source keeps its three */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(begin(throttle, 2, 1, 20), 0);
    assert_int_equal(begin(throttle, 1, 2, 20), 0);
    assert_int_equal(begin(throttle, 1, 2, 20), 0);
    assert_int_equal(begin(throttle, 1, 2, 20), 1000);
    /* what was never charged may succeed */
    succeed(throttle, 77, 77);
}

static void test_refund(void **state)
{
    struct kw_auth_throttle *throttle = fresh();
    struct kw_auth_charge charge = {1, 1};

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(kw_auth_throttle_begin(throttle, &charge, 5), 0);
        kw_auth_throttle_refund(throttle, &charge);
    }
    charge = (struct kw_auth_charge){77, 77};
    kw_auth_throttle_refund(throttle, &charge);
}

static void test_forgets(void **state)
{
    struct kw_auth_throttle *throttle = fresh();
    uint64_t now = fail_often(throttle, 1, 1, 14, 0);

    (void)state;
    assert_int_not_equal(begin(throttle, 1, 1, now + 299999), 0);
    now += KW_AUTH_FORGET_MS;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(begin(throttle, 1, 1, now), 0);
    assert_int_equal(begin(throttle, 1, 1, now), 1000);
}

static size_t used(const struct kw_auth_failures *table, size_t count)
{
    size_t places = 0;

    for (size_t i = 0; i < count; i++)
        places += table[i].failures > 0;
    return places;
}

/* Bounded: the one that was quiet longest makes room. */
static void test_bounds(void **state)
{
    struct kw_auth_throttle *throttle = fresh();

    (void)state;
    (void)fail_often(throttle, 5000, 5000, 5, 1);
    for (uint64_t i = 1; i < 3000; i++) {
        uint64_t key = i + 10000;

        assert_int_equal(begin(throttle, key, key, 10 + i), 0);
        if (i == 200) /* still known */
            assert_int_not_equal(begin(throttle, 5000, 1, 210), 0);
    }
    assert_int_equal(used(throttle->sources, KW_AUTH_SOURCES), KW_AUTH_SOURCES);
    assert_int_equal(used(throttle->accounts, KW_AUTH_ACCOUNTS),
                     KW_AUTH_ACCOUNTS);
    assert_int_equal(begin(throttle, 5000, 5000, 3100), 0);
}

/* Attempts that are refused push nobody out. */
static void test_refused_takes_no_place(void **state)
{
    struct kw_auth_throttle *throttle = fresh();
    uint64_t now = fail_often(throttle, 1, 1, 12, 0);

    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_not_equal(begin(throttle, 1, 100 + i, now + 1), 0);
    assert_int_equal(used(throttle->accounts, KW_AUTH_ACCOUNTS), 1);
}

static void test_sources(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
        {"::1", "::ffff:0.0.0.1", false},
        {"0:0:1::1", "0:0:1::2", true},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"fe80::1%eth0", "fe80::2%eth1", true},
        {"local", "", true},
        {"local", "255.255.255.255", false},
        {"local", "::1", false},
        {"1111:2222:3333:4444:5555:6666:7777:8888%a-very-long-name", "local",
         true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(kw_auth_throttle_source(cases[i].a) ==
                             kw_auth_throttle_source(cases[i].b),
                         cases[i].same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_twenty_in_ten_minutes),
        cmocka_unit_test(test_other_source),
        cmocka_unit_test(test_many_sources),
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_refund),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_refused_takes_no_place),
        cmocka_unit_test(test_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
