// found[row, run] = which element of the run is the first that is NaN or infinite, or -1: a run is 256 words of a row
//
// Values are looked at as bits, since a shader may take it for granted that no float is NaN. In 16 bits two lie in a word.
// Bindings: x [rows, words], f32, bf16 or f16, as words; found f32 [rows, runs].
// Grid: one invocation for each run.
// Precision: exact.
// Twin: firstNotFinite.twin.ts

override X_TYPE: u32; // 0 f32, 1 bf16, 2 f16

struct Params {
  rows: u32,
  words: u32, // of a row
  runs: u32, // of a row
  elements: u32, // of a row: the last word may be half full
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> found: array<f32>;

const RUN = 256u;

// Whether all bits of the exponent of one of the word's values are set: bit 0 for the lower, or only, one, bit 1 for the upper.
fn notFinite(word: u32) -> u32 {
  if (X_TYPE == 0u) {
    return select(0u, 1u, (word & 0x7f800000u) == 0x7f800000u);
  }
  let exponent = select(0x7c00u, 0x7f80u, X_TYPE == 1u);
  let low = select(0u, 1u, (word & exponent) == exponent);
  let high = select(0u, 2u, ((word >> 16u) & exponent) == exponent);
  return low | high;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.rows * params.runs) {
    return;
  }
  let row = index / params.runs;
  let start = (index % params.runs) * RUN;
  let end = min(start + RUN, params.words);
  let perWord = select(2u, 1u, X_TYPE == 0u);
  var first = -1.0;
  for (var word = start; word < end; word++) {
    let bits = notFinite(x[row * params.words + word]);
    let half = select(1u, 0u, (bits & 1u) == 1u);
    if (bits != 0u && word * perWord + half < params.elements) {
      first = f32((word - start) * perWord + half);
      break;
    }
  }
  found[index] = first;
}
