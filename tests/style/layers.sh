#!/usr/bin/env bash
# Aim: an include points only to the layers below (DESIGN: layers; ARCHITECTURE.md draws them).
# Method: read every #include in include/ and src/. Usage: layers.sh REPOSITORY
set -euo pipefail
cd "$1"

declare -A may_include=(
  [base]="" [foreign]="base" [comm]="base foreign" [data]="base foreign" [model]="base foreign"
  [privacy]="base foreign model" [silo]="base foreign data model privacy" [update]="base foreign model privacy"
  [aggregate]="base foreign comm model" [round]="base foreign comm data model privacy silo update aggregate"
  [io]="base foreign comm data model privacy silo update aggregate round"
)
may_include[launch]="${may_include[io]} io cli"
may_include[cli]="${may_include[io]} io launch"

status=0
while IFS=: read -r file line text; do
  folder=${file#include/crossilo/}
  folder=${folder#src/}
  folder=${folder%%/*}
  target=$(sed -E 's/^[^"<]*["<](.*)[">].*$/\1/' <<<"$text")
  if [ -z "${may_include[$folder]+known}" ]; then
    echo "$file:$line: no layer is called $folder"
  elif [[ $target != crossilo/*/* && $target != ../*/* ]]; then
    continue # another library, crossilo/version.hpp, or a private header of the same folder
  else
    target=${target#crossilo/}
    target=${target#../} # a private header of another folder of src/
    target=${target%%/*}
    [[ " $folder ${may_include[$folder]} " == *" $target "* ]] && continue
    echo "$file:$line: $folder may not include $target (allowed: ${may_include[$folder]:-nothing})"
  fi
  status=1
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<]crossilo/|"[^"]*\.\.)' include/crossilo/*/ src/*/)
exit "$status"
