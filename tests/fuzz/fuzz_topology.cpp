// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Topology files of every form against what they were written to mean; and from one to the next,
// the difference that leads there.
#include "../tools/fake_kernel.hpp"

#include "author.hpp"

using namespace supernode::topology;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Input input(data, size);
    FakeKernel kernel;

    kernel.register_host("cpu0");
    kernel.register_host("cpu1");
    for (int file = 0; file < 3 && !input.empty(); file++) {
        Author author(input);
        Topology read;

        try {
            read = read_topology(author.text, "t.yaml");
        } catch (const FileError &error) {
            EXPECT_FALSE(author.valid) << error.what() << "\n" << author.text;
            continue;
        }
        EXPECT_TRUE(author.valid) << "accepted:\n" << author.text;
        EXPECT_TRUE(read == author.meant) << author.text << "was read as\n" << write_topology(read);
        EXPECT_TRUE(read_topology(write_topology(read), "written") == read) << author.text;
        kernel.apply(read);
    }
    return 0;
}
