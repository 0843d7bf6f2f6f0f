// y[h] = a[h] . b[h], or with one of them transposed, or y[h] and that, as headProduct.wgsl, for cards that multiply f16 matrices
//
// Changes to headProduct.tiled.wgsl: the matrices of a tile are of 16 by 16 values in f16, summed in f32 (the tensor cores of
// NVIDIA and AMD), 2 by 2 of them in the registers of each of 2 by 2 subgroups, 32 of k at a time; the next are fetched while
// these are multiplied. Gradients may be of any size: a power of two brings the largest of all of a to 2^14 and less than
// 2^15, and another one b's, but where b is f16 already. Starts and pitches are multiples of 4, b's of 16 bits too, and there
// is room for columns up to the next; a is 0 from the end of k to the next.
// Bindings: a f32; b of B_TYPE, f32 or two 16-bit values to a word; list u32, which rows of b are read in order (only where
//   HAS_LIST); largestA and largestB f32 [1], than which none of their values is larger; y f32.
// Grid: one workgroup of 4 * SUBGROUP invocations for each head and tile of 64 rows by 64 columns. Where subgroups are smaller
//   than SUBGROUP there are more of them; those only load and store.
// Precision: a and b to 11 bits or 2^-39 of the largest, whichever is coarser; sums in f32, in an order and with a rounding of
//   the card's own.
// Twin: headProduct.twin.ts

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override EVEN: u32; // 1: all subgroups have as many
override B_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override TRANSPOSE_A: u32;
override TRANSPOSE_B: u32;
override HAS_LIST: u32;
override ADDS: u32;

override LANES: u32 = 4u * SUBGROUP;

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
@group(0) @binding(4) var<storage, read> largestA: array<f32>;
@group(0) @binding(5) var<storage, read> largestB: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

const STEP = 32u; // of k at a time
const PITCH = 5u; // cells from one line to the next; one is left free, for other banks
const LINES = 64u; // rows of a, and behind them as many columns of b
const UNITS = 128u; // of four lines and eight of k, one an invocation; LANES at most
const FOUR = vec4u(0u, 1u, 2u, 3u);

// Cells of 8 values in f16: lines of a, then of b; at the end of 4 sums in f32.
var<workgroup> tile: array<vec4u, 2u * LINES * PITCH>;

// Passage: eight in f16
fn halves(low: vec4f, high: vec4f) -> vec4u {
  return vec4u(pack2x16float(low.xy), pack2x16float(low.zw), pack2x16float(high.xy), pack2x16float(high.zw));
}

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

// Four rows of a from `row` on, each with four of k; 0 past the end of k.
fn fetchA(start: u32, row: u32, k: u32) -> mat4x4f {
  let pitch = params.aPitch / 4u;
  if (TRANSPOSE_A == 1u) {
    let isThere = vec4f(vec4u(k) + FOUR < vec4u(params.depth));
    let at = start + min(vec4u(k) + FOUR, vec4u(params.depth - 1u)) * pitch + min(row, params.rows - 1u) / 4u;
    return turned(mat4x4f(isThere.x * a[at.x], isThere.y * a[at.y], isThere.z * a[at.z], isThere.w * a[at.w]));
  }
  let isThere = f32(k < params.depth);
  let at = start + min(vec4u(row) + FOUR, vec4u(params.rows - 1u)) * pitch + min(k, params.depth - 1u) / 4u;
  return mat4x4f(isThere * a[at.x], isThere * a[at.y], isThere * a[at.z], isThere * a[at.w]);
}

// Four columns of b from `column` on, each with four of k; past the end of k what is at the end.
fn fetchB(start: u32, column: u32, k: u32) -> mat4x4f {
  let pitch = params.bPitch / 4u;
  if (TRANSPOSE_B == 1u) {
    let at = start + rowsFrom(column, params.columns) * pitch + min(k, params.depth - 1u) / 4u;
    return mat4x4f(bAt(at.x), bAt(at.y), bAt(at.z), bAt(at.w));
  }
  let at = start + rowsFrom(k, params.depth) * pitch + min(column, params.columns - 1u) / 4u;
  return turned(mat4x4f(bAt(at.x), bAt(at.y), bAt(at.z), bAt(at.w)));
}

// What an invocation fetches of a step: its four lines, by their number in fours, and which eight of k.
struct Unit {
  isA: bool,
  four: u32,
  eight: u32,
}

// Neighbours fetch what lies side by side.
fn unitOf(index: u32) -> Unit {
  let isA = index < UNITS / 2u;
  let i = index % (UNITS / 2u);
  let isAlongK = select(TRANSPOSE_B == 1u, TRANSPOSE_A == 0u, isA);
  return Unit(isA, select(i % 16u, i / 4u, isAlongK), select(i / 16u, i % 4u, isAlongK));
}

struct Place {
  aStart: u32, // of the head's matrices, in fours
  bStart: u32,
  row: u32, // of the tile
  column: u32,
}

fn fetch(place: Place, unit: Unit, k: u32) -> mat4x4f {
  if (unit.isA) {
    return fetchA(place.aStart, place.row + 4u * unit.four, k);
  }
  return fetchB(place.bStart, place.column + 4u * unit.four, k);
}

