// y[q][h] = sum_j softmax_j(scale * query[q][h] . key[j][h]) * value[j][h], as attention.wgsl, for cards that multiply f16 matrices
//
// Changes to attention.wgsl: both products are the card's own, of matrices of 16 by 16. A subgroup keeps 16 queries and their
// sums in registers: each matrix a variable of its own, as NVIDIA's compiler leaves arrays of them in memory. A workgroup
// fetches 32 keys and their values for all of its subgroups while it multiplies those before. Scores go through workgroup
// memory, where some lanes of a row make weights of them. The exponent that weights are relative to is raised only where
// they might outgrow f16, so that the sums are seldom scaled anew. Heads are 128 wide; there is no bias.
// Bindings: query f32 [queries, heads * 128]; keys, values [cacheRows, heads * 128] of CACHE_TYPE, f32, two 16-bit values to
//   a word, or 8-bit rows (updateQuantizedRows.wgsl); rows u32 [rowCount]; ownKeys, ownValues [ownCount, heads * 128] of
//   OWN_TYPE; y f32 [queries, heads * 128].
// Grid: one workgroup of SUBGROUPS * SUBGROUP invocations for each head and tile of QUERIES queries. Where subgroups are
//   smaller than SUBGROUP there are more; those only load, weigh and store. 128 or 256 invocations.
// Precision: queries (times scale), keys, values and weights rounded to f16, 11 bits; a product's sums, the softmax and its
//   sums in f32. Keys and values of 16 bits are exact but for bf16 below 2^-17; what is past 65 504 makes its rows NaN.
// Twin: attention.twin.ts

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
requires unrestricted_pointer_parameters;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override EVEN: u32; // 1: all subgroups have as many
override SUBGROUPS: u32; // that multiply
override COPIES: u32; // 2: values have two buffers, which spares a barrier
override CACHE_TYPE: u32; // 0 f32, 1 bf16, 2 f16, 3 8 bits with a scale for each row and head
override OWN_TYPE: u32;

override LANES: u32 = SUBGROUPS * SUBGROUP;
override QUERIES: u32 = 16u * SUBGROUPS;
override PER_ROW: u32 = SUBGROUP / 16u; // lanes that share a row of scores, each a part of it
override PART: u32 = 8u / PER_ROW; // scores of a part, in fours: 4 or 2
override FETCHED: u32 = KEYS * 16u / LANES; // cells of keys that an invocation fetches a step: 4 or 2
override LINES: u32 = LANES / 16u; // keys of which a cell each is fetched at once
override NEXT: u32 = LINES * PITCH; // from a cell that an invocation keeps to its next
override SCORES: u32 = (1u + COPIES) * SIZE; // behind keys and values
override WEIGHTS: u32 = SCORES + QUERIES * SCORE_PITCH;
override CELLS: u32 = WEIGHTS + QUERIES * WEIGHT_PITCH;

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

const KEYS = 32u; // at a time
const PITCH = 17u; // cells from one key to the next: 16 of 8 values, and one for other banks
const SIZE = KEYS * PITCH; // of keys or values
const SCORE_PITCH = 9u; // the same of 32 scores and of 32 weights
const WEIGHT_PITCH = 5u;
const LIMIT = 15.0; // weights are at most 2^LIMIT
const START = 4.0; // and at most 2^START where their exponent was just raised

// Cells of 8 values in f16, or of 4 in f32: keys, values, scores, weights. Queries go through it at first; in the place of
// scores lie 16 by 16 sums of each subgroup that are scaled.
var<workgroup> tile: array<vec4u, max(CELLS, QUERIES * PITCH)>;
var<workgroup> factors: array<f32, QUERIES>; // what the sums of each query are multiplied by
var<workgroup> raised: atomic<u32>; // one more than the first key of the step that last raised an exponent

// Passage: eight in f16
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

// Passage: four of 8 bits
// Four bytes of a word, with their signs: elements that follow one another, before their scale.
fn fourBytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

