/* SPDX-License-Identifier: Apache-2.0 */
/* What the module tells the rest of the program and its people. */
#include "core/hub.h"
#include "supervisor/rows.h"
#include "supervisor/state.h"

#include <stdio.h>

enum { TEXT_SIZE = 320, EVENT_TOKENS = 10 };

const struct kw_event_kind kw_supervisor_events[] = {
    [KW_SUPERVISOR_EVENT_ADDRESS_CLOSED] =
        {"supervisor_address_closed", KW_SEVERITY_WARNING, true, false,
         "The Modbus server can't listen on one of its addresses."},
    [KW_SUPERVISOR_EVENT_CERTIFICATE_BAD] =
        {"supervisor_certificate_bad", KW_SEVERITY_ALARM, true, true,
         "A certificate, key or authority of Modbus/TCP Security can't be "
         "used."},
    [KW_SUPERVISOR_EVENT_REFUSED] =
        {"supervisor_refused", KW_SEVERITY_WARNING, false, true,
         "A connection to the Modbus server was refused."},
    [KW_SUPERVISOR_EVENT_WRITTEN] =
        {"supervisor_written", KW_SEVERITY_INFO, false, true,
         "A station has written to a meter over Modbus."},
    [KW_SUPERVISOR_EVENT_WRITE_REFUSED] =
        {"supervisor_write_refused", KW_SEVERITY_WARNING, false, true,
         "A station wanted to write over Modbus and may not."},
    {0},
};

void kw_supervisor_tell(struct kw_supervisor *supervisor,
                        const struct kw_supervisor_news *news)
{
    const struct kw_event_kind *kind = &kw_supervisor_events[news->which];
    struct kw_event event = {
        .kind = kind,
        .time_ms = kw_clock_wall_ms(supervisor->core->clock),
        .on = news->on,
        .subject = news->subject,
        .text = news->text,
        .actor = news->actor,
    };
    bool bad = news->on && kind->severity != KW_SEVERITY_INFO;

    kw_log_write(supervisor->core->log, bad ? KW_LOG_WARN : KW_LOG_NOTICE,
                 "supervisor", "%s: %s", news->subject, news->text);
    kw_hub_publish_event(supervisor->core->hub, &event);
}

void kw_supervisor_tell_limited(struct kw_supervisor *supervisor,
                                struct kw_supervisor_limiter *limiter,
                                const struct kw_supervisor_news *news)
{
    uint64_t now_ns = kw_clock_mono_ns(supervisor->core->clock);
    struct kw_supervisor_news told = *news;
    char text[TEXT_SIZE];

    /* One a second fills the bucket: one event in ten seconds. */
    if (!kw_bucket_take(&limiter->bucket, EVENT_TOKENS, now_ns)) {
        limiter->untold++;
        return;
    }
    if (limiter->untold > 0) {
        snprintf(text, sizeof(text), "%s; %llu more since the last one",
                 news->text, (unsigned long long)limiter->untold);
        told.text = text;
    }
    limiter->untold = 0;
    kw_supervisor_tell(supervisor, &told);
}
