/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch serve: wiring only.
 *
 * Start: state folder, configuration file (all its errors at once), database,
 * the revision to run, then - in an order that leaves room for a sandbox
 * before the first thread - loop, jobs, points, hub, resolver, modules,
 * control socket. Only a wrong configuration, an unusable state folder or a
 * second instance is fatal.
 * Stop, by SIGINT or SIGTERM: control socket, modules in reverse, resolver,
 * database (commits what is queued), jobs; then nothing is left on the loop
 * and uv_loop_close returns 0. A second signal, or 15 seconds, ends at once.
 */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/control.h"
#include "core/hub.h"
#include "core/job.h"
#include "core/point.h"
#include "core/revision.h"
#include "net/resolve.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STOP_LIMIT_MS = 15000,
    TABLES_MAX = 64,
    /* 5,000 lines, web and Modbus clients, files; the system may give more,
     * but then a leak would go unnoticed for long. */
    DESCRIPTORS = 16384,
};

struct gateway {
    struct kw_loaded loaded;
    struct kw_arena arena; /* of the tree that runs */
    struct kw_node *root;  /* the configuration that runs */
    struct kw_log log;
    struct kw_loop loop;
    struct kw_hub hub;
    struct kw_policy policy;
    struct kw_admission *admission;
    struct kw_control *control;
    struct kw_core core;
    uv_signal_t signals[2];
    uv_timer_t limit;
    bool stopping, forced;
    uint64_t discards; /* web revision that the file discards */
};

static int fail(struct gateway *gateway, int err, const char *what)
{
    struct kw_diag *diag = &gateway->loaded.diag;

    if (!kw_diag_any(diag))
        kw_diag_say(diag, "%s: %s", what, kw_strerror(err));
    kw_print_diag(diag);
    return err;
}

/* The state folder, made when its parent exists; 0700. */
static int make_state_dir(struct gateway *gateway)
{
    const char *dir = gateway->loaded.env.state_dir;

    gateway->loaded.diag.file = NULL;
    if (mkdir(dir, 0700) == 0 || access(dir, W_OK | X_OK) == 0)
        return 0;
    kw_diag_say(&gateway->loaded.diag,
                "the state folder %s can't be written; --state names another",
                dir);
    return KW_EDENIED;
}

/* A setting of the history section as text, for the database that must open
 * before any module starts. */
static const char *history_text(const struct gateway *gateway, const char *key,
                                const char *preset)
{
    const struct kw_node *section =
        gateway->loaded.root != NULL
            ? kw_node_get(gateway->loaded.root, "history")
            : NULL;
    const char *text = section != NULL ? kw_node_text(section, key) : "";

    return *text != 0 ? text : preset;
}

static int open_db(struct gateway *gateway)
{
    struct kw_core *core = &gateway->core;
    struct kw_db_options options = {
        .dir = core->env.state_dir,
        .tables = TABLES_MAX,
        .log = &gateway->log,
    };
    int64_t commit_ms = 1000;
    uint64_t size = 0;
    int err;

    (void)!kw_text_parse_duration(history_text(gateway, "commit", "1s"),
                                  &commit_ms);
    (void)!kw_text_parse_bytes(history_text(gateway, "size", "8GiB"), &size);
    options.commit_ms = (uint32_t)commit_ms;
    options.map_bytes = size + size / 8 + (UINT64_C(64) << 20);
    err = kw_db_open(&core->db, &options, &gateway->loaded.diag);
    for (size_t i = 0;
         err == 0 && kw_registry_module(core->registry, i) != NULL; i++) {
        const struct kw_module *module = kw_registry_module(core->registry, i);

        if (module->tables != NULL)
            err = kw_db_tables(core->db, module->tables);
    }
    return err;
}

