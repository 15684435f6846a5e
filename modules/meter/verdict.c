/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/verdict.h"

#include "base/sample.h"
#include "meter/explain.h"

#include <stdio.h>
#include <string.h>

/* The sentences; {…} is filled in. */
static const char *const texts[KW_METER_VERDICTS_COUNT] = {
    [KW_METER_VERDICT_FINE] = "",
    [KW_METER_VERDICT_SILENT] =
        "unit {unit}: no answer, others on the line do: its address, its "
        "wires or its supply",
    [KW_METER_VERDICT_SILENT_SERIAL] =
        "unit {unit}: no answer: its address, A and B exchanged, a wrong "
        "speed or parity, the adapter or its supply",
    [KW_METER_VERDICT_SILENT_TCP] =
        "unit {unit}: no answer: its address, or what is behind the "
        "gateway",
    [KW_METER_VERDICT_SILENT_ALL] =
        "unit {unit}: no answer, as from every unit of the line",
    [KW_METER_VERDICT_GARBLED] =
        "unit {unit}: every answer is garbled, others are not: two "
        "meters with this address, its speed or parity, or its wiring",
    [KW_METER_VERDICT_GARBLED_ALL] =
        "unit {unit}: every answer is garbled, as on the whole line: "
        "speed, parity or polarity",
    [KW_METER_VERDICT_REFUSES] =
        "unit {unit}: refuses everything with exception {exception}: not "
        "the meter that its register map is for",
    [KW_METER_VERDICT_TWICE] =
        "unit {unit}: {share} of the answers come twice: the meter or a "
        "converter repeats them, or two meters have this address",
    [KW_METER_VERDICT_LATE] =
        "unit {unit}: {count} answers came after the time-out of "
        "{timeout}: the time-out is too short",
    [KW_METER_VERDICT_BLOCK_SILENT] =
        "unit {unit}: no answer to {registers}, others are answered: leave "
        "them out of the map",
    [KW_METER_VERDICT_BLOCK_GARBLED] =
        "unit {unit}: no usable answer to {registers}, others are answered: "
        "leave them out of the map",
    [KW_METER_VERDICT_CRC] =
        "unit {unit}: {share} CRC errors only on this meter: its wiring "
        "or termination",
    [KW_METER_VERDICT_CRC_SOME] =
        "unit {unit}: {share} CRC errors, as {count} of {of} meters "
        "have: the part of the cable that they share",
    [KW_METER_VERDICT_CRC_ALL] =
        "unit {unit}: {share} CRC errors, as the whole line has",
    [KW_METER_VERDICT_CRC_ALONE] =
        "unit {unit}: {share} CRC errors: wiring, termination, biasing "
        "or speed of the line",
    [KW_METER_VERDICT_LOSSES] =
        "unit {unit}: {share} of the requests get no answer, only on "
        "this meter: a loose contact, or it is asked too fast",
    [KW_METER_VERDICT_LOSSES_ALL] =
        "unit {unit}: {share} of the requests get no answer, as on the "
        "whole line",
    [KW_METER_VERDICT_FOREIGN] =
        "unit {unit}: {share} of the requests are answered by somebody "
        "else: two masters, or a meter that gives a wrong address",
    [KW_METER_VERDICT_NARROWED] =
        "unit {unit}: does not have {count} points of its register map, "
        "exception {exception}: another model or version",
    [KW_METER_VERDICT_EXCEPTIONS] =
        "unit {unit}: refuses {share} of the requests, exception "
        "{exception}",
    [KW_METER_VERDICT_SLOW] =
        "unit {unit}: answers take {mean} of the {timeout} that are "
        "waited: the time-out is too short",
    [KW_METER_VERDICT_LINE_SILENT] =
        "none of {of} units answers: the adapter, A and B exchanged, or "
        "a wrong speed or parity",
    [KW_METER_VERDICT_LINE_SILENT_TCP] =
        "none of {of} units answers: what is behind the gateway, or its "
        "settings",
    [KW_METER_VERDICT_LINE_GARBLED] =
        "every answer is garbled: a wrong speed or parity, or A and B "
        "exchanged",
    [KW_METER_VERDICT_LINE_MASTERS] =
        "another master asks on this line, {count} requests lately: a "
        "line carries one master only",
    [KW_METER_VERDICT_LINE_CRC] =
        "{share} CRC errors on {count} of {of} meters: termination, "
        "polarity or biasing of the line, or its speed",
    [KW_METER_VERDICT_LINE_CRC_SOME] =
        "CRC errors on {count} of {of} meters, not on the others: the "
        "part of the cable that these share",
    [KW_METER_VERDICT_LINE_LOSSES] =
        "{share} of the requests get no answer, on {count} of {of} "
        "meters: the adapter, a loose wire or disturbances",
    [KW_METER_VERDICT_LINE_FOREIGN] =
        "{count} answers that nobody waited for: two masters, or meters "
        "that answer in the name of others",
    [KW_METER_VERDICT_LINE_OVERLOAD] =
        "asked for {demand} times what it can carry: longer periods, "
        "fewer values or a higher speed",
    [KW_METER_VERDICT_LINE_NOISE] =
        "{count} pieces of noise between the frames: biasing, shield or "
        "disturbances",
    [KW_METER_VERDICT_LINE_ECHO] =
        "the adapter gives back what is sent: harmless, its echo can be "
        "switched off",
};

