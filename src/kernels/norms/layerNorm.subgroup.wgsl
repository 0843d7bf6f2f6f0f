// y[row][i] = (x[row][i] - mean) / sqrt(variance + eps) * (offset + scale[i]) + shift[i], as layerNorm.wgsl, by subgroups
//
// Changes to layerNorm.wgsl: a subgroup normalises ROWS rows of one group, for which it loads scale and shift once, so sums
// need neither shared memory nor barriers; width is a multiple of 4 and everything is read by fours. Mean and variance come
// from one pass over x: sums of values and of squares around a centre, the mean of the row's first 4 * SUBGROUP values.
// Bindings: x f32 [rows, width]; affine f32 [groups, chunks, width]; y f32 [rows, width].
// Grid: one subgroup of SUBGROUP invocations for each tile of ROWS rows, counted from the first row of a group.
// Precision: f32; the variance loses the bits by which the squared distance of centre and mean exceeds it: few, however far
//   from zero a row is, and none where one value of the beginning is far from all others.
// Twin: layerNorm.twin.ts

enable subgroups;

override SUBGROUP: u32;
override ROWS: u32; // up to 4

// Passage: the parameters of layerNorm
struct Params {
  firstRow: u32, // of the whole tensor, where this launch is a piece of it
  rows: u32,
  width: u32,
  rowsPerGroup: u32,
  chunks: u32,
  shiftChunk: u32,
  scaleChunk: u32,
  offset: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// The mean of a row, and 1 over its standard deviation.
fn moments(start: u32, lane: u32) -> vec2f {
  let fours = params.width / 4u;
  let beginning = select(vec4f(), x[start + min(lane, fours - 1u)], lane < fours);
  let centre = subgroupAdd(dot(beginning, vec4f(1.0))) / f32(4u * min(fours, SUBGROUP));
  var sums = vec4f();
  var squares = vec4f();
  for (var i = lane; i < fours; i += SUBGROUP) {
    let distance = x[start + i] - centre;
    sums += distance;
    squares += distance * distance;
  }
  let toMean = subgroupAdd(dot(sums, vec4f(1.0))) / f32(params.width);
  let variance = subgroupAdd(dot(squares, vec4f(1.0))) / f32(params.width) - toMean * toMean;
  return vec2f(centre + toMean, 1.0 / sqrt(max(variance, 0.0) + params.eps));
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tilesPerGroup = (params.rowsPerGroup + ROWS - 1u) / ROWS;
  let tile = workgroup.x + workgroup.y * workgroups.x;
  let group = params.firstRow / params.rowsPerGroup + tile / tilesPerGroup;
  let groupStart = group * params.rowsPerGroup;
  // Rows of the whole tensor; those of the tile before `begin` or from `end` on are another launch's, group's or nobody's.
  let begin = max(groupStart + (tile % tilesPerGroup) * ROWS, params.firstRow);
  let end = min(groupStart + min((tile % tilesPerGroup + 1u) * ROWS, params.rowsPerGroup), params.firstRow + params.rows);
  if (begin >= end) {
    return;
  }
  let fours = params.width / 4u;
  var starts: array<u32, 4>;
  var stats: array<vec2f, 4>;
  for (var r = 0u; r < ROWS; r++) {
    starts[r] = (min(begin + r, end - 1u) - params.firstRow) * fours; // the last row again in the place of those past it
    stats[r] = moments(starts[r], lane);
  }
  let shiftStart = (group * params.chunks + params.shiftChunk) * fours;
  let scaleStart = (group * params.chunks + params.scaleChunk) * fours;
  for (var i = lane; i < fours; i += SUBGROUP) {
    let shift = affine[shiftStart + i];
    let scale = params.offset + affine[scaleStart + i];
    for (var r = 0u; r < ROWS; r++) {
      y[starts[r] + i] = (x[starts[r] + i] - stats[r].x) * stats[r].y * scale + shift;
    }
  }
}