/* Which configuration runs: the file's or the newest revision. */
static int choose_revision(struct gateway *gateway)
{
    struct kw_core *core = &gateway->core;
    struct kw_loaded *loaded = &gateway->loaded;
    struct kw_revision_note note = {
        .author = "file",
        .reason = loaded->root != NULL ? "file changed" : "first start",
        .time_ms = kw_clock_wall_ms(core->clock),
    };
    bool is_new = false;
    int err = kw_revisions_new(&core->revisions, core->db);

    if (err == 0)
        err =
            kw_revisions_choose(core->revisions, loaded->root, &gateway->arena,
                                &gateway->root, &is_new, &gateway->discards);
    if (err != 0)
        return err;
    note.from_file = loaded->root != NULL;
    if (is_new)
        return kw_revisions_store(core->revisions, gateway->root, &note, NULL,
                                  NULL);
    /* Changes from the web are newer than the file: they run. */
    if (loaded->set != NULL)
        kw_conf_set_drop(loaded->set);
    loaded->set = NULL;
    kw_diag_fini(&loaded->diag);
    loaded->diag.file = "stored revision";
    return kw_registry_check(core->registry, gateway->root, &core->env,
                             &loaded->set, &loaded->diag);
}

static void on_jobs_closed(void *arg)
{
    struct gateway *gateway = arg;

    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&gateway->signals[i], NULL);
    uv_close((uv_handle_t *)&gateway->limit, NULL);
}

static void on_db_closed(void *arg)
{
    struct gateway *gateway = arg;

    kw_jobs_close(gateway->core.jobs, on_jobs_closed, gateway);
}

static void on_resolver_closed(void *arg)
{
    struct gateway *gateway = arg;

    kw_db_close(gateway->core.db, on_db_closed, gateway);
}

static void on_modules_stopped(void *arg)
{
    struct gateway *gateway = arg;

    kw_resolver_close(gateway->core.resolver, on_resolver_closed, gateway);
}

static void on_control_closed(void *arg)
{
    struct gateway *gateway = arg;

    kw_registry_stop(gateway->core.registry, on_modules_stopped, gateway);
}

static void on_limit(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;

    gateway->forced = true;
    uv_stop(&gateway->loop.uv);
}

static void begin_stop(struct gateway *gateway)
{
    gateway->stopping = true;
    uv_timer_start(&gateway->limit, on_limit, STOP_LIMIT_MS, 0);
    if (gateway->control != NULL)
        kw_control_close(gateway->control, on_control_closed, gateway);
    else
        on_control_closed(gateway);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct gateway *gateway = handle->data;

    if (gateway->stopping) {
        on_limit(&gateway->limit);
        return;
    }
    kw_log_write(&gateway->log, KW_LOG_NOTICE, "core", "%s: stopping",
                 number == SIGINT ? "interrupt" : "terminate");
    begin_stop(gateway);
}

static void watch_signals(struct gateway *gateway)
{
    static const int numbers[] = {SIGINT, SIGTERM};

    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&gateway->loop.uv, &gateway->signals[i]);
        gateway->signals[i].data = gateway;
        uv_signal_start(&gateway->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&gateway->loop.uv, &gateway->limit);
    gateway->limit.data = gateway;
}

/* Loop, threads and tables: everything modules are given. */
static int build_core(struct gateway *gateway)
{
    struct kw_core *core = &gateway->core;
    unsigned char boot[8];
    int err = kw_loop_init(&gateway->loop, core->clock);

    if (err != 0)
        return err;
    watch_signals(gateway);
    core->loop = &gateway->loop;
    err = kw_secret_random(boot, sizeof(boot));
    if (err == 0)
        err = kw_jobs_new(&core->jobs, &gateway->loop.uv);
    if (err == 0)
        kw_db_attach(core->db, core->loop, core->jobs);
    if (err == 0)
        err = kw_points_new(&core->points, core->db, core->env.quantities);
    if (err == 0)
        err = kw_resolver_new(&core->resolver, core->loop);
    if (err != 0)
        return err;
    kw_secret_hex(boot, sizeof(boot), core->boot_id);
    kw_hub_init(&gateway->hub, core->points);
    core->hub = &gateway->hub;
    core->policy = &gateway->policy;
    core->started_ms = kw_clock_wall_ms(core->clock);
    core->started_mono_ms = kw_clock_mono_ms(core->clock);
    core->version = KW_VERSION;
    return 0;
}

