# strata_fuzz(NAME wal_frame MODULE wal SRCS frame_fuzz.cc): the target's corpus in
# tests/corpus/<name>/ is replayed by ctest in every build; under clang the same source is a
# libFuzzer binary (preset fuzz), and the target `fuzz` builds all of them and nothing else.
add_custom_target(fuzz)
function(strata_fuzz)
  cmake_parse_arguments(F "" "NAME;MODULE" "SRCS;LINK" ${ARGN})
  add_executable(fuzz_${F_NAME} ${F_SRCS})
  target_link_libraries(fuzz_${F_NAME} PRIVATE strata_${F_MODULE} ${F_LINK})
  add_dependencies(fuzz fuzz_${F_NAME})
  if(STRATA_FUZZ)
    target_link_options(fuzz_${F_NAME} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${F_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests/replay_corpus.cc)
    add_test(NAME fuzz_${F_NAME} COMMAND fuzz_${F_NAME} ${PROJECT_SOURCE_DIR}/tests/corpus/${F_NAME})
  endif()
endfunction()
