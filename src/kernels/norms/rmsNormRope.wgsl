// A norm over all heads, as rmsNorm.wgsl, and the rotation of what it gives, as rope.wgsl:
//   n[i]    = x[row][i] / sqrt(mean_j x[row][j]^2 + eps) * weight[i]
//   y[2p]   = n[2p] * cos - n[2p+1] * sin
//   y[2p+1] = n[2p] * sin + n[2p+1] * cos
//
// Bindings: x f32 [frames * gridHeight * gridWidth, heads * 2 * pairs]; weight f32 [heads * 2 * pairs]; table f32, (cos, sin)
//   as in rope.wgsl; y as x, f32 or two 16-bit values to a word.
// Grid: one workgroup of 64 invocations for each token; each turns every 64th pair of a head, in all heads.
// Precision: f32; sums as in rmsNorm.wgsl, narrowed as in cast.wgsl.
// Twin: rmsNormRope.twin.ts

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
@group(0) @binding(1) var<storage, read> x: array<vec2f>;
@group(0) @binding(2) var<storage, read> weight: array<vec2f>;
@group(0) @binding(3) var<storage, read> table: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

const MAX_HALF = 65504.0;

var<workgroup> partial: array<f32, 64>;

// Passage: a sum over a workgroup
// The sum of `value` over the workgroup; every invocation must call it, and each adds up all parts by itself: one barrier,
// where a tree has one for every level. A second call needs another before it.
fn workgroupSum(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < 64u; i++) {
    sum += partial[i];
  }
  return sum;
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

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.tokens) {
    return;
  }
  let rowPairs = params.heads * params.pairs;
  let start = row * rowPairs;
  var squares = 0.0;
  for (var i = lane; i < 2u * rowPairs; i += 64u) {
    let value = x[start + i / 2u][i % 2u];
    squares += value * value;
  }
  let scale = 1.0 / sqrt(workgroupSum(squares, lane) / f32(2u * rowPairs) + params.eps);
  let places = placesOf(params.firstToken + row);
  for (var pair = lane; pair < params.pairs; pair += 64u) {
    let angle = angleOf(places, pair); // cos, sin
    for (var i = pair; i < rowPairs; i += params.pairs) {
      let normed = x[start + i] * scale * weight[i];
      let turned = normed * angle.x + vec2f(-normed.y, normed.x) * angle.y;
      if (TO_TYPE == 0u) {
        y[2u * (start + i)] = bitcast<u32>(turned.x);
        y[2u * (start + i) + 1u] = bitcast<u32>(turned.y);
      } else {
        y[start + i] = packed(turned);
      }
    }
  }
}