// Eight elements of a row of 8-bit values, in f16, times their scale.
fn eightBytes(pair: vec2u, scale: f32) -> vec4u {
  return halves(scale * fourBytes(pair.x), scale * fourBytes(pair.y));
}

// The words of eight 8-bit elements.
fn pairOf(cell: vec4u, index: u32) -> vec2u {
  return select(cell.xy, cell.zw, (index & 1u) == 1u);
}

// Where the key at a place in their order lies, among the cached or its own.
fn rowAt(place: u32) -> u32 {
  if (place < params.rowCount) {
    return rows[place];
  }
  return place - params.rowCount;
}

fn keyAt(place: u32, row: u32, column: u32) -> vec4u {
  let width = params.heads * 16u;
  if (place >= params.rowCount) {
    return eightAt(&ownKeys, OWN_TYPE, row * width + column);
  }
  if (CACHE_TYPE == 3u) {
    let at = row * bytesPitch() + column;
    let word = 2u * (row * bytesPitch() + width) + column / 16u;
    return eightBytes(pairOf(keys[at / 2u], at), bitcast<f32>(keys[word / 4u][word % 4u]));
  }
  return eightAt(&keys, CACHE_TYPE, row * width + column);
}

fn valueAt(place: u32, row: u32, column: u32) -> vec4u {
  let width = params.heads * 16u;
  if (place >= params.rowCount) {
    return eightAt(&ownValues, OWN_TYPE, row * width + column);
  }
  if (CACHE_TYPE == 3u) {
    let at = row * bytesPitch() + column;
    let word = 2u * (row * bytesPitch() + width) + column / 16u;
    return eightBytes(pairOf(values[at / 2u], at), bitcast<f32>(values[word / 4u][word % 4u]));
  }
  return eightAt(&values, CACHE_TYPE, row * width + column);
}

