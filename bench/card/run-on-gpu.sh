#!/bin/bash
# Runs what make-bundle.sh packed, on the GPU of a bare machine, within TOTAL seconds; what came of it lies in $OUT: eight files.
# Settings, all by environment: TOTAL (330), OUT (gpu-out), SMALL=1 (small problems: a rehearsal on lavapipe), ADAPTER (gpu),
#   STEPS (which of "doctor selftest forms measure parity torch dit gradient vae demo rollouts", all by default but
#   the last, whole runs of random weights at 832x480), GROUPS_ASKED (of bench/card/groups.mjs),
#   RUNS_ASKED (of bench/card/rollouts.mjs), ROLLOUTS (their seconds), SLOW (factor on every step's limit)
set -u
here=$(cd "$(dirname "$0")" && pwd)
start=$SECONDS
total=${TOTAL:-330}
OUT=${OUT:-$PWD/gpu-out}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
checkout=$PWD
tmp=${TT_TMP:-/tmp/tt-gpu}
log=$OUT/log.txt
: > "$log"
say() { echo "[$((SECONDS - start)) s] $*" | tee -a "$log"; }
has() { command -v "$1" > /dev/null 2>&1; }
steps=" ${STEPS:-doctor selftest forms measure parity torch dit gradient vae demo} "

# --- unpack
mkdir -p "$tmp"
unxz_to() { # archive, target
  if has xz; then xz -dc -T0 "$1" > "$2" && return; fi
  python3 -c 'import lzma, shutil, sys
with lzma.open(sys.argv[1]) as source, open(sys.argv[2], "wb") as target: shutil.copyfileobj(source, target, 1 << 20)' "$1" "$2"
}
if [ ! -x "$tmp/node" ]; then
  unxz_to "$here/node.xz" "$tmp/node.part" && chmod 755 "$tmp/node.part" && mv "$tmp/node.part" "$tmp/node" &
  unxz_to "$here/app.tar.xz" "$tmp/app.tar"
  if has tar; then tar -C "$tmp" -xf "$tmp/app.tar"; else python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$tmp/app.tar" "$tmp"; fi
  rm -f "$tmp/app.tar"
  wait
fi
app=$tmp/app
node=$tmp/node
# fixtures and weights: the bundle's own, else those of the checkout that it was started in
for part in test weights; do [ -e "$app/$part" ] || { [ -e "$checkout/$part" ] && ln -s "$checkout/$part" "$app/$part"; }; done
say "unpacked: $("$node" --version 2>&1), $(du -sm "$tmp" | cut -f1) MB"

# --- the machine
{
  uname -a; head -2 /etc/os-release; getconf GNU_LIBC_VERSION; nproc; grep -m1 'model name' /proc/cpuinfo; grep MemTotal /proc/meminfo
  echo '--- nvidia-smi'; has nvidia-smi && { nvidia-smi; nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm,clocks.mem,power.limit,compute_mode --format=csv; }
  echo '--- devices'; ls -l /dev/nvidia* /dev/dri 2>&1 | head -20
  echo '--- Vulkan'; ldconfig -p 2>/dev/null | grep -E 'libvulkan|libGLX_nvidia|libEGL_nvidia|libX11\.|libnvidia-glvkspirv'
  ls /usr/local/nvidia/share/vulkan/icd.d /etc/vulkan/icd.d /usr/share/vulkan/icd.d /usr/local/nvidia/lib64 2>&1 | head -80
  echo "LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-} NVIDIA_DRIVER_CAPABILITIES=${NVIDIA_DRIVER_CAPABILITIES:-}"
} > "$OUT/machine.txt" 2>&1

