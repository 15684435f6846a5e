/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/refusal.h"

enum kw_meter_refusal kw_meter_refusal(unsigned code)
{
    switch (code) {
    case 1:
        return KW_METER_REFUSAL_FUNCTION;
    case 2: /* illegal data address */
    case 3: /* illegal data value: too many registers, for some */
        return KW_METER_REFUSAL_NARROWS;
    case 5: /* acknowledge: works on it */
    case 6: /* busy */
        return KW_METER_REFUSAL_BUSY;
    default:
        return KW_METER_REFUSAL_FAILS;
    }
}

unsigned kw_meter_narrow_ask(const struct kw_meter_narrow *narrow,
                             unsigned points)
{
    if (narrow->refused == 0)
        return points;
    if (narrow->first_alone && narrow->good == 0)
        return 1;
    return (narrow->good + narrow->refused) / 2U;
}

enum kw_meter_narrowed kw_meter_narrow_step(struct kw_meter_narrow *narrow,
                                            unsigned points, unsigned asked,
                                            bool answered)
{
    if (answered && asked == points)
        return KW_METER_NARROW_WHOLE;
    if (answered)
        narrow->good = (uint16_t)asked;
    else
        narrow->refused = (uint16_t)asked;
    if (narrow->refused == 1)
        return KW_METER_NARROW_MISSING;
    if (narrow->refused == narrow->good + 1)
        return KW_METER_NARROW_SPLIT;
    return KW_METER_NARROW_MORE;
}
