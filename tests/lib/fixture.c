/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fixture.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/db.h"
#include "core/job.h"
#include "core/point.h"
#include "core/quantity.h"
#include "core/revision.h"
#include "net/resolve.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 60000, TURNS_MAX = 2000000 };

uint64_t kw_test_blocks(void)
{
    struct kw_mem_stats stats = kw_mem_stats();

    return stats.allocations - stats.frees;
}

void kw_test_make_dir(char *path, unsigned size)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(path, size, "%s/kwtest-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

void kw_test_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_db(struct kw_fixture *fixture)
{
    struct kw_core *core = &fixture->core;
    struct kw_db_options options = {
        .dir = fixture->dir,
        .map_bytes = 256 << 20,
        .tables = 32,
        .commit_ms = 20,
        .log = &fixture->log,
    };
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_db_open(&core->db, &options, &diag), 0);
    kw_diag_fini(&diag);
    kw_db_attach(core->db, core->loop, core->jobs);
}

static void on_turn_over(uv_prepare_t *prepare);

/* Of prepare handles libuv runs first what was started last, so that the
 * loop's own is started once more: it ends the turn. */
static void watch_turns(struct kw_fixture *fixture)
{
    struct kw_loop *loop = &fixture->loop;

    uv_timer_init(&loop->uv, &fixture->timer);
    uv_prepare_init(&loop->uv, &fixture->prepare);
    fixture->prepare.data = fixture;
    uv_prepare_start(&fixture->prepare, on_turn_over);
    uv_unref((uv_handle_t *)&fixture->prepare);
    uv_prepare_stop(&loop->prepare);
    uv_prepare_start(&loop->prepare, loop->prepare.prepare_cb);
}

void kw_fixture_open(struct kw_fixture *fixture, unsigned parts)
{
    struct kw_core *core = &fixture->core;
    struct kw_diag diag;

    *fixture = (struct kw_fixture){.balance = kw_test_blocks()};
    kw_test_make_dir(fixture->dir, sizeof(fixture->dir));
    kw_log_init(&fixture->log, 2, KW_LOG_PLAIN, &kw_clock_system);
    atomic_store(&fixture->log.level,
                 getenv("KW_TEST_LOG") != NULL ? KW_LOG_DEBUG : 0);
    kw_clock_manual_init(&fixture->manual, 1767225600000);
    core->clock = &kw_clock_system;
    core->log = &fixture->log;
    core->env.state_dir = fixture->dir;
    core->env.share_dir = KW_TEST_CONF;
    core->env.web_dir = fixture->dir;
    core->policy = &fixture->policy;
    core->version = "test";
    (void)kw_text_copy(core->boot_id, sizeof(core->boot_id),
                       "0123456789abcdef");
    core->started_ms = kw_clock_wall_ms(core->clock);
    assert_int_equal(kw_loop_init(&fixture->loop, core->clock), 0);
    watch_turns(fixture);
    core->loop = &fixture->loop;
    assert_int_equal(kw_jobs_new(&core->jobs, &fixture->loop.uv), 0);
    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_load(&fixture->quantities,
                                        KW_TEST_CONF "/quantities.csv", &diag),
                     0);
    kw_diag_fini(&diag);
    core->env.quantities = fixture->quantities;
    if (parts & KW_FIXTURE_DB)
        open_db(fixture);
    assert_int_equal(
        kw_points_new(&core->points, core->db, fixture->quantities), 0);
    if (parts & KW_FIXTURE_RESOLVER)
        assert_int_equal(kw_resolver_new(&core->resolver, core->loop), 0);
    kw_hub_init(&fixture->hub, core->points);
    core->hub = &fixture->hub;
}

static void on_closed(void *arg)
{
    *(bool *)arg = true;
}

void kw_fixture_close(struct kw_fixture *fixture)
{
    struct kw_core *core = &fixture->core;
    bool resolver = core->resolver == NULL, db = core->db == NULL, jobs = false;

    if (core->resolver != NULL)
        kw_resolver_close(core->resolver, on_closed, &resolver);
    kw_fixture_until_set(fixture, &resolver);
    if (core->db != NULL)
        kw_db_close(core->db, on_closed, &db);
    kw_fixture_until_set(fixture, &db);
    kw_jobs_close(core->jobs, on_closed, &jobs);
    kw_fixture_until_set(fixture, &jobs);
    kw_points_free(core->points);
    kw_revisions_free(core->revisions);
    if (core->db != NULL)
        kw_db_free(core->db);
    kw_quantities_free(fixture->quantities);
    uv_close((uv_handle_t *)&fixture->prepare, NULL);
    uv_close((uv_handle_t *)&fixture->timer, NULL);
    assert_int_equal(kw_loop_fini(&fixture->loop), 0);
    kw_test_remove(fixture->dir);
    assert_int_equal(kw_test_blocks(), fixture->balance);
}

static void on_deadline(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* The end of a turn, see kw_fixture_open: libuv doesn't wait once it has been
 * told to stop. */
static void on_turn_over(uv_prepare_t *prepare)
{
    struct kw_fixture *fixture = prepare->data;

    if (fixture->done == NULL)
        return;
    fixture->turns_left--;
    fixture->came = fixture->came || fixture->done(fixture->done_arg);
    if (fixture->came || fixture->turns_left == 0)
        uv_stop(prepare->loop);
}

static void set_timer(struct kw_fixture *fixture, unsigned ms)
{
    uv_update_time(&fixture->loop.uv);
    uv_timer_start(&fixture->timer, on_deadline, ms, 0);
}

static bool is_time_left(const struct kw_fixture *fixture)
{
    return uv_is_active((const uv_handle_t *)&fixture->timer) != 0;
}

void kw_fixture_until(struct kw_fixture *fixture, bool (*done)(void *arg),
                      void *arg)
{
    assert_null(fixture->done); /* done() itself waits for nothing */
    fixture->came = done(arg);
    fixture->done = done;
    fixture->done_arg = arg;
    fixture->turns_left = TURNS_MAX;
    set_timer(fixture, DEADLINE_MS);
    do {
        uv_run(&fixture->loop.uv, UV_RUN_DEFAULT);
    } while (!fixture->came && fixture->turns_left > 0 &&
             is_time_left(fixture));
    uv_timer_stop(&fixture->timer);
    fixture->done = NULL;
    assert_true(fixture->came);
}

static bool is_set(void *arg)
{
    return *(const bool *)arg;
}

void kw_fixture_until_set(struct kw_fixture *fixture, const bool *flag)
{
    union {
        const bool *in;
        void *out;
    } arg = {.in = flag};

    kw_fixture_until(fixture, is_set, arg.out);
}

void kw_fixture_run_ms(struct kw_fixture *fixture, unsigned ms)
{
    set_timer(fixture, ms);
    while (is_time_left(fixture))
        uv_run(&fixture->loop.uv, UV_RUN_ONCE);
    uv_run(&fixture->loop.uv, UV_RUN_NOWAIT); /* what came at the same time */
}
