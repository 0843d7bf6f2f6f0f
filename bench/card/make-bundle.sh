#!/bin/bash
# Makes a folder with which a bare Linux machine (x86-64, glibc 2.34 or newer, no Node, no network) runs this program on its GPU:
# `bash <folder>/run-on-gpu.sh` there. Run it in the project's root after `npm ci`.
#   bench/card/make-bundle.sh [--whole] [<folder>]      default: gpu-bundle (without a dot: a link to it travels as well)
# Without --whole the fixtures and weights stay out, because the checkout travels beside the bundle; --whole puts them in,
# for a machine that gets nothing else. Needs xz, strip, tar, apt-get (for Debian's Vulkan loader and X libraries).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
whole=
level=${XZ_LEVEL:-9e} # 0 for a quick try
libraries=${LIBRARIES:-debian} # none where no Debian archive can be reached: then the machine must have a Vulkan loader
[ "${1:-}" = --whole ] && { whole=1; shift; }
out=${1:-gpu-bundle}
root=$(pwd)
[ -f package.json ] && [ -d node_modules ] || { echo "run this in the project's root after npm ci" >&2; exit 1; }
dist=${DIST:-dist} # a compiled program that is there already
[ -n "${DIST:-}" ] || node scripts/build.mjs
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- node, stripped; xz takes minutes, so it is kept while the binary is the same
node=$(node -p process.execPath)
sum=$(sha256sum "$node" | cut -c1-64)
if [ "$(cat "$out/node.sha256" 2>/dev/null || true)" != "$sum" ] || [ ! -s "$out/node.xz" ]; then
  strip -s -o "$work/node" "$node"
  xz --x86 --lzma2=preset=$level,dict=96MiB -c "$work/node" > "$out/node.xz"
  echo "$sum" > "$out/node.sha256"
fi

# --- the program and what it needs at run time
app=$work/app
mkdir -p "$app/node_modules"
cp -r "$dist" "$app/dist" && cp -r bin package.json "$app/"
find "$app/dist" -name '*.map' -delete -o -name '*.d.ts' -delete
cp -r bench "$app/bench" && rm -rf "$app/bench/peers"
npm ls --omit=dev --omit=optional --all --parseable 2>/dev/null | sed -n "s#^$root/node_modules/##p" |
  grep -v -E '^(sharp|@img/.*|detect-libc|semver|@webgpu/types|webgpu|@napi-rs/.*|@sparticuz/.*|typescript)(/|$)' | sort -u > "$work/modules"
while read -r module; do
  mkdir -p "$app/node_modules/$module"
  cp -r "node_modules/$module/." "$app/node_modules/$module/"
done < "$work/modules"
# webgpu: the binary of this platform alone, without its symbols
mkdir -p "$app/node_modules/webgpu/dist/linux-x64"
cp node_modules/webgpu/*.js node_modules/webgpu/package.json "$app/node_modules/webgpu/"
strip --strip-unneeded -o "$app/node_modules/webgpu/dist/linux-x64/dawn.node" node_modules/webgpu/dist/linux-x64/dawn.node
# sharp: the binary of this platform alone
for module in sharp detect-libc semver @img/colour @img/sharp-linux-x64 @img/sharp-libvips-linux-x64; do
  [ -d "node_modules/$module" ] && mkdir -p "$app/node_modules/$module" && cp -r "node_modules/$module/." "$app/node_modules/$module/"
done
rm -rf "$app"/node_modules/sharp/{src,install}
find "$app/node_modules" \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.md' -o -name '*.markdown' \) -type f -delete
rm -rf "$app"/node_modules/zod/src "$app"/node_modules/mediabunny/src "$app"/node_modules/mediabunny/dist/bundles "$app"/node_modules/*/{test,tests,docs,example,examples}
find "$app"/node_modules/h264-mp4-encoder/embuild/dist -type f ! -name '*.node.js' -delete 2>/dev/null || true
find "$app"/node_modules/@huggingface/hub -mindepth 1 -maxdepth 1 ! -name dist ! -name package.json -exec rm -rf {} +
if [ -n "$whole" ]; then mkdir -p "$app/test" && cp -r weights "$app/" && cp -r test/fixtures "$app/test/"; fi

# --- Debian's Vulkan loader, and the libraries that NVIDIA's driver is linked with; used only where the machine has none
mkdir -p "$work/deb" "$app/libs/vulkan" "$app/libs/x"
[ "$libraries" = none ] || (
  cd "$work/deb"
  apt-get download -qq libvulkan1 libglvnd0 libegl1 libglx0 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0 2>/dev/null ||
    { apt-get update -qq && apt-get download -qq libvulkan1 libglvnd0 libegl1 libglx0 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0; }
  for deb in *.deb; do dpkg -x "$deb" x; done
)
if [ "$libraries" != none ]; then
  cp -a "$work"/deb/x/usr/lib/x86_64-linux-gnu/libvulkan.so.1* "$app/libs/vulkan/"
  find "$work"/deb/x/usr/lib/x86_64-linux-gnu -maxdepth 1 -name '*.so.*' ! -name 'libvulkan*' -exec cp -a {} "$app/libs/x/" \;
fi
tar -C "$work" --sort=name --owner=0 --group=0 --mtime=@0 -cf - app | xz --x86 --lzma2=preset=$level,dict=64MiB -c > "$out/app.tar.xz"
cp "$here/run-on-gpu.sh" "$out/"
du -b "$out"/* | awk '{ s += $1; printf "%10d  %s\n", $1, $2 } END { printf "%10.1f MiB in all\n", s / 1048576 }'
[ -z "$whole" ] && git ls-files -z 2>/dev/null | xargs -0 du -cb 2>/dev/null | tail -1 | awk '{ printf "%10.1f MiB of tracked files travel beside it\n", $1 / 1048576 }' || true
exit 0
