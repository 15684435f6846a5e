/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line's beginning, its end, and its port or connection: opening, telling
 * the jobs, opening again after a pause. A connection that was good until now
 * is opened again at once (many devices close idle ones), and so is one that
 * broke without an answer a few times; one that can't be made after 2, 4, 8 and
 * at last 10 seconds.
 */
#include "meter/line_impl.h"

#include "base/mem.h"
#include "base/sample.h"
#include "base/text.h"
#include "core/core.h"
#include "meter/frame_rtu.h"
#include "meter/settings.h"
#include "meter/wire.h"
#include "net/stream.h"

#include <stdio.h>

enum {
    LOST_QUIETLY_MAX = 3,
    RUBBISH_MAX = 256 << 10, /* bytes a second */
};

static const uint64_t ns_per_ms = 1000000;
/* A connection may take longer than an answer, a TLS handshake has its own
 * time in net/stream. */
static const uint64_t open_timeout_ns = 3000000000U;
static const uint64_t second_ns = 1000000000U;
/* A line that has not babbled for so long begins with short pauses again. */
static const uint64_t babble_ns = 600 * 1000000000ULL;

static uint64_t now_ns_of(const struct kw_meter_line *line)
{
    return kw_clock_mono_ns(line->core->clock);
}

void kw_meter_line_why(struct kw_meter_line *line, const char *why)
{
    (void)kw_text_copy(line->why, sizeof(line->why), why);
}

static void show(struct kw_meter_line *line, enum kw_meter_line_state state)
{
    if (line->shown == state)
        return;
    line->shown = (uint8_t)state;
    line->owner.on_state(line->owner.arg, state);
}

void kw_meter_line_open(struct kw_meter_line *line, uint64_t now_ns)
{
    if (line->opening) {
        line->opening = false;
        line->link->ops->close(line->link);
        kw_meter_line_why(line, "no connection in time");
        kw_meter_line_lost(line, now_ns);
        return;
    }
    line->opening = true;
    line->open_ns =
        now_ns + (line->timeout_ns > open_timeout_ns ? line->timeout_ns
                                                     : open_timeout_ns);
    if (line->conf->tcp != NULL && line->conf->tcp->tls != NULL)
        line->open_ns += KW_STREAM_HANDSHAKE_MS * ns_per_ms;
    line->link->ops->open(line->link);
}

static void tell_down(struct kw_meter_line *line, uint64_t now_ns)
{
    line->told_up = false;
    line->told_down = true;
    show(line, KW_METER_LINE_DOWN);
    KW_LIST_EACH_SAFE (link, after, &line->jobs) {
        struct kw_meter_job *job =
            KW_LIST_ENTRY(link, struct kw_meter_job, link);

        job->ops->down(job, now_ns);
    }
}

void kw_meter_line_lost(struct kw_meter_line *line, uint64_t now_ns)
{
    /* Many devices close connections that were good: that is no failure as
     * long as the next one can be made and is good too. */
    bool was_open = line->open;
    bool again = was_open && line->failures < LOST_QUIETLY_MAX &&
                 line->rubbish <= RUBBISH_MAX;
    bool quietly = (again || line->renewing) && !line->suspended;
    unsigned pauses = again      ? 0
                      : was_open ? line->failures - LOST_QUIETLY_MAX + 1
                                 : line->failures + 1;

    uint64_t pause_ms = line->rubbish > RUBBISH_MAX
                            ? kw_meter_babble_ms(line->babbles)
                            : kw_meter_reopen_ms(pauses);

    line->open_ns =
        line->suspended ? UINT64_MAX : now_ns + pause_ms * ns_per_ms;
    line->rubbish = 0;
    line->failures++;
    line->open = line->renewing = false;
    line->cut = was_open;
    line->silent = 0;
    line->rx_length = 0;
    if (line->told_down)
        return;
    if (!quietly)
        tell_down(line, now_ns);
    else if (line->shown == KW_METER_LINE_UP)
        show(line, KW_METER_LINE_CONNECTING);
}

