/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes frames of edge_runtime's serial protocol (edge_runtime/stream/frame.py defines it) in C99, without any allocation.
 *
 *   struct edge_frame frame;
 *   uint8_t line[EDGE_LINE(6 * 10 * 2)];
 *   edge_samples_begin(&frame, stream, boot, sequence, device_us, 10, 6, EDGE_INT16);
 *   for (...) edge_put_i16(&frame, value);
 *   size_t size = edge_finish(&frame, line);   // send these bytes
 *
 * EDGE_PAYLOAD is the room for values; define it before including this file if 512 bytes are not enough.
 */
#ifndef EDGE_FRAME_H
#define EDGE_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef EDGE_PAYLOAD
#define EDGE_PAYLOAD 512
#endif

#define EDGE_PROTOCOL 0x45
#define EDGE_HEAD 20
/* Bytes on the line, at most: COBS adds one for every 254, and the end. */
#define EDGE_LINE(values) ((values) + EDGE_HEAD + 4 + ((values) + EDGE_HEAD + 4) / 254 + 2)

enum edge_format { EDGE_INT16 = 0, EDGE_INT32 = 1, EDGE_FLOAT32 = 2 };

struct edge_frame {
    uint8_t packet[EDGE_HEAD + EDGE_PAYLOAD + 4];
    size_t size;
};

static inline void edge_put(struct edge_frame *frame, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes && frame->size < sizeof frame->packet - 4; i++)
        frame->packet[frame->size++] = (uint8_t)(value >> (8 * i));
}

static inline void edge_put_i16(struct edge_frame *frame, int16_t value) { edge_put(frame, (uint16_t)value, 2); }
static inline void edge_put_i32(struct edge_frame *frame, int32_t value) { edge_put(frame, (uint32_t)value, 4); }

static inline void edge_put_f32(struct edge_frame *frame, float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    edge_put(frame, bits, 4);
}

static inline void edge_samples_begin(struct edge_frame *frame, uint8_t stream, uint8_t boot, uint32_t sequence,
                                      uint64_t device_us, uint16_t samples, uint8_t channels,
                                      enum edge_format format) {
    frame->size = 0;
    edge_put(frame, EDGE_PROTOCOL, 1);
    edge_put(frame, 1, 1);
    edge_put(frame, stream, 1);
    edge_put(frame, boot, 1);
    edge_put(frame, sequence, 4);
    edge_put(frame, device_us, 8);
    edge_put(frame, samples, 2);
    edge_put(frame, channels, 1);
    edge_put(frame, (uint8_t)format, 1);
}

/* `rate_bits` are the bits of a 64-bit double: where double has only 32 bits (AVR), give the constant. */
static inline void edge_description_begin(struct edge_frame *frame, uint8_t stream, uint8_t boot, uint64_t rate_bits,
                                          uint8_t channels) {
    frame->size = 0;
    edge_put(frame, EDGE_PROTOCOL, 1);
    edge_put(frame, 2, 1);
    edge_put(frame, stream, 1);
    edge_put(frame, boot, 1);
    edge_put(frame, rate_bits, 8);
    edge_put(frame, channels, 1);
}

static inline void edge_put_channel(struct edge_frame *frame, const char *name, float scale, float offset) {
    size_t length = strlen(name);
    edge_put_f32(frame, scale);
    edge_put_f32(frame, offset);
    edge_put(frame, length, 1);
    for (size_t i = 0; i < length; i++) edge_put(frame, (uint8_t)name[i], 1);
}

static inline uint32_t edge_crc32(const uint8_t *data, size_t size) {
    uint32_t crc = 0xFFFFFFFFu;
    while (size--) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

/* Add the checksum, encode, and end with a zero; returns the bytes written to `line`. */
static inline size_t edge_finish(struct edge_frame *frame, uint8_t *line) {
    uint32_t crc = edge_crc32(frame->packet, frame->size);
    for (int i = 0; i < 4; i++) frame->packet[frame->size++] = (uint8_t)(crc >> (8 * i));
    size_t out = 1, code_at = 0;
    uint8_t code = 1;
    for (size_t i = 0; i < frame->size; i++) {
        if (frame->packet[i]) {
            line[out++] = frame->packet[i];
            code++;
        }
        if (!frame->packet[i] || (code == 0xFF && i + 1 < frame->size)) {
            line[code_at] = code;
            code_at = out++;
            code = 1;
        }
    }
    line[code_at] = code;
    line[out++] = 0;
    return out;
}

#endif
