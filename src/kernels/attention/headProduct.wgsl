// y[h] = a[h] . b[h], or a[h] . transpose(b[h]), or transpose(a[h]) . b[h], or y[h] and one of them
//
// Products of matrices, one for each head of attention. Element (i, j) of a head's matrix lies at start + head * headPitch
// + i * pitch + j of its tensor, so columns of a head in [rows, heads * headDim] are such a matrix, and scores of a head in
// [heads, queries, keys] are.
// Bindings: a f32; b of B_TYPE, f32 or two 16-bit values to a word; list u32, which rows of b are read in order (only where
//   HAS_LIST); y f32.
// Grid: one workgroup for each head and tile of 16 rows by 16 columns; each of its 64 invocations makes 4 rows of a column.
// Precision: products and sums in f32, in the order of k; b widened from 16 bits exactly.
// Twin: headProduct.twin.ts

override B_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override TRANSPOSE_A: u32;
override TRANSPOSE_B: u32;
override HAS_LIST: u32;
override ADDS: u32;

// Passage: the parameters of headProduct
struct Params {
  rows: u32, // of a product
  columns: u32,
  depth: u32, // of the sums
  heads: u32,
  aStart: u32,
  aHeadPitch: u32,
  aPitch: u32,
  bStart: u32,
  bHeadPitch: u32,
  bPitch: u32,
  yStart: u32,
  yHeadPitch: u32,
  yPitch: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> list: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Passage: the word of an element
// Where the word lies that holds an element, f32 where `kind` is 0, else one of two of 16 bits.
fn wordOf(kind: u32, index: u32) -> u32 {
  return select(index / 2u, index, kind == 0u);
}

// Passage: an element of a word
// An element as f32, from the word that holds it.
fn widened(word: u32, kind: u32, index: u32) -> f32 {
  if (kind == 0u) {
    return bitcast<f32>(word);
  }
  let half = word >> (16u * (index & 1u)); // in the lower bits
  if (kind == 1u) {
    return bitcast<f32>(half << 16u);
  }
  return unpack2x16float(half).x;
}

// Where a row of b lies.
fn rowOf(row: u32) -> u32 {
  if (HAS_LIST == 1u) {
    return list[row];
  }
  return row;
}

fn aAt(head: u32, row: u32, k: u32) -> f32 {
  let start = params.aStart + head * params.aHeadPitch;
  return a[start + select(row * params.aPitch + k, k * params.aPitch + row, TRANSPOSE_A == 1u)];
}

fn bAt(head: u32, k: u32, column: u32) -> f32 {
  var index = params.bStart + head * params.bHeadPitch;
  if (TRANSPOSE_B == 1u) {
    index += rowOf(column) * params.bPitch + k;
  } else {
    index += rowOf(k) * params.bPitch + column;
  }
  return widened(b[wordOf(B_TYPE, index)], B_TYPE, index);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let rowTiles = (params.rows + 15u) / 16u;
  let columnTiles = (params.columns + 15u) / 16u;
  let tile = group.x + group.y * groups.x;
  let head = tile / (rowTiles * columnTiles);
  let row = tile / columnTiles % rowTiles * 16u + lane / 16u * 4u;
  let column = tile % columnTiles * 16u + lane % 16u;
  if (head >= params.heads || column >= params.columns) {
    return;
  }

  // Rows past the end repeat the last one; their sums are not stored.
  let rows = min(vec4u(row) + vec4u(0u, 1u, 2u, 3u), vec4u(params.rows - 1u));
  var sums = vec4f();
  for (var k = 0u; k < params.depth; k++) {
    let values = vec4f(aAt(head, rows.x, k), aAt(head, rows.y, k), aAt(head, rows.z, k), aAt(head, rows.w, k));
    sums += values * bAt(head, k, column);
  }
  for (var i = 0u; i < 4u; i++) {
    if (row + i < params.rows) {
      let at = params.yStart + head * params.yHeadPitch + (row + i) * params.yPitch + column;
      if (ADDS == 1u) {
        y[at] += sums[i];
      } else {
        y[at] = sums[i];
      }
    }
  }
}
