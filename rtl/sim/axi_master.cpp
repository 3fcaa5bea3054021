// SPDX-License-Identifier: Apache-2.0
//
// The host's side of the simulated overlay: an AXI4-Lite master around the verilated model, as a C interface for
// ctypes. One call moves a whole block; the clock runs only inside these calls. An overlay with a burst master
// (EDGE_AXI_MASTER) has a memory behind that.

#include <cstdint>
#include <memory>

#include "Vedge_overlay.h"
#include "verilated.h"

#if defined(EDGE_AXI_MASTER)
#include "axi_memory.h"
#endif

#if defined(EDGE_TRACE_FST)
#include "verilated_fst_c.h"
using Trace = VerilatedFstC;
#elif defined(EDGE_TRACE_VCD)
#include "verilated_vcd_c.h"
using Trace = VerilatedVcdC;
#endif

namespace {

constexpr int kOk = 0;
constexpr int kSlaveError = 1;
constexpr int kTimeout = 2;
// A transfer that makes no progress for this long will never end: far more than any layer takes.
constexpr uint64_t kStallCycles = 10'000'000;
constexpr int kResetCycles = 4;

class Overlay {
  public:
    Overlay(const char* trace_path, uint32_t seed)
        : context_(new VerilatedContext), top_(new Vedge_overlay(context_.get())), memory_(seed) {
#if defined(EDGE_TRACE_FST) || defined(EDGE_TRACE_VCD)
        if (trace_path) {
            context_->traceEverOn(true);
            trace_.reset(new Trace);
            top_->trace(trace_.get(), 99);
            trace_->open(trace_path);
        }
#else
        (void)trace_path;
#endif
        top_->rst = 1;
        for (int i = 0; i < kResetCycles; ++i) tick();
        top_->rst = 0;
        tick();
    }

    ~Overlay() {
#if defined(EDGE_TRACE_FST) || defined(EDGE_TRACE_VCD)
        if (trace_) trace_->close();
#endif
        top_->final();
    }

    // Address, data and response channels run independently, so that words follow each other without gaps.
    int write(uint32_t address, const uint32_t* words, uint32_t count) {
        uint32_t addressed = 0, sent = 0, answered = 0;
        bool failed = false;
        top_->s_axil_wstrb = 0xF;
        top_->s_axil_bready = 1;
        for (uint64_t stalled = 0; answered < count && stalled < kStallCycles; ++stalled) {
            top_->s_axil_awvalid = addressed < count;
            top_->s_axil_awaddr = address + 4 * addressed;
            top_->s_axil_wvalid = sent < count;
            top_->s_axil_wdata = sent < count ? words[sent] : 0;
            settle();
            addressed += top_->s_axil_awvalid && top_->s_axil_awready;
            sent += top_->s_axil_wvalid && top_->s_axil_wready;
            if (top_->s_axil_bvalid) {
                failed |= top_->s_axil_bresp != 0;
                ++answered;
                stalled = 0;
            }
            edge();
        }
        top_->s_axil_awvalid = top_->s_axil_wvalid = top_->s_axil_bready = 0;
        return answered < count ? kTimeout : failed ? kSlaveError : kOk;
    }

    int read(uint32_t address, uint32_t* words, uint32_t count) {
        uint32_t addressed = 0, answered = 0;
        bool failed = false;
        top_->s_axil_rready = 1;
        for (uint64_t stalled = 0; answered < count && stalled < kStallCycles; ++stalled) {
            top_->s_axil_arvalid = addressed < count;
            top_->s_axil_araddr = address + 4 * addressed;
            settle();
            addressed += top_->s_axil_arvalid && top_->s_axil_arready;
            if (top_->s_axil_rvalid) {
                failed |= top_->s_axil_rresp != 0;
                words[answered++] = top_->s_axil_rdata;
                stalled = 0;
            }
            edge();
        }
        top_->s_axil_arvalid = top_->s_axil_rready = 0;
        return answered < count ? kTimeout : failed ? kSlaveError : kOk;
    }

    // Lets the clock run until the interrupt line is high, at most for this many cycles.
    bool wait_interrupt(uint64_t cycles) {
        for (uint64_t i = 0; i < cycles && !top_->irq; ++i) tick();
        return top_->irq;
    }

    uint64_t cycles() const { return cycles_; }

    void map(uint64_t address, uint8_t* bytes, uint64_t length) { memory_.map(address, bytes, length); }
    void unmap(uint64_t address) { memory_.unmap(address); }

  private:
#if defined(EDGE_AXI_MASTER)
    using Memory = AxiMemory<Vedge_overlay>;
#else
    // Nothing reaches a memory.
    struct Memory {
        explicit Memory(uint32_t) {}
        void map(uint64_t, uint8_t*, uint64_t) {}
        void unmap(uint64_t) {}
        void sample(const Vedge_overlay&) {}
        void drive(Vedge_overlay&) {}
    };
#endif

    void tick() {
        settle();
        edge();
    }

    void settle() {
        top_->clk = 0;
        evaluate(2 * cycles_);
    }

    void edge() {
        memory_.sample(*top_);
        top_->clk = 1;
        evaluate(2 * cycles_ + 1);
        memory_.drive(*top_);
        ++cycles_;
    }

    void evaluate(uint64_t time) {
        context_->time(time);
        top_->eval();
#if defined(EDGE_TRACE_FST) || defined(EDGE_TRACE_VCD)
        if (trace_) trace_->dump(time);
#else
        (void)time;
#endif
    }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vedge_overlay> top_;
    Memory memory_;
#if defined(EDGE_TRACE_FST) || defined(EDGE_TRACE_VCD)
    std::unique_ptr<Trace> trace_;
#endif
    uint64_t cycles_ = 0;
};

}  // namespace

extern "C" {

void* edge_open(const char* trace_path, uint32_t seed) { return new Overlay(trace_path, seed); }
void edge_close(void* overlay) { delete static_cast<Overlay*>(overlay); }
int edge_write(void* overlay, uint32_t address, const uint32_t* words, uint32_t count) {
    return static_cast<Overlay*>(overlay)->write(address, words, count);
}
int edge_read(void* overlay, uint32_t address, uint32_t* words, uint32_t count) {
    return static_cast<Overlay*>(overlay)->read(address, words, count);
}
int edge_wait_interrupt(void* overlay, uint64_t cycles) {
    return static_cast<Overlay*>(overlay)->wait_interrupt(cycles) ? 1 : 0;
}
uint64_t edge_cycles(void* overlay) { return static_cast<Overlay*>(overlay)->cycles(); }
void edge_map(void* overlay, uint64_t address, uint8_t* bytes, uint64_t length) {
    static_cast<Overlay*>(overlay)->map(address, bytes, length);
}
void edge_unmap(void* overlay, uint64_t address) { static_cast<Overlay*>(overlay)->unmap(address); }
}
