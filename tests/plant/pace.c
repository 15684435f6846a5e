/* SPDX-License-Identifier: Apache-2.0 */
#include "pace.h"

#include <string.h>

static const int64_t second_ns = 1000000000;

bool kw_plant_pace_parse(const char *framing, unsigned *bits)
{
    if (strlen(framing) != 3 || strchr("78", framing[0]) == NULL ||
        strchr("NEO", framing[1]) == NULL || strchr("12", framing[2]) == NULL)
        return false;
    *bits = 1 + (unsigned)(framing[0] - '0') + (framing[1] != 'N') +
            (unsigned)(framing[2] - '0');
    return true;
}

int64_t kw_plant_pace_character_ns(const struct kw_plant_pace *pace)
{
    return pace->baud == 0 ? 0 : second_ns * pace->bits / pace->baud;
}

int64_t kw_plant_pace_silence_ns(const struct kw_plant_pace *pace)
{
    if (pace->baud == 0 || pace->baud > 19200)
        return 1750000;
    return second_ns * pace->bits * 7 / 2 / pace->baud;
}

size_t kw_plant_pace_due(int64_t elapsed_ns, int64_t character_ns,
                         size_t length)
{
    if (character_ns <= 0)
        return length;
    if (elapsed_ns < 0)
        return 0;
    size_t due = (size_t)(elapsed_ns / character_ns);
    return due < length ? due : length;
}
