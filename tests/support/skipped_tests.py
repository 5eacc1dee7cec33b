"""Prints the tests that ctest skipped, each with the reason it gave.

usage: skipped_tests.py JUNIT.xml    written by ctest --output-junit
"""
import re
import sys
import xml.etree.ElementTree

cases = list(xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"))
skipped = [case for case in cases if case.find("skipped") is not None]
print(f"skipped    {len(skipped)} of {len(cases)} tests")
for case in skipped:
    said = case.findtext("system-out", "").strip()
    reason = re.search(r"^(?:skipped: |.*: Skipped\n)(.+)", said, re.MULTILINE | re.IGNORECASE)
    print(f"  {case.get('name')}: {reason[1] if reason else said.rpartition(chr(10))[2]}")
