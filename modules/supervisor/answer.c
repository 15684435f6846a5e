/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request gets. A read of a meter's unit is copied from the meter's
 * image; registers outside go to the line where the bridge is on. The points'
 * units are read from the point table. Everything else is exception 1, but for
 * the writes that station, role, unit and register are allowed.
 */
#include "base/text.h"
#include "supervisor/ask.h"
#include "supervisor/conn.h"
#include "supervisor/points.h"

#include <stdio.h>

enum { TEXT_SIZE = 160 };

/* Asks on the meter's line; 0 when the answer comes later. author is that of
 * a write. */
static size_t ask_line(struct kw_supervisor_conn *conn,
                       const struct kw_supervisor_unit *unit,
                       const struct kw_meter_ask *ask,
                       const struct kw_supervisor_author *author,
                       unsigned char *out)
{
    struct kw_supervisor *supervisor = conn->supervisor;
    struct kw_meter_line *line =
        kw_meter_find_line(supervisor->meter, unit->line);
    struct kw_meter_ask asked = *ask;
    const struct kw_supervisor_exchange *kept = NULL;
    unsigned code;

    asked.unit = unit->meter_unit;
    code = kw_supervisor_bridge_ask(&supervisor->bridge, line, &asked, author,
                                    &conn->waiter, &kept);
    if (code != 0)
        return kw_supervisor_put_exception(ask->function, code, out);
    if (kept != NULL)
        return kw_supervisor_bridge_put(kept, out);
    conn->waiting = true;
    return 0;
}

static size_t read_meter(struct kw_supervisor_conn *conn,
                         const struct kw_supervisor_unit *unit,
                         const struct kw_meter_ask *ask, unsigned char *out)
{
    struct kw_meter_ask own = *ask;
    uint8_t code;

    own.function = kw_supervisor_unit_function(unit, ask->function);
    switch (kw_meter_image_read(&unit->blocks, &own,
                                kw_clock_mono_ns(conn->supervisor->core->clock),
                                out + KW_SUPERVISOR_DATA_AT, &code)) {
    case KW_METER_IMAGE_GOOD:
        return kw_supervisor_put_data(ask, out);
    case KW_METER_IMAGE_BAD:
        return kw_supervisor_put_exception(
            ask->function, code != 0 ? code : KW_SUPERVISOR_NO_ANSWER, out);
    case KW_METER_IMAGE_OUTSIDE:
    default:
        break;
    }
    if (unit->bridged)
        return ask_line(conn, unit, ask, NULL, out);
    return kw_supervisor_put_exception(ask->function, KW_SUPERVISOR_NO_ADDRESS,
                                       out);
}

static size_t read_points(struct kw_supervisor *supervisor,
                          const struct kw_meter_ask *ask, unsigned registers,
                          unsigned char *out)
{
    struct kw_supervisor_points from = {
        .points = supervisor->core->points,
        .registers = registers,
        .nan = supervisor->conf->bad_points == KW_SUPERVISOR_BAD_NAN,
        .now_ms = kw_clock_wall_ms(supervisor->core->clock),
    };
    unsigned code =
        kw_supervisor_points_read(&from, ask, out + KW_SUPERVISOR_DATA_AT);

    return code == 0 ? kw_supervisor_put_data(ask, out)
                     : kw_supervisor_put_exception(ask->function, code, out);
}

static size_t answer_read(struct kw_supervisor_conn *conn,
                          const struct kw_supervisor_frame *frame,
                          unsigned char *out)
{
    struct kw_supervisor *supervisor = conn->supervisor;
    const struct kw_supervisor_unit *unit =
        &supervisor->units.list[frame->unit];
    struct kw_meter_ask ask;
    unsigned code =
        kw_supervisor_ask_parse(frame->pdu, frame->pdu_length, &ask);

    if (code != 0)
        return kw_supervisor_put_exception(frame->pdu[0], code, out);
    if (frame->unit == supervisor->conf->points_unit)
        return read_points(supervisor, &ask, KW_SUPERVISOR_F32, out);
    if (frame->unit == supervisor->conf->points_f64_unit)
        return read_points(supervisor, &ask, KW_SUPERVISOR_F64, out);
    if (unit->meter == NULL)
        return kw_supervisor_put_exception(ask.function, KW_SUPERVISOR_NO_PATH,
                                           out);
    return read_meter(conn, unit, &ask, out);
}

