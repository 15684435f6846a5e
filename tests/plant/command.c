/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <string.h>

enum { WORDS = 6 };

/* A command with its words, the name first; words that are not there are
 * NULL. */
struct call {
    struct kw_plant *plant;
    char *word[WORDS];
    int count;
    struct kw_plant_out *out;
    struct kw_plant_diag diag;
};

/* Finds a line; NULL with a message. */
static struct kw_plant_line *find_line(struct call *call, const char *name)
{
    struct kw_plant_line *line = kw_plant_line_find(call->plant, name);
    if (line == NULL)
        kw_plant_say(&call->diag, "no line '%s'", name);
    return line;
}

/* Finds `UNIT` or `UNIT.LOAD` on a locked line; without a load the first
 * meter. NULL with a message. */
static struct kw_plant_meter *
find_meter(struct call *call, struct kw_plant_line *line, const char *text)
{
    char number[32];
    uint64_t unit_number = 0, load = 0;
    bool fits = kw_plant_copy(number, sizeof number, text);
    char *dot = strchr(number, '.');
    if (dot != NULL)
        *dot++ = '\0';
    if (!fits || !kw_plant_parse_whole(number, 10, 255, &unit_number) ||
        (dot != NULL && !kw_plant_parse_whole(dot, 10, 32, &load))) {
        kw_plant_say(&call->diag, "'%s': expected UNIT or UNIT.LOAD", text);
        return NULL;
    }
    struct kw_plant_unit *unit =
        kw_plant_line_unit(line, (unsigned)unit_number);
    for (size_t i = 0; unit != NULL && i < unit->count; i++)
        if (dot == NULL || unit->meters[i]->load == load)
            return unit->meters[i];
    kw_plant_say(&call->diag, "no meter '%s' on %s", text, line->name);
    return NULL;
}

static int run_values(struct call *call)
{
    struct kw_plant_line *line = find_line(call, call->word[1]);
    if (line == NULL)
        return -1;
    pthread_mutex_lock(&line->lock);
    struct kw_plant_meter *meter = find_meter(call, line, call->word[2]);
    if (meter != NULL) {
        kw_plant_meter_refresh(
            meter, kw_plant_clock_tick(&call->plant->clock, KW_PLANT_TICK_MS));
        kw_plant_out(call->out,
                     "{\"line\":\"%s\",\"unit\":%u,\"profile\":\"%s\","
                     "\"load\":%u,\"time\":%lld,\"points\":",
                     line->name, meter->unit, meter->map->name, meter->load,
                     (long long)meter->tick_ms);
        kw_plant_meter_print(meter, call->out);
        kw_plant_out(call->out, "}\n");
    }
    pthread_mutex_unlock(&line->lock);
    return meter != NULL ? 1 : -1;
}

static int run_set(struct call *call)
{
    char *name = strchr(call->word[1], '@');
    if (name == NULL)
        return kw_plant_say(&call->diag, "'%s': expected UNIT@LINE",
                            call->word[1]);
    *name++ = '\0';
    struct kw_plant_line *line = find_line(call, name);
    if (line == NULL)
        return -1;
    pthread_mutex_lock(&line->lock);
    struct kw_plant_meter *meter = find_meter(call, line, call->word[1]);
    int result = meter == NULL ? -1
                               : kw_plant_meter_set(meter, call->word[2],
                                                    call->word[3], &call->diag);
    pthread_mutex_unlock(&line->lock);
    return result;
}

/* Parses `KIND [N|off]`, or `off` alone. */
static int parse_fault(struct call *call, bool tcp,
                       struct kw_plant_fault *fault)
{
    const char *kind = call->word[3], *count = call->word[4];
    uint64_t left = 0;
    *fault = (struct kw_plant_fault){0};
    if (strcmp(kind, "off") == 0 && count == NULL)
        return 0;
    if (kw_plant_fault_parse(kind, tcp, fault, &call->diag) < 0)
        return -1;
    if (count != NULL && strcmp(count, "off") == 0)
        *fault = (struct kw_plant_fault){0};
    else if (count != NULL &&
             (!kw_plant_parse_whole(count, 10, 1000000, &left) || left == 0))
        return kw_plant_say(&call->diag,
                            "'%s': expected how many replies, or "
                            "off",
                            count);
    else
        fault->left = (unsigned)left;
    return 0;
}

