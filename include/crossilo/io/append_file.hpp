// Aim: a file that grows, readable while a run goes on.
#pragma once

#include <string>
#include <string_view>

namespace crossilo {

/// An open file that texts or bytes are put behind; made where it is missing.
class AppendFile {
 public:
  /// Throws: StorageError.
  explicit AppendFile(std::string path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// The bytes are on the disk's side of the program once this returns. Where they cannot all be written, none of them
  /// stays. Throws: StorageError.
  void append(std::string_view bytes);
  [[nodiscard]] bool is_empty() const;

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace crossilo
