#!/usr/bin/env bash
# Aim: every run leaves a page that needs nothing else, also one that was stopped or killed; runs are listed and
# compared; what benchmarks measured is drawn.
# Method: real runs of four small silos; pages read by Python's HTML parser, pictures by its XML parser, --json by its JSON parser.
set -euo pipefail
set -m # else bash starts background commands with Ctrl-C ignored
source "$(dirname "${BASH_SOURCE[0]}")/federation.sh"
in_new_federation 3

# page FILE TEXT…: it is closed well, asks for nothing outside, and holds the texts.
page() {
  python3 - "$@" <<'PY' || fail "$1"
import html.parser, sys
class Page(html.parser.HTMLParser):
    open, text = [], ""
    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "img", "iframe"), tag
        assert not {name for name, _ in attributes} & {"src", "href", "onload", "onclick"}, attributes
        if tag != "meta": self.open.append(tag)
    def handle_startendtag(self, tag, attributes): pass
    def handle_endtag(self, tag): assert self.open.pop() == tag, tag
    def handle_data(self, data): self.text += data
path, *texts = sys.argv[1:]
content = open(path, encoding="utf-8").read()
assert "url(" not in content and "@import" not in content and "://" not in content
page = Page()
page.feed(content)
assert not page.open, page.open
for text in texts: assert text in page.text, f"{text!r} is not on the page"
PY
}

# value EXPRESSION: of the JSON in $output, j
value() { python3 -c 'import json, sys; j = json.loads(sys.argv[1]); print(eval(sys.argv[2]))' "$output" "$1"; }

# 1: a run that ends well
exit_code_of "$CROSSILO_BIN" train small.ini --np 4
expect_code 0
expect_text "report  runs/small-1/report.html"
page runs/small-1/report.html "finished" "test rows of 4 silos" "3 rounds of 3" "only the sum over all silos can be read"

# 2: the page again, with the facts; one that was stopped
exit_code_of "$CROSSILO_BIN" train small.ini --np 4 --run.rounds 1000000 --max_hours 1e-9
expect_code 75
page runs/small-2/report.html "Not finished: stopped, to be started again" "exit code 75"
exit_code_of "$CROSSILO_BIN" report runs/small-2 --json
expect_code 0
[ "$(value "j['status'], j['exit_code'], j['rounds'], j['report']")" = \
  "('stopped, to be started again', 75, 1000000, 'runs/small-2/report.html')" ] || fail "$output"

# what a page says to repeat a run does so
# shellcheck disable=SC2016 # the test expands it itself
exit_code_of bash -c "$(sed -n 's/^<pre>crossilo \(.* --np 4\)<\/pre>$/"$CROSSILO_BIN" \1/p' runs/small-1/report.html) --runs again"
expect_code 0
cmp runs/small-1/model/global.safetensors again/small-1/model/global.safetensors || fail "not the same model"

