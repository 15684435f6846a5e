/* SPDX-License-Identifier: Apache-2.0 */
/* The table of living sessions and the arithmetic of their ends (SEC-18..20).
 */
#include "auth/session.h"

#include "auth/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct kw_auth_limits limits = {
    .idle_ms = 600000,
    .absolute_ms = 43200000,
    .sessions_per_user = 3,
    .sessions = 5,
};

/* A wall time that is sane: 2026-01-01. */
static const int64_t wall_ms = INT64_C(1767225600000);

static struct kw_auth_sessions *fresh(void)
{
    static struct kw_auth_sessions sessions;

    kw_auth_sessions_init(&sessions);
    return &sessions;
}

static struct kw_auth_session *add(struct kw_auth_sessions *sessions,
                                   const char *user, unsigned number,
                                   uint64_t now_ms)
{
    struct kw_auth_ticket ticket = {.created_ms = 1};
    uint8_t digest[KW_AUTH_DIGEST_BYTES] = {(uint8_t)number,
                                            (uint8_t)(number >> 8)};

    memcpy(ticket.user, user, strlen(user));
    return kw_auth_sessions_add(sessions, digest, &ticket, now_ms, 1000);
}

static void test_find(void **state)
{
    struct kw_auth_sessions *sessions = fresh();
    struct kw_auth_session *one = add(sessions, "anna", 1, 10);
    struct kw_auth_session *two = add(sessions, "anna", 2, 10);
    uint8_t digest[KW_AUTH_DIGEST_BYTES] = {2};
    uint64_t handle = two->handle;

    (void)state;
    assert_ptr_equal(kw_auth_sessions_find(sessions, digest), two);
    assert_ptr_equal(kw_auth_sessions_get(sessions, one->handle), one);
    assert_ptr_equal(kw_auth_sessions_peek(sessions, handle), two);
    assert_null(kw_auth_sessions_get(sessions, 0));
    assert_null(kw_auth_sessions_peek(sessions, 77));
    digest[0] = 3;
    assert_null(kw_auth_sessions_find(sessions, digest));
    /* an ended one is gone, and its handle is not used again */
    digest[0] = 2;
    kw_auth_sessions_end(sessions, two);
    assert_null(kw_auth_sessions_find(sessions, digest));
    assert_null(kw_auth_sessions_get(sessions, handle));
    assert_int_not_equal(add(sessions, "anna", 2, 10)->handle, handle);
    assert_int_equal(sessions->count, 2);
    memset(digest, 0, sizeof(digest));
    assert_null(kw_auth_sessions_find(sessions, digest));
}

static void test_admit(void **state)
{
    struct kw_auth_sessions *sessions = fresh();
    uint64_t handle;

    (void)state;
    assert_true(kw_auth_sessions_admit(sessions, &limits, "anna", 0));
    handle = add(sessions, "anna", 1, 0)->handle;
    add(sessions, "anna", 2, 0);
    add(sessions, "anna", 3, 0)->setup = true;
    assert_true(kw_auth_sessions_admit(sessions, &limits, "anna", 0));
    add(sessions, "anna", 4, 0);
    assert_false(kw_auth_sessions_admit(sessions, &limits, "anna", 0));
    assert_true(kw_auth_sessions_admit(sessions, &limits, "anna", handle));
    assert_true(kw_auth_sessions_admit(sessions, &limits, "bob", 0));
    add(sessions, "bob", 5, 0);
    assert_false(kw_auth_sessions_admit(sessions, &limits, "bob", 0));
    assert_true(kw_auth_sessions_admit(sessions, &limits, "bob", handle));
}

static void test_full(void **state)
{
    struct kw_auth_sessions *sessions = fresh();

    (void)state;
    for (unsigned i = 0; i < KW_AUTH_SESSIONS_MAX; i++)
        assert_non_null(add(sessions, "anna", i, 0));
    assert_null(add(sessions, "anna", 9999, 0));
    assert_int_equal(sessions->count, KW_AUTH_SESSIONS_MAX);
}

static void test_due(void **state)
{
    struct kw_auth_sessions *sessions = fresh();
    struct kw_auth_session *one, *two;

    (void)state;
    assert_true(kw_auth_sessions_due_ms(sessions, &limits) == UINT64_MAX);
    one = add(sessions, "anna", 1, 100);
    two = add(sessions, "anna", 2, 50);
    assert_int_equal(kw_auth_session_due_ms(one, &limits), 1100);
    one->ends_ms = two->ends_ms = 43200000;
    assert_int_equal(kw_auth_session_due_ms(one, &limits), 600100);
    assert_int_equal(kw_auth_sessions_due_ms(sessions, &limits), 600050);
    two->active_ms = 200;
    assert_int_equal(kw_auth_sessions_due_ms(sessions, &limits), 600100);
    one->active_ms = two->active_ms = 43199999;
    assert_int_equal(kw_auth_sessions_due_ms(sessions, &limits), 43200000);
}

static void test_ticket_left(void **state)
{
    static const struct {
        int64_t created, expires, now; /* relative to wall_ms */
        uint64_t left;
    } cases[] = {
        {0, 1000, 0, 1000},
        {0, 1000, 999, 1},
        {0, 1000, 1000, 0},
        {0, 1000, 5000, 0},
        {1, 1000, 0, 0},            /* begins in the future */
        {0, 86400000, 1, 43200000}, /* the limit was lowered */
        {-86400000, 86400000, 0, 43200000},
        {-1767225600000, 1000, -1767225600000, 0}, /* clock not set */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_auth_ticket ticket = {
            .created_ms = wall_ms + cases[i].created,
            .expires_ms = wall_ms + cases[i].expires,
        };

        assert_int_equal(
            kw_auth_ticket_left_ms(&ticket, &limits, wall_ms + cases[i].now),
            cases[i].left);
    }
}

struct watcher {
    struct kw_auth_watch watch;
    struct kw_auth_sessions *sessions;
    uint64_t handle;       /* must be gone when the watch is told */
    struct watcher *drops; /* another one that leaves meanwhile */
    unsigned told;
};

static void on_ended(void *arg)
{
    struct watcher *watcher = arg;

    watcher->told++;
    assert_null(kw_auth_sessions_get(watcher->sessions, watcher->handle));
    if (watcher->drops != NULL)
        kw_list_remove(&watcher->drops->watch.link);
}

static void test_watches(void **state)
{
    struct kw_auth_sessions *sessions = fresh();
    struct kw_auth_session *session = add(sessions, "anna", 1, 0);
    struct watcher watchers[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        watchers[i] = (struct watcher){
            .watch = {.on_ended = on_ended, .arg = &watchers[i]},
            .sessions = sessions,
            .handle = session->handle,
        };
        kw_list_append(&session->watches, &watchers[i].watch.link);
    }
    watchers[0].drops = &watchers[2];
    kw_auth_sessions_end(sessions, session);
    assert_int_equal(watchers[0].told, 1);
    assert_int_equal(watchers[1].told, 1);
    assert_int_equal(watchers[2].told, 0);
    for (size_t i = 0; i < 3; i++)
        assert_true(kw_list_empty(&watchers[i].watch.link));
    assert_int_equal(sessions->count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),        cmocka_unit_test(test_admit),
        cmocka_unit_test(test_full),        cmocka_unit_test(test_due),
        cmocka_unit_test(test_ticket_left), cmocka_unit_test(test_watches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