/*
 * From when on something is a fault. RS-485 that is wired as TIA-485 and the
 * Modbus serial line guide (V1.02, 3) ask loses less than one frame in ten
 * thousand; one in two hundred is far from chance.
 */
static const double crc_share = 0.005;
static const double losses_share = 0.01;
static const double foreign_share = 0.005;
static const double exceptions_share = 0.005;
static const double most = 0.6;           /* of the meters: it is the line's */
static const double overload_from = 1.02; /* it is measured */
static const double slow_part = 0.7;      /* of the time-out */

enum {
    ENOUGH = 3,        /* requests: to say that nothing comes */
    ENOUGH_SHARE = 50, /* to speak of a share */
    FEW = 2,           /* errors that may be chance */
};

static double share(uint32_t part, uint32_t whole)
{
    return whole > 0 ? (double)part / whole : 0;
}

static bool is_judged(const struct kw_meter_counts *counts)
{
    return counts->requests >= ENOUGH;
}

/* Nothing came at all. */
static bool is_silent(const struct kw_meter_counts *counts)
{
    return is_judged(counts) && counts->answers == 0 && counts->crc == 0;
}

/* Something comes, and none of it can be read. */
static bool is_garbled(const struct kw_meter_counts *counts)
{
    return is_judged(counts) && counts->answers == 0 && counts->crc > 0;
}

/* More than a few, and more than that share of the requests. */
static bool exceeds(uint32_t part, const struct kw_meter_counts *counts,
                    double limit)
{
    return counts->requests >= ENOUGH_SHARE && part > FEW &&
           share(part, counts->requests) > limit;
}

static bool loses(const struct kw_meter_counts *counts)
{
    return exceeds(counts->timeouts, counts, losses_share) &&
           counts->timeouts > counts->late + counts->twice;
}

void kw_meter_survey(const struct kw_meter_line_case *line,
                     struct kw_meter_survey *survey)
{
    *survey = (struct kw_meter_survey){.line = line};
    for (size_t i = 0; i < line->count; i++) {
        const struct kw_meter_counts *counts = &line->meters[i].counts;

        survey->judged += is_judged(counts);
        survey->silent += is_silent(counts);
        survey->garbled += is_garbled(counts);
        survey->crc +=
            counts->answers > 0 && exceeds(counts->crc, counts, crc_share);
        survey->losses += counts->answers > 0 && loses(counts);
        survey->sum.requests += counts->requests;
        survey->sum.timeouts += counts->timeouts;
        survey->sum.crc += counts->crc;
        survey->sum.foreign += counts->foreign;
    }
}

/* Of at least two meters, so many that it is not theirs. */
static bool is_common(const struct kw_meter_survey *survey, uint32_t meters)
{
    return meters >= 2 && share(meters, survey->judged) >= most;
}

/* --- the rules: the first that holds is the verdict */

typedef bool rule_fn(const struct kw_meter_survey *survey,
                     const struct kw_meter_case *meter,
                     struct kw_meter_verdict *verdict);

struct rule {
    enum kw_meter_verdict_kind kind;
    rule_fn *holds;
};

static bool silent_all(const struct kw_meter_survey *survey,
                       const struct kw_meter_case *meter,
                       struct kw_meter_verdict *verdict)
{
    if (meter == NULL && !survey->line->serial)
        verdict->kind = KW_METER_VERDICT_LINE_SILENT_TCP;
    return survey->silent >= 2 && survey->silent == survey->judged &&
           (meter == NULL || is_silent(&meter->counts));
}

