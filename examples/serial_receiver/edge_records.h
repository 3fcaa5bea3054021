/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes in records that edge_runtime sends over a serial line (edge_runtime/telemetry/serial/frames.py defines the protocol), in C99 and
 * without any allocation. edge_frame.h, from the serial sender's example, must be on the include path.
 *
 *   static struct edge_receiver receiver;               // zero: it has seen nothing
 *   uint8_t reply[EDGE_REPLY];
 *   switch (edge_receive(&receiver, byte)) {             // for every byte that comes
 *   case EDGE_RECORD: keep(edge_cbor(&receiver));        // make it safe first, then fall through
 *   case EDGE_REPEAT: send(reply, edge_acknowledge(&receiver, reply)); break;
 *   case EDGE_TOO_LONG: send(reply, edge_refuse(&receiver, reply)); break;
 *   case EDGE_NOTHING: break;
 *   }
 *
 * EDGE_RECORD_MAX is the room for a record's CBOR; define it before including this file if 1024 bytes do not suit.
 */
#ifndef EDGE_RECORDS_H
#define EDGE_RECORDS_H

#include "edge_frame.h"

#ifndef EDGE_RECORD_MAX
#define EDGE_RECORD_MAX 1024
#endif

#define EDGE_RECORD_HEAD 12
#define EDGE_REPLY EDGE_LINE(0)
/* What a CRC-32 register holds after a packet and its own checksum have gone through it. */
#define EDGE_CRC_WHOLE 0xDEBB20E3u

enum edge_event { EDGE_NOTHING, EDGE_RECORD, EDGE_REPEAT, EDGE_TOO_LONG };

struct edge_receiver {
    uint8_t packet[EDGE_RECORD_HEAD + EDGE_RECORD_MAX + 4];
    size_t size;       /* decoded bytes of this frame, kept or not */
    size_t length;     /* bytes of the last record's CBOR */
    uint32_t crc;
    uint8_t code;      /* COBS: what the last code byte was, */
    uint8_t left;      /* and how many bytes come before the next */
    uint8_t pending;   /* whether a zero follows if another byte does */
    uint8_t begun;     /* whether anything of this frame has come */
    uint8_t known;     /* whether there has been a session */
    uint32_t session;  /* the last record's, */
    uint32_t sequence;
    uint32_t newest;   /* and which of the newest 64 have been acknowledged */
    uint64_t taken;
};

/* A piece of CBOR. */
struct edge_item {
    const uint8_t *at, *end;
};

static inline void edge_decoded(struct edge_receiver *r, uint8_t byte) {
    if (r->size < sizeof r->packet) r->packet[r->size] = byte;
    r->size++;
    r->crc ^= byte;
    for (int bit = 0; bit < 8; bit++) r->crc = (r->crc >> 1) ^ (0xEDB88320u & (0u - (r->crc & 1u)));
}

static inline uint32_t edge_u32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline int edge_was_taken(const struct edge_receiver *r) {
    uint32_t age = r->newest - r->sequence;
    if (!r->known || age >= 0x80000000u) return 0;
    return age >= 64 || (r->taken >> age & 1);
}

static inline enum edge_event edge_frame_ends(struct edge_receiver *r) {
    if (r->left || r->crc != EDGE_CRC_WHOLE || r->size <= EDGE_RECORD_HEAD + 4) return EDGE_NOTHING;
    if (r->packet[0] != EDGE_PROTOCOL || r->packet[1] != 3) return EDGE_NOTHING;
    uint32_t session = edge_u32(r->packet + 4);
    if (session != r->session) r->known = 0;
    r->session = session;
    r->sequence = edge_u32(r->packet + 8);
    if (r->size > sizeof r->packet) return EDGE_TOO_LONG;
    r->length = r->size - EDGE_RECORD_HEAD - 4;
    return edge_was_taken(r) ? EDGE_REPEAT : EDGE_RECORD;
}

/* Take in a byte, and say what it completes. */
static inline enum edge_event edge_receive(struct edge_receiver *r, uint8_t byte) {
    if (byte == 0) {
        enum edge_event event = r->begun ? edge_frame_ends(r) : EDGE_NOTHING;
        r->begun = 0;
        return event;
    }
    if (!r->begun) {
        r->begun = 1;
        r->size = 0;
        r->crc = 0xFFFFFFFFu;
        r->left = 0;
        r->pending = 0;
    }
    if (r->left == 0) {
        if (r->pending) edge_decoded(r, 0);
        r->code = byte;
        r->left = (uint8_t)(byte - 1);
        r->pending = byte != 0xFF;
    } else {
        r->left--;
        edge_decoded(r, byte);
    }
    return EDGE_NOTHING;
}

static inline size_t edge_reply(const struct edge_receiver *r, uint8_t status, uint8_t *line) {
    struct edge_frame frame;
    frame.size = 0;
    edge_put(&frame, EDGE_PROTOCOL, 1);
    edge_put(&frame, 4, 1);
    edge_put(&frame, status, 1);
    edge_put(&frame, 0, 1);
    edge_put(&frame, r->session, 4);
    edge_put(&frame, r->sequence, 4);
    return edge_finish(&frame, line);
}

