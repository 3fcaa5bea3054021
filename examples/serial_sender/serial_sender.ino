// SPDX-License-Identifier: Apache-2.0
// Sends three analogue inputs at 100 Hz as edge_runtime's frames: ten samples a frame, a description once a second.
// In a pipeline file: [source] kind = "serial", port = "/dev/ttyACM0", channels = ["a0", "a1", "a2"], rate = "100 Hz".
#define EDGE_PAYLOAD 64
#include "edge_frame.h"

static const uint32_t PERIOD_US = 10000;
static const uint64_t RATE_BITS = 0x4059000000000000ULL;  // the double 100.0
static const uint16_t SAMPLES = 10;
static const uint8_t CHANNELS = 3;
static const float VOLTS_PER_STEP = 5.0f / 1023.0f;

static struct edge_frame frame;
static uint8_t line[EDGE_LINE(64)];
static uint8_t boot;
static uint32_t sequence;
static uint64_t next_us;

// micros() wraps after 71 minutes; this does not.
static uint64_t now_us() {
    static uint32_t last, high;
    uint32_t low = micros();
    if (low < last) high++;
    last = low;
    return ((uint64_t)high << 32) | low;
}

static void send_description() {
    edge_description_begin(&frame, 0, boot, RATE_BITS, CHANNELS);
    edge_put_channel(&frame, "a0", VOLTS_PER_STEP, 0.0f);
    edge_put_channel(&frame, "a1", VOLTS_PER_STEP, 0.0f);
    edge_put_channel(&frame, "a2", VOLTS_PER_STEP, 0.0f);
    Serial.write(line, edge_finish(&frame, line));
}

void setup() {
    Serial.begin(115200);
    // Noise of an open input tells this start from the one before.
    boot = (uint8_t)(analogRead(A5) ^ micros());
    next_us = now_us();
}

void loop() {
    if (sequence % 10 == 0) send_description();
    edge_samples_begin(&frame, 0, boot, sequence, next_us, SAMPLES, CHANNELS, EDGE_INT16);
    for (uint16_t i = 0; i < SAMPLES; i++) {
        while ((int64_t)(now_us() - next_us) < 0) {
        }
        edge_put_i16(&frame, analogRead(A0));
        edge_put_i16(&frame, analogRead(A1));
        edge_put_i16(&frame, analogRead(A2));
        next_us += PERIOD_US;
    }
    Serial.write(line, edge_finish(&frame, line));
    sequence++;
}
