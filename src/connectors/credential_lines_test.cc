#include "connectors/credential_lines.h"

#include <gtest/gtest.h>

namespace kw::connectors {
namespace {

TEST(LineForm, holds_the_password_once_and_the_user_at_most_once) {
  const LineForm form = LineForm::parse("{username}:{password}:x").value();
  EXPECT_EQ(form.line("ann", "pw"), "ann:pw:x");
  EXPECT_TRUE(form.is_of("ann:other:x", "ann"));
  EXPECT_FALSE(form.is_of("anna:other:x", "ann"));
  EXPECT_FALSE(form.is_of("ann:x", "ann"));
  EXPECT_EQ(LineForm::parse("password={password}")->line("", "pw"), "password=pw");
  EXPECT_EQ(LineForm::parse("{password} {username}")->line("ann", "{username}"), "{username} ann");
  for (const char* text :
       {"", "{username}", "{password}{password}", "{username}{username}{password}"})
    EXPECT_FALSE(LineForm::parse(text)) << text;
}

TEST(CredentialLines, only_the_meant_line_changes) {
  WipedText text = "# users\r\nann:1\nbob:2\n\ncid:3";
  CredentialLines lines(text, true);
  const LineForm form = LineForm::parse("{username}:{password}").value();
  EXPECT_TRUE(lines.has("# users"));
  EXPECT_TRUE(lines.has("cid:3"));
  EXPECT_FALSE(lines.has("ann"));
  EXPECT_TRUE(lines.replace("bob:2", "bob:22"));
  EXPECT_FALSE(lines.replace("bob:2", "x"));
  lines.append("dan:4");
  EXPECT_EQ(text, "# users\r\nann:1\nbob:22\n\ncid:3\ndan:4");
  EXPECT_TRUE(lines.replace_of(form, "ann", "ann:9"));
  EXPECT_TRUE(lines.remove("cid:3"));
  EXPECT_FALSE(lines.remove("cid:3"));
  EXPECT_EQ(text, "# users\r\nann:9\nbob:22\n\ndan:4");
  EXPECT_TRUE(lines.remove_of(form, "dan"));
  EXPECT_EQ(text, "# users\r\nann:9\nbob:22\n\n");
}

TEST(CredentialLines, a_new_text_ends_as_it_was_said) {
  WipedText with, without;
  CredentialLines(with, true).append("a");
  CredentialLines(without, false).append("a");
  EXPECT_EQ(with, "a\n");
  EXPECT_EQ(without, "a");
  CredentialLines(with, false).append("b");
  EXPECT_EQ(with, "a\nb\n");
}

}  // namespace
}  // namespace kw::connectors