# --- libraries that are missing, and the driver
add_libraries() { export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$1"; }
resolves() { "$node" -e 'try { process.dlopen({ exports: {} }, process.argv[1]) } catch (e) { process.exit(String(e).includes("self-register") ? 0 : 1) }' "$1" > /dev/null 2>&1; }
[ -d /usr/local/nvidia/lib64 ] && ! resolves libGLX_nvidia.so.0 && add_libraries /usr/local/nvidia/lib64
resolves libvulkan.so.1 || { add_libraries "$app/libs/vulkan"; say 'no Vulkan loader here: Debian'\''s from the bundle'; }
# NVIDIA's driver loads, but has no entry points for the loader, where libraries that it opens by itself are missing
for name in libEGL.so.1 libGLX.so.0 libGLdispatch.so.0 libX11.so.6; do
  resolves $name || { say "$name is missing: with the X libraries of the bundle"; add_libraries "$app/libs/x"; break; }
done
vendor=/usr/local/nvidia/share/glvnd/egl_vendor.d/10_nvidia.json
[ -z "${__EGL_VENDOR_LIBRARY_FILENAMES:-}" ] && [ -f $vendor ] && export __EGL_VENDOR_LIBRARY_FILENAMES=$vendor
if [ -z "${VK_DRIVER_FILES:-}" ]; then
  for file in /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json /etc/vulkan/icd.d/nvidia_icd.json /usr/share/vulkan/icd.d/nvidia_icd.json; do
    [ -f "$file" ] && { export VK_DRIVER_FILES=$file; break; }
  done
fi
library=$(sed -n 's/.*"library_path"[^"]*"\([^"]*\)".*/\1/p' "${VK_DRIVER_FILES:-/dev/null}" 2>/dev/null | head -1)
if [ -n "$library" ] && ! resolves "$library"; then
  say "$library does not load: with the X libraries of the bundle"
  add_libraries "$app/libs/x"
  if ! resolves "$library" && resolves libEGL_nvidia.so.0; then # the same driver under a name that needs no X
    sed "s#$library#libEGL_nvidia.so.0#" "$VK_DRIVER_FILES" > "$tmp/icd.json"
    export VK_DRIVER_FILES=$tmp/icd.json
    say 'nor so: libEGL_nvidia.so.0 in its place'
  fi
  resolves "$library" || "$node" -e 'try { process.dlopen({ exports: {} }, process.argv[1]) } catch (e) { console.log(String(e)) }' "$library" >> "$log" 2>&1
fi
say "driver ${VK_DRIVER_FILES:-as the loader finds it}; LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}"

export XDG_CACHE_HOME=$tmp/cache HOME=${HOME:-/root} TOKENTRIM_ADAPTER=${ADAPTER:-gpu} NO_COLOR=1
mkdir -p "$XDG_CACHE_HOME" "$tmp/results"
# some groups of bench/card/groups.mjs ask for more of Dawn's toggles
matrices=$app/dist/tensor/gpu/requestDevice.js
if ! grep -q TOKENTRIM_BENCH_TOGGLES "$matrices"; then
  sed -i "s#vulkan_enable_f16_on_nvidia'#vulkan_enable_f16_on_nvidia' + (process.env.TOKENTRIM_BENCH_TOGGLES ? ',' + process.env.TOKENTRIM_BENCH_TOGGLES : '')#" "$matrices"
  grep -q TOKENTRIM_BENCH_TOGGLES "$matrices" || say 'the program has changed: no other toggles of Dawn'
fi
cd "$app"

# --- one step after the other, none past its own limit or the whole's; `reserve` seconds are left for those that follow
left() { echo $((total - (SECONDS - start))); }
step() { # name, limit, reserve, file for standard output, command...
  local name=$1 limit=$(($2 * ${SLOW:-1})) reserve=$3 file=$4; shift 4
  case "$steps" in *" ${name%%-*} "*) ;; *) return 0 ;; esac
  local room=$(($(left) - reserve)); [ $room -lt "$limit" ] && limit=$room
  if [ "$limit" -lt 5 ]; then say "$name: no time left"; return 0; fi
  local began=$SECONDS rc=0
  echo "=== $name" >> "$log"
  timeout -k 3 "$limit" "$@" > "$file" 2>> "$log" || rc=$?
  say "$name: $((SECONDS - began)) s of $limit$([ $rc -eq 0 ] || echo ", status $rc$([ $rc -ge 124 ] && echo ' (out of time)')")"
}
R=$tmp/results
small=${SMALL:+--small}
step doctor 30 0 "$R/doctor.json" "$node" bin/tokentrim.js doctor --json
"$node" -e 'const d = JSON.parse(require("fs").readFileSync(process.argv[1])); for (const a of d.adapters) console.log(`  ${a.chosen ? "*" : " "} ${a.name} (${a.kind}): ${a.problem ?? a.description}; ${a.features.join(" ")}`); for (const p of d.problems) console.log("  ", p.source, p.problem); for (const a of d.advice) console.log("   advice:", a)' "$R/doctor.json" 2>&1 | tee -a "$log"
# the second time with what the driver compiled the first time
for run in cold warm; do
  step selftest-$run 60 90 "$R/selftest-$run.json" "$node" bin/tokentrim.js doctor --self-test --json --adapter "$TOKENTRIM_ADAPTER"
