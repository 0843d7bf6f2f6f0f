// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k] and what follows, as linear.wgsl, for graphics cards
//
// Changes to linear.wgsl: a workgroup makes 64 rows by 64 columns from 16 of k at a time, which it keeps in workgroup
// memory: what one invocation loads, 8 use, and it loads 4 values at a time. An invocation makes every eighth row and
// column of the tile. Rows in workgroup memory are 5 vectors apart, not 4, so that 8 neighbours read 8 different banks.
// inFeatures is a multiple of 4.
// Bindings: x f32 [rows, inFeatures]; weight [outFeatures, inFeatures], f32 or two 16-bit values to a word; bias f32
//   [outFeatures]; residual f32 [rows, outFeatures]; modulation f32 [frames, chunks, outFeatures]; y f32 [rows,
//   outFeatures].
// Grid: one workgroup of 64 invocations for each tile of 64 rows by 64 columns.
// Precision: products and sums in f32, four of k at a time; weights widened from 16 bits exactly.
// Twin: linear.twin.ts

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override HAS_BIAS: u32;
override GELU: u32;
override RESIDUAL: u32; // 0 none, 1 added, 2 added behind a gate

// Passage: the parameters of linear
struct Params {
  rows: u32,
  inFeatures: u32,
  outFeatures: u32,
  firstRow: u32, // of the whole tensor, where this launch is a piece of it
  rowsPerFrame: u32,
  chunks: u32,
  gateChunk: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> modulation: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

const STEP = 4u; // vectors of k at a time
const PITCH = 5u; // from one row in workgroup memory to the next

var<workgroup> xTile: array<vec4f, 64u * PITCH>;
var<workgroup> weightTile: array<vec4f, 64u * PITCH>;

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Passage: four weights
// Four weights that follow one another in k.
fn weightAt(index: u32) -> vec4f {
  if (WEIGHT_TYPE == 0u) {
    return bitcast<vec4f>(vec4u(weight[2u * index], weight[2u * index + 1u]));
  }
  return fourOf(weight[index], WEIGHT_TYPE);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let columnTiles = (params.outFeatures + 63u) / 64u;
  let tile = group.x + group.y * groups.x;
  let firstRow = (tile / columnTiles) * 64u;
  let firstColumn = (tile % columnTiles) * 64u;
  if (firstRow >= params.rows) {
    return;
  }

  // An invocation fetches 4 vectors of k from each of 4 rows, 4 neighbours one row's 64 bytes. Rows and columns past the
  // end repeat the last one; their sums are not stored. What is past the end of k is 0.
  let depth = params.inFeatures / 4u;
  let fetched = lane % STEP;
  var sums: array<array<f32, 8>, 8>;
  for (var k = 0u; k < depth; k += STEP) {
    for (var i = lane / STEP; i < 64u; i += 16u) {
      let at = min(k + fetched, depth - 1u);
      let isInside = k + fetched < depth;
      let row = min(firstRow + i, params.rows - 1u);
      let column = min(firstColumn + i, params.outFeatures - 1u);
      xTile[i * PITCH + fetched] = select(vec4f(), x[row * depth + at], isInside);
      weightTile[i * PITCH + fetched] = select(vec4f(), weightAt(column * depth + at), isInside);
    }
    workgroupBarrier();
    for (var step = 0u; step < STEP; step++) {
      var weights: array<vec4f, 8>;
      for (var j = 0u; j < 8u; j++) {
        weights[j] = weightTile[(lane % 8u + 8u * j) * PITCH + step];
      }
      for (var i = 0u; i < 8u; i++) {
        let values = xTile[(lane / 8u + 8u * i) * PITCH + step];
        for (var j = 0u; j < 8u; j++) {
          sums[i][j] += dot(values, weights[j]);
        }
      }
    }
    workgroupBarrier();
  }

  for (var i = 0u; i < 8u; i++) {
    for (var j = 0u; j < 8u; j++) {
      store(firstRow + lane / 8u + 8u * i, firstColumn + lane % 8u + 8u * j, sums[i][j]);
    }
  }
}

// Passage: the end of linear
fn store(row: u32, column: u32, sum: f32) {
  if (row >= params.rows || column >= params.outFeatures) {
    return;
  }
  var value = sum;
  if (HAS_BIAS == 1u) {
    value += bias[column];
  }
  if (GELU == 1u) {
    value *= 1.0 / (1.0 + exp(-1.5957691216057308 * (value + 0.044715 * value * value * value)));
  }
  let at = row * params.outFeatures + column;
  if (RESIDUAL == 1u) {
    value += residual[at];
  }
  if (RESIDUAL == 2u) {
    let frame = (params.firstRow + row) / params.rowsPerFrame;
    value = residual[at] + value * modulation[(frame * params.chunks + params.gateChunk) * params.outFeatures + column];
  }
  y[at] = value;
}
