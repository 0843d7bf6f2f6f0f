// y[t][row][column][o] = bias[o] + sum_{kt, ky, kx, c} weight[o][kt][ky][kx][c] * input[t + kt][row + ky - p][column + kx - p][c]
//
// The input, its borders and p are those of causalConv3d.wgsl. Changes for graphics cards: for each tap a product of
// matrices, pixels by input channels by output channels, in the tiles of linear.tiled.wgsl. A tile lies in one frame, so
// that all of a tap comes from one buffer. inChannels is a multiple of 4.
// Bindings: x [frames, height, width, inChannels], older and newer [1, height, width, inChannels], f32 or two 16-bit values
//   to a word; weight [outChannels, 3, KERNEL_XY, KERNEL_XY, inChannels], likewise; bias f32 [outChannels]; y f32 [rows,
//   width, outChannels], picture rows firstRow and on of all frames * height.
// Grid: one workgroup of 64 invocations for each tile of 64 pixels of a frame by 64 output channels; all tiles of the
//   frames that have bound rows.
// Precision: products and sums in f32, four channels at a time; 16-bit values are widened exactly.
// Twin: convs.twin.ts

requires unrestricted_pointer_parameters;

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override INPUT_TYPE: u32; // of x, older and newer
override KERNEL_XY: u32; // 3 or 1

// Passage: the parameters of causalConv3d
struct Params {
  firstRow: u32,
  rows: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec2u>;
@group(0) @binding(2) var<storage, read> older: array<vec2u>;
@group(0) @binding(3) var<storage, read> newer: array<vec2u>;
@group(0) @binding(4) var<storage, read> weight: array<vec2u>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

const TILE = 64u; // pixels, and output channels
const STEP = 4u; // vectors of input channels at a time
const PITCH = 5u; // from one pixel or output channel in workgroup memory to the next

var<workgroup> xTile: array<vec4f, TILE * PITCH>;
var<workgroup> weightTile: array<vec4f, TILE * PITCH>;

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Passage: four of any type
// Four elements that follow one another, as f32.
fn widened(source: ptr<storage, array<vec2u>, read>, kind: u32, index: u32) -> vec4f {
  if (kind == 0u) {
    return bitcast<vec4f>(vec4u((*source)[2u * index], (*source)[2u * index + 1u]));
  }
  return fourOf((*source)[index], kind);
}

fn inputAt(inputFrame: u32, index: u32) -> vec4f {
  if (inputFrame > 1u) {
    return widened(&x, INPUT_TYPE, index);
  }
  if (inputFrame == 1u) {
    return widened(&newer, INPUT_TYPE, index);
  }
  return widened(&older, INPUT_TYPE, index);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channelTiles = (params.outChannels + TILE - 1u) / TILE;
  let pixels = params.height * params.width;
  let pixelTiles = (pixels + TILE - 1u) / TILE;
  let index = group.x + group.y * groups.x;
  let tile = index / channelTiles;
  let firstChannel = (index % channelTiles) * TILE;
  let frame = params.firstRow / params.height + tile / pixelTiles;
  let first = (tile % pixelTiles) * TILE;
  let firstBound = params.firstRow * params.width; // of all pixels of all frames
  let endBound = firstBound + params.rows * params.width;
  if (frame * pixels + first >= endBound || frame * pixels + first + TILE <= firstBound) {
    return;
  }

  // An invocation fetches one vector of 4 pixels and 4 output channels. What is past the
  // end repeats the last one, and is not stored or not read.
  let size = vec2i(vec2u(params.width, params.height));
  let depth = params.inChannels / 4u;
  let taps = 3u * KERNEL_XY * KERNEL_XY;
  let fetched = lane % STEP;
  var sums: array<array<f32, 8>, 8>;
  for (var tap = 0u; tap < taps; tap++) {
    let shift = vec2i(vec2u(tap % KERNEL_XY, tap / KERNEL_XY % KERNEL_XY)) - i32(KERNEL_XY / 2u);
    let inputFrame = frame + tap / (KERNEL_XY * KERNEL_XY); // 0 older, 1 newer, then those of x
    let picture = (max(inputFrame, 2u) - 2u) * pixels;
    for (var c = 0u; c < depth; c += STEP) {
      let at = min(c + fetched, depth - 1u);
      for (var i = lane / STEP; i < TILE; i += 16u) {
        let pixel = min(first + i, pixels - 1u);
        let wanted = vec2i(vec2u(pixel % params.width, pixel / params.width)) + shift;
        let found = vec2u(clamp(wanted, vec2i(), size - 1));
        let values = inputAt(inputFrame, (picture + found.y * params.width + found.x) * depth + at);
        xTile[i * PITCH + fetched] = select(vec4f(), values, all(vec2u(wanted) == found));
        let channel = min(firstChannel + i, params.outChannels - 1u);
        weightTile[i * PITCH + fetched] = widened(&weight, WEIGHT_TYPE, (channel * taps + tap) * depth + at);
      }
      workgroupBarrier();
      let steps = min(STEP, depth - c);
      for (var step = 0u; step < steps; step++) {
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
  }

  // One loop stores, which compiles fast; indices into sums stay constant, so that it stays in registers.
  let rows = min(8u, pixels - first);
  for (var i = 0u; i < rows; i++) {
    let within = first + lane / 8u + 8u * i;
    let pixel = frame * pixels + within;
    let isStored = within < pixels && pixel >= firstBound && pixel < endBound;
    for (var j = 0u; j < 8u; j++) {
      var sum = 0.0;
      for (var k = 0u; k < 8u; k++) {
        sum = select(sum, sums[k][j], k == i);
      }
      let channel = firstChannel + lane % 8u + 8u * j;
      if (isStored && channel < params.outChannels) {
        y[(pixel - firstBound) * params.outChannels + channel] = sum + bias[channel];
      }
    }
  }
}
