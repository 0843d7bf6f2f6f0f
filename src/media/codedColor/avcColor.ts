import { Bits, withoutEmulation } from './bits.js';
import { CHROMA, type CodedColor } from './codedColor.js';

/** Profiles whose parameter sets say the chroma format: ITU-T H.264, 7.3.2.1.1. */
const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/** Reads a sequence parameter set of H.264, as far as its colours; undefined for another unit. ITU-T H.264, 7.3.2.1.1, E.1.1. */
export function avcColor(unit: Uint8Array): CodedColor | undefined {
  if ((unit[0] & 31) !== 7) return undefined;
  const bits = new Bits(withoutEmulation(unit.subarray(1)));
  const profile = bits.read(8);
  bits.skip(16); // constraints and level
  bits.golomb(); // id
  let [chroma, depth] = [1, 8];
  if (HIGH.includes(profile)) {
    chroma = bits.golomb();
    if (chroma === 3) bits.skip(1); // separate planes
    depth = 8 + bits.golomb();
    bits.golomb();
    bits.skip(1);
    if (bits.flag())
      for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) skipScalingList(bits, list < 6 ? 16 : 64);
  }
  bits.golomb(); // log2_max_frame_num
  const order = bits.golomb();
  if (order === 0) bits.golomb();
  else if (order === 1) {
    bits.skip(1);
    bits.signedGolomb();
    bits.signedGolomb();
    for (let left = bits.golomb(); left > 0 && !bits.isOver; left--) bits.signedGolomb();
  }
  bits.golomb(); // reference frames
  bits.skip(1);
  bits.golomb(); // width
  bits.golomb(); // height
  if (!bits.flag()) bits.skip(1);
  bits.skip(1);
  if (bits.flag()) for (let side = 0; side < 4; side++) bits.golomb(); // cropping
  const found = { chroma: CHROMA[chroma], depth };
  const color = bits.flag() ? readUsability(bits) : {};
  return bits.isOver ? undefined : { ...found, ...color };
}

/** The start of the usability information, which H.264 and HEVC share: H.264 E.1.1, HEVC E.2.1. */
export function readUsability(bits: Bits): CodedColor {
  if (bits.flag() && bits.read(8) === 255) bits.skip(32); // proportions of a pixel
  if (bits.flag()) bits.skip(1); // overscan
  if (!bits.flag()) return {};
  bits.skip(3); // video format
  const fullRange = bits.flag();
  if (!bits.flag()) return { fullRange };
  bits.skip(8); // primaries
  const transfer = bits.read(8);
  return { fullRange, transfer, matrix: bits.read(8) };
}

function skipScalingList(bits: Bits, size: number): void {
  if (!bits.flag()) return;
  let [last, next] = [8, 8];
  for (let index = 0; index < size && !bits.isOver; index++) {
    if (next !== 0) next = (last + bits.signedGolomb() + 256) % 256;
    last = next === 0 ? last : next;
  }
}