static bool silent_alone(const struct kw_meter_survey *survey,
                         const struct kw_meter_case *meter,
                         struct kw_meter_verdict *verdict)
{
    if (!survey->line->serial)
        verdict->kind = KW_METER_VERDICT_SILENT_TCP;
    return survey->line->count == 1 && is_silent(&meter->counts);
}

static bool silent(const struct kw_meter_survey *survey,
                   const struct kw_meter_case *meter,
                   struct kw_meter_verdict *verdict)
{
    (void)survey;
    (void)verdict;
    return is_silent(&meter->counts);
}

static bool garbled_all(const struct kw_meter_survey *survey,
                        const struct kw_meter_case *meter,
                        struct kw_meter_verdict *verdict)
{
    (void)verdict;
    return survey->garbled > 0 &&
           survey->garbled + survey->silent == survey->judged &&
           (meter == NULL ? survey->judged >= 2 : is_garbled(&meter->counts));
}

static bool garbled(const struct kw_meter_survey *survey,
                    const struct kw_meter_case *meter,
                    struct kw_meter_verdict *verdict)
{
    (void)survey;
    (void)verdict;
    return is_garbled(&meter->counts);
}

static bool refuses(const struct kw_meter_survey *survey,
                    const struct kw_meter_case *meter,
                    struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->exception = meter->exception;
    return is_judged(&meter->counts) && meter->counts.exceptions > 0 &&
           meter->counts.exceptions == meter->counts.answers;
}

static bool twice(const struct kw_meter_survey *survey,
                  const struct kw_meter_case *meter,
                  struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->count = meter->counts.twice;
    verdict->share = share(meter->counts.twice, meter->counts.requests);
    return exceeds(meter->counts.twice, &meter->counts, foreign_share);
}

/* An answer that comes late is taken for that of the repeated request, whose
 * own then comes once more. */
static bool late(const struct kw_meter_survey *survey,
                 const struct kw_meter_case *meter,
                 struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->count = meter->counts.late + meter->counts.twice;
    return verdict->count > FEW && meter->counts.timeouts > 0 &&
           verdict->count >= meter->counts.timeouts / 2;
}

/* A part of the map is not answered, and the meter is there. */
static bool block(const struct kw_meter_survey *survey,
                  const struct kw_meter_case *meter,
                  struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->gap = meter->gap;
    if (meter->gap.quality == KW_QUALITY_BAD_CRC)
        verdict->kind = KW_METER_VERDICT_BLOCK_GARBLED;
    return meter->gap.function != 0 && meter->counts.answers > 0;
}

/* CRC errors on all, on some, on one. */
static bool has_crc(const struct kw_meter_case *meter,
                    struct kw_meter_verdict *verdict)
{
    verdict->share = share(meter->counts.crc, meter->counts.requests);
    return exceeds(meter->counts.crc, &meter->counts, crc_share);
}

static bool crc_all(const struct kw_meter_survey *survey,
                    const struct kw_meter_case *meter,
                    struct kw_meter_verdict *verdict)
{
    verdict->count = survey->crc;
    verdict->share = share(survey->sum.crc, survey->sum.requests);
    return is_common(survey, survey->crc) &&
           (meter == NULL || has_crc(meter, verdict));
}

static bool crc_some(const struct kw_meter_survey *survey,
                     const struct kw_meter_case *meter,
                     struct kw_meter_verdict *verdict)
{
    verdict->count = survey->crc;
    verdict->share = share(survey->sum.crc, survey->sum.requests);
    return survey->crc >= 2 && (meter == NULL || has_crc(meter, verdict));
}

static bool crc_one(const struct kw_meter_survey *survey,
                    const struct kw_meter_case *meter,
                    struct kw_meter_verdict *verdict)
{
    return survey->judged >= 2 && has_crc(meter, verdict);
}

/* Nothing to compare with. */
static bool crc_alone(const struct kw_meter_survey *survey,
                      const struct kw_meter_case *meter,
                      struct kw_meter_verdict *verdict)
{
    (void)survey;
    return has_crc(meter, verdict);
}

static bool losses_all(const struct kw_meter_survey *survey,
                       const struct kw_meter_case *meter,
                       struct kw_meter_verdict *verdict)
{
    verdict->count = survey->losses;
    verdict->share = share(survey->sum.timeouts, survey->sum.requests);
    if (!is_common(survey, survey->losses))
        return false;
    if (meter == NULL)
        return true;
    verdict->share = share(meter->counts.timeouts, meter->counts.requests);
    return loses(&meter->counts);
}

