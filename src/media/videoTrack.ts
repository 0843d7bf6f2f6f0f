import { stat } from 'node:fs/promises';
import {
  type EncodedPacket,
  FilePathSource,
  Input,
  type InputVideoTrack,
  Logging,
  LogLevel,
  MATROSKA,
  MP4,
  QTFF,
  WEBM,
} from 'mediabunny';
import { ensure, TokenTrimError } from '../errors.js';
import type { CodedColor } from './codedColor/codedColor.js';
import { readCodedColor } from './codedColor/readCodedColor.js';
import { checkMovieBox } from './movieBox.js';
import { type ColorRule, chooseColor } from './videoColor.js';

Logging.level = LogLevel.Silent; // what the user is to know of a file is said once, in an error

/** A video's track, and what the container names of its colours that mediabunny has no name for. */
export interface OpenTrack {
  readonly track: InputVideoTrack;
  readonly named: { matrix?: number; transfer?: number };
  /** Bytes of the file. */
  readonly fileSize: number;
}

/**
 * Runs `body` on a file's video track; undefined where the file is no mp4, mov, webm or mkv.
 * @throws TokenTrimError where the container is damaged, or has no pictures in it
 */
export async function withTrack<Result>(
  path: string,
  body: (opened: OpenTrack) => Promise<Result>,
): Promise<Result | undefined> {
  using input = openInput(path);
  // On a file of a few bytes mediabunny fails an assertion where it should say no.
  const isVideo = await input.canRead().catch(() => false);
  if (!isVideo) return undefined;
  try {
    return await body(await findTrack(path, input));
  } catch (error) {
    throw damagedVideo(path, error);
  }
}

export function openInput(path: string): Input {
  return new Input({ source: new FilePathSource(path), formats: [MP4, QTFF, WEBM, MATROSKA] });
}

/** @throws TokenTrimError where there is none, or the index of an mp4 claims more than there can be */
export async function findTrack(path: string, input: Input): Promise<OpenTrack> {
  const format = await input.getFormat();
  const colors = format === MP4 || format === QTFF ? await checkMovieBox(path) : new Map();
  const track = await input.getPrimaryVideoTrack();
  ensure(track, `Cannot read ${path}: there are no pictures in it: it has only sound, or is damaged.`);
  return { track, named: colors.get(track.id) ?? {}, fileSize: (await stat(path)).size };
}

export function damagedVideo(path: string, error: unknown): Error {
  if (error instanceof TokenTrimError) return error;
  const reason = (error as Error).message.split('\n')[0];
  return new TokenTrimError(`Cannot read ${path}: the video is damaged or cut off (${reason}).`, { cause: error });
}

/** What the bitstream says of a track's colours, and what they are taken for. @throws TokenTrimError for odd ones */
export async function trackColor(
  path: string,
  { track, named }: OpenTrack,
  key: EncodedPacket,
): Promise<{ coded: CodedColor; rule: ColorRule }> {
  const { codec } = track;
  const description = (await track.getDecoderConfig())?.description;
  const coded = readCodedColor(codec, key.data, description && bytesOf(description));
  const container = await track.getColorSpace();
  const { matrix = named.matrix, transfer = named.transfer, fullRange } = container;
  const rule = chooseColor({ matrix, transfer, fullRange }, coded, await track.getCodedHeight(), path);
  return { coded, rule };
}

function bytesOf(data: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
