// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k], as linear.wgsl, for processors
//
// Changes to linear.wgsl: a workgroup is one subgroup and makes an outer product. A lane loads its own 4 columns of the
// weight and one row of x of every 8; rows reach the other lanes by shuffles, because loads cost far more than arithmetic
// where a compiler makes a loop over the lanes of each. inFeatures and outFeatures are multiples of 4. The loops over 8
// have constant bounds, so that compilers unroll them and keep the sums in registers.
// Bindings: x f32 [rows, inFeatures]; weight [outFeatures, inFeatures], f32 or two 16-bit values to a word; bias f32
//   [outFeatures]; y f32 [rows, outFeatures].
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each tile of 8 * GROUPS rows by 4 * SUBGROUP columns.
// Precision: products and sums in f32, four of k at a time; weights widened from 16 bits exactly.
// Twin: reference/linear.ts

enable subgroups;

override SUBGROUP: u32;
override GROUPS: u32; // of 8 rows: 1, 2 or 4
override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override HAS_BIAS: u32;

struct Params {
  rows: u32,
  inFeatures: u32,
  outFeatures: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// Four weights that follow one another in k.
fn weightAt(index: u32) -> vec4f {
  if (WEIGHT_TYPE == 0u) {
    return bitcast<vec4f>(vec4u(weight[2u * index], weight[2u * index + 1u]));
  }
  let pair = weight[index];
  if (WEIGHT_TYPE == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let columnTiles = (params.outFeatures + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let tile = group.x + group.y * groups.x;
  let row = (tile / columnTiles) * 8u * GROUPS;
  let column = (tile % columnTiles) * 4u * SUBGROUP + 4u * lane;
  if (row >= params.rows) {
    return;
  }

  // Rows and columns past the end repeat the last ones; their sums are not stored.
  let depth = params.inFeatures / 4u;
  let last = params.rows - 1u;
  let x0 = min(row + lane % 8u, last) * depth;
  let x1 = min(row + 8u + lane % 8u, last) * depth;
  let x2 = min(row + 16u + lane % 8u, last) * depth;
  let x3 = min(row + 24u + lane % 8u, last) * depth;
  let w = min(column, params.outFeatures - 4u) * depth;

  var sums0: array<vec4f, 8>;
  var sums1: array<vec4f, 8>;
  var sums2: array<vec4f, 8>;
  var sums3: array<vec4f, 8>;
  for (var k = 0u; k < depth; k++) {
    let weights = mat4x4f(
      weightAt(w + k),
      weightAt(w + depth + k),
      weightAt(w + 2u * depth + k),
      weightAt(w + 3u * depth + k),
    );
    let values0 = x[x0 + k];
    for (var i = 0u; i < 8u; i++) {
      sums0[i] += subgroupShuffle(values0, i) * weights;
    }
    if (GROUPS > 1u) {
      let values1 = x[x1 + k];
      for (var i = 0u; i < 8u; i++) {
        sums1[i] += subgroupShuffle(values1, i) * weights;
      }
    }
    if (GROUPS > 2u) {
      let values2 = x[x2 + k];
      let values3 = x[x3 + k];
      for (var i = 0u; i < 8u; i++) {
        sums2[i] += subgroupShuffle(values2, i) * weights;
      }
      for (var i = 0u; i < 8u; i++) {
        sums3[i] += subgroupShuffle(values3, i) * weights;
      }
    }
  }

  if (column >= params.outFeatures) {
    return;
  }
  var offset = vec4f();
  if (HAS_BIAS == 1u) {
    offset = bias[column / 4u];
  }
  for (var i = 0u; i < 8u; i++) {
    store(row + i, column, sums0[i] + offset);
    if (GROUPS > 1u) {
      store(row + 8u + i, column, sums1[i] + offset);
    }
    if (GROUPS > 2u) {
      store(row + 16u + i, column, sums2[i] + offset);
      store(row + 24u + i, column, sums3[i] + offset);
    }
  }
}

fn store(row: u32, column: u32, sums: vec4f) {
  if (row < params.rows) {
    y[(row * params.outFeatures + column) / 4u] = sums;
  }
}
