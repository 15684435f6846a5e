/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unit of a scan. Happy path: a read of one register, to which a meter
 * answers with a value or with an exception, then the dialogue of identify.c,
 * then it is added to what was found. Failures: silence ends it after one
 * short time-out; what is garbled or comes from another unit is asked again
 * (scan_plan.c says how often); a question of the dialogue that gets no answer
 * is asked once more. The line is lost: the scan fails.
 */
#include "meter/scan_impl.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/core.h"
#include "meter/line.h"

#include <stdio.h>
#include <string.h>

enum {
    BUSY_MS = 50, /* until a line with too many requests is asked again */
    PATIENCE = 3, /* a unit that is there may take so much longer */
    SILENT_OFTEN = 4,
    LISTEN_MS = 50, /* after the first answer: is there a second one? */
};

/* Between two questions to one meter: some restart when they are asked too
 * fast. */
static const uint64_t breath_ns = 20000000;

static uint32_t silence_ms(const struct kw_meter_scan *scan)
{
    if (scan->patient)
        return (uint32_t)scan->conf->timeout_ms;
    if (scan->timeout_ms > 0)
        return scan->timeout_ms;
    return kw_meter_scan_timeout_ms(
        scan->own != NULL ? &scan->try_conf : scan->conf, scan->longest_us);
}

/* --- asking */

static void on_presence(struct kw_meter_scan *scan,
                        const struct kw_meter_answer *answer);
static void on_dialogue(struct kw_meter_scan *scan,
                        const struct kw_meter_answer *answer);

static void note_round_trip(struct kw_meter_scan *scan, uint64_t rtt_us)
{
    /* The longest fades: one that was an accident is not waited for for ever.
     */
    if (rtt_us > scan->longest_us)
        scan->longest_us = rtt_us;
    else
        scan->longest_us -= (scan->longest_us - rtt_us) / 8;
    scan->answers_us += rtt_us;
    scan->answers++;
}

static void on_answer(struct kw_meter_request *request,
                      const struct kw_meter_answer *answer)
{
    struct kw_meter_scan *scan =
        KW_LIST_ENTRY(request, struct kw_meter_scan, request);

    if (answer->outcome == KW_METER_LINE) {
        kw_meter_scan_end(scan, KW_METER_SCAN_FAILED,
                          kw_meter_line_text(kw_meter_scan_line(scan)));
        return;
    }
    scan->unit_foreign += answer->foreign > 0;
    if (answer->outcome == KW_METER_GOOD ||
        answer->outcome == KW_METER_EXCEPTION)
        note_round_trip(scan, answer->rtt_us);
    if (scan->identifying)
        on_dialogue(scan, answer);
    else
        on_presence(scan, answer);
}

static void on_busy_over(uv_timer_t *timer);

/* Sends scan->request.ask. */
static void send_ask(struct kw_meter_scan *scan)
{
    int err;

    scan->request.done = on_answer;
    err = kw_meter_request_start(&scan->request, kw_meter_scan_line(scan),
                                 kw_clock_mono_ns(scan->core->clock) +
                                     (scan->identifying ? breath_ns : 0));
    if (err == KW_EFULL)
        uv_timer_start(&scan->timer, on_busy_over, BUSY_MS, 0);
    else if (err != 0)
        kw_meter_scan_end(scan, KW_METER_SCAN_FAILED,
                          kw_meter_line_text(kw_meter_scan_line(scan)));
}

static void on_busy_over(uv_timer_t *timer)
{
    send_ask(timer->data);
}

static void ask_presence(struct kw_meter_scan *scan)
{
    scan->presence.asks++;
    scan->request.ask = (struct kw_meter_ask){
        .unit = (uint8_t)scan->unit,
        .function = KW_METER_READ_HOLDING,
        .count = 1,
        .timeout_ms = silence_ms(scan),
    };
    send_ask(scan);
}

/* --- what was found */

/* "name", "name_2" ...: the first that no meter has. */
static void choose_name(struct kw_meter_scan *scan,
                        struct kw_meter_found *found)
{
    const struct kw_map *map =
        found->proposed > 0 ? found->proposals[0].map : NULL;
    size_t length;

    kw_meter_scan_name(map, found->unit, found->name);
    length = strlen(found->name);
    for (unsigned i = 2;
         i < 1000 && scan->owner.taken(scan->owner.arg, found->name); i++)
        snprintf(found->name + length, sizeof(found->name) - length, "_%u", i);
}

