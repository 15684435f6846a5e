/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <string.h>
#include <time.h>

void kw_plant_clock_init(struct kw_plant_clock *clock, int64_t start_ms,
                         double speed)
{
    *clock = (struct kw_plant_clock){
        .from_ns = kw_plant_now_ns(),
        .from_ms = (double)start_ms,
        .speed = speed,
    };
    pthread_mutex_init(&clock->lock, NULL);
}

void kw_plant_clock_fini(struct kw_plant_clock *clock)
{
    pthread_mutex_destroy(&clock->lock);
}

double kw_plant_clock_at(const struct kw_plant_clock *clock, int64_t now_ns)
{
    if (clock->frozen)
        return clock->from_ms;
    return clock->from_ms +
           (double)(now_ns - clock->from_ns) / 1e6 * clock->speed;
}

int64_t kw_plant_clock_tick(struct kw_plant_clock *clock, int64_t tick_ms)
{
    pthread_mutex_lock(&clock->lock);
    double now_ms = kw_plant_clock_at(clock, kw_plant_now_ns());
    pthread_mutex_unlock(&clock->lock);
    return (int64_t)now_ms / tick_ms * tick_ms;
}

/* Makes the present moment the one to count from. */
static void rebase(struct kw_plant_clock *clock)
{
    int64_t now_ns = kw_plant_now_ns();
    clock->from_ms = kw_plant_clock_at(clock, now_ns);
    clock->from_ns = now_ns;
}

void kw_plant_clock_speed(struct kw_plant_clock *clock, double speed)
{
    pthread_mutex_lock(&clock->lock);
    rebase(clock);
    clock->speed = speed;
    pthread_mutex_unlock(&clock->lock);
}

void kw_plant_clock_freeze(struct kw_plant_clock *clock, bool frozen)
{
    pthread_mutex_lock(&clock->lock);
    rebase(clock);
    clock->frozen = frozen;
    pthread_mutex_unlock(&clock->lock);
}

/* `Z`, or `+hh:mm` and `-hh:mm`. */
static bool parse_zone(const char *text, int64_t *offset_ms)
{
    if (strcmp(text, "Z") == 0) {
        *offset_ms = 0;
        return true;
    }
    char hours[3] = "", minutes[3] = "";
    uint64_t h = 0, m = 0;
    if (strlen(text) != 6 || (*text != '+' && *text != '-') || text[3] != ':')
        return false;
    memcpy(hours, text + 1, 2);
    memcpy(minutes, text + 4, 2);
    if (!kw_plant_parse_whole(hours, 10, 14, &h) ||
        !kw_plant_parse_whole(minutes, 10, 59, &m))
        return false;
    int64_t size = (int64_t)(h * 60 + m) * 60000;
    *offset_ms = *text == '-' ? -size : size;
    return true;
}

bool kw_plant_clock_parse(const char *text, int64_t *time_ms,
                          int64_t *offset_ms)
{
    struct tm parts = {0};
    if (strcmp(text, "now") == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &parts);
        *offset_ms = (int64_t)parts.tm_gmtoff * 1000;
        *time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
        return true;
    }
    const char *zone = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (zone == NULL || !parse_zone(zone, offset_ms))
        return false;
    *time_ms = (int64_t)timegm(&parts) * 1000 - *offset_ms;
    return *time_ms > 0;
}
