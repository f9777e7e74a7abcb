// SPDX-License-Identifier: GPL-2.0-only OR MIT
// The first failed assertion ends the process as a crash, so that the fuzzer keeps the input.
#include <gtest/gtest.h>

#include <cstdlib>

namespace {

class AbortOnFailure final : public testing::EmptyTestEventListener {
    void OnTestPartResult(const testing::TestPartResult &result) override {
        if (result.failed())
            std::abort();
    }
};

} // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***);
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    // Behind gtest's own printer: what failed has been said by then.
    testing::UnitTest::GetInstance()->listeners().Append(new AbortOnFailure);
    return 0;
}
