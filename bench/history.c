/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a sample cost? Bytes in the database and on the disk, and CPU.
 *
 * usage: bench_history CONF HOURS SLOW_S [MAP...]
 *
 * Feeds the history with the values of simulated meters, one of each map
 * given (none: all whose values are integers), each second, through the hub
 * and the real database in a temporary folder: a commit each second, sealing
 * when it is due. Counters are polled each SLOW_S seconds, all else each
 * second. The clock is turned by hand, so hours take seconds. CPU is that of
 * the process between the first and the last sample, the making of the values
 * left out. Bytes a sample are all pages that the database uses in the end,
 * keys, tables of numbers and unused parts of pages included.
 */
#include "base/mem.h"
#include "base/text.h"
#include "core/db.h"
#include "core/module.h"
#include "core/point.h"
#include "core/quantity.h"
#include "history/state.h"
#include "meter.h" /* of the plant */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    METERS_MAX = 32,
    POINTS_MAX = 128,
    HOUR_S = 3600,
    STEP_S = 600,
    PAGE_BYTES = 4096
};

/* 2026-01-28T08:00:00Z, a Wednesday */
static const int64_t start_ms = INT64_C(1769587200000);

struct feed {
    struct kw_plant_meter plant;
    size_t count;
    size_t plant_points[POINTS_MAX]; /* index in the map */
    struct kw_sample samples[POINTS_MAX];
    bool slow[POINTS_MAX];
    uint64_t *raw; /* STEP_S polls of all points */
};

struct bench {
    struct kw_loop loop;
    struct kw_clock_manual clock;
    struct kw_hub hub;
    struct kw_core core;
    struct kw_history *history;
    struct kw_quantities *quantities;
    struct feed *feeds;
    size_t count;
    uint64_t samples;
    double cpu_s;
};

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "bench_history: %s\n", what);
    exit(2);
}

static double cpu_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Bytes that this process has written. (`write_bytes` counts whole folios of
 * the page cache, which says nothing about the database.) */
static uint64_t written_now(void)
{
    FILE *file = fopen("/proc/self/io", "re");
    uint64_t bytes = 0;
    char line[128];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (kw_text_starts(line, "wchar: "))
            (void)!kw_text_parse_u64(line + strlen("wchar: "), &bytes);
    }
    if (file != NULL)
        fclose(file);
    return bytes;
}

static void open_bench(struct bench *bench, const char *dir, const char *conf)
{
    struct kw_db_options options = {.dir = dir,
                                    .map_bytes = UINT64_C(8) << 30,
                                    .tables = 32,
                                    .commit_ms = 1000};
    static const struct kw_history_conf section = {
        .commit_ms = 60000, /* by hand */
        .keep_ms = INT64_MAX / 2,
        .size_bytes = UINT64_C(8) << 30,
        .window_bytes = 256 << 20};
    struct kw_diag diag;
    char path[512];

    kw_diag_init(&diag);
    snprintf(path, sizeof(path), "%s/quantities.csv", conf);
    kw_clock_manual_init(&bench->clock, start_ms);
    bench->core.clock = &bench->clock.clock;
    bench->core.loop = &bench->loop;
    bench->core.hub = &bench->hub;
    bench->history = kw_alloc(sizeof(*bench->history));
    if (kw_quantities_load(&bench->quantities, path, &diag) != 0 ||
        kw_loop_init(&bench->loop, bench->core.clock) != 0 ||
        kw_jobs_new(&bench->core.jobs, &bench->loop.uv) != 0 ||
        kw_db_open(&bench->core.db, &options, &diag) != 0)
        give_up("can't open the database");
    kw_db_attach(bench->core.db, &bench->loop, bench->core.jobs);
    if (kw_points_new(&bench->core.points, bench->core.db, bench->quantities) !=
        0)
        give_up("can't make the points");
    kw_hub_init(&bench->hub, bench->core.points);
    if (kw_history_module.start(bench->history, &section, &bench->core,
                                &diag) != 0)
        give_up("can't start the history");
    kw_diag_fini(&diag);
}

static uint8_t encoding_of(enum kw_plant_type type)
{
    if (type == KW_PLANT_F32)
        return KW_ENCODING_FLOAT32;
    return type == KW_PLANT_F64 ? KW_ENCODING_FLOAT64 : KW_ENCODING_INTEGER;
}

static bool is_integer(const struct kw_plant_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        if (map->points[i].type != KW_PLANT_STRING &&
            encoding_of(map->points[i].type) != KW_ENCODING_INTEGER)
            return false;
    }
    return !map->is_fingerprint;
}