static void take_dialogue(struct kw_meter_scan *scan,
                          struct kw_meter_found *found)
{
    const struct kw_meter_identify *dialogue = scan->dialogue;

    found->identity = dialogue->identity;
    found->proposed = dialogue->proposed;
    found->loads = dialogue->loads;
    for (size_t i = 0; i < found->proposed; i++) {
        found->proposals[i].map = scan->maps[dialogue->proposals[i].map];
        found->proposals[i].score = dialogue->proposals[i].score;
    }
    if (found->proposed > 0 && scan->answers > 0)
        found->poll_us = kw_meter_scan_poll_us(
            found->proposals[0].map,
            scan->own != NULL ? &scan->try_conf : scan->conf,
            scan->answers_us / scan->answers);
}

static struct kw_meter_found *add_found(struct kw_meter_scan *scan,
                                        enum kw_meter_found_state state,
                                        const char *text)
{
    struct kw_meter_scan_known known;
    struct kw_meter_found *found;

    if (scan->found_count == sizeof(scan->found) / sizeof(scan->found[0]))
        return NULL;
    found = kw_alloc(sizeof(*found));
    if (found == NULL)
        return NULL;
    found->unit = (uint8_t)scan->unit;
    found->state = state;
    (void)kw_text_copy(found->settings, sizeof(found->settings),
                       scan->settings);
    (void)kw_text_copy(found->text, sizeof(found->text), text);
    if (scan->owner.known(scan->owner.arg, scan, found->unit, &known))
        (void)kw_text_copy(found->meter, sizeof(found->meter), known.name);
    scan->found[scan->found_count++] = found;
    return found;
}

/* What is configured and answers is not asked again. */
static bool add_known(struct kw_meter_scan *scan)
{
    struct kw_meter_scan_known known;
    struct kw_meter_found *found;

    if (scan->suspended ||
        !scan->owner.known(scan->owner.arg, scan, (unsigned)scan->unit,
                           &known) ||
        !known.answers)
        return false;
    found = add_found(scan, KW_METER_FOUND_METER, "");
    if (found == NULL)
        return true;
    (void)kw_text_copy(found->name, sizeof(found->name), known.name);
    (void)kw_text_copy(found->identity.make, sizeof(found->identity.make),
                       known.map->make);
    found->loads = 1;
    /* Held like the others: the library gave this map or one that is equal. */
    for (size_t i = 0; i < scan->maps_count; i++) {
        if (strcmp(scan->maps[i]->name, known.map->name) != 0)
            continue;
        found->proposed = 1;
        found->proposals[0].map = scan->maps[i];
        found->proposals[0].score = 100;
    }
    return true;
}

/* Frames that nobody asked for since the unit began. */
static uint64_t strays(const struct kw_meter_scan *scan)
{
    return kw_meter_line_foreign(kw_meter_scan_line(scan)) - scan->strays +
           scan->unit_foreign;
}

/* silent: nobody was there, or somebody who takes long: a stray frame while
 * the next unit is asked may be the late answer. */
static void end_unit(struct kw_meter_scan *scan, bool silent)
{
    if (!scan->patient && scan->before >= 0 && strays(scan) > 0)
        kw_meter_units_add(&scan->again, (unsigned)scan->before);
    scan->before = silent ? scan->unit : -1;
    scan->unit = -1;
    scan->done++;
    kw_meter_scan_next_unit(scan);
}

static void found_meter(struct kw_meter_scan *scan)
{
    struct kw_meter_found *found = add_found(scan, KW_METER_FOUND_METER, "");

    if (found != NULL) {
        if (scan->identifying)
            take_dialogue(scan, found);
        else
            found->loads = 1;
        if (found->proposed == 0 && scan->identify)
            (void)kw_text_copy(found->text, sizeof(found->text),
                               "it answers, but no register map fits");
        choose_name(scan, found);
    }
    scan->identifying = false;
    kw_meter_scan_tell(scan, true);
    end_unit(scan, false);
}

/* --- is somebody there? */

