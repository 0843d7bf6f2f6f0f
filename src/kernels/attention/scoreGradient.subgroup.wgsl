// g[line][j] = scale * p[line][j] * (g[line][j] - sum_i p[line][i] * g[line][i]), as scoreGradient.wgsl, by subgroups
//
// Changes to scoreGradient.wgsl: a subgroup does a line, so its sum needs neither shared memory nor barriers; columns are a
// multiple of 4 and read by fours.
// Bindings: p f32 [lines, columns], weights, of which the first rowCount columns are keys, and ownCount from ownColumn on;
//   g f32 [lines, columns].
// Grid: one subgroup of SUBGROUP invocations for each line.
// Precision: f32; each component of a lane sums its products, then the subgroup adds up the parts.
// Twin: attentionWeights.twin.ts

enable subgroups;

override SUBGROUP: u32;

// Passage: lines of scores
struct Params {
  lines: u32,
  columns: u32,
  rowCount: u32,
  ownColumn: u32,
  ownCount: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> g: array<vec4f>;

// Passage: four columns of keys
fn areKeys(first: u32) -> vec4<bool> {
  let column = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
  let isOwn = (column >= vec4u(params.ownColumn)) & (column < vec4u(params.ownColumn + params.ownCount));
  return isOwn | (column < vec4u(params.rowCount));
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let line = group.x + group.y * groups.x;
  if (line >= params.lines) {
    return;
  }
  let fours = params.columns / 4u;
  let start = line * fours;
  var part = vec4f();
  for (var j = lane; j < fours; j += SUBGROUP) {
    part += select(vec4f(), p[start + j] * g[start + j], areKeys(4u * j));
  }
  let mean = subgroupAdd(dot(part, vec4f(1.0)));
  for (var j = lane; j < fours; j += SUBGROUP) {
    let gradient = params.scale * p[start + j] * (g[start + j] - mean);
    g[start + j] = select(vec4f(), gradient, areKeys(4u * j));
  }
}
