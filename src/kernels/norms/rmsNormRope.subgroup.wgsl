// A norm over all heads and its rotation, as rmsNormRope.wgsl, by subgroups
//
// Changes to rmsNormRope.wgsl: a subgroup does ROWS tokens, for which it loads the weight once, so sums need neither shared
// memory nor barriers; the width of a head is a multiple of 4 and everything is read by fours, two pairs each.
// Bindings: x f32 [frames * gridHeight * gridWidth, heads * 2 * pairs]; weight f32 [heads * 2 * pairs]; table f32, (cos, sin)
//   as in rope.wgsl; y as x, f32 or two 16-bit values to a word.
// Grid: one subgroup of SUBGROUP invocations for each ROWS tokens; an invocation does fours at one place of their heads.
// Precision: f32; sums as in rmsNorm.subgroup.wgsl, narrowed as in cast.wgsl.
// Twin: rmsNormRope.twin.ts

enable subgroups;

override SUBGROUP: u32;
override ROWS: u32; // up to 4
override TO_TYPE: u32; // 0 f32, 1 bf16, 2 f16

// Passage: the parameters of rmsNormRope
struct Params {
  firstToken: u32, // of the whole tensor, where this launch is a piece of it
  tokens: u32,
  frames: u32,
  heads: u32,
  pairs: u32,
  temporalPairs: u32,
  heightPairs: u32,
  gridHeight: u32,
  gridWidth: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> table: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec2u>;

const MAX_HALF = 65504.0;

// 1 over the root mean square of a row.
fn rowScale(start: u32, fours: u32, lane: u32) -> f32 {
  var squares = vec4f();
  for (var i = lane; i < fours; i += SUBGROUP) {
    squares += x[start + i] * x[start + i];
  }
  return 1.0 / sqrt(subgroupAdd(dot(squares, vec4f(1.0))) / f32(4u * fours) + params.eps);
}

// Passage: where a token's angles are
// What is added to a pair of a token to find its entry: where the frame turns it, the grid row, the grid column. Less than
// zero in part, which wraps around and back.
fn placesOf(token: u32) -> vec3u {
  let tokensPerFrame = params.gridHeight * params.gridWidth;
  let heightEnd = params.temporalPairs + params.heightPairs;
  let heightStart = params.frames * params.temporalPairs;
  let widthStart = heightStart + params.gridHeight * params.heightPairs;
  return vec3u(
    token / tokensPerFrame * params.temporalPairs,
    heightStart + token % tokensPerFrame / params.gridWidth * params.heightPairs - params.temporalPairs,
    widthStart + token % params.gridWidth * (params.pairs - heightEnd) - heightEnd,
  );
}

// Passage: the angle of a pair
// cos and sin, from the places of its token.
fn angleOf(places: vec3u, pair: u32) -> vec2f {
  let spatial = select(places.y, places.z, pair >= params.temporalPairs + params.heightPairs);
  return table[pair + select(places.x, spatial, pair >= params.temporalPairs)];
}

// Passage: the bits of bf16
// The upper half of the bits, rounded half to even; NaN keeps a bit of its payload.
fn bfloat16Bits(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let isNan = (bits & 0x7fffffffu) > 0x7f800000u;
  return select((bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u, (bits >> 16u) | 0x40u, isNan);
}

// Passage: two values in a word
fn packed(pair: vec2f) -> u32 {
  if (TO_TYPE == 1u) {
    return bfloat16Bits(pair.x) | (bfloat16Bits(pair.y) << 16u);
  }
  return pack2x16float(clamp(pair, vec2f(-MAX_HALF), vec2f(MAX_HALF)));
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * ROWS;
  if (row >= params.tokens) {
    return;
  }
  let headFours = params.pairs / 2u;
  let fours = params.heads * headFours;
  var starts: array<u32, 4>;
  var scales: array<f32, 4>;
  var places: array<vec3u, 4>;
  for (var r = 0u; r < ROWS; r++) {
    let token = min(row + r, params.tokens - 1u); // the last row again in the place of those past it
    starts[r] = token * fours;
    scales[r] = rowScale(starts[r], fours, lane);
    places[r] = placesOf(params.firstToken + token);
  }
  // From one of its fours to the next a lane goes whole heads, so that the angles stay: one, or as many as the lanes fill.
  let step = select(headFours, SUBGROUP, SUBGROUP % headFours == 0u);
  for (var first = lane; first < step; first += SUBGROUP) {
    let pair = 2u * (first % headFours);
    var angles: array<vec4f, 4>; // cos, sin of two pairs
    for (var r = 0u; r < ROWS; r++) {
      angles[r] = vec4f(angleOf(places[r], pair), angleOf(places[r], pair + 1u));
    }
    for (var i = first; i < fours; i += step) {
      let gain = weight[i];
      for (var r = 0u; r < ROWS; r++) {
        let normed = x[starts[r] + i] * scales[r] * gain;
        let turned = normed * angles[r].xxzz + vec4f(-normed.y, normed.x, -normed.w, normed.z) * angles[r].yyww;
        if (TO_TYPE == 0u) {
          y[2u * (starts[r] + i)] = bitcast<vec2u>(turned.xy);
          y[2u * (starts[r] + i) + 1u] = bitcast<vec2u>(turned.zw);
        } else {
          y[starts[r] + i] = vec2u(packed(turned.xy), packed(turned.zw));
        }
      }
    }
  }
}