static void add_point(struct bench *bench, struct feed *feed,
                      struct kw_source *source, size_t index)
{
    const struct kw_plant_point *from = &feed->plant.map->points[index];
    const struct kw_point *point;
    struct kw_point_form form = {
        .quantity = kw_quantities_find(bench->quantities, from->quantity),
        .encoding = encoding_of(from->type),
        .scale = from->multiplier * from->to_base,
    };

    if (from->type == KW_PLANT_STRING || form.quantity == NULL ||
        form.quantity->kind == KW_QUANTITY_TEXT || feed->count == POINTS_MAX)
        return;
    if (kw_points_define(bench->core.points, source, &form, &point) != 0)
        give_up("can't define a point");
    feed->plant_points[feed->count] = index;
    feed->slow[feed->count] = form.quantity->kind == KW_QUANTITY_COUNTER;
    feed->samples[feed->count] =
        (struct kw_sample){.point = point->id, .encoding = form.encoding};
    feed->count++;
}

static void add_meter(struct bench *bench, const struct kw_plant_map *map)
{
    const struct kw_plant_era era = {7, start_ms, 3600000};
    struct feed *feed = &bench->feeds[bench->count];
    struct kw_plant_place place = {1, (unsigned)bench->count + 1, 1};
    struct kw_source *source;
    char name[KW_NAME_SIZE];

    if (bench->count == METERS_MAX)
        give_up("too many meters");
    snprintf(name, sizeof(name), "meter%zu", bench->count);
    kw_plant_meter_init(&feed->plant, map, place, "bench", &era);
    if (kw_points_source(bench->core.points, 'm', name, NULL, &source) != 0)
        give_up("can't define a meter");
    for (size_t i = 0; i < map->count; i++)
        add_point(bench, feed, source, i);
    feed->raw = kw_alloc_array(STEP_S * feed->count, sizeof(feed->raw[0]));
    bench->count++;
}

/* Sign-extends what the plant gives as 16, 32 or 64 bits. */
static uint64_t widen(enum kw_plant_type type, uint64_t raw)
{
    if (type == KW_PLANT_S16)
        return (uint64_t)(int64_t)(int16_t)raw;
    if (type == KW_PLANT_S32)
        return (uint64_t)(int64_t)(int32_t)raw;
    return raw;
}

static void make_values(struct bench *bench, int64_t from_s)
{
    for (size_t m = 0; m < bench->count; m++) {
        struct feed *feed = &bench->feeds[m];

        for (int64_t s = 0; s < STEP_S; s++) {
            kw_plant_meter_refresh(&feed->plant,
                                   start_ms + (from_s + s) * 1000);
            for (size_t i = 0; i < feed->count; i++) {
                size_t at = feed->plant_points[i];

                feed->raw[(size_t)s * feed->count + i] = widen(
                    feed->plant.map->points[at].type, feed->plant.raw[at]);
            }
        }
    }
}

static void publish(struct bench *bench, struct feed *feed, int64_t time_ms,
                    const uint64_t *raw, bool with_slow)
{
    struct kw_sample samples[POINTS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < feed->count; i++) {
        if (feed->slow[i] && !with_slow)
            continue;
        samples[count] = feed->samples[i];
        samples[count].time_ms = time_ms;
        samples[count].raw = raw[i];
        count++;
    }
    bench->samples += count;
    kw_hub_publish_samples(&bench->hub, samples, count);
}

static void settle(struct bench *bench)
{
    kw_history_flush(bench->history);
    kw_history_seal_tick(bench->history);
    /* waits, as the gateway does: to spin would count as its CPU time */
    while (bench->history->flushing > 0)
        uv_run(&bench->loop.uv, UV_RUN_ONCE);
    uv_run(&bench->loop.uv, UV_RUN_NOWAIT);
}

static void run(struct bench *bench, int64_t hours, int64_t slow_s)
{
    for (int64_t at = 0; at < hours * HOUR_S; at += STEP_S) {
        double before;

        make_values(bench, at);
        before = cpu_now();
        for (int64_t s = 0; s < STEP_S; s++) {
            for (size_t m = 0; m < bench->count; m++)
                publish(bench, &bench->feeds[m], start_ms + (at + s) * 1000,
                        bench->feeds[m].raw + (size_t)s * bench->feeds[m].count,
                        (at + s) % slow_s == 0);
            kw_clock_manual_advance(&bench->clock, 1000);
            settle(bench);
        }
        bench->cpu_s += cpu_now() - before;
    }
    while (kw_history_window_bytes(&bench->history->window) > 0 ||
           bench->history->first_row < bench->history->needed_row) {
        kw_clock_manual_advance(&bench->clock, 60000); /* seal the rest */
        settle(bench);
        usleep(10000);
    }
}

