#!/usr/bin/env bash
# Aim: a type's name is defined in one header only: two of one name in one namespace are one to the linker, which then
# runs the one's destructor on the other.
# Method: collect the struct, class and enum definitions of all headers. Usage: type_names.sh REPOSITORY
set -euo pipefail
cd "$1"
definition='^(struct|class|enum class|union) [A-Za-z_0-9]+( [^;:(]*)?( : [^;(]*)?(\{|$)'
repeated=$({ grep -rhoE "$definition" --include='*.hpp' include src || true; } | sed -E 's/^(enum class|[a-z]+) ([A-Za-z_0-9]+).*/\2/' | sort | uniq -d)
status=0
for name in $repeated; do
  grep -rnE "^(struct|class|enum class|union) $name( |\{|$)" --include='*.hpp' include src | grep -v ';$' || true
  status=1
done
exit "$status"
