/**
 * The NAL units of a packet or of a decoder configuration, whichever way they are cut: after start codes (Annex B), or
 * with their length before them. Lengths that lie end it.
 */
export function* nalUnits(bytes: Uint8Array, lengthBytes: number): Generator<Uint8Array> {
  if (lengthBytes === 0) {
    yield* afterStartCodes(bytes);
    return;
  }
  for (let at = 0; at + lengthBytes <= bytes.length; ) {
    let length = 0;
    for (let index = 0; index < lengthBytes; index++) length = length * 256 + bytes[at++];
    if (length === 0 || at + length > bytes.length) return;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

function* afterStartCodes(bytes: Uint8Array): Generator<Uint8Array> {
  let start = -1;
  for (let at = 0; at + 2 < bytes.length; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    if (start >= 0) yield bytes.subarray(start, at);
    start = at + 3;
    at += 2;
  }
  if (start >= 0) yield bytes.subarray(start);
}

/** Parameter sets in an avcC record (ISO/IEC 14496-15, 5.3.3.1): units, and bytes of a length in the packets. */
export function avcConfiguration(record: Uint8Array): { units: Uint8Array[]; lengthBytes: number } {
  const units: Uint8Array[] = [];
  if (record[0] !== 1) return { units: [...nalUnits(record, 0)], lengthBytes: 0 };
  let at = 6;
  for (let left = (record[5] ?? 0) & 31; left > 0 && at + 2 <= record.length; left--) {
    const length = record[at] * 256 + record[at + 1];
    units.push(record.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return { units, lengthBytes: ((record[4] ?? 0) & 3) + 1 };
}

/** The same of an hvcC record (8.3.3.1). */
export function hevcConfiguration(record: Uint8Array): { units: Uint8Array[]; lengthBytes: number } {
  const units: Uint8Array[] = [];
  if (record[0] !== 1) return { units: [...nalUnits(record, 0)], lengthBytes: 0 };
  let at = 23;
  for (let arrays = record[22] ?? 0; arrays > 0 && at + 3 <= record.length; arrays--) {
    let count = record[at + 1] * 256 + record[at + 2];
    at += 3;
    for (; count > 0 && at + 2 <= record.length; count--) {
      const length = record[at] * 256 + record[at + 1];
      units.push(record.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return { units, lengthBytes: ((record[21] ?? 0) & 3) + 1 };
}
