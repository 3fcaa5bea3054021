// SPDX-License-Identifier: Apache-2.0
//
// A verilated board behind a pseudo-terminal: what a host writes to the terminal goes to the board's receiving pin, bit by
// bit, and what its sending pin says comes out of the terminal. It prints the terminal's path, and runs until its
// standard input ends.
//
// Built with BOARD_CLOCK, BOARD_RX and BOARD_TX as the names of the top's ports, and BOARD_CLOCKS_PER_BIT.
// Arguments: seed, and the chance of each character to be damaged on its way to the board and to the host.

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>

#include "Vboard.h"
#include "verilated.h"

namespace {

constexpr int kClocksPerBit = BOARD_CLOCKS_PER_BIT;
constexpr int kBits = 10;
constexpr int kChunk = 2048;
constexpr uint64_t kIdleCycles = 1'000'000;
constexpr int kLongestNapMs = 20;

// What a bad cable does: a bit flips, a character is lost, or one comes from nowhere.
class Noise {
  public:
    Noise(uint64_t seed, double chance) : random_(seed), chance_(chance) {}

    void pass(uint8_t character, std::deque<uint8_t>& to) {
        if (std::uniform_real_distribution<>()(random_) >= chance_) {
            to.push_back(character);
            return;
        }
        switch (random_() % 4) {
            case 0: break;
            case 1: to.push_back(character); to.push_back(static_cast<uint8_t>(random_())); break;
            default: to.push_back(character ^ static_cast<uint8_t>(1u << random_() % 8));
        }
    }

  private:
    std::mt19937_64 random_;
    double chance_;
};

// The line to the board: start bit, eight data bits, stop bit.
class Sender {
  public:
    bool busy() const { return left_ > 0; }
    bool level() const { return !busy() || bits_ >> (kBits - 1 - (left_ - 1) / kClocksPerBit) & 1; }
    void begin(uint8_t character) {
        bits_ = 0x200u | static_cast<unsigned>(character) << 1;
        left_ = kBits * kClocksPerBit;
    }
    void tick() { left_ -= busy(); }

  private:
    unsigned bits_ = 0;
    int left_ = 0;
};

// The line from the board, sampled in the middle of each bit.
class Receiver {
  public:
    // Returns true when a whole character is there.
    bool tick(bool level) {
        if (clock_ < 0) {
            if (!level) clock_ = 0;
            return false;
        }
        ++clock_;
        if (clock_ % kClocksPerBit != kClocksPerBit / 2) return false;
        const int bit = clock_ / kClocksPerBit;
        if (bit > 0 && bit < kBits - 1) character_ = static_cast<uint8_t>(character_ >> 1 | level << 7);
        if (bit < kBits - 1) return false;
        clock_ = -1;
        return true;
    }
    bool busy() const { return clock_ >= 0; }
    uint8_t character() const { return character_; }

  private:
    int clock_ = -1;
    uint8_t character_ = 0;
};

int open_terminal() {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (master < 0 || grantpt(master) || unlockpt(master)) return -1;
    // The slave stays open here too, or the terminal would hang up whenever a host leaves it.
    const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    termios settings;
    if (slave < 0 || tcgetattr(slave, &settings)) return -1;
    cfmakeraw(&settings);
    return tcsetattr(slave, TCSANOW, &settings) ? -1 : master;
}

class Board {
  public:
    Board(int terminal, uint64_t seed, double to_board, double to_host)
        : terminal_(terminal), to_board_noise_(seed, to_board), to_host_noise_(seed + 1, to_host) {}

    void run() {
        while (parent_is_there()) {
            for (int i = 0; i < kChunk; ++i) tick();
            exchange();
        }
        top_.final();
    }

  private:
    void tick() {
        if (!sender_.busy() && !to_board_.empty()) {
            sender_.begin(to_board_.front());
            to_board_.pop_front();
        }
        top_.BOARD_RX = sender_.level();
        top_.BOARD_CLOCK = 0;
        top_.eval();
        top_.BOARD_CLOCK = 1;
        top_.eval();
        sender_.tick();
        if (receiver_.tick(top_.BOARD_TX)) to_host_noise_.pass(receiver_.character(), to_host_);
        idle_ = sender_.busy() || receiver_.busy() ? 0 : idle_ + 1;
    }

    // Moves characters between the pins and the terminal, and naps when nothing has happened for long.
    void exchange() {
        uint8_t buffer[4096];
        while (!to_host_.empty()) {
            const uint8_t character = to_host_.front();
            if (write(terminal_, &character, 1) != 1) break;
            to_host_.pop_front();
        }
        if (idle_ > kIdleCycles) {
            nap_ms_ = nap_ms_ < kLongestNapMs ? nap_ms_ + 1 : kLongestNapMs;
            pollfd waiting = {terminal_, POLLIN, 0};
            poll(&waiting, 1, nap_ms_);
        } else {
            nap_ms_ = 0;
        }
        if (to_board_.size() > sizeof buffer) return;
        const ssize_t count = read(terminal_, buffer, sizeof buffer);
        for (ssize_t i = 0; i < count; ++i) to_board_noise_.pass(buffer[i], to_board_);
    }

    static bool parent_is_there() {
        pollfd input = {STDIN_FILENO, POLLIN, 0};
        return poll(&input, 1, 0) == 0;
    }

    int terminal_;
    Noise to_board_noise_;
    Noise to_host_noise_;
    Vboard top_;
    Sender sender_;
    Receiver receiver_;
    std::deque<uint8_t> to_board_;
    std::deque<uint8_t> to_host_;
    uint64_t idle_ = 0;
    int nap_ms_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: serial_board SEED CHANCE_TO_BOARD CHANCE_TO_HOST\n");
        return 2;
    }
    const int terminal = open_terminal();
    if (terminal < 0) {
        std::perror("no pseudo-terminal");
        return 1;
    }
    std::printf("%s\n", ptsname(terminal));
    std::fflush(stdout);
    Board(terminal, std::strtoull(argv[1], nullptr, 10), std::atof(argv[2]), std::atof(argv[3])).run();
    return 0;
}
