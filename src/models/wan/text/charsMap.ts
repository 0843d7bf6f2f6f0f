import { ensure, TokenTrimError } from '../../../errors.js';

/** Clusters of fewer UTF-8 bytes than this are looked up whole. */
const WHOLE_CLUSTER_BYTES = 6;

/** The longest replacement of Unicode's own has 33 bytes. */
const MAX_REPLACEMENT_BYTES = 1024;

/**
 * The character map of a sentencepiece model (`precompiled_charsmap` of a tokenizer.json): a Darts double-array trie
 * from UTF-8 strings to offsets, then the replacements, each ended by NUL.
 *
 * It is applied as the Rust library does, which differs from sentencepiece: grapheme cluster by grapheme cluster, a
 * short cluster whole, else character by character; the shortest entry that begins the string replaces all of it, so
 * that an accent after "ﬁ" is lost.
 * Sources: google/sentencepiece src/normalizer.cc Normalizer::DecodePrecompiledCharsMap; huggingface/tokenizers
 * tokenizers/src/normalizers/precompiled.rs; huggingface/spm_precompiled src/lib.rs.
 *
 * @param base64 of: the trie's size in bytes (u32), the trie (u32 units), the replacements; empty for no map
 * @returns text to normalised text
 * @throws TokenTrimError where the bytes are no such map
 */
export function readCharsMap(base64: string): (text: string) => string {
  if (base64 === '') return (text) => text;
  const bytes = decode(base64);
  const trieBytes = bytes.length < 4 ? 0 : new DataView(bytes.buffer).getUint32(0, true);
  ensure(
    trieBytes >= 4 && trieBytes % 4 === 0 && 4 + trieBytes <= bytes.length,
    `expected a character map with its trie, found ${bytes.length} bytes that begin otherwise`,
  );
  const units = new Uint32Array(bytes.buffer.slice(4, 4 + trieBytes));
  const strings = bytes.subarray(4 + trieBytes);
  const utf8 = { read: new TextDecoder('utf-8', { ignoreBOM: true }), write: new TextEncoder() };

  const replacementOf = (key: Uint8Array) => {
    const offset = shortestPrefix(units, key);
    if (offset === undefined) return undefined;
    const found = strings.subarray(offset, offset + MAX_REPLACEMENT_BYTES);
    const end = found.indexOf(0);
    ensure(
      end >= 0 || found.length < MAX_REPLACEMENT_BYTES,
      'its character map has a replacement of a kilobyte or more',
    );
    return utf8.read.decode(end < 0 ? found : found.subarray(0, end));
  };
  const mapped = (text: string) => {
    const bytes = utf8.write.encode(text);
    const whole = bytes.length < WHOLE_CLUSTER_BYTES ? replacementOf(bytes) : undefined;
    return whole ?? Array.from(text, (character) => replacementOf(utf8.write.encode(character)) ?? character).join('');
  };
  const known = new Map<string, string>();
  const cluster = (text: string) => {
    const found = known.get(text) ?? mapped(text);
    known.set(text, found);
    return found;
  };
  return (text) => Array.from(graphemeClusters(text), cluster).join('');
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new TokenTrimError('expected a character map in base64, found another text', { cause });
  }
}

/** Characters at a time: Intl.Segmenter takes time with the square of the text's length. */
const SEGMENTED = 256;

function* graphemeClusters(text: string): Generator<string> {
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  let width = SEGMENTED;
  for (let begin = 0; begin < text.length; ) {
    const isEnd = begin + width >= text.length;
    const clusters = Array.from(segmenter.segment(text.slice(begin, begin + width)), ({ segment }) => segment);
    // What follows may belong to the last one, so it is segmented again.
    if (!isEnd) clusters.pop();
    yield* clusters;
    begin += clusters.reduce((length, cluster) => length + cluster.length, 0);
    width = clusters.length === 0 ? 2 * width : SEGMENTED;
  }
}

/**
 * The value of the shortest entry that `key` begins with.
 * Source: s-yata/darts-clone include/darts.h DoubleArrayImpl::commonPrefixSearch and DoubleArrayUnit.
 */
function shortestPrefix(units: Uint32Array, key: Uint8Array): number | undefined {
  let position = childrenOf(units[0]);
  for (const byte of key) {
    position ^= byte;
    const unit = units[position];
    // The label is the low byte; a set sign bit marks a value, which is no child.
    if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
    position ^= childrenOf(unit);
    if (unit & 0x100) return units[position] & 0x7fffffff;
  }
  return undefined;
}

function childrenOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
