# Third-party libraries. Each is linked, and its headers are included, in one module only.
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(GRPC REQUIRED IMPORTED_TARGET grpc++)  # a client for tests
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)

# Boost.Asio and Beast are headers only. ThreadSanitizer does not know fences; what Asio's fences order,
# the locks of its queues order as well.
add_library(asio INTERFACE)
if(CMAKE_CXX_FLAGS MATCHES "fsanitize=thread")
  target_compile_definitions(asio INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

# DuckDB: the prebuilt library and its exactly matching headers (third_party/versions.txt).
set(STRATA_DEPS ${CMAKE_SOURCE_DIR}/build/deps)
execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/fetch_deps COMMAND_ERROR_IS_FATAL ANY)
add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION ${STRATA_DEPS}/duckdb-1.4.4/lib/libduckdb.so
  IMPORTED_NO_SONAME TRUE)
target_include_directories(duckdb SYSTEM INTERFACE
  ${STRATA_DEPS}/duckdb-1.4.4/include
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/extension/parquet/include
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/parquet
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/thrift
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/zstd/include
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/concurrentqueue
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/fsst
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/fastpforlib
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/utf8proc/include
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/mbedtls/include
  ${STRATA_DEPS}/duckdb-1.4.4/parquet/third_party/re2)
