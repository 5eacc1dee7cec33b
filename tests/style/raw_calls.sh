#!/usr/bin/env bash
# Aim: calls of MPI, HDF5, OpenSSL, NCCL and CUDA stand only in foreign/, comm/ and .cu files, where they are checked; the
# time of day is read in one place; nothing blocks on a device; only SecureSum starts a sum.
# Method: search the code, comments taken off. Usage: raw_calls.sh REPOSITORY
set -euo pipefail
cd "$1"
calls='\<(P?MPIX?_[A-Za-z_]+|H5[A-Z]+[a-z][A-Za-z0-9_]*|EVP_[A-Za-z0-9_]+|RAND_[a-z_]+|(OPENSSL|ERR|OSSL|CRYPTO)_[A-Za-z0-9_]+|nccl[A-Z][A-Za-z]+|cu(da|)[A-Z][A-Za-z]+)[[:space:]]*\('

status=0
while read -r file; do
  if sed -E 's,//.*$,,' "$file" | grep -nE "$calls" | sed "s,^,$file:,"; then status=1; fi
done < <(find include/crossilo src -type f \( -name '*.hpp' -o -name '*.cpp' \) -not -path '*/foreign/*' -not -path '*/comm/*')
[ "$status" = 0 ] || echo "These calls belong into foreign/ or comm/."
# On the device a wait has a deadline, too: CudaEvent::wait looks again and again.
if grep -rnE 'cuda(Device|Stream|Event)Synchronize|cudaMemcpy *\(' include/crossilo src || grep -rn '<torch/' src --include='*.cu*'; then
  echo "Nothing may block on the device, and libtorch's headers stay out of .cu files."
  status=1
fi
# SecureSum is the only door: whoever else has a RingSum could send plain words. The session owns it, and hands it on.
if grep -rnP '\bRingSum\b(?!::Options)|ring_sum_?(\.|->)(start|sum)\(' include/crossilo src --include='*.[ch]pp' | sed -E 's,//.*$,,' |
  grep -E 'RingSum|ring_sum' | grep -vE '^(src|include/crossilo)/(comm/|aggregate/secure_sum\.)|^include/crossilo/round/sum_session.hpp:[0-9]+:  RingSum ring_sum_;|RingSum\(communicator, \{\}\)\.self_test\('; then
  echo "Only aggregate/secure_sum may start a sum of a payload's words."
  status=1
fi
# The machine's clock may jump by a day: nothing but what people read may depend on it.
clocks='system_clock|CLOCK_REALTIME|gettimeofday|[^_a-z](time|localtime|gmtime)\((nullptr|NULL|&)'
if grep -rnE "$clocks" include/crossilo src --include='*.[ch]pp' --include='*.cu*' | grep -v '^include/crossilo/base/unix_time.hpp:'; then
  echo "The time of day comes from base/unix_time, seconds that pass from base/clock."
  status=1
fi
exit "$status"
