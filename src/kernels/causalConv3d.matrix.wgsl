// y[t][row][column][o] = bias[o] + sum_{kt, ky, kx, c} weight[o][kt][ky][kx][c] * input[t + kt][row + ky - p][column + kx - p][c]
//
// The input, its borders and p are those of causalConv3d.wgsl. Changes to causalConv3d.tiled.wgsl: the products are the card's
// own, of matrices of 16 by 16 values in f16, in the tiles of linear.matrixHalf.wgsl. inChannels is a multiple of 8,
// outChannels of 4.
// Bindings: x [frames, height, width, inChannels], older and newer [1, height, width, inChannels] in f16, weight [outChannels,
//   3, KERNEL_XY, KERNEL_XY, inChannels], two 16-bit values to a word; bias f32 [outChannels]; y f32 [rows, width,
//   outChannels], picture rows firstRow and on of all frames * height.
// Grid: one workgroup of DOWN * ALONG * SUBGROUP invocations for each tile of DOWN * ROWS * 16 pixels of a frame by ALONG *
//   COLUMNS * 16 output channels; all tiles of the frames that have bound rows. Where subgroups are smaller than SUBGROUP
//   there are more of them; those only load and store.
// Precision: the input in f16 and f16 weights exact; bf16 weights exact from 2^-17 up, to 2^-25 below, infinite from 65 520
//   on. Sums in f32, in an order and with a rounding of the card's own.
// Twin: reference/convs.ts

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override DOWN: u32; // subgroups
override ALONG: u32;
override ROWS: u32; // matrices of a subgroup, at most 4
override COLUMNS: u32;
override STEP: u32; // eights of input channels at a time
override AHEAD: u32; // 1: the next step is fetched while this one is multiplied
override WEIGHT_TYPE: u32; // 1 bf16, 2 f16
override KERNEL_XY: u32; // 3 or 1

override LANES: u32 = DOWN * ALONG * SUBGROUP;
override TALL: u32 = 16u * DOWN * ROWS; // pixels of the tile
override WIDE: u32 = 16u * ALONG * COLUMNS; // and its output channels
override PITCH: u32 = STEP + 1u; // cells from one line to the next; one is left free, for other banks
override WEIGHTS: u32 = TALL * PITCH; // where the weights begin, behind the pixels
override FETCHED_X: u32 = TALL * STEP / LANES; // cells that an invocation fetches a step, at most 8
override FETCHED_WEIGHTS: u32 = (WIDE * STEP + LANES - 1u) / LANES;

