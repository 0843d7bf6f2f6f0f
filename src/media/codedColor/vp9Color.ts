import { Bits } from './bits.js';
import { type CodedColor, chromaOf } from './codedColor.js';

/** H.273's matrices for VP9's colour spaces: VP9 bitstream specification 0.6, 7.2.2. */
const MATRICES = [undefined, 6, 1, 6, 7, 9, undefined, 0];

/** Reads the header of a key frame of VP9: 6.2, 6.2.2. Undefined for another frame. */
export function vp9Color(frame: Uint8Array): CodedColor | undefined {
  const bits = new Bits(frame);
  if (bits.read(2) !== 2) return undefined;
  const profile = bits.read(1) + 2 * bits.read(1);
  if (profile === 3) bits.skip(1);
  if (bits.flag() || bits.flag()) return undefined; // shows an earlier frame, or is no key frame
  bits.skip(2);
  if (bits.read(24) !== 0x49_83_42) return undefined;
  const depth = profile < 2 ? 8 : bits.flag() ? 12 : 10;
  const space = bits.read(3);
  const matrix = MATRICES[space];
  if (space === 7) return { matrix, depth, fullRange: true, chroma: '4:4:4' };
  const fullRange = bits.flag();
  const chroma = profile % 2 === 1 ? chromaOf(bits.flag(), bits.flag()) : '4:2:0';
  return bits.isOver ? undefined : { matrix, depth, fullRange, chroma };
}