static bool losses(const struct kw_meter_survey *survey,
                   const struct kw_meter_case *meter,
                   struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->share = share(meter->counts.timeouts, meter->counts.requests);
    return loses(&meter->counts);
}

static bool foreign(const struct kw_meter_survey *survey,
                    const struct kw_meter_case *meter,
                    struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->count = meter->counts.foreign;
    verdict->share = share(meter->counts.foreign, meter->counts.requests);
    return exceeds(meter->counts.foreign, &meter->counts, foreign_share);
}

static bool narrowed(const struct kw_meter_survey *survey,
                     const struct kw_meter_case *meter,
                     struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->count = meter->refused;
    verdict->exception = meter->exception;
    return meter->refused > 0;
}

static bool exceptions(const struct kw_meter_survey *survey,
                       const struct kw_meter_case *meter,
                       struct kw_meter_verdict *verdict)
{
    (void)survey;
    verdict->exception = meter->exception;
    verdict->share = share(meter->counts.exceptions, meter->counts.requests);
    return exceeds(meter->counts.exceptions, &meter->counts, exceptions_share);
}

static bool slow(const struct kw_meter_survey *survey,
                 const struct kw_meter_case *meter,
                 struct kw_meter_verdict *verdict)
{
    return meter->counts.answers >= ENOUGH &&
           verdict->mean_us > slow_part * survey->line->timeout_us;
}

static bool masters(const struct kw_meter_survey *survey,
                    const struct kw_meter_case *meter,
                    struct kw_meter_verdict *verdict)
{
    (void)meter;
    verdict->count = survey->line->counts.masters;
    return survey->line->counts.masters > FEW;
}

/* Frames of others while meters were asked, and while none was. */
static bool foreign_line(const struct kw_meter_survey *survey,
                         const struct kw_meter_case *meter,
                         struct kw_meter_verdict *verdict)
{
    struct kw_meter_counts sum = survey->sum;

    (void)meter;
    sum.foreign += survey->line->counts.foreign;
    verdict->count = sum.foreign;
    return exceeds(sum.foreign, &sum, foreign_share);
}

static bool overload(const struct kw_meter_survey *survey,
                     const struct kw_meter_case *meter,
                     struct kw_meter_verdict *verdict)
{
    (void)meter;
    verdict->demand = survey->line->demand;
    return survey->line->demand > overload_from;
}

static bool noise(const struct kw_meter_survey *survey,
                  const struct kw_meter_case *meter,
                  struct kw_meter_verdict *verdict)
{
    (void)meter;
    verdict->count = survey->line->counts.noise;
    return survey->line->counts.noise > FEW &&
           share(survey->line->counts.noise, survey->sum.requests) > crc_share;
}

static bool echo(const struct kw_meter_survey *survey,
                 const struct kw_meter_case *meter,
                 struct kw_meter_verdict *verdict)
{
    (void)meter;
    verdict->count = survey->line->counts.echoes;
    return survey->line->counts.echoes > FEW;
}

static const struct rule meter_rules[] = {
    {KW_METER_VERDICT_SILENT_ALL, silent_all},
    {KW_METER_VERDICT_SILENT_SERIAL, silent_alone},
    {KW_METER_VERDICT_LATE, late},
    {KW_METER_VERDICT_BLOCK_SILENT, block},
    {KW_METER_VERDICT_FOREIGN, foreign},
    {KW_METER_VERDICT_SILENT, silent},
    {KW_METER_VERDICT_GARBLED_ALL, garbled_all},
    {KW_METER_VERDICT_GARBLED, garbled},
    {KW_METER_VERDICT_REFUSES, refuses},
    {KW_METER_VERDICT_TWICE, twice},
    {KW_METER_VERDICT_CRC_ALL, crc_all},
    {KW_METER_VERDICT_CRC_SOME, crc_some},
    {KW_METER_VERDICT_CRC, crc_one},
    {KW_METER_VERDICT_CRC_ALONE, crc_alone},
    {KW_METER_VERDICT_LOSSES_ALL, losses_all},
    {KW_METER_VERDICT_LOSSES, losses},
    {KW_METER_VERDICT_NARROWED, narrowed},
    {KW_METER_VERDICT_EXCEPTIONS, exceptions},
    {KW_METER_VERDICT_SLOW, slow},
};

