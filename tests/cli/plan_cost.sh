#!/usr/bin/env bash
# Aim: crossilo plan --silos N --sites K predicts a round and names what binds; it refuses what makes no sense.
# Method: the real program with and without a configuration; each mistake by its exit code and its words.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 3
small=(--silos 4 --sites 2 --parameters 8250000)

# field EXPRESSION: a value of plan.json, j being its prediction
field() {
  python3 -c 'import json,sys; j = json.load(open("plan.json"))["round_cost"]; print(eval(sys.argv[1]))' "$1"
}
# binds OPTION…: what binds then
binds() {
  "$CROSSILO_BIN" plan --json "$@" > plan.json
  field "j['binding']"
}
# refused TEXT OPTION…: exit code 2, and the text
refused() {
  local text=$1
  shift
  exit_code_of "$CROSSILO_BIN" plan "$@"
  expect_code 2
  expect_text "$text"
}

# 1: a table, and one sentence
exit_code_of "$CROSSILO_BIN" plan "${small[@]}" --latency 25ms
expect_code 0
for text in "across sites" "bound by" "a site sends 33 MB and receives 33 MB" "What binds: uplink; a faster --uplink"; do
  expect_text "$text"
done

# 2: numbers: 33 MB at 1 Gbit/s and one round trip; half of it with half the bits
"$CROSSILO_BIN" plan "${small[@]}" --latency 50ms --mask off --json > plan.json
[ "$(field "abs(j['seconds']['sum_across_sites'] - 33e6 * 8 / 1e9 * 1538 / 1448 - 0.05) < 1e-3")" = True ] ||
  fail "across sites: $(cat plan.json)"
[ "$(field "j['seconds']['mask'], sum(j['bytes_sent_of_site'])")" = "(0.0, 66000000)" ] || fail "$(cat plan.json)"
"$CROSSILO_BIN" plan "${small[@]}" --lane_bits 16 --json > plan.json
[ "$(field "sum(j['bytes_sent_of_site'])")" = 33000000 ] || fail "16 bits: $(cat plan.json)"
"$CROSSILO_BIN" plan --silos 1,3 --parameters 1000 --json > plan.json
[ "$(field "j['silos_of_site']")" = "[1, 3]" ] || fail "a list of silos: $(cat plan.json)"
"$CROSSILO_BIN" plan --silos 5 --sites 2 --parameters 1000 --json > plan.json
[ "$(field "j['silos_of_site']")" = "[3, 2]" ] || fail "uneven sites: $(cat plan.json)"

# 3: what binds
[ "$(binds "${small[@]}" --uplink 100Mbit)" = uplink ] || fail "100 Mbit/s do not bind"
[ "$(binds --silos 2 --sites 2 --parameters 8250000 --latency 100ms)" = "socket buffers" ] || fail "buffers do not bind"
[ "$(binds "${small[@]}" --latency 1s --socket_buffer 1000000000)" = latency ] || fail "latency does not bind"
[ "$(binds --silos 8 --parameters 25000000 --cores 2)" = cores ] || fail "two cores do not bind"
[ "$(binds --silos 4 --parameters 25000000 --nodes_per_site 2 --lan 100Mbit)" = "network of a site" ] || fail "the LAN"
[ "$(binds "${small[@]}" --train_seconds 60)" = training ] || fail "training does not bind"
[ "$(binds --silos 8 --parameters 1000000 --mask_gb_s 0.001)" = cores ] || fail "slow masks do not bind"

[ "$(binds --silos 8 --parameters 1000000 --mask off --window_gb_s 0.1)" = "memory of a node" ] || fail "a slow window"
"$CROSSILO_BIN" plan --silos 1 --parameters 1000000 --encode_gb_s 4 --decode_gb_s 2 --copy_gb_s 1 --json > plan.json
[ "$(field "round(j['seconds']['encode'], 9), round(j['seconds']['decode'] - 0.004 / 8.7, 9)")" = "(0.001, 0.006)" ] ||
  fail "given speeds: $(cat plan.json)"

# 4: silos, model and settings of a configuration, behind all else that plan says of it
exit_code_of "$CROSSILO_BIN" plan small.ini --sites 2 --latency 0ms
expect_code 0
expect_text "memory of a rank with one silo"
expect_text "a round of 4 silos at 2 sites (2, 2), 5 parameters, 32 bits, masked"
"$CROSSILO_BIN" plan small.ini --sites 4 --privacy.masking off --privacy.lane_bits 8 --json > plan.json
[ "$(field "j['silos_of_site'], j['seconds']['mask']")" = "([1, 1, 1, 1], 0.0)" ] || fail "$(cat plan.json)"
# a silo that sits out masks and sums with the others
"$CROSSILO_BIN" plan small.ini --sites 2 --algorithm.silos_per_round 3 --json > plan.json
[ "$(field "j['silos_of_site']")" = "[2, 2]" ] || fail "not all silos are in the sum: $(cat plan.json)"

# 5: what makes no sense
refused '--silos = "0"' --silos 0 --parameters 10
refused '--silos = "1001"' --silos 1001 --parameters 10
for list in 18446744073709551615,2 18446744073709551615,1 1001,1; do # the first two add up to 1 and to 0
  refused "--silos = \"$list\": at most 1000 in all is wanted" --silos "$list" --parameters 1000
done
refused 'no more than there are silos (2)' --silos 2 --sites 3 --parameters 10
refused '--sites = "0"' --silos 2 --sites 0 --parameters 10
refused 'as many as --silos lists' --silos 1,3 --sites 3 --parameters 10
refused 'give --parameters NUMBER' --silos 2
refused 'no --silos is given' --sites 2 --parameters 10
refused '--uplink = "1000"' "${small[@]}" --uplink 1000
refused 'such as 1Gbit' "${small[@]}" --uplink 0Gbit
refused '--latency = "-5ms"' "${small[@]}" --latency=-5ms
refused '--latency = "25"' "${small[@]}" --latency 25
refused '--latency = "nanms"' "${small[@]}" --latency nanms
refused '--mask = "maybe"' "${small[@]}" --mask maybe
refused '--lane_bits = "12"' "${small[@]}" --lane_bits 12
refused '--parameters = "-1"' --silos 2 --parameters=-1
refused '--train_seconds = "x"' "${small[@]}" --train_seconds x
refused 'give --silos or --sites, too' small.ini --uplink 1Gbit
refused 'no CONFIG is given' --json
