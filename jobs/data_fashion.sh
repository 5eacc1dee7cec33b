#!/usr/bin/env bash
# Fetches Fashion-MNIST and divides it among silos, its classes unevenly: data/fashion/silo0.h5, …
# Usage: jobs/data_fashion.sh [SILOS [ALPHA [SEED [FOLDER]]]]
#   SILOS  how many (8)   ALPHA  of the Dirichlet distribution of each class over them (0.3; larger: more even)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/data_common.sh"

silos=${1:-8}
alpha=${2:-0.3}
seed=${3:-1}
folder=${4:-data/fashion}
require_number silos "$silos"
require_number seed "$seed"
[[ $alpha =~ ^[0-9]*\.?[0-9]+$ ]] || stop 2 "alpha \"$alpha\": a number above 0 is wanted"
[[ $silos -ge 1 ]] || stop 2 "silos \"$silos\": 1 or more is wanted"
images=${CROSSILO_FASHION:-/usr/share/datasets/fashion-mnist}
source_text="Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), $silos silos, Dirichlet $alpha, seed $seed"
mapfile -t numbers < <(seq -w 0 "$((silos - 1))")
files=("${numbers[@]/#/$folder/silo}")
files=("${files[@]/%/.h5}")
find_crossilo

# The four files of Debian's package, whoever brought them here (Debian packs them anew: not the bytes of the authors).
images_are_right() {
  (cd "$images" 2>/dev/null && sha256sum --check --status) <<'SUMS'
b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7  train-images-idx3-ubyte.gz
0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056  train-labels-idx1-ubyte.gz
cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa  t10k-images-idx3-ubyte.gz
8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05  t10k-labels-idx1-ubyte.gz
SUMS
}

# The package holds four files and is only unpacked, not installed: no root is needed where apt knows its lists.
fetch() {
  images_are_right && return
  images=$downloads/fashion-mnist/usr/share/datasets/fashion-mnist
  images_are_right && return
  command -v apt-get >/dev/null || stop 3 "no apt-get here: bring the four .gz files of Debian's package
  dataset-fashion-mnist 0.0~git20200523 and name their folder in CROSSILO_FASHION"
  local unpacked=$downloads/fashion-mnist as_root=()
  mkdir -p "$unpacked"
  if ! (cd "$unpacked" && apt-get -qq download dataset-fashion-mnist 2>/dev/null); then
    [[ $(id -u) -eq 0 ]] || as_root=(sudo)
    "${as_root[@]}" apt-get -qq update
    (cd "$unpacked" && apt-get -qq download dataset-fashion-mnist 2>/dev/null) ||
      stop 3 "apt-get download dataset-fashion-mnist failed: is the network there?"
  fi
  dpkg-deb -x "$unpacked"/dataset-fashion-mnist_*.deb "$unpacked"
  rm "$unpacked"/dataset-fashion-mnist_*.deb
  images_are_right || stop 4 "$images: the files are not Fashion-MNIST's (SHA-256); delete the folder and start again"
}

if silos_are_here "$source_text" "${files[@]}"; then
  echo "$folder: $silos silos, Dirichlet $alpha, seed $seed: already here"
  exit 0
fi
echo "Fashion-MNIST: 70,000 images of clothes, 28 x 28, 10 classes (Xiao, Rasul, Vollgraf 2017; MIT licence)"
fetch
"$crossilo" data split --idx_images "$images/train-images-idx3-ubyte.gz" --idx_labels "$images/train-labels-idx1-ubyte.gz" \
  --idx_test_images "$images/t10k-images-idx3-ubyte.gz" --idx_test_labels "$images/t10k-labels-idx1-ubyte.gz" \
  --classes 'T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot' \
  --by dirichlet --alpha "$alpha" --silos "$silos" --seed "$seed" --origin "$source_text" --output "$folder/{silo}.h5"