struct Params {
  firstRow: u32,
  rows: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<storage, read> older: array<vec4u>;
@group(0) @binding(3) var<storage, read> newer: array<vec4u>;
@group(0) @binding(4) var<storage, read> weight: array<vec4u>;
@group(0) @binding(5) var<storage, read> bias: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

// Cells of 8 values in f16, those that an invocation fetches of a step.
struct Fetched {
  x: array<vec4u, 8>,
  weights: array<vec4u, 8>,
}

// Such cells: lines of pixels and of weights; at the end cells of 4 sums in f32.
var<workgroup> tile: array<vec4u, max(WEIGHTS + WIDE * PITCH, 64u * DOWN * ALONG * COLUMNS)>;

fn inputAt(inputFrame: u32, index: u32) -> vec4u {
  if (inputFrame > 1u) {
    return x[index];
  }
  if (inputFrame == 1u) {
    return newer[index];
  }
  return older[index];
}

// The step's pixels, around `places`, and its weights. What lies outside of the picture is 0, and what is past the last channel.
fn fetch(
  fetched: ptr<function, Fetched>,
  places: ptr<function, array<vec2i, 8>>,
  frame: u32,
  firstChannel: u32,
  turn: u32,
  lane: u32,
) {
  let depth = params.inChannels / 8u;
  let depthSteps = (depth + STEP - 1u) / STEP;
  let tap = turn / depthSteps;
  let shift = vec2i(vec2u(tap % KERNEL_XY, tap / KERNEL_XY % KERNEL_XY)) - i32(KERNEL_XY / 2u);
  let inputFrame = frame + tap / (KERNEL_XY * KERNEL_XY); // 0 older, 1 newer, then those of x
  let size = vec2i(vec2u(params.width, params.height));
  let picture = (max(inputFrame, 2u) - 2u) * params.width * params.height;
  for (var n = 0u; n < FETCHED_X; n++) {
    let c = turn % depthSteps * STEP + (n * LANES + lane) % STEP;
    let wanted = (*places)[n] + shift;
    let found = clamp(wanted, vec2i(), size - 1);
    let values = inputAt(inputFrame, (picture + u32(found.y * size.x + found.x)) * depth + min(c, depth - 1u));
    (*fetched).x[n] = select(vec4u(), values, all(wanted == found) && c < depth);
  }
  for (var n = 0u; n < FETCHED_WEIGHTS; n++) {
    let item = n * LANES + lane;
    let c = turn % depthSteps * STEP + item % STEP;
    let channel = min(firstChannel + item / STEP, params.outChannels - 1u);
    let values = weight[(channel * 3u * KERNEL_XY * KERNEL_XY + tap) * depth + min(c, depth - 1u)];
    (*fetched).weights[n] = select(vec4u(), values, c < depth);
  }
}

// Two values in bf16, in f16.
fn halves(pair: u32) -> u32 {
  return pack2x16float(bitcast<vec2f>(vec2u(pair << 16u, pair & 0xffff0000u)));
}

// Puts what was fetched into workgroup memory, in f16.
fn keep(fetched: ptr<function, Fetched>, lane: u32) {
  for (var n = 0u; n < FETCHED_X; n++) {
    let item = n * LANES + lane;
    tile[item / STEP * PITCH + item % STEP] = (*fetched).x[n];
  }
  for (var n = 0u; n < FETCHED_WEIGHTS; n++) {
    let item = n * LANES + lane;
    let pairs = (*fetched).weights[n];
    let converted = vec4u(halves(pairs.x), halves(pairs.y), halves(pairs.z), halves(pairs.w));
    let narrowed = select(pairs, converted, WEIGHT_TYPE == 1u);
    if (item < WIDE * STEP) {
      tile[WEIGHTS + item / STEP * PITCH + item % STEP] = narrowed;
    }
  }
}

@compute @workgroup_size(DOWN * ALONG * SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let channelTiles = (params.outChannels + WIDE - 1u) / WIDE;
  let pixels = params.height * params.width;
  let pixelTiles = (pixels + TALL - 1u) / TALL;
  let index = group.x + group.y * groups.x;
  let firstChannel = (index % channelTiles) * WIDE;
  let frame = params.firstRow / params.height + index / channelTiles / pixelTiles;
  let first = (index / channelTiles % pixelTiles) * TALL;
  let firstBound = params.firstRow * params.width; // of all pixels of all frames
  let endBound = firstBound + params.rows * params.width;
  if (frame * pixels + first >= endBound || frame * pixels + first + TALL <= firstBound) {
    return;
  }

  var places: array<vec2i, 8>; // pixels that this invocation fetches; those past the end repeat the last one
  for (var n = 0u; n < FETCHED_X; n++) {
    let pixel = min(first + (n * LANES + lane) / STEP, pixels - 1u);
    places[n] = vec2i(vec2u(pixel % params.width, pixel / params.width));
  }

  let multiplies = subgroup < DOWN * ALONG;
  let mine = subgroup % (DOWN * ALONG);
  let top = mine / ALONG * ROWS * 16u; // of what this subgroup makes
  let left = mine % ALONG * COLUMNS * 16u;
  var fetched: Fetched;
  var sums: array<array<Sum, 4>, 4>;
  if (AHEAD == 1u) {
    fetch(&fetched, &places, frame, firstChannel, 0u, lane);
  }
  let steps = 3u * KERNEL_XY * KERNEL_XY * ((params.inChannels / 8u + STEP - 1u) / STEP);
  for (var turn = 0u; turn < steps; turn++) {
    if (AHEAD == 0u) {
      fetch(&fetched, &places, frame, firstChannel, turn, lane);
    }
    keep(&fetched, lane);
    workgroupBarrier();
    if (AHEAD == 1u) {
      fetch(&fetched, &places, frame, firstChannel, min(turn + 1u, steps - 1u), lane);
    }
    if (multiplies) {
      for (var k = 0u; k < STEP / 2u; k++) {
        var columns: array<Right, 4>;
        for (var j = 0u; j < COLUMNS; j++) {
          let at = WEIGHTS + (left + 16u * j) * PITCH + 2u * k;
          columns[j] = subgroupMatrixLoad<Right, col_major>(&tile, at, PITCH);
        }
        for (var i = 0u; i < ROWS; i++) {
          let rows = subgroupMatrixLoad<Left, row_major>(&tile, (top + 16u * i) * PITCH + 2u * k, PITCH);
          for (var j = 0u; j < COLUMNS; j++) {
            sums[i][j] = subgroupMatrixMultiplyAccumulate(rows, columns[j], sums[i][j]);
          }
        }
      }
    }
    workgroupBarrier();
  }

  // Sixteen pixels of each subgroup at a time go through workgroup memory.
  for (var i = 0u; i < ROWS; i++) {
    if (multiplies) {
      for (var j = 0u; j < COLUMNS; j++) {
        subgroupMatrixStore<row_major>(&tile, 64u * COLUMNS * mine + 4u * j, sums[i][j], 4u * COLUMNS);
      }
    }
    workgroupBarrier();
    for (var n = 0u; n < 64u * DOWN * ALONG * COLUMNS / LANES; n++) {
      let item = n * LANES + lane;
      let owner = item / (64u * COLUMNS);
      let within = first + (owner / ALONG * ROWS + i) * 16u + item % (64u * COLUMNS) / (4u * COLUMNS);
      let pixel = frame * pixels + within;
      let channel = firstChannel / 4u + owner % ALONG * COLUMNS * 4u + item % (4u * COLUMNS);
      if (within < pixels && pixel >= firstBound && pixel < endBound && channel < params.outChannels / 4u) {
        y[(pixel - firstBound) * (params.outChannels / 4u) + channel] = bitcast<vec4f>(tile[item]) + bias[channel];
      }
    }
    workgroupBarrier();
  }
}
