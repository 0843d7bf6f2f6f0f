// y[q][h] = sum_j softmax_j(scale * query[q][h] . key[j][h]) * value[j][h], as attention.wgsl, for cards that multiply f16 matrices
//
// Changes to attention.wgsl: both products are the card's own, of matrices of 16 by 16. A subgroup keeps BLOCKS * 16 queries
// and their sums in registers; a workgroup fetches KEYS keys, then their values, for all of its subgroups. Scores go through
// workgroup memory, where some lanes of a row make their exponentials, over which they write the weights. The exponent
// that weights are relative to is raised only where they might outgrow f16, so that the sums are seldom scaled anew. Heads
// are 128 wide; there is no bias.
// Bindings: query f32 [queries, heads * 128]; keys, values [cacheRows, heads * 128] of CACHE_TYPE, f32 or two 16-bit values to
//   a word; rows u32 [rowCount]; ownKeys, ownValues [ownCount, heads * 128] of OWN_TYPE; y f32 [queries, heads * 128].
// Grid: one workgroup of SUBGROUPS * SUBGROUP invocations for each head and tile of QUERIES queries. Where subgroups are
//   smaller than SUBGROUP there are more; those only load, weigh and store.
// Precision: queries (times scale), keys, values and weights rounded to f16, 11 bits; a product's sums, the softmax and its
//   sums in f32. Keys and values of 16 bits are exact but for bf16 below 2^-17; what is past 65 504 makes its rows NaN.
// Twin: reference/attention.ts

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
requires unrestricted_pointer_parameters;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override SUBGROUPS: u32; // that multiply
override BLOCKS: u32; // of 16 queries for each of them, 1 or 2
override KEYS: u32; // at a time, 16 to 64, and 16 at least for each lane of a row
override BOTH: u32; // 1: values are fetched along with keys, into memory of their own
override CACHE_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override OWN_TYPE: u32;

override LANES: u32 = SUBGROUPS * SUBGROUP;
override QUERIES: u32 = 16u * SUBGROUPS * BLOCKS;
override PER_ROW: u32 = LANES / QUERIES; // lanes that share a row of scores, each a part of it
override PART: u32 = KEYS / PER_ROW / 4u; // scores of a part, in fours
override ROW: u32 = PER_ROW * (PART + 1u); // from one row of scores to the next; one is left free, for other banks
override VALUES: u32 = BOTH * KEYS * PITCH;
override SCORES: u32 = VALUES + KEYS * PITCH;
override SCRATCH: u32 = SCORES + QUERIES * ROW;

