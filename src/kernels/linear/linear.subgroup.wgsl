// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k] and what follows, as linear.wgsl, for processors
//
// Changes to linear.wgsl: a workgroup is one subgroup and makes an outer product. A lane loads its own 4 columns of the
// weight and one row of x of every 8; rows reach the other lanes by shuffles, because loads cost far more than arithmetic
// where a compiler makes a loop over the lanes of each. The loads of a step all come first: between the sums they make the
// compiler keep what it adds in memory. inFeatures and outFeatures are multiples of 4. The loops over 8 rows have constant
// bounds, so that compilers unroll them and keep the sums in registers; the one that stores is too long to be unrolled,
// and so compiles once and not for every row.
// Bindings: x f32 [rows, inFeatures]; weight [outFeatures, inFeatures], f32 or two 16-bit values to a word; bias f32
//   [outFeatures]; residual f32 [rows, outFeatures]; modulation f32 [frames, chunks, outFeatures]; wideWeight: weight
//   again, for f32; y f32 [rows, outFeatures].
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each tile of ROWS rows by 4 * SUBGROUP columns. All tiles of
//   two columns of tiles follow one another, in turns: a large weight is read from memory once, a long row of x half as
//   often as it is used.
// Precision: products and sums in f32, four of k at a time; weights widened from 16 bits exactly.
// Twin: linear.twin.ts

enable subgroups;

override SUBGROUP: u32;
override ROWS: u32; // of a tile: 1 to 32
override GROUPS = (ROWS + 7u) / 8u;
override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override HAS_BIAS: u32;
override GELU: u32;
override RESIDUAL: u32; // 0 none, 1 added, 2 added behind a gate

const TURNS = 2u;

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
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read> modulation: array<vec4f>;
@group(0) @binding(6) var<storage, read> wideWeight: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Four weights that follow one another in k.
fn weightAt(index: u32) -> vec4f {
  if (WEIGHT_TYPE == 0u) {
    return wideWeight[index];
  }
  return fourOf(weight[index], WEIGHT_TYPE);
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let rowTiles = (params.rows + ROWS - 1u) / ROWS;
  let tile = group.x + group.y * groups.x;
  let columnTiles = (params.outFeatures + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let firstTile = tile / (rowTiles * TURNS) * TURNS;
  if (firstTile >= columnTiles) {
    return;
  }
  let turn = tile % (rowTiles * TURNS);
  let turns = min(TURNS, columnTiles - firstTile);
  let row = (turn / turns) * ROWS;
  let column = (firstTile + turn % turns) * 4u * SUBGROUP + 4u * lane;

  // Rows and columns past the end repeat the last ones; their sums are not stored.
  let depth = params.inFeatures / 4u;
  let last = params.rows - 1u;
  let x0 = min(row + lane % 8u, last) * depth;
  let x1 = min(row + 8u + lane % 8u, last) * depth;
  let x2 = min(row + 16u + lane % 8u, last) * depth;
  let x3 = min(row + 24u + lane % 8u, last) * depth;
  let w = min(column, params.outFeatures - 4u) * depth;

  var sums: array<array<vec4f, 8>, 4>;
  for (var k = 0u; k < depth; k++) {
    let weights = mat4x4f(
      weightAt(w + k),
      weightAt(w + depth + k),
      weightAt(w + 2u * depth + k),
      weightAt(w + 3u * depth + k),
    );
    var values: array<vec4f, 4>;
    values[0] = x[x0 + k];
    if (GROUPS > 1u) {
      values[1] = x[x1 + k];
    }
    if (GROUPS > 2u) {
      values[2] = x[x2 + k];
    }
    if (GROUPS > 3u) {
      values[3] = x[x3 + k];
    }
    for (var g = 0u; g < GROUPS; g++) {
      for (var i = 0u; i < 8u; i++) {
        if (8u * g + i < ROWS) {
          sums[g][i] += subgroupShuffle(values[g], i) * weights;
        }
      }
    }
  }

  if (column >= params.outFeatures) {
    return;
  }
  for (var i = 0u; i < ROWS; i++) {
    var sum = nth(sums[0], i % 8u);
    for (var g = 1u; g < GROUPS; g++) {
      sum = select(sum, nth(sums[g], i % 8u), g == i / 8u);
    }
    store(row + i, column, sum);
  }
}

// Passage: one of eight
// sums[i] by selections: an index that is not constant would keep the sums out of registers.
fn nth(sums: array<vec4f, 8>, i: u32) -> vec4f {
  let isOdd = (i & 1u) == 1u;
  let low = select(select(sums[0], sums[1], isOdd), select(sums[2], sums[3], isOdd), (i & 2u) == 2u);
  let high = select(select(sums[4], sums[5], isOdd), select(sums[6], sums[7], isOdd), (i & 2u) == 2u);
  return select(low, high, i > 3u);
}

fn store(row: u32, column: u32, sums: vec4f) {
  if (row >= params.rows) {
    return;
  }
  var value = sums;
  if (HAS_BIAS == 1u) {
    value += bias[column / 4u];
  }
  if (GELU == 1u) {
    value *= 1.0 / (1.0 + exp(-1.5957691216057308 * (value + 0.044715 * value * value * value)));
  }
  let at = (row * params.outFeatures + column) / 4u;
  if (RESIDUAL == 1u) {
    value += residual[at];
  }
  if (RESIDUAL == 2u) {
    let frame = (params.firstRow + row) / params.rowsPerFrame;
    let gate = (frame * params.chunks + params.gateChunk) * params.outFeatures + column;
    value = residual[at] + value * modulation[gate / 4u];
  }
  y[at] = value;
}
