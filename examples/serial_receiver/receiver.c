/* SPDX-License-Identifier: Apache-2.0
 *
 * Stands at the other end of the line, as a microcontroller would: reads records from a terminal, writes a line for each to standard
 * output, and acknowledges. Usage: receiver DEVICE
 *
 * A port to a microcontroller replaces read(), write() and printf(); the rest stays.
 */
#define _DEFAULT_SOURCE
#include "edge_records.h"

#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static void keep(struct edge_item record) {
    const char *id = "?", *kind = "?", *name = "?";
    size_t id_size = 1, kind_size = 1, name_size = 1;
    int64_t t_ns = 0, index = -1, output = 0;
    float latency_ms = 0;
    edge_text(edge_find(record, "id"), &id, &id_size);
    edge_text(edge_find(record, "kind"), &kind, &kind_size);
    edge_text(edge_find(record, "name"), &name, &name_size);
    edge_int(edge_find(record, "t_ns"), &t_ns);
    edge_int(edge_find(record, "index"), &index);
    edge_float(edge_find(record, "latency_ms"), &latency_ms);
    printf("%.*s %.*s %lld %lld %.*s %.3f", (int)id_size, id, (int)kind_size, kind, (long long)t_ns, (long long)index,
           (int)name_size, name, (double)latency_ms);
    struct edge_item item = edge_find(record, "outputs");
    for (uint64_t left = 0; edge_next(&item, &left);)
        if (edge_int(item, &output)) printf(" %lld", (long long)output);
    printf("\n");
    /* Only what is safe may be acknowledged. */
    fflush(stdout);
}

int main(int count, char **arguments) {
    static struct edge_receiver receiver;
    uint8_t reply[EDGE_REPLY], bytes[256];
    int port = count == 2 ? open(arguments[1], O_RDWR | O_NOCTTY) : -1;
    struct termios settings;
    if (port < 0 || tcgetattr(port, &settings)) {
        fprintf(stderr, "usage: receiver DEVICE\n");
        return 2;
    }
    cfmakeraw(&settings);
    cfsetspeed(&settings, B115200);
    tcsetattr(port, TCSANOW, &settings);
    for (;;) {
        ssize_t got = read(port, bytes, sizeof bytes);
        if (got <= 0) return 0;
        for (ssize_t i = 0; i < got; i++) {
            enum edge_event event = edge_receive(&receiver, bytes[i]);
            size_t size = 0;
            if (event == EDGE_RECORD) keep(edge_cbor(&receiver));
            if (event == EDGE_RECORD || event == EDGE_REPEAT) size = edge_acknowledge(&receiver, reply);
            if (event == EDGE_TOO_LONG) size = edge_refuse(&receiver, reply);
            if (size && write(port, reply, size) != (ssize_t)size) return 1;
        }
    }
}
