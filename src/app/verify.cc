#include "app/verify.h"

#include "ingest/dedup_file.h"

namespace strata::app {

Result<Verification> VerifyDataDirectory(os::FileSystem& files,
                                         const std::filesystem::path& data_dir) {
  Verification found;
  ASSIGN_OR_RETURN(found.log, wal::Verify(files, data_dir / "wal"));
  ASSIGN_OR_RETURN(found.store, store::VerifyStore(data_dir, files, {}));
  const auto dedup = ingest::VerifyDedupFile(data_dir / ingest::kDedupFileName, files);
  if (dedup) {
    found.dedup_bytes = *dedup;
  } else if (dedup.error().code == Code::kCorrupt) {
    found.dedup_damage = dedup.error().message;
  } else {
    return dedup.error();
  }
  return found;
}

}  // namespace strata::app