# 3: one that was killed altogether
"$CROSSILO_BIN" train small.ini --np 4 --resume never --run.rounds 1000000 > out 2>&1 &
until [ -s runs/small-3/metrics.jsonl ]; do sleep 0.05; done
mapfile -t ranks < <(awk '$1 == "pid" { print $2 }' runs/small-3/ranks/*)
kill -KILL %1 "${ranks[@]}"
wait %1 2> /dev/null || true
exit_code_of "$CROSSILO_BIN" report runs/small-3
expect_code 0
page runs/small-3/report.html "Not finished"

# 4: a lost silo: the supervisor writes the page that says so
"$CROSSILO_BIN" train small.ini --np 4 --resume never --run.rounds 1000000 > out 2>&1 &
until [ -s runs/small-4/metrics.jsonl ]; do sleep 0.05; done
kill -KILL "$(awk '$1 == "pid" { print $2 }' runs/small-4/ranks/2)"
code=0
wait %1 2> /dev/null || code=$?
output=$(tr -d '\0' < out)
expect_code 5
page runs/small-4/report.html "Not finished: a silo was lost" "silo c"
! grep -q "None in the logs" runs/small-4/report.html || fail "the lost silo is no error on its page"

# 5: a page that cannot be written is told, and the run ends as it would have
sed 's/^name = small/name = blocked/' small.ini > blocked.ini
"$CROSSILO_BIN" train blocked.ini --np 4 --run.rounds 300000 > out 2>&1 &
until [ -d runs/blocked-1 ]; do sleep 0.02; done
mkdir -p runs/blocked-1/report.html/full
until [ -s runs/blocked-1/metrics.jsonl ]; do sleep 0.05; done
kill -INT %1
code=0
wait %1 || code=$?
output=$(cat out)
expect_code 75
expect_text "no report.html: "

# 6: lists and comparisons
exit_code_of "$CROSSILO_BIN" runs
expect_code 0
for text in "small-1    finished " "small-2    stopped, to be started again" "small-4    a silo was lost"; do expect_text "$text"; done
exit_code_of "$CROSSILO_BIN" runs runs --json
[ "$(value "[r['name'] for r in j]")" = "['small-1', 'small-2', 'small-3', 'small-4', 'blocked-1']" ] || fail "$output"
exit_code_of "$CROSSILO_BIN" runs data
expect_code 0
expect_text "no runs in data"
exit_code_of "$CROSSILO_BIN" runs nowhere
expect_code 9
expect_text "nowhere: cannot be listed"
exit_code_of "$CROSSILO_BIN" compare runs/small-1 runs/small-2 -o both.html
expect_code 0
expect_text "run.rounds"
page both.html "small-1" "small-2" "Settings that differ"
exit_code_of "$CROSSILO_BIN" compare runs/small-1 runs/small-2 -o both.html --json
[ "$(value "j['differing_settings']['run.rounds']")" = "['3', '1000000']" ] || fail "$output"
[ "$(value "len({r['metric'] for r in j['runs']})")" = 1 ] || fail "two metrics beside each other: $output"
exit_code_of "$CROSSILO_BIN" compare runs/small-1
expect_code 2
exit_code_of "$CROSSILO_BIN" report data
expect_code 9
expect_text "data: not a run folder"

# 7: benchmarks: sizes in powers of two, three cases, a bound, one wrong value, a line of another bench
python3 - <<'PY' > sums.jsonl
import json
print(json.dumps({"bench": "mask", "case": "aes", "seconds_min": 1}))
for group in ("4 ranks", "8 ranks"):
    for exponent in range(10, 31, 2):
        for case, rate in (("ring_sum", 4e9), ("MPI default", 1e9), ("MPI tuned", 2e9)):
            seconds = 2e-5 + 2 ** exponent / rate
            print(json.dumps({"bench": "sum_by_size", "group": group, "case": case, "x": "bytes", "bytes": 2 ** exponent,
                              "seconds_min": seconds * 0.9, "seconds_median": seconds, "seconds_p90": seconds * 1.3,
                              "bound_seconds": 2 ** exponent / 8e9, "bound": "memory traffic",
                              "wrong_values": int((group, case, exponent) == ("8 ranks", "MPI tuned", 20))}))
PY
exit_code_of "$CROSSILO_BIN" report --bench sums.jsonl
expect_code 0
expect_text "report  sums.html"
expect_text "note: sums.jsonl: 1 line is passed over"
page sums.html "2 charts of 66 measurements" "1 of 66 measurements gave wrong values" "sum by size" "1 KiB" "32 MiB" \
  "over ring_sum" "memory traffic" "1 line is passed over"
python3 - <<'PY' || fail "sums.html"
import re, xml.etree.ElementTree as tree
pictures = [tree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", open("sums.html").read(), re.S)]
charts = [picture for picture in pictures if picture.get("role") == "img"]
ratios = "Time over that of ring_sum"
assert [chart.get("aria-label") for chart in charts] == ["4 ranks", ratios, "8 ranks", ratios]
assert [len(chart.findall("path[@class='cross']")) for chart in charts] == [0, 0, 1, 0]
assert [len(chart.findall("path[title]")) for chart in charts] == [4, 3, 4, 3]  # three cases and the bound; no bound
PY
grep ring_sum sums.jsonl > ours.jsonl
grep MPI sums.jsonl > theirs.jsonl
exit_code_of "$CROSSILO_BIN" report --bench ours.jsonl theirs.jsonl -o both.html --json
expect_code 0
[ "$(value "j['report'], j['charts'], j['measurements'], j['wrong']")" = "('both.html', 2, 66, 1)" ] || fail "$output"
exit_code_of "$CROSSILO_BIN" report --bench nowhere.jsonl
expect_code 9
expect_text "nowhere.jsonl: no such file"
echo '{"bench": "b", "case": "c", "x": "ranks", "seconds_min": 1}' > bad.jsonl
exit_code_of "$CROSSILO_BIN" report --bench bad.jsonl
expect_code 4
expect_text 'bad.jsonl:1: "ranks": a number is expected, there is no such key'
[ ! -e bad.html ] || fail "a page of nothing"
head -n 1 sums.jsonl > old.jsonl
exit_code_of "$CROSSILO_BIN" report --bench old.jsonl
expect_code 4
expect_text "old.jsonl: 1 line is passed over"
cp sums.jsonl sums2.html
exit_code_of "$CROSSILO_BIN" report --bench sums2.html
expect_code 2
expect_text "the page would replace sums2.html"
exit_code_of "$CROSSILO_BIN" report runs/small-1 --bench sums.jsonl
expect_code 2
exit_code_of "$CROSSILO_BIN" report runs/small-1 -o other.html
expect_code 2
exit_code_of "$CROSSILO_BIN" report
expect_code 2
expect_text "either a RUN or --bench FILE is wanted"