static int run_fault(struct call *call)
{
    struct kw_plant_fault fault;
    uint64_t number = 0;
    struct kw_plant_line *line = find_line(call, call->word[1]);
    if (line == NULL || parse_fault(call, line->tcp, &fault) < 0)
        return -1;
    bool all = strcmp(call->word[2], "*") == 0;
    if (!all && !kw_plant_parse_whole(call->word[2], 10, 255, &number))
        return kw_plant_say(&call->diag, "'%s': expected UNIT or *",
                            call->word[2]);
    pthread_mutex_lock(&line->lock);
    bool found = false;
    for (size_t i = 0; i < line->count; i++) {
        if (all || line->units[i].number == number) {
            line->units[i].fault = fault;
            found = true;
        }
    }
    pthread_mutex_unlock(&line->lock);
    return found ? 0
                 : kw_plant_say(&call->diag, "no unit '%s' on %s",
                                call->word[2], line->name);
}

static void print_line(struct kw_plant_line *line, struct kw_plant_out *out)
{
    const struct kw_plant_counts *counts = &line->counts;
    kw_plant_out(out,
                 "{\"line\":\"%s\",\"tcp\":%s,\"requests\":%llu,"
                 "\"replies\":%llu,\"bad_requests\":%llu,"
                 "\"too_short_gaps\":%llu,\"bytes_in\":%llu,"
                 "\"bytes_out\":%llu,\"connections\":%llu,\"units\":[",
                 line->name, line->tcp ? "true" : "false",
                 (unsigned long long)counts->requests,
                 (unsigned long long)counts->replies,
                 (unsigned long long)counts->bad_requests,
                 (unsigned long long)counts->too_short_gaps,
                 (unsigned long long)counts->bytes_in,
                 (unsigned long long)counts->bytes_out,
                 (unsigned long long)counts->connections);
    for (size_t i = 0; i < line->count; i++) {
        const struct kw_plant_unit *unit = &line->units[i];
        kw_plant_out(out, "%s{\"unit\":%u,\"requests\":%llu,\"replies\":%llu}",
                     i > 0 ? "," : "", unit->number,
                     (unsigned long long)unit->requests,
                     (unsigned long long)unit->replies);
    }
    kw_plant_out(out, "]}");
}

static int run_stats(struct call *call)
{
    kw_plant_out(call->out, "{\"lines\":[");
    for (size_t i = 0; i < call->plant->count; i++) {
        struct kw_plant_line *line = call->plant->lines[i];
        if (i > 0)
            kw_plant_out(call->out, ",");
        pthread_mutex_lock(&line->lock);
        print_line(line, call->out);
        pthread_mutex_unlock(&line->lock);
    }
    kw_plant_out(call->out, "]}\n");
    return 1;
}

static void on_each_meter(struct kw_plant *plant,
                          void (*change)(struct kw_plant_meter *meter,
                                         struct kw_plant_out *out),
                          struct kw_plant_out *out)
{
    for (size_t i = 0; i < plant->count; i++) {
        struct kw_plant_line *line = plant->lines[i];
        pthread_mutex_lock(&line->lock);
        for (size_t j = 0; j < line->count; j++)
            for (size_t k = 0; k < line->units[j].count; k++) {
                if (out != NULL)
                    kw_plant_out(out, "%s{\"line\":\"%s\",",
                                 i + j + k > 0 ? "," : "", line->name);
                change(line->units[j].meters[k], out);
            }
        pthread_mutex_unlock(&line->lock);
    }
}

static void print_meter(struct kw_plant_meter *meter, struct kw_plant_out *out)
{
    kw_plant_out(out,
                 "\"unit\":%u,\"load\":%u,\"profile\":\"%s\",\"points\":%zu}",
                 meter->unit, meter->load, meter->map->name, meter->map->count);
}