// From one row of 8-bit values to the next, in eights: their scales lie behind them.
fn bytesPitch() -> u32 {
  return params.heads * 16u + (params.heads + 3u) / 4u * 2u;
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
  let part = lane % PER_ROW * PART;
  let multiplies = EVEN == 1u || subgroup < SUBGROUPS;
  let mine = subgroup % SUBGROUPS;
  let width = params.heads * 16u; // of a row, in eights
  let start = head * 16u;
  let column = start + lane % 16u; // that this lane fetches, of key lane / 16 and every LINES from there
  let line = lane / 16u;
  let place = line * PITCH + lane % 16u;
  let keyCount = params.rowCount + params.ownCount;

  for (var n = 0u; n < QUERIES * 16u / LANES; n++) {
    let item = n * LANES + lane;
    let at = 2u * (min(firstQuery + item / 16u, params.queries - 1u) * width + start + item % 16u);
    tile[item / 16u * PITCH + item % 16u] = halves(params.scale * query[at], params.scale * query[at + 1u]);
  }
  workgroupBarrier();
  let own = mine * 16u * PITCH; // nothing is written to the tile before the barrier of the first step below
  let q0 = subgroupMatrixLoad<Left, row_major>(&tile, own, PITCH);
  let q1 = subgroupMatrixLoad<Left, row_major>(&tile, own + 2u, PITCH);
  let q2 = subgroupMatrixLoad<Left, row_major>(&tile, own + 4u, PITCH);
  let q3 = subgroupMatrixLoad<Left, row_major>(&tile, own + 6u, PITCH);
  let q4 = subgroupMatrixLoad<Left, row_major>(&tile, own + 8u, PITCH);
  let q5 = subgroupMatrixLoad<Left, row_major>(&tile, own + 10u, PITCH);
  let q6 = subgroupMatrixLoad<Left, row_major>(&tile, own + 12u, PITCH);
  let q7 = subgroupMatrixLoad<Left, row_major>(&tile, own + 14u, PITCH);

  let scratch = SCORES + mine * 16u * SCORE_PITCH; // where sums of this subgroup go to be scaled
  var exponent = -1.0e30; // that weights of this row are relative to
  var total = 0.0; // of this lane's weights
  var o0: Sum; var o1: Sum; var o2: Sum; var o3: Sum; var o4: Sum; var o5: Sum; var o6: Sum; var o7: Sum;
  // Keys past the end repeat the last one, and get no weight. What a step fetches is where the step before found it to be.
  let last = keyCount - 1u;
  var from0 = rowAt(min(line, last));
  var from1 = rowAt(min(line + LINES, last));
  var from2 = rowAt(min(line + 2u * LINES, last));
  var from3 = rowAt(min(line + 3u * LINES, last));
  var k0: vec4u; var k1: vec4u; var k2: vec4u; var k3: vec4u;
  var v0: vec4u; var v1: vec4u; var v2: vec4u; var v3: vec4u;
  var s0: Sum; var s1: Sum;
  let steps = (keyCount + KEYS - 1u) / KEYS;
  for (var turn = 0u; turn <= steps; turn++) { // fetches a step, and goes through the one before
    if (turn < steps) {
      let first = turn * KEYS + line;
      let p0 = min(first, last);
      let p1 = min(first + LINES, last);
      k0 = keyAt(p0, from0, column);
      k1 = keyAt(p1, from1, column);
      v0 = valueAt(p0, from0, column);
      v1 = valueAt(p1, from1, column);
      from0 = rowAt(min(first + KEYS, last));
      from1 = rowAt(min(first + KEYS + LINES, last));
      if (FETCHED == 4u) {
        let p2 = min(first + 2u * LINES, last);
        let p3 = min(first + 3u * LINES, last);
        k2 = keyAt(p2, from2, column);
        k3 = keyAt(p3, from3, column);
        v2 = valueAt(p2, from2, column);
        v3 = valueAt(p3, from3, column);
        from2 = rowAt(min(first + KEYS + 2u * LINES, last));
        from3 = rowAt(min(first + KEYS + 3u * LINES, last));
      }
    }
    if (multiplies && turn > 0u) {
      s0 = Sum(); // said outright: without it Dawn keeps those of the step before
      s1 = Sum();
      let a0 = subgroupMatrixLoad<Right, col_major>(&tile, 0u, PITCH);
      let b0 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 0u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q0, a0, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q0, b0, s1);
      let a1 = subgroupMatrixLoad<Right, col_major>(&tile, 2u, PITCH);
      let b1 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 2u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q1, a1, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q1, b1, s1);
      let a2 = subgroupMatrixLoad<Right, col_major>(&tile, 4u, PITCH);
      let b2 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 4u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q2, a2, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q2, b2, s1);
      let a3 = subgroupMatrixLoad<Right, col_major>(&tile, 6u, PITCH);
      let b3 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 6u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q3, a3, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q3, b3, s1);
      let a4 = subgroupMatrixLoad<Right, col_major>(&tile, 8u, PITCH);
      let b4 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 8u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q4, a4, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q4, b4, s1);
      let a5 = subgroupMatrixLoad<Right, col_major>(&tile, 10u, PITCH);
      let b5 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 10u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q5, a5, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q5, b5, s1);
      let a6 = subgroupMatrixLoad<Right, col_major>(&tile, 12u, PITCH);
      let b6 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 12u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q6, a6, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q6, b6, s1);
      let a7 = subgroupMatrixLoad<Right, col_major>(&tile, 14u, PITCH);
      let b7 = subgroupMatrixLoad<Right, col_major>(&tile, 16u * PITCH + 14u, PITCH);
      s0 = subgroupMatrixMultiplyAccumulate(q7, a7, s0);
      s1 = subgroupMatrixMultiplyAccumulate(q7, b7, s1);
      subgroupMatrixStore<row_major>(&tile, scratch, s0, SCORE_PITCH);
      subgroupMatrixStore<row_major>(&tile, scratch + 4u, s1, SCORE_PITCH);
    }
    workgroupBarrier();

    if (turn > 0u) {
      let at = SCORES + row * SCORE_PITCH + part;
      var e0 = bitcast<vec4f>(tile[at]);
      var e1 = bitcast<vec4f>(tile[at + 1u]);
      var e2 = vec4f(-1.0e30);
      var e3 = e2;
      if (PART == 4u) {
        e2 = bitcast<vec4f>(tile[at + 2u]);
        e3 = bitcast<vec4f>(tile[at + 3u]);
      }
      if (turn * KEYS > keyCount) {
        let first = (turn - 1u) * KEYS + 4u * part;
        e0 = keptOf(e0, first);
        e1 = keptOf(e1, first + 4u);
        e2 = keptOf(e2, first + 8u);
        e3 = keptOf(e3, first + 12u);
      }
      let largest = max(max(e0, e1), max(e2, e3));
      var highest = max(max(largest.x, largest.y), max(largest.z, largest.w));
      for (var mask = 1u; mask < PER_ROW; mask *= 2u) {
        highest = max(highest, subgroupShuffleXor(highest, mask));
      }
      var factor = 1.0;
      if (highest > exponent + LIMIT) {
        factor = exp2(exponent - (highest - START));
        exponent = highest - START;
        total *= factor;
        atomicMax(&raised, turn);
      }
      if (lane % PER_ROW == 0u) {
        factors[row] = factor;
      }
      e0 = exp2(e0 - exponent);
      e1 = exp2(e1 - exponent);
      let to = WEIGHTS + row * WEIGHT_PITCH + part / 2u;
      tile[to] = halves(e0, e1);
      var weights = e0 + e1;
      if (PART == 4u) {
        e2 = exp2(e2 - exponent);
        e3 = exp2(e3 - exponent);
        tile[to + 1u] = halves(e2, e3);
        weights += e2 + e3;
      }
      total += weights.x + weights.y + weights.z + weights.w;
    }
    if (turn < steps) {
      tile[place] = k0;
      tile[place + NEXT] = k1;
      if (FETCHED == 4u) {
        tile[place + 2u * NEXT] = k2;
        tile[place + 3u * NEXT] = k3;
      }
      if (COPIES == 2u) {
        keepValues((1u + turn % 2u) * SIZE + place, v0, v1, v2, v3);
      }
    }

    let isRaised = workgroupUniformLoad(&raised) == turn; // a barrier as well
    if (isRaised && turn > 1u) {
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o0, 4u); }
      scaleSums(0u, lane);
      if (multiplies) { o0 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch, 4u); }
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o1, 4u); }
      scaleSums(1u, lane);
      if (multiplies) { o1 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch + 64u, 4u); }
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o2, 4u); }
      scaleSums(0u, lane);
      if (multiplies) { o2 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch, 4u); }
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o3, 4u); }
      scaleSums(1u, lane);
      if (multiplies) { o3 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch + 64u, 4u); }
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o4, 4u); }
      scaleSums(0u, lane);
      if (multiplies) { o4 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch, 4u); }
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o5, 4u); }
      scaleSums(1u, lane);
      if (multiplies) { o5 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch + 64u, 4u); }
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o6, 4u); }
      scaleSums(0u, lane);
      if (multiplies) { o6 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch, 4u); }
      if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o7, 4u); }
      scaleSums(1u, lane);
      if (multiplies) { o7 = subgroupMatrixLoad<Sum, row_major>(&tile, scratch + 64u, 4u); }
      workgroupBarrier();
    }
    if (multiplies && turn > 0u) {
      for (var j = 0u; j < 2u; j++) {
        let w = subgroupMatrixLoad<Left, row_major>(&tile, WEIGHTS + mine * 16u * WEIGHT_PITCH + 2u * j, WEIGHT_PITCH);
        let source = (1u + (turn + 1u) % COPIES) * SIZE + j * 16u * PITCH;
        let a0 = subgroupMatrixLoad<Right, row_major>(&tile, source, PITCH);
        o0 = subgroupMatrixMultiplyAccumulate(w, a0, o0);
        let a1 = subgroupMatrixLoad<Right, row_major>(&tile, source + 2u, PITCH);
        o1 = subgroupMatrixMultiplyAccumulate(w, a1, o1);
        let a2 = subgroupMatrixLoad<Right, row_major>(&tile, source + 4u, PITCH);
        o2 = subgroupMatrixMultiplyAccumulate(w, a2, o2);
        let a3 = subgroupMatrixLoad<Right, row_major>(&tile, source + 6u, PITCH);
        o3 = subgroupMatrixMultiplyAccumulate(w, a3, o3);
        let a4 = subgroupMatrixLoad<Right, row_major>(&tile, source + 8u, PITCH);
        o4 = subgroupMatrixMultiplyAccumulate(w, a4, o4);
        let a5 = subgroupMatrixLoad<Right, row_major>(&tile, source + 10u, PITCH);
        o5 = subgroupMatrixMultiplyAccumulate(w, a5, o5);
        let a6 = subgroupMatrixLoad<Right, row_major>(&tile, source + 12u, PITCH);
        o6 = subgroupMatrixMultiplyAccumulate(w, a6, o6);
        let a7 = subgroupMatrixLoad<Right, row_major>(&tile, source + 14u, PITCH);
        o7 = subgroupMatrixMultiplyAccumulate(w, a7, o7);
      }
    }
    if (COPIES == 1u) {
      workgroupBarrier();
      keepValues(SIZE + place, v0, v1, v2, v3);
    }
  }

  for (var mask = 1u; mask < PER_ROW; mask *= 2u) {
    total += subgroupShuffleXor(total, mask);
  }
  if (lane % PER_ROW == 0u) {
    factors[row] = 1.0 / total;
  }
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o0, 4u); }
  deliver(0u, firstQuery, head, lane);
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o1, 4u); }
  deliver(1u, firstQuery, head, lane);
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o2, 4u); }
  deliver(2u, firstQuery, head, lane);
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o3, 4u); }
  deliver(3u, firstQuery, head, lane);
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o4, 4u); }
  deliver(4u, firstQuery, head, lane);
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o5, 4u); }
  deliver(5u, firstQuery, head, lane);
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch, o6, 4u); }
  deliver(6u, firstQuery, head, lane);
  if (multiplies) { subgroupMatrixStore<row_major>(&tile, scratch + 64u, o7, 4u); }
  deliver(7u, firstQuery, head, lane);
}