static void go_on_dialogue(struct kw_meter_scan *scan)
{
    struct kw_meter_ask ask;

    if (!kw_meter_identify_next(scan->dialogue, &ask)) {
        found_meter(scan);
        return;
    }
    ask.timeout_ms = silence_ms(scan) * PATIENCE;
    if (ask.timeout_ms > (uint32_t)scan->conf->timeout_ms)
        ask.timeout_ms = (uint32_t)scan->conf->timeout_ms;
    scan->request.ask = ask;
    scan->repeated = false;
    send_ask(scan);
}

static void begin_dialogue(struct kw_meter_scan *scan)
{
    if (!scan->identify) {
        found_meter(scan);
        return;
    }
    scan->identifying = true;
    kw_meter_identify_init(scan->dialogue, (uint8_t)scan->unit, scan->maps,
                           scan->maps_count);
    go_on_dialogue(scan);
}

static void count(struct kw_meter_scan *scan,
                  const struct kw_meter_answer *answer)
{
    struct kw_meter_presence *seen = &scan->presence;
    bool silent = answer->outcome == KW_METER_TIMEOUT ||
                  (answer->outcome == KW_METER_EXCEPTION &&
                   kw_meter_exception_is_silence(answer->exception));

    if (answer->outcome == KW_METER_GARBLED) {
        seen->garbled++;
    } else if (!silent) {
        seen->good++;
    } else if (answer->foreign > 0) {
        seen->foreign++;
    } else {
        seen->silent++;
    }
}

static void decide(struct kw_meter_scan *scan);

/* Two meters of one address that don't talk at the same moment answer one
 * after the other: the second answer is a stray frame. */
static void on_listened(uv_timer_t *timer)
{
    struct kw_meter_scan *scan = timer->data;

    if (strays(scan) == scan->strays_heard) {
        begin_dialogue(scan);
        return;
    }
    scan->presence.twice++;
    if (scan->presence.twice == 1)
        ask_presence(scan);
    else
        decide(scan);
}

static void end_conflict(struct kw_meter_scan *scan)
{
    (void)add_found(scan, KW_METER_FOUND_CONFLICT,
                    scan->presence.twice > 0
                        ? "two answers to each question: two meters have this "
                          "address"
                        : "garbled answers again and again: two meters have "
                          "this address, or noise");
    kw_meter_scan_tell(scan, true);
    end_unit(scan, false);
}

static void decide(struct kw_meter_scan *scan)
{
    switch (kw_meter_presence_judge(&scan->presence)) {
    case KW_METER_PRESENCE_AGAIN:
        ask_presence(scan);
        break;
    case KW_METER_PRESENCE_FOUND:
        scan->strays_heard = strays(scan);
        uv_timer_start(&scan->timer, on_listened, LISTEN_MS, 0);
        break;
    case KW_METER_PRESENCE_SILENT:
        end_unit(scan, true);
        break;
    case KW_METER_PRESENCE_CONFLICT:
        end_conflict(scan);
        break;
    case KW_METER_PRESENCE_FOREIGN:
        (void)add_found(scan, KW_METER_FOUND_FOREIGN,
                        "another unit answers to questions to this one");
        kw_meter_scan_tell(scan, true);
        end_unit(scan, false);
        break;
    }
}

static void on_presence(struct kw_meter_scan *scan,
                        const struct kw_meter_answer *answer)
{
    count(scan, answer);
    decide(scan);
}

static void on_dialogue(struct kw_meter_scan *scan,
                        const struct kw_meter_answer *answer)
{
    /* One that is silent again and again does not refuse: it says nothing to
     * what it does not know. */
    bool lost = answer->outcome == KW_METER_GARBLED ||
                (answer->outcome == KW_METER_TIMEOUT &&
                 scan->request.ask.function <= KW_METER_READ_REGISTERS &&
                 scan->dialogue->silent < SILENT_OFTEN);

    if (lost && !scan->repeated) {
        scan->repeated = true;
        send_ask(scan);
        return;
    }
    kw_meter_identify_take(scan->dialogue, answer->outcome, answer->data,
                           answer->length);
    go_on_dialogue(scan);
}

bool kw_meter_scan_begin_unit(struct kw_meter_scan *scan, unsigned unit)
{
    scan->unit = (int)unit;
    scan->presence = (struct kw_meter_presence){0};
    scan->identifying = false;
    scan->unit_foreign = 0;
    scan->strays = kw_meter_line_foreign(kw_meter_scan_line(scan));
    if (add_known(scan)) {
        scan->before = -1;
        return true;
    }
    ask_presence(scan);
    return false;
}
