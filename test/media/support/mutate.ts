import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xorshift128plus } from 'pure-rand/generator/xorshift128plus';

/** Counts and sizes that parsers stumble over. */
const EXTREMES = [0, 1, 7, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

/**
 * A damaged copy of a file: bits turned over, bytes cut off, left out, doubled or wiped, a number set to an extreme one,
 * a box put into another or named otherwise. The same seed damages it in the same way.
 */
export function mutate(file: Uint8Array, seed: number): Buffer {
  const random = xorshift128plus(seed);
  const below = (limit: number) => uniformInt(random, 0, Math.max(0, limit - 1));
  let data = Buffer.from(file);
  const words = [...data.keys()].filter((at) => at % 4 === 0 || isName(data, at + 4) || isName(data, at - 8));
  for (let left = 1 + below(3); left > 0; left--) {
    const at = below(data.length);
    const some = 1 + below(Math.min(64, data.length - at));
    const kind = below(9);
    if (kind === 0) data[at] ^= 1 << below(8);
    else if (kind === 1) data = data.subarray(0, Math.max(16, at));
    else if (kind === 2) data.fill([0, 0xff, below(256)][below(3)], at, at + some);
    else if (kind === 3) data = Buffer.concat([data.subarray(0, at), data.subarray(at + some)]);
    else if (kind === 4) data = Buffer.concat([data.subarray(0, at + some), data.subarray(at)]);
    else if (kind === 5) data = Buffer.concat([data.subarray(0, at), data.subarray(0, some * 8), data.subarray(at)]);
    else {
      const word = kind === 6 ? words[below(words.length)] : nextName(data, at) + [-4, 4, 8, 12, 16][below(5)];
      if (word >= 0 && word + 4 <= data.length) data.writeUInt32BE(EXTREMES[below(EXTREMES.length)], word);
    }
  }
  return data;
}

/** Whether a box's name may stand here. */
function isName(data: Buffer, at: number): boolean {
  return at >= 0 && /^[a-zA-Z0-9]{4}$/.test(data.toString('latin1', at, at + 4));
}

function nextName(data: Buffer, from: number): number {
  for (let at = from; at + 4 < data.length; at++) if (isName(data, at)) return at;
  return -1;
}