// Scores of four keys; of those past the end such that their weights are 0.
fn keptOf(scores: vec4f, first: u32) -> vec4f {
  return select(vec4f(-1.0e30), scores, first + vec4u(0u, 1u, 2u, 3u) < vec4u(params.rowCount + params.ownCount));
}

fn keepValues(to: u32, v0: vec4u, v1: vec4u, v2: vec4u, v3: vec4u) {
  tile[to] = v0;
  tile[to + NEXT] = v1;
  if (FETCHED == 4u) {
    tile[to + 2u * NEXT] = v2;
    tile[to + 3u * NEXT] = v3;
  }
}

// Multiplies a matrix of each subgroup, in one of its two places in the scores', by its queries' factors.
fn scaleSums(side: u32, lane: u32) {
  workgroupBarrier();
  for (var i = lane; i < 64u * SUBGROUPS; i += LANES) {
    let at = SCORES + i / 64u * 16u * SCORE_PITCH + 64u * side + i % 64u;
    tile[at] = bitcast<vec4u>(bitcast<vec4f>(tile[at]) * factors[i / 4u]);
  }
  workgroupBarrier();
}

// Stores 16 columns of a head, which lie in one of those places.
fn deliver(d: u32, firstQuery: u32, head: u32, lane: u32) {
  workgroupBarrier();
  for (var i = lane; i < 64u * SUBGROUPS; i += LANES) {
    let sums = tile[SCORES + i / 64u * 16u * SCORE_PITCH + d % 2u * 64u + i % 64u];
    let found = firstQuery + i / 4u;
    if (found < params.queries) {
      y[(found * params.heads + head) * 32u + 4u * d + i % 4u] = bitcast<vec4f>(sums) * factors[i / 4u];
    }
  }
}
