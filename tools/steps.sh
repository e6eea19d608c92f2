# Sourced by ./test and tests/nightly, at the root of the project: each step runs something, prints what
# it says and counts what passed, failed and was skipped. `results` is the folder of the logs.
export CI=${CI:-true}
rm -rf "$results"
mkdir -p "$results"
passed=0 failed=0 skipped=0

say() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }
count() { passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3:-0})); }

finish() {
  [ "$skipped" -eq 0 ] || echo "$skipped skipped, each with its reason above"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

# must WHAT COMMAND…: a step without which nothing further can be tested.
must() {
  say "$1"
  shift
  if ! "$@"; then
    echo "FAILED: $*"
    count 0 1
    finish
  fi
}

configure_and_build() {
  [ -e "build/$1/build.ninja" ] || cmake --preset "$1" >"$results/configure-$1.log" 2>&1 ||
    { cat "$results/configure-$1.log"; return 1; }
  ninja -C "build/$1" --quiet
}

# unit PRESET: ctest, with each GoogleTest case counted.
unit() {
  say "unit tests, $1"
  local gtest="$PWD/$results/gtest-$1"
  mkdir -p "$gtest"
  GTEST_OUTPUT="xml:$gtest/" ctest --preset "$1" -j "$(nproc)" --output-junit "$PWD/$results/$1.xml" \
    >"$results/$1.log" 2>&1
  local counted
  counted=$(tools/count_tests "$results/$1.xml" "$gtest") || counted="0 1 0"
  read -r p f s <<<"$counted"
  [ "$f" -eq 0 ] || cat "$results/$1.log"
  echo "$1: $p passed, $f failed"
  count "$p" "$f" "$s"
}

# script NAME COMMAND…: exit 0 passed, 77 skipped (the last line says why), else failed. A last line
# "N passed, N failed[, N skipped]" counts as it says.
script() {
  local name=$1 log status last
  shift
  log="$results/$(tr -c 'A-Za-z0-9\n' _ <<<"$name").log"
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  last=$(tail -n 1 "$log")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}"
    if [ "$status" -ne 0 ] && [ "${BASH_REMATCH[2]}" -eq 0 ]; then count 0 1; fi
  elif [ "$status" -eq 77 ]; then
    echo "$name: skipped: $last"
    count 0 0 1
  elif [ "$status" -eq 0 ]; then
    echo "$name: passed"
    count 1 0
  else
    echo "$name: failed"
    count 0 1
  fi
}