/* Remember that the last record is safe, and write what tells the device so into `line`; returns the bytes to send. */
static inline size_t edge_acknowledge(struct edge_receiver *r, uint8_t *line) {
    uint32_t ahead = r->sequence - r->newest;
    if (!r->known) {
        r->known = 1;
        r->newest = r->sequence;
        r->taken = 1;
    } else if (ahead && ahead < 0x80000000u) {
        r->taken = ahead < 64 ? r->taken << ahead | 1 : 1;
        r->newest = r->sequence;
    } else if (r->newest - r->sequence < 64) {
        r->taken |= (uint64_t)1 << (r->newest - r->sequence);
    }
    return edge_reply(r, 0, line);
}

/* The last record was too long and will never be taken: the device gives it up, and counts it. */
static inline size_t edge_refuse(struct edge_receiver *r, uint8_t *line) { return edge_reply(r, 1, line); }

/* The last record: valid until the next byte is taken in. */
static inline struct edge_item edge_cbor(const struct edge_receiver *r) {
    struct edge_item item = {r->packet + EDGE_RECORD_HEAD, r->packet + EDGE_RECORD_HEAD + r->length};
    return item;
}

/* Read an item's head: its major type and argument. Returns where its content begins, or NULL. */
static inline const uint8_t *edge_head(struct edge_item item, uint8_t *major, uint64_t *value) {
    if (item.at == NULL || item.at >= item.end) return NULL;
    uint8_t first = *item.at++, more = first & 31;
    *major = first >> 5;
    *value = more;
    if (more < 24) return item.at;
    if (more > 27) return NULL;
    size_t bytes = (size_t)1 << (more - 24);
    if ((size_t)(item.end - item.at) < bytes) return NULL;
    *value = 0;
    while (bytes--) *value = *value << 8 | *item.at++;
    return item.at;
}

/* Return where the item ends, or NULL if it is not whole. */
static inline const uint8_t *edge_skip(struct edge_item item) {
    uint64_t open = 1; /* items that are still to come */
    while (open) {
        uint8_t major;
        uint64_t value;
        item.at = edge_head(item, &major, &value);
        if (item.at == NULL) return NULL;
        open--;
        uint64_t room = (uint64_t)(item.end - item.at);
        if (major == 2 || major == 3) {
            if (value > room) return NULL;
            item.at += value;
        } else if (major == 4 || major == 5) {
            /* Each item within takes a byte at least. */
            if (value > room) return NULL;
            open += major == 4 ? value : 2 * value;
        } else if (major == 6) {
            open++;
        }
        if (open > room + 1) return NULL;
    }
    return item.at;
}

/* Find a key of a map; returns its value, or an item whose `at` is NULL. */
static inline struct edge_item edge_find(struct edge_item map, const char *key) {
    struct edge_item none = {NULL, NULL};
    uint8_t major = 0;
    uint64_t pairs = 0, size = 0;
    size_t wanted = strlen(key);
    map.at = edge_head(map, &major, &pairs);
    if (map.at == NULL || major != 5) return none;
    while (pairs--) {
        const uint8_t *text = edge_head(map, &major, &size);
        const uint8_t *after = edge_skip(map);
        if (text == NULL || after == NULL) return none;
        map.at = after;
        if (major == 3 && size == wanted && memcmp(text, key, wanted) == 0) return map;
        map.at = edge_skip(map);
        if (map.at == NULL) return none;
    }
    return none;
}

/* Read an integer; returns whether it is one that fits. */
static inline int edge_int(struct edge_item item, int64_t *value) {
    uint8_t major;
    uint64_t bits;
    if (edge_head(item, &major, &bits) == NULL || major > 1 || bits > INT64_MAX) return 0;
    *value = major ? -1 - (int64_t)bits : (int64_t)bits;
    return 1;
}

/* Read a text, which is not ended by a zero; returns whether it is one. */
static inline int edge_text(struct edge_item item, const char **text, size_t *size) {
    uint8_t major;
    uint64_t bytes;
    const uint8_t *at = edge_head(item, &major, &bytes);
    if (at == NULL || major != 3 || bytes > (uint64_t)(item.end - at)) return 0;
    *text = (const char *)at;
    *size = (size_t)bytes;
    return 1;
}

/* Read a 32-bit or 64-bit floating-point number as a float (from a double it is cut, not rounded); returns whether it is one. */
static inline int edge_float(struct edge_item item, float *value) {
    uint8_t major;
    uint64_t bits;
    if (edge_head(item, &major, &bits) == NULL || major != 7) return 0;
    uint8_t width = *item.at & 31;
    uint32_t out = (uint32_t)bits;
    if (width == 27) {
        int32_t exponent = (int32_t)(bits >> 52 & 0x7FF) - 1023;
        uint32_t sign = (uint32_t)(bits >> 63) << 31, fraction = (uint32_t)(bits >> 29) & 0x7FFFFF;
        if (exponent < -126) out = sign;
        else if (exponent > 127) out = sign | 0x7F800000u | (exponent == 1024 ? fraction : 0);
        else out = sign | (uint32_t)(exponent + 127) << 23 | fraction;
    } else if (width != 26) {
        return 0;
    }
    memcpy(value, &out, 4);
    return 1;
}

/* Step through an array: `item` is the array at first; returns whether there is a next element, and puts it there.
 * `left` counts down; set it to 0 before the first call. */
static inline int edge_next(struct edge_item *item, uint64_t *left) {
    uint8_t major;
    uint64_t count;
    if (*left == 0) {
        const uint8_t *first = edge_head(*item, &major, &count);
        if (first == NULL || major != 4 || count == 0) return 0;
        item->at = first;
        *left = count;
        return 1;
    }
    if (--*left == 0) return 0;
    item->at = edge_skip(*item);
    return item->at != NULL;
}

#endif
