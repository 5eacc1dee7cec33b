// Aim: what mpirun says is one line without ornament, and a command that hangs is ended.
// Method: a text as mpirun prints it; small commands.
#include "../../src/launch/mpirun_words.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace crossilo {
namespace {

TEST(MpirunWords, AreTheFirstParagraphInOneLine) {
  const std::string rule(74, '-');
  EXPECT_EQ(first_paragraph(rule +
                            "\nThere are not enough slots available in the system to satisfy the 4\n"
                            "slots that were requested by the application:\n\n  crossilo\n" +
                            rule),
            "There are not enough slots available in the system to satisfy the 4 slots that were requested by the "
            "application");
  EXPECT_EQ(first_paragraph(""), "");
}

TEST(MpirunWords, OfACommandAreBothStreamsAndItsEnd) {
  const CommandOutput output = output_of({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10.0);
  EXPECT_EQ(output.text, "out\nerr");
  EXPECT_EQ(WEXITSTATUS(output.status), 3);
  EXPECT_EQ(WEXITSTATUS(output_of({"sleep", "60"}, 1.0).status), 124);
}

}  // namespace
}  // namespace crossilo