static void tell_warnings(struct gateway *gateway)
{
    const struct kw_diag *diag = &gateway->loaded.diag;
    char line[KW_DIAG_TEXT_SIZE + 2 * KW_DIAG_PATH_SIZE];

    for (size_t i = 0; i < diag->count; i++)
        kw_log_write(&gateway->log, KW_LOG_WARN, "core", "%s",
                     kw_diag_format(&diag->items[i], line, sizeof(line)));
}

static void tell_discarded(struct gateway *gateway)
{
    if (gateway->discards != 0)
        kw_log_write(&gateway->log, KW_LOG_WARN, "core",
                     "the configuration file changed and replaces changes "
                     "from the web; `kilowatch config rollback %" PRIu64
                     "` brings them back",
                     gateway->discards);
}

/* Systems begin with 1,024 for the sake of select(), which nobody uses here,
 * and allow more to who asks. A module that needs more than there are says so.
 */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur =
        limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Runs to the end. A failed start is stopped like a running gateway. */
static int run(struct gateway *gateway)
{
    struct kw_core *core = &gateway->core;
    struct kw_diag *diag = &gateway->loaded.diag;
    int err =
        kw_registry_start(core->registry, core, gateway->loaded.set, diag);

    if (err == 0)
        err = kw_control_open(&gateway->control, core, diag);
    if (err != 0) {
        gateway->control = NULL;
        fail(gateway, err, "start");
        begin_stop(gateway);
    } else {
        kw_log_write(&gateway->log, KW_LOG_NOTICE, "core",
                     "kilowatch %s runs, revision %" PRIu64, core->version,
                     kw_revisions_current(core->revisions));
        tell_warnings(gateway);
        tell_discarded(gateway);
    }
    kw_loop_run(&gateway->loop);
    return err;
}

static int prepare(struct gateway *gateway, const struct kw_options *options)
{
    struct kw_core *core = &gateway->core;
    int err;

    kw_log_init(&gateway->log, STDERR_FILENO,
                getenv("JOURNAL_STREAM") != NULL ? KW_LOG_JOURNAL
                                                 : KW_LOG_PLAIN,
                &kw_clock_system);
    if (options->debug)
        atomic_store(&gateway->log.level, KW_LOG_DEBUG);
    core->clock = &kw_clock_system;
    core->log = &gateway->log;
    kw_arena_init(&gateway->arena, KW_CONF_ARENA_BYTES);
    err = kw_load(&gateway->loaded, options);
    if (err == 0)
        err = kw_load_check(&gateway->loaded);
    if (err != 0)
        return err;
    core->env = gateway->loaded.env;
    core->registry = gateway->loaded.registry;
    err = make_state_dir(gateway);
    if (err == 0)
        err = open_db(gateway);
    if (err == 0)
        err = choose_revision(gateway);
    return err;
}

int kw_cli_serve(const struct kw_options *options, int argc, char **argv)
{
    struct gateway *gateway;
    int err, code = KW_EXIT_DONE;

    (void)argv;
    if (argc > 0)
        return KW_EXIT_USAGE;
    gateway = kw_alloc(sizeof(*gateway));
    if (gateway == NULL)
        return KW_EXIT_FAILED;
    umask(0077);
    raise_descriptors();
    /* A password hash takes 16 MiB for a moment: given back, not kept. */
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    err = prepare(gateway, options);
    if (err != 0) {
        fail(gateway, err, "start");
        code = err == KW_EINVAL ? KW_EXIT_NO : KW_EXIT_FAILED;
    } else if (build_core(gateway) != 0) {
        fail(gateway, KW_EIO, "the loop");
        _exit(KW_EXIT_FAILED);
    } else {
        code = run(gateway) == 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
        if (gateway->forced || kw_loop_fini(&gateway->loop) != 0) {
            kw_log_write(&gateway->log, KW_LOG_ERROR, "core",
                         "not everything could be ended");
            _exit(KW_EXIT_FAILED);
        }
        kw_log_write(&gateway->log, KW_LOG_NOTICE, "core", "stopped");
    }
    kw_points_free(gateway->core.points);
    kw_revisions_free(gateway->core.revisions);
    if (gateway->core.db != NULL)
        kw_db_free(gateway->core.db);
    kw_loaded_fini(&gateway->loaded);
    kw_arena_fini(&gateway->arena);
    kw_free(gateway);
    return code;
}