static void show_pattern(struct kw_plant_meter *meter, struct kw_plant_out *out)
{
    (void)out;
    kw_plant_meter_pattern(meter, true);
}

static void clear_meter(struct kw_plant_meter *meter, struct kw_plant_out *out)
{
    (void)out;
    kw_plant_meter_clear(meter);
}

static int run_meters(struct call *call)
{
    kw_plant_out(call->out, "{\"meters\":[");
    on_each_meter(call->plant, print_meter, call->out);
    kw_plant_out(call->out, "]}\n");
    return 1;
}

static int run_pattern(struct call *call)
{
    on_each_meter(call->plant, show_pattern, NULL);
    return 0;
}

static int run_clear(struct call *call)
{
    on_each_meter(call->plant, clear_meter, NULL);
    return 0;
}

static int run_freeze(struct call *call)
{
    kw_plant_clock_freeze(&call->plant->clock, true);
    return 0;
}

static int run_run(struct call *call)
{
    kw_plant_clock_freeze(&call->plant->clock, false);
    return 0;
}

static int run_speed(struct call *call)
{
    double speed = 0;
    if (!kw_plant_parse_real(call->word[1], &speed) || !(speed > 0) ||
        speed > 1e6)
        return kw_plant_say(&call->diag, "'%s': expected a speed above 0",
                            call->word[1]);
    kw_plant_clock_speed(&call->plant->clock, speed);
    return 0;
}

/* `arrivals start` begins, `arrivals FILE` ends and writes. */
static int run_arrivals(struct call *call)
{
    struct kw_plant_arrivals *arrivals = &call->plant->tcp.arrivals;
    if (strcmp(call->word[1], "start") != 0)
        return kw_plant_arrivals_write(arrivals, call->word[1], &call->diag);
    kw_plant_arrivals_start(arrivals);
    return 0;
}

static int run_quit(struct call *call)
{
    call->plant->loop.quit = true;
    return 0;
}

/* `run` returns 0 for a plain ok, 1 if it wrote the answer, -1 with a
 * message. */
static const struct row {
    const char *name, *usage;
    int least, most; /* words after the name */
    int (*run)(struct call *call);
} rows[] = {
    {"values", "values LINE UNIT[.LOAD]", 2, 2, run_values},
    {"set", "set UNIT[.LOAD]@LINE QUANTITY VALUE", 3, 3, run_set},
    {"fault", "fault LINE UNIT|* KIND [N|off]", 3, 4, run_fault},
    {"stats", "stats", 0, 0, run_stats},
    {"arrivals", "arrivals start|FILE", 1, 1, run_arrivals},
    {"meters", "meters", 0, 0, run_meters},
    {"pattern", "pattern", 0, 0, run_pattern},
    {"clear", "clear", 0, 0, run_clear},
    {"freeze", "freeze", 0, 0, run_freeze},
    {"run", "run", 0, 0, run_run},
    {"speed", "speed X", 1, 1, run_speed},
    {"quit", "quit", 0, 0, run_quit},
};

static int dispatch(struct call *call)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        if (strcmp(row->name, call->word[0]) != 0)
            continue;
        if (call->count - 1 < row->least || call->count - 1 > row->most)
            return kw_plant_say(&call->diag, "expected %s", row->usage);
        return row->run(call);
    }
    return kw_plant_say(&call->diag,
                        "'%s': expected values set fault stats arrivals "
                        "meters pattern clear freeze run speed or quit",
                        call->word[0]);
}

void kw_plant_command(struct kw_plant *plant, char *line,
                      struct kw_plant_out *out)
{
    struct call call = {.plant = plant, .out = out};
    char *word;
    while (call.count < WORDS && (word = strsep(&line, " \r")) != NULL)
        if (*word != '\0')
            call.word[call.count++] = word;
    int result = call.count > 0
                     ? dispatch(&call)
                     : kw_plant_say(&call.diag, "expected a command");
    if (result == 0) {
        kw_plant_out(out, "{\"ok\":true}\n");
    } else if (result < 0) {
        kw_plant_out(out, "{\"error\":");
        kw_plant_out_string(out, call.diag.text);
        kw_plant_out(out, "}\n");
    }
}
