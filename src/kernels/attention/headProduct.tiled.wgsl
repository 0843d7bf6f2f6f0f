// y[h] = a[h] . b[h], or with one of them transposed, or y[h] and that, as headProduct.wgsl, for graphics cards
//
// Changes to headProduct.wgsl: a workgroup makes 64 rows by 64 columns from 16 of k at a time, which it keeps in workgroup
// memory, k after k, whichever way they lie in their tensors: an invocation fetches 4 by 4 of each and turns them where it
// must. It makes 8 rows by 8 columns. Starts and pitches are multiples of 4, and there is room for columns up to the next.
// Bindings: a f32; b of B_TYPE, f32 or two 16-bit values to a word; list u32, which rows of b are read in order (only where
//   HAS_LIST); y f32.
// Grid: one workgroup of 64 invocations for each head and tile of 64 rows by 64 columns.
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
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec2u>;
@group(0) @binding(3) var<storage, read> list: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

const STEP = 16u; // of k at a time
const PITCH = 17u; // from the fours of one k to those of the next
const FOUR = vec4u(0u, 1u, 2u, 3u);

var<workgroup> aTile: array<vec4f, STEP * PITCH>; // four rows of a k
var<workgroup> bTile: array<vec4f, STEP * PITCH>; // four columns of a k

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Passage: four elements of b
// Four elements of b that follow one another.
fn bAt(index: u32) -> vec4f {
  if (B_TYPE == 0u) {
    return bitcast<vec4f>(vec4u(b[2u * index], b[2u * index + 1u]));
  }
  return fourOf(b[index], B_TYPE);
}

// Passage: four rows of b
// Where four rows of b lie, of which there are `count`; those past the end repeat the last one.
fn rowsFrom(first: u32, count: u32) -> vec4u {
  let rows = min(vec4u(first) + FOUR, vec4u(count - 1u));
  if (HAS_LIST == 1u) {
    return vec4u(list[rows.x], list[rows.y], list[rows.z], list[rows.w]);
  }
  return rows;
}

// Passage: lines turned into columns
// Four lines become four columns.
fn turned(m: mat4x4f) -> mat4x4f {
  return mat4x4f(
    vec4f(m[0].x, m[1].x, m[2].x, m[3].x),
    vec4f(m[0].y, m[1].y, m[2].y, m[3].y),
    vec4f(m[0].z, m[1].z, m[2].z, m[3].z),
    vec4f(m[0].w, m[1].w, m[2].w, m[3].w),
  );
}

// Four rows of a from `row` on, a vector for each of four k.
fn fetchA(start: u32, row: u32, k: u32) -> mat4x4f {
  let pitch = params.aPitch / 4u;
  if (TRANSPOSE_A == 1u) {
    let at = start + min(vec4u(k) + FOUR, vec4u(params.depth - 1u)) * pitch + min(row, params.rows - 1u) / 4u;
    return mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]);
  }
  let at = start + min(vec4u(row) + FOUR, vec4u(params.rows - 1u)) * pitch + min(k, params.depth - 1u) / 4u;
  return turned(mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]));
}

// Four columns of b from `column` on, a vector for each of four k.
fn fetchB(start: u32, column: u32, k: u32) -> mat4x4f {
  let pitch = params.bPitch / 4u;
  if (TRANSPOSE_B == 1u) {
    let at = start + rowsFrom(column, params.columns) * pitch + min(k, params.depth - 1u) / 4u;
    return turned(mat4x4f(bAt(at.x), bAt(at.y), bAt(at.z), bAt(at.w)));
  }
  let at = start + rowsFrom(k, params.depth) * pitch + min(column, params.columns - 1u) / 4u;
  return mat4x4f(bAt(at.x), bAt(at.y), bAt(at.z), bAt(at.w));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let rowTiles = (params.rows + 63u) / 64u;
  let columnTiles = (params.columns + 63u) / 64u;
  let tile = group.x + group.y * groups.x;
  let head = tile / (rowTiles * columnTiles);
  let firstRow = tile / columnTiles % rowTiles * 64u;
  let firstColumn = tile % columnTiles * 64u;
  if (head >= params.heads) {
    return;
  }

  // Neighbours fetch what lies side by side. Rows and columns past the end repeat the last ones.
  let aStart = (params.aStart + head * params.aHeadPitch) / 4u;
  let bStart = (params.bStart + head * params.bHeadPitch) / 4u;
  let aPlace = select(vec2u(lane / 4u, lane % 4u), vec2u(lane % 16u, lane / 16u), TRANSPOSE_A == 1u); // fours of rows, of k
  let bPlace = select(vec2u(lane % 16u, lane / 16u), vec2u(lane / 4u, lane % 4u), TRANSPOSE_B == 1u);
  let down = lane / 8u; // fours of rows and columns that this invocation makes, and the eighth after it
  let along = lane % 8u;
  var sums: array<array<vec4f, 2>, 8>;
  for (var k = 0u; k < params.depth; k += STEP) {
    let fetchedA = fetchA(aStart, firstRow + 4u * aPlace.x, k + 4u * aPlace.y);
    let fetchedB = fetchB(bStart, firstColumn + 4u * bPlace.x, k + 4u * bPlace.y);
    for (var i = 0u; i < 4u; i++) {
      aTile[(4u * aPlace.y + i) * PITCH + aPlace.x] = fetchedA[i];
      bTile[(4u * bPlace.y + i) * PITCH + bPlace.x] = fetchedB[i];
    }
    workgroupBarrier();
    let steps = min(STEP, params.depth - k);
    for (var step = 0u; step < steps; step++) {
      let rows0 = aTile[step * PITCH + down];
      let rows1 = aTile[step * PITCH + down + 8u];
      let columns0 = bTile[step * PITCH + along];
      let columns1 = bTile[step * PITCH + along + 8u];
      for (var i = 0u; i < 4u; i++) {
        sums[i][0] = fma(vec4f(rows0[i]), columns0, sums[i][0]);
        sums[i][1] = fma(vec4f(rows0[i]), columns1, sums[i][1]);
        sums[4u + i][0] = fma(vec4f(rows1[i]), columns0, sums[4u + i][0]);
        sums[4u + i][1] = fma(vec4f(rows1[i]), columns1, sums[4u + i][1]);
      }
    }
    workgroupBarrier();
  }

  let yStart = (params.yStart + head * params.yHeadPitch) / 4u;
  for (var i = 0u; i < 8u; i++) {
    let row = firstRow + 4u * (down + 8u * (i / 4u)) + i % 4u;
    store(yStart, row, firstColumn + 4u * along, sums[i][0]);
    store(yStart, row, firstColumn + 4u * (along + 8u), sums[i][1]);
  }
}

fn store(start: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= params.rows || column >= params.columns) {
    return;
  }
  let at = start + (row * params.yPitch + column) / 4u;
  if (ADDS == 1u) {
    y[at] += sums;
  } else {
    y[at] = sums;
  }
}