static void on_flag(void *arg)
{
    *(bool *)arg = true;
}

static void close_bench(struct bench *bench)
{
    bool stopped = false, db = false, jobs = false;

    kw_history_module.stop(bench->history, on_flag, &stopped);
    while (!stopped)
        uv_run(&bench->loop.uv, UV_RUN_ONCE);
    kw_db_close(bench->core.db, on_flag, &db);
    while (!db)
        uv_run(&bench->loop.uv, UV_RUN_ONCE);
    kw_jobs_close(bench->core.jobs, on_flag, &jobs);
    while (!jobs)
        uv_run(&bench->loop.uv, UV_RUN_ONCE);
    kw_points_free(bench->core.points);
    kw_db_free(bench->core.db);
    kw_free(bench->history);
    kw_quantities_free(bench->quantities);
    if (kw_loop_fini(&bench->loop) != 0)
        give_up("a handle is left");
}

/* A commit ends with 120 bytes into a page of its own: counted as a page. */
static void report(const struct bench *bench, uint64_t written,
                   uint64_t commits)
{
    const struct kw_history_counters *counters = &bench->history->counters;
    double samples = (double)bench->samples;

    if (counters->sealed_samples != bench->samples)
        give_up("not all samples were sealed");
    printf("meters %zu, samples %.0f, blocks %llu\n", bench->count, samples,
           (unsigned long long)counters->blocks);
    printf("sealed bytes a sample           %.4f\n",
           (double)counters->sealed_bytes / samples);
    printf("database bytes a sample         %.4f (all used pages)\n",
           (double)kw_db_stats(bench->core.db).used_bytes / samples);
    printf("journal bytes a sample          %.3f\n",
           (double)counters->journal_bytes / samples);
    printf("written to disk bytes a sample  %.1f (a commit each second)\n",
           (double)(written + commits * PAGE_BYTES) / samples);
    printf("CPU seconds a million samples   %.3f\n",
           bench->cpu_s / samples * 1e6);
}

static void add_meters(struct bench *bench, struct kw_plant_library *library,
                       char **names, int count)
{
    struct kw_plant_diag diag;
    struct dirent **files;
    int found;

    for (int i = 0; i < count; i++) {
        const struct kw_plant_map *map =
            kw_plant_library_get(library, names[i], &diag);

        if (map == NULL)
            give_up(diag.text);
        add_meter(bench, map);
    }
    found = count > 0 ? 0 : scandir(library->folder, &files, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        char *dot = strstr(files[i]->d_name, ".csv");
        const struct kw_plant_map *map = NULL;

        if (dot != NULL) {
            *dot = '\0';
            map = kw_plant_library_get(library, files[i]->d_name, &diag);
        }
        if (map != NULL && is_integer(map))
            add_meter(bench, map);
        free(files[i]); /* scandir's own */
    }
    if (found > 0)
        free(files);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct kw_plant_library library = {0};
    char dir[] = "/tmp/kwbench-XXXXXX", maps[512], command[64];
    uint64_t before, commits, hours, slow_s;

    if (argc < 4 || kw_text_parse_u64(argv[2], &hours) != 0 ||
        kw_text_parse_u64(argv[3], &slow_s) != 0 || slow_s == 0 ||
        mkdtemp(dir) == NULL)
        give_up("usage: bench_history CONF HOURS SLOW_S [MAP...]");
    snprintf(maps, sizeof(maps), "%s/meters", argv[1]);
    library.folder = maps;
    bench.feeds = kw_alloc_array(METERS_MAX, sizeof(bench.feeds[0]));
    open_bench(&bench, dir, argv[1]);
    add_meters(&bench, &library, argv + 4, argc - 4);
    settle(&bench);
    before = written_now();
    commits = kw_db_stats(bench.core.db).committed;
    run(&bench, (int64_t)hours, (int64_t)slow_s);
    report(&bench, written_now() - before,
           kw_db_stats(bench.core.db).committed - commits);
    close_bench(&bench);
    for (size_t i = 0; i < bench.count; i++) {
        kw_plant_meter_fini(&bench.feeds[i].plant);
        kw_free(bench.feeds[i].raw);
    }
    kw_plant_library_fini(&library);
    kw_free(bench.feeds);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command) == 0 ? 0 : 1;
}
