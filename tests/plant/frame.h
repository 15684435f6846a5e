/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the plant itself has to know of Modbus frames; libmodbus does the
 * rest. Pure. Source: MODBUS application protocol V1.1b3.
 */
#ifndef KW_PLANT_FRAME_H
#define KW_PLANT_FRAME_H

#include "util.h"

enum {
    KW_PLANT_ADU_BYTES = 260,
    KW_PLANT_MBAP_BYTES = 7, /* transaction, protocol, length, unit */
    KW_PLANT_REPORT_ID = 17,
    KW_PLANT_DEVICE_ID = 43
};

/* The length of the serial request that starts with these bytes, with its
 * CRC; 0 if more bytes are needed to tell, -1 if the function is unknown. */
int kw_plant_frame_length(const uint8_t *bytes, size_t length);

/* True if the last two bytes are the CRC of those before. */
bool kw_plant_frame_crc_ok(const uint8_t *bytes, size_t length);

/* Appends the CRC; `bytes` has room for two more. Returns the new length. */
size_t kw_plant_frame_add_crc(uint8_t *bytes, size_t length);

/* The length of the TCP frame that starts with these bytes; 0 if more are
 * needed, -1 if this cannot be a Modbus frame. */
int kw_plant_frame_tcp_length(const uint8_t *bytes, size_t length);

/* Builds the answer to function 17, or to 43/14, for a device. `request` is
 * the request from the unit on, without CRC; `reply` gets the same part of
 * the reply and has room for KW_PLANT_ADU_BYTES. Returns its length. */
size_t kw_plant_frame_report(uint8_t unit, const char *text, uint8_t *reply);
size_t kw_plant_frame_identify(const uint8_t *request, size_t length,
                               const char *const objects[3], uint8_t *reply);

#endif
