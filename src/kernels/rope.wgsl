// Rotary position embedding of a grid of tokens: each pair (2p, 2p+1) of a head is turned by the angle of its token.
//   y[2p]   = x[2p] * cos - x[2p+1] * sin
//   y[2p+1] = x[2p] * sin + x[2p+1] * cos
//
// The first `temporalPairs` pairs take the angle of the token's frame, the next `heightPairs` that of its grid row, the
// rest that of its grid column. cos and sin come from the host, computed in float64.
// Bindings: x f32 [frames * gridHeight * gridWidth, heads * 2 * pairs]; table f32, (cos, sin) for
//   [frames, temporalPairs], then [gridHeight, heightPairs], then [gridWidth, pairs - temporalPairs - heightPairs];
//   y as x.
// Grid: one invocation for each pair.
// Precision: f32; angles never leave the host.
// Twin: reference/rope.ts

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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.tokens * params.heads * params.pairs) {
    return;
  }
  let pair = index % params.pairs;
  let token = params.firstToken + index / (params.heads * params.pairs);
  let tokensPerFrame = params.gridHeight * params.gridWidth;
  let frame = token / tokensPerFrame;
  let gridRow = (token % tokensPerFrame) / params.gridWidth;
  let gridColumn = token % params.gridWidth;
  let widthPairs = params.pairs - params.temporalPairs - params.heightPairs;

  var entry = frame * params.temporalPairs + pair;
  if (pair >= params.temporalPairs + params.heightPairs) {
    entry = params.frames * params.temporalPairs + params.gridHeight * params.heightPairs
      + gridColumn * widthPairs + pair - params.temporalPairs - params.heightPairs;
  } else if (pair >= params.temporalPairs) {
    entry = params.frames * params.temporalPairs + gridRow * params.heightPairs + pair - params.temporalPairs;
  }
  let cosine = table[entry * 2u];
  let sine = table[entry * 2u + 1u];
  let even = x[index * 2u];
  let odd = x[index * 2u + 1u];
  y[index * 2u] = even * cosine - odd * sine;
  y[index * 2u + 1u] = even * sine + odd * cosine;
}