struct Params {
  queries: u32,
  heads: u32,
  rowCount: u32,
  ownCount: u32,
  scale: f32, // of scores, for powers of two
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4u>;
@group(0) @binding(3) var<storage, read> values: array<vec4u>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> ownKeys: array<vec4u>;
@group(0) @binding(6) var<storage, read> ownValues: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

const HEAD = 8u; // matrices across a head
const PITCH = 17u; // cells from one key to the next: 16 of 8 values, and one for other banks
const LIMIT = 15.0; // weights are at most 2^LIMIT
const START = 4.0; // and at most 2^START where their exponent was just raised

// Cells of 8 values in f16, or of 4 in f32: keys, values, scores, and 16 by 16 sums of each subgroup.
var<workgroup> tile: array<vec4u, max(SCRATCH + 64u * SUBGROUPS, QUERIES * PITCH)>;
var<workgroup> factors: array<f32, QUERIES>; // what the sums of each query are multiplied by
var<workgroup> raised: atomic<u32>; // one more than the first key of the step that last raised an exponent

fn halves(low: vec4f, high: vec4f) -> vec4u {
  return vec4u(pack2x16float(low.xy), pack2x16float(low.zw), pack2x16float(high.xy), pack2x16float(high.zw));
}

// Eight elements of a key or value, in f16.
fn eightAt(source: ptr<storage, array<vec4u>, read>, kind: u32, index: u32) -> vec4u {
  if (kind == 2u) {
    return (*source)[index];
  }
  if (kind == 1u) {
    let pairs = (*source)[index];
    let low = vec4u(pairs.x << 16u, pairs.x & 0xffff0000u, pairs.y << 16u, pairs.y & 0xffff0000u);
    let high = vec4u(pairs.z << 16u, pairs.z & 0xffff0000u, pairs.w << 16u, pairs.w & 0xffff0000u);
    return halves(bitcast<vec4f>(low), bitcast<vec4f>(high));
  }
  return halves(bitcast<vec4f>((*source)[2u * index]), bitcast<vec4f>((*source)[2u * index + 1u]));
}

// Eight elements of the key or value at a place in their order; those past the end repeat the last one, and get no weight.
fn fetched(isValue: bool, place: u32, column: u32) -> vec4u {
  let key = min(place, params.rowCount + params.ownCount - 1u);
  let width = params.heads * 16u;
  if (key < params.rowCount) {
    let at = rows[key] * width + column;
    if (isValue) {
      return eightAt(&values, CACHE_TYPE, at);
    }
    return eightAt(&keys, CACHE_TYPE, at);
  }
  let at = (key - params.rowCount) * width + column;
  if (isValue) {
    return eightAt(&ownValues, OWN_TYPE, at);
  }
  return eightAt(&ownKeys, OWN_TYPE, at);
}

@compute @workgroup_size(SUBGROUPS * SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_size) subgroupSize: u32,
  @builtin(subgroup_invocation_id) within: u32,
) {
  let queryTiles = (params.queries + QUERIES - 1u) / QUERIES;
  let index = group.x + group.y * groups.x;
  let head = index / queryTiles; // neighbours read the same keys
  let firstQuery = (index % queryTiles) * QUERIES;
  if (head >= params.heads) {
    return;
  }

  let lane = subgroup * subgroupSize + within;
  let row = lane / PER_ROW; // of the tile, whose softmax this lane makes a part of
  let part = SCORES + row * ROW + (lane % PER_ROW) * (PART + 1u);
  let multiplies = subgroup < SUBGROUPS;
  let mine = subgroup % SUBGROUPS;
  let width = params.heads * 16u; // of a row, in eights
  let start = head * 16u;
  let keyCount = params.rowCount + params.ownCount;

  for (var n = 0u; n < QUERIES * 16u / LANES; n++) {
    let item = n * LANES + lane;
    let at = 2u * (min(firstQuery + item / 16u, params.queries - 1u) * width + start + item % 16u);
    tile[item / 16u * PITCH + item % 16u] = halves(params.scale * query[at], params.scale * query[at + 1u]);
  }
  workgroupBarrier();
  var queries: array<array<Left, 8>, 2>;
  if (multiplies) {
    for (var b = 0u; b < BLOCKS; b++) {
      for (var d = 0u; d < HEAD; d++) {
        queries[b][d] = subgroupMatrixLoad<Left, row_major>(&tile, (mine * BLOCKS + b) * 16u * PITCH + 2u * d, PITCH);
      }
    }
  }
  workgroupBarrier();

  var exponent = -1.0e30; // that weights of this row are relative to
  var total = 0.0; // of this lane's weights
  var sums: array<array<Sum, 8>, 2>;
  for (var firstKey = 0u; firstKey < keyCount; firstKey += KEYS) {
    for (var n = 0u; n < KEYS * 16u / LANES; n++) {
      let item = n * LANES + lane;
      let place = item / 16u * PITCH + item % 16u;
      tile[place] = fetched(false, firstKey + item / 16u, start + item % 16u);
      if (BOTH == 1u) {
        tile[VALUES + place] = fetched(true, firstKey + item / 16u, start + item % 16u);
      }
    }
    workgroupBarrier();
    if (multiplies) {
      var scores: array<array<Sum, 4>, 2>;
      for (var b = 0u; b < BLOCKS; b++) {
        for (var j = 0u; j < KEYS / 16u; j++) {
          scores[b][j] = Sum(); // said outright: without it Dawn keeps those of the step before
        }
      }
      for (var d = 0u; d < HEAD; d++) {
        for (var j = 0u; j < KEYS / 16u; j++) {
          let some = subgroupMatrixLoad<Right, col_major>(&tile, j * 16u * PITCH + 2u * d, PITCH);
          for (var b = 0u; b < BLOCKS; b++) {
            scores[b][j] = subgroupMatrixMultiplyAccumulate(queries[b][d], some, scores[b][j]);
          }
        }
      }
      for (var b = 0u; b < BLOCKS; b++) {
        for (var j = 0u; j < KEYS / 16u; j++) {
          let at = SCORES + (mine * BLOCKS + b) * 16u * ROW + 4u * j / PART * (PART + 1u) + 4u * j % PART;
          subgroupMatrixStore<row_major>(&tile, at, scores[b][j], ROW);
        }
      }
    }
    workgroupBarrier();

    var scores: array<vec4f, 16>;
    var largest = vec4f(-1.0e30);
    for (var c = 0u; c < PART; c++) {
      scores[c] = bitcast<vec4f>(tile[part + c]);
    }
    if (firstKey + KEYS > keyCount) {
      for (var c = 0u; c < PART; c++) {
        let column = 4u * (lane % PER_ROW * PART + c);
        scores[c] = select(vec4f(-1.0e30), scores[c], firstKey + column + vec4u(0u, 1u, 2u, 3u) < vec4u(keyCount));
      }
    }
    for (var c = 0u; c < PART; c++) {
      largest = max(largest, scores[c]);
    }
    var highest = max(max(largest.x, largest.y), max(largest.z, largest.w));
    for (var mask = 1u; mask < PER_ROW; mask *= 2u) {
      highest = max(highest, subgroupShuffleXor(highest, mask));
    }
    var factor = 1.0;
    if (highest > exponent + LIMIT) {
      factor = exp2(exponent - (highest - START));
      exponent = highest - START;
      total *= factor;
      atomicMax(&raised, firstKey + 1u);
    }
    if (lane % PER_ROW == 0u) {
      factors[row] = factor;
    }
    for (var c = 0u; c < PART / 2u; c++) {
      let low = exp2(scores[2u * c] - exponent);
      let high = exp2(scores[2u * c + 1u] - exponent);
      total += dot(low + high, vec4f(1.0));
      tile[part + c] = halves(low, high); // in the part that this lane alone has read
    }
    if (BOTH == 0u) {
      for (var n = 0u; n < KEYS * 16u / LANES; n++) {
        let item = n * LANES + lane;
        tile[item / 16u * PITCH + item % 16u] = fetched(true, firstKey + item / 16u, start + item % 16u);
      }
    }

    let isRaised = workgroupUniformLoad(&raised) == firstKey + 1u; // a barrier as well
    if (isRaised && firstKey > 0u) {
      for (var b = 0u; b < BLOCKS; b++) {
        for (var d = 0u; d < HEAD; d++) {
          if (multiplies) {
            subgroupMatrixStore<row_major>(&tile, SCRATCH + 64u * mine, sums[b][d], 4u);
          }
          workgroupBarrier();
          for (var i = lane; i < 64u * SUBGROUPS; i += LANES) {
            let scaled = bitcast<vec4f>(tile[SCRATCH + i]) * factors[(i / 64u * BLOCKS + b) * 16u + i % 64u / 4u];
            tile[SCRATCH + i] = bitcast<vec4u>(scaled);
          }
          workgroupBarrier();
          if (multiplies) {
            sums[b][d] = subgroupMatrixLoad<Sum, row_major>(&tile, SCRATCH + 64u * mine, 4u);
          }
        }
      }
    }
    if (multiplies) {
      for (var j = 0u; j < KEYS / 16u; j++) {
        var weights: array<Left, 2>;
        for (var b = 0u; b < BLOCKS; b++) {
          let at = SCORES + (mine * BLOCKS + b) * 16u * ROW + 4u * j / PART * (PART + 1u) + 4u * j % PART / 2u;
          weights[b] = subgroupMatrixLoad<Left, row_major>(&tile, at, ROW);
        }
        for (var d = 0u; d < HEAD; d++) {
          let some = subgroupMatrixLoad<Right, row_major>(&tile, VALUES + j * 16u * PITCH + 2u * d, PITCH);
          for (var b = 0u; b < BLOCKS; b++) {
            sums[b][d] = subgroupMatrixMultiplyAccumulate(weights[b], some, sums[b][d]);
          }
        }
      }
    }
    workgroupBarrier();
  }

  for (var mask = 1u; mask < PER_ROW; mask *= 2u) {
    total += subgroupShuffleXor(total, mask);
  }
  if (lane % PER_ROW == 0u) {
    factors[row] = 1.0 / total;
  }
  for (var b = 0u; b < BLOCKS; b++) {
    for (var d = 0u; d < HEAD; d++) {
      if (multiplies) {
        subgroupMatrixStore<row_major>(&tile, SCRATCH + 64u * mine, sums[b][d], 4u);
      }
      workgroupBarrier();
      for (var i = lane; i < 64u * SUBGROUPS; i += LANES) {
        let found = (i / 64u * BLOCKS + b) * 16u + i % 64u / 4u;
        if (firstQuery + found < params.queries) {
          let at = 2u * ((firstQuery + found) * width + start + 2u * d) + i % 4u;
          y[at] = bitcast<vec4f>(tile[SCRATCH + i]) * factors[found];
        }
      }
      workgroupBarrier();
    }
  }
}
