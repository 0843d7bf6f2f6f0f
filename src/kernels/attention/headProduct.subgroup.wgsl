// y[h] = a[h] . b[h], or with one of them transposed, or y[h] and that, as headProduct.wgsl, for processors
//
// Changes to headProduct.wgsl: an outer product in one subgroup, as linear.subgroup.wgsl explains. A lane makes 4 columns of
// 32 rows, from 4 of k at a time: it loads 4 vectors of b for itself, and for all lanes one row of a of every 8, or where a
// is transposed 4 rows of each k. Starts and pitches are multiples of 4. Where a product has columns or sums over k that
// are no multiple of 4, there is room for what is stored past the end, and 0 in a.
// Bindings: a f32; b f32, or packedB of two 16-bit values to a word, by B_TYPE; list u32, which rows of b are read in order
//   (only where HAS_LIST); y f32.
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each head and tile of 32 rows by 4 * SUBGROUP columns.
// Precision: products and sums in f32, four of k at a time; b widened from 16 bits exactly.
// Twin: headProduct.twin.ts

enable subgroups;

override SUBGROUP: u32;
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
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> list: array<u32>;
@group(0) @binding(4) var<storage, read> packedB: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

const FOUR = vec4u(0u, 1u, 2u, 3u);

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Four elements of b that follow one another.
fn bAt(index: u32) -> vec4f {
  if (B_TYPE == 0u) {
    return b[index];
  }
  return fourOf(packedB[index], B_TYPE);
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

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let rowTiles = (params.rows + 31u) / 32u;
  let columnTiles = (params.columns + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let tile = group.x + group.y * groups.x;
  let head = tile / (rowTiles * columnTiles);
  let row = tile / columnTiles % rowTiles * 32u;
  let column = (tile % columnTiles * SUBGROUP + lane) * 4u;
  if (head >= params.heads) {
    return;
  }

  // In fours: starts of the matrices, then where this lane begins to read. Rows and columns past the end repeat the last ones.
  let aStart = (params.aStart + head * params.aHeadPitch) / 4u;
  let bStart = (params.bStart + head * params.bHeadPitch) / 4u;
  let aPitch = params.aPitch / 4u;
  let bPitch = params.bPitch / 4u;
  var aRows = min(vec4u(row + lane % 8u) + 8u * FOUR, vec4u(params.rows - 1u)) * aPitch + aStart;
  let aColumn = aStart + min(row / 4u + lane % 8u, (params.rows - 1u) / 4u);
  var bRows: vec4u;
  if (TRANSPOSE_B == 1u) {
    bRows = rowsFrom(column, params.columns) * bPitch + bStart;
  }
  let bColumn = bStart + min(column, params.columns - 1u) / 4u;

  var sums: array<array<vec4f, 8>, 4>;
  var listed: vec4u; // rows of b, four for each lane
  let steps = (params.depth + 3u) / 4u;
  for (var k = 0u; k < steps; k++) {
    var block: mat4x4f;
    if (TRANSPOSE_B == 1u) {
      block = mat4x4f(bAt(bRows.x + k), bAt(bRows.y + k), bAt(bRows.z + k), bAt(bRows.w + k));
    } else {
      if (HAS_LIST == 1u) {
        if (k % SUBGROUP == 0u) {
          listed = rowsFrom(4u * (k + lane), params.depth);
        }
        bRows = subgroupShuffle(listed, k % SUBGROUP) * bPitch + bColumn;
      } else {
        bRows = rowsFrom(4u * k, params.depth) * bPitch + bColumn;
      }
      block = mat4x4f(bAt(bRows.x), bAt(bRows.y), bAt(bRows.z), bAt(bRows.w));
    }

    var values: array<vec4f, 4>;
    if (TRANSPOSE_A == 1u) {
      let isThere = vec4f(vec4u(4u * k) + FOUR < vec4u(params.depth));
      let at = min(vec4u(4u * k) + FOUR, vec4u(params.depth - 1u)) * aPitch + aColumn;
      values = array<vec4f, 4>(isThere.x * a[at.x], isThere.y * a[at.y], isThere.z * a[at.z], isThere.w * a[at.w]);
      for (var g = 0u; g < 4u; g++) { // rows 8 * g and on
        for (var i = 0u; i < 8u; i++) {
          let source = 2u * g + i / 4u;
          let four = vec4f(
            subgroupShuffle(values[0][i % 4u], source),
            subgroupShuffle(values[1][i % 4u], source),
            subgroupShuffle(values[2][i % 4u], source),
            subgroupShuffle(values[3][i % 4u], source),
          );
          sums[g][i] += block * four;
        }
      }
    } else {
      values = array<vec4f, 4>(a[aRows.x + k], a[aRows.y + k], a[aRows.z + k], a[aRows.w + k]);
      for (var g = 0u; g < 4u; g++) {
        for (var i = 0u; i < 8u; i++) {
          let four = subgroupShuffle(values[g], i);
          if (TRANSPOSE_B == 1u) {
            sums[g][i] += four * block;
          } else {
            sums[g][i] += block * four;
          }
        }
      }
    }
  }

  if (column >= params.columns) {
    return;
  }
  let to = (params.yStart + head * params.yHeadPitch + column) / 4u;
  for (var i = 0u; i < min(32u, params.rows - row); i++) {
    var sum = nth(sums[0], i % 8u);
    for (var g = 1u; g < 4u; g++) {
      sum = select(sum, nth(sums[g], i % 8u), g == i / 8u);
    }
    let at = to + (row + i) * (params.yPitch / 4u);
    if (ADDS == 1u) {
      sum += y[at];
    }
    y[at] = sum;
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