static const struct rule line_rules[] = {
    {KW_METER_VERDICT_LINE_MASTERS, masters},
    {KW_METER_VERDICT_LINE_SILENT, silent_all},
    {KW_METER_VERDICT_LINE_GARBLED, garbled_all},
    {KW_METER_VERDICT_LINE_CRC, crc_all},
    {KW_METER_VERDICT_LINE_CRC_SOME, crc_some},
    {KW_METER_VERDICT_LINE_LOSSES, losses_all},
    {KW_METER_VERDICT_LINE_FOREIGN, foreign_line},
    {KW_METER_VERDICT_LINE_OVERLOAD, overload},
    {KW_METER_VERDICT_LINE_NOISE, noise},
    {KW_METER_VERDICT_LINE_ECHO, echo},
};

static struct kw_meter_verdict first_rule(const struct rule *rules,
                                          size_t count,
                                          const struct kw_meter_survey *survey,
                                          const struct kw_meter_case *meter)
{
    struct kw_meter_verdict fine = {.kind = KW_METER_VERDICT_FINE};

    if (survey->line->down)
        return fine; /* the line's state says it */
    for (size_t i = 0; i < count; i++) {
        struct kw_meter_verdict verdict = {
            .kind = (uint8_t)rules[i].kind,
            .of = survey->judged,
            .timeout_us = survey->line->timeout_us,
        };

        if (meter != NULL) {
            verdict.unit = meter->unit;
            verdict.mean_us = meter->counts.answers == 0
                                  ? 0
                                  : (uint32_t)(meter->counts.rtt_sum_us /
                                               meter->counts.answers);
        }
        if (rules[i].holds(survey, meter, &verdict))
            return verdict;
    }
    return fine;
}

struct kw_meter_verdict
kw_meter_verdict_line(const struct kw_meter_survey *survey)
{
    return first_rule(line_rules, sizeof(line_rules) / sizeof(line_rules[0]),
                      survey, NULL);
}

struct kw_meter_verdict
kw_meter_verdict_meter(const struct kw_meter_survey *survey, size_t index)
{
    return first_rule(meter_rules, sizeof(meter_rules) / sizeof(meter_rules[0]),
                      survey, &survey->line->meters[index]);
}

const char *kw_meter_verdict_key(const struct kw_meter_verdict *verdict)
{
    static const char *const keys[] = {
#define KW_METER_VERDICT_KEY(name, key) key,
        KW_METER_VERDICTS(KW_METER_VERDICT_KEY)
#undef KW_METER_VERDICT_KEY
    };

    return keys[verdict->kind];
}

/* "holding registers 800-801" */
static int put_gap(const struct kw_meter_gap *gap, char *text, size_t size)
{
    const char *things =
        kw_meter_things(gap->function, gap->last - gap->first + 1U);

    return snprintf(text, size, gap->first == gap->last ? "%s %u" : "%s %u-%u",
                    things, (unsigned)gap->first, (unsigned)gap->last);
}

/* The value that a name in braces stands for. */
static int put_value(const struct kw_meter_verdict *verdict, const char *name,
                     char *text, size_t size)
{
    switch (name[0]) {
    case 'u':
        return snprintf(text, size, "%u", (unsigned)verdict->unit);
    case 'r':
        return put_gap(&verdict->gap, text, size);
    case 's':
        return snprintf(text, size,
                        verdict->share < 0.0095 ? "%.1f %%" : "%.0f %%",
                        verdict->share * 100);
    case 'c':
        return snprintf(text, size, "%u", (unsigned)verdict->count);
    case 'o':
        return snprintf(text, size, "%u", (unsigned)verdict->of);
    case 'd':
        return snprintf(text, size, "%.2f", verdict->demand);
    case 'm':
        return snprintf(text, size, "%.0f ms", verdict->mean_us / 1000.0);
    case 't':
        return snprintf(text, size, "%.0f ms", verdict->timeout_us / 1000.0);
    default:
        return snprintf(text, size, "%u (%s)", (unsigned)verdict->exception,
                        kw_meter_exception_text(verdict->exception));
    }
}

void kw_meter_verdict_text(const struct kw_meter_verdict *verdict,
                           char text[KW_METER_VERDICT_SIZE])
{
    size_t length = 0;

    /* The longest sentence with the longest values fits; see the test. */
    for (const char *at = texts[verdict->kind]; *at != 0; at++) {
        if (*at != '{') {
            text[length++] = *at;
            continue;
        }
        length += (size_t)put_value(verdict, at + 1, text + length,
                                    KW_METER_VERDICT_SIZE - length);
        at = strchr(at, '}');
    }
    text[length] = 0;
}
