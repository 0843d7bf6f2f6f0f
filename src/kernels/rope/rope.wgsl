// Rotary position embedding of a grid of tokens: each pair (2p, 2p+1) of a head is turned by the angle of its token.
//   y[2p]   = x[2p] * cos - x[2p+1] * sin
//   y[2p+1] = x[2p] * sin + x[2p+1] * cos
// or back, by the opposite angle, as gradients are turned.
//
// The first `temporalPairs` pairs take the angle of the token's frame, the next `heightPairs` that of its grid row, the
// rest that of its grid column. cos and sin come from the host, computed in float64.
// Bindings: x f32 [frames * gridHeight * gridWidth, heads * 2 * pairs]; table f32, (cos, sin) for
//   [frames, temporalPairs], then [gridHeight, heightPairs], then [gridWidth, pairs - temporalPairs - heightPairs];
//   y as x.
// Grid: one workgroup of 64 invocations for each token; each turns every 64th pair of a head, in all heads.
// Precision: f32; angles never leave the host.
// Twin: rope.twin.ts

override BACK: u32;

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
@group(0) @binding(1) var<storage, read> x: array<vec2f>;
@group(0) @binding(2) var<storage, read> table: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec2f>;

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
  let token = params.firstToken + row;
  let tokensPerFrame = params.gridHeight * params.gridWidth;
  let frame = token / tokensPerFrame;
  let gridRow = (token % tokensPerFrame) / params.gridWidth;
  let gridColumn = token % params.gridWidth;
  // Pairs turned by the frame, the grid row and the grid column end here; the parts of the table begin there.
  let heightEnd = params.temporalPairs + params.heightPairs;
  let heightStart = params.frames * params.temporalPairs;
  let widthStart = heightStart + params.gridHeight * params.heightPairs;

  for (var pair = lane; pair < params.pairs; pair += 64u) {
    var entry = frame * params.temporalPairs + pair;
    if (pair >= heightEnd) {
      entry = widthStart + gridColumn * (params.pairs - heightEnd) + pair - heightEnd;
    } else if (pair >= params.temporalPairs) {
      entry = heightStart + gridRow * params.heightPairs + pair - params.temporalPairs;
    }
    let angle = table[entry] * vec2f(1.0, select(1.0, -1.0, BACK == 1u)); // cos, sin
    let end = (row + 1u) * params.heads * params.pairs;
    for (var index = row * params.heads * params.pairs + pair; index < end; index += params.pairs) {
      let turned = x[index];
      y[index] = turned * angle.x + vec2f(-turned.y, turned.x) * angle.y;
    }
  }
}
