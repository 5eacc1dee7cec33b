#!/usr/bin/env bash
# Fetches Fashion-MNIST and deals it out to silos that have the ten classes in unlike shares: data/fashion/*.h5.
# Usage: jobs/data_fashion.sh [SILOS] [ALPHA] [SEED [FOLDER]]    8 silos, Dirichlet 0.3, seed 1 unless said
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/data_common.sh"

silos=${1:-8}
alpha=${2:-0.3}
seed=${3:-1}
folder=${4:-data/fashion}
[[ $silos =~ ^[1-9][0-9]*$ && $silos -ge 2 ]] || stop 2 "silos \"$silos\": a whole number from 2 on is wanted"
[[ $alpha =~ ^[0-9]+(\.[0-9]+)?$ ]] || stop 2 "alpha \"$alpha\": a number above 0 is wanted"
require_number seed "$seed"
images=$downloads/fashion-mnist
source_text="Fashion-MNIST (Zalando Research, Xiao, Rasul, Vollgraf 2017; MIT licence), $recipe"
classes="T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
# Of the unpacked files: the gzip files of Debian and of the publisher are not the same, what is in them is.
declare -A sha256=(
  [train-images-idx3-ubyte]=c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888
  [train-labels-idx1-ubyte]=bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9
  [t10k-images-idx3-ubyte]=5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b
  [t10k-labels-idx1-ubyte]=0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34
)
find_crossilo
mapfile -t files < <(seq 0 "$((silos - 1))" | sed "s|.*|$folder/silo&.h5|")

download_is_right() {
  local name
  for name in "${!sha256[@]}"; do
    [[ $(gzip -dc "$images/$name.gz" 2>/dev/null | sha256sum) == "${sha256[$name]}  -" ]] || return 1
  done
}

fetch() {
  local package=$images-package
  mkdir -p "$images"
  if download_is_right; then return; fi
  if [[ -d /usr/share/datasets/fashion-mnist ]]; then # the package is installed
    cp /usr/share/datasets/fashion-mnist/*.gz "$images"
  elif command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    # The data come inside a Debian package, of which nothing is installed or run.
    rm -rf "$package" && mkdir "$package"
    (cd "$package" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download dataset-fashion-mnist) ||
      stop 3 "apt-get download dataset-fashion-mnist failed; after apt-get update it may work"
    dpkg-deb -x "$package"/*.deb "$package"
    cp "$package"/usr/share/datasets/fashion-mnist/*.gz "$images"
    rm -rf "$package"
  fi
  download_is_right ||
    stop 4 "$images: lacks the four files of github.com/zalandoresearch/fashion-mnist, or one is not as published; \
put them there, or delete the folder and start again"
}

import() {
  "$crossilo" data split --idx_images "$images/train-images-idx3-ubyte.gz" --idx_labels "$images/train-labels-idx1-ubyte.gz" \
    --idx_test_images "$images/t10k-images-idx3-ubyte.gz" --idx_test_labels "$images/t10k-labels-idx1-ubyte.gz" \
    --classes "$classes" --origin "$source_text" --silos "$silos" --by dirichlet --alpha "$alpha" --seed "$seed" \
    --output "$folder/{silo}.h5"
}

if silos_are_here "$source_text; 1 of $silos silos by dirichlet $alpha, seed $seed" "${files[@]}"; then
  echo "$folder: $silos silos, Dirichlet $alpha, split seed $seed: already here"
  exit 0
fi
cat <<'TEXT'
Fashion-MNIST: 70000 pictures of clothes, 28 x 28 pixels, 10 classes; here from the Debian package dataset-fashion-mnist.
Han Xiao, Kashif Rasul, Roland Vollgraf, Zalando Research 2017, arXiv:1708.07747. Terms: MIT licence.
TEXT
fetch
import
