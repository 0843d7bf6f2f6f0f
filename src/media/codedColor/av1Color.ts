import { Bits } from './bits.js';
import { type CodedColor, chromaOf } from './codedColor.js';

/** Finds the sequence header among the OBUs of a packet or of an av1C record and reads its colours: AV1 5.3, 5.5. */
export function av1Color(obus: Uint8Array): CodedColor | undefined {
  for (let at = 0; at < obus.length; ) {
    const header = obus[at++];
    if (header & 4) at++; // extension
    let size = obus.length - at;
    if (header & 2) {
      size = 0;
      for (let shift = 0; shift < 35; shift += 7) {
        const byte = obus[at++] ?? 0;
        size += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
    }
    if (((header >> 3) & 15) === 1) return sequenceColor(new Bits(obus.subarray(at, at + size)));
    at += size;
  }
  return undefined;
}

function sequenceColor(bits: Bits): CodedColor | undefined {
  const profile = bits.read(3);
  bits.skip(1);
  const isStill = bits.flag(); // reduced_still_picture_header
  if (isStill) bits.skip(5);
  else skipOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  bits.skip(widthBits + heightBits);
  if (!isStill && bits.flag()) bits.skip(7); // frame ids
  bits.skip(3);
  if (!isStill) skipTools(bits);
  bits.skip(3);
  const color = readColor(bits, profile);
  return bits.isOver ? undefined : color;
}

function skipOperatingPoints(bits: Bits): void {
  let delayBits = 0;
  if (bits.flag()) {
    bits.skip(64); // timing_info
    if (bits.flag()) bits.golomb(); // uvlc is an Exp-Golomb number
    if (bits.flag()) {
      delayBits = bits.read(5) + 1; // decoder_model_info
      bits.skip(42);
    }
  }
  const hasDelay = bits.flag();
  for (let left = bits.read(5) + 1; left > 0; left--) {
    bits.skip(12);
    if (bits.read(5) > 7) bits.skip(1); // tier
    if (delayBits > 0 && bits.flag()) bits.skip(2 * delayBits + 1);
    if (hasDelay && bits.flag()) bits.skip(4);
  }
}

function skipTools(bits: Bits): void {
  bits.skip(4);
  const hasOrderHints = bits.flag();
  if (hasOrderHints) bits.skip(2);
  const usesScreenTools = bits.flag() || bits.flag();
  if (usesScreenTools && !bits.flag()) bits.skip(1); // integer motion vectors
  if (hasOrderHints) bits.skip(3);
}

/** color_config: 5.5.2. */
function readColor(bits: Bits, profile: number): CodedColor {
  const isHigh = bits.flag();
  const isTwelve = profile === 2 && isHigh && bits.flag();
  const depth = isTwelve ? 12 : isHigh ? 10 : 8;
  const isGrey = profile !== 1 && bits.flag();
  const [primaries, transfer, matrix] = bits.flag() ? [bits.read(8), bits.read(8), bits.read(8)] : [];
  const found = { depth, transfer, matrix };
  if (isGrey) return { ...found, fullRange: bits.flag(), chroma: '4:0:0' };
  if (primaries === 1 && transfer === 13 && matrix === 0) return { ...found, fullRange: true, chroma: '4:4:4' };
  const fullRange = bits.flag();
  if (profile === 1) return { ...found, fullRange, chroma: '4:4:4' };
  if (profile === 0) return { ...found, fullRange, chroma: '4:2:0' };
  if (!isTwelve) return { ...found, fullRange, chroma: '4:2:2' };
  const isHalvedAcross = bits.flag();
  return { ...found, fullRange, chroma: chromaOf(isHalvedAcross, isHalvedAcross && bits.flag()) };
}
