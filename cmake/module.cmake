# strata_module(NAME wal DEPS base os SRCS … TESTS …): one library from the files of its folder, its
# tests (one executable <name>_test), and its line in layers.txt, from which tools/check_layers.py
# verifies every #include. DEPS are modules of ours, LINK is third-party and private to the module.
function(strata_module)
  cmake_parse_arguments(M "" "NAME" "DEPS;LINK;SRCS;TESTS" ${ARGN})
  list(TRANSFORM M_DEPS PREPEND strata_ OUTPUT_VARIABLE libs)
  add_library(strata_${M_NAME} STATIC ${M_SRCS})
  target_compile_options(strata_${M_NAME} PRIVATE ${STRATA_WARNINGS})
  target_include_directories(strata_${M_NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(strata_${M_NAME} PUBLIC ${libs} PRIVATE ${M_LINK})
  file(APPEND ${PROJECT_BINARY_DIR}/layers.txt "${M_NAME}: ${M_DEPS}\n")
  if(M_TESTS)
    add_executable(${M_NAME}_test ${M_TESTS})
    target_compile_options(${M_NAME}_test PRIVATE ${STRATA_WARNINGS})
    target_link_libraries(${M_NAME}_test PRIVATE strata_${M_NAME} ${M_LINK} GTest::gtest_main)
    add_test(NAME ${M_NAME} COMMAND ${M_NAME}_test)
    set_tests_properties(${M_NAME} PROPERTIES TIMEOUT 1800)  # sanitizers on a busy machine
  endif()
endfunction()
