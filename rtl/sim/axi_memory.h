// SPDX-License-Identifier: Apache-2.0
//
// The processor's memory behind the simulated overlay's burst master: blocks of the host's own memory at physical
// addresses. Bursts are answered in order, each after a random latency and with random stalls, from one seed; with seed
// 0 all after the mean latency and without stalls. Where no block is, the answer is DECERR.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <random>

template <class Top>
class AxiMemory {
  public:
    explicit AxiMemory(uint32_t seed) : steady_(seed == 0), random_(seed) {}

    void map(uint64_t address, uint8_t* bytes, uint64_t length) { blocks_[address] = Block{bytes, length}; }
    void unmap(uint64_t address) { blocks_.erase(address); }

    // What was exchanged in the cycle that ends with the next clock edge.
    void sample(const Top& top) {
        if (top.m_axi_arvalid && top.m_axi_arready) ask(top.m_axi_araddr, top.m_axi_arlen + 1u);
        if (top.m_axi_rvalid && top.m_axi_rready) reads_.pop_front();
        if (top.m_axi_awvalid && top.m_axi_awready) writes_.push_back({top.m_axi_awaddr, top.m_axi_awlen + 1u});
        if (top.m_axi_wvalid && top.m_axi_wready) beats_.push_back(top.m_axi_wdata);
        if (top.m_axi_bvalid && top.m_axi_bready) answers_.pop_front();
        while (!writes_.empty() && beats_.size() >= writes_.front().beats) store();
        standing_read_ = top.m_axi_rvalid && !top.m_axi_rready;
        standing_answer_ = top.m_axi_bvalid && !top.m_axi_bready;
        ++now_;
    }

    // What memory offers in the next cycle. An offer stands until it is taken.
    void drive(Top& top) {
        top.m_axi_arready = reads_.size() < kMostBeats && goes_on();
        top.m_axi_awready = writes_.size() < kMostWrites && goes_on();
        top.m_axi_wready = goes_on();
        if (!standing_read_) {
            top.m_axi_rvalid = !reads_.empty() && reads_.front().due <= now_ && goes_on();
            if (top.m_axi_rvalid) fetch(top, reads_.front());
        }
        if (!standing_answer_) {
            top.m_axi_bvalid = !answers_.empty() && answers_.front().due <= now_ && goes_on();
            if (top.m_axi_bvalid) top.m_axi_bresp = answers_.front().response;
        }
    }

  private:
    static constexpr uint8_t kOkay = 0, kDecodeError = 3;
    // Clock cycles from an address to its first beat, and from a last beat to its acknowledgement: what a Zynq's
    // high-performance port takes to reach DDR memory, about, at 100 MHz.
    static constexpr uint32_t kLeastLatency = 20, kMostLatency = 50;
    static constexpr uint32_t kStallOneIn = 16;
    static constexpr size_t kMostBeats = 64, kMostWrites = 8;

    struct Block {
        uint8_t* bytes;
        uint64_t length;
    };
    struct Beat {
        uint64_t address, due;
        bool last;
    };
    struct Write {
        uint64_t address;
        uint32_t beats;
    };
    struct Answer {
        uint64_t due;
        uint8_t response;
    };

    bool goes_on() { return steady_ || random_() % kStallOneIn != 0; }
    uint64_t later() {
        if (steady_) return now_ + (kLeastLatency + kMostLatency) / 2;
        return now_ + kLeastLatency + random_() % (kMostLatency - kLeastLatency + 1);
    }

    void ask(uint64_t address, uint32_t beats) {
        uint64_t due = later();
        if (!reads_.empty()) due = std::max(due, reads_.back().due);
        for (uint32_t beat = 0; beat < beats; ++beat) reads_.push_back({address + 8 * beat, due, beat + 1 == beats});
    }

    void fetch(Top& top, const Beat& beat) {
        uint64_t data = 0;
        const uint8_t* bytes = find(beat.address);
        if (bytes) std::memcpy(&data, bytes, sizeof data);
        top.m_axi_rdata = data;
        top.m_axi_rresp = bytes ? kOkay : kDecodeError;
        top.m_axi_rlast = beat.last;
    }

    void store() {
        const Write write = writes_.front();
        writes_.pop_front();
        uint8_t response = kOkay;
        for (uint32_t beat = 0; beat < write.beats; ++beat) {
            uint8_t* bytes = find(write.address + 8 * beat);
            if (bytes) std::memcpy(bytes, &beats_.front(), sizeof(uint64_t));
            if (!bytes) response = kDecodeError;
            beats_.pop_front();
        }
        uint64_t due = later();
        if (!answers_.empty()) due = std::max(due, answers_.back().due);
        answers_.push_back({due, response});
    }

    // The 8 bytes at an address, or null where not all of them are there.
    uint8_t* find(uint64_t address) {
        auto after = blocks_.upper_bound(address);
        if (after == blocks_.begin()) return nullptr;
        const auto& [first, block] = *std::prev(after);
        return address - first + sizeof(uint64_t) <= block.length ? block.bytes + (address - first) : nullptr;
    }

    const bool steady_;
    std::mt19937 random_;
    std::map<uint64_t, Block> blocks_;
    std::deque<Beat> reads_;
    std::deque<Write> writes_;
    std::deque<uint64_t> beats_;
    std::deque<Answer> answers_;
    bool standing_read_ = false, standing_answer_ = false;
    uint64_t now_ = 0;
};
