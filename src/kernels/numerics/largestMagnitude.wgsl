// largest[run] = the largest |x| of a run of 16384 elements
//
// Launched again over what it found, until that is one number.
// Bindings: x, f32 or two of 16 bits to a word, as words; largest f32 [runs].
// Grid: one workgroup for each run.
// Precision: exact; NaN counts as more than infinity.
// Twin: largestMagnitude.twin.ts

override X_TYPE: u32; // 0 f32, 1 bf16, 2 f16

struct Params {
  elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> largest: array<u32>;

const RUN = 16384u;
const LANES = 64u;

var<workgroup> found: array<u32, LANES>;

// The bits of |x| as an f32: as whole numbers they are in the order of what they stand for.
fn magnitude(index: u32) -> u32 {
  if (X_TYPE == 0u) {
    return x[index] & 0x7fffffffu;
  }
  let word = x[index / 2u] >> (16u * (index % 2u));
  if (X_TYPE == 1u) {
    return (word & 0x7fffu) << 16u;
  }
  return bitcast<u32>(unpack2x16float(word & 0x7fffu).x);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let run = group.x + group.y * groups.x;
  let start = run * RUN;
  if (start >= params.elements) {
    return;
  }
  var most = 0u;
  for (var index = start + lane; index < min(start + RUN, params.elements); index += LANES) {
    most = max(most, magnitude(index));
  }
  found[lane] = most;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      found[lane] = max(found[lane], found[lane + half]);
    }
  }
  if (lane == 0u) {
    largest[run] = found[0];
  }
}
