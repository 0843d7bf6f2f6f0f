// s[line][j] = exp(scale * s[line][j] - largest) / sum over the keys of a line, as attentionWeights.wgsl, by subgroups
//
// Changes to attentionWeights.wgsl: a subgroup does a line, so its largest and sum need neither shared memory nor barriers;
// columns are a multiple of 4 and read by fours; exponentials are kept in place until their sum is known.
// Bindings: s f32 [lines, columns], of which the first rowCount columns are keys, and ownCount from ownColumn on.
// Grid: one subgroup of SUBGROUP invocations for each line.
// Precision: f32; each component of a lane sums its exponentials, then the subgroup adds up the parts.
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
@group(0) @binding(1) var<storage, read_write> s: array<vec4f>;

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
  var most = vec4f(-3.0e38);
  for (var j = lane; j < fours; j += SUBGROUP) {
    most = max(most, select(vec4f(-3.0e38), params.scale * s[start + j], areKeys(4u * j)));
  }
  let pair = max(most.xy, most.zw);
  let largest = subgroupMax(max(pair.x, pair.y));
  var part = vec4f();
  for (var j = lane; j < fours; j += SUBGROUP) {
    let weight = select(vec4f(), exp(params.scale * s[start + j] - largest), areKeys(4u * j));
    s[start + j] = weight;
    part += weight;
  }
  let total = subgroupAdd(dot(part, vec4f(1.0)));
  for (var j = lane; j < fours; j += SUBGROUP) {
    s[start + j] /= total;
  }
}
