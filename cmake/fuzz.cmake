# strata_fuzz(NAME wal_frame MODULE wal SRCS frame_fuzz.cc): the target's corpus in
# tests/corpus/<name>/ is replayed by ctest in every build; with STRATA_FUZZ (preset asan, clang) the same
# source is a libFuzzer binary that looks for more, and the target `fuzz` builds all of them and nothing else.
option(STRATA_FUZZ "link the fuzz targets with libFuzzer; needs clang" OFF)
add_custom_target(fuzz)
function(strata_fuzz)
  if(CMAKE_CXX_FLAGS MATCHES "fsanitize=thread")
    return()  # they have one thread
  endif()
  cmake_parse_arguments(F "" "NAME;MODULE" "SRCS;LINK;DEFINES" ${ARGN})
  add_executable(fuzz_${F_NAME} ${F_SRCS})
  target_link_libraries(fuzz_${F_NAME} PRIVATE strata_${F_MODULE} ${F_LINK})
  target_compile_definitions(fuzz_${F_NAME} PRIVATE ${F_DEFINES})
  add_dependencies(fuzz fuzz_${F_NAME})
  set(replay "")
  if(STRATA_FUZZ)
    target_link_options(fuzz_${F_NAME} PRIVATE -fsanitize=fuzzer)
    set(replay -runs=0)
  else()
    target_sources(fuzz_${F_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests/replay_corpus.cc)
  endif()
  add_test(NAME fuzz_${F_NAME} COMMAND fuzz_${F_NAME} ${replay} ${PROJECT_SOURCE_DIR}/tests/corpus/${F_NAME})
endfunction()
