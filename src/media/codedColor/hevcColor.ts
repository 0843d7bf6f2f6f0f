import { readUsability } from './avcColor.js';
import { Bits, withoutEmulation } from './bits.js';
import { CHROMA, type CodedColor } from './codedColor.js';

/** Reads a sequence parameter set of HEVC, as far as its colours; undefined for another unit. ITU-T H.265, 7.3.2.2.1, E.2.1. */
export function hevcColor(unit: Uint8Array): CodedColor | undefined {
  if (((unit[0] >> 1) & 63) !== 33) return undefined;
  const bits = new Bits(withoutEmulation(unit.subarray(2)));
  bits.skip(4);
  const layers = bits.read(3);
  bits.skip(1);
  skipProfile(bits, layers);
  bits.golomb(); // id
  const chroma = bits.golomb();
  if (chroma === 3) bits.skip(1);
  bits.golomb(); // width
  bits.golomb(); // height
  if (bits.flag()) for (let side = 0; side < 4; side++) bits.golomb();
  const depth = 8 + bits.golomb();
  bits.golomb();
  const orderBits = bits.golomb() + 4;
  for (let layer = bits.flag() ? 0 : layers; layer <= layers; layer++) {
    for (let field = 0; field < 3; field++) bits.golomb(); // buffering
  }
  for (let field = 0; field < 6; field++) bits.golomb(); // sizes of blocks and depths of their trees
  if (bits.flag() && bits.flag()) skipScalingLists(bits);
  bits.skip(2);
  if (bits.flag()) {
    bits.skip(8); // depths of PCM samples
    bits.golomb();
    bits.golomb();
    bits.skip(1);
  }
  skipReferenceSets(bits);
  if (bits.flag()) {
    for (let left = bits.golomb(); left > 0 && !bits.isOver; left--) bits.skip(orderBits + 1); // long-term references
  }
  bits.skip(2);
  const color = bits.flag() ? readUsability(bits) : {};
  return bits.isOver ? undefined : { chroma: CHROMA[chroma], depth, ...color };
}

/** profile_tier_level: 7.3.3. */
function skipProfile(bits: Bits, layers: number): void {
  bits.skip(88 + 8);
  const present = Array.from({ length: layers }, () => [bits.flag(), bits.flag()]);
  if (layers > 0) bits.skip(2 * (8 - layers));
  for (const [profile, level] of present) bits.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

/** scaling_list_data: 7.3.4. */
function skipScalingLists(bits: Bits): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.golomb();
        continue;
      }
      if (size > 1) bits.signedGolomb();
      for (let left = Math.min(64, 1 << (4 + (size << 1))); left > 0; left--) bits.signedGolomb();
    }
  }
}

/** All st_ref_pic_set: 7.3.7. How many pictures one has is needed to read the next. */
function skipReferenceSets(bits: Bits): void {
  const sets = Math.min(bits.golomb(), 64);
  let pictures = 0;
  for (let set = 0; set < sets && !bits.isOver; set++) {
    if (set > 0 && bits.flag()) {
      bits.skip(1);
      bits.golomb();
      let kept = 0;
      for (let picture = 0; picture <= pictures && !bits.isOver; picture++) if (bits.flag() || bits.flag()) kept++;
      pictures = kept;
      continue;
    }
    const [before, after] = [bits.golomb(), bits.golomb()];
    pictures = before + after;
    for (let picture = 0; picture < pictures && !bits.isOver; picture++) {
      bits.golomb();
      bits.skip(1);
    }
  }
}