void kw_meter_line_suspend(struct kw_meter_line *line, const char *why)
{
    if (line->suspended || line->life.closing)
        return;
    kw_meter_line_enter(line);
    line->suspended = true;
    kw_meter_line_why(line, why);
    if (line->state == KW_METER_WIRE_DOWN) {
        line->opening = false;
        line->link->ops->close(line->link);
        kw_meter_line_lost(line, now_ns_of(line));
    } else {
        kw_meter_line_feed(line, KW_METER_WIRE_LOST);
    }
    kw_meter_line_leave(line);
}

void kw_meter_line_resume(struct kw_meter_line *line)
{
    if (!line->suspended || line->life.closing)
        return;
    kw_meter_line_enter(line);
    line->suspended = false;
    line->failures = 0;
    line->open_ns = now_ns_of(line);
    kw_meter_line_leave(line);
}

static void show_up(struct kw_meter_line *line)
{
    line->why[0] = 0;
    show(line, KW_METER_LINE_UP);
}

void kw_meter_line_answered(struct kw_meter_line *line)
{
    line->failures = 0;
    if (line->shown != KW_METER_LINE_UP)
        show_up(line);
}

static void tell_up(struct kw_meter_line *line, uint64_t now_ns)
{
    if (line->conf->serial != NULL || kw_list_empty(&line->jobs))
        show_up(line);
    else if (line->shown == KW_METER_LINE_DOWN && !line->cut)
        kw_meter_line_why(line, "connected, no answer yet");
    if (line->told_up)
        return;
    line->told_up = true;
    line->told_down = false;
    KW_LIST_EACH (link, &line->jobs) {
        struct kw_meter_job *job =
            KW_LIST_ENTRY(link, struct kw_meter_job, link);

        job->ops->up(job, now_ns);
    }
}

static void on_up(void *arg)
{
    struct kw_meter_line *line = arg;
    uint64_t now_ns = now_ns_of(line);

    kw_meter_line_enter(line);
    line->opening = false;
    line->open = true;
    line->active_ns = now_ns; /* what the line did before is not known */
    line->rx_length = 0;
    line->doubt.count = 0;
    if (line->rtu)
        kw_meter_trust_reset(line->trust);
    tell_up(line, now_ns);
    kw_meter_line_feed(line, KW_METER_WIRE_UP);
    kw_meter_line_leave(line);
}

static void on_down(void *arg, const char *why)
{
    struct kw_meter_line *line = arg;

    kw_meter_line_enter(line);
    line->opening = false;
    kw_meter_line_why(line, why);
    if (line->state == KW_METER_WIRE_DOWN)
        kw_meter_line_lost(line, now_ns_of(line));
    else
        kw_meter_line_feed(line, KW_METER_WIRE_LOST);
    kw_meter_line_leave(line);
}

static void count_rubbish(struct kw_meter_line *line, size_t length)
{
    uint64_t now_ns = now_ns_of(line);

    if (now_ns - line->second_ns >= second_ns) {
        line->second_ns = now_ns;
        line->rubbish = 0;
    }
    line->rubbish += length;
}

/* Closes a line on which bytes come without end: reading them costs time that
 * other lines need. */
static void end_babble(struct kw_meter_line *line)
{
    uint64_t now_ns = now_ns_of(line);

    line->babbles =
        now_ns - line->babble_ns < babble_ns ? line->babbles + 1 : 1;
    line->babble_ns = now_ns;
    kw_meter_line_why(line, "more than 256 KiB a second that nobody asked for");
    kw_meter_line_feed(line, KW_METER_WIRE_LOST);
}

static void on_bytes(void *arg, const unsigned char *bytes, size_t length)
{
    struct kw_meter_line *line = arg;

    kw_meter_line_enter(line);
    count_rubbish(line, length); /* line_time.c takes off what answers */
    kw_meter_line_read(line, bytes, length);
    if (line->rubbish > RUBBISH_MAX && !line->life.closing &&
        line->state != KW_METER_WIRE_DOWN)
        end_babble(line);
    kw_meter_line_leave(line);
}

