import { MEASURES_CSV_HEADER } from '../../measures/measuresCsv.js';
import { CSV_HEADER } from '../../trace/traceCsv.js';
import { beginning } from './plainFile.js';
import { unwritable } from './writeProblem.js';

/** The first entry of `__metadata__` in a safetensors file that this program wrote. */
export const SAFETENSORS_MARK = { writer: 'tokentrim' } as const;

/** The name of the video handler (`hdlr`) in an .mp4 of this program, as long as the muxer's own. */
export const MP4_MARK = 'tokentrim VideoHandler';

/**
 * A private chunk (PNG specification, section 14.3) that says nothing but who wrote the picture: ancillary, private, and not
 * safe to copy, so that a program that changes the pixels leaves it out.
 */
export const PNG_MARK = 'ttRM';

/** What a page with traces has in its head. */
export const HTML_MARK = '<meta name="generator" content="tokentrim">';

/** How the JSON of `tokentrim measure` begins. */
export const MEASURES_MARK = '{"program":"tokentrim';

/** The marks stand in the first part of a file, behind a prompt and other metadata at most. */
const LOOK_BYTES = 2 ** 18;

/**
 * Whether this program wrote a file, which shows in one of the marks above; an empty file holds nothing to lose.
 * @param mayBeCut whether the beginning of a file that nobody can read counts too, as a killed run leaves it
 */
export async function isOwnFile(path: string, mayBeCut = false): Promise<boolean> {
  const start = await beginning(path, LOOK_BYTES);
  return start.length === 0 || isMarked(start) || (mayBeCut && isStub(start));
}

/** Whether a file that was being made got nothing yet that could be read: zeros, or an .mp4 without a picture. */
export async function isUnreadable(path: string): Promise<boolean> {
  const start = await beginning(path, LOOK_BYTES);
  return start.length === 0 || isStub(start);
}

/** What is written as a whole gets its first 8 bytes last: an .mp4 each run of boxes, a recording its header. */
function isStub(start: Buffer): boolean {
  const isZero = (at: number) => start.subarray(at, at + 8).every((byte) => byte === 0);
  if (isZero(0)) return true;
  return start.toString('latin1', 4, 8) === 'ftyp' && isZero(start.readUInt32BE(0));
}

function isMarked(start: Buffer): boolean {
  const text = start.toString('latin1');
  if (text.startsWith('\x89PNG\r\n')) return text.slice(37, 41) === PNG_MARK;
  if (text.slice(4, 8) === 'ftyp') return text.includes(MP4_MARK);
  if (text.startsWith(CSV_HEADER) || text.startsWith('{"otherData":{"program":"tokentrim')) return true; // exported traces
  if (text.startsWith(MEASURES_CSV_HEADER) || text.startsWith(MEASURES_MARK)) return true;
  if (/^\s*<!doctype html/i.test(text)) return text.includes(HTML_MARK);
  return text[8] === '{' && /^.{8}\s*\{"__metadata__":\{"writer":"tokentrim"/s.test(text);
}

/**
 * Refuses to replace what this program did not write.
 * @param label how the error names the file
 * @param choice.isPartial whether it is one that lies there until it is finished
 */
export async function ensureReplaceable(
  path: string,
  label: string,
  { option, force = false, isPartial = false }: { option: string; force?: boolean; isPartial?: boolean },
): Promise<void> {
  if (force || (await isOwnFile(path, isPartial).catch(() => false))) return;
  throw unwritable(
    label,
    'it is there already, and this program did not write it',
    `Choose another ${option}, or replace it with --force.`,
  );
}