// The power of two that brings the largest value to 2^14 and less than 2^15.
fn scaleOf(largest: f32) -> f32 {
  return bitcast<f32>(clamp(268u - (bitcast<u32>(largest) >> 23u), 1u, 253u) << 23u);
}

// Puts four lines of eight of k into workgroup memory.
fn keep(at: u32, low: mat4x4f, high: mat4x4f, scale: f32) {
  tile[at] = halves(low[0] * scale, high[0] * scale);
  tile[at + PITCH] = halves(low[1] * scale, high[1] * scale);
  tile[at + 2u * PITCH] = halves(low[2] * scale, high[2] * scale);
  tile[at + 3u * PITCH] = halves(low[3] * scale, high[3] * scale);
}

@compute @workgroup_size(4u * SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let rowTiles = (params.rows + 63u) / 64u;
  let columnTiles = (params.columns + 63u) / 64u;
  let index = group.x + group.y * groups.x;
  let head = index / (rowTiles * columnTiles);
  if (head >= params.heads) {
    return;
  }
  let place = Place(
    (params.aStart + head * params.aHeadPitch) / 4u,
    (params.bStart + head * params.bHeadPitch) / 4u,
    index / columnTiles % rowTiles * 64u,
    index % columnTiles * 64u,
  );

  let scaleA = scaleOf(largestA[0]);
  let scaleB = select(scaleOf(largestB[0]), 1.0, B_TYPE == 2u);

  let fetches = lane < UNITS;
  let unit = unitOf(lane);
  let to = (select(LINES, 0u, unit.isA) + 4u * unit.four) * PITCH + unit.eight;
  let scale = select(scaleB, scaleA, unit.isA);
  var low: mat4x4f;
  var high: mat4x4f;
  if (fetches) {
    low = fetch(place, unit, 8u * unit.eight);
    high = fetch(place, unit, 8u * unit.eight + 4u);
  }

  let multiplies = EVEN == 1u || subgroup < 4u;
  let mine = subgroup % 4u;
  let top = mine / 2u * 32u * PITCH; // of what this subgroup makes
  let left = (LINES + mine % 2u * 32u) * PITCH;
  var c00: Sum; var c01: Sum;
  var c10: Sum; var c11: Sum;
  for (var k = 0u; k < params.depth; k += STEP) {
    if (fetches) {
      keep(to, low, high, scale);
    }
    workgroupBarrier();
    if (fetches && k + STEP < params.depth) {
      low = fetch(place, unit, k + STEP + 8u * unit.eight);
      high = fetch(place, unit, k + STEP + 8u * unit.eight + 4u);
    }
    if (multiplies) {
      for (var n = 0u; n < 2u; n++) {
        let a = top + 2u * n;
        let b = left + 2u * n;
        let b0 = subgroupMatrixLoad<Right, col_major>(&tile, b, PITCH);
        let b1 = subgroupMatrixLoad<Right, col_major>(&tile, b + 16u * PITCH, PITCH);
        let a0 = subgroupMatrixLoad<Left, row_major>(&tile, a, PITCH);
        c00 = subgroupMatrixMultiplyAccumulate(a0, b0, c00);
        c01 = subgroupMatrixMultiplyAccumulate(a0, b1, c01);
        let a1 = subgroupMatrixLoad<Left, row_major>(&tile, a + 16u * PITCH, PITCH);
        c10 = subgroupMatrixMultiplyAccumulate(a1, b0, c10);
        c11 = subgroupMatrixMultiplyAccumulate(a1, b1, c11);
      }
    }
    workgroupBarrier();
  }

  // Sixteen rows of each subgroup at a time go through workgroup memory.
  let back = vec2f(1.0 / scaleA, 1.0 / scaleB);
  let at = 128u * mine;
  if (multiplies) {
    subgroupMatrixStore<row_major>(&tile, at, c00, 8u);
    subgroupMatrixStore<row_major>(&tile, at + 4u, c01, 8u);
  }
  deliver(0u, place, head, lane, back);
  if (multiplies) {
    subgroupMatrixStore<row_major>(&tile, at, c10, 8u);
    subgroupMatrixStore<row_major>(&tile, at + 4u, c11, 8u);
  }
  deliver(1u, place, head, lane, back);
}

// Stores what subgroups have put into workgroup memory: 16 rows of each, their `i`th.
fn deliver(i: u32, place: Place, head: u32, lane: u32, back: vec2f) {
  workgroupBarrier();
  for (var item = lane; item < 512u; item += LANES) {
    let owner = item / 128u;
    let row = owner / 2u * 32u + i * 16u + item % 128u / 8u;
    let column = owner % 2u * 32u + item % 8u * 4u;
    store(head, place.row + row, place.column + column, bitcast<vec4f>(tile[item]) * back.x * back.y);
  }
  workgroupBarrier();
}

fn store(head: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= params.rows || column >= params.columns) {
    return;
  }
  let at = (params.yStart + head * params.yHeadPitch + row * params.yPitch + column) / 4u;
  if (ADDS == 1u) {
    y[at] += sums;
  } else {
    y[at] = sums;
  }
}