static void on_sent(void *arg)
{
    struct kw_meter_line *line = arg;

    kw_meter_line_enter(line);
    kw_meter_line_feed(line, KW_METER_WIRE_SENT);
    kw_meter_line_leave(line);
}

static void on_silent(struct kw_wake *wake)
{
    struct kw_meter_line *line =
        KW_LIST_ENTRY(wake, struct kw_meter_line, silence);

    kw_meter_line_enter(line);
    kw_meter_line_feed(line, KW_METER_WIRE_SILENT);
    kw_meter_line_leave(line);
}

/* The last hold of a line that closes. */
static void on_over(void *arg)
{
    struct kw_meter_line *line = arg;

    kw_life_drop(&line->life);
}

static void free_line(struct kw_meter_line *line)
{
    kw_wake_close(&line->wake);
    kw_wake_close(&line->silence);
    kw_free(line->memory);
    kw_free(line->slots);
    kw_free(line->trace);
    kw_free(line->trust);
    kw_free(line);
}

static void on_gone(struct kw_life *life)
{
    struct kw_meter_line *line =
        KW_LIST_ENTRY(life, struct kw_meter_line, life);

    line->link->ops->free(line->link);
    line->owner.on_gone(line->owner.arg);
    free_line(line);
}

static void set_timing(struct kw_meter_line *line)
{
    const struct kw_meter_line_conf *conf = line->conf;
    const struct kw_meter_serial_conf *serial = conf->serial;
    uint64_t pause_ns = (uint64_t)conf->pause_ms * ns_per_ms;

    line->timeout_ns = (uint64_t)conf->timeout_ms * ns_per_ms;
    line->slots_max = 1;
    line->rtu = conf->tcp == NULL;
    if (serial != NULL) {
        struct kw_meter_rtu_line set = kw_meter_serial_framing(serial);

        line->char_ns = kw_meter_rtu_char_ns(&set);
        line->silence_ns = serial->silence_ms > 0
                               ? (uint64_t)(serial->silence_ms * 1e6)
                               : kw_meter_rtu_silence_ns(&set);
        if (serial->rs485 != NULL)
            line->lead_ns =
                (uint64_t)serial->rs485->delay_before_ms * ns_per_ms;
    } else if (conf->rtu_tcp != NULL) {
        line->silence_ns = (uint64_t)conf->rtu_tcp->silence_ms * ns_per_ms;
    } else {
        line->slots_max = (unsigned)conf->tcp->in_flight;
    }
    if (pause_ns > line->silence_ns)
        line->silence_ns = pause_ns;
}

static int make_parts(struct kw_meter_line *line)
{
    static const struct kw_meter_link_events events = {on_up, on_down, on_bytes,
                                                       on_sent};
    const struct kw_meter_line_conf *conf = line->conf;
    struct kw_meter_link_owner owner = {
        .events = &events,
        .arg = line,
        .life = &line->life,
        .loop = line->core->loop,
        .clock = line->core->clock,
        .jobs = line->core->jobs,
        .resolver = line->core->resolver,
    };

    line->memory = kw_alloc_array(2 * line->jobs_max, sizeof(*line->memory));
    line->slots = kw_alloc_array(line->slots_max, sizeof(*line->slots));
    line->trace = kw_alloc(sizeof(*line->trace));
    if (line->rtu)
        line->trust = kw_alloc(sizeof(*line->trust));
    if (conf->serial != NULL)
        line->link = kw_meter_serial_new(conf->serial, &owner);
    else
        line->link = kw_meter_tcp_new(
            conf->tcp != NULL ? conf->tcp : conf->rtu_tcp, &owner);
    if (line->memory == NULL || line->slots == NULL || line->trace == NULL ||
        line->link == NULL || (line->rtu && line->trust == NULL))
        return KW_ENOMEM;
    kw_meter_schedule_init(&line->schedule, line->memory, line->jobs_max);
    line->wake.run = kw_meter_line_on_wake;
    line->silence.run = on_silent;
    if (kw_wake_open(line->core->loop, &line->wake) != 0)
        return KW_ENOMEM;
    return line->rtu || line->silence_ns > 0
               ? kw_wake_open(line->core->loop, &line->silence)
               : 0;
}

