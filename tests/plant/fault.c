/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include "frame.h"

#include <string.h>

static const struct row {
    const char *name;
    enum kw_plant_fault_kind kind;
    unsigned standard, limit; /* parameter; limit 0 = has none */
    bool serial, tcp;
} rows[] = {
    {"late", KW_PLANT_LATE, 1000, 600000, true, true},
    {"truncated", KW_PLANT_TRUNCATED, 0, 0, true, true},
    {"wrong_unit", KW_PLANT_WRONG_UNIT, 0, 0, true, true},
    {"bad_crc", KW_PLANT_BAD_CRC, 0, 0, true, false},
    {"drip", KW_PLANT_DRIP, 20, 10000, true, true},
    {"exception", KW_PLANT_EXCEPTION, 4, 11, true, true},
    {"dead", KW_PLANT_DEAD, 0, 0, true, true},
    {"foreign_tid", KW_PLANT_FOREIGN_TID, 0, 0, false, true},
    {"wrong_length", KW_PLANT_WRONG_LENGTH, 0, 0, true, true},
    {"close", KW_PLANT_CLOSE, 0, 0, false, true},
    {"babble", KW_PLANT_BABBLE, 100, 65536, true, true},
    {"big", KW_PLANT_BIG, 0, 0, true, true},
    {"nameless", KW_PLANT_NAMELESS, 0, 0, true, true},
};

/* Cuts `(parameter)` off the name. */
static bool parse_parameter(char *name, const struct row **row,
                            unsigned *parameter)
{
    char *bracket = strchr(name, '(');
    if (bracket != NULL)
        *bracket++ = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            *row = &rows[i];
    if (*row == NULL)
        return false;
    *parameter = (*row)->standard;
    if (bracket == NULL)
        return true;
    char *end = strchr(bracket, ')');
    uint64_t value = 0;
    if (end == NULL || end[1] != '\0')
        return false;
    *end = '\0';
    if (!kw_plant_parse_whole(bracket, 10, (*row)->limit, &value) || value == 0)
        return false;
    *parameter = (unsigned)value;
    return true;
}

int kw_plant_fault_parse(const char *text, bool tcp,
                         struct kw_plant_fault *fault,
                         struct kw_plant_diag *diag)
{
    char name[64];
    const struct row *row = NULL;
    unsigned parameter = 0;
    if (!kw_plant_copy(name, sizeof name, text) ||
        !parse_parameter(name, &row, &parameter))
        return kw_plant_say(diag,
                            "'%s': expected late(ms) truncated "
                            "wrong_unit bad_crc drip(ms) exception(code) dead "
                            "foreign_tid wrong_length close babble(bytes) "
                            "big or nameless",
                            text);
    if (tcp ? !row->tcp : !row->serial)
        return kw_plant_say(diag, "'%s' is not for %s", text,
                            tcp ? "TCP" : "serial lines");
    *fault = (struct kw_plant_fault){.kind = row->kind, .parameter = parameter};
    return 0;
}

struct kw_plant_fault kw_plant_fault_take(struct kw_plant_fault *fault)
{
    struct kw_plant_fault taken = *fault;
    if (fault->left > 0 && --fault->left == 0)
        fault->kind = KW_PLANT_NO_FAULT;
    return taken;
}

/* One register less, with lengths and CRC that agree with it. Replies without
 * registers stay as they are. */
static size_t shorten(bool tcp, uint8_t *frame, size_t length)
{
    size_t unit = tcp ? KW_PLANT_MBAP_BYTES - 1 : 0;
    size_t tail = tcp ? 0 : 2;
    if (length < unit + 3 + 2 + tail || (frame[unit + 1] & 0x80) != 0)
        return length;
    length -= 2;
    frame[unit + 2] = (uint8_t)(frame[unit + 2] - 2);
    if (tcp)
        frame[5] = (uint8_t)(frame[5] - 2);
    else
        kw_plant_frame_add_crc(frame, length - tail);
    return length;
}

static void rename_unit(bool tcp, uint8_t *frame, size_t length)
{
    size_t unit = tcp ? KW_PLANT_MBAP_BYTES - 1 : 0;
    frame[unit] = (uint8_t)(frame[unit] % 247 + 1);
    if (!tcp)
        kw_plant_frame_add_crc(frame, length - 2);
}

/* Fills with bytes that look random. */
static void fill(uint8_t *bytes, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        bytes[i] = (uint8_t)(kw_plant_mix(to, i) & 0xFF);
}

uint8_t *kw_plant_fault_spoil(const struct kw_plant_fault *fault, bool tcp,
                              const uint8_t *frame, size_t length,
                              size_t *new_length)
{
    size_t extra = 0;
    if (fault->kind == KW_PLANT_BABBLE)
        extra = fault->parameter;
    else if (fault->kind == KW_PLANT_BIG && length < KW_PLANT_BIG_BYTES)
        extra = KW_PLANT_BIG_BYTES - length;
    uint8_t *bytes = kw_plant_alloc(length + extra, 1);
    memcpy(bytes, frame, length);
    fill(bytes, length, length + extra);
    *new_length = length + extra;

    if (length < 4)
        return bytes;
    if (fault->kind == KW_PLANT_TRUNCATED)
        *new_length = length / 2;
    else if (fault->kind == KW_PLANT_WRONG_UNIT)
        rename_unit(tcp, bytes, length);
    else if (fault->kind == KW_PLANT_BAD_CRC)
        bytes[length - 1] ^= 0x55;
    else if (fault->kind == KW_PLANT_FOREIGN_TID)
        bytes[1] = (uint8_t)(bytes[1] + 1);
    else if (fault->kind == KW_PLANT_WRONG_LENGTH)
        *new_length = shorten(tcp, bytes, length);
    return bytes;
}
