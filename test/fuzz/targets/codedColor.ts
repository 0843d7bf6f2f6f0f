import { readCodedColor } from '../../../src/media/codedColor/readCodedColor.js';
import { chooseColor } from '../../../src/media/videoColor.js';
import type { FuzzTarget } from '../support/target.js';

const CODECS = ['avc', 'hevc', 'vp9', 'av1', 'vp8', null] as const;
const hex = (codec: number, split: number, text: string) =>
  Buffer.concat([Buffer.from([codec, split]), Buffer.from(text.replace(/ /g, ''), 'hex')]);

/** The first byte says the codec, the second how many bytes are the container's record; the rest is a packet. */
export default {
  kind: 'binary',
  seeds: async () => [
    hex(0, 0, '00000001 6742c01e d9008 0 2 d0 80 8 0 8 0'.replace(/ /g, '').padEnd(40, '8')),
    hex(0, 12, '0142c01e ffe10004 67640028 00000004 67640028 ac2b4028'),
    hex(1, 0, '00000001 42010101 60000003 00900000 03000003 005da002 80802d16 59594952'),
    hex(2, 0, '82498342 00ef00 86003000'),
    hex(3, 0, '0a0b0000 00042cff a3c08080 80'),
  ],
  run(bytes) {
    const codec = CODECS[bytes[0] % CODECS.length] ?? null;
    const split = 2 + (bytes[1] ?? 0);
    const record = split > 2 ? bytes.subarray(2, split) : undefined;
    chooseColor({}, readCodedColor(codec, bytes.subarray(split), record), 480, 'a video');
  },
} satisfies FuzzTarget;
