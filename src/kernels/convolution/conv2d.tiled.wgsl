// y[t][row][column][o] = bias[o] + sum_{ky, kx, c} weight[o][ky][kx][c] * input[t][row * s + ky - p][column * s + kx - p][c]
//
// The input, its borders, s and p are those of conv2d.wgsl. Changes for graphics cards: those of causalConv3d.tiled.wgsl.
// inChannels is a multiple of 4.
// Bindings: x [frames, height, width, parts * inChannels] and weight [outChannels, 3, 3, inChannels], f32 or two 16-bit
//   values to a word; bias f32 [outChannels]; y f32 [rows, outWidth, outChannels], picture rows firstRow and on of all.
// Grid: one workgroup of 64 invocations for each tile of 64 pixels of a picture by 64 output channels; all tiles of the
//   pictures that have bound rows.
// Precision: products and sums in f32, four channels at a time; 16-bit values are widened exactly.
// Twin: convs.twin.ts

requires unrestricted_pointer_parameters;

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override INPUT_TYPE: u32;
override SCALE: u32; // 1 or 2
override STRIDE: u32; // 1 or 2
override PADDING: u32; // p: 1, or 0 with a stride of 2

// Passage: the parameters of conv2d
struct Params {
  firstRow: u32,
  rows: u32,
  height: u32,
  width: u32,
  parts: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec2u>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channelTiles = (params.outChannels + TILE - 1u) / TILE;
  let enlarged = vec2u(params.width, params.height) * SCALE;
  let size = enlarged / STRIDE;
  let pixels = size.x * size.y;
  let pixelTiles = (pixels + TILE - 1u) / TILE;
  let index = group.x + group.y * groups.x;
  let tile = index / channelTiles;
  let firstChannel = (index % channelTiles) * TILE;
  let frame = params.firstRow / size.y + tile / pixelTiles;
  let first = (tile % pixelTiles) * TILE;
  let firstBound = params.firstRow * size.x; // of all pixels of all pictures
  let endBound = firstBound + params.rows * size.x;
  if (frame * pixels + first >= endBound || frame * pixels + first + TILE <= firstBound) {
    return;
  }

  // An invocation fetches one vector of 4 pixels and 4 output channels. What is past the
  // end repeats the last one, and is not stored or not read.
  let depth = params.inChannels / 4u;
  let picture = frame / params.parts * params.height * params.width * params.parts + frame % params.parts;
  let fetched = lane % STEP;
  var sums: array<array<f32, 8>, 8>;
  for (var tap = 0u; tap < 9u; tap++) {
    let shift = vec2i(vec2u(tap % 3u, tap / 3u)) - i32(PADDING);
    for (var c = 0u; c < depth; c += STEP) {
      let at = min(c + fetched, depth - 1u);
      for (var i = lane / STEP; i < TILE; i += 16u) {
        let pixel = min(first + i, pixels - 1u);
        let wanted = vec2i(vec2u(pixel % size.x, pixel / size.x) * STRIDE) + shift;
        let found = vec2u(clamp(wanted, vec2i(), vec2i(enlarged) - 1));
        let place = found.y / SCALE * params.width + found.x / SCALE;
        let values = widened(&x, INPUT_TYPE, (picture + place * params.parts) * depth + at);
        xTile[i * PITCH + fetched] = select(vec4f(), values, all(vec2u(wanted) == found));
        let channel = min(firstChannel + i, params.outChannels - 1u);
        weightTile[i * PITCH + fetched] = widened(&weight, WEIGHT_TYPE, (channel * 9u + tap) * depth + at);
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