static size_t refuse_write(struct kw_supervisor_conn *conn,
                           const struct kw_supervisor_frame *frame,
                           unsigned char *out)
{
    struct kw_supervisor *supervisor = conn->supervisor;
    char text[TEXT_SIZE], actor[KW_SUPERVISOR_ACTOR_SIZE];
    struct kw_supervisor_news news = {
        .which = KW_SUPERVISOR_EVENT_WRITE_REFUSED,
        .on = true,
        .subject = conn->stream.peer,
        .text = text,
        .actor = actor,
    };
    const unsigned char *pdu = frame->pdu;

    supervisor->counters.writes_refused++;
    kw_supervisor_conn_actor(conn, actor);
    snprintf(text, sizeof(text), "function %u of unit %u, address %u, refused",
             pdu[0], frame->unit,
             frame->pdu_length >= 3 ? (unsigned)pdu[1] << 8 | pdu[2] : 0U);
    kw_supervisor_tell_limited(supervisor, &supervisor->write_refusals, &news);
    return kw_supervisor_put_exception(pdu[0], KW_SUPERVISOR_NO_FUNCTION, out);
}

static size_t answer_write(struct kw_supervisor_conn *conn,
                           const struct kw_supervisor_frame *frame,
                           unsigned char *out)
{
    struct kw_supervisor *supervisor = conn->supervisor;
    const struct kw_supervisor_unit *unit =
        &supervisor->units.list[frame->unit];
    struct kw_supervisor_author author = {.unit = frame->unit};
    struct kw_meter_ask ask;
    unsigned code;

    code = kw_supervisor_ask_parse(frame->pdu, frame->pdu_length, &ask);
    ask.unit = frame->unit;
    if (code != 0 || !conn->rights.write ||
        !kw_supervisor_write_allowed(supervisor->access, &conn->station, &ask))
        return refuse_write(conn, frame, out);
    if (unit->meter == NULL)
        return kw_supervisor_put_exception(ask.function, KW_SUPERVISOR_NO_PATH,
                                           out);
    kw_supervisor_conn_actor(conn, author.actor);
    (void)kw_text_copy(author.meter, sizeof(author.meter), unit->meter);
    return ask_line(conn, unit, &ask, &author, out);
}

size_t kw_supervisor_answer(struct kw_supervisor_conn *conn,
                            const struct kw_supervisor_frame *frame,
                            unsigned char *out)
{
    switch (kw_supervisor_kind_of(frame->pdu[0])) {
    case KW_SUPERVISOR_READ:
        if (conn->rights.read)
            return answer_read(conn, frame, out);
        break;
    case KW_SUPERVISOR_WRITE:
        return answer_write(conn, frame, out);
    case KW_SUPERVISOR_CHANGE:
        return refuse_write(conn, frame, out);
    case KW_SUPERVISOR_OTHER:
    default:
        break;
    }
    return kw_supervisor_put_exception(frame->pdu[0], KW_SUPERVISOR_NO_FUNCTION,
                                       out);
}

void kw_supervisor_written(void *arg,
                           const struct kw_supervisor_exchange *exchange)
{
    struct kw_supervisor *supervisor = arg;
    const struct kw_meter_ask *ask = &exchange->request.ask;
    const struct kw_supervisor_author *author = &exchange->author;
    char text[TEXT_SIZE];
    struct kw_supervisor_news news = {
        .which = KW_SUPERVISOR_EVENT_WRITTEN,
        .on = true,
        .subject = author->meter,
        .text = text,
        .actor = author->actor,
    };

    supervisor->counters.writes++;
    snprintf(text, sizeof(text),
             "function %u, unit %u, address %u, values %u: %s", ask->function,
             author->unit, ask->address, ask->count,
             exchange->exception == 0
                 ? "done"
                 : kw_meter_exception_text(exchange->exception));
    kw_supervisor_tell(supervisor, &news);
}
