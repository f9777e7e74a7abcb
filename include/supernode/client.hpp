// SPDX-License-Identifier: GPL-2.0-only OR MIT
// One method per command of the family. All of them throw Error.
#pragma once

#include <supernode/error.hpp>
#include <supernode/session.hpp>
#include <supernode/transaction.hpp>
#include <supernode/transport.hpp>
#include <supernode/types.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace supernode {

/// May be used by several threads: requests take turns. The sessions and transactions it made
/// share its socket and may outlive it; each of those belongs to one thread at a time.
class Client {
public:
    Client(); ///< over netlink
    explicit Client(std::unique_ptr<Transport> transport);

    Features features();
    TopologyInfo topology();
    Stats stats();

    // Dumps start over by themselves when the kernel reports that the topology moved meanwhile.
    std::vector<Device> devices();
    std::vector<Link> links();
    std::vector<Region> regions();
    std::vector<Engine> engines();
    std::vector<Partition> partitions();
    std::vector<Tenant> tenants();
    std::vector<BufferInfo> buffers();
    std::vector<TransferInfo> transfers();

    Device device(std::uint32_t id);
    Link link(std::uint32_t id);
    Region region(std::uint32_t id);
    Engine engine(std::uint32_t id);
    BufferInfo buffer(std::uint64_t id);
    BufferInfo buffer_info(int dmabuf_fd);
    Path path(std::uint32_t src, std::uint32_t dst, std::optional<std::uint32_t> count = {});

    // Each a transaction of its own.
    std::uint32_t device_new(const DeviceSpec &spec);
    void device_del(std::uint32_t id, bool force = false); ///< force: its live buffers are lost
    std::uint32_t link_new(const LinkSpec &spec);
    void link_del(std::uint32_t id);
    void link_set(std::uint32_t id, LinkState admin);

    Transaction begin(std::string_view name = {});
    Session open_session(std::optional<Class> priority = {});

private:
    std::shared_ptr<Connection> connection_;
};

} // namespace supernode
