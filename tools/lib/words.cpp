// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The words of the enums. The spec test compares them with the YAML's entries.
#include <supernode/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <linux/supernode.h>

namespace supernode {
namespace {

using namespace std::string_view_literals;

template<typename Enum>
struct Words;

#define SN_WORDS(Enum, last, ...)                                                                  \
    template<>                                                                                     \
    struct Words<Enum> {                                                                           \
        static constexpr auto list = std::to_array<std::string_view>({__VA_ARGS__});               \
        static_assert(list.size() == static_cast<std::size_t>(last) + 1);                          \
    };

SN_WORDS(DeviceKind, SN_DEVICE_KIND_MAX, "cpu", "gpu", "npu", "dpu", "nic", "memory", "storage",
         "switch")
SN_WORDS(DeviceState, SN_DEVICE_STATE_MAX, "known", "live", "dead")
SN_WORDS(RegionKind, SN_REGION_KIND_MAX, "dram", "hbm", "gddr", "cxl", "sram", "bar")
SN_WORDS(LinkType, SN_LINK_TYPE_MAX, "other", "pcie", "cxl", "nvlink", "xgmi", "ub", "ualink",
         "ethernet", "socket")
SN_WORDS(LinkState, SN_LINK_STATE_MAX, "down", "up")
SN_WORDS(Class, SN_CLASS_MAX, "deadline", "latency", "normal", "bulk", "scavenger")
SN_WORDS(BufferState, SN_BUFFER_STATE_MAX, "pending", "ready", "failed", "lost")
SN_WORDS(TransferState, SN_TRANSFER_STATE_MAX, "waiting", "queued", "running", "done")
SN_WORDS(PathReason, SN_PATH_REASON_MAX, "ok", "no-src", "no-dst", "src-switch", "dst-switch",
         "no-link", "link-down", "too-many-stages", "no-engine", "no-relay", "search-limit")
SN_WORDS(CompletionType, SN_COMPLETION_TYPE_MAX, "transfer", "buffer")

#undef SN_WORDS

template<typename Enum>
std::string_view word_of(Enum value) {
    auto index = static_cast<std::size_t>(value);

    return index < Words<Enum>::list.size() ? Words<Enum>::list[index] : "unknown"sv;
}

constexpr auto reasons = std::to_array<std::string_view>({
    "there is a path",
    "the source is not in the topology",
    "the destination is not in the topology",
    "the source is a switch, which has no memory to copy from",
    "the destination is a switch, which has no memory to copy to",
    "no links lead from the source to the destination",
    "links lead there, but one that is needed is down",
    "the way there takes more copies, one after another, than a transfer may have",
    "no engine at hand can copy over the links that lead there",
    "the way there needs a stop-over, and no device on it has memory to stage the bytes in",
    "there is a path, but the search ended before it was found",
});
static_assert(reasons.size() == SN_PATH_REASON_MAX + 1);

} // namespace

template<typename Enum>
std::optional<Enum> from_string(std::string_view word) {
    const auto &list = Words<Enum>::list;
    auto found = std::find(list.begin(), list.end(), word);

    if (found == list.end())
        return std::nullopt;
    return static_cast<Enum>(found - list.begin());
}

template<typename Enum>
std::span<const std::string_view> words() {
    return Words<Enum>::list;
}

#define SN_INSTANTIATE(Enum)                                                                       \
    std::string_view to_string(Enum value) {                                                       \
        return word_of(value);                                                                     \
    }                                                                                              \
    template std::optional<Enum> from_string<Enum>(std::string_view);                              \
    template std::span<const std::string_view> words<Enum>();

SN_INSTANTIATE(DeviceKind)
SN_INSTANTIATE(DeviceState)
SN_INSTANTIATE(RegionKind)
SN_INSTANTIATE(LinkType)
SN_INSTANTIATE(LinkState)
SN_INSTANTIATE(Class)
SN_INSTANTIATE(BufferState)
SN_INSTANTIATE(TransferState)
SN_INSTANTIATE(PathReason)
SN_INSTANTIATE(CompletionType)

#undef SN_INSTANTIATE

std::string_view explain(PathReason reason) {
    auto index = static_cast<std::size_t>(reason);

    return index < reasons.size() ? reasons[index] : "the kernel gives a reason unknown here"sv;
}

// What the kernel lays out, byte for byte.
static_assert(sizeof(Segment) == sizeof(sn_segment) &&
              offsetof(Segment, src_fd) == offsetof(sn_segment, src_fd) &&
              offsetof(Segment, dst_fd) == offsetof(sn_segment, dst_fd) &&
              offsetof(Segment, src_offset) == offsetof(sn_segment, src_offset) &&
              offsetof(Segment, dst_offset) == offsetof(sn_segment, dst_offset) &&
              offsetof(Segment, bytes) == offsetof(sn_segment, bytes));
static_assert(sizeof(Completion) == sizeof(sn_completion) &&
              offsetof(Completion, id) == offsetof(sn_completion, id) &&
              offsetof(Completion, user_data) == offsetof(sn_completion, user_data) &&
              offsetof(Completion, bytes) == offsetof(sn_completion, bytes) &&
              offsetof(Completion, submit_ns) == offsetof(sn_completion, submit_ns) &&
              offsetof(Completion, start_ns) == offsetof(sn_completion, start_ns) &&
              offsetof(Completion, end_ns) == offsetof(sn_completion, end_ns) &&
              offsetof(Completion, status) == offsetof(sn_completion, status) &&
              offsetof(Completion, type) == offsetof(sn_completion, type));
static_assert(port_any == SN_PORT_ANY && segments_max == SN_SEGMENTS_MAX);

} // namespace supernode