done
step forms 190 90 "$R/forms.out" "$node" bench/card/forms.mjs "$app" "$R/forms.json" $small --seconds $((185 * ${SLOW:-1})) ${GROUPS_ASKED:+--groups "$GROUPS_ASKED"}
step measure 40 60 "$R/measured.json" "$node" bin/tokentrim.js doctor --measure --json --adapter "$TOKENTRIM_ADAPTER"
parity() { # name, cases, options...
  local name=$1 cases=$2; shift 2
  step "parity-$name" 25 40 "$R/parity-$name.json" "$node" bin/tokentrim.js parity $cases --json-lines --adapter "$TOKENTRIM_ADAPTER" "$@"
}
# what computes nothing on the adapter is left out
cases=$(ls -d test/fixtures/parity/*/ 2>/dev/null | grep -v -E '/(checkpoints|sentencepiece|torch-randn|schedulers)/')
[ -n "${SMALL:-}" ] && cases=$(echo "$cases" | grep -E '/(dit-causal-kv|umt5)/')
narrow=$(ls -d test/fixtures/parity/{dit-causal-kv,vae-decode,umt5}/ 2>/dev/null)
[ -n "${SMALL:-}" ] && narrow=$cases
for form in matrix $([ -n "${SMALL:-}" ] || echo half); do
  # in groups, each in a process of its own, of which one that hangs takes no other along
  for group in 0 1; do
    some=$(echo "$cases" | awk "NR % 2 == $group")
    [ -z "$some" ] || parity "$form-$group" "$some" --kernels $form
  done
  parity "$form-f16" "$narrow" --kernels $form --dtype f16 --kv-dtype f16 --tolerance 0.012
  parity "$form-bf16" "$narrow" --kernels $form --dtype bf16 --kv-dtype f16 --tolerance 0.07
done
step torch 30 40 "$R/torch.out" python3 bench/card/torchPeer.py "$R/torch.json" $small --seconds 20
section() { # name, limit, reserve, section, options...
  local name=$1 limit=$2 reserve=$3; shift 3
  step "$name" "$limit" "$reserve" "$R/$name.txt" "$node" bench/run.mjs "$@" --json "$R/$name.json"
  cat "$R/$name.txt" >> "$log" 2>/dev/null
}
if [ -n "${SMALL:-}" ]; then
  section dit 60 0 dit --tokens 64 --layers 1
  section gradient 60 0 dit --gradient --tokens 64 --layers 1
else
  section dit 60 20 dit
  section gradient 70 20 dit --gradient --tokens 390,4680
  section vae 40 10 vae
fi
for preset in self-forcing $([ -n "${SMALL:-}" ] || echo rolling-forcing); do
  step demo-$preset 30 0 "$R/demo-$preset.jsonl" "$node" bin/tokentrim.js generate 'a red circle bounces left and right on a navy background' --seed 24 --preset $preset --frames "$([ -n "${SMALL:-}" ] && echo 13 || echo 81)" --out "$R/$preset.mp4" --json --profile
done
# writes five gigabytes
step rollouts ${ROLLOUTS:-240} 0 "$R/rollouts.txt" "$node" bench/card/rollouts.mjs "$app" "$R/rollouts.json" $small --seconds ${ROLLOUTS:-240} ${RUNS_ASKED:+--only "$RUNS_ASKED"}
cat "$R/rollouts.txt" >> "$log" 2>/dev/null

# --- a few files come back
"$node" bench/card/summary.mjs "$R" "$OUT" 2>&1 | tee -a "$log"
tail -c 15000000 "$log" > "$log.cut" && mv "$log.cut" "$log"
cat "$OUT/machine.txt" >> "$log" && rm -f "$OUT/machine.txt" # nine would be one too many
say "done; $(ls "$OUT" | wc -l) files in $OUT"
exit 0