int kw_meter_line_new(struct kw_meter_line **out, struct kw_core *core,
                      const struct kw_meter_line_conf *conf, size_t jobs,
                      const struct kw_meter_line_owner *owner)
{
    struct kw_meter_line *line = kw_alloc(sizeof(*line));
    int err;

    if (line == NULL)
        return KW_ENOMEM;
    line->core = core;
    line->conf = conf;
    line->owner = *owner;
    line->jobs_max = jobs;
    kw_list_init(&line->over.link);
    line->over.run = on_over;
    line->over.arg = line;
    kw_list_init(&line->jobs);
    kw_life_init(&line->life, on_gone);
    set_timing(line);
    kw_meter_usage_init(&line->usage, now_ns_of(line));
    err = make_parts(line);
    if (err != 0) {
        if (line->link != NULL)
            line->link->ops->free(line->link);
        free_line(line);
        return err;
    }
    kw_life_hold(&line->life); /* see kw_meter_line_close */
    /* In the loop's next turn: by then every module has started. */
    kw_wake_set(&line->wake, 0);
    *out = line;
    return 0;
}

void kw_meter_line_close(struct kw_meter_line *line)
{
    if (!kw_life_close(&line->life)) /* it holds itself: not gone yet */
        return;
    while (!kw_list_empty(&line->jobs))
        kw_meter_line_remove(
            KW_LIST_ENTRY(line->jobs.next, struct kw_meter_job, link));
    line->link->ops->close(line->link);
    kw_wake_clear(&line->wake);
    kw_wake_clear(&line->silence);
    kw_loop_turn_end(line->core->loop, &line->over);
}

const struct kw_meter_line_conf *
kw_meter_line_conf(const struct kw_meter_line *line)
{
    return line->conf;
}

enum kw_meter_line_state kw_meter_line_state(const struct kw_meter_line *line)
{
    return line->shown;
}

bool kw_meter_line_is_open(const struct kw_meter_line *line)
{
    return line->open;
}

const char *kw_meter_line_text(const struct kw_meter_line *line)
{
    return line->why;
}

double kw_meter_line_usage(const struct kw_meter_line *line)
{
    return kw_meter_usage_share(&line->usage, now_ns_of(line));
}

uint64_t kw_meter_line_foreign(const struct kw_meter_line *line)
{
    return line->foreign;
}

uint8_t kw_meter_answer_quality(const struct kw_meter_answer *answer)
{
    switch (answer->outcome) {
    case KW_METER_GOOD:
        return KW_QUALITY_GOOD;
    case KW_METER_GARBLED:
        return KW_QUALITY_BAD_CRC;
    case KW_METER_FOREIGN:
        return KW_QUALITY_BAD_FOREIGN;
    case KW_METER_LINE:
        return KW_QUALITY_BAD_LINE;
    case KW_METER_EXCEPTION:
        if (!kw_meter_exception_is_silence(answer->exception))
            return KW_QUALITY_BAD_EXCEPTION;
        break;
    case KW_METER_TIMEOUT:
        break;
    }
    return KW_QUALITY_BAD_TIMEOUT;
}

void kw_meter_line_address(const struct kw_meter_line_conf *conf, char *text,
                           size_t size)
{
    static const char letters[] = "NEO";
    const struct kw_meter_serial_conf *serial = conf->serial;
    const struct kw_meter_tcp_conf *tcp =
        conf->tcp != NULL ? conf->tcp : conf->rtu_tcp;

    if (serial != NULL)
        snprintf(text, size, "%s %d 8%c%d", serial->port, (int)serial->baud,
                 letters[serial->parity], (int)serial->stop_bits);
    else
        snprintf(text, size, "%s:%u%s", tcp->host, kw_meter_tcp_port(tcp),
                 tcp->tls != NULL ? " TLS" : "");
}
